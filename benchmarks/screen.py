"""How fast is the screen? `python benchmarks/screen.py` prints measured values beside their bars.

A headless Chromium of 1280 × 800 shows the Playground (20 clients, softmax, 50 rounds) in our own
app, in JupyterLab, and once more in our app with `core=True`. Everything is timed in the page:

- A press, or a move of the mouse, counts from the event's own time stamp.
- A picture counts from when the page acknowledges its frame, which it does right after drawing it
  on the canvas (of the core `Image`: from its load event). The kernel notes for each frame, or for
  the checksum of each PNG, which experiment it shows and whether that run is complete.
- "key to picture" is one arrow key on a slider at rest, until the first frame that shows the whole
  run of the new value, the engine's work included. No value is met twice: α goes along its slider,
  then the data seed changes and α goes back.
- The stages of those keys stand below it, on one clock (`screen_stages.py`), and the floor: what
  the run, the encoding and the way there and back take without a screen, in turns with the keys.
- "Play" shows 300 rounds at 60 a second. "hover" is a move onto another client, to the next frame.
- "messages" are websocket messages both ways, per picture drawn; "drag" moves the slider with the
  mouse, 60 moves a second.
- "500 keys in 5 s": from the last press to the first picture of the last value.

Times on a shared machine vary; the load is printed too. It measures, it judges nothing.
"""

from __future__ import annotations

import argparse
import json
import os
import runpy
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from playwright.sync_api import sync_playwright

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT))
from benchmarks.screen_stages import CODE, PROBE, centiles, print_stages, stages  # noqa: E402
from tests.browser.servers import FLAGS, Servers  # noqa: E402

PRESSES = 60
QUIET = 600  # ms without a picture after a key, for what the kernel does at rest to be done
BARE = ".widget-slider:has-text('Bare') .noUi-handle"
HANDLE = ".fedplay-control:has-text('Label skew') .noUi-handle"


class Page:
    """The Playground in a page, and what the probe in it has seen."""

    def __init__(self, page: Any) -> None:
        self.page = page

    def seen(self) -> dict[str, Any]:
        found: dict[str, Any] = self.page.evaluate("window.probe")
        return found

    def rest(self, quiet: int = 250) -> None:
        """Wait until nothing has been drawn for so many ms."""
        self.page.wait_for_function("ms => performance.now() - probe.last > ms", arg=quiet)

    def ask(self, task: str) -> None:
        self.page.evaluate(
            "word => [...document.querySelectorAll('button')]"
            ".find(button => button.innerText === word).click()",
            task,
        )

    def told(self) -> dict[str, Any]:
        """What the kernel knows of the frames."""
        self.page.evaluate("document.querySelector('#report')?.remove()")
        self.ask("tell")
        text = self.page.locator("#report").text_content(timeout=10_000)
        found: dict[str, Any] = json.loads(text)
        return found


def wholes(page: Page) -> Iterator[tuple[float, str, tuple[float, int]]]:
    """(when, its mark, (α, data seed)) of every picture of a complete run."""
    marks = page.told()["marks"]
    for at, mark in page.seen()["draws"]:
        known = marks.get(mark)
        alpha, seed, whole = known if isinstance(known, list) else (None, None, False)
        if whole:
            yield at, mark, (alpha, seed)


def press(page: Page, handle: Any, key: str) -> tuple[float, bool]:
    """When a key was pressed on a slider, and whether that has moved; waits for the picture."""
    before = handle.get_attribute("aria-valuenow")
    handle.focus()
    page.page.keyboard.press(key)
    at = page.seen()["keys"][-1]
    page.page.wait_for_timeout(30)
    page.rest(QUIET)
    return at, handle.get_attribute("aria-valuenow") != before


def key_to_picture(page: Page) -> tuple[list[float], list[list[float]], list[float]]:
    """ms, for presses on a slider at rest; of their stages; and of the floor, in turns with them.

    The core `Image` has neither stages nor a floor.
    """
    handle, bare = page.page.locator(HANDLE).first, page.page.locator(BARE).first
    plain = page.page.locator("canvas.fedplay-canvas").count() == 0
    handle.focus()
    page.page.keyboard.press("Home")
    page.rest()
    towards, pressed, floors = "ArrowRight", [], []
    while len(pressed) < PRESSES:
        at, moved = press(page, handle, towards)
        if moved:
            pressed.append(at)
            floors += [] if plain else [press(page, bare, "ArrowRight")[0]]
        else:  # the end of the slider
            towards = "ArrowLeft" if towards == "ArrowRight" else "ArrowRight"
            page.ask("dice")
            page.page.wait_for_timeout(300)
            page.rest()
    drawn, seen, told = list(wholes(page)), page.seen(), page.told()
    times, parts, ends = [], [], [*pressed[1:], float("inf")]
    for start, end in zip(pressed, ends, strict=True):
        shown = [what for at, _, what in drawn if at < start]
        new = [d for d in drawn if start < d[0] < end and d[2] != shown[-1]]
        if new:
            at, mark, _ = new[0]
            times.append(at - start)
            parts += [] if plain else [stages(start, mark, at, seen, told["times"])]
    floor = []
    for number, start in enumerate(floors, 1):
        marked = (at for at, m in seen["draws"] if told["marks"].get(m) == f"floor {number}")
        floor += [at - start for at in marked][:1]
    return times, parts, floor


