"""Which views there are, in the order of their tabs. A new one is a folder and a line here."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from fedplay.data import Federation
from fedplay.experiment import Experiment
from fedplay.knobs import Refused, short
from fedplay.registry import check_name
from fedplay.views.base import View
from fedplay.views.boundaries.view import Boundaries
from fedplay.views.client_table.view import ClientRows
from fedplay.views.compare.view import Compare
from fedplay.views.confusion.view import ConfusionView
from fedplay.views.curves.view import Curves
from fedplay.views.drift.view import DriftView
from fedplay.views.each_client.view import EachClient
from fedplay.views.inside_round.view import InsideRound
from fedplay.views.labels.view import LabelBars
from fedplay.views.measures.view import Measures
from fedplay.views.models.view import Models
from fedplay.views.my_client.view import MyClient
from fedplay.views.needs import NEEDS, missing
from fedplay.views.pictures.view import Pictures
from fedplay.views.privacy_and_cost.view import Spending
from fedplay.views.state import State
from fedplay.views.sweep.view import Sweep

VIEWS: dict[str, type[View]] = {
    view.name: view
    for view in (
        Curves,
        LabelBars,
        EachClient,
        ClientRows,
        ConfusionView,
        InsideRound,
        DriftView,
        Boundaries,
        Pictures,
        Models,
        Spending,
        Measures,
        MyClient,
        Compare,
        Sweep,
    )
}
MAIN = next(name for name, view in VIEWS.items() if view.main)


BUILT_IN = frozenset(VIEWS)


def enter(view: type[View], name: str = "") -> None:
    """Register a user's own view; ValueError in one sentence where it cannot be one."""
    called = view.__name__
    name = check_name(name or getattr(view, "name", ""))
    if name in BUILT_IN:
        raise ValueError(f"name={name!r}: is that of a view that is built in")
    if not isinstance(getattr(view, "title", None), str) or not view.title.strip():
        raise ValueError(f"{called}.title: must be a text, for its tab")
    if not isinstance(view.State, type) or not issubclass(view.State, State):
        raise ValueError(f"{called}.State: must be a subclass of View.State")
    others = {verb for other, v in VIEWS.items() if other != name for verb in v.State.verbs}
    for verb in view.State.verbs:
        if not callable(getattr(view.State, verb, None)):
            raise ValueError(f"{called}.State.verbs: it has no method {verb!r}")
        if verb in others:
            raise ValueError(f"{called}.State.{verb}: an action of this name exists already")
    for need in view.needs:
        if need not in NEEDS:
            raise ValueError(f"{called}.needs: {short(need)} is none of {', '.join(NEEDS)}")
    if view.show is View.show:
        raise ValueError(f"{called}: must have a method show(scene), which moves its artists")
    view.name = name
    VIEWS[name] = view


def check_views(names: Sequence[str] | None) -> tuple[str, ...]:
    """The names of views that a screen offers, all by default; ValueError for what is none."""
    choices = [name for name, view in VIEWS.items() if not view.summoned]
    if names is None:
        return tuple(choices)
    if isinstance(names, str) or not isinstance(names, Sequence) or not names:
        raise ValueError(f"views={short(names)}: must be a list with one or more of {choices}")
    for name in names:
        if name not in choices:
            raise ValueError(f"views: {name!r} is none of {choices}")
    return tuple(dict.fromkeys(names))


def suitable(names: Sequence[str], exp: Experiment, federation: Federation) -> list[str]:
    """Those of the views that have something to show."""
    return [name for name in names if why_not(name, exp, federation) is None]


def why_not(name: str, exp: Experiment, federation: Federation) -> Refused | None:
    """Why a view has nothing to show of a run, with what would mend it; None where it has."""
    view = VIEWS[name]
    refused = missing(view.needs, exp, federation)
    if refused is None and not view.suits(exp, federation):
        refused = Refused("has nothing to show of this run")
    return refused


def of_every_knob() -> str:
    """The action that a view offers for every knob: of trying all its values."""
    return next(view.knob for view in VIEWS.values() if view.knob)


def verbs() -> dict[str, Callable[..., None]]:
    """What can be done in the views, by its name, and the method that documents it."""
    states = [view.State for view in VIEWS.values()]
    return {verb: getattr(state, verb) for state in states for verb in state.verbs}
