"""Two loops in plain numpy that `benchmarks/speed.py` compares the engine with.

`plain` is the loop that people write first: one client and one batch at a time, as in
`fedplay/plain.py`, each client's shuffle from a generator of its own so that a run can be repeated
as the engine's can, and the accuracy and loss of every client measured one by one.

`tuned` is as fast as such a loop becomes without giving up its shape: biases apart so that no
column of ones is glued on, one generator for everything, and accuracy only.

Both are float32 and return the final accuracy on the test set.
"""

from __future__ import annotations

import itertools

import numpy as np

from fedplay.plain import local_sgd


def with_ones(X):
    return np.column_stack([X, np.ones(len(X), X.dtype)])


class Plain:
    """A perceptron on a flat parameter vector; no hidden layer is softmax regression."""

    def __init__(self, sizes):
        self.shapes = [(b, a + 1) for a, b in itertools.pairwise(sizes)]

    def init(self, rng):
        parts = [rng.normal(0, 1 / np.sqrt(shape[1]), shape).ravel() for shape in self.shapes]
        return np.concatenate(parts).astype(np.float32)

    def layers(self, w):
        out, at = [], 0
        for shape in self.shapes:
            size = shape[0] * shape[1]
            out.append(w[at : at + size].reshape(shape))
            at += size
        return out

    def forward(self, w, X):
        layers, inputs = self.layers(w), [with_ones(X)]
        for W in layers[:-1]:
            inputs.append(with_ones(np.maximum(inputs[-1] @ W.T, 0)))
        return layers, inputs, inputs[-1] @ layers[-1].T

    def gradient(self, w, X, y):
        layers, inputs, logits = self.forward(w, X)
        p = np.exp(logits - logits.max(axis=1, keepdims=True))
        p /= p.sum(axis=1, keepdims=True)
        p[np.arange(len(y)), y] -= 1
        delta, grads = p / np.float32(len(y)), []
        for W, H in zip(reversed(layers), reversed(inputs), strict=True):
            grads.append((delta.T @ H).ravel())
            delta = ((delta @ W) * (H > 0))[:, :-1]
        return np.concatenate(grads[::-1])

    def evaluate(self, w, X, y):
        logits = self.forward(w, X)[2]
        logits = logits - logits.max(axis=1, keepdims=True)
        loss = np.log(np.exp(logits).sum(axis=1)) - logits[np.arange(len(y)), y]
        return (logits.argmax(axis=1) == y).mean(), loss.mean()


def plain(clients, held, test, sizes, *, rounds, epochs, batch, lr, seed):
    model = Plain(sizes)
    w = model.init(np.random.default_rng(seed))
    for r in range(rounds):
        models, weights = [], []
        for k, (X, y) in enumerate(clients):
            rng = np.random.default_rng([seed, r, k])
            order = [rng.permutation(len(y)) for _ in range(epochs)]
            models.append(local_sgd(w, X, y, order, batch, np.float32(lr), model.gradient))
            weights.append(len(y))
        w = np.average(models, axis=0, weights=weights).astype(np.float32)
        score = model.evaluate(w, *test)
        for X, y in held:
            model.evaluate(w, X, y)
    return score[0]


class Tuned:
    """A perceptron as a list of (weights, bias)."""

    def __init__(self, sizes, rng):
        self.first = [
            (rng.normal(0, 1 / np.sqrt(a), (a, b)).astype(np.float32), np.zeros(b, np.float32))
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
        G = inputs[-1] @ W + b
        G = np.exp(G - G.max(axis=1, keepdims=True))
        G /= G.sum(axis=1, keepdims=True)
        G[np.arange(len(y)), y] -= 1
        G /= len(y)
        out = []
        for (W, b), H in zip(reversed(layers), reversed(inputs), strict=True):
            dW, db = H.T @ G, G.sum(axis=0)
            if H is not X:
                G = (G @ W.T) * (H > 0)
            out.append((W - lr * dW, b - lr * db))
        return out[::-1]


def tuned(clients, held, test, sizes, *, rounds, epochs, batch, lr, seed):
    rng = np.random.default_rng(seed)
    model = Tuned(sizes, rng)
    layers, lr = model.first, np.float32(lr)
    total = sum(len(y) for _, y in clients)
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
        accuracy = [(model.logits(layers, X).argmax(axis=1) == y).mean() for X, y in [test, *held]]
    return accuracy[0]
