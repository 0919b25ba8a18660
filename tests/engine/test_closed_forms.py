"""Quadratics f_k(w) = ½ a_k (w − x_k)², where every step can be written down.

With K local steps of size η from w, along a (w' − x) + pull (w' − w) + shift, a client moves by

    u = (s/a) · (a (x − w) − shift),   s = a/(a + pull) · (1 − (1 − η (a + pull))^K)

FedAvg (and FedProx, pull μ): a round of full participation maps w to w + Σ p s (x − w), whose fixed
point is Σ p s x / Σ p s: not the optimum Σ p a x / Σ p a, unless K = 1 or all a are equal.

FedNova: unequal steps τ_k in place of K, w + Σ p τ · Σ p (s/τ) (x − w).

SCAFFOLD and FedDyn end at the optimum of the plain mean of clients, Σ a x / Σ a, however many
examples they have: both weigh clients alike, as their papers do (the other choice, of these and of
all others, is in `tests/engine/test_weights.py`).

All p are n_k / Σ n_k, and all steps within what is stable; where a test allows less than
η (a + pull) < 2, it says why.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

import fedplay as fp
from fedplay.engine.loop import Run
from fedplay.knobs import shared
from fedplay.stages.algorithm.fedprox import FedProx
from fedplay.stages.algorithm.scaffold import Scaffold

client = st.tuples(
    st.floats(0.05, 4.0),  # curvature a
    st.floats(-3, 3),  # optimum x
    st.integers(1, 6),  # examples n, the client's weight
)
problem = st.lists(client, min_size=1, max_size=7)
share = st.floats(0.001, 0.99)  # of the largest step that is stable
TWO = [(1.0, -1.0, 1), (4.0, 2.0, 1)]  # the optimum of their sum is 1.4
UNEQUAL = [(1.0, -1.0, 3), (4.0, 2.0, 1)]


def columns(clients):
    """a, x and n, (N,) each."""
    return (np.array(column, dtype=float) for column in zip(*clients, strict=True))


def points(clients):
    """Each client's optimum in two dimensions, (N, 2)."""
    _, x, _ = columns(clients)
    return np.stack([x, 2 * x - 1], axis=1)


def federation(clients):
    rows = [(a, x, 2 * x - 1) for a, x, n in clients for _ in range(n)]
    owner = [k for k, (_, _, n) in enumerate(clients) for _ in range(n)]
    return fp.Federation.from_arrays(rows, np.zeros(len(rows)), owner, test_fraction=0, held_out=0)


def experiment(clients, K, eta, **choices):
    return fp.Experiment(
        **dict(
            data="arrays",
            model="quadratic",
            batch_size=None,
            local_epochs=K,
            learning_rate=eta,
            rounds=1,
            dtype="float64",
        )
        | choices
    ), federation(clients)


def moved(a, K, eta, pull=0.0):
    """s, how much of the way to its own optimum a client goes."""
    return a / (a + pull) * (1 - (1 - eta * (a + pull)) ** K)


def weight_of(clients, weights):
    """p, (N,): by examples, or alike."""
    _, _, n = columns(clients)
    return n if weights == "examples" else np.ones(len(n))


def fixed_point(clients, K, eta, mu=0.0, weights="examples"):
    a, _, _ = columns(clients)
    weight = weight_of(clients, weights) * moved(a, K, eta, mu)
    return weight @ points(clients) / weight.sum()


def plain_optimum(clients, weights="clients"):
    """Of the plain mean of clients, whatever number of examples they have; or by examples."""
    a, _, _ = columns(clients)
    a = a * weight_of(clients, weights)
    return a @ points(clients) / a.sum()


def after_a_round(exp, fed, **state):
    """The state after a round that began with the given one."""
    run = Run(exp, fed)
    begun = run.start()
    for name, value in state.items():
        setattr(begun, name, value)
    run.advance(begun, 1)
    return begun


# --- FedAvg and FedProx --------------------------------------------------------------------------


@dataclass(frozen=True)
class AnyPull(FedProx):
    """FedProx without the bound of its knob, η μ ≤ 1: the formulas hold for all η (a + μ) < 2."""

    mu: float = shared(FedProx, "mu")

    def check(self, learning_rate: float) -> None:
        pass


