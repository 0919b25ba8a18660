"""`SweepJob`: every value of one knob, everything else as it is."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from fedplay.experiment import Experiment
from fedplay.runs.cache import Cache
from fedplay.runs.given import Given
from fedplay.runs.job import Runs
from fedplay.runs.recording import Recording
from fedplay.views.sweep.shown import Fan

MOST = 9  # values of a sweep
MIXED = (
    "With some values clients count alike, with others by their examples: set Weights to one of "
    "these to compare them."
)


class SweepJob(Runs):
    """The runs of a sweep, computed a round at a time.

    `values` and how each is `shown`; `check` raises ValueError for an experiment that must not run.
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
        self._refused: list[str] = []
        for value, word in zip(values, shown, strict=True):
            try:
                exp = base.replace(**{name: value})
                check(exp)
            except ValueError as error:
                self._refused.append(str(error))
                continue
            self.values.append(value)
            self.shown.append(word)
            self.recordings.append(Recording(exp, federation))
        if name != "weights" and len({rec.exp.weighting for rec in self.recordings}) > 1:
            self.help = f"{help} {MIXED}"

    @property
    def complete(self) -> bool:
        return not self.busy

    @property
    def refused(self) -> list[str]:
        """Why there is nothing for some of the values."""
        broken = zip(self.shown, self.recordings, strict=True)
        return [*self._refused, *(f"{word}: {rec.broken}" for word, rec in broken if rec.broken)]

    def follow(self, exp: Experiment) -> bool:
        """Whether this is still the sweep of an experiment (which may have another value)."""
        try:
            return exp.replace(**{self.name: getattr(self.base, self.name)}) == self.base
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
            score=next((rec.score for rec in self.recordings), "accuracy"),
            lit=lit,
        )
