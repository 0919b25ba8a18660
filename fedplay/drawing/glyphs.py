"""Text as pixels, composed of cached letters: a new word costs a tenth of a millisecond.

Matplotlib lays out every string anew, which takes it milliseconds. Most words that a view has not
shown yet are numbers and names made of letters that it has. Their places are matplotlib's own.
"""

from __future__ import annotations

import math
from functools import lru_cache
from typing import Any, NamedTuple
from unicodedata import category

import numpy as np
from matplotlib.backends.backend_agg import RendererAgg, get_hinting_flag
from matplotlib.colors import to_rgb
from matplotlib.figure import Figure
from matplotlib.font_manager import FontProperties, findfont, get_font
from matplotlib.text import Text
from numpy.typing import NDArray

from fedplay.drawing.figure import DOTS
from fedplay.drawing.settings import ours

PHASES = 4  # places within a pixel at which a letter may begin
PAD = 4  # pixels beside a letter while it is drawn: some reach over their place

Ink = NDArray[np.uint8]  # (height, width) how much of each pixel is covered, the top row first


class Face(NamedTuple):
    """What letters look like."""

    size: float  # css pixels
    weight: str  # "normal" or "bold"
    dpi: float


class Letter(NamedTuple):
    """Pixels that begin so many to the right of where the letter stands."""

    ink: Ink
    left: int


@lru_cache(maxsize=512)
@ours()
def ink(words: str, face: Face) -> Ink:
    """One line of words, never mathematics, as high as 1.6 letters and as wide as its ink.

    A character that no font has is drawn as matplotlib draws it, a box, and nothing is said.
    """
    if all(_alone(c, face) for c in words):
        x, placed = 0.0, []
        for this, following in zip(words, f"{words[1:]} ", strict=False):
            pixel, phase = divmod(round(PHASES * x), PHASES)
            letter = _letter(this, phase, face)
            placed.append((letter.ink, letter.left + pixel))
            x += _advance(this, following, face)
    else:
        placed = [_drawn(words, 0, face)]
    placed = [(part, left) for part, left in placed if part.size]
    first = min([0, *(left for _, left in placed)])
    width = max([1, *(left - first + part.shape[1] for part, left in placed)])
    out = np.zeros((_height(face), width), np.uint8)
    for part, left in placed:
        here = out[:, left - first : left - first + part.shape[1]]
        np.maximum(here, part, out=here)
    return out


@lru_cache(maxsize=256)
def rgb(colour: str) -> NDArray[np.uint8]:
    """(3,) a colour as pixels have it."""
    return np.rint(255 * np.array(to_rgb(colour))).astype(np.uint8)


def _height(face: Face) -> int:
    return round(1.6 * face.size * face.dpi / DOTS)


def _font(face: Face) -> Any:
    font = get_font(findfont(_style(face)))
    font.set_size(face.size, face.dpi)  # every time: matplotlib shares the font
    return font


@lru_cache(maxsize=64)
def _style(face: Face) -> FontProperties:
    style: dict[str, Any] = {"size": face.size, "weight": face.weight}
    return FontProperties(**style)


@lru_cache(maxsize=64)
def _baseline(face: Face) -> int:
    """Pixels from the top to where letters stand; a whole number keeps them sharp."""
    text = Text(0, 0, "lp", fontproperties=_style(face))
    text.set_figure(Figure(dpi=face.dpi))
    box = text.get_window_extent(_paper(1, 1, face))
    return round((_height(face) + box.y0 + box.y1) / 2)


@lru_cache(maxsize=2048)
def _alone(character: str, face: Face) -> bool:
    """Whether a character looks the same whatever its neighbours, and the first font has it."""
    european = character < "\u0530" and category(character)[0] != "M"  # Latin, Greek, Cyrillic
    if not (european or category(character)[0] in "PS"):
        return False
    return _font(face).get_char_index(ord(character)) > 0


@lru_cache(maxsize=8192)
def _advance(this: str, following: str, face: Face) -> float:
    """Pixels from where a letter stands to where the following one does, kerned."""
    hinting: Any = get_hinting_flag
    places = _font(face).set_text(this + following, 0.0, flags=hinting())
    if len(places) < 2:  # both became one glyph, as "fi" may
        return _advance(this, " ", face)
    return float(places[1][0]) / 64  # FreeType counts in parts of a pixel


@lru_cache(maxsize=4096)
def _letter(character: str, phase: int, face: Face) -> Letter:
    return _drawn(character, phase, face)


def _drawn(text: str, phase: int, face: Face) -> Letter:
    """Text as matplotlib draws it, `phase` parts of a pixel to the right."""
    wide = _paper(1, 1, face).get_text_width_height_descent(text, _style(face), False)[0]
    paper = _paper(math.ceil(wide) + 2 * PAD, _height(face), face)
    x = PAD + phase / PHASES
    paper.draw_text(paper.new_gc(), x, _baseline(face), text, _style(face), 0)
    cover = np.asarray(paper.buffer_rgba())[..., 3]
    used = np.flatnonzero(cover.any(axis=0))
    if not len(used):
        return Letter(cover[:, :0].copy(), 0)
    return Letter(cover[:, used[0] : used[-1] + 1].copy(), int(used[0]) - PAD)


def _paper(width: int, height: int, face: Face) -> Any:
    make: Any = RendererAgg
    return make(width, height, face.dpi)
