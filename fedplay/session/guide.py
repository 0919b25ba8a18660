"""`Guide`: where a person stands in a lab, and what differs from the step that they opened."""

from __future__ import annotations

from fedplay.experiment import Experiment
from fedplay.labs import FREE, Lab, Step
from fedplay.session.run_history import differences


class Guide:
    """The lab that is open and its step, and what is folded out beside them.

    base: the experiment that "back to the example" goes back to
    """

    def __init__(self, base: Experiment, lab: Lab = FREE) -> None:
        self.lab, self.base = lab, base
        self.at = 0  # the place of the step
        self.door = False  # the first sentences of all, in place of a step's
        self.choosing = False  # the labs are shown, to choose one
        self.reason = False  # why it is so, in place of what one sees
        self.asking = False  # the lab has asked for a guess at this step
        self.guessed: set[tuple[str, int]] = set()  # steps whose guess was asked for already

    @property
    def step(self) -> Step | None:
        """The step that is open; None in a lab without a walk."""
        return self.lab.steps[self.at] if self.at < len(self.lab.steps) else None

    @property
    def last(self) -> bool:
        """Whether no step comes after this one."""
        return self.at + 1 >= len(self.lab.steps)

    def turn_to(self, lab: Lab, at: int, base: Experiment) -> None:
        """Open a step of a lab, whose experiment on this screen is `base`."""
        self.lab, self.at, self.base = lab, at, base
        self.door = self.choosing = self.reason = False

    def asks(self) -> bool:
        """Whether this step's end is to be guessed, which is asked once."""
        here = (self.lab.name, self.at)
        self.asking = bool(self.lab.guess) and self.at + 1 == self.lab.guess_at
        self.asking = self.asking and here not in self.guessed
        if self.asking:
            self.guessed.add(here)
        return self.asking

    def changed(self, exp: Experiment) -> list[str]:
        """The knobs and slots in which an experiment differs from the one that was opened."""
        return differences(self.base, exp)
