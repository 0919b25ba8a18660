"""Every method is its paper: the engine against plain loops over one client and one batch.

The loops are in `tests/support/papers.py`. Minibatches, clients of unequal size (one has no
examples at all), partial participation, stragglers kept and dropped, softmax regression and
perceptrons.
"""

from __future__ import annotations

from dataclasses import replace
from math import sqrt

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import fedplay as fp
from fedplay.data.base import GivenShares
from fedplay.engine.loop import Run
from fedplay.registry import make
from tests.support import papers
from tests.support.reference import random_federation

sizes = st.lists(st.integers(1, 23), min_size=1, max_size=6)


@st.composite
def training(draw):
    """The training knobs of a run, of every kind that a method could stumble over."""
    return dict(
        model=draw(st.sampled_from(["softmax", "mlp"])),
        hidden=draw(st.sampled_from([(4,), (3, 2)])),
        rounds=draw(st.integers(1, 4)),
        local_epochs=draw(st.integers(1, 4)),
        batch_size=draw(st.sampled_from([1, 3, 7, 16, None])),
        learning_rate=draw(st.floats(0.01, 0.3)),
        participation=draw(st.floats(0.05, 1.0)),
        schedule=draw(st.sampled_from(["uniform", "poisson"])),
        stragglers=draw(st.sampled_from([0.0, 0.5, 1.0])),
        partial_work=draw(st.sampled_from(["kept", "dropped"])),
        weights=draw(st.sampled_from(["paper", "examples", "clients"])),
        seed=draw(st.integers(0, 2**32 - 1)),
        dtype="float64",
    )


def federation(sizes, seed):
    """Clients of these sizes, and a last one that has no examples to train on."""
    sizes = [sizes[0] + 3, *sizes[1:]]
    fed = random_federation(np.random.default_rng(seed), sizes, test_fraction=0.1, seed=seed)
    train = GivenShares(np.append(fed.train.start, fed.train.start[-1]), fed.train.index)
    held = GivenShares(np.append(fed.held.start, fed.held.start[-1]), fed.held.index)
    return replace(fed, train=train, held=held, client_names=(*fed.client_names, "nobody"))


# Each method: the choices of an experiment, and the loop that they must agree with.
METHODS = {
    "fedavg": (dict(algorithm="fedavg"), papers.fedavg),
    "fedprox": (dict(algorithm="fedprox", mu=0.7), lambda g: papers.fedprox(g, 0.7)),
    "scaffold I": (
        dict(algorithm="scaffold", scaffold_option="I"),
        lambda g: papers.scaffold(g, "I"),
    ),
    "scaffold II": (
        dict(algorithm="scaffold", scaffold_option="II"),
        lambda g: papers.scaffold(g, "II"),
    ),
    "feddyn": (dict(algorithm="feddyn", feddyn_alpha=0.3), lambda g: papers.feddyn(g, 0.3)),
    "fednova": (dict(algorithm="fednova"), papers.fednova),
    "fedsgd": (dict(algorithm="fedsgd"), papers.fedsgd),
    "centralised": (dict(algorithm="centralised"), papers.centralised),
    "momentum": (
        dict(server="momentum", server_momentum=0.8, server_learning_rate=0.7),
        lambda g: papers.server(g, papers.FedAvgM(0.8, 0.7)),
    ),
    "adagrad": (
        dict(server="adagrad", adaptive_rate=0.1, tau=0.01),
        lambda g: papers.server(g, papers.FedAdagrad(0.1, 0.01)),
    ),
    "adam": (
        dict(server="adam", adaptive_rate=0.1, tau=0.01, beta1=0.8, beta2=0.9),
        lambda g: papers.server(g, papers.FedAdam(0.1, 0.01, 0.8, 0.9)),
    ),
    "yogi": (
        dict(server="yogi", adaptive_rate=0.1, tau=0.01, beta1=0.8, beta2=0.9),
        lambda g: papers.server(g, papers.FedYogi(0.1, 0.01, 0.8, 0.9)),
    ),
}


def error(name, choices, fed):
    """How far the engine's final model is from the paper's, in its largest coordinate."""
    method, paper = METHODS[name]
    exp = fp.Experiment(**choices | method)
    engine = fp.run(exp, fed).parameters
    return np.abs(engine - paper(papers.given(exp, fed))).max()


