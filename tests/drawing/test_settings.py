"""Pictures look the same whatever the settings of the notebook, and change none of them."""

import io
import locale
import logging
import random
import subprocess
import sys
import warnings

import matplotlib
import numpy as np
import pytest
from cycler import cycler

import fedplay as fp
from fedplay.check.view_pictures import STRANGE
from fedplay.drawing import glyphs, settings
from fedplay.drawing.glyphs import Face, ink
from fedplay.drawing.settings import OwnFigure, ours
from fedplay.engine.measures import OWN
from fedplay.views.board import Board
from fedplay.views.registered import VIEWS
from tests.support.screens import TINY

THEIRS = [
    {"text.usetex": True},
    {"text.parse_math": False, "axes.unicode_minus": False, "axes.formatter.use_mathtext": True},
    {"text.color": "red", "axes.labelcolor": "red", "xtick.color": "red", "ytick.color": "red"},
    {"text.antialiased": False, "text.hinting": "none"},
    {"font.family": "No Such Font"},
    {"font.family": "serif", "font.size": 20, "font.weight": "bold", "axes.labelsize": 30},
    {"savefig.bbox": "tight", "savefig.pad_inches": 3},
    {"savefig.transparent": True},
    {"savefig.dpi": 300, "figure.dpi": 200, "savefig.facecolor": "red", "savefig.format": "pdf"},
    {"figure.figsize": (2, 2), "figure.facecolor": "red", "axes.facecolor": "black"},
    {"figure.constrained_layout.use": True},
    {"figure.autolayout": True},
    {"ytick.right": True, "ytick.labelright": True, "ytick.left": False, "xtick.top": True},
    {"xtick.direction": "in", "xtick.major.size": 14, "xtick.minor.visible": True},
    {"axes.grid": True, "axes.axisbelow": False, "grid.color": "k"},
    {"axes.linewidth": 5, "axes.spines.top": False, "axes.xmargin": 0.4},
    {"axes.prop_cycle": cycler(color=["r", "k"], linestyle=["--", ":"])},
    {"lines.marker": "o", "scatter.marker": "s"},
    {"lines.linewidth": 7, "lines.linestyle": ":", "lines.scale_dashes": False},
    {"lines.antialiased": False, "patch.antialiased": False, "path.snap": False},
    {"patch.force_edgecolor": True, "patch.linewidth": 4, "patch.edgecolor": "r"},
    {"path.sketch": (1, 100, 2)},
    {"path.simplify": False, "agg.path.chunksize": 10},
    {"image.cmap": "jet", "image.origin": "lower", "image.interpolation": "bilinear"},
    {"legend.frameon": True, "legend.fontsize": 20, "legend.loc": "center"},
    {"svg.fonttype": "none", "svg.hashsalt": "x", "svg.image_inline": False},
    {"mathtext.fontset": "cm", "axes.autolimit_mode": "round_numbers"},
]


@pytest.fixture(scope="module")
def scenes():
    """A scene for every view, by its name."""
    with pytest.MonkeyPatch.context() as patch:  # or there would be nothing measured
        patch.setitem(OWN, "least", fp.Measure("least", lambda r, run: float(r.loss)))
        return _scenes()


def _scenes():
    made = fp.Playground(fp.Experiment(**{**TINY, "noise_multiplier": 1.0}))
    found = {}

    def look():
        for name in made.session.tabs():
            made.view(name)
            made.settle()
            found[name] = made.session.board_views(), made.session.scene()

    made.settle()
    look()
    made.sweep("alpha")
    look()
    made.set(data="digits", rounds=2)
    look()
    made.close()
    assert {*found, "curves"} == {*VIEWS}
    return found


@pytest.fixture(scope="module")
def results():
    small = fp.Experiment(**TINY)
    return (
        fp.run(small),
        fp.compare(small, ["FedAvg", "SCAFFOLD"], seeds=2),
        fp.newcomer(small, seeds=2),
    )


def pictures(scenes, names):
    """What is on the screen and in the files, made and drawn anew."""
    found = {}
    for name in names:
        views, scene = scenes[name]
        board = Board(600, 456, 1.0, views=views)
        board.show(scene)
        found[name] = board.frame().tobytes()
        found[f"{name}.png"] = board.canvas.file("png")
        found[f"{name}.svg"] = board.canvas.file("svg")
        board.show(scene)
        found[f"{name}, again"] = board.frame().tobytes()
    return found


