"""What two models respond to, class by class, and the difference: small pictures of the weights."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from fedplay.drawing.colour_scales import RGB, colours_of_weights, faded, of_weights, reach
from fedplay.drawing.figure import Canvas
from fedplay.drawing.geometry import Array, Box
from fedplay.drawing.mosaic import Bitmap, Caption, solid
from fedplay.drawing.sheet import Sheet
from fedplay.drawing.style import TEXT, Look
from fedplay.views.models import words
from fedplay.views.models.analysis import ParameterSharing
from fedplay.views.scene import Scene
from fedplay.words import short

HEAD, LABEL, CAPTION, KEY = 44, 64, 17, 20  # css pixels above, beside, below, and of the key
LEAST, MOST = 22, 56  # css pixels of a picture
ROWS = 3
DOT = 17  # css pixels that a client's dot takes


class Places(NamedTuple):
    """Where the pictures stand, css pixels of the sheet."""

    left: float
    top: float
    side: tuple[float, float]  # width and height of one
    step: float  # from one column to the next
    down: float
    columns: int


class Pairs:
    """A column for each class: the global model's, the client's, and the difference."""

    def __init__(self, sheet: Sheet, canvas: Canvas, box: Box, look: Look) -> None:
        self.sheet, self.look, self.box = sheet, look, box
        self.bitmap = Bitmap(canvas, box)
        self.ratio = canvas.ratio
        self.table: RGB = colours_of_weights(look)
        self.places: Places | None = None
        self.classes: Array = np.zeros(0, np.intp)  # of the columns

    def clear(self) -> None:
        """Show nothing."""
        self.bitmap.put([])
        self.places = None

    def draw(self, scene: Scene, found: ParameterSharing, box: Box, fresh: bool) -> None:
        """Draw them in a part of the sheet."""
        sheet, look, pictures = self.sheet, self.look, found.responses
        assert pictures is not None
        strong, quiet = (look.ink, look.muted) if fresh else (look.stale, look.stale)
        mine = look.client(found.place, lit=True) if fresh else look.stale
        sheet.say(box.left, box.top + 11, "●", mine, size=TEXT)
        sheet.say(
            box.left + DOT, box.top + 11, words.responses(scene, found), strong,
            room=box.width - DOT, size=TEXT, weight="bold",
        )  # fmt: skip
        sheet.say(box.left, box.top + 31, words.what(scene, found), quiet, room=box.width)
        change = pictures.own - pictures.shared
        self.places = at = arrange(change.shape, box, self.ratio)
        most = np.argsort(-np.square(change).sum(axis=(1, 2)), kind="stable")
        self.classes = np.sort(most[: at.columns])
        rows = [layer[self.classes] for layer in (pictures.shared, pictures.own, change)]
        ends = [reach(np.stack(rows[:2]))] * 2 + [reach(rows[2])]
        self._paint(scene, found, rows, ends, fresh)
        names = (("global", look.accent), ("own", look.letters(found.place)), ("change", quiet))
        for k, (name, colour) in enumerate(names):
            y = at.top + k * at.down + at.side[1] / 2
            sheet.say(box.left, y, name, colour if fresh else look.stale, room=LABEL)
        self._key(Box(box.left, at.top + ROWS * at.down + CAPTION + 3, box.width, 11), ends, quiet)

    def _paint(
        self,
        scene: Scene,
        found: ParameterSharing,
        rows: list[Array],
        ends: list[float],
        fresh: bool,
    ) -> None:
        at, look = self.places, self.look
        assert at is not None
        assert found.responses is not None
        table = self.table if fresh else faded(self.table, look)
        tiles, below = [], []
        x0, y0 = self.box.left, self.box.top
        most = max(int(at.step / 7), 1)
        for n, c in enumerate(self.classes.tolist()):
            x = x0 + at.left + n * at.step
            for k, (row, end) in enumerate(zip(rows, ends, strict=True)):
                place = Box(x, y0 + at.top + k * at.down, *at.side)
                tiles.append((solid(of_weights(row[n], end, table)), place))
            has = found.responses.counts[c] > 0
            colour = (look.ink if has else look.stale) if fresh else look.stale
            name = short(scene.federation.classes[c], most)
            under = y0 + at.top + ROWS * at.down
            below.append(Caption(x + at.side[0] / 2, under, [(name, colour)]))
        self._tiles, self._below = tiles, below

    def _key(self, box: Box, ends: list[float], quiet: str) -> None:
        """The key of colours: a bar, and how far it reaches."""
        sheet, (x0, y0) = self.sheet, self.box[:2]
        middle = box.top + box.height / 2
        wide = sheet.say(box.left, middle, "against", quiet)
        bar = Box(x0 + box.left + wide + 7, y0 + box.top, 44, box.height)
        self.bitmap.put([*self._tiles, (solid(self.table[None]), bar)], self._below)
        left = box.left + wide + 58
        whole, change = (f"±{end:g}" if end else "0" for end in ends[1:])
        said = [
            f"for, {whole}; change {change}. Faint: no examples of it",
            f"for, {whole}; change {change}",
            f"for {whole}; {change}",
        ]
        sheet.say(left, middle, said, quiet, room=box.left + box.width - left)

    def at(self, x: float, y: float) -> int | None:
        """The class whose pictures are at css pixels of the sheet."""
        at = self.places
        if at is None or not at.top <= y <= at.top + ROWS * at.down + CAPTION:
            return None
        column = int((x - at.left) // at.step)
        inside = 0 <= column < len(self.classes) and (x - at.left) % at.step <= at.side[0]
        return int(self.classes[column]) if inside else None


def arrange(shape: tuple[int, ...], box: Box, ratio: float) -> Places:
    """The largest whole enlargement at which all classes fit, else as many as can be read."""
    C, h, w = shape
    room = box.width - LABEL, box.height - HEAD - CAPTION - KEY - 6
    gap = 4.0

    def fits(side: tuple[float, float]) -> int:
        tall = ROWS * (side[1] + 2) <= room[1]
        return int((room[0] + gap) // (side[0] + gap)) if tall else 0

    sizes = [(w * zoom / ratio, h * zoom / ratio) for zoom in range(1, 40)]
    good = [s for s in sizes if fits(s) >= C and max(s) <= MOST]
    if not good or max(good[-1]) < LEAST:  # leave some classes out rather than show nothing
        good = [s for s in sizes if max(s) >= LEAST and fits(s) >= 1][:1] or good or sizes[:1]
    side = good[-1]
    columns = max(min(fits(side), C), 1)
    step = side[0] + gap
    if columns == C > 1:
        step = min((room[0] - side[0]) / (C - 1), side[0] + 10)
    down = min(max(room[1] / ROWS, side[1] + 2), side[1] + 8)
    return Places(box.left + LABEL, box.top + HEAD, side, step, down, columns)
