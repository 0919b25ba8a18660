"""Words set from kept letters: they look as matplotlib draws them, whatever they are made of."""

from __future__ import annotations

import io

import matplotlib
import numpy as np
import pytest
from matplotlib.backends.backend_agg import RendererAgg
from matplotlib.colors import to_rgb
from PIL import Image

from fedplay.drawing import glyphs
from fedplay.drawing.cached_text import GROUND, Stamp, rendered
from fedplay.drawing.figure import DOTS, Canvas
from fedplay.drawing.glyphs import Face, ink
from fedplay.drawing.style import SMALL, TEXT
from fedplay.words import UNSEEN

FACES = [
    Face(size, weight, DOTS * ratio)
    for size in (SMALL, TEXT)
    for weight in ("normal", "bold")
    for ratio in (1.0, 1.25, 2.0)
]
FOREIGN = ["東京 1", "a 🦄", "ⓐ", "नमस्ते", "שלום", "tab\tand\nline", "e\u0301", "\x00"]


def plainly(words, face):
    """The same words as matplotlib lays them out, trimmed to their ink."""
    paper = RendererAgg(900, glyphs._height(face), face.dpi)
    style, down = glyphs._style(face), glyphs._baseline(face)
    paper.draw_text(paper.new_gc(), 8, down, words, style, 0)
    cover = np.asarray(paper.buffer_rgba())[..., 3].astype(int)
    used = np.flatnonzero(cover.any(axis=0))
    return cover[:, used[0] : used[-1] + 1]


def trimmed(cover):
    used = np.flatnonzero(cover.any(axis=0))
    return cover[:, used[0] : used[-1] + 1].astype(int)


@pytest.mark.parametrize("face", FACES, ids=str)
@pytest.mark.parametrize("words", ["global 0.913", "12 of 360 test pictures", "±0.3; ε = 2 → ✓"])
def test_words_look_as_matplotlib_draws_them(words, face):
    got, wanted = trimmed(ink(words, face)), plainly(words, face)
    assert abs(got.shape[1] - wanted.shape[1]) <= 1
    wide = min(got.shape[1], wanted.shape[1])
    apart = np.abs(got[:, :wide] - wanted[:, :wide]).mean() / wanted.mean()
    # Before 3.11 matplotlib draws a lone letter at whole pixels only, so ours are less even.
    assert apart < (0.02 if matplotlib.__version_info__ >= (3, 11) else 0.8)


def test_letters_are_kerned():
    face = Face(SMALL, "normal", DOTS)
    assert glyphs._advance("A", "V", face) < glyphs._advance("A", "B", face) - 0.3
    apart = ink("A", face).shape[1] + ink("V", face).shape[1]
    assert ink("AV", face).shape[1] < apart


def test_a_new_word_of_known_letters_is_not_laid_out_again(monkeypatch):
    face = Face(SMALL, "normal", 77.0)
    for character in "0.19 of":
        for phase in range(glyphs.PHASES):
            glyphs._letter(character, phase, face)

    def never(*_, **__):
        raise AssertionError("laid out")

    monkeypatch.setattr(RendererAgg, "draw_text", never)
    monkeypatch.setattr(RendererAgg, "get_text_width_height_descent", never)
    assert ink("91.9 of 190", face).any()


@pytest.mark.parametrize("words", FOREIGN, ids=ascii)
def test_any_name_is_drawn_without_a_warning(words):
    assert ink(words, Face(SMALL, "normal", DOTS)).any()
    canvas = Canvas(200, 40, 1.0, "#ffffff")
    stamp = placed(canvas, words)
    assert (canvas.frame() < 255).any()
    assert b"<svg" in canvas.file("svg")
    stamp.set_visible(False)
    assert (canvas.frame() == 255).all()


@pytest.mark.parametrize("words", ["", " ", "   "])
def test_nothing_is_nothing(words):
    assert not ink(words, Face(SMALL, "normal", DOTS)).any()
    assert rendered(words, "#123456", SMALL, "normal", DOTS).shape == (18, 1, 4)


@pytest.mark.parametrize("words", ["jump", "WWWWWW", "Åj", f"{UNSEEN}"])
def test_no_letter_is_cut(words):
    for face in FACES:
        assert trimmed(ink(words, face)).sum() == pytest.approx(plainly(words, face).sum(), rel=0.1)


def test_mathematics_is_never_read():
    image = rendered("$x^2$ \\alpha", "#000000", SMALL, "normal", DOTS)
    assert image.shape[1] > rendered("x2", "#000000", SMALL, "normal", DOTS).shape[1] * 3


def placed(canvas, words, colour="#d6156c"):
    axes = canvas.figure.add_axes((0, 0, 1, 1))
    axes.axis("off")
    stamp = Stamp(axes, words, colour, SMALL, "normal")
    stamp.place, stamp.right = (0.5, 0.5), 10
    stamp.set_visible(True)
    axes.add_artist(stamp)
    canvas.moving([stamp])
    return stamp


@pytest.mark.parametrize("ratio", [1.0, 1.5, 2.0])
def test_a_stamp_stands_to_the_right_of_its_place_in_its_colour(ratio):
    canvas = Canvas(200, 40, ratio, "#ffffff")
    placed(canvas, "Hxn")
    picture = canvas.frame()[..., :3].astype(int)
    rows, columns = np.nonzero((picture < 255).any(axis=2))
    assert 110 * ratio <= columns.min() <= 114 * ratio
    assert abs((rows.min() + rows.max() + 1) / 2 - 20 * ratio) <= 2 * ratio
    strongest = picture[rows, columns][picture[rows, columns].sum(axis=1).argmin()]
    assert np.allclose(strongest, 255 * np.array(to_rgb("#d6156c")), atol=25)


def test_the_ground_hides_most_of_what_is_below():
    canvas = Canvas(200, 40, 1.0, "#000000")
    stamp = placed(canvas, " . ")
    stamp.ground = "#ffffff"
    green = int(canvas.frame()[..., 1].max())  # of which the letters have little
    assert abs(green - GROUND) <= 1


@pytest.mark.parametrize("ground", [None, "#ffffff"])
def test_files_have_the_words_too(ground):
    canvas = Canvas(200, 40, 1.0, "#eeeeee")
    stamp = placed(canvas, "served worst")
    stamp.ground = ground
    file = Image.open(io.BytesIO(canvas.file("png", DOTS))).convert("RGBA")
    assert np.array_equal(np.array(file), canvas.frame())
    svg = canvas.file("svg").decode()
    assert "served worst" in svg
    assert ("#ffffff" in svg) == (ground is not None)
