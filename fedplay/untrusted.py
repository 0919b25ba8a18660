"""The one door for everything that comes from outside: JSON, link tokens, CSV and npz files.

Whatever arrives here may have been made to do harm. So sizes are checked before contents, contents
before they are believed, and every refusal is a ValueError of one sentence that repeats at most
60 characters of what it refuses. Only the standard library and numpy are used.
"""

from __future__ import annotations

import base64
import binascii
import csv
import html
import io
import json
import math
import os
import re
import stat
import struct
import unicodedata
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import accumulate, pairwise
from typing import IO, Any, BinaryIO, NamedTuple, NoReturn

import numpy as np
from numpy.typing import NDArray

JSON_BYTES = 64 * 1024
JSON_DEPTH = 20
TOKEN_PREFIX = "fp1."
TOKEN_CHARS = 4096
CSV_BYTES = 5_000_000
CSV_ROWS = 200_000
CSV_COLUMNS = 1000
CSV_CELL = 200  # characters
SEPARATORS = {",": "commas", ";": "semicolons", "\t": "tabs", "|": "bars"}
NPZ_PACKED = 64 * 1024 * 1024  # bytes of the file
NPZ_BYTES = 256 * 1024 * 1024  # of all its arrays together
NPZ_MEMBERS = 1000
NPZ_REGULAR = 32 * 1024 * 1024  # so much may be as regular as it likes, all zeros for example;
NPZ_RATIO = 500  # beyond, what unpacks to more than so many times its size measures nothing

_TOLD = re.compile("[a-z][a-z0-9_]{0,39}", flags=re.ASCII)

Array = NDArray[Any]
AnyPath = str | bytes | os.PathLike[str] | os.PathLike[bytes]

# Windows knows neither waiting for a pipe's other end nor, without this, bytes as they are.
_NO_WAITING = getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0)


def quoted(hostile: str) -> str:
    """At most 60 characters of a text from outside, in quotes and without control characters."""
    shown = repr(hostile[:60])
    return shown if len(shown) <= 60 and len(hostile) <= 60 else shown[:56] + "..."


def check_told_name(name: object) -> str:
    """The name of a number that a stage tells of a round. ValueError for what can be none."""
    if isinstance(name, str) and _TOLD.fullmatch(name):
        return name
    words = "must be a small letter, then up to 39 of these, digits and underscores"
    raise ValueError(f"{quoted(str(name))} is no name: {words}")


def escape(text: object) -> str:
    """Text from data as HTML that shows it, in element content or in a quoted attribute.

    >>> escape('<b title="x">')
    '&lt;b title=&quot;x&quot;&gt;'
    """
    return html.escape(str(text), quote=True)


# --- files ------------------------------------------------------------------------------------


@contextmanager
def opened(path: AnyPath) -> Iterator[BinaryIO]:
    """A regular file, opened for reading; ValueError for what a path can name besides.

    A device or a pipe has no end, or makes the reader wait for one. OSError where there is nothing,
    or nothing that may be read.
    """
    name = os.fsdecode(path)
    _check_regular(name, os.stat(name))  # before it is opened: some devices notice that
    with open(os.open(name, os.O_RDONLY | _NO_WAITING), "rb") as file:
        _check_regular(name, os.fstat(file.fileno()))
        yield file


def file_bytes(path: AnyPath, most: int) -> bytes:
    """The content of a regular file; just enough of one of more than `most` bytes to refuse it."""
    with opened(path) as file:
        size = os.fstat(file.fileno()).st_size
        content = file.read(min(size, most) + 1) or b""
    if len(content) > size:  # it is still being written, or made up by the system as it is read
        raise ValueError(f"{os.fsdecode(path)}: has more in it than its size says")
    return content


def _check_regular(name: str, found: os.stat_result) -> None:
    if stat.S_ISDIR(found.st_mode):
        raise ValueError(f"{name}: is a folder, not a file")
    if not stat.S_ISREG(found.st_mode):
        raise ValueError(f"{name}: is a device or a pipe, not a regular file")


# --- JSON -------------------------------------------------------------------------------------


