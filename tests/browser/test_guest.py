"""My own client in our own app: digits are drawn with the mouse, and join the federation."""

from __future__ import annotations

from typing import Any

import pytest

from tests.browser.conftest import expect
from tests.browser.playing import CANVAS, calm, in_view, open_view, state, until

HEAD, LEFT, WIDEST = 24, 4, 0.34  # of the view: where its pad is


@pytest.fixture
def screen(screen: Any) -> Any:
    screen.set_viewport_size({"width": 1280, "height": 1000})
    calm(screen)
    open_view(screen, "My client")
    screen.locator(".fedplay-labels").wait_for()
    screen.locator(".fedplay-caption", has_text="more examples and you can join").wait_for()
    return screen


def stroke(page: Any, points: list[tuple[float, float]]) -> None:
    """Draw on the pad, 0 to 1 right and down."""
    _, _, width, height = state(page)["boxes"]["mine"]
    side = min(height - HEAD - 4, WIDEST * width)
    left, top = in_view(page, "mine", 0, 0)
    left, top = left + LEFT, top + HEAD
    places = [(left + x * side, top + y * side) for x, y in points]
    page.mouse.move(*places[0])
    page.mouse.down()
    for place in places[1:]:
        page.mouse.move(*place, steps=5)
    page.mouse.up()


def press(page: Any, word: str) -> None:
    page.click(f".fedplay-guest button:has-text('{word}')")


def test_digits_are_drawn_and_join(screen: Any) -> None:
    shapes = {
        7: [(0.3, 0.15), (0.72, 0.15), (0.5, 0.5), (0.42, 0.88)],
        1: [(0.4, 0.3), (0.55, 0.12), (0.53, 0.88)],
        4: [(0.5, 0.1), (0.27, 0.58), (0.78, 0.58), (0.6, 0.58), (0.6, 0.3), (0.58, 0.9)],
    }
    caption = screen.locator(".fedplay-caption")
    for left, (digit, points) in zip((2, 1, 0), shapes.items(), strict=True):
        screen.click(f".fedplay-labels button:text-is('{digit}')")
        stroke(screen, points)
        caption.filter(has_text="The global model takes it for").wait_for()
        press(screen, "Add")
        word = f"Join ({left} more)" if left else "Join"
        screen.locator(f".fedplay-join:text-is('{word}')").wait_for()
    press(screen, "Join")
    caption.filter(has_text="You took part in 30 of 30 rounds").wait_for()
    until(screen, lambda s: s["settled"] and s["drawn"])
    expect(screen.locator(".fedplay-row select option").last).to_have_text("you")
    headline = screen.locator(".fedplay-headline")
    expect(headline).to_contain_text("of what you ◉ hold out", use_inner_text=True)
    press(screen, "Leave")
    caption.filter(has_text="You have 3 examples").wait_for()


def test_the_keys_draw_too(screen: Any) -> None:
    screen.locator(CANVAS).focus()
    for key in ["Enter", *["ArrowUp"] * 8, " ", *["ArrowDown"] * 16, " "]:
        screen.keyboard.press(key)
    caption = screen.locator(".fedplay-caption")
    caption.filter(has_text="The global model takes it for").wait_for()
    screen.keyboard.press("Enter")
    expect(caption).to_contain_text("2 more examples and you can join", use_inner_text=True)
