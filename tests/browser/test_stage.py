"""The Stage in a Voilà page, as a person and as a hostile page would use it."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from fedplay.widgets.stage import HELP
from tests.browser.conftest import Window, expect
from tests.browser.servers import PATIENCE, Servers, built

HOSTILE = "<img src=x onerror='window.hacked = true'>"  # as in stage_page.py
RED, WHITE = [214, 39, 40], [255, 255, 255]
TALL = "document.querySelector('.jp-OutputArea').style.paddingBottom = '2000px'"
SCROLLED = "Math.max(...[...document.querySelectorAll('*')].map(element => element.scrollTop))"
PIXEL = """([x, y]) => {
    const canvas = document.querySelector("canvas.fedplay-canvas");
    return [...canvas.getContext("2d").getImageData(x, y, 1, 1).data].slice(0, 3);
}"""


@pytest.fixture(scope="module")
def link(servers: Servers) -> str:
    return servers.app(built("stage_page", "build()"))


@pytest.fixture(scope="module")
def core_link(servers: Servers) -> str:
    return servers.app(built("stage_page", "build(core=True)"))


def state(page: Any) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(page.inner_text("#report"))
    return found


def until(page: Any, holds: Callable[[dict[str, Any]], bool]) -> dict[str, Any]:
    """Wait until the kernel's report says so."""
    end = time.monotonic() + PATIENCE
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


SIZE = {"width": 1100, "height": 700}
WIDTH = "width => document.querySelector('canvas').width === width"
LEFT_BEHIND = """() => {
    document.body.removeAttribute("style");
    document.body.dataset.jpThemeLight = "true";
    document.querySelector(".jp-OutputArea").style.paddingBottom = "";
    document.activeElement.blur();
}"""


@pytest.fixture(scope="module")
def window(browser: Any, link: str) -> Iterator[tuple[Any, Window]]:
    """One page for all tests that need none of their own."""
    window = Window(browser)
    yield open_stage(window.open, link), window
    window.close()


@pytest.fixture(scope="module")
def begun(window: tuple[Any, Window]) -> dict[str, Any]:
    """What its kernel reported before any test."""
    return state(window[0])


@pytest.fixture
def page(window: tuple[Any, Window], begun: dict[str, Any]) -> Iterator[Any]:
    """The page as it was in the beginning; at the end, nothing may have gone wrong in it."""
    page, opened = window
    page.set_viewport_size(SIZE)
    page.wait_for_function(WIDTH, arg=begun["heard"][0][1])  # the kernel has heard of the window
    page.evaluate(LEFT_BEHIND)
    page.mouse.move(1, 690)
    times = state(page)["times_anew"]
    page.click("button:has-text('anew')")
    page.evaluate(LEFT_BEHIND)
    anew = lambda s: s["times_anew"] > times and not s["heard"] and s["length"] == 0  # noqa: E731
    until(page, lambda s: anew(s) and not s["under_way"])
    page.wait_for_function("!document.querySelector('[aria-live=polite]').textContent")
    yield page
    opened.console.check()


def play(page: Any) -> dict[str, Any]:
    page.click("button:has-text('play')")
    return until(page, lambda s: s["length"] == 300 and not s["under_way"])


def test_a_picture_a_description_and_the_keyboard(page: Any, begun: dict[str, Any]) -> None:
    canvas = page.locator("canvas.fedplay-canvas")
    box = canvas.bounding_box()
    assert begun["heard"][0] == ["size", box["width"], 100, 1.0]
    assert page.evaluate("document.querySelector('canvas').width") == box["width"]
    assert page.evaluate(PIXEL, [0, 0]) == WHITE
    assert canvas.get_attribute("role") == "application"
    assert canvas.get_attribute("aria-label") == "a <bar>"
    described = page.locator(f"#{canvas.get_attribute('aria-describedby')}")
    assert described.inner_text() == HELP
    assert page.locator("img.fedplay-picture").is_hidden()
    page.focus("button:has-text('play')")
    page.keyboard.press("Shift+Tab")
    assert page.evaluate("document.activeElement.className") == "fedplay-canvas"
    assert page.evaluate("getComputedStyle(document.activeElement).outlineStyle") == "solid"


def shows(page: Any, place: list[int], colour: list[int]) -> None:
    """Wait until the picture has this colour there."""
    same = f"([place, colour]) => ({PIXEL})(place).join() === colour.join()"
    page.wait_for_function(same, arg=[place, colour])


def test_frames_are_acknowledged_and_never_queue(page: Any) -> None:
    before = state(page)
    after = play(page)
    assert after["shown"] - before["shown"] == 300
    assert 1 <= after["acked"] - before["acked"] <= after["sent"] - before["sent"]
    assert after["sent"] - before["sent"] <= 3 * 30 + 1, "some frames are skipped"
    assert after["most_under_way"] <= 3
    shows(page, [299, 40], RED)  # the last picture is the one that stays
    shows(page, [301, 40], WHITE)


