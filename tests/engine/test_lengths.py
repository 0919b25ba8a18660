"""Lengths are of the model's update, whatever rides along and however long; against the papers."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import fedplay as fp
from fedplay import registry
from fedplay.engine.loop import Run, stream
from fedplay.inspect.protection import gaussian_length, update_protection
from fedplay.scopes import calm
from fedplay.stages.lengths import cut, lengths_of
from fedplay.views.inside_round.analysis import tracing
from fedplay.views.privacy_and_cost.ledger import Row
from tests.support import papers, personal_papers
from tests.support.reference import hidden, random_federation

SIZES = (5, 9, 12, 3, 7, 1)
MLP = dict(model="mlp", hidden=(4,))
BODY = 4 * (3 + 1)  # parameters below the head, with three features


def fed_of(sizes=SIZES):
    return random_federation(np.random.default_rng(0), sizes, test_fraction=0.2)


def starts(exp, fed):
    run = Run(exp, fed)
    return list(run.start().server["models"])


def loss_of(exp, fed):
    return personal_papers.cross_entropy((fed.d, *hidden(exp), fed.C))


# --- Lengths of updates, whatever rides along with them -------------------------------------------

# The choices, the paper's loop (the model that the server has at the end), and whether the server's
# step is the plain average of the updates.
LOOPS = {
    "fedavg": ({}, lambda g, exp, fed: papers.fedavg(g), True),
    "fedprox": (dict(mu=0.5), lambda g, exp, fed: papers.fedprox(g, 0.5), True),
    "fednova": ({}, lambda g, exp, fed: papers.fednova(g), False),
    "scaffold": ({}, lambda g, exp, fed: papers.scaffold(g, "II"), True),
    "pfedme": ({}, lambda g, exp, fed: personal_papers.pfedme(g, 5.0, 2)[0], True),
    "perfedavg": ({}, lambda g, exp, fed: personal_papers.perfedavg(g, g.lr)[0], True),
    "fedper": (MLP, lambda g, exp, fed: personal_papers.fedper(g, BODY)[0][:BODY], True),
    "fedrep": (MLP, lambda g, exp, fed: personal_papers.fedrep(g, BODY, 1)[0][:BODY], True),
}
MORE = {  # what else may be chosen, and changes no length of the first round
    "plain": {},
    "server momentum": dict(server="momentum"),
    "server adam": dict(server="adam"),
    "server adagrad": dict(server="adagrad"),
    "server yogi": dict(server="yogi"),
    "ditto": dict(personal="ditto"),
    "apfl": dict(personal="apfl"),
    "interpolation": dict(personal="interpolation"),
}


@pytest.mark.parametrize("more", MORE)
@pytest.mark.parametrize("name", LOOPS)
def test_lengths_are_of_the_updates_that_the_papers_loops_make(name, more):
    """A client's update is how far the paper's loop gets with that client alone in the round."""
    choices, loop, plain = LOOPS[name]
    fed = fed_of()
    exp = fp.Experiment(
        algorithm=name, rounds=2, local_epochs=2, batch_size=4, dtype="float64", **choices
    )
    try:
        exp = exp.replace(**MORE[more])
    except ValueError:
        pytest.skip("they do not go together")
    g = papers.given(exp, fed)
    rounds = list(stream(Run(exp, fed)))[1:]
    for r in rounds[: 1 if more.startswith("server") else 2]:
        past = g.rounds[: r.number - 1]
        before = loop(replace(g, rounds=past), exp, fed) if past else g.start[: _reach(name, g)]
        alone = [
            loop(replace(g, rounds=[*past, {k: 2}]), exp, fed) - before for k in range(len(SIZES))
        ]
        np.testing.assert_allclose(r.update_norm, np.linalg.norm(alone, axis=1), rtol=1e-9)
        if plain:
            step = np.average(alone, axis=0, weights=[g.p(k) for k in range(g.N)])
        else:
            step = loop(replace(g, rounds=g.rounds[: r.number]), exp, fed) - before
        assert r.step_norm == pytest.approx(np.linalg.norm(step), rel=1e-9)
        assert (r.message_norm >= r.update_norm * (1 - 1e-12)).all() or name == "fednova"


def _reach(name, g):
    return BODY if name in ("fedper", "fedrep") else len(g.start)


@pytest.mark.parametrize("start", ["random", "apart", "identical"])
def test_lengths_of_ifca_are_of_the_model_that_was_chosen(start):
    fed = fed_of()
    exp = fp.Experiment(algorithm="ifca", cluster_start=start, dtype="float64", rounds=1)
    g, models = papers.given(exp, fed), starts(exp, fed)
    loss = loss_of(exp, fed)
    alone, chosen = np.zeros((len(SIZES), len(g.start))), np.zeros(len(SIZES), int)
    for k in np.flatnonzero(fed.sizes).tolist():
        chosen[k] = np.argmin([loss(w, *g.clients[k]) for w in models])
        one = replace(g, rounds=[{k: 1}])
        alone[k] = personal_papers.ifca(one, list(models), loss)[0] - models[chosen[k]]
    (_, r) = stream(Run(exp, fed))
    np.testing.assert_allclose(r.update_norm, np.linalg.norm(alone, axis=1), rtol=1e-9)
    weights = np.array([g.p(k) for k in range(g.N)])
    j = int(np.argmax([weights[chosen == j].sum() for j in range(2)]))
    step = np.average(alone[chosen == j], axis=0, weights=weights[chosen == j])
    assert r.step_norm == pytest.approx(np.linalg.norm(step), rel=1e-9)


def test_with_equal_clients_methods_that_carry_more_have_the_lengths_of_fedavg():
    exp = fp.Experiment(clients=5, partition="iid", rounds=2, local_epochs=2, dtype="float64")
    plain = fp.run(exp)
    assert plain.update_norm[1] == pytest.approx(0.733, abs=5e-4)
    assert plain.step_norm[1] == pytest.approx(0.683, abs=5e-4)
    nova = fp.run(exp.replace(algorithm="fednova"))
    np.testing.assert_allclose(nova.update_norm, plain.update_norm, rtol=1e-12)
    np.testing.assert_allclose(nova.step_norm, plain.step_norm, rtol=1e-12)
    scaffold = fp.run(exp.replace(algorithm="scaffold"))
    assert scaffold.update_norm[1] == pytest.approx(plain.update_norm[1])
    assert scaffold.step_norm[1] == pytest.approx(plain.step_norm[1], rel=1e-6)
    assert fp.run(exp.replace(algorithm="ifca")).update_norm[1] == pytest.approx(0.772, abs=5e-4)


@pytest.mark.parametrize("algorithm", ["fednova", "scaffold", "ifca"])
def test_what_rides_along_is_told_beside_the_update(algorithm):
    exp = fp.Experiment(clients=5, rounds=3, algorithm=algorithm, dtype="float64")
    run = Run(exp)
    rounds = list(stream(run))
    for r in rounds[1:]:
        rest = r.message_norm**2 - r.update_norm**2
        if algorithm == "ifca":  # a one for the choice
            np.testing.assert_allclose(rest, 1)
        elif algorithm == "fednova":  # the number of steps, beside their mean
            tau = run.cohort(r.number).steps
            np.testing.assert_allclose(
                r.message_norm**2, (r.update_norm / tau) ** 2 + tau.astype(float) ** 2
            )
        else:
            assert (rest > 0).all()
    history = fp.run(exp)
    np.testing.assert_allclose(history.message_norm[1], rounds[1].message_norm.mean())


@dataclass(frozen=True)
class First(fp.Algorithm):
    """FedNova as somebody else may write it: the number of steps comes first."""

    def message(self, w0, wk, own, server, c):
        tau = c.steps.astype(w0.dtype)[:, None]
        return np.hstack([tau, (wk - w0) / np.maximum(tau, 1)]), own

    def absorb(self, w, server, m, step, c):
        return step(w, m[0] * m[1:]), server


@dataclass(frozen=True)
class Whole(fp.Algorithm):
    """Sends its model, and not by how much it changed."""

    def message(self, w0, wk, own, server, c):
        return wk, own

    def absorb(self, w, server, m, step, c):
        return step(w, m - w if c.K else 0 * w), server


@dataclass(frozen=True)
class Counting(fp.Algorithm):
    """An update, and a number after it."""

    def message(self, w0, wk, own, server, c):
        return np.hstack([wk - w0, np.full((c.K, 1), 100, w0.dtype)]), own

    def absorb(self, w, server, m, step, c):
        return step(w, m[:-1]), server


@pytest.mark.parametrize("algorithm", [First(), Whole(), Counting()])
def test_lengths_are_of_the_update_whatever_somebody_sends(algorithm):
    exp = fp.Experiment(clients=5, rounds=3, dtype="float64", partition="iid")
    plain, own = fp.run(exp), fp.run(exp.replace(algorithm=algorithm))
    np.testing.assert_allclose(own.parameters, plain.parameters, atol=1e-12)
    np.testing.assert_allclose(own.update_norm, plain.update_norm, rtol=1e-9)
    np.testing.assert_allclose(own.step_norm, plain.step_norm, rtol=1e-9)


@pytest.mark.parametrize("name", registry.SLOTS["algorithm"])
def test_a_closeup_has_the_lengths_of_its_round(name):
    choices = MLP if name in ("fedper", "fedrep") else {}
    run = Run(fp.Experiment(algorithm=name, clients=6, rounds=2, local_epochs=2, **choices))
    r = list(stream(run))[2]
    *_, trace = tracing(run, 2)
    np.testing.assert_array_equal(trace.lengths, r.update_norm)
    assert trace.average_length == pytest.approx(r.step_norm, rel=1e-6)
    assert not trace.clipped.any()
    if np.isfinite(trace.average).all():
        np.testing.assert_allclose(trace.average, [r.step_norm, 0], rtol=1e-4, atol=1e-6)


@pytest.mark.parametrize("name", ["fedper", "fedrep", "scaffold", "fedavg", "feddyn"])
def test_a_closeup_shows_what_was_clipped_and_how_long_the_noise_is(name):
    choices = MLP if name in ("fedper", "fedrep") else {}
    exp = fp.Experiment(
        algorithm=name, clients=20, rounds=2, clip=0.3, noise_multiplier=0.5, **choices
    )
    run = Run(exp)
    r = list(stream(run))[2]
    *_, trace = tracing(run, 2)
    np.testing.assert_array_equal(trace.clipped, r.message_norm > 0.3)
    assert 0 < Row.of(r, 0.3).clipped == trace.clipped.sum()
    told = update_protection(exp, run.network.P, run.network.spans).noise
    assert trace.noise_length == pytest.approx(told, rel=0.2)
    row = Row.of(r, 0.3)
    cut_ = r.update_norm * np.minimum(1, 0.3 / r.message_norm)
    assert row.sent == pytest.approx(cut_.mean())


@pytest.mark.parametrize("name", ["fedavg", "scaffold", "feddyn", "fedper", "fedrep", "pfedme"])
def test_the_noise_is_as_long_as_what_falls_on_the_update(name):
    """Drawn on every number of the message, it is told of those that are the update."""
    choices = MLP if name in ("fedper", "fedrep") else {}
    exp = fp.Experiment(algorithm=name, clients=10, noise_multiplier=2.0, clip=1.0, **choices)
    run = Run(exp)
    (layer,), travels = run.layers, run.travels
    zeros = np.zeros(travels.message)
    drawn = [layer.server(zeros, run.cohort(r)) for r in range(1, 101)]
    assert {np.count_nonzero(noise) for noise in drawn} == {travels.message}
    parts = [np.linalg.norm(run.algorithm.update(noise, travels.shared)) for noise in drawn]
    told = update_protection(exp, run.network.P, run.network.spans).noise
    assert told == pytest.approx(np.mean(parts), rel=0.02)
    assert told == pytest.approx(2.0 / 10 * gaussian_length(travels.shared))


def test_the_message_of_scaffold_is_clipped_as_a_whole():
    """One ε for both vectors: together they are no longer than S."""
    run = Run(fp.Experiment(algorithm="scaffold", clients=6, clip=0.1, rounds=1))
    rng = np.random.default_rng(0)
    rows = rng.normal(size=(6, 2 * run.network.P)).astype(np.float32)
    (layer,) = run.layers
    sent, _ = layer.client(rows, {}, run.cohort(1))
    np.testing.assert_allclose(np.linalg.norm(sent, axis=1), 0.1, rtol=1e-5)


# --- Lengths without overflow ---------------------------------------------------------------------


@given(
    dtype=st.sampled_from(["float32", "float64"]),
    part=st.floats(-1, 1),
    most=st.floats(-1, 1),
    seed=st.integers(0, 99),
)
@settings(max_examples=60)
def test_a_row_is_cut_to_its_clipping_norm_whatever_the_sizes(dtype, part, most, seed):
    """Against exact arithmetic in longer floats, over all sizes that the precision holds."""
    held = np.finfo(dtype)
    top = np.log10(float(held.max)) - 2
    rows = np.random.default_rng(seed).uniform(-1, 1, (3, 20)) * 10 ** (part * top)
    rows = rows.astype(dtype)
    S = min(10 ** (most * (top - 4)), 1e6)
    long = rows.astype(np.longdouble)
    true = np.sqrt((long**2).sum(axis=1))
    np.testing.assert_allclose(lengths_of(rows), true.astype(float), rtol=2e-6)
    got = np.sqrt((cut(rows, S).astype(np.longdouble) ** 2).sum(axis=1)).astype(float)
    np.testing.assert_allclose(got, np.minimum(true, S).astype(float), rtol=2e-6)


def test_nothing_has_length_zero_and_stays():
    rows = np.zeros((2, 4), np.float32)
    assert (lengths_of(rows) == 0).all()
    assert (cut(rows, 1e-30) == 0).all()
    assert lengths_of(np.zeros((0, 4))).shape == (0,)


@pytest.mark.parametrize("size", [1e-30, 1e21, 1e30, 3e37])
@pytest.mark.parametrize("clip", [1e-25, 1.0])
def test_a_clipping_norm_holds_for_updates_of_any_size(size, clip):
    """As in float64, where nothing overflows."""
    fed = fed_of((20, 30, 25))
    fed = replace(fed, X=fed.X * size, X_test=fed.X_test * size)
    exp = fp.Experiment(rounds=1, clip=clip, batch_size=None)
    single, double = (fp.run(exp.replace(dtype=dtype), fed) for dtype in ("float32", "float64"))
    assert double.step_norm[1] > 0
    np.testing.assert_allclose(single.step_norm, double.step_norm, rtol=1e-4)
    np.testing.assert_allclose(single.update_norm, double.update_norm, rtol=1e-4)


@pytest.mark.parametrize("size", [1e-200, 1e200])
def test_lengths_of_a_double_run_do_not_depend_on_the_unit(size):
    """Plain gradients of zeros: the first update is as long as the features are large."""
    fed = fed_of((20, 30, 25))
    plain = replace(fed, X=fed.X - 10)  # far from 0, so that the bias's share is small
    large = replace(plain, X=plain.X * size)
    exp = fp.Experiment(rounds=1, batch_size=None, dtype="float64")
    with calm():
        one, other = (list(stream(Run(exp, f)))[1] for f in (plain, large))
    if size > 1:
        np.testing.assert_allclose(other.update_norm, one.update_norm * size, rtol=0.02)
    else:
        assert (other.update_norm > 0).all()


@pytest.mark.parametrize("server", ["adagrad", "adam", "yogi"])
def test_squares_of_an_adaptive_server_neither_overflow_nor_vanish(server):
    """Steps of about the rate, whatever the size of the update, where τ is below it."""
    rate = fp.Experiment(server=server).adaptive_rate
    for size in (1e-30, 1e-25, 1.0, 1e25):
        stage = fp.Experiment(server=server, tau=1e-40).stage("server")
        m = np.full(3, size, np.float32)
        w, _ = stage.step(np.zeros(3, np.float32), m, stage.init(3))
        assert 0.9 * rate <= np.abs(w).max() <= 10 * rate
