"""The controls, made from the table of knobs: whatever is registered appears here by itself.

A control says what its person wants by `post(name, value)` and shows what it is told to. It
remembers nothing: the store does.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import ipywidgets
import traitlets
from ipywidgets import Layout

from fedplay.knobs import MANY, Knob
from fedplay.scales import (
    EMPTY,
    SEEDS,
    TRIED,
    listed,
    placed,
    read,
    shown,
    spread,
    stops,
    tried,
    words,
)
from fedplay.untrusted import escape
from fedplay.widgets.buttons import display, fill
from fedplay.widgets.echo_guard import EchoGuard

Post = Callable[..., None]  # post(name, value, shown=True): whether the field shows it already


class Control:
    """A row: a label, a field, below it a note and, where there is one, the error.

    The label is a button: it tries all of the values. `on_sweep` is set by whoever can do that.
    """

    def __init__(
        self, name: str, post: Post, label: str, help: str, field: Any, *beside: Any
    ) -> None:
        self.name, self.post, self.field, self.label, self.help = name, post, field, label, help
        self.on_sweep: Callable[[str], None] | None = None
        self.on_reset: Callable[[str], None] | None = None
        self.button = ipywidgets.Button(description=label, tooltip=f"{help} Click: try every value")
        self.button.add_class("fedplay-name")
        self.button.on_click(lambda _button: self.on_sweep and self.on_sweep(name))
        self.line = ipywidgets.HBox([self.button, field, *beside], layout=Layout(width="100%"))
        self.widget = ipywidgets.VBox([self.line], layout=Layout(width="100%"))
        self.widget.add_class("fedplay-control")
        self._reset: Any = None  # made when it is first needed
        self._parts: dict[str, Any] = {}  # what stands below the field
        self._press: Callable[[], None] | None = None  # of the button that repairs
        self._quiet = EchoGuard()

    def show(self, value: Any) -> None:
        """Let the field show a value, whatever has set it."""
        raise NotImplementedError

    def sweep(self, value: Any) -> tuple[list[Any], list[str]]:
        """The values that a sweep tries, `value` among them, and how each is shown."""
        raise NotImplementedError

    def note(self, html: str) -> None:
        """A line below the field; it is HTML."""
        self._line("note", html)

    def error(self, sentence: str) -> None:
        self._line("error", escape(sentence))

    def along(self, sentence: str) -> None:
        """Why its value is another one though nobody has turned it."""
        self._line("along", escape(sentence))

    def off(self, sentence: str) -> None:
        """Grey, with the reason why it changes nothing now; "" for a control that does."""
        self._line("off", escape(sentence))
        for widget in (self.field, self.button):
            fill(widget, disabled=bool(sentence))

    def repair(self, word: str, press: Callable[[], None] | None) -> None:
        """A button below the field that does what makes its value possible; none without a word."""
        made = self._parts.get("repair")
        if made is None:
            if not word:
                return
            made = ipywidgets.Button(layout=Layout(width="auto"))
            made.add_class("fedplay-repair")
            made.on_click(lambda _button: self._press and self._press())
            self._below("repair", made)
        self._press = press
        fill(made, description=word)
        display(made, bool(word))

    def changed(self, differs: bool) -> None:
        """Mark it as changed, with a button that takes that back."""
        if self._reset is None:
            if not differs:
                return
            self._reset = ipywidgets.Button(
                description="↺",
                tooltip=f"{self.label}: as it was",
                layout=Layout(width="22px", flex="0 0 auto"),
            )
            self._reset.add_class("fedplay-reset")
            self._reset.on_click(lambda _button: self.on_reset and self.on_reset(self.name))
            self.line.children = (*self.line.children, self._reset)
        display(self._reset, differs)

    def _line(self, kind: str, html: str) -> None:
        text = self._parts.get(kind)
        if text is None:
            if not html:
                return
            text = ipywidgets.HTML(html)
            text.add_class(f"fedplay-{kind}")
            self._below(kind, text)
        if html:  # it is filled before it is seen
            text.value = html
            text.layout.display = None
        else:
            text.layout.display = "none"
            text.value = ""

    def _below(self, kind: str, part: Any) -> None:
        self.widget.children = (*self.widget.children, part)
        self._parts[kind] = part

    def _listen(self, trait: str, value_of: Callable[[], Any]) -> None:
        """Post the field's value when its person changes it."""

        def changed(_change: Any) -> None:
            if not self._quiet.now:
                self.post(self.name, value_of())

        self.field.observe(changed, trait)


class Stops(ipywidgets.SelectionSlider):  # type: ignore[misc]
    """A slider whose moves the kernel does not say back: one message less for each of them."""

    index = traitlets.Int(None, allow_none=True).tag(sync=True, echo_update=False)


class Slider(Control):
    """A number among tidy stops. `reverse` makes up mean less of it."""

    def __init__(
        self, knob: Knob, post: Post, *, label: str = "", prefix: str = "", reverse: bool = False
    ) -> None:
        self.knob, self.prefix, self.reverse = knob, prefix, reverse
        self.stops = self._ordered(stops(knob))
        field = Stops(
            options=[self._label(value) for value in self.stops],
            index=self.stops.index(knob.default) if knob.default in self.stops else 0,
            tooltip=knob.help,
            continuous_update=True,
            layout=Layout(width="100%"),
        )
        super().__init__(knob.name, post, label or words(knob), knob.help, field)
        self._listen("index", lambda: self.stops[field.index or 0])

    def sweep(self, value: Any) -> tuple[list[Any], list[str]]:
        values = spread(self.stops, value, TRIED)
        return values, [self._label(v) for v in values]

    def _possible(self, value: Any) -> bool:
        """Whether the knob allows it; a slider has no place for anything else."""
        try:
            return self.knob.check(value) is not None or None in self.stops
        except ValueError:
            return False

    def _ordered(self, values: list[Any]) -> list[Any]:
        return values[::-1] if self.reverse else values

    def _label(self, value: Any) -> str:
        return self.prefix + shown(self.knob, value)

    def show(self, value: Any) -> None:
        if not self._possible(value):
            return
        with self._quiet:
            if value not in self.stops:
                ordered = self._ordered(placed(self.knob, self.stops, value))
                labels = [self._label(v) for v in ordered]
                at = ordered.index(value)
                if labels.count(labels[at]) > 1:  # a field can't tell equal labels apart
                    labels[at] = f"{self.prefix}{value!r}"
                # In messages of their own: a page's slider that is told of new stops and of a value
                # at once clips that to the end that it had, and says it is there.
                self.field.options = labels
                self.stops = ordered
            if self.field.index != self.stops.index(value):
                self.field.index = self.stops.index(value)


