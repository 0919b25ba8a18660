"""Points of the plane, drawn anew for every data seed: a decision boundary can be looked at."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from fedplay.data.base import Source, Table
from fedplay.knobs import knob, shared
from fedplay.streams import Purpose, Streams

FEATURES = ("x₁", "x₂")


@dataclass(frozen=True)
class Moons(Source):
    """Two interleaved half circles, as `sklearn.datasets.make_moons` draws them."""

    examples: int = knob(
        600,
        100,
        20_000,
        label="Examples",
        scale="log",
        help="How many points are drawn; a fifth of them becomes the global test set.",
    )
    spread: float = knob(
        0.15,
        0.0,
        1.0,
        label="Spread",
        help="Standard deviation of a point around its place, in units of the circle's radius.",
    )

    def load(self, seed: int) -> Table:
        from sklearn.datasets import make_moons

        X, y = make_moons(self.examples, noise=self.spread, random_state=_state(seed))
        return Table("moons", X, y, ("upper moon", "lower moon"), features=FEATURES)

    def shape(self) -> tuple[int, int, int]:
        return self.examples, 2, 2


@dataclass(frozen=True)
class Circles(Source):
    """A circle of half the radius inside another, as `sklearn.datasets.make_circles` draws them."""

    examples: int = shared(Moons, "examples")
    spread: float = shared(Moons, "spread")

    def load(self, seed: int) -> Table:
        from sklearn.datasets import make_circles

        noise, state = self.spread, _state(seed)
        X, y = make_circles(self.examples, noise=noise, factor=0.5, random_state=state)
        return Table("circles", X, y, ("outer circle", "inner circle"), features=FEATURES)

    def shape(self) -> tuple[int, int, int]:
        return self.examples, 2, 2


@dataclass(frozen=True)
class Blobs(Source):
    """Round clouds with their centres evenly on the unit circle (`sklearn.datasets.make_blobs`)."""

    examples: int = shared(Moons, "examples")
    spread: float = shared(Moons, "spread")
    centers: int = knob(4, 2, 10, label="Blobs", help="How many clouds there are, each a class.")

    def load(self, seed: int) -> Table:
        from sklearn.datasets import make_blobs

        angle = 2 * np.pi * np.arange(self.centers) / self.centers
        centers = np.column_stack([np.cos(angle), np.sin(angle)])
        state = _state(seed)
        X, y = make_blobs(
            self.examples, centers=centers, cluster_std=self.spread, random_state=state
        )
        classes = tuple(f"blob {c + 1}" for c in range(self.centers))
        return Table("blobs", X, y, classes, features=FEATURES)

    def shape(self) -> tuple[int, int, int]:
        return self.examples, 2, self.centers


def _state(seed: int) -> int:
    """A seed for scikit-learn, which takes 32 bits."""
    return int(Streams(seed).at(Purpose.SOURCE).integers(2**32))
