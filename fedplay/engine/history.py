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
from fedplay.engine.arguments import check_given
from fedplay.engine.client_models import local_only, tuned_accuracy
from fedplay.engine.evaluate import holding, mean_of
from fedplay.engine.history_file import ARRAYS, LATE, MEMBERS, NEW, TOLD, read
from fedplay.engine.loop import Run, stream
from fedplay.engine.measures import BUILT_IN
from fedplay.engine.round import Round, told_columns
from fedplay.engine.run_state import RunState, diverged_in, state_of_run
from fedplay.experiment import Experiment
from fedplay.files import AnyPath, write_whole
from fedplay.scopes import calmed
from fedplay.stages.base import Array
from fedplay.stages.called import own_only
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
    # (R + 1, C) accuracy of the global model on each class of the test set, NaN for a class that
    # it has no example of; C is 0 of a model that has no accuracy, and in files of earlier versions
    class_accuracy: Array = field(default_factory=lambda: np.zeros((0, 0)))
    # (C,) examples of each class in the test set
    class_counts: Array = field(default_factory=lambda: np.zeros(0, np.int64))
    # (R + 1,) sent so far by all clients, and to clients; NaN in files of earlier versions
    messages_up: Array = field(default_factory=lambda: np.zeros(0))
    messages_down: Array = field(default_factory=lambda: np.zeros(0))
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
            class_accuracy=np.array([r.class_accuracy for r in seen]),
            class_counts=run.evaluate.counts,
            _run=run,
        )

    def __repr__(self) -> str:
        end = f"accuracy {self.accuracy[-1]:.3f}"
        if self.experiment.stage("model").score == "loss":
            end = f"loss {self.loss[-1]:.3g}"
        elif self.personal is not None and own_only(self.experiment.stage("algorithm")):
            end = f"clients' own accuracy {self.own_mean(self.personal[-1]):.3f}"
        said = f", {self.state.mark}" if self.state.mark else ""
        return f"<History of {self.experiment!r}: {self.rounds} rounds, {end}{said}>"

    @property
    def rounds(self) -> int:
        """How many rounds were run."""
        return len(self.accuracy) - 1

    @property
    def diverged(self) -> int | None:
        """The first round after which the run `has_diverged`; None where training stayed sane.

        Numbers that are still finite are shown as they are.
        """
        return diverged_in(self.loss)

    @property
    def state(self) -> RunState:
        """What the run came to: fine, still learning, at chance, diverged …, and why.

        >>> run(Experiment(model="mlp", rounds=20, learning_rate=5.0)).state.name
        'at chance'
        """
        by_class = self.class_counts, self.class_accuracy
        return state_of_run(self.experiment, self.accuracy, self.loss, *by_class, self.personal)

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
        """Named columns of R + 1 rows: the round, the curves, what is told of it.

        With a column for each class of the test set, and for each client of the panel.
        """
        with np.errstate(invalid="ignore"):
            sizes = {"cohort_size": np.array([len(ids) for ids in self.cohort])}
            columns = {"round": np.arange(self.rounds + 1)}
            columns |= {n: sizes[n] if n in sizes else getattr(self, n) for n in BUILT_IN}
        classes = {f"class_{c}": own for c, own in enumerate(self.class_accuracy.T)}
        clients = {f"client_{k}": self.client_accuracy[:, i] for i, k in enumerate(self.panel)}
        return columns | classes | clients | self.told

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
            exp, arrays = read(shown)
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
