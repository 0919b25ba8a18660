"""The time of a screen: one place to read it and to wait, so that a test can step its own."""

from __future__ import annotations

import time
from collections.abc import Callable

source: Callable[[], float] = time.monotonic
waiting: Callable[[float], None] = time.sleep


def now() -> float:
    """Seconds since some moment; it never goes back."""
    return source()


def sleep(seconds: float) -> None:
    """Wait, in a script that has no event loop."""
    waiting(seconds)