def plots(results):
    """What `plot()` of these draws, and what a later draw does not stumble over."""
    import matplotlib.pyplot as plt

    found = {}
    for result in results:
        figure = result.plot().figure
        for form, more in (("png", {}), ("svg", {"metadata": {"Date": None}})):
            file = io.BytesIO()
            figure.savefig(file, format=form, **more)
            found[f"{type(result).__name__}.{form}"] = file.getvalue()
        figure.canvas.draw()
    plt.close("all")
    return found


def assert_same(found, wanted):
    assert [name for name in wanted if found[name] != wanted[name]] == []


@pytest.fixture(scope="module")
def usual(scenes):
    return {name: pictures(scenes, [name]) for name in scenes}


@pytest.mark.parametrize("theirs", THEIRS, ids=lambda one: ", ".join(one))
def test_no_setting_changes_a_picture(theirs, scenes, usual):
    name = list(scenes)[THEIRS.index(theirs) % len(scenes)]
    with matplotlib.rc_context(theirs):
        assert_same(pictures(scenes, [name]), usual[name])


@pytest.fixture(scope="module")
def usual_plots(results):
    return [plots([result]) for result in results]


@pytest.mark.parametrize("theirs", THEIRS, ids=lambda one: ", ".join(one))
def test_no_setting_changes_a_plot(theirs, results, usual_plots):
    which = THEIRS.index(theirs) % len(results)
    with matplotlib.rc_context(theirs):
        assert_same(plots([results[which]]), usual_plots[which])


@pytest.mark.parametrize("which", range(3))
def test_a_plot_looks_the_same_under_a_style_that_changes_everything(which, results, usual_plots):
    with matplotlib.rc_context(STRANGE):
        assert_same(plots([results[which]]), usual_plots[which])


def test_a_plot_that_is_shown_later_looks_the_same_too(results):
    """A notebook draws it after the cell, when ticks are made that nobody needed before."""
    import matplotlib.pyplot as plt

    drawn = []
    for theirs in ({}, STRANGE):
        axes = results[0].plot()
        with matplotlib.rc_context(theirs):
            file = io.BytesIO()
            axes.figure.savefig(file)
            drawn.append(file.getvalue())
    plt.close("all")
    assert drawn[0] == drawn[1]


def test_axes_that_are_handed_in_keep_their_style(results):
    from matplotlib.figure import Figure

    with matplotlib.rc_context({"ytick.labelsize": 31, "axes.facecolor": "#ffeeee"}):
        axes = Figure().add_subplot()
        for result in results:
            assert result.plot(axes) is axes
        assert matplotlib.colors.to_hex(axes.get_facecolor()) == "#ffeeee"
        assert axes.get_yticklabels()[0].get_size() == 31
    assert not isinstance(axes.figure, OwnFigure)


def test_words_on_axes_that_are_handed_in_are_no_latex(results):
    from matplotlib.figure import Figure

    with matplotlib.rc_context({"text.usetex": True}):
        axes = Figure().add_subplot()
        results[1].plot(axes)
        legend = axes.get_legend()
        words = [*legend.get_texts(), legend.get_title()]
        assert not any(text.get_usetex() or text.get_parse_math() for text in words)


def test_a_missing_font_is_not_talked_about(scenes, results, caplog):
    theirs = matplotlib.rc_context({"font.family": ["No Such Font", "Nor This"]})
    with caplog.at_level(logging.DEBUG, "matplotlib.font_manager"), theirs:
        pictures(scenes, ["federation"])
        plots(results)
    assert "No Such Font" not in caplog.text


# --- nothing of the notebook's is changed -------------------------------------------------------

SNAPSHOT = """
import locale, matplotlib, numpy as np, random, sys, warnings

def snapshot():
    rc = matplotlib.rcParams
    state = np.random.get_state()
    return (
        {name: repr(dict.__getitem__(rc, name)) for name in rc},
        repr(matplotlib.get_backend(auto_select=False)),
        list(warnings.filters),
        np.geterr(),
        np.get_printoptions(),
        locale.setlocale(locale.LC_ALL),
        random.getstate(),
        (state[1].tolist(), state[2]),
        "matplotlib.pyplot" in sys.modules,
    )
"""


