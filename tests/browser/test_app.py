"""The app as it is started: one calm page, alone with its server, and its kernel ends with it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest

from tests.browser.conftest import Window, expect
from tests.browser.playing import PICTURE, slider
from tests.browser.servers import PATIENCE, environment, voila

PLACES = {"HOME": "home", "TMPDIR": "tmp"}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where the app may write: a home, a place for temporary files, and where it is started."""
    folder = tmp_path_factory.mktemp("app")
    for name in (*PLACES.values(), "work"):
        (folder / name).mkdir()
    return folder


@pytest.fixture(scope="module")
def app(folder: Path) -> Iterator[str]:
    """Its link. Played with or not, it leaves nothing behind, and says nothing on the terminal."""
    places = {name: str(folder / place) for name, place in PLACES.items()}
    options = {"env": environment(**places), "cwd": folder / "work"}
    with (folder / "terminal").open("w") as terminal, voila(stderr=terminal, **options) as link:
        yield link
        assert written(folder) == ["tmp"], "only the private folder"
    assert written(folder) == []
    assert (folder / "terminal").read_text(encoding="utf-8") == ""


def written(folder: Path) -> list[str]:
    """The places where something is, once for each thing."""
    places = [folder / name for name in (*PLACES.values(), "work")]
    return [place.name for place in places for _ in place.iterdir()]


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
    for text in ("import fedplay", "getting ready"):
        expect(page.locator("body")).not_to_contain_text(text, use_inner_text=True)
    expect(page.locator(".jp-InputPrompt:visible, .jp-OutputPrompt:visible")).to_have_count(0)


def test_nothing_is_fetched_from_elsewhere(page: Any, app: str, asked: list[str]) -> None:
    here = urlsplit(app).netloc
    assert {urlsplit(url).netloc for url in asked if url.startswith("http")} == {here}


def test_played_with_it_writes_nothing_beside_its_folder(page: Any, folder: Path) -> None:
    before = page.evaluate(PICTURE)
    slider(page, "α").press("ArrowRight")
    page.wait_for_function(f"before => ({PICTURE})() != before", arg=before)
    assert written(folder) == ["tmp"]


def test_pages_that_leave_in_the_middle_of_anything_are_no_news(
    page: Any, app: str, folder: Path
) -> None:
    for moment in ("commit", "domcontentloaded", "load"):
        page.goto(app, wait_until=moment)
    page.reload()
    page.wait_for_selector("canvas.fedplay-canvas", state="visible")
    assert (folder / "terminal").read_text(encoding="utf-8") == ""


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
