"""Statistics of two methods over a few seeds: what differs, and what could be chance."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import NamedTuple

import numpy as np

from fedplay.stages.base import Array

RARE = 1 / 16  # the chance of five coins that all fall on one side: what we call a difference


class Reached(NamedTuple):
    """The round in which a method first reached an accuracy, over seeds."""

    median: float  # round, over all seeds; inf where half of them never had it
    times: int  # in how many seeds it had it at all
    seeds: int

    def words(self) -> str:
        """
        >>> Reached(12.0, 5, 5).words(), Reached(math.inf, 1, 5).words()
        ('12 (5 of 5)', '– (1 of 5)')
        """
        median = f"{self.median:g}" if math.isfinite(self.median) else "–"
        return f"{median} ({self.times} of {self.seeds})" if self.seeds else "…"


class End(NamedTuple):
    """Accuracies after the last round, over seeds. NaN where a seed's model is not finite."""

    mean: float
    low: float
    high: float
    seeds: int

    def words(self) -> str:
        """
        >>> End(0.9124, 0.9, 0.93, 5).words()
        '0.912 (0.900–0.930)'
        """
        if not self.seeds:
            return "…"
        if not math.isfinite(self.mean):
            return "–"
        if self.seeds == 1:
            return f"{self.mean:.3f}"
        return f"{self.mean:.3f} ({self.low:.3f}–{self.high:.3f})"


class Difference(NamedTuple):
    """How much higher one method ends than another, seed by seed.

    A model that is not finite lies below any that is, and has no part in the mean.
    """

    mean: float
    above: int  # in so many seeds
    below: int
    seeds: int

    @property
    def chance(self) -> float:
        """Probability that chance alone gives so one-sided a result (a two-sided sign test)."""
        n, most = self.above + self.below, max(self.above, self.below)
        tail = sum(math.comb(n, k) for k in range(most, n + 1)) / 2**n
        return min(2 * tail, 1.0)

    @property
    def clear(self) -> bool:
        """Whether chance would rarely give such a difference."""
        return self.chance <= RARE

    @property
    def side(self) -> str:
        """On which side it lies more often, or else in the mean."""
        towards = self.above - self.below or self.mean
        return "below" if towards < 0 else "above"

    @property
    def much(self) -> str:
        """By how much it lies on that side; nothing where the mean lies on the other."""
        towards = self.mean > 0 if self.side == "above" else self.mean < 0
        return f"{abs(self.mean):.3f} " if towards and math.isfinite(self.mean) else ""

    def words(self) -> str:
        """
        >>> Difference(0.0331, 5, 0, 5).words(), Difference(-0.01, 2, 3, 5).words()
        ('+0.033, above in 5 of 5', '−0.010, below in 3 of 5')
        """
        if not self.seeds:
            return "…"
        if not self.above and not self.below:
            return "the same"
        mean = f"{signed(self.mean)}, " if math.isfinite(self.mean) else ""
        return f"{mean}{self.side} in {max(self.above, self.below)} of {self.seeds}"

    def brief(self) -> str:
        """
        >>> Difference(0.0331, 5, 0, 5).brief(), Difference(-0.01, 2, 3, 5).brief()
        ('+0.033 (5 of 5)', '−0.010 (3 of 5)')
        """
        return self.words().replace(f", {self.side} in ", " (") + ")" if self.much else self.words()

    def sentence(self, name: str, reference: str) -> str:
        """
        >>> Difference(0.0331, 5, 0, 5).sentence("SCAFFOLD", "FedAvg")
        'SCAFFOLD ends 0.033 above FedAvg (above in 5 of 5 seeds).'
        >>> Difference(0.004, 3, 2, 5).sentence("FedProx", "FedAvg")
        'FedProx and FedAvg: no difference beyond the seeds (+0.004, above in 3 of 5).'
        """
        if not self.seeds:
            return f"{name} and {reference} have no seed in common yet."
        if not self.above and not self.below:
            return f"{name} and {reference} end the same in every seed."
        if not self.clear:
            few = self.seeds < -math.log2(RARE) + 1
            why = "; so few seeds cannot tell" if few else ""
            return f"{name} and {reference}: no difference beyond the seeds ({self.words()}{why})."
        where = f"{self.side} in {max(self.above, self.below)} of {self.seeds} seeds"
        return f"{name} ends {self.much}{self.side} {reference} ({where})."


ALIKE = 0.003  # of accuracy: curves that are nowhere farther apart look like one


def coinciding(means: Mapping[str, Array]) -> list[list[str]]:
    """Methods whose curves (n,) lie on each other, so that one hides the others: two or more each.

    >>> a, b = np.array([0.1, 0.5]), np.array([0.1, 0.7])
    >>> coinciding({"FedAvg": a, "FedAdam": b, "FedProx": a + 0.001})
    [['FedAvg', 'FedProx']]
    """
    groups: list[list[str]] = []
    for name, mean in means.items():
        for group in groups:
            first = means[group[0]]
            if first.shape == mean.shape and np.all(np.abs(first - mean) <= ALIKE):
                group.append(name)
                break
        else:
            groups.append([name])
    return [group for group in groups if len(group) > 1]


def signed(number: float) -> str:
    """A difference of accuracies, with its sign."""
    return f"{number:+.3f}".replace("-", "−")


def reached(accuracy: Array, target: float) -> Reached:
    """From (S, R + 1) accuracies."""
    first = first_at(accuracy, target)
    median = float(np.median(first)) if len(first) else math.inf
    return Reached(median, int(np.isfinite(first).sum()), len(first))


def end_of(ends: Array) -> End:
    """From (S,) accuracies: of all seeds, or of none where one of them is not finite."""
    if not len(ends):
        return End(math.nan, math.nan, math.nan, 0)
    return End(float(ends.mean()), float(ends.min()), float(ends.max()), len(ends))


def first_at(accuracy: Array, target: float) -> Array:
    """(S,) from (S, R + 1): the first round with an accuracy; inf where there is none."""
    there = accuracy >= target
    return np.where(there.any(axis=1), there.argmax(axis=1).astype(float), np.inf)


def sooner(ours: Array, theirs: Array) -> Difference:
    """From (S,) first rounds each, of the same seeds: by how many rounds ours come sooner."""
    both = np.isfinite(ours) & np.isfinite(theirs)
    mean = float((theirs[both] - ours[both]).mean()) if both.any() else math.nan
    return Difference(mean, int((ours < theirs).sum()), int((ours > theirs).sum()), len(ours))


def difference(ours: Array, theirs: Array) -> Difference:
    """From (S,) accuracies each, of the same seeds."""
    a, b = (np.where(np.isfinite(ends), ends, -1.0) for ends in (ours, theirs))
    finite = np.isfinite(ours) & np.isfinite(theirs)
    both = ours[finite] - theirs[finite]
    mean = float(both.mean()) if len(both) else math.nan
    return Difference(mean, int((a > b).sum()), int((a < b).sum()), len(ours))
