"""Play, Step, Reset, speed, and the slider of rounds."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import ipywidgets
from ipywidgets import Layout

from fedplay.widgets.echo_guard import EchoGuard

SPEEDS = {"1 round/s": 1.0, "2 rounds/s": 2.0, "5 rounds/s": 5.0, "10 rounds/s": 10.0}
SPEEDS |= {"20 rounds/s": 20.0, "60 rounds/s": 60.0}


class Transport:
    """The row below the picture; `act(name, *arguments)` runs the action of that name."""

    def __init__(self, act: Callable[..., None], speed: float) -> None:
        self.play = self._button("Play", "play", "Show round after round", lambda: act("toggle"))
        step = self._button("Step", "step-forward", "Show one more round", lambda: act("step"))
        reset = self._button(
            "Reset", "undo", "Back to the model before any training", lambda: act("reset")
        )
        self.speed = ipywidgets.Dropdown(
            options=list(SPEEDS),
            index=list(SPEEDS.values()).index(speed),
            description="Speed",
            tooltip="How fast Play goes",
            layout=Layout(width="190px"),
        )
        self.scrub = ipywidgets.IntSlider(
            min=0,
            max=1,
            description="Round",
            tooltip="The round shown: which clients took part, and what was spent by then",
            readout=True,
            layout=Layout(flex="1 1 auto", width="auto"),
        )
        self._quiet = EchoGuard()
        self._scrubbed: int | None = None  # where its person has put it
        self.speed.observe(lambda c: act("pace", list(SPEEDS.values())[c["new"]]), "index")
        self.scrub.observe(lambda c: self._moved(act, c["new"]), "value")
        row = [self.play, step, reset, self.scrub, self.speed]
        self.widget = ipywidgets.HBox(row, layout=Layout(width="100%"))
        self.widget.add_class("fedplay-transport")

    def _button(self, word: str, icon: str, tooltip: str, press: Callable[[], None]) -> Any:
        button = ipywidgets.Button(
            description=word, icon=icon, tooltip=tooltip, layout=Layout(width="86px")
        )
        button.on_click(lambda _button: press())
        return button

    def _moved(self, act: Callable[..., None], number: int) -> None:
        if not self._quiet.now:
            self._scrubbed = number
            act("scrub", number)

    def show(self, cursor: int, rounds: int, playing: bool) -> None:
        """Show the player's round and whether it plays."""
        word, icon = ("Pause", "pause") if playing else ("Play", "play")
        if self.play.description != word:
            self.play.icon, self.play.description = icon, word
        with self._quiet:
            if self.scrub.max != rounds:
                self.scrub.max = rounds
            if cursor != self._scrubbed:  # else the page may be ahead of us: leave it alone
                self._scrubbed = None
                if self.scrub.value != cursor:
                    self.scrub.value = cursor