@settings(max_examples=200)
@given(problem, st.integers(1, 40), share, st.sampled_from([0.0, 0.01, 0.3, 1.0, 5.0]))
def test_a_round_at_the_fixed_point_changes_nothing(clients, K, stable, mu):
    a, _, _ = columns(clients)
    eta = stable * 2 / (a.max() + mu)
    exp, fed = experiment(clients, K, eta, algorithm=AnyPull(mu=mu))
    star = fixed_point(clients, K, eta, mu)
    np.testing.assert_allclose(after_a_round(exp, fed, w=star.copy()).w, star, atol=1e-12)


@settings(max_examples=100)
@given(problem, st.integers(1, 40), share, st.sampled_from([0.0, 0.01, 0.3, 1.0, 5.0]))
def test_a_round_contracts_by_the_factor_on_paper(clients, K, stable, mu):
    a, _, n = columns(clients)
    eta = stable * 2 / (a.max() + mu)
    factor = 1 - n @ moved(a, K, eta, mu) / n.sum()
    assert abs(factor) < 1
    exp, fed = experiment(clients, K, eta, algorithm=AnyPull(mu=mu), rounds=4)
    star = fixed_point(clients, K, eta, mu)
    history = fp.run(exp, fed)
    np.testing.assert_allclose(history.parameters - star, factor**4 * (0 - star), atol=1e-12)
    if mu == 0:
        plain = fp.run(exp.replace(algorithm="fedavg"), fed)
        np.testing.assert_array_equal(plain.parameters, history.parameters)


@pytest.mark.parametrize(
    ("mu", "K", "end"),
    [
        *((0.0, 5, 1.2447), (0.0, 20, 0.8193), (0.0, 100, 0.5045)),
        *((1.0, 5, 1.2462), (1.0, 20, 0.9345), (1.0, 100, 0.8462)),
    ],
)
def test_two_clients_end_where_the_formula_says(mu, K, end):
    exp, fed = experiment(TWO, K, 0.05, algorithm="fedprox", mu=mu, rounds=400)
    assert fp.run(exp, fed).parameters[0] == pytest.approx(end, abs=5e-5)
    assert fixed_point(TWO, K, 0.05, mu)[0] == pytest.approx(end, abs=5e-5)


def test_one_local_step_ends_at_the_true_optimum():
    clients = [(1.0, -1.0, 2), (4.0, 2.0, 1), (0.5, 0.0, 3)]
    exp, fed = experiment(clients, 1, 0.2)
    a, x, n = columns(clients)
    history = fp.run(exp.replace(rounds=800), fed)
    assert history.parameters[0] == pytest.approx((n * a) @ x / (n @ a), abs=1e-9)


# --- FedNova: unequal steps, since batches of B make E ⌈n/B⌉ steps of a client's n examples ------


def steps(clients, E, B=1):
    """τ, (N,)."""
    _, _, n = columns(clients)
    return E * np.ceil(n / B)


def fednova_point(clients, E, eta, B=1, weights="examples"):
    a, _, _ = columns(clients)
    tau = steps(clients, E, B)
    weight = weight_of(clients, weights) * moved(a, tau, eta) / tau
    return weight @ points(clients) / weight.sum()


def nova(clients, E, eta, B=1, **choices):
    return experiment(clients, E, eta, algorithm="fednova", batch_size=B, **choices)


@settings(max_examples=150)
@given(problem, st.integers(1, 8), st.integers(1, 6), share)
def test_fednova_rests_at_its_own_point_and_contracts_by_its_factor(clients, E, B, stable):
    a, _, n = columns(clients)
    p, tau, eta = n / n.sum(), steps(clients, E, B), stable * 2 / a.max()
    factor = 1 - (p @ tau) * (p @ (moved(a, tau, eta) / tau))
    assume(abs(factor) < 1)  # that is Σ pτ · Σ p s/τ < 2
    star = fednova_point(clients, E, eta, B)
    exp, fed = nova(clients, E, eta, B, rounds=4)
    np.testing.assert_allclose(after_a_round(exp, fed, w=star.copy()).w, star, atol=1e-12)
    np.testing.assert_allclose(
        fp.run(exp, fed).parameters - star, factor**4 * (0 - star), atol=1e-12
    )


