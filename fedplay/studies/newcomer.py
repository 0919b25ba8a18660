"""A newcomer: a client that joins when the run is over, with few examples, and what it gains.

It is left out of the federation: its examples are nobody's, and nobody hears of it. When the run
has come to its end it makes a model of its own, by the experiment's personal method, from its
first n examples; and another, alone, from the same examples in the same number of local steps.
"""

from __future__ import annotations

import math
from collections.abc import Generator, Iterable, Sequence
from copy import copy
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import numpy as np

from fedplay.cost import LIMIT, Limit
from fedplay.data import Federation, GivenShares, Shares
from fedplay.data.base import Ints
from fedplay.engine.arguments import check_given
from fedplay.engine.client_models import NeverJoined
from fedplay.engine.evaluate import panel
from fedplay.engine.local_work import Work
from fedplay.engine.loop import Run, federation_of
from fedplay.engine.round import State, scatter
from fedplay.experiment import Experiment
from fedplay.files import AnyPath
from fedplay.inspect.replay import state_before
from fedplay.knobs import short
from fedplay.scopes import calm, calmed
from fedplay.stages.base import Array
from fedplay.streams import Purpose, Streams
from fedplay.studies.comparison_runs import checked_seeds, seeded
from fedplay.studies.statistics import End, end_of
from fedplay.tables import as_csv, as_html, as_text

USUAL = (0, 1, 2, 5, 10, 20)
SEVERAL = 5  # clients that are left out in turn, where nobody says which


@dataclass(frozen=True, eq=False)
class Without(Shares):
    """The shares of all clients but one; those after it move up by a number."""

    shares: Shares
    gone: int

    @cached_property
    def sizes(self) -> Ints:
        sizes: Ints = np.delete(self.shares.sizes, self.gone)
        return sizes

    def of(self, client: int) -> Ints:
        if client < 0:
            raise IndexError(f"client {client}")
        return self.shares.of(client + (client >= self.gone))

    def describe(self) -> bytes:
        return self.shares.describe() + f" without {self.gone}".encode()


def without(fed: Federation, client: int) -> Federation:
    """The federation of the other clients. The global test set is what it was."""
    names = tuple(name for k, name in enumerate(fed.client_names) if k != client)
    train, held = Without(fed.train, client), Without(fed.held, client)
    return replace(fed, train=train, held=held, client_names=names)


@dataclass(frozen=True, eq=False, repr=False)
class Newcomer:
    """Accuracy of clients that join after the run, on their own held-out data.

    M newcomers, each in a run of its own: several clients, left out one at a time, in every seed.
    Printed (or shown in a notebook) it is a table.
    """

    experiment: Experiment
    examples: tuple[int, ...]  # (n,) how many examples a newcomer has to train on
    seed: Array  # (M,) the training seed of its run
    client: Array  # (M,) who was left out
    global_accuracy: Array  # (M,) of the model of the others, as it is
    personal_accuracy: Array  # (M, n) of the model that the personal method makes of it
    local_accuracy: Array  # (M, n) of the model that it makes alone

    @property
    def seeds(self) -> int:
        """How many seeds there are."""
        return len(np.unique(self.seed))

    def gain(self) -> Array:
        """(M, n) how much better the personal model is than the one made alone."""
        return self.personal_accuracy - self.local_accuracy

    def ends(self, accuracy: Array) -> list[End]:
        """Of (M, n) accuracies, for each n: over the seeds, of the newcomers' mean in each."""
        each = [accuracy[self.seed == seed].mean(axis=0) for seed in np.unique(self.seed)]
        return [end_of(column) for column in np.array(each).T]

    def rows(self) -> list[tuple[str, ...]]:
        """The table, its heading first, as words."""
        shared = np.repeat(self.global_accuracy[:, None], len(self.examples), axis=1)
        kinds = (shared, self.personal_accuracy, self.local_accuracy)
        columns = [[end.words() for end in self.ends(kind)] for kind in kinds]
        head = ("examples", "global model", "personal model", "alone")
        return [head, *zip(map(str, self.examples), *columns, strict=True)]

    def table(self) -> str:
        """For each number of examples the three accuracies, as plain text."""
        return as_text(self.rows(), self.note())

    __repr__ = table

    def note(self) -> str:
        """What the numbers are, in a sentence."""
        who = "1 newcomer" if len(self.client) == 1 else f"{len(self.client)} newcomers"
        if self.seeds == 1:
            return f"Accuracy on the newcomer's own held-out data: mean of {who}, with one seed."
        return (
            f"Accuracy on the newcomer's own held-out data: mean of {who} in {self.seeds} seeds, "
            "in brackets the lowest and the highest seed."
        )

    def _repr_html_(self) -> str:
        return as_html(self.rows(), self.note())

    def to_csv(self, path: AnyPath | None = None) -> str:
        """Every newcomer as CSV text, a line for each n; also written to `path` where given."""
        head = ("seed", "client", "examples", "global", "personal", "alone")
        rows: list[list[Any]] = []
        both = zip(self.personal_accuracy.tolist(), self.local_accuracy.tolist(), strict=True)
        who = zip(self.seed.tolist(), self.client.tolist(), self.global_accuracy, both, strict=True)
        for seed, client, shared, (personal, alone) in who:
            for row in zip(self.examples, personal, alone, strict=True):
                rows.append([seed, client, row[0], float(shared), *row[1:]])
        return as_csv(head, rows, path)

    @calmed
    def plot(self, ax: Any = None) -> Any:
        """Draw means and bands on matplotlib axes (new ones by default); returns them."""
        from fedplay.plots.newcomer import plot_newcomer  # a convenience, like History.plot

        return plot_newcomer(self, ax)


