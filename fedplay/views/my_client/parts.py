"""The parts of "My client": a pad or a plane, bars of probabilities, three models."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.collections import LineCollection, PolyCollection
from matplotlib.colors import to_rgb
from matplotlib.patches import Rectangle

from fedplay.drawing.cached_text import Stamp, fitting
from fedplay.drawing.colour_scales import colours_of_ink, of_ink
from fedplay.drawing.figure import Canvas
from fedplay.drawing.geometry import Array, Box
from fedplay.drawing.marks import Marks, Points
from fedplay.drawing.mosaic import Bitmap, solid
from fedplay.drawing.style import SMALL, TEXT, Look, mixed
from fedplay.views.my_client.analysis import Reception
from fedplay.views.my_client.ink import BLOCK
from fedplay.views.my_client.sketch import STEPS, Mine, bits
from fedplay.views.regions import Ground, tints
from fedplay.words import percent, short

CHECK = 0.45  # how much every other block of an empty pad stands out from the next
ROOM = 44  # css pixels at the right of a bar, for its number
HEAD = 24  # css pixels of a heading
HELD = "○"  # beside an example that is held out
FIGURES = 54  # css pixels of a number in the table
LOWEST = 9.0  # css pixels of a row of bars


class Blocks(PolyCollection):
    """Any number of rectangles in one artist."""

    def put(self, boxes: Sequence[Box], colours: Sequence[str]) -> None:
        self.set_verts([_corners(box) for box in boxes])
        self.set_facecolor(list(colours) or "none")


def _corners(box: Box) -> list[tuple[float, float]]:
    left, top, right, bottom = box.left, box.top, box.left + box.width, box.top + box.height
    return [(left, top), (right, top), (right, bottom), (left, bottom)]


class Sheet:
    """Axes over a whole view in css pixels from its top left, and words on them."""

    def __init__(self, canvas: Canvas, axes: Axes, box: Box, look: Look) -> None:
        self.canvas, self.axes, self.box, self.look = canvas, axes, box, look
        self.moving: list[Artist] = []  # what follows the pen
        axes.set_xlim(0, box.width)
        axes.set_ylim(box.height, 0)
        axes.axis("off")

    def layer(self, artists: Sequence[Artist], moves: bool) -> None:
        """Artists that follow the pen, or those that change seldom."""
        if moves:
            self.moving += artists
            self.canvas.moving(artists)
        else:
            self.canvas.seldom(artists)

    def stamp(
        self, x: float, y: float, size: float = SMALL, weight: str = "normal", moves: bool = False
    ) -> Stamp:
        """Words at a place, not visible yet."""
        made = Stamp(self.axes, "", self.look.ink, size, weight)
        made.place = (x, y)
        made.set_zorder(6)
        self.axes.add_artist(made)
        self.layer([made], moves)
        return made

    def blocks(self, moves: bool = False) -> Blocks:
        """Rectangles, none yet."""
        made = Blocks([], linewidths=0, zorder=3)
        self.axes.add_collection(made, autolim=False)
        self.layer([made], moves)
        return made

    def frame(self, box: Box) -> None:
        """A thin line around a part, which never changes."""
        self.axes.add_patch(
            Rectangle(
                (box.left, box.top),
                box.width,
                box.height,
                facecolor="none",
                edgecolor=self.look.faint,
                linewidth=1,
                zorder=4,
            )
        )


def say(stamp: Stamp, words: str, colour: str) -> None:
    stamp.words, stamp.colour = words, colour
    stamp.set_visible(bool(words))


class Pad:
    """The bitmap one draws on, its blocks, and beside it what the model gets."""

    def __init__(self, sheet: Sheet, whole: Box, small: Box) -> None:
        """`whole` and `small`: parts of the sheet."""
        self.sheet, look = sheet, sheet.look
        left, top = sheet.box.left, sheet.box.top
        place = Box(left + whole.left, top + whole.top, whole.width, whole.height)
        self.box = place  # css pixels of the picture
        self.ink = Bitmap(sheet.canvas, place)
        self.small_box = Box(left + small.left, top + small.top, small.width, small.height)
        self.small = Bitmap(sheet.canvas, self.small_box)
        self.table = colours_of_ink(look)
        page, paper = self.table[0].astype(float), 255 * np.array(to_rgb(look.paper))
        other = np.rint(page + CHECK * (paper - page)).astype(np.uint8)
        self.colours = np.stack([self.table[0], other, self.table[-1]])
        self.pen = LineCollection([], colors=look.accent, linewidths=1.6, zorder=7)
        for artist in (self.ink, self.small):
            sheet.axes.add_artist(artist)
        sheet.axes.add_collection(self.pen, autolim=False)
        sheet.layer([self.ink, self.small, self.pen], True)
        sheet.frame(whole)
        self.whole = whole

    def show(self, mine: Mine) -> None:
        image = mine.kind.image
        assert image is not None
        h, w = image
        rows, columns = np.indices((BLOCK * h, BLOCK * w)) // BLOCK
        colours = self.colours[(rows + columns) % 2]
        if mine.sketch.base is not None:
            base = np.array(mine.sketch.base).reshape(image) / STEPS
            below = of_ink(base, self.table).repeat(BLOCK, axis=0).repeat(BLOCK, axis=1)
            inked = (base > 0).repeat(BLOCK, axis=0).repeat(BLOCK, axis=1)
            colours = np.where(inked[..., None], below, colours)
        colours = np.where(bits(mine.sketch.strokes, image)[..., None], self.colours[2], colours)
        self.ink.put([(solid(colours), self.box)])
        counts = np.zeros(h * w) if mine.counts is None else np.array(mine.counts)
        self.small.put([(solid(of_ink(counts.reshape(image) / STEPS, self.table)), self.small_box)])
        self._point(mine)

    def _point(self, mine: Mine) -> None:
        if mine.pen is None:
            self.pen.set_segments([])
            return
        x = self.whole.left + mine.pen[0] * self.whole.width
        y = self.whole.top + mine.pen[1] * self.whole.height
        long, gap = 11, 0 if mine.down else 3
        ends = [((x + s * gap, y), (x + s * long, y)) for s in (-1, 1)]
        ends += [((x, y + s * gap), (x, y + s * long)) for s in (-1, 1)]
        self.pen.set_segments(ends)


class Plane:
    """The plane of two features: what the global model says of it, and the points."""

    def __init__(self, sheet: Sheet, axes: Axes) -> None:
        canvas, look = sheet.canvas, sheet.look
        self.canvas, self.axes, self.look = canvas, axes, look
        axes.set_facecolor(look.paper)
        axes.set_xticks([])
        axes.set_yticks([])
        for spine in axes.spines.values():
            spine.set_color(look.faint)
        self.ground = Ground(axes)
        self.borders = LineCollection([], lw=1.3, colors=look.ink, zorder=2)
        axes.add_collection(self.borders, autolim=False)
        self.others = Points(axes, 3)
        self.others.opacity = 0.28
        self.own = Marks(axes, 5, lw=1.4)
        self.pen = Marks(axes, 6, facecolors="none", edgecolors=look.accent, lw=1.6)
        canvas.seldom([self.ground, self.borders, self.others])
        sheet.layer([self.own, self.pen], True)
        self._drawn: Any = None

    def show(self, mine: Mine, fresh: bool) -> None:
        reception = mine.reception
        if reception is None or reception.limits is None:
            return
        if self._drawn != (reception, fresh):
            self._drawn = reception, fresh
            self._draw(reception, fresh)
        X = np.array(mine.sketch.X, float).reshape(-1, 2)
        y = np.array(mine.sketch.y, int)
        C = mine.kind.C
        self.own.put(X, y, 9.5)
        self.own.set_facecolor([self.look.classes(C)[c] for c in y.tolist()] or "none")
        held = reception.held if mine.current else None
        edges = np.full(len(y), self.look.ink, object)
        if held is not None and len(held) == len(y):
            edges[held] = self.look.accent
        self.own.set_edgecolor(edges.tolist() or "none")
        at = np.empty((0, 2)) if mine.pen is None else np.array([self.data_at(*mine.pen)])
        self.pen.put(at, np.full(len(at), mine.sketch.label), 12.0)

    def _draw(self, reception: Reception, fresh: bool) -> None:
        limits, plane, fed = reception.limits, reception.plane, reception.federation
        assert limits is not None
        self.axes.set_xlim(limits.left, limits.right)
        self.axes.set_ylim(limits.low, limits.high)
        self.ground.paint(None if plane is None else tints(plane, fed.C, self.look, fresh))
        self.borders.set_segments([] if plane is None else plane.borders)
        self.others.put(fed.X_test[:300], fed.y_test[:300], 5.5)
        colours = self.look.classes(fed.C)
        self.others.set_facecolor([colours[c] for c in fed.y_test[:300].tolist()])
        self.others.set_edgecolor("none")
        self.canvas.stale()

    def data_at(self, right: float, down: float) -> tuple[float, float]:
        """A place of the panel, 0 to 1, in the coordinates of the data."""
        (left, end), (low, high) = self.axes.get_xlim(), self.axes.get_ylim()
        return left + right * (end - left), high - down * (high - low)


class Chances:
    """A bar for each class, as long as the model finds it probable."""

    def __init__(self, sheet: Sheet, part: Box, C: int) -> None:
        self.sheet, self.part, self.C = sheet, part, C
        self.step = part.height / C
        size = min(SMALL, 0.62 * self.step)
        self.readable = self.step >= LOWEST
        self.names, self.numbers = [], []
        self.blocks = sheet.blocks(moves=True)
        for c in range(C):
            middle = part.top + (c + 0.5) * self.step
            self.names.append(sheet.stamp(part.left, middle, max(size, 8)))
            self.numbers.append(sheet.stamp(part.left, middle, max(size, 8), moves=True))

    def show(
        self, classes: Sequence[str], chances: Array | None, label: int | None, fresh: bool = True
    ) -> None:
        """The chances (C,) of the classes; None where there is nothing to judge."""
        look, part = self.sheet.look, self.part
        long = max(len(name) for name in classes)
        wide = 18 if long <= 2 else min(0.5 * part.width, 7 * long + 8)
        room = max(part.width - wide - ROOM, 10)
        best = None if chances is None else int(chances.argmax())
        boxes, colours = [], []
        for c, name in enumerate(classes):
            top = part.top + (c + 0.18) * self.step
            p = 0.0 if chances is None else float(chances[c])
            strong = c == best
            words = fitting([name], wide - 4, SMALL)
            say(self.names[c], words, look.ink if c == label else look.muted)
            for width, colour in (
                (room, mixed(look.paper, look.faint, 0.6)),
                (room * p, (look.accent if strong else look.muted) if fresh else look.stale),
            ):
                boxes.append(Box(part.left + wide, top, width, 0.64 * self.step))
                colours.append(colour)
            self.numbers[c].right = wide + room + 6
            told = "" if chances is None or p < 0.005 else percent(p)
            ink = look.ink if strong else look.muted
            say(self.numbers[c], told, ink if fresh else look.stale)
        self.blocks.put(boxes, colours)


class Row(NamedTuple):
    """A model in the table: its name and colour, right of its own, and its test accuracy."""

    name: str
    colour: str
    right: int | None
    of: int
    tests: float


class Table:
    """Three models: right of the guest's held-out examples, and on the global test set."""

    HEIGHT = 88.0

    def __init__(self, sheet: Sheet, part: Box) -> None:
        self.sheet, self.part = sheet, part
        left, top, width, _ = part
        self.columns = (left, left + 0.30 * width, left + 0.66 * width)
        self.widths = (0.36 * width - FIGURES - 14, 0.34 * width - FIGURES)
        self.heads = [sheet.stamp(x, top + 8, SMALL) for x in self.columns[1:]]
        self.rows = [
            [
                sheet.stamp(x, top + 31 + 22 * k, TEXT, "normal" if j == 0 else "bold")
                for j, x in enumerate(self.columns)
            ]
            for k in range(3)
        ]
        self.blocks = sheet.blocks()

    def show(self, rows: Sequence[Row], fresh: bool) -> None:
        look, part = self.sheet.look, self.part
        heads = ([f"{HELD} held-out, yours", f"{HELD} yours"], ["global test set", "test set"])
        for head, words, width in zip(self.heads, heads, self.widths, strict=True):
            say(head, fitting(words, width + FIGURES, SMALL) if rows else "", look.muted)
        boxes, colours = [], []
        for k, stamps in enumerate(self.rows):
            row = rows[k] if k < len(rows) else None
            if row is None:
                for cell in stamps:
                    say(cell, "", look.ink)
                continue
            colour = row.colour if fresh else look.stale
            name = fitting([row.name, row.name[:8]], 0.30 * part.width - 6, TEXT)
            share = None if row.right is None or not row.of else row.right / row.of
            told = "–" if share is None else f"{row.right} of {row.of}"
            tests = "–" if np.isnan(row.tests) else f"{row.tests:.3f}"
            shares = (share, None if np.isnan(row.tests) else row.tests)
            for cell, text in zip(stamps, (name, told, tests), strict=True):
                say(cell, text, colour)
            for j, value in enumerate(shares):
                width, y = max(self.widths[j], 8), part.top + 31 + 22 * k
                x = self.columns[j + 1] + FIGURES
                if value is not None:
                    boxes += [Box(x, y - 4, width, 8), Box(x, y - 4, width * value, 8)]
                    colours += [look.faint, colour]
        self.blocks.put(boxes, colours)


def label_of(name: str) -> str:
    """A class below a small picture."""
    return short(name, 6)
