"""What a run has come to: curves whose state is known, and runs over many seeds."""

from __future__ import annotations

import doctest

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import fedplay as fp
from fedplay.engine import run_state
from fedplay.engine.run_state import BROKEN, FINE, UNJUDGED, below_alone, state_of

TEN = np.full(10, 45)  # test examples of each of ten classes


def curves(end, R=20, start=0.1, tau=3.0, jump=0.0, seed=0):
    """Accuracy and loss that approach their end exponentially, and jump about by `jump`."""
    rounds = np.arange(R + 1)
    accuracy = end + (start - end) * np.exp(-rounds / tau)
    noise = np.random.default_rng(seed).normal(0, jump, R + 1) * (rounds > 0)
    return np.clip(accuracy + noise, 0, 1), 2.3 * (1 - accuracy + 0.01)


def recalls(accuracy, C=10):
    return np.repeat(accuracy[:, None], C, axis=1)


def name(accuracy, loss, tests=TEN, recall=None):
    return state_of(accuracy, loss, tests, recalls(accuracy) if recall is None else recall).name


def test_doctests():
    assert doctest.testmod(run_state).failed == 0


# --- curves whose state is known ------------------------------------------------------------------


@pytest.mark.parametrize("jump", [0.0, 0.005, 0.02])
@pytest.mark.parametrize("R", [20, 50, 200])
def test_a_curve_that_has_come_to_rest_is_fine(R, jump):
    for seed in range(20):
        found = state_of(*(c := curves(0.9, R, jump=jump, seed=seed)), TEN, recalls(c[0]))
        assert found == FINE
        assert not found.mark


def test_a_curve_on_its_way_is_still_learning():
    for R in (5, 10, 20, 100):
        assert name(*curves(0.9, R, tau=R)) == "still learning"
    for seed in range(20):
        assert name(*curves(0.9, 50, tau=25, jump=0.02, seed=seed)) == "still learning"


def test_a_slow_accuracy_is_still_learning_where_its_loss_falls_as_ever():
    accuracy, loss = np.full(21, 0.35), np.linspace(2.3, 2.2, 21)
    accuracy[0] = 0.1
    assert name(accuracy, loss) == "still learning"
    assert name(accuracy, np.full(21, 2.2)) == "fine"


def test_a_curve_at_chance_is_at_chance_however_it_jumps():
    for seed in range(20):
        accuracy, _ = curves(0.1, 20, jump=0.01, seed=seed)
        assert name(accuracy, np.full(21, 2.4)) == "at chance"


def test_a_model_at_chance_whose_loss_still_falls_has_not_yet_learnt():
    accuracy = np.full(21, 0.1)
    assert name(accuracy, np.linspace(2.4, 2.3, 21)) == "not yet learnt"
    for R in (1, 2, 3):
        found = state_of(accuracy[: R + 1], np.full(R + 1, 2.3), TEN, recalls(accuracy[: R + 1]))
        assert found.name == "not yet learnt", "so few rounds are no reason to give it up"
        assert "more rounds" in found.sentence


def test_a_run_that_learnt_and_then_collapsed_is_at_chance():
    accuracy = np.r_[np.linspace(0.1, 0.8, 11), np.full(10, 0.1)]
    assert name(accuracy, np.r_[np.full(11, 1.0), np.full(10, 2.5)]) == "at chance"


def test_one_class_of_nearly_all_examples_makes_no_good_model_a_guess():
    tests = np.array([95, 5])
    accuracy = np.full(21, 0.97)
    recall = np.column_stack([np.full(21, 0.98), np.full(21, 0.8)])
    assert name(accuracy, np.full(21, 0.1), tests, recall) == "fine"
    accuracy = np.full(21, 0.95)
    recall = np.column_stack([np.ones(21), np.zeros(21)])
    assert name(accuracy, np.full(21, 0.2), tests, recall) == "at chance"


def test_of_a_tiny_test_set_a_perfect_model_is_no_guess():
    tests = np.array([3, 2])
    accuracy = np.r_[0.4, np.ones(20)]
    recall = np.ones((21, 2))
    assert name(accuracy, np.full(21, 0.1), tests, recall) == "fine"


def test_what_ends_below_the_untrained_model_is_worse():
    accuracy = np.r_[0.8, np.linspace(0.8, 0.5, 20)]
    assert name(accuracy, np.full(21, 1.0)) == "worsened"
    assert name(np.r_[0.8, np.full(20, 0.78)], np.full(21, 1.0)) == "fine", "within chance"


def test_a_run_that_diverged_says_where_and_why():
    accuracy, loss = curves(0.9)
    loss[7:] = 100
    found = state_of(accuracy, loss, TEN, recalls(accuracy))
    assert found.name == "diverged"
    assert "round 7" in found.sentence
    assert "10 times" in found.sentence
    loss[7:] = np.nan
    assert "no longer a finite" in state_of(accuracy, loss, TEN, recalls(accuracy)).sentence


