"""The view of pictures: its pixels, words and answers, against numbers computed here."""

from __future__ import annotations

import base64
import dataclasses
import io
import re

import numpy as np
import pytest
from PIL import Image

import fedplay as fp
from fedplay.data import Federation
from fedplay.drawing.cached_text import rendered
from fedplay.drawing.colour_scales import GREYS, STEPS, colours_of_ink, colours_of_weights, reach
from fedplay.drawing.figure import DOTS, Canvas
from fedplay.drawing.geometry import Box
from fedplay.drawing.mosaic import arrange
from fedplay.drawing.style import look
from fedplay.engine.loop import Run, stream
from fedplay.runs.series import Moment
from fedplay.scopes import calm
from fedplay.views.pictures.analysis import PictureAnalysis
from fedplay.views.pictures.view import Pictures
from fedplay.views.registered import why_not
from fedplay.words import UNSEEN
from tests.support.scenes import scene

EXP = fp.Experiment(rounds=6)


def drawn(shown, width=900, height=230, ratio=1.0, dark=False):
    canvas = Canvas(width, height, ratio, look(dark).paper)
    view = Pictures(canvas, Box(0, 0, width, height), look(dark))
    view.show(shown)
    return canvas, view


def prepared(run, number, w, client=None):
    *pieces, last = Pictures.prepare(Moment(run, number, w, client))
    assert all(piece is None for piece in pieces)
    return last


@pytest.fixture(scope="module")
def nobody():
    return scene(EXP, Pictures, late=False)


@pytest.fixture(scope="module")
def followed():
    return scene(EXP, Pictures, client=3, late=False)


