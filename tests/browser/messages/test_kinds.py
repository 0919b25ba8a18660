"""Messages of each kind get lost, or come twice: page and kernel agree again all the same."""

from __future__ import annotations

from typing import Any

import pytest

import fedplay as fp
from tests.browser.conftest import expect
from tests.browser.messages.losing import agree, differences, lose
from tests.browser.playing import (
    PRESS,
    calm,
    control,
    open_view,
    round_readout,
    slider,
    state,
    until,
    upload,
)


@pytest.mark.parametrize(
    ("way", "kind", "count"), [(">", "update", 1), (">", "update", 2), ("<", "status idle", 40)]
)
def test_a_slider_whose_message_is_lost_is_followed_all_the_same(
    page: Any, way: str, kind: str, count: int
) -> None:
    before = state(page)["alpha"]
    lose(page, way, kind, count)
    skew = slider(page, "Label skew")
    skew.focus()
    page.keyboard.press("ArrowRight")
    first = until(page, lambda s: s["alpha"] < before)["alpha"]
    page.evaluate("wire.calm()")
    agree(page)
    page.keyboard.press("ArrowRight")
    second = until(page, lambda s: s["alpha"] < first)["alpha"]
    agree(page)
    assert state(page)["alpha"] == second


@pytest.mark.parametrize("lost", [None, 0, 1, 2])
def test_a_value_that_no_slider_offers_is_not_taken_back(page: Any, lost: int | None) -> None:
    """Set from Python; ipywidgets' slider tells of a value that is beyond what it knows of yet."""
    if lost is not None:
        page.evaluate("skip => wire.set('lose', '<', 'update', 1, skip)", lost)
    page.evaluate(PRESS, "beyond")
    until(page, lambda s: "noise_multiplier" in s["experiment"])
    agree(page)
    calm(page)
    agree(page)
    found = state(page)
    assert found["experiment"] == repr(fp.Experiment(**found["beyond"]))
    rounds = control(page, "Rounds").locator(".widget-readout").inner_text()
    assert rounds == str(found["beyond"]["rounds"])


def test_every_kind_of_field_is_followed(page: Any) -> None:
    lose(page, ">", "update")
    control(page, "Partition").locator("select").select_option("shards")
    until(page, lambda s: "shards" in s["experiment"])
    lose(page, ">", "update")
    open_view(page, "Drift")
    until(page, lambda s: s["view"] == "drift")
    lose(page, ">", "update")
    field = control(page, "Data seed").locator("input")
    field.fill("7")
    field.press("Enter")
    until(page, lambda s: "data_seed=7" in s["experiment"])
    calm(page)
    lose(page, ">", "update")
    readout = round_readout(page)
    readout.fill("12")
    readout.press("Enter")
    until(page, lambda s: s["cursor"] == 12)
    agree(page)
    found = state(page)  # nothing has taken back what came before
    assert "shards" in found["experiment"]
    assert "data_seed=7" in found["experiment"]
    assert (found["view"], found["cursor"]) == ("drift", 12)


def test_a_file_that_was_chosen_arrives(page: Any) -> None:
    lose(page, ">", "update")
    rows = "".join(f"{'xy'[i % 2]},{i % 7},{i % 3}\n" for i in range(200))
    upload(page, "mine.csv", f"label,a,b\n{rows}".encode())
    until(page, lambda s: "csv:mine.csv" in s["experiment"])
    agree(page)
    assert "csv:mine.csv" in state(page)["experiment"]


@pytest.mark.parametrize("what", ["lose", "double"])
def test_a_click_is_heard_once(page: Any, what: str) -> None:
    buttons = page.locator(".fedplay-transport")
    buttons.get_by_role("button", name="Reset").click()
    until(page, lambda s: s["revealed"] == 0)
    page.evaluate("what => wire.set(what, '>', 'click')", what)
    buttons.get_by_role("button", name="Step").click()
    until(page, lambda s: s["revealed"] == 1)
    page.wait_for_function("wire.done.length > 0")
    agree(page)
    assert state(page)["revealed"] == 1


