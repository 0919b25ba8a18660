"""Exercises that check themselves: a submitted experiment is run and judged in sentences."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

from fedplay.engine import History
from fedplay.experiment import CHOICES, Experiment, knobs
from fedplay.knobs import one_of, short
from fedplay.lessons.measures import runs
from fedplay.untrusted import escape

Line = tuple[bool, str]  # whether it is met, and a sentence with what was measured
SEEDS = 5

EXERCISES: dict[str, Exercise] = {}


@dataclass(frozen=True, repr=False)
class Verdict:
    """Result of an exercise: which conditions are met; true where all are."""

    lines: tuple[Line, ...]

    def __bool__(self) -> bool:
        return all(met for met, _ in self.lines)

    def __repr__(self) -> str:
        return "\n".join(f"{'✓' if met else '✗'} {words}" for met, words in self.lines)

    def _repr_html_(self) -> str:
        rows = "".join(
            f"<div>{'✓' if met else '✗'} {escape(words)}</div>" for met, words in self.lines
        )
        end = "Solved." if self else "Not yet: change your answer and run the cell again."
        return f"{rows}<div><b>{end}</b></div>"


@dataclass(frozen=True, repr=False)
class Exercise:
    """A task, and a check that runs the submitted answer.

    start: the experiment to begin with; None where a number is asked for
    may:   names of the knobs and slots that may differ from it
    seeds: how many runs a check takes, with other dice each
    """

    name: str
    task: str
    judge: Callable[[Any], Iterator[Line]]  # of the Histories, or of the number
    start: Experiment | None = None
    may: tuple[str, ...] = ()
    seeds: int = SEEDS

    def __repr__(self) -> str:
        return f"Exercise “{self.name}”: {self.task}"

    def _repr_html_(self) -> str:
        return f"<div><b>Exercise.</b> {escape(self.task)}</div>"

    def check(self, answer: Any) -> Verdict:
        """Run an answer (an Experiment, or a number) and say what is met and what is not."""
        wrong = self._refused(answer)
        if wrong:
            return Verdict(((False, wrong),))
        try:
            given = runs(answer, self.seeds) if self.start is not None else float(answer)
        except ValueError as error:  # what it would cost, or what does not go together
            return Verdict(((False, f"It cannot be run: {error}."),))
        return Verdict(tuple(self.judge(given)))

    def _refused(self, answer: Any) -> str:
        """Why an answer cannot be judged; empty where it can."""
        if self.start is None:
            number = isinstance(answer, int | float | np.number) and not isinstance(answer, bool)
            if not number or not math.isfinite(answer):
                return f"Hand in a number, not {short(answer)}."
            return ""
        if isinstance(answer, History):
            return "Hand in the Experiment, not its History: it is run here, with several seeds."
        if not isinstance(answer, Experiment):
            return f"Hand in an Experiment, such as start.replace(...), not {short(answer)}."
        other = [
            name
            for name in (*CHOICES, *knobs())
            if name not in self.may and getattr(answer, name) != getattr(self.start, name)
        ]
        if other:
            return (
                f"Only {_and(self.may)} may be changed here, but {_and(other)} "
                f"{'is' if len(other) == 1 else 'are'} not as at the start."
            )
        return ""


def exercise(name: str) -> Exercise:
    """The exercise of a name; ValueError lists what there is.

    >>> exercise("average").check(2.0)
    ✗ 2 is the plain mean, but a client counts by its number of examples.
    """
    import fedplay.lessons.tasks  # noqa: F401  (it fills the table)

    if not isinstance(name, str) or name not in EXERCISES:
        raise one_of("exercise", name, EXERCISES)
    return EXERCISES[name]


def task(
    name: str,
    words: str,
    start: Experiment | None = None,
    may: tuple[str, ...] = (),
    seeds: int = SEEDS,
) -> Callable[[Callable[[Any], Iterator[Line]]], Callable[[Any], Iterator[Line]]]:
    """Make a function that judges into an exercise."""

    def add(judge: Callable[[Any], Iterator[Line]]) -> Callable[[Any], Iterator[Line]]:
        EXERCISES[name] = Exercise(name, words, judge, start, may, seeds)
        return judge

    return add


def _and(names: tuple[str, ...] | list[str]) -> str:
    return " and ".join(filter(None, [", ".join(names[:-1]), names[-1]]))
