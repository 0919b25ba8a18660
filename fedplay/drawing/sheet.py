"""A drawing area whose blocks, lines, dots and words are set anew for every picture."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.collections import LineCollection, PolyCollection

from fedplay.drawing.cached_text import Stamp, fitting
from fedplay.drawing.figure import DOTS, Canvas
from fedplay.drawing.geometry import Array, Box
from fedplay.drawing.glyphs import Face, ink
from fedplay.drawing.marks import Marks
from fedplay.drawing.style import SMALL, Look

WORDS = 72  # as many as there ever are at once
ROUND = 5.0  # css pixels, of a block's corners


class Sheet:
    """Coordinates are css pixels from the top left of a box; `clear`, then draw, then `flush`."""

    def __init__(self, canvas: Canvas, axes: Axes, width: float, height: float, look: Look) -> None:
        self.look = look
        axes.set_axis_off()
        axes.set_xlim(0, width)
        axes.set_ylim(height, 0)
        self.lines = LineCollection([], zorder=3, capstyle="round")
        axes.add_collection(self.lines, autolim=False)
        self.blocks = PolyCollection([], zorder=2)
        axes.add_collection(self.blocks, autolim=False)
        self.dots, self.lit = (Marks(axes, z, lw=1.0, clip_on=False) for z in (5, 6))
        self.stamps = [Stamp(axes, "", look.ink, SMALL, "normal") for _ in range(WORDS)]
        for stamp in self.stamps:
            stamp.zorder = 7
            axes.add_artist(stamp)
        self.canvas = canvas
        canvas.seldom([self.blocks, self.lines, self.dots, *self.stamps])
        canvas.moving([self.lit])
        self.clear()

    def clear(self) -> None:
        """Begin a new picture."""
        self._strokes: list[tuple[Array, str, float]] = []
        self._corners: list[Array] = []
        self._styles: list[tuple[str, str, float]] = []
        self._said = 0
        self.put_dots(np.empty((0, 2)), np.zeros(0, int), [], 7.0)
        self.lit.set_offsets(np.empty((0, 2)))

    def block(self, box: Box, face: str, edge: str, width: float = 1.0) -> None:
        """A rectangle with rounded corners."""
        self._corners.append(rounded(box))
        self._styles.append((face, edge, width))

    def stroke(self, lines: Iterable[Array], colour: str, width: float) -> None:
        """Lines of points (·, 2)."""
        self._strokes += [(points, colour, width) for points in lines]

    def put_dots(self, where: Array, shapes: Array, colours: Sequence[str], width: float) -> None:
        """Dots at (n, 2), each in a shape (n,), a colour, and all so many css pixels across."""
        self.dots.put(where, shapes, width)
        self.dots.set_facecolor(list(colours))
        self.dots.set_edgecolor(self.look.paper)

    def say(
        self,
        x: float,
        y: float,
        words: str | Sequence[str],
        colour: str,
        *,
        room: float = 1e9,
        size: float = SMALL,
        weight: str = "normal",
        side: str = "left",
        ground: str | None = None,
    ) -> float:
        """Words beside or around a point: the first wording that fits. Returns their width."""
        wordings = [words] if isinstance(words, str) else words
        text = fitting(wordings, max(room, 8), size, weight)
        if not text or self._said >= WORDS:
            return 0.0
        wide = extent(text, size, weight)
        stamp = self.stamps[self._said]
        self._said += 1
        stamp.words, stamp.colour, stamp.size, stamp.weight = text, colour, size, weight
        stamp.place, stamp.ground = (x, y), ground
        stamp.right = {"left": 0.0, "centre": -wide / 2, "right": -wide}[side]
        stamp.set_visible(True)
        return wide

    def tell(self, x: float, y: float, words: Sequence[str], colour: str, room: float) -> None:
        """The first wording, in two lines where it must be; else what fits in one."""
        lines = broken(words[0], room) or (fitting(words, room, SMALL), "")
        for n, line in enumerate(lines):
            self.say(x, y + n * (SMALL + 3.5), line, colour, room=room)

    def flush(self) -> None:
        """Hand the picture to the artists."""
        for stamp in self.stamps[self._said :]:
            stamp.set_visible(False)
        shapes: Any = self._corners
        self.blocks.set_verts(shapes)
        self.blocks.set_facecolor([face for face, _, _ in self._styles])
        self.blocks.set_edgecolor([edge for _, edge, _ in self._styles])
        self.blocks.set_linewidth([width for _, _, width in self._styles])
        self.lines.set_segments([points for points, _, _ in self._strokes])
        self.lines.set_color([colour for _, colour, _ in self._strokes])
        self.lines.set_linewidth([width for _, _, width in self._strokes])
        self.canvas.touch()


def extent(text: str, size: float = SMALL, weight: str = "normal") -> float:
    """How many css pixels words take."""
    return float(ink(text, Face(size, weight, DOTS)).shape[1])


def broken(text: str, room: float) -> tuple[str, str] | None:
    """Words as one line or two of like width, each within so many css pixels; None if neither."""
    if extent(text) <= room:
        return text, ""
    parts = text.split(" ")
    pairs = [(" ".join(parts[:n]), " ".join(parts[n:])) for n in range(1, len(parts))]
    wide = [max(extent(line) for line in pair) for pair in pairs]
    if not wide or min(wide) > room:
        return None
    return pairs[wide.index(min(wide))]


def rounded(box: Box) -> Array:
    """(n, 2) the outline of a box with rounded corners."""
    r = min(ROUND, box.width / 2, box.height / 2)
    turn = np.linspace(0, np.pi / 2, 5)
    arc = r * np.stack([np.cos(turn), np.sin(turn)], axis=1)
    right, low = box.left + box.width, box.top + box.height
    corners = [
        np.array([right - r, low - r]) + arc,
        np.array([box.left + r, low - r]) + (arc * (-1, 1))[::-1],
        np.array([box.left + r, box.top + r]) - arc,
        np.array([right - r, box.top + r]) + (arc * (1, -1))[::-1],
    ]
    return np.concatenate(corners)


def dashes(x0: float, x1: float, y: float, on: float = 6, off: float = 3.5) -> list[Array]:
    """The strokes of a dashed level line."""
    starts = np.arange(x0, x1, on + off)
    return [np.array([(a, y), (min(a + on, x1), y)]) for a in starts]
