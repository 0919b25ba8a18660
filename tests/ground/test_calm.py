"""What somebody has set for numpy changes nothing here, and is as it was afterwards."""

from __future__ import annotations

import contextlib

import numpy as np
import pytest

import fedplay as fp
from fedplay.data import federate
from fedplay.engine.loop import Run
from fedplay.inspect.gradients import dissimilarity
from fedplay.registry import SLOTS, make

SHORT = dict(rounds=3, clients=6)
FAST = dict(SHORT, learning_rate=1000.0)  # which diverges at once
MODELS = {"quadratics": "quadratic", "representation": "bilinear"}


@pytest.fixture(autouse=True)
def strict():
    """Everything raises; and still does, when the test is over."""
    with np.errstate(all="raise"):
        yield
        assert set(np.geterr().values()) == {"raise"}


def whole(exp, federation=None):
    """All that a history has."""
    history = fp.run(exp, federation)
    history.table(), history.to_csv(), repr(history), history.diverged
    return history, history.local_accuracy, history.personal_accuracy


@pytest.mark.parametrize("rate", [0.1, 100.0])
@pytest.mark.parametrize("slot", ["algorithm", "server", "personal"])
def test_no_method_raises_whether_it_learns_or_diverges(slot, rate):
    gentle = dict(mu=1e-4, feddyn_alpha=1e-3, pfedme_lambda=0.01, ditto_lambda=1e-3)
    for name in SLOTS[slot]:
        choices = SHORT | gentle | dict(model="mlp", hidden=(5,), learning_rate=rate)
        whole(fp.Experiment(**choices | {slot: name}))


@pytest.mark.parametrize("partition", SLOTS["partition"])
@pytest.mark.parametrize("data", ["digits", "moons", "synthetic", "quadratics", "writers"])
@pytest.mark.parametrize("skew", [0.01, 1000.0])
def test_no_way_to_deal_out_examples_raises(data, partition, skew):
    """α = 0.01 over fifty clients: shares that are far below the smallest number there is."""
    with contextlib.suppress(ValueError):  # what does not go together is said in words
        fp.run(
            fp.Experiment(
                data=data,
                partition=partition,
                model=MODELS.get(data, "softmax"),
                alpha=skew,
                quantity_beta=skew,
                clients=50,
                rounds=1,
            )
        )
        fed = federate(
            make("data", data, {}),
            make("partition", partition, dict(alpha=skew, quantity_beta=skew)),
            50,
            0,
        )
        assert fed.label_counts().sum() == fed.sizes.sum()


def test_nor_do_comparisons_newcomers_checks_and_readouts():
    fp.compare(fp.Experiment(**SHORT, alpha=0.01), seeds=2).table()
    fp.compare(fp.Experiment(**FAST), ["FedAvg", "FedAdam"], seeds=2).to_csv()
    fp.newcomer(fp.Experiment(**SHORT), (0, 5), seeds=1).table()
    fp.newcomer(fp.Experiment(**FAST), (0, 5), seeds=1).table()
    assert fp.check_algorithm("fedprox").ok
    run = Run(fp.Experiment(**SHORT))
    dissimilarity(run, run.initial())


@pytest.mark.parametrize("preset", fp.PRESETS, ids=lambda preset: preset.name)
def test_nor_does_a_preset(preset):
    whole(preset.experiment.replace(rounds=2))


@pytest.mark.parametrize("choices", [dict(clients=50, alpha=0.01), FAST], ids=["skewed", "fast"])
def test_nor_does_the_screen(choices):
    screen = fp.Playground(fp.Experiment(**SHORT | choices))
    screen.settle()
    for view in ("inside", "drift", "federation", "pictures"):
        screen.view(view)
        screen.settle()
    assert screen.errors == {}
    screen.close()


def test_between_two_rounds_the_reader_has_what_the_reader_set():
    stream = fp.rounds(fp.Experiment(**FAST))
    for _ in stream:
        with pytest.raises(FloatingPointError):
            np.float64(1) / np.float64(0)
    stream = fp.rounds(fp.Experiment(**SHORT))
    next(stream)
    with np.errstate(all="warn"):
        next(stream)
        assert set(np.geterr().values()) == {"warn"}
    next(stream)
    assert set(np.geterr().values()) == {"raise"}


def test_numbers_are_the_same_as_without():
    exp = fp.Experiment(**SHORT, alpha=0.01)
    with np.errstate(all="ignore"):
        relaxed = fp.run(exp).parameters
    np.testing.assert_array_equal(fp.run(exp).parameters, relaxed)
