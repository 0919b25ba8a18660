"""Shifts: changes of examples after the partition, the same for all clients of a group."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from fedplay.data.base import Floats, GivenShares, Ints, Partition, Shares, Source, Table
from fedplay.knobs import Entry, Refused, knob
from fedplay.registry import name_of
from fedplay.slots import TABLE
from fedplay.streams import Purpose, Streams

TESTS = 0  # the `round` of the stream that gives each test example a group; shifts use others


class Shift(Entry):
    """A change of each client's examples: a frozen dataclass whose fields are knobs.

    Client k is of group k mod `groups`; a shift is the same for all of a group, and group 0 keeps
    its examples as they are. One of your own declares `groups = shared(Grouped, "groups")` and
    supplies `apply`.
    """

    slot: ClassVar[str] = "shift"
    groups: int = 1

    def check(self, d: int, image: tuple[int, int] | None) -> None:
        """Raise ValueError where examples of d features, or pictures of this size, are no use."""

    def apply(self, table: Table, group: Ints, seed: int) -> Table:
        """The table with the examples of each group shifted.

        group: (n,) of each example, from 0; -1 for those of nobody, which stay as they are
        seed:  the data seed; what is drawn comes from `Purpose.SHIFT`
        """
        raise NotImplementedError


@dataclass(frozen=True)
class Unshifted(Shift):
    """Every client's examples stay as they are."""

    title = "No shift"
    about = (
        "Every client's examples stay as they are, so clients differ only as the partition has it."
    )

    def apply(self, table: Table, group: Ints, seed: int) -> Table:
        return table


@dataclass(frozen=True)
class Grouped(Shift):
    """A shift whose number of groups is a knob."""

    groups: int = knob(
        4,
        1,
        50,
        label="Groups",
        slider=(1, 10),
        also=("clusters", "populations"),
        help="Number of groups of clients; client k is in group k mod this number. "
        "The examples of the first group are unchanged.",
    )


def check_shift(shift: Shift, source: Source, partition: Partition) -> None:
    """Raise ValueError where a shift can't be applied to these data, dealt out like this."""
    if shift.groups == 1:
        return
    if not partition.exclusive:
        raise Refused(
            f'shift="{name_of(shift) or type(shift).__name__}": needs examples that are one '
            "client's alone, but with this partition several clients draw the same",
            {"partition": TABLE["partition"].default},
        )
    shift.check(source.shape()[1], source.image)


def shifted(shift: Shift, table: Table, group: Ints, seed: int) -> Table:
    """The table with the examples of each group shifted, its shapes unchanged."""
    made = shift.apply(table, group, seed)
    if made.X.shape != table.X.shape or made.classes != table.classes:
        raise ValueError(f"{type(shift).__name__}: must not change shapes or classes")
    return made


def steps(groups: int) -> Floats:
    """(G,) from 0 for the first group in equal steps to 1 for the last."""
    return np.arange(groups) / max(groups - 1, 1)


def owners(shares: tuple[Shares, ...], n: int) -> Ints:
    """(n,) the client that has each example of the pool; -1 for none.

    Raises ValueError where an example may be several clients'.
    """
    owner = np.full(n, -1, dtype=np.int64)
    for some in shares:
        if not isinstance(some, GivenShares) or (owner[some.index] >= 0).any():
            raise ValueError("shift: needs examples that are one client's alone")
        owner[some.index] = np.repeat(np.arange(len(some.sizes)), some.sizes)
    return owner


def groups_of_tests(table: Table, group: Ints, tests: Ints, groups: int, seed: int) -> Ints:
    """(t,) a group for each test example, so that the test set is a sample of the clients' data.

    Of the test examples of a class, each group gets so many as its clients have of that class,
    in proportion (rounded; which ones is drawn from the data seed). Where no client has the class,
    in proportion to all that the groups have.

    group: (n,) of each example of the table, -1 for those that no client has
    tests: (t,) which examples of the table are the test set
    """
    rng = Streams(seed).at(Purpose.SHIFT, TESTS)
    some = group >= 0
    y, chosen = table.y[tests], np.zeros(len(tests), dtype=np.int64)
    for c in np.unique(y):
        rows = np.flatnonzero(y == c)
        mine = some & (table.y == c)
        counts = np.bincount(group[mine if mine.any() else some], minlength=groups)
        places = (np.arange(len(rows)) + rng.random()) / len(rows) * counts.sum()
        found = np.searchsorted(np.cumsum(counts), places, side="right")
        chosen[rows] = rng.permutation(np.minimum(found, groups - 1))
    return chosen
