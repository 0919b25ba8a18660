"""The drift microscope: what is drawn is the run and its formulas; an optimum can be dragged."""

from __future__ import annotations

import html
from dataclasses import replace

import matplotlib
import numpy as np
import pytest

import fedplay as fp
from fedplay.drawing.figure import Canvas
from fedplay.drawing.geometry import Box
from fedplay.drawing.scale import ticks
from fedplay.drawing.style import LIGHT
from fedplay.engine.loop import Run, stream
from fedplay.inspect import closed_forms
from fedplay.views.drift import analysis as engine
from fedplay.views.drift.panel import Panel, beside, magnification, near
from fedplay.views.drift.view import DriftView
from fedplay.views.registered import VIEWS
from fedplay.views.scene import to_round
from fedplay.words import plain
from tests.support.reference import random_federation
from tests.support.scenes import scene
from tests.support.screens import unfolded

matplotlib.use("agg")
PLANE = fp.Experiment(
    data="quadratics", partition="natural", model="quadratic", clients=4, rounds=8,
    local_epochs=5, learning_rate=0.1,
)  # fmt: skip
LINE = PLANE.replace(dimensions=1)
DIGITS = fp.Experiment(rounds=4, clients=5, partition="shards", local_epochs=2)


def view_of(exp, size=(900, 260), look=LIGHT, **more):
    shown = scene(exp, DriftView, late=False, **more)
    canvas = Canvas(*size, 1.0, look.paper)
    view = DriftView(canvas, Box(0, 0, *size), look)
    view.show(shown)
    return view, shown


def models(exp, federation=None):
    return np.array([r.parameters for r in stream(Run(exp, federation))], np.float64)


# --- the engine's part ----------------------------------------------------------------------------


def found(exp, number, federation=None):
    *pieces, last = engine.drift(Run(exp, federation), number)
    assert all(piece is None for piece in pieces)
    return last


@pytest.mark.parametrize("exp", [PLANE, PLANE.replace(algorithm="scaffold"), LINE])
def test_few_parameters_are_shown_as_they_are(exp):
    exp = exp.replace(dtype="float64")
    course = found(exp, 3).course
    W = models(exp)
    np.testing.assert_allclose(course.server[:, : W.shape[1]], W)
    a, x = exp.source.problems(exp.data_seed)
    goal = closed_forms.optimum(a, x, np.ones(4))
    np.testing.assert_allclose(course.goal, goal)
    np.testing.assert_allclose(course.far, np.linalg.norm(W - goal, axis=1))
    marks = {mark.name: mark.w for mark in course.marks}
    np.testing.assert_allclose(marks["FedAvg"], closed_forms.fedavg(a, x, np.ones(4), 0.1, 5))
    np.testing.assert_allclose(
        marks["FedProx"], closed_forms.fedavg(a, x, np.ones(4), 0.1, 5, exp.mu)
    )


def test_the_steps_are_those_of_each_client():
    exp = PLANE.replace(dtype="float64")
    got, W = found(exp, 3), models(exp)
    a, x = exp.source.problems(exp.data_seed)
    assert got.ids.tolist() == [0, 1, 2, 3]
    for k in range(4):
        w = W[2]
        for step in range(6):
            np.testing.assert_allclose(got.paths[k][step], w, atol=1e-12)
            assert got.far[k][step] == pytest.approx(np.linalg.norm(w - got.course.goal))
            w = w - 0.1 * a[k] * (w - x[k])
    ends = np.array([path[-1] for path in got.paths])
    np.testing.assert_allclose(got.ends, ends)
    apart = np.linalg.norm(ends - ends.mean(axis=0), axis=1).mean()
    assert got.apart == pytest.approx(apart)
    assert got.moved == pytest.approx(np.linalg.norm(W[3] - W[2]))
    np.testing.assert_allclose((got.before, got.after), W[2:4])


