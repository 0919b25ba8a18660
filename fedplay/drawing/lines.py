"""Where curves end, and how far they are from a point."""

from __future__ import annotations

import numpy as np

from fedplay.drawing.geometry import Array


def last(x: Array, y: Array) -> tuple[float, float]:
    """The last point of a curve; NaN where there is none."""
    good = np.flatnonzero(np.isfinite(y) & np.isfinite(x))
    return (float(x[good[-1]]), float(y[good[-1]])) if len(good) else (0.0, float("nan"))


def distances(point: tuple[float, float], x: Array, ys: Array, reach: float) -> Array:
    """(N,) how far a point is from each of N curves ys (N, n) over x (n,) that never decreases.

    Only the parts within `reach` sideways are looked at; inf where there are none.
    """
    a, b = point
    near = np.full(len(ys), np.inf)
    if len(x) == 1:
        x, ys = np.repeat(x, 2), np.repeat(ys, 2, axis=1)
    keep = np.flatnonzero((x[1:] >= a - reach) & (x[:-1] <= a + reach))
    if not len(keep):
        return near
    start = np.stack(np.broadcast_arrays(x[keep], ys[:, keep]), axis=-1)
    step = np.stack(np.broadcast_arrays(x[keep + 1], ys[:, keep + 1]), axis=-1) - start
    to = np.array([a, b]) - start
    length = (step**2).sum(axis=-1)
    part = np.clip((to * step).sum(axis=-1) / np.where(length > 0, length, 1), 0, 1)
    away = np.sqrt(((to - part[..., None] * step) ** 2).sum(axis=-1))
    return np.asarray(np.where(np.isfinite(away), away, np.inf).min(axis=1))


def lowest(x: Array, clients: Array) -> tuple[float, float]:
    """The end of the lowest curve of a client; NaN where there is none."""
    rows = np.flatnonzero(np.isfinite(clients).any(axis=1))
    if not len(rows):
        return 0.0, float("nan")
    return float(x[rows[-1]]), float(np.nanmin(clients[rows[-1]]))
