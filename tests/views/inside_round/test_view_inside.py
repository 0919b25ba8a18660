"""The view "Inside a round": what is drawn and said is the trace, whatever the round."""

from __future__ import annotations

import re
from dataclasses import replace
from itertools import pairwise

import matplotlib
import numpy as np
import pytest
from matplotlib.colors import to_rgba

import fedplay as fp
from fedplay.drawing.figure import Canvas
from fedplay.drawing.geometry import Box
from fedplay.drawing.style import LIGHT
from fedplay.views.inside_round.parts import CROWD, grid
from fedplay.views.inside_round.view import STEPS, InsideRound
from fedplay.views.scene import places_of
from fedplay.words import UNSEEN
from tests.support.scenes import scene

matplotlib.use("agg")
PHASES = (0.0, 0.5, 1.0, 1.4, 2.0, 2.6, 3.0, 3.3, 3.8, 4.0)


def at_stage(exp=None, size=(900, 230), look=LIGHT, box=None, **more):
    shown = scene(exp or fp.Experiment(rounds=3, clients=6), InsideRound, late=False, **more)
    canvas = Canvas(*size, 1.0, look.paper)
    view = InsideRound(canvas, box or Box(0, 0, *size), look)
    view.show(shown)
    return view, shown


def dots(view, colour=None):
    """The positions of the dots (of one face colour), in css pixels of the box."""
    where = np.asarray(view.pen.dots.get_offsets())
    if colour is None:
        return where
    faces = view.pen.dots.get_facecolor()
    return where[np.isclose(faces, to_rgba(colour)).all(axis=1)]


def lines(view):
    return [np.asarray(path.vertices) for path in view.pen.lines.get_paths()]


def has(points, wanted, within=0.6):
    points = np.asarray(points)
    return len(points) > 0 and np.hypot(*(points - wanted).T).min() <= within


# --- the plane ----------------------------------------------------------------------------------


def test_the_plane_keeps_distances_and_points_the_average_up():
    view, shown = at_stage()
    place, trace = view.plane.place, shown.closeup
    zero, right, up = place(np.array([(0, 0), (0, 1), (1, 0)]))
    np.testing.assert_allclose(right - zero, [view.plane.scale, 0], atol=1e-9)
    np.testing.assert_allclose(up - zero, [0, -view.plane.scale], atol=1e-9)
    for point in (*trace.ends, trace.moved, *np.concatenate(trace.paths)):
        assert view.plane.box.holds(*place(point))


def test_paths_grow_at_one_pace_and_end_where_the_clients_ended():
    view, shown = at_stage()
    trace = shown.closeup
    assert np.ptp(trace.steps) > 0, "the clients should take different numbers of steps"
    for phase in (1.25, 1.5, 2.0):
        view.show(replace(shown, phase=phase))
        for k, path in enumerate(trace.paths):
            taken = min((phase - 1) * trace.steps.max(), trace.steps[k])
            whole = int(taken)
            tip = path[whole]
            if whole < trace.steps[k]:
                tip = tip + (taken - whole) * (path[whole + 1] - tip)
            assert has(dots(view, LIGHT.client(k)), view.plane.place(tip), 1e-6)
            expected = view.plane.place(np.vstack([path[: whole + 1], tip]))
            assert any(np.allclose(line[[0, -1]], expected[[0, -1]]) for line in lines(view)), (
                "a path from the global model to where the client is"
            )


def test_arrows_end_where_updates_end_cut_by_the_channel():
    exp = fp.Experiment(rounds=3, clients=8, clip=0.2)
    view, shown = at_stage(exp)
    trace = shown.closeup
    assert trace.clipped.any()
    for phase, tips in ((2.01, trace.ends), (3.0, trace.sent)):
        view.show(replace(shown, phase=phase))
        heads = [path.vertices[0] for path in view.pen.heads.get_paths()]
        for tip in tips:
            assert has(heads, view.plane.place(tip), 1.0)
    ring = np.concatenate([line for line in lines(view) if len(line) > 100])
    away = np.hypot(*(ring - view.plane.place(np.zeros(2))).T)
    np.testing.assert_allclose(away[np.isfinite(away)], 0.2 * view.plane.scale)


def test_the_arrows_end_to_end_lead_to_the_average_and_the_new_model():
    view, shown = at_stage()
    trace = shown.closeup
    foot, goal = view.plane.place(np.zeros(2)), view.plane.place(trace.average)
    pieces = [line for line in lines(view) if len(line) == 2]
    at, used = foot, 0
    while used < trace.K:  # walk from piece to piece
        sizes = trace.share[:, None] * trace.sent
        ends = [at + view.plane.scale * np.array([v[1], -v[0]]) for v in sizes]
        following = next(
            (end for end in ends for p in pieces if np.allclose([at, end], p, atol=1e-6)), None
        )
        assert following is not None
        at, used = following, used + 1
    np.testing.assert_allclose(at, goal, atol=1e-3)
    assert has(dots(view, LIGHT.accent), view.plane.place(trace.moved), 1e-6)
    view.show(replace(shown, phase=3.0))
    assert not has(dots(view, LIGHT.accent), view.plane.place(trace.moved))


