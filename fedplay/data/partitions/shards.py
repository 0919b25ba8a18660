"""Label skew by construction: every client sees a few classes only."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from fedplay.data.base import Ints, Partition, Table, check_enough
from fedplay.knobs import Refused, knob
from fedplay.streams import Purpose, Streams


@dataclass(frozen=True)
class Shards(Partition):
    """Sort the examples by label, cut them into equal shards, and give each client some at random.

    With 2 shards most clients see at most two classes (a shard may reach from one class into the
    next). Sizes of shards differ by at most 1, so a client has at least `shards` times the n
    examples divided by the number of all shards, rounded down.

    Source: McMahan et al. 2017, section 3 ("Pathological Non-IID"), with 2 shards a client.
    """

    title = "Label shards"
    about = (
        "Examples are sorted by label and cut into pieces, so most clients see only a few classes."
    )
    source = "McMahan et al. 2017, AISTATS"

    shards: int = knob(
        2,
        1,
        20,
        label="Shards a client",
        also=("pathological non-iid", "non-iid", "label skew"),
        help="Number of pieces each client gets of the examples sorted by label.",
    )

    def check(self, n: int, C: int, clients: int, sites: int) -> None:
        check_enough(n, clients)
        if self.shards * clients > n:
            raise Refused(
                f"shards={self.shards}: must be at most {n // clients} with clients={clients}, "
                f"because {n:,} examples can't be cut into more shards than that",
                {"shards": n // clients},
            )

    def assign(self, pool: Table, clients: int, seed: int) -> Ints:
        n = len(pool.y)
        self.check(n, len(pool.classes), clients, 0)
        rng = Streams(seed).at(Purpose.PARTITION)
        # Within a class the order is random, or a shard would hold one writer's examples.
        order = np.lexsort((rng.random(n), pool.y))
        dealt = rng.permutation(np.arange(self.shards * clients) % clients)
        shard = np.arange(n, dtype=np.int64) * len(dealt) // n
        owner = np.empty(n, dtype=np.int64)
        owner[order] = dealt[shard]
        return owner
