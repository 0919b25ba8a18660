"""How much clients differ: their labels, measured on what they have (not on what α promised), and
the gradients that they would follow."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from fedplay.data.base import Floats


@dataclass(frozen=True)
class Skew:
    """Measures of label skew: three distances of a client's labels from those of all, and a count.

    The distances are means over clients: 0 where every client has the same mix.

    jensen_shannon:    towards 1 where each client has what nobody else has
    hellinger:         likewise
    earth_movers:      towards 2
    effective_classes: mean number of classes a client has, a class that it has little of counting
                       little: from 1 to C
    """

    jensen_shannon: float
    hellinger: float
    earth_movers: float
    effective_classes: float


def measure(counts: ArrayLike) -> Skew:
    """All of them. counts: (N, C) examples of each class that each client has.

    Clients without examples are left out. Raises ValueError where no client has any, or where a
    count is negative or not finite.

    >>> measure([[10, 0], [0, 10]]).earth_movers
    1.0
    """
    return Skew(
        jensen_shannon(counts), hellinger(counts), earth_movers(counts), effective_classes(counts)
    )


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


def hellinger(counts: ArrayLike) -> float:
    """Mean over clients of the Hellinger distance of their labels to the pooled labels.

    counts: (N, C) examples of each class that each client has. The distance is
    sqrt(1 - Σ_y sqrt(p(y) q(y))), from 0 to 1.
    Source: Hellinger 1909.
    """
    affinity = np.sqrt(_distributions(counts) * _pooled(counts)).sum(axis=1)
    return float(np.sqrt(np.maximum(1.0 - affinity, 0.0)).mean())


def earth_movers(counts: ArrayLike) -> float:
    """Mean over clients of Σ_y |p(y) - q(y)|, p their labels and q the pooled ones: from 0 to 2.

    counts: (N, C) examples of each class that each client has. Classes have no distance from one
    another, so the work of moving earth between them is what has to be moved, half of this sum.
    Source: Zhao et al. 2018, proposition 3.1, who call the whole sum the earth mover's distance.
    """
    return float(np.abs(_distributions(counts) - _pooled(counts)).sum(axis=1).mean())


def effective_classes(counts: ArrayLike) -> float:
    """Mean over clients of exp(H(p)), H the entropy of their labels in nats: from 1 to C.

    counts: (N, C) examples of each class that each client has.
    Source: Hill 1973, the number of order 1.
    """
    return float(np.exp(_entropy(_distributions(counts))).mean())


class Dissimilarity(NamedTuple):
    """How much clients' gradients differ at one model, in two ways.

    SCAFFOLD's assumption is E|g_k|² <= G² + B²|g|², g the mean gradient, so a pair (G, B) has to be
    chosen: these are the smallest G that goes with B = 1, and the smallest B that goes with G = 0.
    """

    B: float  # sqrt(E|g_k|² / |g|²): 1 where all agree, infinite at an optimum that is not shared
    G: float  # sqrt(E|g_k - g|²): 0 where all agree


def dissimilarity(gradients: ArrayLike, weight: ArrayLike | None = None) -> Dissimilarity:
    """The dissimilarity of clients' gradients.

    gradients: (K, P) of each client at the same model
    weight:    (K,) of each client in the mean, in any unit; None for the same for all

    Where all gradients are 0, B is 1. Raises ValueError where nobody has a weight.
    Source: B is Li et al. 2020 (FedProx), definition 3, with weights n_k; G and B are Karimireddy
    et al. 2020 (SCAFFOLD), (A1), with equal weights.

    >>> dissimilarity([[1.0], [3.0]])
    Dissimilarity(B=1.118033988749895, G=1.0)
    """
    g = np.asarray(gradients, dtype=np.float64)
    w = np.ones(len(g)) if weight is None else np.asarray(weight, dtype=np.float64)
    if g.ndim != 2 or w.shape != g.shape[:1] or (w < 0).any() or not w.sum() > 0:
        raise ValueError("gradients, weight: must be (K, P), and (K,) of at least 0, not all 0")
    w = w / w.sum()
    mean = w @ g
    spread = float(w @ np.square(g - mean).sum(axis=1))  # E|g_k|² - |g|², without cancellation
    length = float(mean @ mean)
    with np.errstate(divide="ignore"):
        B = np.sqrt(1.0 + np.divide(spread, length)) if spread > 0 else 1.0
    return Dissimilarity(float(B), spread**0.5)


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
