"""The Voilà server behind `fedplay show`, with everything closed that one page does not need.

- One notebook, read-only: no contents, terminal, session or file routes exist.
- Every page and every websocket needs the token; host names other than this machine's are refused.
- No configuration files are read, so nothing on the machine can open what is closed here.
- Nothing is written but in one private folder, which is gone when the app ends.
- The kernel is the interpreter that runs this, whatever kernels the machine has installed.
"""

from __future__ import annotations

import asyncio
import logging
import secrets
import signal
import socket
import sys
import uuid
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

from jupyter_core.utils import run_sync
from nbformat.sign import MemorySignatureStore
from tornado.httpserver import HTTPServer
from tornado.ioloop import IOLoop
from traitlets import Any as AnyTrait
from traitlets.config import Config
from voila.app import Voila

from fedplay.app.handlers import TROUBLE, UNUSED, Guard, PromptSocket, guarded
from fedplay.app.kernels import Kernels, ThisInterpreter
from fedplay.app.messages import LARGEST
from fedplay.app.terminal import Terminal

__all__ = ["PromptSocket", "Server"]

TEMPLATE = Path(__file__).with_name("template")
EXTENSIONS = [
    "@jupyter-widgets/jupyterlab-manager",
    "@voila-dashboards/widgets-manager8",
    "anywidget",
]
ABANDONED = 600  # s; a kernel whose page is gone without a word ends (a laptop may only sleep)
LARGEST_BODY = 64 * 1024  # bytes of a request; a page that closes sends a few hundred


class Server(Voila):  # type: ignore[misc]
    """Voilà for one notebook, on a socket that already listens."""

    listener: Any = AnyTrait()
    ready: Any = AnyTrait()

    @classmethod
    def run(
        cls,
        listener: socket.socket,
        token: str,
        notebook: Path,
        folder: Path,
        ready: Callable[[], None],
    ) -> None:
        """Serve until Ctrl-C, SIGTERM or the end of the terminal, then end the kernels."""
        if sys.platform != "win32":  # where Voilà itself chooses the loop
            asyncio.set_event_loop(asyncio.new_event_loop())
        app = cls.instance(
            config=_configuration(folder),
            config_file_paths=[],
            log_level=logging.ERROR,
            notebook_path=str(notebook),
            connection_dir_root=str(folder),
            ip=listener.getsockname()[0],
            port=listener.getsockname()[1],
            token=token,
            listener=listener,
            ready=ready,
            tornado_settings={
                "allow_remote_access": False,
                "default_handler_class": guarded(Guard),
                "websocket_max_message_size": LARGEST,
            },
        )
        Terminal.take_over(app.log)
        app.initialize(argv=[])
        app.start()

    def setup_template_dirs(self) -> None:
        super().setup_template_dirs()
        self.template_paths.insert(0, str(TEMPLATE))

    def init_settings(self) -> dict[str, Any]:
        settings: dict[str, Any] = super().init_settings()
        # One kernel is started ahead, for the first page. Another one after it would take memory
        # for good and the processor just when that page is first played with.
        kernels = self.kernel_manager
        kernels.fill = partial(kernels.fill_if_needed, 0)
        kernels.fill_if_needed = lambda *_args, **_kwargs: None
        return settings

    def init_handlers(self) -> list[tuple[Any, ...]]:
        """Voilà's routes with our handlers, without those that are of no use."""
        return [
            (path, guarded(kind), *rest)
            for path, kind, *rest in super().init_handlers()
            if kind not in UNUSED
        ]

    def listen(self) -> None:
        server = HTTPServer(self.app, max_body_size=LARGEST_BODY, max_buffer_size=2 * LARGEST)
        server.add_sockets([self.listener])
        self.ioloop = IOLoop.current()
        loop: asyncio.AbstractEventLoop = self.ioloop.asyncio_loop  # type: ignore[attr-defined]
        for name in ("SIGINT", "SIGTERM", "SIGHUP"):
            number = getattr(signal, name, None)
            if number is None or signal.getsignal(number) == signal.SIG_IGN:
                continue
            try:  # the loop is woken up, where Python alone would wait until something else happens
                loop.add_signal_handler(number, loop.stop)
            except NotImplementedError:  # on Windows; there each loop is woken up
                signal.signal(number, self._handle_signal_stop)
        self.ready()
        try:
            self.ioloop.start()
        finally:
            server.stop()
            self.stop()

    def stop(self) -> None:
        """End the kernels at once: they keep nothing that is not on their pages."""
        run_sync(self.kernel_manager.shutdown_all)(now=True)


def _transport(folder: Path) -> str:
    """How to speak with kernels whose files are in a folder of this one's.

    Over sockets that are files there, where such can be, and with a name as long as theirs. Else
    over ports, of which another program may take one between its choice and its use.
    """
    name = folder / f"voila_12345678-kernel-{uuid.UUID(int=0)}-ipc-1"
    try:
        with socket.socket(socket.AF_UNIX) as trial:
            trial.bind(str(name))
    except (AttributeError, OSError):
        return "tcp"
    name.unlink()
    return "ipc"


def _configuration(folder: Path) -> Config:
    config = Config()
    config.VoilaConfiguration.update(
        kernel_spec_manager_class=ThisInterpreter,
        multi_kernel_manager_class=Kernels,
        preheat_kernel=True,
        allow_template_override="NO",
        allow_theme_override="NO",
        extension_allowlist=EXTENSIONS,
        file_allowlist=[],
    )
    config.VoilaExecutor.cell_error_instruction = TROUBLE
    config.KernelManager.update(transport_encryption="auto", transport=_transport(folder))
    config.MappingKernelManager.update(cull_idle_timeout=ABANDONED, cull_interval=60)
    config.NotebookNotary.update(
        data_dir=str(folder), secret=secrets.token_bytes(), store_factory=MemorySignatureStore
    )
    return config
