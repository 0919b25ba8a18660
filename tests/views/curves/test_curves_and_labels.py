"""The learning curves and the label bars: what is drawn is what was given, and nothing else."""

from __future__ import annotations

import doctest
import re
from dataclasses import replace
from itertools import pairwise

import matplotlib
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import fedplay as fp
from fedplay.drawing import cached_text as stamp
from fedplay.drawing import line_labels as ends
from fedplay.drawing import style
from fedplay.drawing.figure import Canvas
from fedplay.drawing.geometry import Box
from fedplay.drawing.line_labels import Tag, apart, beside
from fedplay.drawing.lines import distances
from fedplay.drawing.scale import tidy
from fedplay.drawing.style import DARK, LIGHT
from fedplay.engine.evaluate import mean_of
from fedplay.engine.run_state import below_alone
from fedplay.views import client_lines as spread
from fedplay.views import round_axis as along
from fedplay.views.client_lines import band, worst
from fedplay.views.curves import view as curves
from fedplay.views.curves import words as headline
from fedplay.views.curves.view import Curves
from fedplay.views.labels.view import LabelBars, bars
from fedplay.views.scene import Ghost, Hit, Intent, to_round
from fedplay.words import UNSEEN, short
from tests.support.scenes import scene

matplotlib.use("agg")
R = 6
WIDE, HIGH = 900, 260
SMALL = fp.Experiment(data="circles", examples=300, clients=4, rounds=R)
TEN = fp.Experiment(clients=12, rounds=R)


@pytest.fixture(scope="module")
def small():
    return scene(SMALL)


@pytest.fixture(scope="module")
def ten():
    return scene(TEN)


def drawn(view, given_, look=LIGHT, ratio=1.0, size=(WIDE, HIGH)):
    made = view(Canvas(*size, ratio, look.paper), Box(0, 0, *size), look)
    made.show(given_)
    made.canvas.frame()
    return made


def points(line):
    """What a line shows; nothing where it is not visible."""
    return line.get_xydata() if line.get_visible() else np.empty((0, 2))


def place(view, x, y):
    """The css position of a point of the data."""
    a, b = view.chart.transData.transform((x, y)) / view.canvas.ratio
    return a, view.canvas.height - b


def ghost(letter, shown, lit=False):
    sent = np.array([r.bytes_up + r.bytes_down for r in shown.rounds], float)
    spent = np.array([r.epsilon for r in shown.rounds])
    posts = np.array([r.messages_up + r.messages_down for r in shown.rounds], float)
    return Ghost(letter, shown.series.accuracy, sent, spent, lit, messages=posts)


def plain(html):
    return re.sub(r"<[^>]*>", "", html)


def test_doctests():
    for module in (along, curves, ends, headline, spread, stamp, style):
        assert doctest.testmod(module).failed == 0


# --- geometry -----------------------------------------------------------------------------------


@given(
    st.lists(st.floats(-0.5, 1.5), min_size=1, max_size=6),
    st.sampled_from([0.02, 0.05, 0.1]),
)
def test_labels_stay_apart_in_order_and_within_bounds(wanted, gap):
    got = apart(wanted, gap, 0.0, 1.0)
    order = sorted(range(len(wanted)), key=lambda i: (wanted[i], i))
    heights = [got[i] for i in order]
    assert all(b - a >= gap - 1e-6 for a, b in pairwise(heights))
    assert min(got) >= -1e-6
    assert max(got) <= 1 + 1e-6


def test_only_names_that_could_touch_move_each_other():
    tags = [Tag("a", "", 50, 0.5), Tag("b", "", 10, 0.5), Tag("c", "", 49, 0.5), Tag("d", "", 9, 0)]
    groups = [[tag.words for tag in group] for group in beside(tags, 5)]
    assert groups == [["b", "d"], ["a", "c"]], "in the order of their importance"


