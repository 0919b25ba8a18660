"""The app without a browser: who may come in, what is there, and how it begins and ends."""

from __future__ import annotations

import asyncio
import itertools
import json
import os
import random
import re
import signal
import socket
import stat
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from http.client import HTTPConnection, HTTPResponse
from pathlib import Path
from urllib.parse import quote, urlsplit

import nbformat
import pytest
from jupyter_client.session import Session
from jupyter_server.services.kernels.connection.base import (
    serialize_binary_message,
    serialize_msg_to_ws_v1,
)
from tornado.websocket import WebSocketClientConnection, WebSocketClosedError, websocket_connect

from fedplay.app.folder import PREFIX, private_folder
from fedplay.app.messages import PROTOCOL
from fedplay.app.serve import NOTEBOOK, serve
from fedplay.app.server import PromptSocket

ROOT = Path(__file__).parents[2]
# In the background of a shell, Ctrl-C would be ignored from the start.
NOBODY = "00000000-0000-0000-0000-000000000000"
PROCESSES = pytest.mark.skipif(
    not Path("/proc/self/environ").exists(), reason="processes are looked at in /proc"
)
PLACES = ("home", "tmp", "work")
# Also where the tests run in the background, or under nohup: what is ignored there is so in an app.
START = "import signal; signal.signal(signal.SIGINT, signal.default_int_handler); "
START += "hasattr(signal, 'SIGHUP') and signal.signal(signal.SIGHUP, signal.SIG_DFL); "
START += "import sys, pathlib; from fedplay.app.serve import serve; "
START += "serve(0, False, pathlib.Path(sys.argv[1]))"


@dataclass
class App:
    """An app in a process of its own, which may write in three folders and on its terminal."""

    folder: Path
    process: subprocess.Popen[str]
    link: str

    def written(self) -> list[str]:
        """The names of what lies in the places where it may write."""
        places = [self.folder / name for name in PLACES]
        return sorted(path.name for place in places for path in place.iterdir())

    def terminal(self) -> list[str]:
        return (self.folder / "terminal").read_text(encoding="utf-8").splitlines()

    def kernels(self) -> list[int]:
        """The processes that have its private folder for their temporary files."""
        place = f"TMPDIR={self.folder / 'tmp' / PREFIX}".encode()
        found = []
        for path in Path("/proc").glob("[0-9]*/environ"):
            with suppress(OSError):
                if place in path.read_bytes():
                    found.append(int(path.parts[2]))
        return sorted(found)


@contextmanager
def running(folder: Path, page: Path = NOTEBOOK, hook: str = "", **variables: str) -> Iterator[App]:
    """Start an app in `folder`, with a home, a place for temporary files and a folder it is in.

    `hook` is what it and its kernels do before anything else.
    """
    for name in PLACES:
        (folder / name).mkdir(exist_ok=True)
    (folder / "sitecustomize.py").write_text(hook, encoding="utf-8")
    hooked = str(folder) if hook else None
    path = os.pathsep.join(filter(None, [hooked, str(ROOT), os.environ.get("PYTHONPATH")]))
    places = {"HOME": str(folder / "home"), "TMPDIR": str(folder / "tmp"), "PYTHONPATH": path}
    with (folder / "terminal").open("w") as terminal:
        process = subprocess.Popen(
            [sys.executable, "-c", START, str(page)],
            stdout=subprocess.PIPE,
            stderr=terminal,
            text=True,
            cwd=folder / "work",
            env=os.environ | {"PYTHONDONTWRITEBYTECODE": "1"} | places | variables,
        )
    assert process.stdout is not None
    try:
        line = process.stdout.readline()
        yield App(folder, process, line.removeprefix("Playground: ").strip())
    finally:
        process.terminate()
        process.communicate(timeout=30)


def one_cell(code: str, path: Path) -> Path:
    nbformat.write(nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(code)]), path)
    return path


