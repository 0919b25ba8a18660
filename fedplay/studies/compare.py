"""`compare`: several methods on the same federation, over several seeds.

With one seed, a difference between two methods may be luck. So every method is run with the same
few seeds: with the same seed, all of them start from the same model, on the same data, with the
same clients in each round. Differences are taken seed by seed.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from fedplay.cost import LIMIT, Limit, estimate
from fedplay.data import Federation
from fedplay.engine.arguments import check_given
from fedplay.engine.client_models import ever_called, local_only
from fedplay.engine.evaluate import mean_of
from fedplay.engine.loop import Run
from fedplay.experiment import Experiment
from fedplay.knobs import short
from fedplay.scopes import calmed
from fedplay.stages.base import Array
from fedplay.studies.comparison import Comparison, checked_target
from fedplay.studies.comparison_runs import ComparisonRuns, checked_seeds
from fedplay.studies.entrants import USUAL, entrants


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
        target = checked_target(target)
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
    """(R + 1,) mean accuracy of models that never join, of the clients that were ever called.

    NaN where none of them was: the other clients' models are the untrained one.

    cohorts: (K,) who took part, for each round from 1
    """
    called = ever_called(run.panel, cohorts)
    if not called.any():
        return np.full(len(cohorts) + 1, np.nan)
    return mean_of(np.array(list(local_only(run, cohorts)))[:, called])
