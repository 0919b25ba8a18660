"""The controls, made from the table of knobs: whatever is registered appears here by itself.

A control says what its person wants by `post(name, value)` and shows what it is told to. It
remembers nothing: the store does.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import ipywidgets
from ipywidgets import Layout

from fedplay.knobs import Knob
from fedplay.untrusted import escape
from fedplay.widgets.scales import shown, stops

Post = Callable[..., None]  # post(name, value, shown=True): whether the field shows it already


class Control:
    """A row: a label, a field, below it a note and, where there is one, the error."""

    def __init__(self, name: str, post: Post, field: Any, *beside: Any) -> None:
        self.name, self.post, self.field = name, post, field
        line = (
            field if not beside else ipywidgets.HBox([field, *beside], layout=Layout(width="100%"))
        )
        self.widget = ipywidgets.VBox([line], layout=Layout(width="100%"))
        self.widget.add_class("fedplay-control")
        self._texts: dict[str, Any] = {}
        self._quiet_in: int | None = None  # the thread in which the field is being set

    def show(self, value: Any) -> None:
        """Let the field show a value, whoever has set it."""
        raise NotImplementedError

    def note(self, html: str) -> None:
        """A line below the field; it is HTML."""
        self._line("note", html)

    def error(self, sentence: str) -> None:
        self._line("error", escape(sentence))

    def _line(self, kind: str, html: str) -> None:
        text = self._texts.get(kind)
        if text is None:
            if not html:
                return
            text = self._texts[kind] = ipywidgets.HTML()
            text.add_class(f"fedplay-{kind}")
            self.widget.children = (*self.widget.children, text)
        if text.value != html:
            text.value = html
            text.layout.display = None if html else "none"

    def _listen(self, trait: str, value_of: Callable[[], Any]) -> None:
        """Post the field's value when its person changes it."""

        def changed(_change: Any) -> None:
            if self._quiet_in != threading.get_ident():
                self.post(self.name, value_of())

        self.field.observe(changed, trait)

    @contextmanager
    def _quietly(self) -> Iterator[None]:
        """Set the field without posting. A message of the page comes in another thread."""
        self._quiet_in = threading.get_ident()
        try:
            yield
        finally:
            self._quiet_in = None


class Slider(Control):
    """A number among tidy stops. `reverse` makes up mean less of it."""

    def __init__(
        self, knob: Knob, post: Post, *, label: str = "", prefix: str = "", reverse: bool = False
    ) -> None:
        self.knob, self.prefix, self.reverse = knob, prefix, reverse
        self.stops = self._ordered(stops(knob))
        field = ipywidgets.SelectionSlider(
            options=[self._label(value) for value in self.stops],
            index=self.stops.index(knob.default) if knob.default in self.stops else 0,
            description=label or words(knob),
            description_allow_html=True,
            tooltip=knob.help,
            continuous_update=True,
            layout=Layout(width="100%"),
        )
        super().__init__(knob.name, post, field)
        self._listen("index", lambda: self.stops[field.index])

    def _possible(self, value: Any) -> bool:
        """Whether the knob allows it; a slider has no place for anything else."""
        try:
            return self.knob.check(value) is not None
        except ValueError:
            return False

    def _ordered(self, values: list[Any]) -> list[Any]:
        return values[::-1] if self.reverse else values

    def _label(self, value: Any) -> str:
        return self.prefix + shown(self.knob, value)

    def show(self, value: Any) -> None:
        with self._quietly():
            if value not in self.stops and self._possible(value):
                numbers = sorted({v for v in self.stops if v is not None} | {value})
                none = [None] if None in self.stops else []
                ascending = [*numbers, *none] if self.knob.none == "∞" else [*none, *numbers]
                self.stops = self._ordered(ascending)
                labels = [self._label(v) for v in self.stops]
                at = self.stops.index(value)
                if labels.count(labels[at]) > 1:  # a field can't tell equal labels apart
                    labels[at] = f"{self.prefix}{value!r}"
                self.field.options = labels
            if value in self.stops and self.field.index != self.stops.index(value):
                self.field.index = self.stops.index(value)


