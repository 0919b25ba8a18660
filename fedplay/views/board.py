"""The whole picture: learning curves above, the clients' labels below, one canvas."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from fedplay.views.canvas import RGBA, Canvas
from fedplay.views.curves import UNSEEN, Curves, Late, Series
from fedplay.views.federation import LabelBars, short
from fedplay.views.style import SMALL, look

Array = NDArray[Any]

LEFT, RIGHT, TOP, BOTTOM = 58, 172, 14, 42  # css pixels around the axes
GAP, BARS_PART = 74, 0.3
NOTE = f"{UNSEEN} only in a simulation: a real server never sees what belongs to a client"


class Labels(NamedTuple):
    """What the bars show: counts (K, C) of the clients `ids` (K,), of all `clients`."""

    counts: Array
    ids: Array
    classes: Sequence[str]
    clients: int
    names: Sequence[str] = ()  # of the clients, where the data name them

    def name(self, place: int) -> str:
        """What to call the client at a place in the panel."""
        return self.names[place] if place < len(self.names) else f"client {place}"


class Board:
    """Both views on one canvas of `width` × `height` css pixels."""

    def __init__(self, width: int, height: int, ratio: float = 1.0, *, dark: bool = False) -> None:
        self.size, self.look = (width, height, ratio), look(dark)
        self.canvas = Canvas(width, height, ratio, self.look.paper)
        wide = max(width - LEFT - RIGHT, 60)
        tall = max(height - TOP - BOTTOM - GAP, 120)
        low = round(tall * BARS_PART)

        def place(bottom: float, height_: float) -> tuple[float, float, float, float]:
            return LEFT / width, bottom / height, wide / width, height_ / height

        figure = self.canvas.figure
        self.curves = Curves(
            self.canvas, figure.add_axes(place(BOTTOM + low + GAP, tall - low)), self.look
        )
        self.bars = LabelBars(self.canvas, figure.add_axes(place(BOTTOM, low)), self.look)
        figure.text(
            LEFT / width, 10 / height, NOTE, color=self.look.muted, fontsize=SMALL, parse_math=False
        )
        self.series = Series(1, np.empty(0), np.empty((0, 0)))
        self.chosen: int | None = None
        self._labels: Labels | None = None

    def show(self, series: Series, late: Late | None, labels: Labels) -> None:
        """Everything anew; label bars only where they have changed."""
        self.series = series
        if labels is not self._labels:
            self._labels = labels
            self.bars.show(labels.counts, labels.ids, labels.classes, labels.clients)
        self.curves.show(series)
        self.curves.show_late(late)
        self.choose(self.chosen)

    def mark(self, number: int, cohort: Collection[int] | Array) -> None:
        """Stand at a round, and mark who took part in it."""
        self.curves.mark(number if number else None)
        self.bars.mark(cohort)

    def choose(self, client: int | None) -> None:
        """Make a client (by its place in the panel) stand out in both views."""
        self.chosen = client
        name = self._labels.name(client) if self._labels and client is not None else ""
        self.curves.choose(self.series, client, short(name))
        self.bars.choose(client)
        self.curves.label()

    def frame(self) -> RGBA:
        """The picture, (height, width, 4) uint8; copy it, the next frame overwrites it."""
        return self.canvas.frame()

    def client_at(self, x: float, y: float) -> int | None:
        """The client whose curve or bar is at a css position from the top left, or None."""
        width, height, _ = self.size
        point = (x / width, 1 - y / height)
        for axes in (self.curves.axes, self.bars.axes):
            box = axes.get_position()
            if not box.contains(*point):
                continue
            inside = ((point[0] - box.x0) / box.width, (point[1] - box.y0) / box.height)
            (a, b), (low, high) = axes.get_xlim(), axes.get_ylim()
            at = a + inside[0] * (b - a), low + inside[1] * (high - low)
            if axes is self.bars.axes:
                place = round(at[0])
                return place if 0 <= place < len(self.bars.ids) else None
            return self.curves.nearest(self.series, *at, reach=0.02)
        return None

    def round_at(self, x: float, y: float) -> int | None:
        """The round at a css position in the learning curves, or None outside of them."""
        width, height, _ = self.size
        box = self.curves.axes.get_position()
        if not box.y0 <= 1 - y / height <= box.y1:
            return None
        part = (x / width - box.x0) / box.width
        return round(part * self.curves.rounds) if -0.02 <= part <= 1.02 else None
