"""Scopes whose settings end with their `with`, also when ■ interrupts it.

A KeyboardInterrupt may come between any two lines, those of `__enter__` and `__exit__` among them,
and then nobody puts back what was there before. A count of who is inside would be wrong for good.
So a scope keeps the frame that came in first, and what was there then: it is inside as long as that
frame runs. Where it does not, the way out was broken off, and the next one takes it.
"""

from __future__ import annotations

import sys
import threading
from collections.abc import Callable
from contextlib import AbstractContextManager
from functools import cache, wraps
from types import FrameType
from typing import Any, ClassVar, ParamSpec, TypeVar

import numpy as np
from threadpoolctl import LibController, ThreadpoolController


class Entered:
    """Who came into a scope first, and what there was before; who leaves it clears `first`."""

    first: FrameType | None = None
    before: Any = None

    def by(self, here: FrameType, now: Callable[[], Any], is_inside: Callable[[Any], bool]) -> bool:
        """Whether `here` comes in first. Then `before` is what there is outside.

        now: what there is
        is_inside: whether that is as the scope makes it, where an interrupt has left it so
        """
        if self.first is not None and _runs_below(self.first, here):
            return False
        found = now()
        if self.first is None or not is_inside(found):
            self.before = found
        self.first = here
        return True


def _runs_below(frame: FrameType, here: FrameType | None) -> bool:
    """Whether `here` is `frame`, or was called by it, over however many others."""
    while here is not None and here is not frame:
        here = here.f_back
    return here is not None


STILL: Any = dict.fromkeys(np.geterr(), "ignore")


class _OfThread(Entered, threading.local):
    """What numpy does about errors is a thread's own."""


class calm(AbstractContextManager[None]):
    """Inside: one BLAS thread, and no warning or error where numbers overflow or vanish.

    Matrices this small gain 8 % from a second thread and cost twice the processor; and a learning
    rate that diverges is shown as divergence, not warned about. What somebody has set outside, by
    `np.errstate` or for BLAS, is as it was afterwards, also where several threads come and go.
    """

    # Its own thread gets through one that an interrupt has left locked.
    _lock: ClassVar[Any] = threading.RLock()
    _entered: ClassVar[_OfThread] = _OfThread()
    _inside: ClassVar[set[int]] = set()  # threads
    _before: ClassVar[list[int]] = []  # what BLAS had when the first of them came in

    def __enter__(self) -> None:
        self._first = calm._entered.by(sys._getframe(1), np.geterr, STILL.__eq__)
        if not self._first:
            return
        try:
            np.seterr(**STILL)
            self._still()
        except BaseException:  # an interrupt: nobody will call __exit__
            self._leave()
            raise

    def __exit__(self, *error: object) -> None:
        if self._first:
            self._leave()

    @staticmethod
    def _still() -> None:
        with calm._lock:
            if not calm._inside:
                calm._before = [library.get_num_threads() for library in _blas()]
            calm._inside.add(threading.get_ident())
            for library in _blas():
                library.set_num_threads(1)

    @staticmethod
    def _leave() -> None:
        np.seterr(**calm._entered.before)
        with calm._lock:
            calm._inside.discard(threading.get_ident())
            if not calm._inside and calm._before:
                for library, threads in zip(_blas(), calm._before, strict=True):
                    library.set_num_threads(threads)
        calm._entered.first = None


Given = ParamSpec("Given")
Result = TypeVar("Result")


def calmed(function: Callable[Given, Result]) -> Callable[Given, Result]:
    """The function, calm while it works. For generators see `stream`: calm a piece at a time."""

    @wraps(function)
    def calm_function(*given: Given.args, **named: Given.kwargs) -> Result:
        with calm():
            return function(*given, **named)

    return calm_function


@cache
def _blas() -> list[LibController]:
    """The linear algebra libraries of this process; looking them up takes milliseconds."""
    return list(ThreadpoolController().select(user_api="blas").lib_controllers)
