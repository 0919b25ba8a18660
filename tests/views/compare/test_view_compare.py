"""The view of a comparison: what is drawn is what was computed, and what is pointed at is found."""

from __future__ import annotations

import io
import math
from dataclasses import replace
from itertools import combinations

import numpy as np
import pytest
from PIL import Image

from fedplay.drawing.figure import DOTS, Canvas
from fedplay.drawing.geometry import Box
from fedplay.drawing.style import DARK, LIGHT
from fedplay.engine.run_state import RunState
from fedplay.experiment import Experiment
from fedplay.methods import METHODS
from fedplay.studies.compare import compare
from fedplay.studies.comparison import Comparison
from fedplay.studies.comparison_runs import Curve
from fedplay.studies.entrants import USUAL
from fedplay.views.compare.shown import ComparisonShown, colour_of
from fedplay.views.compare.view import Compare
from fedplay.views.compare.words import lines, spoken, told
from fedplay.views.scene import Intent
from fedplay.words import plain
from tests.drawing.test_colours import EYES, distance, lab
from tests.support.scenes import scene

SIZE = (930, 230)
EXP = Experiment(rounds=4, clients=3)


LOST = RunState("diverged", "Diverged in round 2: the loss is no longer a finite number.")


def comparison(ends, *, seeds=5, wanted=None, lost=(), R=4, reference=None, spread=0.02):
    """Methods that climb to their ends, a little apart by the seed."""
    curves = {}
    for name, end in ends.items():
        curves[name] = {}
        for place in range(0 if end is None else seeds):
            rows = np.linspace(0.1, end + spread * (place - (seeds - 1) / 2) / seeds, R + 1)
            if name in lost:
                rows = np.where(np.arange(R + 1) > 1, math.nan, rows)
            came_to = (2, LOST) if name in lost else (None,)
            curves[name][place] = Curve(rows, 1 - rows, rows, *came_to)
    experiments = dict.fromkeys(ends, EXP.replace(rounds=R))
    reference = reference or next(iter(ends))
    return Comparison(EXP.replace(rounds=R), experiments, curves, seeds, reference, wanted)


def compared(ends, current=None, old=None, refused=(), lit=None, **more):
    found = comparison(ends, **more)
    return ComparisonShown(found, current or found.reference, old, tuple(refused), lit)


@pytest.fixture(scope="module")
def base():
    return scene(Experiment(rounds=2, clients=3), late=False)


@pytest.fixture
def view():
    return at_size(*SIZE)


def at_size(width, height, look=LIGHT, top=0, ratio=1.0):
    canvas = Canvas(width, height + top, ratio, look.paper)
    return Compare(canvas, Box(0, top, width, height), look)


def pixel(view, axes, x, y):
    """Where a point of some axes is, css pixels from the top left."""
    a, b = axes.transData.transform((x, y))
    return a / view.canvas.ratio, view.canvas.height - b / view.canvas.ratio


def row(view, name):
    """The middle of a method's row."""
    y = next(y for n, y in view.table.rows if n == name)
    return view.table.place.left + 20 + view.box.left, y + view.box.top


def words(view):
    return [cell.words for cell in view.table.cells if cell.get_visible()]


THREE = {"FedAvg": 0.9, "FedProx": 0.95, "SCAFFOLD": 0.6}


# --- what is drawn ------------------------------------------------------------------------------


