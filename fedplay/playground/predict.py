"""`predict`: a question that is answered before anything is computed, then compared with a run."""

from __future__ import annotations

import asyncio
import hashlib
import math
from collections.abc import Callable, Mapping
from contextlib import suppress
from typing import Any

import ipywidgets
import numpy as np

from fedplay.engine import History
from fedplay.experiment import Experiment
from fedplay.knobs import short
from fedplay.lessons.answers import UNCLEAR, Answer, judge_choice, judge_number
from fedplay.lessons.measures import Measure, measure, values
from fedplay.untrusted import escape
from fedplay.widgets.closing import Place, close_all
from fedplay.widgets.page import Page

MOST = 30  # seeds
SETTLED = 0.3  # s: a click may overtake the last letter that was typed
STYLE = """<style>
.fedplay-predict { border-left: 3px solid #2a6fbb; padding: 2px 0 6px 12px; max-width: 760px; }
.fedplay-predict .widget-html-content { line-height: 1.45; }
.fedplay-predict .widget-toggle-button { width: auto; height: auto; min-height: 28px;
  white-space: normal; text-align: left; line-height: 1.3; padding: 4px 10px; margin: 2px 6px 2px 0;
  border-radius: 3px; }
.fedplay-predict .widget-toggle-button.mod-active { outline: 2px solid #2a6fbb; }
.fedplay-predict .widget-toggle-buttons { height: auto; overflow: visible; flex-wrap: wrap; }
.fedplay-predict .widget-button { width: auto; padding: 0 14px; margin-left: 8px; }
.fedplay-predict .widget-vbox > .widget-button { align-self: flex-start; margin: 4px 0 2px; }
</style>"""


def predict(
    question: str,
    runs: Experiment | Mapping[str, Experiment],
    measure: str | Measure | Callable[[History], float] = "accuracy",
    *,
    between: tuple[float, float] = (0.0, 1.0),
    best: str = "highest",
    seeds: int = 5,
) -> Prediction:
    """Ask for a prediction; nothing is computed until it has been given.

    runs:    an Experiment, whose measure is asked for as a number; or a dict from labels to
             Experiments, to say which comes out best ("no clear difference" is offered too)
    measure: "accuracy", "late accuracy", "own accuracy", "lowest tenth", "accuracy alone",
             "rounds to 0.9" (any accuracy), or a function of a History
    between: for a number, where it lies
    best:    of several, whether the "highest" or the "lowest" is asked for
    seeds:   with how many dice each is run; 1 where there are none
    """
    return Prediction(question, runs, measure, between, best, seeds)


