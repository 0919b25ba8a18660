"""What stands below the picture and belongs to the view beside the curves: tabs and a caption."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import ipywidgets
from ipywidgets import Layout

from fedplay.views.board import VIEWS
from fedplay.views.inside_round.view import InsideRound
from fedplay.views.sweep.view import Sweep
from fedplay.widgets.buttons import button
from fedplay.widgets.echo_guard import Quiet

NOBODY = "follow a client"
TICKS = 20  # of the slider, for each of the four steps


class Companion:
    """`act(name, *arguments)` is told what its person wants."""

    def __init__(self, act: Callable[..., None]) -> None:
        self.act = act
        self.names: list[str] = []
        self._quiet = Quiet()
        self.tabs = ipywidgets.ToggleButtons(options=[""], layout=Layout(width="auto"))
        self.tabs.add_class("fedplay-tabs")
        self.tabs.observe(self._chosen, "index")
        self.caption = ipywidgets.HTML()
        self.caption.add_class("fedplay-caption")
        self.slowly = button(
            "Play slowly", "play", "Go through the round step by step", lambda: act("slow")
        )
        self.next = button(
            "Next step", "step-forward", "The next of the round's four steps", lambda: act("stage")
        )
        self.phase = ipywidgets.IntSlider(
            min=0,
            max=4 * TICKS,
            description="Inside the round",
            readout=False,
            layout=Layout(flex="1 1 auto", width="auto"),
        )
        self.phase.observe(self._moved, "value")
        self.inside = ipywidgets.HBox([self.slowly, self.next, self.phase])
        self.inside.add_class("fedplay-transport")
        self.values = ipywidgets.ToggleButtons(options=[""], layout=Layout(width="auto"))
        self.values.add_class("fedplay-values")
        self.values.observe(self._taken, "index")
        self.close = button("Close", "times", "Close the sweep", lambda: act("sweep", None))
        self.sweep = ipywidgets.HBox([self.values, self.close])
        self.sweep.add_class("fedplay-sweep")
        self._words: tuple[str, ...] = ()
        self._put: int | None = None  # where its person has put the slider
        for row in (self.inside, self.sweep):
            row.layout.display = "none"
        self.who = ipywidgets.Dropdown(
            options=[NOBODY],
            tooltip="Follow one client in every view; a click on it does the same",
            layout=Layout(width="132px", flex="0 0 auto"),
        )
        self.who.observe(self._followed, "index")
        row = ipywidgets.HBox([self.tabs, self.who])
        row.add_class("fedplay-row")
        self.widget = ipywidgets.VBox([row, self.caption, self.sweep, self.inside])
        self.widget.add_class("fedplay-companion")

    # --- what its person does -----------------------------------------------------------------

    def _chosen(self, change: Any) -> None:
        if not self._quiet.now and change["new"] is not None:
            self.act("view", self.names[change["new"]])

    def _moved(self, change: Any) -> None:
        if not self._quiet.now:
            self._put = change["new"]
            self.act("inside", change["new"] / TICKS)

    def _taken(self, change: Any) -> None:
        if not self._quiet.now and change["new"] is not None:
            self.act("take", change["new"])

    def _followed(self, change: Any) -> None:
        if not self._quiet.now and change["new"] is not None:
            self.act("follow", change["new"] - 1 if change["new"] else None)

    # --- what it shows ------------------------------------------------------------------------

    def offer(self, names: Sequence[str], chosen: str) -> None:
        """The tabs, and which of them is open."""
        with self._quiet, self.tabs.hold_sync():
            if list(names) != self.names:
                self.tabs.options = [VIEWS[name].title for name in names] or [""]
                self.tabs.tooltips = [VIEWS[name].help for name in names]
                self.names = list(names)
            _display(self.tabs, len(names) > 1)
            if chosen in self.names and self.tabs.index != self.names.index(chosen):
                self.tabs.index = self.names.index(chosen)
        _display(self.inside, chosen == InsideRound.name)
        if chosen != Sweep.name:
            _display(self.sweep, False)

    def follow(self, names: Sequence[str], client: int | None) -> None:
        """The clients that can be followed, by their places, and who is."""
        options = [NOBODY, *names]
        with self._quiet, self.who.hold_sync():
            if list(self.who.options) != options:
                self.who.options = options
            index = 0 if client is None or client >= len(names) else client + 1
            if self.who.index != index:
                self.who.index = index

    def say(self, sentence: str) -> None:
        """The caption, as HTML."""
        if self.caption.value != sentence:
            self.caption.value = sentence
        _display(self.caption, bool(sentence))

    def stand_inside(self, phase: float, playing: bool) -> None:
        """Where the viewer stands inside the round."""
        word, icon = ("Pause", "pause") if playing else ("Play slowly", "play")
        if self.slowly.description != word:
            self.slowly.icon, self.slowly.description = icon, word
        near = round(phase * TICKS)
        with self._quiet:
            if near != self._put:  # else the page may be ahead of us: leave it alone
                self._put = None
                if self.phase.value != near:
                    self.phase.value = near

    def fan(self, words: tuple[str, ...], current: int) -> None:
        """The values of a sweep, to take one."""
        with self._quiet, self.values.hold_sync():
            if words != self._words:
                self.values.index = None
                self.values.options = words or [""]
                self.values.index = None
                self._words = words
            index = current if current >= 0 else None
            if self.values.index != index:
                self.values.index = index
        _display(self.sweep, True)  # once it offers the values of this sweep, not of the last one


def _display(widget: Any, shown: bool) -> None:
    value = None if shown else "none"
    if widget.layout.display != value:
        widget.layout.display = value
