"""Does the screen stay small? `python benchmarks/soak.py` plays with it for over an hour.

10,000 slider events (arrow keys, 50 a second), then an hour of Play, in our own app in a headless
Chromium. It prints the kernel's memory, the page's nodes and script memory at the beginning, after
every 2,000 events and at the end. Bars: the kernel grows by at most 5 MB
after the first 2,000 events (by then its cache of runs is full), the number of nodes stays, and
the console is silent. `--events 4000 --minutes 2` shortens it; it judges nothing.
"""

from __future__ import annotations

import argparse
import runpy
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import psutil
from playwright.sync_api import sync_playwright

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT))
from tests.browser.servers import FLAGS, Servers  # noqa: E402

CODE = """
import os, ipywidgets, fedplay as fp
playground = fp.Playground(fp.Experiment(clients=20))
playground.speed(60)
who = ipywidgets.HTML(f"<pre id='pid'>{os.getpid()}</pre>")
ipywidgets.VBox([playground.widget, who])
"""
WARM = 2000  # events, after which nothing should grow any more
RATE = 50  # events a second
SLIDERS = ("Label skew", "Learning rate", "Clients", "Privacy noise")


class Watch:
    """Prints what the page and its kernel take."""

    def __init__(self, page: Any) -> None:
        self.page = page
        self.kernel = psutil.Process(int(page.locator("#pid").text_content()))
        self.session = page.context.new_cdp_session(page)
        self.session.send("Performance.enable")

    def note(self, when: str) -> float:
        """MB of the kernel, once the page has come to rest and both have tidied up."""
        self.page.wait_for_timeout(2000)
        self.session.send("HeapProfiler.collectGarbage")
        numbers = self.session.send("Performance.getMetrics")["metrics"]
        found = {one["name"]: one["value"] for one in numbers}
        memory = self.kernel.memory_info().rss / 1e6
        shown = self.page.evaluate("document.querySelectorAll('*').length")
        print(
            f"{when:<22} kernel {memory:7.1f} MB   elements {shown:5}   "
            f"nodes {found['Nodes']:7.0f}   script {found['JSHeapUsedSize'] / 1e6:6.1f} MB",
            flush=True,
        )
        return memory


def press(page: Any, events: int) -> None:
    """So many arrow keys, to and fro, on one slider after the other."""
    began = time.monotonic()
    for i in range(events):
        if i % 200 == 0:
            name = SLIDERS[i // 200 % len(SLIDERS)]
            page.locator(f".fedplay-control:has-text('{name}') .noUi-handle").first.focus()
        page.keyboard.press("ArrowRight" if i % 40 < 20 else "ArrowLeft")
        time.sleep(max(0.0, began + (i + 1) / RATE - time.monotonic()))


def play(page: Any, minutes: float) -> None:
    """Play, and again whenever it has come to its end."""
    end = time.monotonic() + 60 * minutes
    buttons = page.locator(".fedplay-transport")
    while time.monotonic() < end:
        start = buttons.get_by_role("button", name="Play", exact=True)
        if start.count():
            start.first.click()
        page.wait_for_timeout(500)
    pause = buttons.get_by_role("button", name="Pause", exact=True)
    if pause.count():
        pause.first.click()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--events", type=int, default=10_000)
    parser.add_argument("--minutes", type=float, default=60)
    chosen = parser.parse_args()
    chromium = runpy.run_path(str(ROOT / "tools" / "browser.py"))["find"]()
    wrong: list[str] = []
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=FLAGS)
        servers = Servers(Path(folder))

        def new_page(link: str) -> Any:
            page = browser.new_page(viewport={"width": 1280, "height": 800})
            page.on("console", lambda m: wrong.append(m.text) if m.type == "error" else None)
            page.on("pageerror", lambda error: wrong.append(str(error)))
            page.goto(link)
            return page

        page = servers.show("voila", CODE, new_page)
        page.locator("#pid").wait_for(state="attached")
        watch = Watch(page)
        watch.note("at the beginning")
        press(page, min(WARM, chosen.events))
        warm = watch.note(f"after {min(WARM, chosen.events):,} events")
        for done in range(WARM, chosen.events, WARM):
            press(page, min(WARM, chosen.events - done))
            watch.note(f"after {min(done + WARM, chosen.events):,} events")
        play(page, chosen.minutes)
        end = watch.note(f"after {chosen.minutes:g} min of Play")
        page.goto("about:blank")
        browser.close()
        servers.close()
    print(f"the kernel grew by {end - warm:.1f} MB after the first {WARM:,} events (bar: 5)")
    print(f"the console reported {len(wrong)} errors (bar: 0) {wrong[:3]}")


if __name__ == "__main__":
    main()
