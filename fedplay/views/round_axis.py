"""Where a round lies on the horizontal axis: its number, what was sent by then, or ε spent."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from fedplay.drawing.scale import tidy
from fedplay.views.scene import Ghost, Scene

Array = NDArray[Any]


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
