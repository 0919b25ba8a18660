"""Models of single clients after a round: the personal one, and one trained alone."""

from __future__ import annotations

from collections.abc import Generator

import numpy as np
from numpy.typing import ArrayLike

from fedplay.engine.client_models import NeverJoined
from fedplay.engine.loop import Run
from fedplay.inspect.replay import attended, state_after
from fedplay.memo import Entry
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


# The models of clients that never joined, one each: later rounds go on from them.
_ALONE = Entry[dict[int, NeverJoined]]("single clients that never joined")


def local_only_model(run: Run, number: int, client: int) -> Generator[None, None, Array]:
    """The local-only model (P,) of a client, as in `local_only`; yields after each round."""
    cohorts = yield from attended(run, number)
    known = run.memo.start(_ALONE, {})
    models = known.get(client) or NeverJoined(run, np.array([client]))
    models = known[client] = models.turned(number)
    while models.number < number:
        with calm():
            models.advance(run, cohorts[models.number])
        yield
    model: Array = models.W[0]
    return model