@given(st.floats(1e-3, 1e12))
def test_an_axis_ends_at_a_tidy_number_not_far_away(most):
    end = tidy(most)
    assert most * (1 - 1e-9) <= end <= 2 * most
    assert tidy(end) == end


@given(st.integers(1, 10**6))
def test_an_axis_of_rounds_ends_at_a_whole_number(rounds):
    assert tidy(rounds) == int(tidy(rounds))


def test_bars_are_stacked_and_as_high_as_the_counts():
    counts = np.array([[1, 2], [0, 5]])
    corners = bars(counts, width=1).reshape(2, 2, 4, 2)
    heights = corners[..., 1, 1] - corners[..., 0, 1]
    assert np.array_equal(heights, counts)
    assert np.array_equal(corners[:, 0, 1, 1], corners[:, 1, 0, 1]), "one on top of the other"
    assert np.array_equal(corners[:, 0, 0, 0], [-0.5, 0.5])


def test_the_mean_is_over_clients_that_hold_something_out():
    clients = np.array([[0.2, np.nan, 0.4], [0.5, np.nan, 0.7], [np.nan, np.nan, np.nan]])
    assert np.allclose(mean_of(clients), [0.3, 0.6, np.nan], equal_nan=True)
    assert np.isnan(mean_of(np.full((2, 2), np.nan))).all()


def test_a_band_is_the_quantiles_of_the_clients():
    clients = np.sort(np.random.default_rng(0).random((5, 101)), axis=1)
    x = np.arange(5) * 2.0
    outline = band(x, clients, 0.05, 0.95)
    assert np.allclose(outline[:5, 1], clients[:, 95])
    assert np.allclose(outline[5:, 1], clients[::-1, 5])
    clients[3:] = np.nan
    clients[0, 0] = np.nan  # a client that holds nothing out
    assert set(band(x, clients[:, 1:], 0.05, 0.95)[:, 0]) == {0, 2, 4}


def test_the_worst_are_a_decile_of_many_and_the_minimum_of_few():
    many = np.random.default_rng(0).permuted(np.tile(np.linspace(0, 1, 21), (3, 1)), axis=1)
    words, fare = worst(many)
    assert words == "worst decile"
    assert np.allclose(fare, 0.1)
    few = np.column_stack([many[:, :9], np.full(3, np.nan)])
    words, fare = worst(few)
    assert words == "worst client"
    assert np.array_equal(fare, many[:, :9].min(axis=1))
    assert np.isnan(worst(np.full((3, 2), np.nan))[1]).all()


@given(st.floats(0, 30), st.floats(-5, 15))
def test_the_distance_from_a_curve_is_that_from_its_nearest_point(a, b):
    x, y = np.array([0.0, 10, 20, 30]), np.array([[0.0, 10, 0, 5]])
    dense = np.linspace(0, 30, 3001)
    exact = np.hypot(dense - a, np.interp(dense, x, y[0]) - b).min()
    got = distances((a, b), x, y, reach=30)[0]
    assert got == pytest.approx(exact, abs=0.02)


# --- the learning curves ------------------------------------------------------------------------


def test_the_curves_are_the_run(ten):
    view = drawn(Curves, ten)
    rounds = np.arange(R + 1)
    clients = np.array([r.client_accuracy for r in ten.rounds])
    assert points(view.strokes.glob).T.tolist() == [
        rounds.tolist(),
        [r.accuracy for r in ten.rounds],
    ]
    assert np.allclose(points(view.strokes.mean)[:, 1], clients.mean(axis=1))
    assert np.allclose(points(view.strokes.worst)[:, 1], np.quantile(clients, 0.1, axis=1))
    lines = np.array(view.strokes.clients.get_segments())
    assert np.array_equal(lines[:, :, 1].T, clients)
    assert np.array_equal(lines[0, :, 0], rounds)
    assert np.array_equal(points(view.strokes.alone)[:, 1], ten.late.alone)
    assert np.array_equal(points(view.strokes.personal), [[R, ten.late.personal[0]]])
    words = set(view.ends.shown)
    assert {"global model", f"worst decile {UNSEEN}", f"each client {UNSEEN}"} <= words
    assert all(UNSEEN in name for name in words - {"global model"}), "only in a simulation"


