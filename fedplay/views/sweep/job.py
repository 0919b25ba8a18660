"""`Sweeping`: every value of one knob, everything else as it is."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from fedplay.experiment import Experiment
from fedplay.runs.cache import Cache
from fedplay.runs.given import Given
from fedplay.runs.recording import Recording
from fedplay.views.sweep.shown import Fan

MOST = 9  # values of a sweep
MIXED = (
    "With some values clients count alike, with others by their examples: set Weights to one of "
    "these to compare them."
)


class Sweeping:
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
    ) -> None:
        self.base, self.name, self.label, self.help = base, name, label, help
        self.federation = federation
        self.values: list[Any] = []
        self.shown: list[str] = []
        self.recordings: list[Recording] = []
        self._refused: list[str] = []
        self.lit: int | None = None
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
        return all(rec.complete or rec.broken for rec in self.recordings)

    @property
    def refused(self) -> list[str]:
        """Why there is nothing for some of the values."""
        broken = zip(self.shown, self.recordings, strict=True)
        return [*self._refused, *(f"{word}: {rec.broken}" for word, rec in broken if rec.broken)]

    def advance(self, cache: Cache[Recording]) -> bool:
        """Compute one round more; whether there was one. Runs that are known are taken over."""
        for place, rec in enumerate(self.recordings):
            if rec.complete or rec.broken:
                continue
            known = cache.get(rec.key) if rec.n == 0 else None
            if known is not None:
                self.recordings[place] = known
                return True
            try:
                rec.advance()
            except Exception as error:  # an algorithm that somebody is just writing, perhaps
                rec.broken = str(error) or type(error).__name__
                return True
            if rec.complete:
                rec.rest()
                cache.put(rec.key, rec)
            return True
        return False

    def follow(self, exp: Experiment) -> bool:
        """Whether this is still the sweep of an experiment (which may have another value)."""
        try:
            return exp.replace(**{self.name: getattr(self.base, self.name)}) == self.base
        except ValueError:
            return False

    def fan(self, exp: Experiment) -> Fan:
        """What there is to be seen of it."""
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
            lit=self.lit,
        )