def json_object(text: str | bytes, limit: int = JSON_BYTES) -> dict[str, Any]:
    """The object in a JSON text of at most `limit` bytes of UTF-8; a byte order mark is skipped.

    Refuses anything but an object; duplicate keys; NaN and numbers beyond a float; whole numbers of
    more than 20 digits; nesting deeper than 20; text that is not valid Unicode.
    """
    text = _decoded(text, limit)
    if _depth(text) > JSON_DEPTH:
        raise ValueError(f"JSON: is nested deeper than {JSON_DEPTH}")
    try:
        value = json.loads(
            text,
            object_pairs_hook=_no_duplicates,
            parse_constant=_no_constant,
            parse_float=_finite,
            parse_int=_short_integer,
        )
    except json.JSONDecodeError as error:
        place = f"line {error.lineno}, column {error.colno}"
        raise ValueError(f"JSON: {place} is not valid") from None
    except RecursionError:
        raise ValueError(f"JSON: is nested deeper than {JSON_DEPTH}") from None
    if not isinstance(value, dict):
        raise ValueError("JSON: must be an object, in braces")
    if re.search(r"\\u[dD][89a-fA-F]", text):  # half a character: no text that could be written
        try:
            json.dumps(value, ensure_ascii=False).encode()
        except UnicodeEncodeError:
            raise ValueError("JSON: has text that is not valid Unicode") from None
    return value


def _decoded(text: str | bytes, limit: int) -> str:
    if not isinstance(text, (str, bytes)):
        raise ValueError("JSON: must be text")
    if len(text) > limit:
        raise ValueError(f"JSON: is larger than {limit:,} bytes")
    try:
        if isinstance(text, bytes):
            text = text.decode()
        elif len(text.encode()) > limit:
            raise ValueError(f"JSON: is larger than {limit:,} bytes")
    except UnicodeError:
        raise ValueError("JSON: is not valid UTF-8") from None
    return text.removeprefix("\ufeff")


def _depth(text: str) -> int:
    """The deepest nesting of brackets outside of strings."""
    # Possessive, and without anything that may fail at the end: linear whatever the text is.
    bare = re.sub(r'"(?:[^"\\]|\\.?)*+"?', "", text, flags=re.DOTALL)
    steps = (1 if char in "[{" else -1 for char in re.findall(r"[\[\]{}]", bare))
    return max(accumulate(steps), default=0)


def _no_duplicates(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for key, value in pairs:
        if key in found:
            raise ValueError(f"JSON: the key {quoted(key)} is there twice")
        found[key] = value
    return found


def _no_constant(name: str) -> NoReturn:
    raise ValueError(f"JSON: {name} is not a number that can be used")


def _finite(digits: str) -> float:
    number = float(digits)
    if not math.isfinite(number):
        raise ValueError(f"JSON: the number {quoted(digits)} is too large")
    return number


def _short_integer(digits: str) -> int:
    if len(digits.lstrip("-")) > 20:
        raise ValueError(f"JSON: the number {quoted(digits)} has more than 20 digits")
    return int(digits)


# --- link tokens ------------------------------------------------------------------------------


def encode_token(value: dict[str, Any]) -> str:
    """A JSON object as a short text for a link; ValueError above 4,096 characters.

    >>> decode_token(encode_token({"clients": 20}))
    {'clients': 20}
    """
    try:
        text = json.dumps(value, separators=(",", ":"), ensure_ascii=False, allow_nan=False)
    except (TypeError, ValueError, RecursionError):
        raise ValueError("token: only plain, finite values can travel in a link") from None
    json_object(text)
    packed = base64.urlsafe_b64encode(zlib.compress(text.encode(), 9)).decode().rstrip("=")
    token = TOKEN_PREFIX + packed
    if len(token) > TOKEN_CHARS:
        raise ValueError(f"token: would be longer than {TOKEN_CHARS:,} characters")
    return token


def decode_token(token: str) -> dict[str, Any]:
    """The JSON object in a token; ValueError for everything else."""
    if not isinstance(token, str) or len(token) > TOKEN_CHARS:
        raise ValueError(f"token: must be text of at most {TOKEN_CHARS:,} characters")
    if not token.startswith(TOKEN_PREFIX):
        raise ValueError(f"token: must begin with {TOKEN_PREFIX}, not {quoted(token[:8])}")
    packed = token.removeprefix(TOKEN_PREFIX)
    if not re.fullmatch(r"[A-Za-z0-9_-]+", packed, flags=re.ASCII):
        raise ValueError("token: has characters that no token has")
    return json_object(_inflated(_unpacked(packed)))


def token_in(text: str) -> str:
    """The token in a link (behind "fp=" or "#"), or the text itself where it is none."""
    found = re.search(r"(?:[?&]fp=|#)(fp1\.[A-Za-z0-9_-]*)", text[: 2 * TOKEN_CHARS])
    return found[1] if found else text


def _unpacked(packed: str) -> bytes:
    try:
        raw = base64.urlsafe_b64decode(packed + "=" * (-len(packed) % 4))
    except (binascii.Error, ValueError):
        raise ValueError("token: is cut off") from None
    if base64.urlsafe_b64encode(raw).decode().rstrip("=") != packed:
        raise ValueError("token: ends in bits that stand for nothing")
    return raw


def _inflated(raw: bytes) -> bytes:
    inflate = zlib.decompressobj()
    try:
        text = inflate.decompress(raw, JSON_BYTES + 1)  # a bomb is stopped here, not unpacked
    except zlib.error:
        raise ValueError("token: is damaged") from None
    if len(text) > JSON_BYTES:
        raise ValueError(f"token: unpacks to more than {JSON_BYTES:,} bytes")
    if not inflate.eof:
        raise ValueError("token: is cut off")
    if inflate.unused_data or inflate.unconsumed_tail:
        raise ValueError("token: has something behind its end")
    return text


# --- CSV --------------------------------------------------------------------------------------


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


# --- npz --------------------------------------------------------------------------------------

_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_.-]{0,99}\.npy", flags=re.ASCII)
_HEADER = re.compile(
    r"\{'descr': '(?P<dtype>\|b1|[<>|][iu][1248]|[<>]f[248]|[<>]U[1-9][0-9]{0,5})', "
    r"'fortran_order': (?P<fortran>True|False), "
    r"'shape': \((?P<shape>|[0-9]{1,12},|[0-9]{1,12}(?:, [0-9]{1,12}){1,7})\), \} *\n",
    flags=re.ASCII,
)
_PIECE = 1024 * 1024  # bytes that are unpacked at a time


