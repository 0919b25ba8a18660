"""`PlainControls`: the values of knobs and slots, and their names on the screen; no widget."""

from __future__ import annotations

from typing import Any

from fedplay.arguments import word
from fedplay.experiment import CHOICES, Experiment, knobs
from fedplay.knobs import Knob, knobs_of
from fedplay.registry import SLOTS
from fedplay.scales import all_of, tried, words
from fedplay.slots import DATA, TABLE, Slot


class PlainControls:
    """The `Controls` of a session that shows none: of the slots and active knobs of an experiment.

    own_data: the data are given, so that neither they nor how they are dealt out can be chosen
    """

    def __init__(self, exp: Experiment, *, own_data: bool = False) -> None:
        active = exp.active_knobs().keys() & knobs().keys()
        names = {*active, *CHOICES}
        if own_data:
            slots = [name for name in CHOICES if TABLE[name].heading == DATA]
            about = {knob for slot in slots for knob in _own(exp, slot)}
            names -= {*slots, *about}
        self.shown = frozenset(names)

    def control(self, name: str) -> PlainKnob | PlainSlot:
        """A knob or slot by its name; ValueError for no such name."""
        name = word("control", name, sorted(self.shown))
        return PlainSlot(TABLE[name]) if name in CHOICES else PlainKnob(knobs()[name])


class PlainKnob:
    """A knob."""

    def __init__(self, knob: Knob) -> None:
        self.knob, self.label, self.help = knob, words(knob), knob.help

    def sweep(self, value: Any) -> tuple[list[Any], list[str]]:
        """The values that a sweep tries, `value` among them, and how each is shown."""
        return tried(self.knob, value)


class PlainSlot:
    """A slot."""

    def __init__(self, slot: Slot) -> None:
        self.slot, self.label, self.help = slot, slot.label, slot.help

    def sweep(self, value: Any) -> tuple[list[Any], list[str]]:
        """The values that a sweep tries, `value` among them, and how each is shown."""
        known = [name for name in SLOTS[self.slot.name] if name != "arrays"]  # which brings no data
        values = all_of(self.slot.choices(known), value)
        return values, [self.slot.shown(one) for one in values]


def _own(exp: Experiment, slot: str) -> set[str]:
    """The knobs of a slot's stages."""
    return {name for stage in exp.stages(slot) for name in knobs_of(stage)}
