"""`Pace`: how long the rounds of a run take on this machine, and the rest of it will take."""

from __future__ import annotations

import math
from collections.abc import Callable

from fedplay.cost import estimate
from fedplay.data import Federation
from fedplay.runs.recording import Recording

HEAVY = 0.6  # s; a run that will take longer is shown while it grows, from its first round on


class Pace:
    """Times rounds by a clock; the run before tells of one whose rounds are not known yet."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self.clock = clock
        self._of_estimate = math.inf  # seconds that the last run took for one of its estimate

    def advance(self, rec: Recording, federation: Federation | None, ahead: bool) -> None:
        """Compute a round: see `Recording.advance`. It raises what the run raises."""
        began = self.clock()
        rec.advance(ahead)
        rec.seconds += self.clock() - began
        if rec.n == 1:
            rec.opening = rec.seconds
            rec.estimate = max(estimate(rec.exp, federation).seconds, 1e-9)
        if rec.complete:
            self._of_estimate = rec.seconds / rec.estimate

    def remaining(self, rec: Recording) -> float:
        """The seconds that the missing rounds will take."""
        if rec.n == 1:  # it says little of the others: go by the run before
            return min(rec.remaining, self._of_estimate * rec.estimate)
        return rec.remaining

    @staticmethod
    def heavy(rec: Recording) -> bool:
        """Whether even the first rounds of a run are worth a picture."""
        return rec.n == 1 and rec.estimate > HEAVY
