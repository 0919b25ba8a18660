"""`Fan`: the values of one knob, and how far the run of each is known."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import NamedTuple

import numpy as np

from fedplay.drawing.geometry import Array
from fedplay.drawing.scale import tidy
from fedplay.views.scene import Scene


class NotRun(NamedTuple):
    """Values that cannot be run, and the one reason for all of them."""

    words: tuple[str, ...]
    reason: str


@dataclass(frozen=True, eq=False)
class Fan:
    """One knob's values and their runs; tuples match `values`, but for the last two.

    `values` are those that can be run; those that cannot are `refused`. `brought` is empty, or what
    else was chosen for each value, in words.
    """

    knob: str
    label: str  # for people: "Local epochs E"
    help: str
    values: tuple[str, ...]  # as they are to be shown
    current: int  # which of them is in force, -1 where none is
    accuracy: tuple[Array, ...]  # (n,) each: the global model's, as far as it is computed
    clients: tuple[Array, ...]  # (N,) each: of the clients after the last round so far, or empty
    rounds: tuple[int, ...]  # R of each
    refused: tuple[NotRun, ...] = ()
    brought: tuple[str, ...] = ()
    score: str = "accuracy"  # or "loss": what `accuracy` and `clients` are of such a model
    top: float = 1.0  # where the axis ends, of which `accuracy` and `clients` are then parts
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


def on_axis(fan: Fan) -> Fan:
    """The fan as parts of an axis from 0: an accuracy is one; a loss is, of what it may reach.

    A loss that leaves the axis, at twice what any run began with, is drawn as one that diverges.
    """
    begun = [float(a[0]) for a in fan.accuracy if len(a) and np.isfinite(a[0])]
    if fan.score == "accuracy" or not begun:
        return fan
    top = tidy(2 * max(begun))

    def part(values: Array) -> Array:
        return np.where(values <= top, values / top, np.nan)

    accuracy, clients = (tuple(map(part, rows)) for rows in (fan.accuracy, fan.clients))
    return replace(fan, accuracy=accuracy, clients=clients, top=top)


NOTHING = Fan("", "", "", (), -1, (), (), ())


def fan_of(scene: Scene) -> Fan:
    """The fan that a scene has and may show, or one without values."""
    found = scene.closeup
    return found if isinstance(found, Fan) and not scene.veiled else NOTHING
