"""One client more: somebody's own examples join a federation as its last client."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import numpy as np

from fedplay.data.base import HELD_OUT, Floats, Ints, Shares, portion, stratified
from fedplay.data.federation import Federation, _matrix
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

    y has classes by their number or by their name. The client holds out a fifth of its examples,
    of every class in proportion: at least one where it has three, none where it has fewer. The
    others keep their examples, and the global test set stays as it is: it says nothing of the
    newcomer's data.

    ValueError, naming the argument, for another number of features, numbers that are not finite,
    a class that the data do not have, and none or more than 200 examples.

    >>> from fedplay.data import Federation
    >>> four = [[0.0], [1.0], [2.0], [3.0]]
    >>> fed = Federation.from_arrays(four, ["a", "b", "a", "b"], [7, 7, 9, 9], test_fraction=0)
    >>> more = with_client(fed, [[0.5], [2.5], [1.5]], ["a", "b", "b"])
    >>> more.clients, more.client_name(2), more.train.of(2).size, more.held.of(2).size
    (3, 'you', 2, 1)
    """
    rows, labels = examples(X, y, federation.d, federation.classes)
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


def examples(X: Any, y: Any, d: int, classes: tuple[str, ...]) -> tuple[Floats, Ints]:
    """(n, d) and (n,) examples of a newcomer, as its federation wants them; else ValueError."""
    rows = _matrix("X", X)
    if rows.shape[1] != d:
        raise ValueError(f"X: must have {d} columns, as the federation has, not {rows.shape[1]}")
    if not 1 <= len(rows) <= MOST:
        raise ValueError(f"X: must have 1 to {MOST} examples, not {len(rows)}")
    given = np.asarray(y, dtype=object)  # numbers and names may be mixed
    if given.shape != (len(rows),):
        raise ValueError(f"y: must have {len(rows)} entries, one an example, not {given.shape}")
    return rows, np.array([_class(label, classes) for label in given.tolist()], np.int64)


def _class(label: Any, classes: tuple[str, ...]) -> int:
    """The number of a class."""
    if isinstance(label, str) and label in classes:
        return classes.index(label)
    label = label.item() if isinstance(label, np.generic) else label
    number = isinstance(label, int | float) and not isinstance(label, bool)
    if number and math.isfinite(label) and int(label) == label and 0 <= label < len(classes):
        return int(label)
    raise ValueError(
        f"y: {label!r:.40} is no class of these data: they are {', '.join(classes[:12])}, "
        f"or their numbers 0 to {len(classes) - 1}"
    )
