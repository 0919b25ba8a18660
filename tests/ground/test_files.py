"""Files that are written for a person: whole or absent, with the right mode, in the right place."""

from __future__ import annotations

import errno
import io
import os
import stat
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from fedplay.files import check_writable, same_file, write_whole

POSIX = pytest.mark.skipif(os.name == "nt", reason="Windows has no modes, pipes or /dev")
LINUX = pytest.mark.skipif(not sys.platform.startswith("linux"), reason="asks for /proc")


@pytest.fixture(params=["nameless", "named"])
def way(request, monkeypatch):
    """Both ways to make the new file: Linux has one that leaves nothing behind after a kill."""
    if request.param == "named":
        monkeypatch.delattr(os, "O_TMPFILE", raising=False)
    elif not hasattr(os, "O_TMPFILE"):
        pytest.skip("needs O_TMPFILE")
    return request.param


@pytest.fixture(params=[0o022, 0o002, 0o077, 0o000], ids=oct)
def umask(request):
    old = os.umask(request.param)
    yield request.param
    os.umask(old)


def mode(path):
    return stat.S_IMODE(os.stat(path).st_mode)


@POSIX
def test_a_new_file_has_the_mode_that_the_umask_leaves(way, umask, tmp_path):
    write_whole(tmp_path / "new", b"content")
    assert (tmp_path / "new").read_bytes() == b"content"
    assert mode(tmp_path / "new") == 0o666 & ~umask
    assert os.listdir(tmp_path) == ["new"]


@POSIX
@pytest.mark.parametrize("old", [0o600, 0o640, 0o664, 0o777, 0o606], ids=oct)
def test_an_old_file_keeps_its_mode(way, old, tmp_path):
    path = tmp_path / "old"
    path.write_bytes(b"a longer content than the new one")
    path.chmod(old)
    write_whole(path, b"new")
    assert path.read_bytes() == b"new"
    assert mode(path) == old
    assert os.listdir(tmp_path) == ["old"]


@pytest.mark.skipif(os.name == "nt" or os.geteuid() != 0, reason="only root can give files away")
def test_an_old_file_keeps_its_owner(way, tmp_path):
    path = tmp_path / "old"
    path.write_bytes(b"old")
    os.chown(path, 1234, 2345)
    write_whole(path, b"new")
    found = path.stat()
    assert (found.st_uid, found.st_gid) == (1234, 2345)


@POSIX
def test_a_link_stays_a_link(way, tmp_path):
    (tmp_path / "real").write_bytes(b"old")
    (tmp_path / "folder").mkdir()
    (tmp_path / "folder" / "first").symlink_to("../real")
    (tmp_path / "second").symlink_to(tmp_path / "folder" / "first")
    (tmp_path / "dangling").symlink_to("made")
    write_whole(tmp_path / "second", b"new")
    write_whole(tmp_path / "dangling", b"made")
    assert (tmp_path / "real").read_bytes() == b"new"
    assert (tmp_path / "made").read_bytes() == b"made"
    assert all((tmp_path / name).is_symlink() for name in ("second", "folder/first", "dangling"))
    assert not (tmp_path / "real").is_symlink()
    assert not (tmp_path / "made").is_symlink()


@POSIX
def test_other_hard_links_keep_what_they_had(way, tmp_path):
    (tmp_path / "one").write_bytes(b"old")
    os.link(tmp_path / "one", tmp_path / "other")
    write_whole(tmp_path / "one", b"new")
    assert (tmp_path / "one").read_bytes() == b"new"
    assert (tmp_path / "other").read_bytes() == b"old"


@POSIX
def test_a_pipe_is_written_into(tmp_path):
    os.mkfifo(tmp_path / "pipe")
    got = []
    reader = threading.Thread(target=lambda: got.append((tmp_path / "pipe").read_bytes()))
    reader.start()
    write_whole(tmp_path / "pipe", b"content")
    reader.join()
    assert got == [b"content"]
    assert stat.S_ISFIFO(os.stat(tmp_path / "pipe").st_mode)


@POSIX
def test_a_device_is_written_into():
    write_whole(os.devnull, b"content")
    check_writable(os.devnull)
    assert stat.S_ISCHR(os.stat(os.devnull).st_mode)