@calmed
def newcomer(
    exp: Experiment,
    examples: Iterable[int] = USUAL,
    client: int | Sequence[int] | None = None,
    *,
    seeds: int = 5,
    federation: Federation | None = None,
    limit: Limit = LIMIT,
) -> Newcomer:
    """Leave clients out, one at a time, and let each join when the run of the others is over.

    examples: how many of its examples it then has, one number or more; with 0 its personal model
              is the global one as it is
    client:   who is left out, or several in turn; by default up to five, of those that have as
              many examples as the largest number asked for
    seeds:    how many; the experiment's own training and data seed, and the ones after them
    limit:    what each run may cost

    Fine-tuning is done on the spot. Where personal models are learnt along (Ditto, APFL,
    interpolation, FedPer, FedRep, pFedMe, IFCA) the newcomer does what it would have done in as
    many rounds as the run had, beginning like any client, with the shared model as it now is. The
    model alone takes as many steps on the same batches, from the first model.

    >>> print(newcomer(Experiment(rounds=3), [0, 5], client=2, seeds=1).examples)
    (0, 5)
    """
    check_given("newcomer", exp, federation, limit)
    wanted = _checked_examples(examples)
    seeds = checked_seeds(seeds)
    if federation is not None:
        exp = exp.replace(data="arrays", clients=federation.clients)
    _check(exp)
    found = []
    for place in range(seeds):
        own = seeded(exp, exp, place)
        fed = federation_of(own) if federation is None else federation
        for k in _left_out(fed, client, wanted):
            found.append((own.seed, k, *_joins(own, fed, k, wanted, limit)))
    seed, who, shared, personal, alone = (np.array(column) for column in zip(*found, strict=True))
    return Newcomer(exp, wanted, seed, who, shared, personal, alone)


def _joins(
    exp: Experiment, fed: Federation, client: int, examples: tuple[int, ...], limit: Limit
) -> tuple[float, Array, Array]:
    """(global, personal (n,), alone (n,)) accuracies of one newcomer."""
    run = Run(exp, without(fed, client), limit)
    own = np.array(fed.train.of(client))
    order = Streams(exp.seed).at(Purpose.NEWCOMER, client=client).permutation(own)
    state = _drained(state_before(run, exp.rounds + 1))
    with calm():
        visit = _visit(run, [order[:n] for n in examples])
        personal = _personal(visit, state)
        personal[np.array(examples) == 0] = state.w
        alone = _alone(visit)
        X, y = run.trainer.X[fed.held.of(client)], fed.y[fed.held.of(client)]
        scores = [_accuracy(run, w, X, y) for w in (state.w, *personal, *alone)]
    return scores[0], np.array(scores[1 : 1 + len(examples)]), np.array(scores[-len(examples) :])


def _drained(rounds: Generator[None, None, State]) -> State:
    """What a generator returns."""
    while True:
        try:
            next(rounds)
        except StopIteration as end:
            state: State = end.value
            return state


def _visit(run: Run, shares: list[Ints]) -> Run:
    """The same run with newcomers as its clients, one for each share of the pool, never late."""
    start = np.cumsum([0, *map(len, shares)])
    given = GivenShares(start, np.concatenate([np.zeros(0, np.int64), *shares]))
    visit = copy(run)
    visit.exp = run.exp.replace(stragglers=0.0)
    visit.trainer = run.trainer.on(given)
    visit.federation = replace(run.federation, train=given)
    return visit


