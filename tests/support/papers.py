"""The methods as their papers write them: one client and one batch at a time, in float64.

Each function is a whole algorithm, with the paper's own letters and the line or equation beside
the code; nothing of the engine is used. `given` gathers what a method does not decide itself: the
data, the first model, who comes to a round, how long each works, and in which order it looks at
its examples. All that is drawn comes from the streams that the engine draws from.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fedplay.engine.loop import Run
from fedplay.streams import Purpose, Streams
from tests.support.reference import hidden, perceptron_gradient

Array = NDArray[Any]


@dataclass(frozen=True)
class Given:
    clients: list[tuple[Array, Array]]  # each one's (X, y)
    start: Array  # the first model, (P,)
    rounds: list[dict[int, int]]  # of each round: the local epochs of every client that comes
    streams: Streams
    B: int  # batch size
    lr: float
    gradient: Callable[[Array, Array, Array], Array]  # of the mean loss of a batch: (w, X, y)
    alike: bool = False  # whether clients count alike in averages, or by their examples

    @property
    def N(self) -> int:
        return len(self.clients)

    def n(self, k: int) -> int:
        return len(self.clients[k][1])

    def p(self, k: int) -> int:
        """Client k's weight in averages."""
        return min(self.n(k), 1) if self.alike else self.n(k)

    @property
    def total(self) -> int:
        """What 1/N divides by: all clients where they count alike, else all examples."""
        return self.N if self.alike else sum(map(self.n, range(self.N)))

    def cohorts(self) -> Iterator[tuple[int, list[int]]]:
        """(r, S): the rounds and who takes part; a client without examples has nothing to say."""
        for r, epochs in enumerate(self.rounds, start=1):
            yield r, [k for k in epochs if self.n(k) > 0]

    def batches(self, r: int, k: int) -> list[tuple[Array, Array]]:
        """Client k's mini-batches in round r, one for each of its local steps."""
        return self._batches(*self.clients[k], r, k, self.rounds[r - 1][k])

    def batches_of_all(self, r: int, S: list[int]) -> list[tuple[Array, Array]]:
        """Mini-batches of everybody's examples thrown together, shuffled by one stream."""
        X, y = (np.concatenate(both) for both in zip(*(self.clients[k] for k in S), strict=True))
        return self._batches(X, y, r, 0, max(self.rounds[r - 1].values()))

    def _batches(
        self, X: Array, y: Array, r: int, k: int, epochs: int
    ) -> list[tuple[Array, Array]]:
        rng = self.streams.at(Purpose.SHUFFLE, r, k)
        orders = [rng.permutation(len(y)) for _ in range(epochs)]
        cuts = range(0, len(y), self.B)
        return [(X[o[i : i + self.B]], y[o[i : i + self.B]]) for o in orders for i in cuts]

    def full_gradient(self, w: Array, k: int) -> Array:
        """∇F_k(w), over all examples of client k."""
        return self.gradient(w, *self.clients[k])


# What the papers' averages say; all others are by examples. The third is a slot beside another.
ALIKE = {"scaffold", "feddyn", "fedrep", "pfedme", "perfedavg", "ifca"}, "apfl"


def given(exp: Any, federation: Any = None, gradient: Any = None) -> Given:
    """What an experiment gives to its method."""
    run = Run(exp, federation)
    fed, exp = run.federation, run.exp
    rounds = []
    for r in range(1, exp.rounds + 1):
        epochs = {}
        for k in run.schedule.choose(r, fed.clients, run.streams).tolist():
            coin = run.streams.at(Purpose.STRAGGLERS, r, k)
            late = coin.random() < exp.stragglers  # Li et al. 2020, section 5.2
            if not late:
                epochs[k] = exp.in_force("local_epochs")
            elif exp.partial_work == "kept":
                epochs[k] = int(coin.integers(1, exp.in_force("local_epochs") + 1))
        rounds.append(epochs)
    return Given(
        clients=[(fed.X[i], fed.y[i]) for i in map(fed.train.of, range(fed.clients))],
        start=run.initial(),
        rounds=rounds,
        streams=Streams(exp.seed),
        B=exp.in_force("batch_size") or 10**9,
        lr=exp.learning_rate,
        alike=exp.weights == "clients" or (exp.weights == "paper" and _alike(exp)),
        gradient=gradient or perceptron_gradient((fed.d, *hidden(exp), fed.C)),
    )


