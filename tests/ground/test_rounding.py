"""A half is rounded up, everywhere and by one function, as people do it."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import fedplay as fp
from fedplay.data.base import pool_size, portion
from fedplay.engine.loop import Run
from fedplay.words import half_up, percent


@given(n=st.integers(1, 10**7), thousandths=st.integers(1, 1000))
def test_a_portion_is_what_a_person_works_out(n, thousandths):
    exact = Fraction(n * thousandths, 1000)
    assert portion(n, thousandths / 1000) == int(exact + Fraction(1, 2))


@pytest.mark.parametrize(
    ("participation", "clients", "come"),
    [
        *((0.25, 10, 3), (0.35, 10, 4), (0.45, 10, 5), (0.85, 10, 9), (0.05, 50, 3)),
        *((0.145, 100, 15), (0.565, 100, 57), (0.7 - 0.45, 10, 3), (0.24, 10, 2), (0.01, 10, 1)),
    ],
)
def test_a_cohort_is_its_share_of_the_clients(participation, clients, come):
    exp = fp.Experiment(participation=participation, clients=clients, partition="iid", rounds=1)
    assert Run(exp).cohort(1).K == come == exp.stage("schedule").expected(clients)
    assert exp.cost().bytes_up == fp.run(exp).bytes_up[-1]


def test_test_sets_and_held_out_examples_are_counted_in_the_same_way():
    rng = np.random.default_rng(0)
    X, y = rng.normal(size=(100, 2)), np.arange(100) % 2
    fed = fp.Federation.from_arrays(X, y, np.zeros(100), test_fraction=0.145, held_out=0)
    assert len(fed.y_test) == 15 == 100 - pool_size(100, 0.145)
    fed = fp.Federation.from_arrays(X, y, np.arange(100) % 10, test_fraction=0, held_out=0.25)
    assert set(fed.held.sizes.tolist()) == {3}


def test_percentages_round_as_counts_do():
    assert [percent(k / 8) for k in range(1, 8, 2)] == ["13 %", "38 %", "63 %", "88 %"]
    assert [percent(p, 1) for p in (0.0625, 0.5, 1.0)] == ["6.3 %", "50 %", "100 %"]
    assert half_up(0.5) == 1
