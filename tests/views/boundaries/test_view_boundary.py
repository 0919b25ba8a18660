"""Decision regions: what is drawn is what the models say, for all clients and for one."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest
from matplotlib.colors import to_rgb

import fedplay as fp
from fedplay.data import Federation
from fedplay.drawing.figure import Canvas
from fedplay.drawing.geometry import Box
from fedplay.drawing.style import DARK, LIGHT
from fedplay.engine.client_models import local_only
from fedplay.engine.loop import Run, rounds, stream
from fedplay.inspect import plane as planes
from fedplay.runs.series import Moment
from fedplay.views.boundaries import analysis
from fedplay.views.boundaries.view import Boundaries, layout
from fedplay.views.regions import tints
from fedplay.views.registered import why_not
from fedplay.words import UNSEEN
from tests.support.scenes import scene

MOONS = fp.Experiment(data="moons", alpha=0.1, rounds=6, model="mlp", learning_rate=0.3)


def drawn(seen, width=900, height=230, ratio=1.0, look=LIGHT):
    canvas = Canvas(width, height, ratio, look.paper)
    view = Boundaries(canvas, Box(0, 0, width, height), look)
    view.show(seen)
    canvas.frame()
    return view


@pytest.fixture(scope="module")
def moons():
    return scene(MOONS, Boundaries, client=3, late=False)


def css(view, tile, point):
    x, y = tile.axes.transData.transform(point) / view.canvas.ratio
    return x, view.canvas.height - y


# --- what is computed ---------------------------------------------------------------------------


def test_the_models_score_what_the_engine_says(moons):
    run = Run(MOONS)
    done = list(stream(run))
    got, last = moons.closeup, done[-1]
    personal = run.evaluate.each(run.personalise(run.after(last.parameters), 6))
    *_, alone = local_only(run, [r.cohort for r in done[1:]])
    assert got.everywhere.accuracy == last.accuracy
    assert got.here.accuracy == pytest.approx(last.client_accuracy[3])
    assert got.tuned.accuracy == pytest.approx(personal[3])
    assert got.alone.accuracy == pytest.approx(alone[3])
    assert got.here.of == len(run.federation.held.of(3))


def test_one_clients_models_are_those_of_the_panel():
    exp = MOONS.replace(participation=0.5, dtype="float64")
    run = Run(exp)
    w = [r.parameters for r in stream(run)][-1]
    assert run.personalise(run.after(w), 6, [3])[0] == pytest.approx(
        run.personalise(run.after(w), 6)[3]
    )


def test_every_cell_has_the_class_and_the_probability_of_the_model(moons):
    run, plane = Run(MOONS), moons.closeup
    cells = planes.lattice(plane.limits)
    inputs = np.column_stack([cells, np.ones(len(cells))]).astype("float32")
    logits = run.network.outputs(moons.rounds[-1].parameters, inputs).astype(float)
    share = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
    side, inner = (planes.SIDE + 2, planes.SIDE + 2), (slice(1, -1), slice(1, -1))
    assert (plane.here.plane.label == logits.argmax(axis=1).reshape(side)[inner]).all()
    assert plane.here.plane.sure == pytest.approx(share.max(axis=1).reshape(side)[inner])


def test_without_a_client_the_worst_served_is_chosen_and_named():
    seen = scene(MOONS, Boundaries, late=False)
    plane = seen.closeup
    assert plane.picked
    assert plane.here.accuracy == pytest.approx(np.nanmin(seen.now.client_accuracy))
    assert f"serves client {plane.place} worst" in Boundaries.sentence(seen)
    assert "worst" in drawn(seen).tiles[1].words.words


def test_of_equally_bad_clients_the_one_that_holds_out_most():
    assert analysis.worst(np.array([0.5, np.nan, 0.2, 0.2]), np.array([9, 0, 3, 4])) == 3
    assert analysis.worst(np.full(3, np.nan), np.array([1, 5, 2])) == 1


def test_the_limits_hold_all_points_and_stay_in_every_round():
    seen = [scene(MOONS, Boundaries, client=c, at=r, late=False) for c, r in ((3, 0), (5, 6))]
    first, second = (s.closeup.limits for s in seen)
    assert first == second
    X = seen[0].federation.X
    assert (X.min(axis=0) > [first.left, first.low]).all()
    assert (X.max(axis=0) < [first.right, first.high]).all()
    ratio = (first.right - first.left) / (first.high - first.low)
    assert ratio == pytest.approx(planes.ASPECT)  # one scale for both


def test_features_with_different_units_fill_the_panel():
    X = np.random.default_rng(0).random((40, 2)) * [1, 1000]
    fed = Federation.from_arrays(X, [0, 1] * 20, [0, 1] * 20)
    limits = planes.limits_of(fed)
    assert limits.right - limits.left < 2
    assert 1000 < limits.high - limits.low < 1300


def test_prepare_comes_in_pieces_and_ends_with_the_closeup():
    run = Run(MOONS)
    w = [r.parameters for r in stream(run)][-1]
    *pieces, last = Boundaries.prepare(Moment(run, 6, w, 3))
    assert len(pieces) >= 6
    assert set(pieces) == {None}
    assert isinstance(last, analysis.DecisionBoundaries)


def test_the_clients_points_are_gathered_once_a_federation_and_in_pieces(monkeypatch):
    exp = fp.Experiment(data="blobs", partition="resampled", clients=1000, rounds=1, data_seed=77)
    run, gathered, of = Run(exp), [], analysis.cloud
    monkeypatch.setattr(
        analysis, "cloud", lambda run, who: gathered.append(len(who)) or of(run, who)
    )
    *pieces, first = Boundaries.prepare(Moment(run, 0, run.initial(), 3))
    assert len(pieces) > 1000 / analysis.GATHERED
    assert gathered == [1000, 1]
    *pieces, again = Boundaries.prepare(Moment(Run(exp), 0, run.initial(), 3))
    assert len(pieces) < 10
    assert again.everyone is first.everyone
    assert again.own is first.own
    assert gathered == [1000, 1]
    # Another seed draws another panel, where there are more clients than it holds.
    run.panel = run.panel[:500]
    *_, other = Boundaries.prepare(Moment(run, 0, run.initial(), 3))
    assert other.everyone.owner.max() < 500


def test_the_model_that_never_joined_goes_on_from_where_it_was(monkeypatch):
    run, walked = Run(MOONS), []
    w, train = run.initial(), run.trainer

    def counted(*args, **rest):
        if rest.get("purpose") is None:
            walked.append(rest["round"])
        return train(*args, **rest)

    monkeypatch.setattr(run, "trainer", counted)
    monkeypatch.setattr(counted, "steps", train.steps, raising=False)
    models = {}
    for number, expected in (
        (2, [1, 2]),
        (3, [3]),
        (3, []),
        (5, [4, 5]),
        (1, [1]),
        (5, [2, 3, 4, 5]),
    ):
        walked.clear()
        *_, plane = Boundaries.prepare(Moment(run, number, w, 3))
        assert walked == expected
        said = plane.alone.plane.sure
        assert (models.setdefault(number, said) == said).all()
    walked.clear()
    assert list(Boundaries.prepare(Moment(run, 1, w, 5)))[-1].alone is not None
    assert walked == [1], "another client has its own"


def test_a_model_that_would_take_too_long_alone_is_left_out(monkeypatch):
    monkeypatch.setattr(analysis, "ALONE", 3)
    seen = scene(MOONS, Boundaries, client=3, late=False)
    assert seen.closeup.alone is None
    assert not drawn(seen).tiles[3].axes.get_visible()
    assert "never joined" not in Boundaries.sentence(seen)


# --- what is drawn ------------------------------------------------------------------------------


def test_points_are_those_of_the_clients_and_rings_are_the_mistakes(moons):
    view, fed = drawn(moons), moons.federation
    every, here = view.tiles[:2]
    assert len(every.points.get_offsets()) == len(fed.X)
    mine = np.concatenate([fed.train.of(3), fed.held.of(3)])
    assert (np.asarray(here.points.get_offsets()) == fed.X[mine]).all()
    for tile, stance in zip(view.tiles[1:], ("here", "tuned", "alone"), strict=True):
        model = getattr(moons.closeup, stance)
        assert len(tile.rings.get_offsets()) == model.of - model.right
        assert tile.number.words == f"{model.right} of {model.of}"


@pytest.mark.parametrize("look", [LIGHT, DARK])
def test_tints_lean_to_the_class_said(moons, look):
    plane = moons.closeup.here.plane
    colours = tints(plane, 2, look, True).reshape(-1, 3).astype(float)
    paper, classes = np.array(to_rgb(look.paper)), [to_rgb(c) for c in look.classes(2)]
    towards = [np.abs(colours - 255 * (0.7 * paper + 0.3 * np.array(c))).sum(1) for c in classes]
    sure = plane.sure.ravel() > 0.9
    assert sure.any()
    assert (np.argmin(towards, axis=0) == plane.label.ravel())[sure].all()


def test_the_border_is_where_both_classes_are_equally_probable():
    exp = MOONS.replace(model="softmax")
    seen = scene(exp, Boundaries, client=3, late=False)
    points = np.concatenate(seen.closeup.here.plane.borders)
    W = np.asarray(seen.now.parameters, float).reshape(2, 3)
    assert len(points) > 10
    assert np.column_stack([points, np.ones(len(points))]) @ (W[0] - W[1]) == pytest.approx(
        0, abs=1e-5
    )


def test_a_region_is_on_the_picture_where_it_is_in_the_plane(moons):
    """The lowest left cell's colour is at the lower left of the panel."""
    view, plane = drawn(moons), moons.closeup
    picture = view.canvas.frame()
    cells = tints(plane.everywhere.plane, 2, LIGHT, True)
    limits = plane.limits
    for column, row in ((0.02, 0.03), (0.98, 0.97), (0.02, 0.97)):
        at = (
            limits.left + column * (limits.right - limits.left),
            limits.low + row * (limits.high - limits.low),
        )
        x, y = css(view, view.tiles[0], at)
        cell = cells[int(row * planes.SIDE), int(column * planes.SIDE)].astype(int)
        assert np.abs(picture[int(y), int(x), :3].astype(int) - cell).max() <= 8


