"""Per-FedAvg: a shared model that is good after one local step (Fallah et al. 2020)."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import ClassVar

from fedplay.knobs import knob
from fedplay.stages.base import Algorithm, Array, Arrays, Cohort, Local
from fedplay.stages.step_sizes import held_ratio


@dataclass(frozen=True)
class PerFedAvg(Algorithm):
    """Algorithm 1, first order: w ← w − η ∇f(w − α ∇f(w; D); D′), D and D′ independent batches.

    What is left out is the factor I − α ∇²f(w; D″) of the exact gradient ("FO", section 5). The
    shared model is a good beginning and not meant to be used as it is: fine-tuning, the usual
    personal model, is what it was trained for. Clients count alike, 1/(rn) Σ in Algorithm 1.
    """

    title = "Per-FedAvg"
    about = "Trains a model that is good after one more local step, and not so good as it is."
    source = "Fallah et al. 2020, NeurIPS"

    weighs: ClassVar[str] = "clients"

    maml_rate: float | None = knob(
        None,
        1e-4,
        10.0,
        symbol="α",
        label="Inner rate",
        scale="log",
        none="automatic",
        level="expert",
        also=("MAML", "meta-learning", "adaptation rate"),
        help="Learning rate of each client's adaptation step; automatic: η.",
    )

    def check(self, learning_rate: float) -> None:
        held_ratio("maml_rate", self.maml_rate, learning_rate)

    def local(
        self, sgd: Local, w0: Array, own: Arrays, server: Arrays, c: Cohort
    ) -> tuple[Array, Arrays]:
        ratio = 1.0 if self.maml_rate is None else self.maml_rate / c.lr

        def step(
            slope: Callable[[Array], Array], other: Callable[[Array], Array], w: Array
        ) -> None:
            ahead = w - ratio * slope(w)
            w -= other(ahead)

        (wk,) = sgd.custom(step, w0, second_batch=True)
        return wk, own
