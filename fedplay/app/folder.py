"""The one folder in which the app keeps files: this user's alone, and gone when the app ends.

A process that is killed leaves its folder behind. Each is locked while its process lives, so that
the next start can tell which are abandoned, whatever became of the process's number.
"""

from __future__ import annotations

import os
import shutil
import stat
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

try:
    import fcntl
except ImportError:  # Windows: nothing is locked, so abandoned folders are left to the system
    fcntl = None  # type: ignore[assignment]

PREFIX = "fedplay-"


@contextmanager
def private_folder() -> Iterator[Path]:
    """Make a folder that only this user can enter, and remove it at the end.

    It is where Python puts temporary files: see `tempfile.gettempdir`. Folders of this user's that
    earlier processes left there are removed. Ends the program with one sentence if there is none.
    """
    try:
        place = tempfile.gettempdir()
    except OSError:
        raise SystemExit(
            "No folder for temporary files can be written: set TMPDIR to one that can."
        ) from None
    _remove_abandoned(place)
    path, held = _make(place)
    try:
        yield path
    finally:
        shutil.rmtree(path, ignore_errors=True)
        if held is not None:
            os.close(held)


def _make(place: str) -> tuple[Path, int | None]:
    """A new folder, and what holds its lock."""
    while True:
        path = Path(tempfile.mkdtemp(prefix=PREFIX, dir=place))
        if fcntl is None:
            return path, None
        held = None
        with suppress(FileNotFoundError):  # another start found it before it was locked
            held = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW)
            if _locked(held) is not False and path.exists():
                return path, held
        if held is not None:
            os.close(held)


def _locked(folder: int) -> bool | None:
    """Lock an open folder; None where the file system knows no locks."""
    try:
        fcntl.flock(folder, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    except OSError:
        return None
    return True


def _remove_abandoned(place: str) -> None:
    """Remove what only this user could have made, as nobody who lives holds it."""
    if fcntl is None:
        return
    for path in Path(place).glob(f"{PREFIX}*"):
        with suppress(OSError):
            folder = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW)
            try:
                found = os.fstat(folder)
                ours = found.st_uid == os.geteuid() and stat.S_IMODE(found.st_mode) == 0o700
                if ours and _locked(folder):
                    shutil.rmtree(path, ignore_errors=True)
            finally:
                os.close(folder)
