"""Numbers beside an axis: where it ends, which are written, and how."""

from __future__ import annotations

import math

import numpy as np

from fedplay.words import size


def ticks(low: float, high: float, most: int) -> list[float]:
    """At most so many tidy numbers between two."""
    span = high - low
    if not 0 < span < np.inf:
        return []
    ten = 10.0 ** np.floor(np.log10(span / most))
    step = next(m * ten for m in (1, 2, 5, 10) if span / (m * ten) <= most)
    first = np.ceil(low / step)
    return [float(f"{k * step:.10g}") + 0.0 for k in np.arange(first, np.floor(high / step) + 1)]


STEPS = (1, 1.5, 2, 3, 4, 5, 6, 8, 10)  # where axes may end, times a power of ten


def tick(kind: str, x: float) -> str:
    """A number beside the axis."""
    if kind == "bytes":
        return size(x) if x else "0"
    return f"{x:,g}"


def tidy(most: float) -> float:
    """The end of an axis: the next tidy number, so that axes move seldom.

    >>> [tidy(most) for most in (0, 1, 7, 50, 51, 1234)]
    [1.0, 1.0, 8.0, 50.0, 60.0, 1500.0]
    """
    if not most > 0 or not math.isfinite(most):
        return 1.0
    scale = 10.0 ** math.floor(math.log10(most))
    return float(next(s * scale for s in STEPS if s * scale >= most * (1 - 1e-12)))
