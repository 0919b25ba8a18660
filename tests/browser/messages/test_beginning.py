"""What a page and its kernel say to each other first is said until it is heard."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from urllib.parse import quote

import pytest

import fedplay as fp
from tests.browser.messages.losing import agree
from tests.browser.playing import CANVAS, calm, slider, state, until
from tests.support.effort import THOROUGH

NO_JSON = '{"process": "x", "text": "no json"}'
BAD = '{"process": "x", "text": "{\\"experiment\\": {\\"clients\\": -1}}"}'


# What is not repeated until it is heard does not arrive at all, whatever else is lost.
FIRST = ("size", "theme", "motion", "ping")


@pytest.mark.parametrize("kinds", [FIRST, *zip(FIRST)] if THOROUGH else [FIRST], ids="-".join)
def test_what_a_page_begins_with_is_said_until_it_is_heard(
    open_lossy: Callable[..., Any], kinds: tuple[str, ...]
) -> None:
    script = "; ".join(f"wire.set('lose', '>', {kind!r}, 2)" for kind in kinds)
    page = open_lossy(script, color_scheme="dark", reduced_motion="reduce")
    page.wait_for_selector(CANVAS, state="visible")
    page.wait_for_function(f"new Set(wire.done.map(String)).size === {len(kinds)}")
    until(page, lambda s: s["dark"] and s["held"]["calmly"])
    agree(page)
    found = state(page)  # and so it stays
    assert found["dark"]
    assert found["held"]["calmly"]


@pytest.mark.parametrize("stored", ["7", BAD, *(["", "{}", NO_JSON] if THOROUGH else [])])
def test_a_link_is_heard_though_it_is_lost_and_the_memory_damaged(
    open_lossy: Callable[..., Any], stored: str
) -> None:
    token = fp.Experiment(alpha=0.1, rounds=20).to_token()
    script = f"""
        const get = Storage.prototype.getItem;
        let first = true;
        Storage.prototype.getItem = function (key) {{
            if (!first || !key.startsWith("fedplay:")) return get.call(this, key);
            first = false;
            return {stored!r} || null;
        }};
        wire.set("lose", ">", "linked");
        wire.set("lose", ">", "remembered");
    """
    page = open_lossy(script, f"&fp={quote(token)}")
    linked = "Experiment(rounds=20, alpha=0.1)"
    until(page, lambda s: s["experiment"] == linked)
    agree(page)
    assert state(page)["experiment"] == linked


def test_what_was_kept_is_taken_up_though_the_message_is_lost(
    open_lossy: Callable[..., Any],
) -> None:
    page = open_lossy("wire.set('lose', '>', 'remembered', 2)")
    calm(page)
    slider(page, "Label skew").focus()
    page.keyboard.press("ArrowRight")
    found = until(page, lambda s: '"alpha": 0.25' in s["held"]["kept"])
    agree(page)
    page.reload()
    again = until(page, lambda s: s["alpha"] == 0.25)
    assert again["held"]["pid"] != found["held"]["pid"]
    agree(page)
    page.wait_for_function("wire.done.length === 2")