class Prediction:
    """The widget of a question. `say(...)` and `reveal()` do what a person does in the page."""

    def __init__(
        self,
        question: str,
        runs: Experiment | Mapping[str, Experiment],
        what: str | Measure | Callable[[History], float],
        between: tuple[float, float],
        best: str,
        seeds: int,
    ) -> None:
        self.question, self.measure = question, measure(what)
        self.between, self.seeds = _range(between), _count(seeds)
        if best not in ("highest", "lowest"):
            raise ValueError(f"best={short(best)}: must be 'highest' or 'lowest'")
        self.most = best == "highest"
        self.runs = _experiments(runs)
        self.answer: Answer | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        with suppress(RuntimeError):  # a plain script
            self._loop = asyncio.get_running_loop()
        self.labels = () if isinstance(runs, Experiment) else (*self.runs, UNCLEAR)
        self.field = self._field()
        self.button = ipywidgets.Button(
            description="Reveal", tooltip="Compute the answer, and compare it with your prediction"
        )
        self.button.on_click(lambda _button: self._clicked())
        self.told = ipywidgets.HTML()
        self.widget = self._arranged()
        self._place: Place | None = Place(self)

    # --- what a person does ------------------------------------------------------------

    def say(self, what: float | str) -> None:
        """Predict: a number, or one of the labels."""
        if not self.labels:
            self.field.value = str(what)
        elif what in self.labels:
            self.field.index = self.labels.index(str(what))
        else:
            raise ValueError(f"prediction={short(what)}: must be one of {', '.join(self.labels)}")

    def reveal(self) -> Answer | None:
        """Compute the answer, and compare; None where nothing that can be read was said."""
        said = self._said()
        if said is None:
            self._tell(escape(self._wanted()))
            return None
        try:
            found = {k: values(exp, self.measure, self.seeds) for k, exp in self.runs.items()}
        except ValueError as error:
            self._tell(escape(f"It cannot be run: {error}"))
            return None
        if isinstance(said, str):
            self.answer = judge_choice(said, found, self.measure, self.most)
        else:
            self.answer = judge_number(said, found[""], self.measure, self.between)
        self.field.disabled = self.button.disabled = True
        self._tell(self.answer.html())
        return self.answer

    # --- its parts ------------------------------------------------------------

    def _field(self) -> Any:
        if self.labels:
            field = ipywidgets.ToggleButtons(options=self.labels, index=None)
            field.style.button_width = "auto"
            field.add_class("fedplay-tabs")
            field.tooltip = f"Your prediction: {self.question}"
            return field
        lo, hi = self.between
        return ipywidgets.Text(
            description=f"I say ({lo:g} to {hi:g}):",
            tooltip=f"Your prediction, a number from {lo:g} to {hi:g}",
            style={"description_width": "initial"},
            layout=ipywidgets.Layout(width="230px"),
        )

    def _arranged(self) -> Any:
        asked = ipywidgets.HTML(f"<div><b>Predict.</b> {escape(self.question)}</div>")
        style = ipywidgets.HTML(STYLE, layout=ipywidgets.Layout(display="none"))
        row: Any = ipywidgets.VBox if self.labels else ipywidgets.HBox
        key = hashlib.sha256(self.question.encode()).hexdigest()[:16]
        page = Page(key, "prediction")  # names for its fields, keys that stay with them
        parts = [style, asked, row([self.field, self.button]), self.told]
        whole = ipywidgets.VBox([*parts, *([page.widget] if page.widget is not None else [])])
        whole.add_class("fedplay")
        whole.add_class("fedplay-predict")
        page.tend(whole)
        return whole

    def _clicked(self) -> None:
        """Under ipykernel 7 on a thread of its own: what computes belongs on the main one."""
        if self._loop is None:
            self.reveal()
        elif not self._loop.is_closed():
            self._tell("Computing…")
            self._loop.call_soon_threadsafe(self._loop.call_later, SETTLED, self.reveal)

    def _said(self) -> float | str | None:
        """The prediction, or None where there is none that can be read."""
        if self.labels:
            return None if self.field.index is None else self.labels[self.field.index]
        text = self.field.value.strip().replace(",", ".").replace("−", "-")
        try:
            number = float(text.removesuffix("%")) / (100 if text.endswith("%") else 1)
        except ValueError:
            return None
        lo, hi = self.between
        return number if math.isfinite(number) and lo <= number <= hi else None

    def _wanted(self) -> str:
        if self.labels:
            return "First say what you expect: choose one."
        return "First say what you expect: a number from {:g} to {:g}.".format(*self.between)

    def _tell(self, html: str) -> None:
        self.told.value = f'<div role="alert">{html}</div>'

    def close(self) -> None:
        """Take the widgets off the page; to run a cell again does it by itself."""
        if self._place is not None:
            self._place.leave()
            self._place = None
            close_all(self.widget)

    def __repr__(self) -> str:
        return f"Predict: {self.question}"

    def _repr_mimebundle_(self, **_kwargs: Any) -> dict[str, Any]:
        if self._place is None:
            return {"text/plain": f"{self!r} (closed; ask it again with fp.predict)"}
        self._place.here()
        return dict(self.widget._repr_mimebundle_() or {}) | {"text/plain": repr(self)}


def _experiments(runs: Any) -> dict[str, Experiment]:
    if isinstance(runs, Experiment):
        return {"": runs}
    if not isinstance(runs, Mapping) or len(runs) < 2:
        raise ValueError(
            f"runs={short(runs)}: must be an Experiment, or a dict of two or more by their labels"
        )
    for label, exp in runs.items():
        if not isinstance(label, str) or not label or not isinstance(exp, Experiment):
            raise ValueError(f"runs: {short(label)} must be a text, and have an Experiment")
    return dict(runs)


def _range(between: Any) -> tuple[float, float]:
    good = isinstance(between, tuple | list) and len(between) == 2
    if not good or not all(isinstance(v, int | float) and math.isfinite(v) for v in between):
        raise ValueError(f"between={short(between)}: must be two numbers")
    if not between[0] < between[1]:
        raise ValueError(f"between={short(between)}: the first must be the lower one")
    return float(between[0]), float(between[1])


def _count(seeds: Any) -> int:
    whole = isinstance(seeds, int | np.integer) and not isinstance(seeds, bool)
    if not whole or not 1 <= seeds <= MOST:
        raise ValueError(f"seeds={short(seeds)}: must be a whole number from 1 to {MOST}")
    return int(seeds)
