"""A traced round is the engine's own round, and everything said of it can be computed otherwise."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pytest

import fedplay as fp
from fedplay.engine.loop import Run, stream
from fedplay.inspect.replay import WALKS
from fedplay.plain import softmax_gradient
from fedplay.stages.base import Aggregate
from fedplay.views.inside_round.analysis import tracing
from tests.support.reference import order_of, random_federation


@dataclass(frozen=True)
class Pulled(fp.Algorithm):
    """FedProx's pull: corrections must work under the watch."""

    def correct(self, w0, own, server, c):
        return fp.Correction(pull=0.5, anchor=w0)


@dataclass(frozen=True)
class Doubled(fp.Algorithm):
    """Sends two vectors and remembers one: a message that is not an update."""

    def init(self, P, N):
        return {}, {"last": np.zeros((N, P), np.float32)}

    def message(self, w0, wk, own, server, c):
        update = wk - w0
        return np.concatenate([update + 0.1 * own["last"], update], axis=1), {"last": update}

    def absorb(self, w, server, m, step, c):
        return step(w, m[: len(w)]), server


@dataclass(frozen=True)
class Brief(fp.Algorithm):
    """Sends one number of its update only."""

    def message(self, w0, wk, own, server, c):
        return (wk - w0)[:, :1], own

    def absorb(self, w, server, m, step, c):
        return step(w, np.append(m, np.zeros(len(w) - 1, w.dtype))), server


@dataclass(frozen=True)
class Median(Aggregate):
    linear = False

    def combine(self, rows, c):
        return np.median(rows, axis=0).astype(rows.dtype) if len(rows) else np.zeros(rows.shape[1])


CONFIGURATIONS = {
    "softmax": dict(clients=12, alpha=0.1),
    "mlp": dict(model="mlp", hidden=(6, 4), clients=9, participation=0.4, local_epochs=2),
    "private": dict(clients=30, participation=0.3, clip=0.2, noise_multiplier=0.7),
    "many": dict(clients=150, participation=0.9, model="mlp", hidden=(5,), batch_size=4),
    "one": dict(clients=1, batch_size=None),
    "pulled": dict(algorithm=Pulled(), clients=7, server_learning_rate=0.5),
    "doubled": dict(algorithm=Doubled(), clients=7),
    "median": dict(aggregate=Median(), clients=7),
    "often nobody": dict(schedule="poisson", participation=0.1, clients=5),
}


def trace_of(run, number):
    *_, trace = tracing(run, number)
    return trace


def fed_of(sizes, seed=0):
    return random_federation(np.random.default_rng(seed), sizes, test_fraction=0.2, seed=seed)


@pytest.mark.parametrize("name", CONFIGURATIONS)
def test_the_traced_round_is_the_engines_bit_for_bit(name):
    exp = fp.Experiment(rounds=4, **CONFIGURATIONS[name])
    run = Run(exp)
    rounds = list(stream(run))
    for number in (3, 4, 2, 1, 4):  # onwards from where it was, and back
        trace = trace_of(run, number)
        assert np.array_equal(trace.after, rounds[number].parameters)
        assert np.array_equal(trace.before, rounds[number - 1].parameters)
        assert np.array_equal(trace.ids, rounds[number].cohort)
        if not isinstance(exp.stage("algorithm"), Doubled):
            np.testing.assert_allclose(trace.lengths, rounds[number].update_norm, rtol=1e-5)
        up = rounds[number].bytes_up - rounds[number - 1].bytes_up
        down = rounds[number].bytes_down - rounds[number - 1].bytes_down
        assert (trace.bytes_up, trace.bytes_down) == (up, down)
        assert trace.accuracy_before == rounds[number - 1].accuracy
        assert trace.accuracy_after == rounds[number].accuracy
    again = list(stream(run))  # and the run is as it was
    assert np.array_equal(again[-1].parameters, rounds[-1].parameters)


def test_it_comes_in_pieces_and_round_0_stands_for_round_1():
    run = Run(fp.Experiment(clients=40, rounds=9))
    pieces = list(tracing(run, 6))
    assert all(piece is None for piece in pieces[:-1])
    assert len(pieces) >= 6 + 40 // 16
    assert pieces[-1].number == 6
    assert len(list(tracing(run, 7))) < len(pieces), "the next one goes on from there"
    assert trace_of(run, 0).number == 1


