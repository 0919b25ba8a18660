"""How good a model is: on the global test set, and on every client's own held-out data.

One matrix holds all of these examples, so one pass over it answers both questions.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np

from fedplay.cost import PANEL
from fedplay.data import Federation, Shares
from fedplay.knobs import short
from fedplay.models import Network
from fedplay.stages.base import Array
from fedplay.streams import Purpose, Streams

LONG = 25_000_000  # multiply-adds, beside which it is little what calls of numpy take


class Scores(NamedTuple):
    accuracy: float  # on the global test set
    loss: float  # on the global test set, nats
    client_accuracy: Array  # (panel,) of the same model on each client's held-out data
    class_accuracy: Array  # (C,) of it on each class of the test set; NaN for one that it has not


def panel(N: int, streams: Streams, guests: int = 0) -> Array:
    """The clients that are evaluated one by one: all, or a fixed random PANEL of them.

    Guests, the last of the N, are always among them.
    """
    N -= guests
    chosen = streams.subset(N, min(N, PANEL), Purpose.PANEL)
    return np.append(chosen, np.arange(N, N + guests)) if guests else chosen


def inputs(network: Network, X: Array, dtype: str, features: tuple[str, ...] = ()) -> Array:
    """Examples X (n, d) as a network encodes them.

    ValueError for a feature too large for the precision of a run.
    """
    out = network.encode(X, dtype)
    # A finite sum is one of finite numbers; that of finite numbers may overflow.
    with np.errstate(over="ignore", invalid="ignore"):
        finite = math.isfinite(np.add.reduce(out, axis=None))
    if not finite and not np.isfinite(out).all():
        with np.errstate(over="ignore"):
            row, column = np.argwhere(~np.isfinite(X.astype(dtype)))[0].tolist()
        name = short(features[column]) if column < len(features) else str(column)
        raise ValueError(
            f"X: {X[row, column]:g} in column {name}: must be within ±{np.finfo(dtype).max:.4g} "
            f"with dtype={dtype!r}; choose dtype='float64', or a larger unit"
        )
    return out


class Evaluator:
    """The examples to judge by, gathered once a run."""

    def __init__(
        self, network: Network, X: Array, federation: Federation, clients: Array, dtype: str
    ) -> None:
        self.network = network
        held, self.sizes = _gather(federation.held, clients)
        self.tests = len(federation.y_test)
        self.counts = np.bincount(federation.y_test, minlength=network.C)[: network.C]
        tests = inputs(network, federation.X_test, dtype, federation.features)
        examples = np.concatenate([tests, X[held]])
        self.X = np.asfortranarray(examples)  # feature-major, as the models compute
        self.y = np.concatenate([federation.y_test, federation.y[held]])
        self.stretches = Stretches(np.array([self.tests, *self.sizes]))
        pass_ = max(1, network.multiply_adds * len(self.y))
        self.together = max(1, min(8, LONG // pass_))  # how many models are best judged at once

    def __call__(self, w: Array) -> Scores:
        """The scores of one model w (P,): NaN where it is not finite, or what it says is not."""
        return self._scores(*self._judged(w))

    def several(self, W: Array) -> list[Scores]:
        """The scores of models W (R, P), of each as if it were alone."""
        return [self._scores(*one) for one in zip(*self._judged(W), strict=True)]

    def _judged(self, W: Array) -> tuple[Array, Array, Array]:
        """What models (..., P) get right, and their test losses.

        (..., 1 + panel) shares of the test set and of what each client holds out, (..., T) which of
        the tests, and (..., T) the losses of these.
        """
        T = self.tests
        outputs = self.network.outputs(W, self.X)
        right = self.network.right(outputs, self.y)
        shares = self.stretches.mean(right)
        # A finite sum is one of finite numbers; that of finite numbers may overflow.
        if not math.isfinite(np.add.reduce(W, axis=None)):
            shares[~np.isfinite(W).all(axis=-1)] = np.nan
        return shares, right[..., :T], self.network.loss(outputs[..., :T, :], self.y[:T])

    def _scores(self, shares: Array, right: Array, losses: Array) -> Scores:
        T = self.tests
        loss = float(np.add.reduce(losses, dtype=np.float64)) / T if T else math.nan
        return Scores(float(shares[0]), loss, shares[1:], self._by_class(shares[0], right))

    def _by_class(self, accuracy: float, right: Array) -> Array:
        """(C,) the share of each class in what is right (T,); NaN where the accuracy is."""
        C = len(self.counts)
        if not C or math.isnan(accuracy):
            return np.full(C, np.nan)
        found = np.bincount(self.y[: self.tests], weights=right, minlength=C)
        return np.divide(found, self.counts, out=np.full(C, np.nan), where=self.counts > 0)

    def losses(self, w: Array) -> Array:
        """The loss of one model w (P,) on each client's held-out data, (panel,)."""
        X, y = self.X[self.tests :], self.y[self.tests :]
        if not len(y):
            return np.full(len(self.sizes), np.nan)
        loss = self.network.loss(self.network.outputs(w, X), y)
        return Stretches(self.sizes).mean(loss)

    def each(self, W: Array, places: Array | None = None) -> Array:
        """The accuracy of each client's own model, W (K, P), on its held-out data, (K,).

        places (K,): whose these are, by place in the panel; of all of it by default
        """
        places = np.arange(len(self.sizes)) if places is None else places
        sizes, shares = self.sizes[places], np.full(len(places), np.nan)
        # Clients of one size at a time: a stack that batched matrix products can work on.
        for size in np.unique(sizes[sizes > 0]):
            who = np.flatnonzero(sizes == size)
            rows = self.stretches.starts[places[who] + 1][:, None] + np.arange(size)
            outputs = self.network.outputs(W[who], self.X[rows])
            shares[who] = self.network.right(outputs, self.y[rows]).mean(axis=1)
        shares[~np.isfinite(W).all(axis=1)] = np.nan
        return shares


