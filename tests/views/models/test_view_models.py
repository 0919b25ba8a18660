"""Shared and own: what is drawn and said is what the models are."""

from __future__ import annotations

import dataclasses
import re

import matplotlib
import numpy as np
import pytest

import fedplay as fp
from fedplay.drawing.colour_scales import of_weights, reach
from fedplay.drawing.figure import Canvas
from fedplay.drawing.geometry import Box
from fedplay.drawing.sheet import broken, extent, rounded
from fedplay.drawing.style import LIGHT
from fedplay.engine.loop import Run
from fedplay.views.boundaries.view import Boundaries
from fedplay.views.models.view import Models, places
from fedplay.views.registered import VIEWS, why_not
from fedplay.words import plain
from tests.support.scenes import scene

matplotlib.use("agg")
DIGITS = fp.Experiment(alpha=0.1, rounds=4, clients=6)
FEDPER = DIGITS.replace(model="mlp", algorithm="fedper")
IFCA = DIGITS.replace(
    algorithm="ifca", shift="permuted", groups=2, clients=12, partition="iid", cluster_start="apart"
)
MOONS = fp.Experiment(data="moons", personal="ditto", clients=5, rounds=3)
SIZES = [(892, 225), (636, 190), (520, 300)]


def drawn(shown, size=(892, 225), look=LIGHT, ratio=1.0):
    canvas = Canvas(*size, ratio, look.paper)
    view = Models(canvas, Box(0, 0, *size), look)
    view.show(shown)
    return view


def seen(exp, **more):
    return scene(exp, Models, late=False, **more)


def said(view):
    return [s.words for s in view.sheet.stamps if s.get_visible()]


def pixels(view):
    return view.canvas.frame()[..., :3].copy()


@pytest.fixture(scope="module")
def digits():
    return seen(DIGITS, client=2)


@pytest.fixture(scope="module")
def fedper():
    return seen(FEDPER)


@pytest.fixture(scope="module")
def ifca():
    return seen(IFCA)


@pytest.fixture(scope="module")
def moons():
    return seen(MOONS)


# --- what is drawn --------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["digits", "fedper", "moons"])
def test_dots_stand_as_high_as_the_models_are_far(name, request):
    shown = request.getfixturevalue(name)
    view, far = drawn(shown), shown.closeup.far
    x, y = view.dots.where.T
    assert (np.diff(x) > 0).all()
    level = next(p for p, c, w in view.sheet._strokes if c == LIGHT.accent and w == 3.0)[0, 1]
    heights = level - y
    np.testing.assert_allclose(heights / heights.max(), far / far.max(), atol=1e-9)
    # the dashed line of the way that the global model has come is on the same scale
    way = [p[0, 1] for p, c, w in view.sheet._strokes if c == LIGHT.accent and w == 1.6]
    np.testing.assert_allclose((level - way[0]) / heights.max(), shown.closeup.way / far.max())
    mean = [p[0, 1] for p, c, w in view.sheet._strokes if c == LIGHT.personal]
    np.testing.assert_allclose((level - mean[0]) / heights.max(), far.mean() / far.max())


def test_the_axis_holds_so_that_a_tighter_leash_moves_the_dots():
    loose, tight, tightest = (
        seen(MOONS.replace(ditto_lambda=strength)) for strength in (0.01, 4.0, 10.0)
    )
    view = drawn(loose)
    far, end = view.dots.where[:, 1].copy(), view.dots.end
    view.show(tight)
    assert view.dots.end == end
    assert (view.dots.where[:, 1] > far).all(), "nearer to the global model, at the foot"
    flat = dataclasses.replace(tightest.closeup, layers=tightest.closeup.layers * 1e-3, way=0.0)
    view.show(dataclasses.replace(tightest, closeup=flat))
    assert view.dots.end < 0.1 * end
    view.show(seen(MOONS.replace(examples=200)))
    other = view.dots.end
    assert other == drawn(seen(MOONS.replace(examples=200))).dots.end


def test_before_any_training_all_dots_lie_on_the_global_model():
    shown = seen(MOONS, at=0)
    view = drawn(shown)
    view.canvas.frame()
    assert len(set(view.dots.where[:, 1].tolist())) == 1
    assert "Every client's model is the global one" in Models.sentence(shown)


def test_a_client_stands_in_the_column_of_the_model_it_chose(ifca):
    view, choice = drawn(ifca), ifca.closeup.choice
    x = view.dots.where[:, 0]
    assert x[choice.model == 0].max() < x[choice.model == 1].min()
    away = np.linalg.norm(view.dots.where[:, None] - view.dots.where[None], axis=-1)
    assert away[~np.eye(len(x), dtype=bool)].min() > view.dots.width
    assert view.dots.shapes.tolist() == [k % 2 for k in range(12)]
    counts = np.bincount(choice.model, minlength=2)
    assert any(f"model 1: {counts[0]}" in words for words in said(view))


