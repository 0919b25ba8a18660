"""The loop: a federation, round by round.

`rounds` is the one stream that the screen, the command line, the tests and the lessons all read.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property, lru_cache
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from fedplay.cost import LIMIT, Limit, estimate
from fedplay.data import Federation, federate
from fedplay.engine.arguments import check_given
from fedplay.engine.evaluate import Evaluator, inputs, panel
from fedplay.engine.local_work import Work
from fedplay.engine.training import Trainer
from fedplay.experiment import Experiment
from fedplay.scopes import calm, calmed
from fedplay.stages.base import Algorithm, Array, Arrays, Cohort, Layer
from fedplay.stages.footprint import Footprint, footprint
from fedplay.stages.lengths import length_of, lengths_of
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
    update_norm: Array  # (K,) length of each client's update, before the channel
    step_norm: float  # length of the update that the server followed: their average, noise and all
    # (panel,) of personal models that are learnt along, on each client's held-out data; else None
    personal: Array | None = None
    # (K,) length of each whole message before the channel: of the update and of what rides along
    # with it, such as SCAFFOLD's change of a control variate. It is this that is clipped.
    message_norm: Array = np.zeros(0)
    ignored: int = 0  # messages that were not finite, and counted as zeros under clipping or noise


class Lengths(NamedTuple):
    """What was measured in a round. K clients."""

    update: Array  # (K,) of the updates before the channel
    message: Array  # (K,) of the whole messages
    step: float  # of the update in the aggregate
    ignored: int  # messages that counted as zeros, as they were not finite


NOTHING = Lengths(np.zeros(0), np.zeros(0), 0.0, 0)


def epsilon_of(exp: Experiment) -> Array:
    """ε after every round, (rounds + 1,): it depends on no data, so it is known beforehand."""
    N, counts = exp.clients, np.arange(exp.rounds + 1)
    q = exp.stage("schedule").expected(N) / N
    spent = [e for layer in exp.layers if (e := layer.epsilon(counts, N, q)) is not None]
    return np.sum(spent, axis=0) if spent else np.full(len(counts), np.inf)


@dataclass
class State:
    """What a federation remembers between rounds."""

    w: Array  # (P,)
    server: Arrays  # the algorithm's arrays on the server
    own: Arrays  # the algorithm's tables of the clients, (N, ·)
    layers: list[Arrays]  # each channel layer's tables of the clients, (N, ·)
    memory: Arrays  # the server optimiser's arrays
    personal: Arrays  # the personal slot's tables of the clients, (N, ·)
    bytes_up: float = 0.0
    bytes_down: float = 0.0


class Run:
    """Everything about a run that does not change from round to round."""

    @calmed
    def __init__(
        self, exp: Experiment, federation: Federation | None = None, limit: Limit | None = LIMIT
    ) -> None:
        if federation is not None:
            exp = exp.replace(data="arrays", clients=federation.clients)
        if limit is not None:  # it is, where an algorithm that may be broken is looked at
            estimate(exp, federation).check(limit)
        self.exp = exp
        self.federation = fed = federation if federation is not None else federation_of(exp)
        self.streams = Streams(exp.seed)
        self.network = exp.stage("model").bind(fed.d, fed.C)
        self.algorithm: Algorithm = exp.stage("algorithm")
        self.algorithm.fits(self.network.spans)
        self.schedule = exp.stage("schedule")
        self.aggregate = exp.stage("aggregate")
        self.optimizer = exp.stage("server")
        self.personal = exp.stage("personal")
        self.alike = exp.weighting == "clients"
        self.layers: tuple[Layer, ...] = exp.layers
        self.local_epochs: int = exp.in_force("local_epochs")
        self.panel = panel(fed.clients, self.streams, len(fed.guests))
        self.panel.flags.writeable = False  # histories have this very array
        X = inputs(fed.X, exp.dtype, fed.features)
        self.trainer = Trainer(
            self.network,
            X,
            fed.y,
            fed.train,
            batch_size=exp.in_force("batch_size"),
            learning_rate=exp.learning_rate,
            streams=self.streams,
        )
        self.evaluate = Evaluator(self.network, X, fed, self.panel, exp.dtype)
        self.epsilon = epsilon_of(exp)
        self.examples = float(fed.sizes.sum())  # of all clients

    @cached_property
    def travels(self) -> Footprint:
        """What travels between the server and one client, and where its update is in it."""
        return footprint(self.algorithm, self.network.P, self.network.spans)

    @cached_property
    def bytes_each(self) -> tuple[float, int]:
        """The bytes that one client sends in a round, and those that it is sent."""
        item = np.dtype(self.exp.dtype).itemsize
        return self.travels.wire(self.layers, item), self.travels.down * item

    def initial(self) -> Array:
        """The first global model, (P,)."""
        return self.network.init(self.streams.at(Purpose.INIT)).astype(self.exp.dtype)

    @calmed
    def start(self) -> State:
        N, w = self.federation.clients, self.initial()
        server, own = (self._alike(arrays) for arrays in self.algorithm.init(len(w), N))
        c = self.cohort(0, self.panel)
        server = self._alike(self.algorithm.prepare(w, server, Work(self.trainer, c, c.epochs), c))
        layers = [layer.init(self.travels.message, N) for layer in self.layers]
        personal = self._alike(self.personal.init(w, N))
        return State(w, server, own, layers, self.optimizer.init(len(w)), personal)

    def _alike(self, arrays: Arrays) -> Arrays:
        """Arrays in the run's precision; whole numbers stay what they are."""
        kind = self.exp.dtype
        return {n: a.astype(kind) if a.dtype.kind == "f" else a for n, a in arrays.items()}

    def cohort(self, number: int, ids: Array | None = None) -> Cohort:
        """The facts of a round; `ids` instead of whom the schedule draws."""
        N = self.federation.clients
        drawn = ids is None
        if ids is None:
            ids = self.schedule.choose(number, N, self.streams)
        epochs, late = self.epochs(number, ids)
        called = len(ids)
        if drawn and self.exp.partial_work == "dropped":
            ids, epochs = ids[~late], epochs[~late]
        weight, expected = self.weight(ids), self.schedule.expected(N)
        return Cohort(
            round=number,
            ids=ids,
            weight=weight,
            epochs=epochs,
            steps=self.trainer.steps(ids, epochs),
            stale=np.zeros(len(ids), np.int64),
            N=N,
            expected=expected,
            divisor=self.aggregate.divisor(weight, expected),
            lr=self.exp.learning_rate,
            streams=self.streams,
            spans=self.network.spans,
            called=called,
            total=0.0 if self.alike else self.examples,
        )

    def weight(self, ids: Array) -> Array:
        """(K,) of these clients in the average: their training examples, or 1 for all with any."""
        sizes: Array = self.federation.sizes[ids]
        return np.minimum(sizes, 1) if self.alike else sizes

    def epochs(self, number: int, ids: Array) -> tuple[Array, Array]:
        """(K,) local epochs of these clients in a round, and (K,) who of them is a straggler.

        A straggler comes to x epochs, x uniform from 1 to E (Li et al. 2020, section 5.2). Each
        tosses a coin of its own, so that nobody's work tells who else is there.
        """
        full, share = self.local_epochs, self.exp.stragglers
        epochs, late = np.full(len(ids), full), np.zeros(len(ids), bool)
        for place, client in enumerate(ids.tolist() if share > 0 else ()):
            rng = self.streams.at(Purpose.STRAGGLERS, number, client)
            if rng.random() < share:
                late[place], epochs[place] = True, rng.integers(1, full + 1)
        return epochs, late

    def _message(
        self, w: Array, own: Arrays, server: Arrays, c: Cohort
    ) -> tuple[Array, Arrays, Array]:
        """What the cohort sends, (K, M), its new own rows, and the updates in it, (K, shared)."""
        mine = {name: table[c.ids] for name, table in own.items()}
        w0 = self.algorithm.begin(w, mine, server, c)
        sgd = Work(self.trainer, c, c.epochs)
        wk, mine = self.algorithm.local(sgd, w0, mine, server, c)
        start = mine.get("start", w0)
        rows, mine = self.algorithm.message(w0, wk, mine, server, c)
        shared = self.travels.shared
        if self.travels.reads:
            return rows, mine, self.algorithm.update(rows, shared)
        return rows, mine, (wk - start)[:, :shared]

    def learn(self, w: Array, tables: Arrays, c: Cohort) -> None:
        """What the cohort learns for itself in a round that sends out w: changes its `tables`."""
        if tables:
            mine = {name: table[c.ids] for name, table in tables.items()}
            sgd = Work(self.trainer, c, c.epochs)
            scatter(tables, c.ids, self.personal.learn(w, mine, sgd, c))

    def advance(self, state: State, number: int) -> tuple[Cohort, Lengths, Array]:
        """One round: changes `state`; returns the cohort, what was measured, the aggregate (M,)."""
        c = self.cohort(number)
        self.learn(state.w, state.personal, c)
        rows, mine, updates = self._message(state.w, state.own, state.server, c)
        scatter(state.own, c.ids, mine)
        lengths = lengths_of(updates)
        same = self.travels.reads and rows.shape == updates.shape
        whole = lengths if same else lengths_of(rows)

        ignored = 0
        if self.layers and not np.isfinite(whole).all():
            ignored = int(np.any([layer.ignored(rows) for layer in self.layers], axis=0).sum())
        for layer, table in zip(self.layers, state.layers, strict=True):
            rows, mine = layer.client(rows, {n: t[c.ids] for n, t in table.items()}, c)
            scatter(table, c.ids, mine)
        m = self.aggregate.combine(rows, c)
        for layer in reversed(self.layers):
            m = layer.server(m, c)

        followed = m
        if self.travels.reads:
            followed = self.algorithm.update(m, self.travels.shared)

        def step(w: Array, direction: Array) -> Array:
            nonlocal followed
            if not self.travels.reads:
                followed = direction
            w, state.memory = self.optimizer.step(w, direction, state.memory)
            return w

        state.w, state.server = self.algorithm.absorb(state.w, state.server, m, step, c)
        up, down = self.bytes_each
        state.bytes_up += c.K * up
        state.bytes_down += c.called * down
        return c, Lengths(lengths, whole, length_of(followed), ignored), m

    @property
    def lasting(self) -> bool:
        """Whether clients have models of their own that are learnt along, round by round."""
        return bool(self.algorithm.keeps or self.personal.init(np.zeros(self.network.P), 0))

    def personalise(self, state: State, number: int, clients: ArrayLike | None = None) -> Array:
        """Clients' personal models, (K, P), after a round: of the panel's."""
        ids = self.panel if clients is None else np.asarray(clients, dtype=np.int64)
        c = self.cohort(number, ids)
        sgd = Work(self.trainer, c, self.personal.epochs(), Purpose.FINETUNE)
        own, mine = (
            {name: table[ids] for name, table in tables.items()}
            for tables in (state.own, state.personal)
        )
        W = self.algorithm.models(state.w, own, state.server, sgd, c)
        return np.asarray(self.personal.personalise(W, mine, sgd, c))

    def after(self, w: Array) -> State:
        """A state with this global model, of a run in which nothing else matters to a client."""
        return State(w, {}, {}, [], {}, {})


