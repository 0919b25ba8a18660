"""Each client: the global model on it, its personal one, and the one it would have alone.

A cell for every client, all on one scale. The global and the personal model are bars, what the
client would have alone is a line across them: a bar that does not reach it has a gap, and the cell
of such a client is tinted. Judged on each client's own data, or on everybody's test set.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, ClassVar

import numpy as np

from fedplay.drawing.figure import Canvas
from fedplay.drawing.geometry import Box
from fedplay.drawing.style import Look
from fedplay.inspect.client_accuracies import ClientAccuracies, client_accuracies
from fedplay.inspect.personal_name import headless
from fedplay.runs.series import BARS, Moment
from fedplay.views.base import Row, View
from fedplay.views.each_client import words
from fedplay.views.each_client.cells import Cell, Cells, Writing, width_of
from fedplay.views.each_client.order import ORDERS, ranked, sorting_of
from fedplay.views.each_client.state import OrderState
from fedplay.views.scene import Hit, Intent, Scene
from fedplay.views.state import State
from fedplay.words import UNSEEN, short

EDGE, TOP, BOTTOM = 14, 28, 14  # css pixels around the cells
HEAD, BETWEEN = 10, 14  # css pixels: the middle of the headings, and from one to the next


class EachClient(View):
    """Small multiples of the clients."""

    name: ClassVar[str] = "clients"
    title: ClassVar[str] = "Each client"
    topic: ClassVar[str] = "Clients"
    level: ClassVar[str] = "first"
    needs: ClassVar[tuple[str, ...]] = ("accuracy", "examples to judge by")
    help: ClassVar[str] = (
        f"For every client {UNSEEN}: the global model, its own, and one trained alone."
    )
    part: ClassVar[float] = 0.55
    State: ClassVar[type[State]] = OrderState

    def __init__(self, canvas: Canvas, box: Box, look: Look) -> None:
        super().__init__(canvas, box, look)
        sheet = self.axes(0, 0, box.width, box.height)
        sheet.set_axis_off()
        sheet.set_xlim(0, box.width)
        sheet.set_ylim(box.height, 0)
        room = Box(EDGE, TOP, max(box.width - EDGE, 40), max(box.height - TOP - BOTTOM, 20))
        self.cells = Cells(canvas, sheet, room, look)
        self.writing = Writing(canvas, sheet)
        self.scene: Scene | None = None
        self.found: ClientAccuracies | None = None
        self.order: list[int] = []  # the places of the clients that are shown, cell by cell
        self.heads: list[tuple[str, float, float]] = []  # what to sort by, from and to
        self.hovered: int | None = None

    @staticmethod
    def prepare(moment: Moment) -> Iterator[Any]:
        """Three models for every client of the panel, judged on both."""
        return client_accuracies(moment.run, moment.number, moment.w)

    @staticmethod
    def sentence(scene: Scene) -> str:
        """How many clients the federation hurts, and the accuracies on the other data."""
        if scene.veiled:
            return "How each client fares is shown after your guess."
        if not isinstance(scene.closeup, ClientAccuracies) or not scene.fresh:
            return "Three models for every client are being judged …"
        return words.told(scene, scene.closeup)

    @staticmethod
    def controls(act: Callable[..., None]) -> Row:
        from fedplay.views.each_client.controls import OrderRow

        return OrderRow(act)

    # --- what it shows ------------------------------------------------------------------------

    def show(self, scene: Scene) -> None:
        """Draw the clients in order; nothing of them before a guess."""
        before, self.scene = self.scene, scene
        found = (
            scene.closeup
            if isinstance(scene.closeup, ClientAccuracies) and not scene.veiled
            else None
        )
        same = before is not None and found is self.found and _key(before) == _key(scene)
        self.found = found
        if not same:
            self._draw(scene, found)
        self._outline()

    def _draw(self, scene: Scene, found: ClientAccuracies | None) -> None:
        self.writing.begin()
        self.order, self.heads = [], []
        if found is None:
            self.cells.clear()
        else:
            rows = found.judged(words.on_test(scene, found))
            order = ranked(sorting_of(scene), rows, found.examples)
            self.order = order[: self.cells.lay(min(len(order), BARS))].tolist()
            cells = [
                Cell(
                    short(scene.name(k)),
                    self.look.client(k),
                    rows[:, k],
                    words.why(scene, found, k),
                )
                for k in self.order
            ]
            whole = not headless(scene.exp)
            self.cells.show(cells, self.writing, fresh=scene.fresh, whole=whole)
        if not scene.veiled:
            self._head(scene, found)
        self.writing.end()

    def _head(self, scene: Scene, found: ClientAccuracies | None) -> None:
        """What one can sort by, in the longest wording for which there is room."""
        look, said = self.look, words.headings(scene, found)
        count = "" if found is None else words.how_many(scene, found, len(self.order))
        spare = self.box.width - 2 * EDGE - (width_of(count) + BETWEEN if count else 0)
        wording = 0
        while wording < 2 and _length(scene, [w[wording] for _, w in said]) > spare:
            wording += 1
        colours = {"global": look.accent, "personal": look.personal, "alone": look.alone}
        x = float(EDGE)
        for order, wordings in said:
            active = order == sorting_of(scene).order
            text = wordings[wording] + (
                f" {'▾' if sorting_of(scene).most else '▴'}" if active else ""
            )
            weight = "bold" if active else "normal"
            colour = colours.get(order, look.ink if active else look.muted)
            fresh = found is None or scene.fresh
            self.writing.write(x, HEAD, text, colour if fresh else look.stale, weight)
            wide = width_of(text, weight)
            self.heads.append((order, x, x + wide))
            x += wide + BETWEEN
        if count:
            left = self.box.width - EDGE - width_of(count)
            self.writing.write(max(left, x), HEAD, count, look.muted)

    # --- what stands out, and what is where ---------------------------------------------------

    def light(self, client: int | None) -> None:
        """Outline a client's cell, beside that of the client that is followed."""
        self.hovered = client
        self._outline()

    def _outline(self) -> None:
        followed = None if self.scene is None else self.scene.client
        wanted = [(followed, 2.4, self.look.ink), (self.hovered, 1.4, self.look.muted)]
        if followed == self.hovered:
            wanted = wanted[:1]
        self.cells.light([(self.order.index(k), w, c) for k, w, c in wanted if k in self.order])

    def at(self, x: float, y: float) -> Hit | None:
        """A client by its cell, or what to sort by."""
        scene, a, b = self.scene, x - self.box.left, y - self.box.top
        if scene is None or not self.box.holds(x, y):
            return None
        if b < TOP - 4:
            for order, left, right in self.heads:
                if left - BETWEEN / 2 <= a <= right + BETWEEN / 2:
                    again = order == sorting_of(scene).order
                    line = "turn the order around" if again else f"sort by {ORDERS[order]}"
                    return Hit((line,), click=Intent("order", (order,)))
        k = self.cells.at(a, b)
        if k is None or self.found is None or k >= len(self.order):
            return None
        place = self.order[k]
        return Hit(words.about(scene, self.found, place), client=place)


def _key(scene: Scene) -> tuple[Any, ...]:
    """What the picture depends on, besides the close-up."""
    return scene.fresh, scene.veiled, sorting_of(scene), scene.exp, scene.labels


def _length(scene: Scene, said: list[str]) -> float:
    """How many css pixels headings take, one of them bold and with an arrow."""
    return float(np.sum([width_of(text) for text in said])) + BETWEEN * len(said) + 24