def holding(clients: Array) -> Array:
    """(N,) bool, the clients that hold something out, by their (n, N) accuracies or losses.

    Those of the others are NaN from the first round on; where a model is not finite, all are NaN.
    """
    known: Array = ~np.isnan(clients[0])
    return known


def mean_of(clients: Array, known: Array | None = None) -> Array:
    """(n,) mean over the clients that hold something out, NaN where the model is not finite.

    known: which they are, where the first row does not tell
    """
    known = clients[:, holding(clients) if known is None else known]
    mean: Array = known.mean(axis=1) if known.shape[1] else np.full(len(clients), np.nan)
    return mean


class Stretches:
    """Examples laid end to end, some to each owner: means over what each owner has."""

    def __init__(self, counts: Array) -> None:
        self.counts = counts
        self.starts = np.cumsum(counts) - counts
        self.filled = np.flatnonzero(counts)

    def mean(self, values: Array) -> Array:
        """The mean of each owner's stretch of `values` (..., n); NaN for an owner of none."""
        if len(self.filled) == len(self.counts):
            return np.add.reduceat(values, self.starts, axis=-1, dtype=np.float64) / self.counts
        means = np.full((*values.shape[:-1], len(self.counts)), np.nan)
        sums = np.add.reduceat(values, self.starts[self.filled], axis=-1, dtype=np.float64)
        means[..., self.filled] = sums / self.counts[self.filled]
        return means


def _gather(shares: Shares, clients: Array) -> tuple[Array, Array]:
    """The held-out examples of the clients, end to end, and how many each has."""
    parts = [shares.of(int(i)) for i in clients]
    sizes = np.array([len(p) for p in parts], dtype=np.int64)
    return np.concatenate([*parts, np.zeros(0, np.int64)]).astype(np.intp), sizes
