"""Messages of the app on the terminal: each fault in one sentence, none of them twice."""

from __future__ import annotations

import logging
import sys
import traceback
from asyncio import CancelledError
from contextlib import suppress
from pathlib import Path

from nbclient.exceptions import CellExecutionError
from tornado.iostream import StreamClosedError
from tornado.web import HTTPError
from tornado.websocket import WebSocketClosedError

# A page that leaves in the middle of something is no news, nor is a request that is refused.
LEFT = (
    *(StreamClosedError, WebSocketClosedError, CancelledError),
    *(BrokenPipeError, ConnectionResetError),
)
UNBUILT = "A page could not be built"
SILENT = ("tornado.access", "tornado.general")


def say(sentence: str) -> None:
    """Print a line, unless the terminal is gone; what would steer it is left out."""
    line = "".join(letter for letter in sentence if letter.isprintable())
    with suppress(OSError, ValueError):
        print(f"fedplay: {line}", file=sys.stderr, flush=True)


def report(error: BaseException, what: str) -> None:
    """Say what failed and why, once for each error, where it is a fault here and not a page's."""
    if isinstance(error, HTTPError) and error.status_code < 500:
        return
    if not isinstance(error, LEFT) and "reported" not in vars(error):
        say(f"{what}: {cause(error)}.")
        vars(error)["reported"] = True  # others may catch it again on its way


def cause(error: BaseException) -> str:
    """What went wrong, in one line."""
    name, text = type(error).__name__, str(error)
    if isinstance(error, CellExecutionError):
        name, text = error.ename, error.evalue
    elif isinstance(error, HTTPError) and error.log_message:
        text = error.log_message
    elif isinstance(error, ChildProcessError):  # the words of a kernel
        name = ""
    line = text.strip().split("\n")[0].rstrip(".")
    return ": ".join(filter(None, [name, line or _place(error)]))


def _place(error: BaseException) -> str:
    """Where it was raised: all that is known of an error without words."""
    frames = traceback.extract_tb(error.__traceback__)
    return f"{Path(frames[-1].filename).name}, line {frames[-1].lineno}" if frames else ""


class Terminal(logging.Handler):
    """The log of all that runs here: only errors, each on one line."""

    @classmethod
    def take_over(cls, *loggers: logging.Logger) -> None:
        """Let these loggers, and all without a place of their own, write here alone."""
        terminal = cls(logging.ERROR)
        for logger in (logging.getLogger(), *loggers):
            logger.handlers = [terminal]
        for logger in loggers:
            logger.propagate = False
        for name in SILENT:
            logging.getLogger(name).setLevel(logging.CRITICAL + 1)

    def emit(self, record: logging.LogRecord) -> None:
        error = record.exc_info[1] if record.exc_info else None
        if error is not None:
            built = not isinstance(error, CellExecutionError)
            report(error, "Something failed" if built else UNBUILT)
