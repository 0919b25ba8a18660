"""What stands above the picture: the sentence, three numbers or all, the axis, and the guess."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from typing import Any

import ipywidgets
from ipywidgets import Layout

from fedplay.playground import readouts
from fedplay.session.player import Player
from fedplay.views.round_axis import AXES
from fedplay.widgets.buttons import button, display, fill
from fedplay.widgets.echo_guard import EchoGuard
from fedplay.words import CURVES


class Headline:
    """The rows above the picture; `act(name, *arguments)` runs the action of that name."""

    def __init__(self, act: Callable[..., None], axis: str) -> None:
        self._act, self._quiet = act, EchoGuard()
        self.sentence, self.numbers = ipywidgets.HTML(), ipywidgets.HTML()
        self.sentence.add_class("fedplay-headline")
        self.numbers.add_class("fedplay-three")
        self.cards = ipywidgets.HTML()
        self.cards.add_class("fedplay-numbers")
        self.all = False  # all numbers are shown, as cards
        self.more = button("more ▾", "", "All numbers of this round", lambda: act("numbers"))
        self.more.add_class("fedplay-quiet")
        self.axis = ipywidgets.Dropdown(
            options=[(f"by {word}", name) for name, word in AXES.items()],
            value=axis,
            tooltip="What the curves are drawn against",
            layout=Layout(width="104px", flex="0 0 auto"),
        )
        self.axis.add_class("fedplay-axis")
        self.axis.observe(self._tell("axis"), "value")
        self.guess = ipywidgets.FloatSlider(
            min=0,
            max=1,
            step=0.01,
            value=0.5,
            description="Your guess",
            readout_format=".0%",
            layout=Layout(flex="1 1 auto", width="auto"),
        )
        self.guess.observe(self._tell("guess"), "value")
        self.reveal = button("Reveal", "eye", "Show the curves again", lambda: act("reveal"))
        self.reveal.add_class("fedplay-strong")
        self.asked = ipywidgets.HBox([self.guess, self.reveal])
        self.asked.add_class("fedplay-guess")
        self.asked.layout.display = "none"
        self.curves = {name: self._switch(name, words) for name, words in CURVES.items()}
        switches = ipywidgets.HBox([*self.curves.values()])
        switches.add_class("fedplay-curves")
        row = ipywidgets.HBox([self.numbers, self.more, switches, self.axis])
        row.add_class("fedplay-above")
        self.widget = ipywidgets.VBox([self.sentence, row, self.cards, self.asked])

    def _switch(self, name: str, words: str) -> Any:
        made = ipywidgets.ToggleButton(
            description=words, tooltip=f"Show or leave out: {words}", layout=Layout(width="auto")
        )
        made.add_class(f"fedplay-{name}")
        tell = self._tell("curve")
        made.observe(lambda change: tell({"new": name}), "value")
        return made

    def _tell(self, action: str) -> Callable[[Any], None]:
        """An observer that tells what a person has changed a field to."""

        def changed(change: Any) -> None:
            if not self._quiet.now:
                self._act(action, change["new"])

        return changed

    def say(self, sentence: str) -> None:
        """The sentence, as HTML."""
        fill(self.sentence, value=sentence)

    def count(self, player: Player, *, veiled: bool) -> None:
        """Three numbers beside each other and, where they are folded out, all of them."""
        fill(self.numbers, value="" if veiled else readouts.three(player))
        shown = self.all and not veiled
        fill(self.cards, value=readouts.numbers(player) if shown else "")
        fill(self.more, description="less ▴" if self.all else "more ▾")
        display(self.cards, shown)
        display(self.more, not veiled)

    def draws(self, curves: Collection[str]) -> None:
        """Which curves are drawn beside the global model's."""
        with self._quiet:
            for name, switch in self.curves.items():
                fill(switch, value=name in curves)

    def offer(self, axes: Mapping[str, str], chosen: str) -> None:
        """What the curves can be drawn against, and what they are."""
        with self._quiet, self.axis.hold_sync():
            options = [(f"by {words}", name) for name, words in axes.items()]
            if list(self.axis.options) != options:
                self.axis.options = options
            axis = chosen if chosen in axes else next(iter(axes))
            if self.axis.value != axis:
                self.axis.value = axis

    def ask(self, guess: float | None, *, veiled: bool) -> None:
        """The slider of a guess, while the answer is hidden."""
        with self._quiet:
            if guess is not None:
                fill(self.guess, value=guess)
        display(self.asked, veiled)
