"""The table of a comparison: a row for each method, and a line from its curve to its name."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from matplotlib.axes import Axes
from matplotlib.collections import LineCollection
from matplotlib.patches import Rectangle

from fedplay.drawing.cached_text import Stamp
from fedplay.drawing.figure import Canvas
from fedplay.drawing.geometry import Box
from fedplay.drawing.style import SMALL, Look, legible
from fedplay.studies.comparison import Comparison
from fedplay.views.compare.shown import ComparisonShown, colour_of
from fedplay.words import short

ROW, LEAST = 22, 14  # css pixels from one row to the next, at most and at least
NARROW, SLIM = 820, 560  # css pixels of a box, below which the table says less
COLUMNS = (0, 96, 190, 324, 484)  # css pixels from the left of the table, and its width
FEWER = (0, 94, 184, 226, 336)
FEWEST = (0, 94, 184, 224)
WORDS = (
    "rounds: the median, and in how many seeds it got there",
    "at the end: the mean, and from the lowest to the highest seed",
    "against: seed by seed; grey: could be chance",
)
FEWER_WORDS = ("median round (in so many seeds), mean end,", "difference; grey: could be chance")
LETTER = 6.8  # css pixels that a letter takes


class ComparisonTable:
    """Rows at `place` in the box, drawn on `page`: the axes of the whole box in css pixels."""

    def __init__(self, canvas: Canvas, page: Axes, box: Box, place: Box, look: Look) -> None:
        self.canvas, self.page, self.place, self.look = canvas, page, place, look
        page.set_axis_off()
        page.set_xlim(0, box.width)
        page.set_ylim(box.height, 0)
        self.short = box.width < NARROW
        self.columns = _columns(box.width)
        self.rows: list[tuple[str, float]] = []  # (method, height of its middle)
        self.step = float(ROW)
        self.leads = LineCollection([], linewidths=1.2, zorder=2)
        page.add_collection(self.leads, autolim=False)
        self.ground = Rectangle((0, 0), place.width + 12, 1, fc=look.faint, lw=0, zorder=1)
        self.ground.set_visible(False)
        page.add_patch(self.ground)
        self.dots = page.scatter([], [], s=50, zorder=4, lw=0)
        self.crown = page.scatter([], [], s=50, zorder=5, facecolor="none", lw=2)
        self.crown.set_edgecolor(look.accent)
        self.cells: list[Stamp] = []
        canvas.seldom([self.ground, self.leads, self.dots, self.crown])

    @staticmethod
    def width(box: float) -> float:
        """How many css pixels the table takes of a box."""
        return _columns(box)[-1]

    def show(
        self, compared: ComparisonShown | None, ends: Mapping[str, tuple[float, float]]
    ) -> None:
        """Write every row; `ends` are where whole curves end, css pixels of the box."""
        self._used = 0
        names = [] if compared is None else compared.ranked
        self.step = max(min(ROW, self.place.height / max(len(names), 1)), LEAST)
        top = self.place.top + self.step / 2
        self.rows = [(name, top + i * self.step) for i, name in enumerate(names)]
        if compared is not None:
            self._head(compared)
            for name, y in self.rows:
                self._row(compared, name, y)
            self._explain()
        for cell in self.cells[self._used :]:
            cell.set_visible(False)
        self._join(compared, ends)

    def _join(
        self, compared: ComparisonShown | None, ends: Mapping[str, tuple[float, float]]
    ) -> None:
        """Lines from curves to names, dots beside names, and the row that is lit."""
        left = self.place.left
        bottom = self.place.top + self.place.height
        joined = [(n, y) for n, y in self.rows if n in ends and ends[n][1] < bottom]
        self.leads.set_segments([[ends[n], (left - 8, y)] for n, y in joined])
        self.leads.set_color([self._colour(compared, n) for n, _ in joined])
        self.leads.set_alpha(0.45)
        there = [(n, y) for n, y in self.rows if compared is not None and n in compared.drawn]
        colours = [self._colour(compared, n) for n, _ in there]
        dots = [(left, y) for _, y in there]
        self.dots.set_offsets(np.array(dots).reshape(-1, 2))
        self.dots.set_facecolor(colours)
        now = [(left, y) for n, y in self.rows if compared is not None and n == compared.current]
        self.crown.set_offsets(np.array(now).reshape(-1, 2))
        lit = [y for n, y in self.rows if compared is not None and n == compared.lit]
        self.ground.set_visible(bool(lit))
        if lit:
            self.ground.set_bounds(
                left - 8, lit[0] - self.step / 2, self.place.width + 8, self.step
            )

    def _explain(self) -> None:
        """Below the rows, where there is room, what their numbers are."""
        y = self.place.top + len(self.rows) * self.step + 14
        words = FEWER_WORDS if self.short else WORDS
        if (
            len(self.columns) == len(COLUMNS)
            and y + (len(words) - 1) * 16 < self.place.top + self.place.height - 6
        ):
            for i, text in enumerate(words):
                self._write(10, y + 16 * i, text, self.look.muted)

    def _colour(self, compared: ComparisonShown | None, name: str) -> str:
        if compared is None or compared.stale(name):
            return self.look.stale
        return colour_of(name, self.look)

    def _head(self, compared: ComparisonShown) -> None:
        """What the columns are."""
        y, muted, ref = (
            self.place.top - 12,
            self.look.muted,
            short(compared.comparison.reference, 12),
        )
        words = [f"to {compared.comparison.target:.2f}", "end", f"− {ref}"]
        if not self.short:
            words = [f"rounds to {compared.comparison.target:.2f}", "at the end", f"against {ref}"]
        for column, word in zip(self.columns[1:-1], words, strict=False):
            self._write(column, y, word, muted)

    def _row(self, compared: ComparisonShown, name: str, y: float) -> None:
        look, source, why = self.look, compared.source(name), compared.why(name)
        bold = name in (compared.current, compared.lit)
        grey = source is None or compared.stale(name)
        colour = look.muted if grey else legible(colour_of(name, look), look.ink, look.paper)
        self._write(10, y, short(name, 13), colour, bold)
        if why:
            room = int((self.place.width - self.columns[1]) / LETTER)
            self._write(self.columns[1], y, short(why, room), look.alarm)
        elif source is None:
            self._write(self.columns[1], y, "…", look.muted)
        else:
            ink = look.muted if grey else look.ink
            self._write(self.columns[1], y, compared.reached[name].words(), ink)
            self._numbers(source, name, y, ink)

    def _numbers(self, source: Comparison, name: str, y: float, ink: str) -> None:
        """The end, and the difference to the reference."""
        second, *third = self.columns[2:-1]
        many = len(source.curves[name])
        if broken := [f"{mark} in {n} of {many}" for mark, n in source.broken(name).items()]:
            self._write(second, y, ", ".join(broken), self.look.alarm)
            return
        end = source.end(name)
        self._write(second, y, f"{end.mean:.3f}" if self.short else end.words(), ink)
        if name == source.reference or not third:
            return
        found = source.difference(name)
        words = found.brief() if self.short else found.words()
        self._write(third[0], y, words, ink if found.clear else self.look.muted)

    def _write(self, x: float, y: float, words: str, colour: str, bold: bool = False) -> None:
        """One cell, beginning x css pixels from the left of the table."""
        if self._used == len(self.cells):
            cell = Stamp(self.page, "", "", SMALL, "normal")
            cell.zorder = 6
            self.page.add_artist(cell)
            self.cells.append(cell)
            self.canvas.seldom([cell])
        cell = self.cells[self._used]
        self._used += 1
        cell.set_visible(True)
        cell.words, cell.colour, cell.place = words, colour, (self.place.left + x, y)
        cell.weight = "bold" if bold else "normal"

    def at(self, x: float, y: float) -> str | None:
        """The method whose row is at a css position of the box."""
        if not -12 <= x - self.place.left <= self.place.width:
            return None
        return next((n for n, middle in self.rows if abs(y - middle) <= self.step / 2), None)


def _columns(box: float) -> tuple[int, ...]:
    """The columns for a box so wide."""
    if box >= NARROW:
        return COLUMNS
    return FEWER if box >= SLIM else FEWEST