def test_lines_and_bands_are_those_of_the_runs(base, view):
    found = compare(EXP, ["FedAvg", "SCAFFOLD"], seeds=3)
    view.show(replace(base, closeup=ComparisonShown(found, "FedAvg")))
    drawn = {len(view.curves.lines.get_segments()), len(view.curves.bands.get_paths())}
    assert drawn == {2}
    for place, name in enumerate(["FedAvg", "SCAFFOLD"]):  # the one above first, to hide none
        rows = found.accuracy[name]
        mean = view.curves.lines.get_segments()[place]
        np.testing.assert_allclose(mean[:, 1], rows.mean(axis=0))
        band = view.curves.bands.get_paths()[place].vertices
        np.testing.assert_allclose(band[:5, 1], rows.max(axis=0))
        np.testing.assert_allclose(band[5:10, 1], rows.min(axis=0)[::-1])
    cells = words(view)
    for name in found.curves:
        assert name in cells
        assert found.rounds_to()[name].words() in cells
        assert found.end(name).words() in cells
    assert found.difference("SCAFFOLD").words() in cells
    assert f"rounds to {found.target:.2f}" in cells


def test_rows_are_ranked_and_the_current_one_is_marked(base, view):
    view.show(replace(base, closeup=compared(THREE)))
    assert [name for name, _ in view.table.rows] == ["FedProx", "FedAvg", "SCAFFOLD"]
    (crown,) = view.table.crown.get_offsets()
    assert crown[1] == view.table.rows[1][1]
    bold = [c.words for c in view.table.cells if c.get_visible() and c.weight == "bold"]
    assert bold == ["FedAvg"]
    above = view.curves.above.get_xydata()
    assert above.tolist() == [[4, pytest.approx(0.9)]]
    assert len(view.table.leads.get_segments()) == 3


def test_the_target_is_a_line_with_a_dot_where_each_gets_there(base, view):
    found = compared(THREE, wanted=0.7)
    view.show(replace(base, closeup=found))
    assert view.curves.goal.get_ydata() == [0.7, 0.7]
    assert view.curves.value.words == "target 0.70"
    dots = view.curves.got.get_offsets()
    assert {tuple(dot) for dot in dots} == {(4.0, 0.7), (3.0, 0.7)} or len(dots) == 2
    for name in ("FedAvg", "FedProx"):
        median = found.comparison.rounds_to()[name].median
        assert [median, 0.7] in dots.tolist()
    assert "– (0 of 5)" in words(view), "SCAFFOLD does not"


def test_what_may_be_luck_is_grey(base, view):
    same = comparison({"FedAvg": 0.9, "FedProx": 0.9, "FedAdam": 0.95})
    noisy = dict(same.curves["FedProx"])
    for place in (0, 1):
        noisy[place] = same.curves["FedProx"][4]
    found = replace(same, curves={**same.curves, "FedProx": noisy})
    view.show(replace(base, closeup=ComparisonShown(found, "FedAvg")))
    ink = {c.words: c.colour for c in view.table.cells if c.get_visible()}
    assert ink[found.difference("FedAdam").words()] == LIGHT.ink
    assert ink[found.difference("FedProx").words()] == LIGHT.muted


def test_another_experiments_methods_are_grey(base, view):
    old = comparison(THREE, wanted=0.5)
    new = compared({"FedAvg": 0.8, "FedProx": None, "SCAFFOLD": None}, old=old, wanted=0.5)
    view.show(replace(base, closeup=new))
    assert new.stale("FedProx")
    assert not new.stale("FedAvg")
    assert view.curves.colour(new, "FedProx") == LIGHT.stale
    assert view.curves.colour(new, "FedAvg") == colour_of("FedAvg", LIGHT)
    assert len(view.curves.lines.get_segments()) == 3
    assert "5 of 15 runs computed" in told(new)
    assert "of the experiment before" in " ".join(lines(new, "FedProx"))
    assert "not computed yet" in lines(replace(new, old=None), "FedProx")


def test_a_method_that_cannot_be_run_says_why(base, view):
    found = compared(
        THREE, refused=[("FedDyn", "no: it costs too much, and this is a long reason")]
    )
    view.show(replace(base, closeup=found))
    assert view.table.rows[-1][0] == "FedDyn"
    told = [c for c in view.table.cells if c.get_visible() and c.words.startswith("no: it")]
    assert told[0].colour == LIGHT.alarm
    hit = view.at(*row(view, "FedDyn"))
    assert hit.cursor == "default"
    assert "no: it costs too much, and this is a long reason" in hit.lines


