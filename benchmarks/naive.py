"""The loop that people write first, in plain numpy: one client, one batch at a time.

It is what `benchmarks/speed.py` compares the engine with, so it is written as well as that loop
can be: float32, buffers where they are natural, one evaluation of all examples a client holds out.
"""

from __future__ import annotations

import itertools

import numpy as np


def softmax(Z):
    Z = np.exp(Z - Z.max(axis=1, keepdims=True))
    return Z / Z.sum(axis=1, keepdims=True)


class Model:
    """A perceptron as a list of (weights, bias); no hidden layer is softmax regression."""

    def __init__(self, sizes, rng):
        self.layers = [
            (
                rng.uniform(-1, 1, (a, b)).astype(np.float32) * np.float32(np.sqrt(6 / (a + b))),
                np.zeros(b, np.float32),
            )
            for a, b in itertools.pairwise(sizes)
        ]

    def logits(self, layers, X):
        for W, b in layers[:-1]:
            X = np.maximum(X @ W + b, 0)
        W, b = layers[-1]
        return X @ W + b

    def step(self, layers, X, y, lr):
        inputs = [X]
        for W, b in layers[:-1]:
            inputs.append(np.maximum(inputs[-1] @ W + b, 0))
        W, b = layers[-1]
        G = softmax(inputs[-1] @ W + b)
        G[np.arange(len(y)), y] -= 1
        G /= len(y)
        out = []
        for (W, b), H in zip(reversed(layers), reversed(inputs), strict=True):
            dW, db = H.T @ G, G.sum(axis=0)
            if H is not X:
                G = (G @ W.T) * (H > 0)
            out.append((W - lr * dW, b - lr * db))
        return out[::-1]


def fedavg(clients, held, X_test, y_test, sizes, *, rounds, epochs, batch, lr, seed):
    """Accuracy on the test set and on each client's held-out data, before and after each round."""
    rng = np.random.default_rng(seed)
    lr = np.float32(lr)
    model = Model(sizes, rng)
    layers = model.layers
    total = sum(len(y) for _, y in clients)
    curve = []

    def evaluate():
        accuracy = (model.logits(layers, X_test).argmax(axis=1) == y_test).mean()
        each = [(model.logits(layers, X).argmax(axis=1) == y).mean() for X, y in held]
        curve.append((accuracy, each))

    evaluate()
    for _ in range(rounds):
        mean = [(np.zeros_like(W), np.zeros_like(b)) for W, b in layers]
        for X, y in clients:
            local = layers
            for _ in range(epochs):
                order = rng.permutation(len(y))
                for start in range(0, len(y), batch):
                    rows = order[start : start + batch]
                    local = model.step(local, X[rows], y[rows], lr)
            share = np.float32(len(y) / total)
            mean = [
                (A + share * W, a + share * b) for (A, a), (W, b) in zip(mean, local, strict=True)
            ]
        layers = mean
        evaluate()
    return curve