class Choice(Control):
    """One of some names."""

    def __init__(
        self, name: str, post: Post, label: str, help: str, options: Sequence[Any], *beside: Any
    ) -> None:
        self.options: list[Any] = list(options)
        field = ipywidgets.Dropdown(
            options=_names(options),
            index=0,
            description=label,
            tooltip=help,
            layout=Layout(width="100%"),
        )
        super().__init__(name, post, field, *beside)
        self._listen("index", lambda: self.options[field.index])

    def offer(self, options: Sequence[Any]) -> None:
        """Change what there is to choose from."""
        if list(options) != self.options:
            with self._quietly():
                self.options = list(options)
                self.field.options = _names(options)

    def show(self, value: Any) -> None:
        if value not in self.options:
            self.offer([*self.options, value])
        with self._quietly():
            if self.field.index != self.options.index(value):
                self.field.index = self.options.index(value)


class Sizes(Control):
    """A list of whole numbers, with commas between them."""

    def __init__(self, knob: Knob, post: Post) -> None:
        field = ipywidgets.Text(
            description=words(knob),
            description_allow_html=True,
            tooltip=f"{knob.help} Numbers with commas between them.",
            continuous_update=False,
            layout=Layout(width="100%"),
        )
        super().__init__(knob.name, post, field)
        self._listen("value", lambda: _sizes(field.value))

    def show(self, value: Any) -> None:
        text = value if isinstance(value, str) else ", ".join(map(str, value))
        with self._quietly():
            if self.field.value != text:
                self.field.value = text


class Seed(Control):
    """A whole number, and a button that rolls another one."""

    def __init__(self, knob: Knob, post: Post, roll: Callable[[], int]) -> None:
        field = ipywidgets.IntText(
            description=knob.label, tooltip=knob.help, layout=Layout(flex="1 1 auto", width="auto")
        )
        self.dice = ipywidgets.Button(
            description="⚄ roll",
            tooltip=f"{knob.label}: roll the dice",
            layout=Layout(width="62px"),
        )
        self.dice.add_class("fedplay-dice")
        self.dice.on_click(lambda _button: setattr(field, "value", roll()))
        super().__init__(knob.name, post, field, self.dice)
        self._listen("value", lambda: field.value)

    def show(self, value: Any) -> None:
        with self._quietly():
            if isinstance(value, int) and self.field.value != value:
                self.field.value = value


def words(knob: Knob) -> str:
    """A knob's name for people, with its letter, as HTML."""
    label = escape(knob.label or knob.name.replace("_", " ").capitalize())
    return f"{label} <i>{escape(knob.symbol)}</i>" if knob.symbol else label


def for_knob(knob: Knob, post: Post, roll: Callable[[], int]) -> Control:
    """The control that suits a knob."""
    if knob.name in ("seed", "data_seed"):
        return Seed(knob, post, roll)
    if knob.name == "alpha":  # up on the slider is more of what its name says
        return Slider(knob, post, label="Label skew", prefix="α ", reverse=True)
    if knob.kind == "choice":
        label = knob.label or knob.name
        return Choice(knob.name, post, label, knob.help, knob.choices)
    if knob.kind == "sizes":
        return Sizes(knob, post)
    return Slider(knob, post)


def _names(options: Sequence[Any]) -> list[str]:
    """Choices as they are called in code, files by their names; all different."""
    names: list[str] = []
    for value in options:
        name = value if isinstance(value, str) else type(value).__name__
        name = name.split(":")[1] if name.startswith("csv:") else name
        count = sum(1 for other in names if other.split(" (")[0] == name)
        names.append(f"{name} ({count + 1})" if count else name)
    return names


def _sizes(text: str) -> Any:
    """The numbers in a text, or the text itself, which the store will refuse in words."""
    try:
        return tuple(int(part) for part in text.replace(";", ",").split(",") if part.strip())
    except ValueError:
        return text
