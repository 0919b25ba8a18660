"""A CSV file of the user's own: loaded once, then known to an experiment by its hash.

An experiment holds no path: what it names is `csv:<file name>:<start of the SHA-256>`, so a shared
file says which table it needs and never makes anybody's computer open one. The hash is what counts
and the name is a label: a file that was renamed, or moved, is found again. An experiment may name
a file that is not loaded here, as that of a saved history does; only what needs the rows asks for
it.
"""

from __future__ import annotations

import hashlib
import math
import os
import re
from dataclasses import dataclass
from pathlib import PurePath

import numpy as np

from fedplay.data.base import Floats, Ints, Source, Table, standardised
from fedplay.untrusted import csv_bytes, csv_rows, quoted

MAX_LABELS = 100
MAX_CLIENTS = 1000
LABEL, CLIENT = "label", "client"

HASH = 16  # hexadecimal digits of the SHA-256 in a key
_KEY = re.compile(rf"csv:[A-Za-z0-9._-]{{1,40}}:[0-9a-f]{{{HASH}}}", flags=re.ASCII)
_loaded: dict[str, Table] = {}  # what `load_csv` has read in this process, by hash


@dataclass(frozen=True, eq=False)
class TableFile(Source):
    """The file of a key, `csv:<name>:<hash>`: two are the same where their hashes are.

    Raises ValueError for what is no such key, and, from `load`, `shape` and `sites`, where the file
    is not `present`.
    """

    key: str

    def __post_init__(self) -> None:
        super().__post_init__()
        if not isinstance(self.key, str) or not _KEY.fullmatch(self.key):
            raise ValueError(
                f"data={quoted(str(self.key))}: names no file (csv:<name>:<{HASH} digits of its "
                "SHA-256>), so load it first with fp.load_csv and use what that returns"
            )

    def __eq__(self, other: object) -> bool:
        return isinstance(other, TableFile) and self.digest == other.digest

    def __hash__(self) -> int:
        return hash(self.digest)

    @property
    def name(self) -> str:
        """What the file is called, which says nothing of what is in it."""
        return self.key.split(":")[1]

    @property
    def digest(self) -> str:
        """The first 16 hexadecimal digits of its SHA-256: which file this is."""
        return self.key.split(":")[2]

    @property
    def present(self) -> bool:
        """Whether `load_csv` has read it in this process, under whatever name."""
        return self.digest in _loaded

    def load(self, seed: int) -> Table:
        return self._table

    def shape(self) -> tuple[int, int, int]:
        return *self._table.X.shape, len(self._table.classes)

    def sites(self) -> int:
        return len(self._table.client_names)

    @property
    def _table(self) -> Table:
        if not self.present:
            raise ValueError(
                f"data={quoted(self.key)}: is a file of the user's own, "
                "so load it first with fp.load_csv"
            )
        return _loaded[self.digest]


def load_csv(
    path_or_bytes: str | os.PathLike[str] | bytes | bytearray | memoryview,
    name: str | None = None,
) -> str:
    """Read a CSV file and return the key to use as `Experiment(data=key)`.

    The file is UTF-8 with commas and a header. It has a column `label`, one column `client` if the
    clients are to be its own (`partition="natural"`), and every other column is a numeric feature,
    which is standardised to mean 0 and standard deviation 1 (a constant one becomes 0). `name` is
    shown in place of the file's own.

    At most 5 MB, 200,000 rows, 1,000 columns, 100 labels and 1,000 clients. Raises ValueError, with
    the row as a spreadsheet counts it and the column, for anything that cannot be used.

    >>> load_csv(b"label,height,client\\nyes,1.5,Ada\\nno,2.5,Ada\\nno,3.5,Bob\\n", name="tiny.csv")
    'csv:tiny.csv:e2449531eb7c5c7c'
    """
    if isinstance(path_or_bytes, (bytes, bytearray, memoryview)):
        content = bytes(path_or_bytes)
        shown = name or "table.csv"
    else:
        content = csv_bytes(path_or_bytes)
        shown = name or PurePath(path_or_bytes).name
    table = parsed(content, _clean(shown))
    source = TableFile(f"csv:{table.name}:{hashlib.sha256(content).hexdigest()[:HASH]}")
    _loaded[source.digest] = table
    return source.key


def source_of(key: str) -> TableFile:
    """The source of a key, whose file `load_csv` has read in this session; ValueError otherwise."""
    source = TableFile(key)
    source.shape()
    return source


def parsed(content: bytes, name: str) -> Table:
    """The table in the bytes of a CSV file; ValueError where they cannot be used."""
    header, rows = csv_rows(content)
    if LABEL not in header:
        hint = "; its columns must be separated by commas" if ";" in header[0] else ""
        raise ValueError(f"CSV: needs a column named {LABEL}{hint}")
    if not rows:
        raise ValueError("CSV: has no rows below its header")
    columns = dict(zip(header, zip(*rows, strict=True), strict=True))
    classes, y = _codes(LABEL, columns.pop(LABEL), MAX_LABELS)
    if len(classes) < 2:
        raise ValueError(f"CSV: has one label only, {quoted(classes[0])}; nothing can be learnt")
    clients: tuple[str, ...] = ()
    client: Ints | None = None
    if CLIENT in columns:
        clients, client = _codes(CLIENT, columns.pop(CLIENT), MAX_CLIENTS)
    if not columns:
        raise ValueError(f"CSV: needs at least one numeric column besides {LABEL} and {CLIENT}")
    X = np.column_stack([_numbers(column, cells) for column, cells in columns.items()])
    return Table(name, standardised(X), y, classes, client, clients, tuple(columns))


def _clean(name: str) -> str:
    """A file name without folders, in characters that are safe everywhere."""
    base = re.split(r"[/\\]", name)[-1]
    return re.sub(r"[^A-Za-z0-9._-]+", "_", base, flags=re.ASCII)[-40:] or "table.csv"


def _codes(column: str, cells: tuple[str, ...], most: int) -> tuple[tuple[str, ...], Ints]:
    """(names, codes (n,)) of a column of ids, in numeric order where all are whole numbers."""
    if "" in cells:
        raise ValueError(f"CSV: row {cells.index('') + 2}, column {column} is empty")
    different = set(cells)
    if len(different) > most:
        raise ValueError(f"CSV: column {column} has more than {most:,} different values")
    numeric = all(re.fullmatch("-?[0-9]{1,18}", name) for name in different)
    names = sorted(different, key=lambda name: (int(name) if numeric else 0, name))
    number = {name: code for code, name in enumerate(names)}
    return tuple(names), np.array([number[cell] for cell in cells], dtype=np.int64)


def _numbers(column: str, cells: tuple[str, ...]) -> Floats:
    """(n,) the cells as finite numbers; ValueError naming the row and column of the first other."""
    try:
        numbers = np.array([float(cell) for cell in cells])
        bad = not np.isfinite(numbers).all() or "_" in "".join(cells)
    except ValueError:
        bad = True
    if bad:
        row, cell = next((i, cell) for i, cell in enumerate(cells, 2) if not _is_number(cell))
        what = f"{quoted(cell)}, not a number" if cell else "empty"
        raise ValueError(f"CSV: row {row}, column {quoted(column)} is {what}")
    return numbers


def _is_number(cell: str) -> bool:
    try:
        return math.isfinite(float(cell)) and "_" not in cell  # float() would read 1_000 as 1000
    except ValueError:
        return False
