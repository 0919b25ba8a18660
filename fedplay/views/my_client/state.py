"""State of "My client": a person's drawn client, which can join the federation and leave."""

from __future__ import annotations

from typing import Any, ClassVar

from fedplay.arguments import word
from fedplay.experiment import Experiment
from fedplay.runs.given import Party
from fedplay.views.my_client.analysis import Reception
from fedplay.views.my_client.drawing_state import DrawingState
from fedplay.views.my_client.sketch import Mine
from fedplay.views.my_client.words import SHARE
from fedplay.views.scene import NOTHING, Intent
from fedplay.views.state import Desk, State

# What can be done with the drawing, and how it calls it.
DRAWS = {
    "ink": "draw",
    "point": "put",
    "add": "add",
    "label": "name",
    "random": "random",
    "wipe": "wipe",
    "remove": "remove",
    "clear": "clear",
    "back": "take_back",
    "join": "join",
    "leave": "leave",
    "fill": "fill",
    "keys": "take_pen",
    "move": "move_pen",
    "press": "press_pen",
}
MOVES = {"ArrowLeft": (-1, 0), "ArrowRight": (1, 0), "ArrowUp": (0, -1), "ArrowDown": (0, 1)}


class MyClientState(State):
    """What a person does at the drawing, and what follows from it for the runs."""

    verbs: ClassVar[tuple[str, ...]] = ("mine",)

    def __init__(self, desk: Desk) -> None:
        super().__init__(desk)
        self.drawing = DrawingState(desk.federation)
        self.greets = False  # a guest has joined, and is to be followed once it is there
        self._seats = (0, False)  # the last place of the panel, and whether a guest has it

    def parts(self) -> list[object]:
        return [self.drawing, *self.drawing.books.values()]

    def turn(self, exp: Experiment) -> None:
        self.drawing.turn(exp)

    def given(self, exp: Experiment) -> Party | None:
        return self.drawing.party(exp)

    def mine(self, action: str, *arguments: Any) -> None:
        """Do something in the view "My client", where one draws a client of one's own.

        "label", k: the class of what comes next. "ink", "down" or "move" or "up", x, y: a stroke on
        the pad, 0 to 1 right and down. "add": the drawing becomes an example. "point", x, y: a
        point of the plane does. "random": an example of the test set. "back", "wipe", "clear",
        and "remove", k: take something out. "join", "leave". ValueError where it cannot be done.
        """
        desk, drawing = self.desk, self.drawing
        method = DRAWS[word("action", action, sorted(DRAWS))]
        if action == "random":
            shown = desk.player.shown  # it may be a run on the data before these
            if shown is None or not drawing.suits(shown.exp):
                raise ValueError("random: there are no data yet")
            arguments = (desk.player.facts().federation, *arguments)
        if action == "join" and desk.federation is None:  # has the experiment room for it?
            exp = desk.experiment
            exp.replace(data="arrays", clients=exp.clients + 1)
        before = (drawing.joined, drawing.sketch.X, drawing.sketch.y)
        getattr(drawing, method)(*arguments)
        after = (drawing.joined, drawing.sketch.X, drawing.sketch.y)
        if drawing.joined and not before[0]:
            self.greets = True
        if after != before and (drawing.joined or before[0]):
            desk.renew()
        else:
            desk.touch(own=True)

    def on_key(self, key: str, view: Any) -> Intent | None:
        """Keys of the drawing: Enter takes the pen; then arrows move it and it gets all keys."""
        drawing, done = self.drawing, tuple[Any, ...]()
        if view.mine is None or drawing.kind is None or (drawing.pen is None and key != "Enter"):
            return None
        if drawing.pen is None:
            done = ("keys", True)
        elif key in MOVES:
            done = ("move", *MOVES[key])
        elif key in ("PageUp", "PageDown"):
            step = -1 if key == "PageUp" else 1
            done = ("label", (drawing.sketch.label + step) % drawing.kind.C)
        elif key == "Escape":
            done = ("keys", False)
        elif view.plane is not None and key in ("Enter", " "):
            done = ("point", *view.plane.data_at(*drawing.pen))
        elif key in ("Enter", " "):
            done = ("add",) if key == "Enter" else ("press",)
        return Intent("mine", done) if done else NOTHING

    def settle(self, facts: Any, client: int | None) -> int | None:
        """Follow a guest that has just come, and stay with it where its place has moved."""
        fed, last, before = facts.federation, len(facts.panel) - 1, client
        if self.greets and fed.guests:
            client, self.greets = last, False
        was, self._seats = self._seats, (last, bool(fed.guests))
        if was[1] and before == was[0] and was != self._seats:
            client = last if fed.guests else None
        return client

    def followed(self) -> None:
        self.greets = False

    def closeup(self, found: Any) -> Mine | None:
        """`found` is what the view has prepared, for older data perhaps."""
        player = self.desk.player
        party, of = player.party, player.near.of
        suits = of is not None and self.drawing.suits(of.exp)
        reception = found if isinstance(found, Reception) and suits else None
        fed = None if reception is None else reception.federation
        return self.drawing.mine(
            reception, fed is not None and isinstance(party, Party) and party.made(fed)
        )

    @property
    def unshared(self) -> str:  # type: ignore[override]
        return SHARE if self.drawing.drawn else ""

    def kept(self) -> Any:
        return self.drawing.kept()

    def take_up(self, kept: Any) -> None:
        self.drawing.take_up(kept)
