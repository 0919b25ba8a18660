"""A Playground that tells a test what its kernel knows, and the ways to look at it."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from typing import Any

from tests.browser.servers import PATIENCE

SIZE = {"width": 1280, "height": 800}
# Twenty times a second it says what the kernel knows, and once a second also if that is as before:
# what it says while a page is being built or connected again may not arrive. "anew" brings it back
# to how it began, "beyond" sets what no slider offers yet, above its last value each.
CODE = """
import asyncio, itertools, json, traceback, ipywidgets, fedplay as fp
from contextlib import suppress
from fedplay.experiment import CHOICES, knobs
from fedplay.labs import FREE
from fedplay.slots import TOPICS
playground = fp.Playground(fp.Experiment(rounds=30))
beginning = CHOICES | {name: knob.default for name, knob in knobs().items()} | {"rounds": 30}
higher = {"rounds": 210, "server_learning_rate": 3.5, "noise_multiplier": 5.0}
playground.screen.column.unfolded = {*TOPICS}  # every knob is there to be turned
playground.screen.follow(frozenset())
first, compared = playground.session.beside, playground.session.states["compare"].chosen.kept()
report = ipywidgets.HTML()
loop, broken, times_anew = asyncio.get_running_loop(), "", 0
async def keep_reporting():
    for time in itertools.count():
        player, stage = playground.player, playground.screen.stage
        shown = player.shown
        hand, compared = playground.screen.pointer, playground.session.states["compare"].compared
        report.value = "<pre id='report'>" + json.dumps({
            "alpha": playground.experiment.alpha,
            "experiment": repr(playground.experiment),
            "shown": repr(shown.exp),
            "mode": player.mode,
            "revealed": player.revealed,
            "cursor": player.cursor,
            "settled": shown is player.recording and shown.late_done,
            "drawn": playground.event_loop.drawn == player.changes,
            "rested": playground.event_loop.at_rest,
            "pointer": hand._at,
            "cursor_is": hand.cursor,
            "target": None if compared is None else compared.comparison.target,
            "sent": stage.frames_sent,
            "acked": stage.under_way.acknowledgements,
            "under_way": len(stage.under_way.sent),
            "width": stage.width,
            "dark": stage.dark,
            "errors": playground.errors,
            "pins": len(playground.session.pins),
            "view": playground.session.drawn,
            "boxes": {n: list(v.box) for n, v in playground.screen.board.views.items()},
            "height": stage.height,
            "lab": playground.session.guide.lab.title,
            "first": first,
            "beyond": higher,
            "broken": broken,
            "times_anew": times_anew,
        }).replace("<", "&lt;") + "</pre>"
        if time % 20 == 0:
            report.send_state("value")
        await asyncio.sleep(0.05)
task = loop.create_task(keep_reporting())
def begin_anew():
    session = playground.session
    if playground.screen.share.visible:
        playground.event_loop.do("share")
    if session.veiled:
        playground.reveal()
    for pin in list(session.pins):
        playground.unpin(pin.letter)
    if session.states["mine"].drawing.joined:
        playground.mine("leave")
    with suppress(ValueError):  # there may be nothing to be drawn on
        playground.mine("clear")
    session.states["compare"].take_up(compared)
    playground.sweep(None)
    playground.follow(None)
    playground.set(seed=1)
    playground.set(**beginning)
    playground.lab("free")
    screen = playground.screen
    screen.view_tabs.choosing = screen.headline.all = False
    screen.column.unfolded, screen.column.looked_for = {*TOPICS}, ""
    session.enlarged, session.curves = "", {*FREE.curves}
    playground.axis("rounds")  # which other experiments may not offer, nor the view
    playground.view(first)
def try_anew():
    global broken, times_anew
    try:
        broken = ""
        begin_anew()
    except Exception:
        broken = traceback.format_exc()
    times_anew += 1
anew = ipywidgets.Button(description="anew")
anew.on_click(lambda _: loop.call_soon_threadsafe(try_anew))
def go_beyond():
    higher.update({name: value + 1 for name, value in higher.items()})
    playground.set(**higher)
