"""The runs that were shown last, so that dragging back is free."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Hashable
from typing import Generic, Protocol, TypeVar


class Sized(Protocol):
    @property
    def nbytes(self) -> int: ...


V = TypeVar("V", bound=Sized)


class Cache(Generic[V]):
    """The values used most recently, as many as fit into `limit` bytes (the newest always)."""

    def __init__(self, limit: int) -> None:
        self.limit = limit
        # Each with its size as it was put: to count it takes a while.
        self._kept: OrderedDict[Hashable, tuple[V, int]] = OrderedDict()

    def __len__(self) -> int:
        return len(self._kept)

    @property
    def nbytes(self) -> int:
        return sum(size for _, size in self._kept.values())

    def get(self, key: Hashable) -> V | None:
        if key not in self._kept:
            return None
        self._kept.move_to_end(key)
        return self._kept[key][0]

    def put(self, key: Hashable, value: V) -> None:
        self._kept[key] = value, value.nbytes
        self._kept.move_to_end(key)
        while len(self._kept) > 1 and self.nbytes > self.limit:
            self._kept.popitem(last=False)
