"""Step sizes and pulls of a method's own: how large they may be beside the learning rate."""

import math

from fedplay.knobs import Refused


def stable_pull(name: str, strength: float, learning_rate: float) -> None:
    """Raise ValueError where a pull towards an anchor is so strong that a step overshoots it.

    A local step leaves 1 − η·pull of the distance to the anchor: beyond η·pull = 1 it jumps to the
    other side, and beyond 2 further and further away.
    """
    if strength * learning_rate > 1:
        raise Refused(
            f"{name}={strength:g}: must be at most {1 / learning_rate:g} with "
            f"learning_rate={learning_rate:g}, because a stronger pull overshoots what it pulls to",
            {name: at_most(1 / learning_rate)},
            {"learning_rate": at_most(1 / strength)},
        )


def held_ratio(name: str, rate: float | None, learning_rate: float) -> None:
    """Raise ValueError for a step size of a method's own that is too many times η to be held.

    Slopes carry η: a step of another size multiplies them by its ratio to it.
    """
    if rate is not None and rate > 1e30 * learning_rate:
        raise Refused(
            f"{name}={rate:g}: must be at most 1e+30 times learning_rate={learning_rate:g}",
            {name: None},
        )


def at_most(number: float) -> float:
    """The largest number of two digits that is not above a positive one.

    >>> at_most(0.0999), at_most(1 / 3), at_most(20.0)
    (0.099, 0.33, 20.0)
    """
    near = float(f"{number:.1e}")
    digit = 10.0 ** (math.floor(math.log10(number)) - 1)
    return near if near <= number else float(f"{near - digit:.1e}")
