"""Receipts for messages that a page repeats until they are acknowledged (`tell.js`)."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any, Final

PAUSE: Final = 0.05  # s between two answers, however much a page says
KEPT: Final = 100  # marks, to know what comes a second time


class Receipts:
    """Tells a page which of its marked messages have been heard. Use it on the main thread."""

    def __init__(
        self, send: Callable[[dict[str, Any]], object], loop: asyncio.AbstractEventLoop | None
    ) -> None:
        self._send, self._loop = send, loop
        self._heard: dict[int, None] = {}  # the last marks, the oldest first
        self._owed: list[int] = []

    def note(self, mark: int | None) -> bool:
        """A message has come, with its mark or with none; whether it comes for the first time."""
        if mark is None:
            return True
        first = mark not in self._heard
        self._heard[mark] = None
        if len(self._heard) > KEPT:
            del self._heard[next(iter(self._heard))]
        if not self._owed and self._loop is not None and not self._loop.is_closed():
            self._loop.call_later(PAUSE, self._answer)
        self._owed = [*self._owed[-KEPT:], mark]
        if self._loop is None:
            self._answer()
        return first

    def _answer(self) -> None:
        marks, self._owed = self._owed, []
        self._send({"kind": "heard", "marks": marks})
