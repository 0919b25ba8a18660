"""What the page does for a screen, beside showing it: names, clipboard, memory (`page.js`).

An invisible widget among the others. It gives the fields of ipywidgets names that a screen reader
can say, copies texts, and keeps a small one while the kernel restarts or the page is reloaded.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

from fedplay.widgets.closing import close_all
from fedplay.widgets.messages import Copied, Linked, Message, Remembered, fits, page_message

ESM = Path(__file__).with_name("page.js")


class Page:
    """The page's services; with `core`, or without anywidget, `widget` is None: there are none.

    `key` tells screens on one page apart; `process` names the kernel's process. What another
    process has left under the same key comes once, to `on_remembered`: it is as little to be
    trusted as anything else from a page. Callbacks come on the kernel's main thread.
    """

    def __init__(self, key: str, process: str, *, core: bool = False) -> None:
        self.on_copied: Callable[[bool], None] | None = None
        self.on_remembered: Callable[[str], None] | None = None
        self.on_linked: Callable[[str], None] | None = None
        self._heard = False  # how to begin
        self._loop: asyncio.AbstractEventLoop | None = None
        with suppress(RuntimeError):  # a plain script
            self._loop = asyncio.get_running_loop()
        self.widget = None if core else _widget(key, process)
        if self.widget is not None:
            self.widget.on_msg(self._hear)

    def copy(self, text: str) -> None:
        """Put a text on the clipboard, right after a click; `on_copied` says if it is there."""
        if self.widget is not None:
            self.widget.send({"kind": "copy", "text": text})

    def remember(self, text: str) -> None:
        """Keep a text in place of the last one; of one that is too long (48 kB), nothing."""
        if self.widget is not None:
            self.widget.memory = text if fits(text) else ""

    def close(self) -> None:
        self.on_copied = self.on_remembered = self.on_linked = None
        close_all(self.widget)

    def _hear(self, _widget: Any, content: object, _buffers: object) -> None:
        """Take a message; under ipykernel 7 on a thread of its own, so only hand it over."""
        message = page_message(content)
        if message is None:
            return
        if self._loop is None:
            self._read(message)
        else:
            with suppress(RuntimeError):  # the loop was closed: the kernel is ending
                self._loop.call_soon_threadsafe(self._read, message)

    def _read(self, message: Message) -> None:
        match message:
            case Copied(ok) if self.on_copied:
                self.on_copied(ok)
            case Linked(text) if self.on_linked and not self._heard:
                self._heard = True
                self.on_linked(text)
            case Remembered(text) if self.on_remembered and not self._heard:
                self._heard = True
                self.on_remembered(text)


def _widget(key: str, process: str) -> Any | None:
    try:
        import anywidget
        import traitlets
    except ImportError:
        return None

    class Services(anywidget.AnyWidget):
        _esm = ESM.read_text(encoding="utf-8")
        key = traitlets.Unicode().tag(sync=True)
        process = traitlets.Unicode().tag(sync=True)
        memory = traitlets.Unicode().tag(sync=True)

    return Services(key=key, process=process, layout={"display": "none"})
