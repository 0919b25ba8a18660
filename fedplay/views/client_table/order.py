"""The order of the table's rows, and which of them are in sight."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from fedplay.inspect.client_table import ClientTable
from fedplay.stages.base import Array


class Column(NamedTuple):
    """A column that one can sort by."""

    key: str  # of `ClientTable.columns`
    heading: tuple[str, str]  # in full, and in short
    called: str  # in a sentence
    unit: str = ""  # "part" for what is written in percent


COLUMNS = {
    column.key: column
    for column in (
        Column("client", ("client", "client"), "number"),
        Column("examples", ("examples", "ex."), "number of training examples"),
        Column("classes", ("classes held", "classes"), "number of classes held"),
        Column("global_accuracy", ("global model", "global"), "accuracy of the global model"),
        Column("personal_accuracy", ("personal", "own"), "accuracy of the personal model"),
        Column("alone_accuracy", ("alone", "alone"), "accuracy of the model trained alone"),
        Column("called", ("times called", "called"), "number of times called"),
        Column(
            "participation",
            ("share of rounds", "share"),
            "share of the rounds taken part in",
            "part",
        ),
        Column("largest_class", ("largest class", "largest"), "share of its largest class", "part"),
    )
}
FIRST = "client"


class Sorting(NamedTuple):
    """What the rows are sorted by, and how many of them are above the first in sight."""

    by: str = FIRST
    most: bool = False  # whether the most come first
    top: int = 0


def sorting_of(state: Any) -> Sorting:
    """The sorting that a scene's state asks for; by number, where nothing was chosen."""
    return state if isinstance(state, Sorting) else Sorting()


def ranked(table: ClientTable, sorting: Sorting) -> Array:
    """(K,) the rows in order, by place; of equals the lower place, and what is NaN last."""
    by = np.asarray(table.columns()[sorting.by], dtype=np.float64).round(9)
    return np.argsort(-by if sorting.most else by, kind="stable")


def in_sight(order: Array, top: int, rows: int, followed: int | None) -> tuple[Array, int | None]:
    """The places of the rows in sight, and that of the client followed where it stands below them.

    rows: how many there is room for; the last is the followed client's where it is not among them
    """
    first = max(min(top, len(order) - rows), 0)
    shown = order[first : first + rows]
    if followed is None or followed in shown or followed not in order:
        return shown, None
    if rows > 1:
        shown = shown[: rows - 1]
    return shown, followed
