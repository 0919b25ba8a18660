"""The row above everything: examples to try, undo, pin, guess, share; and a sentence below it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import ipywidgets
from ipywidgets import Layout

from fedplay.experiment import Experiment
from fedplay.presets import PRESETS, Preset
from fedplay.untrusted import escape
from fedplay.widgets.buttons import button, fill
from fedplay.widgets.echo_guard import EchoGuard

INVITATION = "Drag a slider: the whole federation is trained again while you drag."
ASKED = "Change what you like, say where the global model will end, then reveal it."
CHOOSE = "Try an example …"


def preset_of(exp: Experiment) -> Preset | None:
    """The preset that an experiment is, if it is one."""
    return next((preset for preset in PRESETS if preset.experiment == exp), None)


class Toolbar:
    """The row above everything; `act(name, *arguments)` runs the action of that name."""

    def __init__(self, act: Callable[..., None], *, presets: bool) -> None:
        self._act = act
        brand = ipywidgets.HTML("<b>fedplay</b>")
        brand.add_class("fedplay-brand")
        self.presets = ipywidgets.Dropdown(
            options=[CHOOSE, *map(_called, PRESETS)],
            index=0,
            tooltip="Examples that work well (✓) or badly (✗), each with the reason",
            layout=Layout(width="250px"),
        )
        self.presets.add_class("fedplay-presets")
        self._quiet = EchoGuard()
        self.presets.observe(self._chosen, "index")
        self.undo = button("Undo", "undo", "Back to the run before", lambda: act("undo"))
        self.pin = button(
            "Pin", "thumb-tack", "Keep this run, to compare other runs with it", lambda: act("pin")
        )
        self.guess = button(
            "Guess",
            "question",
            "Hide the curves, predict where the global model will end, then reveal them",
            lambda: act("guessing"),
        )
        self.share = button(
            "Share",
            "share-alt",
            "Copy this experiment, or save picture and data",
            lambda: act("share"),
        )
        self.why = ipywidgets.HTML()
        self.why.add_class("fedplay-why")
        row = [brand, *([self.presets] if presets else [])]
        row += [self.undo, self.pin, self.guess, self.share]
        bar = ipywidgets.HBox(row)
        bar.add_class("fedplay-bar")
        self.widget = ipywidgets.VBox([bar, self.why])
        self.widget.add_class("fedplay-head")

    def _chosen(self, change: Any) -> None:
        if change["new"] and not self._quiet.now:
            self._act("preset", PRESETS[change["new"] - 1].name)

    def show(
        self, exp: Experiment, notice: str, *, can_undo: bool, guessing: bool, guessable: bool
    ) -> None:
        """Follow the experiment in force."""
        preset = None if guessing else preset_of(exp)
        index = 0 if preset is None else PRESETS.index(preset) + 1
        with self._quiet:
            if self.presets.index != index:
                self.presets.index = index
        words = ASKED if guessing else INVITATION
        if preset is not None:
            words = f"{preset.why} {preset.look}".strip()
        kind = "" if preset is None else (" good" if preset.good else " bad")
        told = f'<span class="fedplay-alarm">{escape(notice)}</span>' if notice else escape(words)
        fill(self.why, value=f'<span class="fedplay-told{kind}">{told}</span>')
        for made, can in ((self.undo, can_undo), (self.guess, guessable)):
            if made.disabled == can:
                made.disabled = not can
        word = "Reveal" if guessing else "Guess"
        if self.guess.description != word:
            self.guess.icon = "eye" if guessing else "question"
            self.guess.description = word


def _called(preset: Preset) -> str:
    return f"{'✓' if preset.good else '✗'} {preset.name}"