@pytest.mark.parametrize("ratio", [1.0, 1.5])
def test_a_point_says_whose_it_is_and_what_the_models_say(moons, ratio):
    view, own = drawn(moons, ratio=ratio), moons.closeup.own
    names = moons.federation.classes
    for tile, who in ((view.tiles[1], "global model"), (view.tiles[2], "fine-tuned model")):
        hit = view.at(*css(view, tile, own.X[0]))
        assert hit is not None
        assert hit.client == 3
        assert hit.lines[0] == f"client 3 {UNSEEN}: {names[own.y[0]]}"
        label, sure = tile.stance.points.label[0], tile.stance.points.sure[0]
        assert hit.lines[2] == f"{who} says: {names[label]} ({sure:.2f})"
    assert view.at(1, 1) is None


def test_lighting_a_client_shows_its_points_and_fades_the_others(moons):
    view = drawn(moons)
    view.light(5)
    mine = moons.closeup.everyone.owner == 5
    assert (np.asarray(view.lit.get_offsets()) == moons.closeup.everyone.X[mine]).all()
    assert view.tiles[0].points.opacity < 0.5
    view.light(None)
    assert len(view.lit.get_offsets()) == 0
    assert view.tiles[0].points.opacity == 1


def test_the_sentence_has_the_runs_own_numbers(moons):
    plane, said = moons.closeup, Boundaries.sentence(moons)
    assert f"<b>{moons.now.accuracy:.2f}</b> of the test set" in said
    assert f"<b>{plane.here.right}</b> of {plane.here.of} right" in said
    assert f"after 5 epochs of fine-tuning <b>{plane.tuned.right}</b>" in said
    assert UNSEEN not in said, "it stands in the picture, once"


