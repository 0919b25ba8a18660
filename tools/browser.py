"""Make sure that there is a Chromium for the browser tests: `python tools/browser.py`.

Prints its path. Looks for one on the system, then for Playwright's; else installs Playwright's, or
Debian's where this runs as root. Where nothing works it says in one sentence what to do.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

# Debian's packages. The first has no windows, and takes a quarter less of the processor.
PACKAGES = ("chromium-headless-shell", "chromium")
NAMES = (*PACKAGES, "chromium-browser", "google-chrome", "google-chrome-stable", "chrome")
PLACES = (
    "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome",
    "/Applications/Chromium.app/Contents/MacOS/Chromium",
    r"C:\Program Files\Google\Chrome\Application\chrome.exe",
)
HOW = (
    "No Chromium: install one (`playwright install chromium`, or your system's package), "
    "or set FEDPLAY_CHROMIUM to its path."
)


def find() -> str | None:
    """The path of a Chromium or Chrome: FEDPLAY_CHROMIUM, the system's, or Playwright's own."""
    chosen = os.environ.get("FEDPLAY_CHROMIUM")
    if chosen:
        return chosen if Path(chosen).is_file() else None
    named = (shutil.which(name) for name in NAMES)
    placed = (place for place in PLACES if Path(place).is_file())
    return next((path for path in named if path), None) or next(placed, None) or _playwrights()


def _playwrights() -> str | None:
    try:
        from playwright.sync_api import sync_playwright
    except ImportError:
        return None
    with sync_playwright() as playwright:
        path = playwright.chromium.executable_path
    return path if Path(path).is_file() else None


def install() -> None:
    """Try Playwright's download, then Debian's package; whatever fails, `find` will tell."""
    quick = os.environ | {"PLAYWRIGHT_DOWNLOAD_CONNECTION_TIMEOUT": "10000"}  # ms
    _run([sys.executable, "-m", "playwright", "install", "chromium"], quick)
    if find() is None and shutil.which("apt-get") and os.geteuid() == 0:
        quiet = os.environ | {"DEBIAN_FRONTEND": "noninteractive"}
        _run(["apt-get", "update", "-q"], quiet)
        for package in PACKAGES:
            if find() is None:
                _run(["apt-get", "install", "-q", "-y", "--no-install-recommends", package], quiet)


def _run(command: list[str], environment: dict[str, str]) -> None:
    print("$", " ".join(command), file=sys.stderr, flush=True)
    subprocess.run(command, env=environment, stdout=sys.stderr, check=False)


def main() -> int:
    path = find()
    if path is None:
        install()
        path = find()
    if path is None:
        print(HOW, file=sys.stderr)
        return 1
    print(path)
    return 0


if __name__ == "__main__":
    sys.exit(main())