def test_more_parameters_share_one_plane_and_it_says_how_much_it_holds():
    W = models(DIGITS)
    run = Run(DIGITS)
    *_, first = engine.drift(run, 1)
    *_, later = engine.drift(run, 3)
    course = first.course
    assert later.course is course
    np.testing.assert_allclose(course.basis @ course.basis.T, np.eye(2), atol=1e-9)
    np.testing.assert_allclose(course.server, (W - course.origin) @ course.basis.T, atol=1e-6)
    way = W - W[0]
    held = ((way @ course.basis.T) ** 2).sum() / (way**2).sum()
    assert course.held[0] == pytest.approx(held, rel=1e-6)
    assert 0 < course.held[1] < 1
    assert course.server[-1, 0] > course.server[0, 0]  # to the right is where it goes


def test_the_picture_tells_how_much_gradients_differ_where_the_round_begins():
    view, shown = view_of(PLANE, at=1)
    a, x = PLANE.source.problems(PLANE.data_seed)
    g = -a[:, None] * x  # at the model that everything begins with, 0
    square, mean = (g**2).sum(axis=1).mean(), g.mean(axis=0)
    B = np.sqrt(square / (mean @ mean))
    G = np.sqrt(square - mean @ mean)
    np.testing.assert_allclose(shown.closeup.differ, (B, G))
    said = view.captions["differ"].get_text()
    assert said == f"gradients {B:.2f} × as long as their mean, G {G:.2f}"
    crowd = DIGITS.replace(partition="resampled", client_examples=10, clients=300, rounds=1)
    view, shown = view_of(crowd, at=1)
    assert np.isnan(shown.closeup.differ).all()
    assert view.captions["differ"].get_text() == ""


def test_the_pooled_end_is_the_centralised_run():
    exp = DIGITS.replace(server="momentum", noise_multiplier=0.5)
    pooled = DIGITS.replace(algorithm="centralised")
    np.testing.assert_allclose(found(exp, 1).course.goal, fp.run(pooled).parameters, rtol=1e-6)
    assert not found(exp, 1).course.exact


def test_formulas_are_left_out_where_they_do_not_hold():
    too_fast = found(PLANE.replace(learning_rate=0.5, curvatures=(4.0,)), 1).course
    assert [mark.name for mark in too_fast.marks] == ["optimum"]
    mixed = PLANE.replace(partition="iid", batch_size=2)
    assert [mark.name for mark in found(mixed, 1).course.marks] == ["optimum"]
    whole = found(mixed.replace(batch_size=None), 1).course
    assert [mark.name for mark in whole.marks] == ["optimum", "FedAvg", "FedProx"]
    end = fp.run(mixed.replace(batch_size=None, rounds=200, dtype="float64")).parameters
    np.testing.assert_allclose(end, whole.marks[1].w, atol=1e-6)


@pytest.mark.parametrize(
    ("choices", "reason"),
    [
        (dict(participation=0.5), "part of the clients"),
        (dict(schedule="poisson", participation=0.9), "part of the clients"),
        (dict(stragglers=0.5), "stragglers"),
        (dict(stragglers=0.5, local_epochs=1, partial_work="dropped"), "stragglers"),
        (dict(clip=0.5), "changed on their way"),
        (dict(clip=0.5, algorithm="scaffold"), "changed on their way"),
        (dict(noise_multiplier=0.5), "changed on their way"),
        (dict(aggregate="fixed"), "weighted mean"),
        (dict(server="momentum"), "rule of its own"),
        (dict(server="adam"), "rule of its own"),
        (dict(partition="iid", batch_size=2), "part of a client's examples"),
        (dict(learning_rate=0.5, curvatures=(4.0,)), "learning rate"),
    ],
)
def test_marks_are_left_out_with_their_reason(choices, reason):
    view, shown = view_of(PLANE.replace(**choices))
    course = shown.closeup.course
    assert [mark.name for mark in course.marks] == ["optimum"]
    assert reason in course.unmarked
    told = f"No formula says where methods end here: {course.unmarked}."
    assert told in html.unescape(view.sentence(shown))
    assert told not in plain(view.sentence(shown)), "but on hovering"


