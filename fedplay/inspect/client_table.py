"""A table of the clients: what each one has, how often it was called, and how its models do."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from fedplay.cost import Limit
from fedplay.data import Federation
from fedplay.engine.arguments import check_given
from fedplay.engine.history import History
from fedplay.engine.loop import Run
from fedplay.files import AnyPath
from fedplay.inspect.client_accuracies import (
    ALONE,
    GLOBAL,
    PERSONAL,
    ClientAccuracies,
    client_accuracies,
)
from fedplay.inspect.replay import attended
from fedplay.knobs import short
from fedplay.memo import Entry
from fedplay.scopes import calmed
from fedplay.stages.base import Array
from fedplay.tables import as_csv, as_html, as_text

# Label counts (K, C) of a run's panel, which do not change from round to round.
_COUNTS = Entry[Array]("the labels of the panel")

PRINTED = 12  # clients that are printed; all of them are in the columns and in the CSV


@dataclass(frozen=True, eq=False, repr=False)
class ClientTable:
    """One row a client, of the panel where there are many. K clients, C classes.

    Accuracies are on what each client holds out; NaN where it holds nothing out, where a model is
    not finite, and alone where the client was never called: it has not trained then.
    """

    rounds: int  # how many rounds the models have been through
    clients: int  # N, all that there are
    client: Array  # (K,) their numbers
    names: Sequence[str]  # (K,) what they are called
    counts: Array  # (K, C) training examples of each class
    called: Array  # (K,) in how many of the rounds each took part
    accuracies: Array  # (3, K) of the global model, the personal one, and the one trained alone

    def columns(self) -> dict[str, Any]:
        """The columns by their names, (K,) each."""
        examples = self.counts.sum(axis=1)
        with np.errstate(invalid="ignore"):
            largest = self.counts.max(axis=1, initial=0) / np.where(examples > 0, examples, np.nan)
            part = self.called / (self.rounds or np.nan)
        return {
            "client": self.client,
            "name": np.array(self.names, dtype=object),
            "examples": examples,
            "classes": (self.counts > 0).sum(axis=1),
            "largest_class": largest,
            "global_accuracy": self.accuracies[GLOBAL],
            "personal_accuracy": self.accuracies[PERSONAL],
            "alone_accuracy": self.accuracies[ALONE],
            "called": self.called,
            "participation": part,
        }

    def to_csv(self, path: AnyPath | None = None) -> str:
        """All rows as CSV text; also written to `path` where one is given."""
        columns = self.columns()
        rows = zip(*(column.tolist() for column in columns.values()), strict=True)
        return as_csv(columns, rows, path)

    def rows(self) -> list[list[str]]:
        """The first rows as they are printed, the heading first."""
        columns = self.columns()
        del columns["client"]
        found = [list(columns)]
        for row in zip(*(c[:PRINTED].tolist() for c in columns.values()), strict=True):
            found.append([_printed(cell) for cell in row])
        return found

    def note(self) -> str:
        """The line below the rows."""
        shown, K = min(PRINTED, len(self.client)), len(self.client)
        of = f" of {self.clients:,}" if self.clients > K else ""
        more = f"; the first {shown} are printed" if shown < K else ""
        return f"{K:,}{of} clients after {self.rounds} rounds{more}."

    def __repr__(self) -> str:
        return as_text(self.rows(), self.note())

    def _repr_html_(self) -> str:
        return as_html(self.rows(), self.note())


@calmed
def clients(history: History, federation: Federation | None = None) -> ClientTable:
    """The table of the clients at the end of a run.

    federation: the data of a history that was loaded from a file and is of data of one's own

    >>> import fedplay as fp
    >>> table = clients(fp.run(fp.Experiment(clients=4, rounds=2)))
    >>> table.columns()["called"].tolist()
    [2, 2, 2, 2]
    """
    if not isinstance(history, History):
        raise ValueError(f"history={short(history)}: must be a History, as fp.run gives")
    if federation is not None and history.experiment.data != "arrays":
        data = history.experiment.data
        raise ValueError(f"federation: this run is of data={data!r}, not of your own")
    run = history._run
    if run is None or federation is not None:
        check_given("clients", history.experiment, federation)
        run = Run(history.experiment, federation, limit=Limit(np.inf, np.inf))
    *_, found = client_table(run, history.rounds, history.parameters)
    assert found is not None
    return found


def client_table(run: Run, number: int, w: Array) -> Iterator[ClientTable | None]:
    """The table after round `number`, whose global model is w (P,): None by piece, then all."""
    fed, scores = run.federation, None
    for scores in client_accuracies(run, number, w):
        if scores is None:
            yield None
    assert isinstance(scores, ClientAccuracies)
    cohorts = yield from attended(run, number)
    counts = run.memo.get(_COUNTS)
    if counts is None:
        counts = run.memo.put(_COUNTS, fed.label_counts(run.panel))
    names = [fed.client_name(int(k)) for k in run.panel]
    called = times_called(cohorts, run.panel)
    yield ClientTable(number, fed.clients, run.panel, names, counts, called, scores.judged(False))


def times_called(cohorts: Sequence[Array], panel: Array) -> Array:
    """(K,) in how many cohorts each client of the panel (K,) is."""
    took_part = np.concatenate([np.zeros(0, np.int64), *cohorts])
    ids, times = np.unique(took_part, return_counts=True)
    if not len(ids):
        return np.zeros(len(panel), np.int64)
    at = np.searchsorted(ids, panel).clip(max=len(ids) - 1)
    return np.where(ids[at] == panel, times[at], 0).astype(np.int64)


def _printed(cell: Any) -> str:
    if isinstance(cell, float):
        return "–" if np.isnan(cell) else f"{cell:.2f}"
    return str(cell)