@pytest.mark.parametrize("name", METHODS)
@settings(max_examples=40)
@given(sizes=sizes, choices=training(), seed=st.integers(0, 10**6))
def test_equals_a_plain_loop_written_from_its_paper(name, sizes, choices, seed):
    assert error(name, choices, federation(sizes, seed)) < 1e-10


@pytest.mark.parametrize("name", METHODS)
def test_equals_its_paper_with_more_clients_than_train_together(name):
    fed = random_federation(np.random.default_rng(1), [5, 9] * 40, test_fraction=0)
    choices = dict(
        rounds=3, batch_size=3, local_epochs=2, participation=0.9, stragglers=0.4, dtype="float64"
    )
    assert error(name, choices, fed) < 1e-10


@settings(max_examples=30)
@given(sizes=sizes, choices=training(), seed=st.integers(0, 10**6))
def test_a_pull_of_zero_is_fedavg_bit_for_bit(sizes, choices, seed):
    fed = federation(sizes, seed)
    pulled, plain = (
        fp.run(fp.Experiment(**choices | method), fed).parameters
        for method in (dict(algorithm="fedprox", mu=0.0), dict(algorithm="fedavg"))
    )
    np.testing.assert_array_equal(pulled, plain)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_limits_that_are_fedavg_bit_for_bit(dtype):
    exp = fp.Experiment(rounds=5, participation=0.5, local_epochs=2, dtype=dtype)
    plain = fp.run(exp).parameters
    for limit in (
        dict(algorithm="fedprox", mu=0.0),
        dict(server="momentum", server_momentum=0.0),
    ):
        np.testing.assert_array_equal(fp.run(exp.replace(**limit)).parameters, plain)


def test_one_epoch_of_everything_is_fedsgd_bit_for_bit():
    exp = fp.Experiment(rounds=5, local_epochs=1, batch_size=None, participation=0.5)
    plain = fp.run(exp).parameters
    fixed = exp.replace(algorithm="fedsgd", local_epochs=7, batch_size=3)  # which it sets itself
    np.testing.assert_array_equal(fp.run(fixed).parameters, plain)


@pytest.mark.parametrize(
    ("algorithm", "knob", "most"), [("fedprox", "mu", 10), ("feddyn", "feddyn_alpha", 10)]
)
def test_a_pull_that_overshoots_is_refused(algorithm, knob, most):
    exp = fp.Experiment(algorithm=algorithm, learning_rate=0.1)
    assert getattr(exp.replace(**{knob: most}), knob) == most
    with pytest.raises(ValueError, match=f"{knob}={most + 0.5}: must be at most {most} with"):
        exp.replace(**{knob: most + 0.5})


# --- Server optimisers on paper: Δ = 2, −1, ½ from w = 0 -----------------------------------------


def trace(name, **knobs):
    """w after each of the three rounds, and what is remembered after the last."""
    optimiser = make("server", name, knobs)
    w, memory, seen = np.zeros(1), optimiser.init(1), []
    for delta in (2.0, -1.0, 0.5):
        w, memory = optimiser.step(w, np.array([delta]), memory)
        seen.append(w[0])
    return seen, memory


def test_momentum_by_hand():
    seen, memory = trace("momentum", server_momentum=0.9, server_learning_rate=0.5)
    assert memory["v"] == pytest.approx(1.22, abs=1e-15)  # 2, then .9·2 − 1 = .8, then .72 + .5
    assert seen == pytest.approx([1.0, 1.4, 2.01], abs=1e-15)


def test_adagrad_by_hand():
    seen, memory = trace("adagrad", adaptive_rate=0.1, tau=0.5)
    assert memory["v"] == pytest.approx(5.5, abs=1e-15)  # ¼ + 4, + 1, + ¼
    one = 0.2 / (sqrt(4.25) + 0.5)
    two = one - 0.1 / (sqrt(5.25) + 0.5)
    three = two + 0.05 / (sqrt(5.5) + 0.5)
    assert seen == pytest.approx([one, two, three], abs=1e-15)
    assert seen == pytest.approx([0.0780776406, 0.0422518837, 0.0598252921], abs=1e-10)