@pytest.fixture(scope="module")
def app(tmp_path_factory: pytest.TempPathFactory) -> Iterator[App]:
    """An app whose page prints which interpreter runs it. It leaves nothing behind."""
    folder = tmp_path_factory.mktemp("app")
    code = "import os, sys, fedplay\nprint('kernel', sys.executable, os.environ['FEDPLAY_NODELAY'])"
    page = one_cell(code, folder / "page.ipynb")
    (folder / "secret.png").write_bytes(b"secret")
    # A kernel of the same name elsewhere must not be used.
    fake = folder / "jupyter" / "kernels" / "python3"
    fake.mkdir(parents=True)
    spec = {"argv": ["false"], "display_name": "other", "language": "python"}
    (fake / "kernel.json").write_text(json.dumps(spec), encoding="utf-8")
    with running(folder, page, JUPYTER_PATH=str(folder / "jupyter")) as app:
        yield app
        (private,) = app.written()
        assert private.startswith(PREFIX)
        app.process.send_signal(signal.SIGINT if os.name != "nt" else signal.SIGTERM)
        rest, _ = app.process.communicate(timeout=30)
        assert (rest.strip(), app.process.returncode) == ("", 0)
        assert app.written() == []
        assert app.terminal() == []


@pytest.fixture(scope="module")
def link(app: App) -> str:
    return app.link


def ask(link: str, path: str = "/", token: str | None = None, **options: object) -> tuple[int, str]:
    """Status and text of a request to the app at `link`."""
    place = urlsplit(link)
    url = f"http://{place.netloc}{path}" + (f"?token={token}" if token else "")
    request = urllib.request.Request(url, **options)  # type: ignore[arg-type]
    try:
        with urllib.request.urlopen(request, timeout=20) as answer:
            return answer.status, answer.read().decode()
    except urllib.error.HTTPError as error:
        with error:
            return error.code, error.read().decode()


def token_of(link: str) -> str:
    return urlsplit(link).query.removeprefix("token=")


def test_what_takes_longest_to_load_and_nobody_needs_is_not_loaded() -> None:
    code = "import sys; from fedplay.app.serve import UNUSED, _server; _server(); "
    code += "sys.exit(UNUSED in sys.modules or 'lark' in sys.modules)"
    subprocess.run([sys.executable, "-c", code], check=True)


def test_the_link_is_local_and_its_token_random(link: str) -> None:
    assert re.fullmatch(r"http://127\.0\.0\.1:\d+/\?token=[\w-]{32}", link)


@pytest.mark.timeout(20)
def test_a_picture_for_a_page_that_has_left_is_dropped() -> None:
    """Voilà would count to billions, in a list; the app would hang and take all memory."""
    gone = object.__new__(PromptSocket)
    gone.ws_connection = None
    picture = serialize_binary_message({"header": {}, "parent_header": {}, "buffers": [b"png"]})
    with pytest.raises(WebSocketClosedError):
        gone.write_message(picture, binary=True)


@pytest.mark.parametrize("token", [None, "wrong"])
def test_without_the_token_nobody_comes_in(link: str, token: str | None) -> None:
    status, text = ask(link, token=token)
    assert status == 403
    assert "whole link" in text
    kernel = f"/api/kernels/{NOBODY}"
    for path in (kernel, f"{kernel}/channels", "/api/contents", "/voila/render/page.ipynb"):
        assert ask(link, path, token=token)[0] in (403, 404), path


def test_with_the_token_the_page_runs_in_this_interpreter(link: str) -> None:
    status, page = ask(link, token=token_of(link))
    assert status == 200
    assert f"kernel {sys.executable} 1" in page
    assert "import fedplay" not in page, "no code is shown"
    assert "<title>page</title>" in page


def test_the_page_needs_no_other_server(link: str) -> None:
    _, page = ask(link, token=token_of(link))
    assert not re.findall(r"""(?:src|href)=["']https?://[^"']+""", page)
    assert "import(" not in page


@pytest.mark.parametrize(
    "path",
    [
        *["/page.ipynb", "/secret.png", "/voila/files/secret.png", "/voila/files/page.ipynb"],
        *["/voila/tree", "/voila/render/page.ipynb", "/voila/api/contents/", "/tree", "/lab"],
        *["/api/contents", "/api/kernels", "/api/kernelspecs", "/api/sessions", "/api/terminals"],
    ],
)
def test_there_is_nothing_but_the_page(link: str, path: str) -> None:
    assert ask(link, path, token=token_of(link))[0] in (403, 404)


