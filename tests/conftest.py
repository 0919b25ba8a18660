"""What all tests share: settings of hypothesis, and a garbage collector that comes less often."""

from __future__ import annotations

import gc
import os

from hypothesis import HealthCheck, settings

settings.register_profile(
    "fedplay",
    deadline=None,
    derandomize=bool(os.environ.get("CI")),
    suppress_health_check=[HealthCheck.too_slow],
)
settings.load_profile("fedplay")

# ipywidgets keeps every widget that was ever made; to go through all of them again and again is a
# quarter of the time that the tests of the screen take.
gc.set_threshold(50_000, 50, 100)
