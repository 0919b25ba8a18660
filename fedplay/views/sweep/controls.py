"""Controls of a sweep: its values, of which one can be taken, and a button that closes it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import ipywidgets
from ipywidgets import Layout

from fedplay.views.scene import Scene
from fedplay.views.sweep.shown import Fan
from fedplay.widgets.buttons import button, display
from fedplay.widgets.echo_guard import EchoGuard


class SweepRow:
    """The row of a sweep's values; `act(name, *arguments)` runs an action."""

    def __init__(self, act: Callable[..., None]) -> None:
        self.act, self._quiet = act, EchoGuard()
        self.values = ipywidgets.ToggleButtons(options=[""], layout=Layout(width="auto"))
        self.values.add_class("fedplay-values")
        self.values.observe(self._taken, "index")
        self.close = button("Close", "times", "Close the sweep", lambda: act("sweep", None))
        self.widget = ipywidgets.HBox([self.values, self.close])
        self.widget.add_class("fedplay-sweep")
        self.widget.layout.display = "none"
        self._words: tuple[str, ...] = ()

    def _taken(self, change: Any) -> None:
        if not self._quiet.now and change["new"] is not None:
            self.act("take", change["new"])

    def show(self, scene: Scene | None) -> None:
        """The values; nothing where there is no sweep."""
        fan = None if scene is None else scene.closeup
        if isinstance(fan, Fan):
            self._fill(fan.values, fan.current)
            display(self.widget, True)  # once it offers the values of this sweep, not of the last
        elif scene is None:
            display(self.widget, False)

    def _fill(self, words: tuple[str, ...], current: int) -> None:
        with self._quiet, self.values.hold_sync():
            if words != self._words:
                self.values.index = None
                self.values.options = words or [""]
                self.values.index = None
                self._words = words
            index = current if current >= 0 else None
            if self.values.index != index:
                self.values.index = index