def _rounds(visit: Run) -> int:
    """In how many rounds a newcomer takes part before it has a model of its own."""
    return visit.exp.rounds if visit.lasting else 0


def _personal(visit: Run, state: State) -> Array:
    """The newcomers' personal models, (n, P): rounds in which the server listens to nobody."""
    ids = np.arange(len(visit.federation.sizes))
    own = visit._alike(visit.algorithm.init(len(state.w), len(ids))[1])
    mine = visit._alike(visit.personal.init(visit.initial(), len(ids)))
    for number in range(1, _rounds(visit) + 1):
        c = visit.cohort(number, ids)
        visit.learn(state.w, mine, c)
        if visit.algorithm.keeps:
            scatter(own, ids, visit.message(state.w, own, state.server, c).own)
    joined = replace(state, own=own, personal=mine)
    return visit.personalise(joined, visit.exp.rounds, ids)


def _alone(visit: Run) -> Array:
    """The models that the newcomers make alone, (n, P), on the same batches."""
    ids = np.arange(len(visit.federation.sizes))
    models = NeverJoined(visit, ids)
    for _ in range(_rounds(visit)):
        models.advance(visit, ids)

    def step(slope: Any, W: Array) -> None:
        W -= slope(W)

    c = visit.cohort(visit.exp.rounds, ids)
    sgd = Work(visit.trainer, c, visit.personal.epochs(), Purpose.FINETUNE)
    return sgd.custom(step, models.W, max_steps=getattr(visit.personal, "finetune_steps", None))[0]


def _accuracy(run: Run, w: Array, X: Array, y: Ints) -> float:
    """Of one model on the newcomer's held-out examples; NaN for one that is no longer finite."""
    if not np.isfinite(w).all():
        return math.nan
    return float(run.network.right(run.network.outputs(w, X), y).mean())


# --- what can be asked for ------------------------------------------------------------------------


def _check(exp: Experiment) -> None:
    """ValueError for an experiment that a newcomer cannot join."""
    if exp.stage("model").score != "accuracy":
        raise ValueError(f"model={short(exp.model)}: has no accuracy that a newcomer could gain")
    if exp.clients < 2:
        raise ValueError(f"clients={exp.clients}: must be at least 2, as one of them is left out")
    if exp.chosen("personal") == "none" and not exp.stage("algorithm").keeps:
        raise ValueError(
            f"personal={short(exp.personal)}: gives a newcomer no model of its own with "
            f"algorithm={exp.chosen('algorithm')!r}; must be another, such as 'finetune'"
        )


def _checked_examples(examples: Any) -> tuple[int, ...]:
    """Ascending numbers of examples, each once."""
    given = [examples] if isinstance(examples, int | np.integer) else examples
    if isinstance(given, str) or not isinstance(given, Iterable):
        raise ValueError(f"examples={short(examples)}: must be whole numbers, such as {USUAL}")
    numbers = list(given)
    if not numbers:
        raise ValueError("examples: must be one number or more, such as (0, 5, 20)")
    for number in numbers:
        whole = isinstance(number, int | np.integer) and not isinstance(number, bool)
        if not whole or number < 0:
            raise ValueError(f"examples: {short(number)}: must be a whole number from 0")
    return tuple(sorted({int(number) for number in numbers}))


def _left_out(fed: Federation, client: Any, examples: tuple[int, ...]) -> list[int]:
    """Who is left out, in turn."""
    most = examples[-1]
    if client is None:
        shown = panel(fed.clients, Streams(0)).tolist()
        able = [k for k in shown if fed.sizes[k] >= most and fed.held.sizes[k]]
        if not able:
            largest = int(fed.sizes.max())
            raise ValueError(f"examples: {most}: no client has so many; the largest has {largest}")
        return [able[i] for i in np.unique(np.linspace(0, len(able) - 1, SEVERAL).astype(int))]
    several = list(client) if isinstance(client, Iterable) else [client]
    if not several:
        raise ValueError(f"client={short(client)}: must be a client's number, or several")
    return [_able(fed, k, most) for k in several]


def _able(fed: Federation, k: Any, most: int) -> int:
    """A client that can be left out; ValueError for one that has too few examples, or is none."""
    whole = isinstance(k, int | np.integer) and not isinstance(k, bool)
    if not whole or not 0 <= k < fed.clients:
        raise ValueError(f"client={short(k)}: must be a whole number from 0 to {fed.clients - 1}")
    if fed.sizes[k] < most:
        raise ValueError(f"examples: {most}: must be at most {fed.sizes[k]}, which client {k} has")
    if not fed.held.sizes[k]:
        raise ValueError(f"client={k}: holds nothing out to be judged by")
    return int(k)
