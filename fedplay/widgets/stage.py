"""The one drawing surface: a picture in a notebook page, new up to 50 times a second.

A frame travels as a PNG of 256 colours in a custom message to a canvas (`stage.js`), which draws
it and acknowledges it. At most one frame is under way (two or three where an acknowledgement takes
long), and a newer picture replaces one that waits: the screen may skip frames but never lags.

Beside the canvas stands a core `ipywidgets.Image`. It shows the first picture, disappears when the
canvas has drawn, and stays where the canvas never reports its size: in a page without anywidget,
or in a notebook reopened without a kernel. So no timer has to guess what the page can do.
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable, Iterable
from contextlib import suppress
from typing import Any, Final

import numpy as np
from matplotlib.colors import to_rgb
from numpy.typing import NDArray

from fedplay import clock
from fedplay.drawing.geometry import Tip
from fedplay.widgets import stage_elements as elements
from fedplay.widgets.closing import close_all
from fedplay.widgets.frames_under_way import FramesUnderWay
from fedplay.widgets.messages import (
    Acknowledged,
    Key,
    Message,
    Motion,
    Pointer,
    Size,
    Theme,
    mark_of,
    page_message,
)
from fedplay.widgets.palette import Colour, Palette, encode
from fedplay.widgets.receipts import Receipts

__all__ = ["Palette", "Stage", "Tip", "encode"]

IMAGE_PAUSE: Final = 1 / 18  # s; `Image` does not acknowledge: faster than this it floods the page
LOST: Final = 2.0  # s; an acknowledgement later than this does not come any more
REST: Final = 0.3  # s without a new picture: the last one is kept for whoever opens the page later
PADDED: Final = 70_000  # bytes; more than one segment of the loopback device (65,483)
HELP: Final = "Arrow keys, Home, End, Page Up, Page Down, Enter, Space and Escape act here."


class Stage:
    """One matplotlib Agg picture in a notebook page.

    Use it from the kernel's main thread, where its callbacks come too. `width`, `height` are css
    pixels, `ratio` is how many pixels of the picture make one of them. `alt` says in words what
    the picture shows, `help` what its keys do. `core=True` uses the plain `Image` of
    ipywidgets, as a page without anywidget does: no size, no pointer, no keys, no theme, at most
    18 frames a second.
    """

    def __init__(
        self,
        *,
        width: int = 1000,
        height: int = 420,
        alt: str = "",
        help: str = HELP,
        core: bool = False,
    ) -> None:
        self.width, self.height, self.ratio, self.dark = width, height, 1.0, False
        self.window = 0  # css pixels, how high the page's window is; 0 where it does not say
        self.between = 0  # css pixels, how high is what lies over the picture
        self.reduced = False  # whether its person asks the system for less motion
        self.on_resize: Callable[[int, int, float], None] | None = None
        self.on_pointer: Callable[[str, float, float], None] | None = None
        self.on_key: Callable[[str], None] | None = None
        self.on_theme: Callable[[bool], None] | None = None
        self.on_motion: Callable[[bool], None] | None = None
        self.frames_sent = 0  # to the canvas and to the Image
        self.under_way = FramesUnderWay()
        try:
            self._loop: asyncio.AbstractEventLoop | None = asyncio.get_running_loop()
        except RuntimeError:  # a plain script
            self._loop = None
        self._keys: tuple[Colour, ...] = ()
        self._colours: Palette | None = None
        self._frame: NDArray[np.uint8] | None = None  # our copy of the newest picture
        self._png: bytes | None = None  # the same, encoded, once somebody needs it
        self._tip: Tip | None = None
        self._cursor = "default"
        self._waits = False
        self._live = False  # a canvas has reported its size
        self._near = False  # the page comes from this machine
        self._image_free = 0.0  # when the next picture may go to the Image
        self._inbox: list[Message] = []
        self._timers: dict[str, asyncio.TimerHandle] = {}
        self._image, self._words = elements.image(height), elements.words(alt)
        self._canvas = None if core else elements.canvas(height, alt, help)
        self.widget = elements.box(self._image, self._words, self._canvas)
        self._receipts = Receipts(self._send, self._loop)
        if self._canvas is not None:
            self._canvas.on_msg(self._hear)

    # -- what the kernel says

    def palette(self, colours: Iterable[str | Colour]) -> None:
        """Set the colours to show exactly, the background first: matplotlib's names or 0–255."""
        self._keys = tuple(_colour(colour) for colour in colours)
        self._colours = None

    def show(
        self, rgba: NDArray[np.uint8], tip: Tip | None = None, cursor: str = "default"
    ) -> None:
        """Show a picture, (height, width, 4) uint8. It is copied: the caller may draw on.

        Alpha is ignored: draw over an opaque background. `cursor` is one of CSS's names.
        """
        if rgba.ndim != 3 or rgba.shape[2] != 4 or rgba.dtype != np.uint8:
            raise ValueError(f"a picture is (h, w, 4) uint8, not {rgba.shape} {rgba.dtype}")
        if self._frame is None or self._frame.shape != rgba.shape:
            self._frame = np.empty(rgba.shape, np.uint8)
        np.copyto(self._frame, rgba)
        self._tip, self._cursor = tip, cursor
        self._png, self._waits = None, True
        self._pump()
        self._later("rest", REST, self._rest)

    @property
    def fits(self) -> bool:
        """Whether the picture takes the room that its page gives it."""
        return self._canvas is not None

    @property
    def png(self) -> bytes:
        """The newest picture as a PNG; empty before the first."""
        if self._png is None and self._frame is not None:
            if self._colours is None:
                self._colours = Palette.learn(self._frame, self._keys)
            self._png = encode(self._frame, self._colours)
        return self._png or b""

    def describe(self, alt: str) -> None:
        """Say in words what the picture shows, for who cannot see it."""
        if self._canvas is not None:
            self._canvas.alt = alt
        self._words.value = elements.hidden(alt)

    def say(self, text: str) -> None:
        """Tell who cannot see the picture what has just happened in it."""
        if self._canvas is not None:
            self._canvas.said = text

    def resize(self, height: int) -> None:
        """Ask for another height, css pixels; the page then reports it to `on_resize`."""
        self._image.layout.height = f"{height}px"
        if self._canvas is not None:
            self._canvas.height = height

    def nudge(self) -> None:
        """The page is there: it gets the last picture again if it has not acknowledged it."""
        self.under_way.forget_stale(clock.now())
        if self._live and not self.under_way.sent and self.under_way.unseen:
            self._waits = True
            self._pump()

    def close(self) -> None:
        for timer in self._timers.values():
            timer.cancel()
        # What is still under way from the page finds nobody.
        self.on_resize = self.on_pointer = self.on_key = self.on_theme = self.on_motion = None
        self._loop = None
        close_all(self.widget)

    # -- sending

    def _send(self, content: dict[str, Any]) -> None:
        if self._canvas is not None:
            self._canvas.send(content)

    def _pump(self) -> None:
        """Send the newest picture if it waits and there is room for it on the way."""
        if not self._waits:
            return
        now = clock.now()
        if not self._live:
            if now >= self._image_free:
                self._image_free = now + IMAGE_PAUSE
                self._send_image()
            else:
                self._later("image", self._image_free - now, self._pump)
        elif self.under_way.room:
            self._send_frame(now)

    def _send_image(self) -> None:
        self._image.value = self.png
        self._waits = False
        self.frames_sent += 1

    def _send_frame(self, now: float) -> None:
        assert self._canvas is not None
        self.under_way.newest += 1
        number = self.under_way.newest
        buffers = [self.png]
        if self._near and len(buffers[0]) < PADDED and not os.environ.get("FEDPLAY_NODELAY"):
            # A message of less than one TCP segment waits up to 40 ms for a delayed
            # acknowledgement, unless the server has set TCP_NODELAY.
            buffers.append(bytes(PADDED - len(buffers[0])))
        content = {"kind": "frame", "n": number, "ratio": self.ratio}
        self._canvas.send(content | {"tip": self._tip, "cursor": self._cursor}, buffers)
        self._later("lost", LOST, self._forget_lost)
        # At last, so that what ■ breaks off before is no frame that is under way for ever.
        self._waits, self.under_way.sent[number] = False, now
        self.frames_sent += 1

    def _forget_lost(self) -> None:
        """A page that was closed or lost its connection acknowledges nothing: go on without.

        If only the picture was lost, it is sent again: a few times, and when the page is heard of.
        """
        again = self.under_way.forget_lost()
        self._waits = self._waits or again
        self._pump()

    def _rest(self) -> None:
        """The picture stands still: see to its colours, and keep it for a page opened later."""
        if self._frame is None:
            return
        if self._colours is not None and not self._colours.suits(self._frame):
            self._colours, self._png, self._waits = None, None, True
            self._pump()
        if self._live:
            self._image.value = self.png

    def _later(self, name: str, seconds: float, action: Callable[[], None]) -> None:
        """Run `action` after `seconds`; a later call with the same name replaces it."""
        if name in self._timers:
            self._timers.pop(name).cancel()
        if self._loop is not None and not self._loop.is_closed():
            self._timers[name] = self._loop.call_later(seconds, action)

    # -- hearing

    def _hear(self, _widget: Any, content: object, _buffers: object) -> None:
        """Take a message; under ipykernel 7 on a thread of its own, so only hand it over."""
        message, mark = page_message(content), mark_of(content)
        if message is None:
            return
        if self._loop is None:
            self._receipts.note(mark)
            self._inbox.append(message)
            self._read()
        else:
            with suppress(RuntimeError):  # the loop was closed: the kernel is ending
                self._loop.call_soon_threadsafe(self._file, message, mark)

    def _file(self, message: Message, mark: int | None) -> None:
        """Put a message in the inbox; of moves and of sizes in a row only the newest counts."""
        self._receipts.note(mark)
        if isinstance(message, Acknowledged):
            self._acknowledged(message.n)
            return
        self.nudge()
        last = self._inbox[-1] if self._inbox else None
        if _supersedes(message, last):
            self._inbox[-1] = message
        else:
            self._inbox.append(message)
        if last is None and self._loop is not None:
            self._loop.call_soon(self._read)

    def _read(self) -> None:
        try:
            while self._inbox:
                self._act_on(self._inbox.pop(0))
        finally:  # one broke off: the others come all the same
            if self._inbox and self._loop is not None:
                self._loop.call_soon(self._read)

    def _act_on(self, message: Message) -> None:
        match message:
            case Acknowledged(n):
                self._acknowledged(n)
            case Size():
                self._sized(message)
            case Pointer(kind, x, y) if self.on_pointer:
                self.on_pointer(kind, x, y)
            case Key(key) if self.on_key:
                self.on_key(key)
            case Motion(reduced) if reduced != self.reduced:
                self.reduced = reduced
                if self.on_motion:
                    self.on_motion(reduced)
            case Theme(dark) if dark != self.dark:
                self.dark = dark
                if self.on_theme:
                    self.on_theme(dark)

    def _acknowledged(self, n: int) -> None:
        if self.under_way.acknowledged(n, clock.now()):
            self._pump()

    def _sized(self, size: Size) -> None:
        self._near = size.local
        if size.fresh:  # what was sent to an earlier view says nothing about this one
            self._live = True
            self.under_way.sent.clear()
            self._waits = self._frame is not None
            self._pump()
        new = (size.width, size.height, size.ratio, size.window, size.between)
        if new != (self.width, self.height, self.ratio, self.window, self.between):
            self.width, self.height, self.ratio, self.window, self.between = new
            if self.on_resize:
                self.on_resize(size.width, size.height, size.ratio)


def _colour(colour: str | Colour) -> Colour:
    if not isinstance(colour, str):
        return colour
    red, green, blue = (round(255 * part) for part in to_rgb(colour))
    return red, green, blue


def _supersedes(new: Message, old: Message | None) -> bool:
    if isinstance(new, Pointer) and isinstance(old, Pointer):
        return new.kind == old.kind == "move"
    return isinstance(new, Size) and isinstance(old, Size) and not old.fresh