def test_a_diverged_method_has_a_cross_and_is_said(base, view):
    found = compared({"FedAvg": 0.9, "FedProx": 0.5}, lost=("FedProx",))
    view.show(replace(base, closeup=found))
    assert view.curves.lost.get_xydata().tolist()[0][0] == 1
    assert "diverged in 5 of 5" in words(view)
    assert "diverged in 5 of 5 seeds" in lines(found, "FedProx")
    assert view.table.rows[-1][0] == "FedProx"
    assert "<b>FedProx</b> ends lower (in 5 of 5 seeds)" in told(found)
    view.canvas.frame()


# --- what is pointed at -------------------------------------------------------------------------


def test_a_method_at_chance_is_said_to_be_and_its_end_is_no_number(base, view):
    found = comparison(THREE)
    chance = RunState("at chance", "At chance: always giving the same answer gets 10 % right.")
    slow = RunState("still learning", "Still learning: …")
    own = {s: c._replace(state=chance) for s, c in found.curves["SCAFFOLD"].items()}
    other = {s: c._replace(state=slow) for s, c in found.curves["FedProx"].items()}
    found = replace(found, curves={**found.curves, "SCAFFOLD": own, "FedProx": other})
    seen = ComparisonShown(found, "FedAvg")
    view.show(replace(base, closeup=seen))
    cell = next(c for c in view.table.cells if c.words == "at chance in 5 of 5")
    assert cell.colour == LIGHT.alarm
    assert found.end("FedProx").words() in words(view), "which is no failure"
    assert "SCAFFOLD is at chance in 5 of 5 seeds: such ends tell nothing" in plain(told(seen))
    assert "at chance in 5 of 5 seeds" in lines(seen, "SCAFFOLD")
    assert "still learning in 5 of 5 seeds" in lines(seen, "FedProx")
    assert "at chance in 5" in found.table()
    assert "still learning in 5" in found.table()
    assert {line.split(",")[-1] for line in found.to_csv().splitlines()[1:]} == {
        "at chance",
        "still learning",
        "not judged",
    }


def test_a_method_is_found_by_its_row_and_its_curve(base, view):
    found = compared(THREE)
    view.show(replace(base, closeup=found))
    for place, name in enumerate(THREE):
        hit = view.at(*row(view, name))
        assert (hit.click, hit.cursor) == (Intent("take_method", (place,)), "pointer")
        assert hit.lines[:3] == (name, METHODS[name].what, METHODS[name].source)
        assert f"at the end {found.comparison.end(name).words()}" in hit.lines
        mean = found.drawn[name].mean(axis=0)
        if mean[3] > view.curves.axes.get_ylim()[0]:
            assert view.at(*pixel(view, view.curves.axes, 3, mean[3])).mark == name
    assert "shown above" in view.at(*row(view, "FedAvg")).lines
    assert view.at(1, 1) is None


def test_the_target_is_found_and_taken_along(base, view):
    view.show(replace(base, closeup=compared(THREE, wanted=0.7)))
    x, y = pixel(view, view.curves.axes, 0, 0.7)
    for dx in (-20, 0, 60):
        hit = view.at(x + dx, y)
        assert (hit.drag(x, y).action, hit.cursor) == ("target", "ns-resize")
    for accuracy in (0.62, 0.8, 0.95):
        _, y = pixel(view, view.curves.axes, 0, accuracy)
        assert hit.drag(x, y) == Intent("target", (accuracy,))
    assert hit.drag(x, -1000) == Intent("target", (1.0,))
    assert hit.drag(x, 1000) == Intent("target", (view.curves.axes.get_ylim()[0],))