def test_few_clients_have_a_worst_and_many_a_band(small):
    view = drawn(Curves, small)
    assert f"worst client {UNSEEN}" in view.ends.shown
    clients = np.random.default_rng(0).random((R + 1, 200))
    view.show(replace(small, series=replace(small.series, clients=clients)))
    assert len(view.strokes.clients.get_paths()) == 0
    outline = view.strokes.wide.get_paths()[0].vertices
    assert outline[:, 1].max() == pytest.approx(np.quantile(clients, 0.95, axis=1).max())
    assert f"nine in ten {UNSEEN}" in view.ends.shown


def test_a_curve_that_grows_ends_where_it_is_known(ten):
    half = replace(ten.series, accuracy=ten.series.accuracy[:3], clients=ten.series.clients[:3])
    view = drawn(Curves, replace(ten, series=half, rounds=ten.rounds[:3], at=2, late=None))
    assert points(view.strokes.glob)[:, 0].tolist() == [0, 1, 2]
    assert view.chart.get_xlim() == (0, tidy(R)), "as far as it will go"
    assert view.ends.shown["global model"].place[0] == 2
    assert not view.strokes.alone.get_visible()


def test_the_handle_is_on_the_global_curve_at_the_round_shown(ten):
    view = drawn(Curves, replace(ten, at=4))
    assert points(view.strokes.handle).tolist() == [[4, ten.rounds[4].accuracy]]
    assert points(view.strokes.cursor).tolist() == [[4, 0], [4, 1]]


def test_late_curves_are_grey_until_they_are_fresh(ten):
    view = drawn(Curves, replace(ten, late=replace(ten.late, fresh=False)))
    assert view.strokes.personal.get_color() == view.look.stale
    assert view.ends.shown[f"each alone {UNSEEN}"].colour == view.look.stale
    view.show(ten)
    assert view.strokes.personal.get_color() == view.look.personal
    assert view.strokes.alone.get_color() == view.look.alone


def test_the_run_that_is_replaced_is_grey_below_the_new_one(ten, small):
    begun = replace(ten.series, accuracy=ten.series.accuracy[:2], clients=ten.series.clients[:2])
    view = drawn(Curves, replace(ten, series=begun, rounds=ten.rounds[:2], at=1, old=small.series))
    lines = [line[:, 1] for line in view.strokes.old.get_segments()]
    old = small.series
    assert np.array_equal(lines, [*old.clients.T, old.mean, old.accuracy])
    assert view.strokes.old.get_zorder() < view.strokes.clients.get_zorder()
    assert matplotlib.colors.to_hex(view.strokes.old.get_edgecolor()[0]) == view.look.stale
    view.show(ten)
    assert len(view.strokes.old.get_segments()) == 0


def test_a_longer_run_of_before_stops_at_the_end_of_the_axis(ten):
    long = np.linspace(0, 1, 40)
    view = drawn(Curves, replace(ten, series=replace(ten.series, before=long)))
    assert points(view.strokes.before)[:, 0].max() == tidy(R)


def test_pinned_runs_have_dashes_of_their_own_and_a_letter(ten, small):
    pinned = (ghost("A", small), ghost("B", small, lit=True))
    view = drawn(Curves, replace(ten, ghosts=pinned))
    lines = view.strokes.ghosts.get_segments()
    assert np.array_equal(lines[0][:, 1], small.series.accuracy)
    plain_, strong = view.strokes.ghosts.get_linewidths()
    assert strong > plain_
    dashes = view.strokes.ghosts.get_linestyles()
    assert list(dashes[0][1]) != list(dashes[1][1])
    assert view.ends.shown["A"].colour == view.look.muted
    assert view.ends.shown["B"].colour == view.look.ink


