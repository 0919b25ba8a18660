"""Stretches of the data: who gets which."""

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fedplay.data import MIN_EXAMPLES, Circles, Digits, Table, federate
from fedplay.data.partitions.regions import Regions


def table(X, C=2):
    y = np.arange(len(X)) % C
    return Table("test", np.asarray(X, dtype=float), y, tuple(map(str, range(C))))


@settings(deadline=None, max_examples=100)
@given(st.integers(5, 200), st.integers(1, 6), st.floats(0, 1), st.integers(0, 2**32 - 1))
def test_every_example_goes_to_exactly_one_client(n, d, crowd, seed):
    pool = table(np.random.default_rng(seed).normal(size=(n, d)))
    clients = 1 + int(crowd * (n // MIN_EXAMPLES - 1))
    owner = Regions().assign(pool, clients, seed)
    sizes = np.bincount(owner, minlength=clients)
    assert len(sizes) == clients
    assert sizes.max() - sizes.min() <= 1
    assert np.array_equal(owner, Regions().assign(pool, clients, seed))


def test_along_the_direction_of_the_largest_variance():
    rng = np.random.default_rng(0)
    along, across = rng.normal(size=(2, 400)) * [[5.0], [0.1]]
    turned = np.column_stack([along - 2 * across, 2 * along + across]) / np.sqrt(5)
    owner = Regions().assign(table(turned + 7.0), 4, seed=0)
    ends = [(along[owner == k].min(), along[owner == k].max()) for k in range(4)]
    for left, right in pairwise(ends):
        assert left[1] < right[0] + 0.2  # the neighbours meet, up to what the estimate is off
    assert ends[0][0] == along.min()
    assert ends[3][1] == along.max()


def test_the_labels_and_the_order_of_the_file_play_no_part():
    X = np.random.default_rng(1).normal(size=(100, 3)) * [1, 2, 4]
    owner = Regions().assign(table(X), 5, seed=0)
    other = Regions().assign(table(X, C=7), 5, seed=9)
    assert np.array_equal(owner, other)
    shuffled = np.random.default_rng(2).permutation(100)
    assert np.array_equal(Regions().assign(table(X[shuffled]), 5, seed=0), owner[shuffled])


def test_examples_at_the_same_place_are_dealt_at_random():
    def first(seed):
        return Regions().assign(table(np.zeros((20, 2))), 2, seed)[:5].sum()

    drawn = [first(seed) for seed in range(300)]
    assert np.mean(drawn) == pytest.approx(2.5, abs=0.3)


def test_slices_of_a_picture_can_be_told_apart():
    fed = federate(Circles(), Regions(), 5, 0)
    x = [fed.X[np.concatenate([fed.train.of(k), fed.held.of(k)])] for k in range(5)]
    centres = np.array([part.mean(axis=0) for part in x])
    assert np.linalg.norm(np.diff(centres, axis=0), axis=1).min() > 0.2
    assert federate(Digits(), Regions(), 287, 0).clients == 287


def test_what_cannot_be_served_is_refused():
    with pytest.raises(ValueError, match=r"^clients=288: must be at most 287"):
        federate(Digits(), Regions(), 288, 0)
    with pytest.raises(ValueError, match=r"^data: has 4 examples"):
        Regions().check(4, 2, 1, 0)
