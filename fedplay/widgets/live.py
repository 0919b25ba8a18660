"""`Live`: the one task that sees to a screen: takes what has come in, computes, draws, writes.

The path of a slider event: the page's message only puts (name, value) into an inbox, because under
ipykernel 7 it arrives on a thread of its own. The one asyncio task, on the kernel's main thread,
empties the inbox into the store, lets the player compute in slices of 5 ms, and draws. Without a
running loop (a script, a test) `settle()` does the same at once.
"""

from __future__ import annotations

import asyncio
import json
import time
from collections import deque
from collections.abc import Callable, Mapping
from contextlib import suppress
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from fedplay.widgets.screen import Screen

SLICE = 0.005  # s of computing before the event loop has its turn
PAUSE = 0.001  # s; sleep(0) would starve the messages of the page
FRAME = 1 / 60  # s between two pictures, at least
WORDS = 0.1  # s between two changes of the numbers, at least
FIRST = 0.4  # s that the first picture may take before the cell is done


class Live:
    """What comes from the page goes to `post` and `act`, from any thread."""

    def __init__(self) -> None:
        self.screen: Screen | None = None
        self.began = False  # the first run, or what there was time for of it, is there
        self.actions: Mapping[str, Callable[..., Any]] = {}
        self._setting: frozenset[str] = frozenset()  # the knobs that the page is just setting
        self._inbox: deque[tuple[str, Any, bool]] = deque()
        self._task: asyncio.Task[None] | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        with suppress(RuntimeError):  # none in a plain script
            self._loop = asyncio.get_running_loop()
        # The player's `changes` when the picture, the numbers, the description were made.
        self.drawn = self._written = self._described = self._rested = -1
        self._drawn_at = self._written_at = 0.0

    def begin(self, screen: Screen, actions: Mapping[str, Callable[..., Any]]) -> None:
        """The first picture, before the cell is done: it is in the notebook when it is saved."""
        self.screen, self.actions = screen, actions
        player = screen.session.player
        end = time.perf_counter() + FIRST
        while time.perf_counter() < end and player.busy:
            player.work(FIRST / 10)
        self.began = True
        screen.session.settle_view()
        self.draw()
        self._write()
        self._describe()
        self.wake()

    # --- from the page's thread to ours -------------------------------------------------------

    def post(self, name: str, value: Any, shown: bool = True) -> None:
        """A control's value, from any thread; `shown` where its field is the one that says so."""
        self._inbox.append((name, value, shown))
        self.wake()

    def act(self, action: str, *arguments: Any) -> None:
        """A button, from any thread."""
        self.post("!" + action, arguments)

    def wake(self) -> None:
        """See to what has come in; from any thread."""
        if self._loop is None:
            self.drain()
        elif not self._loop.is_closed():
            self._loop.call_soon_threadsafe(self._start)

    def _start(self) -> None:
        """See that the one task is alive."""
        if self._task is None or self._task.done():
            self._task = asyncio.ensure_future(self._run())
            self._task.set_name("fedplay playground")

    def drain(self) -> None:
        """Do what the inbox says; of several values for one knob in a row only the newest."""
        values: dict[str, tuple[Any, bool]] = {}
        while self._inbox:
            name, value, shown = self._inbox.popleft()
            if name.startswith("!"):
                self._set(values)
                values = {}
                with suppress(ValueError):  # a page that is a moment behind: its view is gone
                    self.actions[name[1:]](*value)
            else:
                values[name] = (value, shown)
        self._set(values)

    @property
    def ours(self) -> frozenset[str]:
        """The knobs that the page is just setting, those that wait among them.

        Their fields are ahead of us. One that is set back to an older value would keep it: the
        newer one comes from it, so it is not shown to it again.
        """
        return self._setting.union(name for name, _, shown in [*self._inbox] if shown)

    def _set(self, values: dict[str, tuple[Any, bool]]) -> None:
        ahead = [name for name, (_, shown) in values.items() if shown]
        for name, (value, shown) in values.items():
            self._setting = frozenset(ahead)
            self.actions["set"](name, value)
            if shown:
                ahead.remove(name)
        self._setting = frozenset()

    def do(self, action: str, *arguments: Any) -> None:
        """What a method asks for: after all that came before it. ValueError where it cannot be."""
        self.drain()
        self.actions[action](*arguments)
        if self._loop is not None:
            self.wake()

    # --- the task -----------------------------------------------------------------------------

    def settle(self) -> None:
        """Compute and draw all that was asked for, now; a play goes to its end."""
        self.drain()
        while (wait := self._work(1.0)) is not None:
            if wait:
                time.sleep(wait)
        self._rest(dragged=False)
        self.draw()
        self._write()

    async def idle(self) -> None:
        """Return when the screen has come to rest."""
        self._loop = asyncio.get_running_loop()
        self._start()
        while self._task is not None and not self._task.done():
            await asyncio.shield(self._task)

    def stop(self) -> None:
        if self._task is not None:
            self._task.cancel()

    async def _run(self) -> None:
        while True:
            try:
                wait, due = self._turn()
            except Exception as error:  # a fault of ours: say so, and wait for the next event
                assert self.screen is not None
                self.screen.session.store.tell(f"{type(error).__name__}: {error}")
                return
            if wait is None and due is None and not self._inbox and self._written == self._changes:
                return
            waits = [w for w in (wait, due) if w is not None]
            await asyncio.sleep(max(PAUSE, min([*waits, 0.01])))

    def _turn(self) -> tuple[float | None, float | None]:
        """One turn; when there is something to compute and to draw again, in seconds."""
        self.drain()
        wait, due = self._work(SLICE), self._refresh()
        assert self.screen is not None
        spare = self.screen.session.player.spare and self._rested != self._changes
        if (wait is None or spare) and due is None and not self._inbox:
            self._rest()
        return wait, due

    @property
    def _changes(self) -> int:
        return 0 if self.screen is None else self.screen.session.player.changes

    def _work(self, seconds: float) -> float | None:
        """Compute for about so long, and turn to what is then to be seen."""
        assert self.screen is not None
        session = self.screen.session
        wait = session.player.work(seconds)
        return 0.0 if session.settle_view() else wait

    def _rest(self, *, dragged: bool = True) -> None:
        """The screen has come to rest: keep what there is to be kept."""
        assert self.screen is not None
        session = self.screen.session
        if session.note(time.perf_counter(), dragged=dragged):
            session.player.touch()
        self._describe()
        self._rested = self._changes
        with suppress(ValueError):  # of an algorithm without a name there is nothing to be kept
            self.screen.page.remember(json.dumps(session.memory()))

    def _refresh(self) -> float | None:
        """Draw and write what is due; when something is due again, in seconds."""
        now, changes = time.perf_counter(), self._changes
        due = []
        if self.drawn != changes:
            if now >= self._drawn_at + FRAME:
                self.draw()
            else:
                due.append(self._drawn_at + FRAME - now)
        if self._written != changes:
            if now >= self._written_at + WORDS:
                self._write()
            else:
                due.append(self._written_at + WORDS - now)
        return min(due) if due else None

    def draw(self) -> None:
        """Draw what there is to be seen now."""
        assert self.screen is not None
        self.drawn, self._drawn_at = self._changes, time.perf_counter()
        self.screen.draw()

    def _write(self) -> None:
        assert self.screen is not None
        self._written, self._written_at = self._changes, time.perf_counter()
        self.screen.write()

    def _describe(self) -> None:
        """The picture in words, once it has come to rest."""
        assert self.screen is not None
        if self._described != self._changes:
            self._described = self._changes
            self.screen.describe()
