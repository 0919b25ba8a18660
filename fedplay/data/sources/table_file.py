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
from fedplay.data.labels import check_kinds, clean, encoded, missing_among, says_so
from fedplay.untrusted import SEPARATORS, csv_bytes, csv_text, quoted, rows_between

MAX_LABELS = 100
MAX_CLIENTS = 1000
LABEL, CLIENT = "label", "client"

HASH = 16  # hexadecimal digits of the SHA-256 in a key
_KEY = re.compile(rf"csv:[A-Za-z0-9._-]{{1,40}}:[0-9a-f]{{{HASH}}}", flags=re.ASCII)
# What a number may look like that has a mark in it, and where the mark could be one of thousands.
_MARKED = re.compile(r"[+-]?[0-9.,]*[0-9][0-9.,]*(?:[eE][+-]?[0-9]+)?", flags=re.ASCII)
_THOUSANDS = re.compile(r"[+-]?[1-9][0-9]{0,2}(?:[.,][0-9]{3})+", flags=re.ASCII)
MEANT = ("labels", "class", "target", "y", "outcome", "diagnosis", "species", "category")
Cells = tuple[str, ...]

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

    def to_python(self) -> str:
        return f"fp.load_csv({self.name!r})  # where it is; its SHA-256 begins with {self.digest}"

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

    The file is UTF-8 with a header. It has a column `label`, one column `client` if the clients are
    to be its own (`partition="natural"`), and every other column is a numeric feature, which is
    standardised to mean 0 and standard deviation 1 (a constant one becomes 0). `name` is shown in
    place of the file's own.

    Cells are separated by commas; by semicolons, tabs or bars where the header is, and then numbers
    may have a decimal comma. A first column without a name that numbers the rows is left out.

    At most 5 MB, 200,000 rows, 1,000 columns, 100 labels and 1,000 clients. Raises ValueError, with
    the row as a spreadsheet counts it and the column, for anything that cannot be used: missing
    values (an empty cell, NA, null, -, ...) and numbers that can be read in two ways are.

    >>> load_csv(b"label,height,client\\nyes,1.5,Ada\\nno,2.5,Ada\\nno,3.5,Bob\\n", name="tiny.csv")
    'csv:tiny.csv:e2449531eb7c5c7c'
    """
    if isinstance(path_or_bytes, (bytes, bytearray, memoryview)):
        content = bytes(path_or_bytes)
        shown = name or "table.csv"
    else:
        if not isinstance(path_or_bytes, str | os.PathLike) or "\n" in os.fspath(path_or_bytes):
            raise ValueError("CSV: must be given by its path, or as bytes with its content")
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
    text, separator = csv_text(content, LABEL)
    try:
        return _table(*rows_between(text, separator), separator, name)
    except ValueError as error:
        if separator == ",":
            raise
        raise ValueError(
            f"{error} (read with {SEPARATORS[separator]}, as it is not separated by commas)"
        ) from None


def _table(header: list[str], rows: list[list[str]], separator: str, name: str) -> Table:
    label, own = _named(header, LABEL), _named(header, CLIENT)
    if label is None:
        raise ValueError(f"CSV: needs a column named {LABEL}{_hint(header)}")
    while rows and not any(rows[-1]):  # below its table a spreadsheet may write empty rows
        rows.pop()
    if not rows:
        raise ValueError("CSV: has no rows below its header")
    columns = dict(zip(header, zip(*rows, strict=True), strict=True))
    ids = {column: columns.pop(column) for column in (label, own) if column is not None}
    if separator != "," and _decimal_comma(columns, separator):
        columns = {column: _pointed(cells) for column, cells in columns.items()}
        ids = {column: _pointed(cells) for column, cells in ids.items()}
    classes, y = _codes(LABEL, ids[label], MAX_LABELS)
    if len(classes) < 2:
        raise ValueError(f"CSV: has one label only, {quoted(classes[0])}; nothing can be learnt")
    clients: tuple[str, ...] = ()
    client: Ints | None = None
    if own is not None:
        clients, client = _codes(CLIENT, ids[own], MAX_CLIENTS)
    if not columns:
        raise ValueError(f"CSV: needs at least one numeric column besides {LABEL} and {CLIENT}")
    X = np.column_stack([_numbers(column, cells) for column, cells in columns.items()])
    return Table(name, standardised(X), y, classes, client, clients, tuple(columns))


def _named(header: list[str], name: str) -> str | None:
    """What the column of this name is called in the file, in upper or lower case."""
    found = [column for column in header if column.casefold() == name]
    if len(found) > 1:
        raise ValueError(f"CSV: has the columns {' and '.join(map(quoted, found))}; keep one")
    return next(iter(found), None)


def _hint(header: list[str]) -> str:
    """What may be wrong with a file that has no column of labels."""
    if any(_is_number(column) for column in header):
        return "; its first row must be a header, the names of the columns"
    if header[0].startswith("#"):
        return "; its first row must be a header, not a comment"
    if len(header) == 1:
        return "; its columns must be separated by commas"
    meant = next((column for column in header if column.casefold() in MEANT), None)
    return f"; rename {quoted(meant)} if it is that" if meant else ""


def _clean(name: str) -> str:
    """A file name without folders, in characters that are safe everywhere."""
    base = re.split(r"[/\\]", name)[-1]
    return re.sub(r"[^A-Za-z0-9._-]+", "_", base, flags=re.ASCII)[-40:] or "table.csv"


def _codes(column: str, cells: Cells, most: int) -> tuple[tuple[str, ...], Ints]:
    """(names, codes (n,)) of a column of ids."""
    known = {cell: clean(cell) for cell in set(cells)}
    different = set(known.values())
    missing = missing_among(different)
    row = next((row for row, cell in enumerate(cells, 2) if missing and known[cell] in missing), 0)
    if row:
        what = f"missing{says_so(text)}" if (text := known[cells[row - 2]]) else "empty"
        raise ValueError(f"CSV: row {row}, column {column} is {what}")
    if len(different) > most:
        raise ValueError(f"CSV: column {column} has more than {most:,} different values")
    check_kinds(f"CSV: column {column}", different)
    return encoded([known[cell] for cell in cells])


def _decimal_comma(columns: dict[str, Cells], separator: str) -> bool:
    """Whether the numbers of a file without separating commas have a decimal comma.

    ValueError where that cannot be told: 1,500 and, where semicolons separate, 1.500 may be a
    number of one or of a thousand.
    """
    found = {",": "", ".": ""}  # a number with this mark
    plain = {",": False, ".": separator != ";"}  # whether one shows that the mark is a decimal one
    for cells in columns.values():
        for mark in found:
            if not any(mark in cell for cell in cells):
                continue
            marked = [cell for cell in cells if mark in cell and _MARKED.fullmatch(cell)]
            found[mark] = found[mark] or next(iter(marked), "")
            plain[mark] = plain[mark] or not all(map(_THOUSANDS.fullmatch, marked))
    if found[","] and found["."]:
        raise ValueError(
            f"CSV: has numbers with a comma, {found[','][:20]}, and with a point, "
            f"{found['.'][:20]}; write all decimals in one way, and thousands without a mark"
        )
    for mark, number in found.items():
        if number and not plain[mark]:
            raise ValueError(
                f"CSV: {number[:20]} may be a decimal number or thousands, as all like it may; "
                "write decimals with a point, and put commas between cells"
            )
    return bool(found[","])


def _pointed(cells: Cells) -> Cells:
    """The cells with a decimal point where a number has a comma."""
    return tuple(
        cell.replace(",", ".") if "," in cell and _MARKED.fullmatch(cell) else cell
        for cell in cells
    )


def _numbers(column: str, cells: Cells) -> Floats:
    """(n,) the cells as finite numbers; ValueError naming the row and column of the first other."""
    try:
        numbers = np.array([float(cell) for cell in cells])
        bad = not np.isfinite(numbers).all() or "_" in "".join(cells)
    except ValueError:
        bad = True
    if bad:
        row, cell = next((i, cell) for i, cell in enumerate(cells, 2) if not _is_number(cell))
        what = f"{quoted(cell)}, not a number{_how(cell)}" if cell else "empty"
        raise ValueError(f"CSV: row {row}, column {quoted(column)} is {what}")
    return numbers


def _how(cell: str) -> str:
    """How a number has to be written that somebody wrote like this."""
    if "," in cell:
        return "; write decimals with a point, and thousands without a comma"
    bare = cell.strip("%$€£¥ ")
    return "; write it without the sign" if bare != cell and _is_number(bare) else ""


def _is_number(cell: str) -> bool:
    try:
        return math.isfinite(float(cell)) and "_" not in cell  # float() would read 1_000 as 1000
    except ValueError:
        return False
