"""What describes a run: a choice in each slot and a value for every knob, that go together."""

from fedplay.experiment.choices import CHOICES, knobs
from fedplay.experiment.experiment import Experiment, _rebuild
from fedplay.experiment.refusals import refusal, why_not
from fedplay.experiment.topics import find, topics
from fedplay.experiment.training import Training

__all__ = [
    "CHOICES",
    "Experiment",
    "Training",
    "_rebuild",  # as pickles know it
    "find",
    "knobs",
    "refusal",
    "topics",
    "why_not",
]
