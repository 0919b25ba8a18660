"""What a model must do: batched over clients, on flat parameter vectors."""

from __future__ import annotations

import math
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from fedplay.knobs import Entry
from fedplay.streams import Rebuilt

Array = NDArray[Any]


class Model(Entry):
    """A choice of model and its knobs. `bind` meets it with the sizes of the data."""

    slot: ClassVar[str] = "model"
    score: ClassVar[str] = "accuracy"  # what tells how good it is: this, or its "loss"
    # What it makes of an example, as `Source.rows` has it; empty where it takes any.
    reads: ClassVar[str] = ""

    def bind(self, d: int, C: int) -> Network:
        """The network for d features and C classes; ValueError where it cannot serve them."""
        raise NotImplementedError


class Workspace(Rebuilt):
    """The buffers of local training, allocated once a run, and the gradient that fills them.

    The clients at work are always the first k rows: as some finish early, k shrinks.
    """

    W: Array  # (K, P) the clients' models
    X: Array  # (K, B, inputs) their batches
    G: Array  # (K, P) their gradients
    holds: Any = None  # which examples the batches are, where somebody keeps book of it

    def targets(self, labels: Array, seat: Array, seats: Array) -> Array:
        """Labels in the form that `gradient` wants, prepared for all steps of a round at once.

        labels (S, B), a row for each batch; seat (S, B), the place of each in the flattened (k, B)
        of its step, and seats (S, 1), how many places that has.
        """
        return labels

    def gradient(self, k: int, targets: Array, scale: Array | float) -> None:
        """G[:k] = Σ_b scale_b ∇ℓ(w; x_b, y_b) of each client's batch.

        targets (k, B); scale (k, B), zero where the batch is padded, or one number for all.
        """
        raise NotImplementedError


def unanswered(outputs: Array) -> Array | None:
    """(..., n) bool, for which examples outputs (..., n, C) tell no class; None for none of them.

    They tell none where one of them is NaN, nor where the largest is infinite and another as large.
    """
    total = np.einsum(outputs, [*range(outputs.ndim)], [])  # which warns of nothing
    if math.isfinite(total):  # so all of them are; the other way round a sum may overflow
        return None
    top = outputs.max(axis=-1)
    many = (outputs == top[..., None]).sum(axis=-1) > 1
    lost: Array = np.isnan(top) | (np.isinf(top) & many)
    return lost if lost.any() else None


def likeliest(outputs: Array) -> Array:
    """(..., n) the likeliest class by outputs (..., n, C), -1 where there is none to be told.

    >>> likeliest(np.array([[0.0, 2.0], [np.nan, 1.0], [np.inf, 1.0], [np.inf, np.inf]]))
    array([ 1, -1,  0, -1])
    """
    said: Array = outputs.argmax(axis=-1)
    lost = unanswered(outputs)
    return said if lost is None else np.where(lost, -1, said)


class Network:
    """A model of known size, for K clients at once.

    Parameters are flat rows, w (P,) or W (K, P). Examples are what `encode` makes of them, a row of
    inputs each, X (..., inputs): nobody else needs to know how many, or what they mean.
    """

    P: int  # parameters
    C: int  # classes, 0 where the model does not classify
    multiply_adds: int  # of one forward pass of one example

    spans: tuple[tuple[int, int], ...] = ()  # from and to of each layer's parameters

    def encode(self, X: Array, dtype: Any) -> Array:
        """Examples X (n, d) as inputs (n, d + 1) of a dtype, infinite where it can't hold one.

        The last input is one, so that a layer's bias is one more weight and needs no code of its
        own.
        """
        inputs = np.ones((len(X), X.shape[1] + 1), dtype)
        with np.errstate(over="ignore", under="ignore"):
            inputs[:, :-1] = X
        return inputs

    def init(self, rng: np.random.Generator) -> Array:
        """The first global model, (P,) float64."""
        raise NotImplementedError

    def layers(self, W: Array) -> list[Array]:
        """Each layer's weights as a view: W (..., P) -> [(..., out, in + 1)]; [] without layers."""
        return []

    def workspace(self, K: int, B: int, inputs: int, dtype: Any) -> Workspace:
        """Room for up to K clients and batches of B examples of so many inputs."""
        raise NotImplementedError

    def outputs(self, W: Array, X: Array) -> Array:
        """What models say of examples: w (P,), X (n, inputs) -> (n, C); W (K, P) -> (K, n, C).

        Each model says the same, bit for bit, whether others are asked with it or not; the examples
        may be each model's own then, X (K, n, inputs).
        """
        raise NotImplementedError

    def right(self, outputs: Array, y: Array) -> Array:
        """Which examples the models get right, (..., n): bool, or 1, 0 and NaN for no answer."""
        raise NotImplementedError

    def loss(self, outputs: Array, y: Array) -> Array:
        """The loss of each example under the models, (..., n), in nats for a classifier."""
        raise NotImplementedError
