"""`Stepper`: where the viewer stands inside a round, and how it is played slowly."""

from __future__ import annotations

from fedplay.arguments import number

PHASES = 4.0  # broadcast, local steps, updates, average
PACE = 0.5  # phases a second
FRAME = 1 / 60  # s


class Stepper:
    """A clock of its own for the inside of a round."""

    def __init__(self) -> None:
        self.phase, self.playing, self.pace = PHASES, False, PACE
        self._moved = 0.0  # when it was moved last

    def leave(self) -> None:
        """Stand at the round's end."""
        self.phase, self.playing = PHASES, False

    def stand(self, phase: float) -> None:
        """At a phase from 0 to 4, or the end next to it; ValueError for what is no number."""
        self.phase, self.playing = number("phase", phase, 0, PHASES, clip=True), False

    def toggle(self, now: float) -> None:
        """Play it, from the beginning if it is at the end, or stop."""
        self.playing = not self.playing
        if self.playing and self.phase >= PHASES:
            self.phase = 0.0
        self._moved = now

    def move(self, now: float, there: bool, *, calmly: bool) -> float:
        """Go on, if what is to be shown is there; when to go on again, in seconds.

        calmly: a step at a time in place of a movement.
        """
        wait = 1 / self.pace if calmly else FRAME
        if not there:
            self._moved = now
            return FRAME
        passed = now - self._moved
        if passed < wait * 0.99:
            return wait - passed
        self.phase = min(self.phase + (1.0 if calmly else passed * self.pace), PHASES)
        self.playing, self._moved = self.phase < PHASES, now
        return wait
