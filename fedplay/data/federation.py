"""A federation: the examples of all clients, who has which, and the server's global test set."""

from __future__ import annotations

import hashlib
import numbers
from dataclasses import dataclass, field, replace
from functools import cached_property, lru_cache
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from fedplay.data.base import (
    HELD_OUT,
    TEST_FRACTION,
    Bools,
    Floats,
    Ints,
    Kind,
    Partition,
    Shares,
    Source,
    Table,
    hold_out,
    kind_of,
    pool_size,
    portion,
    stratified,
)
from fedplay.data.given import arranged, check_rows, columns_of, matrix
from fedplay.data.labels import check_kinds, encoded, label_names
from fedplay.data.shifts.base import Shift, check_shift, groups_of_tests, owners, shifted
from fedplay.knobs import short
from fedplay.memo import Memo
from fedplay.streams import Purpose, Streams

COUNTED = 100_000  # clients whose labels are counted at once: a table of 8 MB for ten classes


@dataclass(frozen=True, eq=False)
class Federation:
    """The data of all clients and of the server.

    X, y:           (n, d) float64 and (n,) int64 in 0..C-1, the pool: the clients' examples
    X_test, y_test: (t, d) and (t,), the global test set, which only the server has
    train, held:    which examples of the pool each client trains on, and which it evaluates on
    client_names:   N names where the clients are those the data come from, else none
    guests:         names of the last clients, which came in by `with_client`
    memo:           what analyses have computed of it, for all runs on it; a copy's is empty
    """

    name: str
    X: Floats
    y: Ints
    X_test: Floats
    y_test: Ints
    train: Shares
    held: Shares
    classes: tuple[str, ...]
    client_names: tuple[str, ...] = ()
    features: tuple[str, ...] = ()
    image: tuple[int, int] | None = None
    guests: tuple[str, ...] = ()
    memo: Memo = field(default_factory=Memo, init=False, repr=False, compare=False)

    @property
    def clients(self) -> int:
        """N, the number of clients."""
        return len(self.train.sizes)

    @property
    def d(self) -> int:
        """The number of features."""
        return int(self.X.shape[1])

    @property
    def kind(self) -> Kind:
        """What an example is: "pixels" of a picture, "points" of the plane, a row of a "table"."""
        return kind_of(self.d, self.image)

    @property
    def C(self) -> int:
        """The number of classes."""
        return len(self.classes)

    @property
    def sizes(self) -> Ints:
        """(N,) training examples of each client."""
        return self.train.sizes

    def client_name(self, client: int) -> str:
        """What to call a client: its name in the data, or its number."""
        guest = client - (self.clients - len(self.guests))
        if guest >= 0:
            return self.guests[guest]
        named = client < len(self.client_names)
        return self.client_names[client] if named else f"client {client}"

    def label_counts(self, clients: ArrayLike | None = None) -> Ints:
        """(K, C) training examples of each class that these clients have; all clients by default.

        Raises ValueError for more than 100,000 clients at once.
        """
        if clients is None:
            clients = np.arange(min(self.clients, COUNTED + 1))
        ids = np.asarray(clients)
        if ids.ndim != 1 or (ids.size and ids.dtype.kind not in "iu"):
            raise ValueError("clients: must be a list of clients' numbers")
        if len(ids) > COUNTED:
            raise ValueError(f"clients: must be at most {COUNTED:,} at once, so name the ones")
        counts = np.empty((len(ids), self.C), dtype=np.int64)
        for row, k in enumerate(ids.tolist()):
            counts[row] = np.bincount(self.y[self.train.of(k)], minlength=self.C)
        return counts

    @cached_property
    def digest(self) -> str:
        """SHA-256 (hexadecimal) of the arrays, the classes and the shares: which data these are."""
        sha = hashlib.sha256(repr((self.X.shape, self.X_test.shape, self.classes)).encode())
        for floats in (self.X, self.X_test):
            sha.update(np.ascontiguousarray(floats, dtype="<f8").data)
        for ints in (self.y, self.y_test):
            sha.update(np.ascontiguousarray(ints, dtype="<i8").data)
        for shares in (self.train, self.held):
            sha.update(hashlib.sha256(shares.describe()).digest())
        return sha.hexdigest()

    def with_client(self, X: Any, y: Any, name: str = "you") -> Federation:
        """This federation and one client more, its last one: see `fedplay.data.with_client`."""
        from fedplay.data.guest import with_client

        return with_client(self, X, y, name)

    @classmethod
    def from_arrays(
        cls,
        X: Any,
        y: Any,
        client: Any,
        *,
        X_test: Any = None,
        y_test: Any = None,
        test_fraction: float = TEST_FRACTION,
        held_out: float = HELD_OUT,
        seed: int = 0,
        name: str = "arrays",
    ) -> Federation:
        """A federation of data of your own: arrays, lists, a DataFrame and Series, ...

        X:             (n, d) finite numbers; the names of columns become those of the features
        y:             (n,) labels: words, numbers or dates
        client:        (n,) ids: likewise
        X_test:        (t, d) with `y_test` (t,) the global test set; without them `test_fraction`
                       of the examples is taken (of each class in proportion, and a client's last
                       example stays with it). Columns go by name where X and X_test have names,
                       else by place
        held_out:      the fraction of its examples that each client keeps for evaluation
        seed:          of the choice of test and held-out examples

        A label is its name (`fedplay.data.labels`): 1, 1.0 and "1" are one. Classes and clients are
        in the order of numbers, then of words. Both fractions are from 0, which means none, to
        below 1. Raises ValueError, naming the argument, for missing and masked values, what is no
        number, lengths that differ, columns or rows that do not belong together, and no examples.

        >>> X = [[0.0], [1.0], [2.0], [3.0]]
        >>> fed = Federation.from_arrays(X, ["a", "b", "a", "b"], [7, 7, 9, 9], test_fraction=0)
        >>> fed.clients, fed.classes, fed.client_names, fed.train.sizes, fed.held.sizes
        (2, ('a', 'b'), ('7', '9'), array([1, 1]), array([1, 1]))
        """
        check_seed("seed", seed)
        test_fraction = _fraction("test_fraction", test_fraction)
        held_out = _fraction("held_out", held_out)
        if not isinstance(name, str):
            raise ValueError(f"name={short(name)}: must be a text")
        given = X_test is not None
        if given != (y_test is not None):
            raise ValueError("X_test, y_test: one of the two is missing")
        features, rows = columns_of("X", X), matrix("X", X)
        n, d = rows.shape
        if n == 0:
            raise ValueError("X: has no examples")
        check_rows("y", y, "X", X)
        check_rows("client", client, "X", X)
        check_rows("client", client, "y", y)
        tests, y_tests = np.empty((0, d)), list[str]()
        y = label_names("y", y, n)
        if given:
            columns = columns_of("X_test", X_test)
            tests = arranged("X_test", matrix("X_test", X_test), columns, "X", d, features)
            check_rows("y_test", y_test, "X_test", X_test)
            y_tests = label_names("y_test", y_test, len(tests), among=y)
            _check_same_labels(y, y_tests)
        check_kinds("y", y + y_tests)
        classes, labels = encoded(y + y_tests)
        ids = label_names("client", client, n)
        check_kinds("client", ids)
        client_names, owners = encoded(ids)
        pool = Table(name, rows, labels[:n], classes, owners, client_names, features)
        if given:
            test = Table(name, tests, labels[n:], classes)
        else:
            pool, test = cut_test(pool, seed, test_fraction)
        assert pool.client is not None
        train, held = hold_out(pool.client, pool.y, len(client_names), seed, held_out)
        return _federation(pool, test, train, held)


