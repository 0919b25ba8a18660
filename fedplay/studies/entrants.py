"""The methods that a comparison is of: what each of their names makes of an experiment."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from fedplay import registry
from fedplay.experiment import Experiment
from fedplay.knobs import short
from fedplay.methods import METHODS, method_of

USUAL = ("FedAvg", "FedProx", "SCAFFOLD", "FedAdam")


def entrants(
    exp: Experiment, methods: Any = USUAL, weights: str | None = None
) -> dict[str, Experiment]:
    """The experiment with each of the methods in it, by what to call them.

    `methods` is a list of names, or a dict from labels to names, Experiments or dicts of choices.
    All of them count clients as the experiment does, except those that say themselves how; with
    `weights="paper"` each does as its own paper has it. ValueError for a name that is none, and
    where a method cannot be run in this experiment.
    """
    if weights is not None:
        exp = exp.replace(weights=weights)
    if isinstance(methods, str) or not isinstance(methods, Iterable):
        raise ValueError(f"methods={short(methods)}: must be a list of names, or a dict of them")
    given = dict(methods) if isinstance(methods, Mapping) else {name: name for name in methods}
    if not given:
        raise ValueError("methods=[]: must name at least one")
    found = {}
    for label, method in given.items():
        if not isinstance(label, str):
            raise ValueError(f"methods: {short(label)}: must be a name (a dict can give one)")
        own = label if isinstance(methods, Mapping) else usual_name(label)
        entrant = _entrant(exp, label, method)
        found[own] = entrant if weights == "paper" else weighed_like(exp, entrant)
    return found


def weighed_like(exp: Experiment, own: Experiment) -> Experiment:
    """A method's experiment, with clients counting as in another, so that both have one objective.

    Unless it says itself how they count, or has to: a comparison then tells that they differ.
    """
    bound = own.stage("aggregate").weighs or "weights" in own.stage("algorithm").fixes
    if bound or own.weights != "paper" or own.weighting == exp.weighting:
        return own
    return own.replace(weights=exp.weighting)


def usual_name(name: str) -> str:
    """A method's name as papers write it, or an algorithm's as it was registered."""
    usual = (usual for usual in METHODS if usual.lower() == name.lower())
    return next(usual, None) or method_of(name, "sgd") or name


def choices_of(name: str) -> Mapping[str, Any]:
    """What makes a method, or an algorithm that somebody registered; ValueError for neither."""
    usual = usual_name(name)
    if usual in METHODS:
        return METHODS[usual].choices
    if name in registry.SLOTS["algorithm"]:
        return {"algorithm": name, "server": "sgd"}
    known = [*METHODS, *registry.SLOTS["algorithm"]]
    raise ValueError(f"methods: {short(name)} is none of {known}")


def _entrant(exp: Experiment, label: str, method: Any) -> Experiment:
    if isinstance(method, Experiment):
        return method
    choices = choices_of(method) if isinstance(method, str) else method
    if not isinstance(choices, Mapping):
        raise ValueError(f"methods: {label}={short(method)}: must be a name or an Experiment")
    try:
        return exp.replace(**choices)
    except ValueError as error:
        raise ValueError(f"{label}: {error}") from error
