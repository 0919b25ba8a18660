"""The fan of a sweep: what is drawn is what was computed, and what is pointed at is found."""

from __future__ import annotations

import io
from dataclasses import replace

import numpy as np
import pytest
from PIL import Image

from fedplay import registry
from fedplay.drawing.figure import DOTS, Canvas
from fedplay.drawing.geometry import Box
from fedplay.drawing.style import LIGHT
from fedplay.engine import run
from fedplay.experiment import Experiment
from fedplay.untrusted import escape
from fedplay.views.scene import Intent
from fedplay.views.sweep.ends import staggered
from fedplay.views.sweep.shown import Fan, NotRun
from fedplay.views.sweep.view import Sweep
from fedplay.words import plain
from tests.support.scenes import scene

SIZE = (900, 230)


def made(ends, current=1, rounds=4, **more):
    """A fan of runs that climb to their ends, three clients each."""
    n = len(ends)
    fan = Fan(
        "local_epochs",
        "Local epochs E",
        "How often a client trains.",
        tuple(str(2**i) for i in range(n)),
        current,
        tuple(np.linspace(0.1, end, rounds + 1) for end in ends),
        tuple(np.array([end - 0.1, np.nan, end]) for end in ends),
        (rounds,) * n,
    )
    return replace(fan, **more)


@pytest.fixture(scope="module")
def base():
    return scene(Experiment(rounds=2, clients=3), late=False)


@pytest.fixture
def view():
    return at_size(*SIZE)


def at_size(width, height, look=LIGHT, top=0, ratio=1.0):
    canvas = Canvas(width, height + top, ratio, look.paper)
    return Sweep(canvas, Box(0, top, width, height), look)


def pixels(file):
    """The picture in a file."""
    return np.array(Image.open(io.BytesIO(file)).convert("RGBA"))


def pixel(view, axes, x, y):
    """Where a point of some axes is, css pixels from the top left."""
    a, b = axes.transData.transform((x, y))
    return a / view.canvas.ratio, view.canvas.height - b / view.canvas.ratio


def test_every_run_is_drawn_as_the_engine_computes_it(base, view):
    histories = [run(Experiment(rounds=3, clients=4, local_epochs=E)) for E in (1, 3, 9)]
    fan = made(
        (0, 0, 0),
        rounds=3,
        accuracy=tuple(h.accuracy for h in histories),
        clients=tuple(h.client_accuracy[-1] for h in histories),
    )
    view.show(replace(base, closeup=fan))
    others = view.curves.fanned.get_segments()
    np.testing.assert_array_equal(others[0][:, 1], histories[0].accuracy)
    np.testing.assert_array_equal(others[1][:, 1], histories[2].accuracy)
    np.testing.assert_array_equal(view.curves.now.get_ydata(), histories[1].accuracy)
    assert view.curves.now.get_color() == LIGHT.accent
    assert LIGHT.accent not in [name.colour for name in view.curves.names if name.words != "2"]
    ends = view.ends.dots.get_offsets()
    np.testing.assert_allclose(ends, [(i, h.accuracy[-1]) for i, h in enumerate(histories)])
    for i, (bar, mean) in enumerate(
        zip(view.ends.bars.get_segments(), view.ends.means.get_segments(), strict=True)
    ):
        own = histories[i].client_accuracy[-1]
        np.testing.assert_allclose(bar, [(i, own.min()), (i, own.max())])
        np.testing.assert_allclose(mean[:, 1], own.mean())