@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "DELETE"])
@pytest.mark.parametrize("path", ["/", "/api/contents/new.ipynb", "/api/kernels", "/api/terminals"])
def test_nothing_can_be_written(link: str, method: str, path: str) -> None:
    status, _ = ask(link, path, token=token_of(link), method=method, data=b"{}")
    assert status in (403, 404, 405)


def test_other_host_names_are_refused(link: str) -> None:
    answer = ask(link, token=token_of(link), headers={"Host": "evil.example"})
    assert answer[0] == 403


def test_a_port_in_use_is_said_in_one_sentence() -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = other.getsockname()[1]
        with pytest.raises(
            SystemExit, match=rf"^Port {port} cannot be used \(.*\): try another\.$"
        ):
            serve(port, open_browser=False)


@pytest.mark.parametrize("port", [-1, 65536])
def test_an_impossible_port_too(port: int) -> None:
    with pytest.raises(SystemExit, match=f"^Port {port} cannot be used"):
        serve(port, open_browser=False)


def test_the_shipped_notebook_is_one_call_without_outputs() -> None:
    notebook = nbformat.read(NOTEBOOK, as_version=nbformat.NO_CONVERT)
    nbformat.validate(notebook)
    assert (notebook.nbformat, notebook.nbformat_minor) == (4, 5)
    assert notebook.metadata.kernelspec.name == "python3"
    assert notebook.metadata.title == "fedplay"
    (cell,) = notebook.cells
    assert cell.source.splitlines()[-1] == "fp.Playground()"
    assert cell.outputs == []
    assert cell.execution_count is None


def until(holds: Callable[[], bool]) -> None:
    """Wait for a state; the test's own time limit is the only one."""
    while not holds():
        time.sleep(0.05)


@pytest.fixture(scope="module")
def kernel(link: str) -> str:
    """The name of the kernel behind a page of the app's."""
    _, page = ask(link, token=token_of(link))
    found = re.search(r'"kernelId": "([^"]+)"', page)
    assert found
    return found[1]


def test_what_is_written_is_in_one_private_folder(app: App, kernel: str) -> None:
    (name,) = app.written()
    folder = app.folder / "tmp" / name
    assert name.startswith(PREFIX)
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    found = {path.name for path in folder.rglob("*")}
    assert any(kernel in file for file in found)
    assert not found & {"history.sqlite", "notebook_secret", "nbsignatures.db"}


ROUTES = [
    "/",
    "/login",
    "/logout",
    "/x",
    "/%00",
    "/%ff",
    "//",
    "/a/../b",
    "/favicon.ico",
    "/metrics",
]
ROUTES += [
    f"/voila/templates/{rest}" for rest in ("", "lab", "lab/static", "lab/x/y", "a/b", "%00")
]
ROUTES += [f"/voila/templates/{rest}" for rest in ("lab//static/x", "lab/static/../../x", "../x/y")]
ROUTES += [f"/voila/{kind}/{rest}" for kind in ("static", "files", "labextensions", "api/themes")
           for rest in ("", "x", "..", "../..", "%00", "a/" * 500, "a" * 3000)]  # fmt: skip
ROUTES += [f"/voila/api/shutdown/{rest}" for rest in ("", "x", "%00")]
ROUTES += [f"/voila/query/{NOBODY}", f"/api/kernels/{NOBODY}", f"/api/kernels/{NOBODY}/channels"]
METHODS = ("GET", "HEAD", "OPTIONS", "POST", "PUT", "PATCH", "DELETE", "TRACE", "FOO")