def test_a_run_that_diverges_ends_in_a_cross_and_a_sentence():
    wild = scene(
        fp.Experiment(data="circles", model="mlp", learning_rate=1000.0, rounds=12, clients=3)
    )
    gone = wild.series.diverged
    assert gone is not None
    view = drawn(Curves, wild)
    assert points(view.strokes.cross)[0, 0] <= gone
    assert f"diverged in round {gone}" in view.ends.shown
    assert f"Diverged in round {gone}" in plain(Curves.sentence(wild))
    view.show(replace(wild, at=0))
    assert "Before training" in Curves.sentence(replace(wild, at=0))
    early = wild.series.accuracy[:gone], wild.series.clients[:gone]
    played = replace(wild.series, accuracy=early[0], clients=early[1])
    view.show(replace(wild, series=played, rounds=wild.rounds[:gone], at=gone - 1, late=None))
    assert len(points(view.strokes.cross)) == 0, "not yet, while it is played"


def test_no_global_test_set_and_nothing_held_out_is_no_error(small):
    nothing = replace(
        small.series,
        accuracy=np.full(R + 1, np.nan),
        clients=np.full((R + 1, 4), np.nan),
    )
    rounds = [r._replace(accuracy=np.nan, client_accuracy=np.full(4, np.nan)) for r in small.rounds]
    given_ = replace(small, series=nothing, rounds=rounds, late=None, client=1)
    view = drawn(Curves, given_)
    view.light(2)
    assert view.canvas.frame().shape == (HIGH, WIDE, 4)
    assert "nan" not in Curves.sentence(given_)
    assert "holds nothing out" in Curves.sentence(given_)
    assert view.at(*place(view, 2, 0.5)).lines == ("round 2",)


@pytest.mark.parametrize("N", [0, 1, 1000])
def test_any_number_of_clients(small, N):
    clients = np.random.default_rng(N).random((R + 1, N))
    view = drawn(Curves, replace(small, series=replace(small.series, clients=clients), client=0))
    view.light(7)
    view.canvas.frame()
    assert isinstance(view.at(*place(view, 3, 0.5)), Hit)


# --- other axes ---------------------------------------------------------------------------------


def test_over_bytes_each_curve_lies_where_its_rounds_were_paid(ten, small):
    given_ = replace(ten, axis="bytes", ghosts=(ghost("A", small),))
    view = drawn(Curves, given_)
    sent = [r.bytes_up + r.bytes_down for r in ten.rounds]
    assert points(view.strokes.glob)[:, 0].tolist() == sent
    assert np.array(view.strokes.clients.get_segments())[0, :, 0].tolist() == sent
    other = [r.bytes_up + r.bytes_down for r in small.rounds]
    assert view.strokes.ghosts.get_segments()[0][:, 0].tolist() == other
    assert view.far == tidy(max(sent[-1], other[-1]))
    assert "B" in view.chart.get_xticklabels()[-1].get_text()
    assert not view.strokes.alone.get_visible(), "who never joins sends nothing"
    assert view.at(*place(view, sent[2], 0.02)).click == to_round(2)
    assert points(view.strokes.personal)[0, 0] == sent[R]


def test_over_messages_each_curve_lies_where_its_rounds_were_paid(ten, small):
    given_ = replace(ten, axis="messages", ghosts=(ghost("A", small),))
    view = drawn(Curves, given_)
    assert points(view.strokes.glob)[:, 0].tolist() == [24 * r for r in range(R + 1)]
    assert view.strokes.ghosts.get_segments()[0][:, 0].tolist() == [8 * r for r in range(R + 1)]
    assert "messages" in view.chart.get_xlabel()


