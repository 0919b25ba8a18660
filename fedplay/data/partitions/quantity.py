"""Quantity skew: clients with many and with few examples, from the same distribution."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from fedplay.data.base import Ints, Partition, Table, check_enough
from fedplay.data.partitions.dirichlet import ORDER, TOP_UP, class_shares, top_up
from fedplay.knobs import knob
from fedplay.streams import Purpose, Streams


@dataclass(frozen=True)
class Quantity(Partition):
    """The clients' shares of the examples are drawn from Dir(β, ..., β), N entries; labels are IID.

    A client that is left with fewer than `MIN_EXAMPLES` is then given examples of the largest
    clients, so every example goes to exactly one client.

    Source: Li et al. 2022, section IV-C (with β = 0.5), who draw until everybody has enough.
    """

    title = "Quantity skew"
    about = (
        "Some clients have many examples and some few, all of one mix; the large ones "
        "dominate the average."
    )
    source = "Li et al. 2022, ICDE"

    quantity_beta: float = knob(
        0.5,
        0.01,
        1000.0,
        symbol="β",
        label="Size concentration",
        scale="log",
        also=("quantity skew", "imbalance", "unbalanced", "sizes"),
        help="How evenly examples are shared out: small values give very unequal clients.",
    )

    def assign(self, pool: Table, clients: int, seed: int) -> Ints:
        n = len(pool.y)
        check_enough(n, clients)
        streams = Streams(seed)
        shares = class_shares(self.quantity_beta, clients, 1, streams)[:, 0]
        ends = np.floor(np.cumsum(shares) * n + 0.5).astype(np.int64)
        ends[-1] = n
        owner = np.empty(n, dtype=np.int64)
        order = streams.at(Purpose.PARTITION, ORDER).permutation(n)
        owner[order] = np.repeat(np.arange(clients), np.diff(ends, prepend=0))
        top_up(owner, clients, streams.at(Purpose.PARTITION, TOP_UP))
        return owner
