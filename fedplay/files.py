"""Files are whole or absent: a reader never sees half of one, whatever ends the process."""

from __future__ import annotations

import contextlib
import errno
import hashlib
import itertools
import os
import stat
import sys
import unicodedata
from collections.abc import Iterator
from typing import IO

try:
    import fcntl
except ImportError:  # on Windows, and where Python runs in a browser
    fcntl = None  # type: ignore[assignment]

AnyPath = str | bytes | os.PathLike[str] | os.PathLike[bytes]

BINARY = getattr(os, "O_BINARY", 0)  # Windows would turn line ends into its own
# Why a folder takes no new file although an old one in it may be written.
HELD = (errno.EACCES, errno.EPERM, errno.EROFS, errno.EBUSY)


def write_whole(path: AnyPath, content: bytes) -> None:
    """Write `content` to a file, whole or not at all: to a new file, which then takes its name.

    A new file gets the mode that the umask leaves of 0666; an old one keeps its mode, and its owner
    where the system allows it. A symbolic link stays one, and what it points to is written. Other
    hard links to an old file keep what they had. A pipe or a device is written into. An old file
    that can be written in a folder that cannot is overwritten in place, and only then a process
    that is killed may leave half of it.

    OSError of the system's own kind, in one sentence that names `path`, where it can't be written.
    """
    with _named(path) as shown:
        target, old = _destination(shown)
        if _is_handle(target) or (old is not None and not stat.S_ISREG(old.st_mode)):
            _write_into(target, content)
            return
        try:
            _replace(target, old, content)
        except OSError as error:
            if old is None or error.errno not in HELD:
                raise
            _write_into(target, content)


def check_writable(path: AnyPath) -> None:
    """Raise now, where it can be foreseen, what `write_whole` would raise for this path."""
    with _named(path) as shown:
        target, old = _destination(shown)
        if old is None and not os.access(_folder(target), os.W_OK | os.X_OK):
            raise PermissionError(errno.EACCES, os.strerror(errno.EACCES))


def same_file(one: AnyPath, other: AnyPath) -> bool:
    """Whether two paths lead to one regular file, which need not be there yet.

    Names that differ in capitals only, or in how an accent is encoded, count as the same: on many
    systems they are. Pipes and devices may be shared.
    """
    (a, old_a), (b, old_b) = (_destination(os.fsdecode(path)) for path in (one, other))
    if old_a is not None and old_b is not None and os.path.samestat(old_a, old_b):
        return stat.S_ISREG(old_a.st_mode)
    folders = (os.path.realpath(_folder(path)) for path in (a, b))
    names = (unicodedata.normalize("NFC", os.path.basename(p)).casefold() for p in (a, b))
    return len({*folders}) == 1 and len({*names}) == 1


@contextlib.contextmanager
def _named(path: AnyPath) -> Iterator[str]:
    """The path as text; an OSError inside says in one sentence that this file can't be written."""
    shown = os.fsdecode(path)
    try:
        yield shown
    except OSError as error:
        told = type(error)(f"{shown or repr(shown)}: cannot be written: {error.strerror or error}")
        told.errno = error.errno
        raise told from None  # what came before names a temporary file


def _destination(path: str) -> tuple[str, os.stat_result | None]:
    """(where the links of a path lead, what is there now); OSError where no file can be."""
    if "\0" in path:
        raise OSError(errno.EINVAL, os.strerror(errno.EINVAL))
    try:
        old = os.stat(path)
    except FileNotFoundError:
        old = None
    while os.path.islink(path) and not _is_handle(path):
        path = os.path.join(os.path.dirname(path), os.readlink(path))
    if old is not None and stat.S_ISDIR(old.st_mode):
        raise IsADirectoryError(errno.EISDIR, "it is a folder")
    if old is None and not os.path.isdir(_folder(path)):
        raise FileNotFoundError(errno.ENOENT, f"there is no folder {_folder(path)}")
    if not os.path.basename(path):
        raise IsADirectoryError(errno.EISDIR, "no file is named")
    if old is not None and stat.S_ISREG(old.st_mode) and not os.access(path, os.W_OK):
        raise PermissionError(errno.EACCES, "it is read-only")
    return path, old


def _folder(path: str) -> str:
    return os.path.dirname(path) or os.curdir


def _is_handle(path: str) -> bool:
    """Whether a path stands for a file that is open already, such as /dev/stdout or /dev/fd/3."""
    folder = os.path.realpath(_folder(path))
    return folder == "/dev/fd" or folder.startswith("/proc/")


def _write_into(path: str, content: bytes) -> None:
    """Write to what has this name, be it a file, a pipe or a device."""
    own = ("/dev/fd", f"/proc/{os.getpid()}/fd")
    if os.path.realpath(_folder(path)) in own and os.path.basename(path).isdecimal():
        handle = os.dup(int(os.path.basename(path)))  # opened anew it would begin at its start
    else:
        handle = os.open(path, os.O_WRONLY | os.O_TRUNC | BINARY)
    with os.fdopen(handle, "wb") as file:
        file.write(content)