def test_noise_is_drawn_with_all_of_its_length_and_the_exact_average_is_crossed():
    exp = fp.Experiment(rounds=3, clients=30, participation=0.5, noise_multiplier=3.0)
    view, shown = at_stage(exp)
    trace = shown.closeup
    exact, new = view.plane.place(np.array([trace.average, trace.moved]))
    assert np.hypot(*(new - exact)) > 1
    assert has(dots(view, LIGHT.accent), new, 1e-6)
    assert any(np.allclose(line.mean(axis=0), exact) for line in lines(view) if len(line) == 2)
    away = [np.hypot(*(line - exact).T) for line in lines(view) if len(line) > 100]
    radius = trace.noise_length * view.plane.scale
    assert any(np.allclose(a[np.isfinite(a)], radius) for a in away)
    assert f"<b>{trace.noise_length:.2f}</b>" in InsideRound.sentence(shown)


# --- the server and the chart -------------------------------------------------------------------


def test_the_model_goes_out_to_the_cohort_alone_and_the_updates_come_back():
    exp = fp.Experiment(rounds=3, clients=20, participation=0.25)
    view, shown = at_stage(exp)
    trace = shown.closeup
    view.show(replace(shown, phase=0.5))
    here, away, _ = view.schematic.seats(view._cast(shown, trace))
    assert (len(here), len(away)) == (5, 15)
    middle = (here + view.schematic.server) / 2
    out = dots(view, LIGHT.accent)
    assert all(has(out, m) for m in middle)
    assert len(out) == 5 + 1, "these, and the server's own"
    view.show(replace(shown, phase=2.5))
    for k, m in zip(trace.ids, middle, strict=True):
        assert has(dots(view, LIGHT.client(k)), m)
    view.show(shown)
    width = {
        tuple(line[0]): w for line, w in zip(lines(view), view.pen.lines.get_lw(), strict=True)
    }
    widths = [width[tuple(seat)] for seat in here]
    assert np.array_equal(np.argsort(widths), np.argsort(trace.weight)), "the heavy count more"


def test_the_chart_shows_both_accuracies_of_each_local_model_once_there_are_any():
    view, shown = at_stage()
    trace, chart = shown.closeup, view.chart
    order, rows = chart.rows(trace)
    assert np.all(np.diff(trace.tested[order]) <= 0)
    places = [
        (chart.x(value), y)
        for k, y in zip(order, rows, strict=True)
        for value in (trace.tested[k], trace.own[k])
    ]
    assert all(has(dots(view), place, 1e-6) for place in places)
    view.show(replace(shown, phase=1.9))
    assert not any(has(dots(view), place) for place in places), "nothing before it is known"
    for phase, values in ((3.0, [trace.accuracy_before]), (4.0, [trace.accuracy_after])):
        view.show(replace(shown, phase=phase))
        vertical = [line[0, 0] for line in lines(view) if np.ptp(line[:, 0]) == 0]
        for value in values:
            assert np.isclose(vertical, chart.x(value)).any()
    assert view.score.words == f"global {trace.accuracy_before:.2f} → {trace.accuracy_after:.2f}"


def test_the_caption_says_how_much_the_plane_shows():
    view, shown = at_stage()
    trace = shown.closeup
    assert f"{round(100 * trace.shown)} %" in view.captions["plane"].get_text()
    assert float(view.captions["bar"].get_text()) == pytest.approx(view.plane.bar())
    assert view.captions["cohort"].get_text() == "6 of 6 clients take part"


# --- pointing and lighting ----------------------------------------------------------------------


def test_pointing_at_a_dot_says_what_its_client_did():
    view, shown = at_stage()
    trace = shown.closeup
    order, rows = view.chart.rows(trace)
    row = rows[order.tolist().index(4)]
    for x, y in (view.plane.place(trace.ends[4]), (float(view.chart.x(trace.tested[4])), row)):
        hit = view.at(x, y)
        assert (hit.client, hit.cursor) == (4, "pointer")
    name, length, counts, model = hit.lines
    assert name == "client 4"
    assert length == f"update's length {trace.lengths[4]:.2f}, {trace.steps[4]} steps"
    assert counts == f"counts {trace.share[4]:.2f} in the average"
    assert model == (
        f"its model: {trace.own[4]:.2f} on its own data {UNSEEN}, "
        f"{trace.tested[4]:.2f} on the test set"
    )
    assert view.at(2, 2) is None
    view.show(replace(shown, fresh=False))
    assert view.at(x, y) is None, "it belongs to another round"


