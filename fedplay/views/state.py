"""`State`: a person's choices in a view; `Desk`: the calls it may make on its screen."""

from __future__ import annotations

import math
from types import SimpleNamespace
from typing import Any, ClassVar, Protocol

from fedplay.data import Federation
from fedplay.experiment import Experiment
from fedplay.runs.cache import Cache
from fedplay.runs.closeup import Closeup
from fedplay.runs.given import Given
from fedplay.runs.job import Job
from fedplay.runs.recording import Facts, Recording
from fedplay.views.scene import Intent


class Stepping(Protocol):
    """Where the viewer stands inside a round."""

    phase: float  # 0 to 4
    playing: bool


class Runs(Protocol):
    """What the state of a view may ask of the runs on the screen. The player is one."""

    party: Given  # data with a client of somebody's own, in place of the experiment's
    shown: Recording | None  # the run in the picture
    cache: Cache[Recording]
    near: Closeup

    @property
    def data(self) -> Given:
        """What a run is given: data of somebody's own, a guest, or nothing."""

    @property
    def stepper(self) -> Stepping:
        """Where the viewer stands inside the round."""

    def facts(self) -> Facts:
        """The labels of the shown run's clients, and how skewed they are."""

    def go_inside(self, phase: float) -> None:
        """Stand inside the round, at a phase from 0 to 4."""

    def slow(self) -> None:
        """Play the inside of the round slowly, or stop doing so."""


class Desk(Protocol):
    """Interface of the screen for the state of a view; the session implements it."""

    @property
    def experiment(self) -> Experiment:
        """The experiment in force."""

    @property
    def federation(self) -> Federation | None:
        """The user's own data, if there are any."""

    @property
    def player(self) -> Runs:
        """The runs on the screen."""

    @property
    def mark(self) -> Any:
        """What of the open view the pointer is at: the mark of its hit."""

    def check(self, exp: Experiment) -> None:
        """ValueError for what must not be run here."""

    def set(self, **choices: Any) -> bool:
        """Change knobs and slots; whether they are in force."""

    def open(self, view: str) -> None:
        """Turn to a view."""

    def is_open(self, view: str) -> bool:
        """Whether it is the one beside the curves."""

    def leave(self, view: str) -> None:
        """Turn to another view, where this one is open."""

    def controls(self) -> list[str]:
        """The knobs and slots that have a control now."""

    def control(self, name: str) -> Any:
        """One of these; ValueError for no such name."""

    def renew(self) -> None:
        """The data of the runs have changed: run with what there is now."""

    def look(self) -> None:
        """The view's state has changed what is to be computed."""

    def touch(self, *, own: bool = False) -> None:
        """Something that is shown has changed; `own`: only what is drawn of the view's state."""


class State:
    """A person's choices in a view, and the actions of that view.

    `verbs` are the names of its methods that are actions of the screen; each raises ValueError
    where it cannot be done. They are methods of the Playground too. `keeps` are the names of its
    attributes that hold a plain value (a number, a text, a switch), as `Scene.state` has them and
    a page remembers them. Attributes are put back whole where a step breaks off, those of `parts`
    too.
    """

    verbs: ClassVar[tuple[str, ...]] = ()
    keeps: ClassVar[tuple[str, ...]] = ()
    job: Job | None = None  # what is computed for it, beyond a close-up
    there: bool = False  # of a summoned view, whether its tab is there
    unshared: str = ""  # a sentence on what no link or file of an experiment carries, if any

    def __init__(self, desk: Desk) -> None:
        self.desk, self.job = desk, None
        for name in self.keeps:  # as attributes of its own, or they could not be put back
            setattr(self, name, getattr(self, name))

    def parts(self) -> list[object]:
        """What its actions change, beside its own attributes."""
        return []

    def follow(self, seen: bool) -> None:
        """The experiment, the data, or what is open may have changed: see to the job.

        seen: whether the view is open, and its answer is not hidden
        """

    def turn(self, exp: Experiment) -> None:
        """Another experiment is in force."""

    def veil(self) -> None:
        """The answer is hidden from now on."""

    def given(self, exp: Experiment) -> Given:
        """Data to run an experiment on in place of its own, if any."""
        return None

    def on_key(self, key: str, view: Any) -> Intent | None:
        """What a key of the picture asks for while `view` is open; None for none of its keys."""
        return None

    def settle(self, facts: Facts, client: int | None) -> int | None:
        """The newest run is shown: the place of the client that is followed from now on."""
        return client

    def followed(self) -> None:
        """A person has chosen a client to be followed, or none."""

    @property
    def shown(self) -> Any:
        """What the view finds in `Scene.state`: plain data that is never changed."""
        return SimpleNamespace(**{name: getattr(self, name) for name in self.keeps})

    def closeup(self, found: Any) -> Any:
        """What the view finds in `Scene.closeup`, given what its `prepare` came to."""
        return found

    def kept(self) -> Any:
        """As plain data, for the page's memory; None for nothing."""
        return {name: getattr(self, name) for name in self.keeps} or None

    def take_up(self, kept: Any) -> None:
        """What a page has kept; what does not fit is left out. It is not trusted."""
        for name in self.keeps if isinstance(kept, dict) else ():
            value = kept.get(name)
            endless = isinstance(value, float) and not math.isfinite(value)
            if type(value) is type(getattr(self, name)) and not endless:
                setattr(self, name, value)