@pytest.mark.parametrize(
    "choices",
    [
        {},
        dict(stragglers=0.5, local_epochs=1),  # of one epoch a part is all of it
        dict(schedule="poisson", participation=1.0),
        dict(server_learning_rate=0.5),
        dict(algorithm="fednova", partition="dirichlet", alpha=1.0, batch_size=None),
        dict(algorithm="fedprox", mu=2.0),
        dict(personal="ditto"),
    ],
)
def test_where_marks_stand_the_run_ends_there(choices):
    exp = PLANE.replace(dtype="float64", rounds=300, **choices)
    course = found(exp, 1).course
    assert course.unmarked == ""
    name = {"fedprox": "FedProx", "fednova": "FedNova"}.get(exp.algorithm, "FedAvg")
    (mark,) = (mark.w for mark in course.marks if mark.name == name)
    np.testing.assert_allclose(fp.run(exp).parameters, mark, atol=1e-8)


def test_a_method_that_does_not_come_to_rest_has_no_mark():
    """Every client goes nearly all the way, and the server then twice as far and more."""
    exp = PLANE.replace(server_learning_rate=2.5, local_epochs=50, dtype="float64")
    assert np.abs(models(exp)[-1]).max() > np.abs(models(exp)[1]).max()
    assert "FedAvg" not in [mark.name for mark in found(exp, 1).course.marks]


@pytest.mark.parametrize("size", [1e-13, 1e-160, 1e160])
def test_a_course_of_any_size_has_its_plane(size):
    """As good as that of the same run in another unit."""
    fed = random_federation(np.random.default_rng(0), [9, 12, 7])
    exp = fp.Experiment(rounds=3, batch_size=None, dtype="float64", learning_rate=1e-3)
    usual = found(exp, 2, fed).course.held
    assert min(usual) > 0.5
    if size < 1:
        held = found(exp.replace(learning_rate=1e-3 * size), 2, fed).course.held
        np.testing.assert_allclose(held, usual, atol=0.1)
    else:
        big = replace(fed, X=fed.X * size, X_test=fed.X_test * size)
        assert np.isfinite(found(exp, 2, big).course.held).all()


# --- what is drawn --------------------------------------------------------------------------------


def dots(view):
    return np.asarray(view.picture.pen.dots.get_offsets())


def drawn(view, where):
    """Whether there is a dot at each of these css positions."""
    where = where[np.isfinite(where).all(axis=-1)]
    return all((np.hypot(*(dots(view) - one).T) < 0.05).any() for one in where)


@pytest.mark.parametrize("exp", [PLANE, DIGITS])
def test_the_run_and_the_round_are_on_the_picture(exp):
    view, shown = view_of(exp, at=3)
    got = shown.closeup
    assert drawn(view, view.whole.place(got.course.server))
    for path in got.paths:
        assert drawn(view, view.round.place(path[1:]))
    assert drawn(view, view.round.place(np.array([got.before, got.after])))
    assert view.whole.scale[0] == view.whole.scale[1]
    assert np.isfinite(view.whole.place(got.course.server)).all()
    assert np.isfinite(view.round.place(got.ends)).all()


def test_one_parameter_walks_down_the_losses():
    view, shown = view_of(LINE, at=2)
    got = shown.closeup
    a, x = LINE.source.problems(LINE.data_seed)
    for k, path in enumerate(got.paths):
        w = path[-1, 0]
        at = view.whole.place(np.array([[w, a[k] * (w - x[k, 0]) ** 2 / 2]]))
        assert drawn(view, at)
        assert drawn(view, view.round.place(np.array([[1.0, w]])))
    assert drawn(view, view.whole.place(np.column_stack([x[:, 0], np.zeros(4)])))


