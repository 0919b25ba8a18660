"""`Seating`: a client of one's own comes to a session's federation, is followed, and goes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from fedplay.runs.recording import Facts
from fedplay.views.my_client.analysis import Reception
from fedplay.views.my_client.sketch import Mine

if TYPE_CHECKING:
    from fedplay.session.session import Session

# What can be done at the easel, and how it calls it.
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


class Seating:
    """What a person does at the easel of a session, and what follows from it."""

    def __init__(self, session: Session) -> None:
        self.session = session
        self.greets = False  # a guest has joined, and is to be followed once it is there
        self._seats = (0, False)  # the last place of the panel, and whether a guest has it

    def seat(self) -> None:
        """The experiment or the guest's examples have changed: run with what there is now."""
        session, exp = self.session, self.session.store.experiment
        session.easel.turn(exp)
        session.player.party = session.easel.party(exp)
        session.player.want(exp)
        session.look()
        session.player.touch()

    def draw(self, action: str, *arguments: Any) -> None:
        """Do something at the easel; ValueError where it cannot be done."""
        session, easel = self.session, self.session.easel
        if action == "random":
            shown = session.player.shown  # it may be a run on the data before these
            if shown is None or not easel.suits(shown.exp):
                raise ValueError("random: there are no data yet")
            arguments = (session.player.facts().federation, *arguments)
        if action == "join" and session.federation is None:  # has the experiment room for it?
            exp = session.store.experiment
            exp.replace(data="arrays", clients=exp.clients + 1)
        before = (easel.joined, easel.sketch.X, easel.sketch.y)
        getattr(easel, DRAWS[action])(*arguments)
        after = (easel.joined, easel.sketch.X, easel.sketch.y)
        if easel.joined and not before[0]:
            self.greets = True
        if after != before and (easel.joined or before[0]):
            self.seat()
        else:
            easel.touches += 1
        session.player.touch()

    def mine(self, closeup: Any) -> Mine | None:
        """What the view is to show; `closeup` is what it has prepared, for older data perhaps."""
        party, of = self.session.player.party, self.session.player.near.of
        suits = of is not None and self.session.easel.suits(of.exp)
        found = closeup if isinstance(closeup, Reception) and suits else None
        current = party is not None and found is not None and party.made(found.federation)
        return self.session.easel.mine(found, current)

    def settle(self, facts: Facts) -> None:
        """Follow a guest that has just come, and stay with it where its place has moved."""
        session, fed, last = self.session, facts.federation, len(facts.panel) - 1
        before = session.client
        if self.greets and fed.guests:
            session.client, self.greets = last, False
        was, self._seats = self._seats, (last, bool(fed.guests))
        if was[1] and before == was[0] and was != self._seats:
            session.client = last if fed.guests else None
        if session.client != before:
            session.player.touch()
