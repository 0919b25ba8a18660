"""A page whose messages get lost, and what is known to be said of that."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from tests.browser.messages.losing import LOSSY, agree, opened, watched
from tests.browser.playing import begin_anew, calm
from tests.browser.servers import Servers


@pytest.fixture(scope="package")
def link(servers: Servers) -> str:
    return servers.app(LOSSY)


@pytest.fixture
def open_lossy(browser: Any, link: str) -> Iterator[Callable[..., Any]]:
    window = watched(browser)
    yield lambda script="", more="", **options: opened(window, link + more, script, **options)
    window.close()


@pytest.fixture(scope="package")
def shared(browser: Any, link: str) -> Iterator[Any]:
    window = watched(browser)
    page = opened(window, link)
    calm(page)
    yield page
    window.close()


@pytest.fixture
def page(shared: Any) -> Any:
    """One page for all tests that do not end its kernel, as it was in the beginning."""
    shared.evaluate("wire.calm()")
    shared.wait_for_function("wire.clicks.size === 0")
    shared.emulate_media(color_scheme="light")
    begin_anew(shared)
    agree(shared)
    return shared
