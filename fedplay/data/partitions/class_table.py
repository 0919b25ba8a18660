"""Label skew by hand: a table says how much of each class every client takes."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from fedplay.data.base import Floats, Ints, Partition, Table, check_enough
from fedplay.data.partitions.dirichlet import ORDER
from fedplay.knobs import Refused, knob
from fedplay.streams import Purpose, Streams

TIES = 3  # the `round` of the stream that decides between equal remainders
EQUAL = 1.0  # a share as large as in a division into equal parts
DIGITS = 9  # decimals of a share, at most


@dataclass(frozen=True)
class ClassTable(Partition):
    """Each class is divided among the clients in proportion to its column of a table.

    A row of the table is a client, a column a class. 1 is an equal share, 2 twice as much, 0 none:
    the client has no example of this class, and the others have all of them. A class of which
    nobody takes a share is left out. Rows that are missing are of equal shares, and those of
    clients that there are not are ignored, so the number of clients may change while the table
    stands; a row of another length than there are classes is refused.

    Numbers of examples are rounded by largest remainders, ties at random. Which examples they are
    is drawn as with "dirichlet", class by class: a change of one column moves no other class.
    """

    title = "Table of classes"
    about = (
        "A table says how much of each class every client takes; with 0 it has none of that class."
    )

    table: tuple[tuple[float, ...], ...] = knob(
        (),
        0.0,
        1000.0,
        kind="table",
        label="Shares of the classes",
        also=("label skew", "non-iid", "remove classes"),
        help="Share of each class that each client takes, a row for every client and 1 for an "
        "equal share; 0 leaves the client without examples of that class.",
    )

    def check(self, n: int, C: int, clients: int, sites: int) -> None:
        check_enough(n, clients)
        if self.table and len(self.table[0]) != C:
            raise Refused(
                f"table: must be {clients} × {C} for these clients and classes, with {C} numbers "
                f"in a row, not {len(self.table[0])}",
                {"table": ()},
            )
        for client, row in enumerate(self.table[:clients]):
            if not any(row):
                equal = (*self.table[:client], (EQUAL,) * C, *self.table[client + 1 :])
                raise Refused(
                    f"table: leaves client {client} without any class, and a client needs an "
                    "example to train on",
                    {"table": equal},
                )

    def assign(self, pool: Table, clients: int, seed: int) -> Ints:
        n, C = len(pool.y), len(pool.classes)
        self.check(n, C, clients, 0)
        shares, streams = completed(self.table, clients, C), Streams(seed)
        owner = np.full(n, -1, dtype=np.int64)
        for c in range(C):
            if shares[:, c].any():
                rows = np.flatnonzero(pool.y == c)
                rows = streams.at(Purpose.PARTITION, ORDER, c).permutation(rows)
                ties = streams.at(Purpose.PARTITION, TIES, c).random(clients)
                counts = divided(len(rows), shares[:, c], ties)
                owner[rows] = np.repeat(np.arange(clients), counts)
        sizes = np.bincount(owner[owner >= 0], minlength=clients)
        if not sizes.all():
            raise ValueError(
                f"table: leaves client {sizes.argmin()} of {clients:,} without an example, because "
                "its shares are too small or there are too few examples of its classes"
            )
        return owner


def completed(table: tuple[tuple[float, ...], ...], clients: int, C: int) -> Floats:
    """(N, C) the shares of a table with as many rows as there are clients."""
    shares = np.full((clients, C), EQUAL)
    given = table[:clients]
    shares[: len(given)] = np.array(given).reshape(len(given), C)
    return shares


def divided(n: int, shares: Floats, ties: Floats) -> Ints:
    """(N,) whole numbers in proportion to shares (N,), n in all; none where the share is 0.

    By largest remainders; of equal ones, those with the smallest of `ties` (N,) come first. At
    least one share is above 0.

    >>> divided(7, np.array([1.0, 1.0, 0.0, 2.0]), np.array([0.2, 0.1, 0.0, 0.3]))
    array([2, 2, 0, 3])
    """
    quotas = n * (shares / shares.sum())
    counts = np.floor(quotas).astype(np.int64)
    remainders = np.where(shares > 0, (quotas - counts).round(DIGITS), -1.0)  # 1/3 is 1/3
    counts[np.lexsort((ties, -remainders))[: n - int(counts.sum())]] += 1
    return counts


def shares_of(counts: ArrayLike) -> tuple[tuple[float, ...], ...]:
    """The table, in few digits, that divides the examples as they are: counts (N, C).

    >>> shares_of([[30, 0], [10, 25], [20, 25]])
    ((1.5, 0.0), (0.5, 1.5), (1.0, 1.5))
    """
    given = np.asarray(counts, dtype=np.int64)
    columns = [_shares_of_one(column) for column in given.T]
    return tuple(tuple(row) for row in np.column_stack(columns).tolist())


def _shares_of_one(counts: Ints) -> Floats:
    """(N,) the shares of one class; none for all where nobody has an example of it."""
    n, ties = int(counts.sum()), np.arange(len(counts), dtype=np.float64)
    if n == 0:
        return np.zeros(len(counts))
    exact = counts * (len(counts) / n)
    for digits in range(1, DIGITS):
        shares = np.asarray(exact.round(digits))
        dealt = [divided(n, shares, order) for order in (ties, -ties)] if shares.any() else []
        if dealt and all(np.array_equal(one, counts) for one in dealt):  # whichever comes first
            return shares
    return np.asarray(exact)
