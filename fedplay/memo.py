"""`Memo`: what was computed of a run or a federation and may be wanted again."""

from __future__ import annotations

from typing import Any, Generic, TypeVar

from fedplay.streams import Rebuilt

T = TypeVar("T")


class Entry(Generic[T]):
    """Typed key of a `Memo`, made once in the module that computes the value."""

    def __init__(self, name: str) -> None:
        self.name = name

    def __repr__(self) -> str:
        return f"<Entry {self.name}>"


class Memo(Rebuilt):
    """Values by their `Entry`. It belongs to a run or a federation and goes when that goes.

    A value must not refer to its owner, or neither would go until Python looks for cycles. A copy
    is empty: it may belong to something else by then.

    >>> NUMBER = Entry[int]("a number")
    >>> memo = Memo()
    >>> memo.get(NUMBER), memo.put(NUMBER, 3), memo.get(NUMBER)
    (None, 3, 3)
    """

    def __init__(self) -> None:
        self._kept: dict[Entry[Any], Any] = {}

    def get(self, entry: Entry[T]) -> T | None:
        """The value kept under an entry; None where there is none."""
        found: T | None = self._kept.get(entry)
        return found

    def put(self, entry: Entry[T], value: T) -> T:
        """Keep a value, whole, in place of what was there; returns it."""
        self._kept[entry] = value
        return value

    def start(self, entry: Entry[T], empty: T) -> T:
        """The value kept under an entry; where there is none, `empty` is kept and returned."""
        found: T = self._kept.setdefault(entry, empty)
        return found
