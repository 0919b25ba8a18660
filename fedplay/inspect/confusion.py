"""Which classes a model takes for which: a count for every pair of a true and a predicted one."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from fedplay.engine.loop import Run
from fedplay.models import Network, likeliest
from fedplay.scopes import calmed
from fedplay.stages.base import Array

PIECE = 2**22  # outputs of a model that are held at once


@calmed
def confusion(run: Run, weights: Array, client: int | None = None) -> NDArray[np.int64]:
    """The confusion matrix (C, C) of a model (P,) on the test set, or on a client's held-out data.

    ValueError for a client that there is none of, and for a model that has no classes.
    """
    fed = run.federation
    if client is None:
        X, y = fed.X_test, fed.y_test
    elif 0 <= client < fed.clients:
        held = fed.held.of(client)
        X, y = fed.X[held], fed.y[held]
    else:
        raise ValueError(f"client={client}: must be from 0 to {fed.clients - 1}")
    return confusion_matrix(run.network, weights, X, y, fed.C)


def confusion_matrix(
    network: Network, weights: Array, X: Array, y: Array, C: int
) -> NDArray[np.int64]:
    """How often a model says each class of examples of each: rows the true class, columns its own.

    weights (P,); X (n, d), examples as data have them, and their labels y (n,), 0 to C - 1. An
    example of which the model tells no class, as where a weight is NaN, is counted nowhere: so a
    row's sum is that class's examples, or fewer. ValueError for a model that has no classes.
    """
    if not network.C:
        raise ValueError("model: has no classes, so it cannot take one for another")
    counts = np.zeros((C, C), np.int64)
    if not np.isfinite(weights).all():
        return counts
    step = max(1, PIECE // max(C, X.shape[1]))
    for start in range(0, len(y), step):
        some = slice(start, start + step)
        said = likeliest(network.outputs(weights, network.encode(X[some], weights.dtype)))
        told = said >= 0
        np.add.at(counts, (y[some][told], said[told]), 1)
    return counts
