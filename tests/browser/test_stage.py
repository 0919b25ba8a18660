"""The Stage in a Voilà page, as a person and as a hostile page would use it."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import nbformat
import pytest

RED, WHITE = [214, 39, 40], [255, 255, 255]
PIXEL = """([x, y]) => {
    const canvas = document.querySelector("canvas.fedplay-canvas");
    return [...canvas.getContext("2d").getImageData(x, y, 1, 1).data].slice(0, 3);
}"""


def link_to(folder: Path, serve_page: Callable[..., str], call: str) -> str:
    code = f"import sys; sys.path.insert(0, {str(Path(__file__).parent)!r})\n"
    code += f"import stage_page\nstage_page.{call}"
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(code)])
    nbformat.write(notebook, folder / "page.ipynb")
    return serve_page(folder / "page.ipynb")


@pytest.fixture(scope="module")
def link(tmp_path_factory: Any, serve_page: Callable[..., str]) -> str:
    return link_to(tmp_path_factory.mktemp("stage"), serve_page, "build()")


@pytest.fixture(scope="module")
def core_link(tmp_path_factory: Any, serve_page: Callable[..., str]) -> str:
    return link_to(tmp_path_factory.mktemp("core"), serve_page, "build(core=True)")


def state(page: Any) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(page.inner_text("#report"))
    return found


def until(page: Any, holds: Callable[[dict[str, Any]], bool]) -> dict[str, Any]:
    """Wait until the kernel's report says so."""
    end = time.monotonic() + 15
    while not holds(found := state(page)):
        assert time.monotonic() < end, f"this never came: {found}"
        page.wait_for_timeout(50)
    return found


def open_stage(open_page: Callable[..., Any], link: str, **options: Any) -> Any:
    page = open_page(link, **options)
    page.wait_for_selector("canvas.fedplay-canvas", state="visible")
    page.wait_for_selector("#report")
    until(page, lambda s: bool(s["heard"]) and s["acked"] >= 2 and not s["under_way"])
    return page


def play(page: Any) -> dict[str, Any]:
    page.click("button:has-text('play')")
    return until(page, lambda s: s["length"] == 300 and not s["under_way"])


def test_a_picture_a_description_and_the_keyboard(open_page: Any, link: str) -> None:
    page = open_stage(open_page, link)
    canvas = page.locator("canvas.fedplay-canvas")
    box = canvas.bounding_box()
    assert state(page)["heard"][0] == ["size", box["width"], 100, 1.0]
    assert page.evaluate("document.querySelector('canvas').width") == box["width"]
    assert page.evaluate(PIXEL, [0, 0]) == WHITE
    assert (canvas.get_attribute("role"), canvas.get_attribute("aria-label")) == ("img", "a <bar>")
    assert page.locator("img.fedplay-picture").is_hidden()
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.className") == "fedplay-canvas"
    assert page.evaluate("getComputedStyle(document.activeElement).outlineStyle") == "solid"


def test_frames_are_acknowledged_and_never_queue(open_page: Any, link: str) -> None:
    page = open_stage(open_page, link)
    before = state(page)
    after = play(page)
    assert after["shown"] - before["shown"] == 300
    assert after["acked"] - before["acked"] == after["sent"] - before["sent"]
    assert 10 < after["sent"] - before["sent"] < 300, "some frames are skipped, not all"
    assert after["most_under_way"] == 1 or after["ack_seconds"] > 0.06
    assert after["most_under_way"] <= 3
    assert page.evaluate(PIXEL, [299, 40]) == RED, "the last picture is the one that stays"
    assert page.evaluate(PIXEL, [301, 40]) == WHITE


def test_a_screen_with_two_pixels_a_point(open_page: Any, link: str) -> None:
    page = open_stage(open_page, link, device_scale_factor=2)
    found = until(page, lambda s: s["ratio"] == 2)
    _, width, height, _ = found["heard"][0]
    size = page.evaluate("(c => [c.width, c.height])(document.querySelector('canvas'))")
    assert size == [2 * width, 2 * height]
    assert page.locator("canvas").bounding_box()["width"] == width


