"""What comes along with a choice that needs it, is told, and goes when the choice goes.

FedPer needs a model of two layers: whoever chooses it gets one, reads so beside the model, and has
the former model again when FedPer goes, unless they have chosen a model themselves since.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

from fedplay.experiment import CHOICES, Experiment
from fedplay.registry import SLOTS
from fedplay.slots import TABLE


class Brought(NamedTuple):
    """A choice that nobody asked for."""

    before: Any  # what its person had chosen
    cause: str  # the slot whose stage needs it


Choices = Mapping[str, Any]
Along = Mapping[str, Brought]  # by the name of what was brought


def together(exp: Experiment, brought: Along, choices: Choices) -> Iterator[tuple[Choices, Along]]:
    """Choices with all that comes and goes with them, and what is brought then: two attempts.

    What a cause that changes had brought goes, and what new data bring comes. If that cannot be
    run, it is tried once more with what the stages of other slots bring. What is among `choices`
    was asked for: it is neither replaced nor taken back, now or later.
    """
    changed = _changed(exp, choices)
    going = {k: b for k, b in brought.items() if k not in choices and b.cause in changed}
    stays = {k: b for k, b in brought.items() if k not in choices and b.cause not in changed}
    every = {name: b.before for name, b in going.items()} | dict(choices)

    def bring(slot: str) -> None:
        for name, value in brings(slot, every.get(slot, getattr(exp, slot))).items():
            own = every.get(name, stays[name].before if name in stays else getattr(exp, name))
            free = name not in choices and (slot == "data" or name not in stays)
            if free and every.get(name, getattr(exp, name)) != value:
                every[name], stays[name] = value, Brought(own, slot)

    if "data" in changed:
        bring("data")
    first = dict(every)
    yield first, dict(stays)
    for slot in CHOICES:
        if slot != "data":
            bring(slot)
    if every != first:
        yield every, stays


def brings(slot: str, choice: Any) -> Mapping[str, str]:
    """What a choice in a slot brings, {slot: name}."""
    if isinstance(choice, list | tuple):
        return {k: v for one in choice for k, v in brings(slot, one).items()}
    stage = SLOTS[slot].get(choice) if isinstance(choice, str) else type(choice)
    found: Mapping[str, str] = getattr(stage, "brings", {})
    return found


def brought_with(exp: Experiment) -> Along:
    """What of a whole experiment is there for its data alone, and goes with them."""
    usual = {name: CHOICES[name] for name in exp.source.brings}
    return {
        name: Brought(usual[name], "data")
        for name, value in exp.source.brings.items()
        if getattr(exp, name) == value != usual[name]
    }


def left_alone(exp: Experiment, brought: Along, choices: Choices) -> Along:
    """What is still brought after choices that are taken as they are."""
    changed = _changed(exp, choices)
    return {k: b for k, b in brought.items() if k not in choices and b.cause not in changed}


def told(exp: Experiment, brought: Along) -> dict[str, str]:
    """A sentence for everything that was brought, by its name.

    >>> exp = Experiment(algorithm="fedper", model="mlp")
    >>> told(exp, {"model": Brought("softmax", "algorithm")})
    {'model': 'mlp, which FedPer needs'}
    """
    return {
        name: f"{TABLE[name].shown(getattr(exp, name))}, which {_called(exp, one.cause)} needs"
        for name, one in brought.items()
    }


def told_back(old: Experiment, before: Along, new: Experiment, after: Along) -> dict[str, str]:
    """A sentence for everything that was brought before and has been taken back since."""
    return {
        name: f"{TABLE[name].shown(one.before)} again, as before {_called(old, one.cause)}"
        for name, one in before.items()
        if name not in after and getattr(old, name) != getattr(new, name) == one.before
    }


def _changed(exp: Experiment, choices: Choices) -> set[str]:
    """The slots that get another stage."""
    now = {name: getattr(exp, name) for name in CHOICES.keys() & choices.keys()}
    return {k for k, v in now.items() if type(choices[k]) is not type(v) or choices[k] != v}


def _called(exp: Experiment, slot: str) -> str:
    """The stage in a slot, as people call it."""
    if slot == "algorithm":
        return type(exp.stage(slot)).__name__
    kind = "data set" if slot == "data" else slot
    return f"the {kind} {TABLE[slot].shown(getattr(exp, slot))}"
