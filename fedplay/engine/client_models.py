"""The two models a client can have to itself: personalised from the global one, or local only."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from copy import copy

import numpy as np

from fedplay.cost import CHUNK
from fedplay.engine.loop import Run
from fedplay.engine.round import Round
from fedplay.scopes import calm
from fedplay.stages.base import Array


def personal_accuracy(run: Run, round: Round) -> Array:
    """Each panel client's accuracy on its held-out data, (panel,), with its personal model."""
    if round.personal is not None:
        return round.personal
    return tuned_accuracy(run, round.parameters, round.number)


def tuned_accuracy(run: Run, w: Array, number: int) -> Array:
    """The same of models that are made from the global one w (P,) of round `number` alone."""
    with calm():
        return run.evaluate.each(run.personalise(run.after(w), number))


class NeverJoined:
    """The models (n, P) of clients that never join, after some round; a round is made in parts.

    Such a client starts from the same first model and takes the same local steps on the same
    batches in the rounds in which it took part, but never hears of the others.

    ids:  (n,) who they are, ascending
    most: multiply-adds of one part; by default a round is one
    kept: bytes of earlier models that are kept, so that one can go back; by default none are
    """

    def __init__(self, run: Run, ids: Array, most: float = math.inf, kept: int = 0) -> None:
        self.ids, self.most, self.number = ids, most, 0
        self.W = self._next = np.repeat(run.initial()[None], len(ids), axis=0)
        self.called = np.zeros(len(ids), bool)  # who has ever taken part
        self._there = self.called  # who takes part in the next round
        self._parts: list[Array] | None = None  # of these, by place: who has still to train
        self._saved = {0: (self.W, self.called)}
        self._every = -(-(run.exp.rounds + 1) * self.W.nbytes // kept) or 1 if kept else 0

    def turned(self, number: int) -> NeverJoined:
        """The same, to go on from, after this round or an earlier one."""
        other = copy(self)
        other._saved, other._parts = dict(self._saved), None
        if self.number > number:
            other.number = max(saved for saved in self._saved if saved <= number)
            other.W, other.called = self._saved[other.number]
        return other

    def advance(self, run: Run, cohort: Array) -> None:
        """A part of the next round, in which the clients `cohort` (K,) took part."""
        number = self.number + 1
        if self._parts is None:
            self._there = np.isin(self.ids, cohort, assume_unique=True)
            here = np.flatnonzero(self._there)
            self._next = self.W.copy()
            self._parts = self._cut(run, number, here)
        if self._parts:
            rows = self._parts[-1]
            ids = self.ids[rows]
            epochs, _ = run.epochs(number, ids)
            self._next[rows] = run.trainer(self.W[rows], None, ids=ids, round=number, epochs=epochs)
            self._parts.pop()  # not before: it would be left out where this breaks off
        if not self._parts:
            called = self.called | self._there
            self.W, self.called, self.number, self._parts = self._next, called, number, None
            if self._every and number % self._every == 0:
                self._saved[number] = self.W, self.called

    def _cut(self, run: Run, number: int, here: Array) -> list[Array]:
        """The places `here` in parts, the first of them last."""
        if math.isinf(self.most):
            return [here] if len(here) else []
        ids = self.ids[here]
        passes = 3 * run.epochs(number, ids)[0] * run.federation.sizes[ids]
        return [here[part] for part in pieces(run, passes, self.most)][::-1]


def pieces(run: Run, passes: Array, most: float) -> list[slice]:
    """Clients in order, cut into parts of about `most` multiply-adds.

    passes: (K,) of the network, for each client
    """
    most, parts, first, total = most / max(run.network.multiply_adds, 1), [], 0, 0.0
    for place, cost in enumerate(passes.tolist()):
        if place > first and (total + cost > most or place - first >= CHUNK):
            parts.append(slice(first, place))
            first, total = place, 0.0
        total += cost
    return [*parts, slice(first, len(passes))] if len(passes) else []


def ever_called(panel: Array, cohorts: Sequence[Array]) -> Array:
    """(panel,) bool, who took part in any round: else a model made alone is the untrained one."""
    called: Array = np.isin(panel, np.concatenate([panel[:0], *cohorts]))
    return called


def local_only(run: Run, cohorts: Sequence[Array]) -> Iterator[Array]:
    """The accuracy of models that never join, on their client's held-out data: (panel,) a round.

    cohorts: (K,) who took part, for each round from 1. Yields the accuracies before training
    first, then one row for each of these.
    """
    models = NeverJoined(run, run.panel)
    with calm():
        accuracy = run.evaluate.each(models.W)
    yield accuracy
    for cohort in cohorts:
        with calm():
            models.advance(run, cohort)
            accuracy = run.evaluate.each(models.W)
        yield accuracy
