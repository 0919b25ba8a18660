"""FedSGD: one gradient a client and round, over all its examples (McMahan et al. 2017)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

from fedplay.stages.base import Algorithm


@dataclass(frozen=True)
class FedSGD(Algorithm):
    """FedAvg with E = 1 and B = ∞: the average of the clients' gradients by n_k, once a round.

    With everyone present that is a step of gradient descent on all examples together.
    """

    title = "FedSGD"
    about = (
        "Each client sends one gradient over all its examples, so nothing drifts and many "
        "rounds are needed."
    )
    source = "McMahan et al. 2017, AISTATS"

    fixes: ClassVar[dict[str, Any]] = {"local_epochs": 1, "batch_size": None}
