"""`OpenViews`: which views a session offers, which have a tab, and which are in the picture."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from fedplay.arguments import word
from fedplay.data import Federation
from fedplay.engine.measures import OWN
from fedplay.knobs import Refused
from fedplay.runs.recording import Recording
from fedplay.session.guide import Guide
from fedplay.session.player import Player
from fedplay.views.registered import MAIN, VIEWS, check_views, why_not
from fedplay.views.state import State


class OpenViews:
    """What of a session is about views; the session has the runs and the lab."""

    player: Player
    guide: Guide
    states: dict[str, State]
    federation: Federation | None
    veiled: bool

    def __init__(self, views: Sequence[str] | None) -> None:
        self.offered = check_views(views)
        self.whole = views is None  # every view is offered, the lab's in front
        self.beside = next((name for name in self.offered if not VIEWS[name].main), "")
        self.enlarged = ""  # what fills the picture alone: the "view", MAIN, or neither
        self.mark: Any = None  # what of the view beside the curves the pointer is at

    def look(self) -> None:
        """Let the player compute what the views need."""
        raise NotImplementedError

    def tabs(self, rec: Recording | None = None) -> list[str]:
        """The views that can stand beside the curves, for a run (the one that is asked for)."""
        rec = rec or self.player.recording or self.player.shown
        names = [name for name in self.offered if not VIEWS[name].main]
        if rec is not None:
            why = self._suited(rec)
            names = [name for name in names if why[name] is None]
        return [*names, *(n for n, s in self.states.items() if VIEWS[n].summoned and s.there)]

    def _suited(self, rec: Recording) -> dict[str, Refused | None]:
        """Why each view has nothing to show of a run, None where it has: kept by the run, as a
        picture asks a dozen times."""
        names = [name for name in self.offered if not VIEWS[name].main]
        known = names, *OWN.values()  # a measure of somebody's own may have come since
        if rec.suited is None or rec.suited[0] != known:
            fed = rec.run.federation if rec.facts is None else rec.facts.federation
            rec.suited = known, {name: why_not(name, rec.exp, fed) for name in names}
        return rec.suited[1]

    def away(self) -> dict[str, Refused]:
        """The views that have nothing to show of the run, each with the reason and a way out."""
        rec = self.player.recording or self.player.shown
        found = self._suited(rec) if rec is not None else {}
        return {name: refused for name, refused in found.items() if refused is not None}

    def verbs(self) -> dict[str, Callable[..., Any]]:
        """What can be done in the views, by its name."""
        return {verb: getattr(s, verb) for s in self.states.values() for verb in s.verbs}

    @property
    def drawn(self) -> str:
        """The view beside the curves in the picture; "" for none.

        It is the one that was chosen, unless the run that is still shown has nothing for it.
        """
        tabs = self.tabs(self.player.shown)
        return self.beside if self.beside in tabs else next(iter(tabs), "")

    def board_views(self) -> tuple[str, ...]:
        """The views in the picture, top to bottom."""
        hides = self.veiled and self.drawn and VIEWS[self.drawn].secret
        alone = self.enlarged == "view" and not hides
        first = [n for n in self.offered if VIEWS[n].main and not alone]
        second = [self.drawn] if self.drawn and (self.enlarged != MAIN or not first) else []
        if first and hides:
            second = []  # it would show nothing before the guess
        return (*first, *second) or (MAIN,)

    def enlarge(self, what: str) -> None:
        """Let the "view" or MAIN, the curves, fill the picture, or show both again."""
        what = word("enlarge", what, ("view", MAIN))
        self.enlarged = "" if what == self.enlarged else what
        self.player.touch()

    def present(self, on: bool) -> None:
        """Show the view alone where there is little room for large text, or both again."""
        if (self.enlarged != "view") == on:
            self.enlarge("view")

    def in_front(self) -> list[str]:
        """The views that have a tab: the lab's and the open one, or all that were asked for."""
        tabs, lab = self.tabs(), self.guide.lab
        if not self.whole or self.federation is not None:
            return tabs
        summoned = [name for name in tabs if VIEWS[name].summoned]
        return list(dict.fromkeys([*lab.views, *summoned, *([self.drawn] if self.drawn else [])]))

    def open(self, name: str) -> None:
        """Show a view beside the curves."""
        self.beside = word("view", name, self.tabs())
        self.look()
        self.player.touch()

    def is_open(self, view: str) -> bool:
        """Whether it is the view beside the curves."""
        return self.drawn == view

    def leave(self, view: str) -> None:
        """Turn to another view, where this is the one that was chosen."""
        if self.beside == view:
            self.beside = next(iter(self.tabs()), "")

    def point_at(self, mark: Any) -> None:
        """Note what of the view beside the curves the pointer is at; None for nothing."""
        if mark != self.mark:
            self.mark = mark
            self.player.touch()
