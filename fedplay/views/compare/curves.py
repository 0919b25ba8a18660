"""The chart of a comparison: a mean and a band for each method, and the target."""

from __future__ import annotations

from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.collections import LineCollection, PolyCollection

from fedplay.drawing.artists import Caption, dress, line, put, stamp
from fedplay.drawing.figure import Canvas
from fedplay.drawing.geometry import Array
from fedplay.drawing.lines import distances, last
from fedplay.drawing.scale import tidy
from fedplay.drawing.style import SMALL, TEXT, Look
from fedplay.views.compare.shown import ComparisonShown, colour_of

REACH = 8  # css pixels from a curve, or from the target, that still mean it
ROOM = 0.02  # of accuracy, that must be left below the lowest end
DASH = 3.5  # line widths that each of several curves in one place is seen for
Dash = tuple[float, tuple[float, float]]
FLOORS = {  # where the axis may begin, and its ticks
    0.8: [0.8, 0.85, 0.9, 0.95, 1],
    0.5: [0.5, 0.6, 0.7, 0.8, 0.9, 1],
    0.0: [0, 0.2, 0.4, 0.6, 0.8, 1],
}


class ComparisonCurves:
    """A line and a band for each method on `axes`."""

    def __init__(self, canvas: Canvas, axes: Axes, look: Look) -> None:
        self.canvas, self.axes, self.look = canvas, axes, look
        dress(axes, look)
        axes.set_ylabel("")
        axes.set_xlabel("round", color=look.muted, fontsize=TEXT, labelpad=3)
        extent = axes.get_window_extent()
        self.wide, self.tall = extent.width / canvas.ratio, extent.height / canvas.ratio
        self.corner = extent.x0 / canvas.ratio, extent.y0 / canvas.ratio  # css, from below
        self.means: dict[str, Array] = {}
        self.ends: dict[str, tuple[float, float]] = {}  # the last point of each mean
        self.target = float("nan")
        self.settled: Any = None
        words = {"va": "bottom", "ha": "left"}
        self.heading = Caption(axes, (0, 1 + 7 / self.tall), "", look.muted, SMALL, **words)
        self.bands = PolyCollection([], lw=0, zorder=3)
        self.lines = LineCollection([], zorder=5, capstyle="round")
        axes.add_collection(self.bands, autolim=False)
        axes.add_collection(self.lines, autolim=False)
        self.goal = line(axes, look.ink, 1.2, 6, ls=(0, (5, 3)))
        self.grip = line(axes, look.ink, 0, 9, marker=">", ms=8, mew=0, clip_on=False)
        self.value = stamp(axes, look.ink, 8)
        self.value.weight, self.value.ground = "bold", look.paper
        self.got = axes.scatter([], [], s=34, zorder=7, lw=1.2, edgecolor=look.paper)
        self.lost = line(axes, look.alarm, 0, 8, marker="x", ms=9, mew=2.2, clip_on=False)
        above = {"marker": "o", "ms": 8, "mec": look.paper, "mew": 1.5, "clip_on": False}
        self.above = line(axes, look.accent, 0, 8.5, **above)
        some = [self.bands, self.lines, self.goal, self.grip, self.value, self.got]
        canvas.seldom([*some, self.lost, self.above])

    def settle(self, compared: ComparisonShown | None) -> bool:
        """Set the limits and the heading; whether they have changed."""
        drawn = {} if compared is None else compared.drawn
        ends = np.concatenate([np.ones(0), *(rows[:, -1] for rows in drawn.values())])
        low = ends.min() if len(ends) and np.isfinite(ends).all() else 0.0
        floor = next(floor for floor in FLOORS if low >= floor + ROOM or floor == 0)
        runs = [] if compared is None else compared.comparison.experiments.values()
        longest = [*(exp.rounds for exp in runs), *(r.shape[1] - 1 for r in drawn.values())]
        far = tidy(max(longest, default=1))
        words = "" if compared is None else self._words(compared)
        if (floor, far, words) == self.settled:
            return False
        self.settled = floor, far, words
        self.heading.set_text(words)
        self.axes.set_xlim(0, far)
        self.axes.set_ylim(floor, 1)
        self.axes.set_yticks(FLOORS[floor])
        return True

    def show(self, compared: ComparisonShown | None) -> None:
        """Draw every method as far as it is known."""
        drawn = {} if compared is None else compared.drawn
        self.means = {} if compared is None else compared.means
        self.ends = {name: last(np.arange(len(m)), m) for name, m in self.means.items()}
        if compared is None:
            self.target = float("nan")
            self._paint([], [], [], [], [])
        else:
            self.target = compared.comparison.target if drawn else float("nan")
            self._draw(compared)
        self._mark(compared)

    def _words(self, compared: ComparisonShown) -> str:
        """What lines and bands are."""
        n = compared.comparison.seeds
        words = f"mean of {n} seeds, and a band from the lowest to the highest"
        return words if self.wide > 320 else f"mean and range of {n} seeds"

    def _draw(self, compared: ComparisonShown) -> None:
        """Lines and bands: what is lit last, and the wide one first, so that it hides no other."""
        order = sorted(self.means, key=lambda n: (n == compared.lit, n != compared.current))
        colours = [self.colour(compared, name) for name in order]
        strong = [compared.lit in (None, name) for name in order]
        means = [self.means[name] for name in order]
        lines = [np.column_stack([np.arange(len(mean)), mean]) for mean in means]
        widths = [3.4 if n in (compared.lit, compared.current) else 1.9 for n in order]
        bands = [_band(compared.drawn[name]) for name in order]
        self._paint(bands, lines, colours, widths, strong)
        found = dashes(compared.coinciding, order)
        self.lines.set_linestyle([found.get(name, "solid") for name in order])

    def _paint(
        self, bands: Any, lines: Any, colours: list[str], widths: list[float], strong: list[bool]
    ) -> None:
        self.bands.set_verts(bands)
        self.bands.set_facecolor(_faded(colours, [0.14 if s else 0.04 for s in strong]))
        self.lines.set_segments(lines)
        self.lines.set_color(_faded(colours, [1.0 if s else 0.35 for s in strong]))
        self.lines.set_linewidth(widths)

    def _mark(self, compared: ComparisonShown | None) -> None:
        """The target, where it is reached, where a method diverged, and which one is above."""
        far, floor, target = self.axes.get_xlim()[1], self.axes.get_ylim()[0], self.target
        there = np.isfinite(target)
        seen = there and target >= floor
        put(self.goal, *(([0, far], [target, target]) if seen else ([], [])))
        put(self.grip, *(([0], [max(target, floor)]) if there else ([], [])))
        self.value.set_visible(bool(there))
        if there:
            above = 9 / self.tall * (1 - floor)  # of the line, by css pixels
            self.value.words = f"target {target:.2f}"
            at = max(target, floor)
            self.value.place = (0.0, at + above if at + 2 * above < 1 else at - above)
        got, faces, sizes, lost = [], [], [], []
        current = None if compared is None else compared.current
        for name in sorted(self.means, key=lambda n: n != current) if compared is not None else ():
            source = compared.source(name) if compared is not None else None
            if source is None or compared is None:
                continue
            median = compared.reached[name].median
            if np.isfinite(median) and seen:
                got.append((median, target))
                faces.append(self.colour(compared, name))
                sizes.append(80 if name == current else 34)
            if source.diverged(name):
                lost.append(_clamped(self.ends[name], floor))
        self.got.set_offsets(np.array(got).reshape(-1, 2))
        self.got.set_facecolor(faces)
        self.got.set_sizes(sizes)
        put(self.lost, [x for x, _ in lost], [y for _, y in lost])
        end = self.ends.get(compared.current or "") if compared is not None else None
        shown = end is not None and np.isfinite(end[1]) and end[1] >= floor
        put(self.above, *(([end[0]], [end[1]]) if end is not None and shown else ([], [])))

    def colour(self, compared: ComparisonShown, name: str) -> str:
        """A method's own colour, grey where it belongs to another experiment."""
        return self.look.stale if compared.stale(name) else colour_of(name, self.look)

    # --- what is where ------------------------------------------------------------------------

    def pixel(self, x: float, y: float) -> tuple[float, float]:
        """A css position of the picture from the lower left of the axes."""
        return x - self.corner[0], self.canvas.height - y - self.corner[1]

    def accuracy_at(self, b: float) -> float:
        """The accuracy at a height above the axis, in hundredths."""
        floor, top = self.axes.get_ylim()
        part = min(max(b / self.tall, 0.0), 1.0)
        return round(max(floor + part * (top - floor), 0.01), 2)

    def on_target(self, a: float, b: float) -> bool:
        """Whether the target is there: its line, or its grip at the left."""
        floor, top = self.axes.get_ylim()
        at = (max(self.target, floor) - floor) / (top - floor) * self.tall
        return -44 <= a <= self.wide and abs(b - at) <= (REACH if a < 12 else 4)

    def at(self, a: float, b: float) -> str | None:
        """The method whose mean passes within reach."""
        if not (-REACH <= a <= self.wide + REACH and -REACH <= b <= self.tall + REACH):
            return None
        far, (floor, top) = self.axes.get_xlim()[1], self.axes.get_ylim()
        away = {}
        for name, mean in self.means.items():
            x = np.arange(len(mean)) * self.wide / far
            heights = (mean[None] - floor) / (top - floor) * self.tall
            away[name] = float(distances((a, b), x, heights, REACH)[0])
        best = min(away, key=lambda name: away[name], default=None)
        return best if best is not None and away[best] <= REACH else None


