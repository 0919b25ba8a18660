"""`Playground`: drag a slider, and the whole federation is trained again while you drag.

The path of a slider event: the page's message only puts (name, value) into an inbox, because under
ipykernel 7 it arrives on a thread of its own. The one asyncio task, on the kernel's main thread,
empties the inbox into the store, lets the player compute in slices of 5 ms, and draws. Without a
running loop (a script, a test) `settle()` does the same at once.
"""

from __future__ import annotations

import asyncio
import base64
import random
import time
from collections import deque
from contextlib import suppress
from pathlib import Path
from typing import Any

import ipywidgets

from fedplay.cost import estimate
from fedplay.data import Federation
from fedplay.engine import History
from fedplay.experiment import Experiment
from fedplay.untrusted import escape
from fedplay.views.board import Board
from fedplay.widgets import readouts
from fedplay.widgets.names import names
from fedplay.widgets.panel import Panel
from fedplay.widgets.player import Player
from fedplay.widgets.stage import Stage
from fedplay.widgets.store import Store
from fedplay.widgets.transport import Transport

SLICE = 0.005  # s of computing before the event loop has its turn
PAUSE = 0.001  # s; sleep(0) would starve the messages of the page
FRAME = 1 / 60  # s between two pictures, at least
WORDS = 0.1  # s between two changes of the numbers, at least
FIRST = 0.4  # s that the first picture may take before the cell is done
WIDTH, HEIGHT = 900, 558  # css pixels, until the page says how much room there is
INVITATION = "Drag a slider: the whole federation is trained again while you drag."


