"""A guest client: a person's own examples join a federation as its last client."""

from __future__ import annotations

import numbers
from dataclasses import dataclass, replace
from decimal import Decimal
from functools import cached_property
from typing import Any

import numpy as np

from fedplay.data.base import HELD_OUT, Floats, Ints, Shares, portion, stratified
from fedplay.data.federation import Federation
from fedplay.data.given import arranged, check_rows, columns_of, matrix
from fedplay.data.labels import cells, clean, label_names
from fedplay.streams import Purpose, Streams

MOST = 200  # examples that a client may bring along
LEAST = 3  # examples of which one can be held out, and two are left to learn from
LONGEST = 40  # characters of its name


@dataclass(frozen=True, eq=False)
class WithGuest(Shares):
    """The shares of a federation, and those of one client more."""

    others: Shares
    own: Ints

    @cached_property
    def sizes(self) -> Ints:
        sizes: Ints = np.append(self.others.sizes, len(self.own)).astype(np.int64)
        return sizes

    def of(self, client: int) -> Ints:
        return self.own if client == len(self.others.sizes) else self.others.of(client)

    def describe(self) -> bytes:
        return self.others.describe() + b"|" + self.own.astype("<i8").tobytes()


def with_client(federation: Federation, X: Any, y: Any, name: str = "you") -> Federation:
    """The federation with one client more, its last one, which has the examples X (n, d), y (n,).

    y has classes by their name, or by their number where that is not another's name as well. The
    columns of a DataFrame go by name. The client holds out a fifth of its examples, of every class
    in proportion: at least one where it has three, none where it has fewer. The others keep their
    examples, and the global test set stays as it is: it says nothing of the newcomer's data.

    ValueError, naming the argument, for another number of features, numbers that are not finite,
    a class that the data do not have, and none or more than 200 examples.

    >>> from fedplay.data import Federation
    >>> four = [[0.0], [1.0], [2.0], [3.0]]
    >>> fed = Federation.from_arrays(four, ["a", "b", "a", "b"], [7, 7, 9, 9], test_fraction=0)
    >>> more = with_client(fed, [[0.5], [2.5], [1.5]], ["a", "b", "b"])
    >>> more.clients, more.client_name(2), more.train.of(2).size, more.held.of(2).size
    (3, 'you', 2, 1)
    """
    d, classes = federation.d, federation.classes
    columns = columns_of("X", X)
    rows = arranged("X", matrix("X", X), columns, "the federation", d, federation.features)
    check_rows("y", y, "X", X)
    return joined(federation, rows, numbers_of(y, len(rows), classes), name)


def joined(federation: Federation, rows: Floats, labels: Ints, name: str) -> Federation:
    """`with_client`, with the classes (n,) by their number and nothing else."""
    if rows.shape[1:] != (federation.d,):
        raise ValueError(f"X: must have {federation.d} columns, as the federation has")
    if not 1 <= len(rows) <= MOST:
        raise ValueError(f"X: must have 1 to {MOST} examples, not {len(rows)}")
    if len(labels) != len(rows) or not 0 <= labels.min() <= labels.max() < federation.C:
        raise ValueError(f"y: must be {len(rows)} numbers from 0 to {federation.C - 1}")
    if not isinstance(name, str) or not name.strip() or len(name) > LONGEST:
        raise ValueError(f"name={name!r:.60}: must be a name of 1 to {LONGEST} characters")
    n, N, pool = len(labels), federation.clients, len(federation.y)
    size = 0 if n < LEAST else max(1, portion(n, HELD_OUT))
    rng = Streams(0).at(Purpose.HELD_OUT, client=N)
    held = stratified(labels, size, rng) if size else np.zeros(n, bool)
    X_all, y_all = np.concatenate([federation.X, rows]), np.concatenate([federation.y, labels])
    X_all.flags.writeable = y_all.flags.writeable = False
    return replace(
        federation,
        X=X_all,
        y=y_all,
        train=WithGuest(federation.train, pool + np.flatnonzero(~held)),
        held=WithGuest(federation.held, pool + np.flatnonzero(held)),
        guests=(*federation.guests, name.strip()),
    )


def numbers_of(y: Any, n: int, classes: tuple[str, ...]) -> Ints:
    """(n,) the number of each label's class.

    A text is the name of a class. Numbers are names too if all of them are, else numbers of
    classes; ValueError where they could be both and the two are not the same classes.
    """
    number = {clean(name): code for code, name in reversed(list(enumerate(classes)))}
    names, values = label_names("y", y, n, among=number), cells("y", y, n)
    codes = [number.get(name) for name in names]
    counts = {row: _count(name, len(classes)) for row, name in enumerate(names)}
    counts = {row: code for row, code in counts.items() if _is_number(values[row])}
    if any(codes[row] is None for row in counts):
        codes = [counts.get(row, code) for row, code in enumerate(codes)]
    elif None not in counts.values():
        unclear = next((row for row, code in counts.items() if code != codes[row]), None)
        if unclear is not None:
            raise ValueError(
                f"y: {names[unclear]} is the name of one class and the number of another, "
                f"{classes[counts[unclear] or 0]!r:.40}; give names as text, {names[unclear]!r}"
            )
    wrong = next((row for row, code in enumerate(codes) if code is None), None)
    if wrong is not None:
        value = values[wrong].item() if isinstance(values[wrong], np.generic) else values[wrong]
        raise ValueError(
            f"y: {value!r:.40} is no class of these data: they are {', '.join(classes[:12])}, "
            f"or their numbers 0 to {len(classes) - 1}"
        )
    return np.array(codes, dtype=np.int64)


def _is_number(value: Any) -> bool:
    return isinstance(value, numbers.Real | Decimal) and not isinstance(value, bool)


def _count(name: str, C: int) -> int | None:
    """The number from 0 to below C that a name is."""
    return int(name) if name.isdecimal() and len(name) < 10 and int(name) < C else None
