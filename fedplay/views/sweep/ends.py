"""The right chart of a sweep: a column for each value, with where its run ends.

A dot is the global model, a bar goes from the worst client to the best, a tick is their mean.
"""

from __future__ import annotations

import numpy as np
from matplotlib.axes import Axes
from matplotlib.collections import LineCollection
from matplotlib.patches import Rectangle

from fedplay.drawing.artists import Caption, line, put
from fedplay.drawing.figure import Canvas
from fedplay.drawing.style import SMALL, TEXT, Look
from fedplay.views.sweep.shown import NOTHING, Fan
from fedplay.words import UNSEEN, short

LETTER = 6.8  # css pixels that a letter of SMALL takes
ROW = 17  # css pixels that a row of names takes
ROWS = 3  # of names, at most; then there is no room below them for the knob's
REACH = (6, 48)  # css pixels above and below the axes that still mean a column
FLOORS = {  # where the axis may begin, and its ticks
    0.8: [0.8, 0.85, 0.9, 0.95, 1],
    0.5: [0.5, 0.6, 0.7, 0.8, 0.9, 1],
    0.0: [0, 0.25, 0.5, 0.75, 1],
}


class FanEnds:
    """A column for each value on `axes`."""

    def __init__(self, canvas: Canvas, axes: Axes, look: Look) -> None:
        self.canvas, self.axes, self.look = canvas, axes, look
        extent = axes.get_window_extent()
        self.wide, self.tall = extent.width / canvas.ratio, extent.height / canvas.ratio
        self.fan: Fan = NOTHING
        self.below: list[Caption] = []  # the values' names, and the knob's
        axes.set_xticks([])
        key = f"● global   {UNSEEN} │ clients, – their mean"
        key = f"at the end:  {key}" if self.wide > 280 else key
        Caption(axes, (0, 1 + 9 / self.tall), key, look.muted, SMALL, va="bottom")
        self.column = Rectangle((0, 0), 0.9, 1, transform=axes.get_xaxis_transform())
        # Above the axes' own lines (2.5), which the screen draws first and a file in their order.
        self.column.set(facecolor=look.faint, zorder=2.6, visible=False)
        axes.add_patch(self.column)
        self.bars = LineCollection([], linewidths=3, zorder=3, capstyle="round", alpha=0.45)
        self.means = LineCollection([], linewidths=2.2, zorder=4)
        axes.add_collection(self.bars, autolim=False)
        axes.add_collection(self.means, autolim=False)
        self.dots = axes.scatter([], [], s=52, zorder=6, lw=0, clip_on=False)
        self.lost = line(axes, look.alarm, 0, 7, marker="x", ms=10, mew=2.4, clip_on=False)
        ring = {"marker": "o", "ms": 12, "mfc": "none", "mew": 1.8, "clip_on": False}
        self.ring = line(axes, look.ink, 0, 7, **ring)
        canvas.moving([self.column, self.bars, self.means, self.dots, self.lost, self.ring])

    def settle(self, fan: Fan, floor: float) -> None:
        """Limits and names, which are drawn anew only when they change."""
        self.fan, n = fan, max(len(fan.values), 2)
        self.axes.set_xlim(-0.6, n - 0.4)
        self.axes.set_ylim(floor, 1)
        self.axes.set_yticks(FLOORS[floor], [f"{fan.top * y:g}" for y in FLOORS[floor]])
        words = staggered(fan.values, self.wide / n)
        rows = 1 + max((word.count("\n") for word in words), default=0)
        low = -(5 + ROW * rows) / self.tall
        label, muted = short(fan.label, 40), self.look.muted
        while len(self.below) <= len(words):
            self.below.append(Caption(self.axes, (0, 0), "", muted, SMALL, ha="center", va="top"))
        for caption in self.below:
            caption.set_visible(False)
        knob, *names = self.below
        knob.set(position=(0.5, low), text=label, fontsize=TEXT, visible=rows < ROWS)
        for i, (caption, word) in enumerate(zip(names, words, strict=False)):
            now = i == fan.current
            colour, weight = (self.look.accent, "bold") if now else (self.look.ink, "normal")
            place = (i + 0.6) / (n + 0.2), -6 / self.tall
            caption.set(position=place, text=word, color=colour, weight=weight, visible=True)

    def show(self, fan: Fan, colours: list[str]) -> None:
        """Draw every end in its colour."""
        self.fan = fan
        ends = [(i, e) for i in range(len(fan.values)) if (e := fan.end(i)) is not None]
        good = [(i, e) for i, e in ends if np.isfinite(e)]
        spreads = [(i, s) for i in range(len(fan.values)) if (s := fan.spread(i)) is not None]
        self.dots.set_offsets(np.array(good).reshape(-1, 2))
        self.dots.set_facecolor([colours[i] for i, _ in good])
        self.bars.set_segments([[(i, low), (i, high)] for i, (low, _, high) in spreads])
        self.bars.set_color([colours[i] for i, _ in spreads])
        self.means.set_segments([[(i - 0.2, m), (i + 0.2, m)] for i, (_, m, _) in spreads])
        self.means.set_color([colours[i] for i, _ in spreads])
        lost = [i for i, e in ends if np.isnan(e)]
        put(self.lost, lost, [self.axes.get_ylim()[0]] * len(lost))
        lit = fan.lit if fan.lit is not None and fan.lit < len(fan.values) else None
        self.column.set_visible(lit is not None)
        if lit is not None:
            self.column.set_x(lit - 0.45)
        ring = [(i, e) for i, e in good if i == lit]
        put(self.ring, [i for i, _ in ring], [e for _, e in ring])

    def at(self, x: float, y: float) -> int | None:
        """The value whose column, from the top to its name below, is at a css position."""
        extent, ratio = self.axes.get_window_extent(), self.canvas.ratio
        (low, high), (above, below) = self.axes.get_xlim(), REACH
        part = (x * ratio - extent.x0) / extent.width
        i = round(low + part * (high - low))
        within = -below <= self.canvas.height - y - extent.y0 / ratio <= self.tall + above
        return i if within and 0 <= part <= 1 and 0 <= i < len(self.fan.values) else None


def floor_of(fan: Fan) -> float:
    """Where the axis begins: no end and no client lies below."""
    if fan.score == "loss":
        return 0.0
    lowest = [s[0] for i in range(len(fan.values)) if (s := fan.spread(i))]
    lowest += [e for i in range(len(fan.values)) if (e := fan.end(i)) is not None]
    if not lowest or np.isnan(lowest).any():  # a cross at the bottom should stand at the bottom
        return 0.0
    return next(floor for floor in FLOORS if not min(lowest) < floor)


def staggered(values: tuple[str, ...], room: float) -> list[str]:
    """Names below columns `room` css pixels apart: where they are long, in two rows or three."""
    longest = max((len(v) for v in values), default=0) * LETTER
    rows = next((rows for rows in (1, 2) if longest <= rows * room - 6), ROWS)
    most = max(int((rows * room - 6) / LETTER), 3)
    return [
        "\n" * (i % rows) + short(v, most if rows > 1 else len(v) + 1) for i, v in enumerate(values)
    ]
