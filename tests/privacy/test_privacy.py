"""DP-FedAvg: the noise that is stated, added where it is stated, and nothing else changed."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import fedplay as fp
from fedplay.engine.loop import Run
from fedplay.privacy import epsilon
from fedplay.stages.base import Cohort
from fedplay.stages.channel.dp import DifferentialPrivacy
from fedplay.streams import Purpose, Streams
from tests.support import papers
from tests.support.reference import random_federation


def cohort(round, K=4, N=20, expected=5.0, seed=0):
    ids = np.arange(K)
    ones = np.ones(K)
    return Cohort(round, ids, ones, ones, ones, N, expected, expected, 0.1, Streams(seed))


def test_noise_has_the_stated_covariance_and_rounds_are_independent():
    """200,000 draws: 40,000 rounds of 5 coordinates."""
    layer = DifferentialPrivacy(clip=0.7, noise_multiplier=1.3)
    m = np.arange(5.0)
    draws = np.array([layer.server(m, cohort(r)) - m for r in range(40_000)])
    variance = (1.3 * 0.7 / 5.0) ** 2
    covariance = np.cov(draws.T)
    # The standard error of a variance is v·√(2/n), of a covariance v/√n: five of them are allowed.
    assert np.abs(draws.mean(axis=0)).max() < 5 * np.sqrt(variance / 40_000)
    assert np.abs(np.diag(covariance) - variance).max() < 5 * variance * np.sqrt(2 / 40_000)
    off = covariance - np.diag(np.diag(covariance))
    assert np.abs(off).max() < 5 * variance / 200
    flat = draws.ravel()
    lag = (draws[1:] * draws[:-1]).mean(axis=0)  # from one round to the next
    assert np.abs(lag).max() < 5 * variance / 200
    # The whole distribution is the normal one: Kolmogorov's distance at its 0.1 % point.
    from scipy.stats import norm

    ordered = np.sort(flat)
    gap = np.abs(norm.cdf(ordered, scale=np.sqrt(variance)) - np.arange(len(flat)) / len(flat))
    assert gap.max() < 1.95 / np.sqrt(len(flat))


def test_noise_streams_of_clients_are_independent():
    """Where a layer draws on the client, every client has a stream of its own."""
    streams = Streams(3)
    draws = np.array(
        [[streams.at(Purpose.NOISE, r, k).normal(size=10) for k in range(4)] for r in range(5000)]
    )
    by_client = draws.transpose(1, 0, 2).reshape(4, -1)  # 200,000 draws in all
    correlation = np.corrcoef(by_client)
    assert np.abs(correlation - np.eye(4)).max() < 5 / np.sqrt(50_000)
    assert by_client.std() == pytest.approx(1.0, abs=5 / np.sqrt(2 * 200_000))


@given(st.integers(0, 2**32 - 1), st.floats(1e-3, 1e3))
def test_clipping_bounds_every_update_and_leaves_short_ones_alone(seed, S):
    rows = np.random.default_rng(seed).normal(size=(6, 9)) * np.logspace(-3, 3, 6)[:, None]
    rows[0] = 0
    out, _ = DifferentialPrivacy(clip=S).client(rows, {}, cohort(1, K=6))
    lengths = np.linalg.norm(rows, axis=1)
    np.testing.assert_allclose(np.linalg.norm(out, axis=1), np.minimum(lengths, S), rtol=1e-12)
    np.testing.assert_array_equal(out[lengths <= S], rows[lengths <= S])
    np.testing.assert_allclose(out * lengths[:, None], rows * np.linalg.norm(out, axis=1)[:, None])


@settings(max_examples=40)
@given(
    st.lists(st.integers(2, 15), min_size=2, max_size=6),
    st.floats(0.2, 1.0),
    st.floats(0.05, 3.0),
    st.floats(0.01, 2.0),
    st.integers(0, 10**6),
)
def test_equals_a_plain_loop_of_the_paper(sizes, q, S, z, seed):
    sizes[0] += 3
    fed = random_federation(np.random.default_rng(seed), sizes, test_fraction=0)
    exp = fp.Experiment(
        participation=q, clip=S, noise_multiplier=z, rounds=3, batch_size=4, seed=seed,
        dtype="float64", local_epochs=2,
    )  # fmt: skip
    w = papers.dp_fedavg(papers.given(exp, fed), q, S, z)
    np.testing.assert_allclose(fp.run(exp, fed).parameters, w, atol=1e-10)


def test_clients_toss_their_own_coins():
    exp = fp.Experiment(noise_multiplier=1.0, participation=0.3, clients=20, rounds=2000)
    run = Run(exp)
    sizes = [len(run.cohort(r).ids) for r in range(1, 2001)]
    assert np.mean(sizes) == pytest.approx(6, abs=5 * np.sqrt(20 * 0.3 * 0.7 / 2000))
    assert np.var(sizes) == pytest.approx(20 * 0.3 * 0.7, rel=0.16)
    seen = np.bincount(np.concatenate([run.cohort(r).ids for r in range(1, 2001)]), minlength=20)
    assert np.abs(seen / 2000 - 0.3).max() < 5 * np.sqrt(0.3 * 0.7 / 2000)


def test_a_fixed_cohort_is_a_uniform_set():
    exp = fp.Experiment(participation=0.25, clients=20)
    run = Run(exp)
    ids = [run.cohort(r).ids for r in range(1, 2001)]
    assert all(len(np.unique(c)) == 5 for c in ids)
    seen = np.bincount(np.concatenate(ids), minlength=20)
    assert np.abs(seen / 2000 - 0.25).max() < 5 * np.sqrt(0.25 * 0.75 / 2000)


def test_the_history_carries_epsilon():
    exp = fp.Experiment(noise_multiplier=1.0, participation=0.5, clients=20, rounds=50, delta=0.01)
    h = fp.run(exp.replace(rounds=3))
    assert h.epsilon[0] == 0
    np.testing.assert_allclose(h.epsilon[1:], epsilon(0.5, 1.0, np.arange(1, 4), 0.01))
    whole = Run(exp).epsilon
    assert whole[-1] == pytest.approx(21, abs=0.5)
    assert (np.diff(whole) > 0).all()
    assert np.isinf(fp.run(exp.replace(rounds=2, noise_multiplier=0.0)).epsilon).all()


def test_delta_is_well_below_one_over_the_clients():
    for N in (1, 10, 20, 10**6):
        assert DifferentialPrivacy().slack(N) == pytest.approx(0.1 / N)
    assert DifferentialPrivacy(delta=1e-5).slack(10) == 1e-5


def test_clip_alone_bounds_the_step():
    h = fp.run(fp.Experiment(clip=0.05, rounds=4))
    assert (h.step_norm[1:] <= 0.05 + 1e-6).all()
    assert (h.update_norm[1:] > 0.05).all()
