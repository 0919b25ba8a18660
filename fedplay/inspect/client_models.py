"""Single clients' models after a round: a personal one, and one that never joined."""

from __future__ import annotations

from collections.abc import Generator
from weakref import WeakKeyDictionary

import numpy as np
from numpy.typing import ArrayLike

from fedplay.engine.loop import Run
from fedplay.inspect.replay import state_after
from fedplay.scopes import calm
from fedplay.stages.base import Array


def personal_models(
    run: Run, w: Array, number: int, clients: ArrayLike
) -> Generator[None, None, Array]:
    """The personal models of some clients, (K, P), after round `number` with its global model w.

    Where they are learnt along the run is repeated up to there, a round a piece.
    """
    state = yield from state_after(run, number, w)
    with calm():
        return run.personalise(state, number, clients)


def worst(scores: Array, held: Array) -> int:
    """The place of the client with the lowest score; of equals, the one that holds out most."""
    if not np.isfinite(scores).any():
        return int(np.argmax(held))
    lowest = scores == np.nanmin(scores)
    return int(np.argmax(np.where(lowest, held, -1)))


# By client, the model that never joined and the last round it is known after: the next ones go on
# from it while a run is played.
_ALONE: WeakKeyDictionary[Run, dict[int, tuple[int, Array]]] = WeakKeyDictionary()


def alone(run: Run, number: int, client: int) -> Generator[None, None, Array]:
    """The model (P,) of a client that never joined, as in `local_only`; a round is a piece."""
    known, ids = _ALONE.setdefault(run, {}), np.array([client])
    done, W = known.get(client, (0, run.initial()[None]))
    if done > number:
        done, W = 0, run.initial()[None]
    for r in range(done + 1, number + 1):
        with calm():
            if client in run.cohort(r).ids:
                W = run.trainer(W, None, ids=ids, round=r, epochs=run.epochs(r, ids)[0])
        known[client] = r, W
        yield
    return W[0]
