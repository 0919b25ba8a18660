"""The exercises of the lessons; `fp.exercise(name)` has them by name."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from fedplay.engine import History, run
from fedplay.experiment import Experiment
from fedplay.lessons.exercises import Line, task
from fedplay.lessons.measures import LATE, MEASURES
from fedplay.studies.newcomer import newcomer
from fedplay.studies.statistics import reached

# Two clients on a line, f(w) = a (w − x)²/2: solved on paper in `inspect/closed_forms.py`.
TWO = Experiment(
    data="quadratics",
    partition="natural",
    model="quadratic",
    clients=2,
    dimensions=1,
    curvatures=(1, 4),
    optima=(-1, 2),
    learning_rate=0.05,
    local_epochs=20,
    batch_size=None,
    rounds=300,
)
FEW = Experiment(clients=20, participation=0.2, partition="shards")


def _listed(numbers: list[float], digits: int = 3) -> str:
    words = [f"{n:.{digits}f}" if np.isfinite(n) else "never" for n in numbers]
    return f"{', '.join(words[:-1])} and {words[-1]}"


# --- 01: the model goes to the data ------------------------------------------------------------


@task(
    "average",
    "Two clients have trained a model of one number. The first has 100 examples and ended at 1.0, "
    "the second has 300 and ended at 3.0. Which number is the next global model?",
)
def _average(said: float) -> Iterator[Line]:
    mean = float(np.average([1.0, 3.0], weights=[100, 300]))
    if abs(said - mean) < 0.005:
        yield True, f"{said:g}: 100/400 · 1.0 + 300/400 · 3.0. Who has more examples counts more."
    elif said == 2:
        yield False, "2 is the plain mean, but a client counts by its number of examples."
    else:
        yield False, f"{said:g} is not the mean of 1.0 and 3.0 with the weights 100 and 300."


@task(
    "few-rounds",
    "Let the shared model reach an accuracy of 0.90 on the global test set within eight rounds, in "
    "each of five runs. Change nothing but local_epochs.",
    Experiment(partition="iid", rounds=8),
    ("local_epochs",),
)
def _few_rounds(given: list[History]) -> Iterator[Line]:
    first = [reached(h.accuracy[None], 0.9).median for h in given]
    E = given[0].experiment.local_epochs
    yield (
        max(first) <= 8,
        f"With E = {E}, 0.90 is first reached after {_listed(first, 0)} rounds.",
    )


# --- 02: clients differ ------------------------------------------------------------


@task(
    "worst-tenth",
    "Deal out the digits so that the clients' mean accuracy on their own data is above 0.7, but "
    "the worst tenth of the clients are below 0.5: both in the middle one of five runs. Change the "
    "partition and its knobs only.",
    FEW,
    ("partition", "alpha", "shards", "classes_per_client", "quantity_beta"),
)
def _worst_tenth(given: list[History]) -> Iterator[Line]:
    mean = float(np.median([MEASURES["own accuracy"].of(h) for h in given]))
    worst = float(np.median([MEASURES["lowest tenth"].of(h) for h in given]))
    yield mean > 0.7, f"The clients' mean is {mean:.2f}; above 0.70 is asked for."
    yield worst < 0.5, f"The worst tenth are at {worst:.2f} or below; below 0.50 is asked for."


@task(
    "together",
    "Clients keep about two digits each. Let the accuracy on the global test set, mean of the last "
    "ten rounds, be at least 0.85 in each of five runs. Change participation only; how small can "
    "it be?",
    FEW,
    ("participation",),
)
def _together(given: list[History]) -> Iterator[Line]:
    late = [MEASURES["late accuracy"].of(h) for h in given]
    exp = given[0].experiment
    asked = int(exp.stage("schedule").expected(exp.clients))
    yield (
        min(late) >= 0.85,
        f"With about {asked} of {exp.clients} clients a round, the last ten rounds "
        f"have {_listed(late)}.",
    )


# --- 03: drift ------------------------------------------------------------


@task(
    "fixed-point",
    "Two clients: a = (1, 4), x = (−1, 2), η = 0.05. A client that takes K local steps goes the "
    "part s = 1 − (1 − ηa)^K of the way to its own optimum x. Where does FedAvg end with K = 20?",
)
def _fixed_point(said: float) -> Iterator[Line]:
    end = float(run(TWO).parameters[0])
    if abs(said - end) < 0.005:
        yield True, f"A run of {TWO.rounds} rounds ends at {end:.3f}."
    elif abs(said - 1.4) < 0.02:
        yield False, "1.4 is the optimum of both together: Σ a x / Σ a. FedAvg ends elsewhere."
    elif abs(said - 0.5) < 0.02:
        yield False, "0.5 is the mean of the two optima, which FedAvg comes to as K grows."
    else:
        yield False, f"{said:g} is {abs(said - end):.2f} away. At the end Σ s (x − w) is 0."


@task(
    "remedy",
    "Four of twenty clients a round, about two digits each. Let the accuracy on the global test "
    "set, mean of the last ten rounds, be at least 0.91 in each of five runs. Change algorithm and "
    "server only.",
    FEW.replace(local_epochs=5),
    ("algorithm", "server", "mu", "scaffold_option", "feddyn_alpha", "server_momentum"),
)
def _remedy(given: list[History]) -> Iterator[Line]:
    late = [MEASURES["late accuracy"].of(h) for h in given]
    exp = given[0].experiment
    yield (
        min(late) >= 0.91,
        f"With {exp.algorithm} and the server's {exp.server}, the last {LATE} rounds have "
        f"{_listed(late)}.",
    )


# --- 04: personalization ------------------------------------------------------------

LATE_JOINERS = Experiment(partition="shards", clients=20, rounds=40, finetune_epochs=20)
SO_MANY = (1, 2, 5, 10, 20)


@task(
    "two-digits",
    "A client has two of the ten digits, equally many of each. A model of its own reads 98 of 100 "
    "of them, and never says another digit. The global test set has all ten digits, equally many "
    "of each. Which accuracy has that model on it?",
)
def _two_digits(said: float) -> Iterator[Line]:
    right = 0.98 * 2 / 10
    if abs(said - right) < 0.005:
        yield True, f"{said:g}: 0.98 on two tenths of the examples, and 0 on the others."
    elif abs(said - 0.98) < 0.005:
        yield False, "0.98 is its accuracy on its client's own data. The test set has eight more."
    else:
        yield False, f"{said:g} is not it: how many of 100 test examples does it read?"


@task(
    "leash",
    "Label skew, α = 0.2. Find a leash with which the clients' own models are at least three "
    "points above the shared model, and at least three above what each makes alone: both on the "
    "clients' own data, in the mean of five runs. Change ditto_lambda only.",
    Experiment(alpha=0.2, clients=20, rounds=40, personal="ditto", ditto_lambda=0.1),
    ("ditto_lambda",),
)
def _leash(given: list[History]) -> Iterator[Line]:
    own = float(np.mean([h.own_mean(h.personal_accuracy) for h in given]))
    for name, what in (("own accuracy", "the shared model"), ("accuracy alone", "each alone")):
        other = float(np.mean([MEASURES[name].of(h) for h in given]))
        yield (
            own - other >= 0.03,
            f"With λ = {given[0].experiment.ditto_lambda:g} their own models have {own:.3f}, "
            f"{what} {other:.3f}; a difference of 0.030 is asked for.",
        )


@task(
    "enough-examples",
    f"Clients have about two digits each, and a newcomer fine-tunes for twenty epochs. It may have "
    f"{', '.join(map(str, SO_MANY[:-1]))} or {SO_MANY[-1]} examples. Which is the fewest with "
    "which its model is at least ten points better, in the mean, than the shared model as it is?",
)
def _enough_examples(said: float) -> Iterator[Line]:
    if said not in SO_MANY:
        yield False, f"{said:g} is none of {', '.join(map(str, SO_MANY))}."
        return
    late = newcomer(LATE_JOINERS, SO_MANY)
    shared, own = float(late.global_accuracy.mean()), late.personal_accuracy.mean(axis=0)
    enough = next(n for n, mean in zip(SO_MANY, own, strict=True) if mean >= shared + 0.1)
    has = f"the tuned model has {own[SO_MANY.index(int(said))]:.3f}, the shared one {shared:.3f}"
    fewer = " Fewer are enough." if said > enough else ""
    yield said == enough, f"With {said:g} of them {has}.{fewer}"