class Header(NamedTuple):
    """What an npz file says of one of its arrays."""

    dtype: np.dtype[Any]
    shape: tuple[int, ...]
    fortran: bool
    length: int  # bytes in front of the array

    @property
    def size(self) -> int:
        """Bytes of the array."""
        return math.prod(self.shape) * self.dtype.itemsize


class Npz:
    """The arrays of an open npz file, by name: first their `headers`, then what one `read`s."""

    def __init__(self, archive: zipfile.ZipFile) -> None:
        self._archive = archive
        self._members = {m.filename.removesuffix(".npy"): m for m in archive.infolist()}
        self.headers = {name: _header_of(archive, m) for name, m in self._members.items()}

    def read(self, name: str) -> Array:
        """One array. zipfile reads no more than the declared size and compares the checksum."""
        with _undamaged():
            return _member(self._archive, self._members[name], self.headers[name])


@contextmanager
def npz(
    source: AnyPath | bytes,
    max_bytes: int = NPZ_BYTES,
    max_members: int = NPZ_MEMBERS,
) -> Iterator[Npz]:
    """An npz file, a path or its bytes, of which nothing but the headers has been unpacked yet.

    Nothing is unpickled. Before an array is read, the names, the number and the declared sizes of
    all members are checked, and the header of each must declare exactly the bytes that it has.
    Arrays are of bool, int, uint, float (2, 4 or 8 bytes) or text, with at most 8 dimensions;
    floats may be NaN or infinite.
    """
    with io.BytesIO(source) if isinstance(source, bytes) else opened(source) as file:
        with _undamaged():
            size = _check_directory(file, min(max_bytes, NPZ_PACKED), max_members)
            archive = zipfile.ZipFile(file)
            _check_members(archive, size, max_bytes, max_members)
            found = Npz(archive)
        yield found


@contextmanager
def _undamaged() -> Iterator[None]:
    """Inside: one sentence for all that zipfile may raise over a file that was cut or changed."""
    try:
        yield
    except (
        zipfile.BadZipFile,
        zlib.error,
        struct.error,
        EOFError,
        UnicodeError,
        NotImplementedError,  # a compression or version that zipfile does not know
        OSError,  # an offset outside of the file
        OverflowError,
    ):
        raise ValueError("npz: is damaged") from None


