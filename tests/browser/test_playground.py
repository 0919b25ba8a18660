"""The Playground in our own app, where one front end is enough: a storm of keys, and files."""

from __future__ import annotations

from typing import Any

import fedplay as fp
from tests.browser.conftest import expect
from tests.browser.playing import (
    CANVAS,
    at_rest,
    control,
    in_view,
    open_view,
    slider,
    state,
    until,
    upload,
)

KEPT = """view => Object.entries(sessionStorage).some(([place, text]) =>
    place.startsWith("fedplay:") && JSON.parse(JSON.parse(text).text).view === view)"""


def test_a_newcomer_sees_everything_at_once(screen: Any) -> None:
    places = [CANVAS, ".fedplay-headline", ".fedplay-lab", ".fedplay-three", ".fedplay-row"]
    for selector in (*places, ".fedplay-curves", ".fedplay-transport >> visible=true"):
        box = screen.locator(selector).first.bounding_box()
        assert box["y"] + box["height"] <= 800, selector


def test_all_numbers_of_the_round_are_one_press_away(screen: Any) -> None:
    expect(screen.locator(".fedplay-cards")).to_have_count(0)
    screen.click("button:has-text('more ▾')")
    expect(screen.locator(".fedplay-card")).to_have_count(6)
    screen.click("button:has-text('less ▴')")
    expect(screen.locator(".fedplay-cards")).to_have_count(0)


def test_a_storm_of_events_ends_on_the_last_one(screen: Any) -> None:
    """How soon: `make bench-screen`. Here, that there are pictures while it lasts."""
    slider(screen, "Learning rate").focus()
    before = state(screen)["acked"]
    for i in range(500):
        screen.keyboard.press("ArrowLeft" if i % 20 < 10 else "ArrowRight")
    while state(screen)["acked"] < before + 20:
        screen.keyboard.press("ArrowLeft")
        screen.keyboard.press("ArrowRight")
    screen.keyboard.press("ArrowLeft")
    last = repr(fp.Experiment(rounds=30, learning_rate=0.08))  # each key has counted
    found = until(screen, lambda s: s["shown"] == last and at_rest(s))
    assert found["experiment"] == last


def test_a_file_of_ones_own_and_what_is_wrong_with_another(screen: Any) -> None:
    rows = "".join(f"{'no' if i % 3 else 'yes'},{i % 7},{i % 3}\n" for i in range(120))
    upload(screen, "mine.csv", f"label,a,b\n{rows}".encode())
    until(screen, lambda s: "csv:mine.csv:" in s["shown"] and s["settled"])
    chosen = screen.locator(".fedplay-control:has(.fedplay-upload) select")
    assert chosen.evaluate("s => s.selectedOptions[0].text") == "mine.csv"
    upload(screen, "mine.csv", b"a,b\n1,2\n")
    screen.wait_for_selector(".fedplay-error:has-text('needs a column named label')")
    assert "csv:mine.csv:" in state(screen)["shown"]


def test_a_drag_ends_where_the_mouse_does(screen: Any) -> None:
    """Its moves are slowed to what can be shown, but the last one always counts."""
    handle = slider(screen, "Label skew")
    handle.hover()  # waits until nothing moves it
    screen.mouse.down()
    track = control(screen, "Label skew").locator(".noUi-base").bounding_box()
    screen.mouse.move(track["x"] + track["width"], track["y"], steps=40)
    screen.mouse.up()
    found = until(screen, lambda s: s["alpha"] == 0.01 and s["settled"])
    assert "alpha=0.01" in found["shown"]


