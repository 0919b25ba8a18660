"""The optima of clients, which can be dragged where they are knobs of the experiment."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

import numpy as np

from fedplay.data import Quadratics
from fedplay.experiment import knobs
from fedplay.views.state import State


class DriftState(State):
    """Nothing is kept here: a drag sets the knob, as a slider does."""

    verbs: ClassVar[tuple[str, ...]] = ("optimum",)

    def optimum(self, place: int, point: Sequence[float]) -> None:
        """Put a client's optimum there; two decimals are enough to be dragged."""
        exp = self.desk.experiment
        if not isinstance(exp.source, Quadratics):
            raise ValueError(f"data={exp.data!r}: its clients have no optima to be moved")
        x = exp.source.problems(exp.data_seed)[1]
        if not 0 <= place < len(x) or len(point) != x.shape[1] or not np.isfinite(point).all():
            raise ValueError(f"place={place}, point={point}: is no optimum of this experiment")
        low, high = (getattr(knobs()["optima"], end) for end in ("lo", "hi"))
        x[place] = np.clip(point, low, high).round(2)
        self.desk.set(optima=tuple(x.ravel().tolist()))