def test_nothing_beyond_what_is_known_of_the_run_is_drawn():
    view, shown = view_of(PLANE, at=2)
    view.show(replace(shown, rounds=shown.rounds[:3]))
    server = view.whole.place(shown.closeup.course.server)
    spots = [spot for spot in view.picture.spots if spot.kind == "round"]
    assert np.isfinite(spots[0].where).all(axis=1).tolist() == [True] * 3 + [False] * 6
    np.testing.assert_allclose(spots[0].where[:3], server[:3])
    assert "ends" not in view.sentence(replace(shown, rounds=shown.rounds[:3])).split("moves")[1]


def test_the_plane_is_steady_from_round_to_round():
    view, shown = view_of(DIGITS, at=1)
    before = view.whole.scale.copy(), view.whole.middle.copy()
    *_, later = engine.drift(Run(DIGITS), 4)
    view.show(replace(shown, at=4, closeup=replace(later, course=shown.closeup.course)))
    np.testing.assert_array_equal((view.whole.scale, view.whole.middle), before)


def test_marks_are_named_and_named_together_where_they_meet():
    view, _ = view_of(PLANE.replace(algorithm="fedprox", mu=3.0, local_epochs=20))
    assert [s.words for s in view.picture.names if s.get_visible()] != []
    said = " ".join(s.words for s in view.picture.names if s.get_visible())
    assert "optimum" in said
    assert "FedProx, μ 3" in said
    view, _ = view_of(PLANE.replace(mu=1e-3))
    assert any("FedAvg ≈ FedProx" in s.words for s in view.picture.names if s.get_visible())


def test_a_client_without_held_out_data_and_one_that_stays_away():
    fed = random_federation(np.random.default_rng(0), [1, 6, 9], test_fraction=0)
    exp = fp.Experiment(rounds=2, participation=0.34)
    view, shown = view_of(exp, federation=fed, client=0, at=1)
    view.canvas.frame()
    away = next(k for k in range(3) if k not in shown.closeup.ids)
    assert "stays away" in view.sentence(replace(shown, client=away))


# --- what is said ---------------------------------------------------------------------------------


def test_the_sentence_has_the_run_s_own_numbers():
    view, shown = view_of(PLANE.replace(rounds=60), at=3)
    got = shown.closeup
    said = view.sentence(shown)
    assert f"<b>{got.apart:.2f}</b> from their mean" in said
    assert f"moves <b>{got.moved:.2f}</b>" in said
    assert f"FedAvg ends <b>{got.course.far[-1]:.3f}</b> from the optimum, where its" in said
    scaffold = view_of(PLANE.replace(algorithm="scaffold", rounds=60))
    assert "SCAFFOLD ends at the <b>optimum</b>" in scaffold[0].sentence(scaffold[1])
    followed = view.sentence(replace(shown, client=2))
    assert followed.startswith("In round 3 client 2 gets from ")
    assert f"to <b>{got.far[2][-1]:.2f}</b> away from the optimum in 5 steps" in followed
    digits = view_of(DIGITS)
    assert "from where pooled training gets; it began " in digits[0].sentence(digits[1])


def test_a_move_that_is_next_to_none_is_no_number():
    view, shown = view_of(PLANE.replace(rounds=60), at=3)
    still = replace(shown, closeup=replace(shown.closeup, moved=7.5e-9))
    assert "; the global model stays where it is." in view.sentence(still)


