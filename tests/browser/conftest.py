"""A real browser and the real app, for tests that look at what a person sees."""

from __future__ import annotations

import os
import re
import runpy
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest

playwright_api = pytest.importorskip("playwright.sync_api")

ROOT = Path(__file__).parents[2]
FLAGS = [
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
]
# What the command line does for `fedplay show --no-browser`, also for a page of a test's own.
SERVE = "import sys, pathlib; from fedplay.app.serve import serve; "
SERVE += "serve(0, False, *map(pathlib.Path, sys.argv[1:]))"


@pytest.fixture(scope="session")
def chromium_path() -> str:
    tool = runpy.run_path(str(ROOT / "tools" / "browser.py"))
    path = tool["find"]()
    if path is None:
        needed = os.environ.get("CI") or os.environ.get("FEDPLAY_REQUIRE_BROWSER")
        (pytest.fail if needed else pytest.skip)(tool["HOW"])
    return str(path)


# For this folder, not the session: Playwright keeps an event loop running, and the other tests
# start loops of their own.
@pytest.fixture(scope="package")
def browser(chromium_path: str) -> Iterator[object]:
    with playwright_api.sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium_path, args=FLAGS)
        yield browser
        browser.close()


@contextmanager
def serving(*notebook: Path) -> Iterator[str]:
    """The app in a process of its own; yields its link, token included."""
    path = os.pathsep.join(filter(None, [str(ROOT), os.environ.get("PYTHONPATH")]))
    process = subprocess.Popen(
        [sys.executable, "-c", SERVE, *map(str, notebook)],
        stdout=subprocess.PIPE,
        text=True,
        env=os.environ | {"PYTHONPATH": path},
    )
    assert process.stdout is not None
    try:
        line = process.stdout.readline()
        found = re.search(r"http://127\.0\.0\.1:\d+/\?token=\S+", line)
        assert found, f"the app did not start: {line!r}"
        yield found[0]
    finally:
        process.terminate()
        process.wait(timeout=30)
        process.stdout.close()


@pytest.fixture(scope="package")
def serve_page() -> Iterator[Callable[..., str]]:
    """Serve notebooks until the folder's tests end; call it with a path, it returns the link."""
    with ExitStack() as stack:
        yield lambda *notebook: stack.enter_context(serving(*notebook))


@pytest.fixture(scope="package")
def app(serve_page: Callable[..., str]) -> str:
    return serve_page()


@pytest.fixture
def open_page(browser: object) -> Iterator[Callable[..., object]]:
    """Open a link in a window of its own; at the end, nothing may have gone wrong in any."""
    contexts, wrong = [], []

    def new_page(link: str, **options: object) -> object:
        options.setdefault("viewport", {"width": 1100, "height": 700})
        context = browser.new_context(**options)  # type: ignore[attr-defined]
        contexts.append(context)
        page = context.new_page()
        page.on("console", lambda m: wrong.append(m.text) if m.type == "error" else None)
        page.on("pageerror", lambda error: wrong.append(str(error)))
        page.goto(link)
        return page

    yield new_page
    for context in contexts:
        for page in context.pages:
            page.goto("about:blank")  # says goodbye, so that its kernel ends
        context.close()
    assert not wrong, f"the page's console reports: {wrong}"


@pytest.fixture
def page(open_page: Callable[..., object], app: str) -> object:
    return open_page(app)
