"""What does a page take? `python benchmarks/memory.py` prints a kernel's memory, step by step.

A real ipykernel is asked to do one thing after another, up to 1,000 moves of a slider; after each
step its resident memory is read, in MB. The bar is 150 MB at the end. It judges nothing.
"""

from __future__ import annotations

import argparse

import psutil
from jupyter_client.manager import start_new_kernel

STEPS = {
    "a fresh kernel": "",
    "numpy": "import numpy",
    "an Experiment": "import fedplay as fp; fp.Experiment()",
    "the digits": "from fedplay.data import Digits; Digits().load(0); None",
    "matplotlib": "import matplotlib.figure, matplotlib.backends.backend_agg",
    "ipywidgets": "import ipywidgets, anywidget",
    "the first picture": "playground = fp.Playground(fp.Experiment(clients=20)); playground",
    "settled": "await playground.idle()",
}
EVENTS = """
import asyncio
field = playground.screen.panel.controls["alpha"].field
for event in range({first}, {last}):
    field.index = event % len(field.options)
    if event % 60 == 59:
        playground.set(data_seed=event)
    await asyncio.sleep(0.002)
    if event % 10 == 0:
        await playground.idle()
await playground.idle()
"""
PIECE = 200  # events between two readings


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--events", type=int, default=1000)
    chosen = parser.parse_args()
    steps = dict(STEPS)
    for first in range(0, chosen.events, PIECE):
        last = min(first + PIECE, chosen.events)
        steps[f"{last:,} events"] = EVENTS.format(first=first, last=last)
    steps["closed"] = "playground.close()"
    manager, client = start_new_kernel(startup_timeout=120)
    try:
        process = psutil.Process(manager.provisioner.pid)
        for what, code in steps.items():
            client.execute_interactive(code, timeout=600, output_hook=lambda message: None)
            print(f"{what:<20} {process.memory_info().rss / 1e6:7.1f} MB", flush=True)
    finally:
        client.stop_channels()
        manager.shutdown_kernel(now=True)


if __name__ == "__main__":
    main()
