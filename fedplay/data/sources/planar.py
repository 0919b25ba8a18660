"""Points of the plane, drawn anew for every data seed: a decision boundary can be looked at.

They are those of scikit-learn's generators, number for number, from the same old `RandomState`,
whose streams numpy will never change (NEP 19). To import scikit-learn for four lines would take a
page a second and 120 MB.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from fedplay.data.base import Floats, Ints, Source, Table
from fedplay.knobs import knob, shared
from fedplay.streams import Purpose, Streams

FEATURES = ("x₁", "x₂")


@dataclass(frozen=True)
class Moons(Source):
    """Two interleaved half circles, as `sklearn.datasets.make_moons` draws them."""

    title = "Two moons"
    about = "Two interleaved half circles in the plane; a straight boundary cannot separate them."
    source = "Pedregosa et al. 2011, JMLR"

    examples: int = knob(
        600,
        100,
        20_000,
        label="Examples",
        scale="log",
        also=("n", "points", "sample size"),
        help="Number of points; a fifth of them becomes the global test set.",
    )
    spread: float = knob(
        0.15,
        0.0,
        1.0,
        label="Spread",
        also=("overlap", "standard deviation"),
        help="Standard deviation of the noise on each point, in units of the circle's radius.",
    )

    def load(self, seed: int) -> Table:
        first, second = _halves(self.examples)
        upper, lower = np.linspace(0, np.pi, first), np.linspace(0, np.pi, second)
        x = np.append(np.cos(upper), 1 - np.cos(lower))
        y = np.append(np.sin(upper), 1 - np.sin(lower) - 0.5)
        X, y = _spread_out(x, y, first, self.spread, seed)
        return Table("moons", X, y, ("upper moon", "lower moon"), features=FEATURES)

    def shape(self) -> tuple[int, int, int]:
        return self.examples, 2, 2


@dataclass(frozen=True)
class Circles(Source):
    """A circle of half the radius inside another, as `sklearn.datasets.make_circles` draws them."""

    title = "Two circles"
    about = (
        "A circle inside another, in the plane; a model without a hidden layer can do no "
        "better than guess."
    )
    source = "Pedregosa et al. 2011, JMLR"

    examples: int = shared(Moons, "examples")
    spread: float = shared(Moons, "spread")

    def load(self, seed: int) -> Table:
        first, second = _halves(self.examples)
        outer = np.linspace(0, 2 * np.pi, first, endpoint=False)
        inner = np.linspace(0, 2 * np.pi, second, endpoint=False)
        x = np.append(np.cos(outer), np.cos(inner) * 0.5)
        y = np.append(np.sin(outer), np.sin(inner) * 0.5)
        X, y = _spread_out(x, y, first, self.spread, seed)
        return Table("circles", X, y, ("outer circle", "inner circle"), features=FEATURES)

    def shape(self) -> tuple[int, int, int]:
        return self.examples, 2, 2


@dataclass(frozen=True)
class Blobs(Source):
    """Round clouds with their centres evenly on the unit circle (`sklearn.datasets.make_blobs`)."""

    title = "Blobs"
    about = (
        "Round clouds of points in the plane, one for each class; straight boundaries "
        "separate them."
    )
    source = "Pedregosa et al. 2011, JMLR"

    examples: int = shared(Moons, "examples")
    spread: float = shared(Moons, "spread")
    centers: int = knob(
        4,
        2,
        10,
        label="Blobs",
        also=("classes", "clusters", "clouds"),
        help="Number of point clouds, one for each class.",
    )

    def load(self, seed: int) -> Table:
        angle = 2 * np.pi * np.arange(self.centers) / self.centers
        centers = np.column_stack([np.cos(angle), np.sin(angle)])
        sizes = [len(part) for part in np.array_split(np.arange(self.examples), self.centers)]
        state = _state(seed)
        clouds = [
            state.normal(center, self.spread, (size, 2))
            for center, size in zip(centers, sizes, strict=True)
        ]
        order = _shuffled(self.examples, state)
        X = np.concatenate(clouds)[order]
        y = np.repeat(np.arange(self.centers), sizes)[order]
        classes = tuple(f"blob {c + 1}" for c in range(self.centers))
        return Table("blobs", X, y, classes, features=FEATURES)

    def shape(self) -> tuple[int, int, int]:
        return self.examples, 2, self.centers


def _halves(n: int) -> tuple[int, int]:
    return n // 2, n - n // 2


def _spread_out(x: Floats, y: Floats, first: int, spread: float, seed: int) -> tuple[Floats, Ints]:
    """Points at (x, y), `first` of which are of class 0, shuffled and then moved at random."""
    state = _state(seed)
    order = _shuffled(len(x), state)
    X = np.vstack([x, y]).T[order]
    X += state.normal(scale=spread, size=X.shape)
    return X, np.repeat([0, 1], [first, len(x) - first])[order]


def _shuffled(n: int, state: np.random.RandomState) -> Ints:
    order = np.arange(n)
    state.shuffle(order)
    return order


def _state(seed: int) -> np.random.RandomState:
    """The generator that scikit-learn makes of a seed, which has 32 bits."""
    return np.random.RandomState(int(Streams(seed).at(Purpose.SOURCE).integers(2**32)))