def test_who_stays_away_can_be_pointed_at_too():
    view, shown = at_stage(fp.Experiment(rounds=3, clients=20, participation=0.25))
    cast = view._cast(shown, shown.closeup)
    _, away, _ = view.schematic.seats(cast)
    hit = view.at(*away[3])
    assert hit.client == cast.away[3]
    assert hit.lines == (f"client {cast.away[3]}", "stays away in this round")


def test_a_client_that_is_lit_or_followed_stands_out():
    view, shown = at_stage()
    view.light(2)
    assert has(dots(view, LIGHT.client(2)), view.plane.place(shown.closeup.ends[2]))
    assert not len(dots(view, LIGHT.client(3)))
    view.light(None)
    view.show(replace(shown, client=2))
    assert not len(dots(view, LIGHT.client(3))), "a client that is followed"


# --- in words -----------------------------------------------------------------------------------


def test_the_sentence_follows_the_phase():
    exp = fp.Experiment(rounds=3, clients=20, participation=0.2)
    _, shown = at_stage(exp)
    trace = shown.closeup
    said = [InsideRound.sentence(replace(shown, phase=p)) for p in (0.2, 1.2, 2.2, 3.2)]
    for i, sentence in enumerate(said):
        assert sentence.startswith(f"<b>{STEPS[i]}</b> (round 3). ")
    assert InsideRound.sentence(shown) == said[3]
    assert "<b>650</b> numbers (2.6 kB), to <b>4</b> of 20 clients" in said[0]
    far = trace.lengths.argmax()
    assert f"{trace.steps.min()} to {trace.steps.max()} steps" in said[1]
    assert f"client {trace.ids[far]} gets farthest, <b>{trace.lengths[far]:.2f}</b>" in said[1]
    heavy = trace.weight.argmax()
    part = round(100 * trace.weight[heavy] / trace.weight.sum())
    assert f"Client {trace.ids[heavy]} has the most examples and counts <b>{part} %" in said[2]
    before, after = shown.rounds[2].accuracy, shown.rounds[3].accuracy
    assert f"goes from {before:.2f} to <b>{after:.2f}</b> on the test set" in said[3]
    assert f"reach {trace.tested.mean():.2f} on average" in said[3]
    assert "computed" in InsideRound.sentence(replace(shown, closeup=None))


def test_accuracies_that_look_the_same_get_a_third_decimal():
    view, shown = at_stage()
    near = replace(shown.closeup, accuracy_before=0.9211, accuracy_after=0.9239)
    seen = replace(shown, closeup=near)
    view.show(seen)
    assert "goes from 0.921 to <b>0.924</b> on the test set" in InsideRound.sentence(seen)
    assert view.score.words == "global 0.921 → 0.924"
    view.show(replace(seen, phase=3.0))
    assert view.score.words == "global 0.92"


@pytest.mark.parametrize(("noise", "seen"), [(0.05, True), (300.0, False)])
def test_a_ring_is_named_only_where_it_can_be_seen(noise, seen):
    exp = fp.Experiment(rounds=1, clients=30, participation=0.5, noise_multiplier=noise)
    view, shown = at_stage(exp)
    trace = shown.closeup
    words = "ring: noise" if seen else f"noise {trace.noise_length:.2f}"
    assert view.key.words == f"→ their average, ● new global model, {words}"
    centre = view.plane.place(trace.average)
    radius = trace.noise_length * view.plane.scale
    rings = [np.hypot(*(line - centre).T) for line in lines(view) if len(line) > 100]
    assert any((np.abs(away - radius) < 1e-6).any() for away in rings) == seen


def test_single_steps_are_marked_as_what_no_server_sees():
    view, shown = at_stage()
    view.show(replace(shown, phase=1.5))
    assert UNSEEN in view.key.words


def test_how_many_were_cut_is_said():
    _, shown = at_stage(fp.Experiment(rounds=3, clients=8, clip=0.2))
    said = InsideRound.sentence(replace(shown, phase=2.5))
    assert f"<b>{(shown.closeup.lengths > 0.2).sum()}</b> of 8 were cut to length 0.20" in said


# --- odd rounds ---------------------------------------------------------------------------------

ODD = {
    "one": dict(clients=1),
    "nobody": dict(clients=5, schedule="poisson", participation=1e-9),
    "nobody but noise": dict(clients=5, participation=1e-9, noise_multiplier=1.0),
    "fifty": dict(clients=50, model="mlp", hidden=(4,)),
    "two hundred": dict(clients=200),
    "a panel of many": dict(
        clients=3000, partition="resampled", client_examples=8, participation=0.03
    ),
    "no learning": dict(learning_rate=1e-30),
    "too much": dict(learning_rate=1000.0, local_epochs=5, server_learning_rate=100.0),
}


