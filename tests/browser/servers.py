"""Start what shows a notebook: our own app, and one Jupyter server with JupyterLab and Notebook.

The tests and `benchmarks/screen.py` both use it.
"""

from __future__ import annotations

import json
import os
import re
import secrets
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any
from urllib.request import Request, urlopen

import nbformat

ROOT = Path(__file__).parents[2]
PATIENCE = 300  # s after which a page or a server is said to hang; nothing is to be told from less
FRONT_ENDS = ("voila", "lab", "notebook")
FLAGS = [
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
]
# What the command line does for `fedplay show --no-browser`, also for a page of a test's own.
SERVE = "import sys, pathlib; from fedplay.app.serve import serve; "
SERVE += "serve(0, False, *map(pathlib.Path, sys.argv[1:]))"
# Nobody is asked whether to fetch news, and nothing is fetched from elsewhere.
CALM = {
    "@jupyterlab/apputils-extension:notification": {
        "fetchNews": "false",
        "checkForUpdates": False,
        "doNotDisturbMode": True,
    },
    "@jupyterlab/extensionmanager-extension:plugin": {"enabled": False},
}
# What a front end writes to the console whatever is shown in it: whole texts, each with a reason.
NOISE: dict[str, tuple[str, ...]] = {
    "voila": (),
    "lab": (
        # Lab takes its opening screen away twice where a theme is loaded meanwhile.
        r"NotFoundError: Failed to execute 'removeChild' on 'Node'[^\n]*\n +at \S+jlab_core\S+",
    ),
    "notebook": (
        # Notebook 7.6 loads settings of Lab plugins that it leaves out; also with an empty cell.
        r"(?s)TypeError: Cannot read properties of undefined \(reading 'schema'\).*notebook_core.*",
        r"(?s)Error: Command 'filebrowser:open-path' not registered\..*",
        # Its server wants a login where the page asks for a font; the page then takes another.
        r"Failed to load resource: .* 403 \(Forbidden\) \[\S+/static/notebook/\w+\.woff2\]",
    ),
}
KERNEL = ".jp-Toolbar-kernelName:has-text('Python')"
IDLE = ".jp-Notebook-ExecutionIndicator[data-status='idle']"


def environment(**more: str) -> dict[str, str]:
    """This process's, with this checkout's fedplay."""
    path = os.pathsep.join(filter(None, [str(ROOT), os.environ.get("PYTHONPATH")]))
    return os.environ | {"PYTHONPATH": path} | more


def written(code: str, path: Path) -> Path:
    """A notebook of one cell."""
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(code)])
    notebook.metadata["kernelspec"] = {"name": "python3", "display_name": "Python 3"}
    nbformat.write(notebook, path)
    return path


def built(module: str, call: str) -> str:
    """Code that shows what a module beside the tests builds."""
    code = f"import sys; sys.path.insert(0, {str(Path(__file__).parent)!r})\n"
    return f"{code}import {module}\n{module}.{call}"


@contextmanager
def voila(*notebook: Path, **options: Any) -> Iterator[str]:
    """The app in a process of its own; yields its link, token included.

    options: of the process, beside `subprocess.Popen`'s own
    """
    process = subprocess.Popen(
        [sys.executable, "-c", SERVE, *map(str, notebook)],
        **{"stdout": subprocess.PIPE, "text": True, "env": environment()} | options,
    )
    assert process.stdout is not None
    try:
        line = process.stdout.readline()
        found = re.search(r"http://127\.0\.0\.1:\d+/\?token=\S+", line)
        assert found, f"the app did not start: {line!r}"
        yield found[0]
    finally:
        process.terminate()
        process.wait(timeout=PATIENCE)
        process.stdout.close()


