"""`History`: the rounds of one run as arrays, row 0 before training."""

from __future__ import annotations

import io
import math
import os
from collections import deque
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np

from fedplay import untrusted
from fedplay.cost import LIMIT, Limit
from fedplay.data import Arrays, Federation, TableFile
from fedplay.engine.arguments import check_given
from fedplay.engine.client_models import local_only, tuned_accuracy
from fedplay.engine.evaluate import holding, mean_of
from fedplay.engine.loop import Run, stream
from fedplay.engine.measures import BUILT_IN, check_measured
from fedplay.engine.round import MOST_TOLD, Round, told_columns
from fedplay.experiment import Experiment
from fedplay.files import AnyPath, write_whole
from fedplay.scopes import calmed
from fedplay.stages.base import Array
from fedplay.tables import as_csv


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
    update_norm: Array  # (R + 1,) mean length of the cohort's updates before the channel
    step_norm: Array  # (R + 1,) length of the update that the server followed, noise and all
    parameters: Array  # (P,) the final global model
    # (R + 1, N) of personal models that are learnt along, on each client's held-out data; else None
    personal: Array | None = None
    # (R + 1,) mean length of whole messages: of the updates and of what rides along with them
    message_norm: Array = field(default_factory=lambda: np.zeros(0))
    # (R + 1,) messages that were not finite, and counted as zeros under clipping or noise
    ignored: Array = field(default_factory=lambda: np.zeros(0, np.int64))
    # By name, (R + 1,) of what stages tell of a round; NaN where they did not
    told: dict[str, Array] = field(default_factory=dict)
    _run: Run | None = field(default=None)

    @classmethod
    @calmed
    def of(cls, run: Run, rounds: Iterable[Round]) -> History:
        """Collect the rounds of a run (at least round 0)."""
        seen = list(rounds)
        columns = {m.name: np.array([m.of(r, run) for r in seen]) for m in BUILT_IN.values()}
        del columns["cohort_size"]  # it is in the cohort
        return cls(
            experiment=run.exp,
            client_accuracy=np.array([r.client_accuracy for r in seen]),
            panel=run.panel,
            cohort=tuple(r.cohort for r in seen),
            **columns,
            parameters=seen[-1].parameters,
            personal=None if seen[0].personal is None else np.array([r.personal for r in seen]),
            told=told_columns(seen),
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
        return holding(self.client_accuracy)

    def own_mean(self, accuracy: Array) -> float:
        """The mean of (N,) accuracies over the clients that hold something out.

        NaN where nobody does, and where one of their models is not finite.
        """
        return float(mean_of(np.asarray(accuracy)[None], self.judged)[0])

    def _prepared(self) -> Run:
        return (
            self._run
            if self._run is not None
            else Run(self.experiment, limit=Limit(np.inf, np.inf))
        )

    # --- as a table, a picture, a file -----------------------------------------------------------

    def table(self) -> dict[str, Array]:
        """Named columns of R + 1 rows: the round, the curves, one column a client, what is told."""
        with np.errstate(invalid="ignore"):
            sizes = {"cohort_size": np.array([len(ids) for ids in self.cohort])}
            columns = {"round": np.arange(self.rounds + 1)}
            columns |= {n: sizes[n] if n in sizes else getattr(self, n) for n in BUILT_IN}
        clients = {f"client_{k}": self.client_accuracy[:, i] for i, k in enumerate(self.panel)}
        return columns | clients | self.told

    def to_frame(self) -> Any:
        """A pandas DataFrame of `table()`; ImportError with a sentence where pandas is missing."""
        try:
            import pandas as pd
        except ImportError as error:
            raise ImportError("to_frame() needs pandas: python -m pip install pandas") from error
        return pd.DataFrame(self.table()).set_index("round")

    def to_csv(self, path: AnyPath | None = None) -> str:
        """`table()` as CSV text; also written to `path` where one is given."""
        columns = self.table()
        rows = zip(*(column.tolist() for column in columns.values()), strict=True)
        return as_csv(columns, rows, path)

    @calmed
    def plot(self, ax: Any = None) -> Any:
        """Draw the screen's learning curves on axes (new ones by default); returns these."""
        from fedplay.plots.history import plot_history  # the one door upwards: a convenience

        return plot_history(self, ax)

    def save(self, path: AnyPath) -> None:
        """Write everything, personal and local-only accuracy included, as a compressed npz.

        OSError in one sentence where the file can't be written; ValueError where the experiment
        has a stage without a name, or `load` would refuse the file for its size.
        """
        arrays: dict[str, Any] = {"experiment": np.array(self.experiment.to_json())}
        arrays |= {name: getattr(self, name) for name in (*ARRAYS, *NEW)}
        arrays["cohort_ids"] = np.concatenate(self.cohort).astype(np.int64)
        arrays["cohort_sizes"] = np.array([len(ids) for ids in self.cohort])
        if self.personal is not None:
            arrays["personal"] = self.personal
        arrays |= {TOLD + name: values for name, values in self.told.items()}
        content = io.BytesIO()
        np.savez_compressed(content, **arrays)
        try:
            with untrusted.npz(content.getvalue(), max_members=MEMBERS):
                pass  # its size and headers are what `load` will accept
        except ValueError as error:
            why = str(error).removeprefix("npz: ")
            raise ValueError(f"{os.fsdecode(path)}: could not be read again: {why}") from None
        write_whole(path, content.getvalue())

    @classmethod
    def load(cls, path: AnyPath) -> History:
        """Read a history that `save` wrote; ValueError with one sentence for any other file.

        The data of the run need not be here. OSError where there is no file, or none to be read.
        """
        shown = os.fsdecode(path)
        try:
            exp, arrays = _read(shown)
        except ValueError as error:
            why = str(error).removeprefix("npz: ").removeprefix(f"{shown}: ")
            raise ValueError(f"{shown}: {why}") from None
        cohort = tuple(np.split(arrays["cohort_ids"], np.cumsum(arrays["cohort_sizes"])[:-1]))
        early: dict[str, Any] = {n: arrays[n] for n in (*ARRAYS, *NEW) if n not in LATE}
        told = {n.removeprefix(TOLD): a for n, a in arrays.items() if n.startswith(TOLD)}
        early |= {"personal": arrays.get("personal"), "told": told}
        history = cls(experiment=exp, cohort=cohort, **early)
        history.__dict__.update({name: arrays[name] for name in LATE})
        return history


DIVERGED = 10.0  # so many times the loss of a model that knows nothing
LATE = ("personal_accuracy", "local_accuracy")  # computed when first asked for
NEW = ("message_norm", "ignored")  # which files of earlier versions do not have
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
TOLD = "told_"  # before the names of what stages tell
MEMBERS = 2 * len(ARRAYS) + MOST_TOLD  # of a file
WHOLE = ("panel", "cohort_ids", "cohort_sizes", "ignored")  # arrays of whole numbers


def has_diverged(loss: Any, start: float) -> Any:
    """Whether a loss (or each of several) is not finite, or DIVERGED times that at the start."""
    return np.isfinite(start) & ~(np.asarray(loss) <= DIVERGED * start)


def _read(path: str) -> tuple[Experiment, dict[str, Array]]:
    """The experiment and the arrays in a file; nothing is unpacked that no history can be."""
    with untrusted.npz(path, max_members=MEMBERS) as file:
        needed = {*ARRAYS, "cohort_ids", "cohort_sizes", "experiment"}
        if missing := needed - set(file.headers):
            raise ValueError(f"not a history, it lacks {', '.join(sorted(missing))}")
        told = {name for name in file.headers if name.startswith(TOLD)}
        for name in sorted(told):
            check_measured(name.removeprefix(TOLD))
        if unknown := set(file.headers) - needed - {*NEW, "personal"} - told:
            raise ValueError(f"not a history, {untrusted.quoted(min(unknown))} is no part of one")
        text = file.headers["experiment"]
        if text.shape != () or text.dtype.kind != "U" or text.size > 4 * untrusted.JSON_BYTES:
            raise ValueError("not a history, its experiment is not a text")
        exp = Experiment.from_json(str(file.read("experiment")))
        _check_shapes(exp, file.headers)
        arrays = {name: file.read(name) for name in file.headers if name != "experiment"}
    _check_clients(exp, arrays)
    old = {"message_norm": arrays["update_norm"], "ignored": 0 * arrays["cohort_sizes"]}
    return exp, old | arrays


def _check_shapes(exp: Experiment, headers: Mapping[str, untrusted.Header]) -> None:
    """ValueError where arrays do not belong together, or to a run of this experiment."""
    for name, most in (("accuracy", exp.rounds + 1), ("panel", exp.clients)):
        shape = headers[name].shape
        if len(shape) != 1 or not 1 <= shape[0] <= most:
            raise ValueError(
                f"not a history, its {name} is not a row of numbers, 1 to {most:,} of them"
            )
    rows, N = headers["accuracy"].shape[0], headers["panel"].shape[0]
    taken = min(math.prod(headers["cohort_ids"].shape), rows * exp.clients)
    P = _parameters(exp)
    there = [*ARRAYS, *(n for n in headers if n in NEW or n.startswith(TOLD))]
    shapes = dict.fromkeys(there, (rows,)) | {
        "client_accuracy": (rows, N),
        "panel": (N,),
        "personal_accuracy": (N,),
        "local_accuracy": (N,),
        "parameters": headers["parameters"].shape[:1] if P is None else (P,),
        "cohort_sizes": (rows,),
        "cohort_ids": (taken,),
        "personal": (rows, N),
    }
    for name in sorted(headers.keys() - {"experiment"}):
        kinds, words = ("iu", "whole numbers") if name in WHOLE else ("iuf", "numbers")
        if headers[name].shape != shapes[name] or headers[name].dtype.kind not in kinds:
            raise ValueError(f"not a history, {name} should have shape {shapes[name]}, of {words}")


def _parameters(exp: Experiment) -> int | None:
    """How many parameters the model has; None where data of one's own decide it."""
    source = exp.source
    if isinstance(source, Arrays | TableFile):
        return None
    _, d, C = source.shape()
    P: int = exp.stage("model").bind(d, C).P
    return P


def _check_clients(exp: Experiment, arrays: Mapping[str, Array]) -> None:
    """ValueError where cohorts or the panel name clients that the experiment has not."""
    sizes = arrays["cohort_sizes"]
    fits = (sizes >= 0) & (sizes <= exp.clients)
    if not fits.all() or sizes.sum() != len(arrays["cohort_ids"]):
        raise ValueError("not a history, the cohorts do not add up")
    for name in ("panel", "cohort_ids"):
        if ((arrays[name] < 0) | (arrays[name] >= exp.clients)).any():
            raise ValueError(f"not a history, {name} names a client beyond {exp.clients:,}")


def run(exp: Experiment, federation: Federation | None = None, *, limit: Limit = LIMIT) -> History:
    """Run an experiment to its end.

    `federation` brings data of one's own; `limit` is what the run may cost (ValueError beyond it).

    >>> history = run(Experiment(rounds=3))
    >>> history.client_accuracy.shape
    (4, 10)
    """
    check_given("run", exp, federation, limit)
    prepared = Run(exp, federation, limit)
    return History.of(prepared, stream(prepared, ahead=lambda: True))
