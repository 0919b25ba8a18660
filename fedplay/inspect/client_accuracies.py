"""Accuracy of three models of every client, on the client's own data and on the test set.

The global model, the client's personal one, and the one it would have alone, after one round.
"""

from __future__ import annotations

from collections.abc import Generator, Iterator
from dataclasses import dataclass

import numpy as np

from fedplay.engine.client_models import NeverJoined, pieces
from fedplay.engine.loop import Run
from fedplay.inspect.replay import attended, state_after
from fedplay.memo import Entry
from fedplay.scopes import calm
from fedplay.stages.base import Array

PIECE = 8_000_000  # multiply-adds between two moments in which a screen may draw
SAVED = 16_000_000  # bytes of lone models that are kept, so that one can go back in a run
KEPT = 200  # rounds of a run whose accuracies are kept
GLOBAL, PERSONAL, ALONE = 0, 1, 2  # the rows of the arrays below


@dataclass(frozen=True, eq=False)
class ClientAccuracies:
    """Accuracies (3, panel) of the global, the personal and the local-only model of each client.

    NaN where a model is not finite, and where there is nothing to judge by.
    """

    number: int
    own: Array  # on what the client holds out
    test: Array  # on the global test set
    called: Array  # (panel,) bool, whether the client has ever taken part
    held: Array  # (panel,) examples that it holds out
    examples: Array  # (panel,) examples that it trains on
    tests: int  # examples of the global test set

    def judged(self, test: bool) -> Array:
        """(3, panel) on the global test set, or on each client's own data.

        NaN for the lone model of a client that was never called: it has not trained yet.
        """
        rows = (self.test if test else self.own).copy()
        rows[ALONE, ~self.called] = np.nan
        return rows


_NEVER_JOINED = Entry[NeverJoined]("the panel's models that never joined")
_KNOWN = Entry[dict[int, ClientAccuracies]]("the accuracies of each client after each round")


def client_accuracies(run: Run, number: int, w: Array) -> Iterator[ClientAccuracies | None]:
    """Judge the three models of each client after round `number`, whose global model is w (P,).

    Yields None after each piece, then the accuracies. What was computed for a run is kept: the
    next round goes on from it, and the same costs nothing.
    """
    known = run.memo.start(_KNOWN, {})
    if number not in known:
        found = yield from _take(run, number, w)
        while len(known) >= KEPT:
            known.pop(next(iter(known)), None)
        known[number] = found
    yield known[number]


def _take(run: Run, number: int, w: Array) -> Generator[None, None, ClientAccuracies]:
    N, fed = len(run.panel), run.federation
    own, test = np.full((2, 3, N), np.nan)
    with calm():
        scores = run.evaluate(w)
    own[GLOBAL], test[GLOBAL] = scores.client_accuracy, scores.accuracy
    yield
    state = yield from state_after(run, number, w)
    epochs = max(run.personal.epochs(), 1)
    for part in pieces(run, 3 * epochs * fed.sizes[run.panel], PIECE):
        with calm():
            W = run.personalise(state, number, run.panel[part])
        yield
        own[PERSONAL, part], test[PERSONAL, part] = yield from _judge(run, W, part)
    cohorts = yield from attended(run, number)
    # Each call goes on with models of its own: another of the same run may be under way.
    local_only = run.memo.get(_NEVER_JOINED) or NeverJoined(run, run.panel, PIECE, SAVED)
    local_only = run.memo.put(_NEVER_JOINED, local_only.turned(number))
    while local_only.number < number:
        with calm():
            local_only.advance(run, cohorts[local_only.number])
        yield
    for part in pieces(run, np.ones(N), PIECE):
        own[ALONE, part], test[ALONE, part] = yield from _judge(run, local_only.W[part], part)
    held, sizes = run.evaluate.sizes, fed.sizes[run.panel]
    return ClientAccuracies(number, own, test, local_only.called, held, sizes, run.evaluate.tests)


def _judge(run: Run, W: Array, part: slice) -> Generator[None, None, tuple[Array, Array]]:
    """Accuracies (K,) of models W (K, P) of some clients: on their own data, on the test set."""
    judge, network = run.evaluate, run.network
    with calm():
        own = judge.each(W, np.arange(part.start, part.stop))
    yield
    test = np.full(len(W), np.nan)
    if judge.tests:
        X, y = judge.X[: judge.tests], judge.y[: judge.tests]
        for some in pieces(run, np.full(len(W), judge.tests), PIECE):
            with calm():
                each = np.broadcast_to(X, (some.stop - some.start, *X.shape))
                test[some] = network.right(network.outputs(W[some], each), y).mean(axis=-1)
            yield
    test[~np.isfinite(W).all(axis=1)] = np.nan
    return own, test
