"""Work as a count, where a test would otherwise look at the clock."""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import Any


def lines(action: Callable[[], Any]) -> int:
    """How many lines of Python an action executes, calls into C among them."""
    count = 0

    def traced(frame: Any, event: str, arg: Any) -> Any:
        nonlocal count
        count += 1
        return traced

    before = sys.gettrace()
    sys.settrace(traced)
    try:
        action()
    finally:
        sys.settrace(before)
    return count
