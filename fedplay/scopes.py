"""What holds inside of a `with` only, also where ■ breaks it off.

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


def runs_below(frame: FrameType, here: FrameType | None) -> bool:
    """Whether `here` is `frame`, or was called by it, over however many others."""
    while here is not None and here is not frame:
        here = here.f_back
    return here is not None


STILL: Any = dict.fromkeys(np.geterr(), "ignore")


class _Entered(threading.local):
    """Of one thread: who came in first, and how numpy dealt with errors before."""

    first: FrameType | None = None
    errors: Any = None


class calm(AbstractContextManager[None]):
    """Inside: one BLAS thread, and no warning or error where numbers overflow or vanish.

    Matrices this small gain 8 % from a second thread and cost twice the processor; and a learning
    rate that diverges is shown as divergence, not warned about. What somebody has set outside, by
    `np.errstate` or for BLAS, is as it was afterwards, also where several threads come and go.
    """

    # Its own thread gets through one that an interrupt has left locked.
    _lock: ClassVar[Any] = threading.RLock()
    _entered: ClassVar[_Entered] = _Entered()
    _inside: ClassVar[set[int]] = set()  # threads
    _before: ClassVar[list[int]] = []  # what BLAS had when the first of them came in

    def __enter__(self) -> None:
        self._within = True  # of another one, which puts everything back
        here, own = sys._getframe(1), calm._entered
        if own.first is not None and runs_below(own.first, here):
            return
        now = np.geterr()
        if own.first is None or now != STILL:  # else an interrupt has left it so
            own.errors = now
        own.first, self._within = here, False
        try:
            np.seterr(**STILL)
            self._still()
        except BaseException:  # an interrupt: nobody will call __exit__
            self._leave()
            raise

    def __exit__(self, *error: object) -> None:
        if not self._within:
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
        own = calm._entered
        np.seterr(**own.errors)
        with calm._lock:
            calm._inside.discard(threading.get_ident())
            if not calm._inside and calm._before:
                for library, threads in zip(_blas(), calm._before, strict=True):
                    library.set_num_threads(threads)
        own.first = None


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
