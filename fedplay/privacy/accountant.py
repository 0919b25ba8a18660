"""Accounting of epsilon: a Renyi-DP accountant for the Poisson-sampled Gaussian mechanism.

In every round each client takes part by a coin of its own (sampling rate q), every update is
clipped to norm C, and Gaussian noise of standard deviation z C is added to their sum (noise
multiplier z). Neighbours differ by one client added or removed. Three steps lead to epsilon:

1. One round costs RDP(α), a curve over orders α: `rdp_sampled_gaussian`.
   Mironov, Talwar & Zhang 2019, "Rényi Differential Privacy of the Sampled Gaussian Mechanism".
2. The rounds add up: T rounds cost T RDP(α). Mironov 2017, "Rényi Differential Privacy", Prop. 1.
3. Every order gives a valid (epsilon, delta), so the smallest one counts: `epsilon_from_rdp`.
   Canonne, Kamath & Steinke 2020, "The Discrete Gaussian for Differential Privacy", Prop. 12.

Only integer orders are used, because their formula is a finite sum; it costs a little tightness,
never validity.

>>> round(epsilon(q=0.1, z=1.0, rounds=100, delta=1e-5), 2)
7.97
>>> noise_multiplier_for(q=0.1, rounds=100, delta=1e-5, target_epsilon=8.0)
0.9979
"""

from __future__ import annotations

import math
import numbers
from collections.abc import Sequence
from typing import Any, overload

import numpy as np
from numpy.typing import ArrayLike, NDArray

Floats = NDArray[np.float64]

ORDERS: NDArray[np.int64] = np.arange(2, 257)
"""The integer Rényi orders α = 2..256, shape (255,), read-only."""
ORDERS.setflags(write=False)

# log C(α, j) for α and j in 2..256. Where j > α there is no such term: log 0 = -inf.
_J = np.arange(2.0, 257.0)
_LOG_FACTORIAL = np.array([math.lgamma(n + 1) for n in range(257)])
_LOG_BINOMIAL: Floats = np.where(
    ORDERS[:, None] >= ORDERS,
    _LOG_FACTORIAL[2:, None] - _LOG_FACTORIAL[2:] - _LOG_FACTORIAL[abs(ORDERS[:, None] - ORDERS)],
    -np.inf,
)

_STEPS = 10_000  # `noise_multiplier_for` answers in multiples of 1 / _STEPS


def rdp_sampled_gaussian(q: float, z: float, orders: ArrayLike = ORDERS) -> Floats:
    """The Rényi divergence bound of ONE round, in nats, shape (len(orders),).

    RDP(α) = 1/(α-1) log sum_{j=0..α} C(α,j) (1-q)^(α-j) q^j exp(j(j-1) / (2 z²))

    q is the sampling rate (0..1), z the noise multiplier (> 0), orders whole numbers in 2..256.
    q = 1 is the plain Gaussian mechanism, α / (2 z²); q = 0 costs nothing.
    Raises ValueError for values out of range. Source: Mironov, Talwar & Zhang 2019, section 3.3.
    """
    q = _number("q", q, 0 <= _real(q) <= 1, "a number from 0 to 1")
    z = _number("z", z, 0 < _real(z) < math.inf, "a number above 0")
    alpha = _checked_orders(orders)
    if q == 0:
        return np.zeros(alpha.shape)
    if z < 1e-100:  # 1/z² would leave the range of floats; inf is a valid bound
        return np.full(alpha.shape, np.inf)
    per_order = 0.5 / min(z, 1e100) ** 2  # less noise than there is: valid, and no underflow
    if q == 1:
        return np.asarray(alpha * per_order, dtype=np.float64)
    # The binomial weights sum to 1, so the sum is 1 + sum_{j>=2} weight_j (exp(x_j) - 1), as x_0 =
    # x_1 = 0. Nothing cancels in that form: with q = 1e-9 the plain sum would be 1 and rounding.
    x = _J * (_J - 1) * per_order
    log_expm1 = x + np.log(-np.expm1(-x))  # log(exp(x) - 1), where exp(x) itself may overflow
    log_stay, log_join = math.log1p(-q), math.log(q)
    terms = _LOG_BINOMIAL[alpha - 2] + (_J * (log_join - log_stay) + log_expm1)
    peak = terms.max(axis=1)
    log_excess = peak + np.log(np.exp(terms - peak[:, None]).sum(axis=1)) + alpha * log_stay
    rdp: Floats = np.logaddexp(0.0, log_excess) / (alpha - 1)
    return rdp