@pytest.mark.parametrize("name", ODD)
def test_odd_rounds_are_shown_in_every_phase(name):
    exp = fp.Experiment(rounds=2, **ODD[name])
    view, shown = at_stage(exp)
    pictures = []
    for phase in PHASES:
        view.show(replace(shown, phase=phase))
        view.light(0)
        view.light(None)
        pictures.append(view.canvas.frame().copy())
        said = re.sub("<.*?>", "", InsideRound.sentence(replace(shown, phase=phase)))
        assert len(said) > 30
        assert "nan" not in said
    assert all((a != b).any() for a, b in pairwise(pictures))
    assert np.isfinite(view.plane.scale)
    assert np.isfinite(dots(view)).all()


@pytest.mark.parametrize("noise", [0.0, 1.0])
def test_where_nobody_takes_part_only_noise_moves_the_model(noise):
    exp = fp.Experiment(rounds=1, noise_multiplier=noise, **ODD["nobody"])
    view, shown = at_stage(exp)
    assert view.captions["cohort"].get_text() == "0 of 5 clients take part"
    assert view.captions["plane"].get_text() == "no update to draw"
    assert view.key.words.startswith("no client takes part")
    assert ("noise" in view.key.words) == (noise > 0)
    assert (view.captions["bar"].get_text() != "") == (noise > 0)
    assert len(view.pen.heads.get_paths()) <= 1, "no update, but perhaps the global model's way"
    assert "None of 5" in InsideRound.sentence(replace(shown, phase=0.5))
    assert ("Noise of length" in InsideRound.sentence(shown)) == (noise > 0)


def test_a_model_that_overflows_ends_without_a_warning():
    view, shown = at_stage(fp.Experiment(rounds=2))
    bad = np.full(2, np.nan)
    trace = shown.closeup
    shape = np.full_like(trace.ends, np.nan)
    broken = replace(
        trace,
        ends=shape,
        sent=shape,
        paths=tuple(np.full_like(p, np.nan) for p in trace.paths),
        average=bad,
        step=bad,
        moved=bad,
        shown=np.nan,
        lengths=np.full_like(trace.lengths, np.inf),
        tested=np.full_like(trace.tested, np.nan),
        own=np.full_like(trace.own, np.nan),
        accuracy_after=np.nan,
    )
    for phase in PHASES:
        now = replace(shown, closeup=broken, phase=phase)
        view.show(now)
        view.canvas.frame()
        assert InsideRound.sentence(now)
        assert view.at(*view.schematic.server) is None
    assert "overflow" in InsideRound.sentence(replace(now, phase=1.5))


def test_before_anything_is_computed_the_four_steps_are_named():
    view, shown = at_stage()
    view.show(replace(shown, closeup=None))
    assert [stamp.words for stamp in view.steps] == list(STEPS)
    assert view.steps[3].weight == "bold"
    assert not len(dots(view))
    assert view.at(100, 100) is None
    view.show(replace(shown, phase=1.5))
    assert [stamp.weight for stamp in view.steps] == ["normal", "bold", "normal", "normal"]


def test_crowds_get_a_sample_of_rows_and_few_arrows():
    view, shown = at_stage(fp.Experiment(rounds=1, clients=200))
    assert len(view.chart.rows(shown.closeup)[0]) == CROWD
    assert view.captions["chart"].get_text() == f"{CROWD} of 200 local models"
    assert len(view.pen.heads.get_paths()) < 20
    for end in shown.closeup.ends:
        assert has(dots(view), view.plane.place(end), 1e-6)


def test_clients_beyond_the_panel_have_no_place():
    exp = fp.Experiment(rounds=1, **ODD["a panel of many"])
    view, shown = at_stage(exp)
    trace = shown.closeup
    places = places_of(shown, trace.ids)
    for place, who in zip(places, trace.ids, strict=True):
        assert shown.panel[place] == who if place >= 0 else who not in shown.panel
    assert 0 < (places < 0).sum() < trace.K
    for k in np.flatnonzero(places < 0)[:5]:
        hit = view.at(*view.plane.place(trace.ends[k]))
        assert hit is None or shown.panel[hit.client] != trace.ids[k]


def test_seats_are_apart_and_inside():
    box = Box(80, 30, 150, 160)
    for n in (1, 2, 7, 50, 200):
        seats = grid(n, box)
        assert seats.shape == (n, 2)
        assert all(box.holds(x, y) for x, y in seats)
        assert len({tuple(s) for s in seats.round(3)}) == n
    assert grid(0, box).shape == (0, 2)
