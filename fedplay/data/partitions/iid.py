"""Examples dealt out at random: every client sees the same distribution."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from fedplay.data.base import Ints, Partition, Table, check_enough
from fedplay.streams import Purpose, Streams


@dataclass(frozen=True)
class IID(Partition):
    """Shuffle the examples and deal them out one by one; sizes differ by at most 1.

    Source: McMahan et al. 2017, section 3 ("IID").
    """

    title = "IID"
    about = (
        "Examples are dealt out at random, so all clients have the same mix of classes and "
        "hardly drift."
    )
    source = "McMahan et al. 2017, AISTATS"

    def assign(self, pool: Table, clients: int, seed: int) -> Ints:
        n = len(pool.y)
        check_enough(n, clients)
        order = Streams(seed).at(Purpose.PARTITION).permutation(n)
        owner = np.empty(n, dtype=np.int64)
        owner[order] = np.arange(n) % clients
        return owner