def federate(
    source: Source,
    partition: Partition,
    clients: int,
    data_seed: int,
    shift: Shift | None = None,
) -> Federation:
    """Load the data, keep a part as the global test set, deal out the rest, and shift it.

    Which examples are the test set depends on the data and `data_seed` alone, so they are the same
    for every partition. With a shift the test set is a sample of what all clients have: each of its
    examples is shifted as some group's are (`groups_of_tests`; with a natural partition as the
    client's that it comes from). With fewer clients than a natural partition has, the first ones
    take part.

    Raises ValueError where the partition cannot serve so many clients, or the shift these data.
    """
    check_seed("data_seed", data_seed)
    n, _, C = source.shape()
    partition.check(pool_size(n, source.test_fraction), C, clients, source.sites())
    if shift is not None:
        check_shift(shift, source, partition)
    table, rows, tests, pool, test = _cut(source, data_seed)
    names = table.client_names[:clients] if partition.natural else ()
    if partition.natural and table.client is not None:
        taken = table.client[rows] < clients
        if not taken.all():
            rows = rows[taken]
            pool = table.rows(rows)
    train, held = partition.split(pool, clients, data_seed, source.held_out)
    if shift is not None and shift.groups > 1:
        owner = owners((train, held), len(rows))
        group = np.full(n, -1, dtype=np.int64)
        group[rows] = np.where(owner >= 0, owner % shift.groups, -1)
        group[tests] = groups_of_tests(table, group, tests, shift.groups, data_seed)
        if partition.natural and table.client is not None:
            home = tests[table.client[tests] < clients]
            group[home] = table.client[home] % shift.groups
        table = shifted(shift, table, group, data_seed)
        pool, test = table.rows(rows), table.rows(tests)
    return _federation(replace(pool, client_names=names), test, train, held)


