"""A pen for pictures in which everything moves: all strokes of a frame in three artists.

Coordinates are css pixels from the top left of a box. A view draws its whole picture anew for each
frame; it costs about a millisecond, as matplotlib's price is by artist more than by stroke.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.collections import LineCollection, PolyCollection
from matplotlib.colors import to_rgba
from numpy.typing import ArrayLike

from fedplay.drawing.figure import Canvas
from fedplay.drawing.geometry import Array

HEAD = 7.0  # css pixels, the length of an arrow's head


def ink(colour: str, alpha: float = 1.0) -> Array:
    """(4,) a colour as numbers."""
    return np.array(to_rgba(colour, alpha))


def faded(colours: Array, alpha: ArrayLike) -> Array:
    """Colours (4,) or (n, 4), alpha (one or n) times as strong."""
    strength = colours[..., 3] * np.asarray(alpha)
    out = np.empty((*strength.shape, 4))
    out[..., :3], out[..., 3] = colours[..., :3], strength
    return out


class Pen:
    """Lines below arrow heads below dots, on the axes of a whole box."""

    def __init__(self, canvas: Canvas, axes: Axes, width: float, height: float) -> None:
        axes.set_axis_off()
        axes.set_xlim(0, width)
        axes.set_ylim(height, 0)
        self.axes = axes
        self.lines = LineCollection([], zorder=3, capstyle="round", joinstyle="round")
        self.heads = PolyCollection([], lw=0, zorder=4)
        self.dots = axes.scatter([], [], zorder=5, clip_on=False)
        axes.add_collection(self.lines, autolim=False)
        axes.add_collection(self.heads, autolim=False)
        canvas.moving([self.lines, self.heads, self.dots])
        self.clear()

    def clear(self) -> None:
        """Begin a new picture; `flush` shows it."""
        self._lines: list[tuple[list[Array], Array, Array]] = []
        self._heads: list[tuple[Array, Array]] = []
        self._dots: list[tuple[Array, Array, Array, Array, Array]] = []

    def draw(self, lines: list[Array], colours: Array, widths: Any) -> None:
        """Lines of points (·, 2), with their colours (n, 4) or (4,) and widths (n,) or one."""
        if lines:
            n = len(lines)
            wide = np.broadcast_to(np.asarray(widths, float), (n,))
            self._lines.append((lines, np.broadcast_to(colours, (n, 4)), wide))

    def arrows(self, foot: Array, tip: Array, colours: Array, widths: Any) -> None:
        """Straight arrows from (n, 2) to (n, 2); a short one has a short head."""
        along = tip - foot
        length = np.hypot(*along.T)
        keep = length > 0.5  # pixels; NaN is left out too
        if not keep.any():
            return
        wide = np.broadcast_to(np.asarray(widths, float), (len(foot),))[keep]
        foot, tip, length = foot[keep], tip[keep], length[keep]
        along = along[keep] / length[:, None]
        colours = np.broadcast_to(colours, (len(keep), 4))[keep]
        head = np.minimum((HEAD + 1.5 * wide) * 0.8, 0.7 * length)[:, None]
        neck = tip - along * head
        side = along[:, ::-1] * [-1, 1] * head * 0.45
        self.draw(list(np.stack([foot, neck], axis=1)), colours, wide)
        self._heads.append((np.stack([tip, neck + side, neck - side], axis=1), colours))

    def spot(self, where: Array, faces: Array, radii: Any, edges: Array | None = None) -> None:
        """Dots at (n, 2) of radii (n,) or one, with faces and edges (n, 4) or (4,)."""
        n = len(where)
        if n:
            radius = np.broadcast_to(np.asarray(radii, float), (n,))
            rim = np.zeros(n) if edges is None else np.minimum(1.3, 0.4 * radius)
            faces = np.broadcast_to(faces, (n, 4))
            edges = faces if edges is None else np.broadcast_to(edges, (n, 4))
            self._dots.append((where, faces, edges, radius, rim))

    def flush(self) -> None:
        """Hand the picture to the artists."""
        lines, colours, widths = [], [np.empty((0, 4))], [np.empty(0)]
        for some, colour, wide in self._lines:
            lines += some
            colours.append(colour)
            widths.append(wide)
        self.lines.set_segments(lines)
        self.lines.set_color(np.concatenate(colours))  # type: ignore[arg-type]
        self.lines.set_linewidth(np.concatenate(widths).tolist())
        heads = [np.empty((0, 3, 2)), *(triangles for triangles, _ in self._heads)]
        self.heads.set_verts(np.concatenate(heads))  # type: ignore[arg-type]
        shades = [np.empty((0, 4)), *(colour for _, colour in self._heads)]
        self.heads.set_facecolor(np.concatenate(shades))  # type: ignore[arg-type]
        blank = (np.empty((0, 2)), np.empty((0, 4)), np.empty((0, 4)), np.empty(0), np.empty(0))
        where, faces, edges, radii, rims = (
            np.concatenate(parts) for parts in zip(blank, *self._dots, strict=True)
        )
        there = np.isfinite(where).all(axis=1)
        self.dots.set_offsets(where[there])
        self.dots.set_facecolor(faces[there])
        self.dots.set_edgecolor(edges[there])
        self.dots.set_sizes((2 * radii[there]) ** 2)
        self.dots.set_linewidth(rims[there].tolist())