def test_half_a_run_has_no_end(base, view):
    fan = made((0.8, 0.9, 0.7))
    half = (fan.accuracy[0], fan.accuracy[1][:3], np.empty(0))
    fan = replace(fan, accuracy=half, clients=(*fan.clients[:2], np.empty(0)))
    shown = replace(base, closeup=fan)
    view.show(shown)
    assert view.ends.dots.get_offsets().tolist() == [[0, 0.8]]
    assert len(view.ends.bars.get_segments()) == 1
    assert len(view.curves.now.get_xdata()) == 3
    # Nothing reaches further than it was computed: only the first has a line to the edge.
    assert len(view.curves.leads.get_segments()) == 1
    assert view.curves.stops.get_offsets().tolist() == [[2, fan.accuracy[1][2]]]
    assert view.at(*pixel(view, view.curves.axes, 3, fan.accuracy[1][2])) is None
    assert "1 of 3 computed" in Sweep.sentence(shown)
    assert "best" not in Sweep.sentence(shown)
    hit = view.at(*pixel(view, view.ends.axes, 1, 0.9))
    assert hit.lines[1] == "round 2 of 4 computed"
    assert view.at(*pixel(view, view.ends.axes, 2, 0.9)).lines[1] == "not computed yet"


def test_a_value_is_found_by_its_curve_its_name_and_its_column(base, view):
    fan = made((0.9, 0.6, 0.3))
    view.show(replace(base, closeup=fan))
    for i, end in enumerate((0.9, 0.6, 0.3)):
        hit = view.at(*pixel(view, view.ends.axes, i + 0.3, 0.4))
        assert (hit.click, hit.mark, hit.cursor) == (Intent("take", (i,)), i, "pointer")
        assert hit.lines[0] == f"Local epochs E = {2**i}"
        assert hit.lines[1] == f"global model {end:.3f}"
        assert hit.lines[2] == f"clients' mean ◉ {end - 0.05:.3f}, worst {end - 0.1:.3f}"
        assert view.at(*pixel(view, view.curves.axes, 3, fan.accuracy[i][3])).mark == i
        x, y = pixel(view, view.curves.axes, 4, view.curves.heights[i])
        assert view.at(x + 25, y).mark == i, "the name"
        x, y = pixel(view, view.ends.axes, i, 0)
        assert view.at(x, y + 15).mark == i, "the name below the column"
    assert "in force" in view.at(*pixel(view, view.ends.axes, 1, 0.5)).lines
    assert view.at(*pixel(view, view.curves.axes, 3, 0.02)) is None
    assert view.at(1, 1) is None


def test_what_is_lit_is_lit_in_both_parts(base, view):
    view.show(replace(base, closeup=made((0.9, 0.6, 0.3), lit=2)))
    np.testing.assert_allclose(view.curves.lit.get_ydata()[-1], 0.3)
    assert view.ends.column.get_visible()
    assert view.ends.column.get_x() < 2 < view.ends.column.get_x() + view.ends.column.get_width()
    view.show(replace(base, closeup=made((0.9, 0.6, 0.3))))
    assert not len(view.curves.lit.get_xdata())
    assert not view.ends.column.get_visible()


def test_a_diverged_run_is_a_cross_at_the_bottom_and_said(base, view):
    fan = made((0.9, 0.9, 0.8))
    lost = fan.accuracy[2].copy()
    lost[2:] = np.nan
    fan = replace(
        fan, accuracy=(*fan.accuracy[:2], lost), clients=(*fan.clients[:2], lost * np.nan)
    )
    shown = replace(base, closeup=fan)
    view.show(shown)
    assert view.curves.lost.get_xydata().tolist() == [[1, 0]]
    assert view.ends.lost.get_xydata().tolist() == [[2, view.ends.axes.get_ylim()[0]]]
    assert view.ends.lost.get_color() == LIGHT.alarm
    assert len(view.ends.dots.get_offsets()) == 2
    assert "At <b>4</b> training diverges." in Sweep.sentence(shown)
    assert "training diverges" in view.at(*pixel(view, view.ends.axes, 2, 0.5)).lines
    view.canvas.frame()


