"""`ComparisonRuns`: one run after the other, of several methods; `Curve`: what is kept of each."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple, Protocol

import numpy as np

from fedplay.cost import LIMIT, Limit
from fedplay.engine.evaluate import mean_of
from fedplay.engine.loop import Run, stream
from fedplay.engine.round import Round
from fedplay.engine.run_state import UNJUDGED, RunState, diverged_in, state_of_rounds
from fedplay.experiment import Experiment
from fedplay.knobs import short
from fedplay.runs.given import Given, data_of
from fedplay.stages.base import Array

MOST = 100  # seeds


class Curve(NamedTuple):
    """One run: the global model's accuracy and loss, and the clients' mean accuracy, (R + 1,)."""

    accuracy: Array
    loss: Array
    clients: Array  # of the global model, on what each client holds out
    diverged: int | None  # the round after which it could not be saved
    state: RunState = UNJUDGED  # what it came to

    @classmethod
    def of(cls, exp: Experiment, rounds: Sequence[Round], tests: Array) -> Curve:
        """The curves of a complete run; tests (C,) are the test examples of each class."""
        loss = np.array([r.loss for r in rounds])
        own = np.array([r.client_accuracy for r in rounds])
        accuracy = np.array([r.accuracy for r in rounds])
        state = state_of_rounds(exp, rounds, tests)
        return cls(accuracy, loss, mean_of(own), diverged_in(loss), state)

    @property
    def nbytes(self) -> int:
        """About what it keeps."""
        return 3 * self.accuracy.nbytes + 500


class Kept(Protocol):
    """A store of the curves of runs that were computed before."""

    def get(self, exp: Experiment) -> Curve | None: ...

    def put(self, exp: Experiment, curve: Curve) -> None: ...


def seeded(exp: Experiment, like: Experiment, place: int) -> Experiment:
    """The experiment with the training and the data seed that are `place` beyond another's."""
    wrap = 2**32
    return exp.replace(seed=(like.seed + place) % wrap, data_seed=(like.data_seed + place) % wrap)


def checked_seeds(seeds: Any) -> int:
    """How many seeds there are to be; ValueError for what is no such number."""
    whole = isinstance(seeds, int | np.integer) and not isinstance(seeds, bool)
    if not whole or not 1 <= seeds <= MOST:
        raise ValueError(f"seeds={short(seeds)}: must be a whole number from 1 to {MOST}")
    return int(seeds)


class ComparisonRuns:
    """The runs of a comparison, all methods of one seed before the next; `advance()` does a piece.

    exp:         whose seed and data seed are the first; those of `experiments` do not count
    experiments: by the methods' names
    reference:   the method of whose runs `cohorts` keeps who took part; none by default
    """

    def __init__(
        self,
        exp: Experiment,
        experiments: Mapping[str, Experiment],
        seeds: int,
        *,
        federation: Given = None,
        limit: Limit = LIMIT,
        kept: Kept | None = None,
        reference: str | None = None,
    ) -> None:
        self.exp, self.experiments, self.seeds = exp, dict(experiments), seeds
        self.federation, self.limit, self.kept = federation, limit, kept
        self.reference = reference
        self.cohorts: dict[int, list[Array]] = {}  # by seed's place; (K,) for each round from 1
        self.curves: dict[str, dict[int, Curve]] = {name: {} for name in experiments}
        self.todo = deque((name, place) for place in range(seeds) for name in experiments)
        self._rounds: list[Round] = []
        self._tests: Array = np.zeros(0, np.int64)  # of the run that is being computed
        self._stream: Iterator[Round] | None = None
        for name, place in list(self.todo):
            self._recall(name, place)

    @property
    def done(self) -> int:
        """How many runs are complete."""
        return sum(map(len, self.curves.values()))

    def advance(self) -> bool:
        """Prepare the next run, or compute one round of it; whether there was anything to do."""
        if not self.todo:
            return False
        name, place = self.todo[0]
        # Taken out, and put back once its round is kept: one that was broken off begins anew.
        rounds, self._stream = self._stream, None
        if rounds is None:
            if not self._recall(name, place):
                exp = self.run_of(name, place)
                prepared = Run(exp, data_of(self.federation, exp), self.limit)
                self._rounds, self._stream = [], stream(prepared)
                self._tests = prepared.evaluate.counts
            return True
        got = next(rounds)
        self._rounds.append(got._replace(parameters=got.parameters[:0]))  # which are large
        if got.number == self.experiments[name].rounds:
            self._finish(name, place)
        else:
            self._stream = rounds
        return True

    def drop(self, name: str) -> None:
        """Compute no more of a method, and forget what is known of it."""
        if self.todo and self.todo[0][0] == name:
            self._stream = None
        self.todo = deque(entry for entry in self.todo if entry[0] != name)
        self.curves.pop(name, None)

    def run_of(self, name: str, place: int) -> Experiment:
        """What a method runs with one of the seeds."""
        return seeded(self.experiments[name], self.exp, place)

    def _finish(self, name: str, place: int) -> None:
        if name == self.reference:
            self.cohorts[place] = [r.cohort for r in self._rounds[1:]]
        exp = self.run_of(name, place)
        curve = self.curves[name][place] = Curve.of(exp, self._rounds, self._tests)
        if self.kept is not None:
            self.kept.put(exp, curve)
        self.todo.popleft()
        self._rounds = []

    def _recall(self, name: str, place: int) -> bool:
        """Take over a run that was computed before; whether there is one."""
        curve = None if self.kept is None else self.kept.get(self.run_of(name, place))
        if curve is None:
            return False
        self.curves[name][place] = curve
        self.todo.remove((name, place))
        return True
