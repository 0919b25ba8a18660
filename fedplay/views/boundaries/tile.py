"""One panel of the boundaries: a model's regions, the points on them, a title with a number."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
from matplotlib.axes import Axes
from matplotlib.collections import LineCollection
from matplotlib.colors import to_rgb

from fedplay.drawing.cached_text import Stamp, rendered
from fedplay.drawing.figure import Canvas
from fedplay.drawing.geometry import Box
from fedplay.drawing.marks import FAINT, RING, Marks, Points
from fedplay.drawing.style import TEXT, Look
from fedplay.inspect.plane import Limits
from fedplay.views.boundaries.analysis import Cloud, Stance
from fedplay.views.regions import Ground, tints

HEAD = 26  # css pixels, the height of a title
APART = 10  # css pixels between a title and its number


class Ink(NamedTuple):
    """How points are drawn: their faces and edges, the edges' widths, and css pixels across."""

    faces: Any
    edges: Any
    widths: Any
    size: float


def by_owner(cloud: Cloud, look: Look) -> Ink:
    """Points in the colours of the clients that have them."""
    n, clients = len(cloud.y), np.array([to_rgb(c) for c in look.clients])
    size = 7.0 if n <= 300 else 5.6 if n <= 800 else 4.6
    return Ink(clients[cloud.owner % len(clients)], look.paper, 0.6, size)


def by_class(cloud: Cloud, look: Look, C: int) -> Ink:
    """Points in the colours of their labels, those held out with an edge of ink."""
    n, faces = len(cloud.y), np.array([to_rgb(c) for c in look.classes(C)])[cloud.y]
    plain = 0.55 * faces + 0.45 * np.array(to_rgb(look.muted))
    edges = np.where(cloud.held[:, None], to_rgb(look.ink), plain)
    size = 7.5 if n <= 150 else 6.5 if n <= 400 else 5.2
    return Ink(faces, edges, np.where(cloud.held, 1.3, 0.7), size)


class Tile:
    """One panel. Its axes and what is drawn on them."""

    def __init__(self, canvas: Canvas, axes: Axes, look: Look, colour: str) -> None:
        self.canvas, self.axes, self.look, self.colour = canvas, axes, look, colour
        axes.set_facecolor(look.paper)
        axes.set_xticks([])
        axes.set_yticks([])
        for spine in axes.spines.values():
            spine.set_color(look.faint)
        self.ground = Ground(axes)
        self.borders = LineCollection([], lw=1.3, capstyle="round", zorder=2)
        axes.add_collection(self.borders, autolim=False)
        self.points = Points(axes, 3)
        self.rings = Marks(axes, 4, facecolors="none", lw=1.6)
        self.words = Stamp(axes, "", colour, TEXT, "normal")
        self.number = Stamp(axes, "", colour, TEXT, "bold")
        self.none = Stamp(axes, "not finite", look.alarm, TEXT, "normal")
        self.none.set_zorder(6)
        for stamp in (self.words, self.number, self.none):
            axes.add_artist(stamp)
        canvas.seldom([self.ground, self.borders, self.words, self.number])
        canvas.moving([self.points, self.rings, self.none])
        self.width = 0.0
        self.cloud: Cloud | None = None
        self.stance: Stance | None = None
        self.hide()

    def _visible(self, there: bool) -> None:
        known = (self.ground, self.borders, self.points, self.rings, self.words, self.number)
        for artist in (self.axes, *known):
            artist.set_visible(there)

    def hide(self) -> None:
        """Show nothing."""
        self._visible(False)
        self.none.set_visible(False)
        self.stance = self.cloud = None

    def place(self, box: Box, limits: Limits) -> None:
        """Appear in a part of the picture; the static layer is stale then."""
        wide, tall = self.canvas.width, self.canvas.height
        y = 1 - (box.top + box.height) / tall
        self.axes.set_position((box.left / wide, y, box.width / wide, box.height / tall))
        self.axes.set_xlim(limits.left, limits.right)
        self.axes.set_ylim(limits.low, limits.high)
        self.width = box.width
        pixel = (limits.high - limits.low) / box.height
        above = limits.high + (HEAD / 2 - 2) * pixel
        self.words.place = self.number.place = (limits.left, above)
        self.none.place = (limits.left, limits.low + 14 * pixel)
        self._visible(True)

    def scatter(self, cloud: Cloud, ink: Ink) -> None:
        """Draw other points."""
        self.cloud = cloud
        self.points.put(cloud.X, cloud.y, ink.size)
        self.points.set_facecolor(ink.faces)
        self.points.set_edgecolor(ink.edges)
        self.points.set_linewidth(ink.widths)

    def show(self, stance: Stance, C: int, fresh: bool) -> None:
        """Draw what a model says, once there are points."""
        cloud, plane = self.cloud, stance.plane
        assert cloud is not None
        self.stance = stance
        colour = self.look.ink if fresh else self.look.stale
        self.none.set_visible(plane is None)
        self.ground.paint(None if plane is None else tints(plane, C, self.look, fresh))
        self.borders.set_segments([] if plane is None else plane.borders)
        self.borders.set_color(colour)
        wrong = np.zeros(len(cloud.y), bool)
        if stance.points is not None and stance.of:
            wrong = (stance.points.label != cloud.y) & cloud.held
        self.rings.put(cloud.X[wrong], np.zeros(wrong.sum(), int), RING)
        self.rings.set_edgecolor(colour)
        self.points.opacity = 1.0 if fresh else FAINT

    def name(self, choices: Sequence[str], number: str, fresh: bool) -> None:
        """The title, the first of `choices` that fits, and the number at the panel's right.

        Where none of them fits, the last is cut.
        """
        self.number.words = number
        self.words.colour = self.number.colour = self.colour if fresh else self.look.stale
        room = self.width - self._width(self.number) - APART
        last = choices[-1]
        cut = [f"{last[:n]}…" for n in range(len(last) - 1, 0, -1)]
        for self.words.words in (*choices, *cut):
            if self._width(self.words) <= room:
                break
        self.number.right = self.width - self._width(self.number)
        self.none.right = max(self.width - self._width(self.none), 0) / 2

    def _width(self, stamp: Stamp) -> float:
        """Of a stamp, css pixels."""
        dpi = self.canvas.figure.dpi
        image = rendered(stamp.words, stamp.colour, stamp.size, stamp.weight, dpi)
        return image.shape[1] / self.canvas.ratio
