"""The loop: a federation, round by round.

`rounds` is the one stream that the screen, the command line, the tests and the lessons all read.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass
from functools import cache, lru_cache, partial
from typing import Any, NamedTuple

import numpy as np
from threadpoolctl import LibController, ThreadpoolController

from fedplay.cost import LIMIT, Limit, estimate
from fedplay.data import Federation, federate
from fedplay.engine.evaluate import Evaluator, panel, with_ones
from fedplay.engine.sgd import Trainer
from fedplay.experiment import Experiment
from fedplay.stages.base import Algorithm, Array, Arrays, Cohort, Layer
from fedplay.streams import Purpose, Streams


class Round(NamedTuple):
    """What one round produced. Round 0 is the model before any training."""

    number: int
    parameters: Array  # (P,) the global model after the round
    accuracy: float  # of it, on the global test set
    loss: float  # of it, on the global test set, nats
    client_accuracy: Array  # (panel,) of it, on each client's held-out data
    cohort: Array  # (K,) who took part
    epsilon: float  # of differential privacy, spent so far; inf without noise
    bytes_up: int  # sent by all clients so far
    bytes_down: int  # sent by the server so far
    update_norm: Array  # (K,) length of each client's message before the channel
    step_norm: float  # length of the aggregate that the server followed


@dataclass
class State:
    """What a federation remembers between rounds."""

    w: Array  # (P,)
    server: Arrays  # the algorithm's arrays on the server
    own: Arrays  # the algorithm's tables of the clients, (N, ·)
    layers: list[Arrays]  # each channel layer's tables of the clients, (N, ·)
    memory: Arrays  # the server optimiser's arrays
    bytes_up: float = 0.0
    bytes_down: float = 0.0


class Run:
    """Everything about a run that does not change from round to round."""

    def __init__(
        self, exp: Experiment, federation: Federation | None = None, limit: Limit = LIMIT
    ) -> None:
        if federation is not None:
            exp = exp.replace(data="arrays", clients=federation.clients)
        estimate(exp, federation).check(limit)
        self.exp = exp
        self.federation = fed = federation if federation is not None else federation_of(exp)
        self.streams = Streams(exp.seed)
        self.network = exp.stage("model").bind(fed.d, fed.C)
        self.algorithm: Algorithm = exp.stage("algorithm")
        self.schedule = exp.stage("schedule")
        self.aggregate = exp.stage("aggregate")
        self.optimizer = exp.stage("server")
        self.personal = exp.stage("personal")
        self.layers: tuple[Layer, ...] = exp.layers
        self.panel = panel(fed.clients, self.streams)
        X = with_ones(fed.X, exp.dtype)
        self.trainer = Trainer(
            self.network,
            X,
            fed,
            batch_size=exp.batch_size,
            learning_rate=exp.learning_rate,
            streams=self.streams,
        )
        self.evaluate = Evaluator(self.network, X, fed, self.panel, exp.dtype)
        self.epsilon = self._epsilon()

    def _epsilon(self) -> Array:
        """ε after every round, (rounds + 1,): it depends on no data, so it is known beforehand."""
        N, counts = self.federation.clients, np.arange(self.exp.rounds + 1)
        q = self.schedule.expected(N) / N
        spent = [e for layer in self.layers if (e := layer.epsilon(counts, N, q)) is not None]
        return np.sum(spent, axis=0) if spent else np.full(len(counts), np.inf)

    def initial(self) -> Array:
        """The first global model, (P,)."""
        return self.network.init(self.streams.at(Purpose.INIT)).astype(self.exp.dtype)

    def start(self) -> State:
        N, w = self.federation.clients, self.initial()
        server, own = self.algorithm.init(len(w), N)
        # What M will be is known from an empty cohort's message.
        M = self._message(w, own, server, self.cohort(0, np.zeros(0, np.int64)))[0].shape[1]
        layers = [layer.init(M, N) for layer in self.layers]
        return State(w, server, own, layers, self.optimizer.init(len(w)))

    def cohort(self, number: int, ids: Array | None = None) -> Cohort:
        """The facts of a round; `ids` instead of whom the schedule draws."""
        N = self.federation.clients
        if ids is None:
            ids = self.schedule.choose(number, N, self.streams)
        return Cohort(
            round=number,
            ids=ids,
            weight=self.federation.sizes[ids],
            steps=self.trainer.steps(ids, self.exp.local_epochs),
            stale=np.zeros(len(ids), np.int64),
            N=N,
            expected=self.schedule.expected(N),
            lr=self.exp.learning_rate,
            streams=self.streams,
        )

    def _message(self, w: Array, own: Arrays, server: Arrays, c: Cohort) -> tuple[Array, Arrays]:
        """What the cohort sends, (K, M), and its new own rows."""
        mine = {name: table[c.ids] for name, table in own.items()}
        w0 = self.algorithm.begin(w, mine, server, c)
        sgd = partial(self._sgd, c, self.exp.local_epochs, Purpose.SHUFFLE)
        wk = self.algorithm.local(sgd, w0, mine, server, c)
        return self.algorithm.message(w0, wk, mine, server, c)

    def _sgd(
        self, c: Cohort, epochs: int, purpose: Purpose, w0: Array, correction: Any = None
    ) -> Array:
        return self.trainer(
            w0, correction, ids=c.ids, round=c.round, epochs=epochs, purpose=purpose
        )

    def advance(self, state: State, number: int) -> tuple[Cohort, Array, Array]:
        """One round: changes `state`; returns the cohort, its messages' lengths, the aggregate."""
        c = self.cohort(number)
        rows, mine = self._message(state.w, state.own, state.server, c)
        scatter(state.own, c.ids, mine)
        lengths = np.sqrt(np.einsum("km,km->k", rows, rows))

        M = rows.shape[1]
        wire = float(M * rows.itemsize)
        for layer, table in zip(self.layers, state.layers, strict=True):
            rows, mine = layer.client(rows, {n: t[c.ids] for n, t in table.items()}, c)
            scatter(table, c.ids, mine)
            wire = layer.wire(wire, M)
        m = self.aggregate.combine(rows, c)
        for layer in reversed(self.layers):
            m = layer.server(m, c)

        def step(w: Array, direction: Array) -> Array:
            w, state.memory = self.optimizer.step(w, direction, state.memory)
            return w

        sent = self.algorithm.broadcast(len(state.w)) * state.w.itemsize
        state.w, state.server = self.algorithm.absorb(state.w, state.server, m, step, c)
        state.bytes_up += c.K * wire
        state.bytes_down += c.K * sent
        return c, lengths, m

    def personalise(self, w: Array, number: int) -> Array:
        """Each panel client's personal model, (panel, P), from the global one after a round."""
        c = self.cohort(number, self.panel)
        sgd = partial(self._sgd, c, self.personal.epochs(), Purpose.FINETUNE)
        return np.asarray(self.personal.personalise(w, sgd, c))


