"""Services of the page for a screen, beside showing it (`page.js` and what it is made of).

An invisible widget among the others. It gives the fields of ipywidgets names that a screen reader
can say, copies texts, keeps a small one while the kernel restarts or the page is reloaded, and sees
that page and kernel hold the same, or that a sentence says what to do.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any, Final

from fedplay import clock
from fedplay.widgets.agreement import button, sums
from fedplay.widgets.closing import close_all
from fedplay.widgets.messages import (
    Address,
    Click,
    Copied,
    Linked,
    Message,
    New,
    Ping,
    Remembered,
    Shortcut,
    fits,
    mark_of,
    page_message,
)
from fedplay.widgets.receipts import Receipts

ESM: Final = ("models.js", "agreement.js", "presenting.js", "page.js")
CALM: Final = 0.25  # s between two answers to what a page asks
COPYING: Final = 3.0  # s that a page has to say whether it has copied
BUSY: Final = 1.5  # s; where the main thread takes longer to hear, the page is told that it is busy


class Page:
    """The page's services; with `core`, or without anywidget, `widget` is None: there are none.

    `key` tells screens on one page apart; `process` names the kernel's process. What another
    process has left under the same key comes once, to `on_remembered`: it is as little to be
    trusted as anything else from a page; where it is refused (False), the page's link is heard
    instead. With `welcome`, `on_new` is told of a browser that has never shown a screen;
    `on_shortcut` hears of keys, `on_address` where the page is, without what stands behind "?" or
    "#" there, and `on_alive` that it is there. Callbacks come on the kernel's main thread.
    """

    def __init__(
        self, key: str, process: str, *, core: bool = False, welcome: bool = False
    ) -> None:
        self.on_copied: Callable[[bool], None] | None = None
        self.on_remembered: Callable[[str], bool | None] | None = None
        self.on_linked: Callable[[str], None] | None = None
        self.on_address: Callable[[str], None] | None = None
        self.on_alive: Callable[[], None] | None = None
        self.on_new: Callable[[], None] | None = None
        self.on_shortcut: Callable[[str], None] | None = None
        self._heard = False  # how to begin
        self._root: Any = None
        self._asked = 0  # the newest ping that is not answered
        self._answered_at = -CALM
        self._unread = 0.0  # when the first message came that the main thread has not seen, or 0
        self._copying: asyncio.TimerHandle | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        with suppress(RuntimeError):  # a plain script
            self._loop = asyncio.get_running_loop()
        self.widget = None if core else _widget(key, process, welcome)
        self._receipts = Receipts(self._send, self._loop)
        if self.widget is not None:
            self.widget.on_msg(self._hear)

    def tend(self, root: Any) -> None:
        """See that a page holds what this widget and all those in it hold."""
        self._root = root

    def copy(self, text: str) -> None:
        """Put a text on the clipboard, right after a click; `on_copied` says if it is there."""
        if self.widget is not None:
            self._send({"kind": "copy", "text": text})
            self._copied_by(COPYING)

    def remember(self, text: str) -> None:
        """Keep a text in place of the last one; of one that is too long (48 kB), nothing."""
        if self.widget is not None:
            self.widget.memory = text if fits(text) else ""

    def close(self) -> None:
        self._copied_by(None)
        self.on_copied = self.on_remembered = self.on_linked = self.on_address = None
        self.on_new = self.on_shortcut = None
        close_all(self.widget)

    def _send(self, content: dict[str, Any]) -> None:
        if self.widget is not None:
            self.widget.send(content)

    def _copied_by(self, seconds: float | None) -> None:
        """If no answer comes in time, it is not copied; None for one that has come."""
        if self._copying is not None:
            self._copying.cancel()
        self._copying = None
        if seconds is not None and self._loop is not None and not self._loop.is_closed():
            self._copying = self._loop.call_later(seconds, self._read, Copied(False))

    # -- hearing

    def _hear(self, _widget: Any, content: object, _buffers: object) -> None:
        """Take a message; under ipykernel 7 on a thread of its own, so only hand it over.

        While the main thread computes for long, as in another cell, that thread says so.
        """
        message, mark = page_message(content), mark_of(content)
        if message is None:
            return
        if self._loop is None:
            self._take(message, mark)
            return
        now = clock.now()
        if self._unread and now - self._unread > BUSY:
            self._send({"kind": "busy"})
        self._unread = self._unread or now
        with suppress(RuntimeError):  # the loop was closed: the kernel is ending
            self._loop.call_soon_threadsafe(self._take, message, mark)

    def _take(self, message: Message, mark: int | None) -> None:
        self._unread = 0.0
        if self._receipts.note(mark):
            self._read(message)

    def _read(self, message: Message) -> None:
        match message:
            case Ping(n):
                self._ask(n)
            case Click(id):
                found = None if self._root is None else button(self._root, id)
                if found is not None:
                    found.click()
            case Copied(ok) if self.on_copied:
                self._copied_by(None)
                self.on_copied(ok)
            case New() if self.on_new and not self._heard:
                self._heard = True
                self.on_new()
            case Shortcut(key) if self.on_shortcut:
                self.on_shortcut(key)
            case Linked(text) if self.on_linked and not self._heard:
                self._heard = True
                self.on_linked(text)
            case Address(text) if self.on_address:
                self.on_address(text)
            case Remembered(text, link) if self.on_remembered and not self._heard:
                self._heard = True
                if self.on_remembered(text) is False and link and self.on_linked:
                    self.on_linked(link)

    # -- agreeing

    def _ask(self, n: int) -> None:
        """Answer a ping, four times a second at most, however many come."""
        waits, self._asked = self._asked, n
        wait = self._answered_at + CALM - clock.now()
        if wait <= 0 or self._loop is None:
            self._answer()
        elif not waits:
            self._loop.call_later(wait, self._answer)

    def _answer(self) -> None:
        if not self._asked or self._root is None:
            return
        n, self._asked = self._asked, 0
        self._answered_at = clock.now()
        each, names = sums(self._root)
        self._send({"kind": "pong", "n": n, "each": each, "names": names})
        if self.on_alive:
            self.on_alive()


def _widget(key: str, process: str, welcome: bool) -> Any | None:
    try:
        import anywidget
        import traitlets

        from fedplay.widgets.canvas import module
    except ImportError:
        return None

    class Services(anywidget.AnyWidget):
        _esm = module(*ESM)
        _css = Path(__file__).with_name("page.css").read_text(encoding="utf-8")
        key = traitlets.Unicode().tag(sync=True)
        process = traitlets.Unicode().tag(sync=True)
        welcome = traitlets.Bool(False).tag(sync=True)
        memory = traitlets.Unicode().tag(sync=True)
        own = traitlets.Unicode().tag(sync=True)  # the id of this widget

    services = Services(key=key, process=process, welcome=welcome, layout={"display": "none"})
    services.own = services.model_id
    return services
