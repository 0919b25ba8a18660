"""Ditto: a personal model pulled towards the global one (Li, Hu, Beirami & Smith 2021)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from fedplay.knobs import knob
from fedplay.stages.base import Array, Arrays, Cohort, Correction, Local, Personal
from fedplay.stages.called import Called
from fedplay.stages.step_sizes import stable_pull


@dataclass(frozen=True)
class Ditto(Personal):
    """Algorithm 1: client k's model v minimises F_k(v) + λ/2 ‖v − wᵗ‖², wᵗ the model it was sent.

    In every round that it takes part in, it takes the same local steps on the same batches as for
    the shared model, from where its own one was; the shared one knows nothing of it. With λ = 0 it
    is the model that it would have alone. On quadratics f_k(v) = a_k ‖v − x_k‖²/2 it comes to
    (a_k x_k + λ w) / (a_k + λ), w where the shared one ends. The paper leaves open how that one is
    aggregated (line 8), so clients count in it as the algorithm has it.
    """

    title = "Ditto"
    about = (
        "Each client trains a second model that is pulled to the global one; λ sets how far "
        "they may part."
    )
    source = "Li et al. 2021, ICML"

    needs_global: ClassVar[bool] = True
    called: ClassVar[Called] = Called(
        "Ditto", ("its own model (Ditto)", "own (Ditto)"), "Ditto model"
    )

    ditto_lambda: float = knob(
        1.0,
        0.0,
        1000.0,
        symbol="λ",
        label="Pull to global",
        scale="log",
        slider=(0.01, 10.0),
        also=("lambda", "regularisation", "regularization"),
        help="Strength of the pull of each personal model towards the global one; 0: no pull.",
    )

    def check(self, learning_rate: float) -> None:
        stable_pull("ditto_lambda", self.ditto_lambda, learning_rate)

    def explains(self) -> list[str]:
        pull = f"pull λ = {self.ditto_lambda:g}"
        return [f"pulled towards the shared one, λ = {self.ditto_lambda:g}", pull]

    def init(self, w: Array, N: int) -> Arrays:
        return {"model": np.repeat(w[None], N, axis=0)}

    def learn(self, w: Array, own: Arrays, sgd: Local, c: Cohort) -> Arrays:
        pull = Correction(pull=self.ditto_lambda, anchor=w) if self.ditto_lambda else None
        return {"model": sgd(own["model"], pull)}

    def personalise(self, W: Array, own: Arrays, sgd: Local, c: Cohort) -> Array:
        return own["model"]
