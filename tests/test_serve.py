"""The app without a browser: who may come in, what is there, and how it begins and ends."""

from __future__ import annotations

import json
import os
import re
import signal
import socket
import subprocess
import sys
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import nbformat
import pytest
from jupyter_server.services.kernels.connection.base import serialize_binary_message
from tornado.websocket import WebSocketClosedError

from fedplay.app.serve import NOTEBOOK, serve
from fedplay.app.server import PromptSocket

ROOT = Path(__file__).parents[1]
# In the background of a shell, Ctrl-C would be ignored from the start.
START = "import signal; signal.signal(signal.SIGINT, signal.default_int_handler); "
START += "import sys, pathlib; from fedplay.app.serve import serve; "
START += "serve(0, False, pathlib.Path(sys.argv[1]))"


@pytest.fixture(scope="module")
def link(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """An app whose page prints which interpreter runs it."""
    folder = tmp_path_factory.mktemp("app")
    code = "import os, sys, fedplay\nprint('kernel', sys.executable, os.environ['FEDPLAY_NODELAY'])"
    cells = [nbformat.v4.new_code_cell(code)]
    nbformat.write(nbformat.v4.new_notebook(cells=cells), folder / "page.ipynb")
    (folder / "secret.png").write_bytes(b"secret")
    path = os.pathsep.join(filter(None, [str(ROOT), os.environ.get("PYTHONPATH")]))
    # A kernel of the same name elsewhere must not be used.
    fake = folder / "jupyter" / "kernels" / "python3"
    fake.mkdir(parents=True)
    spec = {"argv": ["false"], "display_name": "other", "language": "python"}
    (fake / "kernel.json").write_text(json.dumps(spec), encoding="utf-8")
    process = subprocess.Popen(
        [sys.executable, "-c", START, str(folder / "page.ipynb")],
        stdout=subprocess.PIPE,
        text=True,
        env=os.environ | {"PYTHONPATH": path, "JUPYTER_PATH": str(folder / "jupyter")},
    )
    assert process.stdout is not None
    line = process.stdout.readline()
    yield line.removeprefix("Playground: ").strip()
    process.send_signal(signal.SIGINT if os.name != "nt" else signal.SIGTERM)
    rest, _ = process.communicate(timeout=30)
    assert (rest.strip(), process.returncode) == ("", 0)


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
    kernel = "/api/kernels/00000000-0000-0000-0000-000000000000"
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
