"""`Hand`: what a pointer and keys do in the picture. It knows positions, and no widget."""

from __future__ import annotations

from collections.abc import Callable

from fedplay.drawing.geometry import Tip
from fedplay.session.session import Session
from fedplay.views.board import Board
from fedplay.views.each_client.order import ORDERS
from fedplay.views.scene import Hit

MOVED = 4  # css px that a press may move and still be a click
FAR = 10  # rounds that Page Up and Page Down go
CLIENTS = ("client", "optimum")  # what stands for a client
HELD = {
    "optimum": "grabbing",
    "target": "ns-resize",
    "pad": "crosshair",
}  # what goes with the pointer, its shape
STEP = 0.01  # of a guess, with the arrow keys
MOVES = {"ArrowLeft": (-1, 0), "ArrowRight": (1, 0), "ArrowUp": (0, -1), "ArrowDown": (0, 1)}
ROUNDS = {"ArrowLeft": -1, "ArrowRight": 1, "PageDown": -FAR, "PageUp": FAR}


class Hand:
    """One pointer and one keyboard. `act(name, *arguments)` does what they ask for.

    Hovering lights up a client in every view and reads out what is there. Pressing and dragging in
    the curves stands at a round (or places a guess), and takes a client's optimum or a target
    along; a click follows a client, or takes a value or a method.
    """

    def __init__(self, session: Session, act: Callable[..., None]) -> None:
        self.session, self.act = session, act
        self.board: Board | None = None
        self.tip: Tip | None = None
        self.cursor = "default"
        self.asked = False  # by a key, for what it has changed
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
        """The optimum, or the target, that is being dragged."""
        first = self._pressed[2] if self._pressed is not None and self._dragging else None
        if first is None or first.kind not in HELD:
            return None
        return first._replace(lines=(), cursor=HELD[first.kind])

    def pointer(self, kind: str, x: float, y: float) -> bool:
        """An event at a css position; whether the picture looks different now."""
        if self.board is None:
            return False
        hit = None if kind == "leave" else self.board.at(x, y)
        self._at = None if kind == "leave" else (x, y)
        if kind == "down":
            self._pressed, self._dragging = (x, y, hit), False
            if hit is not None and hit.kind == "guess":
                self.act("guess", hit.value)
            self._ink("down", x, y)
        elif kind == "move" and self._pressed is not None:
            self._drag(x, y, hit)
        elif kind == "up" and self._pressed is not None:
            self._ink("up", x, y)
            pressed, self._pressed = self._pressed, None
            if not self._dragging:
                self._click(pressed[2], x, y)
        elif kind == "leave":
            self._ink("up", x, y)
            self._pressed = None
        return self._hover(x, y, hit)

    def _drag(self, x: float, y: float, hit: Hit | None) -> None:
        assert self._pressed is not None
        a, b, first = self._pressed
        self._ink("move", x, y)
        self._dragging = self._dragging or abs(x - a) + abs(y - b) > MOVED
        if first is None or not self._dragging:
            return
        curves = self.board.curves if self.board is not None else None
        drift = self.board.drift if self.board is not None else None
        if first.kind == "optimum":
            if drift is not None and drift.box.holds(x, y):
                self.act("optimum", int(first.value), drift.point(x, y))
        elif first.kind == "target":
            compare = self.board.compare if self.board is not None else None
            if compare is not None:
                self.act("target", compare.target_at(y))
        elif first.kind == "guess":
            if hit is not None and hit.kind == "guess":
                self.act("guess", hit.value)
        elif curves is not None and curves.box.holds(a, b):
            self.act("scrub", curves.round_at(x))
        elif first.kind == "round" and hit is not None and hit.kind == "round":
            self.act("scrub", int(hit.value))

    def _ink(self, kind: str, x: float, y: float) -> None:
        """Draw on the pad, if that is where the pointer was pressed; even a dot is no click."""
        first = self._pressed[2] if self._pressed is not None else None
        mine = self.board.mine if self.board is not None else None
        if first is not None and first.kind == "pad" and mine is not None:
            self._dragging = True
            self.act("draw", "ink", kind, *mine.point(x, y))

    def _click(self, hit: Hit | None, x: float, y: float) -> None:
        if hit is None:
            return
        mine = self.board.mine if self.board is not None else None
        if hit.kind == "example":
            self.act("draw", "remove", int(hit.value))
        elif hit.kind == "plane" and mine is not None:
            point = mine.plane_point(x, y)
            if point is not None:
                self.act("draw", "point", *point)
        if hit.kind in CLIENTS:
            place = int(hit.value)
            self.act("follow", None if place == self.session.client else place)
        elif hit.kind == "round":
            self.act("scrub", int(hit.value))
        elif hit.kind == "value":
            self.act("take", int(hit.value))
        elif hit.kind == "method":
            self.act("take_method", int(hit.value))
        elif hit.kind == "order":
            self.act("order", list(ORDERS)[int(hit.value)])

    def _hover(self, x: float, y: float, hit: Hit | None) -> bool:
        """Light up what is there; whether anything has changed."""
        board = self.board
        assert board is not None
        before = (board.lit, self.tip, self.cursor)
        hit = self._held or hit
        quiet = hit is None or (self._dragging and hit.kind != "optimum")
        lit = int(hit.value) if hit is not None and hit.kind in CLIENTS and not quiet else None
        self.tip = Tip(x, y, hit.lines) if hit is not None and hit.lines else None
        self.cursor = hit.cursor if hit is not None else "default"
        for kind, light in (
            ("value", self.session.light_value),
            ("method", self.session.lineup.light),
        ):
            light(int(hit.value) if hit is not None and hit.kind == kind else None)
        if lit != board.lit:
            board.light(lit)
        return before != (board.lit, self.tip, self.cursor)

    def key(self, key: str) -> None:
        """A key in the picture: arrows go through rounds and clients."""
        session, player = self.session, self.session.player
        if player.shown is None:
            return
        self.asked = True
        if self._pen(key):
            return
        if session.veiled and key in ("ArrowUp", "ArrowDown"):
            step = STEP if key == "ArrowUp" else -STEP
            self.act("guess", (0.5 if session.guess is None else session.guess) + step)
        elif key in ROUNDS:
            self.act("scrub", player.cursor + ROUNDS[key])
        elif key in ("Home", "End"):
            self.act("scrub", 0 if key == "Home" else player.shown.R)
        elif key in ("ArrowUp", "ArrowDown"):
            self.act("follow", self._neighbour(-1 if key == "ArrowUp" else 1))
        elif key == "Escape":
            self._escape()
        elif key in ("Enter", " ") and session.veiled:
            self.act("reveal")
        elif key == " ":
            self.act("toggle")

    def _pen(self, key: str) -> bool:
        """A key for the pen of "My client"; whether it was."""
        mine, easel = self.board.mine if self.board is not None else None, self.session.easel
        if mine is None or mine.mine is None or self.session.veiled:
            return False
        if easel.pen is None:
            if key == "Enter":
                self.act("draw", "keys", True)
            return key == "Enter"
        if key in MOVES:
            self.act("draw", "move", *MOVES[key])
        elif key in ("PageUp", "PageDown"):
            step = -1 if key == "PageUp" else 1
            self.act("draw", "label", (easel.sketch.label + step) % mine.mine.kind.C)
        elif key == "Escape":
            self.act("draw", "keys", False)
        elif mine.plane is not None and key in ("Enter", " "):
            self.act("draw", "point", *mine.plane.data_at(*easel.pen))
        elif key == " ":
            self.act("draw", "press")
        elif key == "Enter":
            self.act("draw", "add")
        return True

    def _escape(self) -> None:
        """Leave what was entered last: what is lit, the sweep, the client."""
        player = self.session.player
        if player.comparing is not None and player.comparing.lit is not None:
            self.act("light", None)
        else:
            self.act(*(("follow", None) if player.sweeping is None else ("sweep", None)))

    def _neighbour(self, step: int) -> int:
        count, now = len(self.session.player.facts().panel), self.session.client
        if now is None:
            return 0 if step > 0 else count - 1
        return (now + step) % count