def test_every_pixel_of_the_weights_has_the_colour_of_its_number(nobody):
    canvas, view = drawn(nobody)
    picture = canvas.frame()
    weights = nobody.now.parameters.reshape(10, 65)[:, :64].reshape(10, 8, 8)
    scale = reach(weights)
    table = colours_of_weights(look(False))
    zoom = view.mosaics[0].grid.zoom
    assert view.mosaics[0].shown == 10
    for k in range(10):
        left, top = (round(v) for v in view.mosaics[0].corner(k))
        there = picture[top : top + 8 * zoom, left : left + 8 * zoom, :3]
        cells = there[zoom // 2 :: zoom, zoom // 2 :: zoom]
        index = np.rint((weights[k] / scale + 1) * (STEPS // 2)).astype(int)
        assert np.array_equal(cells, table[index])


def test_change_is_what_the_clients_own_fine_tuning_adds(followed):
    run = Run(EXP)
    w = followed.now.parameters
    with calm():
        own = run.personalise(run.after(w), EXP.rounds)[3]
    change = (own - w).reshape(10, 65)[:, :64].reshape(10, 8, 8)
    study = followed.closeup
    assert np.abs(change).max() > 1e-3
    assert np.allclose(study.units.change, change, atol=1e-5)
    assert "below ±" in drawn(followed)[1].heads[0][1].words


def test_the_pictures_are_the_clients_own_sorted_by_class(followed):
    fed, study = followed.federation, followed.closeup
    mine = fed.X[fed.train.of(3)]
    assert (np.diff(study.own.labels) >= 0).all()
    for pixels, label in zip(study.own.pixels.reshape(-1, 64), study.own.labels, strict=True):
        at = np.flatnonzero((mine == pixels).all(axis=1))
        assert len(at)
        assert label in fed.y[fed.train.of(3)][at]
    canvas, view = drawn(followed)
    zoom, table = view.mosaics[1].grid.zoom, colours_of_ink(look(False))
    left, top = (round(v) for v in view.mosaics[1].corner(5))
    there = canvas.frame()[top : top + 8 * zoom, left : left + 8 * zoom, :3]
    index = np.rint(study.own.pixels[5] * (GREYS - 1)).astype(int)
    assert np.array_equal(there[zoom // 2 :: zoom, zoom // 2 :: zoom], table[index])
    assert f"{fed.sizes[3]} pictures" in view.heads[1][1].words


def test_mistakes_are_those_of_the_global_model_surest_first(nobody):
    fed, w = nobody.federation, nobody.now.parameters.reshape(10, 65).astype(float)
    logits = fed.X_test @ w[:, :64].T + w[:, 64]
    chance = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
    missed = np.flatnonzero(chance.argmax(axis=1) != fed.y_test)
    study = nobody.closeup
    assert study.test == (len(missed), len(fed.y_test))
    order = missed[np.argsort(-chance.max(axis=1)[missed])]
    assert np.array_equal(study.wrong.pixels[0].ravel(), fed.X_test[order[0]])
    assert np.allclose(study.wrong.sure, chance.max(axis=1)[order][:60], atol=1e-4)
    assert f"misses <b>{len(missed)}</b> of {len(fed.y_test)}" in Pictures.sentence(nobody)
    assert f"{len(missed)} of {len(fed.y_test)}" in drawn(nobody)[1].heads[2][1].words


def test_held_out_pictures_count_before_and_after_fine_tuning(followed):
    run, study = Run(EXP), followed.closeup
    with calm():
        after = run.evaluate.each(run.personalise(run.after(followed.now.parameters), EXP.rounds))[
            3
        ]
    before, held = followed.now.client_accuracy[3], run.federation.held.sizes[3]
    assert study.held == (round((1 - before) * held), held)
    assert study.after == round((1 - after) * held)
    assert study.held.missed - study.wrong.cured.sum() <= study.after
    ending = f"misses {study.held.missed} of {held}, its personal model {study.after}."
    assert Pictures.sentence(followed).endswith(ending)


def test_without_a_client_the_worst_served_one_is_shown(nobody):
    worst, accuracy = nobody.closeup.client, nobody.now.client_accuracy
    assert accuracy[worst] == np.nanmin(accuracy) < np.nanmax(accuracy)
    assert not nobody.closeup.followed
    assert nobody.closeup.units.change is None
    words = drawn(nobody)[1].heads[1][0].words
    assert words.startswith(f"client {worst} {UNSEEN}")
    assert "worst" in words


def test_the_pointer_finds_weights_pictures_and_mistakes(followed):
    _, view = drawn(followed)

    def hit(group, k):
        left, top = view.mosaics[group].corner(k)
        return view.at(left + 5, top + 5)

    study = followed.closeup
    assert hit(0, 7).client is None
    assert hit(0, 7).lines[0] == "weights for digit 7"
    assert hit(1, 0).client == 3
    assert hit(1, 0).lines[0] == f"client 3 {UNSEEN}: {study.own.labels[0]}"
    assert hit(2, 0).lines[1] == (
        f"global model says {study.wrong.said[0]} ({study.wrong.sure[0]:.2f})"
    )
    assert view.at(899, 229) is None


def test_a_client_lights_up_only_where_it_is_shown(followed):
    canvas, view = drawn(followed)
    plain = canvas.frame().copy()
    view.light(2)
    assert np.array_equal(canvas.frame(), plain)
    view.light(3)
    assert not np.array_equal(canvas.frame(), plain)


def test_neurons_with_the_largest_outgoing_weights_come_first():
    shown = scene(fp.Experiment(model="mlp", rounds=3), Pictures, late=False)
    w, units = shown.now.parameters, shown.closeup.units
    first, second = w[: 64 * 65].reshape(64, 65), w[64 * 65 :].reshape(10, 65)
    order = np.argsort(-(second[:, :64] ** 2).sum(axis=0))
    assert np.array_equal(units.which, order[:60])
    assert np.allclose(units.weights[0].ravel(), first[order[0], :64])
    assert units.speaks[0] == second[:, order[0]].argmax()
    _, view = drawn(shown)
    assert f"{view.mosaics[0].shown} of 64 neurons" in view.heads[0][0].words


def test_a_model_that_is_not_finite_is_not_drawn(nobody):
    run = Run(EXP)
    bad = prepared(run, 2, np.full(650, np.nan, np.float32), 3)
    assert bad.finite is False
    shown = dataclasses.replace(nobody, closeup=bad)
    _, view = drawn(shown)
    assert [m.shown for m in view.mosaics] == [0, 0, 0]
    assert "diverged" in view.notes[0].words
    assert "diverged" in Pictures.sentence(shown)
    assert drawn(dataclasses.replace(nobody, closeup=None))[1].at(20, 60) is None


def pictures(image, C, held_out=0.2, test_fraction=0.2):
    """Noise of another shape, with classes of awkward names, among two clients."""
    rng = np.random.default_rng(0)
    n = 6 * C
    X = 255 * rng.random((n, image[0] * image[1]))
    names = np.array([f"<b>${c}$ a long name" for c in range(C)])
    fed = Federation.from_arrays(
        X, names[np.arange(n) % C], np.arange(n) % 2, held_out=held_out, test_fraction=test_fraction
    )
    return dataclasses.replace(fed, image=image)


@pytest.mark.parametrize("size", [(900, 230), (900, 520), (640, 200), (300, 120)])
@pytest.mark.parametrize(("image", "C"), [((28, 28), 100), ((96, 40), 3), ((8, 8), 2)])
def test_other_shapes_and_many_classes_stay_inside_their_box(image, C, size):
    fed = pictures(image, C)
    exp = fp.Experiment(rounds=1, learning_rate=1e-6)
    for client in (None, 1):
        shown = scene(exp, Pictures, federation=fed, client=client, late=False)
        canvas, view = drawn(shown, *size, ratio=1.5, dark=True)
        canvas.frame()
        for mosaic in view.mosaics:
            for k in range(mosaic.shown):
                left, top = mosaic.corner(k)
                assert left + mosaic.grid.wide <= size[0]
                assert top + mosaic.deep * mosaic.grid.tall <= size[1]
        assert "<b>$" not in Pictures.sentence(shown)


def test_a_client_that_holds_nothing_out_and_no_test_set():
    fed = pictures((8, 8), 2, held_out=0, test_fraction=0)
    shown = scene(fp.Experiment(rounds=1), Pictures, federation=fed, client=0, late=False)
    assert shown.closeup.held == (0, 0)
    _, view = drawn(shown)
    assert view.notes[2].words == "no pictures are kept to judge by"
    assert "holds nothing out" in Pictures.sentence(shown)
    shown = scene(fp.Experiment(rounds=1), Pictures, federation=fed, late=False)
    heading = drawn(shown)[1].heads[1][0].words
    assert heading == f"{shown.closeup.name} {UNSEEN}", "nobody is known to be served worst"


def test_nothing_wrong_is_said():
    study = scene(EXP, Pictures, client=3, late=False)
    perfect = study.closeup.wrong
    none = {f.name: getattr(perfect, f.name)[:0] for f in dataclasses.fields(perfect)}
    closeup = dataclasses.replace(study.closeup, wrong=dataclasses.replace(perfect, **none))
    _, view = drawn(dataclasses.replace(study, closeup=closeup))
    assert view.notes[2].words == "nothing wrong here"


def test_round_zero_is_neutral_and_only_pictures_suit(nobody):
    run = Run(EXP)
    first = next(iter(stream(run)))
    closeup = prepared(run, 0, first.parameters)
    assert isinstance(closeup, PictureAnalysis)
    canvas, view = drawn(dataclasses.replace(nobody, closeup=closeup, at=0))
    left, top = (round(v) for v in view.mosaics[0].corner(0))
    middle = colours_of_weights(look(False))[STEPS // 2]
    assert (canvas.frame()[top + 20, left + 20, :3] == middle).all()
    assert not why_not(Pictures.name, EXP, nobody.federation)
    assert why_not(Pictures.name, EXP, dataclasses.replace(nobody.federation, image=None))


@pytest.mark.parametrize("width", [640, 900, 1400])
def test_words_stay_in_their_group(nobody, followed, width):
    for shown in (nobody, followed):
        _, view = drawn(shown, width, 230)
        for part, pair in zip(view.parts, view.heads, strict=True):
            for s in pair:
                wide = rendered(s.words, s.colour, s.size, s.weight, 72).shape[1]
                assert s.place[0] + s.right + wide <= part.left + part.width + 20, s.words


def test_places_are_whole_enlargements_and_as_many_as_fit():
    grid = arrange(10, 330, 190, (8, 8), 1.0, caption=20)
    assert (grid.columns, grid.places) == (5, 10)
    assert grid.wide == 8 * grid.zoom
    assert arrange(500, 330, 190, (8, 8), 1.0, caption=20).places < 500
    assert reach(np.zeros(3)) == 0
    assert [reach(np.array([0, -v])) for v in (0.29, 1.0, 0.011)] == pytest.approx([0.3, 1, 0.015])


def inside_tiles(view, picture, ratio):
    """The pixels of every enlarged picture, and of the key."""
    for mosaic in view.mosaics:
        g = mosaic.grid
        for left, top in map(mosaic.corner, range(mosaic.shown)):
            yield cut(picture, Box(left, top, g.wide, g.tall), ratio)
    yield cut(picture, view.key.part, ratio)


def cut(picture, box, ratio):
    left, top, wide, tall = (round(edge * ratio) for edge in box)
    return picture[top : top + tall, left : left + wide, :3].astype(int)


def test_a_file_of_twice_the_size_has_the_same_pictures_and_larger_words(followed):
    canvas, view = drawn(followed)
    frame = canvas.frame().copy()
    file = np.array(Image.open(io.BytesIO(canvas.file("png", 2 * DOTS))).convert("RGBA"))
    assert file.shape == (460, 1800, 4)
    tiles = list(inside_tiles(view, frame, 1.0))
    assert len(tiles) == sum(m.shown for m in view.mosaics) + 1 > 20
    for small, large in zip(tiles[:-1], inside_tiles(view, file, 2.0), strict=False):
        assert np.array_equal(large, small.repeat(2, axis=0).repeat(2, axis=1))
    below = Box(0, view.mosaics[0].corner(5)[1] - 24, 230, 18)
    high, higher = (
        np.ptp(np.flatnonzero((cut(picture, below, ratio) < 128).any(axis=(1, 2)))) + 1
        for picture, ratio in ((frame, 1.0), (file, 2.0))
    )
    assert high > 5
    assert abs(higher - 2 * high) <= 2


def test_a_file_of_lines_has_every_group_in_its_place(followed):
    canvas, view = drawn(followed)
    svg = canvas.file("svg").decode()
    words = [stamp.words for stamp in view.stamps if stamp.get_visible()]
    assert len(words) == 8
    found = re.findall(r'<image [^>]*?base64,([^"]*)"[^>]*?matrix\(([^)]*)\)', svg, re.DOTALL)
    parts = [*(m.part for m in view.mosaics), view.key.part]
    for (content, matrix), part in zip(found, parts, strict=True):
        zoom, _, _, back, left, bottom = (float(v) for v in matrix.split())
        image = np.array(Image.open(io.BytesIO(base64.b64decode(content))))
        assert zoom == -back == pytest.approx(1 / 3, abs=1e-5)
        assert left == pytest.approx(part.left, abs=0.5)
        assert bottom - zoom * len(image) == pytest.approx(part.top, abs=0.5)
        there = cut(canvas.frame(), Box(left, part.top, *(zoom * n for n in image.shape[1::-1])), 1)
        solid = image[::-1][1::3, 1::3]
        same = np.abs(there - solid[..., :3]).max(axis=2) < 2
        assert same[solid[..., 3] == 255].mean() > 0.7, "but for edges"
