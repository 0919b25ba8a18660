"""`Timeline`: what was in force, in order of time: to undo, and to redo."""

from __future__ import annotations

import math
from collections.abc import Collection
from dataclasses import dataclass, replace
from typing import Generic, TypeVar

LENGTH = 100  # states that are kept
QUICK = 0.7  # s between two values of one knob, below which they are one drag

State = TypeVar("State")


@dataclass(frozen=True)
class Timeline(Generic[State]):
    """States in order of time, and the place of the one in force. It is frozen: what changes it
    gives another one, so that whoever keeps the old one can go back to it.

    >>> line = Timeline(("a",)).went("b").went("c").back()
    >>> line.now, line.can_undo, line.can_redo
    ('b', True, True)
    >>> line.went("d").states
    ('a', 'b', 'd')
    """

    states: tuple[State, ...]
    at: int = 0
    dragged: frozenset[str] = frozenset()  # the knobs by whose change the state in force was made
    when: float = -math.inf  # s, the time of that change

    @property
    def now(self) -> State:
        """The state in force."""
        return self.states[self.at]

    @property
    def can_undo(self) -> bool:
        return self.at > 0

    @property
    def can_redo(self) -> bool:
        return self.at < len(self.states) - 1

    def went(
        self, state: State, knobs: Collection[str] = (), time: float = math.inf
    ) -> Timeline[State]:
        """After a change to another state, which drops what was undone.

        knobs: what was changed, and `time` when. Quick successive values of the same knobs are one
               drag, of which only the end is kept; a drag that ends where it began leaves nothing.
        """
        if state == self.now:
            return self
        names = frozenset(knobs)
        drag = bool(names) and names == self.dragged and time - self.when < QUICK
        past = self.states[: self.at + (not drag)]
        if past[-1] == state:
            return Timeline(past, len(past) - 1)
        states = (*past, state)[-LENGTH:]
        return Timeline(states, len(states) - 1, names, time)

    def amended(self, state: State) -> Timeline[State]:
        """With another state in the place of the one in force."""
        states = (*self.states[: self.at], state, *self.states[self.at + 1 :])
        return replace(self, states=states)

    def rested(self) -> Timeline[State]:
        """The drag has ended: the next change is an entry of its own."""
        return self._standing(self.at)

    def back(self) -> Timeline[State]:
        """One state back, where there is one."""
        return self._standing(self.at - 1) if self.can_undo else self

    def forward(self) -> Timeline[State]:
        """One state forward, where there is one."""
        return self._standing(self.at + 1) if self.can_redo else self

    def _standing(self, at: int) -> Timeline[State]:
        return Timeline(self.states, at)

    def near(self, most: int) -> Timeline[State]:
        """At most so many states around the one in force, those before it first."""
        first = max(0, min(self.at - most // 2, len(self.states) - most))
        return Timeline(self.states[first : first + most], self.at - first)