def test_fednova_tends_to_the_optimum_as_the_step_shrinks_and_fedavg_does_not():
    a, x, n = columns(UNEQUAL)
    optimum = (n * a) @ x / (n @ a)
    off = [abs(fednova_point(UNEQUAL, 4, eta)[0] - optimum) for eta in (0.1, 0.01, 0.001)]
    assert off[0] > 5 * off[1] > 25 * off[2]  # in proportion to η
    assert off[2] < 0.005
    exp, fed = nova(UNEQUAL, 4, 0.001, rounds=3000)
    assert fp.run(exp, fed).parameters[0] == pytest.approx(optimum, abs=0.005)
    hasty = fp.run(exp.replace(algorithm="fedavg"), fed).parameters[0]  # counts n twice
    assert hasty == pytest.approx((n**2 * a) @ x / (n**2 @ a), abs=0.01)
    assert abs(hasty - optimum) > 0.5


@settings(max_examples=50)
@given(problem, st.integers(1, 20), share)
def test_fednova_at_equal_steps_is_fedavg(clients, K, stable):
    a, _, _ = columns(clients)
    exp, fed = experiment(clients, K, stable * 2 / a.max(), algorithm="fednova", rounds=3)
    plain = fp.run(exp.replace(algorithm="fedavg"), fed)
    np.testing.assert_allclose(fp.run(exp, fed).parameters, plain.parameters, atol=1e-12)


# --- SCAFFOLD and FedDyn: the optimum of the plain mean ------------------------------------------


@dataclass
class Map:
    """A round as a linear map, all x at 0: state (w, one number a client) in one dimension."""

    a: np.ndarray
    K: int
    eta: float

    def scaffold(self, option):
        """(w, c_k); the server's c is their mean throughout."""

        def round(w, c):
            u = moved(self.a, self.K, self.eta) / self.a * (-self.a * w + c - c.mean())
            new = self.a * w + 0 * c if option == "I" else c - c.mean() - u / (self.K * self.eta)
            return w + u.mean(), new

        return self.radius(round)

    def feddyn(self, alpha):
        """(w, g_k); the server's h is their mean throughout."""

        def round(w, g):
            u = moved(self.a, self.K, self.eta, alpha) / self.a * (-self.a * w + g)
            new = g - alpha * u
            return w + u.mean() - new.mean() / alpha, new

        return self.radius(round)

    def radius(self, round):
        """By how much a round contracts in the long run: the largest |eigenvalue|."""
        columns = []
        for one in np.eye(len(self.a) + 1):
            w, rest = round(one[0], one[1:])
            columns.append([w, *rest])
        return np.abs(np.linalg.eigvals(np.array(columns).T)).max()


def at_rest(clients, table, server, weights="clients"):
    """The state in which nothing should change: w at the optimum, each client's gradient there."""
    a, _, _ = columns(clients)
    star = plain_optimum(clients, weights)
    gradients = a[:, None] * (star - points(clients))
    return {
        "w": star,
        "own": {table: gradients},
        "server": {server: np.zeros(2)},
    }


def unchanged(exp, fed, rest):
    end = after_a_round(exp, fed, **{k: v.copy() for k, v in rest.items()})
    for name in ("own", "server"):
        for key, before in rest[name].items():
            np.testing.assert_allclose(getattr(end, name)[key], before, atol=1e-11)
    np.testing.assert_allclose(end.w, rest["w"], atol=1e-12)


@pytest.mark.parametrize("option", ["I", "II"])
@settings(max_examples=100)
@given(problem, st.integers(1, 40), share)
def test_scaffold_rests_at_the_plain_optimum(option, clients, K, stable):
    a, _, _ = columns(clients)
    eta = stable * 2 / a.max()
    exp, fed = experiment(clients, K, eta, algorithm="scaffold", scaffold_option=option)
    unchanged(exp, fed, at_rest(clients, "variate", "variate"))


@settings(max_examples=100)
@given(problem, st.integers(1, 40), share, st.floats(0.01, 5.0))
def test_feddyn_rests_at_the_plain_optimum(clients, K, stable, alpha):
    a, _, _ = columns(clients)
    eta = stable * min(2 / (a.max() + alpha), 1 / alpha)
    exp, fed = experiment(clients, K, eta, algorithm="feddyn", feddyn_alpha=alpha)
    unchanged(exp, fed, at_rest(clients, "g", "h"))


