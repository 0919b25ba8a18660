"""The measures of skew, of labels and of gradients, against scipy and closed forms."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from scipy.spatial.distance import jensenshannon
from scipy.stats import entropy, wasserstein_distance

import fedplay as fp
from fedplay.data import (
    Skew,
    dissimilarity,
    earth_movers,
    effective_classes,
    hellinger,
    jensen_shannon,
    measure,
)
from fedplay.engine.loop import Run
from fedplay.inspect import gradients as engine
from tests.support.reference import random_federation

TABLES = st.tuples(st.integers(1, 12), st.integers(1, 12)).flatmap(
    lambda shape: arrays(np.int64, shape, elements=st.integers(0, 500))
)


def test_same_mix_everywhere_is_no_skew():
    counts = [[3, 6, 9], [1, 2, 3], [10, 20, 30]]
    for distance in (jensen_shannon, hellinger, earth_movers):
        assert distance(counts) == pytest.approx(0.0, abs=1e-7)


@pytest.mark.parametrize("N", [2, 3, 10, 100])
def test_one_class_a_client(N):
    """p is one class and q uniform over N: JS = 1 + log2(N)/2 - (N+1)/(2N) log2(N+1)."""
    divergence = 1 + np.log2(N) / 2 - (N + 1) / (2 * N) * np.log2(N + 1)
    assert jensen_shannon(7 * np.eye(N)) == pytest.approx(np.sqrt(divergence), abs=1e-12)
    assert effective_classes(7 * np.eye(N)) == pytest.approx(1.0)
    # Σ sqrt(p q) = sqrt(1/N), and Σ|p - q| = (1 - 1/N) + (N - 1)/N.
    assert hellinger(7 * np.eye(N)) == pytest.approx(np.sqrt(1 - 1 / np.sqrt(N)), abs=1e-12)
    assert earth_movers(7 * np.eye(N)) == pytest.approx(2 - 2 / N, abs=1e-12)


def test_halves():
    """Two clients of unequal size: their labels are pooled, not their shares."""
    counts = [[30, 10], [2, 6]]
    q = np.array([32, 16]) / 48
    p = np.array([[0.75, 0.25], [0.25, 0.75]])
    assert hellinger(counts) == pytest.approx(
        np.mean([np.sqrt(1 - np.sqrt(a * q[0]) - np.sqrt(b * q[1])) for a, b in p])
    )
    assert earth_movers(counts) == pytest.approx(
        np.mean([abs(p[0] - q).sum(), abs(p[1] - q).sum()])
    )


def test_the_distance_goes_to_one_with_many_clients_of_one_class_each():
    assert 0.99 < jensen_shannon(np.eye(2000)) < 1.0


@pytest.mark.parametrize("C", [1, 2, 10])
def test_uniform_labels_count_every_class(C):
    assert effective_classes(np.full((4, C), 25)) == pytest.approx(C)


@settings(deadline=None, max_examples=300)
@given(TABLES)
def test_agrees_with_scipy(counts):
    some = counts[counts.sum(axis=1) > 0]
    if not len(some):
        with pytest.raises(ValueError, match="no client has an example"):
            measure(counts)
        return
    pooled = some.sum(axis=0) / some.sum()
    rows = some / some.sum(axis=1, keepdims=True)
    # scipy takes the root of a rounding error below 0 for equal distributions, so compare squares
    theirs = [np.nan_to_num(jensenshannon(row, pooled, base=2)) for row in rows]
    assert jensen_shannon(counts) == pytest.approx(np.mean(theirs), abs=1e-6)
    assert 0.0 <= jensen_shannon(counts) <= 1.0
    expected = np.mean([np.exp(entropy(row)) for row in rows])
    assert effective_classes(counts) == pytest.approx(expected, rel=1e-12)
    halved = np.linalg.norm(np.sqrt(rows) - np.sqrt(pooled), axis=1) / np.sqrt(2)
    assert hellinger(counts) == pytest.approx(halved.mean(), abs=1e-7)
    # For two classes at distance 1, what earth has to travel is half of the sum.
    merged = np.stack([counts[:, 0], counts[:, 1:].sum(axis=1)], axis=1)
    two = merged[merged.sum(axis=1) > 0]
    shares = two / two.sum(axis=1, keepdims=True)
    whole = two.sum(axis=0) / two.sum()
    moved = [wasserstein_distance([0, 1], [0, 1], row, whole) for row in shares]
    assert earth_movers(merged) == pytest.approx(2 * np.mean(moved), abs=1e-12)
    assert measure(counts) == Skew(
        jensen_shannon(counts), hellinger(counts), earth_movers(counts), effective_classes(counts)
    )


def test_clients_without_examples_are_left_out():
    assert measure([[4, 0], [0, 0], [0, 4]]) == measure([[4, 0], [0, 4]])


@pytest.mark.parametrize(
    "counts", [[1, 2], [[1, -1]], [[np.nan, 1]], [[np.inf, 1]], [[0, 0]], [[]]]
)
def test_refuses_what_is_no_table_of_counts(counts):
    with pytest.raises(ValueError, match=r"^counts: "):
        measure(counts)


# --- gradients ----------------------------------------------------------------------------------


def test_alike_gradients_are_not_dissimilar():
    assert dissimilarity([[3.0, -4.0]] * 5) == pytest.approx((1.0, 0.0), abs=1e-12)
    assert dissimilarity([[0.0, 0.0]] * 5) == (1.0, 0.0)
    assert dissimilarity([[2.0, 1.0]]) == (1.0, 0.0)


def test_at_an_optimum_that_nobody_shares_B_is_infinite():
    B, G = dissimilarity([[1.0, 0.0], [-1.0, 0.0]])
    assert np.isinf(B)
    assert G == 1.0


@settings(deadline=None, max_examples=200)
@given(K=st.integers(1, 8), P=st.integers(1, 5), seed=st.integers(0, 9999), equal=st.booleans())
def test_gradient_dissimilarity_is_its_definition(K, P, seed, equal):
    rng = np.random.default_rng(seed)
    g, w = rng.normal(size=(K, P)) + 1, rng.integers(1, 50, K)
    found = dissimilarity(g) if equal else dissimilarity(g, w)
    p = np.full(K, 1 / K) if equal else w / w.sum()
    mean = sum(p[k] * g[k] for k in range(K))
    squares = sum(p[k] * (g[k] @ g[k]) for k in range(K))
    spread = max(squares - mean @ mean, 0)
    assert found == pytest.approx(np.sqrt([squares / (mean @ mean), spread]), rel=1e-9, abs=1e-7)


@pytest.mark.parametrize(
    ("gradients", "weight"), [([1.0, 2.0], None), ([[1.0]], [0]), ([[1.0]], [1, 2]), ([], None)]
)
def test_refuses_what_are_no_gradients(gradients, weight):
    with pytest.raises(ValueError, match=r"^gradients, weight: "):
        dissimilarity(gradients, weight)


def test_gradients_of_quadratics():
    """f_k = a_k (x - x_k)²/2 has the gradient a_k (x - x_k)."""
    X = [[1.0, -1.0], [4.0, 2.0], [2.0, 5.0], [2.0, 5.0]]
    fed = fp.Federation.from_arrays(X, [0] * 4, [0, 1, 2, 2], test_fraction=0, held_out=0)
    run = Run(fp.Experiment(data="arrays", model="quadratic", dtype="float64"), fed)
    x = np.array([0.5])
    g = np.array([1.0 * (0.5 + 1), 4.0 * (0.5 - 2), 2.0 * (0.5 - 5)])
    for equally, p in ((False, np.array([0.25, 0.25, 0.5])), (True, np.full(3, 1 / 3))):
        found, mean, squares = engine.dissimilarity(run, x, equally=equally), p @ g, p @ g**2
        assert found == pytest.approx(np.sqrt([squares / mean**2, squares - mean**2]), rel=1e-12)


def test_gradients_of_networks_are_those_of_their_losses():
    rng = np.random.default_rng(0)
    fed = random_federation(rng, [40, 7, 1, 90], test_fraction=0)
    run = Run(fp.Experiment(batch_size=16, dtype="float64"), fed)
    w = rng.normal(size=run.network.P)
    X = np.column_stack([fed.X, np.ones(len(fed.y))])

    def loss(k, w):
        rows = fed.train.of(k)
        return run.network.loss(run.network.outputs(w, X[rows]), fed.y[rows]).mean()

    eye = 1e-5 * np.eye(len(w))
    g = [[(loss(k, w + e) - loss(k, w - e)) / 2e-5 for e in eye] for k in range(4)]
    ours, by_hand = engine.dissimilarity(run, w), dissimilarity(g, fed.sizes)
    assert ours == pytest.approx(by_hand, rel=1e-6)
    assert all(np.isnan(engine.dissimilarity(run, np.full(run.network.P, np.nan))))


def test_skew_makes_gradients_dissimilar():
    def at_start(**choices):
        run = Run(fp.Experiment(**choices))
        return engine.dissimilarity(run, run.initial())

    iid, skewed = at_start(partition="iid"), at_start(partition="shards")
    assert 1 < iid.B < 1.5 < skewed.B
    assert iid.G < skewed.G
