"""`Measure`: a number after every round. What is measured is a curve, a column, an axis, a card.

The built-in ones are the columns of `History.table`. One of somebody's own is computed of every
round from then on, and goes where what a stage tells goes: into `History.told`.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable
from dataclasses import dataclass
from numbers import Real
from typing import Any

import numpy as np

from fedplay.engine.round import Round
from fedplay.knobs import short
from fedplay.untrusted import check_told_name

UNITS = ("", "part", "nats", "bytes", "epsilon", "seconds")


@dataclass(frozen=True)
class Measure:
    """A number after every round, and how it is called.

    name:       in tables, files and menus: small letters, digits, underscores
    of:         from a `Round` and its `Run` (data, network, `evaluate`) to the number; NaN for none
    label:      for people, on an axis and a card; the name by default
    unit:       "" for none, "part" (of 1), "nats", "bytes", "epsilon" or "seconds"
    cumulative: whether it is a sum over the rounds so far; else an axis adds it up
    """

    name: str
    of: Callable[[Round, Any], float]
    label: str = ""
    unit: str = ""
    cumulative: bool = False

    @property
    def called(self) -> str:
        """Its name for people."""
        return self.label or self.name.replace("_", " ")

    def registered_as(self, name: str = "") -> None:
        """Be computed of every round of every run that begins from now on; `register` calls it."""
        if name and name != self.name:
            raise ValueError(f"name={short(name)}: must be the measure's own, {self.name!r}")
        check_measured(self.name)
        if self.name in BUILT_IN:
            raise ValueError(f"name={self.name!r}: is that of a measure that is built in")
        if not callable(self.of):
            raise ValueError(f"of={short(self.of)}: must be a function of a Round and its Run")
        if not isinstance(self.label, str) or len(self.label) > 40:
            raise ValueError(f"label={short(self.label)}: must be a text of up to 40 letters")
        if self.unit not in UNITS:
            raise ValueError(f"unit={short(self.unit)}: must be one of {list(UNITS)}")
        OWN[self.name] = self


def class_accuracy(*classes: str | int, name: str = "", label: str = "") -> Measure:
    """The global model's accuracy on the test examples of some classes, as a measure.

    classes: their names, as in `Federation.classes`
    name:    by default "accuracy_on_" and the classes

    NaN in a run whose data have none of them; ValueError where they have some, and not the others.

    >>> class_accuracy(7, 9).name, class_accuracy(7, 9).called
    ('accuracy_on_7_9', 'accuracy on 7, 9')
    """
    wanted = tuple(dict.fromkeys(str(one) for one in classes))
    if not wanted:
        raise ValueError("classes=(): must name at least one class")
    words = re.sub("[^a-z0-9]+", "_", " ".join(wanted).lower()).strip("_")

    def of(done: Round, run: Any) -> float:
        known = run.federation.classes
        missing = [one for one in wanted if one not in known]
        if len(missing) == len(wanted) or not len(done.class_accuracy):
            return math.nan
        if missing:
            raise ValueError(f"class {short(missing[0])}: must be one of {list(known)}")
        places = [known.index(one) for one in wanted]
        return accuracy_on(done.class_accuracy[places], run.evaluate.counts[places])

    default = f"accuracy on {', '.join(wanted)}"[:40]
    return Measure(name or f"accuracy_on_{words}"[:40], of, label or default, "part")


def accuracy_on(recall: Any, counts: Any) -> float:
    """The accuracy on several classes together, of that on each and their numbers of examples.

    >>> accuracy_on(np.array([1.0, 0.5, np.nan]), np.array([10, 30, 0]))
    0.625
    """
    there = counts > 0
    total = int(counts[there].sum())
    return float(recall[there] @ counts[there] / total) if total else math.nan


def _mean(lengths: Any) -> float:
    """Of (K,) lengths, 0 of none."""
    several = lengths.tolist()
    return float(sum(several)) / max(1, len(several))


# In the order of their columns.
BUILT_IN: dict[str, Measure] = {
    measure.name: measure
    for measure in (
        Measure("accuracy", lambda r, _: r.accuracy, "global model", "part"),
        Measure("loss", lambda r, _: r.loss, "global model's loss", "nats"),
        Measure("cohort_size", lambda r, _: len(r.cohort), "clients that took part"),
        Measure("epsilon", lambda r, _: r.epsilon, "ε of differential privacy", "epsilon", True),
        Measure("bytes_up", lambda r, _: r.bytes_up, "sent by clients", "bytes", True),
        Measure("bytes_down", lambda r, _: r.bytes_down, "sent by the server", "bytes", True),
        Measure("messages_up", lambda r, _: r.messages_up, "messages of clients", "", True),
        Measure("messages_down", lambda r, _: r.messages_down, "messages to clients", "", True),
        Measure("update_norm", lambda r, _: _mean(r.update_norm), "length of an update"),
        Measure("message_norm", lambda r, _: _mean(r.message_norm), "length of a message"),
        Measure("step_norm", lambda r, _: r.step_norm, "length of the server's step"),
        Measure("ignored", lambda r, _: r.ignored, "messages that were not finite"),
    )
}
OWN: dict[str, Measure] = {}  # what somebody has registered


def measure_of(name: str) -> Measure:
    """How something measured or told is called; what a stage tells has only its name.

    >>> measure_of("bytes_up").called, measure_of("late_clients").called
    ('sent by clients', 'late clients')
    """
    found = BUILT_IN.get(name) or OWN.get(name)
    return found if found is not None else Measure(name, lambda r, _: r.told.get(name, math.nan))


def check_measured(name: object) -> None:
    """ValueError where this can't be the name of something that is told or measured."""
    text = check_told_name(name)
    if text in BUILT_IN or text == "round" or text.startswith(("client_", "class_")):
        raise ValueError(f"{text!r} is a column that every history has")


def measured(measures: tuple[Measure, ...], done: Round, run: Any) -> dict[str, float]:
    """What own measures make of a round. ValueError, naming the measure, for what is no number."""
    found: dict[str, float] = {}
    for measure in measures:
        try:
            value = measure.of(done, run)
        except Exception as error:  # somebody's own function, which may raise anything
            raise ValueError(f"measure {measure.name}: {type(error).__name__}: {error}") from error
        if not isinstance(value, Real | np.number) or isinstance(value, complex):
            raise ValueError(f"measure {measure.name}: {short(value)}: must be a number")
        found[measure.name] = float(value) if math.isfinite(value) else math.nan
    return found
