"""Names of clients' personal models in texts and pictures, taken from the stages."""

from __future__ import annotations

from fedplay.experiment import Experiment
from fedplay.stages.called import HEAD, Called, own_only

AS_GIVEN = "as given"  # nothing is personalized
GIVEN = Called(AS_GIVEN, ("nothing is personal",), "model")


def personal(exp: Experiment) -> Called:
    """What a client's personal model is called in an experiment; the last title is the short one.

    >>> personal(Experiment(personal="ditto")).titles
    ('its own model (Ditto)', 'own (Ditto)', 'Ditto')
    """
    found = _called(exp)
    return found._replace(titles=(*found.titles, found.short))


def own_model(exp: Experiment) -> str:
    """The short name of the personal models of an experiment.

    >>> own_model(Experiment()), own_model(Experiment(algorithm="pfedme"))
    ('fine-tuned', 'own model')
    """
    return _called(exp).short


def headless(exp: Experiment) -> bool:
    """Whether the global model is of no use by itself: every client keeps a head of its own."""
    return bool(exp.stage("algorithm").kept() == HEAD)


def uses(exp: Experiment) -> str:
    """What each client uses in place of the global model, after "with its"; "" where it does not.

    >>> uses(Experiment()), uses(Experiment(algorithm="fedper", model="mlp"))
    ('', 'own head')
    >>> uses(Experiment(algorithm="fedper", model="mlp", personal="finetune"))
    'fine-tuned model'
    """
    if not own_only(exp.stage("algorithm")):
        return ""
    called = _called(exp)
    return called.short if exp.chosen("personal") == "none" else called.noun


def how(exp: Experiment) -> list[str]:
    """Wordings of how personal models come about, from the longest."""
    slot = "algorithm" if exp.chosen("personal") == "none" else "personal"
    words: list[str] = exp.stage(slot).explains()
    return words


def _called(exp: Experiment) -> Called:
    name, algorithm = exp.chosen("personal"), exp.stage("algorithm")
    found: Called | None
    if name != "none":
        found = exp.stage("personal").called
        return found if found is not None else Called(name)
    if not algorithm.kept():
        return GIVEN
    found = algorithm.called
    return found if found is not None else Called(algorithm.kept())
