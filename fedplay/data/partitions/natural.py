"""The clients that the data come from."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from fedplay.data.base import Ints, Partition, Table, check_clients
from fedplay.knobs import Refused


@dataclass(frozen=True)
class Natural(Partition):
    """Every client keeps its own examples. With fewer clients than there are, the first take part.

    Clients are of any size here: one with a single example trains on it and evaluates on none.
    """

    title = "Natural clients"
    about = (
        "Every client keeps the examples that the data say are its own; only some data sets say so."
    )

    natural: ClassVar[bool] = True

    def check(self, n: int, C: int, clients: int, sites: int) -> None:
        if sites == 0:
            raise Refused(
                'partition="natural": these data come without clients of their own; data="writers" '
                "and CSV files with a column named client have them",
                {"data": "writers"},
            )
        check_clients(clients, sites, "because the data come from that many clients")

    def assign(self, pool: Table, clients: int, seed: int) -> Ints:
        sites = 0 if pool.client is None else int(pool.client.max(initial=-1)) + 1
        self.check(len(pool.y), len(pool.classes), clients, sites)
        assert pool.client is not None
        return np.where(pool.client < clients, pool.client, -1)
