"""Request handlers of the app: the page, its websocket and its files, all behind one guard."""

from __future__ import annotations

import posixpath
import re
from contextlib import suppress
from http.client import responses
from typing import Any

from jupyter_server.auth.logout import LogoutHandler
from tornado.iostream import StreamClosedError
from tornado.web import HTTPError, RequestHandler, StaticFileHandler, authenticated
from voila.request_info_handler import RequestInfoSocketHandler
from voila.static_file_handler import TemplateStaticFileHandler
from voila.tornado.handler import TornadoVoilaHandler
from voila.tornado.kernel_websocket_handler import VoilaKernelWebsocketHandler
from voila.voila_identity_provider import VoilaLoginHandler

from fedplay.app.messages import PROTOCOL, check
from fedplay.app.terminal import UNBUILT, report

TROUBLE = "The Playground could not be built. The terminal that runs fedplay says why."
# In the middle of a page, which is hidden until it is whole.
APOLOGY = f"""<style>#loading {{ display: none }}
#rendered_cells {{ display: block !important }}</style><p role="alert">{TROUBLE}</p>"""
# Everything that the page loads comes from here; its scripts are Voilà's own, and the widgets'.
POLICY = (
    "default-src 'self' 'unsafe-inline' 'unsafe-eval' data: blob:; object-src 'none'; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
HEADERS = {
    "Content-Security-Policy": POLICY,
    "Cross-Origin-Resource-Policy": "same-origin",
    "Referrer-Policy": "same-origin",  # the address holds the token
    "X-Content-Type-Options": "nosniff",
}


class Guard(RequestHandler):
    """Mixin with the checks that every request passes; `guarded` puts it before a handler."""

    def set_default_headers(self) -> None:
        super().set_default_headers()
        for name, value in HEADERS.items():
            self.set_header(name, value)
        if not isinstance(self, StaticFileHandler):
            self.set_header("Cache-Control", "no-store")

    def set_cookie(self, name: str, value: str | bytes, *rest: Any, **options: Any) -> None:
        super().set_cookie(name, value, *rest, **{"samesite": "Strict"} | options)

    async def prepare(self) -> None:
        if any("\0" in part for part in self.path_args if part):
            raise HTTPError(404)  # no file's name, and not even a question to the file system
        answer = super().prepare()
        if answer is not None:
            await answer

    def write_error(self, status_code: int, **_: Any) -> None:
        """A line that can be read, also where the handler's own page would want a user first."""
        line = f"{status_code}: {responses.get(status_code, 'refused')}"
        if status_code >= 500:
            line += ". The terminal that runs fedplay says why."
        self.set_header("Content-Type", "text/plain; charset=utf-8")
        self.finish(f"{line}\n")

    def log_exception(self, _kind: Any, error: BaseException | None, _trace: Any) -> None:
        if error is not None:
            report(error, "A request failed")


def guarded(kind: type[RequestHandler]) -> type[RequestHandler]:
    """A handler class of Jupyter or Voilà with `Guard` in front of it."""
    kind = OURS.get(kind, kind)
    return kind if issubclass(kind, Guard) else type(kind.__name__, (Guard, kind), {})


class Page(Guard, TornadoVoilaHandler):  # type: ignore[misc]
    """The page: it is written while its kernel runs the notebook."""

    @authenticated
    async def get(self, path: str | None = None) -> None:
        if path:
            raise HTTPError(404)
        _ = self.xsrf_token  # reading it sets the cookie with which a page may end its kernel
        self.set_header("Content-Type", "text/html; charset=utf-8")
        kernels = self.kernel_manager
        await kernels.make_room()
        building, written, kernel_id = await self._building()
        try:
            await self._send("".join(written))
            pieces, more = await building
            await self._send("".join(pieces[len(written) :]))
            async for piece, _ in more:
                await self._send(piece)
        except StreamClosedError:  # the page has left
            building.add_done_callback(lambda task: task.cancelled() or task.exception())
            building.cancel()
            await kernels.end(kernel_id)
        except Exception as error:
            reason = kernels.why_it_ended(kernel_id)
            failure = ChildProcessError(reason) if reason else error
            report(failure, UNBUILT)
            await kernels.end(kernel_id)
            if not self._headers_written:
                raise failure from None
            with suppress(StreamClosedError):
                await self._send(APOLOGY)
        else:
            kernels.expect(kernel_id)

    async def _building(self) -> tuple[Any, list[str], str]:
        """A kernel that works: (the task that builds the page, what it has written, its name)."""
        kernels = self.kernel_manager
        while True:
            kernels.fill(notebook_name=self.notebook_path)
            found: tuple[Any, list[str], str]
            found = await kernels.get_rendered_notebook(notebook_name=self.notebook_path)
            if kernels.is_whole(found[2]):
                return found
            await kernels.end(found[2])

    async def _send(self, piece: str) -> None:
        if piece:
            self.write(piece)
            await self.flush()


class PromptSocket(Guard, VoilaKernelWebsocketHandler):  # type: ignore[misc]
    """Takes only messages of the protocol, and sends small ones at once.

    Else TCP holds the end of each frame for up to 40 ms.
    """

    connection: Any = None  # with the kernel

    async def get(self, kernel_id: str) -> None:
        if kernel_id not in self.kernel_manager:
            raise HTTPError(404)
        # ZeroMQ, for which it is a name too, has no room for more than 255 bytes.
        if not re.fullmatch(r"[\w.-]{0,100}", self.get_argument("session_id", ""), re.ASCII):
            raise HTTPError(400)
        with suppress(StreamClosedError):
            await super().get(kernel_id)  # type: ignore[misc]

    async def pre_get(self) -> None:
        """Reach the kernel; that takes a moment, in which the page may leave."""
        await super().pre_get()
        if self._on_close_called:
            raise StreamClosedError

    def on_close(self) -> None:
        """Count the page off, unless it closed before it was connected and counted."""
        if self.connection is None:
            return
        sessions, key = self.connection._open_sessions, self.connection.session_key
        if self.connection in self.connection._open_sockets:
            super().on_close()
        elif sessions.get(key) is self:
            del sessions[key]

    async def open(self, kernel_id: str) -> None:
        self.set_nodelay(True)
        await super().open(kernel_id)

    def on_message(self, message: str | bytes) -> None:
        """Drop messages that no page would send, before Jupyter allocates memory for them."""
        if self.ws_connection is None:
            return  # the page has left meanwhile
        with suppress(ValueError):
            check(message, self.selected_subprotocol)
            super().on_message(message)

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


class Assets(Guard, TemplateStaticFileHandler):  # type: ignore[misc]
    """The files of Voilà's templates; an address of another form is none of theirs."""

    def parse_url_path(self, url_path: str) -> str:
        for form in (url_path, posixpath.normpath(url_path)):
            if not re.fullmatch(r"[\w-]+/static/[^\\]+", form):
                raise HTTPError(404)
        return str(super().parse_url_path(url_path))


class Closed(Guard):
    """Where a request without the token ends: there is nothing to log in to."""

    def get(self) -> None:
        self.set_status(403)
        self.set_header("Content-Type", "text/plain; charset=utf-8")
        self.finish("This page opens only with the whole link that the terminal shows.\n")


OURS = {
    TornadoVoilaHandler: Page,
    VoilaKernelWebsocketHandler: PromptSocket,
    TemplateStaticFileHandler: Assets,
    VoilaLoginHandler: Closed,
}
# One asks for no token, and one would show what there is none of.
UNUSED = (RequestInfoSocketHandler, LogoutHandler)
