"""SCAFFOLD: control variates against drift (Karimireddy et al. 2020)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from fedplay.knobs import knob
from fedplay.stages.base import Algorithm, Array, Arrays, Cohort, Correction, Local, Step


@dataclass(frozen=True)
class Scaffold(Algorithm):
    """Algorithm 1. Client i goes along g_i(y) − c_i + c: its own direction out, the average one in.

    After K local steps from x to y, its variate becomes (line 12)
        option I:   the gradient of all its examples at x, at the price of one more pass
        option II:  c_i − c + (x − y) / (K η), the mean gradient of the steps it took anyway
    and the server's c moves by |S|/N of the mean change (line 17). Client and server send two
    vectors each. K is the number of steps that this client really took.

    Clients count alike, in the average and in c, as in the paper (lines 16 and 17): what it
    converges to is the optimum of their plain mean, and c alone would decide that. By examples,
    both go by n_k, and the part of all examples that came takes the place of |S|/N. A client
    without examples counts nothing. Not in the paper: the server slot's step, in place of its
    global step size η_g.
    """

    title = "SCAFFOLD"
    about = (
        "Each local step is corrected for how the client differs from the average; messages "
        "are twice as long."
    )
    source = "Karimireddy et al. 2020, ICML"

    weighs: ClassVar[str] = "clients"
    sends: ClassVar[str] = "its arrow, and by how much its control variate changed"

    scaffold_option: str = knob(
        "II",
        choices=("I", "II"),
        label="Control variate",
        level="expert",
        also=("control variates", "variance reduction"),
        help="A client's new control variate. I: its gradient at the model it was sent (one more "
        "pass); II: the mean gradient of its local steps.",
    )

    def init(self, P: int, N: int) -> tuple[Arrays, Arrays]:
        return {"variate": np.zeros(P)}, {"variate": np.zeros((N, P))}

    def broadcast(self, P: int) -> int:
        return 2 * P

    def correct(self, w0: Array, own: Arrays, server: Arrays, c: Cohort) -> Correction:
        return Correction(shift=server["variate"] - own["variate"])

    def local(
        self, sgd: Local, w0: Array, own: Arrays, server: Arrays, c: Cohort
    ) -> tuple[Array, Arrays]:
        wk, own = super().local(sgd, w0, own, server, c)
        return wk, own | ({"gradient": sgd.gradient(w0)} if self.scaffold_option == "I" else {})

    def message(
        self, w0: Array, wk: Array, own: Arrays, server: Arrays, c: Cohort
    ) -> tuple[Array, Arrays]:
        old = own["variate"]
        if self.scaffold_option == "I":
            new = own["gradient"]
        else:
            way = (np.maximum(c.steps, 1) * c.lr).astype(w0.dtype)
            new = old - server["variate"] + (w0 - wk) / way[:, None]
        idle = c.steps == 0
        if idle.any():
            new = np.where(idle[:, None], old, new)
        return np.hstack([wk - w0, new - old]), {"variate": new}

    def absorb(
        self, w: Array, server: Arrays, m: Array, step: Step, c: Cohort
    ) -> tuple[Array, Arrays]:
        P = len(w)
        return step(w, m[:P]), {"variate": server["variate"] + c.part * m[P:]}
