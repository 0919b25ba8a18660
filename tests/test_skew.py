"""The measures of label skew, against scipy and closed forms."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from scipy.spatial.distance import jensenshannon
from scipy.stats import entropy

from fedplay.data import Skew, effective_classes, jensen_shannon, measure

TABLES = st.tuples(st.integers(1, 12), st.integers(1, 12)).flatmap(
    lambda shape: arrays(np.int64, shape, elements=st.integers(0, 500))
)


def test_same_mix_everywhere_is_no_skew():
    counts = [[3, 6, 9], [1, 2, 3], [10, 20, 30]]
    assert jensen_shannon(counts) == pytest.approx(0.0, abs=1e-7)


@pytest.mark.parametrize("N", [2, 3, 10, 100])
def test_one_class_a_client(N):
    """p is one class and q uniform over N: JS = 1 + log2(N)/2 - (N+1)/(2N) log2(N+1)."""
    divergence = 1 + np.log2(N) / 2 - (N + 1) / (2 * N) * np.log2(N + 1)
    assert jensen_shannon(7 * np.eye(N)) == pytest.approx(np.sqrt(divergence), abs=1e-12)
    assert effective_classes(7 * np.eye(N)) == pytest.approx(1.0)


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
    assert measure(counts) == Skew(jensen_shannon(counts), effective_classes(counts))


def test_clients_without_examples_are_left_out():
    assert measure([[4, 0], [0, 0], [0, 4]]) == measure([[4, 0], [0, 4]])


@pytest.mark.parametrize(
    "counts", [[1, 2], [[1, -1]], [[np.nan, 1]], [[np.inf, 1]], [[0, 0]], [[]]]
)
def test_refuses_what_is_no_table_of_counts(counts):
    with pytest.raises(ValueError, match=r"^counts: "):
        measure(counts)