def test_to_show_the_same_again_costs_nothing(moons, monkeypatch):
    view = drawn(moons)
    monkeypatch.setattr(view, "_draw", lambda *_: pytest.fail("drawn again"))
    view.show(replace(moons, client=2))
    assert len(view.lit.get_offsets()) == (moons.closeup.everyone.owner == 2).sum()


def test_a_file_of_lines_has_regions_and_points(moons):
    view = drawn(moons)
    content = view.canvas.file("svg").decode()
    assert content.count("<image") == 4
    points = len(moons.closeup.everyone.y) + 3 * len(moons.closeup.own.y)
    assert content.count("<path") > points
    view.light(3)  # the others are faint, and stay so on the screen alone
    assert view.canvas.file("svg").count(b"opacity: 0.3") >= len(moons.closeup.everyone.y)
    assert (view.tiles[0].points.get_facecolor()[:, 3] == 1).all()


def titles(view):
    """Where each panel's title ends and where its number begins and ends, css pixels."""
    for tile in view.tiles:
        if tile.axes.get_visible():
            yield tile, tile._width(tile.words), tile.number.right, tile._width(tile.number)


@pytest.mark.parametrize("size", [(892, 188), (660, 180), (1400, 300), (420, 200)])
@pytest.mark.parametrize("ratio", [1.0, 1.5])
def test_titles_and_numbers_are_apart_in_their_panels(size, ratio):
    exp = fp.Experiment(
        data="circles", partition="regions", clients=5, spread=0.1, model="mlp", rounds=2
    )
    seen = scene(exp, Boundaries, late=False)
    seen = replace(seen, labels=seen.labels._replace(names=["WWWW WWWW WWWW"] * 5))
    view = drawn(seen, *size, ratio=ratio)
    found = list(titles(view))
    assert len(found) == (4 if size[0] >= 892 else 3)
    for tile, words, begin, number in found:
        assert words + 10 <= begin
        assert begin + number <= tile.width + 1
        assert tile.words.words
    assert found[1][0].number.words.endswith(f"of {seen.closeup.here.of}")


