"""Any view of a run as a plain figure: what the screen draws, and the experiment below it."""

from __future__ import annotations

import inspect
import io
import itertools
import subprocess
import sys

import matplotlib
import matplotlib.pyplot as plt
import numpy as np
import pytest
from matplotlib.colors import to_hex

import fedplay as fp
from fedplay.check.view_pictures import STRANGE
from fedplay.drawing.figure import DOTS
from fedplay.drawing.settings import OwnFigure
from fedplay.drawing.style import DARK, LIGHT
from fedplay.engine.loop import Run, stream
from fedplay.engine.measures import OWN
from fedplay.plots.view import DPI, SMALLEST
from fedplay.session.still import Still
from fedplay.views.board import Board
from fedplay.views.registered import MAIN, VIEWS
from tests.support.reference import random_federation
from tests.support.screens import TINY

PLANE = fp.Experiment(**TINY, noise_multiplier=0.5, delta=0.01)
PIXELS = fp.Experiment(clients=5, rounds=3, alpha=0.1, seed=4, data_seed=2)
ACTIONS = {"sweep": {"sweep": "alpha"}, "compare": {"compare": (["FedAvg", "SCAFFOLD"], 3)}}
SIZE = (9.0, 5.0)


@pytest.fixture(autouse=True)
def no_figure_is_left():
    yield
    plt.close("all")


@pytest.fixture(scope="module")
def plane():
    return fp.run(PLANE)


@pytest.fixture(scope="module")
def pixels():
    return fp.run(PIXELS)


def drawn(figure, ratio=1.0):
    """The pixels of a figure as it is saved, at so many times its own dots."""
    file = io.BytesIO()
    figure.savefig(file, format="png", dpi=ratio * figure.dpi)
    file.seek(0)
    return np.rint(255 * plt.imread(file)).astype(int)


def printed(figure):
    """The small print."""
    return "\n".join(text.get_text() for text in figure.texts)


def framed(exp, view, actions=None, *, ratio=1.0, dark=False, **where):
    """What the screen draws of it, in the same place."""
    verbs = {n: a if isinstance(a, tuple) else (a,) for n, a in (actions or {}).items()}
    still = Still(exp, None, "" if view == MAIN else view, **where, **verbs)
    wide, tall = (round(DOTS * inches) for inches in SIZE)
    board = Board(wide, tall, ratio * DPI / DOTS, views=(view,), dark=dark)
    board.show(still.scene())
    return board.frame().astype(int)


def assert_drawn(figure, frame):
    """The figure begins with what the screen draws; beside a few pixels' rounding they are one."""
    found = drawn(figure)[: len(frame)]
    assert found.shape == frame.shape
    assert (np.abs(found - frame).max(axis=2) > 8).mean() < 1e-4


# --- what the screen draws ------------------------------------------------------------------------


@pytest.mark.parametrize("view", VIEWS)
def test_every_view_is_drawn_as_on_the_screen(view, plane, pixels, monkeypatch):
    if view == "measures":  # has something to show where something is measured
        least = fp.Measure("least", lambda r, run: float(np.nanmin(r.client_accuracy)))
        monkeypatch.setitem(OWN, "least", least)
    history = pixels if view == "pictures" else plane
    figure = fp.plot(history, view, size=SIZE, **ACTIONS.get(view, {}))
    assert isinstance(figure, OwnFigure)
    assert_drawn(figure, framed(history.experiment, view, ACTIONS.get(view)))


def test_in_the_dark_at_a_round_and_with_a_client(plane):
    figure = fp.plot(plane, "clients", size=SIZE, dark=True, at=2, client=1)
    assert to_hex(figure.get_facecolor()) == DARK.paper
    assert_drawn(figure, framed(PLANE, "clients", dark=True, at=2, client=1))
    assert "round 2 of 3" in printed(figure)
    others = [fp.plot(plane, "clients", size=SIZE, dark=True, **w) for w in ({"at": 2}, {"at": 0})]
    assert not any(np.array_equal(drawn(figure), drawn(other)) for other in others)


def test_inside_a_round_one_can_stand_before_its_end(plane):
    whole, before = fp.plot(plane, "inside", at=2), fp.plot(plane, "inside", at=2, inside=1.5)
    assert printed(whole) == printed(before)
    assert "round 2 of 3" in printed(before)
    assert not np.array_equal(drawn(whole), drawn(before))


def test_an_action_that_changes_the_experiment_is_in_the_small_print(plane):
    figure = fp.plot(plane, "compare", compare=["FedAvg", "SCAFFOLD"], take_method=1, at=2)
    assert "Algorithm scaffold" in printed(figure)
    assert "round 2 of 3" in printed(figure)


@pytest.mark.parametrize("view", ["curves", "boundary"])
def test_saved_with_more_dots_it_is_the_same_picture_finer(view, plane):
    figure = fp.plot(plane, view, size=SIZE)
    coarse, fine = drawn(figure), drawn(figure, 2.0)
    assert fine.shape[0] == 2 * coarse.shape[0]
    mean = fine.reshape(coarse.shape[0], 2, coarse.shape[1], 2, 4).mean(axis=(1, 3))
    assert np.abs(mean - coarse).mean() < 8


