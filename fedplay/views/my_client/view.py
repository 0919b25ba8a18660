"""My own client: draw digits, or put points into the plane, and become a client.

At the left what one draws on, then what the global model makes of it while one draws, then the
examples so far; and once they have joined, three models that could serve them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import partial
from typing import Any, ClassVar

import numpy as np
from matplotlib.artist import Artist

from fedplay.data import Federation
from fedplay.drawing.cached_text import fitting
from fedplay.drawing.figure import Canvas
from fedplay.drawing.geometry import Array, Box
from fedplay.drawing.style import TEXT, Look
from fedplay.experiment import Experiment
from fedplay.inspect.plane import ASPECT
from fedplay.runs.series import Moment
from fedplay.views.base import Row as ControlRow
from fedplay.views.base import View
from fedplay.views.my_client import words
from fedplay.views.my_client.analysis import Reception, receive
from fedplay.views.my_client.examples import Examples
from fedplay.views.my_client.parts import (
    HEAD,
    Chances,
    Pad,
    Plane,
    Row,
    Sheet,
    Table,
    label_of,
    say,
)
from fedplay.views.my_client.sketch import CLASSES, LARGEST, STEPS, Mine, Sketch
from fedplay.views.my_client.state import MyClientState
from fedplay.views.scene import Hit, Intent, Scene
from fedplay.views.state import State
from fedplay.words import UNSEEN, percent

APART = 18  # css pixels between columns
NEAR = 9  # css pixels from the pointer to a point


class MyClient(View):
    """Draw, and become a client."""

    name: ClassVar[str] = "mine"
    title: ClassVar[str] = "My client"
    topic: ClassVar[str] = "Your own"
    needs: ClassVar[tuple[str, ...]] = ("accuracy", "pictures or points")
    help: ClassVar[str] = "Draw examples of your own, and join the federation with them."
    part: ClassVar[float] = 0.54
    follows: ClassVar[bool] = False
    dated: ClassVar[bool] = False
    State: ClassVar[type[State]] = MyClientState

    @staticmethod
    def suits(exp: Experiment, federation: Federation) -> bool:
        if not 2 <= federation.C <= CLASSES:
            return False
        if federation.kind == "pixels" and federation.image is not None:
            return max(federation.image) <= LARGEST
        return federation.kind == "points"

    @staticmethod
    def example(exp: Experiment, federation: Federation) -> Sequence[Intent]:
        """Draw a stroke; in a plane, put in the first points and join."""
        if federation.image is not None:
            strokes = (("down", 0.3, 0.2), ("move", 0.7, 0.3), ("move", 0.4, 0.8), ("up", 0.5, 0.9))
            return [Intent("mine", ("ink", *stroke)) for stroke in strokes]
        points = [("point", *map(float, federation.X[k])) for k in range(5)]
        return [Intent("mine", done) for done in (*points, ("join",))]

    @staticmethod
    def prepare(moment: Moment) -> Iterator[Any]:
        yield from receive(moment.run, moment.number, moment.w)

    @staticmethod
    def sentence(scene: Scene) -> str:
        mine = seen(scene)
        if mine is None:
            return "" if scene.veiled else "What you draw on is being made …"
        return words.sentence(scene, mine)

    @staticmethod
    def controls(act: Callable[..., None]) -> ControlRow:
        from fedplay.views.my_client.controls import MyClientRow

        return MyClientRow(act)

    def __init__(self, canvas: Canvas, box: Box, look: Look) -> None:
        super().__init__(canvas, box, look)
        self.sheet = Sheet(canvas, self.axes(0, 0, box.width, box.height), box, look)
        self.mine: Mine | None = None
        self.fresh = True
        self.pad: Pad | None = None
        self.plane: Plane | None = None
        self._made: Any = None  # for which kind of data the parts are
        self._slow: Any = None  # what was shown last of what changes seldom
        self._veiled = False
        self._quick: Any = None  # and of what follows the pen

    # --- the parts ----------------------------------------------------------------------------

    def _make(self, mine: Mine) -> None:
        """The parts for one kind of data; a board meets one kind only, or is made anew."""
        box, sheet = self.box, self.sheet
        tall = box.height - HEAD - 4
        if mine.kind.image is not None:
            h, w = mine.kind.image
            wide = min(tall * w / h, 0.34 * box.width)
            tall = wide * h / w
            small = min(0.4 * wide, 96)
            left = 4 + wide + APART
            whole = Box(4, HEAD, wide, tall)
            self.pad = Pad(sheet, whole, Box(left, HEAD, small, small * h / w))
            below = HEAD + small * h / w
            self.answer = [sheet.stamp(left, below + y, moves=True) for y in (16, 34, 50)]
            self.answer[0].size = TEXT
            left += max(small, 84) + APART
        else:
            wide = min(tall * ASPECT, 0.4 * box.width)
            self.plane = Plane(sheet, self.axes(4, HEAD, wide, tall))
            self.answer = []
            left = 4 + wide + APART
        self.heads = [sheet.stamp(4, 10, TEXT, "bold")]
        bars = (0.17 if self.pad else 0.24) * box.width
        self.heads.append(sheet.stamp(left if self.plane else 4 + wide + APART, 10, TEXT, "bold"))
        high = box.height - HEAD - 4
        high = min(high, 30.0 * mine.kind.C)
        self.bars = Chances(sheet, Box(left, HEAD, bars, high), mine.kind.C)
        left += bars + APART
        self._rest(left)

    def _rest(self, left: float) -> None:
        """The examples, and the table below them."""
        box, sheet = self.box, self.sheet
        width, low = box.width - left - 4, box.height - Table.HEIGHT - 4
        self.examples = Examples(sheet, left, width, low - HEAD - 6)
        self.table = Table(sheet, Box(left, low, width, Table.HEIGHT))
        self.canvas.stale()

    def fits(self, scene: Scene) -> bool:
        """Whether the parts are those for the kind of data that is drawn for."""
        mine = seen(scene)
        return mine is None or self._made in (None, mine.kind)

    # --- what there is to be seen -------------------------------------------------------------

    def show(self, scene: Scene) -> None:
        mine = seen(scene)
        if mine is None:
            self.mine = None
            self._veil(True)
            return
        self._veil(False)
        self.fresh = scene.fresh
        self.draw(mine)

    def again(self, scene: Scene) -> Iterable[Artist] | None:
        """A pen has moved, or a step was taken that leaves the examples as they are."""
        now, last = seen(scene), self.mine
        if now is None or last is None or now.kind != last.kind:
            return None
        sketch, before = now.sketch, last.sketch
        same = (sketch.X, sketch.label) == (before.X, before.label)
        if not same or now.reception is not last.reception or now.current != last.current:
            return None
        self.draw(now)
        return self.sheet.moving

    def _veil(self, on: bool) -> None:
        """Hide everything, while an answer is to be guessed."""
        if self._veiled != on:
            self._veiled = on
            for axes in (self.sheet.axes, *([self.plane.axes] if self.plane is not None else [])):
                for artist in (axes, *axes.get_children()):
                    artist.set_visible(not on)
            self._slow = self._quick = None
            self.canvas.stale()

    def draw(self, mine: Mine) -> None:
        """Update what differs from what is shown."""
        if self._made is None:
            self._made = mine.kind
            self._make(mine)
        if mine.kind != self._made:
            return  # of a moment in which the data have changed, and the board is not made anew yet
        self.mine, sketch = mine, mine.sketch
        slow = (sketch.X, sketch.y, sketch.label, mine.reception, mine.current, self.fresh)
        quick = (sketch.strokes, sketch.base, mine.pen, mine.down, mine.fit)
        slowly, self._slow = slow != self._slow, slow
        quickly, self._quick = quick != self._quick, quick
        if slowly:
            end = self.table.part.top - 6 if mine.current else self.box.height
            self.examples.show(mine, end - HEAD, None if self.pad is None else self.pad.table)
            self._compare(mine)
        if slowly or quickly:
            if self.pad is not None:
                self.pad.show(mine)
            if self.plane is not None:
                self.plane.show(mine, self.fresh)
            self._judge(mine)
        if slowly:
            self.canvas.touch()

    def _judge(self, mine: Mine) -> None:
        """What the global model makes of the drawing, or of the last point."""
        look, found = self.look, mine.reception
        say(self.heads[0], "Draw here" if self.pad else "Click: a point of yours", look.ink)
        told = ["What the model gets, and says", "The model gets, and says", "The model says"]
        if self.plane is not None:
            told = ["It says of your last point", "Of your last point"]
        room = self.examples.left - APART - self.heads[1].place[0]
        say(self.heads[1], fitting(told, room, TEXT, "bold"), look.ink)
        p = None if found is None else chances(mine, found, self.plane)
        if found is not None:
            self.bars.show(found.federation.classes, p, mine.sketch.label, self.fresh)
        if self.answer and found is not None:
            self._answer(mine, found, p)

    def _answer(self, mine: Mine, found: Reception, p: Array | None) -> None:
        """Below the small picture: what it is, in two words."""
        first, second, third = self.answer
        h, w = mine.kind.image or (0, 0)
        if p is None:
            empty = mine.counts is None
            say(first, "nothing yet" if empty else "diverged", self.look.muted)
            say(second, f"{h} × {w} numbers", self.look.muted)
            say(third, "", self.look.muted)
            return
        colour = self.look.accent if self.fresh else self.look.stale
        say(first, f"“{label_of(found.federation.classes[int(p.argmax())])}”", colour)
        say(second, f"{h} × {w} numbers", self.look.muted)
        say(third, f"from 0 to {STEPS}" if mine.kind.unit else "", self.look.muted)

    def _compare(self, mine: Mine) -> None:
        """The table of three models."""
        found, look = mine.reception, self.look
        if not mine.current or found is None or found.models is None or found.held is None:
            self.table.show([], self.fresh)
            return
        of = int(found.held.sum())
        names = ("global", f"personal {UNSEEN}", f"alone {UNSEEN}")
        colours = (look.accent, look.personal, look.alone)
        rows = []
        for name, colour, model in zip(names, colours, found.models, strict=True):
            right, tests = (None, np.nan) if model is None else (model.right, model.tests)
            rows.append(Row(name, colour, right, of, tests))
        self.table.show(rows, self.fresh)

    # --- the pointer --------------------------------------------------------------------------

    def point(self, x: float, y: float) -> tuple[float, float]:
        """A css position as a place of the pad, 0 to 1 right and down, even if it lies beside."""
        if self.pad is None:
            return 0.0, 0.0
        box = self.pad.box
        return (x - box.left) / box.width, (y - box.top) / box.height

    def at(self, x: float, y: float) -> Hit | None:
        mine = self.mine
        if mine is None:
            return None
        if self.pad is not None:
            if self.pad.box.holds(x, y):
                press = self._ink("down", x, y)
                move, drop = partial(self._ink, "move"), partial(self._ink, "up")
                return Hit((), "crosshair", press=press, drag=move, drop=drop, held="crosshair")
            k = self.examples.index(x, y)
            return None if k is None else self._example(mine, k)
        return self._in_plane(mine, x, y)

    def _in_plane(self, mine: Mine, x: float, y: float) -> Hit | None:
        plane, found = self.plane, mine.reception
        here = None if plane is None else self.inside(plane.axes, x, y)
        if plane is None or here is None or found is None:
            return None
        if mine.sketch.y:
            where = plane.axes.transData.transform(np.array(mine.sketch.X)) / self.canvas.ratio
            far = np.hypot(where[:, 0] - x, where[:, 1] - (self.canvas.height - y))
            if far.min() <= NEAR:
                k = int(far.argmin())
                return self._example(mine, k)
        classes = found.federation.classes
        lines = [f"click: {classes[mine.sketch.label]}"]
        p = found.chances(np.array([here]))
        if p is not None:
            best = int(p[0].argmax())
            lines.append(f"the global model says {classes[best]}, {percent(p[0, best])}")
        return Hit(tuple(lines), "crosshair", click=Intent("mine", ("point", *here)))

    def _example(self, mine: Mine, k: int) -> Hit:
        return Hit(words.of_example(mine, k), click=Intent("mine", ("remove", k)))

    def _ink(self, kind: str, x: float, y: float) -> Intent:
        return Intent("mine", ("ink", kind, *self.point(x, y)))


def seen(scene: Scene) -> Mine | None:
    """What there is to show, and may be shown."""
    return scene.closeup if isinstance(scene.closeup, Mine) and not scene.veiled else None


def chances(mine: Mine, found: Reception, plane: Plane | None) -> Array | None:
    """(C,) what the global model says of the drawing, of the keys' pen, or of the last point."""
    if plane is None:
        return words.chances(mine, found)
    sketch: Sketch = mine.sketch
    if mine.pen is None and not sketch.y:
        return None
    where = plane.data_at(*mine.pen) if mine.pen is not None else sketch.X[-1]
    p = found.chances(np.array([where], float))
    return None if p is None else p[0]
