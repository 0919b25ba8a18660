"""Softmax regression, and the multilayer perceptron of which it is the one without hidden layer.

Activations are kept feature-major, (K, features, B): the softmax then adds along rows that lie
side by side in memory, and every layer is one `np.matmul` over all clients at once.
"""

from __future__ import annotations

import itertools
import math
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from fedplay.knobs import knob
from fedplay.models.base import Array, Model, Network, Workspace, unanswered


@dataclass(frozen=True)
class Softmax(Model):
    """Multinomial logistic regression: convex, so every run has one best model."""

    title = "Softmax regression"
    about = (
        "A linear classifier; its loss is convex, so there is one best model and nothing to "
        "get stuck in."
    )
    source = "Bishop 2006, section 4.3.4"

    reads: ClassVar[str] = "labels"

    def bind(self, d: int, C: int) -> Network:
        return Perceptron((d, _several(C)))


@dataclass(frozen=True)
class MLP(Model):
    """A perceptron with rectified hidden layers (ReLU) and a softmax on top."""

    title = "Multilayer perceptron"
    about = "A network with hidden layers, which can learn curved boundaries and be shared in part."
    source = "Rumelhart et al. 1986, Nature"

    reads: ClassVar[str] = "labels"

    hidden: tuple[int, ...] = knob(
        (64,),
        1,
        1024,
        label="Hidden layers",
        unit="neurons",
        also=("width", "depth", "neurons", "units", "layers"),
        help="Number of units in each hidden layer.",
    )

    def bind(self, d: int, C: int) -> Network:
        return Perceptron((d, *self.hidden, _several(C)))


def _several(C: int) -> int:
    if C < 2:
        raise ValueError("y: has one label only, so there is nothing for a classifier to learn")
    return C


class Room(Workspace):
    """Activations, their gradients, and views of all buffers for each number of clients at work.

    The views are made once and kept: in a step of ten clients, slicing would cost as much as the
    arithmetic.
    """

    def __init__(self, network: Perceptron, K: int, B: int, inputs: int, dtype: Any) -> None:
        self.network = network
        hidden = network.sizes[1:-1]
        self.W = np.empty((K, network.P), dtype)
        self.G = np.empty((K, network.P), dtype)
        self.X = np.empty((K, B, inputs), dtype)
        # Hidden activations carry a row of ones, the input of the next layer's biases.
        self.H = [np.ones((K, width + 1, B), dtype) for width in hidden]
        # So do their gradients and masks, to be multiplied whole: numpy is slow on parts of arrays.
        self.dH = [np.zeros_like(H) for H in self.H]
        self.masks = [np.empty_like(H) for H in self.H]  # 1 where active, else 0
        # The logits lie class by class: softmax reduces over rows of all clients and examples.
        # Those of k clients fill the beginning, (C, k, B), and leave no gaps between them.
        self.flat = np.empty(network.C * K * B, dtype)
        self.reduced = np.empty((K, B), dtype)
        self._views: dict[int, Any] = {}

    def targets(self, labels: Array, seat: Array, seats: Array) -> Array:
        """Where in the flattened logits (C, k, B) each example's own class stands."""
        where: Array = labels * seats + seat
        return where

    def views(self, k: int) -> Any:
        if k not in self._views:
            weights, (_, B, _) = self.network.layers(self.W[:k]), self.X.shape
            Z = self.flat[: self.network.C * k * B].reshape(-1, k, B)
            self._views[k] = (
                weights,
                [layer[:, :, :-1].transpose(0, 2, 1) for layer in weights],  # to go back through
                self.network.layers(self.G[:k]),
                [self.X[:k], *(H[:k].transpose(0, 2, 1) for H in self.H)],  # inputs, (k, B, in + 1)
                [
                    self.X[:k].transpose(0, 2, 1),
                    *(H[:k] for H in self.H),
                ],  # the same, feature-major
                [(H[:k], H[:k, :-1]) for H in self.H],  # with the row of ones, and without it
                [(dH[:k], dH[:k, :-1]) for dH in self.dH],
                [mask[:k] for mask in self.masks],
                Z,
                Z.transpose(1, 0, 2),
                self.reduced[:k],
            )
        return self._views[k]

    def gradient(self, k: int, targets: Array, scale: Array | float) -> None:
        weights, back, grads, inputs, columns, H, dH, masks, Z, by_client, reduced = self.views(k)
        for layer, below, (whole, out), mask in zip(weights, columns, H, masks, strict=False):
            np.matmul(layer, below, out=out)
            np.greater(whole, 0, out=mask)  # the rectifier as a product: its mask is needed below
            np.multiply(whole, mask, out=whole)

        np.matmul(weights[-1], columns[-1], out=by_client)
        np.maximum.reduce(Z, axis=0, out=reduced)
        np.subtract(Z, reduced, out=Z)
        np.exp(Z, out=Z)
        np.add.reduce(Z, axis=0, out=reduced)
        # The gradient of the loss by the logits: softmax minus the truth, scaled by example.
        np.divide(scale, reduced, out=reduced)
        np.multiply(Z, reduced, out=Z)
        self.flat[targets] -= scale

        above = by_client
        for i in range(len(H), 0, -1):
            np.matmul(above, inputs[i], out=grads[i])
            whole, out = dH[i - 1]
            np.matmul(back[i], above, out=out)
            np.multiply(whole, masks[i - 1], out=whole)
            above = out
        np.matmul(above, inputs[0], out=grads[0])


