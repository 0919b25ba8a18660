"""FedProx: a pull towards the global model (Li, Sahu, Zaheer, Sanjabi, Talwalkar & Smith 2020)."""

from __future__ import annotations

from dataclasses import dataclass

from fedplay.knobs import knob
from fedplay.stages.base import Algorithm, Array, Arrays, Cohort, Correction
from fedplay.stages.step_sizes import stable_pull


@dataclass(frozen=True)
class FedProx(Algorithm):
    """Each client minimises F_k(w) + μ/2 ‖w − wᵗ‖² (eq. 2), wᵗ the model that it was sent.

    So every local gradient gains μ (w − wᵗ). With μ = 0 it is FedAvg. The paper's other half, to
    take what stragglers come to (γ-inexact solutions, definition 2), is the training knobs
    `stragglers` and `partial_work`, for every algorithm. Clients are averaged by their examples;
    the paper samples them by their examples and averages alike.
    """

    title = "FedProx"
    about = (
        "FedAvg with a pull back to the model that was sent, so clients drift less and learn "
        "less a round."
    )
    source = "Li et al. 2020, MLSys"

    mu: float = knob(
        0.1,
        0.0,
        1000.0,
        symbol="μ",
        label="Proximal term",
        scale="log",
        slider=(0.001, 10.0),
        level="first",
        also=("proximal", "prox", "FedProx"),
        help="Strength of the pull towards the model that the client was sent; 0 is FedAvg.",
    )

    def check(self, learning_rate: float) -> None:
        stable_pull("mu", self.mu, learning_rate)

    def correct(self, w0: Array, own: Arrays, server: Arrays, c: Cohort) -> Correction | None:
        return Correction(pull=self.mu, anchor=w0) if self.mu else None
