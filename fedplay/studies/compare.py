"""Several methods on the same federation, over several seeds: `compare` and what it came to.

With one seed, a difference between two methods may be luck. So every method is run with the same
few seeds: with the same seed, all of them start from the same model, on the same data, with the
same clients in each round. Differences are taken seed by seed.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from fedplay import registry
from fedplay.cost import LIMIT, Limit, estimate
from fedplay.data import Federation
from fedplay.engine.arguments import check_given
from fedplay.engine.client_models import local_only
from fedplay.engine.evaluate import mean_of
from fedplay.engine.loop import Run
from fedplay.experiment import Experiment
from fedplay.files import AnyPath
from fedplay.knobs import short
from fedplay.methods import METHODS
from fedplay.scopes import calmed
from fedplay.stages.base import Array
from fedplay.studies.comparison_runs import ComparisonRuns, Curve, checked_seeds
from fedplay.studies.comparison_runs import seeded as seeded
from fedplay.studies.statistics import (
    Difference,
    End,
    Reached,
    difference,
    end_of,
    first_at,
    reached,
    sooner,
)
from fedplay.tables import as_csv, as_html, as_text

USUAL = ("FedAvg", "FedProx", "SCAFFOLD", "FedAdam")
TIDY = 0.05  # of a target that nobody chose


def entrants(
    exp: Experiment, methods: Any = USUAL, weights: str | None = None
) -> dict[str, Experiment]:
    """The experiment with each of the methods in it, by what to call them.

    `methods` is a list of names, or a dict from labels to names, Experiments or dicts of choices.
    All of them count clients as the experiment does, except those that say themselves how; with
    `weights="paper"` each does as its own paper has it. ValueError for a name that is none, and
    where a method cannot be run in this experiment.
    """
    if weights is not None:
        exp = exp.replace(weights=weights)
    if isinstance(methods, str) or not isinstance(methods, Iterable):
        raise ValueError(f"methods={short(methods)}: must be a list of names, or a dict of them")
    given = dict(methods) if isinstance(methods, Mapping) else {name: name for name in methods}
    if not given:
        raise ValueError("methods=[]: must name at least one")
    found = {}
    for label, method in given.items():
        if not isinstance(label, str):
            raise ValueError(f"methods: {short(label)}: must be a name (a dict can give one)")
        own = label if isinstance(methods, Mapping) else usual_name(label)
        entrant = _entrant(exp, label, method)
        found[own] = entrant if weights == "paper" else weighed_like(exp, entrant)
    return found


def weighed_like(exp: Experiment, own: Experiment) -> Experiment:
    """A method's experiment, with clients counting as in another, so that both have one objective.

    Unless it says itself how they count, or has to: a comparison then tells that they differ.
    """
    bound = own.stage("aggregate").weighs or "weights" in own.stage("algorithm").fixes
    if bound or own.weights != "paper" or own.weighting == exp.weighting:
        return own
    return own.replace(weights=exp.weighting)


def usual_name(name: str) -> str:
    """A method's name as papers write it, or an algorithm's as it was registered."""
    return next((usual for usual in METHODS if usual.lower() == name.lower()), name)


def choices_of(name: str) -> Mapping[str, Any]:
    """What makes a method, or an algorithm that somebody registered; ValueError for neither."""
    usual = usual_name(name)
    if usual in METHODS:
        return METHODS[usual].choices
    if name in registry.SLOTS["algorithm"]:
        return {"algorithm": name, "server": "sgd"}
    known = [*METHODS, *registry.SLOTS["algorithm"]]
    raise ValueError(f"methods: {short(name)} is none of {known}")


def _entrant(exp: Experiment, label: str, method: Any) -> Experiment:
    if isinstance(method, Experiment):
        return method
    choices = choices_of(method) if isinstance(method, str) else method
    if not isinstance(choices, Mapping):
        raise ValueError(f"methods: {label}={short(method)}: must be a name or an Experiment")
    try:
        return exp.replace(**choices)
    except ValueError as error:
        raise ValueError(f"{label}: {error}") from error


@dataclass(frozen=True, eq=False, repr=False)
class Comparison:
    """Several methods' runs with the same seeds. R rounds, S seeds.

    Arrays by method have a row for each seed whose run is known, which is all of them in what
    `compare` returns. Printed (or shown in a notebook) it is a table.
    """

    experiment: Experiment
    experiments: Mapping[str, Experiment]  # by the methods' names; the seeds are the experiment's
    curves: Mapping[str, Mapping[int, Curve]]  # by method and seed, 0 to seeds - 1
    seeds: int
    reference: str  # the method that others are measured against
    wanted: float | None = None  # the target that was asked for
    alone: Array | None = None  # (S, R + 1) clients' mean accuracy of models that never joined

    @classmethod
    def of(cls, runs: ComparisonRuns, reference: str, target: float | None = None) -> Comparison:
        """What is known so far of a comparison."""
        curves = {name: dict(own) for name, own in runs.curves.items()}
        exp, experiments = runs.exp, runs.experiments
        return cls(exp, experiments, curves, runs.seeds, reference, target)

    @property
    def accuracy(self) -> dict[str, Array]:
        """By method, (S, R + 1): the global model's accuracy on the global test set."""
        return {name: self._rows(name, "accuracy") for name in self.curves}

    @property
    def loss(self) -> dict[str, Array]:
        """By method, (S, R + 1): the global model's loss on the global test set, nats."""
        return {name: self._rows(name, "loss") for name in self.curves}

    @property
    def client_accuracy(self) -> dict[str, Array]:
        """By method, (S, R + 1): the global model's on the clients' held-out data, their mean."""
        return {name: self._rows(name, "clients") for name in self.curves}

    def _rows(self, name: str, what: str) -> Array:
        own, R = self.curves[name], self.experiments[name].rounds
        rows = [getattr(own[place], what) for place in sorted(own)]
        return np.array(rows).reshape(-1, R + 1)

    def diverged(self, name: str) -> int:
        """In how many of the seeds a method diverged."""
        return sum(curve.diverged is not None for curve in self.curves[name].values())

    @property
    def target(self) -> float:
        """The accuracy to be reached: what was asked for, or a tidy one that the reference gets."""
        if self.wanted is not None:
            return self.wanted
        known = self.reference in self.curves  # not where every method is refused
        ends = self._rows(self.reference, "accuracy")[:, -1] if known else np.empty(0)
        ends = ends[np.isfinite(ends)]
        lowest = float(ends.min()) if len(ends) else 0.5
        return round(max(np.floor(lowest / TIDY + 1e-9), 1.0) * TIDY, 2)

    def rounds_to(self, target: float | None = None) -> dict[str, Reached]:
        """By method: the median round after which it first had that accuracy, in k of the seeds."""
        wanted = self.target if target is None else _checked_target(target)
        return {name: reached(self._rows(name, "accuracy"), wanted) for name in self.curves}

    def end(self, name: str) -> End:
        """A method's accuracy after its last round: mean, lowest, highest of the seeds."""
        return end_of(self._rows(name, "accuracy")[:, -1])

    def difference(self, name: str, reference: str | None = None) -> Difference:
        """How much higher a method ends than another, seed by seed."""
        a, b = self._paired(name, reference)
        return difference(np.array([own[-1] for own in a]), np.array([own[-1] for own in b]))

    def sooner(self, name: str, reference: str | None = None) -> Difference:
        """By how many rounds a method has the target sooner than another, seed by seed."""
        a, b = self._paired(name, reference)
        firsts = [[first_at(own[None], self.target)[0] for own in rows] for rows in (a, b)]
        return sooner(np.array(firsts[0]), np.array(firsts[1]))

    def _paired(self, name: str, reference: str | None) -> tuple[list[Array], list[Array]]:
        """Two methods' accuracies, in the seeds that are known of both."""
        against = self.reference if reference is None else reference
        for one in (name, against):
            if one not in self.curves:
                raise ValueError(f"method={short(one)}: must be one of {list(self.curves)}")
        ours, theirs = self.curves[name], self.curves[against]
        both = sorted(ours.keys() & theirs.keys())
        return [ours[s].accuracy for s in both], [theirs[s].accuracy for s in both]

    def statement(self, name: str, reference: str | None = None) -> str:
        """The difference in a sentence, which says whether it could be chance."""
        against = self.reference if reference is None else reference
        return self.difference(name, against).sentence(name, against)

    # --- as a table, a picture, a file ------------------------------------------------------------

    def rows(self) -> list[tuple[str, ...]]:
        """The table, its heading first, as words."""
        ref, to = self.reference, self.rounds_to()
        head = ("", f"rounds to {self.target:.2f}", "at the end", f"against {ref}", "clients' own")
        rows: list[tuple[str, ...]] = [head]
        for name in self.curves:
            own = end_of(self._rows(name, "clients")[:, -1])
            against = "" if name == ref else self.difference(name).words()
            gone = self.diverged(name)
            ends = self.end(name).words() + (f", diverged in {gone}" if gone else "")
            rows.append((name, to[name].words(), ends, against, own.words()))
        if self.alone is not None:
            rows.append(("each alone", "", "", "", end_of(self.alone[:, -1]).words()))
        return rows

    def table(self) -> str:
        """Rounds to the target, the end, the difference to the reference, as plain text."""
        return as_text(self.rows(), self.note())

    __repr__ = table

    def note(self) -> str:
        """What the numbers are, in a sentence."""
        varied = "of training" if self.experiment.data == "arrays" else "of training and data"
        many = "1 seed" if self.seeds == 1 else f"{self.seeds} seeds"
        said = f"Mean of {many} ({varied}), in brackets the lowest and the highest; median round."
        return f"{said} {weights}" if (weights := self.weights_note()) else said

    def weights_note(self) -> str:
        """How clients count, in a sentence, where methods differ in it or do not as their papers.

        By examples and alike are two objectives, and who minimises the one may miss the other.
        """
        runs = {name: self.experiments[name] for name in self.curves}
        own = {name: exp.weighting for name, exp in runs.items()}
        alike = [name for name in own if own[name] == "clients"]
        others = [name for name in own if own[name] != "clients"]
        if alike and others:
            one, two = ("count" if len(names) > 1 else "counts" for names in (alike, others))
            return (
                f"{listed(alike)} {one} clients alike, {listed(others)} {two} them by their "
                'examples: two objectives, which weights="examples" or "clients" makes one.'
            )
        free = [name for name in own if not runs[name].stage("aggregate").weighs]
        changed = [name for name in free if own[name] != runs[name].paper_weighting]
        if not changed:
            return ""
        how = "alike" if alike else "by their examples"
        papers = "whose papers do" if len(changed) > 1 else "whose paper does"
        return f"All count clients {how} here, so {listed(changed)} too, {papers} not."

    def _repr_html_(self) -> str:
        return as_html(self.rows(), self.note())

    def to_csv(self, path: AnyPath | None = None) -> str:
        """Every run's curves as CSV text, a line a round; also written to `path` where given."""
        head = ("method", "seed", "round", "accuracy", "loss", "client_accuracy")
        rows: list[list[Any]] = []
        for name, own in self.curves.items():
            for place in sorted(own):
                curve = own[place]
                columns = (curve.accuracy, curve.loss, curve.clients)
                seed = seeded(self.experiment, self.experiment, place).seed
                for number, row in enumerate(np.column_stack(columns).tolist()):
                    rows.append([name, seed, number, *row])
        return as_csv(head, rows, path)

    @calmed
    def plot(self, ax: Any = None) -> Any:
        """Draw means and bands on matplotlib axes (new ones by default); returns them."""
        from fedplay.plots.comparison import plot_comparison  # a convenience, like History.plot

        return plot_comparison(self, ax)


