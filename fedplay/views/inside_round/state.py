"""State of the view Inside a round: the step shown, and slow playing."""

from __future__ import annotations

import math
from typing import ClassVar, NamedTuple

from fedplay.views.state import State


class Playing(NamedTuple):
    """How the inside of the round is gone through."""

    now: bool  # by itself


class InsideState(State):
    """The four steps of a round: broadcast, local steps, updates, average."""

    verbs: ClassVar[tuple[str, ...]] = ("inside", "slow", "stage")

    def inside(self, phase: float) -> None:
        """Stand inside the round: 0 to 1 broadcast, 2 local steps, 3 updates, 4 average."""
        self.desk.player.go_inside(phase)

    def slow(self) -> None:
        """Play the inside of the round slowly, or stop doing so."""
        self.desk.player.slow()

    def stage(self) -> None:
        """The next of the four steps."""
        self.inside(math.floor(self.desk.player.stepper.phase % 4 + 1))

    @property
    def shown(self) -> Playing:
        return Playing(self.desk.player.stepper.playing)
