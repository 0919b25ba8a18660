"""Replay of a run: its state before a round, and one round computed again."""

from __future__ import annotations

from collections.abc import Generator
from copy import deepcopy

from fedplay.engine.loop import Run
from fedplay.engine.round import State
from fedplay.engine.training import Watch
from fedplay.memo import Entry
from fedplay.scopes import calm
from fedplay.stages.base import Array, Outcome

WALKS = 64  # clients whose single steps are kept; of the others only where they ended

# Where the last replay of a run began, so that the next round needs no repetition of all before it.
_LAST = Entry[tuple[int, State]]("the state before the round that was replayed last")


def state_before(run: Run, number: int) -> Generator[None, None, State]:
    """What the federation remembers before a round, from 1; a round of those before is a piece."""
    done, state = _resume(run, number)
    for earlier in range(done + 1, number):
        with calm():
            run.advance(state, earlier)
        yield
    run.memo.put(_LAST, (number - 1, deepcopy(state)))
    return state


def state_after(run: Run, number: int, w: Array) -> Generator[None, None, State]:
    """What clients make personal models from after a round, w (P,) its global model.

    Where such models are learnt along, the run is repeated up to there.
    """
    if not run.lasting:
        return run.after(w)
    return (yield from state_before(run, number + 1))


def replay(
    run: Run, state: State, number: int, watch: Watch | None = None
) -> tuple[Outcome, State]:
    """Compute a round again, from a copy of the state before it: (outcome, state after).

    watch: told of every local step. What the personal slot has clients learn for themselves is
    left out: the round does not depend on it.
    """
    after = deepcopy(state)
    outcome = run.advance(after, number, watch=watch, personal=False)
    return outcome, after


def attended(run: Run, number: int) -> Generator[None, None, list[Array]]:
    """Who took part in the rounds from 1 to `number`, (K,) each, as the run has recorded it.

    A run that has not been played so far is played up to there.
    """
    if any(r not in run.attended for r in range(1, number + 1)):
        yield from state_before(run, number + 1)
    return [run.attended[r] for r in range(1, number + 1)]


def _resume(run: Run, number: int) -> tuple[int, State]:
    """A state of the run that is not after round `number` - 1, and which round it is after."""
    done, state = run.memo.get(_LAST) or (number, None)
    if state is None or done >= number:
        with calm():
            return 0, run.start()
    return done, deepcopy(state)
