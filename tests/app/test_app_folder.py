"""The app's one folder: who can enter it, when it goes, and which abandoned ones go with it."""

from __future__ import annotations

import os
import stat
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

from fedplay.app.folder import PREFIX, private_folder

pytestmark = pytest.mark.skipif(os.name == "nt", reason="locks and rights of POSIX")
ROOT = Path(__file__).parents[2]
HOLD = """
import sys, tempfile
tempfile.tempdir = sys.argv[1]
from fedplay.app.folder import private_folder
with private_folder() as folder:
    (folder / "inner").mkdir()
    print(folder, flush=True)
    sys.stdin.read()
"""


@pytest.fixture(autouse=True)
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where temporary files go."""
    place = tmp_path / "tmp"
    place.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(place))
    return place


def holder(place: Path) -> tuple[subprocess.Popen[str], Path]:
    """Another process with a folder, and the folder."""
    process = subprocess.Popen(
        [sys.executable, "-c", HOLD, str(place)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        env=os.environ | {"PYTHONPATH": str(ROOT)},
    )
    assert process.stdout is not None
    return process, Path(process.stdout.readline().strip())


@pytest.mark.parametrize("mask", [0o000, 0o022, 0o077, 0o027])
def test_only_this_user_can_enter_it_and_it_goes_at_the_end(place: Path, mask: int) -> None:
    before = os.umask(mask)
    try:
        with private_folder() as folder:
            assert folder.parent == place
            assert stat.S_IMODE(folder.stat().st_mode) == 0o700
            (folder / "file").touch()
    finally:
        os.umask(before)
    assert list(place.iterdir()) == []


def test_it_goes_with_an_error_too(place: Path) -> None:
    with pytest.raises(KeyboardInterrupt), private_folder():
        raise KeyboardInterrupt
    assert list(place.iterdir()) == []


def test_those_of_the_dead_are_removed_and_those_of_the_living_stay(place: Path) -> None:
    living, alive = holder(place)
    dead, abandoned = holder(place)
    dead.kill()
    dead.communicate()
    assert abandoned.is_dir()
    with private_folder() as folder:
        assert set(place.iterdir()) == {folder, alive}
        assert (alive / "inner").is_dir()
    living.communicate()
    assert list(place.iterdir()) == []


def test_what_is_not_surely_ours_stays(place: Path, tmp_path: Path) -> None:
    precious = tmp_path / "precious"
    precious.mkdir(mode=0o700)
    (precious / "file").touch()
    (place / f"{PREFIX}link").symlink_to(precious)
    (place / f"{PREFIX}file").touch()
    (place / f"{PREFIX}open").mkdir()
    (place / f"{PREFIX}open").chmod(0o755)
    (place / "other").mkdir(mode=0o700)
    before = set(place.iterdir())
    if os.geteuid() == 0:
        (place / f"{PREFIX}theirs").mkdir(mode=0o700)
        os.chown(place / f"{PREFIX}theirs", 65534, 65534)
        before.add(place / f"{PREFIX}theirs")
    with private_folder():
        pass
    assert set(place.iterdir()) == before
    assert (precious / "file").exists()


def test_nowhere_to_write_is_said_in_one_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    def nowhere() -> str:
        raise FileNotFoundError

    monkeypatch.setattr(tempfile, "gettempdir", nowhere)
    with pytest.raises(SystemExit, match=r"^No folder for temporary files .* TMPDIR .*\.$"):
        private_folder().__enter__()