class Choice(Control):
    """One of some options; `called` says how the field calls each of them."""

    def __init__(
        self,
        name: str,
        post: Post,
        label: str,
        help: str,
        options: Sequence[Any],
        *beside: Any,
        called: Callable[[Any], str] = str,
    ) -> None:
        self.options: list[Any] = list(options)
        self.called = called
        self.explain: Callable[[], str] | None = None  # says, as HTML, what there is to choose
        self._explained = False
        field = ipywidgets.Dropdown(
            options=self._names(options),
            index=0,
            tooltip=help,
            layout=Layout(width="100%"),
        )
        info = ipywidgets.Button(
            description="i", tooltip=f"{label}: what there is", layout=Layout(width="22px")
        )
        info.add_class("fedplay-info")
        info.on_click(lambda _button: self._tell())
        super().__init__(name, post, label, help, field, info, *beside)
        self._listen("index", lambda: self.options[field.index])

    def _tell(self) -> None:
        """Say what there is to choose from, or fold that away."""
        self._explained = not self._explained
        said = self._explained and self.explain is not None
        self._line("about", self.explain() if said and self.explain is not None else "")

    def sweep(self, value: Any) -> tuple[list[Any], list[str]]:
        return [*self.options], [*self._names(self.options)]

    def offer(self, options: Sequence[Any]) -> None:
        """Change what there is to choose from."""
        if list(options) != self.options:
            with self._quiet, self.field.hold_sync():
                self.field.options = self._names(options)
                self.options = list(options)

    def show(self, value: Any) -> None:
        if not choosable(value):
            return
        with self.field.hold_sync():
            if value not in self.options:
                self.offer([*self.options, value])
            with self._quiet:
                if self.field.index != self.options.index(value):
                    self.field.index = self.options.index(value)

    def _names(self, options: Sequence[Any]) -> list[str]:
        """What the options are called; all different."""
        names: list[str] = []
        for name in map(self.called, options):
            count = sum(1 for other in names if other.split(" (")[0] == name)
            names.append(f"{name} ({count + 1})" if count else name)
        return names


class Numbers(Control):
    """A list of numbers, with commas between them."""

    def __init__(self, knob: Knob, post: Post) -> None:
        self.knob = knob
        field = ipywidgets.Text(
            placeholder=EMPTY[knob.kind],
            tooltip=f"{knob.help} Numbers with commas between them"
            + (", and rows with semicolons." if knob.kind == "table" else "."),
            continuous_update=False,
            layout=Layout(width="100%"),
        )
        super().__init__(knob.name, post, words(knob), knob.help, field)
        self._listen("value", lambda: read(knob.kind, field.value))

    def sweep(self, value: Any) -> tuple[list[Any], list[str]]:
        return tried(self.knob, value)

    def show(self, value: Any) -> None:
        if not isinstance(value, str | tuple):
            return
        text = value if isinstance(value, str) else listed(value)
        with self._quiet:
            if self.field.value != text:
                self.field.value = text


class Seed(Control):
    """A whole number, and a button that rolls another one."""

    def __init__(self, knob: Knob, post: Post, roll: Callable[[], int]) -> None:
        self.knob = knob
        field = ipywidgets.IntText(tooltip=knob.help, layout=Layout(flex="1 1 auto", width="auto"))
        self.dice = ipywidgets.Button(
            description="⚄ roll",
            tooltip=f"{knob.label}: roll the dice",
            layout=Layout(width="62px"),
        )
        self.dice.add_class("fedplay-dice")
        self.dice.on_click(lambda _button: setattr(field, "value", roll()))
        super().__init__(knob.name, post, words(knob), knob.help, field, self.dice)
        self._listen("value", lambda: field.value)

    def sweep(self, value: Any) -> tuple[list[Any], list[str]]:
        return tried(self.knob, value)

    def show(self, value: Any) -> None:
        with self._quiet:
            if type(value) is int and abs(value) < 2**53 and self.field.value != value:
                self.field.value = value


def for_knob(knob: Knob, post: Post, roll: Callable[[], int]) -> Control:
    """The control that suits a knob."""
    if knob.name in SEEDS:
        return Seed(knob, post, roll)
    if knob.name == "alpha":  # up on the slider is more of what its name says
        return Slider(knob, post, label="Label skew", prefix="α ", reverse=True)
    if knob.kind == "choice":
        label = knob.label or knob.name
        return Choice(knob.name, post, label, knob.help, knob.choices)
    if knob.kind in MANY:
        return Numbers(knob, post)
    return Slider(knob, post)


def choosable(value: Any) -> bool:
    """Whether a field can show what was asked for a slot; of anything else, the error is enough."""
    several = value if isinstance(value, tuple) else (value,)
    return all(isinstance(one, str) or hasattr(type(one), "slot") for one in several)
