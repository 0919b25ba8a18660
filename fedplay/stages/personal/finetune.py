"""Local fine-tuning: every client trains the finished global model a little more, on its own."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from fedplay.knobs import knob
from fedplay.stages.base import Array, Cohort, Local, Personal


@dataclass(frozen=True)
class Finetune(Personal):
    """So many local epochs from the global model, with the clients' learning rate and batch."""

    finetune_epochs: int = knob(
        5,
        0,
        100,
        label="Fine-tuning",
        unit="epochs",
        slider=(0, 20),
        help="Local epochs that each client adds to the finished global model, for itself alone.",
    )

    def epochs(self) -> int:
        return self.finetune_epochs

    def personalise(self, w: Array, sgd: Local, c: Cohort) -> Array:
        return sgd(np.repeat(w[None], c.K, axis=0))