def _alike(exp: Any) -> bool:
    algorithms, personal = ALIKE
    return exp.algorithm in algorithms or exp.personal == personal


def mean(rows: list[Array], weights: list[float]) -> Array:
    return np.average(rows, axis=0, weights=weights)


# --- What clients do -----------------------------------------------------------------------------


def fedavg(g: Given) -> Array:
    """McMahan et al. 2017, Algorithm 1."""
    w = g.start
    for r, S in g.cohorts():
        models = []
        for k in S:
            wk = w
            for X, y in g.batches(r, k):
                wk = wk - g.lr * g.gradient(wk, X, y)  # ClientUpdate: w ← w − η∇ℓ(w; b)
            models.append(wk)
        if S:
            w = mean(models, [g.p(k) for k in S])  # w_{t+1} ← Σ n_k/n w^k_{t+1}
    return w


def fedsgd(g: Given) -> Array:
    """McMahan et al. 2017, section 2: one gradient of everything, w ← w − η Σ n_k/n g_k."""
    w = g.start
    for _, S in g.cohorts():
        if S:
            w = w - g.lr * mean([g.full_gradient(w, k) for k in S], [g.p(k) for k in S])
    return w


def centralised(g: Given) -> Array:
    """Plain SGD on the examples of all who came, as if they lay on one machine."""
    w = g.start
    for r, S in g.cohorts():
        for X, y in g.batches_of_all(r, S) if S else ():
            w = w - g.lr * g.gradient(w, X, y)
    return w


def fedprox(g: Given, mu: float) -> Array:
    """Li et al. 2020, Algorithm 2; a straggler's w_k^{t+1} is what its fewer epochs come to.

    The average is FedAvg's, weighted by n_k, as in the other methods here: the paper draws devices
    with probability p_k instead, and averages them plainly.
    """
    wt = g.start
    for r, S in g.cohorts():
        models = []
        for k in S:
            w = wt
            for X, y in g.batches(r, k):
                # w_k^{t+1} ≈ argmin_w h_k(w; w^t) = F_k(w) + μ/2 ‖w − w^t‖²
                w = w - g.lr * (g.gradient(w, X, y) + mu * (w - wt))
            models.append(w)
        if S:
            wt = mean(models, [g.p(k) for k in S])
    return wt


def scaffold(g: Given, option: str) -> Array:
    """Karimireddy et al. 2020, Algorithm 1, with η_g = 1; p is 1 there, whatever n_k."""
    x, c = g.start, np.zeros_like(g.start)
    ci = [np.zeros_like(g.start) for _ in range(g.N)]
    for r, S in g.cohorts():
        dy, dc = [], []
        for i in S:
            y, K = x, 0  # line 7
            for X, labels in g.batches(r, i):
                y = y - g.lr * (g.gradient(y, X, labels) - ci[i] + c)  # line 10
                K += 1
            if option == "I":
                fresh = g.full_gradient(x, i)  # line 12 (i): g_i(x), one more pass over the data
            else:
                fresh = ci[i] - c + (x - y) / (K * g.lr)  # line 12 (ii)
            dy.append(y - x)
            dc.append(fresh - ci[i])
            ci[i] = fresh  # line 14
        if S:
            p = [g.p(i) for i in S]
            x = x + mean(dy, p)  # lines 16 and 17
            c = c + sum(pi * d for pi, d in zip(p, dc, strict=True)) / g.total
    return x


def feddyn(g: Given, alpha: float) -> Array:
    """Acar et al. 2021, Algorithm 1, its argmin by local SGD; p is 1 there."""
    theta, h = g.start, np.zeros_like(g.start)
    grad = [np.zeros_like(g.start) for _ in range(g.N)]  # ∇L_k(θ_k^t), the device's own estimate
    for r, P in g.cohorts():
        models = []
        for k in P:
            own = theta
            for X, y in g.batches(r, k):
                # θ_k^t = argmin L_k(θ) − ⟨∇L_k(θ_k^{t−1}), θ⟩ + α/2 ‖θ − θ^{t−1}‖²
                own = own - g.lr * (g.gradient(own, X, y) - grad[k] + alpha * (own - theta))
            grad[k] = grad[k] - alpha * (own - theta)
            models.append(own)
        if P:
            p = [g.p(k) for k in P]
            h = h - alpha / g.total * sum(pk * (m - theta) for pk, m in zip(p, models, strict=True))
            theta = mean(models, p) - h / alpha
    return theta