def test_a_trace_that_is_given_up_leaves_nothing_wrong_behind():
    run = Run(fp.Experiment(clients=6, rounds=5))
    expected = [r.parameters for r in stream(run)]
    for given_up in (1, 3, 4, 5):
        assert np.array_equal(trace_of(run, 2).after, expected[2])
        steps = tracing(run, 5)
        for _ in range(given_up):
            next(steps)
        steps.close()
        assert np.array_equal(trace_of(run, 4).after, expected[4])


def test_paths_are_the_plain_steps_of_each_client():
    fed = fed_of([23, 4, 11, 1])
    exp = fp.Experiment(rounds=3, batch_size=4, local_epochs=2, dtype="float64")
    run = Run(exp, fed)
    trace = trace_of(run, 2)
    order = order_of(run, 2)
    for k, path in enumerate(trace.paths):
        rows = fed.train.of(k)
        X, y = fed.X[rows], fed.y[rows]
        w, points = trace.before, [np.zeros(2)]
        for epoch in order(2, k):
            for a in range(0, len(epoch), 4):
                batch = epoch[a : a + 4]
                w = w - exp.learning_rate * softmax_gradient(w, X[batch], y[batch])
                points.append(trace.basis @ (w - trace.before))
        assert trace.steps[k] == len(points) - 1
        np.testing.assert_allclose(path, points, atol=1e-12)
        np.testing.assert_allclose(trace.ends[k], points[-1], atol=1e-12)
        np.testing.assert_allclose(trace.lengths[k], np.linalg.norm(w - trace.before))


def full_updates(run, trace):
    """(K, P) the updates of a traced round."""
    begun = np.repeat(trace.before[None], trace.K, axis=0)
    ended = run.trainer(begun, None, ids=trace.ids, round=trace.number, epochs=run.exp.local_epochs)
    return (ended - begun).astype(float)


@pytest.mark.parametrize("name", ["softmax", "mlp", "private", "many", "one"])
def test_the_plane_holds_the_average_and_the_most_of_what_it_leaves(name):
    run = Run(fp.Experiment(rounds=3, **CONFIGURATIONS[name]))
    trace = trace_of(run, 3)
    np.testing.assert_allclose(trace.basis @ trace.basis.T, np.eye(2), atol=1e-9)
    np.testing.assert_allclose(trace.average, [trace.average_length, 0], atol=1e-6)
    U = full_updates(run, trace)
    np.testing.assert_allclose(trace.ends, U @ trace.basis.T, atol=1e-5)
    total = (U**2).sum()
    assert trace.shown == pytest.approx(((U @ trace.basis.T) ** 2).sum() / total, rel=1e-4)
    along = U @ trace.basis[0]
    rest = U - np.outer(along, trace.basis[0])
    best = np.linalg.svd(rest, compute_uv=False)[0] ** 2
    assert trace.shown == pytest.approx(((along**2).sum() + best) / total, abs=1e-4)
    if trace.clipped.any():  # the average is that of the clipped updates
        U *= np.minimum(1, trace.bound / np.linalg.norm(U, axis=1))[:, None]
    np.testing.assert_allclose(trace.share @ U, trace.average_length * trace.basis[0], atol=1e-6)


@pytest.mark.parametrize("name", [n for n in CONFIGURATIONS if n not in ("doubled", "median")])
def test_updates_times_shares_add_up_to_the_average(name):
    run = Run(fp.Experiment(rounds=3, **CONFIGURATIONS[name]))
    trace = trace_of(run, 3)
    np.testing.assert_allclose(trace.share @ trace.sent, trace.average, atol=1e-6)
    if name == "private":
        np.testing.assert_allclose(trace.share, 1 / 9)
    else:
        np.testing.assert_allclose(trace.share, trace.weight / max(1, trace.weight.sum()))
    if run.exp.server_learning_rate == 1:
        np.testing.assert_allclose(trace.step, trace.moved, atol=1e-6)
    else:
        np.testing.assert_allclose(0.5 * trace.step, trace.moved, atol=1e-6)


