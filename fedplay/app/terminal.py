"""What the app says on the terminal beside its link: each fault in one sentence, nothing twice."""

from __future__ import annotations

import logging
import sys
from asyncio import CancelledError
from contextlib import suppress

from nbclient.exceptions import CellExecutionError
from tornado.iostream import StreamClosedError
from tornado.web import HTTPError
from tornado.websocket import WebSocketClosedError

# A page that leaves in the middle of something is no news, nor is a request that is refused.
LEFT = (StreamClosedError, WebSocketClosedError, CancelledError, BrokenPipeError)
LEFT += (ConnectionResetError, KeyboardInterrupt)
SILENT = ("tornado.access", "tornado.general")


def say(sentence: str) -> None:
    """Print a line, unless the terminal is gone."""
    with suppress(OSError, ValueError):
        print(f"fedplay: {sentence}", file=sys.stderr, flush=True)


def is_news(error: BaseException | None) -> bool:
    """Whether it is a fault of the app's or of the machine's."""
    if isinstance(error, HTTPError):
        return error.status_code >= 500
    return not isinstance(error, LEFT)


def cause(error: BaseException) -> str:
    """What went wrong, in one line, with the place where that is known."""
    if isinstance(error, CellExecutionError):
        return f"{error.ename}: {error.evalue}".split("\n")[0]
    if isinstance(error, HTTPError):
        return (error.log_message or str(error)).split("\n")[0]
    text = str(error).strip().split("\n")[0]
    return f"{type(error).__name__}: {text}" if text else type(error).__name__


class Terminal(logging.Handler):
    """The log of everything that runs here; only errors come, and each is one line."""

    def __init__(self) -> None:
        super().__init__(logging.ERROR)
        self._last = ""

    @classmethod
    def take_over(cls, *loggers: logging.Logger) -> None:
        """Let these loggers, and all without a place of their own, write here alone."""
        terminal = cls()
        for logger in (logging.getLogger(), *loggers):
            logger.handlers = [terminal]
        for logger in loggers:
            logger.propagate = False
        for name in SILENT:
            logging.getLogger(name).setLevel(logging.CRITICAL + 1)

    def emit(self, record: logging.LogRecord) -> None:
        error = record.exc_info[1] if record.exc_info else None
        if not is_news(error) or (record.name == "asyncio" and error is None):
            return
        line = cause(error) if error else record.getMessage().split("\n")[0]
        if line != self._last:
            say(line)
        self._last = line
