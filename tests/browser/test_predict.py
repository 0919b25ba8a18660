"""A prediction is made with the keyboard alone, in our app and in JupyterLab, and is named."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from tests.browser.conftest import Window
from tests.browser.playing import SIZE
from tests.browser.servers import Servers
from tests.browser.test_accessibility import RUN_AXE, axe

CODE = """
import fedplay as fp
from IPython.display import display
exp = fp.Experiment(rounds=3)
number = fp.predict("How accurate?", exp, lambda history: 0.5, seeds=1)
which = fp.predict("Which is higher?", {"few": exp, "many": exp.replace(rounds=40)})
display(number, which)
fp.Playground(exp, views=["curves"], controls=[])
"""


@pytest.fixture(scope="module", params=["voila", "lab"])
def asked(request: Any, browser: Any, servers: Servers) -> Iterator[Any]:
    """A page with two predictions."""
    window = Window(browser, request.param)
    yield servers.show(request.param, CODE, lambda link: window.open(link, viewport=SIZE))
    window.close()


def test_the_keyboard_is_enough(asked: Any) -> None:
    number, which = asked.locator(".fedplay-predict").all()
    number.get_by_role("button", name="Reveal").focus()
    asked.keyboard.press("Enter")
    number.get_by_text("First say what you expect").wait_for()
    number.get_by_label("I say (0 to 1):").focus()
    asked.keyboard.type("0.5")
    asked.keyboard.press("Tab")
    asked.keyboard.press("Enter")
    number.get_by_text("About right: you said 0.50").wait_for()

    which.get_by_role("button", name="few").focus()
    asked.keyboard.press("Enter")
    which.locator("button[aria-pressed=true]", has_text="few").wait_for()
    for _ in range(3):
        asked.keyboard.press("Tab")
    asked.keyboard.press("Enter")
    which.get_by_text("Not so: you said “few”; “many” comes out highest.").wait_for()


def test_axe_finds_nothing(asked: Any) -> None:
    asked.evaluate(axe.AXE_SCRIPT)
    found = asked.evaluate(RUN_AXE.replace('".fedplay"', '".fedplay-predict"'))
    assert not [one for one in found if one["impact"] in ("serious", "critical")]