def test_the_pointer_finds_steps_rounds_and_optima():
    view, shown = view_of(PLANE, at=3)
    got = shown.closeup
    x, y = view.round.place(got.paths[1][2])
    hit = view.at(x, y)
    assert hit.client == 1
    assert hit.lines[1] == "after step 2 of 5"
    assert hit.lines[2] == f"{got.far[1][2]:.2f} from the optimum"
    x, y = view.whole.place(got.course.server[0])
    assert view.at(x, y).click == to_round(0)
    for k, where in enumerate(view.whole.place(got.course.problems[1])):
        hit = view.at(*where)
        assert (hit.client, hit.held, hit.cursor) == (k, "grabbing", "grab")
    assert view.at(5, 5) is None
    mixed, _ = view_of(PLANE.replace(partition="iid"), at=3)
    places = [(x, y) for x in range(0, 900, 7) for y in range(0, 260, 7)]
    assert not any(
        hit.held for at in places if (hit := mixed.at(*at)) is not None
    )  # mixed problems have no knob


def test_the_small_parts():
    panel = Panel(Box(0, 0, 200, 100))
    panel.fit(np.array([(0.0, 0.0), (2.0, 1.0)]))
    np.testing.assert_allclose(panel.place(np.array([1.0, 0.5])), (100, 50))
    np.testing.assert_allclose(panel.point(*panel.place(np.array([0.3, 0.2]))), (0.3, 0.2))
    assert np.isnan(panel.place(np.array([9.0, 0.0]))).all()
    before = panel.scale.copy()
    panel.fit(np.array([(0.5, 0.5)]), grow=True)
    np.testing.assert_array_equal(panel.scale, before)
    panel.fit(np.array([(4.0, 0.5)]), grow=True)
    assert panel.scale[0] < before[0]
    assert [magnification(m) for m in (0.2, 1.0, 12.0, np.inf)] == [1, 1, 10, 1]
    assert len(near(np.array([(0, 0), (99, 0), (np.nan, 0)], float), np.eye(2))) == 1
    assert ticks(-1, 1, 4) == [-1, -0.5, 0, 0.5, 1]
    assert ticks(1, 1, 4) == ticks(0, np.inf, 4) == []
    assert beside([90, 95], [30, 30], 0, 100) == [22.0, 64.0]


# --- on the screen --------------------------------------------------------------------------------


@pytest.fixture
def screen():
    made = fp.Playground(PLANE)
    made.view("drift")
    made.settle()
    yield made
    made.close()


def pointed(made, kind, x, y):
    made.screen.stage.on_pointer(kind, x, y)
    made.settle()


def test_an_optimum_is_dragged_with_the_pointer(screen):
    view = screen.screen.board.views["drift"]
    frame = view.whole.scale.copy(), view.whole.middle.copy()
    a, b = view.whole.place(PLANE.source.problems(0)[1])[2] + (view.box.left, view.box.top)
    wanted = view.whole.middle + np.array([0.1, -0.2])
    x, y = view.whole.place(wanted) + np.array([view.box.left, view.box.top])
    pointed(screen, "move", a, b)
    pointed(screen, "down", a, b)
    for part in (0.3, 0.7, 1.0):
        pointed(screen, "move", a + part * (x - a), b + part * (y - b))
        assert screen.screen.pointer.cursor == "grabbing"
    pointed(screen, "up", x, y)
    exp = screen.experiment
    moved = np.array(exp.optima).reshape(4, 2)
    np.testing.assert_allclose(moved[2], wanted, atol=0.006)
    np.testing.assert_array_equal(
        np.delete(moved, 2, 0), np.delete(PLANE.source.problems(0)[1], 2, 0)
    )
    assert exp.optima == tuple(np.round(exp.optima, 2))
    assert screen.session.client is None  # a drag is no click
    view = screen.screen.board.views["drift"]
    np.testing.assert_array_equal((view.whole.scale, view.whole.middle), frame)  # steady
    np.testing.assert_allclose(view.found.course.goal, closed_forms.optimum(
        *exp.source.problems(0), np.ones(4)))  # fmt: skip
    assert fp.Experiment.from_token(exp.to_token()) == exp
    screen.undo()
    screen.settle()
    assert screen.experiment != exp