def play(page: Page) -> tuple[float, float]:
    """(pictures a second, messages a picture)."""
    page.ask("long")
    page.page.wait_for_timeout(500)
    page.rest(500)
    page.page.locator(".fedplay-transport").get_by_role("button", name="Play").first.click()
    page.page.wait_for_timeout(500)
    before = page.seen()
    page.page.wait_for_timeout(3500)
    after = page.seen()
    draws = after["draws"][len(before["draws"]) :]
    seconds = (draws[-1][0] - draws[0][0]) / 1000
    page.ask("short")
    page.page.wait_for_timeout(500)
    page.rest()
    return (len(draws) - 1) / seconds, (after["messages"] - before["messages"]) / len(draws)


def hover(page: Page) -> list[float]:
    """ms, for moves that make the picture change."""
    canvas = page.page.locator("canvas.fedplay-canvas").first
    canvas.scroll_into_view_if_needed()
    box = canvas.bounding_box()
    times = []
    for row in (0.9, 0.8, 0.7, 0.6, 0.25, 0.15):
        for i in range(24):
            x, y = box["x"] + box["width"] * (0.08 + 0.034 * i), box["y"] + box["height"] * row
            if not 0 < y < 790:
                continue
            count = len(page.seen()["draws"])
            page.page.mouse.move(x, y)
            page.page.wait_for_timeout(120)
            seen = page.seen()
            if len(seen["draws"]) > count:
                times.append(seen["draws"][count][0] - seen["moves"][-1])
    page.page.mouse.move(1, 1)
    page.rest()
    return times


def drag(page: Page) -> float:
    """Messages a picture while the mouse drags the slider to and fro, 60 moves a second."""
    handle = page.page.locator(HANDLE).first
    handle.scroll_into_view_if_needed()
    track = page.page.locator(HANDLE.replace(".noUi-handle", ".noUi-base")).first.bounding_box()
    box = handle.bounding_box()
    page.page.mouse.move(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    page.page.mouse.down()
    before, began = page.seen(), time.monotonic()
    for i in range(240):
        part = abs(i % 120 - 60) / 60
        page.page.mouse.move(track["x"] + part * track["width"], track["y"])
        time.sleep(max(0.0, began + (i + 1) / 60 - time.monotonic()))
    after = page.seen()
    page.page.mouse.up()
    page.page.mouse.move(1, 1)
    page.rest()
    pictures = len(after["draws"]) - len(before["draws"])
    return (after["messages"] - before["messages"]) / max(pictures, 1)


def storm(page: Page) -> float:
    """ms from the last of 500 presses in 5 s to its picture."""
    page.page.locator(HANDLE).first.focus()
    page.rest()
    began = time.monotonic()
    for i in range(500):
        page.page.keyboard.press("ArrowLeft" if i % 20 < 9 else "ArrowRight")
        time.sleep(max(0.0, began + 0.01 * (i + 1) - time.monotonic()))
    page.page.wait_for_timeout(1500)
    told, last = page.told(), page.seen()["keys"][-1]
    wanted = told["alpha"], told["seed"]
    ends = [at for at, _, what in wholes(page) if at > last and what == wanted]
    return ends[0] - last if ends else float("nan")


def row(what: str, value: str, bar: str) -> None:
    print(f"  {what:<34}{value:>22}   {bar}", flush=True)


BARS = {"voila": (1.25, 40, 45), "lab": (1.4, 20, 60)}


def measure(page: Page, front_end: str) -> None:
    over, frames, lit = BARS[front_end]
    times, parts, floor = key_to_picture(page)
    (p50, p95), (least, most) = centiles(times), centiles(floor)
    row("key to picture, p50 / p95 ms", f"{p50:.0f} / {p95:.0f}", "p95 ≤ 1.5 × p50")
    print_stages(parts)
    row("its floor, p50 / p95 ms", f"{least:.0f} / {most:.0f}", "")
    row("p50 to the floor's", f"{p50 / least:.2f}", f"≤ {over}")
    row("p95 to p50", f"{p95 / p50:.2f}", "≤ 1.5")
    speed, messages = play(page)
    row("Play, pictures/s", f"{speed:.0f}", f"≥ {frames}")
    row("Play, messages a picture", f"{messages:.1f}", "≤ 10")
    times = hover(page)
    p50, p95 = centiles(times)
    row(f"hover ({len(times)} moves), p50 / p95 ms", f"{p50:.0f} / {p95:.0f}", f"p50 ≤ {lit}")
    row("drag, messages a picture", f"{drag(page):.1f}", "≤ 10")
    row("500 keys in 5 s, ms to the last", f"{storm(page):.0f}", "≤ 500")


def measure_core(page: Page) -> None:
    p50, p95 = centiles(key_to_picture(page)[0])
    row("key to picture, p50 / p95 ms", f"{p50:.0f} / {p95:.0f}", "p50 ≤ 110")
    speed, messages = play(page)
    row("Play, pictures/s", f"{speed:.0f}", "≥ 15")
    row("Play, messages a picture", f"{messages:.1f}", "≤ 10")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("only", nargs="*", default=["voila", "lab", "core"])
    chosen = parser.parse_args().only
    chromium = runpy.run_path(str(ROOT / "tools" / "browser.py"))["find"]()
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=FLAGS)
        servers = Servers(Path(folder))

        def new_page(link: str) -> Any:
            page = browser.new_page(viewport={"width": 1280, "height": 800})
            page.set_default_timeout(60_000)
            page.add_init_script(PROBE)
            page.goto(link)
            return page

        for name in chosen:
            front_end, core = ("voila", True) if name == "core" else (name, False)
            print(f"{name}   (load {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores)")
            code = CODE.replace("CORE", str(core))
            page = servers.show(front_end, code, new_page)
            page.wait_for_timeout(2000)
            (measure_core(Page(page)) if core else measure(Page(page), front_end))
            page.goto("about:blank")
            page.close()
        browser.close()
        servers.close()


if __name__ == "__main__":
    main()
