"""`EchoGuard`: tell a field's change that a person made from one that we made ourselves."""

from __future__ import annotations

import threading
from types import TracebackType


class EchoGuard:
    """Set a field inside `with quiet:`, and `quiet.now` is true in its observers meanwhile.

    Only in this thread: under ipykernel 7 a message of the page comes in another one.
    """

    def __init__(self) -> None:
        self._thread: int | None = None

    @property
    def now(self) -> bool:
        return self._thread == threading.get_ident()

    def __enter__(self) -> None:
        self._thread = threading.get_ident()

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._thread = None
