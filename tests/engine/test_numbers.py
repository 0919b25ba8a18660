"""What is no number is not shown as one, and what is counted was sent; checked otherwise."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pytest

import fedplay as fp
from fedplay import registry
from fedplay.engine.loop import Run, stream
from fedplay.inspect.client_accuracies import client_accuracies
from fedplay.models import likeliest
from fedplay.scopes import calm
from fedplay.stages.base import Layer
from fedplay.stages.footprint import footprint
from fedplay.views.boundaries.analysis import decision_boundaries
from fedplay.views.inside_round.analysis import tracing
from fedplay.views.inside_round.view import InsideRound
from fedplay.views.pictures.analysis import picture_analysis
from fedplay.views.privacy_and_cost.analysis import journey
from fedplay.views.privacy_and_cost.ledger import Row
from tests.support.reference import random_federation
from tests.support.scenes import scene

SIZES = (5, 9, 12, 3, 7, 1)
MLP = dict(model="mlp", hidden=(4,))


def fed_of(sizes=SIZES):
    return random_federation(np.random.default_rng(0), sizes, test_fraction=0.2)


# --- What is not finite ---------------------------------------------------------------------------


@dataclass(frozen=True)
class Poisoned(fp.Algorithm):
    """Client 0 sends one number that is none."""

    kind: str = fp.knob("nan", choices=("nan", "inf", "zero"), label="Kind", help="Which.")

    def message(self, w0, wk, own, server, c):
        rows = wk - w0
        who = np.flatnonzero(c.ids == 0)
        if self.kind == "zero":
            rows[who] = 0
        else:
            rows[who, :1] = float(self.kind)
        return rows, own


@pytest.mark.parametrize("kind", ["nan", "inf"])
@pytest.mark.parametrize("channel", [dict(clip=0.1), dict(noise_multiplier=0.3)])
def test_an_update_that_is_not_finite_counts_as_zero_and_is_told(kind, channel):
    exp = fp.Experiment(clients=6, rounds=3, **channel)
    bad, zero = (fp.run(exp.replace(algorithm=Poisoned(k))) for k in (kind, "zero"))
    assert np.array_equal(bad.parameters, zero.parameters)
    assert bad.ignored.tolist() == [0, 1, 1, 1]
    assert not zero.ignored.any()
    assert np.isfinite(bad.loss).all()
    run = Run(exp.replace(algorithm=Poisoned(kind)))
    *_, trace = tracing(run, 2)
    assert trace.ignored.tolist() == [True] + [False] * 5
    assert not trace.clipped[0]
    row = Row.of(list(stream(run))[2], run.layers[0].bound())
    assert row.ignored == 1
    assert np.isfinite(row.sent)


def test_without_a_channel_it_is_shown_as_what_it_is():
    history = fp.run(fp.Experiment(clients=6, rounds=2, algorithm=Poisoned("nan")))
    assert np.isnan(history.accuracy[1:]).all()
    assert history.diverged == 1


@pytest.mark.parametrize("choices", [{}, dict(model="mlp", hidden=(3,))])
def test_a_model_that_says_nothing_has_no_accuracy(choices):
    """A finite one: what it says of every example is NaN, or infinite for all classes."""
    X = 1e5 + np.random.default_rng(0).uniform(size=(60, 2))
    fed = fp.Federation.from_arrays(X, np.arange(60) % 3, np.arange(60) % 4)
    run = Run(fp.Experiment(rounds=2, **choices), fed)
    w = np.full(run.network.P, 3e38, np.float32)
    with calm():
        assert not np.isfinite(run.network.outputs(w, run.evaluate.X)).any()
        scores = run.evaluate(w)
        each = run.evaluate.each(np.repeat(w[None], 4, axis=0))
    assert np.isfinite(w).all()
    assert np.isnan(scores.accuracy)
    assert np.isnan(scores.client_accuracy).all()
    assert np.isnan(each).all()
    *_, seen = decision_boundaries(run, 1, w, 0)
    assert np.isnan(seen.everywhere.accuracy)
    assert seen.here.plane is None
    assert seen.here.points is None
    assert np.isnan(seen.here.accuracy)
    *_, found = client_accuracies(run, 1, w)
    assert np.isnan(found.own[0]).all()
    assert np.isnan(found.test[0]).all()


def test_of_some_examples_that_a_model_says_nothing_of_only_their_owners_have_none():
    outputs = np.array([[0.0, 1.0], [np.nan, 0.0], [2.0, 1.0]])
    run = Run(fp.Experiment(rounds=1), fed_of((10, 10)))
    right = run.network.right(outputs, np.array([1, 0, 0]))
    np.testing.assert_array_equal(right, [1, np.nan, 1])
    assert run.network.right(outputs[[0, 2]], np.array([1, 1])).tolist() == [True, False]
    assert likeliest(np.zeros((0, 2))).shape == (0,)


def test_pictures_of_a_model_that_says_nothing_are_not_judged():
    run = Run(fp.Experiment(rounds=1))
    w = np.full(run.network.P, 3e38, np.float32)
    assert np.isfinite(w).all()
    *_, seen = picture_analysis(run, 1, w, None)
    assert not seen.finite
    assert seen.after is None


def test_a_fine_model_whose_sum_overflows_has_its_accuracy():
    """Its numbers are large, and its outputs finite: 3e38 for the one class or for the other."""
    fed = fp.Federation.from_arrays([[0.0], [1.0]] * 20, [0, 1] * 20, np.arange(40) % 2)
    run = Run(fp.Experiment(rounds=1), fed)
    w = np.array([-3e38, 3e38, 3e38, 0.5], np.float32)
    with np.errstate(over="ignore"):
        assert not np.isfinite(w[1:].sum())
    with calm():
        assert run.evaluate(w).accuracy == 1.0
        assert run.evaluate(np.array([-3e38, 3e38, 3e38, 2e38], np.float32)).accuracy == 1.0


# --- What the precision can't hold ----------------------------------------------------------------


@pytest.mark.parametrize("where", ["X", "X_test"])
def test_features_beyond_the_precision_are_refused_in_a_sentence(where):
    X = np.random.default_rng(0).normal(size=(40, 2))
    large = X.copy()
    large[3, 1] = -1e39
    given_ = {"X": X, "X_test": X, where: large}
    fed = fp.Federation.from_arrays(
        given_["X"], np.arange(40) % 2, np.arange(40) % 4, X_test=given_["X_test"],
        y_test=np.arange(40) % 2,
    )  # fmt: skip
    with pytest.raises(ValueError, match=r"X: -1e\+39 in column 1: must be within .*float64"):
        fp.run(fp.Experiment(rounds=1), fed)
    assert np.isfinite(fp.run(fp.Experiment(rounds=1, dtype="float64"), fed).accuracy[0])


@pytest.mark.parametrize("algorithm", ["scaffold", "fedavg", "feddyn", "perfedavg"])
@pytest.mark.parametrize(("rate", "dtype"), [(1e-46, "float32"), (1e-320, "float64")])
def test_a_learning_rate_that_the_precision_rounds_to_nothing_is_refused(algorithm, rate, dtype):
    with pytest.raises(ValueError, match=rf"learning_rate={rate}: must be at least"):
        fp.Experiment(algorithm=algorithm, learning_rate=rate, dtype=dtype)


@pytest.mark.parametrize("name", registry.SLOTS["algorithm"])
@pytest.mark.parametrize(("rate", "dtype"), [(2e-38, "float32"), (3e-308, "float64")])
def test_the_least_learning_rates_give_numbers(name, rate, dtype):
    choices = MLP if name in ("fedper", "fedrep") else {}
    exp = fp.Experiment(algorithm=name, learning_rate=rate, rounds=3, dtype=dtype, **choices)
    history = fp.run(exp, fed_of())
    assert np.isfinite(history.loss).all()
    assert np.isfinite(history.parameters).all()
    assert np.isfinite(history.update_norm).all()


@pytest.mark.parametrize(
    "choices",
    [
        dict(finetune_rate=1.0, learning_rate=1e-35),
        dict(algorithm="perfedavg", maml_rate=1.0, learning_rate=1e-35),
        dict(algorithm="feddyn", feddyn_alpha=1e-46),
        dict(noise_multiplier=1.0, clip=1e-44),
        dict(noise_multiplier=1.0, participation=1e-50),
    ],
)
def test_choices_whose_quotients_leave_the_precision_are_refused(choices):
    with pytest.raises(ValueError, match="must be"):
        fp.Experiment(**choices)


def test_an_average_over_hardly_anybody_expected_is_no_number_over_nothing():
    exp = fp.Experiment(schedule="poisson", aggregate="fixed", participation=1e-50, rounds=2)
    assert np.isfinite(fp.run(exp).loss).all()


# --- Bytes, and footprints ------------------------------------------------------------------------


@dataclass(frozen=True)
class Half(Layer):
    """Sends half as many bytes, and a header."""

    def wire(self, bytes_, M):
        return bytes_ / 2 + 8


@pytest.mark.parametrize("name", registry.SLOTS["algorithm"])
@pytest.mark.parametrize("channel", [(), (Half(),)])
def test_a_run_counts_the_bytes_that_its_cost_foretold(name, channel):
    choices = MLP if name in ("fedper", "fedrep") else {}
    exp = fp.Experiment(algorithm=name, rounds=3, participation=0.5, channel=channel, **choices)
    cost, history = exp.cost(), fp.run(exp)
    assert cost.bytes_up == history.bytes_up[-1]
    assert cost.bytes_down == history.bytes_down[-1]


@pytest.mark.parametrize("name", ["fedavg", "scaffold", "ifca", "pfedme"])
def test_whoever_is_called_is_sent_the_model_and_who_is_late_sends_nothing(name):
    exp = fp.Experiment(algorithm=name, rounds=8, participation=0.5, stragglers=0.5, clients=10)
    kept, dropped = (fp.run(exp.replace(partial_work=w)) for w in ("kept", "dropped"))
    assert np.array_equal(kept.bytes_down, dropped.bytes_down)
    came = np.cumsum([len(ids) for ids in dropped.cohort])
    assert came[-1] < 40
    np.testing.assert_array_equal(dropped.bytes_up * 40, came * kept.bytes_up[-1])
    cost = exp.replace(partial_work="dropped").cost()
    assert cost.bytes_down == dropped.bytes_down[-1]
    assert cost.bytes_up == pytest.approx(kept.bytes_up[-1] / 2)


@dataclass(frozen=True)
class Wrong(fp.Algorithm):
    """Its message can't be made."""

    def message(self, w0, wk, own, server, c):
        return {}[0], own


@dataclass(frozen=True)
class Needs(fp.Algorithm):
    """Fails where nobody is there, which happens to nobody in a full federation."""

    def message(self, w0, wk, own, server, c):
        return (wk - w0) * c.steps.max() / c.steps.max(), own


def test_an_algorithm_that_fails_does_so_with_its_own_error():
    with pytest.raises(KeyError):
        footprint(Wrong(), 12)
    for ask in (fp.run, fp.Experiment.cost, Run):
        with pytest.raises(KeyError):
            ask(fp.Experiment(algorithm=Wrong(), rounds=1))
    assert fp.run(fp.Experiment(algorithm=Needs(), rounds=1)).rounds == 1


def test_a_closeup_tells_who_came_too_late():
    exp = fp.Experiment(clients=10, rounds=2, stragglers=0.5, partial_work="dropped")
    shown = scene(exp, InsideRound, phase=0)
    trace = shown.closeup
    assert trace.called == 10 > trace.K
    said = InsideRound.sentence(shown)
    assert f"(2.6 kB), to <b>10</b> of 10 clients, of whom {10 - trace.K} come too late." in said
    assert [round(way) for way in journey(shown)] == [2600, 2600]
