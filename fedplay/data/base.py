"""What the data of a federation is made of: a table, its source, and who gets which example.

Letters: n examples, d features, C classes, N clients, K of these clients.

A `Source` loads a `Table`. A `Partition` deals its examples out to clients, as two `Shares`: one to
train on and one held out for evaluation. A partition of your own needs one method:

>>> from dataclasses import dataclass
>>> @dataclass(frozen=True)
... class ByTheDozen(Partition):
...     def assign(self, pool, clients, seed):
...         return np.arange(len(pool.y)) // 12 % clients
>>> tiny = Table("tiny", np.zeros((48, 1)), np.arange(48) % 2, ("even", "odd"))
>>> train, held = ByTheDozen().split(tiny, clients=4, seed=0)
>>> train.sizes, held.sizes
(array([10, 10, 10, 10]), array([2, 2, 2, 2]))
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any, ClassVar, Literal

import numpy as np
from numpy.typing import NDArray

from fedplay.knobs import Entry, Refused
from fedplay.streams import Purpose, Streams
from fedplay.words import half_up

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Bools = NDArray[np.bool_]

# What an example is, for whoever draws it: a picture, a point of the plane, or a row of a table.
Kind = Literal["pixels", "points", "table"]

MIN_EXAMPLES = 5  # a client keeps one of five for evaluation, and four are enough to learn from
TEST_FRACTION = 0.2  # of the table, kept on the server as the global test set
HELD_OUT = 0.2  # of each client's examples, kept by the client for evaluation


def kind_of(d: int, image: tuple[int, int] | None) -> Kind:
    """The kind of examples with d features: "pixels", "points" or "table".

    >>> kind_of(64, (8, 8)), kind_of(2, None), kind_of(30, None), kind_of(30, (8, 8))
    ('pixels', 'points', 'table', 'table')
    """
    if image is not None and image[0] * image[1] == d:
        return "pixels"
    return "points" if d == 2 else "table"


@dataclass(frozen=True, eq=False)
class Table:
    """One data set, before it is split. The arrays are read-only.

    X:            (n, d) float64 features, as the source scales them
    y:            (n,) int64 labels in 0..C-1
    classes:      C names
    client:       (n,) int64 natural client of each example from 0, or None
    client_names: a name for each natural client
    features:     d names, or none
    image:        (height, width) where an example is a picture of d = height * width pixels

    Raises ValueError where the shapes do not fit together, and for what is no finite number.
    """

    name: str
    X: Floats
    y: Ints
    classes: tuple[str, ...]
    client: Ints | None = None
    client_names: tuple[str, ...] = ()
    features: tuple[str, ...] = ()
    image: tuple[int, int] | None = None

    def __post_init__(self) -> None:
        X = _checked("X", self.X, np.float64, "finite numbers")
        y = _checked("y", self.y, np.int64, "whole numbers, one a class")
        if X.ndim != 2 or y.shape != X.shape[:1]:
            raise ValueError(f"X, y: must be (n, d) and (n,), not {X.shape} and {y.shape}")
        if y.size and not 0 <= y.min() <= y.max() < len(self.classes):
            raise ValueError(f"y: must be from 0 to {len(self.classes) - 1}, a number a class")
        object.__setattr__(self, "X", X)
        object.__setattr__(self, "y", y)
        if self.client is not None:
            client = _checked("client", self.client, np.int64, "a number from 0 for every example")
            if client.shape != y.shape or (client.size and client.min() < 0):
                raise ValueError("client: must be a number from 0 for every example")
            object.__setattr__(self, "client", client)

    @property
    def kind(self) -> Kind:
        """The kind of the examples: "pixels", "points" or "table"."""
        return kind_of(self.X.shape[1], self.image)

    def rows(self, index: Ints) -> Table:
        """The table of these examples only, in this order."""
        client = None if self.client is None else self.client[index]
        return replace(self, X=self.X[index], y=self.y[index], client=client)


class Source(Entry):
    """Where a table comes from: a frozen dataclass whose fields are knobs."""

    slot: ClassVar[str] = "data"
    # What else to choose so that these data make sense, {slot: name}: a screen does it by itself.
    brings: ClassVar[dict[str, str]] = {}
    # What a row holds: features and one of the "labels", or what a model of its own kind `reads`.
    rows: ClassVar[str] = "labels"
    image: ClassVar[tuple[int, int] | None] = None  # (height, width) where examples are pictures
    test_fraction: ClassVar[float] = TEST_FRACTION
    held_out: ClassVar[float] = HELD_OUT

    def load(self, seed: int) -> Table:
        """The table. Synthetic data are drawn from the stream `Purpose.SOURCE` of `seed`."""
        raise NotImplementedError

    def shape(self) -> tuple[int, int, int]:
        """(n, d, C) of the table, known before anything is loaded or allocated."""
        raise NotImplementedError

    @property
    def kind(self) -> Kind:
        """The kind of the examples, as `Table.kind`, but known before the table is loaded."""
        return kind_of(self.shape()[1], self.image)

    def sites(self) -> int:
        """How many natural clients the data have; 0 where they have none."""
        return 0

    def to_python(self) -> str:
        """The line of Python that registers these data; empty for built-in ones."""
        return ""


class Shares:
    """Which examples of the pool each client has.

    sizes: (N,) int64 examples a client
    """

    @cached_property
    def sizes(self) -> Ints:
        raise NotImplementedError

    def of(self, client: int) -> Ints:
        """(n_k,) indices into the pool; IndexError for a client that is not in 0..N-1."""
        raise NotImplementedError

    def describe(self) -> bytes:
        """Bytes that are equal exactly where two shares of one pool are."""
        raise NotImplementedError


@dataclass(frozen=True, eq=False)
class GivenShares(Shares):
    """Shares stored as arrays: client k has `index[start[k]:start[k + 1]]`.

    start: (N+1,) int64
    index: (sum of sizes,) int64 indices into the pool
    """

    start: Ints
    index: Ints

    def __post_init__(self) -> None:
        # Runs share a federation: what one of them writes here, the others would train on.
        object.__setattr__(self, "start", _read_only(self.start, np.int64))
        object.__setattr__(self, "index", _read_only(self.index, np.int64))

    @cached_property
    def sizes(self) -> Ints:
        sizes: Ints = _read_only(np.diff(self.start), np.int64)
        return sizes

    def of(self, client: int) -> Ints:
        if not 0 <= client < len(self.start) - 1:
            raise IndexError(f"client {client} of {len(self.start) - 1}")
        mine: Ints = self.index[self.start[client] : self.start[client + 1]]
        return mine

    def describe(self) -> bytes:
        little = np.dtype("<i8")
        return self.start.astype(little).tobytes() + self.index.astype(little).tobytes()


class Partition(Entry):
    """How examples are dealt out to clients: a frozen dataclass whose fields are knobs.

    Subclasses supply `assign`, or `split` where an example may go to several clients.
    """

    slot: ClassVar[str] = "partition"
    natural: ClassVar[bool] = False  # whether the clients are those that the data come from
    exclusive: ClassVar[bool] = True  # whether an example is one client's alone

    def check(self, n: int, C: int, clients: int, sites: int) -> None:
        """Raise ValueError where `clients` cannot be served.

        n:     examples to deal out: those of the table without the global test set (`pool_size`)
        sites: natural clients of the data, 0 if none
        """
        check_enough(n, clients)

    def assign(self, pool: Table, clients: int, seed: int) -> Ints:
        """(n,) the client that each example goes to, from 0; -1 for none."""
        raise NotImplementedError

    def split(
        self, pool: Table, clients: int, seed: int, held_out: float = HELD_OUT
    ) -> tuple[Shares, Shares]:
        """(train, held out): each client's examples, some of which it keeps for evaluation."""
        return hold_out(self.assign(pool, clients, seed), pool.y, clients, seed, held_out)


