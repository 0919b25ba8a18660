"""Tables of words, as results are printed, and of numbers, as they are saved."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Sequence
from typing import Any

from fedplay.files import AnyPath, write_whole
from fedplay.untrusted import escape

Rows = Sequence[Sequence[str]]  # of one length, the heading first


def as_text(rows: Rows, note: str) -> str:
    """Columns side by side, and a note below them.

    >>> print(as_text([("method", "end"), ("FedAvg", ".9")], "One seed."))
    method  end
    FedAvg  .9
    One seed.
    """
    wide = [max(len(row[i]) for row in rows) for i in range(len(rows[0]))]
    lines = ["  ".join(c.ljust(w) for c, w in zip(r, wide, strict=True)).rstrip() for r in rows]
    return "\n".join([*lines, note])


def as_html(rows: Rows, note: str) -> str:
    """The same for a notebook; words that come from outside are harmless in it."""
    head, *rest = ([escape(cell) for cell in row] for row in rows)
    lines = ["<tr>" + "".join(f"<th>{cell}</th>" for cell in head) + "</tr>"]
    lines += ["<tr>" + "".join(f"<td>{cell}</td>" for cell in row) + "</tr>" for row in rest]
    return f"<table>{''.join(lines)}</table><p>{escape(note)}</p>"


def as_csv(head: Iterable[str], rows: Iterable[Iterable[Any]], path: AnyPath | None) -> str:
    """CSV text; also written to `path` where one is given.

    Numbers are written so that they are read back exactly; what is none is `nan`, `inf` or `-inf`,
    as Python and pandas read them. Lines end in a line feed. A word that a spreadsheet would take
    for a formula gets an apostrophe in front, as one would type it there.

    >>> as_csv(["name", "loss"], [["=1+1", -0.1], ["b", float("nan")]], None)
    "name,loss\\n'=1+1,-0.1\\nb,nan\\n"
    """
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    for row in (head, *rows):
        writer.writerow([_harmless(cell) for cell in row])
    if path is not None:
        write_whole(path, text.getvalue().encode())
    return text.getvalue()


def _harmless(cell: Any) -> Any:
    formula = isinstance(cell, str) and cell.startswith(("=", "+", "-", "@", "\t", "\r"))
    return f"'{cell}" if formula else cell
