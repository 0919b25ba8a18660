"""FedNova: normalised averaging (Wang, Liu, Liang, Joshi & Poor 2020)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from fedplay.stages.base import Algorithm, Array, Arrays, Cohort, Step


@dataclass(frozen=True)
class FedNova(Algorithm):
    """Clients send the mean of their τ_k steps, so clients that take more steps do not count more.

    With plain local SGD the paper's a_k is τ_k ones, and its update (eq. 7) is
        w ← w + (Σ p_k τ_k) · Σ p_k (w_k − w) / τ_k
    The message is the normalised update and the number τ_k, so the aggregate supplies both sums;
    p_k are its weights, n_k/Σ n_k in the paper. With equal τ it is FedAvg. A client without
    examples sends zeros.
    """

    title = "FedNova"
    about = (
        "Updates are divided by their number of steps, so clients that take more steps do "
        "not count more."
    )
    source = "Wang et al. 2020, NeurIPS"

    sends: ClassVar[str] = "the mean of its steps, and how many there were"
    without_privacy: ClassVar[str] = (
        "its messages carry the number of steps, which clipping and noise would change as well"
    )

    def message(
        self, w0: Array, wk: Array, own: Arrays, server: Arrays, c: Cohort
    ) -> tuple[Array, Arrays]:
        tau = c.steps.astype(w0.dtype)[:, None]
        return np.hstack([(wk - w0) / np.maximum(tau, 1), tau]), own

    def update(self, message: Array, shared: int) -> Array:
        whole: Array = message[..., -1:] * message[..., :-1]
        return whole

    def absorb(
        self, w: Array, server: Arrays, m: Array, step: Step, c: Cohort
    ) -> tuple[Array, Arrays]:
        return step(w, self.update(m, len(w))), server