def _replace(target: str, old: os.stat_result | None, content: bytes) -> None:
    """Give the target's name to a new file of this content."""
    if hasattr(os, "O_TMPFILE"):
        # Where a file system can't do this, the other way says what is wrong, if anything is.
        with contextlib.suppress(OSError):
            _replace_nameless(target, old, content)
            return
    _replace_named(target, old, content)


def _replace_nameless(target: str, old: os.stat_result | None, content: bytes) -> None:
    """The new file has no name until it is whole, so nothing is left by a process that is killed
    (Linux only; there are two system calls between a name beside an old file and that file's own).
    """
    handle = os.open(_folder(target), os.O_TMPFILE | os.O_WRONLY, 0o666)
    with os.fdopen(handle, "wb") as file:
        _lock(handle)
        _fill(file, old, content)
        if old is not None or not _link(handle, target):
            _rename(next(spare for spare in _spares(target) if _link(handle, spare)), target)


def _link(handle: int, name: str) -> bool:
    """Name an open file; False where something has that name."""
    try:
        # A folder to start from makes Python follow the link, and an absolute path ignores it.
        os.link(f"/proc/self/fd/{handle}", name, src_dir_fd=handle, follow_symlinks=True)
    except FileExistsError:
        return False
    return True


def _replace_named(target: str, old: os.stat_result | None, content: bytes) -> None:
    """The new file has a name of its own while it is written."""
    handle, spare = next(filter(None, map(_created, _spares(target))))
    with os.fdopen(handle, "wb") as file:  # and locked, so the name is ours until the end
        try:
            _fill(file, old, content)
            if sys.platform == "win32":
                file.close()  # what is open is not renamed there
            os.replace(spare, target)
        except BaseException:
            if sys.platform == "win32":
                file.close()  # nor removed
            _forget(spare)
            raise


def _created(spare: str) -> tuple[int, str] | None:
    """A new file of this name, locked; None where somebody else was quicker."""
    try:
        handle = os.open(spare, os.O_CREAT | os.O_EXCL | os.O_WRONLY | BINARY, 0o666)
    except FileExistsError:
        return None
    _lock(handle)
    if os.fstat(handle).st_nlink > 0:
        return handle, spare
    os.close(handle)  # it was taken for a left-over before it was locked
    return None


def _fill(file: IO[bytes], old: os.stat_result | None, content: bytes) -> None:
    """Write all of a new file to disk, with the mode and owner of the one that it replaces."""
    if old is not None and sys.platform != "win32":
        handle = file.fileno()
        # Each where it is allowed, and where the file system has it; the mode last, as a new owner
        # may take it away.
        with contextlib.suppress(OSError):
            os.fchown(handle, -1, old.st_gid)
        with contextlib.suppress(OSError):
            os.fchown(handle, old.st_uid, -1)
        with contextlib.suppress(OSError):
            os.fchmod(handle, stat.S_IMODE(old.st_mode) & 0o777)
    file.write(content)
    file.flush()
    os.fsync(file.fileno())


def _rename(spare: str, target: str) -> None:
    try:
        os.replace(spare, target)
    except BaseException:
        _forget(spare)
        raise


def _forget(spare: str) -> None:
    with contextlib.suppress(OSError):
        os.unlink(spare)


def _spares(target: str) -> Iterator[str]:
    """Names beside the target that nobody uses, no longer than file systems allow.

    They are the same each time: so what a killed process left there is removed by the next.
    """
    folder, name = os.path.split(target)
    start = f".fedplay-{hashlib.sha256(os.fsencode(name)).hexdigest()[:12]}-"
    for number in itertools.count():
        spare = os.path.join(folder, f"{start}{number}")
        if not os.path.lexists(spare) or _cleared(spare):
            yield spare


def _cleared(spare: str) -> bool:
    """Remove a left-over; False where somebody is writing it, or it is not ours to remove."""
    with contextlib.suppress(OSError):
        if fcntl is None:  # Windows removes nothing that is open
            os.unlink(spare)
            return True
        handle = os.open(spare, os.O_RDONLY | os.O_NONBLOCK | os.O_NOFOLLOW)
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
            if os.path.samestat(os.fstat(handle), os.lstat(spare)):  # still the one we looked at
                os.unlink(spare)
                return True
        finally:
            os.close(handle)
    return False


def _lock(handle: int) -> None:
    """Tell others that somebody is writing this file, where the file system has locks.

    Whoever just takes the new file for a left-over is waited for.
    """
    if fcntl is not None:
        with contextlib.suppress(OSError):
            fcntl.flock(handle, fcntl.LOCK_EX)
