"""Controls of the confusion matrices: the examples on which both models are judged."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import ipywidgets
from ipywidgets import Layout

from fedplay.views.confusion.state import JUDGES
from fedplay.views.confusion.words import judged_on_test
from fedplay.views.scene import Scene
from fedplay.widgets.buttons import display, fill
from fedplay.widgets.echo_guard import EchoGuard

TIPS = (
    "Judge both models on the test set of the server",
    "Judge both models on what the client holds out",
)


class JudgeRow:
    """The row of controls; `act(name, *arguments)` runs an action."""

    def __init__(self, act: Callable[..., None]) -> None:
        self.act, self._quiet = act, EchoGuard()
        self.says = ipywidgets.HTML("judged on the")
        self.says.add_class("fedplay-says")
        self.judge = ipywidgets.ToggleButtons(
            options=[(words, on) for on, words in JUDGES.items()],
            tooltips=TIPS,
            layout=Layout(width="auto", flex="0 0 auto"),
        )
        self.judge.add_class("fedplay-values")
        self.judge.observe(self._judged, "value")
        self.widget = ipywidgets.HBox([self.says, self.judge])
        self.widget.add_class("fedplay-transport")
        self.widget.add_class("fedplay-sorting")
        self.widget.layout.display = "none"

    def _judged(self, change: Any) -> None:
        if not self._quiet.now and change["new"] is not None:
            self.act("judge", change["new"])

    def show(self, scene: Scene | None) -> None:
        """What the models are judged on; nothing where they are not shown."""
        if scene is not None:
            there = len(scene.federation.y_test) > 0
            with self._quiet:
                on = "test" if there and judged_on_test(scene.state) else "own"
                fill(self.judge, disabled=not there, value=on)
        display(self.widget, scene is not None and not scene.veiled)
