"""Text whose pixels are rendered once and kept: ten times faster than a `Text`."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from typing import Any

import numpy as np
from matplotlib.artist import Artist
from matplotlib.backends.backend_agg import RendererAgg
from matplotlib.text import Text
from matplotlib.transforms import offset_copy
from numpy.typing import NDArray

from fedplay.drawing.figure import DOTS as DOTS
from fedplay.drawing.glyphs import Face, ink, rgb
from fedplay.words import short

GROUND = 190  # of 255: how much of what is below the ground of a word hides


class Stamp(Artist):
    """Words beside a point of `axes`, centred on its height; never mathematics.

    ends: whether they end there, and stand to the left of it; otherwise they begin there
    """

    def __init__(
        self, axes: Any, words: str, colour: str, size: float, weight: str, *, ends: bool = False
    ) -> None:
        super().__init__()
        self.at: Any = axes
        self.words, self.colour = words, colour
        self.size, self.weight, self.ends = size, weight, ends
        self.place = (0.0, 0.0)  # in the coordinates of the axes' data
        self.right = 0.0  # css pixels to the right of the point
        self.ground: str | None = None  # a colour that lets little of what is below show through
        self.set_visible(False)

    def draw(self, renderer: Any) -> None:
        if not self.get_visible():
            return
        if not isinstance(renderer, RendererAgg):  # a file of lines and letters, not of pixels
            self._write(renderer)
            return
        ratio = renderer.dpi / DOTS
        image = rendered(self.words, self.colour, self.size, self.weight, renderer.dpi)
        x, y = self.at.transData.transform(self.place)
        x += self.right * ratio - self.ends * image.shape[1]
        left, bottom = round(x), round(y - image.shape[0] / 2)
        graphics: Any = renderer.new_gc()
        if self.ground is not None:
            block = np.empty(image.shape, np.uint8)
            block[...] = [*rgb(self.ground), GROUND]
            renderer.draw_image(graphics, left, bottom, block)
        renderer.draw_image(graphics, left, bottom, image)
        graphics.restore()

    def _write(self, renderer: Any) -> None:
        """The same words as letters."""
        where = offset_copy(self.at.transData, self.at.figure, self.right, 0, units="dots")
        style: dict[str, Any] = {"size": self.size, "weight": self.weight, "va": "center"}
        style["ha"] = "right" if self.ends else "left"
        if self.ground is not None:
            part = GROUND / 255
            style["bbox"] = {"fc": self.ground, "alpha": part, "lw": 0, "boxstyle": "square,pad=0"}
        text = Text(*self.place, self.words, color=self.colour, parse_math=False, **style)
        text.set_figure(self.at.figure)
        text.set_transform(where)
        text.draw(renderer)


@lru_cache(maxsize=128)  # those on the screen
def rendered(words: str, colour: str, size: float, weight: str, dpi: float) -> NDArray[np.uint8]:
    """The words as (height, width, 4) uint8 with a transparent ground, the lowest row first."""
    cover = ink(words, Face(size, weight, dpi))[::-1]
    out = np.empty((*cover.shape, 4), np.uint8)
    out[..., :3] = rgb(colour)
    out[..., 3] = cover
    return out


def fitting(words: Sequence[str], width: float, size: float, weight: str = "normal") -> str:
    """The first of several wordings that fits into so many css pixels; the last is cut to fit."""
    for wording in words:
        wide = ink(wording, Face(size, weight, DOTS)).shape[1]
        if wide <= width:
            return wording
    return short(words[-1], max(int(len(words[-1]) * width / wide), 1))