def test_a_click_on_an_optimum_follows_and_what_leaves_the_panel_stays_at_its_edge(screen):
    view = screen.screen.board.views["drift"]
    a, b = view.whole.place(PLANE.source.problems(0)[1])[1] + (view.box.left, view.box.top)
    pointed(screen, "down", a, b)
    pointed(screen, "up", a, b)
    assert screen.session.client == 1
    pointed(screen, "down", a, b)
    pointed(screen, "move", view.box.left + view.box.width - 1, view.box.top + 1)
    pointed(screen, "up", a, b)
    x = np.array(screen.experiment.optima).reshape(4, 2)[1]
    where = view.whole.place(x)
    assert np.isfinite(where).all()


@pytest.mark.parametrize("wrong", [(9, (0.0, 0.0)), (0, (1.0,)), (0, (np.nan, 0.0)), (-1, (0, 0))])
def test_what_is_no_optimum_is_refused(screen, wrong):
    with pytest.raises(ValueError, match="is no optimum"):
        screen.session.states["drift"].optimum(*wrong)
    screen.session.states["drift"].optimum(0, (99.0, -99.0))
    assert screen.experiment.optima[:2] == (10.0, -10.0)
    screen.open(fp.Experiment(rounds=2))
    with pytest.raises(ValueError, match="no optima"):
        screen.session.states["drift"].optimum(0, (0.0, 0.0))


def test_without_a_pointer_the_text_field_moves_an_optimum(screen):
    unfolded(screen)["optima"].field.value = "1, 2, 3"
    screen.settle()
    assert screen.experiment.optima == (1.0, 2.0, 3.0)
    np.testing.assert_array_equal(
        screen.screen.board.views["drift"].found.course.problems[1][0], (1, 2)
    )


def test_the_view_costs_nothing_while_it_is_closed(monkeypatch):
    def never(*_args):
        raise AssertionError("nobody looks")

    monkeypatch.setattr(VIEWS["drift"], "prepare", staticmethod(never))
    monkeypatch.setattr(engine, "follow", never)
    made = fp.Playground(PLANE)
    made.view("federation")
    for rounds in (5, 6):
        made.set(rounds=rounds)
        made.settle()
        assert made.player.near.trouble is None
    made.view("drift")
    made.settle()
    assert isinstance(made.player.near.trouble, AssertionError)  # the test would notice
    made.close()


def test_a_piece_is_a_round_at_most(monkeypatch):
    """How long one takes: `make bench`, the pieces."""
    advance, rounds, pieces = Run.advance, [], []

    def counted(run, state, number, **how):
        rounds.append(number)
        return advance(run, state, number, **how)

    monkeypatch.setattr(Run, "advance", counted)
    for _ in engine.drift(Run(DIGITS.replace(data_seed=5)), 2):  # of which nothing is known yet
        pieces.append(len(rounds))
        rounds.clear()
    assert max(pieces) == 1
    assert sum(pieces) > 2 * DIGITS.rounds, "the course, and the same examples thrown together"


def test_losses_of_one_parameter_without_a_lowest_point_have_no_curves_and_no_rings():
    """Curvatures are a column of the data, which may be below zero on average."""
    exp = fp.Experiment(data="moons", clients=7, rounds=3)
    moons = Run(exp).federation
    view, shown = view_of(exp.replace(data="arrays", model="quadratic"), federation=moons)
    assert shown.closeup.course.P == 1
    assert shown.closeup.course.problems is None
    assert "rings" not in view.captions["below"].get_text()
    assert not view.handles
    assert DriftView.sentence(shown)


def test_nobody_is_asked_to_drag_what_cannot_be_dragged():
    asked = {}
    for partition in ("natural", "dirichlet"):
        view, _ = view_of(PLANE.replace(partition=partition))
        asked[partition] = "drag" in view.captions["below"].get_text()
        assert view.handles is asked[partition]
    assert asked == {"natural": True, "dirichlet": False}