@pytest.mark.parametrize("axis", ["bytes", "messages"])
def test_where_nothing_travels_rounds_are_the_axis(ten, axis):
    pooled = scene(SMALL.replace(algorithm="centralised"), late=False)
    view = drawn(Curves, replace(pooled, axis=axis))
    assert "nothing is sent" in view.chart.get_xlabel()
    assert points(view.strokes.glob)[:, 0].tolist() == list(range(R + 1))
    view.show(replace(ten, axis=axis, ghosts=(ghost("A", pooled),)))
    assert "A" not in view.ends.shown, "it is nowhere on this axis"


def test_the_axis_of_bytes_is_known_after_one_round_and_does_not_jump(ten):
    view = drawn(Curves, replace(ten, axis="bytes"))
    far = view.far
    for n in (1, 2, 5):
        part = replace(ten.series, accuracy=ten.series.accuracy[:n], clients=ten.series.clients[:n])
        view.show(
            replace(ten, axis="bytes", series=part, rounds=ten.rounds[:n], at=n - 1, late=None)
        )
        assert view.far == far


def test_the_axis_of_bytes_reaches_over_the_rounds_to_come(ten):
    part = replace(ten.series, accuracy=ten.series.accuracy[:3], clients=ten.series.clients[:3])
    begun = replace(ten, axis="bytes", series=part, rounds=ten.rounds[:3], at=2, late=None)
    assert drawn(Curves, begun).far == drawn(Curves, replace(ten, axis="bytes")).far


def test_over_epsilon_where_there_is_any():
    noisy = scene(TEN.replace(noise_multiplier=1.0))
    view = drawn(Curves, replace(noisy, axis="epsilon"))
    spent = [r.epsilon for r in noisy.rounds]
    assert np.isfinite(spent).all()
    assert points(view.strokes.glob)[:, 0].tolist() == spent
    assert view.round_at(place(view, spent[3], 0)[0]) == 3
    bare = ghost("A", noisy)._replace(epsilon=np.full(R + 1, np.inf))
    view.show(replace(noisy, axis="epsilon", ghosts=(bare,)))
    assert len(view.strokes.ghosts.get_segments()[0]) == 0, "its place is nowhere"
    assert "A" not in view.ends.shown


def test_without_noise_the_axis_of_epsilon_is_that_of_rounds(ten):
    view = drawn(Curves, replace(ten, axis="epsilon"))
    assert points(view.strokes.glob)[:, 0].tolist() == list(range(R + 1))
    assert "infinite" in view.chart.get_xlabel()


# --- a guess ------------------------------------------------------------------------------------


def test_before_a_guess_there_is_the_beginning_and_a_line_to_be_dragged(ten, small):
    hidden = replace(ten, veiled=True, guess=0.8, client=1, ghosts=(ghost("A", small),))
    view = drawn(Curves, hidden)
    strokes = view.strokes
    assert not len(points(strokes.cursor))
    assert points(strokes.handle).tolist() == [[0, ten.rounds[0].accuracy]]
    assert np.array_equal(points(strokes.starts)[:, 1], ten.rounds[0].client_accuracy)
    assert set(view.ends.shown) == {"your guess 0.80", "A"}
    assert points(strokes.guess)[:, 1].tolist() == [0.8, 0.8]
    assert points(strokes.arrow).tolist() == [[view.far, 0.8]]
    hit = view.at(*place(view, 3, 0.37))
    assert (hit.press.action, hit.cursor) == ("guess", "ns-resize")
    assert hit.press.arguments == (pytest.approx(0.37),)
    assert hit.drag(200, 2) == Intent("guess", (1.0,)), "dragged beyond the top"
    assert not re.search(r"\d", plain(Curves.sentence(replace(hidden, guess=None))))
    assert "80 %" in Curves.sentence(hidden)


def test_a_guess_is_held_against_the_run(ten):
    told = plain(Curves.sentence(replace(ten, guess=0.8)))
    assert told.startswith("You guessed 80 %;")
    assert f"{100 * ten.rounds[-1].accuracy:.1f}".removesuffix(".0") + " %" in told
    assert "You guessed" not in Curves.sentence(replace(ten, guess=0.8, at=2)), "not at its end yet"


