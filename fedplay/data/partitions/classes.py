"""Label skew by construction: every client has examples of exactly k classes."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from fedplay.data.base import MIN_EXAMPLES, Bools, Ints, Partition, Table, check_enough
from fedplay.knobs import Refused, knob
from fedplay.streams import Purpose, Streams

HOLD, DEAL = range(2)  # the `round` of a stream tells apart what it is drawn for


@dataclass(frozen=True)
class Classes(Partition):
    """Each client holds k classes; a class's examples are shared equally among those who hold it.

    Which ones is drawn at random, client by client, among the classes that the fewest hold so far:
    so each is held by somebody as soon as N k is at least C, and no class by two clients more than
    another. Where N k is below C the examples of the other classes stay with nobody.

    Source: Li et al. 2022, section IV-A1 ("#C = k"), who draw every client's classes independently.
    """

    title = "k classes a client"
    about = (
        "Every client has examples of exactly k classes; with k = 1 it has nothing to tell apart."
    )
    source = "Li et al. 2022, ICDE"

    classes_per_client: int = knob(
        2,
        1,
        100,
        symbol="k",
        label="Classes a client",
        slider=(1, 10),
        also=("label skew", "non-iid"),
        help="Number of classes each client has.",
    )

    def check(self, n: int, C: int, clients: int, sites: int) -> None:
        check_enough(n, clients)
        if self.classes_per_client > C:
            raise Refused(
                f"classes_per_client={self.classes_per_client}: must be at most {C}, "
                "because these data have no more classes",
                {"classes_per_client": C},
            )

    def assign(self, pool: Table, clients: int, seed: int) -> Ints:
        n, C = len(pool.y), len(pool.classes)
        self.check(n, C, clients, 0)
        streams = Streams(seed)
        holds = held_classes(clients, C, self.classes_per_client, streams)
        owner = np.full(n, -1, dtype=np.int64)
        for c in range(C):
            rng = streams.at(Purpose.PARTITION, DEAL, c)
            rows = rng.permutation(np.flatnonzero(pool.y == c))
            holders = rng.permutation(np.flatnonzero(holds[:, c]))
            if len(holders):
                owner[rows] = np.resize(holders, len(rows))
        sizes = np.bincount(owner[owner >= 0], minlength=clients)
        if sizes.min() < MIN_EXAMPLES:
            raise ValueError(
                f"classes_per_client={self.classes_per_client}: leaves client {sizes.argmin()} of "
                f"{clients:,} with {sizes.min()} examples, and a client needs {MIN_EXAMPLES}; "
                "choose fewer clients or more classes for each"
            )
        return owner


def held_classes(clients: int, C: int, k: int, streams: Streams) -> Bools:
    """(N, C) which classes each client holds, k of them."""
    holds = np.zeros((clients, C), dtype=bool)
    holders = np.zeros(C, dtype=np.int64)
    for client in range(clients):
        dice = streams.at(Purpose.PARTITION, HOLD, client).random(C)
        mine = np.lexsort((dice, holders))[:k]
        holds[client, mine] = True
        holders[mine] += 1
    return holds