def test_the_sentence_names_the_best_and_the_worst_value(base):
    text = Sweep.sentence(replace(base, closeup=made((0.893, 0.93, 0.959))))
    assert text == (
        "How often a client trains. Local epochs E from 1 to 4, all else as it is: the global "
        "model ends best at <b>4</b> (0.959), worst at <b>1</b> (0.893). Click a value to take it."
    )
    text = Sweep.sentence(replace(base, closeup=made((0.912, 0.917, 0.915))))
    assert "the values hardly differ (0.912 to 0.917)" in text


def test_of_losses_the_lowest_is_best_and_the_axis_holds_them(base, view):
    fan = made((4.0, 2.0, 3.0), score="loss")
    fan = replace(fan, accuracy=tuple(np.array([5.0, *a[1:]]) for a in fan.accuracy))
    text = Sweep.sentence(replace(base, closeup=fan))
    best, worst = fan.values[1], fan.values[0]
    assert f"ends best at <b>{best}</b> (2.000), worst at <b>{worst}</b> (4.000)" in text
    view.show(replace(base, closeup=fan))
    heights = [dot[1] for dot in view.ends.dots.get_offsets().tolist()]
    assert heights == pytest.approx([0.4, 0.2, 0.3]), "of an axis that ends at 10"
    labels = [label.get_text() for label in view.ends.axes.get_yticklabels()]
    assert labels == ["0", "2.5", "5", "7.5", "10"]
    gone = replace(fan, accuracy=(*fan.accuracy[:2], np.array([5.0, *[np.inf] * 4])))
    assert "training diverges" in Sweep.sentence(replace(base, closeup=gone))


def test_the_sentence_explains_every_knob_in_two_lines(base):
    knobs = Experiment(noise_multiplier=1.0, model="mlp").active_knobs()
    assert "local_epochs" in knobs
    for knob in knobs.values():
        fan = made((0.893, 0.93, 0.959), label=f"{knob.label} {knob.symbol}", help=knob.help)
        text = Sweep.sentence(replace(base, closeup=fan))
        assert text.startswith(f"{escape(knob.help)} ")
        assert len(plain(text)) <= 240, text


def test_help_is_escaped_ends_like_a_sentence_and_may_be_missing(base):
    def begins(help):
        return Sweep.sentence(replace(base, closeup=made((0.2, 0.9), help=help)))

    assert begins("a < <b>b</b>").startswith("a &lt; &lt;b&gt;b&lt;/b&gt;. Local epochs E from")
    assert begins("Why?").startswith("Why? Local epochs E from")
    assert begins(" ").startswith("Local epochs E from")


def test_names_and_reasons_from_data_are_escaped(base, view):
    refused = NotRun(("<q>", "r"), "a <b>."), NotRun(("s",), "another")
    along = ("", "model <v>")
    fan = made((0.2, 0.9), values=("<i>", "$x$"), refused=refused, brought=along, label="$a_b$ <u>")
    view.show(replace(base, closeup=fan))
    view.canvas.frame()
    text = Sweep.sentence(replace(base, closeup=fan))
    assert "<b>&lt;q&gt;</b> and <b>r</b> cannot be run: a &lt;b&gt;. " in text
    assert "<b>s</b> cannot be run: another. " in text
    assert "<b>$x$</b> runs with model &lt;v&gt;, which it needs." in text
    assert "<i>" not in text
    assert "<u>" not in text
    assert "&lt;u&gt; in 2 ways" in text


@pytest.mark.parametrize("form", ["png", "svg"])
def test_names_that_no_font_has_are_drawn_without_a_word(base, view, form):
    odd = ("\u4e0a\u6d77", "\ud800", "\x00\x1b\n", "$x^$", "\u202e\U0001f9ff")
    for values in (odd, tuple(f"{name} of a name that is long" for name in odd)):
        view.show(
            replace(base, closeup=made((0.1, 0.3, 0.5, 0.7, 0.9), values=values, label=odd[0]))
        )
        view.canvas.frame()
        assert view.canvas.file(form)


