"""The story card: what one sees in the step of a lab, and what to try; the door, and the labs."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import ipywidgets
from ipywidgets import Layout

from fedplay.labs import FREE, Lab, known
from fedplay.session.guide import Guide
from fedplay.untrusted import escape
from fedplay.widgets.buttons import button, display, fill
from fedplay.widgets.closing import close_all

WELCOME = (
    "Ten clients hold ten small piles of digits. None shows its pile. Each trains the server's "
    "model a little and sends the change; the server averages. That is federated learning."
)
BEGIN = "Press Play, at the bottom."
ASKED = "Say where the global model will end, then reveal it."


class Story:
    """The card above the picture; `act(name, *arguments)` runs the action of that name."""

    def __init__(self, act: Callable[..., None], *, labs: bool) -> None:
        self._act, self._labs = act, labs
        self.text = ipywidgets.HTML()
        self.text.add_class("fedplay-told")
        self.do = button("Do it", "", "Do what the sentence says", lambda: act("do_it"))
        self.do.add_class("fedplay-strong")
        self.why = button("Why?", "", "Why it is so, and where that comes from", self._why)
        self.after = button("Next", "", "The next step of the lab", lambda: act("next", 1))
        self.tour = button("Show me", "", "Two minutes, six steps", lambda: act("tour"))
        self.tour.add_class("fedplay-strong")
        self.choose = button("Choose a lab", "", "One question each", lambda: act("labs"))
        self.free = button("Free play", "", "All knobs and all views", lambda: act("lab", FREE))
        self.buttons = ipywidgets.HBox(
            [self.do, self.why, self.after, self.tour, self.choose, self.free]
        )
        self.buttons.add_class("fedplay-doing")
        self.notice = ipywidgets.HTML()
        self.notice.add_class("fedplay-why")
        self.gallery = ipywidgets.VBox()
        self.gallery.add_class("fedplay-gallery")
        self._offered: list[Lab] = []
        card = ipywidgets.HBox([self.text, self.buttons])
        card.add_class("fedplay-tale")
        self.widget = ipywidgets.VBox([card, self.gallery, self.notice])
        self.widget.add_class("fedplay-story")

    def _why(self) -> None:
        self._act("why")

    def show(self, guide: Guide, notice: str, *, guessing: bool) -> None:
        """Follow the lab that is open. `notice` is what went wrong, if anything."""
        fill(self.text, value=_told(guide, guessing=guessing))
        step, door = guide.step, guide.door
        wanted = {
            self.do: not door and step is not None and bool(step.change),
            self.why: not door and step is not None and bool(step.why),
            self.after: not door and step is not None and not guide.last,
            self.tour: door,
            self.choose: door or (step is None and self._labs),
            self.free: door,
        }
        for made, there in wanted.items():
            display(made, there and not guessing)
        fill(self.why, description="Back" if guide.reason else "Why?")
        self._choose(guide)
        alarm = f'<span class="fedplay-alarm">{escape(notice)}</span>' if notice else ""
        fill(self.notice, value=alarm)
        display(self.notice, bool(notice))

    def _choose(self, guide: Guide) -> None:
        """The labs, each with its question, while one is to be chosen."""
        labs = [*known()] if guide.choosing else []
        if labs != self._offered:
            before, self._offered = self.gallery.children, labs
            self.gallery.children = [self._lab(lab) for lab in labs]
            for gone in before:
                close_all(gone)
        display(self.gallery, bool(labs))

    def _lab(self, lab: Lab) -> Any:
        made = ipywidgets.Button(
            description=lab.title, tooltip=lab.story, layout=Layout(width="190px", flex="0 0 auto")
        )
        made.on_click(lambda _button: self._act("lab", lab))
        question = ipywidgets.HTML(escape(lab.question))
        row = ipywidgets.HBox([made, question])
        row.add_class("fedplay-choice")
        return row


def _told(guide: Guide, *, guessing: bool) -> str:
    step, lab = guide.step, guide.lab
    if guide.door:
        return f"{escape(WELCOME)} <b>{escape(BEGIN)}</b>"
    if guessing:
        asked = lab.guess if step is not None and guide.at + 1 == lab.guess_at else ""
        return f"<b>{escape(asked)}</b> {escape(ASKED)}"
    if step is None:
        return escape(lab.question)
    if guide.reason:
        return f"<b>Why.</b> {escape(step.why)}"
    kind = {True: "good", False: "bad", None: ""}[step.good]
    mark = f'<span class="fedplay-mark {kind}"></span>'
    tried = f" <b>Try:</b> {escape(step.do)}" if step.do else ""
    return f"{mark}<b>{escape(step.name)}.</b> {escape(step.see)}{tried}"