def test_a_client_is_read_out_lit_up_and_followed(screen: Any) -> None:
    x, y = in_view(screen, "federation", 0, 1)  # the dots stand at its lower end
    wide = screen.locator(CANVAS).bounding_box()["width"] - 58 - 172
    screen.mouse.move(x + 58 + wide * 0.25, y - 12)
    screen.mouse.move(x + 58 + wide * 0.26, y - 12)
    tip = screen.locator(".fedplay-tip")
    tip.filter(has_text="client 2 ◉").wait_for()
    expect(tip).to_contain_text("takes part in round 30", use_inner_text=True)
    screen.mouse.down()
    screen.mouse.up()
    screen.locator(".fedplay-headline:has-text('client 2')").wait_for()
    open_view(screen, "Privacy & cost")
    screen.locator(".fedplay-caption:has-text('Clients have sent')").wait_for()
    open_view(screen, "Digits")
    screen.locator(".fedplay-caption:has-text('client 2')").wait_for()
    screen.locator(CANVAS).focus()
    screen.keyboard.press("ArrowDown")
    screen.locator(".fedplay-headline:has-text('client 3')").wait_for()
    screen.keyboard.press("Home")
    screen.locator(".fedplay-headline:has-text('Before training')").wait_for()
    spoken = screen.locator(".fedplay-frame [aria-live=polite]")
    screen.wait_for_function(
        "s => s.textContent.includes('Before training')", arg=spoken.element_handle()
    )
    screen.keyboard.press("Escape")
    screen.locator(".fedplay-headline:not(:has-text('client 3'))").wait_for()


def test_a_name_opens_the_sweep_of_its_knob(screen: Any) -> None:
    screen.click(".fedplay-name:has-text('Participation')")
    screen.locator(".fedplay-caption:has-text('Click a value to take it')").wait_for()
    screen.click(".fedplay-values button:text-is('0.4')")
    until(screen, lambda s: "participation=0.4" in s["shown"] and s["settled"])
    screen.click("button:text-is('Undo')")
    until(screen, lambda s: "participation" not in s["shown"] and s["settled"])
    screen.click(".fedplay-sweep button:has-text('Close')")
    expect(screen.locator(".fedplay-sweep")).to_be_hidden()


def test_runs_are_pinned_guessed_and_shared(screen: Any, browser: Any) -> None:
    screen.click("button:has-text('Pin')")
    screen.click("button:has-text('Guess')")
    slider(screen, "Local epochs").focus()
    screen.keyboard.press("ArrowRight")
    until(screen, lambda s: "local_epochs=2" in s["experiment"])
    screen.locator(".fedplay-headline:has-text('Where will the global model end')").wait_for()
    screen.mouse.click(*in_view(screen, "curves", 0.4, 0.25))
    screen.locator(".fedplay-headline:not(:has-text('50 %'))").wait_for()
    screen.click("button:has-text('Reveal')")
    screen.locator(".fedplay-headline:has-text('You guessed')").wait_for()
    pinned = screen.locator(".fedplay-pin")
    expect(pinned.locator("[title='with Local epochs 1']")).to_contain_text("the first")
    screen.click("button:has-text('Share')")
    text = screen.locator(".fedplay-share textarea")
    token = fp.Experiment(rounds=30, local_epochs=2).to_token()
    link = f"{screen.url.split('?')[0]}?fp={token}"  # without the app's own token
    screen.wait_for_function(
        "([field, link]) => field.value === link", arg=[text.element_handle(), link]
    )
    screen.click("button:has-text('Save')")
    screen.locator(".fedplay-share a[download]").nth(2).wait_for()
    other = screen.context.new_page()
    other.goto(link)
    until(other, lambda s: "local_epochs=2" in s["shown"] and s["settled"])
    other.goto("about:blank")
    other.close()


def test_a_new_kernel_goes_on_where_the_old_one_was(screen: Any) -> None:
    screen.click("button:has-text('Pin')")
    screen.select_option(".fedplay-lab select", label="1. Two minutes")
    for _ in range(3):
        screen.click(".fedplay-walk button:has-text('›')")
    found = until(screen, lambda s: "shards" in s["shown"] and s["settled"])
    open_view(screen, "Inside a round")
    screen.wait_for_function(KEPT, arg="inside")  # the page has been told
    screen.reload()
    again = until(screen, lambda s: "shards" in s["shown"] and s["settled"])
    assert again["shown"] == found["shown"]
    open_tab = screen.locator(".fedplay-tab.mod-primary")
    expect(open_tab).to_have_text("Inside a round", use_inner_text=True)
    expect(screen.locator(".fedplay-lab option:checked")).to_have_text("1. Two minutes")
    expect(screen.locator(".fedplay-step")).to_have_text("step 4 of 6", use_inner_text=True)
    expect(screen.locator(".fedplay-told")).to_contain_text("Few come to a round")
    expect(screen.locator(".fedplay-pin")).to_have_count(1)
