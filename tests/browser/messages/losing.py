"""A playground whose messages a test can lose and double, and what page and kernel then hold."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

from tests.browser.conftest import Window
from tests.browser.playing import CODE, SIZE, state
from tests.browser.servers import PATIENCE

WIRE = (Path(__file__).parent / "wire.js").read_text(encoding="utf-8")
NOTICE = ".fedplay-notice:not(:empty)"
# What the kernel holds, beside what `CODE` reports: the fields as they should be shown, the words.
MORE = """
import html, os, re
def words(text):
    return html.unescape(re.sub("<[^>]*>", "", text))
def held():
    screen, panel = playground.screen, playground.screen.panel
    fields, odd, column = {}, [], screen.column
    boxes = [column.front, column.found, *(group.body for group in column._groups.values())]
    seen = [row for box in boxes for row in box.children]
    for name, control in panel.controls.items():
        if control.widget not in seen:
            continue
        value = panel.value_of(name)
        field = control.field
        choices = getattr(control, "stops", None) or getattr(control, "options", None)
        if choices is None:
            fields[control.label] = str(field.value)
            odd += [] if isinstance(value, tuple) or field.value == value else [name]
        else:
            fields[control.label] = field._options_labels[field.index]
            odd += [] if choices[field.index] == value else [name]
    tabs, share, transport = screen.view_tabs, screen.share, screen.transport
    bar, trail = screen.bar, screen.run_history.widget
    return {
        "fields": fields,
        "odd": odd,
        "headline": screen.headline.sentence.value,
        "numbers": screen.headline.numbers.value,
        "alt": screen.stage._canvas.alt,
        "tabs": [tab.description for tab in tabs.tabs.children if tabs.tabs.layout.display is None],
        "tab": [tab.description for tab in tabs.tabs.children if tab.button_style],
        "lab": bar.lab._options_labels[bar.lab.index],
        "walk": words(bar.step.value) if bar.walk.layout.display is None else "",
        "told": words(screen.story.text.value).strip(),
        "curves": [
            switch.description for switch in screen.headline.curves.values() if switch.value
        ],
        "scrub": transport.scrub.value,
        "speed": transport.speed._options_labels[transport.speed.index],
        "play": transport.play.description,
        "share": share.text.value if share.visible else None,
        "pins": [
            take.description + words(text.value)
            for take, text, _ in (row.children for row in screen.pins.widget.children)
        ],
        "trail": [
            step.description for step in trail.children[1:] if trail.layout.display != "none"
        ],
        "kept": screen.page.widget.memory,
        "seen": not screen.stage.under_way.unseen,
        "calmly": playground.player.calmly,
        "pid": os.getpid(),
    }
