"""The accountant against dp-accounting, closed forms and the laws that epsilon obeys."""

from __future__ import annotations

import doctest
import functools
import math
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fedplay.privacy import (
    ORDERS,
    accountant,
    epsilon,
    epsilon_from_rdp,
    noise_multiplier_for,
    rdp_sampled_gaussian,
)
from tests.support.effort import tries

rates = st.floats(1e-6, 1.0)
noises = st.floats(0.3, 10.0)
counts = st.integers(1, 10_000)
deltas = st.floats(1e-9, 0.3)


@pytest.fixture
def reference(monkeypatch: pytest.MonkeyPatch) -> Any:
    """The dp_accounting package, its slowest pure functions remembering what they returned.

    As shipped, one point takes about 0.1 s, most of it spent on the same log-binomials. A cache
    of a pure function changes no value, and is left out where the function has gone.
    """
    needed = "the reference is Google's dp-accounting: pip install fedplay[test]"
    dp = pytest.importorskip("dp_accounting", reason=needed)
    rdp = pytest.importorskip("dp_accounting.rdp.rdp_privacy_accountant", reason=needed)
    pytest.importorskip("dp_accounting.pld", reason=needed)
    for name in ("_log_comb", "_compute_log_a"):
        if hasattr(rdp, name):
            monkeypatch.setattr(rdp, name, functools.lru_cache(maxsize=None)(getattr(rdp, name)))
    return dp


def spent(empty: Any, dp: Any, q: float, z: float, rounds: int, delta: float) -> float:
    """Epsilon by one of dp-accounting's accountants, given empty."""
    one_round = dp.PoissonSampledDpEvent(q, dp.GaussianDpEvent(z))
    return float(empty.compose(dp.SelfComposedDpEvent(one_round, rounds)).get_epsilon(delta))


def test_equals_dp_accounting_on_many_points(reference: Any) -> None:
    """Mechanisms (q, z), eight (T, delta) each, equal to 1e-6 (relative where epsilon > 1)."""
    rng = np.random.default_rng(20260)
    found, mechanisms = [], tries(250, 80)
    for number in range(mechanisms):
        q = float(10 ** rng.uniform(-6, 0) if number % 2 else rng.uniform(0, 1))
        if number % 20 == 0:
            q = 1.0
        z = float(10 ** rng.uniform(math.log10(0.3), 1))
        for _ in range(8):
            rounds = int(10 ** rng.uniform(0, 4))
            delta = float(10 ** rng.uniform(-9, math.log10(0.3)))
            empty = reference.rdp.RdpAccountant(orders=range(2, 257))
            expected = spent(empty, reference, q, z, rounds, delta)
            got = epsilon(q, z, rounds, delta)
            assert got == pytest.approx(expected, rel=1e-6, abs=1e-6), (q, z, rounds, delta)
            found.append(got)
    # The points are worth something only if they are spread: free ones, usual ones, huge ones.
    assert len(found) == 8 * mechanisms
    assert sum(e == 0 for e in found) < 0.2 * len(found)
    assert sum(0.1 < e < 20 for e in found) > 0.25 * len(found)
    assert max(found) > 1000


def test_never_below_the_exact_accountant(reference: Any) -> None:
    """RDP is a bound, so the privacy loss distribution (PLD), near exact, may not exceed it.

    PLD's figure is itself rounded up, the more so the coarser its grid. No allowance is made for
    that: staying above an upper bound of the truth is more than staying above the truth.
    """
    rng = np.random.default_rng(5)
    free = 0
    for number in range(50):
        q = float(10 ** rng.uniform(-3, 0)) if number % 10 else 1.0
        z = float(10 ** rng.uniform(math.log10(0.5), 1))
        rounds = int(10 ** rng.uniform(0, 3))
        delta = float(10 ** rng.uniform(-9, -1))
        empty = reference.pld.PLDAccountant(value_discretization_interval=1e-3)
        ours = epsilon(q, z, rounds, delta)
        assert ours >= spent(empty, reference, q, z, rounds, delta), (q, z, rounds, delta)
        free += ours == 0
    assert free <= 10


@pytest.mark.parametrize("z", [0.01, 0.5, 1.0, 7.3])
def test_everybody_in_every_round_is_the_plain_gaussian(z: float) -> None:
    assert ORDERS.tolist() == list(range(2, 257))
    np.testing.assert_allclose(rdp_sampled_gaussian(1.0, z), ORDERS / (2 * z * z), rtol=1e-14)
    almost = rdp_sampled_gaussian(1 - 1e-15, z)
    np.testing.assert_allclose(almost, ORDERS / (2 * z * z), rtol=1e-9)


@pytest.mark.parametrize("q", [1e-12, 1e-6, 0.01, 0.3, 0.999])
def test_order_two_has_a_closed_form(q: float) -> None:
    """At order 2 one term is left: log(1 + q² (exp(1/z²) - 1)). Tiny q must not lose its digits."""
    for z in (0.3, 1.0, 10.0):
        expected = math.log1p(q * q * math.expm1(1 / z**2))
        assert rdp_sampled_gaussian(q, z, [2]) == pytest.approx([expected], rel=1e-11)


