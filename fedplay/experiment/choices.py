"""What an experiment chooses: a stage in each slot, and a value for every knob there is."""

from __future__ import annotations

import difflib
from collections.abc import Mapping
from typing import Any

import fedplay.models
import fedplay.stages  # noqa: F401  (its registry lines)
from fedplay import registry
from fedplay.data import TableFile
from fedplay.experiment.training import Training
from fedplay.knobs import Knob, knobs_of, one_of, short
from fedplay.slots import TABLE, Slot


def _as_written(slot: Slot) -> tuple[int, bool]:
    """Where a slot stands in a file, a link and a repr: as in a round, but what is automatic stands
    behind the channel, which may require something of it.
    """
    places = {name: place for place, name in enumerate(TABLE)}
    place, channel = places[slot.name], places["channel"]
    return (max(place, channel) if slot.auto else place), place != channel


# The choice that each slot starts with, in the order in which an experiment is written.
CHOICES: dict[str, Any] = {
    slot.name: slot.default for slot in sorted(TABLE.values(), key=_as_written)
}


def knobs() -> dict[str, Knob]:
    """Every knob there is by name: those of `Training`, then those of every registered stage."""
    return knobs_of(Training) | registry.all_knobs()


def checked_choice(slot: str, value: Any) -> tuple[Any, dict[str, Any]]:
    """A slot's checked choice, and the knob values that an instance brings along."""
    known = TABLE[slot]
    if known.auto and isinstance(value, str) and value == "auto":
        return (known.auto if known.many else "auto"), {}
    if not known.many:
        return _one_choice(slot, value)
    if not isinstance(value, (list, tuple)) or len(value) > 20:
        raise ValueError(f"{slot}={short(value)}: must be a list of up to 20 layers")
    names: list[Any] = []
    knob_values: dict[str, Any] = {}
    for item in value:
        name, own = _one_choice(slot, item)
        if name in names:
            raise ValueError(f"{slot}: {name!r} is there twice")
        names.append(name)
        knob_values |= own
    return tuple(names), knob_values


def _one_choice(slot: str, value: Any) -> tuple[Any, dict[str, Any]]:
    if isinstance(value, str):
        if slot == "data" and value.startswith("csv:"):
            TableFile(value)
        elif value not in registry.SLOTS[slot]:
            auto = ["auto"] if TABLE[slot].auto and not TABLE[slot].many else []
            raise one_of(slot, value, [*auto, *registry.SLOTS[slot]])
        return value, {}
    if getattr(type(value), "slot", None) != slot:
        raise one_of(slot, value, registry.SLOTS[slot])
    if isinstance(value, TableFile):
        return value.key, {}
    name = registry.name_of(value)
    return (value, {}) if name is None else (name, registry.values_of(value))


def made(slot: str, choice: Any, values: dict[str, Any]) -> Any:
    """The stage of a choice in a slot, with its knobs set from those values."""
    if not isinstance(choice, str):
        return choice
    if slot == "data" and choice.startswith("csv:"):
        return TableFile(choice)
    return registry.make(slot, choice, values)


def unknown(name: str, known: Mapping[str, Any]) -> str:
    """Why a name is refused that is neither a slot nor a knob, and which one it may have meant."""
    close = difflib.get_close_matches(str(name), list(known), 1)
    hint = f"; did you mean {close[0]!r}?" if close else ""
    return f"{short(str(name))}: an experiment has no such knob{hint}"
