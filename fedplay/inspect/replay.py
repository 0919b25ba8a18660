"""A run once more: its state before a round, and a round with somebody watching."""

from __future__ import annotations

from collections.abc import Generator
from copy import copy, deepcopy
from typing import Any
from weakref import WeakKeyDictionary

from fedplay.engine.loop import Run, State
from fedplay.scopes import calm
from fedplay.stages.base import Array, Cohort
from fedplay.stages.personal.given import AsGiven

# Where the last trace of a run began, so that the next round needs no repetition of all before it.
_LAST: WeakKeyDictionary[Run, tuple[int, State]] = WeakKeyDictionary()


def state_before(run: Run, number: int) -> Generator[None, None, State]:
    """What the federation remembers before a round, from 1; a round of those before is a piece."""
    done, state = _resume(run, number)
    for earlier in range(done + 1, number):
        with calm():
            run.advance(state, earlier)
        yield
    _LAST[run] = number - 1, deepcopy(state)
    return state


def state_after(run: Run, number: int, w: Array) -> Generator[None, None, State]:
    """What clients make personal models from after a round, w (P,) its global model.

    Where such models are learnt along, the run is repeated up to there.
    """
    if not run.lasting:
        return run.after(w)
    return (yield from state_before(run, number + 1))


def _resume(run: Run, number: int) -> tuple[int, State]:
    """A state of the run that is not after round `number` - 1, and which round it is after."""
    done, state = _LAST.get(run, (number, None))
    if state is None or done >= number:
        with calm():
            return 0, run.start()
    return done, deepcopy(state)


class _Ear:
    """A stage that does what it always did, and remembers what went through it."""

    def __init__(self, stage: Any) -> None:
        self.stage = stage

    def __getattr__(self, name: str) -> Any:
        return getattr(self.stage, name)

    def local(self, sgd: Any, w0: Array, *rest: Any) -> Any:
        self.ended: Array
        self.ended, own = self.stage.local(sgd, w0, *rest)
        self.begun = own.get("start", w0)
        return self.ended, own

    def combine(self, rows: Array, c: Cohort) -> Array:
        self.rows = rows
        self.average: Array = self.stage.combine(rows, c)
        return self.average

    def message(self, *inputs: Any) -> Any:
        self.spoken, own = self.stage.message(*inputs)
        return self.spoken, own


def watched(run: Run, watch: Any) -> Any:
    """The same run with an ear on its algorithm and aggregate, and an eye on every local step."""
    other: Any = copy(run)
    other.travels = run.travels  # an ear does not tell what it is on
    other.trainer = copy(run.trainer)
    other.trainer.watch = watch
    other.algorithm, other.aggregate = _Ear(run.algorithm), _Ear(run.aggregate)
    other.personal = AsGiven()  # nobody looks at what is learnt beside the round
    return other


WALKS = 64  # clients whose single steps are kept; of the others only where they ended
