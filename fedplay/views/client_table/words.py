"""Texts of the client table: headings, cells, the line below, and the sentence."""

from __future__ import annotations

from typing import Any

import numpy as np

from fedplay.inspect.client_table import ClientTable
from fedplay.inspect.personal_name import own_model
from fedplay.untrusted import escape
from fedplay.views.client_table.order import COLUMNS, Sorting
from fedplay.views.scene import Scene
from fedplay.words import UNSEEN, percent, short


def headings(scene: Scene, sorting: Sorting, wording: int) -> dict[str, str]:
    """The heading of each column: in full (0) or in short (1), with an arrow where it sorts."""
    found = _names(scene, wording)
    found[sorting.by] += " ▾" if sorting.most else " ▴"
    return found


def _names(scene: Scene, wording: int) -> dict[str, str]:
    found = {key: column.heading[wording] for key, column in COLUMNS.items()}
    own = {"client": f"client {UNSEEN}", "personal_accuracy": short(own_model(scene.exp), 14)}
    return found | own


def cell(key: str, value: Any) -> str:
    """A value as it stands in its column."""
    if not np.isfinite(value):
        return "–"
    if COLUMNS[key].unit == "part":
        return percent(float(value))
    return f"{value:.3f}" if key.endswith("accuracy") else f"{value:,}"


def below(table: ClientTable, first: int, shown: int) -> list[str]:
    """Wordings of the line below the rows, from the longest."""
    K, N = len(table.client), table.clients
    rows = f"rows {first + 1:,} to {first + shown:,} of {K:,}"
    of = f"; {K:,} of the {N:,} clients are followed one by one" if N > K else ""
    judged = "; accuracies are on what each client holds out"
    return [f"{rows}{of}{judged}", f"{rows}{of}", rows]


def about(scene: Scene, table: ClientTable, place: int) -> tuple[str, ...]:
    """Beside the pointer on a row: all its columns, also those that there is no room for."""
    names = _names(scene, 0)
    values = {key: table.columns()[key][place] for key in COLUMNS}
    lines = [f"{short(table.names[place])} {UNSEEN}"]
    groups = (
        ("examples", "classes", "largest_class"),
        ("global_accuracy", "personal_accuracy", "alone_accuracy"),
        ("called", "participation"),
    )
    for group in groups:
        lines.append(" · ".join(f"{names[key]} {cell(key, values[key])}" for key in group))
    return tuple(lines)


def told(table: ClientTable, sorting: Sorting) -> str:
    """What the table is sorted by, from which client to which, as HTML."""
    K, columns = len(table.client), table.columns()
    whole = f"<b>{K:,}</b> client{'s' if K != 1 else ''}"
    known = np.isfinite(np.asarray(columns[sorting.by], dtype=np.float64))
    by_number = sorting.by == "client" or not known.any()
    key = "examples" if by_number else sorting.by  # a number says nothing
    values = np.asarray(columns[key], dtype=np.float64)
    some = np.flatnonzero(np.isfinite(values))
    low, high = some[values[some].argmin()], some[values[some].argmax()]
    least, most = (_value(key, values[place]) for place in (low, high))
    said = f"{whole} in order of their number" if by_number else f"{whole} in order of"
    said = f"{said}; {COLUMNS[key].called}" if by_number else f"{said} the {COLUMNS[key].called}"
    if least == most:
        return f"{said}: <b>{least}</b> for every one."
    middle = _value(key, float(np.median(values[some])))
    return (
        f"{said}: from <b>{least}</b> ({_name(table, low)}) to <b>{most}</b> "
        f"({_name(table, high)}), the median is {middle}."
    )


def spoken(scene: Scene, table: ClientTable) -> str:
    """The row of the client that is followed, for a screen reader."""
    if scene.client is None or scene.client >= len(table.client):
        return ""
    first, *rest = about(scene, table, scene.client)
    return f"{first.removesuffix(f' {UNSEEN}')}: {', '.join(rest).replace(' · ', ', ')}."


def _name(table: ClientTable, place: Any) -> str:
    return escape(short(table.names[int(place)]))


def _value(key: str, value: float) -> str:
    """A value in a sentence: an accuracy in percent, a count as a whole number or a half."""
    if key.endswith("accuracy") or COLUMNS[key].unit == "part":
        return percent(value, 1)
    return f"{value:,g}"
