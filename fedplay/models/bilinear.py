"""A linear representation and a linear head: the least that can be shared in part.

The model says h · B x of an example x: the body B maps d features to k, the head h weighs these.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from fedplay.knobs import knob
from fedplay.models.base import Array, Model, Network, Workspace


@dataclass(frozen=True)
class Bilinear(Model):
    """h · B x with squared loss; the last feature of an example is its target, labels are not read.

    Source: Collins et al. 2021, equation 3.
    """

    title = "Bilinear"
    about = (
        "A linear representation with a linear head: the smallest model of which a part can "
        "be shared."
    )
    source = "Collins et al. 2021, ICML"

    score: ClassVar[str] = "loss"
    reads: ClassVar[str] = "targets"

    representation: int = knob(
        2,
        1,
        50,
        symbol="k",
        label="Representation",
        slider=(1, 10),
        also=("rank", "embedding"),
        help="Size of the shared representation.",
    )

    def bind(self, d: int, C: int) -> Network:
        if d < 2:
            raise ValueError(f"model='bilinear': needs features (x..., target), got {d}")
        return BilinearNetwork(d - 1, self.representation)


class Room(Workspace):
    """Buffers for Σ_b scale_b ∇ (h · B x_b − t_b)² / 2."""

    def __init__(self, network: BilinearNetwork, K: int, B: int, inputs: int, dtype: Any) -> None:
        self.W = np.empty((K, network.P), dtype)
        self.G = np.empty((K, network.P), dtype)
        self.X = np.empty((K, B, inputs), dtype)
        self.network = network

    def gradient(self, k: int, targets: Array, scale: Array | float) -> None:
        (body, head), (body_g, head_g) = map(self.network.layers, (self.W[:k], self.G[:k]))
        x, t = self.X[:k, :, :-2], self.X[:k, :, -2]
        seen = x @ body.transpose(0, 2, 1)  # (k, B, representation)
        wrong = scale * ((seen @ head.transpose(0, 2, 1))[..., 0] - t)
        back = wrong[:, None] @ x  # (k, 1, d)
        body_g[:] = head.transpose(0, 2, 1) @ back
        head_g[:] = wrong[:, None] @ seen


class BilinearNetwork(Network):
    """Parameters are the rows of B, then h."""

    C = 0

    def __init__(self, d: int, k: int) -> None:
        self.shape = (k, d)
        self.P = k * d + k
        self.spans = ((0, k * d), (k * d, self.P))
        self.multiply_adds = self.P

    def layers(self, W: Array) -> list[Array]:
        k, d = self.shape
        lead = W.shape[:-1]
        return [W[..., : k * d].reshape(*lead, k, d), W[..., k * d :].reshape(*lead, 1, k)]

    def init(self, rng: np.random.Generator) -> Array:
        """Orthonormal rows of B at random, as in the paper, and a head of zeros."""
        k, d = self.shape
        rows = np.linalg.qr(rng.standard_normal((d, max(k, 1))))[0].T[:k]
        body = np.zeros((k, d))
        body[: len(rows)] = rows
        return np.append(body.ravel(), np.zeros(k))

    def workspace(self, K: int, B: int, inputs: int, dtype: Any) -> Room:
        return Room(self, K, B, inputs, dtype)

    def outputs(self, W: Array, X: Array) -> Array:
        """The loss of each example, (..., n, 1)."""
        body, head = self.layers(W)
        seen = X[..., :-2] @ np.swapaxes(body, -1, -2)
        loss: Array = (seen @ np.swapaxes(head, -1, -2) - X[..., -2:-1]) ** 2 / 2
        return loss

    def right(self, outputs: Array, y: Array) -> Array:
        """Nothing is right or wrong here: NaN."""
        return np.full(outputs.shape[:-1], np.nan)

    def loss(self, outputs: Array, y: Array) -> Array:
        return outputs[..., 0]