class Playground:
    """The interactive screen; the last expression of a notebook cell shows it.

    experiment: what to begin with
    federation: data of your own, in place of the experiment's
    core:       use nothing but the widgets every notebook has (no pointer, no theme)

    `set(alpha=0.1)` does what the sliders do; `experiment` is what is in force, `shown` the History
    of what is drawn.
    """

    def __init__(
        self,
        experiment: Experiment | None = None,
        *,
        federation: Federation | None = None,
        core: bool = False,
    ) -> None:
        exp = experiment if experiment is not None else Experiment()
        if federation is not None:
            exp = exp.replace(data="arrays", clients=federation.clients)
        self.store = Store(exp, lambda exp: estimate(exp, federation).check())
        self.player = Player(federation, failed=self._failed)
        self.stage = Stage(width=WIDTH, height=HEIGHT, core=core)
        self.board = self._board()
        self._inbox: deque[tuple[str, Any, bool]] = deque()
        self._ours: frozenset[str] = frozenset()  # the knobs that the page is just setting
        self._task: asyncio.Task[None] | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        with suppress(RuntimeError):  # none in a plain script
            self._loop = asyncio.get_running_loop()
        # The player's `changes` when the picture, the numbers, the description were made.
        self._drawn = self._written = self._described = -1
        self._drawn_at = self._written_at = 0.0
        self._began = self._pressed = False
        self._build(federation is not None, core)
        self.stage.on_resize = self._resized
        self.stage.on_theme = self._themed
        self.stage.on_pointer = self._pointed
        self.store.observe(self._changed)
        self._begin()

    def _build(self, own_data: bool, core: bool) -> None:
        self.panel = Panel(self._post, self.store.value, self._roll, own_data)
        self.transport = Transport(self._act, self.player.speed)
        self.head, self.numbers = ipywidgets.HTML(_head("")), ipywidgets.HTML()
        self.numbers.add_class("fedplay-numbers")
        style = Path(__file__).with_name("playground.css").read_text(encoding="utf-8")
        self._style = ipywidgets.HTML(f"<style>{style}</style>")
        self._style.layout.display = "none"
        right = ipywidgets.VBox([self.stage.widget, self.transport.widget, self.numbers])
        right.add_class("fedplay-right")
        both = ipywidgets.HBox([self.panel.widget, right])
        both.add_class("fedplay-both")
        spoken = None if core else names()
        self.widget = ipywidgets.VBox([self._style, self.head, both, *([spoken] if spoken else [])])
        self.widget.add_class("fedplay")

    def _begin(self) -> None:
        """The first picture, before the cell is done: it is in the notebook when it is saved."""
        self.panel.update(self.store.experiment, self.store.errors, frozenset())
        self.player.want(self.store.experiment)
        end = time.perf_counter() + FIRST
        while time.perf_counter() < end and self.player.busy:
            self.player.work(FIRST / 10)
        self._began = True
        self._draw()
        self._write()
        self._describe()
        self._wake()

    # --- what a person does -------------------------------------------------------------------

    @property
    def experiment(self) -> Experiment:
        """The experiment in force: the last good one."""
        return self.store.experiment

    @property
    def shown(self) -> History | None:
        """The run in the picture, up to the round that is shown."""
        rec = self.player.shown
        return None if rec is None or rec.n == 0 else rec.until(self.player.revealed)

    @property
    def errors(self) -> dict[str, str]:
        """Why the last value of a knob was refused, by its name."""
        return dict(self.store.errors)

    def set(self, **choices: Any) -> None:
        """Change knobs and slots together, as the controls do one by one.

        A value that is refused shows its error beside its control and in `errors`.
        """
        self._drain()
        self.store.set(**choices)
        self._wake()

    def play(self) -> None:
        """Show round after round."""
        self._do("play")

    def pause(self) -> None:
        self._do("pause")

    def step(self) -> None:
        """Show one more round."""
        self._do("step")

    def reset(self) -> None:
        """Back to the model before any training."""
        self._do("reset")

    def scrub(self, number: int) -> None:
        """Stand at a round."""
        self._do("scrub", number)

    def speed(self, rounds_a_second: float) -> None:
        """How fast to play; math.inf for as fast as it goes."""
        self._do("pace", rounds_a_second)

    def settle(self) -> None:
        """Compute and draw all that was asked for, now; a play goes to its end."""
        self._drain()
        while (wait := self.player.work(1.0)) is not None:
            if wait:
                time.sleep(wait)
        self._draw()
        self._write()
        self._describe()

    async def idle(self) -> None:
        """Return when the screen has come to rest."""
        self._loop = asyncio.get_running_loop()
        self._start()
        while self._task is not None and not self._task.done():
            await asyncio.shield(self._task)

    def close(self) -> None:
        """Stop computing and take the widgets off the page."""
        if self._task is not None:
            self._task.cancel()
        self.stage.close()
        self.widget.close()

    def _repr_mimebundle_(self, **_kwargs: Any) -> dict[str, Any]:
        """The widgets and, for a notebook that is read without a kernel, the picture."""
        bundle = dict(self.widget._repr_mimebundle_() or {})
        bundle["text/plain"] = f"Playground({self.experiment!r})"
        if self.stage.png:
            bundle["image/png"] = base64.b64encode(self.stage.png).decode("ascii")
        return bundle

    # --- from the page's thread to ours -------------------------------------------------------

    def _post(self, name: str, value: Any, shown: bool = True) -> None:
        """A control's value, from any thread; `shown` where its field is the one that says so."""
        self._inbox.append((name, value, shown))
        self._wake()

    def _act(self, action: str, *arguments: Any) -> None:
        """A button, from any thread."""
        self._post("!" + action, arguments)

    def _wake(self) -> None:
        """See to what has come in; from any thread."""
        if self._loop is None:
            self._drain()
        elif not self._loop.is_closed():
            self._loop.call_soon_threadsafe(self._start)

    def _start(self) -> None:
        """See that the one task is alive."""
        if self._task is None or self._task.done():
            self._task = asyncio.ensure_future(self._live())
            self._task.set_name("fedplay playground")

    def _drain(self) -> None:
        """Do what the inbox says; of several values for one knob in a row only the newest."""
        values: dict[str, tuple[Any, bool]] = {}
        while self._inbox:
            name, value, shown = self._inbox.popleft()
            if name.startswith("!"):
                self._set_from_page(values)
                values = {}
                self._do(name[1:], *value)
            else:
                values[name] = (value, shown)
        self._set_from_page(values)

    def _set_from_page(self, values: dict[str, tuple[Any, bool]]) -> None:
        for name, (value, shown) in values.items():
            if name:
                self._ours = frozenset([name] if shown else [])
                self.store.set(**{name: value})
                self._ours = frozenset()
            else:
                self.panel.controls["data"].error(value)

    def _do(self, action: str, *arguments: Any) -> None:
        player = self.player
        if action == "toggle":
            action = "pause" if player.mode == "play" else "play"
        getattr(player, action)(*arguments)
        if self._loop is not None:
            self._wake()

    # --- the one task -------------------------------------------------------------------------

    async def _live(self) -> None:
        while True:
            self._drain()
            wait = self.player.work(SLICE)
            due = self._refresh()
            if wait is None and due is None and not self._inbox:
                self._describe()
                return
            waits = [w for w in (wait, due) if w is not None]
            await asyncio.sleep(max(PAUSE, min([*waits, 0.01])))

    def _refresh(self) -> float | None:
        """Draw and write what is due; when something is due again, in seconds."""
        now, changes = time.perf_counter(), self.player.changes
        due = []
        if self._drawn != changes:
            if now >= self._drawn_at + FRAME:
                self._draw()
            else:
                due.append(self._drawn_at + FRAME - now)
        if self._written != changes:
            if now >= self._written_at + WORDS:
                self._write()
            else:
                due.append(self._written_at + WORDS - now)
        return min(due) if due else None

    # --- what is on the screen ----------------------------------------------------------------

    def _changed(self, names: frozenset[str]) -> None:
        """The store has changed."""
        self.panel.update(self.store.experiment, self.store.errors, self._ours)
        head = _head(self.store.errors.get("", ""))
        if self.head.value != head:
            self.head.value = head
        self.player.want(self.store.experiment)

    def _failed(self, error: Exception) -> None:
        """A run could not begin, or broke off."""
        if not self._began:
            raise error
        words = str(error) if isinstance(error, ValueError) else f"{type(error).__name__}: {error}"
        self.store.refuse(words)

    def _draw(self) -> None:
        player = self.player
        self._drawn, self._drawn_at = player.changes, time.perf_counter()
        series = player.series()
        if series is None or player.shown is None:
            return
        self.board.show(series, player.late(), player.facts().labels)
        self.board.mark(player.cursor, player.shown.rounds[player.at].cohort)
        self.stage.show(self.board.frame())

    def _write(self) -> None:
        player = self.player
        self._written, self._written_at = player.changes, time.perf_counter()
        if player.shown is None or player.shown.n == 0:
            return
        self.transport.show(player.cursor, player.shown.R, player.mode == "play")
        words = readouts.numbers(player)
        if self.numbers.value != words:
            self.numbers.value = words
        self._note("alpha" if "alpha" in self.panel.shown else "partition", self._skew())
        self._note("noise_multiplier", readouts.privacy_note(player))

    def _describe(self) -> None:
        """The picture in words, once it has come to rest."""
        if self._described != self.player.changes:
            self._described = self.player.changes
            self.stage.describe(readouts.alternative(self.player))

    def _skew(self) -> str:
        return readouts.skew_note(self.player.facts())

    def _note(self, name: str, html: str) -> None:
        if name in self.panel.shown:
            self.panel.controls[name].note(html)

    def _board(self) -> Board:
        stage = self.stage
        board = Board(stage.width, stage.height, stage.ratio, dark=stage.dark)
        stage.palette(board.look.key_colours())
        return board

    def _resized(self, width: int, height: int, ratio: float) -> None:
        tall = min(max(round(0.62 * width), 420), 760)
        if tall != height:
            self.stage.resize(tall)
        self._redraw()

    def _themed(self, dark: bool) -> None:
        self._redraw()

    def _redraw(self) -> None:
        self.board = self._board()
        self._draw()

    def _pointed(self, kind: str, x: float, y: float) -> None:
        """Hovering makes a client stand out; pressing and dragging stands at a round."""
        if kind in ("down", "up", "leave"):
            self._pressed = kind == "down"
        number = self.board.round_at(x, y) if self._pressed else None
        if number is not None:
            self.scrub(number)
        client = None if kind == "leave" or self._pressed else self.board.client_at(x, y)
        if client != self.board.chosen:
            self.board.choose(client)
            self.stage.show(self.board.frame())

    def _roll(self) -> int:
        """A seed that is easily told to a neighbour."""
        return random.SystemRandom().randrange(1000)


def _head(notice: str) -> str:
    told = f'<span class="fedplay-error">{escape(notice)}</span>' if notice else ""
    return f'<div class="fedplay-head"><b>fedplay</b><span>{INVITATION}</span>{told}</div>'
