"""`fedplay show`: the Playground in a browser, on this machine and for this user only."""

from __future__ import annotations

import os
import secrets
import socket
import sys
import threading
import webbrowser
from pathlib import Path

NOTEBOOK = Path(__file__).with_name("playground.ipynb")
ADDRESS = "127.0.0.1"


def serve(port: int | None, open_browser: bool = True, notebook: Path = NOTEBOOK) -> None:
    """Serve the Playground until Ctrl-C or SIGTERM; a free port where `port` is None or 0.

    The server listens on the loopback interface only and answers nobody without its random token.
    Ends the program with one sentence if the port is taken.
    """
    from fedplay.app.server import Server  # loads Voilà, which takes a second

    with _listen(port or 0) as listener:
        token = secrets.token_urlsafe(24)
        url = f"http://{ADDRESS}:{listener.getsockname()[1]}/?token={token}"

        def ready() -> None:
            print(f"Playground: {url}", flush=True)
            if open_browser and _has_browser():
                threading.Thread(target=webbrowser.open, args=(url,), daemon=True).start()

        Server.run(listener, token, notebook, ready)


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
