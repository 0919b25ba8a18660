"""`fedplay show`: the Playground in a browser, on this machine and for this user only."""

from __future__ import annotations

import os
import secrets
import signal
import socket
import sys
import threading
import webbrowser
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING

from fedplay.app.folder import private_folder
from fedplay.app.surroundings import settled

if TYPE_CHECKING:
    from fedplay.app.server import Server

NOTEBOOK = Path(__file__).with_name("playground.ipynb")
ADDRESS = "127.0.0.1"
# With this Jupyter could check whether a text is an international address, which nobody asks for.
# To load it takes longer than all else together: it builds 38 parsers.
UNUSED = "rfc3987_syntax"


def serve(port: int | None, open_browser: bool = True, notebook: Path = NOTEBOOK) -> None:
    """Serve the Playground until Ctrl-C or SIGTERM; a free port where `port` is None or 0.

    The server listens on the loopback interface only and answers nobody without its random token.
    Ends the program with one sentence where it cannot: the port is taken, there is no place for
    temporary files, or what it is built on is missing or broken.
    """
    with _listen(port or 0) as listener, _ended_by_signals(), private_folder() as folder:
        token = secrets.token_urlsafe(24)
        url = f"http://{ADDRESS}:{listener.getsockname()[1]}/?token={token}"

        def ready() -> None:
            print(f"Playground: {url}", flush=True)
            if open_browser and _has_browser():
                threading.Thread(target=webbrowser.open, args=(url,), daemon=True).start()

        with settled(folder):
            _server().run(listener, token, notebook, folder, ready)
    with suppress(OSError):  # the terminal may be gone
        if sys.stdout.isatty():
            print()  # after its ^C


def _server() -> type[Server]:
    try:
        with _spared(UNUSED):
            from fedplay.app.server import Server  # loads Voilà
    except Exception as error:  # of any kind, as it is other people's modules that are loaded
        reason = f"{type(error).__name__}: {error}".split("\n")[0]
        raise SystemExit(
            f"The app needs Voilà, which does not load ({reason}): python -m pip install voila"
        ) from None
    return Server


@contextmanager
def _spared(name: str) -> Iterator[None]:
    """What imports that module meanwhile is told that it is not installed."""
    if name in sys.modules:
        yield
        return
    sys.modules[name] = None  # type: ignore[assignment]
    try:
        yield
    finally:
        del sys.modules[name]


@contextmanager
def _ended_by_signals() -> Iterator[None]:
    """Let SIGTERM and the end of the terminal end the program as Ctrl-C does, so that it tidies."""

    def end(*_: object) -> None:
        raise KeyboardInterrupt

    numbers = [getattr(signal, name, None) for name in ("SIGTERM", "SIGHUP")]
    before = {n: signal.getsignal(n) for n in numbers if n is not None}
    for number, handler in before.items():
        if handler != signal.SIG_IGN:  # as nohup leaves it
            signal.signal(number, end)
    try:
        yield
    except KeyboardInterrupt:
        pass
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _listen(port: int) -> socket.socket:
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    try:
        if os.name != "nt":  # there it would allow two servers on one port
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind((ADDRESS, port))
        listener.listen(128)
    except (OSError, OverflowError) as error:
        listener.close()
        raise SystemExit(f"Port {port} cannot be used ({_reason(error)}): try another.") from None
    listener.setblocking(False)
    return listener


def _reason(error: Exception) -> str:
    return (error.strerror if isinstance(error, OSError) else None) or str(error)


def _has_browser() -> bool:
    """Whether a window can open: without a display, Python would start a browser for terminals."""
    if sys.platform in ("win32", "darwin"):
        return True
    return any(os.environ.get(name) for name in ("DISPLAY", "WAYLAND_DISPLAY", "BROWSER"))