beyond = ipywidgets.Button(description="beyond")
beyond.on_click(lambda _: loop.call_soon_threadsafe(go_beyond))
ipywidgets.VBox([playground.widget, anew, beyond, report])
"""
PRESS = "name => [...document.querySelectorAll('button')].find(b => b.innerText == name).click()"
CHOICE = ".fedplay-choice button:not(.fedplay-repair)"
CANVAS = "canvas.fedplay-canvas"
PICTURE = """() => {
    const canvas = document.querySelector("canvas.fedplay-canvas");
    const { width, height } = canvas;
    const { data } = canvas.getContext("2d").getImageData(0, 0, width, height);
    let hash = 0;
    for (const pixel of new Uint32Array(data.buffer)) hash = (Math.imul(hash, 31) + pixel) | 0;
    return hash;
}"""


def state(page: Any) -> dict[str, Any]:
    """What the kernel said last."""
    found: dict[str, Any] = json.loads(page.text_content("#report"))
    return found


def until(page: Any, holds: Callable[[dict[str, Any]], bool]) -> Any:
    """Wait until the kernel says so. What it had sent before has then been shown."""
    page.wait_for_selector("#report", state="attached")
    end = time.monotonic() + PATIENCE
    while not holds(found := state(page)):
        assert not found.get("broken"), found["broken"]
        assert time.monotonic() < end, f"this never came: {found}"
        page.wait_for_timeout(25)
    return found


def at_rest(found: dict[str, Any]) -> bool:
    """Nothing is left to be computed, drawn or written, and the page has drawn the picture."""
    return bool(found["rested"] and not found["under_way"])


def hover(page: Any, x: float, y: float) -> dict[str, Any]:
    """Move the pointer in the picture, and wait until the page shows what there is."""
    page.mouse.move(x, y)
    box = page.locator(CANVAS).bounding_box()
    here = x - box["x"], y - box["y"]

    def there(found: dict[str, Any]) -> bool:
        at = found["pointer"]
        near = at is not None and all(abs(a - b) < 1.5 for a, b in zip(at, here, strict=True))
        return bool(near and not found["under_way"])

    return dict(until(page, there))


def calm(page: Any) -> dict[str, Any]:
    """Wait until everything is computed and on the screen."""
    page.wait_for_selector(CANVAS, state="visible")
    found = until(page, lambda s: s["settled"] and at_rest(s) and s["acked"] >= 1)
    return dict(found)


def begin_anew(page: Any) -> None:
    """The page as it was in the beginning, whatever was done in it."""
    page.set_viewport_size(SIZE)
    page.mouse.move(0, 0)
    pressed, before = 0.0, 0

    def anew(found: dict[str, Any]) -> bool:
        """Pressed again, where what the page had still to say came after it."""
        nonlocal pressed, before
        if time.monotonic() > pressed + 10:
            page.evaluate(PRESS, "anew")
            pressed, before = time.monotonic(), found["times_anew"]
        as_new = found["experiment"] == "Experiment(rounds=30)" and found["mode"] == "whole"
        as_new = as_new and found["view"] == found["first"]
        as_new = as_new and not found["pins"] + len(found["errors"])
        return as_new and found["times_anew"] > before  # else this is what was said before it

    until(page, anew)
    page.locator(".fedplay-share").wait_for(state="hidden")
    page.locator(".fedplay-letter").first.wait_for(state="hidden")  # a pin's row goes last
    calm(page)


def control(page: Any, name: str) -> Any:
    """The row of a knob or a slot, by its label."""
    return page.locator(f".fedplay-control:has-text('{name}')").first


def slider(page: Any, name: str) -> Any:
    return control(page, name).locator(".noUi-handle").first


def round_readout(page: Any) -> Any:
    """Where the slider of rounds says where it stands, and one may type."""
    return page.locator(".fedplay-transport .widget-slider:has-text('Round') .widget-readout").last


def open_view(page: Any, title: str) -> None:
    """Show a view beside the curves: by its tab, or from the list of those that have none."""
    tab = page.locator(f".fedplay-tab:text-is('{title}')")
    if tab.count():
        tab.click()
    else:
        page.click(".fedplay-row button:has-text('More')")
        page.click(f".fedplay-over {CHOICE}:text-is('{title}')")
    page.locator(f".fedplay-tab.mod-primary:text-is('{title}')").wait_for()


def titles(page: Any) -> list[str]:
    """Of all views that can be opened beside the curves now."""
    more = page.locator(".fedplay-row button:has-text('More')")
    more.click()
    page.locator(f".fedplay-over {CHOICE}").first.wait_for()
    found = page.locator(f".fedplay-tab:enabled, .fedplay-over {CHOICE}:enabled")
    names = [name.strip() for name in found.all_inner_texts()]
    more.click()
    page.locator(".fedplay-over").wait_for(state="hidden")
    return names


def in_view(page: Any, name: str, right: float, down: float) -> tuple[float, float]:
    """A place on the page: where a view stands in the picture, from 0 to 1 in its own box."""
    left, top, width, height = state(page)["boxes"][name]
    box = page.locator(CANVAS).bounding_box()
    return box["x"] + left + right * width, box["y"] + top + down * height


def upload(page: Any, name: str, content: bytes) -> None:
    """Choose a file of one's own as data."""
    with page.expect_file_chooser() as chooser:
        page.click(".fedplay-upload")
    chooser.value.set_files({"name": name, "mimeType": "text/csv", "buffer": content})
