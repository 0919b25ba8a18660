"""Mixtures of a client's own model and the global one: interpolation, and APFL."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from fedplay.knobs import knob, shared
from fedplay.stages.base import Array, Arrays, Cohort, Local, Personal
from fedplay.stages.called import Called


@dataclass(frozen=True)
class Interpolation(Personal):
    """α v + (1 − α) w, v the model that the client would have alone and w the global one.

    The client's own model takes the same local steps on the same batches as it would have alone,
    in the rounds in which it takes part. Neither knows of the other.

    Source: Mansour, Mohri, Ro & Suresh 2020, section 5 (who interpolate models in this way). How
    clients count in w is left to the algorithm that trains it.
    """

    title = "Model interpolation"
    about = "Each client uses a weighted mean of the global model and the one it would have alone."
    source = "Mansour et al. 2020, arXiv"

    needs_global: ClassVar[bool] = True
    called: ClassVar[Called] = Called("mixture", ("mixed with its own", "its mixture"), "mixture")

    mixing: float = knob(
        0.5,
        0.0,
        1.0,
        symbol="α",
        label="Mixing",
        also=("interpolation", "mixture"),
        help="Share of the client's own model in the mixture: 0 is the global model, 1 its own.",
    )

    def explains(self) -> list[str]:
        part = f"α = {self.mixing:g}"
        return [f"mixed: own times α, shared 1 − α; {part}", f"mixed, {part}", part]

    def init(self, w: Array, N: int) -> Arrays:
        return {"model": np.repeat(w[None], N, axis=0)}

    def learn(self, w: Array, own: Arrays, sgd: Local, c: Cohort) -> Arrays:
        return {"model": sgd(own["model"])}

    def personalise(self, W: Array, own: Arrays, sgd: Local, c: Cohort) -> Array:
        return self.mixing * own["model"] + (1 - self.mixing) * W


@dataclass(frozen=True)
class APFL(Interpolation):
    """A client learns what to add to the global model: α v + (1 − α) w, trained as a mixture.

    In each local step w moves by its own gradient, as in federated averaging, and v by that of the
    mixture, which carries a factor of α:

        w ← w − η ∇f(w; ξ),    v ← v − η α ∇f(α v + (1 − α) w; ξ)

    with the same batch ξ and the w from before the step. After the round the client uses v with
    the global model. With α = 0 that is the global model, with α = 1 the one it would have alone.

    Source: Deng, Kamani & Mahdavi 2020, algorithm 1, with α fixed. Clients count alike in its
    average of the w.
    """

    title = "APFL"
    about = (
        "Each client uses a mixture of its own and the global model, and trains its own part "
        "for the mixture."
    )
    source = "Deng et al. 2020, arXiv"

    called: ClassVar[Called] = Called("APFL", ("its mixture (APFL)",), "APFL mixture")

    weighs: ClassVar[str] = "clients"

    mixing: float = shared(Interpolation, "mixing")

    def learn(self, w: Array, own: Arrays, sgd: Local, c: Cohort) -> Arrays:
        a = self.mixing

        mixed, rest = np.empty((2, c.K, len(w)), w.dtype)

        def step(slope: Callable[[Array], Array], v: Array, w: Array) -> None:
            k = len(v)
            np.multiply(v, a, out=mixed[:k])
            np.multiply(w, 1 - a, out=rest[:k])
            np.add(mixed[:k], rest[:k], out=mixed[:k])
            own = slope(mixed[:k])
            np.multiply(own, a, out=own)
            np.subtract(v, own, out=v)
            np.subtract(w, slope(w), out=w)

        v, _ = sgd.custom(step, own["model"], np.repeat(w[None], c.K, axis=0))
        return {"model": v}