# --- what stands out, and what is where ---------------------------------------------------------


def test_the_followed_client_stands_out_and_the_hovered_one_beside_it(ten):
    view = drawn(Curves, replace(ten, client=3))
    view.light(5)
    assert np.array_equal(points(view.strokes.followed)[:, 1], ten.series.clients[:, 3])
    assert np.array_equal(points(view.strokes.lit)[:, 1], ten.series.clients[:, 5])
    assert view.strokes.followed.get_color() == view.look.client(3)
    assert {f"client 3 {UNSEEN}", f"client 5 {UNSEEN}"} <= set(view.ends.shown)
    view.light(None)
    assert len(points(view.strokes.lit)) == 0
    assert np.array_equal(points(view.strokes.followed)[:, 1], ten.series.clients[:, 3])
    view.show(ten)
    assert len(points(view.strokes.followed)) == 0


def test_a_client_is_found_by_its_curve_and_a_round_elsewhere(small):
    clients = np.tile([0.1, 0.3, 0.5, np.nan], (R + 1, 1))
    made = replace(small.series, accuracy=np.linspace(0.8, 0.95, R + 1), clients=clients)
    given_ = replace(small, series=made, late=None)
    view = drawn(Curves, given_, ratio=1.5)
    hit = view.at(*place(view, 2.2, 0.51))
    held = small.federation.held.sizes[2]
    assert hit.client == 2
    assert hit.lines == (
        f"client 2 {UNSEEN}",
        "round 2: 0.50",
        f"on its own {held} held-out examples",
    )
    hit = view.at(*place(view, 4, made.accuracy[4]))
    assert (hit.click, hit.lines) == (to_round(4), ("global model", "round 4: 0.900"))
    hit = view.at(*place(view, 2.9, 0.65))
    assert hit.lines == ("round 3", f"global 0.875 · clients' mean 0.30 {UNSEEN}")
    assert (hit.click, hit.cursor) == (to_round(3), "ew-resize")
    assert view.at(3, 3) is None
    assert view.at(WIDE - 20, 100) is None
    assert [view.round_at(x) for x in (-50, place(view, 1.4, 0)[0], 5000)] == [0, 1, R]


def test_a_pinned_run_is_found(ten, small):
    flat = ghost("A", small)._replace(accuracy=np.full(R + 1, 0.02))
    view = drawn(Curves, replace(ten, ghosts=(flat,)))
    assert view.at(*place(view, 5, 0.02)).lines == ("pinned run A", "round 5: 0.020")
    dear = flat._replace(bytes_sent=5 * np.array([r.bytes_up + r.bytes_down for r in ten.rounds]))
    view.show(replace(ten, axis="bytes", ghosts=(dear,)))
    hit = view.at(*place(view, dear.bytes_sent[1], 0.02))
    assert (hit.click, hit.lines[1]) == (to_round(5), "round 1: 0.020"), (
        "its own round, and the run's"
    )


def test_the_sentence_has_the_numbers_of_the_round_shown(ten):
    now, last = replace(ten, at=3), plain(Curves.sentence(ten))
    told = plain(Curves.sentence(now))
    r = ten.rounds[3]
    right = f"{100 * r.accuracy:.1f}".removesuffix(".0")
    assert told.startswith(f"Round 3 of {R}: the global model gets {right} % of the test set")
    low, high = r.client_accuracy.min(), r.client_accuracy.max()
    assert f"{100 * low:.0f} % to {100 * high:.0f} % of their own {UNSEEN}" in told
    assert told != last
    assert len(last) <= 130
    followed = plain(Curves.sentence(replace(now, client=2)))
    assert f"{100 * r.client_accuracy[2]:.1f}".removesuffix(".0") in followed
    assert f"client 2 {UNSEEN}" in followed


