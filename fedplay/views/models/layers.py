"""The layers of the model, last one on top: what is shared, and what each client has of its own."""

from __future__ import annotations

from fedplay.drawing.geometry import Box
from fedplay.drawing.sheet import Sheet
from fedplay.drawing.style import SMALL, TEXT, Look
from fedplay.inspect.personal_name import how
from fedplay.views.models import words
from fedplay.views.models.analysis import ParameterSharing, Part
from fedplay.views.scene import Scene

HEAD, CAPTION, FOOT = 44, 20, 40  # css pixels above, for the columns' names, and below
TALL, LOW = 58, 29  # css pixels: the highest block, and what two lines of words take
CARD = 3.5  # css pixels from one card of a stack to the next
APART, BETWEEN = 7, 14  # css pixels between layers, and between the columns


class Layers:
    """Two columns of blocks, a row for each layer."""

    def __init__(self, sheet: Sheet, look: Look) -> None:
        self.sheet, self.look = sheet, look
        self.rows: list[Box] = []  # of the layers, the one that sees the example first at the front

    def draw(self, scene: Scene, found: ParameterSharing, box: Box, fresh: bool) -> None:
        """Draw them in a part of the sheet."""
        sheet, look = self.sheet, self.look
        quiet = look.muted if fresh else look.stale
        strong = look.ink if fresh else look.stale
        heading = ["What is shared", "Shared"]
        sheet.say(box.left, box.top + 11, heading, strong, room=box.width, size=TEXT, weight="bold")
        sheet.say(box.left, box.top + 31, words.travels(found), quiet, room=box.width)
        wide = (box.width - BETWEEN) / 2
        second = box.left + wide + BETWEEN
        y = box.top + HEAD + 8
        names = ((box.left, "shared", look.accent), (second, "own", look.personal))
        for x, name, colour in names:
            sheet.say(x, y, name, colour if fresh else look.stale, weight="bold")
        L = len(found.parts)
        room = box.height - HEAD - CAPTION - FOOT - CARD * 2
        high = min(TALL, (room - APART * (L - 1)) / L)
        top = box.top + HEAD + CAPTION + CARD * 2
        self.rows = []
        for k, part in enumerate(found.parts):
            y = top + (L - 1 - k) * (high + APART)
            self.rows.append(Box(box.left, y, box.width, high))
            slim = wide - 2 * CARD
            self._shared(found, part, Box(box.left, y, slim, high), fresh)
            self._own(found, k, Box(second, y, slim, high), fresh)
        y = top + L * (high + APART) - APART + 15
        sheet.tell(box.left, y, how(scene.exp), quiet, box.width)

    def _shared(self, found: ParameterSharing, part: Part, box: Box, fresh: bool) -> None:
        look = self.look
        shape = [f"{part.into} → {part.out}", f"{part.into}→{part.out}"]
        size = [f"{part.size:,}"]
        if not part.sent:
            self._hollow(box, ["stays behind", "never sent", "–"], fresh)
            return
        colour = look.accent if fresh else look.stale
        copies = min(found.copies, 3)
        if found.copies > 1:
            size = [f"{found.copies} × {part.size:,}", f"{found.copies}×{part.size:,}", *size]
        self._stack(box, [colour] * (copies - 1), colour)
        self._inside(box, [shape, size])

    def _own(self, found: ParameterSharing, k: int, box: Box, fresh: bool) -> None:
        look, part = self.look, found.parts[k]
        if not part.own:
            one = [f"one of {found.copies}"] if found.copies > 1 else ["as shared", "–"]
            self._hollow(box, one, fresh)
            return
        others = [n for n in range(len(found.far)) if n != found.place][:2]
        behind = [look.client(n) if fresh else look.stale for n in reversed(others)]
        self._stack(box, behind, look.personal if fresh else look.stale)
        away = words.digits(words.mean_of(found.layers[:, k]))
        self._inside(box, [[f"{part.size:,}"], [f"{away} away", away]])

    def _stack(self, box: Box, behind: list[str], front: str) -> None:
        """Cards, those behind as outlines."""
        for n, colour in enumerate(behind):
            shift = CARD * (len(behind) - n)
            card = Box(box.left + shift, box.top - shift, box.width, box.height)
            self.sheet.block(card, self.look.paper, colour, 1.3)
        self.sheet.block(box, front, self.look.paper, 0.8)

    def _hollow(self, box: Box, wordings: list[str], fresh: bool) -> None:
        look = self.look
        self.sheet.block(box, look.paper, look.stale, 1.0)
        colour = look.muted if fresh else look.stale
        middle = box.left + box.width / 2
        if box.height >= 13:
            self.sheet.say(
                middle, box.top + box.height / 2, wordings, colour, room=box.width, side="centre"
            )

    def _inside(self, box: Box, lines: list[list[str]]) -> None:
        """One or two lines on a block, as many as there is room for."""
        if box.height < 13:
            return
        shown = lines if box.height >= LOW else lines[:1]
        for n, line in enumerate(shown):
            y = box.top + box.height / 2 + (n - (len(shown) - 1) / 2) * (SMALL + 3)
            middle, paper = box.left + box.width / 2, self.look.paper
            self.sheet.say(middle, y, line, paper, room=box.width - 4, side="centre")

    def at(self, x: float, y: float) -> int | None:
        """The layer at css pixels of the sheet."""
        return next((k for k, row in enumerate(self.rows) if row.holds(x, y)), None)