# --- hard cases ---------------------------------------------------------------------------------


@pytest.mark.parametrize("size", [(900, 230), (900, 520), (640, 200), (300, 120)])
def test_panels_stay_in_the_box_and_apart(size):
    places = layout(Box(0, 0, *size), 4)
    for a in places:
        assert a.left >= 0
        assert a.left + a.width <= size[0]
        assert a.top + a.height <= size[1]
    for a, b in pairwise(places):
        assert b.left > a.left + a.width or b.top > a.top + a.height


@pytest.mark.parametrize(
    "exp",
    [
        fp.Experiment(data="circles", clients=1, partition="iid", rounds=2),
        fp.Experiment(data="blobs", centers=10, clients=50, rounds=2),
        fp.Experiment(data="blobs", partition="resampled", clients=1000, rounds=2),
        fp.Experiment(data="moons", partition="shards", rounds=1, finetune_epochs=0),
    ],
    ids=["one", "fifty", "thousand", "shards"],
)
def test_any_number_of_clients(exp):
    seen = scene(exp, Boundaries, late=False)
    view = drawn(seen)
    view.light(0)
    view.canvas.frame()
    plane = seen.closeup
    assert len(plane.everyone.y) == min(plane.everyone.total, analysis.MOST)
    drawn_part = f"{analysis.MOST:,} of the {plane.everyone.total:,} points"
    assert (drawn_part in Boundaries.sentence(seen)) == (plane.everyone.total > analysis.MOST)


def test_a_lone_client_is_not_called_the_worst():
    seen = scene(
        fp.Experiment(data="moons", clients=1, partition="iid", rounds=2), Boundaries, late=False
    )
    assert "worst" not in Boundaries.sentence(seen)


def test_a_client_that_holds_nothing_out():
    X = np.random.default_rng(0).normal(size=(30, 2))
    y, client = (X[:, 0] > 0).astype(int), [0] * 29 + [1]
    fed = Federation.from_arrays(X, y, client)
    assert len(fed.held.of(1)) == 0
    seen = scene(fp.Experiment(rounds=2), Boundaries, federation=fed, client=1, late=False)
    view = drawn(seen)
    assert "holds nothing out" in Boundaries.sentence(seen)
    assert view.tiles[1].number.words == "–"
    assert len(view.tiles[1].rings.get_offsets()) == 0


def test_a_diverged_model_draws_no_region():
    exp = MOONS.replace(learning_rate=1000.0)
    run = Run(exp)
    w = np.full(run.network.P, np.nan, "float32")
    *_, plane = Boundaries.prepare(Moment(run, 2, w, 3))
    seen = replace(scene(MOONS, client=3, late=False), closeup=plane)
    view = drawn(seen)
    assert "not finite" in Boundaries.sentence(seen)
    assert view.tiles[0].none.get_visible()
    assert not len(view.tiles[0].borders.get_segments())
    assert view.at(*css(view, view.tiles[1], plane.own.X[0])).lines[2].endswith("is not finite")


def test_it_suits_two_features_and_a_model_that_classifies():
    def suits(exp):
        return not why_not(Boundaries.name, exp, Run(exp).federation)

    assert suits(MOONS)
    assert not suits(fp.Experiment())
    line = dict(data="quadratics", partition="natural", model="quadratic", dimensions=1)
    assert not suits(fp.Experiment(**line))


def test_round_0_has_one_class_and_no_border():
    exp = MOONS.replace(model="softmax")
    first = next(rounds(exp))
    *_, plane = Boundaries.prepare(Moment(Run(exp), 0, first.parameters, 3))
    assert plane.here.plane.borders == []


def test_an_older_closeup_keeps_its_own_classes():
    """While one drags, it is shown for a moment beside data that have fewer."""
    exp = fp.Experiment(data="blobs", centers=10, clients=5, rounds=1)
    ten = scene(exp, Boundaries, late=False)
    few = scene(exp.replace(centers=2, clients=2), late=False)
    view = drawn(replace(few, closeup=ten.closeup, fresh=False))
    hit = view.at(*css(view, view.tiles[0], ten.closeup.everyone.X[-1]))
    assert hit is not None
    assert "blob" in hit.lines[0]