@pytest.mark.parametrize("token", [True, False])
def test_every_route_answers_and_none_fails(link: str, token: bool) -> None:
    upgrade = {"Upgrade": "websocket", "Connection": "Upgrade", "Sec-WebSocket-Version": "13"}
    for path, method in itertools.product(ROUTES, METHODS):
        if (path, method) in (("/", "GET"), ("//", "GET")) and token:
            continue  # the page itself, which takes a kernel
        headers = upgrade if path.endswith("/channels") else {}
        place = path + (f"?token={token_of(link)}" if token else "")
        answer = response(link, method, place, headers)
        assert answer.status in (200, 204, 302, 304, 400, 403, 404, 405), (path, method)
        assert is_guarded(answer), (path, method)


def response(link: str, method: str, path: str, headers: dict[str, str]) -> HTTPResponse:
    """The answer to a request that no library has made decent."""
    connection = HTTPConnection(urlsplit(link).netloc, timeout=20)
    try:
        connection.request(method, path, headers=headers)
        answer = connection.getresponse()
        answer.read()
    finally:
        connection.close()
    return answer


def is_guarded(answer: HTTPResponse) -> bool:
    cookies = answer.headers.get_all("Set-Cookie") or []
    names = ("Content-Security-Policy", "Referrer-Policy", "X-Content-Type-Options")
    return all(map(answer.getheader, names)) and all("SameSite=Strict" in c for c in cookies)


def test_the_page_is_kept_from_other_sites(link: str) -> None:
    answer = response(link, "GET", f"/?token={token_of(link)}", {})
    cookies = answer.headers.get_all("Set-Cookie") or []
    assert is_guarded(answer)
    assert {("HttpOnly" in c, c.startswith("_xsrf")) for c in cookies} == {
        (True, False),
        (False, True),
    }
    assert answer.getheader("Cache-Control") == "no-store"
    policy = str(answer.getheader("Content-Security-Policy"))
    assert "frame-ancestors 'none'" in policy
    assert "http" not in policy


def hostile(draw: random.Random) -> tuple[bool, str | bytes]:
    """(whether in the newer protocol, a message that no page sends)."""
    count = draw.choice(
        [0, 1, 6, 7, 1000, 40_000_000, 2**31 - 1, 2**31, 2**32 - 1, 2**40, 2**64 - 1]
    )
    rest = draw.randbytes(draw.choice([0, 8, 48, 200]))
    header = {"msg_type": draw.choice(["execute_request", "x", 1, None, []]), "msg_id": "1"}
    parts = [json.dumps(part).encode() for part in (header, [], 1, {})]
    whole = {"header": header, "parent_header": {}, "metadata": {}, "content": {}, "buffers": []}
    channel = draw.choice(["shell", "control", "iopub", "stdin", "x", ""])
    mutated = bytearray(serialize_msg_to_ws_v1(parts, channel))
    mutated[draw.randrange(len(mutated))] = draw.randrange(256)
    choices: list[tuple[bool, str | bytes]] = [
        (True, count.to_bytes(8, "little") + rest),
        (True, serialize_msg_to_ws_v1(parts, channel)),
        (True, bytes(mutated)),
        (True, "a text"),
        (False, (count % 2**32).to_bytes(4, "big") + rest),
        (False, serialize_binary_message(whole | {"channel": channel})),
        (False, json.dumps(whole | {"channel": draw.choice([channel, [], None, 1])})),
        (False, draw.choice(["", "{", "null", "[]", "[" * 9999, '{"header": {}}', "1" * 5000])),
        *((newer, rest) for newer in (True, False)),
    ]
    return draw.choice(choices)


@PROCESSES
def test_hostile_messages_take_no_memory_and_harm_no_page(app: App, kernel: str) -> None:
    async def attack() -> None:
        sockets: dict[bool, WebSocketClientConnection] = {}
        draw = random.Random(0)
        for number in range(3000):
            newer, message = hostile(draw)
            if number % 500 == 0:  # some leave, in the middle of it
                for old in sockets.values():
                    old.close()
                sockets = {n: await channels(app.link, kernel, n) for n in (True, False)}
            await sockets[newer].write_message(message, binary=isinstance(message, bytes))
        for newer, socket_ in sockets.items():
            assert await replies(socket_, newer)

    before = most_memory(app.process.pid)
    asyncio.run(attack())
    assert most_memory(app.process.pid) - before < 50_000  # kB
    assert app.terminal() == []


