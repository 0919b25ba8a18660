"""How much is tried at random: what CI can wait for, or with FEDPLAY_THOROUGH=1 all of it."""

from __future__ import annotations

import os

THOROUGH = bool(os.environ.get("FEDPLAY_THOROUGH"))


def tries(thorough: int, usual: int) -> int:
    """How many there are."""
    return thorough if THOROUGH else usual
