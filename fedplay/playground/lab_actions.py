"""What can be done with labs: open one, go through its steps, do what a step says."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from fedplay.arguments import whole
from fedplay.knobs import short
from fedplay.labs import FREE, LABS, Lab, lab_of, step_of
from fedplay.labs.links import Opened
from fedplay.session.session import Session
from fedplay.views.registered import check_views, of_every_knob

TOUR = LABS[0]  # the shortest way through; its first view is what moves behind the door


class LabActions:
    """The actions of one session; each raises ValueError where it cannot be done now.

    follow: brings what stands around the picture up to date
    """

    def __init__(self, session: Session, follow: Callable[[], None]) -> None:
        self.session, self.guide, self._follow = session, session.guide, follow

    def table(self) -> dict[str, Callable[..., Any]]:
        """Every action by its name."""
        return {
            "lab": self.open,
            "enter": self.enter,
            "begin": self.begin,
            "preset": self.preset,
            "tour": lambda: self.open(TOUR),
            "next": self.next,
            "do_it": self.do_it,
            "why": self.why,
            "labs": self.choose,
            "back": self.back,
            "as_it_was": self.as_it_was,
            "welcome": self.welcome,
        }

    def open(self, lab: Lab | str, step: int | str = 1) -> None:
        """Open a lab at a step, by its number from 1 or its name; without steps the run stays."""
        found = checked_lab(lab)
        if self.session.federation is not None and found is not FREE:
            raise ValueError("lab: the data of this screen are given, and a lab brings its own")
        if not found.steps:
            self.guide.turn_to(found, 0, self.session.experiment)
            self._seen()
            return
        at = found.step(step)
        exp = self.session.own(found.steps[at].experiment)
        self.session.check(exp)
        self.guide.turn_to(found, at, exp)
        self.session.curves = set(found.curves)
        self.session.store.restore(exp)
        self.begin()

    def enter(self, opened: Opened) -> None:
        """Open what a link or a file is about: a lab, its step, and the experiment in force."""
        exp = opened.experiment
        checked_lab(opened.lab)
        if exp is not None:
            self.session.check(self.session.own(exp))
        self.open(opened.lab, opened.at + 1)
        if exp is not None:
            self.session.store.restore(self.session.own(exp))

    def preset(self, name: str) -> None:
        """Open the step of that name, whichever lab it belongs to."""
        lab, at = step_of(name)
        self.open(lab, at + 1)

    def begin(self) -> None:
        """Turn to what the step is about: its view, its guess, its first round."""
        session, step, lab = self.session, self.guide.step, self.guide.lab
        assert step is not None
        if self.guide.asking:  # which was about the step before
            session.reveal()
        view = step.view or next(iter(lab.views), "")
        if view in session.tabs():
            session.open(view)
        if self.guide.asks() and session.guessable:
            session.veil()
        elif step.start and not session.veiled:
            session.player.reset()
        self._seen()

    def next(self, steps: int) -> None:
        """Go on to the next step, or back; ValueError beyond the first and the last one."""
        lab, most = self.guide.lab, max(len(self.guide.lab.steps), 1)
        steps = whole("steps", steps, -most, most)
        if not lab.steps:
            raise ValueError(f"steps={steps}: no lab is open that has steps")
        self.open(lab, whole("step", self.guide.at + 1 + steps, 1, most))

    def do_it(self) -> None:
        """Do what the step says."""
        step, session = self.guide.step, self.session
        if step is None or not step.change:
            raise ValueError("do_it: this step of the lab asks for nothing")
        if step.knobs:
            session.store.rest()
            session.store.choose(**step.knobs)
        for gesture, value in step.gestures.items():
            self._gesture(gesture, value)
        self._seen()

    def _gesture(self, name: str, value: Any) -> None:
        session, player = self.session, self.session.player
        does: dict[str, Callable[[Any], Any]] = {
            "view": session.open,
            "every_value": session.verbs()[of_every_knob()],
            "client": session.follow,
            "round": player.scrub,
            "play": lambda on: player.play() if on else player.pause(),
            "pin": lambda on: session.pin() if on else None,
        }
        does[name](value)

    def why(self) -> None:
        """Say why it is so, or what one sees again."""
        self.guide.reason = not self.guide.reason
        self._seen()

    def choose(self) -> None:
        """Show the labs, or fold them away."""
        self.guide.choosing = not self.guide.choosing
        self._seen()

    def back(self) -> None:
        """Back to the experiment of the step."""
        self.session.store.restore(self.guide.base)

    def as_it_was(self, name: str) -> None:
        """Set one knob back to what it was in the step."""
        self.session.store.choose(**{name: getattr(self.guide.base, name)})

    def welcome(self) -> None:
        """This page was never here: the first sentences of all, and one round that moves."""
        session = self.session
        if self.guide.step is not None or TOUR.steps[0].view not in session.tabs():
            return
        self.guide.door = True
        session.open(TOUR.steps[0].view)
        session.player.reset()
        session.player.slow()
        self._seen()

    def _seen(self) -> None:
        self._follow()
        self.session.player.touch()


def checked_lab(lab: Any) -> Lab:
    """A lab by its name, as JSON, or as it is; ValueError where it has a view that there is not."""
    if isinstance(lab, str):
        text = lab.strip()
        lab = Lab.from_json(text) if text.startswith("{") else lab_of(text)
    if not isinstance(lab, Lab):
        raise ValueError(f"lab={short(lab)}: must be the name of a lab, a Lab, or the JSON of one")
    shown = [*lab.views, *(step.view for step in lab.steps if step.view)]
    if shown:
        check_views(shown)
    return lab