def test_a_playground_changes_nothing_of_the_notebooks(tmp_path):
    """Settings, backend, filters of warnings, random numbers, errors of numpy, the locale."""
    code = f"""{SNAPSHOT}
matplotlib.rcParams["lines.marker"] = "o"
import ipywidgets, anywidget, fedplay as fp
before = snapshot()
p = fp.Playground(fp.Experiment(data="circles", clients=4, rounds=3))
p.settle()
for name in p.session.tabs():
    p.view(name)
    p.settle()
p.save("{tmp_path}/a.png")
p.save("{tmp_path}/a.svg")
p.close()
names = ("rc", "backend", "filters", "err", "print", "locale", "random", "numpy", "pyplot")
print([n for n, a, b in zip(names, before, snapshot()) if a != b])
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]", done.stdout


def test_a_plot_changes_nothing_but_the_current_figure(results):
    import matplotlib.pyplot as plt

    rc, filters = dict(matplotlib.rcParams), list(warnings.filters)
    errors, place, state = np.geterr(), locale.setlocale(locale.LC_ALL), random.getstate()
    plots(results)
    assert dict(matplotlib.rcParams) == rc
    assert list(warnings.filters) == filters
    assert (np.geterr(), locale.setlocale(locale.LC_ALL), random.getstate()) == (
        errors,
        place,
        state,
    )
    assert plt.get_fignums() == []


def test_the_settings_come_back_after_an_error():
    before = dict(matplotlib.rcParams)

    def fails():
        with ours(), ours():
            assert matplotlib.rcParams["svg.hashsalt"] == "fedplay"
            raise RuntimeError

    with pytest.raises(RuntimeError):
        fails()
    assert dict(matplotlib.rcParams) == before
    assert settings._entered.first is None


def test_what_is_not_about_looks_is_left_alone():
    with matplotlib.rc_context({"figure.max_open_warning": 3, "keymap.save": ["z"]}):
        backend = matplotlib.rcParams["backend"]
        with ours():
            assert matplotlib.rcParams["figure.max_open_warning"] == 3
            assert matplotlib.rcParams["keymap.save"] == ["z"]
            assert matplotlib.rcParams["backend"] == backend


# --- words in any script ------------------------------------------------------------------------

WORDS = ("猫", "犬", "🙂 $\\frac{", "قطة", "שלום", "हिन्दी", "a_b %&#~^\\", "a\nb\tc", "\x01")


@pytest.mark.parametrize("dark", [False, True])
def test_names_in_any_script_raise_no_warning(dark, tmp_path):
    """Labels, clients and columns; warnings are errors here."""
    rng = np.random.default_rng(0)
    n = 30 * len(WORDS)
    labels, clients = (np.array(WORDS)[np.arange(n) // k % len(WORDS)] for k in (1, 30))
    given = fp.Federation.from_arrays(rng.normal(size=(n, 2)), labels, clients)
    made = fp.Playground(fp.Experiment(rounds=2), federation=given)
    made.screen.stage.dark = dark
    made.screen.redraw()
    for name in made.session.tabs():
        made.view(name)
        made.settle()
        made.follow(0)
        made.settle()
        for ending in () if dark else ("png", "svg"):  # which no theme has to do with
            made.save(tmp_path / f"{name}.{ending}")
    made.close()


def test_a_method_of_any_name_is_plotted(results):
    import dataclasses

    import matplotlib.pyplot as plt

    given = results[1]
    curves, exp = (next(iter(d.values())) for d in (given.curves, given.experiments))
    named = {"curves": dict.fromkeys(WORDS, curves), "experiments": dict.fromkeys(WORDS, exp)}
    found = dataclasses.replace(given, reference="猫", **named)
    figure = found.plot().figure
    figure.canvas.draw()
    shown = [text.get_text() for text in figure.axes[0].get_legend().get_texts()]
    assert all(word in label for word, label in zip(WORDS, shown, strict=True))
    plt.close("all")


def test_a_font_that_is_installed_is_asked_for_what_the_first_lacks(monkeypatch):
    """STIX, which comes with matplotlib, has this letter; DejaVu Sans has not."""
    letter, drawn = "\U0001d49c", []
    for families in ((), ("No Such Font", "STIXGeneral")):
        monkeypatch.setattr(settings, "FAMILIES", families)
        settings._settings.cache_clear()
        for cached in vars(glyphs).values():
            if hasattr(cached, "cache_clear"):
                cached.cache_clear()
        drawn.append(ink(letter, Face(20.0, "normal", 72.0)))
        settings._settings.cache_clear()
    box, found = drawn
    assert not np.array_equal(box, found)
