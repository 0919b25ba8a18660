"""`Recording`: one run as far as it has been computed, in steps short enough for a screen."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterator
from itertools import islice
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from fedplay.data import Federation, Skew, measure
from fedplay.engine import History, Round
from fedplay.engine.client_models import ever_called, local_only, personal_accuracy
from fedplay.engine.loop import Run, stream
from fedplay.engine.measures import OWN
from fedplay.engine.run_state import (
    UNJUDGED,
    RunState,
    below_alone,
    has_diverged,
    state_of_rounds,
)
from fedplay.experiment import Experiment
from fedplay.inspect.personal_name import own_model
from fedplay.runs.given import Given, counted, data_of
from fedplay.runs.series import BARS, Labels, Late, Moment, Series
from fedplay.scopes import calm
from fedplay.slots import TABLE

Array = NDArray[Any]

CHECKPOINTS = 10  # rounds after which clients fine-tune, besides round 0
MODELS = 2_000_000  # bytes of models that are kept, one a round; else those of checkpoints only
NOTHING: Array = np.zeros(0, np.float32)


Prepare = Callable[[Moment], Iterator[Any]]


class Facts(NamedTuple):
    """Label counts and skew of a federation, as the screen states them."""

    labels: Labels
    skew: Skew | None
    federation: Federation
    panel: Array  # (N,) the clients that are evaluated one by one


def facts(run: Run) -> Facts:
    """The labels of a run's clients: of the first ones for the bars, of the panel for the skew."""
    fed = run.federation
    counts = fed.label_counts(run.panel)
    ids = run.panel.tolist()
    sample = ids != list(range(len(ids)))  # then the place is not the number
    names = [fed.client_name(i) for i in ids] if sample or fed.client_names or fed.guests else []
    labels = Labels(counts[:BARS], run.panel[:BARS], fed.classes, fed.clients, names)
    return Facts(labels, measure(counts) if counts.any() else None, fed, run.panel)


def identity(exp: Experiment, federation: Given) -> tuple[Any, ...]:
    """What makes two runs the same: also the code of stages and measures, which may change."""
    classes = tuple(type(stage) for slot in TABLE for stage in exp.stages(slot))
    return exp, federation.digest if federation is not None else "", (*classes, *OWN.values())


