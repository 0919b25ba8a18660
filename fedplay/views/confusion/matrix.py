"""One confusion matrix: a cell for every pair of classes, their names, counts where they fit."""

from __future__ import annotations

import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import to_hex

from fedplay.drawing.colour_scales import RGB, of_weights
from fedplay.drawing.figure import Canvas
from fedplay.drawing.geometry import Box
from fedplay.drawing.mosaic import CAPTION, Bitmap, Caption, solid
from fedplay.drawing.sheet import extent
from fedplay.drawing.style import Look, contrast
from fedplay.views.confusion.analysis import Counts, shares
from fedplay.words import short

LINE = 13.0  # css pixels that a name needs from one row to the next
SPARE = 1.0  # css pixels beside a number in its cell
HALF = 9.0  # css pixels from the top of a line of words to its middle
MOST = 92.0  # css pixels of the names of classes, at most
LONGEST = 14  # letters of these


class Matrix:
    """The cells in a part of the canvas, with names to the left and below."""

    def __init__(self, canvas: Canvas, axes: Axes, part: Box, look: Look) -> None:
        self.part, self.look = part, look
        above = Box(part.left, part.top - HALF, part.width, part.height + HALF)
        self.cells, self.words = Bitmap(canvas, part), Bitmap(canvas, above)
        for artist in (self.cells, self.words):
            axes.add_artist(artist)
        canvas.seldom([self.cells, self.words])
        self.left, self.top, self.side, self.C = part.left, part.top, 0.0, 0

    def clear(self) -> None:
        """Show nothing."""
        self.side, self.C = 0.0, 0
        self.cells.put([])
        self.words.put([])

    @property
    def right(self) -> float:
        """Where the cells end, css pixels of the canvas."""
        return self.left + self.side * self.C

    def show(self, counts: Counts, classes: tuple[str, ...], end: float, table: RGB) -> None:
        """Colour the cells: right ones by their part of the row, wrong ones by theirs of `end`."""
        names = [short(name, LONGEST) for name in classes]
        wide = min(max(map(extent, names)) + 6, MOST, 0.3 * self.part.width)
        self.C = len(classes)
        room = min(self.part.width - wide, self.part.height - CAPTION)
        self.side = max(float(room // self.C), 1.0)
        self.left, self.top = self.part.left + round(wide), self.part.top
        part = shares(counts)
        wrong = part / end if end else part
        values = np.where(np.eye(self.C, dtype=bool), -part, wrong)
        colours = of_weights(values, 1.0, table)
        size = self.side * self.C
        self.cells.put([(solid(colours), Box(self.left, self.top, size, size))])
        nothing = (np.zeros((1, 1), np.uint32), Box(self.left, self.top, 1, 1))
        self.words.put([nothing], [*self._names(names, wide), *self._numbers(counts, colours)])

    def _names(self, names: list[str], wide: float) -> list[Caption]:
        """The names of the classes: of every n-th where there is no room for all."""
        step, muted = int(np.ceil(LINE / self.side)), self.look.muted
        found = []
        for c in range(0, self.C, step):
            name = _cut(names[c], wide - 4)
            x, y = self.left - 3 - extent(name) / 2, self.top + (c + 0.5) * self.side
            found.append(Caption(x, y - HALF, [(name, muted)]))
        widest = max(extent(name) for name in names)
        apart = max(step, int(np.ceil(min(widest + 3, 30) / self.side)))
        for c in range(0, self.C, apart):
            name = _cut(names[c], apart * self.side - 3)
            x = self.left + (c + 0.5) * self.side
            found.append(Caption(x, self.top + self.side * self.C, [(name, muted)]))
        return found

    def _numbers(self, counts: Counts, colours: RGB) -> list[Caption]:
        """The counts above 0, where the largest of them fits into its cell."""
        widest = max(extent(f"{int(count)}") for count in {int(counts.max()), 10})
        if widest + SPARE > self.side or self.side < LINE:
            return []
        found = []
        for row, column in np.argwhere(counts):
            ground = to_hex(colours[row, column] / 255)
            ink = max((self.look.ink, self.look.paper), key=lambda c: contrast(c, ground))
            x, y = self.left + (column + 0.5) * self.side, self.top + (row + 0.5) * self.side
            found.append(Caption(x, y - HALF, [(f"{counts[row, column]}", ink)]))
        return found

    def at(self, x: float, y: float) -> tuple[int, int] | None:
        """The true and the said class of the cell at a css position."""
        if not self.side or x < self.left or y < self.top:
            return None
        row, column = int((y - self.top) // self.side), int((x - self.left) // self.side)
        return (row, column) if max(row, column) < self.C else None


def _cut(name: str, room: float) -> str:
    """A name that fits into so many css pixels."""
    wide = extent(name)
    return name if wide <= room else name[: max(int(len(name) * room / wide) - 1, 1)] + "…"
