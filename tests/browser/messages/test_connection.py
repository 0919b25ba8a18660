"""The connection is cut, the kernel is busy, stops or starts anew: one sentence says what to do."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from tests.browser.conftest import expect
from tests.browser.messages.losing import LOSSY, NOTICE, agree, notice, watched
from tests.browser.playing import SIZE, calm, control, slider, state, until
from tests.browser.servers import Servers
from tests.support.effort import THOROUGH


def test_a_connection_that_is_cut_twice_comes_back(page: Any) -> None:
    skew = slider(page, "Label skew")
    for _ in range(2):
        page.evaluate("wire.cut()")
        skew.focus()
        page.keyboard.press("ArrowRight")  # taken up, or taken back: they agree
        agree(page)
        page.locator(NOTICE).wait_for(state="hidden")
    before = state(page)["alpha"]
    skew.focus()
    page.keyboard.press("ArrowRight")
    taken = until(page, lambda s: s["alpha"] < before)["alpha"]
    agree(page)
    assert state(page)["alpha"] == taken


def test_what_is_older_than_a_press_takes_nothing_back(page: Any) -> None:
    """ipywidgets asks for all states when it is connected again; here its answer is slow."""
    page.evaluate("wire.set('hold', '<', 'update_states')")
    page.evaluate("wire.cut()")
    page.wait_for_function("wire.late !== null")
    slider(page, "Label skew").focus()
    page.keyboard.press("ArrowRight")
    readout = control(page, "Label skew").locator(".widget-readout")
    pressed = readout.inner_text()
    readout.evaluate(
        """(readout) => {
            window.seen = [];
            new MutationObserver(() => seen.push(readout.textContent)).observe(
                readout, { characterData: true, childList: true, subtree: true });
        }"""
    )
    page.evaluate("wire.release()")
    until(page, lambda s: s["alpha"] == 0.25)
    agree(page)
    assert set(page.evaluate("seen")) <= {pressed}


def test_a_stopped_kernel_is_told_in_one_sentence_and_a_reload_brings_all_back(
    open_lossy: Callable[..., Any],
) -> None:
    page = open_lossy()
    calm(page)
    slider(page, "Label skew").focus()
    page.keyboard.press("ArrowRight")
    until(page, lambda s: '"alpha": 0.25' in s["held"]["kept"])
    agree(page)
    os.kill(state(page)["held"]["pid"], signal.SIGKILL)
    notice(page, "The kernel has stopped. Reload the page: everything you set is kept.")
    expect(page.locator(".fedplay > :not([inert])")).to_have_count(1)
    icons = """() => [...document.querySelectorAll(".fedplay, .fedplay *")].filter(
        e => !['none', 'normal', '""'].includes(getComputedStyle(e, "::before").content)
            && e.matches(".jupyter-widgets-disconnected")
            && getComputedStyle(e, "::before").display !== "none").length"""
    assert page.evaluate(icons) == 0
    page.reload()
    until(page, lambda s: s["alpha"] == 0.25)
    agree(page)
    expect(page.locator(NOTICE)).to_have_count(0)


@pytest.fixture(scope="module", params=["lab", "notebook"] if THOROUGH else ["lab"])
def cell(request: Any, browser: Any, servers: Servers) -> Iterator[Any]:
    """A page with the playground below a cell."""
    window = watched(browser, request.param)
    page = servers.show(request.param, LOSSY, lambda link: window.open(link, viewport=SIZE))
    calm(page)
    yield page
    window.close()


KERNEL = "jupyterapp.shell.currentWidget.sessionContext.session.kernel"


def test_a_busy_kernel_is_waited_for_and_a_restarted_one_is_told(cell: Any) -> None:
    sleep = "import time; time.sleep(9)"
    before = state(cell)["alpha"]
    cell.evaluate(f"void {KERNEL}.requestExecute({{ code: {sleep!r} }})")
    slider(cell, "Label skew").focus()
    cell.keyboard.press("ArrowRight")
    notice(cell, "Waiting for the kernel, which is busy")
    expect(cell.locator(".fedplay > [inert]")).to_have_count(0)
    until(cell, lambda s: s["alpha"] < before and '"alpha": 0.25' in s["held"]["kept"])
    cell.locator(NOTICE).wait_for(state="hidden")
    agree(cell)

    cell.evaluate(f"{KERNEL}.restart()")
    notice(cell, "Run this cell again: everything you set is kept.")
    cell.evaluate("jupyterapp.commands.execute('notebook:run-all-cells')")
    cell.locator(NOTICE).wait_for(state="hidden")
    until(cell, lambda s: s["alpha"] < before)
    agree(cell)
