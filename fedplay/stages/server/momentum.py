"""FedAvgM: momentum on the server (Hsu, Qi & Brown 2019)."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from fedplay.knobs import knob, shared
from fedplay.stages.base import Array, Arrays, ServerOptimizer
from fedplay.stages.server.sgd import SGD


@dataclass(frozen=True)
class Momentum(ServerOptimizer):
    """v ← β v + Δ, then w ← w + η_s v (section 4; Δ points where the clients went).

    Steps in one direction add up to η_s / (1 − β) of them, so η_s is often chosen below 1.
    """

    title = "FedAvgM"
    about = (
        "The server repeats a part of its last step, so steps in one direction add up and "
        "zigzag cancels."
    )
    source = "Hsu et al. 2019, arXiv"

    server_learning_rate: float = shared(SGD, "server_learning_rate")
    server_momentum: float = knob(
        0.9,
        0.0,
        0.999,
        symbol="β",
        label="Server momentum",
        slider=(0.0, 0.99),
        also=("momentum", "beta"),
        help="Share of its last step that the server repeats.",
    )

    def init(self, P: int) -> Arrays:
        return {"v": np.zeros(P)}

    def step(self, w: Array, m: Array, memory: Arrays) -> tuple[Array, Arrays]:
        v = self.server_momentum * memory["v"] + m
        return w + (self.server_learning_rate * v).astype(w.dtype), {"v": v}
