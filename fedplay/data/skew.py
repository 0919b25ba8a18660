"""How much the clients' labels differ, measured on what they have (not on what α promised)."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from fedplay.data.base import Floats


@dataclass(frozen=True)
class Skew:
    """Two measures of label skew.

    jensen_shannon:    mean distance of a client's labels from those of all: 0 where every client
                       has the same mix, towards 1 where each has what nobody else has
    effective_classes: mean number of classes a client has, a class that it has little of counting
                       little: from 1 to C
    """

    jensen_shannon: float
    effective_classes: float


def measure(counts: ArrayLike) -> Skew:
    """Both measures. counts: (N, C) examples of each class that each client has.

    Clients without examples are left out. Raises ValueError where no client has any, or where a
    count is negative or not finite.

    >>> measure([[10, 0], [0, 10]])
    Skew(jensen_shannon=0.5579230452841438, effective_classes=1.0)
    """
    return Skew(jensen_shannon(counts), effective_classes(counts))


def jensen_shannon(counts: ArrayLike) -> float:
    """Mean over clients of the Jensen-Shannon distance of their labels to the pooled labels.

    counts: (N, C) examples of each class that each client has. The distance is the square root of
    the divergence JS(p, q) = H((p + q) / 2) - (H(p) + H(q)) / 2 in bits, so it lies from 0 to 1.
    Source: Lin 1991; a metric by Endres & Schindelin 2003.
    """
    p = _distributions(counts)
    q = _pooled(counts)
    divergence = _entropy((p + q) / 2) - (_entropy(p) + _entropy(q)) / 2
    return float(np.sqrt(np.clip(divergence / np.log(2), 0.0, 1.0)).mean())


def effective_classes(counts: ArrayLike) -> float:
    """Mean over clients of exp(H(p)), H the entropy of their labels in nats: from 1 to C.

    counts: (N, C) examples of each class that each client has.
    Source: Hill 1973, the number of order 1.
    """
    return float(np.exp(_entropy(_distributions(counts))).mean())


def _distributions(counts: ArrayLike) -> Floats:
    """(N', C) class distributions of the clients that have examples."""
    table = np.asarray(counts, dtype=np.float64)
    if table.ndim != 2 or not np.isfinite(table).all() or (table < 0).any():
        raise ValueError("counts: must be (N, C) numbers of at least 0")
    totals = table.sum(axis=1, keepdims=True)
    if not totals.any():
        raise ValueError("counts: no client has an example")
    some = totals[:, 0] > 0
    return np.asarray(table[some] / totals[some])


def _pooled(counts: ArrayLike) -> Floats:
    """(C,) class distribution of all examples together."""
    total = np.asarray(counts, dtype=np.float64).sum(axis=0, keepdims=True)
    return _distributions(total).ravel()


def _entropy(p: Floats) -> Floats:
    """Entropy of distributions along the last axis, in nats; 0 log 0 is 0."""
    return np.asarray(-(p * np.log(np.where(p > 0, p, 1.0))).sum(axis=-1))
