"""`History`: the rounds of one run as arrays, row 0 before training."""

from __future__ import annotations

import io
import os
from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np

from fedplay import untrusted
from fedplay.cost import LIMIT, Limit
from fedplay.data import Federation
from fedplay.engine.alone import local_only, tuned_accuracy
from fedplay.engine.given import check_given
from fedplay.engine.loop import Round, Run, calmed, stream
from fedplay.engine.tables import as_csv
from fedplay.experiment import Experiment
from fedplay.files import write_whole
from fedplay.stages.base import Array


@dataclass(frozen=True, eq=False, repr=False)
class History:
    """What a run went through. R rounds, N clients (or a panel of them), P parameters.

    Two accuracies must not be confused: `accuracy` is the global model's on the global test set;
    `client_accuracy` is the same model's on each client's own held-out data.
    """

    experiment: Experiment
    accuracy: Array  # (R + 1,) of the global model on the global test set
    loss: Array  # (R + 1,) likewise, mean cross-entropy in nats
    client_accuracy: Array  # (R + 1, N) of the global model on each client's held-out data
    panel: Array  # (N,) which clients the columns of client_accuracy are
    cohort: tuple[Array, ...]  # R + 1 arrays: who took part (nobody before training)
    epsilon: Array  # (R + 1,) ε of differential privacy spent so far; inf without noise
    bytes_up: Array  # (R + 1,) sent by all clients so far
    bytes_down: Array  # (R + 1,) sent by the server so far
    update_norm: Array  # (R + 1,) mean length of the cohort's messages before the channel
    step_norm: Array  # (R + 1,) length of the aggregate that the server followed
    parameters: Array  # (P,) the final global model
    # (R + 1, N) of personal models that are learnt along, on each client's held-out data; else None
    personal: Array | None = None
    _run: Run | None = field(default=None)

    @classmethod
    @calmed
    def of(cls, run: Run, rounds: Iterable[Round]) -> History:
        """Collect the rounds of a run (at least round 0)."""
        seen = list(rounds)
        return cls(
            experiment=run.exp,
            accuracy=np.array([r.accuracy for r in seen]),
            loss=np.array([r.loss for r in seen]),
            client_accuracy=np.array([r.client_accuracy for r in seen]),
            panel=run.panel,
            cohort=tuple(r.cohort for r in seen),
            epsilon=np.array([r.epsilon for r in seen]),
            bytes_up=np.array([r.bytes_up for r in seen]),
            bytes_down=np.array([r.bytes_down for r in seen]),
            update_norm=np.array([sum(n := r.update_norm.tolist()) / max(1, len(n)) for r in seen]),
            step_norm=np.array([r.step_norm for r in seen], dtype=np.float64),
            parameters=seen[-1].parameters,
            personal=None if seen[0].personal is None else np.array([r.personal for r in seen]),
            _run=run,
        )

    def __repr__(self) -> str:
        return (
            f"<History of {self.experiment!r}: {len(self.accuracy) - 1} rounds, "
            f"accuracy {self.accuracy[-1]:.3f}>"
        )

    @property
    def rounds(self) -> int:
        """How many rounds were run."""
        return len(self.accuracy) - 1

    @property
    def diverged(self) -> int | None:
        """The first round after which the run `has_diverged`; None where training stayed sane.

        Numbers that are still finite are shown as they are.
        """
        bad = np.flatnonzero(has_diverged(self.loss, self.loss[0]))
        return int(bad[0]) if len(bad) else None

    @cached_property
    @calmed
    def personal_accuracy(self) -> Array:
        """(N,) each client's accuracy on its held-out data with its personal model, at the end."""
        if self.personal is not None:
            return np.asarray(self.personal[-1])
        return tuned_accuracy(self._prepared(), self.parameters, self.rounds)

    @cached_property
    @calmed
    def local_accuracy(self) -> Array:
        """(N,) of a model that never joined and took the same steps on the same batches."""
        last: deque[Array] = deque(local_only(self._prepared(), self.cohort[1:]), maxlen=1)
        return last[0]

    @property
    def judged(self) -> Array:
        """(N,) bool, the clients that hold something out: accuracies of the others are NaN."""
        known: Array = ~np.isnan(self.client_accuracy[0])
        return known

    def own_mean(self, accuracy: Array) -> float:
        """The mean of (N,) accuracies over the clients that hold something out.

        NaN where nobody does, and where one of their models is not finite.
        """
        known = np.asarray(accuracy)[self.judged]
        return float(known.mean()) if len(known) else float("nan")

    def _prepared(self) -> Run:
        return (
            self._run
            if self._run is not None
            else Run(self.experiment, limit=Limit(np.inf, np.inf))
        )

    # --- as a table, a picture, a file -----------------------------------------------------------

    def table(self) -> dict[str, Array]:
        """Named columns of R + 1 rows: the round, the curves, then one column a client."""
        with np.errstate(invalid="ignore"):
            columns = {
                "round": np.arange(self.rounds + 1),
                "accuracy": self.accuracy,
                "loss": self.loss,
                "cohort_size": np.array([len(ids) for ids in self.cohort]),
                "epsilon": self.epsilon,
                "bytes_up": self.bytes_up,
                "bytes_down": self.bytes_down,
                "update_norm": self.update_norm,
                "step_norm": self.step_norm,
            }
        return columns | {
            f"client_{k}": self.client_accuracy[:, i] for i, k in enumerate(self.panel)
        }

    def to_frame(self) -> Any:
        """A pandas DataFrame of `table()`; ImportError with a sentence where pandas is missing."""
        try:
            import pandas as pd
        except ImportError as error:
            raise ImportError("to_frame() needs pandas: python -m pip install pandas") from error
        return pd.DataFrame(self.table()).set_index("round")

    def to_csv(self, path: str | os.PathLike[str] | None = None) -> str:
        """`table()` as CSV text; also written to `path` where one is given."""
        columns = self.table()
        rows = zip(*(column.tolist() for column in columns.values()), strict=True)
        return as_csv(columns, rows, path)

    @calmed
    def plot(self, ax: Any = None) -> Any:
        """Draw the learning curves on matplotlib axes (new ones by default); returns them."""
        from fedplay.views.plot import plot_history  # the one door upwards: a convenience

        return plot_history(self, ax)

    def save(self, path: str | os.PathLike[str]) -> None:
        """Write everything, personal and local-only accuracy included, as a compressed npz."""
        arrays = {name: getattr(self, name) for name in ARRAYS}
        arrays["cohort_ids"] = np.concatenate(self.cohort).astype(np.int64)
        arrays["cohort_sizes"] = np.array([len(ids) for ids in self.cohort])
        arrays["experiment"] = np.array(self.experiment.to_json())
        if self.personal is not None:
            arrays["personal"] = self.personal
        content = io.BytesIO()
        np.savez_compressed(content, **arrays)
        write_whole(path, content.getvalue())

    @classmethod
    def load(cls, path: str | os.PathLike[str]) -> History:
        """Read a history that `save` wrote; ValueError with one sentence for any other file."""
        arrays = untrusted.npz_arrays(path)
        missing = {*ARRAYS, "cohort_ids", "cohort_sizes", "experiment"} - set(arrays)
        if missing:
            raise ValueError(f"{path}: not a history, it lacks {', '.join(sorted(missing))}")
        if arrays["experiment"].shape != () or arrays["experiment"].dtype.kind != "U":
            raise ValueError(f"{path}: not a history, its experiment is not a text")
        exp = Experiment.from_json(str(arrays["experiment"]))
        _check_shapes(str(path), arrays)
        sizes = arrays["cohort_sizes"]
        cohort = tuple(np.split(arrays["cohort_ids"], np.cumsum(sizes)[:-1]))
        early: dict[str, Any] = {name: arrays[name] for name in ARRAYS if name not in LATE}
        history = cls(experiment=exp, cohort=cohort, personal=arrays.get("personal"), **early)
        history.__dict__.update({name: arrays[name] for name in LATE})
        return history


