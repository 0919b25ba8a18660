"""Controls of "My client": the class, the drawing, and joining."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import ipywidgets
from ipywidgets import Layout

from fedplay.data.guest import LEAST, MOST
from fedplay.views.my_client.sketch import Mine
from fedplay.views.scene import Scene
from fedplay.widgets.buttons import button, display, fill
from fedplay.widgets.echo_guard import EchoGuard
from fedplay.words import short

RANDOM = "A test example of the chosen class; the global model is also judged on it"
JOIN = "Train all clients again, with you as one more client"
LEAVE = "Train all clients again without you; your examples stay here"


class MyClientRow:
    """The row of controls for drawing; `act("mine", action, *arguments)` runs an action."""

    def __init__(self, act: Callable[..., None]) -> None:
        self.act, self._quiet = act, EchoGuard()
        self.classes: list[str] = []
        self.joined = False
        self.labels = ipywidgets.ToggleButtons(options=[""], layout=Layout(width="auto"))
        self.labels.add_class("fedplay-values")
        self.labels.add_class("fedplay-labels")
        self.labels.observe(self._named, "index")
        self.says = ipywidgets.HTML("It is")
        self.says.add_class("fedplay-is")
        self.add = self._button("Add", "plus", "The drawing becomes one of your examples", "add")
        self.random = self._button("Random", "random", RANDOM, "random")
        self.back = self._button("Back", "undo", "Undo the last stroke or step", "back")
        self.wipe = self._button("Wipe", "eraser", "Empty the pad", "wipe")
        self.clear = self._button("Clear", "trash", "Remove all your examples", "clear")
        self.join = button("Join", "sign-in", JOIN, self._join)
        self.join.add_class("fedplay-join")
        self.fill = ipywidgets.Checkbox(
            value=True,
            description="fill frame",
            indent=False,
            tooltip="Scale a drawing to its frame, as the makers of the digits did with theirs",
            layout=Layout(width="auto"),
        )
        self.fill.observe(self._filled, "value")
        buttons = [self.add, self.random, self.back, self.wipe, self.clear, self.fill, self.join]
        self.widget = ipywidgets.HBox([self.says, self.labels, *buttons])
        self.widget.add_class("fedplay-transport")
        self.widget.add_class("fedplay-guest")
        self.widget.layout.display = "none"

    def _button(self, word: str, icon: str, tooltip: str, action: str) -> Any:
        return button(word, icon, tooltip, lambda: self.act("mine", action))

    def _named(self, change: Any) -> None:
        if not self._quiet.now and change["new"] is not None:
            self.act("mine", "label", change["new"])

    def _filled(self, change: Any) -> None:
        if not self._quiet.now:
            self.act("mine", "fill", change["new"])

    def _join(self) -> None:
        self.act("mine", "leave" if self.joined else "join")

    def show(self, scene: Scene | None) -> None:
        """Show the buttons that apply now; hide all where the view is not open."""
        mine = None
        if scene is not None and isinstance(scene.closeup, Mine) and not scene.veiled:
            mine = scene.closeup
            self._fill(mine, scene.federation.classes)
        display(self.widget, mine is not None)

    def _fill(self, mine: Mine, classes: Sequence[str]) -> None:
        sketch, pictures, count = mine.sketch, mine.kind.image is not None, len(mine.sketch.y)
        with self._quiet, self.labels.hold_sync():
            if list(classes) != self.classes:
                self.labels.options = [short(name, 14) for name in classes]
                self.classes = list(classes)
            if self.labels.index != sketch.label and sketch.label < len(classes):
                self.labels.index = sketch.label
            fill(self.fill, value=mine.fit)
        fill(self.says, value="It is a" if pictures else "A click adds:")
        for made in (self.add, self.wipe, self.fill):
            fill(made.layout, display=None if pictures else "none")
        fill(self.add, disabled=sketch.blank or count >= MOST)
        fill(self.wipe, disabled=sketch.blank)
        fill(self.clear, disabled=not count and sketch.blank)
        fill(self.back, disabled=not mine.steps)
        self.joined = mine.joined
        need = max(LEAST - count, 0)
        word = "Leave" if mine.joined else f"Join ({need} more)" if need else "Join"
        tip = LEAVE if mine.joined else JOIN
        icon = "sign-out" if mine.joined else "sign-in"
        fill(self.join, description=word, icon=icon, tooltip=tip, disabled=bool(need))
        style = "" if mine.joined or need else "primary"
        fill(self.join, button_style=style)
