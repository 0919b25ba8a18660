"""A figure that redraws only what moves.

Three layers, each kept as pixels: what never changes (axes, ticks, grid), what changes seldom (the
label bars), and what changes with every frame. A frame restores the layer below and draws the
moving artists on it.
"""

from __future__ import annotations

import io
from collections.abc import Callable, Iterable
from typing import Any

import numpy as np
from matplotlib.artist import Artist
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.collections import Collection
from matplotlib.figure import Figure
from matplotlib.transforms import Bbox
from numpy.typing import NDArray

from fedplay.drawing.settings import ours

RGBA = NDArray[np.uint8]
DOTS = 72  # an inch, so that one point is one css pixel
ABOVE = 100.0  # more than any z-order of a view: what one layer is above the one below it


class Canvas:
    """One Agg figure of `width` × `height` css pixels, `ratio` picture pixels each.

    figure: one of somebody else's to be drawn in, of that size and DOTS * ratio dots an inch. It
            keeps its own canvas, and is drawn by its owner once `settle` has been called.
    """

    @ours()
    def __init__(
        self, width: int, height: int, ratio: float, paper: str, figure: Figure | None = None
    ) -> None:
        self.width, self.height, self.ratio = width, height, ratio
        size = width / DOTS, height / DOTS
        self.figure = Figure(figsize=size, dpi=DOTS * ratio) if figure is None else figure
        self.figure.set_facecolor(paper)
        self.agg: Any = FigureCanvasAgg(self.figure) if figure is None else figure.canvas
        self._seldom: list[Artist] = []
        self._moving: list[Artist] = []
        self._still: Any = None  # the pixels of the static layer
        self._below: Any = None  # the same with the seldom layer drawn on it
        self._piece: Any = None  # of that, a part, and where it is: (left, top, width, height)

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

    @ours()
    def frame(self) -> RGBA:
        """The picture, (height, width, 4) uint8. It is overwritten by the next frame: copy it."""
        if self._still is None:
            self.agg.draw()
            self._still = self._copy()
        if self._below is None:
            self.agg.restore_region(self._still)
            self._draw(self._seldom)
            self._below, self._piece = self._copy(), None
        else:
            self.agg.restore_region(self._below)
        self._draw(self._moving)
        return np.asarray(self.agg.buffer_rgba())

    @ours()
    def again(self, artists: Iterable[Artist], part: tuple[float, float, float, float]) -> RGBA:
        """The last frame, in a part of which (css pixels) these moving artists are drawn anew.

        They must be all of the moving ones there. It is for what follows a pointer.
        """
        if self._below is None or self._piece is None or self._piece[1] != part:
            left, top, width, height = part
            low, high = self.height - top - height, self.height - top
            edges = [(left, low), (left + width, high)]
            self.frame()
            self.agg.restore_region(self._below)
            area = Bbox(np.array(edges) * self.ratio)
            self._piece = self.agg.copy_from_bbox(area), part
            return self.frame()
        self.agg.restore_region(self._piece[0])
        chosen = set(artists)
        self._draw([artist for artist in self._moving if artist in chosen])
        return np.asarray(self.agg.buffer_rgba())

    @ours()
    def file(self, form: str, dpi: float = 2 * DOTS, below: float = 0) -> bytes:
        """The whole picture as a file, "png" or "svg", with so many css pixels more at its foot."""
        layers = [*self._seldom, *self._moving]
        for artist in layers:
            artist.set_animated(False)
        content = io.BytesIO()
        try:
            undated: Any = {"Date": None} if form == "svg" else None  # one picture, one file
            dots = dpi if form == "png" else DOTS
            edges = np.array([(0, -below), (self.width, self.height)]) / DOTS
            part: Any = Bbox(edges) if below else None
            self.figure.savefig(content, format=form, dpi=dots, metadata=undated, bbox_inches=part)
        finally:
            for artist in layers:
                artist.set_animated(True)
        return content.getvalue()

    def settle(self) -> None:
        """Leave all artists to the figure, which then draws what `frame` does; for good.

        A figure knows no layers, so each of them is put above the one below it.
        """
        for place, layer in enumerate((self._seldom, self._moving), 1):
            for artist in layer:
                artist.set_animated(False)
                artist.set_zorder(artist.get_zorder() + place * ABOVE)

    def _add(self, layer: list[Artist], artists: Iterable[Artist]) -> None:
        for artist in artists:
            artist.set_animated(True)  # so that draw() leaves it out
            layer.append(artist)
        by_order: Callable[[Artist], float] = Artist.get_zorder
        layer.sort(key=by_order)

    def _draw(self, layer: list[Artist]) -> None:
        renderer = self.agg.get_renderer()
        for artist in layer:
            if (
                not isinstance(artist, Collection) or artist.get_paths()
            ):  # one of nothing takes long
                artist.draw(renderer)

    def _copy(self) -> Any:
        return self.agg.copy_from_bbox(self.figure.bbox)