def test_a_diverged_run_is_plotted():
    wild = fp.Experiment(data="circles", model="mlp", learning_rate=1000.0, rounds=6, clients=4)
    history = fp.run(wild)
    assert history.diverged is not None
    for view in ("curves", "clients", "drift", "inside"):
        drawn(fp.plot(history, view))


def test_a_run_that_was_stopped_is_shown_as_far_as_it_came():
    run = Run(fp.Experiment(rounds=5, clients=3))
    history = fp.History.of(run, itertools.islice(stream(run), 3))
    figure = fp.plot(history)
    assert "2 of 5 rounds" in printed(figure)
    assert "computed anew" not in printed(figure)
    with pytest.raises(ValueError, match="at=3: must be a whole number from 0 to 2"):
        fp.plot(history, at=3)
    with pytest.raises(ValueError, match="has no round yet"):
        fp.plot(fp.History.of(run, itertools.islice(stream(run), 1)))


def test_a_model_without_an_accuracy_has_its_loss_drawn():
    history = fp.run(fp.Experiment(data="quadratics", model="quadratic", clients=3, rounds=3))
    figure = fp.plot(history)
    assert figure.axes[0].get_ylabel() == "loss"
    with pytest.raises(ValueError, match=r"needs a model that has an accuracy") as caught:
        fp.plot(history, "clients")
    assert "view='clients'" in str(caught.value)
    assert "'drift'" in str(caught.value)


# --- data of one's own ----------------------------------------------------------------------------


def test_data_of_ones_own_are_those_of_the_run(tmp_path):
    fed = random_federation(np.random.default_rng(0), [12, 20, 9])
    history = fp.run(fp.Experiment(rounds=2), fed)
    figure = fp.plot(history, "federation")
    assert "data of your own (3 clients)" in printed(figure)
    assert "computed anew" not in printed(figure)
    history.save(tmp_path / "own.npz")
    again = fp.History.load(tmp_path / "own.npz")
    with pytest.raises(ValueError, match=r"data of your own, .*federation="):
        fp.plot(again, "federation")
    given = fp.plot(again, "federation", federation=fed)
    np.testing.assert_array_equal(drawn(given), drawn(figure))
    with pytest.raises(ValueError, match="has 2 clients, and the run of this history had 3"):
        fp.plot(again, federation=random_federation(np.random.default_rng(0), [12, 20]))
    other = random_federation(np.random.default_rng(1), [12, 20, 9])
    assert "computed anew: loss" in printed(fp.plot(again, federation=other))


def test_a_loaded_history_of_built_in_data_needs_nothing_more(plane, tmp_path):
    plane.save(tmp_path / "h.npz")
    figure = fp.plot(fp.History.load(tmp_path / "h.npz"), "drift")
    np.testing.assert_array_equal(drawn(figure), drawn(fp.plot(plane, "drift")))


# --- the small print ------------------------------------------------------------------------------


def test_the_small_print_has_what_was_changed_and_both_seeds(pixels):
    for words in (printed(fp.plot(pixels, "drift")), printed(pixels.plot().figure)):
        for part in ("Clients N 5", "Label skew α 0.1", "3 rounds", "seeds 4 (training)"):
            assert part in words
        assert "and 2 (data)" in words
        assert f"fedplay {fp.__version__}" in words


def test_names_are_no_mathematics(tmp_path):
    table = b"label,a,b\n" + b"x,1,2\ny,2,1\n" * 30
    data = fp.load_csv(table.replace(b"x", rb"$\frac{"), name="b.csv")
    figure = fp.plot(fp.run(fp.Experiment(data=data, clients=2, rounds=2)), "federation")
    assert not any(text.get_parse_math() for text in figure.texts)
    with matplotlib.rc_context({"text.usetex": True}):
        drawn(figure)


# --- as figures are used --------------------------------------------------------------------------