def test_the_first_number_is_of_the_models_that_clients_use():
    given_ = scene(fp.Experiment(algorithm="fedper", model="mlp", rounds=R, alpha=0.1))
    mean = np.nanmean(given_.now.personal)
    told = plain(Curves.sentence(given_))
    first, second = re.findall(r"([\d.]+) %", told)
    assert float(first) == pytest.approx(100 * mean, abs=0.051)
    assert float(second) == pytest.approx(100 * given_.now.accuracy, abs=0.051)
    assert "each with its own head; the global model by itself gets" in told
    followed = plain(Curves.sentence(replace(given_, client=2)))
    assert f"and client 2 {UNSEEN}" in followed
    earlier = plain(Curves.sentence(replace(given_, at=2)))
    mean = np.nanmean(given_.rounds[2].personal)
    assert float(re.findall(r"([\d.]+) %", earlier)[0]) == pytest.approx(100 * mean, abs=0.051)
    clusters = plain(Curves.sentence(scene(fp.Experiment(algorithm="ifca", rounds=2))))
    assert "each with its cluster" in clusters


def test_what_a_run_came_to_is_said_at_its_end_and_marked_on_its_curve():
    lost = scene(SMALL)  # a linear model cannot tell circles apart
    assert lost.series.state.name == "at chance"
    told = Curves.sentence(lost)
    assert "<b>At chance</b>: always giving the same answer gets 50 % right." in told
    assert "At chance" not in Curves.sentence(replace(lost, at=2))
    assert "client 1" in Curves.sentence(replace(lost, client=1)), "who is followed is not left out"
    view = drawn(Curves, lost)
    assert view.ends.shown["global · at chance"].colour == LIGHT.alarm
    hidden = replace(lost, veiled=True, at=0)
    assert "at chance" not in " ".join(drawn(Curves, hidden).ends.shown)


def test_clients_that_would_be_better_off_alone_are_told_so(ten):
    late = replace(ten.late, state=below_alone(np.full(9, 0.5), np.full(9, 0.8)))
    told = plain(Curves.sentence(replace(ten, late=late)))
    assert "Below alone: a client that trains without the others gets 30 percentage points" in told
    assert f"fine-tuned · below alone {UNSEEN}" in drawn(Curves, replace(ten, late=late)).ends.shown
    old = replace(late, fresh=False)
    assert "Below alone" not in Curves.sentence(replace(ten, late=old)), "of another run"


# --- the label bars -----------------------------------------------------------------------------


def test_filled_dots_are_the_cohort():
    given_ = scene(TEN.replace(participation=0.4), at=2, late=False)
    view = drawn(LabelBars, given_)
    paper = matplotlib.colors.to_rgba(LIGHT.paper)
    faces = [tuple(face) for face in view.dots.get_facecolor()]
    cohort = set(given_.rounds[2].cohort.tolist())
    assert 0 < len(cohort) < 12
    assert {k for k, face in enumerate(faces) if face != paper} == cohort
    told = plain(LabelBars.sentence(given_))
    assert f"In round 2 clients {', '.join(map(str, sorted(cohort)))} took part" in told
    seat = next(iter(cohort))
    assert view.at(*place(view, seat, 1)).lines[2] == "takes part in round 2"
    out = next(k for k in range(12) if k not in cohort)
    assert view.at(*place(view, out, 1)).lines[2] == "sits out round 2"
    view.show(replace(given_, at=0))
    assert all(tuple(face) == paper for face in view.dots.get_facecolor())
    assert "took part" not in LabelBars.sentence(replace(given_, at=0))