@pytest.mark.parametrize("kind", ["update", "frame", "pong", "heard", "comm_open"])
@pytest.mark.parametrize("what", ["lose", "double"])
def test_what_the_kernel_says_is_shown(page: Any, what: str, kind: str) -> None:
    page.evaluate("([what, kind]) => wire.set(what, '<', kind, 2)", [what, kind])
    control(page, "Algorithm").locator("select").select_option("fedprox")
    until(page, lambda s: "fedprox" in s["experiment"])
    page.click(".fedplay-bar button:has-text('Pin')")
    until(page, lambda s: s["pins"] == 1)
    page.wait_for_function("wire.done.length > 0")
    agree(page)
    assert control(page, "Proximal term").locator(".widget-readout").inner_text() == "0.1"


@pytest.mark.parametrize("kinds", [("comm_open",), ("comm_open", "update_states", "update")])
def test_nothing_waits_for_a_widget_that_is_lost(page: Any, kinds: tuple[str, ...]) -> None:
    """ipywidgets waits for 2 s of a clock, which stands still here."""
    page.evaluate("() => { Date.runs = Date.now; const then = Date.now(); Date.now = () => then; }")
    try:
        for kind in kinds:
            lose(page, "<", kind, 2)
        page.click(".fedplay-bar button:has-text('Pin')")
        until(page, lambda s: s["pins"] == 1)
        page.wait_for_function("wire.done.filter(([, what]) => what === '< comm_open').length > 1")
        agree(page)
        expect(page.locator(".fedplay-pin").filter(visible=True)).to_have_count(1)
    finally:
        page.evaluate("Date.now = Date.runs")


def test_the_last_picture_is_the_one_that_is_seen(page: Any) -> None:
    """Lost after everything else has come to rest: nothing comes after it."""
    page.evaluate("wire.set('lose', '<', 'frame', 3)")
    page.set_viewport_size({"width": 900, "height": 700})
    page.wait_for_function("wire.done.length === 3")
    found = until(page, lambda s: s["held"]["seen"] and s["width"] < 800)
    size = page.evaluate("document.querySelector('canvas.fedplay-canvas').width")
    assert size == found["width"]


def test_a_page_at_rest_says_nothing(page: Any) -> None:
    agree(page)
    page.wait_for_function(
        """() => new Promise((quiet) => {
            const said = () => wire.counts["> ping"];
            const before = said();
            setTimeout(() => quiet(said() === before), 10_000);
        })"""
    )
    assert differences(page) == {}


def test_the_share_panel_never_shows_the_last_link(page: Any) -> None:
    share = page.locator("button:has-text('Share')")
    text = page.locator(".fedplay-share textarea")
    share.click()
    address = page.url.split("?")[0]
    old = f"{address}?fp={fp.Experiment(rounds=30).to_token()}"
    page.wait_for_function(
        "t => document.querySelector('.fedplay-share textarea').value === t", arg=old
    )
    share.click()
    text.wait_for(state="hidden")
    slider(page, "Label skew").focus()
    page.keyboard.press("ArrowRight")
    until(page, lambda s: s["alpha"] == 0.25)
    page.evaluate(
        """() => {
            const area = document.querySelector(".fedplay-share textarea");
            window.seen = [];
            const look = () => {
                if (area.getClientRects().length && area.value) seen.push(area.value);
                requestAnimationFrame(look);
            };
            look();
        }"""
    )
    lose(page, "<", "update")  # the text itself
    share.click()
    new = f"{address}?fp={fp.Experiment(rounds=30, alpha=0.25).to_token()}"
    page.wait_for_function("t => window.seen.includes(t)", arg=new)
    assert set(page.evaluate("window.seen")) == {new}
    agree(page)