def test_no_widget_is_loaded():
    code = """
import sys, fedplay as fp
history = fp.run(fp.Experiment(data="circles", clients=4, rounds=2))
for view, actions in (("curves", {}), ("boundary", {}), ("sweep", {"sweep": "alpha"})):
    fp.plot(history, view, **actions)
print(*{"ipywidgets", "anywidget", "IPython"} & set(sys.modules))
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == ""


@pytest.mark.parametrize("view", ["drift", "boundary"])
def test_no_setting_of_the_notebook_changes_it(view, plane):
    usual = saved(fp.plot(plane, view))
    before = fp.plot(plane, view)
    with matplotlib.rc_context(STRANGE):
        rc = dict(matplotlib.rcParams)
        assert saved(fp.plot(plane, view)) == usual
        assert saved(before) == usual
        assert dict(matplotlib.rcParams) == rc


def saved(figure):
    """The figure as files of pixels and of lines."""
    found = []
    for form, more in (("png", {}), ("svg", {"metadata": {"Date": None}})):
        file = io.BytesIO()
        figure.savefig(file, format=form, **more)
        found.append(file.getvalue())
    return found


@pytest.mark.parametrize("view", ["curves", "inside", "sweep"])
def test_it_is_saved_in_every_format(view, plane, tmp_path):
    figure = fp.plot(plane, view, **ACTIONS.get(view, {}))
    for ending, start in (("png", b"\x89PNG"), ("pdf", b"%PDF"), ("svg", b"<?xml")):
        figure.savefig(tmp_path / f"a.{ending}", dpi=150)
        assert (tmp_path / f"a.{ending}").read_bytes().startswith(start)
    with matplotlib.rc_context({"svg.fonttype": "none"}):
        assert len((tmp_path / "a.svg").read_bytes()) > 10_000


def test_a_notebook_shows_it_once_and_whole(plane, monkeypatch):
    shown = []
    monkeypatch.setattr("IPython.display.display", lambda data, metadata, raw: shown.append(data))
    monkeypatch.setattr(matplotlib, "get_backend", lambda: "module://matplotlib_inline")
    figure = fp.plot(plane, "drift")
    assert plt.get_fignums() == [figure.number]
    assert figure.get_tightbbox().size.tolist() == figure.get_size_inches().tolist()
    figure._ipython_display_()
    assert [sorted(one) for one in shown] == [["image/png", "text/plain"]]
    assert plt.get_fignums() == []


def test_the_size_is_that_of_the_view(plane):
    figure = fp.plot(plane, "drift", size=(6, 4))
    wide, tall = figure.get_size_inches()
    assert wide == 6
    assert 4.2 < tall < 5
    assert to_hex(figure.get_facecolor()) == LIGHT.paper


# --- what is refused ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("given", "message"),
    [
        (dict(view="drifts"), r"view='drifts': must be one of \['curves'"),
        (dict(view=3), "view=3: must be one of"),
        (dict(view=["drift"]), r"view=\['drift'\]: must be one of"),
        (dict(view="pictures"), r"view='pictures': needs examples that are pictures; .*'drift'"),
        (dict(view="sweep"), "view='sweep': must be given what to show, as sweep=…"),
        (dict(view="sweep", sweep="alhpa"), "sweep='alhpa': must be one of"),
        (dict(view="sweep", sweep=None), "view='sweep': must be given what to show"),
        (dict(view="drift", sweep="alpha"), "sweep='alpha': is no action of view='drift'"),
        (dict(view="privacy", nonsense=1), "nonsense=1: is no action of view='privacy', which has"),
        (dict(view="compare", compare=(1, 2, 3, 4)), "compare=.*too many"),
        (dict(at=4), "at=4: must be a whole number from 0 to 3"),
        (dict(at=-1), "at=-1: must be"),
        (dict(at=1.5), "at=1.5: must be"),
        (dict(client=4), "client=4: must be a whole number from 0 to 3"),
        (dict(client="a"), "client='a': must be"),
        (dict(size=3), "size=3: must be a width and a height in inches"),
        (dict(size=(1, 5)), "size: width=1: must be a number from 5 to 40"),
        (dict(size=(9, np.nan)), "size: height=nan: must be a number"),
        (dict(size=(9, 1e9)), "size: height=.*: must be a number"),
        (dict(dark="yes"), "dark='yes': must be True or False"),
        (dict(federation=3), "federation=3: must be a Federation"),
        (dict(federation=random_federation(np.random.default_rng(0), [9, 9, 9, 9])),
         "federation: this run is of data='circles'"),
    ],
)  # fmt: skip
def test_nonsense_is_refused_in_a_sentence(given, message, plane):
    with pytest.raises(ValueError, match=message) as caught:
        fp.plot(plane, **given)
    assert "\n" not in str(caught.value)
    assert plt.get_fignums() == []


def test_what_is_no_history_is_refused():
    for wrong in (PLANE, None, "history"):
        with pytest.raises(ValueError, match=r"must be a History, as fp\.run gives"):
            fp.plot(wrong, "drift")


def test_the_smallest_size_is_drawn(plane):
    for view in ("curves", "clients", "inside", "privacy"):
        assert drawn(fp.plot(plane, view, size=SMALLEST)).std() > 0


def test_the_controls_of_a_screen_and_the_plain_ones_try_the_same():
    """A sweep in a figure is that of the screen, whatever the knob or slot."""
    made = fp.Playground(fp.Experiment(**TINY, model="mlp", partition="dirichlet"))
    exp, panel = made.session.experiment, made.session.panel
    plain = Still(exp).session
    for name in sorted(panel.shown):
        ours, theirs = plain.control(name), panel.control(name)
        value = getattr(exp, name)
        assert ours.sweep(value) == theirs.sweep(value), name
        assert ours.help == theirs.help
    made.close()
    assert inspect.signature(fp.plot).parameters["view"].default == MAIN