def portion(n: int, fraction: float) -> int:
    """How many of n examples, or clients, a fraction of them is, rounded."""
    return half_up(n * fraction)


def pool_size(n: int, test_fraction: float = TEST_FRACTION) -> int:
    """How many of a table's n examples are dealt out; the others form the global test set."""
    return n - portion(n, test_fraction)


def check_clients(clients: int, most: int, why: str, *ways: dict[str, Any]) -> None:
    """Raise ValueError naming the bound unless `clients` is a whole number from 1 to `most`.

    ways: to repair it, besides fewer clients
    """
    if not isinstance(clients, (int, np.integer)) or isinstance(clients, bool) or clients < 1:
        raise ValueError(f"clients={clients!r:.40}: must be a whole number of at least 1")
    if clients > most:
        fewer = [{"clients": most}] if most > 0 else []
        raise Refused(f"clients={clients}: must be at most {most:,}, {why}", *fewer, *ways)


def check_some(n: int) -> None:
    """Raise ValueError unless there are enough examples for a single client."""
    if n < MIN_EXAMPLES:
        raise ValueError(f"data: has {n} examples to deal out, and {MIN_EXAMPLES} are needed")


def check_enough(n: int, clients: int) -> None:
    """Raise ValueError unless n examples can be dealt out, `MIN_EXAMPLES` to every client."""
    check_some(n)
    check_clients(
        clients,
        n // MIN_EXAMPLES,
        f"because {n:,} examples are dealt out and a client needs {MIN_EXAMPLES}; "
        'with partition="resampled" clients draw examples instead, and there may be more of them',
        {"partition": "resampled"},
    )