def test_pointer_window_and_theme_reach_the_kernel(open_page: Any, link: str) -> None:
    page = open_stage(open_page, link)
    box = page.locator("canvas").bounding_box()
    page.mouse.move(box["x"] + 50, box["y"] + 20)
    page.mouse.move(box["x"] + 60, box["y"] + 30)
    page.mouse.down()
    page.mouse.up()
    page.mouse.move(box["x"] + 60, box["y"] + 300)
    found = until(page, lambda s: ["pointer", "leave"] in [e[:2] for e in s["heard"]])
    events = [event[1:] for event in found["heard"] if event[0] == "pointer"]
    kinds = [kind for kind, _, _ in events if kind != "move"]
    assert kinds == ["down", "up", "leave"]
    down = next(event for event in events if event[0] == "down")
    assert down[1:] == [pytest.approx(60, abs=1), pytest.approx(30, abs=1)]
    assert any(kind == "move" for kind, _, _ in events)

    page.set_viewport_size({"width": 700, "height": 700})
    narrow = lambda s: [e for e in s["heard"] if e[0] == "size" and e[1] < 700]  # noqa: E731
    found = until(page, lambda s: bool(narrow(s)))
    page.wait_for_function(
        "w => document.querySelector('canvas').width === w", arg=narrow(found)[-1][1]
    )
    page.evaluate("document.body.dataset.jpThemeLight = 'false'")
    until(page, lambda s: ["theme", True] in s["heard"])


def test_a_hostile_page_changes_nothing(open_page: Any, link: str) -> None:
    page = open_stage(open_page, link)
    before = state(page)
    page.click("button:has-text('attack')")
    page.wait_for_selector("button:has-text('attacked')")
    honest = ["pointer", "move", 1, 2]
    until(page, lambda s: honest in s["heard"])
    after = play(page)
    assert after["heard"] == [*before["heard"], honest]
    assert after["ratio"] == 1
    assert page.evaluate(PIXEL, [299, 40]) == RED


def picture_bar(page: Any) -> list[int]:
    """A pixel within the full bar, of the core Image."""
    return page.evaluate(
        """async () => {
            const image = document.querySelector("img.fedplay-picture");
            const bitmap = await createImageBitmap(image);
            const canvas = new OffscreenCanvas(bitmap.width, bitmap.height);
            canvas.getContext("2d").drawImage(bitmap, 0, 0);
            return [...canvas.getContext("2d").getImageData(299, 40, 1, 1).data].slice(0, 3);
        }"""
    )


def shows_the_last_picture(page: Any) -> None:
    page.wait_for_selector("img.fedplay-picture", state="visible")
    page.wait_for_selector("#report")
    assert picture_bar(page) == WHITE
    start, before = time.monotonic(), state(page)
    page.click("button:has-text('play')")
    after = until(page, lambda s: s["length"] == 300)
    page.wait_for_timeout(300)
    after = state(page)
    assert after["sent"] - before["sent"] <= 2 + 18 * (time.monotonic() - start)
    assert picture_bar(page) == RED


def test_the_core_picture_does_without_the_canvas(open_page: Any, core_link: str) -> None:
    page = open_page(core_link)
    shows_the_last_picture(page)
    assert page.locator("canvas").count() == 0
    assert page.locator(".fedplay-stage").inner_text() == "a <bar>"
    assert page.locator("img.fedplay-picture").evaluate("image => image.naturalWidth") == 800


def test_the_picture_stays_where_the_module_cannot_load(browser: Any, link: str) -> None:
    page = browser.new_page()  # of its own: here the console has reason to complain
    page.route("**/labextensions/anywidget/**", lambda route: route.abort())
    page.goto(link)
    shows_the_last_picture(page)
    page.goto("about:blank")
    page.close()