def test_the_bars_are_the_counts_and_the_words_too(ten):
    view = drawn(LabelBars, ten, size=(WIDE, 200))
    counts = ten.federation.label_counts()
    corners = [path.vertices.reshape(-1, 5, 2) for path in view.bars.get_paths()]  # a class each
    heights = [np.ptp(stacked[:, :, 1], axis=1) for stacked in corners]
    assert np.allclose(np.transpose(heights), counts)
    hit = view.at(*place(view, 4, 1))
    top = int(counts[4].argmax())
    assert hit.client == 4
    assert hit.lines[0] == f"client 4 {UNSEEN}"
    assert hit.lines[1].startswith(f"{counts[4].sum()} examples: {counts[4, top]} of class {top}, ")
    told = plain(LabelBars.sentence(ten))
    sizes = counts.sum(axis=1)
    assert f"12 clients have from {sizes.min()} to {sizes.max()} training examples" in told
    assert f"{100 * sizes.max() / sizes.sum():.0f} % of all" in told
    assert f"Skew {ten.skew.jensen_shannon:.2f}" in told
    assert f"{ten.skew.effective_classes:.1f} of 10 classes" in told
    assert view.at(2, 100) is None
    assert view.at(WIDE - 30, 100) is None


def test_a_clients_bar_is_outlined(ten):
    view = drawn(LabelBars, replace(ten, client=3))
    view.light(5)

    def middles():
        return [path.vertices[:4, 0].mean() for path in view.outline.get_paths()]

    assert middles() == [3, 5]
    strong, weak = view.outline.get_linewidths()
    assert strong > weak
    view.light(None)
    assert middles() == [3]
    view.light(99)
    assert middles() == [3]


def test_bars_are_drawn_again_only_where_they_changed(ten):
    view = drawn(LabelBars, ten)
    below = view.canvas._below
    view.show(replace(ten, at=1))
    view.canvas.frame()
    assert view.canvas._below is below
    counts = ten.labels.counts + 1
    view.show(replace(ten, labels=ten.labels._replace(counts=counts)))
    view.canvas.frame()
    assert view.canvas._below is not below


@pytest.mark.parametrize("clients", [1, 200])
def test_one_client_and_more_than_there_is_room_for(clients):
    exp = fp.Experiment(clients=clients, rounds=1, partition="resampled", participation=1.0)
    given_ = scene(exp, late=False)
    view = drawn(LabelBars, given_)
    view.light(clients - 1)
    view.canvas.frame()
    told = plain(LabelBars.sentence(given_))
    assert told.startswith("One client" if clients == 1 else "200 clients")
    if clients == 200:
        assert "50 of the 200 clients" in view.heading.get_text()
        assert "200 clients took part" in told


# --- the picture --------------------------------------------------------------------------------


@pytest.mark.parametrize("look", [LIGHT, DARK], ids=["light", "dark"])
def test_the_accent_belongs_to_the_global_model_alone(ten, look):
    view = drawn(Curves, ten, look)
    accent = np.array([int(look.accent[i : i + 2], 16) for i in (1, 3, 5)])

    def count():
        return int((view.canvas.frame()[..., :3] == accent).all(axis=-1).sum())

    assert count() > 100
    view.show(replace(ten, series=replace(ten.series, accuracy=np.full(R + 1, np.nan))))
    view.strokes.handle.set_visible(False)
    assert count() == 0
    paper = [int(look.paper[i : i + 2], 16) for i in (1, 3, 5)]
    assert view.canvas.frame()[0, 0, :3].tolist() == paper


def test_axes_do_not_jump(ten):
    view = drawn(Curves, ten)
    ticks = view.canvas.frame()[:, :50].copy()
    for rounds in (5, 6):
        view.show(replace(ten, series=replace(ten.series, rounds=rounds)))
        assert view.chart.get_ylim() == (0, 1)
        assert np.array_equal(view.canvas.frame()[:, :50], ticks)


def test_long_names_are_cut_and_names_are_one_line(small):
    names = (r"$\frac{1}{0}$", "$", "\x00new\nline", "x" * 99)
    labels = small.labels._replace(classes=names[:2], names=names)
    given_ = replace(small, labels=labels, client=0)
    made = drawn(LabelBars, given_)
    words = [text.get_text() for text in made.names if text.get_gid() == "name"]
    assert words == [short(name) for name in names[:2]]
    assert short("x" * 99) == "x" * 15 + "…"
    assert short("\x00new\nline") == " new line"
