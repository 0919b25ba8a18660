"""What the three scripts share: rounds to a target, the choice of a learning rate, Markdown."""

from __future__ import annotations

import math
import statistics
from collections.abc import Callable, Iterable, Sequence

import fedplay as fp

NO_LIMIT = fp.Limit(math.inf, math.inf)
TUNING = range(100, 103)  # seeds to choose a learning rate with; the tables use others


def seeded(exp: fp.Experiment, seed: int) -> fp.Experiment:
    """With this training seed and data seed."""
    return exp.replace(seed=seed, data_seed=seed)


def rounds_to(exp: fp.Experiment, target: float, most: float = math.inf) -> float:
    """After how many rounds the test accuracy first was `target`; inf where it never was.

    Nothing is run beyond that round, nor beyond `most` rounds.
    """
    for now in fp.rounds(exp, limit=NO_LIMIT):
        if now.accuracy >= target:
            return now.number
        if now.number >= most:
            break
    return math.inf


def tuned(exp: fp.Experiment, target: float, rates: Iterable[float]) -> float:
    """The learning rate with the lowest median of rounds to the target, over the tuning seeds.

    A run is given up where its rate can no longer be better than the best one so far; where no
    rate gets there, it is the one with the highest accuracy at the end.
    """
    best, found = math.inf, math.nan
    rates = list(rates)
    for rate in rates:
        trial = exp.replace(learning_rate=rate)
        got = statistics.median(rounds_to(seeded(trial, s), target, best) for s in TUNING)
        if got < best:
            best, found = got, rate
    if math.isinf(best):
        found = max(rates, key=lambda rate: _end(exp.replace(learning_rate=rate)))
    return found


def _end(exp: fp.Experiment) -> float:
    accuracy = fp.run(seeded(exp, TUNING[0]), limit=NO_LIMIT).accuracy[-20:].mean()
    return accuracy if math.isfinite(accuracy) else 0.0


def race(
    exp: fp.Experiment, target: float, rates: Iterable[float], seeds: int
) -> dict[str, float | list[float]]:
    """Rounds to the target with each seed, at the learning rate that suits this experiment."""
    rate = tuned(exp, target, rates)
    exp = exp.replace(learning_rate=rate)
    return {"rate": rate, "rounds": [rounds_to(seeded(exp, s), target) for s in range(seeds)]}


def spread(values: Sequence[float], shown: Callable[[float], str]) -> str:
    """Median, and in brackets the lowest and the highest."""
    low, high = shown(min(values)), shown(max(values))
    return f"{shown(statistics.median(values))} ({low}–{high})"


def counted(most: int) -> Callable[[float], str]:
    """Shows a number of rounds; one that is infinite as more than `most`."""

    def shown(rounds: float) -> str:
        if math.isinf(rounds):
            return f"{most:,}+"
        return f"{rounds:,.0f}" if rounds == int(rounds) else f"{rounds:,.1f}"

    return shown


def speedup(base: Sequence[float], other: Sequence[float]) -> str:
    """How many times fewer rounds the median is; empty where either is unknown."""
    a, b = statistics.median(base), statistics.median(other)
    return "" if math.isinf(a) or math.isinf(b) else f" {a / b:.1f}×"


def table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)


def found(*findings: tuple[bool, str]) -> str:
    """A list of sentences, each with whether the numbers say so; one that fails says that it does.

    The sentences are written once, the numbers are measured anew each time.
    """
    return "\n".join(f"- {text}" if holds else f"- NOT SO: {text}" for holds, text in findings)
