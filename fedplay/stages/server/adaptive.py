"""Adaptive server optimisers: a step size for each parameter (Reddi et al. 2021, Algorithm 2).

    m ← β₁ m + (1 − β₁) Δ
    v ← v + Δ²                               FedAdagrad
    v ← β₂ v + (1 − β₂) Δ²                   FedAdam
    v ← v − (1 − β₂) Δ² sign(v − Δ²)         FedYogi
    w ← w + η m / (√v + τ)

Without bias correction, and v begins at τ², as there. Δ is the aggregated update.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from fedplay.knobs import knob
from fedplay.stages.base import Array, Arrays, ServerOptimizer


def squares(m: Array) -> Array:
    """Δ² of m (P,); in float64 where its own precision would lose one of them."""
    with np.errstate(over="ignore", under="ignore"):
        square = m**2
        least = np.minimum.reduce(square, where=m != 0, initial=np.inf)
        if least >= np.finfo(m.dtype).tiny and np.maximum.reduce(square, initial=0.0) < np.inf:
            return square
        return np.square(m, dtype=np.float64)


@dataclass(frozen=True)
class Adagrad(ServerOptimizer):
    """FedAdagrad, with β₁ = 0 as in the paper's experiments: v only grows, so steps only shrink."""

    title = "FedAdagrad"
    about = (
        "The server takes shorter steps where parameters have changed much so far, so steps "
        "only shrink."
    )
    source = "Reddi et al. 2021, ICLR"

    adaptive_rate: float = knob(
        0.03,
        0.0,
        10.0,
        open=True,
        symbol="η",
        label="Server step",
        scale="log",
        slider=(0.001, 1.0),
        also=("server lr", "server learning rate"),
        help="Approximate change of each parameter in a round, whatever the size of its update.",
    )
    tau: float = knob(
        0.001,
        0.0,
        1.0,
        open=True,
        symbol="τ",
        label="Adaptivity",
        scale="log",
        slider=(1e-5, 1.0),
        level="expert",
        also=("degree of adaptivity",),
        help="Size of update below which steps are not enlarged; larger values adapt less.",
    )

    def init(self, P: int) -> Arrays:
        return {"v": np.full(P, self.tau**2)}

    def step(self, w: Array, m: Array, memory: Arrays) -> tuple[Array, Arrays]:
        v = memory["v"] + squares(m)
        return self._along(w, m, v), {"v": v}

    def _along(self, w: Array, m: Array, v: Array) -> Array:
        moved: Array = w + (self.adaptive_rate * m / (np.sqrt(v) + self.tau)).astype(w.dtype)
        return moved


@dataclass(frozen=True)
class Adam(Adagrad):
    """FedAdam: v is a moving average, so old rounds are forgotten."""

    title = "FedAdam"
    about = (
        "The server scales each parameter's step by its recent changes, so rare features "
        "move as far as common ones."
    )
    source = "Reddi et al. 2021, ICLR"

    beta1: float = knob(
        0.9,
        0.0,
        0.999,
        symbol="β₁",
        label="Server momentum",
        slider=(0.0, 0.99),
        level="expert",
        also=("momentum",),
        help="Share of the earlier rounds in the direction of the step.",
    )
    beta2: float = knob(
        0.99,
        0.0,
        0.9999,
        symbol="β₂",
        label="Second moment",
        slider=(0.0, 0.999),
        level="expert",
        also=("second moment decay",),
        help="Decay of the average of squared updates; larger values average over more rounds.",
    )

    def init(self, P: int) -> Arrays:
        return super().init(P) | {"m": np.zeros(P)}

    def step(self, w: Array, m: Array, memory: Arrays) -> tuple[Array, Arrays]:
        mean = self.beta1 * memory["m"] + (1 - self.beta1) * m
        v = self.second_moment(memory["v"], squares(m))
        return self._along(w, mean, v), {"m": mean, "v": v}

    def second_moment(self, v: Array, square: Array) -> Array:
        """The new v, from the old one and Δ²."""
        return self.beta2 * v + (1 - self.beta2) * square


@dataclass(frozen=True)
class Yogi(Adam):
    """FedYogi: v moves by a bounded amount, so that one small update does not undo its caution."""

    title = "FedYogi"
    about = (
        "Like FedAdam, but its scales change slowly, so one small update does not undo its caution."
    )
    source = "Reddi et al. 2021, ICLR"

    def second_moment(self, v: Array, square: Array) -> Array:
        return v - (1 - self.beta2) * square * np.sign(v - square)
