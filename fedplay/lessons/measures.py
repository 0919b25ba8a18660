"""Measures for predictions and exercises: one number of a run, under a plain name."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from fedplay.engine import History, run
from fedplay.experiment import Experiment
from fedplay.knobs import one_of
from fedplay.studies.comparison_runs import seeded
from fedplay.studies.statistics import reached

LATE = 10  # rounds: where few take part the curve jumps, and one round says little
TO = "rounds to "  # begins a measure that counts rounds until an accuracy


@dataclass(frozen=True)
class Measure:
    """`of(history)` is the number; `what` it is, as a noun; `digits` of it are worth telling.

    Where the question says what it is, `what` is empty.
    """

    what: str
    of: Callable[[History], float]
    digits: int = 2

    def words(self, value: float) -> str:
        """
        >>> MEASURES["accuracy"].words(0.918), measure("rounds to 0.9").words(math.inf)
        ('0.92', 'never')
        """
        if math.isnan(value):
            return "no number"
        if math.isinf(value):
            return "never"
        return f"{value:,.{self.digits}f}".replace("-", "−")


def worst_tenth(history: History) -> float:
    """The accuracy of the worst tenth of the clients that hold something out, or NaN."""
    known = history.client_accuracy[-1][history.judged]
    return float(np.quantile(known, 0.1)) if len(known) else math.nan


MEASURES = {
    "accuracy": Measure("accuracy on the global test set", lambda h: float(h.accuracy[-1])),
    "late accuracy": Measure(
        f"accuracy on the global test set, mean of the last {LATE} rounds",
        lambda h: float(h.accuracy[-LATE:].mean()),
    ),
    "own accuracy": Measure(
        "accuracy on the clients' own data, their mean",
        lambda h: h.own_mean(h.client_accuracy[-1]),
    ),
    "lowest tenth": Measure(
        "accuracy below which the worst tenth of the clients are, on their own data",
        worst_tenth,
    ),
    "accuracy alone": Measure(
        "accuracy of models that never joined, on their own client's data, their mean",
        lambda h: h.own_mean(h.local_accuracy),
    ),
}


def measure(given: str | Measure | Callable[[History], float]) -> Measure:
    """The measure of a name, of "rounds to 0.9" (any accuracy), or of a function of a History."""
    if isinstance(given, Measure):
        return given
    if isinstance(given, str):
        if given in MEASURES:
            return MEASURES[given]
        if given.startswith(TO):
            return rounds_to(given.removeprefix(TO))
        raise one_of("measure", given, [*MEASURES, f"{TO}0.9"])
    if not callable(given):
        raise one_of("measure", given, [*MEASURES, f"{TO}0.9", "a function of a History"])
    return Measure("", lambda h: float(given(h)))


def rounds_to(target: str) -> Measure:
    """How many rounds until the global model first has an accuracy; inf where it never has."""
    try:
        wanted = float(target)
    except ValueError:
        wanted = math.nan
    if not 0 < wanted <= 1:
        raise ValueError(f"measure={TO + target!r}: must name an accuracy above 0 and up to 1")
    return Measure(
        f"number of rounds until it first has an accuracy of {wanted:g}",
        lambda h: reached(h.accuracy[None], wanted).median,
        digits=0,
    )


def runs(exp: Experiment, seeds: int) -> list[History]:
    """The experiment's run, and those of the seeds after its own."""
    return [run(seeded(exp, exp, place)) for place in range(seeds)]


def values(exp: Experiment, what: Measure, seeds: int) -> list[float]:
    """The measure in each of the runs."""
    return [what.of(history) for history in runs(exp, seeds)]
