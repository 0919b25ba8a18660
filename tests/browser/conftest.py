"""A real browser and what shows the Playground in it, for tests of what a person sees."""

from __future__ import annotations

import os
import re
import runpy
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest

playwright_api = pytest.importorskip("playwright.sync_api")

from tests.browser.playing import CODE, SIZE, begin_anew, calm  # noqa: E402
from tests.browser.servers import FLAGS, NOISE, PATIENCE, ROOT, Servers  # noqa: E402

MET = "try { localStorage.setItem('fedplay:met', '1'); } catch {}"
# What a page shows comes when it comes, widget by widget: it is waited for, not looked up once.
expect = playwright_api.expect
expect.set_options(timeout=1000 * PATIENCE)


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
def browser(chromium_path: str) -> Iterator[Any]:
    with playwright_api.sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium_path, args=FLAGS)
        yield browser
        browser.close()


@pytest.fixture(scope="package")
def servers(tmp_path_factory: Any) -> Iterator[Servers]:
    """Every front end, each started when the first test needs it."""
    servers = Servers(tmp_path_factory.mktemp("servers"))
    yield servers
    servers.close()


class Console:
    """What the pages complain about, without what a front end is known to say by itself."""

    def __init__(self, front_end: str = "voila") -> None:
        self.wrong: list[str] = []
        self.noise = NOISE[front_end]

    def watch(self, page: Any) -> None:
        def note(text: str) -> None:
            if not any(re.fullmatch(known, text) for known in self.noise):
                self.wrong.append(text)

        def heard(message: Any) -> None:
            if message.type == "error":
                note(f"{message.text} [{message.location.get('url', '')}]")

        page.on("console", heard)
        page.on("pageerror", lambda error: note(error.stack or str(error)))

    def check(self) -> None:
        wrong, self.wrong = self.wrong, []
        assert not wrong, f"the page's console reports: {wrong}"


class Window:
    """Opens pages, and sees that nothing went wrong in any when it is closed."""

    def __init__(self, browser: Any, front_end: str = "voila") -> None:
        self.browser, self.console = browser, Console(front_end)
        self._contexts: list[Any] = []

    def open(self, link: str, *, new: bool = False, **options: Any) -> Any:
        """new: in a browser that has never shown a screen, which begins with a welcome"""
        options.setdefault("viewport", {"width": 1100, "height": 700})
        context = self.browser.new_context(**options)
        context.set_default_timeout(1000 * PATIENCE)
        if not new:
            context.add_init_script(MET)
        self._contexts.append(context)
        page = context.new_page()
        self.console.watch(page)
        page.goto(link)
        return page

    def close(self) -> None:
        for context in self._contexts:
            for page in context.pages:
                page.goto("about:blank")  # says goodbye, so that its kernel ends
            context.close()
        self.console.check()


@pytest.fixture
def open_page(browser: Any) -> Iterator[Callable[..., Any]]:
    """Open a link in a window of its own; at the end, nothing may have gone wrong in any."""
    window = Window(browser)
    yield window.open
    window.close()


class Screens:
    """The playground of `playing.CODE` in each front end, in one page for all tests.

    A kernel takes seconds to begin, and what a test leaves behind can be taken back.
    """

    def __init__(self, browser: Any, servers: Servers) -> None:
        self.browser, self.servers = browser, servers
        self._opened: dict[str, tuple[Any, Window]] = {}

    @contextmanager
    def use(self, front_end: str) -> Iterator[Any]:
        """Its page, as it was in the beginning; at the end, nothing may have gone wrong in it."""
        if front_end not in self._opened:
            window = Window(self.browser, front_end)
            page = self.servers.show(front_end, CODE, lambda link: window.open(link, viewport=SIZE))
            self._opened[front_end] = page, window
            calm(page)
        page, window = self._opened[front_end]
        begin_anew(page)
        yield page
        window.console.check()

    def close(self) -> None:
        for _, window in self._opened.values():
            window.close()


@pytest.fixture(scope="package")
def screens(browser: Any, servers: Servers) -> Iterator[Screens]:
    screens = Screens(browser, servers)
    yield screens
    screens.close()


@pytest.fixture
def screen(screens: Screens) -> Iterator[Any]:
    """The playground in our own app."""
    with screens.use("voila") as page:
        yield page
