"""The bar above everything: the lab and its step, and what can be done with the run."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import ipywidgets
from ipywidgets import Layout

from fedplay.labs import FREE, Lab, known
from fedplay.session.guide import Guide
from fedplay.widgets.buttons import button, display, fill
from fedplay.widgets.echo_guard import EchoGuard


class Bar:
    """One row; `act(name, *arguments)` runs the action of that name.

    labs: whether labs can be chosen; not where the data are given
    """

    def __init__(self, act: Callable[..., None], *, labs: bool) -> None:
        self._act = act
        self._labs: list[Lab] = []
        self._quiet = EchoGuard()
        brand = ipywidgets.HTML("<b>fedplay</b>")
        brand.add_class("fedplay-brand")
        self.lab = ipywidgets.Dropdown(
            options=[FREE.title],
            tooltip="A lab: one question, and the few knobs and views that answer it",
            layout=Layout(width="216px"),
        )
        self.lab.add_class("fedplay-lab")
        self.lab.observe(self._chosen, "index")
        self.before = button("‹", "", "The step before", lambda: act("next", -1))
        self.after = button("›", "", "The next step", lambda: act("next", 1))
        self.step = ipywidgets.HTML()
        self.step.add_class("fedplay-step")
        self.walk = ipywidgets.HBox([self.before, self.step, self.after])
        self.walk.add_class("fedplay-walk")
        self.undo = button("Undo", "undo", "Take back the last change", lambda: act("undo"))
        self.redo = button("Redo", "repeat", "Do it again", lambda: act("redo"))
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
        # What these do is done by the page alone (presenting.js): it asks for nothing here.
        self.present = button("Present", "desktop", "Larger, for a class (F)", lambda: None)
        self.present.add_class("fedplay-present-button")
        self.help = button("?", "", "Which keys there are (?)", lambda: None)
        self.help.add_class("fedplay-help-button")
        place = [self.lab, self.walk] if labs else []
        space = ipywidgets.HBox(layout=Layout(flex="1 1 0"))
        doing = [self.undo, self.redo, self.guess, self.pin, self.share, self.present, self.help]
        for made in (self.undo, self.redo, self.pin, self.share, self.help):
            made.add_class("fedplay-spare")  # left out where the text is large: there are keys
        self.widget = ipywidgets.HBox([brand, *place, space, *doing])
        self.widget.add_class("fedplay-bar")

    def _chosen(self, change: Any) -> None:
        if change["new"] is not None and not self._quiet.now:
            self._act("lab", self._labs[change["new"]])

    def show(
        self, guide: Guide, *, can_undo: bool, can_redo: bool, guessing: bool, guessable: bool
    ) -> None:
        """Follow the lab that is open, and what can be done."""
        self._offer(guide.lab)
        steps = guide.lab.steps
        display(self.walk, bool(steps))
        if steps:
            fill(self.step, value=f"step {guide.at + 1} of {len(steps)}")
        able = (
            (self.before, guide.at > 0),
            (self.after, not guide.last),
            (self.undo, can_undo),
            (self.redo, can_redo),
            (self.guess, guessable),
        )
        for made, can in able:
            fill(made, disabled=not can)
        word = "Reveal" if guessing else "Guess"
        if self.guess.description != word:
            self.guess.icon = "eye" if guessing else "question"
            self.guess.description = word

    def _offer(self, lab: Lab) -> None:
        labs = [FREE, *known()]
        if lab not in labs:
            labs.append(lab)
        titles = [lab.title for lab in labs[:1]]
        titles += [f"{number}. {lab.title}" for number, lab in enumerate(labs[1:], 1)]
        with self._quiet, self.lab.hold_sync():
            if list(self.lab.options) != titles:
                self.lab.options = titles
            self._labs = labs
            fill(self.lab, index=labs.index(lab))
