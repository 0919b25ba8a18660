"""The two averages: by the clients' weights, and by the cohort that was expected."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from fedplay.stages.base import Aggregate, Array, Cohort


@dataclass(frozen=True)
class Mean(Aggregate):
    """Σ p_k m_k / Σ p_k over the cohort (McMahan et al. 2017, Algorithm 1, with p_k = n_k).

    The knob `weights` says what p_k is: n_k or 1. A client without examples counts nothing.
    """

    title = "Weighted mean"
    about = (
        "The messages' average, by examples or all clients alike; one wild message can move "
        "it anywhere."
    )
    source = "McMahan et al. 2017, AISTATS"

    def combine(self, rows: Array, c: Cohort) -> Array:
        total = c.weight.sum()
        if total == 0:
            return np.zeros(rows.shape[1], rows.dtype)
        mean: Array = (c.weight / total).astype(rows.dtype) @ rows
        return mean


@dataclass(frozen=True)
class Fixed(Aggregate):
    """Σ m_k / (q·N): every client counts once (McMahan et al. 2018, f̃_f with equal weights).

    The divisor is a constant, so one client can change the result by no more than its own
    message's length divided by it: differential privacy rests on that.
    """

    title = "Fixed-denominator mean"
    about = (
        "The messages' sum divided by the expected cohort, which bounds one client's "
        "influence for privacy."
    )
    source = "McMahan et al. 2018, ICLR"

    weighs: ClassVar[str] = "clients"

    def divisor(self, weight: Array, expected: float) -> float:
        return expected

    def combine(self, rows: Array, c: Cohort) -> Array:
        least = np.finfo(rows.dtype).tiny  # or 0/0, of nobody where nearly nobody is expected
        return rows.sum(axis=0) / rows.dtype.type(max(c.expected, least))