def test_the_sum_as_written_in_the_paper() -> None:
    """Order 7 in plain arithmetic, with none of the logarithms."""
    q, z, a = 0.2, 0.9, 7
    total = sum(
        math.comb(a, j) * (1 - q) ** (a - j) * q**j * math.exp(j * (j - 1) / (2 * z * z))
        for j in range(a + 1)
    )
    assert rdp_sampled_gaussian(q, z, [a]) == pytest.approx([math.log(total) / (a - 1)], rel=1e-12)


def test_extremes_stay_numbers() -> None:
    """Nothing overflows, and no warning is raised (a warning is an error in these tests)."""
    assert not rdp_sampled_gaussian(0, 1.0).any()
    for q in (5e-324, 1e-300, 1e-9, 0.5, math.nextafter(1, 0), 1.0):
        for z in (5e-324, 1e-200, 1e-90, 0.01, 1e90, 1e200, 1.7e308):
            rdp = rdp_sampled_gaussian(q, z)
            assert rdp.shape == ORDERS.shape
            assert (rdp >= 0).all()
            assert epsilon(q, z, 0, 1e-5) == 0
            for delta in (5e-324, 1e-9, math.nextafter(1, 0)):
                assert epsilon(q, z, 2**53, delta) >= 0
    assert math.isfinite(epsilon(0.5, 0.01, 10_000, 1e-5))


def test_orders_may_be_chosen() -> None:
    chosen = [256, 2, 17]
    some, every = rdp_sampled_gaussian(0.1, 1.0, chosen), rdp_sampled_gaussian(0.1, 1.0)
    np.testing.assert_array_equal(some, every[np.array(chosen) - 2])
    assert epsilon_from_rdp(some, 1e-5, chosen) >= epsilon_from_rdp(every, 1e-5)


@given(rates, noises, counts, deltas)
@settings(max_examples=100, deadline=None)
def test_rounds_add_up(q: float, z: float, rounds: int, delta: float) -> None:
    """T rounds cost T times the RDP of one, added one by one or multiplied."""
    one = rdp_sampled_gaussian(q, z)
    half = rounds // 2
    added = half * one + (rounds - half) * one
    expected = float(epsilon_from_rdp(added, delta))
    assert epsilon(q, z, rounds, delta) == pytest.approx(expected, rel=1e-12)


@given(rates, noises, counts, deltas, st.floats(1.001, 3.0))
@settings(max_examples=150, deadline=None)
def test_what_raises_epsilon_and_what_lowers_it(
    q: float, z: float, rounds: int, delta: float, factor: float
) -> None:
    now = epsilon(q, z, rounds, delta)
    margin = 1e-9 * (1 + now)  # rounding
    assert epsilon(q, z, math.ceil(rounds * factor), delta) >= now
    assert epsilon(min(1.0, q * factor), z, rounds, delta) >= now - margin
    assert epsilon(q, z * factor, rounds, delta) <= now + margin
    assert epsilon(q, z, rounds, min(0.999, delta * factor)) <= now + margin


def test_many_counts_at_once() -> None:
    many = epsilon(0.5, 1.0, np.arange(51), 0.01)
    assert many.shape == (51,)
    assert many[0] == 0
    assert (np.diff(many) > 0).all()
    assert many.tolist() == [epsilon(0.5, 1.0, t, 0.01) for t in range(51)]
    square = np.array([[1, 2], [3, 4]])
    assert epsilon(0.5, 1.0, square, 0.01).tolist() == many[square].tolist()
    assert epsilon(0.5, 1.0, [], 0.01).shape == (0,)
    assert type(epsilon(0.5, 1.0, np.int64(3), 0.01)) is float
    curves = np.arange(6)[:, None] * rdp_sampled_gaussian(0.5, 1.0)
    assert epsilon_from_rdp(curves.reshape(2, 3, -1), 0.01).ravel().tolist() == many[:6].tolist()
    assert epsilon_from_rdp(curves[1], 0.01).shape == ()


def test_no_noise_promises_nothing() -> None:
    assert epsilon(0.5, 0, 3, 0.01) == math.inf
    assert epsilon(0.5, 0.0, [0, 1, 2], 0.01).tolist() == [math.inf] * 3


def test_epsilon_is_zero_where_delta_covers_the_distance() -> None:
    """delta² > 1 - exp(-RDP): the whole distance between the neighbours fits into delta."""
    limit = -math.log1p(-(0.1**2))
    at = [float(epsilon_from_rdp([limit * f], 0.1, [2])) for f in (0.999, 1.001)]
    assert at == [0.0, pytest.approx(limit + math.log(0.5) - math.log(0.2), abs=1e-4)]


