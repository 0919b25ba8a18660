"""Why a change of an experiment would be refused, and what could be changed along with it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from fedplay.experiment.experiment import Experiment
from fedplay.knobs import Refused

FURTHER = 2  # changes that a repair may need on top of its first


def why_not(exp: Experiment, slot: str, choice: Any) -> Refused | None:
    """Why a choice in a slot can't be made as things are; None where it can be.

    >>> refused = why_not(Experiment(), "algorithm", "fedper")
    >>> refused.repair
    {'model': 'mlp'}
    """
    return refusal(exp, {slot: choice})


def refusal(exp: Experiment, changes: Mapping[str, Any]) -> Refused | None:
    """Why changes of slots and knobs, made together, would be refused; None where they are fine.

    Its `repairs` have been tried: made along with the changes, each is an experiment, and none
    takes back what was asked for.
    """
    try:
        exp.replace(**changes)
    except ValueError as error:
        ways = [_whole(exp, changes, dict(way), FURTHER) for way in getattr(error, "repairs", ())]
        return Refused(str(error), *(way for way in ways if way))
    return None


def _whole(
    exp: Experiment, changes: Mapping[str, Any], way: dict[str, Any], further: int
) -> dict[str, Any] | None:
    """A way out, with what it needs in turn; None where it leads nowhere."""
    if way.keys() & changes.keys():
        return None
    try:
        exp.replace(**changes, **way)
    except ValueError as error:
        for more in getattr(error, "repairs", ()) if further else ():
            if not more.keys() & way.keys():
                found = _whole(exp, changes, {**way, **more}, further - 1)
                if found:
                    return found
        return None
    return way
