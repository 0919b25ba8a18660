"""`EventLoop`: the one task of a screen: it handles events, computes, draws and writes.

The path of a slider event: the page's message only puts (name, value) into an inbox, because under
ipykernel 7 it arrives on a thread of its own. The one asyncio task, on the kernel's main thread,
empties the inbox into the store, lets the player compute in slices of 5 ms, and draws. Without a
running loop (a script, a test) `settle()` does the same at once.

Everything is done in steps, whole or not at all, as ■ may come between any two lines: what was
asked for is then as it was before the step (what was computed is kept), and the next event, or the
next `settle()`, goes on from there.
"""

from __future__ import annotations

import asyncio
import json
import math
from collections import deque
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager, suppress
from itertools import takewhile
from types import TracebackType
from typing import TYPE_CHECKING, Any, NamedTuple

from fedplay import clock
from fedplay.playground.whole import Whole
from fedplay.scopes import calmed

if TYPE_CHECKING:
    from fedplay.playground.screen import Screen

SLICE = 0.005  # s of computing before the event loop has its turn
BRIEF = 0.1  # s of it where a run is complete by then: it costs no pauses, and no other picture
PAUSE = 0.001  # s; sleep(0) would starve the messages of the page
FRAME = 1 / 60  # s between two pictures, at least
WORDS = 0.1  # s between two changes of the numbers, at least
FIRST = 0.4  # s that the first picture may take before the cell is done


class Event(NamedTuple):
    """An event from the page: a knob's value, or an action with its arguments."""

    name: str
    value: Any
    action: bool = False
    shown: bool = False  # whether the knob's field shows the value already