def test_layers_show_what_is_sent_and_what_is_kept(fedper):
    view = drawn(fedper)
    words = said(view)
    assert "64 → 64" in words
    assert "never sent" in words
    assert "as shared" in words
    assert "4,160" in words
    assert f"{fedper.closeup.layers[:, 1].mean():.2f} away" in words
    assert not any("64 → 10" in word for word in words), "the head is nobody's to share"
    body, head = view.layers.rows
    assert head.top + head.height < body.top, "the last layer is on top"


def test_pictures_are_the_weights_in_their_colours(digits):
    view = drawn(digits)
    picture, found, at = pixels(view), digits.closeup.responses, view.pairs.places
    table = view.pairs.table
    whole = reach(np.stack([found.shared, found.own]))
    change = found.own - found.shared
    rows = ((found.shared, whole), (found.own, whole), (change, reach(change)))
    assert view.pairs.classes.tolist() == list(range(10))
    for c in (0, 6, 9):
        for k, (layer, end) in enumerate(rows):
            colours = of_weights(layer[c], end, table)
            x, y = round(at.left + c * at.step), round(at.top + k * at.down)
            zoom = round(at.side[0]) // 8
            shown = picture[y + zoom // 2 :: zoom, x + zoom // 2 :: zoom][:8, :8]
            np.testing.assert_array_equal(shown, colours)


def test_where_not_all_classes_fit_those_that_changed_most_are_shown(digits):
    view, found = drawn(digits, (560, 190)), digits.closeup.responses
    n = len(view.pairs.classes)
    assert 1 <= n < 10
    change = np.square(found.own - found.shared).sum(axis=(1, 2))
    assert set(view.pairs.classes.tolist()) == set(np.argsort(-change)[:n].tolist())


def test_other_data_have_no_pictures_and_more_room_for_the_dots(moons):
    view = drawn(moons)
    assert view.pairs.places is None
    wide, none, dots = places(view.box, False)
    assert none is None
    assert dots.width > places(view.box, True)[2].width
    assert wide.left + wide.width < dots.left


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize(
    "exp",
    [
        DIGITS,
        FEDPER.replace(hidden=(32, 16, 16, 8), personal_layers=3),
        IFCA.replace(clusters=10, clients=60, groups=8),
        DIGITS.replace(clients=250, rounds=1),
        DIGITS.replace(clients=1, partition="iid"),
        DIGITS.replace(algorithm="pfedme", shift="rotation", groups=3),
        MOONS.replace(personal="apfl"),
        fp.Experiment(data="penguins", rounds=2, personal="none"),
    ],
    ids=["digits", "deep", "clusters", "crowd", "one", "pfedme", "moons", "penguins"],
)
def test_words_and_dots_stay_in_the_box_and_words_apart(exp, size):
    view = drawn(seen(exp), size)
    view.light(0)
    view.canvas.frame()
    boxes = []
    for stamp in view.sheet.stamps:
        if stamp.get_visible():
            wide = extent(stamp.words, stamp.size, stamp.weight)
            left, y = stamp.place[0] + stamp.right, stamp.place[1]
            assert left >= -0.5, stamp.words
            assert left + wide <= size[0] + 1, stamp.words
            assert 5 <= y <= size[1] - 5, stamp.words
            boxes.append((left, y - 5, left + wide, y + 5, stamp.words))
    for n, a in enumerate(boxes):
        for b in boxes[n + 1 :]:
            over = min(a[2], b[2]) - max(a[0], b[0]) > 1 and min(a[3], b[3]) - max(a[1], b[1]) > 1
            assert not over, (a[4], b[4])
    where = view.dots.where[np.isfinite(view.dots.where).all(axis=1)]
    assert ((where >= 0) & (where <= size)).all()


# --- the sentence ---------------------------------------------------------------------------------


def test_the_sentence_has_the_runs_own_numbers(digits, fedper, ifca):
    found = digits.closeup
    words = plain(Models.sentence(digits))
    assert words.startswith("All 650 parameters are shared; each client has as many of its own.")
    assert f"Client 2's fine-tuned model lies {found.far[2]:.2f} from the global one" in words
    assert f"(mean: {found.far.mean():.2f}); the global one has come {found.way:.2f} from" in words
    assert 'title="2.6 kB each way for each client' in Models.sentence(digits)
    nobody = plain(Models.sentence(dataclasses.replace(digits, client=None)))
    assert f"A client's fine-tuned model lies {found.far.mean():.2f} from the global" in nobody
    assert max(map(len, (words, nobody))) <= 200
    words = plain(Models.sentence(fedper))
    assert "4,160 of 4,810 parameters are shared" in words
    assert "650 stay with each client" in words
    counts = np.bincount(ifca.closeup.choice.model, minlength=2)
    words = plain(Models.sentence(ifca))
    assert f"{counts[0]} and {counts[1]} clients chose models 1 to 2" in words
    assert re.search(r"; \d+ of 12 are of the commonest group of their model, of 2 groups", words)


def test_nothing_personal_is_said_to_be_so():
    words = plain(Models.sentence(seen(DIGITS.replace(personal="none"))))
    assert "none is personal" in words
    assert "Every client's model is the global one" in words


# --- not finite -----------------------------------------------------------------------------------


def test_a_diverged_model_is_said_to_be_so(digits):
    bad = dataclasses.replace(digits.closeup, finite=False)
    shown = dataclasses.replace(digits, closeup=bad)
    assert any("diverged" in words for words in said(drawn(shown)))
    assert "diverged" in Models.sentence(shown)
    lost = digits.closeup.layers.copy()
    lost[1] = np.nan
    one = dataclasses.replace(digits, closeup=dataclasses.replace(digits.closeup, layers=lost))
    view = drawn(one)
    view.light(1)
    view.canvas.frame()
    assert "0.00" not in Models.sentence(one)


# --- the pointer ----------------------------------------------------------------------------------


def test_a_dot_is_a_client_with_its_distance(digits, ifca):
    view = drawn(digits)
    hit = view.at(*view.dots.where[4])
    assert hit.client == 4
    assert any(f"{digits.closeup.far[4]:.2f}" in line for line in hit.lines)
    view = drawn(ifca)
    hit = view.at(*view.dots.where[7])
    assert hit.client == 7
    chosen = ifca.closeup.choice.model[7] + 1
    assert f"chose model {chosen} of 2" in hit.lines
    assert "its data are of group 2" in hit.lines


def test_a_layer_and_a_class_say_what_they_are(fedper):
    view = drawn(fedper)
    body, head = view.layers.rows
    hit = view.at(body.left + 10, body.top + 10)
    assert hit.lines[0] == "layer 1 of 2: 64 → 64, 4,160 parameters"
    assert "never sent" in view.at(head.left + 10, head.top + 10).lines[1]
    at = view.pairs.places
    hit = view.at(at.left + 3 * at.step + 4, at.top + 4)
    assert hit.client == fedper.closeup.place
    assert hit.lines[0].startswith(f"digit {view.pairs.classes[3]}:")
    assert view.at(5, 222) is None


def test_a_lit_client_stands_out_and_a_followed_one_stays(digits):
    view = drawn(digits)
    assert len(view.sheet.lit.get_offsets()) == 1  # the one that is followed
    view.light(5)
    np.testing.assert_allclose(view.sheet.lit.get_offsets()[1], view.dots.where[5])


# --- on the screen --------------------------------------------------------------------------------


def test_it_is_a_view_for_models_with_layers():
    assert VIEWS["models"] is Models

    def suits(exp):
        return not why_not(Models.name, exp, Run(exp).federation)

    assert suits(DIGITS)
    assert suits(MOONS)
    quadratic = fp.Experiment(data="quadratics", partition="natural", model="quadratic", clients=4)
    assert not suits(quadratic)


def test_words_are_broken_where_they_fit():
    text = "pulled towards the shared one, λ = 1"
    first, rest = broken(text, 120)
    assert f"{first} {rest}" == text
    assert max(extent(first), extent(rest)) <= 120
    assert broken(text, 1000) == (text, "")
    assert broken(text, 60) is None
    outline = rounded(Box(10, 20, 50, 30))
    assert outline.min(axis=0).tolist() == [10, 20]
    assert outline.max(axis=0).tolist() == [60, 50]


@pytest.mark.parametrize(
    ("exp", "noun"),
    [
        (MOONS, "Ditto model"),
        (MOONS.replace(personal="apfl"), "APFL mixture"),
        (MOONS.replace(personal="interpolation"), "mixture"),
        (MOONS.replace(personal="auto", algorithm="pfedme"), "pFedMe model"),
        (MOONS.replace(personal="auto", algorithm="ifca"), "cluster's model"),
        (
            MOONS.replace(personal="auto", model="mlp", algorithm="fedper"),
            "model with its own head",
        ),
        (
            MOONS.replace(personal="auto", model="mlp", algorithm="fedrep"),
            "model with its own head",
        ),
        (MOONS.replace(personal="none"), "model"),
    ],
)
def test_boundaries_call_the_personal_model_by_its_name(exp, noun):
    shown = scene(exp, Boundaries, late=False)
    words = plain(Boundaries.sentence(shown))
    assert f"its {noun} {shown.closeup.tuned.right}" in words
    canvas = Canvas(892, 240, 1.0, LIGHT.paper)
    view = Boundaries(canvas, Box(0, 0, 892, 240), LIGHT)
    view.show(shown)
    view.canvas.frame()
    assert "tun" not in view.tiles[2].words.words
    assert "tun" not in words