def test_a_file_has_what_is_lit_and_short_runs_in_their_order(base, view):
    # Short runs too, and what is lit: so that every artist has something to draw.
    accuracy = tuple(np.linspace(0.1, end, R + 1) for end, R in ((0.9, 4), (0.6, 2), (0.3, 4)))
    lost = np.array([0.1, np.nan, np.nan])
    fan = made((0.9, 0.6, 0.3, 0.1), lit=2, rounds=4)
    fan = replace(fan, accuracy=(*accuracy, lost), rounds=(4, 2, 4, 2))
    view.show(replace(base, closeup=fan))
    assert np.array_equal(pixels(view.canvas.file("png", DOTS)), view.canvas.frame())


def test_runs_of_different_length_end_where_they_end(base, view):
    accuracy = tuple(np.linspace(0.1, 0.9, R + 1) for R in (2, 10, 50))
    fan = replace(made((0.9, 0.9, 0.9)), rounds=(2, 10, 50), accuracy=accuracy, knob="rounds")
    view.show(replace(base, closeup=fan))
    assert view.curves.axes.get_xlim() == (0, 50)
    assert view.curves.stops.get_offsets()[:, 0].tolist() == [2, 10]
    assert len(view.ends.dots.get_offsets()) == 3


@pytest.mark.parametrize("size", [(900, 230), (900, 520), (640, 200)])
def test_any_fan_fits_any_box(base, size):
    view = at_size(*size)
    for n in (2, 10):
        fan = made(np.linspace(0.2, 0.95, n), current=-1)
        view.show(replace(base, closeup=fan))
        there = [name.place[1] for name in view.curves.names if name.get_visible()]
        assert len(there) == n
        assert min(np.diff(sorted(there))) * view.curves.tall > 11, "names do not touch"
    nobody = tuple(np.full(3, np.nan) for _ in range(10))
    view.show(replace(base, closeup=replace(fan, clients=nobody)))
    assert not view.ends.bars.get_segments()
    many = tuple(np.linspace(0, 1, 1000) for _ in range(10))
    view.show(replace(base, closeup=replace(fan, clients=many), fresh=False))
    assert len(view.ends.bars.get_segments()) == 10


def test_without_a_sweep_it_says_how_to_begin(base, view):
    view.show(base)
    view.canvas.frame()
    assert view.at(200, 100) is None
    assert "Click the name of a knob" in Sweep.sentence(base)


@pytest.mark.parametrize("ends", [(0.9,), (0.9, 0.6), (0.9, 0.6, 0.3)])
def test_each_name_stands_below_its_column(base, view, ends):
    view.show(replace(base, closeup=made(ends, current=0)))
    view.canvas.frame()
    renderer = view.canvas.agg.get_renderer()
    below = {text.get_text(): text for text in view.ends.below}
    assert set(below) == {*map(str, (2**i for i in range(len(ends)))), "Local epochs E"}
    for i in range(len(ends)):
        extent = below[str(2**i)].get_window_extent(renderer)
        assert (extent.x0 + extent.x1) / 2 == pytest.approx(
            view.ends.axes.transData.transform((i, 0))[0], abs=1
        )
    assert below["1"].get_color() == LIGHT.accent


def test_long_names_take_two_rows_or_three():
    assert staggered(("1", "2"), 40) == ["1", "2"]
    assert staggered(("dirichlet", "shards"), 50) == ["dirichlet", "\nshards"]
    assert max(len(name.strip()) for name in staggered(("x" * 40, "y"), 40)) <= 18
    methods = staggered(tuple(registry.SLOTS["algorithm"]), 30)
    assert [name.count("\n") for name in methods[:4]] == [0, 1, 2, 0]
    assert methods[-4:-1] == ["\n\nperfedavg", "ifca", "\nfedsgd"]
    assert staggered(("a\nb", "\x00"), 40) == ["a b", " "], "each is one line"
