"""Where methods end on quadratics f_k(w) = a_k ‖w − x_k‖² / 2: the formulas, and no training.

In K local steps of size η a client moves by s_k (x_k − w) from the global model w, with

    s = a / (a + μ) · (1 − (1 − η (a + μ))^K)

where μ is FedProx's pull towards w (0 for FedAvg). So a round of full participation takes w to
w + Σ p_k s_k (x_k − w), whose fixed point is the mean of the x_k with weights p_k s_k. The optimum
of Σ p_k f_k is their mean with weights p_k a_k: another point, unless K = 1 or all a are equal.
(For μ = 0: Charles & Konečný 2021; with a pull it follows in the same way.)

Everywhere a (N,) curvatures, x (N, P) optima, weight (N,) of the clients, steps (N,) or one number.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

Floats = NDArray[np.float64]


def optimum(a: ArrayLike, x: ArrayLike, weight: ArrayLike) -> Floats:
    """(P,) where Σ weight f is lowest: SCAFFOLD and FedDyn end at that of equal weights.

    >>> optimum((1, 4), [[-1], [2]], (1, 1))
    array([1.4])
    """
    return _mean(x, np.multiply(weight, a))


def moved(a: ArrayLike, eta: float, steps: ArrayLike, mu: float = 0.0) -> Floats:
    """(N,) s: the part of the way to its own optimum that each client goes in a round."""
    steep = np.asarray(a, np.float64)
    pulled = steep + mu
    part: Floats = steep / pulled * (1 - (1 - eta * pulled) ** np.asarray(steps))
    return part


def fedavg(
    a: ArrayLike, x: ArrayLike, weight: ArrayLike, eta: float, steps: ArrayLike, mu: float = 0.0
) -> Floats:
    """(P,) where FedAvg ends, or FedProx with its μ.

    >>> [fedavg((1, 4), [[-1], [2]], (1, 1), 0.05, K).round(4).item() for K in (5, 20, 100)]
    [1.2447, 0.8193, 0.5045]
    >>> fedavg((1, 4), [[-1], [2]], (1, 1), 0.05, 5, mu=1).round(4)
    array([1.2462])
    """
    return _mean(x, np.multiply(weight, moved(a, eta, steps, mu)))


def fednova(a: ArrayLike, x: ArrayLike, weight: ArrayLike, eta: float, steps: ArrayLike) -> Floats:
    """(P,) where FedNova ends: with equal numbers of steps, where FedAvg does."""
    return _mean(x, np.multiply(weight, moved(a, eta, steps)) / np.asarray(steps))


def _mean(x: ArrayLike, weight: Floats) -> Floats:
    total: Floats = weight @ np.asarray(x, np.float64) / weight.sum()
    return total
