"""Time that a test steps: a clock, and an event loop on it that never waits.

Nothing here looks at the wall clock, so the same test runs the same way every time: whatever runs
when depends on what was asked for and on the seed alone.
"""

from __future__ import annotations

import asyncio
import random
import selectors
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from typing import Any, TypeVar

import pytest

from fedplay import clock

T = TypeVar("T")


class Time:
    """Seconds that pass when somebody looks at the clock: so whatever is computed takes its time.

    A look takes `tick`, or with a seed something from a tenth to twice of it; with tick 0 time
    stands still but for `pass_by` and for sleeping.
    """

    def __init__(self, tick: float = 0.0, seed: int | None = None) -> None:
        self.seconds, self.tick = 1000.0, tick
        self._dice = None if seed is None else random.Random(seed)

    def now(self) -> float:
        self.seconds += self.tick * (1.0 if self._dice is None else self._dice.uniform(0.1, 2.0))
        return self.seconds

    def pass_by(self, seconds: float) -> None:
        self.seconds += seconds


class _NoWaiting(selectors.DefaultSelector):  # type: ignore[misc, valid-type]
    """Finds what is ready; where nothing is, the time passes at once for which it would wait."""

    def __init__(self, time: Time) -> None:
        super().__init__()
        self.time = time

    def select(self, timeout: float | None = None) -> Any:
        ready = super().select(0)
        if not ready and timeout is None:
            raise RuntimeError("the loop waits for something that never comes")
        if not ready and timeout is not None:
            self.time.pass_by(max(timeout, 0.0))
        return ready


class VirtualLoop(asyncio.SelectorEventLoop):
    """An event loop on virtual time: it jumps to its next timer."""

    def __init__(self, time: Time) -> None:
        super().__init__(_NoWaiting(time))
        self.virtual = time

    def time(self) -> float:
        return self.virtual.seconds


@contextmanager
def virtual(tick: float = 0.0, seed: int | None = None) -> Iterator[Time]:
    """Everything on the screen lives on this time."""
    time = Time(tick, seed)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(clock, "source", time.now)
        patch.setattr(clock, "waiting", time.pass_by)
        yield time


def run(main: Callable[[Time], Awaitable[T]], tick: float = 0.0, seed: int | None = None) -> T:
    """Like `asyncio.run(main(time))`, on virtual time."""
    with virtual(tick, seed) as time, asyncio.Runner(loop_factory=lambda: VirtualLoop(time)) as it:
        return it.run(main(time))  # type: ignore[arg-type]
