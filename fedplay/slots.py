"""The table of slots: a federated experiment is one choice in each of them.

It is the only such table. The registry, `Experiment` with its links and files, the controls on the
screen and `docs/conformance.md` are made from it. A new slot is one line here, in the order in
which a round meets the slots, and a folder of stages whose base class carries its name
(`slot: ClassVar[str] = "channel"`) and whose `__init__` registers them.

>>> TABLE["channel"].choices(["dp", "mine"])
[('dp',), (), ('mine',)]
>>> [TABLE["channel"].shown(choice) for choice in (("dp",), (), ("mine",), ("dp", "mine"))]
['auto', 'none', 'mine', 'dp + mine']
>>> TABLE["schedule"].choices(["uniform", "poisson"])
['auto', 'uniform', 'poisson']
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

Default = str | tuple[str, ...]

# The groups of the screen's column of controls, in order. One that holds nothing is not shown.
DATA = "Data and clients"
TRAINING = "Training"
METHODS = "Server and methods"
COHORT = "Who comes, and when"
PERSONAL = "Personal models"
PRIVACY = "Privacy and attacks"
SYSTEM = "System"
TOPICS = (DATA, TRAINING, METHODS, COHORT, PERSONAL, PRIVACY, SYSTEM)

NOTHING = "Every message reaches the server as it was sent."  # of a slot that holds no layer


@dataclass(frozen=True)
class Slot:
    """One slot: how it is called, where its control stands, and what it starts with.

    name:    in code, links and files
    title:   of its table in docs/conformance.md
    heading: the topic under which its control and the knobs of its stages stand on the screen
    help:    what is chosen here, as a noun phrase, for the control
    default: what an experiment starts with: a registered name or "auto"; a tuple of names where
             the slot holds several stages
    auto:    what "auto" stands for unless another stage asks for something else; empty where
             nothing is chosen automatically
    automatic: what "auto" comes to, in one sentence
    level:   who looks for it: "first", "more" or "expert", as of a knob
    also:    other words for it, by which it is found
    """

    name: str
    title: str
    heading: str
    help: str
    default: Default
    auto: Default = ""
    automatic: str = ""
    level: str = "more"
    also: tuple[str, ...] = ()

    @property
    def label(self) -> str:
        """The name of its control."""
        return self.name.capitalize()

    @property
    def many(self) -> bool:
        """Whether it holds a tuple of stages, which may be empty, and not exactly one."""
        return isinstance(self.default, tuple)

    def choices(self, names: Iterable[str]) -> list[Any]:
        """What its control offers, of the registered names.

        Where it holds several: the automatic ones, none at all, and each of the others alone.
        """
        if not self.many:
            return [*(["auto"] if self.auto else []), *names]
        return list(dict.fromkeys([self.default, (), *((name,) for name in names)]))

    def shown(self, choice: Any) -> str:
        """A choice as people read it: the names in code, a file by its name, "none" for ()."""
        if not isinstance(choice, tuple):
            return bare(choice)
        if self.many and choice == self.auto:
            return "auto"
        return " + ".join(map(bare, choice)) or "none"


def bare(choice: Any) -> str:
    """One choice by its name alone: in code, of a class that nobody registered, of a file."""
    name = choice if isinstance(choice, str) else type(choice).__name__
    return name.split(":")[1] if name.startswith("csv:") else name


TABLE: dict[str, Slot] = {
    slot.name: slot
    for slot in (
        Slot(
            "data",
            "Data",
            DATA,
            "The data set that the clients' examples come from.",
            "digits",
            level="first",
            also=("data set", "dataset", "source", "csv"),
        ),
        Slot(
            "partition",
            "Partitions",
            DATA,
            "Division of the examples among the clients.",
            "dirichlet",
            level="first",
            also=("split", "division", "data distribution"),
        ),
        Slot(
            "shift",
            "Shifts",
            DATA,
            "Differences of the clients' features or labels.",
            "none",
            also=("feature skew", "concept shift", "covariate shift"),
        ),
        Slot(
            "model",
            "Models",
            TRAINING,
            "The model that every client trains.",
            "softmax",
            also=("network", "architecture"),
        ),
        Slot(
            "schedule",
            "Schedules",
            COHORT,
            "Selection of the clients of a round; auto: as privacy requires.",
            "auto",
            "uniform",
            "Uniform sampling, and Poisson sampling where privacy noise requires it.",
            level="expert",
            also=("sampling", "selection"),
        ),
        Slot(
            "algorithm",
            "Algorithms",
            METHODS,
            "What a client computes and sends.",
            "fedavg",
            level="first",
            also=("method", "strategy"),
        ),
        Slot(
            "channel",
            "Channel",
            PRIVACY,
            "Layers that every message passes on its way to the server; auto: clipping and noise "
            "where their knobs are set.",
            ("dp",),
            ("dp",),
            "Clipping where a clipping norm is set, noise where it is above zero, else nothing.",
            level="expert",
            also=("layers", "compression"),
        ),
        Slot(
            "aggregate",
            "Aggregates",
            METHODS,
            "How the server combines the messages; auto: as privacy requires.",
            "auto",
            "mean",
            "The weighted mean, and that of a fixed denominator where privacy noise requires it.",
            level="expert",
            also=("aggregation", "average"),
        ),
        Slot(
            "server",
            "Server optimisers",
            METHODS,
            "The step that the server takes with the combined update.",
            "sgd",
            also=("server optimizer", "optimiser", "fedopt"),
        ),
        Slot(
            "personal",
            "Personalisation",
            PERSONAL,
            "Each client's own model, beside the global one.",
            "auto",
            "finetune",
            "Fine-tuning, and none where the algorithm already gives clients models of their own.",
            also=("personalization", "personal models"),
        ),
    )
}