def epsilon_from_rdp(rdp: ArrayLike, delta: float, orders: ArrayLike = ORDERS) -> Floats:
    """The smallest epsilon (nats, >= 0) that some order proves at this delta.

    rdp has shape (..., len(orders)), in nats and already added up over the rounds; the result has
    shape (...,), that is () for a single curve. delta is a probability, above 0 and below 1.

    epsilon(α) = RDP(α) + log((α-1)/α) - (log delta + log α) / (α-1)

    Raises ValueError for a bad delta or order, negative or undefined rdp, or shapes that disagree.
    Source: Canonne, Kamath & Steinke 2020, Prop. 12.
    """
    delta = _number("delta", delta, 0 < _real(delta) < 1, "a number above 0 and below 1")
    alpha = _checked_orders(orders)
    curve = np.asarray(rdp, dtype=np.float64)
    if curve.ndim == 0 or curve.shape[-1] != alpha.size:
        raise ValueError(f"rdp has shape {curve.shape}: must be (..., {alpha.size}), as the orders")
    if not (curve >= 0).all():
        raise ValueError(f"rdp={curve.min()}: must be numbers of at least 0")
    offset = np.log1p(-1 / alpha) - (math.log(delta) + np.log(alpha)) / (alpha - 1)
    # Total variation is at most sqrt(1 - exp(-RDP)) (Bretagnolle & Huber): where delta covers that
    # whole distance, epsilon is 0. Solved for RDP, it is one number to compare with.
    free = -math.log1p(-delta * delta)
    proved = np.where(curve <= free, 0.0, curve + offset)
    return np.asarray(np.maximum(proved.min(axis=-1), 0.0))


@overload
def epsilon(q: float, z: float, rounds: int | np.integer[Any], delta: float) -> float: ...
@overload
def epsilon(q: float, z: float, rounds: NDArray[Any] | Sequence[int], delta: float) -> Floats: ...
def epsilon(
    q: float, z: float, rounds: int | np.integer[Any] | NDArray[Any] | Sequence[int], delta: float
) -> float | Floats:
    """Epsilon (nats) after so many rounds at this delta: a float, or an array shaped as `rounds`.

    q is the sampling rate (0..1), z the noise multiplier, rounds a count or an array of counts.
    Without noise (z = 0) nothing is promised: inf for every count. With noise, 0 rounds cost 0.
    Raises ValueError for values out of range. Source: Mironov 2017, Prop. 1 (rounds add up).
    """
    counts = _checked_rounds(rounds)
    z = _number("z", z, 0 <= _real(z) < math.inf, "a number of at least 0")
    # Without noise the curve is infinite, but q and delta are still checked, by the same code.
    one_round = rdp_sampled_gaussian(q, z or 1.0)
    total = np.maximum(counts, 1.0)[..., None] * one_round
    spent = np.where(counts > 0, epsilon_from_rdp(total, delta), 0.0)
    if z == 0:
        spent = np.full(counts.shape, np.inf)
    return spent if counts.ndim else float(spent)


def noise_multiplier_for(q: float, rounds: int, delta: float, target_epsilon: float) -> float:
    """The least noise multiplier, in steps of 0.0001, whose epsilon is at most the target.

    q is the sampling rate (above 0, to 1), rounds a count from 1, target_epsilon in nats (> 0).
    Epsilon falls as z grows, so bisection finds it. A target below about log(1/delta) / 255 is
    less than order 256 can prove; it is then met only by so much noise that epsilon is 0.
    Raises ValueError for values out of range, or for a target that no noise up to 1e15 meets.
    """
    _number("q", q, 0 < _real(q) <= 1, "a number above 0 and at most 1")
    _number("rounds", rounds, _real(rounds) >= 1, "a whole number of at least 1")
    positive = 0 < _real(target_epsilon) < math.inf
    target = _number("target_epsilon", target_epsilon, positive, "a number above 0")

    def enough(steps: int) -> bool:
        return epsilon(q, steps / _STEPS, rounds, delta) <= target

    low, high = 0, _STEPS  # in steps: `low` is too little noise, `high` becomes enough
    while not enough(high):
        low, high = high, 2 * high
        if high > 1e15 * _STEPS:
            raise ValueError(f"target_epsilon={target}: out of reach at delta={delta}, use more")
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (low, middle) if enough(middle) else (middle, high)
    return high / _STEPS


def _real(value: Any) -> float:
    """The value as a float, or nan (which no range contains) where it is not one real number."""
    if not isinstance(value, numbers.Real) or isinstance(value, bool):
        return math.nan
    try:
        return float(value)
    except OverflowError:  # a whole number of more than 308 digits
        return math.inf


def _number(name: str, value: Any, fits: bool, allowed: str) -> float:
    if not fits:
        shown = value.item() if isinstance(value, np.generic) else value  # without np.float64(...)
        raise ValueError(f"{name}={shown!r}: must be {allowed}")
    return float(value)


def _checked_orders(orders: ArrayLike) -> NDArray[np.int64]:
    alpha = np.asarray(orders)
    fits = alpha.ndim == 1 and alpha.size > 0 and alpha.dtype.kind in "iuf"
    if not fits or not np.isin(alpha, ORDERS).all():
        raise ValueError(f"orders={orders!r}: must be a list of whole numbers from 2 to 256")
    return alpha.astype(np.int64)


def _checked_rounds(rounds: Any) -> Floats:
    """The counts as floats, which hold whole numbers exactly up to 2**53."""
    counts = np.asarray(rounds)
    fits = counts.dtype.kind in "iuf" or counts.size == 0
    if not fits or not ((counts >= 0) & (counts <= 2**53) & (counts == np.floor(counts))).all():
        raise ValueError(f"rounds={rounds!r}: must be whole numbers from 0 to 2**53")
    return counts.astype(np.float64)