def most_memory(process: int) -> int:
    """The most that a process has taken so far, in kB."""
    status = Path(f"/proc/{process}/status").read_text(encoding="utf-8")
    return int(re.findall(r"VmHWM:\s*(\d+)", status)[0])


async def channels(link: str, kernel: str, newer: bool) -> WebSocketClientConnection:
    place = urlsplit(link)
    url = f"ws://{place.netloc}/api/kernels/{kernel}/channels?{place.query}&session_id=s{newer}"
    return await websocket_connect(url, subprotocols=[PROTOCOL] if newer else None)


async def replies(connection: WebSocketClientConnection, newer: bool) -> bool:
    """Whether the kernel answers a question; ends with the socket."""
    ask = Session().msg("kernel_info_request") | {"channel": "shell", "buffers": []}
    if newer:
        parts = ("header", "parent_header", "metadata", "content")
        packed = [json.dumps(ask[part], default=str).encode() for part in parts]
        await connection.write_message(serialize_msg_to_ws_v1(packed, "shell"), binary=True)
    else:
        await connection.write_message(json.dumps(ask, default=str))
    while (answer := await connection.read_message()) is not None:
        if b"kernel_info_reply" in (answer if isinstance(answer, bytes) else answer.encode()):
            connection.close()
            return True
    return False


@pytest.mark.parametrize("name", ["x" * 300, "\0", "é", "a b", "a/b"])
def test_a_websocket_of_an_impossible_name_is_refused(link: str, kernel: str, name: str) -> None:
    path = f"/api/kernels/{kernel}/channels?token={token_of(link)}&session_id={quote(name)}"
    upgrade = {"Upgrade": "websocket", "Connection": "Upgrade", "Sec-WebSocket-Version": "13"}
    assert response(link, "GET", path, upgrade).status == 400


def test_a_page_that_leaves_before_it_is_connected_is_no_news(app: App, kernel: str) -> None:
    place = urlsplit(app.link)
    upgrade = {"Connection": "Upgrade", "Upgrade": "websocket", "Sec-WebSocket-Version": "13"}
    headers = {"Host": place.netloc, "Sec-WebSocket-Key": "AAAAAAAAAAAAAAAAAAAAAA=="} | upgrade
    path = f"/api/kernels/{kernel}/channels?{place.query}&session_id=leaves"
    lines = [f"GET {path} HTTP/1.1", *(f"{name}: {value}" for name, value in headers.items())]
    for _ in range(5):
        with socket.create_connection((place.hostname, place.port or 0)) as leaves:
            leaves.sendall("\r\n".join([*lines, "", ""]).encode())
    assert response(app.link, "GET", path, upgrade).status == 400  # all before are through
    assert app.terminal() == []


@PROCESSES
def test_a_page_that_leaves_before_it_is_whole_leaves_no_kernel(app: App, kernel: str) -> None:
    before = app.kernels()
    place = urlsplit(app.link)
    for _ in range(3):
        with socket.create_connection((place.hostname, place.port or 0)) as leaves:
            leaves.sendall(f"GET /?{place.query} HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n".encode())
            until(lambda: len(app.kernels()) > len(before))
    until(lambda: app.kernels() == before)
    assert app.terminal() == []


