"""Feature skew by construction: every client sees one stretch of the data."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from fedplay.data.base import Ints, Partition, Table
from fedplay.streams import Purpose, Streams


@dataclass(frozen=True)
class Regions(Partition):
    """Order the examples along the direction in which they vary most; each client gets a stretch.

    Sizes differ by at most 1; client 0 has one end and client N - 1 the other. What a client's
    examples look like differs most; its labels differ as far as they change along the way.
    """

    title = "Regions"
    about = (
        "Every client sees one stretch of the data along their main direction, so features "
        "differ most."
    )

    def assign(self, pool: Table, clients: int, seed: int) -> Ints:
        n = len(pool.y)
        self.check(n, len(pool.classes), clients, 0)
        centred = pool.X - pool.X.mean(axis=0)
        direction = np.linalg.eigh(centred.T @ centred)[1][:, -1]
        direction *= np.sign(direction[np.abs(direction).argmax()])  # or two machines may differ
        ties = Streams(seed).at(Purpose.PARTITION).random(n)
        order = np.lexsort((ties, centred @ direction))
        owner = np.empty(n, dtype=np.int64)
        owner[order] = np.arange(n, dtype=np.int64) * clients // n
        return owner
