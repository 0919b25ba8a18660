"""Several models judged at once, and several rounds: each gives the same bits as it does alone."""

import itertools
from dataclasses import dataclass

import numpy as np
import pytest

import fedplay as fp
from fedplay.engine.loop import Run, stream
from fedplay.engine.measures import OWN, Measure

MODELS = [
    dict(model="softmax"),
    dict(model="softmax", data="penguins", partition="iid"),
    dict(model="mlp", hidden=(16,)),
    dict(model="mlp", hidden=(7, 5), data="penguins", partition="iid"),
    dict(model="quadratic", data="quadratics", learning_rate=0.05),
    dict(model="bilinear", data="representation", algorithm="fedavg", learning_rate=0.05),
]


def bits(scores):
    return [(s.accuracy.hex(), s.loss.hex(), s.client_accuracy.tobytes()) for s in scores]


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("choices", MODELS)
def test_models_are_judged_together_as_they_are_alone(choices, dtype):
    run = Run(fp.Experiment(dtype=dtype, **choices))
    rng = np.random.default_rng(0)
    W = (run.initial() + rng.normal(0, 0.3, (7, run.network.P))).astype(dtype)
    W[2] = 0  # every class is as likely
    W[4, 1] = np.nan
    W[5] *= 1e30
    with np.errstate(all="ignore"):
        assert bits(run.evaluate.several(W)) == bits([run.evaluate(w) for w in W])


@pytest.mark.parametrize("rounds", [1, 7, 8, 9])
@pytest.mark.parametrize("choices", MODELS)
def test_a_run_has_the_rounds_of_the_stream(choices, rounds):
    exp = fp.Experiment(rounds=rounds, **choices)
    each = list(stream(Run(exp)))
    now_and_then = itertools.cycle([False, True, False]).__next__  # as on a screen
    for ahead in (lambda: True, now_and_then):
        found = list(stream(Run(exp), ahead))
        assert [r.number for r in found] == list(range(rounds + 1))
        for one, other in zip(found, each, strict=True):
            np.testing.assert_equal(one._asdict(), other._asdict())


def test_nothing_is_computed_ahead_in_the_stream():
    run = Run(fp.Experiment(rounds=20))
    rounds = stream(run)
    for number in range(4):
        assert next(rounds).number == max(run.attended, default=0) == number


def test_a_measure_sees_what_was_played_by_then():
    exp = fp.Experiment(rounds=12, participation=0.3)
    fp.register(Measure("played", lambda r, run: float(len(run.attended))))
    try:
        assert fp.run(exp).told["played"].tolist() == list(range(13))
    finally:
        del OWN["played"]


@dataclass(frozen=True)
class Wider(fp.Algorithm):
    """Comes to a model of another precision."""

    def absorb(self, w, server, m, step, c):
        return step(w, m).astype(np.float64), server


def test_an_algorithm_may_change_the_precision_on_its_way():
    exp = fp.Experiment(rounds=3, algorithm=Wider())
    whole, each = fp.run(exp), fp.History.of(run := Run(exp), stream(run))
    assert whole.loss.tobytes() == each.loss.tobytes()
    assert whole.parameters.dtype == np.float64
