"""The parts of the drift view's picture: panels with a scale, and what goes on each of them."""

from __future__ import annotations

from typing import Any

import numpy as np

from fedplay.drawing.geometry import Array, Box

GAP = 12  # css pixels between words
EDGE = 14  # css pixels that stay free around what a panel shows
FAR = 4.0  # times the extent of what matters: a run that diverges is not followed further
TIDY = (1.0, 1.5, 2.0, 3.0, 4.0, 5.0, 6.0, 8.0)  # magnifications, times a power of ten


class Panel:
    """A rectangle (css pixels of the view) and the part of the plane that it shows."""

    def __init__(self, box: Box, *, equal: bool = True) -> None:
        self.box, self.equal = box, equal
        self.low, self.high = np.zeros(2), np.ones(2)  # of what has to be seen
        self.scale, self.middle = np.ones(2), np.zeros(2)  # css pixels a unit, and what is central

    def fit(self, points: Array, *, grow: bool = False) -> None:
        """Let all of the points be seen; with `grow` what was seen before stays to be seen.

        A picture that holds them is left alone then: nothing moves under a hand that drags.
        """
        points = points[np.isfinite(points).all(axis=1)]
        if not len(points):
            return
        low, high = points.min(axis=0), points.max(axis=0)
        if grow:
            if (low >= self.low).all() and (high <= self.high).all():
                return
            low, high = np.minimum(low, self.low), np.maximum(high, self.high)
        self.low, self.high = low, high
        span = np.maximum(high - low, 1e-9 + 1e-9 * np.abs(high))
        room = np.array([self.box.width - 2 * EDGE, self.box.height - 2 * EDGE])
        scale = room / span
        self.scale = np.full(2, scale.min()) if self.equal else scale
        self.middle = (low + high) / 2

    def look(self, points: Array, widest: float) -> float:
        """Look at these points, magnified against a scale by a tidy number, which is returned."""
        points = points[np.isfinite(points).all(axis=1)]
        if not len(points):
            return 1.0
        low, high = points.min(axis=0), points.max(axis=0)
        room = np.array([self.box.width - 2 * EDGE, self.box.height - 2 * EDGE])
        most = float((room / np.maximum(high - low, 1e-12)).min()) / widest
        times = magnification(most)
        self.scale, self.middle = np.full(2, widest * times), (low + high) / 2
        return times

    @property
    def centre(self) -> Array:
        box = self.box
        return np.array([box.left + box.width / 2, box.top + box.height / 2])

    def place(self, points: Array) -> Array:
        """Positions (…, 2) as css pixels; NaN where they are outside of the panel."""
        with np.errstate(invalid="ignore", over="ignore"):
            placed = self.centre + (points - self.middle) * self.scale * (1, -1)
            away = np.abs(placed - self.centre) > (self.box.width / 2 - 2, self.box.height / 2 - 2)
        placed[away.any(axis=-1)] = np.nan
        found: Array = placed
        return found

    def point(self, x: float, y: float) -> Array:
        """(2,) what is at css pixels of the view."""
        found: Array = self.middle + (np.array([x, y]) - self.centre) * (1, -1) / self.scale
        return found

    def outline(self, other: Panel) -> Array:
        """(5, 2) css pixels of what another panel of the same plane shows, inside of this one."""
        half = np.array([other.box.width, other.box.height]) / 2 / other.scale
        corners = other.middle + half * [(-1, -1), (1, -1), (1, 1), (-1, 1), (-1, -1)]
        room = np.array([self.box.width, self.box.height]) / 2 - 1
        placed = self.centre + (corners - self.middle) * self.scale * (1, -1)
        found: Array = np.clip(placed, self.centre - room, self.centre + room)
        return found

    def frame(self) -> list[Array]:
        """Its outline."""
        left, top, wide, tall = self.box
        right, low = left + wide, top + tall
        corners = [(left, top), (right, top), (right, low), (left, low), (left, top)]
        return [np.array(corners, float)]


def magnification(most: float) -> float:
    """The largest tidy number that is at most so much, and at least 1.

    >>> [magnification(most) for most in (0.4, 1.7, 9.0, 64.0)]
    [1.0, 1.5, 8.0, 60.0]
    """
    if not 1 <= most < 1e9:
        return 1.0
    ten = 10.0 ** np.floor(np.log10(most))
    return float(max(m for m in TIDY if m * ten <= most * (1 + 1e-9)) * ten)


def near(points: Array, important: Array) -> Array:
    """Those of the points that are not far out of reach of the important ones."""
    points = points[np.isfinite(points).all(axis=1)]
    core = important[np.isfinite(important).all(axis=1)]
    if not len(core):
        return points
    middle = (core.min(axis=0) + core.max(axis=0)) / 2
    radius = max(float(np.abs(core - middle).max()), 1e-6)
    kept: Array = points[(np.abs(points - middle) <= FAR * radius).all(axis=1)]
    return kept


def diamond(where: Array, radius: float) -> list[Array]:
    """The outlines of diamonds at (n, 2)."""
    shape = radius * np.array([(0, -1), (1, 0), (0, 1), (-1, 0), (0, -1)], float)
    return [point + shape for point in where]


def cross(where: Array, radius: float) -> list[Any]:
    """Two strokes at a point (2,)."""
    a = radius * np.array([(-1, -1), (1, 1)], float)
    return [where + a, where + a * (1, -1)]


def beside(wanted: list[float], sizes: list[float], low: float, high: float) -> list[float]:
    """Where words of these widths begin, centred near the wanted places and none over another.

    >>> beside([50, 52], [20, 20], 0, 100)
    [40.0, 72.0]
    """
    feet: list[float] = []
    for place, size in zip(wanted, sizes, strict=True):
        foot = min(max(place - size / 2, low), high - size - 6)
        feet.append(max(foot, feet[-1] + sizes[len(feet) - 1] + GAP) if feet else foot)
    for i in reversed(range(len(feet))):  # what was pushed out at the right is pushed back
        end = feet[i + 1] - GAP if i + 1 < len(feet) else high - 6
        feet[i] = min(feet[i], end - sizes[i])
    return feet
