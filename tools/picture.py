"""Render the README's picture and its animation from the real app: `make picture`."""

from __future__ import annotations

import io
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from browser import HOW, find
from PIL import Image
from playwright.sync_api import Page, ViewportSize, sync_playwright

DOCS = Path(__file__).parents[1] / "docs"
WINDOW: ViewportSize = {"width": 1280, "height": 800}
FILM: ViewportSize = {"width": 1100, "height": 720}
PER_SECOND = 8  # pictures of the film


def main() -> int:
    chromium = find()
    if chromium is None:
        print(HOW, file=sys.stderr)
        return 1
    command = [sys.executable, "-m", "fedplay", "show", "--no-browser"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as app:
        try:
            assert app.stdout is not None
            line = app.stdout.readline()
            link = re.search(r"http://\S+", line)
            assert link, f"the app did not start: {line!r}"
            with sync_playwright() as playwright:
                arguments = ["--disable-gpu"]
                browser = playwright.chromium.launch(executable_path=chromium, args=arguments)
                page = browser.new_page(viewport=WINDOW, device_scale_factor=1.5)
                print(picture(opened(page, link[0])))
                print(film(opened(browser.new_page(viewport=FILM), link[0])))
                browser.close()
        finally:
            app.terminate()
    return 0


def opened(page: Page, link: str) -> Page:
    """The app, once its curves and numbers are complete."""
    page.goto(link)
    page.get_by_text("never joined").wait_for()
    page.wait_for_timeout(2000)
    return page


def picture(page: Page) -> Path:
    """What is seen first."""
    target = DOCS / "playground.png"
    page.screenshot(path=target)
    return target


def film(page: Page) -> Path:
    """A few seconds of play: drag a slider, follow a client, go through a round, sweep a knob."""
    frames: list[Image.Image] = []

    def shoot(count: int = 1) -> None:
        for _ in range(count):
            page.wait_for_timeout(1000 / PER_SECOND)
            shot = Image.open(io.BytesIO(page.screenshot()))
            frames.append(shot.convert("RGB"))

    shoot(4)
    drag_skew(page, shoot)
    canvas: Any = page.locator("canvas.fedplay-canvas").bounding_box()
    page.mouse.move(canvas["x"] + 0.44 * canvas["width"], canvas["y"] + 0.86 * canvas["height"])
    shoot(5)
    page.mouse.move(5, 5)
    page.click(".fedplay-tabs >> text=Inside a round")
    page.click("button:has-text('Play slowly')")
    shoot(9 * PER_SECOND)
    page.click(".fedplay-name:has-text('Local epochs')")
    shoot(12)
    target = DOCS / "playground.webp"
    frames[0].save(
        target,
        save_all=True,
        append_images=frames[1:],
        duration=1000 // PER_SECOND,
        loop=0,
        quality=45,
        method=4,
    )
    return target


def drag_skew(page: Page, shoot: Callable[..., None]) -> None:
    """More and more label skew, then back."""
    page.locator(".fedplay-control:has-text('Label skew') .noUi-handle").first.focus()
    for key, count in (("ArrowRight", 12), ("ArrowLeft", 8)):
        for _ in range(count):
            page.keyboard.press(key)
            shoot()
    shoot(3)


if __name__ == "__main__":
    sys.exit(main())
