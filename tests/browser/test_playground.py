"""The Playground in a Voilà page, as a person uses it: with keys, mouse and patience of 0.5 s."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from typing import Any

import nbformat
import pytest

# A Playground that says ten times a second what the kernel knows.
CODE = """
import asyncio, json, ipywidgets, fedplay as fp
playground = fp.Playground(fp.Experiment(rounds=30))
report = ipywidgets.HTML()
async def keep_reporting():
    while True:
        player, stage = playground.player, playground.stage
        report.value = "<pre id='report'>" + json.dumps({
            "alpha": playground.experiment.alpha,
            "experiment": repr(playground.experiment),
            "shown": repr(player.shown.exp),
            "mode": player.mode,
            "revealed": player.revealed,
            "settled": player.shown is player.recording and player.shown.late_done,
            "drawn": playground._drawn == player.changes,
            "changes": player.changes,
            "sent": stage.frames_sent,
            "acked": stage.frames_acked,
            "under_way": len(stage._under_way),
            "errors": playground.errors,
        }) + "</pre>"
        await asyncio.sleep(0.02)
task = asyncio.get_running_loop().create_task(keep_reporting())
ipywidgets.VBox([playground.widget, report])
"""
PICTURE = """() => {
    const canvas = document.querySelector("canvas.fedplay-canvas");
    const { width, height } = canvas;
    const { data } = canvas.getContext("2d").getImageData(0, 0, width, height);
    let hash = 0;
    for (const pixel of new Uint32Array(data.buffer)) hash = (Math.imul(hash, 31) + pixel) | 0;
    return hash;
}"""


@pytest.fixture(scope="module")
def link(tmp_path_factory: Any, serve_page: Callable[..., str]) -> str:
    path = tmp_path_factory.mktemp("playground") / "page.ipynb"
    nbformat.write(nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(CODE)]), path)
    return serve_page(path)


@pytest.fixture
def screen(open_page: Any, link: str) -> Any:
    page = open_page(link, viewport={"width": 1280, "height": 800})
    page.wait_for_selector("canvas.fedplay-canvas", state="visible")
    until(page, lambda s: s["settled"] and at_rest(s) and s["acked"] >= 2)
    return page


def state(page: Any) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(page.inner_text("#report"))
    return found


def until(page: Any, holds: Callable[[dict[str, Any]], bool], patience: float = 10) -> Any:
    page.wait_for_selector("#report", state="attached")
    end = time.monotonic() + patience
    while not holds(found := state(page)):
        assert time.monotonic() < end, f"this never came: {found}"
        page.wait_for_timeout(10)
    return found


def at_rest(found: dict[str, Any]) -> bool:
    return found["drawn"] and not found["under_way"]


def slider(page: Any, name: str) -> Any:
    return page.locator(f".fedplay-control:has-text('{name}') .noUi-handle").first


def test_a_newcomer_sees_everything_at_once(screen: Any) -> None:
    assert "Drag a slider" in screen.inner_text(".fedplay-head")
    size = screen.evaluate("[document.documentElement.scrollHeight, innerHeight]")
    for selector in ("canvas.fedplay-canvas", ".fedplay-transport", ".fedplay-cards"):
        box = screen.locator(selector).bounding_box()
        assert box["y"] + box["height"] <= 800, (selector, size)
    alt = screen.locator("canvas.fedplay-canvas").get_attribute("aria-label")
    assert "10 clients" in alt
    assert "30 of 30 rounds" in alt


def test_an_arrow_key_redraws_the_whole_run(screen: Any) -> None:
    before, picture = state(screen), screen.evaluate(PICTURE)
    slider(screen, "Label skew").focus()
    screen.keyboard.press("ArrowRight")
    after = until(screen, lambda s: s["settled"] and s["alpha"] < before["alpha"])
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
    assert len(set(names)) == len(names) > 8
    skew = slider(screen, "Label skew")
    assert skew.get_attribute("aria-label") == "Label skew"
    assert skew.get_attribute("aria-valuetext") == "α 0.3"


def test_play_runs_and_pause_answers_within_a_round(screen: Any) -> None:
    screen.click("button:has-text('Play')")
    until(screen, lambda s: s["mode"] == "play" and 2 <= s["revealed"] < 30)
    screen.click("button:has-text('Pause')")
    stood = until(screen, lambda s: s["mode"] == "stand", patience=0.5)
    screen.wait_for_timeout(500)
    assert state(screen)["revealed"] == stood["revealed"]
    screen.click("button:has-text('Step')")
    until(screen, lambda s: s["revealed"] == stood["revealed"] + 1)
    screen.click("button:has-text('Reset')")
    until(screen, lambda s: s["revealed"] == 0)


def test_a_storm_of_events_ends_on_the_last_one(screen: Any) -> None:
    slider(screen, "Learning rate").focus()
    began, presses = time.monotonic(), 500
    before = state(screen)
    for i in range(presses):
        screen.keyboard.press("ArrowLeft" if i % 20 < 10 else "ArrowRight")
        ahead = began + 5 * (i + 1) / presses - time.monotonic()
        if ahead > 0:
            time.sleep(ahead)
    screen.keyboard.press("ArrowLeft")
    last = screen.inner_text(".fedplay-control:has-text('Learning rate') .widget-readout")
    calm = until(
        screen,
        lambda s: f"learning_rate={last}" in s["shown"] and s["drawn"],
        patience=0.5,
    )
    assert calm["shown"] == calm["experiment"]
    assert calm["acked"] - before["acked"] > 20, "there were pictures meanwhile"


def test_an_error_is_a_sentence_beside_its_control(screen: Any) -> None:
    screen.locator(".fedplay-control:has-text('Partition') select").select_option("natural")
    error = screen.locator(".fedplay-control:has-text('Partition') .fedplay-error")
    error.wait_for()
    assert "clients of their own" in error.inner_text()
    picture = screen.evaluate(PICTURE)
    data = screen.locator(".fedplay-control:has(.widget-label:text-is('Data')) select")
    data.select_option("writers")
    until(screen, lambda s: "writers" in s["shown"] and "natural" in s["shown"] and s["settled"])
    assert not error.is_visible()
    assert screen.evaluate(PICTURE) != picture


def test_a_press_in_the_picture_stands_at_a_round(screen: Any) -> None:
    box = screen.locator("canvas.fedplay-canvas").bounding_box()
    screen.mouse.click(box["x"] + box["width"] * 0.3, box["y"] + 100)
    screen.wait_for_function(
        "/round [1-9] |round 1[0-9] /.test(document.querySelector('.fedplay-where').innerText)"
    )


def test_a_file_of_ones_own_and_what_is_wrong_with_another(screen: Any) -> None:
    rows = "".join(f"{'no' if i % 3 else 'yes'},{i % 7},{i % 3}\n" for i in range(120))

    def choose(content: bytes) -> None:
        with screen.expect_file_chooser() as chooser:
            screen.click(".fedplay-upload")
        file = {"name": "mine.csv", "mimeType": "text/csv", "buffer": content}
        chooser.value.set_files(file)

    choose(f"label,a,b\n{rows}".encode())
    until(screen, lambda s: "csv:mine.csv:" in s["shown"] and s["settled"])
    chosen = screen.locator(".fedplay-control:has(.widget-label:text-is('Data')) select")
    assert chosen.evaluate("s => s.selectedOptions[0].text") == "mine.csv"
    choose(b"a,b\n1,2\n")
    screen.wait_for_selector(".fedplay-error:has-text('needs a column named label')")
    assert "csv:mine.csv:" in state(screen)["shown"]


def test_the_picture_follows_the_theme_of_the_page(screen: Any) -> None:
    corner = """() => [...document.querySelector("canvas.fedplay-canvas")
        .getContext("2d").getImageData(0, 0, 1, 1).data]"""
    assert screen.evaluate(corner)[:3] == [255, 255, 255]
    screen.evaluate("document.body.dataset.jpThemeLight = 'false'")
    screen.wait_for_function(f"({corner})()[0] === 17")