def test_losses_are_judged_by_themselves():
    nothing, none = np.zeros(0, int), np.zeros((21, 0))
    accuracy, falls = np.full(21, np.nan), 5 * np.exp(-np.arange(21.0)) + 1
    assert state_of(accuracy, falls, nothing, none) == FINE
    assert state_of(accuracy, np.linspace(5, 1, 21), nothing, none).name == "still learning"
    assert state_of(accuracy, np.linspace(1, 5, 21), nothing, none).name == "worsened"


def test_nothing_is_said_of_what_cannot_be_judged():
    accuracy, loss = curves(0.9)
    for n in (1, 2, 3, 4):
        assert state_of(accuracy[:n], loss[:n], TEN, recalls(accuracy[:n])) == UNJUDGED
    nan = np.full(21, np.nan)
    assert state_of(nan, nan, np.zeros(10, int), recalls(nan)) == UNJUDGED, "no test set"
    old = state_of(np.full(21, 0.1), np.full(21, 2.3), np.zeros(0, int), np.zeros((21, 0)))
    assert old == FINE, "an old file does not say what chance is"
    gap = accuracy.copy()
    gap[5] = np.nan
    assert state_of(gap, loss, TEN, recalls(gap)) == UNJUDGED


@settings(max_examples=60, deadline=None)
@given(
    st.lists(st.floats(0, 1), min_size=1, max_size=30),
    st.lists(st.floats(0, 30), min_size=30, max_size=30),
    st.lists(st.integers(0, 20), min_size=2, max_size=4),
)
def test_every_run_has_one_state_and_its_words(accuracy, loss, tests):
    n, C = len(accuracy), len(tests)
    accuracy = np.array(accuracy)
    found = state_of(accuracy, np.array(loss[:n]), np.array(tests), recalls(accuracy, C))
    assert found.name
    assert bool(found.sentence) == (found not in (FINE, UNJUDGED))
    assert found.mark in ("", found.name)


def test_clients_are_worse_off_only_beyond_what_they_differ_by():
    alone = np.array([0.9, 0.8, 0.95, 0.85, np.nan])
    assert below_alone(alone - 0.3, alone).name == "below alone"
    assert "30 percentage points" in below_alone(alone - 0.3, alone).sentence
    assert below_alone(alone + 0.1, alone) == FINE
    assert below_alone(alone - 0.015, alone) == FINE
    assert below_alone(alone[::-1] - 0.01, alone) == FINE
    assert below_alone(alone[:2] - 0.3, alone[:2]) == UNJUDGED


# --- real runs ------------------------------------------------------------------------------------


def states(seeds=8, **knobs):
    exps = [fp.Experiment(seed=s, data_seed=s, **knobs) for s in range(seeds)]
    return [fp.run(exp) for exp in exps]


@pytest.mark.parametrize(
    "knobs",
    [{}, {"alpha": 0.1, "rounds": 20}, {"data": "cancer", "rounds": 10}, {"data": "moons"}],
)
def test_no_healthy_run_is_called_broken(knobs):
    for history in states(**knobs):
        assert not history.state.broken, history


def test_a_default_run_has_come_to_rest():
    assert [h.state.name for h in states()].count("fine") >= 7


def test_a_run_cut_short_is_still_learning_where_more_rounds_do_help():
    """What it says is held against the same run with twice as many rounds."""
    helped = []
    for history in states(model="mlp", rounds=20):
        half = fp.run(history.experiment.replace(rounds=10))
        if half.state.name == "still learning":
            helped.append(history.accuracy[-1] - half.accuracy[-1])
    assert len(helped) >= 5
    assert min(helped) > 0.01


def test_a_learning_rate_far_too_small_has_not_learnt_and_one_too_large_is_at_chance():
    for history in states(model="mlp", rounds=20, learning_rate=1e-4):
        assert history.state.name in ("not yet learnt", "still learning")
    for history in states(model="mlp", rounds=20, learning_rate=5.0, seeds=4):
        assert history.state.name == "at chance"
        assert history.state.name in BROKEN
        assert "at chance" in repr(history)


def test_only_what_is_no_more_than_fine_goes_without_a_word():
    assert repr(fp.run(fp.Experiment())).endswith("accuracy 0.916>")
    heads = fp.run(fp.Experiment(algorithm="fedper", model="mlp", rounds=3))
    assert f"clients' own accuracy {heads.own_mean(heads.personal[-1]):.3f}" in repr(heads)
    quadratic = fp.run(fp.Experiment(data="quadratics", model="quadratic", rounds=3))
    assert f"loss {quadratic.loss[-1]:.3g}" in repr(quadratic)
