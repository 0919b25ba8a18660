"""Three models for every client, each judged twice: on the client's own data, and on everybody's.

The global model, the client's personal one, and the one it would have alone, after one round.
"""

from __future__ import annotations

from collections.abc import Generator, Iterator
from copy import copy
from dataclasses import dataclass
from weakref import WeakKeyDictionary

import numpy as np

from fedplay.cost import CHUNK
from fedplay.engine.loop import Run
from fedplay.inspect.replay import state_after
from fedplay.scopes import calm
from fedplay.stages.base import Array

PIECE = 8_000_000  # multiply-adds between two moments in which a screen may draw
SAVED = 16_000_000  # bytes of lone models that are kept, so that one can go back in a run
KEPT = 200  # rounds of a run whose census is kept
GLOBAL, PERSONAL, ALONE = 0, 1, 2  # the rows of a census


@dataclass(frozen=True, eq=False)
class Census:
    """Accuracies (3, panel) of the global, the personal and the lone model of each client.

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


class Lonely:
    """The models that never join, after some round; a round is made beside them, part by part."""

    def __init__(self, run: Run) -> None:
        self.number = 0
        self.W = self._next = np.repeat(run.initial()[None], len(run.panel), axis=0)
        self.called = np.zeros(len(run.panel), bool)  # who has ever taken part
        self._there = self.called  # who takes part in the next round
        self._parts: list[Array] | None = None  # of these, by place: who has still to train
        every = -(-(run.exp.rounds + 1) * self.W.nbytes // SAVED)
        self._every, self._saved = max(int(every), 1), {0: (self.W, self.called)}

    def turned(self, number: int) -> Lonely:
        """The same, to go on from, after this round or an earlier one."""
        other = copy(self)
        other._saved, other._parts = dict(self._saved), None
        if self.number > number:
            other.number = max(saved for saved in self._saved if saved <= number)
            other.W, other.called = self._saved[other.number]
        return other

    def advance(self, run: Run) -> None:
        """A piece of the next round: the same steps that its clients took in the federation."""
        number = self.number + 1
        if self._parts is None:
            self._there = np.isin(run.panel, run.cohort(number).ids, assume_unique=True)
            here = np.flatnonzero(self._there)
            epochs, _ = run.epochs(number, run.panel[here])
            sizes = run.federation.sizes[run.panel[here]]
            self._next = self.W.copy()
            self._parts = [here[part] for part in pieces(run, 3 * epochs * sizes)][::-1]
        if self._parts:
            rows = self._parts[-1]
            ids = run.panel[rows]
            epochs, _ = run.epochs(number, ids)
            self._next[rows] = run.trainer(self.W[rows], None, ids=ids, round=number, epochs=epochs)
            self._parts.pop()  # not before: it would be left out where this breaks off
        if not self._parts:
            called = self.called | self._there
            self.W, self.called, self.number, self._parts = self._next, called, number, None
            if number % self._every == 0:
                self._saved[number] = self.W, self.called


_LONELY: WeakKeyDictionary[Run, Lonely] = WeakKeyDictionary()
_KNOWN: WeakKeyDictionary[Run, dict[int, Census]] = WeakKeyDictionary()


def census(run: Run, number: int, w: Array) -> Iterator[Census | None]:
    """The census after round `number` with its global model w (P,): None after each piece, then it.

    What was computed for a run is kept: the next round goes on from it, and the same costs nothing.
    """
    known = _KNOWN.setdefault(run, {})
    if number not in known:
        found = yield from _take(run, number, w)
        while len(known) >= KEPT:
            known.pop(next(iter(known)), None)
        known[number] = found
    yield known[number]


def _take(run: Run, number: int, w: Array) -> Generator[None, None, Census]:
    N, fed = len(run.panel), run.federation
    own, test = np.full((2, 3, N), np.nan)
    with calm():
        scores = run.evaluate(w)
    own[GLOBAL], test[GLOBAL] = scores.client_accuracy, scores.accuracy
    yield
    state = yield from state_after(run, number, w)
    epochs = max(run.personal.epochs(), 1)
    for part in pieces(run, 3 * epochs * fed.sizes[run.panel]):
        with calm():
            W = run.personalise(state, number, run.panel[part])
        yield
        own[PERSONAL, part], test[PERSONAL, part] = yield from _judge(run, W, part)
    # Each census goes on with models of its own: another of the same run may be under way.
    lonely = _LONELY[run] = (_LONELY.get(run) or Lonely(run)).turned(number)
    while lonely.number < number:
        with calm():
            lonely.advance(run)
        yield
    for part in pieces(run, np.ones(N)):
        own[ALONE, part], test[ALONE, part] = yield from _judge(run, lonely.W[part], part)
    held, sizes = run.evaluate.sizes, fed.sizes[run.panel]
    return Census(number, own, test, lonely.called, held, sizes, run.evaluate.tests)


def pieces(run: Run, passes: Array) -> list[slice]:
    """Clients in order, cut into parts short enough; `passes` (K,) of the network for each."""
    most, parts, first, total = PIECE / max(run.network.multiply_adds, 1), [], 0, 0.0
    for place, cost in enumerate(passes.tolist()):
        if place > first and (total + cost > most or place - first >= CHUNK):
            parts.append(slice(first, place))
            first, total = place, 0.0
        total += cost
    return [*parts, slice(first, len(passes))] if len(passes) else []


def _judge(run: Run, W: Array, part: slice) -> Generator[None, None, tuple[Array, Array]]:
    """Accuracies (K,) of models W (K, P) of some clients: on their own data, on the test set."""
    judge, network = run.evaluate, run.network
    with calm():
        own = judge.each(W, np.arange(part.start, part.stop))
    yield
    test = np.full(len(W), np.nan)
    if judge.tests:
        X, y = judge.X[: judge.tests], judge.y[: judge.tests]
        for some in pieces(run, np.full(len(W), judge.tests)):
            with calm():
                each = np.broadcast_to(X, (some.stop - some.start, *X.shape))
                test[some] = network.right(network.outputs(W[some], each), y).mean(axis=-1)
            yield
    test[~np.isfinite(W).all(axis=1)] = np.nan
    return own, test
