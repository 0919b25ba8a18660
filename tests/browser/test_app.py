"""The app as it is started: one calm page, alone with its server, and its kernel ends with it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any
from urllib.parse import urlsplit

import pytest

from browser.conftest import Window
from browser.servers import PATIENCE


@pytest.fixture(scope="module")
def app(serve_page: Callable[..., str]) -> str:
    return serve_page()


@pytest.fixture(scope="module")
def asked() -> list[str]:
    """The addresses that the page has asked for something."""
    return []


@pytest.fixture(scope="module")
def page(browser: Any, app: str, asked: list[str]) -> Iterator[Any]:
    window = Window(browser)
    page = window.open("about:blank")
    page.on("request", lambda request: asked.append(request.url))
    page.goto(app)
    page.wait_for_selector("#rendered_cells", state="visible")
    page.wait_for_selector("canvas.fedplay-canvas", state="visible")
    yield page
    window.close()


def test_the_page_shows_the_playground_and_no_code(page: Any) -> None:
    assert page.title() == "fedplay"
    text = page.inner_text("body")
    assert "import fedplay" not in text
    assert "getting ready" not in text
    assert page.locator(".jp-InputPrompt:visible, .jp-OutputPrompt:visible").count() == 0


def test_nothing_is_fetched_from_elsewhere(page: Any, app: str, asked: list[str]) -> None:
    here = urlsplit(app).netloc
    assert {urlsplit(url).netloc for url in asked if url.startswith("http")} == {here}


def test_the_kernel_ends_when_the_page_closes(page: Any, app: str) -> None:
    kernel = page.evaluate(
        "JSON.parse(document.getElementById('jupyter-config-data').text).kernelId"
    )
    place = urlsplit(app)
    state = f"http://{place.netloc}/api/kernels/{kernel}?{place.query}"
    assert page.request.get(state).status == 200
    page.goto("about:blank")
    for _ in range(10 * PATIENCE):
        if page.request.get(state).status == 404:
            return
        page.wait_for_timeout(100)
    raise AssertionError("the kernel is still there")
