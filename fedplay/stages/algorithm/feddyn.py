"""FedDyn: dynamic regularisation (Acar, Zhao, Matas, Mattina, Whatmough & Saligrama 2021)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from fedplay.knobs import knob
from fedplay.stages.base import Algorithm, Array, Arrays, Cohort, Correction, Step
from fedplay.stages.step_sizes import stable_pull


@dataclass(frozen=True)
class FedDyn(Algorithm):
    """Algorithm 1. Client k minimises L_k(θ) − ⟨g_k, θ⟩ + α/2 ‖θ − θᵗ‖², starting from θᵗ.

    Then g_k ← g_k − α (θ_k − θᵗ), on the server h ← h − α/N Σ (θ_k − θᵗ) over those who came, and
    the new model is their mean minus h/α. At a standstill θ_k = θᵗ for everyone, g_k is client k's
    gradient and their mean is zero: the optimum of the plain mean of clients.

    Clients count alike, as in the paper (h and θ of Algorithm 1); one without examples counts
    nothing. By examples, n_k/Σ n_k takes the place of 1/N in h. Where the paper minimises exactly,
    a client takes its local steps; where it adopts the new model, the server slot steps towards it.
    """

    title = "FedDyn"
    about = (
        "Each client's loss gets a term that moves its optimum to the common one, so drift "
        "fades over rounds."
    )
    source = "Acar et al. 2021, ICLR"

    weighs: ClassVar[str] = "clients"

    feddyn_alpha: float = knob(
        0.1,
        1e-12,  # h is divided by it
        1000.0,
        symbol="α",
        label="Dynamic term",
        scale="log",
        slider=(0.001, 10.0),
        also=("dynamic regularisation", "dynamic regularization"),
        help="Strength of the pull towards the model that the client was sent, and rate at which "
        "the client's correction term grows.",
    )

    def check(self, learning_rate: float) -> None:
        stable_pull("feddyn_alpha", self.feddyn_alpha, learning_rate)

    def init(self, P: int, N: int) -> tuple[Arrays, Arrays]:
        return {"h": np.zeros(P)}, {"g": np.zeros((N, P))}

    def correct(self, w0: Array, own: Arrays, server: Arrays, c: Cohort) -> Correction:
        return Correction(shift=-own["g"], pull=self.feddyn_alpha, anchor=w0)

    def message(
        self, w0: Array, wk: Array, own: Arrays, server: Arrays, c: Cohort
    ) -> tuple[Array, Arrays]:
        return wk - w0, {"g": own["g"] - self.feddyn_alpha * (wk - w0)}

    def absorb(
        self, w: Array, server: Arrays, m: Array, step: Step, c: Cohort
    ) -> tuple[Array, Arrays]:
        if c.divisor == 0:  # nobody came: there is no mean to go to
            return w, server
        h = server["h"] - self.feddyn_alpha * c.part * m
        return step(w, m - h / self.feddyn_alpha), {"h": h}
