"""What a page keeps of a timeline, so that undo goes on where another kernel takes up."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from fedplay.experiment import CHOICES, Experiment
from fedplay.registry import SLOTS
from fedplay.session.brought import Brought, brings
from fedplay.session.store import InForce
from fedplay.session.timeline import Timeline

MOST = 20  # states
CHARACTERS = 16_000  # a third of what a page may remember


def kept_timeline(timeline: Timeline[InForce]) -> dict[str, Any]:
    """The states around the one in force, as plain values; those without a name are left out."""
    most, kept = MOST, _kept(timeline.near(MOST))
    while len(json.dumps(kept)) > CHARACTERS and most > 1:
        most //= 2
        kept = _kept(timeline.near(most))
    return kept


def _kept(near: Timeline[InForce]) -> dict[str, Any]:
    states = [_written(state) for state in near.states]
    at = sum(state is not None for state in states[: near.at])
    return {"at": at, "states": [state for state in states if state is not None]}


def _written(state: InForce) -> list[Any] | None:
    try:
        every = state.experiment.to_dict()
    except ValueError:  # an algorithm of somebody's own that has no name
        return None
    changed = {"version", *(name for name, _ in state.experiment._changed)}
    return [
        {name: value for name, value in every.items() if name in changed},
        {name: list(one) for name, one in state.brought.items()},
    ]


def timeline_of(
    kept: Any, now: Experiment, own: Callable[[Experiment], Experiment]
) -> Timeline[InForce] | None:
    """The timeline that a page has kept, if it leads to `now`. It is not trusted."""
    if not isinstance(kept, dict) or not isinstance(kept.get("states"), list):
        return None
    at, states = kept.get("at"), [_read(given, own) for given in kept["states"][:MOST]]
    if type(at) is not int or not 0 <= at < len(states):
        return None
    there = states[at]
    if there is None or there.experiment != now:
        return None
    before = [state for state in states[:at] if state is not None]
    after = [state for state in states[at + 1 :] if state is not None]
    return Timeline((*before, there, *after), len(before))


def _read(given: Any, own: Callable[[Experiment], Experiment]) -> InForce | None:
    """A state from outside, or None for what is none."""
    if not (isinstance(given, list) and len(given) == 2 and isinstance(given[0], dict)):
        return None
    try:
        exp = own(Experiment.from_dict(given[0]))
    except ValueError:
        return None
    brought = given[1] if isinstance(given[1], dict) else {}
    found = {name: _brought(exp, name, one) for name, one in brought.items()}
    return InForce(exp, {name: one for name, one in found.items() if one is not None})


def _brought(exp: Experiment, name: str, given: Any) -> Brought | None:
    if name not in CHOICES or not (isinstance(given, list) and len(given) == 2):
        return None
    before, cause = given
    if not isinstance(before, str) or not isinstance(cause, str) or cause not in CHOICES:
        return None
    needed = brings(cause, getattr(exp, cause)).get(name)
    known = before in SLOTS[name] or before == CHOICES[name]
    return Brought(before, cause) if known and needed == getattr(exp, name) else None
