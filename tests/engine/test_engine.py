"""The engine is the plain loop: over random configurations, ragged clients and odd cohorts."""

from __future__ import annotations

import subprocess
import sys

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import fedplay as fp
from fedplay.engine.loop import Run
from fedplay.plain import local_sgd, softmax_gradient
from fedplay.streams import Purpose
from tests.support.reference import (
    hidden,
    order_of,
    perceptron_gradient,
    plain_run,
    random_federation,
)

sizes = st.lists(st.integers(1, 23), min_size=1, max_size=6)


@st.composite
def configurations(draw):
    return dict(
        model=draw(st.sampled_from(["softmax", "mlp"])),
        hidden=draw(st.sampled_from([(4,), (5, 3), (2, 3, 4)])),
        rounds=draw(st.integers(1, 4)),
        local_epochs=draw(st.integers(1, 3)),
        batch_size=draw(st.sampled_from([1, 2, 3, 7, 16, None])),
        learning_rate=draw(st.floats(0.001, 0.5)),
        participation=draw(st.floats(0.05, 1.0)),
        seed=draw(st.integers(0, 2**32 - 1)),
        dtype="float64",
    )


@settings(max_examples=150, deadline=None)
@given(sizes, configurations(), st.integers(0, 10**6))
def test_equals_the_plain_loop(sizes, choices, data_seed):
    sizes[0] += 3  # room for one example of each class
    fed = random_federation(
        np.random.default_rng(data_seed), sizes, test_fraction=0.1, seed=data_seed
    )
    exp = fp.Experiment(**choices)
    history = fp.run(exp, fed)
    np.testing.assert_allclose(history.parameters, plain_run(exp, fed), rtol=0, atol=1e-10)


@settings(max_examples=20, deadline=None)
@given(configurations())
def test_equals_the_plain_loop_on_digits(choices):
    exp = fp.Experiment(**choices).replace(hidden=(6,), rounds=1, clients=7, local_epochs=1)
    exp = exp.replace(batch_size=max(exp.batch_size or 16, 7))
    np.testing.assert_allclose(fp.run(exp).parameters, plain_run(exp), rtol=0, atol=1e-10)


def test_more_clients_than_train_together_at_once():
    fed = random_federation(np.random.default_rng(1), [5] * 150, test_fraction=0)
    exp = fp.Experiment(rounds=2, batch_size=2, dtype="float64", participation=0.9)
    np.testing.assert_allclose(fp.run(exp, fed).parameters, plain_run(exp, fed), atol=1e-10)


@pytest.mark.parametrize("model", ["softmax", "mlp"])
def test_one_client_is_centralised_sgd(model):
    fed = random_federation(np.random.default_rng(2), [40], test_fraction=0)
    exp = fp.Experiment(
        model=model, hidden=(5,), rounds=6, local_epochs=2, batch_size=8, dtype="float64"
    )
    run = Run(exp, fed)
    rows = fed.train.of(0)
    order = order_of(run, 2)
    w = run.initial()
    for epoch in [e for r in range(1, 7) for e in order(r, 0)]:  # one long run, no rounds in it
        gradient = perceptron_gradient((fed.d, *hidden(exp), fed.C))
        w = local_sgd(w, fed.X[rows], fed.y[rows], [epoch], 8, exp.learning_rate, gradient)
    np.testing.assert_allclose(fp.run(exp, fed).parameters, w, atol=1e-10)


def test_the_whole_batch_and_one_epoch_is_gradient_descent_on_all_data():
    fed = random_federation(np.random.default_rng(3), [4, 9, 17], test_fraction=0)
    exp = fp.Experiment(rounds=5, batch_size=None, dtype="float64", learning_rate=0.3)
    rows = np.concatenate([fed.train.of(k) for k in range(3)])
    w = Run(exp, fed).initial()
    for _ in range(5):  # FedSGD, McMahan et al. 2017, section 2
        w = w - 0.3 * softmax_gradient(w, fed.X[rows], fed.y[rows])
    np.testing.assert_allclose(fp.run(exp, fed).parameters, w, atol=1e-10)


def test_infinity_means_the_whole_batch():
    assert fp.Experiment(batch_size=float("inf")) == fp.Experiment(batch_size=None)