class Recording:
    """The rounds of an experiment, computed one by one, then its personal and local-only models.

    `advance()` computes one round; after the last of them `later()` computes a piece of what the
    main curves need not wait for. `rest()` lets go of the run's buffers; both go on after it.
    """

    def __init__(self, exp: Experiment, federation: Given = None) -> None:
        self.exp, self.given, self.key = exp, federation, identity(exp, federation)
        self.R = exp.rounds
        self.rounds: list[Round] = []  # with the model's parameters at checkpoints only
        self.checkpoints = np.unique(np.linspace(0, self.R, CHECKPOINTS + 1).round().astype(int))
        # Of the global model; `score` says whether these, and the clients', are losses instead.
        self.accuracy = np.empty(self.R + 1)
        self.score: str = exp.stage("model").score
        self.clients: Array = np.empty((self.R + 1, 0))
        self.tests: Array = np.zeros(0, np.int64)  # (C,) test examples of each class
        self.diverged: int | None = None
        self.personal: dict[int, Array] = {}  # round -> (panel,) accuracies
        self.alone = np.empty(self.R + 1)
        self.late_done = self.late_failed = False
        self.broken = ""  # why it can never be complete
        self.facts: Facts | None = None  # kept here by whoever asks `facts`
        self.suited: tuple[Any, dict[str, Any]] | None = (
            None  # kept here by whoever asks for its views
        )
        self.seconds = 0.0  # of computing its rounds, as whoever shows it has counted them
        self.opening = 0.0  # of these, what round 0 took, which has to find the data
        self.estimate = np.nan  # of these, from the experiment alone; of whoever shows it, too
        self._ahead = False  # whether rounds are played before they are evaluated
        self._run: Run | None = None
        self._stream: Iterator[Round] | None = None
        self._late: Iterator[None] | None = None
        self._history: History | None = None
        self._state: RunState | None = None

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
        if self.n < 2:
            return self.seconds * self.R if self.n else np.inf
        played = self.n - 1 if self._run is None else len(self._run.attended)
        return (self.seconds - self.opening) / played * (self.R - played)

    @property
    def run(self) -> Run:
        """The prepared run. Raises ValueError where there can be none."""
        if self._run is None:
            run = self._anew()
            run.attended.update((r.number, r.cohort) for r in self.rounds[1:])
            self._run = run
        return self._run

    def _anew(self) -> Run:
        return Run(self.exp, data_of(self.given, self.exp))

    @property
    def counted(self) -> Experiment:
        """The experiment with as many clients as its run has: a guest is one more."""
        return counted(self.given, self.exp)

    @property
    def nbytes(self) -> int:
        """Approximate bytes of a recording at rest."""
        kept = sum(
            r.client_accuracy.nbytes
            + r.class_accuracy.nbytes
            + r.cohort.nbytes
            + r.update_norm.nbytes
            + 1000
            + r.parameters.nbytes
            for r in self.rounds
        )
        return int(kept + self.clients.nbytes + self.accuracy.nbytes * 10)

    # --- computing it -------------------------------------------------------------------------

    def advance(self, ahead: bool = False) -> None:
        """Compute the next round, if there is one more.

        ahead: nobody waits for it, so some more may be played before they are evaluated at once
        """
        if self.complete:
            return
        self._ahead = ahead
        # It is taken out and put back once its round is kept: a stream that was broken off has
        # ended, or is a round ahead. Then, and after a rest, the same rounds come once more.
        rounds, self._stream = self._stream, None
        if rounds is None:
            rounds = islice(stream(self.run, lambda: self._ahead), self.n, None)
        got = next(rounds)
        if got.number == 0:
            self.clients = np.empty((self.R + 1, len(got.client_accuracy)))
            self.tests = self.run.evaluate.counts
        self.accuracy[got.number], self.clients[got.number] = self._scores(got)
        start = self.rounds[0].loss if self.rounds else got.loss
        if self.diverged is None and has_diverged(got.loss, start):
            self.diverged = got.number
        if got.number not in self.checkpoints and got.parameters.nbytes * self.R > MODELS:
            got = got._replace(parameters=NOTHING)
        self.rounds.append(got)
        self._stream = rounds

    def _scores(self, got: Round) -> tuple[float, Array]:
        """How good the model of a round is: for everybody, and for each client of the panel."""
        if self.score == "accuracy":
            return got.accuracy, got.client_accuracy
        with calm():
            return got.loss, self.run.evaluate.losses(got.parameters)

    def later(self) -> None:
        """Compute a piece of the personal and local-only models; call it until `late_done`."""
        pieces, self._late = self._late, None  # see `advance`
        if pieces is None:
            pieces = self._pieces()
        next(pieces)
        self._late = pieces

    def _pieces(self) -> Iterator[None]:
        """Clients fine-tune after each checkpoint; then models that never join, round by round."""
        for number in self.checkpoints.tolist():
            if number not in self.personal:
                self.personal[number] = personal_accuracy(self.run, self.rounds[number])
                yield
        alone, called = NOTHING, self._called
        for number, alone in enumerate(local_only(self.run, self.history.cohort[1:])):
            self.alone[number] = self._mean(alone, called)
            if number < self.R:
                yield
        # The history would compute the very same when asked: hand it over.
        self.history.__dict__["personal_accuracy"] = self.personal[self.R]
        self.history.__dict__["local_accuracy"] = alone
        self.late_done = True
        yield

    @property
    def _called(self) -> Array:
        """(panel,) bool, who took part in any round."""
        return ever_called(self.history.panel, self.history.cohort)

    def _mean(self, accuracy: Array, some: Array | bool = True) -> float:
        """Over the panel's clients, or some of them (panel,), that hold something out."""
        known = accuracy[np.isfinite(self.clients[0]) & some]
        return float(known.mean()) if len(known) else float("nan")

    def closeup(self, prepare: Prepare, number: int, client: int | None) -> Iterator[Any]:
        """What a view prepares for a round that is known, in pieces; the last is the close-up."""
        w = self.rounds[number].parameters
        if not w.size:  # compute that model once more
            for again in islice(stream(self._anew()), number + 1):
                w = again.parameters
                yield None
        yield from prepare(Moment(self.run, number, w, client))

    def rest(self) -> None:
        """Drop everything that can be computed again."""
        self._run = self._stream = self._late = None
        if self._history is not None:
            late = {k: v for k, v in self._history.__dict__.items() if k.endswith("l_accuracy")}
            history = dataclasses.replace(self._history, _run=None)
            history.__dict__.update(late)
            self._history = history

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
            again = next(islice(stream(self._anew()), number, None))
            rounds[-1] = again
        return History.of(self.run, rounds)

    @property
    def state(self) -> RunState:
        """What the run came to, once it is complete."""
        if self._state is None and self.complete:
            self._state = state_of_rounds(self.exp, self.rounds, self.tests)
        return UNJUDGED if self._state is None else self._state

    def series(self, number: int, before: Array | None = None) -> Series:
        """The main curves up to a round."""
        n = number + 1
        known, state = (self.accuracy[:n], self.clients[:n]), UNJUDGED
        if number == self.R:
            state = self.state
        return Series(self.R, *known, self.diverged, before, self.score, state)

    def late(self, number: int, fresh: bool = True) -> Late | None:
        """The late curves up to a round, once all of them are known."""
        if not self.late_done:
            return None
        at = self.checkpoints[self.checkpoints <= number]
        means = np.array([self._mean(self.personal[r]) for r in at.tolist()])
        state = UNJUDGED
        if number == self.R:
            lone = np.where(self._called, self.history.local_accuracy, np.nan)
            state = below_alone(self.personal[self.R], lone)
        return Late(at, means, self.alone[: number + 1], fresh, own_model(self.exp), state)
