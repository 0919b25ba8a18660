"""`Comparison`: what several methods came to with the same seeds, as numbers and as a table."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from fedplay.engine.run_state import BROKEN
from fedplay.experiment import Experiment
from fedplay.files import AnyPath
from fedplay.knobs import short
from fedplay.scopes import calmed
from fedplay.stages.base import Array
from fedplay.studies.comparison_runs import ComparisonRuns, Curve, seeded
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

TIDY = 0.05  # of a target that nobody chose


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

    def states(self, name: str) -> dict[str, int]:
        """What a method's runs came to, where that has to be said: in how many of the seeds."""
        marks = [curve.state.mark for curve in self.curves[name].values()]
        return {mark: marks.count(mark) for mark in dict.fromkeys(marks) if mark}

    def broken(self, name: str) -> dict[str, int]:
        """Of these the ones in which its numbers must not be taken for what the method can do."""
        return {mark: n for mark, n in self.states(name).items() if mark in BROKEN}

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
        wanted = self.target if target is None else checked_target(target)
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
            marks = [f", {mark} in {n}" for mark, n in self.states(name).items()]
            ends = "".join([self.end(name).words(), *marks])
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
        """Every run's curves as CSV text, a line a round; also written to `path` where given.

        `state` is what the whole run came to, the same in all of its lines.
        """
        head = ("method", "seed", "round", "accuracy", "loss", "client_accuracy", "state")
        rows: list[list[Any]] = []
        for name, own in self.curves.items():
            for place in sorted(own):
                curve = own[place]
                columns = (curve.accuracy, curve.loss, curve.clients)
                seed = seeded(self.experiment, self.experiment, place).seed
                for number, row in enumerate(np.column_stack(columns).tolist()):
                    rows.append([name, seed, number, *row, curve.state.name])
        return as_csv(head, rows, path)

    @calmed
    def plot(self, ax: Any = None) -> Any:
        """Draw means and bands on matplotlib axes (new ones by default); returns them."""
        from fedplay.plots.comparison import plot_comparison  # a convenience, like History.plot

        return plot_comparison(self, ax)


def listed(words: list[str]) -> str:
    """
    >>> listed(["FedAvg"]), listed(["FedAvg", "FedProx", "FedDyn"])
    ('FedAvg', 'FedAvg, FedProx and FedDyn')
    """
    return words[0] if len(words) == 1 else ", ".join(words[:-1]) + " and " + words[-1]


def checked_target(target: Any) -> float:
    """An accuracy to be reached; ValueError for what can be none."""
    number = isinstance(target, int | float | np.floating) and not isinstance(target, bool)
    if not number or not 0 < target <= 1:
        raise ValueError(f"target={short(target)}: must be a number above 0 and up to 1")
    return float(target)
