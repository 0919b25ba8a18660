"""`Recording`: one run as far as it has been computed, in steps short enough for a screen."""

from __future__ import annotations

import dataclasses
import time
from collections.abc import Iterator
from itertools import islice
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from fedplay.data import Federation, Skew, measure
from fedplay.engine import History, Round
from fedplay.engine.alone import local_only, personal_accuracy
from fedplay.engine.history import has_diverged
from fedplay.engine.loop import Run, stream
from fedplay.experiment import Experiment
from fedplay.views.board import Labels
from fedplay.views.curves import Late, Series
from fedplay.views.federation import BARS

Array = NDArray[Any]

CHECKPOINTS = 10  # rounds after which clients fine-tune, besides round 0
NOTHING: Array = np.zeros(0, np.float32)


class Facts(NamedTuple):
    """What the screen says about a federation."""

    labels: Labels
    skew: Skew | None


def facts(run: Run) -> Facts:
    """The labels of a run's clients: of the first ones for the bars, of the panel for the skew."""
    fed = run.federation
    counts = fed.label_counts(run.panel)
    labels = Labels(counts[:BARS], run.panel[:BARS], fed.classes, fed.clients, fed.client_names)
    return Facts(labels, measure(counts) if counts.any() else None)


class Recording:
    """The rounds of an experiment, computed one by one, then its personal and its lone models.

    `advance()` computes one round; after the last of them `later()` computes a piece of what the
    main curves need not wait for. `rest()` lets go of the run's buffers; both go on after it.
    """

    def __init__(self, exp: Experiment, federation: Federation | None = None) -> None:
        self.exp, self.given = exp, federation
        self.R = exp.rounds
        self.rounds: list[Round] = []  # with the model's parameters at checkpoints only
        self.checkpoints = np.unique(np.linspace(0, self.R, CHECKPOINTS + 1).round().astype(int))
        self.accuracy = np.empty(self.R + 1)
        self.clients: Array = np.empty((self.R + 1, 0))
        self.diverged: int | None = None
        self.personal: dict[int, Array] = {}  # round -> (panel,) accuracies
        self.alone = np.empty(self.R + 1)
        self.late_done = self.late_failed = False
        self.facts: Facts | None = None  # kept here by whoever asks `facts`
        self.seconds = 0.0  # of computing
        self._run: Run | None = None
        self._stream: Iterator[Round] | None = None
        self._late: Iterator[None] | None = None
        self._history: History | None = None

    @property
    def n(self) -> int:
        """How many rounds are known, round 0 included."""
        return len(self.rounds)

    @property
    def complete(self) -> bool:
        return self.n == self.R + 1

    @property
    def remaining(self) -> float:
        """The seconds that the missing rounds will take, judged by those before."""
        return self.seconds / max(self.n, 1) * (self.R + 1 - self.n) if self.n else np.inf

    @property
    def run(self) -> Run:
        """The prepared run. Raises ValueError where there can be none."""
        if self._run is None:
            self._run = Run(self.exp, self.given)
        return self._run

    @property
    def nbytes(self) -> int:
        """About what it keeps while it rests."""
        kept = sum(
            r.client_accuracy.nbytes
            + r.cohort.nbytes
            + r.update_norm.nbytes
            + 1000
            + r.parameters.nbytes
            for r in self.rounds
        )
        return int(kept + self.clients.nbytes + self.accuracy.nbytes * 10)

    # --- computing it -------------------------------------------------------------------------

    def advance(self) -> None:
        """Compute the next round."""
        began = time.perf_counter()
        if self._stream is None:  # at first, or after a rest: the same rounds once more
            self._stream = islice(stream(self.run), self.n, None)
        got = next(self._stream)
        if got.number == 0:
            self.clients = np.empty((self.R + 1, len(got.client_accuracy)))
        self.accuracy[got.number] = got.accuracy
        self.clients[got.number] = got.client_accuracy
        start = self.rounds[0].loss if self.rounds else got.loss
        if self.diverged is None and has_diverged(got.loss, start):
            self.diverged = got.number
        if got.number not in self.checkpoints:
            got = got._replace(parameters=NOTHING)
        self.rounds.append(got)
        self.seconds += time.perf_counter() - began

    def later(self) -> None:
        """Compute a piece of the personal and lone models; call it until `late_done`."""
        if self._late is None:
            self._late = self._pieces()
        next(self._late)

    def _pieces(self) -> Iterator[None]:
        """Clients fine-tune after each checkpoint; then models that never join, round by round."""
        for number in self.checkpoints.tolist():
            if number not in self.personal:
                w = self.rounds[number].parameters
                self.personal[number] = personal_accuracy(self.run, w, number)
                yield
        alone = NOTHING
        for number, alone in enumerate(local_only(self.run, self.history.cohort[1:])):
            self.alone[number] = self._mean(alone)
            if number < self.R:
                yield
        # The history would compute the very same when asked: hand it over.
        self.history.__dict__["personal_accuracy"] = self.personal[self.R]
        self.history.__dict__["local_accuracy"] = alone
        self.late_done = True
        yield

    def _mean(self, accuracy: Array) -> float:
        """Over the panel's clients that hold something out."""
        known = accuracy[np.isfinite(self.clients[0])]
        return float(known.mean()) if len(known) else float("nan")

    def rest(self) -> None:
        """Let go of everything that can be made again."""
        self._run = self._stream = self._late = None
        if self._history is not None:
            late = {k: v for k, v in self._history.__dict__.items() if k.endswith("l_accuracy")}
            self._history = dataclasses.replace(self._history, _run=None)
            self._history.__dict__.update(late)

    # --- reading it ---------------------------------------------------------------------------

    @property
    def history(self) -> History:
        """The whole run, once it is complete."""
        if self._history is None:
            self._history = History.of(self.run, self.rounds)
        return self._history

    def until(self, number: int) -> History:
        """The history up to a round that is known; its parameters are that round's model."""
        if self.complete and number == self.R:
            if not self.late_done and self.history._run is None:
                self._history = dataclasses.replace(self.history, _run=self.run)
            return self.history
        rounds = self.rounds[: number + 1]
        if not rounds[-1].parameters.size:  # not a checkpoint: compute that model once more
            again = next(islice(stream(Run(self.exp, self.given)), number, None))
            rounds[-1] = again
        return History.of(self.run, rounds)

    def series(self, number: int, before: Array | None = None) -> Series:
        """The main curves up to a round."""
        n = number + 1
        return Series(self.R, self.accuracy[:n], self.clients[:n], self.diverged, before)

    def late(self, number: int, fresh: bool = True) -> Late | None:
        """The late curves up to a round, once all of them are known."""
        if not self.late_done:
            return None
        at = self.checkpoints[self.checkpoints <= number]
        means = np.array([self._mean(self.personal[r]) for r in at.tolist()])
        return Late(at, means, self.alone[: number + 1], fresh)