@contextmanager
def jupyter(folder: Path) -> Iterator[tuple[str, str]]:
    """A Jupyter server for the notebooks in `folder`/root; yields its address and token.

    It reads no configuration of the machine's, and its kernel is the interpreter that runs this.
    """
    (folder / "root").mkdir(parents=True)
    overrides = folder / "config" / "labconfig" / "default_setting_overrides.json"
    overrides.parent.mkdir(parents=True)
    overrides.write_text(json.dumps(CALM))
    places = {"JUPYTER_CONFIG_DIR": "config", "JUPYTER_DATA_DIR": "data", "IPYTHONDIR": "ipython"}
    token = secrets.token_urlsafe(16)
    options = {
        "ServerApp.jpserver_extensions": "{'jupyterlab': True, 'notebook': True}",
        "ServerApp.root_dir": str(folder / "root"),
        "ServerApp.port": "0",
        "ServerApp.open_browser": "False",
        "ServerApp.allow_root": "True",
        "IdentityProvider.token": token,
        "KernelManager.transport": "ipc",  # a port may be taken before the kernel uses it
        "LabApp.news_url": "None",
        "LabApp.expose_app_in_browser": "True",
        "JupyterNotebookApp.expose_app_in_browser": "True",
        "Application.log_level": "ERROR",
    }
    command = [sys.executable, "-m", "jupyter_server"]
    command += [f"--{name}={value}" for name, value in options.items()]
    variables = {name: str(folder / place) for name, place in places.items()}
    # The names of its sockets must be short.
    with TemporaryDirectory() as runtime, (folder / "log").open("w") as log:
        variables |= {"JUPYTER_RUNTIME_DIR": runtime}
        process = subprocess.Popen(command, env=environment(**variables), cwd=folder, stderr=log)
        try:
            yield _address(process, Path(runtime), folder / "log"), token
        finally:
            process.terminate()
            with suppress(subprocess.TimeoutExpired):
                process.wait(timeout=30)
            process.kill()
            process.wait()


def _address(process: subprocess.Popen[bytes], runtime: Path, log: Path) -> str:
    """Where the server listens, as it writes it down itself."""
    end = time.monotonic() + PATIENCE
    while time.monotonic() < end and process.poll() is None:
        for file in runtime.glob("jpserver-*.json"):
            with suppress(json.JSONDecodeError, OSError):  # half written, or nobody listens yet
                port = json.loads(file.read_text())["port"]
                socket.create_connection(("127.0.0.1", port)).close()
                return f"http://127.0.0.1:{port}"
        time.sleep(0.05)
    raise AssertionError(f"Jupyter did not start: {log.read_text()[-2000:]}")


def _end_left(address: str, token: str) -> None:
    """End the kernels whose page is gone: Jupyter keeps them, and they report on and on."""
    own = {"headers": {"Authorization": f"token {token}"}}
    with urlopen(Request(f"{address}/api/kernels", **own)) as answer:
        left = [kernel["id"] for kernel in json.load(answer) if not kernel["connections"]]
    for kernel in left:
        urlopen(Request(f"{address}/api/kernels/{kernel}", method="DELETE", **own)).close()


def _run_first_cell(page: Any) -> None:
    """With Shift+Enter, which a notebook that has no kernel yet does not keep."""
    page.locator(KERNEL).wait_for()
    page.locator(IDLE).wait_for(state="attached")
    page.locator(".jp-Notebook .jp-CodeCell .cm-content").first.click()
    page.keyboard.press("Shift+Enter")


class Servers:
    """Shows code in any front end; servers start when they are first needed."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._stack = ExitStack()
        self._jupyter: tuple[str, str] | None = None
        self._apps: dict[str, str] = {}
        self._pages = 0

    def app(self, code: str) -> str:
        """The link to our app with this code; pages of one app have a kernel each."""
        if code not in self._apps:
            path = written(code, self.folder / f"app-{len(self._apps)}.ipynb")
            self._apps[code] = self._stack.enter_context(voila(path))
        return self._apps[code]

    def show(self, front_end: str, code: str, new_page: Callable[[str], Any]) -> Any:
        """Open the code in a page, run it, and wait until it is on the screen."""
        if front_end == "voila":
            page = new_page(self.app(code))
        else:
            page = new_page(self._notebook(front_end, code))
            _run_first_cell(page)
        page.locator(".fedplay-stage").first.wait_for()
        return page

    def _notebook(self, front_end: str, code: str) -> str:
        if self._jupyter is None:
            self._jupyter = self._stack.enter_context(jupyter(self.folder / "jupyter"))
        address, token = self._jupyter
        _end_left(address, token)
        self._pages += 1
        name = written(code, self.folder / "jupyter" / "root" / f"page-{self._pages}.ipynb").name
        place = f"lab/tree/{name}?reset&" if front_end == "lab" else f"notebooks/{name}?"
        return f"{address}/{place}token={token}"

    def close(self) -> None:
        self._stack.close()