class Perceptron(Network):
    """Layers of weights (out, in + 1), the last column the bias, laid end to end in a row of P."""

    def __init__(self, sizes: tuple[int, ...]) -> None:
        self.sizes = sizes
        self.C = sizes[-1]
        if self.C < 2:
            raise ValueError(
                f"labels: there is only {self.C} class in these data; a classifier needs at least 2"
            )
        self.shapes = [(out, into + 1) for into, out in itertools.pairwise(sizes)]
        ends = np.cumsum([0] + [out * into for out, into in self.shapes]).tolist()
        self.spans = tuple(itertools.pairwise(ends))
        self.P = ends[-1]
        self.multiply_adds = self.P

    def layers(self, W: Array) -> list[Array]:
        """Each layer's weights as a view: W (..., P) -> [(..., out, in + 1)]."""
        lead = W.shape[:-1]
        return [
            W[..., a:b].reshape(*lead, *shape)
            for (a, b), shape in zip(self.spans, self.shapes, strict=True)
        ]

    def init(self, rng: np.random.Generator) -> Array:
        """Zeros for softmax regression; with hidden layers, Glorot & Bengio 2010, eq. 16."""
        w = np.zeros(self.P)
        if len(self.shapes) > 1:
            for layer in self.layers(w):
                out, into = layer.shape
                bound = math.sqrt(6 / (into - 1 + out))
                layer[:, :-1] = rng.uniform(-bound, bound, (out, into - 1))
        return w

    def workspace(self, K: int, B: int, inputs: int, dtype: Any) -> Room:
        return Room(self, K, B, inputs, dtype)

    def outputs(self, W: Array, X: Array) -> Array:
        layers = self.layers(W)
        A = np.swapaxes(X, -1, -2)  # feature-major from here on
        for weights in layers[:-1]:
            H = np.empty((*W.shape[:-1], weights.shape[-2] + 1, A.shape[-1]), X.dtype)
            H[..., -1, :] = 1
            np.matmul(weights, A, out=H[..., :-1, :])
            H *= H > 0  # whole, as in training: ones stay ones
            A = H
        logits: Array = np.swapaxes(layers[-1] @ A, -1, -2)
        return logits

    def right(self, outputs: Array, y: Array) -> Array:
        Z = np.swapaxes(outputs, -1, -2)  # as `outputs` lays them: class by class
        top = np.maximum.reduce(Z, axis=-2)[..., None, :]
        # argmax would go example by example, and take three times as long. What it finds is the
        # first of the largest: that with the most classes from it on.
        C = outputs.shape[-1]
        left = np.arange(C, 0, -1, dtype=np.min_scalar_type(C))[:, None]
        hits: Array = np.maximum.reduce(np.equal(Z, top) * left, axis=-2) == C - y
        lost = unanswered(outputs)
        return hits if lost is None else np.where(lost, np.nan, hits)

    def loss(self, outputs: Array, y: Array) -> Array:
        Z = np.swapaxes(outputs, -1, -2)  # as `outputs` lays them: sums go class by class
        top = np.maximum.reduce(Z, axis=-2)
        below = Z - top[..., None, :]
        total = np.add.reduce(np.exp(below, out=below), axis=-2)
        own = Z[..., y, np.arange(len(y))]
        nats: Array = np.log(total) + (top - own)
        return nats