def dashes(groups: list[list[str]], order: list[str]) -> dict[str, Dash]:
    """How to draw what lies on another curve, so that all of them are seen: in dashes over it.

    groups: methods whose curves lie on each other
    order:  in which they are drawn, the first of a group whole
    """
    found: dict[str, Dash] = {}
    for group in groups:
        others = sorted(group, key=order.index)[1:]
        for place, name in enumerate(others):
            found[name] = (DASH * place, (DASH, DASH * len(others)))
    return found


def _band(rows: Array) -> Array:
    """(2n, 2) from the lowest to the highest seed, in the rounds in which all are finite."""
    n = np.flatnonzero(np.isfinite(rows).all(axis=0))
    if not len(n):
        return np.empty((0, 2))
    there = np.column_stack([n, rows[:, n].max(axis=0)])
    return np.concatenate([there, np.column_stack([n, rows[:, n].min(axis=0)])[::-1]])


def _clamped(end: tuple[float, float], floor: float) -> tuple[float, float]:
    return end[0], max(end[1], floor) if np.isfinite(end[1]) else floor


def _faded(colours: list[str], alphas: list[float]) -> Any:
    from matplotlib.colors import to_rgba

    return [to_rgba(colour, alpha) for colour, alpha in zip(colours, alphas, strict=True)]