def test_what_is_lit_stands_out_in_chart_and_table(base, view):
    view.show(replace(base, closeup=compared(THREE, lit="SCAFFOLD")))
    alphas = view.curves.lines.get_colors()[:, 3]
    assert alphas.tolist() == [0.35, 0.35, 1.0], "and it is drawn last"
    assert view.table.ground.get_visible()
    middle = view.table.ground.get_y() + view.table.ground.get_height() / 2
    assert middle == pytest.approx(row(view, "SCAFFOLD")[1])
    view.show(replace(base, closeup=compared(THREE)))
    assert not view.table.ground.get_visible()


# --- what is said -------------------------------------------------------------------------------


def test_the_sentence_has_the_runs_own_numbers(base):
    found = compared({"FedAvg": 0.9, "FedProx": 0.95, "SCAFFOLD": 0.8}, wanted=0.9, R=20)
    text = Compare.sentence(replace(base, closeup=found))
    to = found.comparison.rounds_to()
    assert text == (
        "Each with the same 5 seeds (of training and data). Against <b>FedAvg</b> (0.900): "
        "<b>FedProx</b> ends 0.050 higher (in 5 of 5 seeds); <b>SCAFFOLD</b> ends 0.100 lower "
        f"(5 of 5). <b>FedProx</b> comes to 0.90 in {to['FedProx'].median:g} rounds, "
        f"<b>FedAvg</b> in {to['FedAvg'].median:g}. Click a method to see it above."
    )


def test_few_seeds_tell_nothing_and_the_sentence_says_so():
    text = told(compared(THREE, seeds=3))
    assert "fewer than 5 seeds cannot tell a difference from chance" in text
    assert "higher" not in text
    assert "lower" not in text
    assert "no method is faster beyond the seeds" in text


def test_nobody_gets_there():
    text = told(compared(THREE, wanted=0.99))
    assert "No method reaches 0.99 in half of the seeds." in text


def test_many_methods_fit_into_a_sentence():
    ends = dict(zip(METHODS, np.linspace(0.3, 0.95, len(METHODS)), strict=True))
    text = told(compared(ends, reference="FedAvg"))
    assert "8 more differ, as the table says" in text
    assert len(plain(text)) < 360, text


def test_names_from_notebooks_are_escaped(base, view):
    odd = "<i>$x^"
    found = compared({"FedAvg": 0.9, odd: 0.95}, refused=[("<u>", "<b>no</b>")])
    view.show(replace(base, closeup=found))
    view.canvas.frame()
    assert "<i>" not in told(found)
    assert "&lt;i&gt;$x^" in told(found)
    assert view.table._colour(found, odd) == LIGHT.ink


def test_the_table_can_be_spoken():
    text = spoken(compared(THREE, wanted=0.7))
    assert "rounds to 0.70, at the end, against FedAvg" in text
    assert "SCAFFOLD, – (0 of 5), 0.600" in text


def test_without_a_comparison_it_says_what_it_would_be(base, view):
    view.show(base)
    view.canvas.frame()
    assert view.at(*row_of_nothing(view)) is None
    assert "Several methods on the same data" in Compare.sentence(base)
    nothing = ComparisonShown(Comparison(EXP, {}, {}, 5, ""), None, refused=(("FedAvg", "no"),))
    view.show(replace(base, closeup=nothing))
    view.canvas.frame()
    assert "Choose below the methods" in told(nothing)
    assert "no" in words(view)


def row_of_nothing(view):
    return view.table.place.left + 20, view.table.place.top + 10


# --- how it looks -------------------------------------------------------------------------------


@pytest.mark.parametrize("look", [LIGHT, DARK], ids=["light", "dark"])
@pytest.mark.parametrize("eye", EYES)
def test_methods_are_told_apart_by_their_colours(look, eye):
    assert len(look.methods) == len(METHODS)
    assert min(distance(a, b, eye) for a, b in combinations(look.methods, 2)) > 19
    assert min(distance(a, look.paper, eye) for a in look.methods) > 40
    assert min(distance(a, look.ink, eye) for a in look.methods) > 19, "of a user's own algorithm"
    usual = [colour_of(name, look) for name in USUAL]
    assert min(distance(a, b, eye) for a, b in combinations(usual, 2)) > 34


