"""A model's predictions on the plane, as coloured regions."""

from __future__ import annotations

from typing import Any

import numpy as np
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.colors import to_rgb
from PIL import Image

from fedplay.drawing.geometry import Array
from fedplay.drawing.marks import corners
from fedplay.drawing.style import Look
from fedplay.inspect.plane import Regions


class Ground(Artist):
    """The tints of a model's regions: a small picture, kept as large as the panel."""

    def __init__(self, axes: Axes) -> None:
        super().__init__()
        axes.add_artist(self)
        self._small: Array | None = None
        self._large: Array | None = None

    def paint(self, colours: Array | None) -> None:
        """Show colours (·, ·, 3) uint8, the lowest row first, or nothing."""
        self._small, self._large = colours, None

    def draw(self, renderer: Any) -> None:
        if self._small is None or not self.get_visible():
            return
        left, bottom, right, top = corners(self.axes)
        size = (right - left, top - bottom)
        if self._large is None or self._large.shape[1::-1] != size:
            picture = Image.fromarray(self._small).resize(size, Image.Resampling.BILINEAR)
            self._large = np.array(picture.convert("RGBA"))
        graphics = renderer.new_gc()
        renderer.draw_image(graphics, left, bottom, self._large)
        graphics.restore()


def tints(regions: Regions, C: int, look: Look, fresh: bool) -> Array:
    """(·, ·, 3) uint8: the class said, the stronger the surer the model is of it."""
    sure = np.clip((regions.sure - 1 / C) / (1 - 1 / C), 0, 1)[..., None]
    weak, strong = (0.16, 0.52) if look.dark else (0.10, 0.42)
    part = (weak + (strong - weak) * sure) * (1.0 if fresh else 0.35)
    paper = np.array(to_rgb(look.paper))
    classes = np.array([to_rgb(c) for c in look.classes(C)])
    colours: Array = np.rint(255 * (paper + part * (classes[regions.label] - paper)))
    return colours.astype(np.uint8)
