"""The left chart of a sweep: the global models of all values as they learn, each with its name.

A run that is shorter than the axis, or not complete, ends in a dot where it ends.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.collections import LineCollection

from fedplay.drawing.artists import Caption, line, put, stamp
from fedplay.drawing.figure import Canvas
from fedplay.drawing.geometry import Array
from fedplay.drawing.line_labels import apart
from fedplay.drawing.lines import last
from fedplay.drawing.scale import tidy
from fedplay.drawing.style import SMALL, TEXT, Look
from fedplay.views.sweep.shown import NOTHING, Fan
from fedplay.words import short

MOST = 24  # values in a fan that have a name
NAMES = 78  # css pixels for the names at the right
REACH = 9  # css pixels from a curve that still mean it


class FanCurves:
    """A curve for each value on `axes`."""

    def __init__(self, canvas: Canvas, axes: Axes, look: Look) -> None:
        self.canvas, self.axes, self.look = canvas, axes, look
        extent = axes.get_window_extent()
        self.wide, self.tall = extent.width / canvas.ratio, extent.height / canvas.ratio
        self.fan: Fan = NOTHING
        self.last: list[tuple[float, float]] = []  # where each curve ends
        self.heights: list[float] = []  # of the names at the right, NaN where there is none
        axes.set_xlabel("round", color=look.muted, fontsize=TEXT, labelpad=4)
        above = 0, 1 + 9 / self.tall
        self.heading = Caption(axes, above, "", look.muted, SMALL, va="bottom")
        self.fanned = LineCollection([], linewidths=1.8, zorder=3, capstyle="round")
        self.leads = LineCollection([], linewidths=1.2, zorder=3, clip_on=False)
        axes.add_collection(self.fanned, autolim=False)
        axes.add_collection(self.leads, autolim=False)
        self.stops = axes.scatter([], [], s=26, zorder=6, lw=0, clip_on=False)
        round_: dict[str, Any] = {"solid_capstyle": "round", "clip_on": False}
        self.now = line(axes, look.accent, 3.4, 5, **round_)
        self.lit = line(axes, look.ink, 3.0, 6, **round_)
        self.lost = line(axes, look.alarm, 0, 7, marker="x", ms=10, mew=2.4, clip_on=False)
        self.names = [stamp(axes, look.muted) for _ in range(MOST)]
        canvas.moving([self.fanned, self.leads, self.stops, self.now, self.lit, self.lost])
        canvas.moving(self.names)

    def settle(self, fan: Fan) -> None:
        """Limits and heading, which are drawn anew only when they change."""
        self.axes.set_xlim(0, tidy(fan.longest))
        ticks = [0, 0.25, 0.5, 0.75, 1]
        self.axes.set_yticks(ticks, [f"{fan.top * y:g}" for y in ticks])
        words = f"the global model as it learns, by {short(fan.label, 40)}"
        self.heading.set_text(words if fan.values else "click the name of a knob to see its values")

    def show(self, fan: Fan, colours: list[str]) -> None:
        """Draw every curve in its colour."""
        self.fan = fan
        self.last = [last(np.arange(len(a)), a) for a in fan.accuracy]
        points = [np.column_stack([np.arange(len(a)), a]) for a in fan.accuracy]
        some = [i for i, p in enumerate(points) if len(p) and i not in (fan.current, fan.lit)]
        self.fanned.set_segments([points[i] for i in some])
        self.fanned.set_color([colours[i] for i in some])
        self.fanned.set_alpha(0.45 if fan.lit is not None else 1.0)
        for curve, i in ((self.now, fan.current), (self.lit, fan.lit)):
            there = points[i] if i is not None and 0 <= i < len(points) else np.empty((0, 2))
            put(curve, there[:, 0], there[:, 1])
        if fan.lit is not None and fan.lit < len(colours):
            self.lit.set_color(colours[fan.lit])
            self.lit.set_linewidth(4.4 if fan.lit == fan.current else 3.4)
        self.now.set_color(colours[fan.current] if fan.current >= 0 else self.look.accent)
        gone = [end[0] for end, a in zip(self.last, fan.accuracy, strict=True) if _lost(a)]
        put(self.lost, gone, np.zeros(len(gone)))
        self._name(fan, colours)

    def _name(self, fan: Fan, colours: list[str]) -> None:
        """Each value beside the end of its curve: apart at the right edge, elsewhere where it fits.

        Only curves that reach the edge have a line to their name: a longer one would look computed.
        """
        full, pixel, ends = float(fan.longest), self._pixel(), self.last
        there = [i for i, (_, y) in enumerate(ends) if np.isfinite(y)][:MOST]
        edge = [i for i in there if ends[i][0] >= full]
        stops = [i for i in there if i not in edge]
        heights = apart(
            [ends[i][1] for i in edge], min(14 / self.tall, 1 / max(len(edge), 1)), 0.0, 1.0
        )
        self.heights = [float("nan")] * len(fan.values)
        for i, y in zip(edge, heights, strict=True):
            self.heights[i] = y
        places = [(i, full, self.heights[i], 20.0) for i in edge]
        # below, as a shorter run of the same kind ends on the curve of a longer one
        places += [(i, ends[i][0], ends[i][1] - 11 / self.tall, 6.0) for i in self._roomy(stops)]
        self._write(places, colours)
        leads = [[(full, ends[i][1]), (full + 16 * pixel, self.heights[i])] for i in edge]
        self.leads.set_segments(leads)
        self.leads.set_color([colours[i] for i in edge])
        self.leads.set_alpha(0.5)
        self.stops.set_offsets(np.array([ends[i] for i in stops]).reshape(-1, 2))
        self.stops.set_facecolor([colours[i] for i in stops])

    def _write(self, places: list[tuple[int, float, float, float]], colours: list[str]) -> None:
        """The names of values, each `right` css pixels from a point: (value, x, y, right)."""
        fan = self.fan
        for name in self.names:
            name.set_visible(False)
        for name, (i, x, y, right) in zip(self.names, places, strict=False):
            name.set_visible(True)
            name.words, name.place, name.right = short(fan.values[i], 10), (x, y), right
            name.weight = "bold" if i in (fan.current, fan.lit) else "normal"
            name.colour = self.look.ink if i == fan.lit else self.look.muted
            if i == fan.current:
                name.colour = colours[i]

    def _roomy(self, some: list[int]) -> list[int]:
        """Those of some values whose names stand clear of each other, ones looked at first."""
        fan, ends, wide, high = self.fan, self.last, 24 * self._pixel(), 13 / self.tall
        kept: list[int] = []
        for i in sorted(some, key=lambda i: (i not in (fan.lit, fan.current), -i)):
            away = [(abs(ends[i][0] - ends[k][0]), abs(ends[i][1] - ends[k][1])) for k in kept]
            if all(dx > wide or dy > high for dx, dy in away):
                kept.append(i)
        return kept

    def _pixel(self) -> float:
        """How many rounds one css pixel is."""
        return float(self.axes.get_xlim()[1] / self.wide)

    def at(self, x: float, y: float) -> int | None:
        """The value whose curve, or name beside it, is nearest to a css position."""
        extent, ratio, pixel = self.axes.get_window_extent(), self.canvas.ratio, self._pixel()
        number = (x - extent.x0 / ratio) * pixel
        height = (self.canvas.height - y - extent.y0 / ratio) / self.tall
        beyond = (number - self.fan.longest) / pixel
        if number < 0 or beyond > NAMES or not -0.05 <= height <= 1.05:
            return None
        heights = self.heights if beyond > 4 else [_along(a, number) for a in self.fan.accuracy]
        away = np.abs(np.array(heights) - height) * self.tall
        if not np.isfinite(away).any():
            return None
        best = int(np.nanargmin(away))
        return best if away[best] <= REACH else None


def _along(curve: Array, number: float) -> float:
    """How high a curve is between its rounds, NaN beyond its end."""
    if not len(curve):
        return float("nan")
    return float(np.interp(number, np.arange(len(curve)), curve, right=float("nan")))


def _lost(curve: Array) -> bool:
    """Whether a run has diverged."""
    return len(curve) > 0 and bool(np.isnan(curve[-1]))