def rounds(
    exp: Experiment, federation: Federation | None = None, *, limit: Limit = LIMIT
) -> Iterator[Round]:
    """Run an experiment one round at a time: yields `Round` 0 (before training) to `exp.rounds`.

    `federation` brings data of one's own in place of the experiment's. Nothing is computed ahead:
    stopping early loses nothing that was yielded. ValueError where the run would cost more than
    `limit` allows.
    """
    yield from stream(Run(exp, federation, limit))


def stream(run: Run) -> Iterator[Round]:
    """The rounds of a prepared run."""
    state = run.start()
    nobody, nothing = np.zeros(0, np.int64), np.zeros(0)
    with calm():
        first = _round(run, state, 0, nobody, nothing, 0.0)
    yield first
    for number in range(1, run.exp.rounds + 1):
        with calm():
            c, lengths, m = run.advance(state, number)
            done = _round(run, state, number, c.ids, lengths, float(np.sqrt(m @ m)))
        yield done


def _round(
    run: Run, state: State, number: int, ids: Array, lengths: Array, step_norm: float
) -> Round:
    scores = run.evaluate(state.w)
    return Round(
        number=number,
        parameters=state.w,
        accuracy=scores.accuracy,
        loss=scores.loss,
        client_accuracy=scores.client_accuracy,
        cohort=ids,
        epsilon=float(run.epsilon[number]),
        bytes_up=round(state.bytes_up),
        bytes_down=round(state.bytes_down),
        update_norm=lengths,
        step_norm=step_norm,
    )


def scatter(tables: Arrays, ids: Array, rows: Arrays) -> None:
    """Write a cohort's new rows into the tables of all clients."""
    for name, table in tables.items():
        table[ids] = rows[name]


class calm(AbstractContextManager[None]):
    """Inside: one BLAS thread, and no warning where numbers overflow.

    Matrices this small gain 8 % from a second thread and cost twice the processor; and a learning
    rate that diverges is shown as divergence, not warned about.
    """

    def __enter__(self) -> None:
        self._threads = [library.get_num_threads() for library in _blas()]
        for library in _blas():
            library.set_num_threads(1)
        self._errors = np.errstate(all="ignore")
        self._errors.__enter__()

    def __exit__(self, *error: object) -> None:
        self._errors.__exit__(None, None, None)
        for library, threads in zip(_blas(), self._threads, strict=True):
            library.set_num_threads(threads)


@cache
def _blas() -> list[LibController]:
    """The linear algebra libraries of this process; looking them up takes milliseconds."""
    return list(ThreadpoolController().select(user_api="blas").lib_controllers)


def federation_of(exp: Experiment) -> Federation:
    """The experiment's data, spread over its clients; the last few are kept."""
    return _federate(exp.source, exp.stage("partition"), exp.clients, exp.data_seed)


_federate = lru_cache(maxsize=8)(federate)
