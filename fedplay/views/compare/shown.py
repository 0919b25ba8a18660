"""`ComparisonShown`: the methods of a comparison, and how far the runs of each are known."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

from fedplay.drawing.geometry import Array
from fedplay.methods import METHODS
from fedplay.studies.comparison import Comparison
from fedplay.studies.statistics import Reached, coinciding, reached
from fedplay.views.scene import Scene

if TYPE_CHECKING:
    from fedplay.drawing.style import Look


@dataclass(frozen=True, eq=False)
class ComparisonShown:
    """A comparison as it is seen. A new one is made whenever anything about it changes."""

    comparison: Comparison  # of the experiment in force, as far as it is computed
    current: str | None = None  # the method whose run is shown above
    old: Comparison | None = None  # the one before, shown until the new one has something
    refused: tuple[tuple[str, str], ...] = ()  # methods that cannot be run here, and why
    lit: str | None = None  # the method that the pointer is at

    @property
    def names(self) -> list[str]:
        """Every method, as they were chosen; the ones that are refused last."""
        return [*self.comparison.curves, *(name for name, _ in self.refused)]

    @property
    def runs(self) -> tuple[int, int]:
        """How many runs are there, and how many there will be."""
        done = sum(map(len, self.comparison.curves.values()))
        return done, self.comparison.seeds * len(self.comparison.curves)

    def source(self, name: str) -> Comparison | None:
        """The comparison from which a method is drawn: the new one once it has a run of it."""
        for found in (self.comparison, self.old):
            if found is not None and found.curves.get(name):
                return found
        return None

    def stale(self, name: str) -> bool:
        """Whether what is drawn of a method belongs to another experiment."""
        return self.source(name) is not self.comparison

    @cached_property
    def drawn(self) -> dict[str, Array]:
        """Of every method with a run, (S, R + 1) accuracies."""
        found = {}
        for name in self.comparison.curves:
            source = self.source(name)
            if source is not None:
                found[name] = source.accuracy[name]
        return found

    @cached_property
    def reached(self) -> dict[str, Reached]:
        """Of every method with a run, when it came to the target."""
        target = self.comparison.target
        return {name: reached(rows, target) for name, rows in self.drawn.items()}

    @cached_property
    def means(self) -> dict[str, Array]:
        """Of every method with a run, (R + 1,) the mean accuracy over its seeds."""
        return {name: rows.mean(axis=0) for name, rows in self.drawn.items()}

    @cached_property
    def coinciding(self) -> list[list[str]]:
        """Methods whose curves lie on each other; one that is put in force comes first."""
        first = sorted(self.means, key=lambda name: name != self.current)
        return coinciding({name: self.means[name] for name in first})

    @cached_property
    def ranked(self) -> list[str]:
        """Every method, the one that ends highest first; then those of which nothing is known."""
        ends = {name: float(rows[:, -1].mean()) for name, rows in self.drawn.items()}
        finite = {name: end if np.isfinite(end) else -1.0 for name, end in ends.items()}
        return sorted(self.names, key=lambda name: -finite.get(name, -2.0))

    def why(self, name: str) -> str:
        """Why a method cannot be run, or ""."""
        return dict(self.refused).get(name, "")


def comparison_of(scene: Scene) -> ComparisonShown | None:
    """The comparison that a scene has and may show, if any."""
    found = scene.closeup
    return found if isinstance(found, ComparisonShown) and not scene.veiled else None


def colour_of(name: str, look: Look) -> str:
    """The colour of a method; ink for a user's own algorithm."""
    return dict(zip(METHODS, look.methods, strict=True)).get(name, look.ink)