def empty_rounds(history):
    return [r for r, ids in enumerate(history.cohort) if r and not len(ids)]


def test_an_empty_cohort_leaves_the_model_where_it_is():
    exp = fp.Experiment(schedule="poisson", participation=0.05, clients=5, rounds=20)
    rounds = list(fp.rounds(exp))
    empty = [r for r in rounds[1:] if not len(r.cohort)]
    assert empty, "the seed should give an empty cohort"
    for r in empty:
        np.testing.assert_array_equal(r.parameters, rounds[r.number - 1].parameters)
        assert r.bytes_up == rounds[r.number - 1].bytes_up
    np.testing.assert_allclose(
        fp.run(exp.replace(dtype="float64")).parameters,
        plain_run(exp.replace(dtype="float64")),
        atol=1e-10,
    )


def test_an_empty_cohort_still_adds_the_noise_of_privacy():
    exp = fp.Experiment(noise_multiplier=1.0, participation=0.05, clients=5, rounds=20)
    rounds = list(fp.rounds(exp))
    empty = [r for r in rounds[1:] if not len(r.cohort)]
    assert empty, "the seed should give an empty cohort"
    for r in empty:
        step = r.parameters - rounds[r.number - 1].parameters
        # Noise of standard deviation z·S/(q·N) on each of 650 coordinates.
        assert step.std() == pytest.approx(1.0 / (0.05 * 5), rel=0.15)
        assert r.epsilon > rounds[r.number - 1].epsilon


def test_evaluation_is_the_plain_one():
    exp = fp.Experiment(model="mlp", hidden=(8,), rounds=3, dtype="float64")
    history, run = fp.run(exp), Run(exp)
    fed, w = run.federation, history.parameters
    W1, W2 = w[: 8 * 65].reshape(8, 65), w[8 * 65 :].reshape(10, 9)

    def logits(X):
        return np.maximum(X @ W1[:, :-1].T + W1[:, -1], 0) @ W2[:, :-1].T + W2[:, -1]

    Z = logits(fed.X_test)
    assert history.accuracy[-1] == (Z.argmax(axis=1) == fed.y_test).mean()
    own = Z[np.arange(len(Z)), fed.y_test]
    assert history.loss[-1] == pytest.approx(
        (np.log(np.exp(Z).sum(axis=1)) - own).mean(), abs=1e-12
    )
    for k in range(fed.clients):
        rows = fed.held.of(k)
        right = logits(fed.X[rows]).argmax(axis=1) == fed.y[rows]
        assert history.client_accuracy[-1, k] == pytest.approx(right.mean(), abs=1e-15)


@pytest.mark.parametrize("participation", [1.0, 0.4])
def test_local_only_takes_the_same_steps_and_never_meets_the_others(participation):
    fed = random_federation(np.random.default_rng(5), [9, 14, 30, 11], held_out=0.3)
    exp = fp.Experiment(
        rounds=4, local_epochs=2, batch_size=4, dtype="float64", participation=participation
    )
    run = Run(exp, fed)
    order = order_of(run, 2)
    expected = []
    for k in range(4):
        w, rows, held = run.initial(), fed.train.of(k), fed.held.of(k)
        for r in range(1, 5):
            if k in run.cohort(r).ids:
                w = local_sgd(w, fed.X[rows], fed.y[rows], order(r, k), 4, 0.1, softmax_gradient)
        logits = np.column_stack([fed.X[held], np.ones(len(held))]) @ w.reshape(3, 4).T
        expected.append((logits.argmax(axis=1) == fed.y[held]).mean())
    np.testing.assert_allclose(fp.run(exp, fed).local_accuracy, expected, atol=1e-12)


def test_fine_tuning_is_local_sgd_from_the_final_model():
    fed = random_federation(np.random.default_rng(6), [12, 25, 18], held_out=0.3)
    exp = fp.Experiment(rounds=2, batch_size=4, dtype="float64", finetune_epochs=3)
    history, run = fp.run(exp, fed), Run(exp, fed)
    order = order_of(run, 3, Purpose.FINETUNE)
    expected = []
    for k in range(3):
        rows, held = fed.train.of(k), fed.held.of(k)
        w = local_sgd(
            history.parameters, fed.X[rows], fed.y[rows], order(2, k), 4, 0.1, softmax_gradient
        )
        logits = np.column_stack([fed.X[held], np.ones(len(held))]) @ w.reshape(3, 4).T
        expected.append((logits.argmax(axis=1) == fed.y[held]).mean())
    np.testing.assert_allclose(history.personal_accuracy, expected, atol=1e-12)


