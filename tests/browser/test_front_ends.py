"""The Playground as a person uses it, in our own app, in JupyterLab and in Notebook 7."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from matplotlib.colors import to_rgb

from fedplay.drawing.style import look
from tests.browser.conftest import Screens, expect
from tests.browser.playing import (
    CANVAS,
    PICTURE,
    SIZE,
    at_rest,
    calm,
    control,
    in_view,
    slider,
    state,
    until,
)
from tests.browser.servers import FRONT_ENDS

CORNER = """() => [...document.querySelector("canvas.fedplay-canvas")
    .getContext("2d").getImageData(0, 0, 1, 1).data].slice(0, 3)"""


@pytest.fixture(scope="module", params=FRONT_ENDS)
def front_end(request: Any) -> str:
    return str(request.param)


@pytest.fixture
def screen(screens: Screens, front_end: str) -> Iterator[Any]:
    with screens.use(front_end) as page:
        yield page


def test_the_picture_is_there_and_says_what_it_shows(screen: Any) -> None:
    box = screen.locator(CANVAS).bounding_box()
    assert box["width"] > 400
    assert box["height"] > 200
    alt = screen.locator(CANVAS).get_attribute("aria-label")
    assert "10 clients" in alt
    assert "30 of 30 rounds" in alt
    for selector in (".fedplay-transport", ".fedplay-three"):
        expect(screen.locator(selector).filter(visible=True)).not_to_have_count(0)


def test_an_arrow_key_redraws_the_whole_run(screen: Any) -> None:
    before, picture = state(screen), screen.evaluate(PICTURE)
    slider(screen, "Label skew").focus()
    screen.keyboard.press("ArrowRight")
    until(screen, lambda s: s["settled"] and s["alpha"] < before["alpha"])
    screen.wait_for_function(f"h => ({PICTURE})() !== h", arg=picture)
    after = until(screen, at_rest)
    assert after["sent"] > before["sent"]
    assert after["revealed"] == 30


def test_every_slider_has_a_name_and_a_value_in_words(screen: Any) -> None:
    handles = screen.locator(".fedplay .noUi-handle")
    screen.wait_for_function(
        "[...document.querySelectorAll('.fedplay .noUi-handle')].every(h => h.ariaLabel)"
    )
    names = [handles.nth(i).get_attribute("aria-label") for i in range(handles.count())]
    assert len(set(names)) == len(names) >= 4
    skew = slider(screen, "Label skew")
    expect(skew).to_have_attribute("aria-label", "Label skew")
    expect(skew).to_have_attribute("aria-valuetext", "α 0.3")


def test_play_runs_and_pause_stands_still(screen: Any) -> None:
    slider(screen, "Rounds").focus()
    screen.keyboard.press("End")
    rounds = until(screen, lambda s: s["revealed"] > 30 and at_rest(s))["revealed"]
    buttons = screen.locator(".fedplay-transport")
    buttons.get_by_role("button", name="Play").click()  # five rounds a second
    until(screen, lambda s: s["mode"] == "play" and 2 <= s["revealed"] < rounds)
    buttons.get_by_role("button", name="Pause").click()
    stood = until(screen, lambda s: s["mode"] == "stand" and at_rest(s))["revealed"]
    assert 2 <= stood < rounds
    buttons.get_by_role("button", name="Step").click()
    stepped = until(screen, lambda s: s["revealed"] != stood)
    assert (stepped["revealed"], stepped["mode"]) == (stood + 1, "stand")
    buttons.get_by_role("button", name="Reset").click()
    until(screen, lambda s: s["revealed"] == 0)


def test_a_press_in_the_picture_stands_at_a_round(screen: Any) -> None:
    screen.mouse.click(*in_view(screen, "curves", 0.3, 0.5))
    stood = until(screen, lambda s: s["cursor"] != s["revealed"])["cursor"]
    assert 1 <= stood < 20


def test_an_error_is_a_sentence_beside_its_control(screen: Any) -> None:
    select = control(screen, "Partition").locator("select")
    select.select_option("natural")
    error = control(screen, "Partition").locator(".fedplay-error")
    error.wait_for()
    expect(error).to_contain_text("clients of their own", use_inner_text=True)
    until(screen, lambda s: set(s["errors"]) == {"partition"})
    select.select_option("dirichlet")
    error.wait_for(state="hidden")


def test_the_picture_follows_the_theme_of_the_page(screen: Any, front_end: str) -> None:
    paper = {dark: [round(255 * c) for c in to_rgb(look(dark).paper)] for dark in (False, True)}
    assert screen.evaluate(CORNER) == paper[False]
    for dark in (True, False):
        set_theme(screen, front_end, dark)
        until(screen, lambda s, dark=dark: s["dark"] == dark)
        screen.wait_for_function(f"c => ({CORNER})().every((p, i) => p === c[i])", arg=paper[dark])


def set_theme(page: Any, front_end: str, dark: bool) -> None:
    """The front end's own dark theme; our app follows the system's."""
    if front_end == "voila":
        page.emulate_media(color_scheme="dark" if dark else "light")
    else:
        name = "JupyterLab Dark" if dark else "JupyterLab Light"
        page.evaluate(
            "theme => window.jupyterapp.commands.execute('apputils:change-theme', {theme})", name
        )


def test_a_narrow_window_loses_nothing(screen: Any) -> None:
    wide = state(screen)["width"]
    screen.set_viewport_size({"width": 640, "height": 800})
    until(screen, lambda s: s["width"] < wide)
    calm(screen)
    right, picture, handle = screen.evaluate(
        """() => [
            document.querySelector(".fedplay").getBoundingClientRect().right,
            document.querySelector("canvas.fedplay-canvas").getBoundingClientRect(),
            document.querySelector(".fedplay-control .noUi-handle").getBoundingClientRect(),
        ].map(box => box.right ?? box)"""
    )
    assert picture <= right + 1
    assert handle <= right + 1
    screen.set_viewport_size(SIZE)
    until(screen, lambda s: s["width"] == wide)
    calm(screen)
