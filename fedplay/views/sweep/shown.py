"""`Fan`: the values of one knob, and how far the run of each is known."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from fedplay.drawing.geometry import Array
from fedplay.views.scene import Scene


@dataclass(frozen=True, eq=False)
class Fan:
    """One knob's values and what is known of their runs. All tuples but `refused` match `values`.

    `values` are those that can be run; the sentences about those that cannot are `refused`.
    """

    knob: str
    label: str  # for people: "Local epochs E"
    help: str
    values: tuple[str, ...]  # as they are to be shown
    current: int  # which of them is in force, -1 where none is
    accuracy: tuple[Array, ...]  # (n,) each: the global model's, as far as it is computed
    clients: tuple[Array, ...]  # (N,) each: of the clients after the last round so far, or empty
    rounds: tuple[int, ...]  # R of each
    refused: tuple[str, ...] = ()
    lit: int | None = None  # the value that the pointer or the keyboard is at

    @property
    def longest(self) -> int:
        """R of the longest run."""
        return max(self.rounds, default=1)

    def done(self, i: int) -> bool:
        """Whether a value's run is complete."""
        return len(self.accuracy[i]) > self.rounds[i]

    def end(self, i: int) -> float | None:
        """The global model's accuracy after a value's last round, NaN where it diverged."""
        return float(self.accuracy[i][-1]) if self.done(i) else None

    def spread(self, i: int) -> tuple[float, float, float] | None:
        """Worst, mean and best client at the end of a value's run, or None without any."""
        known = self.clients[i][np.isfinite(self.clients[i])]
        if not self.done(i) or not len(known):
            return None
        return float(known.min()), float(known.mean()), float(known.max())


NOTHING = Fan("", "", "", (), -1, (), (), ())


def fan_of(scene: Scene) -> Fan:
    """The fan that a scene has, or one without values."""
    return scene.closeup if isinstance(scene.closeup, Fan) else NOTHING
