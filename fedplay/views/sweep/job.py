"""`SweepJob`: every value of one knob, everything else as it is."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from fedplay.experiment import Experiment
from fedplay.registry import SLOTS
from fedplay.runs.cache import Cache
from fedplay.runs.given import Given
from fedplay.runs.job import Runs
from fedplay.runs.recording import Recording
from fedplay.views.sweep.shown import Fan, NotRun

MIXED = (
    "With some values clients count alike, with others by their examples: set Weights to one of "
    "these to compare them."
)


class SweepJob(Runs):
    """The runs of a sweep, computed a round at a time.

    `values` and how each is `shown`; `check` raises ValueError for an experiment that must not run.
    A choice that cannot be run as things are, and declares what it `brings`, is run with that.
    """

    def __init__(
        self,
        base: Experiment,
        name: str,
        label: str,
        help: str,
        values: Sequence[Any],
        shown: Sequence[str],
        *,
        federation: Given = None,
        check: Callable[[Experiment], None],
        cache: Cache[Recording] | None = None,
    ) -> None:
        super().__init__(cache=cache)
        self.base, self.name, self.label, self.help = base, name, label, help
        self.federation = federation
        self.values: list[Any] = []
        self.shown: list[str] = []
        self.brought: list[dict[str, Any]] = []  # what each value brings along
        self._refused: list[tuple[str, str]] = []
        score = base.stage("model").score
        for value, word in zip(values, shown, strict=True):
            try:
                exp, along = brought_along(base, name, value)
                check(exp)
            except ValueError as error:
                self._refused.append((word, str(error)))
                continue
            if (other := exp.stage("model").score) != score:
                self._refused.append((word, f"it has a {other}, which is no {score}"))
                continue
            self.values.append(value)
            self.shown.append(word)
            self.brought.append(along)
            self.recordings.append(Recording(exp, federation))
        if name != "weights" and len({rec.exp.weighting for rec in self.recordings}) > 1:
            self.help = f"{help} {MIXED}"

    @property
    def complete(self) -> bool:
        return not self.busy

    @property
    def refused(self) -> list[NotRun]:
        """Which values there is nothing for, and why: one a reason."""
        each = zip(self.shown, self.recordings, strict=True)
        broken = [(word, rec.broken) for word, rec in each if rec.broken]
        found: dict[str, list[str]] = {}
        for word, reason in (*self._refused, *broken):
            told = reason.partition(": ")[2] if reason.startswith(f"{self.name}=") else reason
            found.setdefault(told, []).append(word)
        return [NotRun(tuple(words), reason) for reason, words in found.items()]

    def follow(self, exp: Experiment) -> bool:
        """Whether this is still the sweep of an experiment (which may have another value)."""
        value = getattr(exp, self.name)
        along = self.brought[self.values.index(value)] if value in self.values else {}
        back = {name: getattr(self.base, name) for name in (self.name, *along)}
        try:
            return exp.replace(**back) == self.base
        except ValueError:
            return False

    def fan(self, exp: Experiment, lit: int | None = None) -> Fan:
        """What there is to be seen of it; `lit` is the value that stands out, if any."""
        value = getattr(exp, self.name)
        nobody = np.empty(0)
        return Fan(
            knob=self.name,
            label=self.label,
            help=self.help,
            values=tuple(self.shown),
            current=self.values.index(value) if value in self.values else -1,
            accuracy=tuple(rec.accuracy[: rec.n] for rec in self.recordings),
            clients=tuple(rec.clients[rec.n - 1] if rec.n else nobody for rec in self.recordings),
            rounds=tuple(rec.R for rec in self.recordings),
            refused=tuple(self.refused),
            brought=tuple(", ".join(f"{k} {v}" for k, v in one.items()) for one in self.brought),
            score=next((rec.score for rec in self.recordings), "accuracy"),
            lit=lit,
        )


def brought_along(base: Experiment, name: str, value: Any) -> tuple[Experiment, dict[str, Any]]:
    """An experiment with one value in force, and what else had to be chosen for it, if anything.

    ValueError where that is not enough.
    """
    try:
        return base.replace(**{name: value}), {}
    except ValueError:
        cls = SLOTS.get(name, {}).get(value) if isinstance(value, str) else type(value)
        along = dict(getattr(cls, "brings", {}))
        if not along:
            raise
        return base.replace(**{name: value}, **along), along
