"""The plain server step."""

from __future__ import annotations

from dataclasses import dataclass

from fedplay.knobs import knob
from fedplay.stages.base import Array, Arrays, ServerOptimizer


@dataclass(frozen=True)
class SGD(ServerOptimizer):
    """w + η_s · m. With η_s = 1 the server adopts the average, as FedAvg does."""

    title = "Server SGD"
    about = (
        "The server moves along the average by a learning rate; at 1 it adopts the average, "
        "as FedAvg does."
    )
    source = "Reddi et al. 2021, ICLR"

    server_learning_rate: float = knob(
        1.0,
        0.0,
        100.0,
        open=True,
        symbol="ηₛ",
        label="Server rate",
        scale="log",
        slider=(0.1, 3.0),
        also=("server lr", "global learning rate", "server step size"),
        help="Learning rate of the server; 1 adopts the clients' average.",
    )

    def step(self, w: Array, m: Array, memory: Arrays) -> tuple[Array, Arrays]:
        return w + w.dtype.type(self.server_learning_rate) * m, memory
