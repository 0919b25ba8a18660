"""A cell for each client: two bars and a line on a scale from 0 to 1, and its name above them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from matplotlib.axes import Axes
from matplotlib.collections import LineCollection, PolyCollection

from fedplay.drawing.cached_text import Stamp
from fedplay.drawing.figure import DOTS, Canvas
from fedplay.drawing.geometry import Array, Box
from fedplay.drawing.glyphs import Face, ink
from fedplay.drawing.style import SMALL, Look, mixed

WIDE, TALL = 62, 30  # css pixels that a cell needs at least
IDEAL, HIGH = 150, 50  # css pixels at which a cell is as good as it gets
APART, ABOVE = 12, 16  # css pixels between cells of a row, and of a cell above its bars
SPARE = 8  # css pixels of a cell below its bars
PITCH, THICK = 13, 9  # css pixels from a bar to the next, and of a bar, at most
DOT = 11  # css pixels that a client's dot takes beside its name
FIGURES = 30  # css pixels for a number beside a bar
ROOMY, LINE = 118, 11.5  # css pixels of a cell, and from bar to bar, from which on there are any


class Grid(NamedTuple):
    """Where cells stand, row by row; `shown` of them."""

    columns: int
    rows: int
    wide: float
    tall: float
    shown: int

    def corner(self, k: int) -> tuple[float, float]:
        """The left and top of a cell, css pixels from those of the grid."""
        row, column = divmod(k, self.columns)
        return column * self.wide, row * self.tall

    def cell(self, x: float, y: float) -> int | None:
        """The cell at a position of the grid."""
        column, row = int(x // self.wide), int(y // self.tall)
        k = row * self.columns + column
        inside = 0 <= column < self.columns and row >= 0 and 0 <= k < self.shown
        return k if inside and y < self.rows * self.tall else None


def arrange(count: int, width: float, height: float) -> Grid:
    """The grid in which so many cells are read best, or as many of them as there is room for."""
    most = max(int(width // WIDE), 1), max(int(height // TALL), 1)
    count = max(min(count, most[0] * most[1]), 1)
    best, found = -1.0, Grid(1, 1, width, height, 1)
    for columns in range(1, most[0] + 1):
        rows = -(-count // columns)
        if rows > most[1] or (columns > 1 and -(-count // (columns - 1)) == rows):
            continue  # too low, or a column more than these rows need
        wide, tall = width / columns, height / rows
        full = (count / (columns * rows)) ** 0.5
        value = full * min(wide / IDEAL, 1) * min(tall / HIGH, 1, (1.6 * HIGH / tall) ** 0.5)
        if value > best:
            best, found = value, Grid(columns, rows, wide, min(tall, 1.6 * HIGH), count)
    return found


class Cell(NamedTuple):
    """What a cell shows."""

    name: str
    colour: str  # of the client
    accuracies: Array  # (3,) of the global, the personal and the lone model; NaN where unknown
    note: str  # instead of the bars, where neither is known


class Writing:
    """Words on a sheet that change often: a pool of stamps."""

    def __init__(self, canvas: Canvas, sheet: Axes) -> None:
        self.canvas, self.sheet = canvas, sheet
        self.stamps: list[Stamp] = []
        self._used = 0

    def begin(self) -> None:
        """Write anew; `end` hides what was not written again."""
        self._used = 0

    def write(self, x: float, y: float, words: str, colour: str, weight: str = "normal") -> None:
        """Words whose middle is at a height, beginning at a css position of the sheet."""
        if self._used == len(self.stamps):
            made = Stamp(self.sheet, "", "", SMALL, "normal")
            made.zorder = 6
            self.sheet.add_artist(made)
            self.stamps.append(made)
            self.canvas.seldom([made])
        stamp = self.stamps[self._used]
        self._used += 1
        stamp.words, stamp.colour, stamp.weight, stamp.place = words, colour, weight, (x, y)
        stamp.set_visible(bool(words))

    def end(self) -> None:
        for stamp in self.stamps[self._used :]:
            stamp.set_visible(False)
        self.canvas.touch()


def width_of(words: str, weight: str = "normal") -> float:
    """How many css pixels words take."""
    return float(ink(words, Face(SMALL, weight, DOTS)).shape[1])


def cut(words: str, room: float) -> str:
    """Words, cut to fit into so many css pixels."""
    wide = width_of(words)
    return words if wide <= room else words[: max(int(len(words) * room / wide) - 1, 1)] + "…"


class Cells:
    """The cells in a part of a sheet, whose coordinates are css pixels from its top left."""

    def __init__(self, canvas: Canvas, sheet: Axes, part: Box, look: Look) -> None:
        self.canvas, self.part, self.look = canvas, part, look
        self.grid = arrange(1, part.width, part.height)
        self.ground = PolyCollection([], lw=0, facecolor=_tint(look), zorder=1)
        self.tracks = PolyCollection([], lw=0, facecolor=look.faint, zorder=2)
        self.bars = PolyCollection([], lw=0, zorder=3)
        self.gaps = LineCollection([], linewidths=1.4, zorder=3.5, capstyle="butt")
        self.lines = LineCollection([], linewidths=2.4, zorder=4, capstyle="butt")
        self.outline = PolyCollection([], facecolor="none", zorder=7)
        self.dots = sheet.scatter([], [], s=30, lw=0, zorder=5)
        still = [self.dots, self.ground, self.tracks, self.bars, self.gaps, self.lines]
        for collection in (*still[1:], self.outline):
            sheet.add_collection(collection, autolim=False)
        canvas.seldom(still)
        canvas.moving([self.outline])

    # --- where things are ---------------------------------------------------------------------

    def corner(self, k: int) -> tuple[float, float]:
        """The left and top of a cell on the sheet."""
        x, y = self.grid.corner(k)
        return self.part.left + x, self.part.top + y

    @property
    def numbers(self) -> bool:
        """Whether there is room for numbers beside the bars."""
        return self.grid.wide >= ROOMY and self.pitch >= LINE

    @property
    def long(self) -> float:
        """Css pixels from 0 to 1."""
        return max(self.grid.wide - APART - (FIGURES if self.numbers else 0), 8.0)

    @property
    def thick(self) -> float:
        """Css pixels of a bar."""
        return float(min(self.pitch - 2, THICK))

    @property
    def pitch(self) -> float:
        """Css pixels from the top of a bar to that of the next."""
        return float(np.clip((self.grid.tall - ABOVE - SPARE) / 2, 5, PITCH))

    def rows(self, k: int) -> tuple[float, float]:
        """The tops of the two bars of a cell."""
        top = self.corner(k)[1] + ABOVE
        return top, top + self.pitch

    def at(self, x: float, y: float) -> int | None:
        """The cell at a css position of the sheet."""
        return self.grid.cell(x - self.part.left, y - self.part.top)

    # --- what is shown ------------------------------------------------------------------------

    def clear(self) -> None:
        for collection in (self.ground, self.tracks, self.bars, self.outline):
            collection.set_verts([])
        for lines in (self.gaps, self.lines):
            lines.set_segments([])
        self.dots.set_offsets(np.empty((0, 2)))

    def lay(self, count: int) -> int:
        """Make room for so many cells; returns how many there is room for."""
        self.grid = arrange(count, self.part.width, self.part.height)
        return self.grid.shown

    def show(
        self, cells: Sequence[Cell], writing: Writing, *, fresh: bool, whole: bool = True
    ) -> None:
        """Draw cells that `lay` has made room for.

        whole: whether the global model is one to be used, so that who gets a worse one is hurt
        """
        look, K, long, thick = self.look, len(cells), self.long, self.thick
        known = np.array([cell.accuracies for cell in cells]).reshape(K, 3)
        left = np.array([self.corner(k)[0] for k in range(K)])
        tops = np.array([self.rows(k) for k in range(K)]).reshape(K, 2)
        starts = np.repeat(left[:, None], 2, axis=1)
        seen = np.isfinite(known[:, :2])
        self.tracks.set_verts(boxes(starts, tops, np.full((K, 2), long), thick)[seen])
        ends = starts + long * np.nan_to_num(known[:, :2])
        self.bars.set_verts(boxes(starts, tops, ends - starts, thick)[seen])
        own = look.accent, look.personal
        colours = np.array([own if fresh else (look.stale, look.stale)] * K).reshape(K, 2)
        self.bars.set_facecolor(list(colours[seen]))
        alone = left + long * known[:, 2]
        below = (known[:, :2] < known[:, 2:] - 1e-9) & [whole, True]
        middle = tops + thick / 2
        goals = np.repeat(alone[:, None], 2, axis=1)
        gaps = np.stack([np.stack([ends, middle], -1), np.stack([goals, middle], -1)], 2)[below]
        self.gaps.set_segments(list(gaps))
        self.gaps.set_color(look.alarm if fresh else look.stale)
        there = np.flatnonzero(np.isfinite(alone))
        low, high = tops[:, 0] - 2.5, tops[:, 1] + thick + 2.5
        self.lines.set_segments([[(alone[k], low[k]), (alone[k], high[k])] for k in there])
        self.lines.set_color(look.alone if fresh else look.stale)
        hurt = np.flatnonzero(below.any(axis=1)).tolist() if fresh else []
        self.ground.set_verts([self.frame(k) for k in hurt])
        self.dots.set_offsets(np.column_stack([left + 3.5, tops[:, 0] - ABOVE + 7.5]))
        self.dots.set_facecolor([cell.colour if fresh else look.stale for cell in cells])
        room = self.grid.wide - APART - DOT
        if max((width_of(cell.name) for cell in cells), default=0.0) > room:
            # Where there is no room for all of it, the number says more than the word.
            cells = [cell._replace(name=cell.name.removeprefix("client ")) for cell in cells]
        for k, cell in enumerate(cells):
            self._write(k, cell, writing, fresh)
        self._scale(writing)

    def _write(self, k: int, cell: Cell, writing: Writing, fresh: bool) -> None:
        """The name of a client, and its numbers where there is room."""
        look, (x, y) = self.look, self.corner(k)
        room, told = self.grid.wide - APART, ""
        if self.numbers and np.isfinite(cell.accuracies[2]):
            told = f"alone {cell.accuracies[2]:.2f}"
            x_told = x + room - width_of(told)
            writing.write(x_told, y + 7, told, look.alone if fresh else look.stale)
            room -= width_of(told) + 6
        name = cut(cell.name, room - DOT)
        writing.write(x + DOT, y + 7, name, look.ink if fresh else look.stale)
        if not np.isfinite(cell.accuracies[:2]).any():
            words = cut(cell.note, self.grid.wide - APART)
            writing.write(x, self.rows(k)[0] + self.thick, words, look.muted)
        elif self.numbers:
            for top, value in zip(self.rows(k), cell.accuracies[:2], strict=True):
                words = f"{value:.2f}" if np.isfinite(value) else "–"
                colour = look.ink if fresh else look.stale
                writing.write(x + self.long + 5, top + self.thick / 2, words, colour)

    def _scale(self, writing: Writing) -> None:
        """0 and 1 below each column."""
        y = self.part.top + self.grid.rows * self.grid.tall + 6
        for column in range(min(self.grid.columns, self.grid.shown)):
            x = self.part.left + column * self.grid.wide
            writing.write(x, y, "0", self.look.muted)
            writing.write(x + self.long - 6, y, "1", self.look.muted)

    def frame(self, k: int) -> list[tuple[float, float]]:
        """The corners of a cell."""
        (x, y), room = self.corner(k), 5.0
        right, bottom = x + self.grid.wide - APART + 4, self.rows(k)[1] + self.thick + 4
        return [(x - room, y - 1), (right, y - 1), (right, bottom), (x - room, bottom)]

    def light(self, frames: Sequence[tuple[int, float, str]]) -> None:
        """Outline cells, each with a width and a colour."""
        self.outline.set_verts([self.frame(k) for k, _, _ in frames])
        self.outline.set_linewidth([width for _, width, _ in frames])
        self.outline.set_edgecolor([colour for _, _, colour in frames])


def boxes(left: Array, top: Array, wide: Array, tall: float) -> Array:
    """(…, 4, 2) the corners of rectangles."""
    x = np.stack([left, left + wide, left + wide, left], -1)
    y = np.stack([top, top, top + tall, top + tall], -1)
    return np.stack([x, y], -1)


def _tint(look: Look) -> str:
    """The ground of a cell whose client is hurt."""
    return mixed(look.paper, look.alarm, 0.1 if not look.dark else 0.2)