def hue(colour):
    _, a, b = lab(colour, "usual")
    return math.degrees(math.atan2(b, a))


def test_a_method_keeps_its_hue_in_both_themes():
    for name in METHODS:
        turn = hue(colour_of(name, LIGHT)) - hue(colour_of(name, DARK))
        assert abs((turn + 180) % 360 - 180) <= 26, name


@pytest.mark.parametrize("size", [(930, 230), (678, 200), (420, 190), (930, 420)])
def test_every_word_of_the_table_fits(base, size):
    view = at_size(*size)
    ends = dict(zip(METHODS, np.linspace(0.3, 0.95, len(METHODS)), strict=True))
    for found in (compared(THREE, lit="FedAvg"), compared(ends, reference="FedAvg", seeds=10)):
        view.show(replace(base, closeup=found))
        view.canvas.frame()
        steps = np.diff([y for _, y in view.table.rows])
        assert (steps >= 14).all(), "rows do not touch"
        assert view.table.rows[-1][1] <= size[1], "and none is below the picture"
        left = None
        for cell in sorted(shown(view), key=lambda c: (c.place[1], c.place[0])):
            x, y = cell.place
            assert left is None or left[1] != y or left[0] <= x, f"{cell.words} overlaps"
            left = (x + wide(view, cell), y)
            assert left[0] <= size[0], f"{cell.words} is cut"


def shown(view):
    return [cell for cell in view.table.cells if cell.get_visible()]


def wide(view, cell):
    from fedplay.drawing.cached_text import rendered

    dpi = view.canvas.ratio * DOTS
    return rendered(cell.words, cell.colour, cell.size, cell.weight, dpi).shape[1]


def test_a_file_has_what_is_lit_in_its_order(base, view):
    view.show(replace(base, closeup=compared(THREE, lit="FedProx", lost=("SCAFFOLD",))))
    file = Image.open(io.BytesIO(view.canvas.file("png", DOTS))).convert("RGBA")
    assert np.array_equal(np.array(file), view.canvas.frame())


def test_longer_runs_of_before_reach_as_far_as_they_did(base, view):
    new = compared({"FedAvg": None}, old=comparison({"FedAvg": 0.9}, R=50))
    view.show(replace(base, closeup=new))
    assert view.curves.axes.get_xlim() == (0, 50)
    one = compared({"FedAvg": 0.9}, R=4)
    view.show(replace(base, closeup=one))
    assert view.curves.axes.get_xlim() == (0, 4)


def test_curves_that_lie_on_each_other_are_all_seen(base):
    ends = {"FedAvg": 0.9, "FedAdam": 0.6, "FedProx": 0.9, "FedNova": 0.9}
    found = compared(ends, current="FedProx")
    assert found.coinciding == [["FedProx", "FedAvg", "FedNova"]]
    view = at_size(*SIZE)
    view.show(replace(base, closeup=found))
    frame = view.canvas.frame()
    for name in ends:
        colour = np.array(Image.new("RGB", (1, 1), colour_of(name, LIGHT)))[0, 0]
        near = np.abs(frame[..., :3].astype(int) - colour).max(axis=-1) <= 2
        assert near[:, : int(view.table.place.left) - 30].sum() > 30, name
    assert "The curves of FedProx, FedAvg and FedNova lie on each other" in plain(told(found))
    apart = compared({"FedAvg": 0.9, "FedProx": 0.91})
    assert apart.coinciding == []
    view.show(replace(base, closeup=apart))
    assert "lie on each other" not in told(apart)
    assert all(dash[1] is None for dash in view.curves.lines.get_linestyle())