def test_no_fine_tuning_is_the_global_model():
    history = fp.run(fp.Experiment(rounds=3, finetune_epochs=0))
    np.testing.assert_array_equal(history.personal_accuracy, history.client_accuracy[-1])


# --- Determinism ------------------------------------------------------------------------------

DIGEST = """
import hashlib, fedplay as fp
exp = fp.Experiment(rounds=4, participation=.5, noise_multiplier=.5, model="mlp", hidden=(8,))
h = fp.run(exp)
parts = [h.accuracy, h.loss, h.client_accuracy, h.parameters, h.epsilon, *h.cohort,
         h.personal_accuracy, h.local_accuracy]
print(hashlib.sha256(b"".join(p.tobytes() for p in parts)).hexdigest(), hash(exp) is not None)
"""


def test_the_same_in_ten_processes_with_random_hash_seeds():
    processes = [
        subprocess.Popen(
            [sys.executable, "-c", DIGEST],
            stdout=subprocess.PIPE,
            env={**__import__("os").environ, "PYTHONHASHSEED": str(17 * i + 1)},
        )
        for i in range(10)
    ]
    answers = {p.communicate()[0] for p in processes}
    assert all(p.returncode == 0 for p in processes)
    assert len(answers) == 1


@pytest.mark.parametrize(
    ("base", "changes"),
    [
        ({}, [{"local_epochs": 3}, {"finetune_epochs": 9}, {"clip": 0.5}, {"model": "mlp"}]),
        ({"noise_multiplier": 0.5}, [{"noise_multiplier": 2.0}, {"clip": 3.0}, {"delta": 1e-6}]),
    ],
)
def test_what_is_drawn_hangs_on_nothing_else(base, changes):
    exp = fp.Experiment(rounds=6, participation=0.4, clients=20, **base)
    before, run = fp.run(exp), Run(exp)
    for change in changes:
        other = exp.replace(**change)
        after = fp.run(other)
        assert all(map(np.array_equal, before.cohort, after.cohort)), change
        fed = Run(other).federation
        for k in range(20):
            np.testing.assert_array_equal(fed.train.of(k), run.federation.train.of(k))
            np.testing.assert_array_equal(fed.held.of(k), run.federation.held.of(k))


def test_an_added_client_leaves_the_streams_of_the_others_alone():
    rng = np.random.default_rng(8)
    few = random_federation(rng, [20, 20, 20], test_fraction=0)
    X, y = np.concatenate([few.X, rng.normal(size=(20, 3))]), np.append(few.y, [0] * 20)
    more = fp.Federation.from_arrays(X, y, np.repeat(range(4), 20), test_fraction=0)
    exp = fp.Experiment(rounds=1, batch_size=3)
    small, large = Run(exp, few), Run(exp, more)
    W0 = np.zeros((3, small.network.P), np.float32)
    ids = np.arange(3)
    np.testing.assert_array_equal(
        small.trainer(W0, None, ids=ids, round=1, epochs=2),
        large.trainer(W0, None, ids=ids, round=1, epochs=2),
    )


def test_a_client_trains_alike_whoever_else_is_there():
    run = Run(fp.Experiment(dtype="float64", batch_size=7))
    w = np.repeat(run.initial()[None], 10, axis=0)
    together = run.trainer(w, None, ids=np.arange(10), round=1, epochs=2)
    for k in range(10):
        alone = run.trainer(w[:1], None, ids=np.array([k]), round=1, epochs=2)
        np.testing.assert_allclose(alone[0], together[k], atol=1e-12)


# --- The stream of rounds ---------------------------------------------------------------------


def test_stopping_early_loses_nothing():
    exp = fp.Experiment(rounds=6)
    history = fp.run(exp)
    stream = fp.rounds(exp)
    seen = [next(stream) for _ in range(4)]
    stream.close()
    np.testing.assert_array_equal([r.accuracy for r in seen], history.accuracy[:4])
    np.testing.assert_array_equal([r.client_accuracy for r in seen], history.client_accuracy[:4])