def test_a_screen_with_two_pixels_a_point(open_page: Any, link: str) -> None:
    page = open_stage(open_page, link, device_scale_factor=2)
    found = until(page, lambda s: s["ratio"] == 2)
    _, width, height, _ = found["heard"][0]
    size = page.evaluate("(c => [c.width, c.height])(document.querySelector('canvas'))")
    assert size == [2 * width, 2 * height]
    assert page.locator("canvas").bounding_box()["width"] == width


def test_pointer_window_and_theme_reach_the_kernel(page: Any) -> None:
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
    page.wait_for_function(WIDTH, arg=narrow(found)[-1][1])
    page.evaluate("document.body.dataset.jpThemeLight = 'false'")
    until(page, lambda s: ["theme", True] in s["heard"])


def test_a_tip_stands_beside_the_pointer_as_text(page: Any) -> None:
    box = page.locator("canvas").bounding_box()
    tip = page.locator(".fedplay-tip")
    assert tip.is_hidden()
    page.mouse.move(box["x"] + 100, box["y"] + 10)
    page.wait_for_selector(".fedplay-tip > b:text-is('at 100')")
    assert tip.inner_text().splitlines() == ["at 100", HOSTILE]
    assert page.locator(".fedplay-tip img").count() == 0
    assert page.evaluate("window.hacked") is None
    assert page.evaluate("document.querySelector('canvas').style.cursor") == "ew-resize"
    place = tip.bounding_box()
    assert 0 < place["x"] - box["x"] - 100 < 30
    assert 0 < place["y"] - box["y"] - 10 < 30

    page.mouse.move(box["x"] + box["width"] - 20, box["y"] + 90)  # no room: on the other side
    page.wait_for_selector(f".fedplay-tip > b:text-is('at {box['width'] - 20:.0f}')")
    place = tip.bounding_box()
    assert place["x"] + place["width"] < box["x"] + box["width"] - 20
    assert place["y"] + place["height"] < box["y"] + 90
    assert place["y"] >= box["y"]

    page.mouse.move(box["x"] + 60, box["y"] + 400)
    tip.wait_for(state="hidden")
    assert page.evaluate("document.querySelector('canvas').style.cursor") == "default"


def test_the_tip_follows_the_theme(page: Any) -> None:
    page.locator("canvas").hover(position={"x": 50, "y": 50})
    page.locator(".fedplay-tip").wait_for()
    styles = "getComputedStyle(document.querySelector('.fedplay-tip'))"
    light = page.evaluate(f"[{styles}.color, {styles}.backgroundColor]")
    assert page.evaluate(f"{styles}.pointerEvents") == "none"
    page.evaluate("""() => {
        document.body.style.setProperty("--jp-layout-color1", "rgb(17, 17, 17)");
        document.body.style.setProperty("--jp-ui-font-color1", "rgb(221, 221, 221)");
    }""")
    dark = page.evaluate(f"[{styles}.color, {styles}.backgroundColor]")
    assert dark == ["rgb(221, 221, 221)", "rgb(17, 17, 17)"] != light


def keys_heard(found: dict[str, Any]) -> list[str]:
    return [event[1] for event in found["heard"] if event[0] == "key"]


def test_keys_act_on_the_focused_picture_and_are_told(page: Any) -> None:
    page.keyboard.press("ArrowRight")  # nothing has the focus yet
    page.focus("canvas")
    page.evaluate(TALL)
    said = page.locator(".fedplay-frame [aria-live=polite]")
    assert said.inner_text() == ""
    presses = ["ArrowRight", "Home", "PageDown", "Enter", " ", "Escape"]
    for press in ["a", "Control+Home", "Alt+ArrowUp", *presses]:
        page.keyboard.press(press)
    found = until(page, lambda s: len(keys_heard(s)) == len(presses))
    assert keys_heard(found) == presses
    assert page.evaluate(SCROLLED) == 0, "the page stays where it is"
    page.wait_for_function(
        "w => document.querySelector('[aria-live=polite]').textContent === w",
        arg=f"{len(found['heard'])}: Escape <b>",
    )
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.tagName") != "CANVAS"


def test_a_key_held_down_counts_once_a_frame(page: Any) -> None:
    page.focus("canvas")
    page.evaluate("""() => {
        const canvas = document.querySelector("canvas");
        const press = (repeat) => canvas.dispatchEvent(new KeyboardEvent("keydown",
            { key: "ArrowRight", repeat, bubbles: true, cancelable: true }));
        press(false);
        for (let i = 0; i < 50; i++) press(true);
    }""")
    page.keyboard.press("End")
    found = until(page, lambda s: "End" in keys_heard(s))
    assert keys_heard(found) == ["ArrowRight", "End"]


@pytest.fixture
def touch(page: Any) -> Iterator[Any]:
    """Of the page's one finger."""
    session = page.context.new_cdp_session(page)
    session.send("Emulation.setTouchEmulationEnabled", {"enabled": True})
    yield session
    session.detach()  # which ends it


