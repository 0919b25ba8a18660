"""Personalization as the papers write it: one client and one batch at a time, in float64.

Like `tests/support/papers.py`, whose `Given` says what a method does not decide itself. Every
function returns the model that the server has at the end, and each client's own, (N, P).
"""

from __future__ import annotations

import itertools
from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fedplay.streams import Purpose
from tests.support.papers import Given, mean

Array = NDArray[Any]
Pair = tuple[Array, Array]


def train(g: Given, w: Array, r: int, k: int, lead: Callable[[Array], Array]) -> Array:
    """Client k's local steps in a round; `lead(w)` is added to each gradient."""
    for X, y in g.batches(r, k):
        w = w - g.lr * (g.gradient(w, X, y) + lead(w))
    return w


def nothing(w: Array) -> Array:
    return np.zeros_like(w)


def ditto(g: Given, lam: float) -> Pair:
    """Li et al. 2021, Algorithm 1: v_k ← v_k − η(∇F_k(v_k) + λ(v_k − wᵗ)); w as in FedAvg."""
    w, v = g.start, [g.start] * g.N
    for r, S in g.cohorts():
        sent, models = w, []
        for k in S:
            models.append(train(g, sent, r, k, nothing))
            v[k] = train(g, v[k], r, k, lambda u, sent=sent: lam * (u - sent))
        if S:
            w = mean(models, [g.p(k) for k in S])
    return w, np.array(v)


def interpolation(g: Given, alpha: float) -> Pair:
    """Mansour et al. 2020, section 5: α h_k + (1 − α) w, h_k trained by client k alone."""
    w, v = ditto(g, 0.0)
    return w, alpha * v + (1 - alpha) * w


def apfl(g: Given, alpha: float) -> Pair:
    """Deng et al. 2020, Algorithm 1 with α fixed; v̄ = α v + (1 − α) w."""
    w, v = g.start, [g.start] * g.N
    for r, S in g.cohorts():
        models = []
        for k in S:
            wk = w
            for X, y in g.batches(r, k):
                mixed = alpha * v[k] + (1 - alpha) * wk
                wk = wk - g.lr * g.gradient(wk, X, y)
                v[k] = v[k] - g.lr * alpha * g.gradient(mixed, X, y)  # ∇_v f(v̄) = α ∇f(v̄)
            models.append(wk)
        if S:
            w = mean(models, [g.p(k) for k in S])
    return w, alpha * np.array(v) + (1 - alpha) * w


def fedper(g: Given, body: int) -> Pair:
    """Arivazhagan et al. 2019, Algorithm 1: the first `body` parameters are shared."""
    base, heads = g.start[:body], [g.start[body:]] * g.N
    for r, S in g.cohorts():
        bases = []
        for k in S:
            wk = train(g, np.concatenate([base, heads[k]]), r, k, nothing)
            heads[k] = wk[body:]
            bases.append(wk[:body])
        if S:
            base = mean(bases, [g.p(k) for k in S])
    return _joined(g, base, heads)


def fedrep(g: Given, body: int, body_epochs: int) -> Pair:
    """Collins et al. 2021, Algorithm 1: the head's steps first, then the body's."""
    base, heads = g.start[:body], [g.start[body:]] * g.N
    for r, S in g.cohorts():
        bases = []
        for k in S:
            wk = np.concatenate([base, heads[k]])
            for X, y in g.batches(r, k):
                wk[body:] = wk[body:] - g.lr * g.gradient(wk, X, y)[body:]
            for X, y in g._batches(*g.clients[k], r, k, body_epochs):
                wk[:body] = wk[:body] - g.lr * g.gradient(wk, X, y)[:body]
            heads[k] = wk[body:]
            bases.append(wk[:body])
        if S:
            base = mean(bases, [g.p(k) for k in S])
    return _joined(g, base, heads)


def _joined(g: Given, base: Array, heads: list[Array]) -> Pair:
    server = np.concatenate([base, g.start[len(base) :]])
    return server, np.array([np.concatenate([base, head]) for head in heads])


def pfedme(g: Given, lam: float, K: int) -> Pair:
    """Dinh et al. 2020, Algorithm 1 with β = 1: θ by K steps on a batch, w ← w − ηλ(w − θ)."""
    w, own = g.start, {}
    for r, S in g.cohorts():
        models = []
        for k in S:
            wk = w
            for X, y in g.batches(r, k):
                theta = wk
                for _ in range(K):
                    theta = theta - g.lr * (g.gradient(theta, X, y) + lam * (theta - wk))
                wk = wk - g.lr * lam * (wk - theta)
            own[k] = theta
            models.append(wk)
        if S:
            w = mean(models, [g.p(k) for k in S])
    return w, np.array([own.get(k, w) for k in range(g.N)])


def perfedavg(g: Given, alpha: float) -> Pair:
    """Fallah et al. 2020, Algorithm 1 with the Hessian left out, D′ drawn independently of D."""
    w = g.start
    for r, S in g.cohorts():
        models = []
        for k in S:
            wk, (X, y) = w, g.clients[k]
            rng = g.streams.at(Purpose.AGAIN, r, k)
            orders = [rng.permutation(len(y)) for _ in range(g.rounds[r - 1][k])]
            cuts = range(0, len(y), g.B)
            others = [(X[o[i : i + g.B]], y[o[i : i + g.B]]) for o in orders for i in cuts]
            for one, other in zip(g.batches(r, k), others, strict=True):
                ahead = wk - alpha * g.gradient(wk, *one)
                wk = wk - g.lr * g.gradient(ahead, *other)
            models.append(wk)
        if S:
            w = mean(models, [g.p(k) for k in S])
    return w, np.repeat(w[None], g.N, axis=0)


def ifca(g: Given, models: list[Array], loss: Callable[[Array, Array, Array], float]) -> Pair:
    """Ghosh et al. 2020, Algorithm 1, option II: argmin_j F_k(θ_j), then the mean of each."""
    w = g.start
    for r, S in g.cohorts():
        chosen: dict[int, list[tuple[Array, int]]] = {}
        for k in S:
            j = int(np.argmin([loss(theta, *g.clients[k]) for theta in models]))
            chosen.setdefault(j, []).append((train(g, models[j], r, k, nothing), g.p(k)))
        for j, those in chosen.items():
            models[j] = mean([m for m, _ in those], [n for _, n in those])
        if chosen:
            w = models[max(sorted(chosen), key=lambda j: sum(n for _, n in chosen[j]))]
    own = []
    for k in range(g.N):
        losses = [loss(theta, *g.clients[k]) if g.n(k) else 0.0 for theta in models]
        own.append(models[int(np.argmin(losses))])
    return w, np.array(own)


def cross_entropy(sizes: tuple[int, ...]) -> Callable[[Array, Array, Array], float]:
    """The mean loss of a perceptron with layers of these sizes, example by example."""

    def loss(w: Array, X: Array, y: Array) -> float:
        total = 0.0
        for x, label in zip(X, y, strict=True):
            h, at = x, 0
            pairs = list(itertools.pairwise(sizes))
            for i, (a, b) in enumerate(pairs):
                layer = w[at : at + b * (a + 1)].reshape(b, a + 1)
                at += b * (a + 1)
                h = layer[:, :-1] @ h + layer[:, -1]
                if i < len(pairs) - 1:
                    h = np.maximum(h, 0)
            total += np.log(np.exp(h - h.max()).sum()) + h.max() - h[label]
        return total / len(y)

    return loss
