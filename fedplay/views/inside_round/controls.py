"""Controls of the view Inside a round: play it slowly, step by step, or with a slider."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import ipywidgets
from ipywidgets import Layout

from fedplay.views.scene import Scene
from fedplay.widgets.buttons import button, display
from fedplay.widgets.echo_guard import EchoGuard

TICKS = 20  # of the slider, for each of the four steps


class StepsRow:
    """The row of controls for the round's steps; `act(name, *arguments)` runs an action."""

    def __init__(self, act: Callable[..., None]) -> None:
        self.act, self._quiet = act, EchoGuard()
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
        self._put: int | None = None  # where its person has put the slider
        self.widget = ipywidgets.HBox([self.slowly, self.next, self.phase])
        self.widget.add_class("fedplay-transport")
        self.widget.layout.display = "none"

    def _moved(self, change: Any) -> None:
        if not self._quiet.now:
            self._put = change["new"]
            self.act("inside", change["new"] / TICKS)

    def show(self, scene: Scene | None) -> None:
        """Where the viewer stands inside the round."""
        if scene is not None:
            self._fill(scene.phase, scene.state is not None and scene.state.now)
        display(self.widget, scene is not None)

    def _fill(self, phase: float, playing: bool) -> None:
        word, icon = ("Pause", "pause") if playing else ("Play slowly", "play")
        if self.slowly.description != word:
            self.slowly.icon, self.slowly.description = icon, word
        near = round(phase * TICKS)
        with self._quiet:
            if near != self._put:  # else the page may be ahead of us: leave it alone
                self._put = None
                if self.phase.value != near:
                    self.phase.value = near
