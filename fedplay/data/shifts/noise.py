"""Feature skew: the groups' instruments differ, from exact to noisy."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from fedplay.data.base import Ints, Table
from fedplay.data.shifts.base import Grouped, steps
from fedplay.knobs import knob
from fedplay.streams import Purpose, Streams

DRAWN = 1  # the `round` of the stream that the noise is drawn from


@dataclass(frozen=True)
class Noise(Grouped):
    """Gaussian noise is added to the features: none in the first group, in equal steps more.

    The last group's has the standard deviation `feature_noise` times that of all features together
    (the root of their mean variance), so that the knob means the same for every kind of data.

    Source: Li et al. 2022, section IV-B ("noise-based feature imbalance"), where every client is a
    group of its own and the deviation is absolute.
    """

    title = "Feature noise"
    about = "Each group's features are noisier than the last one's, as with different instruments."
    source = "Li et al. 2022, ICDE"

    feature_noise: float = knob(
        1.0,
        0.0,
        5.0,
        label="Feature noise",
        also=("feature skew", "sensor noise"),
        help="Standard deviation of the noise in the last group, in units of the features' own.",
    )

    def apply(self, table: Table, group: Ints, seed: int) -> Table:
        scale = self.feature_noise * np.sqrt(table.X.var(axis=0).mean())
        deviation = np.append(scale * steps(self.groups), 0.0)  # the last for nobody's, -1
        drawn = Streams(seed).at(Purpose.SHIFT, DRAWN).standard_normal(table.X.shape)
        return replace(table, X=table.X + deviation[group][:, None] * drawn)
