"""The time of a screen: one place to read it and to wait, so that a test can step it."""

from __future__ import annotations

import time


def now() -> float:
    """Seconds since some moment; it never goes back."""
    return time.monotonic()


def sleep(seconds: float) -> None:
    """Wait, in a script that has no event loop."""
    time.sleep(seconds)
