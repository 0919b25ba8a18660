"""Render the README's picture from the real app: `python tools/picture.py` (or `make picture`)."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

from browser import HOW, find
from playwright.sync_api import ViewportSize, sync_playwright

TARGET = Path(__file__).parents[1] / "docs" / "playground.png"
WINDOW: ViewportSize = {"width": 1280, "height": 740}


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
            take(chromium, link[0])
        finally:
            app.terminate()
    print(TARGET)
    return 0


def take(chromium: str, link: str) -> None:
    """Open the app, wait until its curves and numbers are complete, and save what is seen."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=["--disable-gpu"])
        page = browser.new_page(viewport=WINDOW, device_scale_factor=1.5)
        page.goto(link)
        page.get_by_text("never joined").wait_for()
        page.wait_for_timeout(2000)
        page.screenshot(path=TARGET)
        browser.close()


if __name__ == "__main__":
    sys.exit(main())
