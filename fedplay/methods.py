"""The methods by the names that papers call them: what to choose for each, and where it is from."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any


@dataclass(frozen=True)
class Method:
    """One method: `choices` are for `Experiment.replace`, all else stays as it is.

    >>> from fedplay.experiment import Experiment
    >>> Experiment(alpha=0.1).replace(**METHODS["FedAvg"].choices)
    Experiment(alpha=0.1)
    """

    choices: Mapping[str, Any]
    source: str  # "Authors Year"
    what: str  # it does, in one sentence

    def __reduce__(self) -> Any:  # a read-only mapping cannot be copied or pickled as it is
        return _method, (dict(self.choices), self.source, self.what)


def _method(choices: dict[str, Any], source: str, what: str) -> Method:
    return Method(MappingProxyType(choices), source, what)


def _of(source: str, what: str, algorithm: str, server: str = "sgd") -> Method:
    return _method({"algorithm": algorithm, "server": server}, source, what)


# In the order in which one would teach them.
METHODS: dict[str, Method] = {
    "FedSGD": _of(
        "McMahan et al. 2017",
        "Each client sends one gradient over all its examples, and the server takes one step.",
        "fedsgd",
    ),
    "FedAvg": _of(
        "McMahan et al. 2017",
        "Each client trains for some epochs, and the server averages the models.",
        "fedavg",
    ),
    "FedProx": _of(
        "Li et al. 2020",
        "FedAvg with a pull towards the model that the round began with.",
        "fedprox",
    ),
    "SCAFFOLD": _of(
        "Karimireddy et al. 2020",
        "Every local step is corrected by how the client's gradients differ from the average.",
        "scaffold",
    ),
    "FedDyn": _of(
        "Acar et al. 2021",
        "A term added to each client's loss moves its optimum, round by round, towards the common "
        "one.",
        "feddyn",
    ),
    "FedNova": _of(
        "Wang et al. 2020",
        "Each update is divided by its number of local steps, so clients that take more steps do "
        "not count more.",
        "fednova",
    ),
    "FedAvgM": _of(
        "Hsu et al. 2019",
        "FedAvg whose server keeps the momentum of earlier rounds.",
        "fedavg",
        "momentum",
    ),
    "FedAdagrad": _of(
        "Reddi et al. 2021",
        "FedAvg whose server takes shorter steps where much has changed so far.",
        "fedavg",
        "adagrad",
    ),
    "FedAdam": _of(
        "Reddi et al. 2021",
        "FedAvg whose server takes the steps of Adam, scaled for each parameter.",
        "fedavg",
        "adam",
    ),
    "FedYogi": _of(
        "Reddi et al. 2021",
        "Like FedAdam, but its scales change by small amounts only.",
        "fedavg",
        "yogi",
    ),
    "Per-FedAvg": _of(
        "Fallah et al. 2020",
        "The common model is trained to be a good start: one from which a client's own step leads "
        "far.",
        "perfedavg",
    ),
    "Centralised": _of(
        "no paper: a baseline",
        "One model is trained on the cohort's examples thrown together, as if they could be sent.",
        "centralised",
    ),
}


# Algorithms that are no method here, as their models of the clients' own are what is compared.
TITLES = {"fedper": "FedPer", "fedrep": "FedRep", "ifca": "IFCA", "pfedme": "pFedMe"}


def title(algorithm: str, server: str = "sgd") -> str:
    """What to call an algorithm with a server's step: as papers do, or by its registered name.

    >>> title("fedavg", "adam"), title("scaffold", "adam"), title("fedper"), title("my_own")
    ('FedAdam', 'SCAFFOLD + adam', 'FedPer', 'my_own')
    """
    if (found := method_of(algorithm, server)) is not None:
        return found
    own = method_of(algorithm, "sgd") or TITLES.get(algorithm, algorithm)
    return own if server == "sgd" else f"{own} + {server}"


def method_of(algorithm: str, server: str) -> str | None:
    """The method that an algorithm makes with a server's step; None where papers have no name.

    >>> method_of("fedavg", "adam"), method_of("scaffold", "adam")
    ('FedAdam', None)
    """
    for name, method in METHODS.items():
        if (method.choices["algorithm"], method.choices["server"]) == (algorithm, server):
            return name
    return None