DIVERGED = 10.0  # so many times the loss of a model that knows nothing
LATE = ("personal_accuracy", "local_accuracy")  # computed when first asked for
ARRAYS = (
    "accuracy",
    "loss",
    "client_accuracy",
    "panel",
    "epsilon",
    "bytes_up",
    "bytes_down",
    "update_norm",
    "step_norm",
    "parameters",
    *LATE,
)


def has_diverged(loss: Any, start: float) -> Any:
    """Whether a loss (or each of several) is not finite, or DIVERGED times that at the start."""
    return np.isfinite(start) & ~(np.asarray(loss) <= DIVERGED * start)


def _check_shapes(path: str, arrays: dict[str, Array]) -> None:
    """ValueError where the arrays of a file do not belong together."""
    if arrays["accuracy"].ndim != 1 or arrays["panel"].ndim != 1 or not len(arrays["accuracy"]):
        raise ValueError(f"{path}: not a history, its accuracy or panel is not a row of numbers")
    rows, N = len(arrays["accuracy"]), len(arrays["panel"])
    shapes = dict.fromkeys(ARRAYS, (rows,)) | {
        "client_accuracy": (rows, N),
        "panel": (N,),
        "personal_accuracy": (N,),
        "local_accuracy": (N,),
        "parameters": (arrays["parameters"].size,),
        "cohort_sizes": (rows,),
        "cohort_ids": (arrays["cohort_ids"].size,),
    }
    if "personal" in arrays:
        shapes["personal"] = (rows, N)
    for name, shape in shapes.items():
        if arrays[name].shape != shape or arrays[name].dtype.kind not in "iuf":
            raise ValueError(f"{path}: not a history, {name} should have shape {shape}")
    sizes = arrays["cohort_sizes"]
    if sizes.dtype.kind not in "iu" or (sizes < 0).any() or sizes.sum() != shapes["cohort_ids"][0]:
        raise ValueError(f"{path}: not a history, the cohorts do not add up")


def run(exp: Experiment, federation: Federation | None = None, *, limit: Limit = LIMIT) -> History:
    """Run an experiment to its end.

    `federation` brings data of one's own; `limit` is what the run may cost (ValueError beyond it).

    >>> history = run(Experiment(rounds=3))
    >>> history.client_accuracy.shape
    (4, 10)
    """
    check_given("run", exp, federation, limit)
    prepared = Run(exp, federation, limit)
    return History.of(prepared, stream(prepared))
