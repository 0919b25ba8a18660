"""The table of clients and classes of an experiment: what each client takes of each class."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from fedplay.data import Federation, Permuted, federate
from fedplay.data.partitions.class_table import completed, shares_of
from fedplay.experiment import Experiment
from fedplay.knobs import MANY

Rows = tuple[tuple[float, ...], ...]


class Present(NamedTuple):
    """The shares (N, C) of the classes that the clients of an experiment take, and its classes."""

    shares: NDArray[np.float64]
    classes: tuple[str, ...]

    def with_one(self, client: int, label: int, share: float) -> Rows:
        """The rows of the table with one share changed."""
        shares = self.shares.copy()
        shares[client, label] = share
        return tuple(map(tuple, shares.tolist()))


def has_classes(exp: Experiment) -> bool:
    """Whether the labels of the data are classes that its model tells apart."""
    return bool(exp.stage("model").score == "accuracy")


def fixed(exp: Experiment) -> str:
    """Why no class can be taken from a client or given to it, in a sentence; "" where it can."""
    if exp.data == "arrays":
        return "data: these belong to their clients, so no class can be taken from one of them"
    if not has_classes(exp):
        return f"model={exp.chosen('model')!r}: tells no classes apart, so none can be taken away"
    shift = exp.stage("shift")
    if isinstance(shift, Permuted) and shift.groups > 1:
        return "shift='permuted': exchanges the labels after the examples are dealt out"
    C = exp.source.shape()[2]
    if exp.clients * C > MANY["table"]:
        return (
            f"clients={exp.clients:,}: must be at most {MANY['table'] // C} for a table of clients "
            f"and classes, which holds {MANY['table']:,} numbers"
        )
    return ""


def present(exp: Experiment) -> Present:
    """The table that is in force, or the one that deals out what the partition does.

    Where clients share examples ("resampled"), or some are nobody's ("natural" with fewer clients
    than there are), it is the clients' proportions that stay.
    """
    fed = federate(exp.source, exp.stage("partition"), exp.clients, exp.data_seed)
    if exp.partition == "table":
        return Present(completed(exp.table, fed.clients, fed.C), fed.classes)
    return Present(np.array(shares_of(all_counts(fed))), fed.classes)


def all_counts(fed: Federation) -> NDArray[np.int64]:
    """(N, C) examples of each class that each client has, those it holds out among them."""
    counts = fed.label_counts()
    for k in range(fed.clients):
        counts[k] += np.bincount(fed.y[fed.held.of(k)], minlength=fed.C)
    return counts