@LINUX
@pytest.mark.parametrize("name", ["/dev/fd/{}", "/proc/self/fd/{}"])
@pytest.mark.parametrize("kind", ["pipe", "file"])
def test_what_is_open_already_is_written_to_where_it_stands(name, kind, tmp_path):
    if kind == "pipe":
        read, write = os.pipe()
    else:
        read = os.open(tmp_path / "file", os.O_RDWR | os.O_CREAT)
        write = os.dup(read)
    os.write(write, b"before ")
    write_whole(name.format(write), b"content")
    os.write(write, b" after")
    os.close(write)
    if kind == "file":
        os.lseek(read, 0, os.SEEK_SET)
    assert os.read(read, 100) == b"before content after"
    os.close(read)


@LINUX
@pytest.mark.parametrize("where", ["pipe", "file"])
def test_standard_output_is_written_into(where, tmp_path):
    code = "from fedplay.files import write_whole; write_whole('/dev/stdout', b'content')"
    with (tmp_path / "out").open("w+b") as out:
        to = subprocess.PIPE if where == "pipe" else out
        done = subprocess.run([sys.executable, "-c", code], stdout=to, check=True)
        out.seek(0)
        assert (done.stdout if where == "pipe" else out.read()) == b"content"


@pytest.mark.parametrize("name", ["x" * 255, "x" * 254, "é" * 127, "猫" * 85, ".h", "~", " ", "-"])
def test_any_name_that_the_system_takes(way, name, tmp_path):
    for content in (b"new", b"newer"):
        write_whole(tmp_path / name, content)
        assert (tmp_path / name).read_bytes() == content
    assert os.listdir(tmp_path) == [name]


def test_paths_of_every_kind(way, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for path in ("text", b"bytes", Path("path"), str(tmp_path / "whole")):
        write_whole(path, b"content")
        assert Path(os.fsdecode(path)).read_bytes() == b"content"
    with pytest.raises(TypeError, match="not BytesIO"):
        write_whole(io.BytesIO(), b"content")


@POSIX
@pytest.mark.parametrize("check", [True, False])
@pytest.mark.parametrize(
    ("name", "kind", "sentence"),
    [
        ("nodir/x", FileNotFoundError, "nodir/x: cannot be written: there is no folder nodir"),
        ("dangling", FileNotFoundError, "dangling: cannot be written: there is no folder gone"),
        ("folder", IsADirectoryError, "folder: cannot be written: it is a folder"),
        ("folder/", IsADirectoryError, "folder/: cannot be written: it is a folder"),
        ("new/", FileNotFoundError, "new/: cannot be written: there is no folder new"),
        ("", IsADirectoryError, "'': cannot be written: no file is named"),
        (".", IsADirectoryError, r"\.: cannot be written: it is a folder"),
        ("file/x", NotADirectoryError, "file/x: cannot be written: "),
        ("loop", OSError, "loop: cannot be written: "),
        ("x" * 256, OSError, "x{256}: cannot be written: "),
        ("a\0b", OSError, "a\0b: cannot be written: "),
    ],
)
def test_what_cannot_be_a_file_is_one_sentence(tmp_path, monkeypatch, name, kind, sentence, check):
    monkeypatch.chdir(tmp_path)
    Path("folder").mkdir()
    Path("file").touch()
    Path("loop").symlink_to("loop")
    Path("dangling").symlink_to("gone/x")
    refuse = check_writable if check else lambda path: write_whole(path, b"content")
    with pytest.raises(kind, match=f"^{sentence}") as caught:
        refuse(name)
    assert caught.value.errno
    assert "\n" not in str(caught.value)
    assert sorted(os.listdir()) == ["dangling", "file", "folder", "loop"]


@pytest.mark.parametrize("old", [True, False])
def test_a_full_disk_names_the_file_and_leaves_it_as_it_was(way, old, tmp_path, monkeypatch):
    path = tmp_path / "h.npz"
    if old:
        path.write_bytes(b"old")

    def full(_):
        raise OSError(errno.ENOSPC, "No space left on device", str(tmp_path / "temporary"))

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OSError, match="No space left") as caught:
        write_whole(path, b"new")
    assert str(caught.value) == f"{path}: cannot be written: No space left on device"
    assert caught.value.errno == errno.ENOSPC
    assert caught.value.__suppress_context__
    assert os.listdir(tmp_path) == (["h.npz"] if old else [])
    assert not old or path.read_bytes() == b"old"


@pytest.mark.parametrize("reason", [errno.EACCES, errno.EPERM, errno.EBUSY])
def test_in_a_folder_that_takes_no_new_file_an_old_one_is_overwritten(
    reason, tmp_path, monkeypatch
):
    def refused(*_):
        raise OSError(reason, os.strerror(reason))

    monkeypatch.setattr("fedplay.files._replace", refused)
    (tmp_path / "old").write_bytes(b"a longer content than the new one")
    write_whole(tmp_path / "old", b"new")
    assert (tmp_path / "old").read_bytes() == b"new"
    with pytest.raises(OSError, match=r"new: cannot be written"):
        write_whole(tmp_path / "new", b"new")
    assert not (tmp_path / "new").exists()