@lru_cache(maxsize=1)  # a slider deals out the same examples again and again: one copy of them
def _cut(source: Source, data_seed: int) -> tuple[Table, Ints, Ints, Table, Table]:
    """The table, which of its rows are dealt out and which test, and the tables of either."""
    table = source.load(data_seed)
    if (*table.X.shape, len(table.classes)) != source.shape():
        raise ValueError(f"{type(source).__name__}: shape() is not that of the table it loads")
    chosen = test_rows(table, data_seed, source.test_fraction)
    rows, tests = np.flatnonzero(~chosen), np.flatnonzero(chosen)
    return table, rows, tests, table.rows(rows), table.rows(tests)


def cut_test(table: Table, seed: int, fraction: float = TEST_FRACTION) -> tuple[Table, Table]:
    """(the rest, the global test set), the latter being the `test_rows`."""
    chosen = test_rows(table, seed, fraction)
    return table.rows(np.flatnonzero(~chosen)), table.rows(np.flatnonzero(chosen))


def test_rows(table: Table, seed: int, fraction: float) -> Bools:
    """(n,) mask of the global test set: `fraction` of the table, of each class in proportion.

    A natural client whose examples would all be taken keeps one of them.
    """
    rng = Streams(seed).at(Purpose.TEST)
    chosen = stratified(table.y, portion(len(table.y), fraction), rng)
    if table.client is not None:
        rest = np.bincount(table.client[~chosen], minlength=int(table.client.max()) + 1)
        ids, first = np.unique(table.client, return_index=True)
        chosen[first[rest[ids] == 0]] = False
    return chosen


def check_seed(name: str, seed: int) -> None:
    """Raise ValueError unless `seed` is a whole number that a stream can be keyed with."""
    whole = isinstance(seed, (int, np.integer)) and not isinstance(seed, bool)
    if not whole or not 0 <= seed < 2**63:
        raise ValueError(f"{name}={seed!r:.40}: must be a whole number from 0 to 2**63 - 1")


def _federation(pool: Table, test: Table, train: Shares, held: Shares) -> Federation:
    return Federation(
        name=pool.name,
        X=pool.X,
        y=pool.y,
        X_test=test.X,
        y_test=test.y,
        train=train,
        held=held,
        classes=pool.classes,
        client_names=pool.client_names,
        features=pool.features,
        image=pool.image,
    )


def _fraction(name: str, value: Any) -> float:
    real = isinstance(value, numbers.Real) and not isinstance(value, bool)
    if not real or not 0 <= value < 1:
        raise ValueError(f"{name}={short(value)}: must be from 0 to below 1")
    return float(value)


def _check_same_labels(y: list[str], y_test: list[str]) -> None:
    """ValueError where the test set has none of the labels: it is then named in another way."""
    if y_test and set(y).isdisjoint(y_test):
        raise ValueError(
            f"y_test: has no label that y has, but {short(y_test[0])} where y has {short(y[0])}"
        )
