"""The Voilà server behind `fedplay show`, with everything closed that one page does not need.

- One notebook, read-only: no contents, terminal, session or file routes exist.
- Every page and every websocket needs the token; host names other than this machine's are refused.
- No configuration files are read, so nothing on the machine can open what is closed here.
- The kernel is the interpreter that runs this, whatever kernels the machine has installed.
"""

from __future__ import annotations

import asyncio
import logging
import os
import socket
import sys
import sysconfig
from collections.abc import Callable
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader
from jupyter_client.kernelspec import KernelSpec, KernelSpecManager, NoSuchKernel
from tornado.httpserver import HTTPServer
from tornado.ioloop import IOLoop
from tornado.web import RequestHandler
from traitlets import Any as AnyTrait
from traitlets.config import Config
from voila.app import Voila
from voila.request_info_handler import RequestInfoSocketHandler
from voila.tornado.handler import TornadoVoilaHandler
from voila.tornado.kernel_websocket_handler import VoilaKernelWebsocketHandler
from voila.voila_identity_provider import VoilaLoginHandler

import fedplay

KERNEL = "python3"
PROTOCOL = "v1.kernel.websocket.jupyter.org"
TEMPLATE = Path(__file__).with_name("template")
EXTENSIONS = [
    "@jupyter-widgets/jupyterlab-manager",
    "@voila-dashboards/widgets-manager8",
    "anywidget",
]
ABANDONED = 600  # s; a kernel whose page is gone without a word ends (a laptop may only sleep)
TROUBLE = "The Playground could not be built. The terminal that runs fedplay says why."


class ThisInterpreter(KernelSpecManager):
    """Knows one kernel: the running interpreter, with this fedplay."""

    def find_kernel_specs(self) -> dict[str, str]:
        return {KERNEL: str(TEMPLATE.parent)}

    def get_kernel_spec(self, kernel_name: str) -> KernelSpec:
        if kernel_name != KERNEL:
            raise NoSuchKernel(kernel_name)
        return KernelSpec(
            argv=[sys.executable, "-m", "ipykernel_launcher", "-f", "{connection_file}"],
            display_name="Python 3",
            language="python",
            env=_kernel_environment(),
            metadata={"supported_encryption": ["curve"]},
        )

    def get_all_specs(self) -> dict[str, Any]:
        spec = self.get_kernel_spec(KERNEL)
        return {KERNEL: {"resource_dir": str(TEMPLATE.parent), "spec": spec.to_dict()}}


def _kernel_environment() -> dict[str, str]:
    environment = {"FEDPLAY_NODELAY": "1"}
    root = str(Path(fedplay.__file__).parents[1])
    if root not in sysconfig.get_paths().values():  # run from a checkout that is not installed
        old = os.environ.get("PYTHONPATH")
        environment["PYTHONPATH"] = root if not old else os.pathsep.join([root, old])
    return environment


class Page(TornadoVoilaHandler):  # type: ignore[misc]
    """The page, with the cookie that lets it end its kernel when it is closed."""

    async def get(self, path: str | None = None) -> None:
        _ = self.xsrf_token  # reading it sets the cookie
        await super().get(path)


class PromptSocket(VoilaKernelWebsocketHandler):  # type: ignore[misc]
    """Sends small messages at once; else TCP holds the end of each frame for up to 40 ms."""

    async def open(self, kernel_id: str) -> None:
        self.set_nodelay(True)
        await super().open(kernel_id)

    def write_message(self, message: bytes | dict[str, Any], binary: bool = False) -> Any:
        """What is not in the newer protocol goes past Voilà, which reads it as if it were.

        A picture that is sent while its page leaves is none: Jupyter falls back to the older
        protocol there, and Voilà would take its first bytes for a count of billions.
        """
        connection = self.ws_connection
        newer = connection is not None and connection.selected_subprotocol == PROTOCOL
        if isinstance(message, bytes) and not newer:
            return super(VoilaKernelWebsocketHandler, self).write_message(message, binary)
        return super().write_message(message, binary)


class Closed(RequestHandler):
    """Where a request without the token ends: there is nothing to log in to."""

    def get(self) -> None:
        self.set_status(403)
        self.set_header("Content-Type", "text/plain; charset=utf-8")
        self.finish("This page opens only with the whole link that the terminal shows.\n")


OURS = {
    TornadoVoilaHandler: Page,
    VoilaKernelWebsocketHandler: PromptSocket,
    VoilaLoginHandler: Closed,
}


class Server(Voila):  # type: ignore[misc]
    """Voilà for one notebook, on a socket that already listens."""

    listener: Any = AnyTrait()
    ready: Any = AnyTrait()

    @classmethod
    def run(
        cls, listener: socket.socket, token: str, notebook: Path, ready: Callable[[], None]
    ) -> None:
        """Serve until Ctrl-C or SIGTERM, then end the kernels."""
        if sys.platform != "win32":  # where Voilà itself chooses the loop
            asyncio.set_event_loop(asyncio.new_event_loop())
        for chatty in ("tornado.access", "tornado.application", "tornado.general"):
            logging.getLogger(chatty).setLevel(logging.CRITICAL)  # a refusal is not news
        app = cls.instance(
            config=_configuration(),
            config_file_paths=[],
            log_level=logging.ERROR,
            notebook_path=str(notebook),
            ip=listener.getsockname()[0],
            port=listener.getsockname()[1],
            token=token,
            listener=listener,
            ready=ready,
            tornado_settings={"allow_remote_access": False},
        )
        app.initialize(argv=[])
        app.start()

    def setup_template_dirs(self) -> None:
        super().setup_template_dirs()
        self.template_paths.insert(0, str(TEMPLATE))

    def init_settings(self) -> dict[str, Any]:
        settings: dict[str, Any] = super().init_settings()
        # One kernel is started ahead, for the first page. Another one after it would take memory
        # for good and the processor just when that page is first played with.
        self.kernel_manager.fill_if_needed = lambda *_args, **_kwargs: None
        settings["jinja2_env"] = Environment(loader=FileSystemLoader(TEMPLATE), autoescape=True)
        return settings

    def init_handlers(self) -> list[tuple[Any, ...]]:
        """Voilà's routes with our handlers, without the one that asks for no token."""
        return [
            (path, OURS.get(kind, kind), *rest)
            for path, kind, *rest in super().init_handlers()
            if kind is not RequestInfoSocketHandler
        ]

    def listen(self) -> None:
        server = HTTPServer(self.app)
        server.add_sockets([self.listener])
        self.ioloop = IOLoop.current()
        self.ready()
        try:
            self.ioloop.start()
        except KeyboardInterrupt:
            print()
        finally:
            server.stop()
            self.stop()


def _configuration() -> Config:
    config = Config()
    config.VoilaConfiguration.update(
        kernel_spec_manager_class=ThisInterpreter,
        preheat_kernel=True,
        allow_template_override="NO",
        allow_theme_override="NO",
        extension_allowlist=EXTENSIONS,
        file_allowlist=[],
    )
    config.VoilaExecutor.cell_error_instruction = TROUBLE
    config.KernelManager.transport_encryption = "auto"
    config.MappingKernelManager.update(cull_idle_timeout=ABANDONED, cull_interval=60)
    return config
