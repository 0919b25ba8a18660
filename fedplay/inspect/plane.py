"""The plane of two features, and a model's prediction at every point of it."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from contourpy import contour_generator

from fedplay.data import Federation
from fedplay.engine.loop import Run
from fedplay.models import likeliest
from fedplay.stages.base import Array

SIDE = 72  # cells of the plane a side, plus one ring outside
ASPECT = 1.4  # width to height of the part of the plane that is shown
MARGIN = 0.07  # around the data, a part of their extent


class Limits(NamedTuple):
    """The part of the plane that is shown."""

    left: float
    right: float
    low: float
    high: float


class Say(NamedTuple):
    """A model's predictions at points: the class, and its probability."""

    label: Array  # (n,), -1 where the model says nothing
    sure: Array  # (n,)

    @property
    def whole(self) -> bool:
        """Whether there is a prediction at every point."""
        return int(self.label.min(initial=0)) >= 0


class Regions(NamedTuple):
    """A model's predictions on a lattice of the plane, cell by cell from the lower left."""

    label: Array  # (SIDE, SIDE)
    sure: Array  # (SIDE, SIDE)
    borders: list[Array]  # lines (·, 2) on which two classes are equally probable


def limits_of(fed: Federation) -> Limits:
    """The extent of the clients' points with a margin, the same in every round.

    Both features get one scale, unless their ranges show that they have different units: the plane
    is then shown further than the data go.
    """
    low, high = fed.X.min(axis=0), fed.X.max(axis=0)
    wide, tall = np.maximum((high - low) * (1 + 2 * MARGIN), 1e-9)
    if 1 / 6 < wide / tall < 6:
        wide, tall = max(wide, ASPECT * tall), max(tall, wide / ASPECT)
    x, y = (low + high) / 2
    return Limits(*(float(v) for v in (x - wide / 2, x + wide / 2, y - tall / 2, y + tall / 2)))


def axes_of(limits: Limits) -> tuple[Array, Array]:
    """The lattice's coordinates, SIDE + 2 of each feature: the middles of cells."""
    part = (np.arange(-1, SIDE + 1) + 0.5) / SIDE
    left, right, low, high = limits
    return left + part * (right - left), low + part * (high - low)


def lattice(limits: Limits) -> Array:
    """((SIDE + 2)², 2) points of the plane, row by row from the lowest."""
    x, y = axes_of(limits)
    return np.stack(np.meshgrid(x, y), axis=-1).reshape(-1, 2)


def logits(run: Run, w: Array, X: Array) -> Array:
    """(n, C) of the model w (P,) on X (n, 2), float64."""
    inputs = np.asfortranarray(run.network.encode(X, run.exp.dtype))
    return run.network.outputs(w, inputs).astype(np.float64)


def said(z: Array) -> Say:
    """The most probable class by logits (n, C), and its probability."""
    top = z.max(axis=1)
    return Say(likeliest(z), 1 / np.exp(z - top[:, None]).sum(axis=1))


def regions(run: Run, w: Array, limits: Limits) -> Regions | None:
    """Predictions of the model w (P,) on the plane; None unless there is one at every point."""
    z = logits(run, w, lattice(limits))
    found = said(z)
    if not found.whole:
        return None
    side, inner = (SIDE + 2, SIDE + 2), (slice(1, -1), slice(1, -1))
    label, sure = (values.reshape(side)[inner] for values in found)
    return Regions(label, sure, borders(z, limits))


def borders(z: Array, limits: Limits) -> list[Array]:
    """The lines (·, 2) on which two classes lead, by logits ((SIDE + 2)², C) of the lattice."""
    x, y = axes_of(limits)
    leading = np.unique(z.argmax(axis=1))
    if len(leading) == 2:  # one line parts them, seen from either
        leading = leading[:1]
    elif len(leading) < 2:
        return []
    lines: list[Array] = []
    for c in leading:
        lead = z[:, c] - np.delete(z, c, axis=1).max(axis=1)
        found: Any = contour_generator(x, y, lead.reshape(len(y), len(x))).lines(0.0)
        lines += found
    return lines