@calmed
def compare(
    exp: Experiment,
    methods: Any = USUAL,
    *,
    seeds: int = 5,
    target: float | None = None,
    reference: str | None = None,
    weights: str | None = None,
    federation: Federation | None = None,
    limit: Limit = LIMIT,
) -> Comparison:
    """Run several methods on the same federation, each with the same few seeds.

    methods:   names (of `fedplay.METHODS`, or of registered algorithms), or a dict from labels to
               names, Experiments, or dicts of what to change
    seeds:     how many; the experiment's own training and data seed, and the ones after them
    target:    the accuracy whose rounds are counted; by default a tidy one that the reference gets
    reference: what the others are measured against; FedAvg, or else the first, by default
    weights:   how clients count in every method, "examples" or "clients", or "paper" for as each
               method's own has it; by default as in the experiment, so that all have one objective
    limit:     what each run may cost

    >>> compare(Experiment(rounds=2, clients=3), ["FedAvg"], seeds=2).accuracy["FedAvg"].shape
    (2, 3)
    """
    check_given("compare", exp, federation, limit)
    if federation is not None:
        exp = exp.replace(data="arrays", clients=federation.clients)
        if not len(federation.y_test):
            raise ValueError("federation: has no test set, so no accuracy can be compared")
    seeds = checked_seeds(seeds)
    if target is not None:
        target = _checked_target(target)
    who = entrants(exp, methods, weights)
    if reference is None:
        reference = "FedAvg" if "FedAvg" in who else next(iter(who))
    elif reference not in who:
        raise ValueError(f"reference={short(reference)}: must be one of {list(who)}")
    for name, own in who.items():  # all of them before the first is run
        _check(name, own, federation, limit)
    runs = ComparisonRuns(exp, who, seeds, federation=federation, limit=limit, reference=reference)
    _finish(runs)
    alone = [
        lone(Run(runs.run_of(reference, s), federation, limit), runs.cohorts[s])
        for s in range(seeds)
    ]
    return replace(Comparison.of(runs, reference, target), alone=np.array(alone))