class EventLoop:
    """What comes from the page goes to `post` and `act`, from any thread."""

    def __init__(self) -> None:
        self.screen: Screen | None = None
        self.began = False  # the first run, or what there was time for of it, is there
        self.actions: Mapping[str, Callable[..., Any]] = {}
        self.setting: frozenset[str] = frozenset()  # the knob that the page is just setting
        self.torn = False  # a step was broken off: widgets and picture may be half done
        self.inbox: deque[Event] = deque()
        self._task: asyncio.Task[None] | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        with suppress(RuntimeError):  # none in a plain script
            self._loop = asyncio.get_running_loop()
        # The player's `changes` when the picture, the numbers, the description were made.
        self.drawn = self._written = self._described = self._rested = -1
        self._drawn_at = self._written_at = -math.inf

    @calmed
    def begin(self, screen: Screen, actions: Mapping[str, Callable[..., Any]]) -> None:
        """The first picture, before the cell is done: it is in the notebook when it is saved."""
        self.screen, self.actions = screen, actions
        player = screen.session.player
        end = clock.now() + FIRST
        while clock.now() < end and player.busy:
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
        self.inbox.append(Event(name, value, shown=shown))
        self.wake()

    def act(self, action: str, *arguments: Any) -> None:
        """Post a button's action, from any thread."""
        self.inbox.append(Event(action, arguments, action=True))
        self.wake()

    def wake(self) -> None:
        """Wake the loop to handle the inbox; from any thread."""
        if self._loop is None:
            self.drain()
        elif not self._loop.is_closed():
            self._loop.call_soon_threadsafe(self._start)

    def _start(self) -> None:
        """See that the one task is alive; a screen that was closed meanwhile has none."""
        if self.screen is not None and (self._task is None or self._task.done()):
            self._task = asyncio.ensure_future(self._run())
            self._task.set_name("fedplay playground")

    @calmed
    def drain(self) -> None:
        """Handle all events in the inbox; of successive values for one knob only the newest."""
        self.mend()
        while self.inbox:
            if self._outdated():
                self.inbox.popleft()
                continue
            step = Step(self, heard=True)
            with suppress(ValueError), step:  # a page that is a moment behind: its view is gone
                self._do(step.event)

    def _outdated(self) -> bool:
        """Whether the next event is a value for which there is a newer one."""
        first, *others = list(self.inbox)  # another thread may append meanwhile
        values = takewhile(lambda event: not event.action, others)
        return not first.action and any(event.name == first.name for event in values)

    def ahead(self) -> frozenset[str]:
        """The knobs whose fields show what is still in the inbox."""
        return frozenset(event.name for event in list(self.inbox) if event.shown)

    @property
    def ours(self) -> frozenset[str]:
        """The knobs that the page is just setting, those that wait among them.

        Their fields are ahead of us. One that is set back to an older value would keep it: the
        newer one comes from it, so it is not shown to it again.
        """
        return self.setting | self.ahead()

    def _do(self, event: Event | None) -> None:
        if event is None:
            return
        if event.action:
            self.actions[event.name](*event.value)
        else:
            self.setting = frozenset([event.name] if event.shown else [])
            self.actions["set"](event.name, event.value)

    @calmed
    def do(self, action: str, *arguments: Any, **named: Any) -> None:
        """What a method asks for: after all that came before it. ValueError where it cannot be."""
        self.drain()
        with self.step():
            self.actions[action](*arguments, **named)
        if self._loop is not None:
            self.wake()

    # --- steps --------------------------------------------------------------------------------

    def step(self) -> Step:
        """`with loop.step():` something that is done whole or not at all."""
        return Step(self)

    def mend(self) -> None:
        """Bring everything on the screen up to date where a step was broken off in between."""
        if self.torn and self.screen is not None:
            self.screen.renew(self.ahead())
            self.screen.session.player.touch()
            self.torn = False

    # --- the task -----------------------------------------------------------------------------

    @calmed
    def settle(self) -> None:
        """Compute and draw all that was asked for, now; a play goes to its end."""
        self.drain()
        while (wait := self._work(1.0)) is not None:
            if wait:
                clock.sleep(wait)
        self._rest(dragged=False)
        self.draw()
        self._write()

    async def idle(self) -> None:
        """Return when the screen has come to rest."""
        self._loop = asyncio.get_running_loop()
        self._start()
        while self._task is not None and not self._task.done():
            await asyncio.wait([self._task])  # which may be cancelled: the screen is closed then

    def stop(self) -> None:
        """Compute nothing more; what still comes from the page is let go."""
        if self._task is not None:
            self._task.cancel()
        self.inbox = deque(maxlen=0)
        self.screen, self.actions, self._loop = None, {}, None

    async def _run(self) -> None:
        while True:
            try:
                wait, due = self._turn()
            except Exception as error:  # a fault of ours: say so, and wait for the next event
                assert self.screen is not None
                self.screen.session.store.tell(f"{type(error).__name__}: {error}")
                raise
            if wait is None and due is None and not self.inbox and self._written == self._changes:
                return
            waits = [w for w in (wait, due) if w is not None]
            await asyncio.sleep(max(PAUSE, min([*waits, 0.01])))

    @calmed
    def _turn(self) -> tuple[float | None, float | None]:
        """One turn; when there is something to compute and to draw again, in seconds."""
        self._say()
        self.drain()
        wait, due = self._work(SLICE, BRIEF), self._refresh()
        assert self.screen is not None
        spare = self.screen.session.player.spare and self._rested != self._changes
        if (wait is None or spare) and due is None and not self.inbox:
            self._rest()
        return wait, due

    @property
    def at_rest(self) -> bool:
        """Whether all that was asked for is done, drawn, written and kept."""
        seen = (self.drawn, self._written, self._rested) == 3 * (self._changes,)
        return seen and not self.inbox and not self.torn

    @property
    def _changes(self) -> int:
        return 0 if self.screen is None else self.screen.session.player.changes

    def _work(self, seconds: float, brief: float = 0.0) -> float | None:
        """Compute for about so long, and turn to what is then to be seen."""
        assert self.screen is not None
        session = self.screen.session
        with self.step():
            wait = session.player.work(seconds, brief)
            return 0.0 if session.settle_view() else wait

    def _rest(self, *, dragged: bool = True) -> None:
        """The screen has come to rest: keep what there is to be kept."""
        assert self.screen is not None
        session = self.screen.session
        with self.step():
            if session.note(clock.now(), dragged=dragged):
                session.player.touch()
        self._describe()
        with suppress(ValueError):  # of an algorithm without a name there is nothing to be kept
            self.screen.page.remember(json.dumps(session.memory()))
        self._rested = self._changes

    def _refresh(self) -> float | None:
        """Draw what is due; when there is something to draw or to write again, in seconds."""
        assert self.screen is not None
        now, due = clock.now(), []
        if self.drawn != self._changes:
            patience = self.screen.session.player.patience
            if (wait := max(self._drawn_at + FRAME - now, patience)) > 0:
                due.append(wait)
            else:
                self.draw()
        if self.drawn > self._written:
            due.append(max(self._written_at + WORDS - now, 0.0))
        return min(due) if due else None

    def _say(self) -> None:
        """Write what is due: the turn after the picture, which is then on its way to the page."""
        if self.drawn > self._written and clock.now() >= self._written_at + WORDS:
            self._write()

    @calmed
    def draw(self) -> None:
        """Draw the current scene."""
        assert self.screen is not None
        changes, now = self._changes, clock.now()
        with self.step():
            self.screen.draw()
        self.drawn, self._drawn_at = changes, now

    def _write(self) -> None:
        assert self.screen is not None
        changes, now = self._changes, clock.now()
        with self.step():
            self.screen.write()
        self._written, self._written_at = changes, now

    def _describe(self) -> None:
        """The picture in words, once it has come to rest."""
        assert self.screen is not None
        if self._described != self._changes:
            changes = self._changes
            with self.step():
                self.screen.describe()
            self._described = changes


class Step(AbstractContextManager[None]):
    """One step of a screen, whole or not at all. With `heard` it is the next event of the inbox,
    which goes back there where ■ breaks it off."""

    def __init__(self, loop: EventLoop, *, heard: bool = False) -> None:
        loop.mend()
        self.event_loop, self.heard = loop, heard
        self.event: Event | None = None
        screen = loop.screen
        self.whole = Whole([] if screen is None else screen.session.parts())
        loop.setting = frozenset()
        loop.torn = True  # until it is done

    def __enter__(self) -> None:
        self.event = self.event_loop.inbox.popleft() if self.heard else None

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        loop = self.event_loop
        loop.setting = frozenset()
        if kind is None:
            loop.torn = False
            return
        self.whole.put_back()
        if not issubclass(kind, Exception):
            if self.event is not None:
                loop.inbox.appendleft(self.event)
        elif loop.screen is not None:
            loop.screen.follow(loop.ahead())
            loop.torn = False
