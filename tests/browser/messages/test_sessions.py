"""Sessions of a random person, in which messages of every kind get lost and come twice."""

from __future__ import annotations

import random
from typing import Any

import pytest

from tests.browser.messages.losing import agree
from tests.browser.playing import CANVAS, control, round_readout
from tests.support.effort import tries

# At once: what is there now may be hidden, disabled or gone by what the kernel says next.
FOCUS = "(all, place) => all.length && all[place % all.length].focus()"
CLICK = "(all, place) => all.length && all[place % all.length].click()"
CHOOSE = """([select], place) => {
    if (!select || select.disabled) return;
    const options = [...select.options].filter((o) => !o.disabled && o.text !== "centralised");
    options[place % options.length].selected = true;
    select.dispatchEvent(new Event("change", { bubbles: true }));
}"""


def _drag(page: Any, dice: random.Random) -> None:
    handles = page.locator(".fedplay-control .noUi-handle").filter(visible=True)
    handles.evaluate_all(FOCUS, dice.randrange(100))
    for _ in range(dice.randrange(1, 6)):
        page.keyboard.press(dice.choice(["ArrowLeft", "ArrowRight"]))


def _tab(page: Any, dice: random.Random) -> None:
    tabs = page.locator(".fedplay-tab:enabled, .fedplay-over button:enabled").filter(visible=True)
    tabs.evaluate_all(CLICK, dice.randrange(100))


def _press(page: Any, dice: random.Random) -> None:
    names = ["Play", "Pause", "Step", "Reset", "Undo", "Redo", "Pin", "Unpin", "Share"]
    names += ["More", "more", "less", "Do it", "Why?", "Next", "‹", "›", "▸", "▾", "mean", "alone"]
    found = page.locator(".fedplay button:enabled").filter(visible=True)
    found.filter(has_text=dice.choice(names)).evaluate_all(CLICK, 0)


def _choose(page: Any, dice: random.Random) -> None:
    name = dice.choice(["Algorithm", "Partition", "Personal", "Server"])
    control(page, name).locator("select").evaluate_all(CHOOSE, dice.randrange(100))


def _lab(page: Any, dice: random.Random) -> None:
    page.locator(".fedplay-lab select").evaluate_all(CHOOSE, dice.randrange(6))


def _type(page: Any, dice: random.Random) -> None:
    readout = round_readout(page)
    readout.fill(dice.choice(["0", "3", "12", "nonsense"]))
    readout.press("Enter")


def _resize(page: Any, dice: random.Random) -> None:
    page.set_viewport_size({"width": dice.choice([900, 1100, 1280]), "height": 800})


def _theme(page: Any, dice: random.Random) -> None:
    page.emulate_media(color_scheme=dice.choice(["light", "dark"]))


def _cut(page: Any, _dice: random.Random) -> None:
    page.evaluate("wire.cut()")


def _reload(page: Any, _dice: random.Random) -> None:
    page.reload()
    page.wait_for_selector(CANVAS, state="visible")


ACTS = [_drag] * 8 + [_tab] * 3 + [_press] * 12 + [_choose] * 3 + [_lab] * 2
ACTS += [_type, _resize, _theme] * 2


@pytest.mark.parametrize("seed", range(tries(300, 8)))
def test_after_a_random_session_page_and_kernel_agree(
    page: Any, seed: int, request: pytest.FixtureRequest
) -> None:
    dice = random.Random(seed)
    page.evaluate("seed => wire.random(seed, 0.12, 3)", seed)
    for _ in range(6):
        dice.choice(ACTS)(page, dice)
        page.wait_for_timeout(dice.randrange(300))
    if seed % 5 == 3:
        _cut(page, dice)
    if seed % 10 == 7:
        _reload(page, dice)
    page.evaluate("wire.calm()")
    request.node.user_properties.append(("seconds", agree(page)))  # pytest --junitxml tells
