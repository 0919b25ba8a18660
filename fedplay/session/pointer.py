"""`PointerAndKeys`: what they do in the picture. It knows positions, and no widget or view."""

from __future__ import annotations

from collections.abc import Callable

from fedplay.drawing.geometry import Tip
from fedplay.session.session import Session
from fedplay.views.board import Board
from fedplay.views.scene import Hit, Intent

MOVED = 4  # css px that a press may move and still be a click
FAR = 10  # rounds that Page Up and Page Down go
STEP = 0.01  # of a guess, with the arrow keys
ROUNDS = {"ArrowLeft": -1, "ArrowRight": 1, "PageDown": -FAR, "PageUp": FAR}


class PointerAndKeys:
    """One pointer and one keyboard. `act(name, *arguments)` does what they ask for.

    Hovering lights up a client in every view and reads out what is there; what a press, a drag, a
    click or a key means there is said by the view, as an `Intent`.
    """

    def __init__(self, session: Session, act: Callable[..., None]) -> None:
        self.session, self.act = session, act
        self.board: Board | None = None
        self.tip: Tip | None = None
        self.cursor = "default"
        self.asked = ""  # by a key: for "all" that it has changed, or for that in the "view"
        self._pressed: tuple[float, float, Hit | None] | None = None
        self._dragging = False
        self._at: tuple[float, float] | None = None  # where the pointer rests

    def renew(self) -> None:
        """The picture has changed below a resting pointer: say what is there now."""
        if self._at is not None and self.board is not None:
            hit = self._held or self.board.at(*self._at)
            self.tip = Tip(*self._at, hit.lines) if hit is not None and hit.lines else None
            self.cursor = hit.cursor if hit is not None else "default"

    @property
    def _held(self) -> Hit | None:
        """What goes along with the pointer, while it is dragged."""
        first = self._pressed[2] if self._pressed is not None and self._dragging else None
        if first is None or not first.held:
            return None
        return first._replace(lines=(), cursor=first.held)

    def _post(self, intent: Intent | None) -> None:
        if intent is not None and intent.action:
            self.act(intent.action, *intent.arguments)

    def pointer(self, kind: str, x: float, y: float) -> bool:
        """An event at a css position; whether the picture looks different now."""
        if self.board is None:
            return False
        hit = None if kind == "leave" else self.board.at(x, y)
        self._at = None if kind == "leave" else (x, y)
        if kind == "down":
            self._pressed, self._dragging = (x, y, hit), False
            if hit is not None:
                self._post(hit.press)
        elif kind == "move" and self._pressed is not None:
            self._drag(x, y)
        elif kind in ("up", "leave") and self._pressed is not None:
            (_, _, first), self._pressed = self._pressed, None
            if first is not None and first.drop is not None:
                self._post(first.drop(x, y))
            elif first is not None and kind == "up" and not self._dragging:
                self._click(first)
        return self._hover(x, y, hit)

    def _drag(self, x: float, y: float) -> None:
        assert self._pressed is not None
        a, b, first = self._pressed
        at_once = first is not None and first.press is not None  # even a dot is no click
        self._dragging = self._dragging or at_once or abs(x - a) + abs(y - b) > MOVED
        if first is not None and first.drag is not None and self._dragging:
            self._post(first.drag(x, y))

    def _click(self, hit: Hit) -> None:
        if hit.click is not None:
            self._post(hit.click)
        elif hit.client is not None:
            self.act("follow", None if hit.client == self.session.client else hit.client)

    def _hover(self, x: float, y: float, hit: Hit | None) -> bool:
        """Light up what is there; whether anything has changed."""
        board = self.board
        assert board is not None
        before = (board.lit, self.tip, self.cursor)
        held = self._held
        hit = held or hit
        there = hit is not None and (held is not None or not self._dragging)
        lit = hit.client if hit is not None and there else None
        self.tip = Tip(x, y, hit.lines) if hit is not None and hit.lines else None
        self.cursor = hit.cursor if hit is not None else "default"
        self.session.point_at(None if hit is None else hit.mark)
        if lit != board.lit:
            board.light(lit)
        return before != (board.lit, self.tip, self.cursor)

    def key(self, key: str) -> None:
        """A key in the picture: one of a view's own, or arrows through rounds and clients."""
        session, player = self.session, self.session.player
        if player.shown is None:
            return None
        if key == "Escape" and session.mark is not None:
            return session.point_at(None)
        own = self._of_a_view(key)
        self.asked = "view" if own is not None else "all"
        if own is not None:
            self._post(own)
        elif session.veiled and key in ("ArrowUp", "ArrowDown"):
            step = STEP if key == "ArrowUp" else -STEP
            self.act("guess", (0.5 if session.guess is None else session.guess) + step)
        elif key in ROUNDS:
            self.act("scrub", player.cursor + ROUNDS[key])
        elif key in ("Home", "End"):
            self.act("scrub", 0 if key == "Home" else player.shown.R)
        elif key in ("ArrowUp", "ArrowDown"):
            self.act("follow", self._neighbour(-1 if key == "ArrowUp" else 1))
        elif key == "Escape":
            self.act("follow", None)
        elif key in ("Enter", " ") and session.veiled:
            self.act("reveal")
        elif key == " ":
            self.act("toggle")
        return None

    def _of_a_view(self, key: str) -> Intent | None:
        """What the key asks for in the picture as it is; None where it is none of a view's own."""
        views = {} if self.board is None or self.session.veiled else self.board.views
        asked = (self.session.states[name].on_key(key, view) for name, view in views.items())
        return next((intent for intent in asked if intent is not None), None)

    def _neighbour(self, step: int) -> int:
        count, now = len(self.session.player.facts().panel), self.session.client
        if now is None:
            return 0 if step > 0 else count - 1
        return (now + step) % count