@settings(max_examples=300)
@given(problem, st.integers(1, 40), share, st.floats(0.01, 5.0))
def test_a_round_of_scaffold_and_of_feddyn_contracts(clients, K, stable, alpha):
    """Option I needs ηK·max a ≤ 2, and FedDyn η (max a + α) ≤ 1: beyond, both can diverge."""
    a, _, _ = columns(clients)
    assert Map(a, K, stable * 2 / (K * a.max())).scaffold("I") < 1
    assert Map(a, K, stable * 2 / a.max()).scaffold("II") < 1
    assert Map(a, K, stable / (a.max() + alpha)).feddyn(alpha) < 1


def test_beyond_their_limits_option_i_and_feddyn_diverge_and_option_ii_does_not():
    a = np.array([3.5, 0.055])
    assert Map(a, 36, 1.9 / 3.5).scaffold("I") > 2
    assert Map(a, 36, 1.9 / 3.5).scaffold("II") < 1
    assert Map(np.array([1.0]), 23, 1.99 / 1.02).feddyn(0.02) > 1.5


METHODS = {
    "scaffold I": ("I", dict(algorithm="scaffold", scaffold_option="I")),
    "scaffold II": ("II", dict(algorithm="scaffold", scaffold_option="II")),
    "feddyn": ("", dict(algorithm="feddyn", feddyn_alpha=0.5)),
}


@pytest.mark.parametrize("method", METHODS)
@settings(max_examples=20)
@given(problem, st.integers(1, 20), st.floats(0.2, 0.99))
def test_they_end_at_the_plain_optimum(method, clients, K, stable):
    option, choices = METHODS[method]
    a, _, _ = columns(clients)
    if method == "feddyn":
        eta = stable / (a.max() + 0.5)
        radius = Map(a, K, eta).feddyn(0.5)
    else:
        eta = stable * 2 / (a.max() * (K if option == "I" else 1))
        radius = Map(a, K, eta).scaffold(option)
    assume(radius < 0.93)  # or it would take long
    rounds = 100 + math.ceil(math.log(1e-10) / math.log(max(radius, 0.1)))
    exp, fed = experiment(clients, K, eta, rounds=rounds, **choices)
    np.testing.assert_allclose(fp.run(exp, fed).parameters, plain_optimum(clients), atol=1e-8)


@dataclass(frozen=True)
class AverageByExamples(Scaffold):
    """SCAFFOLD whose average weighs clients by their examples, while its variate does not."""

    def message(self, w0, wk, own, server, c):
        rows, own = super().message(w0, wk, own, server, c)
        n = np.array([k for _, _, k in UNEQUAL], dtype=float)
        rows[:, : w0.shape[1]] *= (n / n.mean())[c.ids, None]
        return rows, own


@dataclass(frozen=True)
class AllByExamples(Scaffold):
    weighs = "examples"


def test_the_weights_of_the_variate_decide_where_scaffold_ends():
    a, x, n = columns(UNEQUAL)
    plain, weighted = a @ x / a.sum(), (n * a) @ x / (n @ a)
    assert abs(plain - weighted) > 0.5
    for algorithm, end in [
        (Scaffold(), plain),
        (AverageByExamples(), plain),
        (AllByExamples(), weighted),
    ]:
        exp, fed = experiment(UNEQUAL, 5, 0.05, algorithm=algorithm, rounds=400)
        assert fp.run(exp, fed).parameters[0] == pytest.approx(end, abs=1e-9)


def test_the_loss_is_the_quadratic():
    fed = fp.Federation.from_arrays(
        [[2.0, 1.0], [4.0, 3.0]], [0, 0], [0, 1], X_test=[[2.0, 1.0], [4.0, 3.0]], y_test=[0, 0],
        held_out=0,
    )  # fmt: skip
    exp = fp.Experiment(data="arrays", model="quadratic", rounds=1)
    assert fp.run(exp, fed).loss[0] == pytest.approx((2 * 1 / 2 + 4 * 9 / 2) / 2)