@pytest.mark.parametrize(
    ("q", "rounds", "delta", "target"),
    [(0.1, 100, 1e-5, 8.0), (1.0, 1, 0.01, 0.5), (0.01, 5000, 1e-6, 2.0), (0.5, 50, 0.01, 1e4)],
)
def test_noise_for_a_target_is_the_least_that_meets_it(
    q: float, rounds: int, delta: float, target: float
) -> None:
    z = noise_multiplier_for(q, rounds, delta, target)
    assert epsilon(q, z, rounds, delta) <= target < epsilon(q, z - 1e-4, rounds, delta)


def test_a_target_below_what_order_256_proves() -> None:
    """Then only epsilon = 0 will do, which takes a great deal of noise, or more than 1e15."""
    z = noise_multiplier_for(0.01, 10, 1e-9, 0.001)
    assert z > 1e6
    assert epsilon(0.01, z, 10, 1e-9) == 0
    with pytest.raises(ValueError, match=r"target_epsilon=0\.001: out of reach at delta=1e-30"):
        noise_multiplier_for(0.01, 10, 1e-30, 0.001)


@pytest.mark.parametrize(
    "value", [-0.1, 1.5, math.nan, math.inf, "half", None, True, np.float64(-1)]
)
def test_a_bad_sampling_rate(value: Any) -> None:
    for call in (lambda: rdp_sampled_gaussian(value, 1.0), lambda: epsilon(value, 1.0, 3, 0.01)):
        with pytest.raises(ValueError, match=r"^q=.*: must be a number from 0 to 1$"):
            call()
    with pytest.raises(ValueError, match=r"^q=.*: must be a number above 0 and at most 1$"):
        noise_multiplier_for(value, 3, 0.01, 8.0)


@pytest.mark.parametrize("value", [-1, -1e-9, math.nan, math.inf, 10**400, "1", None, [1.0]])
def test_a_bad_noise_multiplier(value: Any) -> None:
    with pytest.raises(ValueError, match=r"^z=.*: must be a number above 0$"):
        rdp_sampled_gaussian(0.5, value)
    with pytest.raises(ValueError, match=r"^z=.*: must be a number of at least 0$"):
        epsilon(0.5, value, 3, 0.01)


@pytest.mark.parametrize("value", [0, 1, -0.5, math.nan, "small", None])
def test_a_bad_delta(value: Any) -> None:
    for z in (0.0, 1.0):
        with pytest.raises(ValueError, match=r"^delta=.*: must be a number above 0 and below 1$"):
            epsilon(0.5, z, 3, value)
    with pytest.raises(ValueError, match=r"^delta="):
        noise_multiplier_for(0.5, 3, value, 8.0)


@pytest.mark.parametrize(
    "value", [-1, 1.5, [1, -2], [0.5], math.nan, math.inf, 10**30, "3", None, True]
)
def test_a_bad_count_of_rounds(value: Any) -> None:
    with pytest.raises(ValueError, match=r"^rounds=.*: must be whole numbers from 0 to 2\*\*53$"):
        epsilon(0.5, 1.0, value, 0.01)
    with pytest.raises(ValueError, match=r"^rounds="):
        noise_multiplier_for(0.5, value, 0.01, 8.0)


@pytest.mark.parametrize("orders", [[], [1], [257], [2.5], 2, [[2, 3]], ["2"]])
def test_bad_orders(orders: Any) -> None:
    with pytest.raises(ValueError, match=r"^orders=.*: must be a list of whole numbers from 2"):
        rdp_sampled_gaussian(0.5, 1.0, orders)


def test_a_bad_curve_a_bad_target_and_nothing_sampled() -> None:
    with pytest.raises(ValueError, match=r"^rdp has shape \(3,\): must be \(\.\.\., 255\)"):
        epsilon_from_rdp([1.0, 2.0, 3.0], 0.01)
    for bad in (-1e-12, math.nan):
        with pytest.raises(ValueError, match=r"^rdp=.*: must be numbers of at least 0"):
            epsilon_from_rdp([0.1, bad], 0.01, [2, 3])
    for target in (0, -1, math.nan, math.inf, None):
        with pytest.raises(ValueError, match=r"^target_epsilon=.*: must be a number above 0$"):
            noise_multiplier_for(0.5, 3, 0.01, target)  # type: ignore[arg-type]
    with pytest.raises(ValueError, match=r"^q=0: must be"):
        noise_multiplier_for(0, 3, 0.01, 8.0)
    with pytest.raises(ValueError, match=r"^rounds=0: must be a whole number of at least 1$"):
        noise_multiplier_for(0.5, 0, 0.01, 8.0)
    with pytest.raises(ValueError, match=r"^q=-1\.0: "):
        rdp_sampled_gaussian(np.float64(-1), 1.0)


def test_the_examples_in_the_docstring() -> None:
    assert doctest.testmod(accountant).failed == 0
    assert not ORDERS.flags.writeable
