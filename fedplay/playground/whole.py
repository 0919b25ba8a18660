"""`Whole`: a step is done whole or not at all."""

from __future__ import annotations

from collections import OrderedDict, deque
from collections.abc import Iterable
from contextlib import AbstractContextManager
from itertools import starmap
from types import TracebackType
from typing import Any

CONTAINERS = (dict, list, set, deque, OrderedDict)


class Whole(AbstractContextManager[None]):
    """Where what is done inside breaks off, the attributes of `parts` are as they were before.

    An error does so, and so does ■ (KeyboardInterrupt), which may come between any two lines. The
    containers among the attributes are put back too, as they were one level deep. Recordings are
    no parts: what has been computed is kept.
    """

    def __init__(self, parts: Iterable[object]) -> None:
        self._before = [
            (vars(part), {name: _kept(value) for name, value in vars(part).items()})
            for part in parts
        ]

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if kind is not None:
            self.put_back()

    def put_back(self) -> None:
        """As it was before, in one call into C, so that nothing comes in between."""
        deque(starmap(dict.update, self._before), maxlen=0)


def _kept(value: Any) -> Any:
    return value.copy() if type(value) in CONTAINERS else value