def _check_directory(file: IO[bytes], max_bytes: int, max_members: int) -> int:
    """The size of the file. Refuses one whose table of contents is not small, before zipfile reads
    it as a whole."""
    size = file.seek(0, io.SEEK_END)
    if size > max_bytes:
        raise ValueError(f"npz: is larger than {max_bytes:,} bytes")
    file.seek(max(size - 42, 0))
    tail = file.read()
    end = tail[-22:]
    if len(end) < 22 or end[:4] != b"PK\5\6" or end[20:] != b"\0\0":
        raise ValueError("npz: is not an npz file")
    if tail[:4] == b"PK\6\7":
        raise ValueError("npz: is a zip file of the 64-bit kind, which nothing this small needs")
    directory = int.from_bytes(end[12:16], "little")
    if directory > max_members * 200:  # 46 bytes and a name each
        raise ValueError(f"npz: has more than {max_members:,} members")
    file.seek(0)
    return size


def _check_members(archive: zipfile.ZipFile, size: int, max_bytes: int, max_members: int) -> None:
    members = archive.infolist()
    if len(members) > max_members:
        raise ValueError(f"npz: has more than {max_members:,} members")
    unpacked = sum(member.file_size for member in members)
    if unpacked > max_bytes:
        raise ValueError(f"npz: unpacks to more than {max_bytes:,} bytes")
    if unpacked > max(NPZ_REGULAR, NPZ_RATIO * size):
        raise ValueError(f"npz: unpacks to more than {NPZ_RATIO} times its size")
    names = set()
    for member in members:
        name = member.orig_filename
        if not _NAME.fullmatch(name) or name in names:
            raise ValueError(f"npz: has a member of the name {quoted(name)}, which no array has")
        names.add(name)
        if member.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
            raise ValueError(f"npz: {quoted(name)} is compressed in an unknown way")
        if member.flag_bits & 0x1:
            raise ValueError(f"npz: {quoted(name)} is encrypted")
    # A member is at least its header of 30 bytes, its name, and its content.
    starts = sorted((m.header_offset, 30 + len(m.filename) + m.compress_size) for m in members)
    if starts and starts[0][0] != 0:
        raise ValueError("npz: has something in front of its arrays")
    if any(start + length > after for (start, length), (after, _) in pairwise(starts)):
        raise ValueError("npz: has members that lie over each other")


def _header_of(archive: zipfile.ZipFile, member: zipfile.ZipInfo) -> Header:
    """What the first bytes of a member say of it; no more of it is unpacked."""
    name = quoted(member.filename)
    with archive.open(member) as stream:
        start = stream.read(10)
        if start[:8] != b"\x93NUMPY\1\0":
            raise ValueError(f"npz: {name} is not an array in numpy's format 1.0")
        length = int.from_bytes(start[8:], "little")
        found = _HEADER.fullmatch(stream.read(length).decode("latin-1"))
    if found is None:
        raise ValueError(f"npz: {name} is not an array of numbers or text")
    shape = tuple(int(digits) for digits in re.findall("[0-9]+", found["shape"]))
    header = Header(np.dtype(found["dtype"]), shape, found["fortran"] == "True", 10 + length)
    if header.length + header.size != member.file_size or max(shape, default=0) > NPZ_BYTES:
        raise ValueError(f"npz: {name} does not have the size that its header declares")
    return header


def _member(archive: zipfile.ZipFile, member: zipfile.ZipInfo, header: Header) -> Array:
    """One array. Memory is taken as the content comes, not for what a header declares."""
    name, content = quoted(member.filename), bytearray()
    with archive.open(member) as stream:
        stream.read(header.length)
        while part := stream.read(min(_PIECE, header.size - len(content))):
            content += part
        if len(content) != header.size or stream.read(1):
            raise ValueError(f"npz: {name} is cut off")
    flat: Array = np.frombuffer(content, dtype=header.dtype)
    _check_values(flat, name)
    flat = flat.astype(header.dtype.newbyteorder("="), copy=False)
    return flat.reshape(header.shape, order="F" if header.fortran else "C")


def _check_values(flat: Array, name: str) -> None:
    """Refuse bytes that are no value of their type: a bool of 7, a character beyond Unicode."""
    if flat.dtype.kind == "b" and (flat.view(np.uint8) > 1).any():
        raise ValueError(f"npz: {name} has a truth value that is neither true nor false")
    if flat.dtype.kind == "U":
        codes = flat.view(flat.dtype.byteorder.replace("=", "<") + "u4")
        if ((codes > 0x10FFFF) | ((codes >= 0xD800) & (codes <= 0xDFFF))).any():
            raise ValueError(f"npz: {name} has text that is not valid Unicode")
