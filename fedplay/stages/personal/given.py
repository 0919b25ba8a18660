"""No personalisation: every client uses the model that the algorithm gives it."""

from __future__ import annotations

from dataclasses import dataclass

from fedplay.stages.base import Array, Arrays, Cohort, Local, Personal


@dataclass(frozen=True)
class AsGiven(Personal):
    """The global model, or what the algorithm keeps at each client (a head, a cluster, a model)."""

    title = "None"
    about = (
        "Every client uses the model that the algorithm gives it, so nothing is adapted afterwards."
    )

    def owns(self, last: bool, given: bool) -> bool:
        return given

    def personalise(self, W: Array, own: Arrays, sgd: Local, c: Cohort) -> Array:
        return W