def test_a_finger_scrubs_sideways_and_scrolls_up_and_down(page: Any, touch: Any) -> None:
    page.evaluate(TALL)
    box = page.locator("canvas").bounding_box()

    def swipe(dx: int, dy: int) -> None:
        x, y = box["x"] + 200, box["y"] + 60
        for step in range(11):
            points = [{"x": x + dx * step / 10, "y": y + dy * step / 10}]
            kind = "touchMove" if step else "touchStart"
            touch.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": points})
            page.wait_for_timeout(20)
        touch.send("Input.dispatchTouchEvent", {"type": "touchEnd", "touchPoints": []})

    def kinds(found: dict[str, Any]) -> list[str]:
        return [event[1] for event in found["heard"] if event[0] == "pointer"]

    swipe(150, 0)
    found = until(page, lambda s: "up" in kinds(s) and "leave" in kinds(s))
    assert [kind for kind in kinds(found) if kind != "move"] == ["down", "up", "leave"]
    moves = [event for event in found["heard"] if event[:2] == ["pointer", "move"]]
    assert moves[-1][2] == pytest.approx(350, abs=2)
    assert page.evaluate(SCROLLED) == 0
    swipe(0, -50)
    until(page, lambda s: kinds(s).count("leave") > 1)
    page.wait_for_function(f"{SCROLLED} > 10")
    assert kinds(state(page)).count("down") == 1, "a swipe presses nothing"


def test_who_wants_less_motion_is_known(page: Any) -> None:
    for choice in ("reduce", "no-preference"):
        page.emulate_media(reduced_motion=choice)
        until(page, lambda s, calm=choice == "reduce": s["heard"][-1:] == [["motion", calm]])
    assert state(page)["heard"] == [["motion", True], ["motion", False]], "each is told once"


@pytest.mark.parametrize(
    ("where", "name", "values"),
    [
        ("body", "data-vscode-theme-kind", ["vscode-dark", "vscode-light"]),
        ("body", "data-vscode-theme-kind", ["vscode-high-contrast", "vscode-high-contrast-light"]),
        ("documentElement", "theme", ["dark", "light"]),
    ],
)
def test_themes_of_other_houses(page: Any, where: str, name: str, values: list[str]) -> None:
    page.evaluate("delete document.body.dataset.jpThemeLight")
    for value, dark in zip(values, [True, False], strict=True):
        page.evaluate(f"document.{where}.setAttribute('{name}', '{value}')")
        until(page, lambda s, dark=dark: s["heard"][-1:] == [["theme", dark]])
    assert state(page)["heard"] == [["theme", True], ["theme", False]], "each is told once"
    page.evaluate(f"document.{where}.removeAttribute('{name}')")


def test_elsewhere_the_choice_of_the_system_counts(page: Any) -> None:
    page.evaluate("delete document.body.dataset.jpThemeLight")
    for scheme in ("dark", "light"):
        page.emulate_media(color_scheme=scheme)
        until(page, lambda s, dark=scheme == "dark": s["heard"][-1:] == [["theme", dark]])
    assert state(page)["heard"] == [["theme", True], ["theme", False]], "each is told once"


def test_a_hostile_page_changes_nothing(page: Any) -> None:
    before = state(page)
    page.click("button:has-text('attack')")
    page.wait_for_selector("button:has-text('attacked')")
    honest = ["pointer", "move", 1, 2]
    until(page, lambda s: honest in s["heard"])
    after = play(page)
    assert after["heard"] == [*before["heard"], honest]
    assert after["ratio"] == 1
    shows(page, [299, 40], RED)


# Whether a pixel within the full bar of the core Image has this colour.
BAR = """async colour => {
    const image = document.querySelector("img.fedplay-picture");
    if (!image.complete || !image.naturalWidth) return false;
    const bitmap = await createImageBitmap(image);
    const canvas = new OffscreenCanvas(bitmap.width, bitmap.height);
    canvas.getContext("2d").drawImage(bitmap, 0, 0);
    const { data } = canvas.getContext("2d").getImageData(299, 40, 1, 1);
    return [...data].slice(0, 3).join() === colour.join();
}"""


def shows_the_last_picture(page: Any) -> None:
    page.wait_for_selector("img.fedplay-picture", state="visible")
    page.wait_for_selector("#report")
    page.wait_for_function(BAR, arg=WHITE)
    page.click("button:has-text('play')")
    page.wait_for_function(BAR, arg=RED)


def test_the_core_picture_does_without_the_canvas(open_page: Any, core_link: str) -> None:
    page = open_page(core_link)
    shows_the_last_picture(page)
    expect(page.locator("canvas")).to_have_count(0)
    expect(page.locator(".fedplay-stage")).to_have_text("a <bar>", use_inner_text=True)
    page.wait_for_function("document.querySelector('img.fedplay-picture').naturalWidth === 800")


def test_the_picture_stays_where_the_module_cannot_load(browser: Any, link: str) -> None:
    page = browser.new_page()  # of its own: here the console has reason to complain
    page.set_default_timeout(1000 * PATIENCE)
    page.route("**/labextensions/anywidget/**", lambda route: route.abort())
    page.goto(link)
    shows_the_last_picture(page)
    expect(page.locator("canvas")).to_have_count(0)
    page.goto("about:blank")
    page.close()