def _check(name: str, exp: Experiment, federation: Federation | None, limit: Limit) -> None:
    """ValueError for a method whose run would cost too much, or has no accuracy."""
    if exp.stage("model").score != "accuracy":
        raise ValueError(f"{name}: model={short(exp.model)}: has no accuracy to be compared")
    try:
        estimate(exp, federation).check(limit)
    except ValueError as error:
        raise ValueError(f"{name}: {error}") from error


def _finish(runs: ComparisonRuns) -> None:
    """Compute all of it; what goes wrong in a run says in which."""
    while runs.todo:
        name, place = runs.todo[0]
        try:
            runs.advance()
        except Exception as error:
            error.add_note(f"in the run of {name}, seed {runs.run_of(name, place).seed}")
            raise


def lone(run: Run, cohorts: Sequence[Array]) -> Array:
    """(R + 1,) the clients' mean accuracy of models that never join; NaN where none has trained.

    cohorts: (K,) who took part, for each round from 1
    """
    if not np.isin(run.panel, np.concatenate(cohorts)).any():
        return np.full(len(cohorts) + 1, np.nan)
    return mean_of(np.array(list(local_only(run, cohorts))))


def listed(words: list[str]) -> str:
    """
    >>> listed(["FedAvg"]), listed(["FedAvg", "FedProx", "FedDyn"])
    ('FedAvg', 'FedAvg, FedProx and FedDyn')
    """
    return words[0] if len(words) == 1 else ", ".join(words[:-1]) + " and " + words[-1]


def _checked_target(target: Any) -> float:
    number = isinstance(target, int | float | np.floating) and not isinstance(target, bool)
    if not number or not 0 < target <= 1:
        raise ValueError(f"target={short(target)}: must be a number above 0 and up to 1")
    return float(target)