def hostile_surroundings(folder: Path) -> dict[str, str]:
    """A home that is none, even for root, and settings that would break what reads them."""
    (folder / "file").write_text("{ not", encoding="utf-8")
    rubbish = str(folder / "file")
    config = folder / "config"
    for name in ("voila.json", "jupyter_config.py", "jupyter_server_config.json", "matplotlibrc"):
        config.mkdir(exist_ok=True)
        (config / name).write_text("{ not", encoding="utf-8")
    (folder / "work" / "numpy.py").write_text("raise RuntimeError", encoding="utf-8")
    (folder / "work" / "matplotlibrc").write_text("backend: none", encoding="utf-8")
    (folder / "startup.py").write_text("raise SystemExit", encoding="utf-8")
    names = ("IPYTHONDIR", "JUPYTER_DATA_DIR", "JUPYTER_RUNTIME_DIR", "JUPYTER_PATH")
    names += ("XDG_CACHE_HOME", "XDG_CONFIG_HOME", "XDG_DATA_HOME", "XDG_RUNTIME_DIR")
    return dict.fromkeys(names, rubbish) | {
        "HOME": f"{rubbish}/home",
        "JUPYTER_CONFIG_DIR": str(config),
        "JUPYTER_NO_CONFIG": "1",
        "JUPYTER_TOKEN": "known",
        "MPLCONFIGDIR": str(config),
        "MATPLOTLIBRC": rubbish,
        "MPLBACKEND": "none",
        "PYTHONSTARTUP": str(folder / "startup.py"),
        "PYTHONWARNINGS": "error",
        "LC_ALL": "C",
        "http_proxy": "http://127.0.0.1:9",
    }


@PROCESSES
def test_the_playground_is_shown_wherever_it_is_started_and_a_kill_is_tidied_up(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in PLACES:
        (tmp_path / name).mkdir()
    settings = hostile_surroundings(tmp_path)
    with running(tmp_path, **settings) as app:
        before = set(app.written())
        status, page = ask(app.link, token=token_of(app.link))
        assert status == 200
        assert "application/vnd.jupyter.widget-view" in page
        assert ask(app.link, token="known")[0] == 403
        assert app.terminal() == []
        assert set(app.written()) == before
        (kernel,) = app.kernels()
        os.kill(kernel, signal.SIGKILL)
        until(lambda: app.terminal() != [])
        assert app.terminal() == ["fedplay: The process behind a page has ended."]
        until(lambda: bool({*app.kernels()} - {kernel}))  # Jupyter starts another in its place
        app.process.kill()
        app.process.wait()
        until(lambda: app.kernels() == [])
        assert any(name.startswith(PREFIX) for name in app.written())
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "tmp"))
    with private_folder() as folder:
        assert list((tmp_path / "tmp").iterdir()) == [folder]


SIGNALS_ITSELF = """
import pathlib, signal, sys, threading, time
def end():
    while not pathlib.Path({!r}).exists():
        time.sleep(0.02)
    signal.pthread_kill(threading.get_ident(), signal.SIGTERM)
if "serve(" in "".join(sys.orig_argv):
    threading.Thread(target=end, daemon=True).start()
"""


@PROCESSES
def test_a_signal_is_heard_though_nothing_else_happens(tmp_path: Path) -> None:
    """Told to another thread, as if just before the app waits, and no kernel wakes it up."""
    told = tmp_path / "told"
    hook = SIGNALS_ITSELF.format(str(told)) + BROKEN.format("raise SystemExit")
    with running(tmp_path, hook=hook) as app:
        ask(app.link, token=token_of(app.link))
        until(lambda: app.kernels() == [])
        told.touch()
        assert app.process.wait() == 0


BROKEN = """
import os, sys
if any("fedplay.app.kernel" in word for word in sys.orig_argv):
    {}
"""


@PROCESSES
@pytest.mark.parametrize(
    ("statement", "reason", "number"),
    [
        ("raise SystemExit('the disk is broken')", "RuntimeError: Kernel died", signal.SIGHUP),
        ("sys.modules['ipykernel'] = None", "No module named 'ipykernel", signal.SIGTERM),
        ("sys.modules['matplotlib'] = None", "No module named 'matplotlib", signal.SIGINT),
    ],
)
def test_a_kernel_that_cannot_start_is_explained(
    tmp_path: Path, statement: str, reason: str, number: signal.Signals
) -> None:
    with running(tmp_path, hook=BROKEN.format(statement)) as app:
        _, page = ask(app.link, token=token_of(app.link))
        assert "The terminal that runs fedplay says why." in page
        (line,) = app.terminal()
        assert line.startswith("fedplay: A page could not be built: ")
        assert reason in line
        app.process.send_signal(number)
        assert app.process.wait(30) == 0
        assert app.written() == []
        assert app.terminal() == [line]
        assert app.kernels() == []
