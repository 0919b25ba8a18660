"""What all tests share: settings of hypothesis, and a garbage collector that comes less often."""

from __future__ import annotations

import gc
import os
import sys

from hypothesis import HealthCheck, settings

from fedplay.app.serve import UNUSED

settings.register_profile(
    "fedplay",
    deadline=None,
    derandomize=bool(os.environ.get("CI")),
    suppress_health_check=[HealthCheck.too_slow],
)
settings.load_profile("fedplay")

# As the app does: what Jupyter could check addresses with takes longer to load than Jupyter.
sys.modules.setdefault(UNUSED, None)  # type: ignore[arg-type]

# ipywidgets keeps every widget that was ever made; to go through all of them again and again is a
# quarter of the time that the tests of the screen take.
gc.set_threshold(50_000, 50, 100)


def pytest_collection_finish() -> None:
    """What is there by now stays: let no collection of garbage look at it again."""
    gc.freeze()