def fednova(g: Given) -> Array:
    """Wang et al. 2020, section 4, with plain SGD on the clients: a_i is a vector of τ_i ones."""
    x = g.start
    for r, S in g.cohorts():
        directions, tau = [], []
        for i in S:
            xi, G = x, []
            for X, y in g.batches(r, i):
                G.append(g.gradient(xi, X, y))
                xi = xi - g.lr * G[-1]
            tau.append(len(G))
            directions.append(sum(G) / len(G))  # d_i = G_i a_i / ‖a_i‖₁
        if S:
            p = [g.p(i) / sum(map(g.p, S)) for i in S]
            tau_eff = sum(pi * ti for pi, ti in zip(p, tau, strict=True))  # Σ p_i ‖a_i‖₁
            # x ← x − τ_eff Σ p_i · η d_i
            x = x - tau_eff * sum(pi * g.lr * di for pi, di in zip(p, directions, strict=True))
    return x


def dp_fedavg(g: Given, q: float, S: float, z: float) -> Array:
    """McMahan et al. 2018, Algorithm 1, with equal weights, the estimator f̃_f and flat clipping."""
    w = g.start
    for r, C in g.cohorts():
        total = np.zeros_like(w)
        for k in C:
            wk = w
            for X, y in g.batches(r, k):
                wk = wk - g.lr * g.gradient(wk, X, y)
            update = wk - w
            total = total + update * min(1.0, S / np.linalg.norm(update))
        sigma = z * S / (q * g.N)
        noise = g.streams.at(Purpose.NOISE, r).normal(0, sigma, len(w))
        w = w + total / (q * g.N) + noise
    return w


# --- What the server does: w ← w + something of Δ_t, the average update of FedAvg's clients -----


def server(g: Given, optimiser: Callable[[Array, Array], Array]) -> Array:
    """Reddi et al. 2021, Algorithm 1 (FedOpt), the client's optimiser plain SGD.

    Δ_t is weighted by p_k, n_k in their footnote and experiments. A round in which nobody comes has
    Δ_t = 0: the optimiser is asked all the same.
    """
    x = g.start
    for r, S in g.cohorts():
        delta = np.zeros_like(x)
        for k in S:
            xk = x
            for X, y in g.batches(r, k):
                xk = xk - g.lr * g.gradient(xk, X, y)
            delta = delta + g.p(k) / sum(map(g.p, S)) * (xk - x)
        x = optimiser(x, delta)
    return x


class FedAvgM:
    """Hsu et al. 2019, section 4.3: v ← βv + Δw, w ← w − v, where their Δw is −Δ_t."""

    def __init__(self, beta: float, rate: float = 1.0) -> None:
        self.beta, self.rate, self.v = beta, rate, 0.0

    def __call__(self, x: Array, delta: Array) -> Array:
        self.v = self.beta * self.v + delta
        return x + self.rate * self.v


class Adaptive:
    """Reddi et al. 2021, Algorithm 2: no bias correction, and v_{−1} = τ²."""

    def __init__(self, rate: float, tau: float, beta1: float = 0.0, beta2: float = 0.0) -> None:
        self.rate, self.tau, self.beta1, self.beta2 = rate, tau, beta1, beta2
        self.m: Any = 0.0
        self.v: Any = tau**2

    def __call__(self, x: Array, delta: Array) -> Array:
        self.m = self.beta1 * self.m + (1 - self.beta1) * delta
        self.v = self.second(delta**2)
        return x + self.rate * self.m / (np.sqrt(self.v) + self.tau)

    def second(self, squared: Array) -> Array:
        raise NotImplementedError


class FedAdagrad(Adaptive):
    def second(self, squared: Array) -> Array:
        return self.v + squared


class FedYogi(Adaptive):
    def second(self, squared: Array) -> Array:
        return self.v - (1 - self.beta2) * squared * np.sign(self.v - squared)


class FedAdam(Adaptive):
    def second(self, squared: Array) -> Array:
        return self.beta2 * self.v + (1 - self.beta2) * squared
