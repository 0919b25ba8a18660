"""CSV files from outside: a header and rows of short cells, as texts."""

from __future__ import annotations

import csv
import io
import re
import unicodedata
from typing import Any

from fedplay.untrusted.regular_files import AnyPath, file_bytes
from fedplay.untrusted.text import quoted

CSV_BYTES = 5_000_000
CSV_ROWS = 200_000
CSV_COLUMNS = 1000
CSV_CELL = 200  # characters
SEPARATORS = {",": "commas", ";": "semicolons", "\t": "tabs", "|": "bars"}


def csv_bytes(path: AnyPath) -> bytes:
    """The content of a file, or just enough of it for `csv_rows` to refuse it as too large."""
    return file_bytes(path, CSV_BYTES)


def csv_rows(content: bytes) -> tuple[list[str], list[list[str]]]:
    """(header, rows) of a CSV file in UTF-8; cells without surrounding spaces.

    Refuses more than 5 MB, 200,000 rows, 1,000 columns or 200 characters in a cell; columns without
    a name or of the same name; rows that are not as long as the header. Left out are empty cells
    behind the end of a row, and columns without a name that are empty or number the rows. Rows are
    counted as a spreadsheet does: the header is row 1.
    """
    return rows_between(*csv_text(content))


def csv_text(content: bytes, wanted: str = "") -> tuple[str, str]:
    """(text, separator) of a CSV file, its byte order mark and a first line `sep=` left out.

    The separator is what that line says, else whichever of `SEPARATORS` gives the header a column
    named `wanted` (in upper or lower case), or most columns.
    """
    if len(content) > CSV_BYTES:
        raise ValueError(f"CSV: is larger than {CSV_BYTES:,} bytes")
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        wide = content[:2] in (b"\xff\xfe", b"\xfe\xff")
        where = "but in UTF-16" if wide else f"at byte {error.start + 1:,}"
        raise ValueError(f"CSV: is not text in UTF-8, {where}; save it again as UTF-8") from None
    if "\0" in text:
        raise ValueError("CSV: is not a text file")
    text = text.rstrip("\r\n")
    declared = re.match(r'("?)sep=(.)\1[ ,;\t]*(?:\r\n|\r|\n|\Z)', text, flags=re.IGNORECASE)
    if declared is None:
        headers = {one: _first_row(text, one) for one in SEPARATORS}
        return text, max(headers, key=lambda one: (wanted in headers[one], len(headers[one])))
    if declared[2] not in SEPARATORS:
        raise ValueError(f"CSV: sep={quoted(declared[2])} is no separator that is known; use ,")
    return text[declared.end() :], declared[2]


def _reader(text: str, separator: str, strict: bool) -> Any:
    lines = io.StringIO(text, newline="")
    return csv.reader(lines, delimiter=separator, skipinitialspace=True, strict=strict)


def _first_row(text: str, separator: str) -> list[str]:
    """What the columns are called, in lower case, if this is what separates them."""
    try:
        reader = _reader(text[: 2 * CSV_COLUMNS * CSV_CELL], separator, strict=False)
        cells: list[str] = next(reader, [])
    except csv.Error:
        return []
    return [cell.strip().casefold() for cell in cells]


def rows_between(text: str, separator: str) -> tuple[list[str], list[list[str]]]:
    """(header, rows) of a text whose cells are separated like this: see `csv_rows`."""
    reader = _reader(text, separator, strict=True)
    rows: list[list[str]] = []
    try:
        header = _header(next(reader, []))
        for row in reader:
            rows.append(_row(row, len(header), len(rows) + 2))
    except csv.Error as error:
        raise ValueError(f"CSV: row {len(rows) + 2}: {error}") from None
    return _without_numbering(header, rows)


def _header(cells: list[str]) -> list[str]:
    names = [unicodedata.normalize("NFC", cell.strip()) for cell in cells]
    if not any(names):
        raise ValueError("CSV: has no header in its first row")
    if len(names) > CSV_COLUMNS:
        raise ValueError(f"CSV: has more than {CSV_COLUMNS:,} columns")
    seen: set[str] = set()
    for column, name in enumerate(names, 1):
        if len(name) > CSV_CELL:
            raise ValueError(f"CSV: the name of column {column} is too long")
        if name in seen:
            raise ValueError(f"CSV: two columns have the name {quoted(name)}")
        seen.update({name} - {""})
    return names


def _row(cells: list[str], columns: int, number: int) -> list[str]:
    if number > CSV_ROWS + 1:
        raise ValueError(f"CSV: has more than {CSV_ROWS:,} rows")
    if len(cells) > columns and not any(map(str.strip, cells[columns:])):
        cells = cells[:columns]
    if len(cells) != columns:
        hint = "" if cells else "; take empty lines out"
        if len(cells) > columns:
            hint = "; a cell with a separator in it needs quotes"
            hint = "; row 1 must be the header" if columns == 1 else hint
        raise ValueError(
            f"CSV: row {number} has {len(cells)} cells, and the header has {columns}{hint}"
        )
    if max(map(len, cells)) > CSV_CELL:
        raise ValueError(f"CSV: row {number} has a cell of more than {CSV_CELL} characters")
    return [cell.strip() for cell in cells]


def _without_numbering(
    header: list[str], rows: list[list[str]]
) -> tuple[list[str], list[list[str]]]:
    """Leave out columns without a name that are empty, or number the rows as pandas and R do."""
    kept = []
    for place, name in enumerate(header):
        if name and not re.fullmatch(r"Unnamed: \d+", name):  # what pandas calls one without a name
            kept.append(place)
            continue
        cells = {row[place] for row in rows}
        numbers = place == 0 and len(cells) == len(rows) and all(map(str.isdecimal, cells))
        if numbers or not any(cells):
            continue
        if not name:
            raise ValueError(f"CSV: column {place + 1} has no name; give it one, or take it out")
        kept.append(place)
    if len(kept) == len(header):
        return header, rows
    return [header[place] for place in kept], [[row[place] for place in kept] for row in rows]
