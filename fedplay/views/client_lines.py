"""The curves of many clients at once: as lines, as bands, and the worst off among them."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from fedplay.drawing.geometry import Array
from fedplay.engine.evaluate import holding

SINGLE = 12  # clients that get a curve each; more of them are drawn as bands
WIDE, NARROW = (0.05, 0.95), (0.25, 0.75)  # quantiles of the bands
DECILE = 10  # clients from which on the worst decile is more than one of them


def segments(x: Array, clients: Array) -> Array:
    """(N, n, 2) the points of every client's curve: x (n,), clients (n, N)."""
    n, N = clients.shape
    out = np.empty((N, n, 2))
    out[:, :, 0] = x
    out[:, :, 1] = clients.T
    return out


class Spread(NamedTuple):
    """How the clients' curves lie: outlines of two bands, and the line through their middle."""

    wide: Array  # (2n, 2)
    narrow: Array  # (2n, 2)
    median: Array  # (n,), NaN where a client is not finite


def spread(x: Array, clients: Array) -> Spread:
    """The quantiles of many clients at each x (n,): clients (n, N)."""
    known = clients[:, holding(clients)]
    middle = np.full(len(clients), np.nan)
    if known.shape[1]:
        there = np.isfinite(known).all(axis=1)
        middle[there] = np.median(known[there], axis=1)
    return Spread(band(x, clients, *WIDE), band(x, clients, *NARROW), middle)


def standing_out(
    clients: Array, followed: int | None = None, *, lowest: bool = True
) -> dict[str, int]:
    """Which clients keep a line of their own beside the bands: "followed", "worst" and "best".

    The last two are so at the last round in which all are finite, and the first of equals. Without
    `lowest` the highest is worst: of a loss. A client that has more than one name has the first.
    """
    known = np.flatnonzero(holding(clients))
    rows = np.flatnonzero(np.isfinite(clients[:, known]).all(axis=1))
    found: dict[str, int] = {}
    if followed is not None and 0 <= followed < clients.shape[1]:
        found["followed"] = followed
    if len(known) and len(rows):
        end = clients[rows[-1], known] * (1 if lowest else -1)
        for name, place in (("worst", end.argmin()), ("best", end.argmax())):
            if int(known[place]) not in found.values():
                found[name] = int(known[place])
    return found


def band(x: Array, clients: Array, low: float, high: float) -> Array:
    """(2n, 2) the outline of a quantile band, without the rounds that are not finite."""
    known = clients[:, holding(clients)]
    rows = np.flatnonzero(np.isfinite(known).all(axis=1))
    if not known.shape[1] or not len(rows):
        return np.empty((0, 2))
    lower, upper = np.quantile(known[rows], (low, high), axis=1)
    there = np.column_stack([x[rows], upper])
    back = np.column_stack([x[rows], lower])[::-1]
    return np.concatenate([there, back])


def worst(clients: Array, *, lowest: bool = True) -> tuple[str, Array]:
    """A name for the worst clients, and their accuracy (n,): the 10th percentile, or the minimum.

    The minimum where fewer than ten clients hold something out; NaN where nobody does, and where
    the model is not finite. Without `lowest` the highest are worst off: of a loss.
    """
    if not lowest:
        words, best = worst(-clients)
        return words, -best
    known = clients[:, holding(clients)]
    if known.shape[1] >= DECILE:
        return "worst decile", np.asarray(np.quantile(known, 0.1, axis=1))
    if known.shape[1] == 0:
        return "worst client", np.full(len(clients), np.nan)
    return "worst client", np.asarray(known.min(axis=1))
