"""Federated averaging in thirty lines: the loop that fedplay's engine must agree with.

Read this first. It is McMahan et al. 2017, Algorithm 1, for softmax regression, one client and one
batch at a time, with nothing hidden. The fast engine is held against it in
`tests/engine/test_engine.py`.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]
Gradient = Callable[[Array, Array, Array], Array]


def softmax_gradient(w: Array, X: Array, y: Array) -> Array:
    """The gradient of the mean cross-entropy of a batch: w (C·(d+1),), X (B, d), y (B,)."""
    X = np.column_stack([X, np.ones(len(X))])  # the last weight of each class is its bias
    logits = X @ w.reshape(-1, X.shape[1]).T
    p = np.exp(logits - logits.max(axis=1, keepdims=True))
    p /= p.sum(axis=1, keepdims=True)
    p[np.arange(len(y)), y] -= 1
    return (p.T @ X / len(y)).ravel()


def local_sgd(
    w: Array, X: Array, y: Array, order: Sequence[Array], B: int, lr: float, gradient: Gradient
) -> Array:
    """One client's work: an epoch for each order of its examples, in batches of B."""
    for shuffled in order:
        for start in range(0, len(y), B):
            batch = shuffled[start : start + B]
            w = w - lr * gradient(w, X[batch], y[batch])
    return w


def fedavg(
    clients: Sequence[tuple[Array, Array]],
    w: Array,
    *,
    cohorts: Sequence[Array],
    order: Callable[[int, int], Sequence[Array]],
    B: int,
    lr: float,
    gradient: Gradient = softmax_gradient,
) -> Array:
    """The global model after as many rounds as there are cohorts, from the model w (P,).

    clients: each one's (X, y). cohorts: who takes part in rounds 1, 2, ... order(round, client):
    the order of that client's examples in each local epoch of that round.
    """
    for r, cohort in enumerate(cohorts, start=1):
        models, sizes = [], []
        for k in cohort:
            X, y = clients[k]
            models.append(local_sgd(w, X, y, order(r, k), B, lr, gradient))
            sizes.append(len(y))
        if sizes:
            w = np.average(models, axis=0, weights=sizes)
    return w