def test_a_file_or_folder_that_is_read_only_is_refused(tmp_path, monkeypatch):
    (tmp_path / "old").write_bytes(b"old")
    monkeypatch.setattr(os, "access", lambda *_: False)  # which root always may
    for refuse in (check_writable, lambda path: write_whole(path, b"new")):
        with pytest.raises(PermissionError, match=r"old: cannot be written: it is read-only"):
            refuse(tmp_path / "old")
    with pytest.raises(PermissionError, match=r"new: cannot be written: "):
        check_writable(tmp_path / "new")
    assert (tmp_path / "old").read_bytes() == b"old"


def test_writers_of_one_file_do_not_meet(way, tmp_path):
    """Whoever comes last wins; nobody sees half of a file, and nothing is left over."""
    path, contents = tmp_path / "h", [bytes([65 + i]) * 50_000 for i in range(6)]
    wrong = []

    def write(content):
        try:
            for _ in range(15):
                write_whole(path, content)
                if path.read_bytes() not in contents:
                    wrong.append("half a file")
        except OSError as error:
            wrong.append(error)

    threads = [threading.Thread(target=write, args=(content,)) for content in contents]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not wrong
    assert os.listdir(tmp_path) == ["h"]


# --- killed ---------------------------------------------------------------------------------------

KILLED = """
import os, signal, sys
from fedplay import files

folder, way = sys.argv[1:]
if way == "named":
    del os.O_TMPFILE

def write(path, content, at):
    '''In a process that is killed before line number `at` of files.py; whether it was.'''
    child = os.fork()
    if child:
        return os.WIFSIGNALED(os.waitpid(child, 0)[1])
    seen = 0

    def trace(frame, event, _):
        nonlocal seen
        if frame.f_code.co_filename != files.__file__:
            return None
        seen += event == "line"
        if seen == at:
            os.kill(os.getpid(), signal.SIGKILL)
        return trace

    sys.settrace(trace)
    files.write_whole(path, content)
    os._exit(0)

for old in (True, False):
    path, at, left = os.path.join(folder, "h"), 0, 0
    while True:
        at += 1
        if old:
            with open(path, "wb") as file:
                file.write(b"old")
        elif os.path.exists(path):
            os.remove(path)
        killed = write(path, b"new", at)
        there = os.listdir(folder)
        left += len(set(there) - {"h"})
        if old or "h" in there:
            with open(path, "rb") as file:
                assert file.read() in (b"new", b"old"[: 3 * old] or b"new"), at
        files.write_whole(path, b"next")
        assert os.listdir(folder) == ["h"], (at, os.listdir(folder))
        if not killed:
            break
    print(at, left)
"""


@POSIX
def test_a_kill_at_any_moment_leaves_a_whole_file_and_the_next_save_leaves_it_alone(way, tmp_path):
    """Killed before each line in turn. Without a name until it is whole, a new file leaves nothing,
    and one that takes an old one's name is beside it for a moment only."""
    done = subprocess.run(
        [sys.executable, "-c", KILLED, str(tmp_path), way], capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    (lines, left), (lines_new, left_new) = (
        map(int, row.split()) for row in done.stdout.splitlines()
    )
    assert min(lines, lines_new) > 30
    if way == "nameless":
        assert left_new == 0
        assert left <= 5


# --- one file or two ------------------------------------------------------------------------------


@POSIX
def test_two_names_of_one_file(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    Path("folder").mkdir()
    Path("there").touch()
    Path("again").symlink_to("there")
    Path("here").symlink_to(".")
    Path("dangling").symlink_to("folder/new")
    same = [
        ("new", "new"),
        ("new", "./new"),
        ("new", tmp_path / "new"),
        ("new", "folder/../new"),
        ("new", "here/new"),
        ("new", "NEW"),
        ("é", "e\u0301"),
        (b"new", "new"),
        ("there", "again"),
        ("there", "THERE"),
        ("folder/new", "dangling"),
    ]
    other = [
        ("new", "newer"),
        ("new", "folder/new"),
        ("there", "new"),
        ("folder/there", "there"),
        (os.devnull, os.devnull),
        (os.devnull, "new"),
    ]
    assert [pair for pair in same if not same_file(*pair)] == []
    assert [pair for pair in other if same_file(*pair)] == []