def rounds(
    exp: Experiment, federation: Federation | None = None, *, limit: Limit = LIMIT
) -> Iterator[Round]:
    """Run an experiment one round at a time: yields `Round` 0 (before training) to `exp.rounds`.

    `federation` brings data of one's own in place of the experiment's. Nothing is computed ahead:
    stopping early loses nothing that was yielded. ValueError for what is no Experiment, and where
    the run would cost more than `limit` allows.
    """
    check_given("rounds", exp, federation, limit)

    def lazily() -> Iterator[Round]:
        yield from stream(Run(exp, federation, limit))

    return lazily()


def stream(run: Run) -> Iterator[Round]:
    """The rounds of a prepared run."""
    state = run.start()
    with calm():
        first = _round(run, state, 0, np.zeros(0, np.int64), NOTHING)
    yield first
    for number in range(1, run.exp.rounds + 1):
        with calm():
            c, lengths, _ = run.advance(state, number)
            done = _round(run, state, number, c.ids, lengths)
        yield done


def _round(run: Run, state: State, number: int, ids: Array, lengths: Lengths) -> Round:
    scores = run.evaluate(state.w)
    return Round(
        number=number,
        parameters=state.w.copy(),  # theirs to keep, or to write to: the next round begins with w
        accuracy=scores.accuracy,
        loss=scores.loss,
        client_accuracy=scores.client_accuracy,
        cohort=ids,
        epsilon=float(run.epsilon[number]),
        bytes_up=round(state.bytes_up),
        bytes_down=round(state.bytes_down),
        update_norm=lengths.update,
        step_norm=lengths.step,
        personal=run.evaluate.each(run.personalise(state, number)) if run.lasting else None,
        message_norm=lengths.message,
        ignored=lengths.ignored,
    )


def scatter(tables: Arrays, ids: Array, rows: Arrays) -> None:
    """Write a cohort's new rows into the tables of all clients."""
    for name, table in tables.items():
        table[ids] = rows[name]


@calmed
def federation_of(exp: Experiment) -> Federation:
    """The experiment's data, spread over its clients; the last few are kept."""
    partition, shift = exp.stage("partition"), exp.stage("shift")
    return _federate(exp.source, partition, exp.clients, exp.data_seed, shift)


_federate = lru_cache(maxsize=8)(federate)