def group(owner: Ints, clients: int) -> GivenShares:
    """The shares of an assignment: `owner` (n,) is the client of each example, -1 for none."""
    order = np.argsort(owner, kind="stable")
    start = np.searchsorted(owner[order], np.arange(clients + 1))
    index = order[start[0] : start[-1]]
    return GivenShares((start - start[0]).astype(np.int64), index.astype(np.int64))


def hold_out(
    owner: Ints, y: Ints, clients: int, seed: int, fraction: float = HELD_OUT
) -> tuple[GivenShares, GivenShares]:
    """(train, held out) of an assignment.

    Every client keeps `fraction` of its examples for evaluation, rounded: at least one where it has
    two, never all, and of every class in proportion. Which ones is drawn from the client's own
    stream, so an added client leaves the choice of the others alone.
    """
    everything = group(owner, clients)
    streams = Streams(seed)
    held = np.zeros(len(owner), dtype=bool)
    for k in range(clients if fraction > 0 else 0):
        rows = everything.of(k)
        size = min(max(portion(len(rows), fraction), 1), len(rows) - 1)
        if size > 0:
            rng = streams.at(Purpose.HELD_OUT, client=k)
            held[rows] = stratified(y[rows], size, rng)
    return group(np.where(held, -1, owner), clients), group(np.where(held, owner, -1), clients)


def stratified(y: Ints, size: int, rng: np.random.Generator) -> Bools:
    """(n,) mask that chooses `size` of the examples at random, of every class in proportion."""
    counts = np.bincount(y).astype(np.int64)  # numpy counts in 32 bits in a browser
    take = apportion(counts, size, rng)
    order = np.lexsort((rng.random(len(y)), y))  # class by class, at random within each
    rank = np.arange(len(y)) - np.repeat(np.cumsum(counts) - counts, counts)
    mask = np.zeros(len(y), dtype=bool)
    mask[order] = rank < np.repeat(take, counts)
    return mask


def apportion(counts: Ints, size: int, rng: np.random.Generator) -> Ints:
    """(C,) how many to take of each class: `size` in all, in proportion to `counts`.

    By largest remainders, ties at random; one of each class is left as long as that is possible.
    """
    total = int(counts.sum())
    spare = np.maximum(counts - 1, 0)
    room = spare if spare.sum() >= size else counts
    share, rest = np.divmod(counts * size, max(total, 1))  # whole numbers: no rounding error
    take = np.minimum(share, room)
    order = np.lexsort((rng.random(len(counts)), -rest))
    while (short := size - int(take.sum())) > 0:
        open_ = order[room[order] > take[order]]
        take[open_[:short]] += 1
    return take


def standardised(X: Floats) -> Floats:
    """(n, d) columns of mean 0 and standard deviation 1; a constant column becomes 0."""
    largest = np.abs(X).max(axis=0, initial=0.0)
    constant = X.min(axis=0) == X.max(axis=0)
    with np.errstate(under="ignore"):  # what is tiny beside the largest may become 0
        scaled = X / np.where(largest > 0, largest, 1.0)  # first, so that no square can overflow
        centred = scaled - scaled[:1]
        centred -= centred.mean(axis=0)
        deviation = np.sqrt((centred**2).mean(axis=0))
        flat = constant | (deviation == 0)
        return np.where(flat, 0.0, centred / np.where(flat, 1.0, deviation))


def _read_only(values: Any, dtype: type[np.generic]) -> Any:
    view = np.asarray(values, dtype=dtype).view()
    view.flags.writeable = False
    return view


def _checked(name: str, values: Any, dtype: type[np.generic], what: str) -> Any:
    """The values read-only, where nothing of them is lost on the way; ValueError otherwise."""
    given = np.asarray(values)
    masked = isinstance(values, np.ma.MaskedArray) and np.ma.getmaskarray(values).any()
    if masked or given.dtype.kind not in "biuf" or not np.isfinite(given).all():
        raise ValueError(f"{name}: must be {what}")
    made = _read_only(given, dtype)
    if dtype is np.int64 and (made != given).any():
        raise ValueError(f"{name}: must be {what}")
    return made
