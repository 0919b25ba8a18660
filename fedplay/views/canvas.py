"""A figure that redraws only what moves.

Three layers, each kept as pixels: what never changes (axes, ticks, grid), what changes seldom (the
label bars), and what changes with every frame. A frame restores the layer below and draws the
moving artists on it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

import numpy as np
from matplotlib.artist import Artist
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from numpy.typing import NDArray

RGBA = NDArray[np.uint8]
DOTS = 72  # an inch, so that one point is one css pixel


class Canvas:
    """One Agg figure of `width` × `height` css pixels, `ratio` picture pixels each."""

    def __init__(self, width: int, height: int, ratio: float, paper: str) -> None:
        self.ratio = ratio
        self.figure = Figure(figsize=(width / DOTS, height / DOTS), dpi=DOTS * ratio)
        self.figure.set_facecolor(paper)
        self.agg: Any = FigureCanvasAgg(self.figure)
        self._seldom: list[Artist] = []
        self._moving: list[Artist] = []
        self._still: Any = None  # the pixels of the static layer
        self._below: Any = None  # the same with the seldom layer drawn on it

    def seldom(self, artists: Iterable[Artist]) -> None:
        """Artists that are drawn again only after `touch`."""
        self._add(self._seldom, artists)

    def moving(self, artists: Iterable[Artist]) -> None:
        """Artists that are drawn again in every frame, in the order of their z-order."""
        self._add(self._moving, artists)

    def touch(self) -> None:
        """The seldom artists have changed."""
        self._below = None

    def stale(self) -> None:
        """The static layer has changed: ticks, limits, sizes."""
        self._still = self._below = None

    def frame(self) -> RGBA:
        """The picture, (height, width, 4) uint8. It is overwritten by the next frame: copy it."""
        if self._still is None:
            self.agg.draw()
            self._still = self._copy()
        if self._below is None:
            self.agg.restore_region(self._still)
            self._draw(self._seldom)
            self._below = self._copy()
        self.agg.restore_region(self._below)
        self._draw(self._moving)
        return np.asarray(self.agg.buffer_rgba())

    def _add(self, layer: list[Artist], artists: Iterable[Artist]) -> None:
        for artist in artists:
            artist.set_animated(True)  # so that draw() leaves it out
            layer.append(artist)
        by_order: Callable[[Artist], float] = Artist.get_zorder
        layer.sort(key=by_order)

    def _draw(self, layer: list[Artist]) -> None:
        renderer = self.agg.get_renderer()
        for artist in layer:
            artist.draw(renderer)

    def _copy(self) -> Any:
        return self.agg.copy_from_bbox(self.figure.bbox)
