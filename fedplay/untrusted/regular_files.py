"""Files that somebody names: only regular ones are opened, and no more is read than is wanted."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from typing import BinaryIO

AnyPath = str | bytes | os.PathLike[str] | os.PathLike[bytes]

# Windows knows neither waiting for a pipe's other end nor, without this, bytes as they are.
_NO_WAITING = getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0)


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
