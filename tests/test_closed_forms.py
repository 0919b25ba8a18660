"""FedAvg on quadratics f_k(w) = ½ a_k (w − x_k)², where every step can be written down.

With K local steps of size η a client moves by s_k (x_k − w), s_k = 1 − (1 − η a_k)^K. So a round
of full participation maps w to w + Σ p_k s_k (x_k − w), whose fixed point is
Σ p_k s_k x_k / Σ p_k s_k: not the optimum Σ p a x / Σ p a, unless K = 1 or all a are equal.
"""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import fedplay as fp
from fedplay.engine.loop import Run

problem = st.lists(
    st.tuples(
        st.floats(0.05, 4.0),  # curvature a
        st.floats(-3, 3),  # optimum x
        st.integers(1, 6),  # examples n, the client's weight
    ),
    min_size=1,
    max_size=7,
)


def federation(clients):
    rows = [(a, x, 2 * x - 1) for a, x, n in clients for _ in range(n)]
    owner = [k for k, (_, _, n) in enumerate(clients) for _ in range(n)]
    return fp.Federation.from_arrays(rows, np.zeros(len(rows)), owner, test_fraction=0, held_out=0)


def experiment(clients, K, eta):
    return fp.Experiment(
        model="quadratic",
        batch_size=None,
        local_epochs=K,
        learning_rate=eta,
        rounds=1,
        dtype="float64",
    ), federation(clients)


def fixed_point(clients, K, eta):
    a, x, n = map(np.array, zip(*clients, strict=True))
    s = 1 - (1 - eta * a) ** K
    return (n * s) @ np.stack([x, 2 * x - 1], axis=1) / (n @ s)


@settings(max_examples=200)
@given(problem, st.integers(1, 40), st.floats(0.001, 0.45))
def test_a_round_at_the_fixed_point_changes_nothing(clients, K, eta):
    exp, fed = experiment(clients, K, eta)  # eta * a < 1.8
    run = Run(exp, fed)
    state = run.start()
    state.w = fixed_point(clients, K, eta)
    before = state.w.copy()
    run.advance(state, 1)
    np.testing.assert_allclose(state.w, before, atol=1e-12)


@settings(max_examples=50)
@given(problem, st.integers(1, 10), st.floats(0.05, 0.4))
def test_a_round_contracts_by_the_factor_on_paper(clients, K, eta):
    exp, fed = experiment(clients, K, eta)
    a, _, n = map(np.array, zip(*clients, strict=True))
    s = 1 - (1 - eta * a) ** K
    star = fixed_point(clients, K, eta)
    history = fp.run(exp.replace(rounds=4), fed)
    np.testing.assert_allclose(
        history.parameters - star, (1 - n @ s / n.sum()) ** 4 * (0 - star), atol=1e-12
    )


@pytest.mark.parametrize(("K", "end"), [(5, 1.2447), (20, 0.8193), (100, 0.5045)])
def test_two_clients_end_where_the_formula_says(K, end):
    clients = [(1.0, -1.0, 1), (4.0, 2.0, 1)]  # the optimum of their sum is 1.4
    exp, fed = experiment(clients, K, 0.05)
    history = fp.run(exp.replace(rounds=400), fed)
    assert history.parameters[0] == pytest.approx(end, abs=5e-5)
    assert fixed_point(clients, K, 0.05)[0] == pytest.approx(end, abs=5e-5)


def test_one_local_step_ends_at_the_true_optimum():
    clients = [(1.0, -1.0, 2), (4.0, 2.0, 1), (0.5, 0.0, 3)]
    exp, fed = experiment(clients, 1, 0.2)
    a, x, n = map(np.array, zip(*clients, strict=True))
    history = fp.run(exp.replace(rounds=800), fed)
    assert history.parameters[0] == pytest.approx((n * a) @ x / (n @ a), abs=1e-9)


def test_the_loss_is_the_quadratic():
    fed = fp.Federation.from_arrays(
        [[2.0, 1.0], [4.0, 3.0]], [0, 0], [0, 1], X_test=[[2.0, 1.0], [4.0, 3.0]], y_test=[0, 0],
        held_out=0,
    )  # fmt: skip
    exp = fp.Experiment(model="quadratic", rounds=1)
    assert fp.run(exp, fed).loss[0] == pytest.approx((2 * 1 / 2 + 4 * 9 / 2) / 2)
