"""Runs by name: the pinned ones, each against the one on the screen, and the last ones shown."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import ipywidgets
from ipywidgets import Layout

from fedplay.experiment import Experiment
from fedplay.session.pins import Pin
from fedplay.session.run_history import RunHistory, brief, described, differences
from fedplay.untrusted import escape
from fedplay.widgets.buttons import button, display, fill
from fedplay.widgets.closing import close_all

MOST = 8  # runs that are shown at once


class Pins:
    """A row for each pinned run: return to it, see how it differs, unpin it."""

    def __init__(self, act: Callable[..., None]) -> None:
        self.act = act
        self.widget = ipywidgets.VBox()
        self.widget.add_class("fedplay-pins")
        self._rows: dict[str, tuple[Any, Any]] = {}  # letter -> the row, its text

    def show(self, pins: Sequence[Pin], now: Experiment, accuracy: float | None) -> None:
        """The pinned runs beside the one in force, which ends with `accuracy`; None hides it."""
        letters = [pin.letter for pin in pins]
        if letters != list(self._rows):
            before = self._rows
            rows = {letter: before.get(letter) or self._row(letter) for letter in letters}
            self._rows = rows
            for letter in before.keys() - rows.keys():
                close_all(before[letter][0])
        for pin in pins:
            fill(self._rows[pin.letter][1], value=_compared(pin, now, accuracy))
        shown = tuple(row for row, _ in self._rows.values())
        if tuple(self.widget.children) != shown:
            self.widget.children = shown

    def _row(self, letter: str) -> tuple[Any, Any]:
        take = button(letter, "", f"Back to the pinned run {letter}", self._do("take_pin", letter))
        take.add_class("fedplay-letter")
        text = ipywidgets.HTML(layout=Layout(flex="1 1 auto", width="auto"))
        gone = button(
            "Unpin", "times", f"Remove the pinned run {letter}", self._do("unpin", letter)
        )
        row = ipywidgets.HBox([take, text, gone])
        row.add_class("fedplay-pin")
        return row, text

    def _do(self, action: str, letter: str) -> Callable[[], None]:
        return lambda: self.act(action, letter)


def _compared(pin: Pin, now: Experiment, accuracy: float | None) -> str:
    """The run by its name and accuracy, and how the one on the screen does; the rest is a hint."""
    if pin.recording.broken:
        return f"cannot be run: {escape(pin.recording.broken)}"
    own = pin.recording.exp
    names = differences(now, own)
    if accuracy is None and not names:
        return "the run whose result is still hidden"
    if pin.accuracy is None:
        return "being computed …"
    told = f"{escape(pin.name)}: <b>{brief(f'{pin.accuracy:.3f}')}</b>"
    if not names:
        return f"{told} on the screen"
    against = "" if accuracy is None else f" (now {accuracy - pin.accuracy:+.3f})"
    return f'<span title="with {escape(described(own, names))}">{told}{against}</span>'


class RunHistoryList:
    """The run history as a column of buttons, the newest first."""

    def __init__(self, act: Callable[..., None]) -> None:
        self.act = act
        self.title = ipywidgets.HTML("Your runs")
        self.title.add_class("fedplay-run-history-title")
        # One is there from the beginning: a first run ends while a page connects to its kernel, and
        # what begins just then may be half lost.
        self._buttons = [self._button(0)]
        self._shown: dict[int, tuple[Any, ...]] = {}  # by place
        self.widget = ipywidgets.VBox([self.title])
        self.widget.add_class("fedplay-run-history")
        self.widget.layout.display = "none"

    def show(self, history: RunHistory, *, hidden: bool = False) -> None:
        """The runs, the one at which the screen stands marked; none while an answer is hidden."""
        entries = history.entries
        while len(self._buttons) < len(entries):
            self._buttons.append(self._button(len(self._buttons)))
        for place, entry in enumerate(entries):
            here = place == history.at
            if self._shown.get(place) == (entry, here):
                continue
            made = self._buttons[place]
            made.description = entry.label
            standing = ", on the screen" if here else ""
            made.tooltip = f"{entry.label}. Run {place + 1}{standing}: {entry.changed}"
            made.button_style = "primary" if here else ""
            self._shown[place] = (entry, here)
        wanted = (self.title, *(self._buttons[place] for place in visible(history)))
        if tuple(self.widget.children) != wanted:
            self.widget.children = wanted
        display(self.widget, len(entries) > 1 and not hidden)

    def _button(self, place: int) -> Any:
        made = ipywidgets.Button(layout=Layout(width="100%"))
        made.on_click(lambda _button: self.act("restore", place))
        return made


def visible(history: RunHistory) -> list[int]:
    """The places of the runs that are shown: the newest, and the one on the screen among them."""
    newest = list(reversed(range(len(history.entries))))
    if history.at in newest[MOST:]:
        return [*newest[: MOST - 1], history.at]
    return newest[:MOST]
