"""Step sizes and pulls of a method's own: how large they may be beside the learning rate."""


def stable_pull(name: str, strength: float, learning_rate: float) -> None:
    """Raise ValueError where a pull towards an anchor is so strong that a step overshoots it.

    A local step leaves 1 − η·pull of the distance to the anchor: beyond η·pull = 1 it jumps to the
    other side, and beyond 2 further and further away.
    """
    if strength * learning_rate > 1:
        raise ValueError(
            f"{name}={strength:g}: must be at most {1 / learning_rate:g} with "
            f"learning_rate={learning_rate:g}, because a stronger pull overshoots what it pulls to"
        )


def held_ratio(name: str, rate: float | None, learning_rate: float) -> None:
    """Raise ValueError for a step size of a method's own that is too many times η to be held.

    Slopes carry η: a step of another size multiplies them by its ratio to it.
    """
    if rate is not None and rate > 1e30 * learning_rate:
        raise ValueError(
            f"{name}={rate:g}: must be at most 1e+30 times learning_rate={learning_rate:g}"
        )