"""
LOSSY = CODE.replace("async def keep_reporting", MORE + "async def keep_reporting").replace(
    '            "first": first,\n', '            "first": first,\n            "held": held(),\n'
)
# The same as the page shows it; what is lost or just drawn anew is missing.
SHOWN = """() => {
    const seen = (element) => element && element.getClientRects().length > 0;
    const all = (selector) => [...document.querySelectorAll(selector)].filter(seen);
    const text = (selector) => document.querySelector(selector)?.innerHTML ?? "";
    const fields = {};
    for (const row of all(".fedplay-control")) {
        const name = row.querySelector(".fedplay-name")?.textContent.trim();
        const handle = row.querySelector(".noUi-handle");
        const field = row.querySelector("select, input:not([type=file])");
        fields[name] = handle ? row.querySelector(".widget-readout")?.textContent
            : (field?.value ?? "").replaceAll("\\xa0", " ");
    }
    const words = (selector) => all(selector).map((found) => found.textContent.trim());
    const share = document.querySelector(".fedplay-share textarea");
    const buttons = [...document.querySelectorAll(".fedplay-transport button")];
    const play = buttons.find((b) => /^(Play|Pause)$/.test(b.textContent.trim()));
    const frame = document.querySelector(".fedplay-frame");
    const row = play?.closest(".fedplay-transport");
    return {
        fields,
        headline: text(".fedplay-headline .widget-html-content"),
        numbers: text(".fedplay-three .widget-html-content"),
        alt: document.querySelector("canvas.fedplay-canvas")?.ariaLabel,
        tabs: words(".fedplay-tab"),
        tab: words(".fedplay-tab.mod-primary"),
        lab: document.querySelector(".fedplay-lab select")?.value.replaceAll("\\xa0", " "),
        walk: words(".fedplay-step").join(),
        told: words(".fedplay-told").join(),
        curves: words(".fedplay-curves .mod-active"),
        scrub: Number(row?.querySelector(".widget-readout")?.textContent),
        speed: row?.querySelector("select")?.value.replaceAll("\\xa0", " "),
        play: play?.textContent.trim(),
        share: seen(share) ? share.value : null,
        pins: all(".fedplay-pin").map((pin) => ["button", ".widget-html-content"]
            .map((part) => pin.querySelector(part)?.textContent.trim() ?? "").join("")),
        trail: words(".fedplay-run-history button"),
        kept: JSON.parse(Object.entries(sessionStorage)
            .find(([key]) => key.startsWith("fedplay:"))?.[1] ?? "{}").text ?? "",
        notice: document.querySelector(".fedplay-notice")?.textContent ?? "",
        picture: frame ? getComputedStyle(frame).visibility : "",
    };
}"""

# What ipywidgets and Jupyter say by themselves of messages that were lost.
KNOWN = (
    r"Error: (widget model not found|Could not process update msg for model id: \w+)(?s:.*)",
    r"(Error: )?Could not (create (a model|a view|child view)|add child view to box)(?s:.*)",
    r"TypeError: Cannot read properties of undefined \(reading 'create_view'\)(?s:.*)",
    r"TypeError: Cannot read properties of null \(reading 'widgets'\)(?s:.*)",
    r"Failed to load resource: .*(400|404|410|500|503|ERR_\w+).*",
    r"WebSocket connection to .* failed: .*",
    # Said of what is sent after the connection was cut, and before the page knows of it.
    r"WebSocket is already in CLOSING or CLOSED state\..*",
    r"Comm not found for comm id (?s:.*)",
    # A box tells its children their size, also one that was taken away meanwhile.
    r"TypeError: Cannot read properties of null \(reading 'processLuminoMessage'\)(?s:.*)",
)


def watched(browser: Any, front_end: str = "voila") -> Window:
    window = Window(browser, front_end)
    window.console.noise = (*window.console.noise, *KNOWN)
    return window


def opened(window: Window, link: str, script: str = "", **options: Any) -> Any:
    """A page of its own, with the wire between it and its kernel, and a script on that wire."""
    page = window.open("about:blank", viewport=SIZE, **options)
    page.add_init_script(f"if (location.protocol !== 'about:') {{ {WIRE}; {script} }}")
    page.goto(link)
    page.wait_for_selector("#report", state="attached")
    return page


def lose(page: Any, way: str, kind: str, count: int = 1) -> None:
    """Lose the next messages of a kind: ">" to the kernel, "<" to the page."""
    page.evaluate("rule => wire.set('lose', ...rule)", [way, kind, count])


def notice(page: Any, words: str) -> None:
    """Wait for the sentence that says what to do."""
    page.locator(NOTICE, has_text=words).wait_for()


def differences(page: Any, acked: int | None = None) -> dict[str, Any]:
    """What the page shows otherwise than the kernel holds; nothing where a sentence says why.

    Of a run that plays or is still computed one picture is always under way: then it is enough that
    more were seen than were `acked` the last time.
    """
    shown, found = page.evaluate(SHOWN), state(page)
    held = found["held"]
    if shown["notice"]:
        return {}
    wrong = {
        name: (shown[name], value)
        for name, value in held.items()
        if name in shown and shown[name] != value
    }
    if held["odd"]:
        wrong["odd"] = held["odd"]
    moves = found["mode"] == "play" or not found["settled"]
    seen = held["seen"] or (moves and acked is not None and found["acked"] > acked)
    if not seen or shown["picture"] != "visible":
        wrong["picture"] = (shown["picture"], found["sent"], found["acked"])
    if found["mode"] != "play" and (found["shown"] != found["experiment"] or not found["drawn"]):
        wrong["shown"] = (found["shown"], found["experiment"])
    return wrong


def agree(page: Any, patience: float = PATIENCE) -> float:
    """Wait until page and kernel agree, or one sentence says what to do; how long it took, in s."""
    begin, acked = time.monotonic(), None
    while wrong := differences(page, acked):
        acked = wrong["picture"][-1] if "picture" in wrong else None
        assert time.monotonic() < begin + patience, f"these differ: {wrong}"
        page.wait_for_timeout(50)
    return time.monotonic() - begin
