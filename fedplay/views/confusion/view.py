"""Confusion: which classes the global model takes for which, and beside it a client's own model.

Both are judged on the same examples, so that what differs is the models: what a client's model says
of classes that it has hardly seen, and what it says better of its own.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, ClassVar

import numpy as np

from fedplay.drawing.colour_scales import RGB, colours_of_weights, faded, reach
from fedplay.drawing.figure import Canvas
from fedplay.drawing.geometry import Box
from fedplay.drawing.sheet import Sheet, extent
from fedplay.drawing.style import TEXT, Look
from fedplay.runs.series import Moment
from fedplay.views.base import Row, View
from fedplay.views.confusion import words
from fedplay.views.confusion.analysis import Confusion, confusions, mistakes, shares
from fedplay.views.confusion.matrix import Matrix
from fedplay.views.confusion.state import JudgeState
from fedplay.views.scene import Hit, Scene
from fedplay.views.state import State

EDGE, BETWEEN = 14, 22  # css pixels beside the matrices, and between the two
HEAD, FOOT = 40, 18  # css pixels of the lines above, and of the line below
STEP, LEAST = 15, 130  # css pixels from a mistake to the next in the list, and across it
LISTED = 5  # mistakes beside a matrix
DOT = 15  # css pixels that a client's dot takes


class ConfusionView(View):
    """Two confusion matrices side by side: of the global model, and of one client's."""

    name: ClassVar[str] = "confusion"
    title: ClassVar[str] = "Confusion"
    topic: ClassVar[str] = "Models"
    needs: ClassVar[tuple[str, ...]] = ("accuracy", "classes", "examples to judge by")
    help: ClassVar[str] = "Which classes the global model and a client's own take for which."
    part: ClassVar[float] = 0.58
    State: ClassVar[type[State]] = JudgeState

    def __init__(self, canvas: Canvas, box: Box, look: Look) -> None:
        super().__init__(canvas, box, look)
        axes = self.axes(0, 0, box.width, box.height)
        wide = max((box.width - 2 * EDGE - BETWEEN) / 2, 40)
        self.parts = [Box(EDGE + k * (wide + BETWEEN), HEAD, wide, 1.0) for k in (0, 1)]
        tall = max(box.height - HEAD - FOOT, 30)
        self.matrices = [
            Matrix(canvas, axes, Box(box.left + p.left, box.top + HEAD, wide, tall), look)
            for p in self.parts
        ]
        self.sheet = Sheet(canvas, axes, box.width, box.height, look)
        self.table = colours_of_weights(look)
        self.found: Confusion | None = None
        self.test = True
        self._seen: Any = None

    @staticmethod
    def prepare(moment: Moment) -> Iterator[Any]:
        """Both models, on the test set and on what the client holds out."""
        return confusions(moment.run, moment.number, moment.w, moment.client)

    @staticmethod
    def sentence(scene: Scene) -> str:
        """What both models confuse most."""
        if scene.veiled:
            return "What the models confuse is shown after your guess."
        if not isinstance(scene.closeup, Confusion) or not scene.fresh:
            return "Both models are being judged …"
        return words.told(scene.closeup, words.judged_on_test(scene.state))

    @staticmethod
    def controls(act: Callable[..., None]) -> Row:
        from fedplay.views.confusion.controls import JudgeRow

        return JudgeRow(act)

    def show(self, scene: Scene) -> None:
        """Draw both matrices; nothing of them before a guess."""
        now = (scene.closeup, scene.fresh, scene.veiled, words.judged_on_test(scene.state))
        if now == self._seen:
            return
        self._seen, self.test = now, now[-1]
        there = isinstance(scene.closeup, Confusion) and not scene.veiled
        self.found = found = scene.closeup if there else None
        self.sheet.clear()
        for matrix in self.matrices:
            matrix.clear()
        if scene.veiled:
            self.sheet.say(EDGE, 11, "shown after your guess", self.look.muted)
        elif found is not None:
            table = self.table if scene.fresh else faded(self.table, self.look)
            pair = [b[0 if found.on_test(self.test) else 1] for b in (found.whole, found.own)]
            off = [shares(counts)[~np.eye(len(counts), dtype=bool)] for counts in pair]
            end = reach(np.concatenate(off))
            for model in (0, 1):
                self._show_one(found, model, pair[model], end, table, fresh=scene.fresh)
            low, look = self.box.height - FOOT / 2, self.look
            room = self.box.width - 2 * EDGE
            self.sheet.say(EDGE, low, words.legend(end), look.muted, room=room)
        self.sheet.flush()

    def _show_one(
        self, found: Confusion, model: int, counts: Any, end: float, table: RGB, *, fresh: bool
    ) -> None:
        sheet, look, part = self.sheet, self.look, self.parts[model]
        colour = (look.personal if model else look.accent) if fresh else look.stale
        x = part.left
        if model:
            dot = look.client(found.client) if fresh else look.stale
            x += sheet.say(x, 11, "●", dot, size=TEXT) and DOT
        heading = [words.whose(found, model), words.whose(found, model, wide=False)]
        room = part.left + part.width - x
        sheet.say(x, 11, heading, colour, room=room, size=TEXT, weight="bold")
        muted = look.muted if fresh else look.stale
        sheet.say(part.left, 29, words.scored(found, model, self.test), muted, room=part.width)
        if not found.finite[model]:
            return
        matrix = self.matrices[model]
        matrix.show(counts, found.classes, end, table)
        self._list(found, model, counts, muted)

    def _list(self, found: Confusion, model: int, counts: Any, colour: str) -> None:
        """The commonest mistakes, beside the matrix where there is room for them."""
        part, left = self.parts[model], self.matrices[model].right - self.box.left + 14
        room = part.left + part.width - left
        wrong = mistakes(counts)
        if room < LEAST or not wrong:
            return
        self.sheet.say(left, HEAD + 8, "most often", colour, room=room)
        count = int((self.box.height - HEAD - FOOT - 8) // STEP) - 1
        for k, one in enumerate(wrong[: min(count, LISTED)]):
            y = HEAD + 8 + (k + 1) * STEP
            ink = self.look.ink if colour != self.look.stale else colour
            self.sheet.say(left, y, words.listed(found, one), ink, room=room)

    # --- the pointer --------------------------------------------------------------------------

    def at(self, x: float, y: float) -> Hit | None:
        """A pair of classes by its cell, or the client by its heading."""
        found = self.found
        if found is None or not self.box.holds(x, y):
            return None
        for model, matrix in enumerate(self.matrices):
            cell = matrix.at(x, y)
            if cell is not None:
                return Hit(words.of_cell(found, model, self.test, *cell), cursor="default")
        part, a, b = self.parts[1], x - self.box.left, y - self.box.top
        heading = words.whose(found, 1)
        if b < 20 and part.left <= a <= part.left + DOT + extent(heading, TEXT, "bold"):
            return Hit((heading, words.scored(found, 1, self.test)[0]), client=found.client)
        return None
