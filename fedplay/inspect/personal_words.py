"""What personal models are called in sentences, and how they come about, by their method."""

from __future__ import annotations

from typing import NamedTuple

from fedplay.experiment import Experiment
from fedplay.inspect.personal_name import own_model


class Named(NamedTuple):
    """What a client's personal model is called.

    titles:  wordings for a heading, from the longest; the last is the one that curves have
    noun:    after "its" or "the", in a sentence
    """

    titles: tuple[str, ...]
    noun: str


TUNED = Named(("after fine-tuning",), "fine-tuned model")


HEAD = Named(("with its own head",), "model with its own head")


NAMES = {
    "finetune": TUNED,
    "ditto": Named(("its own model (Ditto)", "own (Ditto)"), "Ditto model"),
    "apfl": Named(("its mixture (APFL)",), "APFL mixture"),
    "interpolation": Named(("mixed with its own", "its mixture"), "mixture"),
    "fedper": HEAD,
    "fedrep": HEAD,
    "ifca": Named(("the cluster's model it chose", "the model it chose"), "cluster's model"),
    "pfedme": Named(("its own model (pFedMe)", "own (pFedMe)"), "pFedMe model"),
}


GIVEN = Named(("nothing is personal",), "model")


OWN = Named(("its personal model", "its own model"), "personal model")


def personal(exp: Experiment) -> Named:
    """What a client's personal model is called in an experiment."""
    slot, short = exp.chosen("personal"), own_model(exp)
    if slot != "none":
        named = NAMES.get(slot, OWN)
    elif short == "as given":
        named = GIVEN
    else:
        named = NAMES.get(exp.chosen("algorithm"), OWN)
    return Named((*named.titles, short), named.noun)


def how(exp: Experiment) -> list[str]:
    """Wordings of how personal models come about, from the longest."""
    slot, method = exp.stage("personal"), exp.stage("algorithm")
    match exp.chosen("personal"), exp.chosen("algorithm"):
        case "finetune", _:
            return _tuning(slot)
        case "ditto", _:
            return [f"on a leash to the shared one, λ = {slot.ditto_lambda:g}", _leash(slot)]
        case (("apfl" | "interpolation"), _):
            part = f"α = {slot.mixing:g}"
            return [f"mixed: own times α, shared 1 − α; {part}", f"mixed, {part}", part]
        case "none", ("fedper" | "fedrep"):
            n = method.personal_layers
            top = "the last layer" if n == 1 else f"the last {n} layers"
            return [f"own: {top}, never sent", f"own: {top}", top] if n else ["all is shared"]
        case "none", "ifca":
            return [f"each takes the one of {method.clusters} that fits its data", "fits its data"]
        case "none", "pfedme":
            leash = f"λ = {method.pfedme_lambda:g}"
            return [f"on a leash to the shared one, {leash}", f"leash {leash}", leash]
        case "none", _:
            return ["nothing is personal"] if not method.keeps else [f"own: {method.keeps}"]
    return [""]


def _leash(slot: object) -> str:
    return f"leash λ = {getattr(slot, 'ditto_lambda', 0):g}"


def _tuning(slot: object) -> list[str]:
    epochs, steps = getattr(slot, "finetune_epochs", 0), getattr(slot, "finetune_steps", None)
    long = _count(epochs, "epoch") if steps is None else f"at most {_count(steps, 'step')}"
    return [f"a copy, tuned afterwards: {long}", f"tuned: {long}", long]


def _count(n: int, noun: str) -> str:
    return f"{n:,} {noun}" + ("" if n == 1 else "s")
