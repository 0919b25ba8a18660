"""Softmax regression, and the multilayer perceptron of which it is the one without hidden layer.

Activations are kept feature-major, (K, features, B): the softmax then adds along rows that lie
side by side in memory, and every layer is one `np.matmul` over all clients at once.
"""

from __future__ import annotations

import itertools
import math
from dataclasses import dataclass
from typing import Any

import numpy as np

from fedplay.knobs import knob
from fedplay.models.base import Array, Model, Network, Workspace, unanswered


@dataclass(frozen=True)
class Softmax(Model):
    """Multinomial logistic regression: convex, so every run has one best model."""

    def bind(self, d: int, C: int) -> Network:
        return Perceptron((d, _several(C)))


@dataclass(frozen=True)
class MLP(Model):
    """A perceptron with rectified hidden layers (ReLU) and a softmax on top."""

    hidden: tuple[int, ...] = knob(
        (64,),
        1,
        1024,
        label="Hidden layers",
        unit="neurons",
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
        self.dH = [np.empty((K, width, B), dtype) for width in hidden]
        self.masks = [np.empty((K, width, B), dtype) for width in hidden]  # 1 where active, else 0
        # The logits lie class by class: softmax reduces over rows of all clients and examples.
        self.Z = np.empty((network.C, K, B), dtype)
        self.flat = self.Z.reshape(-1)
        self.reduced = np.empty((K, B), dtype)
        self.corner = np.arange(K * B).reshape(K, B)
        self._views: dict[int, Any] = {}

    def targets(self, labels: Array, client: Array) -> Array:
        """Where in the flattened logits (C, K, B) each example's own class stands."""
        where: Array = labels * self.corner.size + self.corner[client]
        return where

    def views(self, k: int) -> Any:
        if k not in self._views:
            weights = self.network.layers(self.W[:k])
            self._views[k] = (
                weights,
                [layer[:, :, :-1].transpose(0, 2, 1) for layer in weights],  # to go back through
                self.network.layers(self.G[:k]),
                [self.X[:k], *(H[:k].transpose(0, 2, 1) for H in self.H)],  # inputs, (k, B, in + 1)
                [
                    self.X[:k].transpose(0, 2, 1),
                    *(H[:k] for H in self.H),
                ],  # the same, feature-major
                [H[:k, :-1] for H in self.H],
                [dH[:k] for dH in self.dH],
                [mask[:k] for mask in self.masks],
                self.Z[:, :k],
                self.Z[:, :k].transpose(1, 0, 2),
                self.reduced[:k],
            )
        return self._views[k]

    def gradient(self, k: int, targets: Array, scale: Array | float) -> None:
        weights, back, grads, inputs, columns, H, dH, masks, Z, by_client, reduced = self.views(k)
        for layer, below, out, mask in zip(weights, columns, H, masks, strict=False):
            np.matmul(layer, below, out=out)
            np.greater(out, 0, out=mask)  # the rectifier as a product: its mask is needed below
            np.multiply(out, mask, out=out)

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
            np.matmul(back[i], above, out=dH[i - 1])
            np.multiply(dH[i - 1], masks[i - 1], out=dH[i - 1])
            above = dH[i - 1]
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
            H[..., :-1, :] *= H[..., :-1, :] > 0
            A = H
        logits: Array = np.swapaxes(layers[-1] @ A, -1, -2)
        return logits

    def right(self, outputs: Array, y: Array) -> Array:
        hits: Array = outputs.argmax(axis=-1) == y
        lost = unanswered(outputs)
        return hits if lost is None else np.where(lost, np.nan, hits)

    def loss(self, outputs: Array, y: Array) -> Array:
        Z = np.swapaxes(outputs, -1, -2)  # as `outputs` lays them: sums go class by class
        top = np.maximum.reduce(Z, axis=-2)
        total = np.add.reduce(np.exp(Z - top[..., None, :]), axis=-2)
        own = Z[..., y, np.arange(len(y))]
        nats: Array = np.log(total) + (top - own)
        return nats
