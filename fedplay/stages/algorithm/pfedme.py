"""pFedMe: personal models by Moreau envelopes (Dinh, Tran & Nguyen 2020)."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from fedplay.knobs import knob
from fedplay.stages.base import Algorithm, Array, Arrays, Cohort, Local
from fedplay.stages.called import Called
from fedplay.stages.step_sizes import stable_pull


@dataclass(frozen=True)
class PFedMe(Algorithm):
    """Algorithm 1: client k's own θ minimises F_k(θ) + λ/2 ‖θ − w‖², and w follows it.

    In each local step, on one batch, θ begins at w and takes K steps of the clients' learning rate
    η (line 7, inexactly); then w ← w − η λ (w − θ) (line 8). w is what is sent and averaged; the
    paper's β is the server's learning rate. The client uses its last θ, until its first round the
    global model.

    On quadratics f(w) = a (w − x)²/2 the inner steps end at θ = w + t (x − w), the outer ones at
    w + s (x − w), with

        t = a / (a + λ) · (1 − (1 − η (a + λ))^K)        s = 1 − (1 − η λ t)^τ

    after τ local steps. So w comes to rest at the mean of the x with weights p s, and a client's θ
    at u + t (x − u), u = w + (1 − (1 − η λ t)^(τ−1)) (x − w) the w of its last step.

    p is 1: clients count alike, Σ w_i / S in Algorithm 1, though the paper's own code has n_i.
    """

    title = "pFedMe"
    about = (
        "Each client trains a model of its own that is pulled to the shared one, which follows it."
    )
    source = "Dinh et al. 2020, NeurIPS"

    weighs: ClassVar[str] = "clients"

    keeps: ClassVar[str] = "a model"
    called: ClassVar[Called] = Called(
        "own model", ("its own model (pFedMe)", "own (pFedMe)"), "pFedMe model"
    )

    pfedme_lambda: float = knob(
        5.0,
        0.01,
        1000.0,
        symbol="λ",
        label="Pull to shared",
        scale="log",
        slider=(0.1, 100.0),
        also=("Moreau envelope", "lambda"),
        help="Strength of the pull of each client's own model towards the shared one.",
    )
    inner_steps: int = knob(
        2,
        1,
        50,
        symbol="K",
        label="Inner steps",
        slider=(1, 10),
        level="expert",
        also=("Moreau envelope",),
        help="Steps of the client's own model on each batch, before the shared one follows it.",
    )

    def explains(self) -> list[str]:
        pull = f"λ = {self.pfedme_lambda:g}"
        return [f"pulled towards the shared one, {pull}", f"pull {pull}", pull]

    def check(self, learning_rate: float) -> None:
        stable_pull("pfedme_lambda", self.pfedme_lambda, learning_rate)

    def init(self, P: int, N: int) -> tuple[Arrays, Arrays]:
        return {}, {"mine": np.zeros((N, P)), "met": np.zeros((N, 1), bool)}

    def local(
        self, sgd: Local, w0: Array, own: Arrays, server: Arrays, c: Cohort
    ) -> tuple[Array, Arrays]:
        strength, room = c.lr * self.pfedme_lambda, np.empty_like(w0)

        def step(slope: Callable[[Array], Array], w: Array, mine: Array) -> None:
            pull = room[: len(w)]
            np.copyto(mine, w)
            for number in range(self.inner_steps):
                way = slope(mine)
                if number:  # at first there is nothing to pull
                    np.subtract(mine, w, out=pull)
                    np.multiply(pull, strength, out=pull)
                    np.add(way, pull, out=way)
                np.subtract(mine, way, out=mine)
            np.subtract(w, mine, out=pull)
            np.multiply(pull, strength, out=pull)
            np.subtract(w, pull, out=w)

        wk, mine = sgd.custom(step, w0, w0)
        return wk, {"mine": mine, "met": own["met"] | (c.steps > 0)[:, None]}

    def models(self, w: Array, own: Arrays, server: Arrays, sgd: Local, c: Cohort) -> Array:
        return np.where(own["met"], own["mine"], w)
