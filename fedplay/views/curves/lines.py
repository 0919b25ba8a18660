"""The artists of the learning curves: made once, each with its look and its place in the pile."""

from __future__ import annotations

from typing import Any

from matplotlib.axes import Axes
from matplotlib.collections import LineCollection, PolyCollection
from matplotlib.lines import Line2D

from fedplay.drawing.artists import line
from fedplay.drawing.figure import Canvas
from fedplay.drawing.style import Look

DASHES = ((6, 2), (2, 1.5), (9, 2, 2, 2), (5, 2, 1.2, 2, 1.2, 2), (3.5, 3.5), (12, 3))  # of ghosts


class Strokes:
    """Lines, bands and marks on `chart`, all of them redrawn in every frame."""

    def __init__(self, canvas: Canvas, chart: Axes, look: Look) -> None:
        self.chart, self.look = chart, look
        stroke = self._line
        self.old = LineCollection([], colors=look.stale, zorder=1.5, clip_on=False)
        self.wide = PolyCollection([], facecolor=look.muted, alpha=0.16, lw=0, zorder=2)
        self.narrow = PolyCollection([], facecolor=look.muted, alpha=0.24, lw=0, zorder=2.1)
        self.clients = LineCollection([], linewidths=1.1, zorder=3, clip_on=False)
        self.cursor = stroke(look.muted, 1.0, 3.5)
        self.before = stroke(look.muted, 1.6, 4, ls=(0, (1, 1.6)))
        self.ghosts = LineCollection([], zorder=4.5, clip_on=False)
        self.worst = stroke(look.mean, 1.1, 4.8, ls=(0, (7, 2, 1.5, 2)))
        self.alone = stroke(look.alone, 1.8, 5, ls=(0, (1.2, 1.2)))
        self.personal = stroke(look.personal, 1.8, 6, ls=(0, (4, 1.6)), marker="o", ms=3.5)
        self.mean = stroke(look.mean, 1.6, 7, ls=(0, (4, 1.6)))
        self.glob = stroke(look.accent, 3.2, 8, solid_capstyle="round")
        self.lit = stroke(look.ink, 2.2, 9)
        self.followed = stroke(look.ink, 2.8, 9.1)
        self.starts = stroke(look.muted, 0, 9.5, marker="o", ms=3)
        self.cross = stroke(look.alarm, 0, 10, marker="x", ms=13, mew=3)
        self.guess = stroke(look.ink, 1.4, 10, ls=(0, (5, 3)))
        self.arrow = stroke(look.ink, 0, 10.1, marker="<", ms=9, mew=0)
        self.handle = stroke(look.accent, 0, 10.5, marker="o", ms=10, mec=look.paper, mew=2)
        many = (self.old, self.wide, self.narrow, self.clients, self.ghosts)
        for collection in many:
            chart.add_collection(collection, autolim=False)
        canvas.moving([*many, *chart.lines])

    def _line(self, colour: str, width: float, zorder: float, **style: Any) -> Line2D:
        made = line(self.chart, colour, width, zorder, clip_on=False, **style)
        made.set_visible(False)
        return made

    def pin(self, lines: list[Any], lit: list[bool]) -> None:
        """Draw pinned runs, each with dashes of its own, and strong where it is lit."""
        ghosts: Any = self.ghosts
        ghosts.set_segments(lines)
        ghosts.set_linewidth([2.8 if strong else 1.6 for strong in lit])
        ghosts.set_color([self.look.ink if strong else self.look.muted for strong in lit])
        ghosts.set_linestyle([(0, DASHES[k % len(DASHES)]) for k in range(len(lit))])
