"""What a view needs of an experiment and its data, by name: told where it is missing, and mended.

A view says `needs = ("pictures", "classes")`. For one that is missing, `missing` has the sentence
and the change that would bring it.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

from fedplay.arguments import word
from fedplay.data import Federation
from fedplay.experiment import Experiment, refusal
from fedplay.knobs import Refused
from fedplay.slots import DATA, TABLE


class Need(NamedTuple):
    """One thing that a view cannot do without.

    met:    whether an experiment on some data has it
    what:   it is, as a clause after "needs"
    repair: a change that brings it, empty where nothing does
    """

    met: Callable[[Experiment, Federation], bool]
    what: str
    repair: dict[str, Any]


def _layers(exp: Experiment, federation: Federation) -> int:
    return len(exp.stage("model").bind(federation.d, federation.C).spans)


def _classifies(exp: Experiment, federation: Federation) -> bool:
    return bool(exp.stage("model").bind(federation.d, federation.C).C)


def _noisy(exp: Experiment, federation: Federation) -> bool:
    return exp.noise_multiplier > 0 and any(layer.protects for layer in exp.layers)


def _sampled(exp: Experiment, federation: Federation) -> bool:
    return bool(exp.stage("schedule").expected(exp.clients) < exp.clients)


def _personal(exp: Experiment, federation: Federation) -> bool:
    return exp.chosen("personal") != "none" or bool(exp.stage("algorithm").keeps)


def _solvable(exp: Experiment, federation: Federation) -> bool:
    return exp.stage("model").reads == "curvatures and optima"


NEEDS: dict[str, Need] = {
    "pictures": Need(
        lambda exp, federation: federation.kind == "pixels",
        "examples that are pictures",
        {"data": "digits"},
    ),
    "points": Need(
        lambda exp, federation: federation.kind == "points",
        "examples that are points of a plane",
        {"data": "moons"},
    ),
    "pictures or points": Need(
        lambda exp, federation: federation.kind != "table",
        "examples that can be drawn: pictures, or points of a plane",
        {"data": "digits"},
    ),
    "classes": Need(_classifies, "a model that tells classes apart", {"model": "softmax"}),
    "accuracy": Need(
        lambda exp, federation: exp.stage("model").score == "accuracy",
        "a model that has an accuracy",
        {"model": "softmax"},
    ),
    "layers": Need(
        lambda exp, federation: _layers(exp, federation) > 0,
        "a model of layers",
        {"model": "softmax"},
    ),
    "two layers": Need(
        lambda exp, federation: _layers(exp, federation) > 1,
        "a model of two layers at least",
        {"model": "mlp"},
    ),
    "quadratics": Need(
        _solvable,
        "losses that can be solved on paper",
        {"data": "quadratics", "partition": "natural", "model": "quadratic"},
    ),
    "noise": Need(_noisy, "privacy noise", {"noise_multiplier": 1.0}),
    "sampling": Need(
        _sampled, "rounds in which only some clients take part", {"participation": 0.3}
    ),
    "personal models": Need(_personal, "models of the clients' own", {"personal": "finetune"}),
    "several clients": Need(
        lambda exp, federation: federation.clients > 1, "two clients at least", {"clients": 10}
    ),
    "a test set": Need(
        lambda exp, federation: len(federation.y_test) > 0,
        "a test set at the server, which these data do not have",
        {},
    ),
    "examples to judge by": Need(
        lambda exp, federation: bool(len(federation.y_test) or federation.held.sizes.any()),
        "examples that no client trains on, which these data do not have",
        {},
    ),
}


def missing(needs: Sequence[str], exp: Experiment, federation: Federation) -> Refused | None:
    """The first of some needs that is not met, with changes that mend it; None where all are.

    Data of one's own are kept: what would replace them is no repair.
    """
    for name in needs:
        need = NEEDS[word("needs", name, NEEDS)]
        if not need.met(exp, federation):
            way = _whole(exp, need.repair)
            return Refused(f"needs {need.what}", *([way] if way else []))
    return None


def _whole(exp: Experiment, repair: dict[str, Any]) -> dict[str, Any]:
    """A repair, and what has to be changed along with it; empty where it cannot be made."""
    refused = refusal(exp, repair)
    way = repair if refused is None else {**repair, **refused.repair}
    about = {name for name in way if name in TABLE and TABLE[name].heading == DATA}
    lost = exp.data == "arrays" and bool(about)
    return {} if lost or (refused is not None and not refused.repair) else dict(way)
