"""A problem small enough to solve on paper: f(w) = ½ a ‖w − x‖², one example (a, x) each.

Every step towards the optimum can be written down, so what federated averaging does to it can be
too: see `fedplay/inspect/closed_forms.py`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from fedplay.models.base import Array, Model, Network, Workspace


@dataclass(frozen=True)
class Quadratic(Model):
    """Features are the curvature a, then the optimum x of the example; labels are not read."""

    title = "Quadratic"
    about = "One point that is pulled to each client's optimum; every step of it has a formula."

    score: ClassVar[str] = "loss"
    reads: ClassVar[str] = "curvatures and optima"

    def bind(self, d: int, C: int) -> Network:
        if d < 2:
            raise ValueError(f"model='quadratic': needs features (a, x...), got {d}")
        return QuadraticNetwork(d - 1)


def merged(X: Array) -> tuple[float, Array]:
    """(a, x (P,)) of the one quadratic that the mean of examples X (n, P + 2) is, up to a constant.

    >>> merged(np.array([[1.0, -1.0, 1.0], [3.0, 1.0, 1.0]]))
    (2.0, array([0.5]))
    """
    a, x = X[:, 0].astype(np.float64), X[:, 1:-1].astype(np.float64)
    return float(a.mean()), a @ x / a.sum()


class Room(Workspace):
    """Buffers for Σ_b scale_b a_b (w − x_b)."""

    def __init__(self, P: int, K: int, B: int, inputs: int, dtype: Any) -> None:
        self.W = np.empty((K, P), dtype)
        self.G = np.empty((K, P), dtype)
        self.X = np.empty((K, B, inputs), dtype)

    def gradient(self, k: int, targets: Array, scale: Array | float) -> None:
        X = self.X[:k]
        pull = scale * X[:, :, 0]
        np.einsum("kb,kbp->kp", pull, self.W[:k, None] - X[:, :, 1:-1], out=self.G[:k])


class QuadraticNetwork(Network):
    """Parameters w (P,) are the point itself; it starts at 0."""

    C = 0

    def __init__(self, P: int) -> None:
        self.P = P
        self.multiply_adds = P

    def init(self, rng: np.random.Generator) -> Array:
        return np.zeros(self.P)

    def workspace(self, K: int, B: int, inputs: int, dtype: Any) -> Room:
        return Room(self.P, K, B, inputs, dtype)

    def outputs(self, W: Array, X: Array) -> Array:
        """The loss of each example, (..., n, 1)."""
        apart = W[..., None, :] - X[..., 1:-1]
        loss: Array = X[..., :1] * (apart**2).sum(axis=-1, keepdims=True) / 2
        return loss

    def right(self, outputs: Array, y: Array) -> Array:
        """Nothing is right or wrong here: NaN."""
        return np.full(outputs.shape[:-1], np.nan)

    def loss(self, outputs: Array, y: Array) -> Array:
        return outputs[..., 0]
