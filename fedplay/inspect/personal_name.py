"""What a client's personal model is called, wherever it is named: it depends on the method."""

from __future__ import annotations

from fedplay.experiment import Experiment

NAMES = {
    "finetune": "fine-tuned",
    "ditto": "Ditto",
    "apfl": "APFL",
    "interpolation": "mixture",
}
AS_GIVEN = "as given"  # nothing is personalized
KEPT = {"a head": "own head", "a model": "own model", "a cluster's model": "cluster's model"}


def own_model(exp: Experiment) -> str:
    """The name of the personal models of an experiment.

    >>> own_model(Experiment()), own_model(Experiment(algorithm="pfedme"))
    ('fine-tuned', 'own model')
    """
    chosen = exp.chosen("personal")
    if chosen != "none":
        return NAMES.get(chosen, chosen)
    keeps = _keeps(exp)
    return KEPT.get(keeps, keeps) or AS_GIVEN


def headless(exp: Experiment) -> bool:
    """Whether the global model is of no use by itself: every client keeps a head of its own."""
    return _keeps(exp) == "a head"


def _keeps(exp: Experiment) -> str:
    """What of a model each client has for itself; "" for nothing."""
    algorithm = exp.stage("algorithm")
    nothing = getattr(algorithm, "personal_layers", 1) == 0
    return "" if nothing else str(algorithm.keeps)
