"""The loop: a federation, round by round.

`rounds` is the one stream that the screen, the command line, the tests and the lessons all read.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import cached_property, lru_cache
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from fedplay.cost import LIMIT, Limit, estimate
from fedplay.data import Federation, federate
from fedplay.engine.arguments import check_given
from fedplay.engine.evaluate import Evaluator, inputs, panel
from fedplay.engine.local_work import Work
from fedplay.engine.measures import OWN, check_measured, measured
from fedplay.engine.round import Round, Sent, State, facts_of, scatter, tells, told_by
from fedplay.engine.training import Trainer, Watch
from fedplay.experiment import Experiment
from fedplay.memo import Memo
from fedplay.scopes import calm, calmed
from fedplay.stages.base import Algorithm, Array, Arrays, Cohort, Layer, Outcome, Stage
from fedplay.stages.footprint import Footprint, footprint
from fedplay.stages.lengths import length_of, lengths_of
from fedplay.streams import Purpose, Streams


def epsilon_of(exp: Experiment) -> Array:
    """ε after every round, (rounds + 1,): it depends on no data, so it is known beforehand."""
    N, counts = exp.clients, np.arange(exp.rounds + 1)
    q = exp.stage("schedule").expected(N) / N
    spent = [e for layer in exp.layers if (e := layer.epsilon(counts, N, q)) is not None]
    return np.sum(spent, axis=0) if spent else np.full(len(counts), np.inf)


class Run:
    """Everything about a run that does not change from round to round.

    Beside it, a record of who took part in the rounds that were played (`attended`), and what
    analyses have computed of it (`memo`). A copy has its own, still empty.
    """

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
        method = (self.schedule, self.algorithm, *self.layers, self.aggregate, self.optimizer)
        self.tellers: list[Stage] = [s for s in (*method, self.personal) if tells(s)]
        self.measures = tuple(OWN.values())  # of somebody's own
        self.attended: dict[int, Array] = {}  # round -> (K,) who took part, of those played
        self.memo = Memo()
        self.local_epochs: int = exp.in_force("local_epochs")
        self.panel = panel(fed.clients, self.streams, len(fed.guests))
        self.panel.flags.writeable = False  # histories have this very array
        X = inputs(self.network, fed.X, exp.dtype, fed.features)
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

    def __copy__(self) -> Run:
        other = object.__new__(type(self))
        other.__dict__.update(self.__dict__, attended={}, memo=Memo())
        return other

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

    def message(
        self, w: Array, own: Arrays, server: Arrays, c: Cohort, watch: Watch | None = None
    ) -> Sent:
        """What the cohort makes of the global model w (P,) and sends."""
        mine = {name: table[c.ids] for name, table in own.items()}
        w0 = self.algorithm.begin(w, mine, server, c)
        sgd = Work(self.trainer, c, c.epochs, watch=watch)
        ended, mine = self.algorithm.local(sgd, w0, mine, server, c)
        begun = mine.get("start", w0)
        rows, mine = self.algorithm.message(w0, ended, mine, server, c)
        return Sent(begun, ended, rows, mine)

    def updates(self, sent: Sent) -> Array:
        """(K, shared) the updates in what was sent."""
        shared = self.travels.shared
        if self.travels.reads:
            return self.algorithm.update(sent.rows, shared)
        return (sent.ended - sent.begun)[:, :shared]

    def learn(self, w: Array, tables: Arrays, c: Cohort) -> None:
        """What the cohort learns for itself in a round that sends out w: changes its `tables`."""
        if tables:
            mine = {name: table[c.ids] for name, table in tables.items()}
            sgd = Work(self.trainer, c, c.epochs)
            scatter(tables, c.ids, self.personal.learn(w, mine, sgd, c))

    def advance(
        self, state: State, number: int, *, watch: Watch | None = None, personal: bool = True
    ) -> Outcome:
        """One round: changes `state`.

        watch:    told of every local step
        personal: whether clients also learn what the personal slot has them learn for themselves
        """
        c = self.cohort(number)
        if personal:
            self.learn(state.w, state.personal, c)
        sent = self.message(state.w, state.own, state.server, c, watch)
        scatter(state.own, c.ids, sent.own)
        updates = self.updates(sent)
        lengths = lengths_of(updates)
        same = self.travels.reads and sent.rows.shape == updates.shape
        whole = lengths if same else lengths_of(sent.rows)
        del updates  # of some methods an array of its own, as large as the models

        passing = self._through(state, sent.rows, c)
        average = m = self.aggregate.combine(passing[-1], c)
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

        before = state.w
        state.w, state.server = self.algorithm.absorb(before, state.server, m, step, c)
        up, down = state.count(c, self.bytes_each)
        self.attended[number] = c.ids
        outcome = Outcome(
            cohort=c,
            before=before,
            after=state.w,
            begun=sent.begun,
            ended=sent.ended,
            layers=self.layers,
            passing=passing,
            average=average,
            step=m,
            update_norm=lengths,
            message_norm=whole,
            step_norm=length_of(followed),
            bytes_up=up,
            bytes_down=down,
        )
        if self.tellers:
            outcome.told.update(told_by(self.tellers, outcome, check_measured))
        return outcome

    def _through(self, state: State, rows: Array, c: Cohort) -> tuple[Array, ...]:
        """Messages (K, M) in front of every layer's client half, and behind the last."""
        passing = [rows]
        for layer, table in zip(self.layers, state.layers, strict=True):
            rows, mine = layer.client(rows, {n: t[c.ids] for n, t in table.items()}, c)
            scatter(table, c.ids, mine)
            passing.append(rows)
        return tuple(passing)

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


def stream(run: Run, ahead: Callable[[], bool] = lambda: False) -> Iterator[Round]:
    """The rounds of a prepared run.

    ahead: asked whether some rounds may be played before they are evaluated at once: it is faster
    """
    # What somebody measures of a round may depend on what was played by then.
    most = run.evaluate.together if not run.measures else 1
    state, number, R = run.start(), 0, run.exp.rounds
    while number <= R:
        some = range(number, min(number + (most if ahead() else 1), R + 1))
        with calm():
            judged = _judged(run, [_played(run, state, n) for n in some])
        number = some.stop
        yield from judged


def _played(run: Run, state: State, number: int) -> dict[str, Any]:
    """All of a round but its scores; its outcome, whose arrays are large, is gone by then."""
    facts = facts_of(number, state, run.advance(state, number) if number else None)
    own = run.evaluate.each(run.personalise(state, number)) if run.lasting else None
    return facts | {"epsilon": float(run.epsilon[number]), "personal": own}


def _judged(run: Run, played: list[dict[str, Any]]) -> list[Round]:
    """Rounds with their scores, and with what somebody measures of them."""
    models = [facts["parameters"] for facts in played]
    # An algorithm of somebody's own may change the precision on its way.
    if len(models) == 1 or len({w.dtype for w in models}) > 1:
        scores = [run.evaluate(w) for w in models]
    else:
        scores = run.evaluate.several(np.array(models))
    judged = [Round(**f, **s._asdict()) for f, s in zip(played, scores, strict=True)]
    if run.measures:
        judged = [r._replace(told={**r.told, **measured(run.measures, r, run)}) for r in judged]
    return judged


@calmed
def federation_of(exp: Experiment) -> Federation:
    """The experiment's data, spread over its clients; the last few are kept."""
    partition, shift = exp.stage("partition"), exp.stage("shift")
    return _federate(exp.source, partition, exp.clients, exp.data_seed, shift)


_federate = lru_cache(maxsize=8)(federate)