def test_the_channel_cuts_the_long_and_adds_noise_to_the_average():
    run = Run(fp.Experiment(rounds=3, **CONFIGURATIONS["private"]))
    trace = trace_of(run, 2)
    assert trace.bound == 0.2
    assert trace.clipped.any()
    assert not trace.clipped.all()
    assert np.array_equal(trace.clipped, trace.lengths > 0.2)
    assert (np.hypot(*trace.sent.T) <= 0.2 + 1e-6).all()
    factor = np.minimum(1, 0.2 / trace.lengths)[:, None]
    np.testing.assert_allclose(trace.sent, factor * trace.ends, atol=1e-6)
    deviation = 0.7 * 0.2 / 9  # z·S / (q·N)
    assert trace.noise_length == pytest.approx(deviation * np.sqrt(650), rel=0.15)
    quiet = trace_of(Run(fp.Experiment(rounds=3, clients=5)), 2)
    assert quiet.noise_length == 0
    assert quiet.bound is None
    assert not quiet.clipped.any()


@pytest.mark.parametrize("noise", [0.0, 1.0])
def test_a_round_to_which_nobody_came(noise):
    exp = fp.Experiment(
        schedule="poisson", participation=0.1, clients=5, rounds=9, noise_multiplier=noise
    )
    run = Run(exp)
    number = next(r.number for r in stream(run) if r.number and not len(r.cohort))
    trace = trace_of(run, number)
    assert trace.K == 0
    assert trace.paths == ()
    assert trace.ends.shape == (0, 2)
    assert np.isnan(trace.shown)
    np.testing.assert_allclose(trace.basis @ trace.basis.T, np.eye(2), atol=1e-9)
    assert np.hypot(*trace.moved) == pytest.approx(trace.noise_length)
    assert (trace.noise_length > 0) == (noise > 0)


def test_local_models_are_judged_on_the_test_set_and_on_their_own_data():
    fed = fed_of([30, 12, 1])
    assert not len(fed.held.of(2)), "one client holds nothing out"
    run = Run(fp.Experiment(rounds=2, batch_size=8, dtype="float64"), fed)
    trace = trace_of(run, 2)
    models = trace.before + full_updates(run, trace)

    def accuracy(w, X, y):
        W = w.reshape(fed.C, fed.d + 1)
        return np.mean((X @ W[:, :-1].T + W[:, -1]).argmax(axis=1) == y)

    for k, w in enumerate(models):
        held = fed.held.of(k)
        assert trace.tested[k] == pytest.approx(accuracy(w, fed.X_test, fed.y_test))
        if len(held):
            assert trace.own[k] == pytest.approx(accuracy(w, fed.X[held], fed.y[held]))
    assert np.isnan(trace.own[2])


def test_what_comes_with_an_update_is_not_drawn():
    doubled = trace_of(Run(fp.Experiment(rounds=2, **CONFIGURATIONS["doubled"])), 2)
    np.testing.assert_allclose(doubled.average, doubled.share @ doubled.sent, atol=1e-6)
    np.testing.assert_allclose(doubled.moved, doubled.average, atol=1e-6)
    assert np.abs(doubled.sent - doubled.ends).max() > 1e-3  # the last update's tenth is in it


def test_messages_that_are_no_updates_and_aggregates_that_are_no_sums_are_not_drawn_as_such():
    brief = trace_of(Run(fp.Experiment(rounds=2, algorithm=Brief(), clients=7)), 2)
    assert np.isnan(brief.sent).all()
    assert np.isnan(brief.average).all()
    assert np.isfinite(brief.ends).all()
    assert np.isfinite(brief.moved).all()
    median = trace_of(Run(fp.Experiment(rounds=2, **CONFIGURATIONS["median"])), 2)
    assert np.isnan(median.share).all()
    np.testing.assert_allclose(median.average, [median.average_length, 0], atol=1e-6)


def test_a_model_that_overflows_is_traced_without_a_warning():
    exp = fp.Experiment(
        algorithm=Pulled(), learning_rate=1000.0, rounds=12, clients=6, local_epochs=20
    )
    run = Run(exp)
    last = list(stream(run))[-1]
    assert not np.isfinite(last.parameters).all(), "the seed should overflow"
    trace = trace_of(run, 12)
    assert np.array_equal(trace.after, last.parameters, equal_nan=True)
    assert np.isnan(trace.tested).all()
    assert np.isfinite(trace.basis).all()


def test_only_so_many_walks_are_kept():
    run = Run(fp.Experiment(rounds=2, **CONFIGURATIONS["many"]))
    trace = trace_of(run, 1)
    assert trace.K == 135
    assert len(trace.paths) == WALKS
    for path, steps, end in zip(trace.paths, trace.steps, trace.ends, strict=False):
        assert path.shape == (steps + 1, 2)
        np.testing.assert_allclose(path[-1], end, atol=1e-6)
