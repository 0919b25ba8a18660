"""Shared body, personal head: FedPer (Arivazhagan et al. 2019), FedRep (Collins et al. 2021)."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from fedplay.knobs import Refused, knob, shared
from fedplay.stages.base import Algorithm, Array, Arrays, Cohort, Local, Spans, Step
from fedplay.stages.called import Called


@dataclass(frozen=True)
class FedPer(Algorithm):
    """Algorithm 1: the last layers stay with their client, which trains all layers together.

    What is sent and averaged, by n_k as in the paper, is the body below them. A client's head stays
    as it was in the rounds without it; until its first it is the head that the model was
    initialised with, which is also what the server's own model has for ever: on its own that model
    is of no use.
    """

    title = "FedPer"
    about = (
        "Clients share the lower layers and keep the last ones, so each has a head fitted to "
        "its own labels."
    )
    source = "Arivazhagan et al. 2019, arXiv"

    keeps: ClassVar[str] = "a head"
    called: ClassVar[Called] = Called("own head", ("with its own head",), "model with its own head")
    brings: ClassVar[dict[str, str]] = {"model": "mlp"}  # with a layer to share, and one to keep
    sends: ClassVar[str] = "its arrow, in the shared layers alone"

    personal_layers: int = knob(
        1,
        0,
        8,
        label="Personal layers",
        slider=(0, 3),
        also=("head", "FedPer", "split layers"),
        help="Number of layers, counted from the last, that each client keeps; 0 is FedAvg.",
    )

    def kept(self) -> str:
        return self.keeps if self.personal_layers else ""

    def explains(self) -> list[str]:
        n = self.personal_layers
        top = "the last layer" if n == 1 else f"the last {n} layers"
        return [f"own: {top}, never sent", f"own: {top}", top] if n else ["all is shared"]

    def owns(self, above: bool, cut: bool) -> bool:
        return above

    def fits(self, spans: Spans) -> None:
        if self.personal_layers and len(spans) <= self.personal_layers:
            layers = f"{len(spans)} layer{'s' if len(spans) != 1 else ''}" if spans else "no layers"
            fewer = [{"personal_layers": len(spans) - 1}] if len(spans) > 1 else []
            raise Refused(
                f"personal_layers={self.personal_layers}: leaves nothing to share of a model with "
                f'{layers}; choose model="mlp", or fewer personal layers',
                *fewer,
            )

    def shared(self, P: int, spans: Spans) -> int:
        return spans[-self.personal_layers][0] if self.personal_layers and spans else P

    def init(self, P: int, N: int) -> tuple[Arrays, Arrays]:
        return {}, {"mine": np.zeros((N, P)), "met": np.zeros((N, 1), bool)}

    def begin(self, w: Array, own: Arrays, server: Arrays, c: Cohort) -> Array:
        body, w0 = self.shared(len(w), c.spans), np.repeat(w[None], c.K, axis=0)
        np.copyto(w0[:, body:], own["mine"][:, body:], where=own["met"])
        return w0

    def message(
        self, w0: Array, wk: Array, own: Arrays, server: Arrays, c: Cohort
    ) -> tuple[Array, Arrays]:
        body = self.shared(w0.shape[1], c.spans)
        return (wk - w0)[:, :body], {"mine": wk, "met": np.ones((c.K, 1), bool)}

    def absorb(
        self, w: Array, server: Arrays, m: Array, step: Step, c: Cohort
    ) -> tuple[Array, Arrays]:
        whole = np.zeros_like(w)
        whole[: len(m)] = m
        return step(w, whole), server

    def models(self, w: Array, own: Arrays, server: Arrays, sgd: Local, c: Cohort) -> Array:
        return self.begin(w, own, server, c)


@dataclass(frozen=True)
class FedRep(FedPer):
    """Algorithm 1: first the head on the body that was sent, then the body below the new head.

    The head has the round's local epochs, the body `body_epochs` on the same batches. In the
    paper's linear theory that is one step on all examples: one epoch with batch size ∞. (There the
    body is made orthonormal again after each round, which changes nothing but its scale.) Clients
    count alike in the body's mean, 1/(rn) Σ there; the paper's own code weighs them by examples.
    """

    title = "FedRep"
    about = (
        "Like FedPer, but each client first trains its own head alone, and then the shared "
        "layers below it."
    )
    source = "Collins et al. 2021, ICML"

    weighs: ClassVar[str] = "clients"

    personal_layers: int = shared(FedPer, "personal_layers")
    body_epochs: int = knob(
        1,
        1,
        20,
        label="Body epochs",
        level="expert",
        also=("representation epochs",),
        help="Local epochs for the shared layers, after those for the client's own head.",
    )

    def local(
        self, sgd: Local, w0: Array, own: Arrays, server: Arrays, c: Cohort
    ) -> tuple[Array, Arrays]:
        body = self.shared(w0.shape[1], c.spans)

        def head(slope: Callable[[Array], Array], W: Array) -> None:
            W[:, body:] -= slope(W)[:, body:]

        def rest(slope: Callable[[Array], Array], W: Array) -> None:
            W[:, :body] -= slope(W)[:, :body]

        (half,) = sgd.custom(head, w0)
        (whole,) = sgd.custom(rest, half, epochs=self.body_epochs)
        return whole, own
