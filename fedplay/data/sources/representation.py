"""A linear problem in which all clients share a representation and each has its own weights."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from fedplay.data.base import Floats, Source, Table
from fedplay.streams import Purpose, Streams

D, K = 20, 2  # features, and directions of them that matter
EACH = 25  # examples of a client, of which about 20 are for training
MOST = 1000  # clients
BASIS, RULES, FEATURES = range(3)  # the `round` of a stream tells apart what it is drawn for


@dataclass(frozen=True)
class Representation(Source):
    """The linear representation problem: t = h_i · B x, B common to all and h_i the client's own.

    There are twenty features, x ~ N(0, I), of which two orthonormal directions B (2, 20) matter;
    h_i ~ N(0, I); no noise. An example is a row (x, t), its label is the client. For
    model="bilinear".

    Source: Collins et al. 2021, section 5.1.
    """

    title = "Linear representation"
    about = (
        "Regression in which clients share two directions of twenty; only the weights on "
        "them differ."
    )
    source = "Collins et al. 2021, ICML"

    rows: ClassVar[str] = "targets"
    brings: ClassVar[dict[str, str]] = {"partition": "natural", "model": "bilinear"}
    test_fraction: ClassVar[float] = 0.1
    held_out: ClassVar[float] = 0.1

    clients: int = 10  # of the experiment: there are as many problems

    def truth(self, seed: int) -> tuple[Floats, Floats]:
        """(B (2, 20) with orthonormal rows, h (N, 2))."""
        streams, N = Streams(seed), self.sites()
        basis = np.linalg.qr(streams.at(Purpose.SOURCE, BASIS).standard_normal((D, K)))[0].T
        heads = [streams.at(Purpose.SOURCE, RULES, i).standard_normal(K) for i in range(N)]
        return basis, np.array(heads)

    def load(self, seed: int) -> Table:
        (basis, heads), streams = self.truth(seed), Streams(seed)
        who = np.repeat(np.arange(len(heads)), EACH)
        parts = [
            streams.at(Purpose.SOURCE, FEATURES, i).standard_normal((EACH, D))
            for i in range(len(heads))
        ]
        x = np.concatenate(parts)
        target = ((x @ basis.T) * heads[who]).sum(axis=1)
        names = tuple(f"client {i}" for i in range(len(heads)))
        features = (*(f"x{j + 1}" for j in range(D)), "target")
        return Table("representation", np.column_stack([x, target]), who, names, who, (), features)

    def sites(self) -> int:
        return min(self.clients, MOST)

    def shape(self) -> tuple[int, int, int]:
        return self.sites() * EACH, D + 1, self.sites()
