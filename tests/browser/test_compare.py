"""Compare in our own app: the tab, its toggles, its table, and the target that is dragged."""

from __future__ import annotations

from typing import Any

import pytest

from tests.browser.conftest import expect
from tests.browser.playing import CANVAS, at_rest, hover, in_view, open_view, slider, until

DONE = """() => {
    const text = document.querySelector(".fedplay-caption").textContent;
    return text.includes("Each with the same") && !text.includes("computed");
}"""


@pytest.fixture
def screen(screen: Any) -> Any:
    open_view(screen, "Compare")
    screen.locator(".fedplay-methods").wait_for()
    screen.click(".fedplay-comparison button:has-text('3 seeds')")
    screen.wait_for_function(DONE)
    return screen


def toggle(page: Any, name: str) -> Any:
    return page.locator(f".fedplay-methods button:text-is('{name}')")


def words(page: Any) -> str:
    """The picture in words, as a screen reader says it."""
    return str(page.locator(CANVAS).get_attribute("aria-label"))


def test_methods_are_compared_chosen_and_shown_above(screen: Any) -> None:
    caption = screen.locator(".fedplay-caption")
    expect(caption).to_contain_text("fewer than 5 seeds cannot tell", use_inner_text=True)
    expect(toggle(screen, "FedAvg")).to_be_disabled()
    toggle(screen, "FedYogi").focus()
    screen.keyboard.press("Enter")
    screen.locator(".fedplay-methods button.mod-active:text-is('FedYogi')").wait_for()
    chosen = "select:has(option:text-is('shown above: FedYogi'))"
    screen.locator(chosen).wait_for()
    screen.wait_for_function(DONE)
    screen.wait_for_function(
        "canvas => canvas.getAttribute('aria-label').includes('FedYogi')",
        arg=screen.locator(CANVAS).element_handle(),
    )
    assert "The methods compared: rounds to" in words(screen)

    screen.locator(chosen).select_option("shown above: FedProx")
    until(screen, lambda s: "fedprox" in s["shown"] and s["settled"])
    screen.wait_for_function(DONE)
    toggle(screen, "FedAvg").click()
    screen.locator(".fedplay-methods button:not(.mod-active):text-is('FedAvg')").wait_for()
    expect(toggle(screen, "FedProx")).to_be_disabled()


def test_the_target_follows_the_pointer_and_the_slider(screen: Any) -> None:
    """Wherever the line is: it is looked for along the left edge of the chart."""
    x, top = in_view(screen, "compare", 0, 0)
    x, found = x + 60, None
    for y in range(round(top), round(in_view(screen, "compare", 0, 1)[1]), 2):
        if hover(screen, x, y)["cursor_is"] == "ns-resize":
            found = y
            break
    assert found is not None
    readout = screen.locator(".fedplay-comparison .widget-readout")
    before = float(readout.inner_text())
    canvas = screen.locator(CANVAS).element_handle()
    screen.wait_for_function("canvas => canvas.style.cursor === 'ns-resize'", arg=canvas)
    screen.mouse.down()
    screen.mouse.move(x, found - 8)
    hover(screen, x, found - 16)
    screen.mouse.up()
    dragged = until(screen, lambda s: s["target"] > before and at_rest(s))["target"]
    screen.wait_for_function(
        "([readout, target]) => Number(readout.textContent) === target",
        arg=[readout.element_handle(), dragged],
    )
    handle = screen.locator(".fedplay-comparison .noUi-handle")
    handle.focus()
    handle.press("ArrowLeft")
    handle.press("ArrowLeft")
    screen.wait_for_function(
        """([canvas, readout, dragged]) => Number(readout.textContent) < dragged
            && canvas.getAttribute("aria-label").includes(`rounds to ${readout.textContent}`)""",
        arg=[canvas, readout.element_handle(), dragged],
    )


def test_a_drag_goes_on_as_if_nothing_were_compared(screen: Any) -> None:
    slider(screen, "Learning rate").focus()
    for _ in range(20):
        screen.keyboard.press("ArrowRight")
    found = until(screen, lambda s: s["shown"] == s["experiment"] and s["drawn"])
    assert not found["errors"]
    screen.wait_for_function(DONE)
