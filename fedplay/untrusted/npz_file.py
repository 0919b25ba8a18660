"""npz files from outside: arrays of numbers and text, with headers that are checked before them."""

from __future__ import annotations

import io
import math
import re
import struct
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import pairwise
from typing import IO, Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from fedplay.untrusted.regular_files import AnyPath, opened
from fedplay.untrusted.text import quoted

NPZ_PACKED = 64 * 1024 * 1024  # bytes of the file
NPZ_BYTES = 256 * 1024 * 1024  # of all its arrays together
NPZ_MEMBERS = 1000
NPZ_REGULAR = 32 * 1024 * 1024  # so much may be as regular as it likes, all zeros for example;
NPZ_RATIO = 500  # beyond, what unpacks to more than so many times its size measures nothing

Array = NDArray[Any]

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
