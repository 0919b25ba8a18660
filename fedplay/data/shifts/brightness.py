"""Feature skew: the groups' cameras differ, from bright to dim."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from fedplay.data.base import Ints, Table
from fedplay.data.shifts.base import Grouped, steps
from fedplay.knobs import Refused, knob


@dataclass(frozen=True)
class Brightness(Grouped):
    """The pixels of a group are multiplied by a factor: 1 for the first, in equal steps lower.

    The last group keeps 1 - `dimming` of its brightness. For pictures only: the features of other
    data have zeros of their own.
    """

    title = "Brightness"
    about = "Each group's pictures are dimmer than the last one's, as with different cameras."

    dimming: float = knob(
        0.8,
        0.0,
        0.99,
        label="Dimming",
        also=("brightness", "camera"),
        help="Share of brightness that the last group's pictures lose; 0 is no shift.",
    )

    def check(self, d: int, image: tuple[int, int] | None) -> None:
        if image is None:
            raise Refused(
                'shift="brightness": only pictures can be made dim, and data="digits" has them; '
                'shift="noise" goes with every kind of data',
                {"data": "digits"},
                {"shift": "noise"},
            )

    def apply(self, table: Table, group: Ints, seed: int) -> Table:
        factor = np.append(1 - self.dimming * steps(self.groups), 1.0)  # the last for nobody's, -1
        return replace(table, X=table.X * factor[group][:, None])
