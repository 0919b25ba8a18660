"""What a page's kernel takes: the parts of it that can be counted anywhere."""

import subprocess
import sys

import numpy as np
import pytest

import fedplay as fp
from fedplay.data import Digits, Dirichlet, federate
from fedplay.engine.loop import federation_of

# The default screen, settled; then a thousand moves of two sliders, of which every 20th is looked
# at until all is computed. It prints the modules that have no business there, and its peak in MB.
PLAYED = """
import sys
import fedplay as fp

playground = fp.Playground()
playground.settle()
heavy = ("sklearn", "scipy", "pandas", "matplotlib.pyplot", "dask", "jedi")
print([name for name in heavy if name in sys.modules])
for event in range(1000):
    playground.set(alpha=round(0.01 * 1.02 ** (event % 300), 4), data_seed=event // 300)
    playground.event_loop.draw()
    if event % 20 == 19:
        playground.settle()
peak = next(line for line in open("/proc/self/status") if line.startswith("VmHWM"))
print(int(peak.split()[1]) * 1024 / 1e6)
"""


@pytest.mark.skipif(sys.platform != "linux", reason="asks Linux how much memory a process has")
def test_a_thousand_events_take_less_than_150_megabytes():
    """Promised of a notebook's kernel, which adds some 30 MB of its own to a plain process."""
    done = subprocess.run(
        [sys.executable, "-c", PLAYED], capture_output=True, text=True, check=True
    )
    heavy, peak = done.stdout.split("\n")[:2]
    assert heavy == "[]"
    assert float(peak) < 150


def test_federations_share_the_examples_that_they_deal_out_differently():
    few, many = (federate(Digits(), Dirichlet(alpha), 10, 0) for alpha in (0.1, 10.0))
    assert np.shares_memory(few.X, many.X)
    assert np.shares_memory(few.X_test, many.X_test)
    assert not np.array_equal(few.sizes, many.sizes)
    assert not few.X.flags.writeable
    other = federate(Digits(), Dirichlet(0.1), 10, 1)
    assert not np.shares_memory(few.X, other.X)
    turned = federation_of(fp.Experiment(alpha=0.1, shift="rotation"))
    assert not np.shares_memory(few.X, turned.X)
    again = federate(Digits(), Dirichlet(0.1), 10, 0)
    assert again.digest == few.digest, "the shared examples were not changed by the shift"