def test_adam_by_hand():
    seen, memory = trace("adam", adaptive_rate=0.1, tau=0.5, beta1=0.5, beta2=0.75)
    assert memory["m"] == pytest.approx(0.25, abs=1e-15)  # ½·2 = 1, then ½ − ½ = 0, then ¼
    # ¾·¼ + ¼·4 = 1.1875, then ¾·1.1875 + ¼·1 = 1.140625, then ¾·1.140625 + ¼·¼
    assert memory["v"] == pytest.approx(0.91796875, abs=1e-15)
    one = 0.1 / (sqrt(1.1875) + 0.5)  # not corrected for the bias of a first mean
    three = one + 0.025 / (sqrt(0.91796875) + 0.5)
    assert seen == pytest.approx([one, one, three], abs=1e-15)
    assert seen == pytest.approx([0.0629039718, 0.0629039718, 0.0800494916], abs=1e-10)


def test_yogi_by_hand():
    seen, memory = trace("yogi", adaptive_rate=0.1, tau=0.5, beta1=0.5, beta2=0.75)
    # v < Δ²: ¼ + ¼·4 = 1¼; v > Δ²: 1¼ − ¼·1 = 1; v > Δ²: 1 − ¼·¼
    assert memory["v"] == pytest.approx(0.9375, abs=1e-15)
    one = 0.1 / (sqrt(1.25) + 0.5)
    three = one + 0.025 / (sqrt(0.9375) + 0.5)
    assert seen == pytest.approx([one, one, three], abs=1e-15)
    assert seen == pytest.approx([0.0618033989, 0.0618033989, 0.0788305202], abs=1e-10)


@pytest.mark.parametrize("name", ["adagrad", "adam", "yogi"])
def test_the_second_moment_begins_at_tau_squared(name):
    memory = make("server", name, {"tau": 0.2}).init(3)
    np.testing.assert_allclose(memory["v"], 0.04, atol=1e-17)
    assert (memory.get("m", np.zeros(3)) == 0).all()


# --- Stragglers ----------------------------------------------------------------------------------


def test_stragglers_are_drawn_as_stated():
    """Each with its chance, to x epochs, x uniform from 1 to E, anew each round."""
    exp = fp.Experiment(clients=20, stragglers=0.4, local_epochs=8, rounds=1)
    run = Run(exp)
    epochs = np.array([run.cohort(r).epochs for r in range(1, 1001)])  # full participation
    late = epochs < 8
    n, chance = epochs.size, 0.4 * 7 / 8  # a straggler may come to all 8
    assert abs(late.mean() - chance) < 5 * np.sqrt(chance * (1 - chance) / n)
    counts = np.bincount(epochs[late], minlength=8)[1:]
    expected = late.sum() / 7
    assert ((counts - expected) ** 2 / expected).sum() < 30  # χ² with 6 degrees of freedom
    assert (late.mean(axis=0) > 0.25).all()
    assert (late.mean(axis=0) < 0.45).all()
    np.testing.assert_array_equal(
        run.cohort(1).steps, epochs[0] * run.trainer.steps(np.arange(20), 1)
    )


def test_dropped_stragglers_are_those_who_do_not_finish():
    exp = fp.Experiment(clients=20, stragglers=0.4, local_epochs=8, rounds=30)
    kept, dropped = Run(exp), Run(exp.replace(partial_work="dropped"))
    for r in range(1, 31):
        every, finished = kept.cohort(r), dropped.cohort(r)
        assert (finished.epochs == 8).all()
        assert set(every.ids[every.epochs < 8]).isdisjoint(finished.ids)
        assert finished.divisor == finished.K
    assert 0.5 < np.mean([dropped.cohort(r).K for r in range(1, 31)]) / 20 < 0.7


def test_others_are_not_touched_by_a_straggler():
    few = Run(fp.Experiment(clients=10, stragglers=0.5, local_epochs=5))
    ids = np.array([2, 5, 7])
    np.testing.assert_array_equal(
        few.cohort(3, ids).epochs, few.cohort(3, np.arange(10)).epochs[ids]
    )
