"""Checks of arguments of the screen's methods: the plain value, or a ValueError in one sentence.

Numbers may be numpy's.

>>> number("guess", "90%", 0, 1)
Traceback (most recent call last):
    ...
ValueError: guess='90%': must be a number from 0 to 1
"""

from __future__ import annotations

import math
import numbers
from collections.abc import Iterable
from typing import Any

from fedplay.knobs import short


def whole(name: str, value: Any, lo: int, hi: int, *, clip: bool = False, why: str = "") -> int:
    """A whole number from lo to hi; with `clip` one beyond them is the bound next to it.

    why: what is said of any other, in place of the bounds
    """
    fits = isinstance(value, numbers.Integral) and not isinstance(value, bool)
    if not fits or not (clip or lo <= value <= hi):
        why = why or f"must be a whole number from {lo} to {hi}"
        raise ValueError(f"{name}={short(value)}: {why}")
    return int(min(max(value, lo), hi))


def number(name: str, value: Any, lo: float, hi: float, *, clip: bool = False) -> float:
    """A number from lo to hi; never NaN, and infinite only where `hi` is."""
    fits = isinstance(value, numbers.Real) and not isinstance(value, bool)
    if not fits or not (-math.inf < value < math.inf if clip else lo <= value <= hi):
        bound = f"to {hi:g}" if math.isfinite(hi) else "up"
        raise ValueError(f"{name}={short(value)}: must be a number from {lo:g} {bound}")
    try:
        return float(min(max(value, lo), hi))
    except OverflowError:  # a whole number beyond any float
        raise ValueError(f"{name}={short(value)}: is too large") from None


def word(name: str, value: Any, allowed: Iterable[str]) -> str:
    """A name that is one of the allowed ones."""
    choices = list(allowed)
    if not isinstance(value, str) or value not in choices:
        raise ValueError(f"{name}={short(value)}: must be one of {choices}")
    return str(value)
