"""Concept shift: each group of clients gives the same example another label."""

from __future__ import annotations

from dataclasses import dataclass, replace
from math import factorial

import numpy as np

from fedplay.data.base import Ints, Table
from fedplay.data.shifts.base import Grouped
from fedplay.streams import Purpose, Streams

DRAWN = 2  # the `round` of the stream that the permutations are drawn from


@dataclass(frozen=True)
class Permuted(Grouped):
    """The labels of every group are exchanged by a permutation of its own, drawn at random.

    No two groups have the same as long as there are enough: two classes have two permutations. No
    single model can serve groups that contradict one another.

    Source: Sattler, Müller & Samek 2021, section V ("label-swap").
    """

    title = "Label swap"
    about = (
        "Each group gives the same example another label, so no single model can serve them all."
    )
    source = "Sattler et al. 2021, IEEE TNNLS"

    def apply(self, table: Table, group: Ints, seed: int) -> Table:
        tables = permutations(self.groups, len(table.classes), seed)
        return replace(table, y=tables[np.maximum(group, 0), table.y])


def permutations(groups: int, C: int, seed: int) -> Ints:
    """(G, C) what each group calls each class; row 0 is the identity."""
    streams, found = Streams(seed), [tuple(range(C))]
    for g in range(1, groups):
        rng = streams.at(Purpose.SHIFT, DRAWN, g)
        drawn = tuple(rng.permutation(C).tolist())
        while drawn in found and g < factorial(min(C, 10)):  # 10! is more than groups there can be
            drawn = tuple(rng.permutation(C).tolist())
        found.append(drawn)
    return np.array(found, dtype=np.int64)
