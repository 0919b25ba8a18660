"""Where a round lies on the horizontal axis: its number, what was sent by then, or ε spent."""

from __future__ import annotations

import math
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from fedplay.views.scene import Ghost, Scene
from fedplay.words import size

Array = NDArray[Any]

STEPS = (1, 1.5, 2, 3, 4, 5, 6, 8, 10)  # where axes may end, times a power of ten


class Along(NamedTuple):
    """The horizontal axis as it is, which may not be the one that was asked for."""

    kind: str  # "rounds", "bytes" or "epsilon"
    x: Array  # (n,) where each known round lies
    label: str

    @classmethod
    def of(cls, scene: Scene) -> Along:
        """The axis that a scene asks for; its rounds where the run spends no finite ε."""
        n = max(len(scene.rounds), len(scene.series.accuracy))
        rounds = np.arange(n, dtype=float)
        if scene.axis == "bytes":
            sent = np.array([float(r.bytes_up + r.bytes_down) for r in scene.rounds])
            return cls("bytes", sent, "sent so far, by the clients and the server")
        if scene.axis == "epsilon":
            spent = np.array([r.epsilon for r in scene.rounds])
            if np.isfinite(spent).all():
                return cls("epsilon", spent, "ε of differential privacy, spent so far")
            return cls("rounds", rounds, "round (ε is infinite: there is no noise)")
        return cls("rounds", rounds, "round")

    def ghost(self, ghost: Ghost) -> Array:
        """(n,) where a pinned run's rounds lie; not finite where that is nowhere on this axis."""
        if self.kind == "rounds":
            return np.arange(len(ghost.accuracy), dtype=float)
        return np.asarray(ghost.bytes_sent if self.kind == "bytes" else ghost.epsilon, dtype=float)

    def end(self, scene: Scene) -> float:
        """How far the axis reaches, tidy: all of the run, even what is to come, and the ghosts."""
        R, known = scene.series.rounds, max(len(self.x) - 1, 1)
        # Bytes grow by as much in every round; what ε will grow to is known when it has.
        whole = {"rounds": R, "bytes": self.x[-1] * R / known, "epsilon": self.x[-1]}[self.kind]
        far = [x[np.isfinite(x)].max(initial=0) for x in map(self.ghost, scene.ghosts)]
        return tidy(max(float(whole), *map(float, far), 0.0))


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
