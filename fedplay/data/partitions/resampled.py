"""Federations larger than the data: clients draw their examples from the pool, with replacement."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import ClassVar

import numpy as np

from fedplay.data.base import (
    HELD_OUT,
    Floats,
    Ints,
    Partition,
    Shares,
    Table,
    check_clients,
    check_some,
    portion,
    stratified,
)
from fedplay.data.partitions.dirichlet import Dirichlet, log_gamma, relative
from fedplay.knobs import knob, shared
from fedplay.streams import Purpose, Streams

MOST_CLIENTS = 10_000_000
CUT = 1  # the `round` of the stream that cuts the pool; client 0 draws from round 0


@dataclass(frozen=True)
class Resampled(Partition):
    """Every client draws `client_examples` examples with replacement; its class mix is Dirichlet.

    The mix of a client is drawn from Dir(α C p), where p (C,) is the mix of the pool. For classes
    of one size this is Dir(α, ..., α), C entries, and the skew is that of the "dirichlet" partition
    with many clients. Examples are then drawn at random within each class.

    The pool is first cut in two, so that nobody is evaluated on an example that somebody else
    trains on: of its examples a client draws four fifths from the training part and one fifth, its
    held-out examples, from the other. Nothing is stored for a client: what it has follows from its
    own stream whenever it is asked for.

    Source: Hsu, Qi & Brown 2019, section 3, whose α is C times ours; they draw without replacement.
    """

    title = "Dirichlet, resampled"
    about = "Clients draw their examples from a common pool, so there may be millions of them."
    source = "Hsu et al. 2019, arXiv"

    exclusive: ClassVar[bool] = False

    alpha: float = shared(Dirichlet, "alpha")
    client_examples: int = knob(
        25,
        5,
        1000,
        label="Examples a client",
        scale="log",
        also=("n_k", "sample size"),
        help="Number of examples each client draws, including those it keeps for evaluation.",
    )

    def check(self, n: int, C: int, clients: int, sites: int) -> None:
        check_some(n)
        check_clients(clients, MOST_CLIENTS, "the largest federation there is")

    def split(
        self, pool: Table, clients: int, seed: int, held_out: float = HELD_OUT
    ) -> tuple[Shares, Shares]:
        n, C = len(pool.y), len(pool.classes)
        self.check(n, C, clients, 0)
        rng = Streams(seed).at(Purpose.HELD_OUT, CUT)
        apart = stratified(pool.y, portion(n, held_out), rng)
        held_size = portion(self.client_examples, held_out)
        mix = np.bincount(pool.y, minlength=C) / n
        concentration = tuple((self.alpha * C * mix).tolist())

        def drawn(rows: Ints, size: int, purpose: Purpose) -> DrawnShares:
            by_class = rows[np.argsort(pool.y[rows], kind="stable")]
            counts = np.bincount(pool.y[rows], minlength=C)
            return DrawnShares(clients, size, seed, purpose, concentration, by_class, counts)

        return (
            drawn(np.flatnonzero(~apart), self.client_examples - held_size, Purpose.PARTITION),
            drawn(np.flatnonzero(apart), held_size, Purpose.HELD_OUT),
        )


@dataclass(frozen=True, eq=False)
class DrawnShares(Shares):
    """Shares that are drawn when they are asked for, the same every time.

    clients:       N
    size:          examples of each client
    purpose:       of the stream that the examples are drawn from; the class mix is always drawn
                   from `Purpose.PARTITION`, so a client's two shares have the same one
    concentration: C parameters of the Dirichlet distribution of a client's class mix
    rows:          indices into the pool to draw from, sorted by class
    counts:        (C,) how many of `rows` are of each class
    """

    clients: int
    size: int
    seed: int
    purpose: Purpose
    concentration: tuple[float, ...]
    rows: Ints
    counts: Ints

    @cached_property
    def sizes(self) -> Ints:
        return np.broadcast_to(np.int64(self.size), self.clients)  # no memory, however many

    def of(self, client: int) -> Ints:
        if not 0 <= client < self.clients:
            raise IndexError(f"client {client} of {self.clients}")
        if self.size == 0:
            return self.rows[:0]
        shape, start, counts = self._classes
        logs = log_gamma(shape, self._streams.at(Purpose.PARTITION, 0, client))
        ends = np.cumsum(relative(logs))
        place, within = self._streams.at(self.purpose, 2, client).random((2, self.size))
        drawn = np.searchsorted(ends, place * ends[-1], side="right")
        drawn = np.minimum(drawn, len(ends) - 1)  # where the product was rounded up
        mine: Ints = self.rows[start[drawn] + (within * counts[drawn]).astype(np.int64)]
        return mine

    def describe(self) -> bytes:
        rule = (self.clients, self.size, self.seed, int(self.purpose), self.concentration)
        return repr(rule).encode() + self.rows.astype("<i8").tobytes()

    @cached_property
    def _classes(self) -> tuple[Floats, Ints, Ints]:
        """Of the classes that can be drawn: concentration, first row, number of rows."""
        there = np.flatnonzero(self.counts)
        start = np.cumsum(self.counts) - self.counts
        return np.array(self.concentration)[there], start[there], self.counts[there]

    @cached_property
    def _streams(self) -> Streams:
        return Streams(self.seed)
