"""Labs as a person walks through them: the door, the keys, and what stays in its place."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest

import fedplay as fp
from tests.browser.conftest import Window, expect
from tests.browser.playing import CANVAS, CODE, SIZE, calm, open_view, state, titles, until
from tests.browser.servers import Servers
from tests.browser.test_accessibility import FADED, scanned
from tests.browser.test_front_ends import set_theme

LAB = fp.LABS[0]
PLAY = ".fedplay > .fedplay-transport > button >> nth=0"
SIZES = [(1280, 800), (1024, 768), (1024, 600)]
NARROW = [(1024, 768), (853, 533)]  # the second is 1280 × 800 at 150 %
# What would have a scroll bar below it: the page, what it stands in, and everything on the screen.
SIDEWAYS = """() => {
    const found = [...document.querySelectorAll(".fedplay, .fedplay *")];
    for (let at = document.querySelector(".fedplay"); at; at = at.parentElement) found.push(at);
    const scrolls = (e) => /auto|scroll/.test(getComputedStyle(e).overflowX)
        || e === document.scrollingElement;
    return found.filter((e) => scrolls(e) && e.clientWidth && e.scrollWidth > e.clientWidth + 1)
        .map((e) => `${e.className}: ${e.scrollWidth} > ${e.clientWidth}`);
}"""


def shows(made: str) -> str:
    """The code of a page that shows another Playground, its knobs folded away."""
    begun = "fp.Playground(fp.Experiment(rounds=30))"
    assert begun in CODE
    return CODE.replace(begun, made).replace("{*TOPICS}", "set()")


def step(page: Any, number: int) -> None:
    """Wait until the lab is at a step."""
    words = f"step {number} of {len(LAB.steps)}"
    expect(page.locator(".fedplay-step")).to_have_text(words, use_inner_text=True)
    told = page.locator(".fedplay-told")
    expect(told).to_contain_text(LAB.steps[number - 1].name, use_inner_text=True)


def begin(page: Any) -> None:
    """The first lab at its first step, as it was before any other test."""
    page.set_viewport_size(SIZE)
    page.locator(".fedplay-skip").focus()  # Tab begins there, wherever the last test has clicked
    page.evaluate("document.activeElement.blur()")
    for label in ("Free play", f"1. {LAB.title}"):
        page.select_option(".fedplay-lab select", label=label)
        until(page, lambda s, lab=label: lab.endswith(s["lab"]))
    step(page, 1)
    calm(page)


@pytest.fixture(scope="module")
def window(browser: Any, servers: Servers) -> Iterator[tuple[Any, Window]]:
    """One page for all tests that need none of their own."""
    window = Window(browser)
    code = shows(f"fp.Playground(lab={LAB.name!r})")
    page = servers.show("voila", code, lambda link: window.open(link, viewport=SIZE))
    calm(page)
    yield page, window
    window.close()


@pytest.fixture
def lab(window: tuple[Any, Window]) -> Iterator[Any]:
    page, opened = window
    begin(page)
    yield page
    opened.console.check()


# --- the door -------------------------------------------------------------------------------------


def test_the_door_opens_once_in_a_browser(open_page: Callable[..., Any], servers: Servers) -> None:
    link = servers.app(shows("fp.Playground()"))
    page = open_page(link, new=True, viewport=SIZE)
    told = page.locator(".fedplay-told")
    expect(told).to_contain_text("None shows its pile", use_inner_text=True)
    found = calm(page)  # inside the first round, so that there is something to play
    assert (found["revealed"], found["view"]) == (1, "inside")
    for name in ("Show me", "Choose a lab", "Free play"):
        expect(page.locator(f".fedplay-doing button:text-is('{name}')")).to_be_visible()
    page.click("button:text-is('Show me')")
    step(page, 1)
    after = page.locator(".fedplay-doing button:text-is('Next')")
    for number in range(2, len(LAB.steps) + 1):
        after.click()
        step(page, number)
    expect(after).to_be_hidden()

    other = page.context.new_page()  # the same browser
    other.goto(link)
    calm(other)
    expect(other.locator(".fedplay-told")).to_contain_text("Drag a slider")
    other.goto("about:blank")


@pytest.mark.parametrize("given", ["fp.Experiment(rounds=30)", f"lab={LAB.name!r}"])
def test_what_was_asked_for_stands_behind_no_door(
    open_page: Callable[..., Any], servers: Servers, given: str
) -> None:
    page = open_page(servers.app(shows(f"fp.Playground({given})")), new=True, viewport=SIZE)
    calm(page)
    expect(page.locator(".fedplay-told")).not_to_contain_text("None shows its pile")
    assert page.evaluate("localStorage.getItem('fedplay:met')") is None


def test_a_link_leads_through_no_door(open_page: Callable[..., Any], servers: Servers) -> None:
    token = fp.Experiment(rounds=20, alpha=0.1).to_token()
    link = servers.app(shows("fp.Playground()"))
    page = open_page(f"{link}#{token}", new=True, viewport=SIZE)
    until(page, lambda s: s["alpha"] == 0.1)
    calm(page)
    expect(page.locator(".fedplay-told")).not_to_contain_text("None shows its pile")


# --- places ---------------------------------------------------------------------------------------


def place(page: Any) -> tuple[int, ...]:
    """Where Play stands; it can be pressed there."""
    box = page.locator(PLAY).bounding_box()
    size = page.viewport_size
    assert 0 <= box["x"] <= box["x"] + box["width"] <= size["width"]
    assert 0 <= box["y"] <= box["y"] + box["height"] <= size["height"]
    return tuple(round(box[side]) for side in ("x", "y", "width", "height"))


@pytest.mark.parametrize("size", SIZES, ids=lambda size: "x".join(map(str, size)))
def test_play_stands_at_one_place(lab: Any, size: tuple[int, int]) -> None:
    lab.set_viewport_size({"width": size[0], "height": size[1]})
    calm(lab)
    places = {"begun": place(lab)}
    for title in titles(lab):
        open_view(lab, title)
        calm(lab)
        places[title] = place(lab)
    lab.click("button:has-text('more ▾')")
    lab.locator(".fedplay-cards").wait_for()
    places["numbers"] = place(lab)
    lab.click("button:has-text('less ▴')")
    for number in range(2, len(LAB.steps) + 1):
        lab.click(".fedplay-walk button:has-text('›')")
        step(lab, number)
        places[f"step {number}"] = place(lab)
        lab.click("button:text-is('Why?')")
        expect(lab.locator(".fedplay-told")).to_contain_text("Why.", use_inner_text=True)
        places[f"why {number}"] = place(lab)
    assert len({*places.values()}) == 1, places


@pytest.mark.parametrize("size", NARROW, ids=lambda size: "x".join(map(str, size)))
def test_nothing_scrolls_sideways(lab: Any, size: tuple[int, int]) -> None:
    lab.set_viewport_size({"width": size[0], "height": size[1]})
    calm(lab)
    wide = {"begun": lab.evaluate(SIDEWAYS)}
    for title in titles(lab):
        open_view(lab, title)
        calm(lab)
        wide[title] = lab.evaluate(SIDEWAYS)
    for heading in lab.locator(".fedplay-group").all():
        heading.click()
    lab.locator(".fedplay-control:has-text('Batch size')").wait_for()
    wide["knobs"] = lab.evaluate(SIDEWAYS)
    for heading in lab.locator(".fedplay-group").all():
        heading.click()
    assert not {name: found for name, found in wide.items() if found}


def test_at_200_percent_there_are_play_and_the_picture(lab: Any) -> None:
    lab.set_viewport_size({"width": 640, "height": 400})
    calm(lab)
    play, picture = place(lab), lab.locator(CANVAS).bounding_box()
    assert picture["y"] + 40 < play[1], "something of it is to be seen above Play"
    assert not lab.evaluate(SIDEWAYS)
    lab.locator(".fedplay-tab").last.scroll_into_view_if_needed()  # the rest is scrolled to
    assert place(lab) == play
    lab.locator(".fedplay-front .fedplay-control").first.scroll_into_view_if_needed()
    assert place(lab) == play


def test_the_wheel_leads_to_the_end_of_the_list_of_views(lab: Any) -> None:
    lab.set_viewport_size({"width": 1024, "height": 600})
    calm(lab)
    lab.click(".fedplay-row button:has-text('More')")
    rows = lab.locator(".fedplay-over .fedplay-choice")
    rows.first.hover()
    lab.mouse.wheel(0, 2000)
    lab.wait_for_function(
        "([row, play]) => row.getBoundingClientRect().bottom <= play.getBoundingClientRect().top",
        arg=[rows.last.element_handle(), lab.locator(PLAY).element_handle()],
    )
    place(lab)
    lab.click(".fedplay-row button:has-text('More')")


# --- keys -----------------------------------------------------------------------------------------


def press(page: Any, *keys: str) -> None:
    for key in keys:
        page.keyboard.press(key)


def tab_to(page: Any, name: str) -> None:
    """Press Tab until a button of that name has the focus."""
    named = "name => document.activeElement.textContent.trim() === name"
    for _ in range(60):
        if page.evaluate(named, name):
            return
        page.keyboard.press("Tab")
    raise AssertionError(f"Tab never comes to {name}")


def test_the_keyboard_alone_leads_through_a_lab(lab: Any) -> None:
    for number, one in enumerate(LAB.steps, 1):
        step(lab, number)
        if one.change:
            tab_to(lab, "Do it")
            press(lab, "Enter")
            wanted = repr(one.experiment.replace(**one.knobs))
            until(lab, lambda s, wanted=wanted: s["shown"] == wanted)
        calm(lab)
        press(lab, "n")
    assert state(lab)["lab"] == LAB.title
    step(lab, len(LAB.steps))  # after the last one comes none
    press(lab, "p")
    step(lab, len(LAB.steps) - 1)


def test_keys_open_views_and_make_them_large(lab: Any) -> None:
    for key, view in enumerate(LAB.views, 1):
        press(lab, str(key))
        until(lab, lambda s, view=view: s["view"] == view)
    press(lab, "e")
    until(lab, lambda s: [*s["boxes"]] == [LAB.views[-1]])
    press(lab, "c")
    until(lab, lambda s: [*s["boxes"]] == ["curves"])
    press(lab, "c")
    until(lab, lambda s: len(s["boxes"]) == 2)
    press(lab, " ")
    until(lab, lambda s: s["mode"] == "play")
    press(lab, " ")
    until(lab, lambda s: s["mode"] != "play")


def test_keys_hide_the_column_and_are_told(lab: Any) -> None:
    column = lab.locator(".fedplay-left")
    press(lab, "h")
    expect(column).to_be_hidden()
    press(lab, "h")
    expect(column).to_be_visible()
    press(lab, "?")
    keys = lab.locator("dialog.fedplay-keys")
    expect(keys).to_contain_text("find a knob")
    press(lab, "Escape")
    expect(keys).to_have_count(0)


def test_a_knob_is_found_by_its_name(lab: Any) -> None:
    before = state(lab)["experiment"]
    press(lab, "/")
    search = lab.get_by_role("textbox", name="Find a knob")
    expect(search).to_be_focused()
    lab.keyboard.type("server rate n 4")  # in a field these are no keys of the screen
    expect(search).to_have_value("server rate n 4")
    press(lab, "Control+a")
    lab.keyboard.type("batch size")
    found = lab.locator(".fedplay-control:has-text('Batch size')")
    found.wait_for()
    press(lab, "Tab", "ArrowRight")
    until(lab, lambda s: s["experiment"] != before and "batch_size" in s["experiment"])
    step(lab, 1)
    press(lab, "Delete")
    until(lab, lambda s: s["experiment"] == before)
    press(lab, "/", "Delete")
    found.wait_for(state="hidden")


# --- in front of a class --------------------------------------------------------------------------


def test_presenting_is_larger_and_without_the_column(lab: Any) -> None:
    zoom = "parseFloat(document.querySelector('.fedplay').style.zoom) || 1"
    before, column = lab.evaluate(zoom), lab.locator(".fedplay-left")
    for leave in ("f", "Escape"):
        press(lab, "f")
        lab.wait_for_function(f"before => ({zoom}) >= 1.49 * before", arg=before)
        expect(column).to_be_hidden()
        calm(lab)
        place(lab)
        assert lab.locator(CANVAS).bounding_box()["height"] > 200
        press(lab, "h")
        expect(column).to_be_visible()
        press(lab, "h", leave)
        lab.wait_for_function(f"before => ({zoom}) === before", arg=before)
        expect(column).to_be_visible()
        calm(lab)
    press(lab, "+")
    lab.wait_for_function(f"before => ({zoom}) > before", arg=before)
    press(lab, "-")
    lab.wait_for_function(f"before => Math.abs(({zoom}) - before) < 1e-6", arg=before)


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
def test_axe_finds_nothing_serious(lab: Any, dark: bool) -> None:
    set_theme(lab, "voila", dark)
    until(lab, lambda s: s["dark"] == dark)
    lab.wait_for_function(FADED)
    found = {"lab": scanned(lab)}
    lab.click(".fedplay-row button:has-text('More')")
    lab.locator(".fedplay-over .fedplay-choice").first.wait_for()
    lab.wait_for_function(FADED)
    found["views"] = scanned(lab)
    lab.click(".fedplay-row button:has-text('More')")
    press(lab, "f")
    lab.locator(".fedplay-present").wait_for()
    calm(lab)
    found["presenting"] = scanned(lab)
    press(lab, "?")
    lab.locator("dialog.fedplay-keys").wait_for()
    found["keys"] = scanned(lab)
    lab.click("dialog button:text-is('Close')")
    press(lab, "f")
    set_theme(lab, "voila", False)
    assert not {name: wrong for name, wrong in found.items() if wrong}


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
def test_axe_finds_nothing_serious_at_the_door(
    open_page: Callable[..., Any], servers: Servers, dark: bool
) -> None:
    scheme = "dark" if dark else "light"
    link = servers.app(shows("fp.Playground()"))
    page = open_page(link, new=True, viewport=SIZE, color_scheme=scheme)
    page.locator("button:text-is('Show me')").wait_for()
    calm(page)
    page.wait_for_function(FADED)
    found = {"door": scanned(page)}
    page.click("button:text-is('Choose a lab')")
    page.locator(".fedplay-story .fedplay-choice").first.wait_for()
    page.wait_for_function(FADED)
    found["labs"] = scanned(page)
    assert not {name: wrong for name, wrong in found.items() if wrong}