def test_more_rounds_only_add_to_the_curve():
    short, long = fp.run(fp.Experiment(rounds=3)), fp.run(fp.Experiment(rounds=6))
    np.testing.assert_array_equal(short.accuracy, long.accuracy[:4])


def test_a_round_is_not_changed_by_the_next():
    stream = fp.rounds(fp.Experiment(rounds=3))
    first = next(stream)
    kept = first.parameters.copy()
    list(stream)
    np.testing.assert_array_equal(first.parameters, kept)


def test_shapes_and_bytes():
    exp = fp.Experiment(rounds=3, clients=7, participation=0.5)
    h = fp.run(exp)
    assert h.accuracy.shape == h.loss.shape == h.epsilon.shape == h.bytes_up.shape == (4,)
    assert h.client_accuracy.shape == (4, 7)
    assert h.personal_accuracy.shape == h.local_accuracy.shape == (7,)
    assert [len(ids) for ids in h.cohort] == [0, 4, 4, 4]
    assert h.bytes_up.tolist() == [0, 10400, 20800, 31200]  # 4 clients x 650 floats of 4 bytes
    np.testing.assert_array_equal(h.panel, np.arange(7))
    assert np.isinf(h.epsilon).all()


def test_a_million_clients_are_shown_by_a_named_panel():
    exp = fp.Experiment(
        clients=1_000_000, partition="resampled", participation=2e-5, rounds=2, batch_size=8
    )
    h = fp.run(exp)
    assert h.client_accuracy.shape == (3, 1000)
    assert len(np.unique(h.panel)) == 1000
    assert h.panel.max() > 900_000
    assert [len(ids) for ids in h.cohort] == [0, 20, 20]
    np.testing.assert_array_equal(h.panel, fp.run(exp.replace(rounds=1)).panel)


def test_divergence_is_shown_and_goes_on():
    exp = fp.Experiment(model="mlp", learning_rate=900.0, rounds=8)
    h = fp.run(exp)
    assert h.rounds == 8
    assert h.diverged == 1
    assert h.loss[1:].min() > 10 * np.log(10)
    assert fp.run(exp.replace(learning_rate=0.1)).diverged is None


def test_a_model_that_is_not_finite_scores_nan():
    # A step of η a = 3 on a quadratic doubles the distance to the optimum: 2^200 is no float32.
    fed = fp.Federation.from_arrays([[3.0, 1.0]] * 4, [0] * 4, [0, 0, 1, 1], test_fraction=0.5)
    exp = fp.Experiment(
        data="arrays",
        model="quadratic",
        batch_size=None,
        learning_rate=1.0,
        rounds=200,
        local_epochs=1,
    )
    h = fp.run(exp, fed)
    assert h.rounds == 200
    assert np.isfinite(h.loss[:20]).all()
    assert not np.isfinite(h.loss[-1])
    assert not np.isfinite(h.parameters).all()
    assert h.diverged is not None
    assert h.diverged < 20


def test_a_run_that_costs_too_much_is_refused_before_it_starts():
    exp = fp.Experiment(model="mlp", hidden=(1024, 1024), rounds=5000)
    with pytest.raises(ValueError, match=r"s of one core \(allowed: 60\)"):
        next(fp.rounds(exp))
    big = fp.Experiment(clients=280, model="mlp", hidden=(1000,) * 2, rounds=1, participation=1.0)
    with pytest.raises(ValueError, match=r"MB of memory \(allowed: 256\)"):
        fp.run(big)
    rounds = fp.rounds(exp, limit=fp.Limit(bytes=1e9, seconds=1e9))
    assert next(rounds).number == 0


def test_the_cost_is_about_what_a_run_takes():
    exp = fp.Experiment(rounds=5, local_epochs=2, model="mlp")
    cost, h = exp.cost(), fp.run(exp)
    assert cost.parameters == len(h.parameters)
    assert cost.bytes_up == h.bytes_up[-1]
    assert cost.bytes_down == h.bytes_down[-1]
    trained = 3 * Run(exp).federation.sizes.sum() * 2 * 5 * cost.parameters
    assert cost.multiply_adds > trained
    assert cost.multiply_adds < 3 * trained
