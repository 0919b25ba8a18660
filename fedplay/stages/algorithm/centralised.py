"""Centralised training: what would be reached if the data came to the model instead."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from fedplay.stages.base import Algorithm, Array, Arrays, Cohort, Local


@dataclass(frozen=True)
class Centralised(Algorithm):
    """SGD over the cohort's examples thrown together, as many epochs a round as a client takes.

    A yardstick and no federated method: everybody's examples lie on one heap. No model travels, so
    no bytes and no messages are counted; nor is the journey of the examples, which would be one.
    """

    title = "Centralised"
    about = (
        "A yardstick: one model trained on the examples of all thrown together, as if they "
        "could be sent."
    )

    fixes: ClassVar[dict[str, Any]] = {
        "weights": "examples"
    }  # examples are pooled, nothing is averaged
    pooled: ClassVar[bool] = True
    without_privacy: ClassVar[str] = "it trains on all clients' examples at once"

    def local(
        self, sgd: Local, w0: Array, own: Arrays, server: Arrays, c: Cohort
    ) -> tuple[Array, Arrays]:
        if c.K == 0:
            return w0, own
        return np.repeat(sgd.together(w0[0])[None], c.K, axis=0), own
