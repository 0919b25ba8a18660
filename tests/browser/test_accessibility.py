"""Nobody is shut out: axe finds nothing serious, and the keyboard reaches everything by name."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from tests.browser.conftest import Screens
from tests.browser.playing import at_rest, until
from tests.browser.test_front_ends import set_theme

axe = pytest.importorskip("axe_playwright_python.base")

RUN_AXE = """async () => {
    const found = await axe.run(".fedplay", { resultTypes: ["violations"] });
    document.querySelector(".fedplay").scrollIntoView(); // axe scrolls; Lab drops what is far away
    return found.violations.flatMap(v => v.nodes.map(node => ({
        rule: v.id, impact: v.impact, where: node.target.join(" "), html: node.html.slice(0, 160),
        why: node.failureSummary.split("\\n").slice(1, 3).join(" ").trim(),
    })));
}"""
# What has the focus: whether it is ours, its accessible name, and how the focus is to be seen.
FOCUSED = """() => {
    const at = document.activeElement;
    const style = getComputedStyle(at);
    const labels = [...(at.labels ?? [])].map(label => label.textContent);
    const pointed = (at.getAttribute("aria-labelledby") ?? "").split(" ").filter(Boolean)
        .map(id => document.getElementById(id)?.textContent);
    const named = [at.ariaLabel, ...pointed, ...labels, at.textContent, at.title];
    if (!parts.includes(at)) parts.push(at);
    return {
        place: parts.indexOf(at),
        ours: !!at.closest(".fedplay"),
        what: `${at.tagName.toLowerCase()}.${at.className}`,
        name: named.map(text => (text ?? "").trim()).find(Boolean) ?? "",
        seen: style.outlineStyle !== "none" && parseFloat(style.outlineWidth) >= 1
            || style.boxShadow !== "none",
    };
}"""
# A theme fades in.
FADED = "!document.getAnimations().some(a => a instanceof CSSTransition)"
REACHABLE = """() => {
    const found = [...document.querySelectorAll(
        ".fedplay :is(button, select, input, textarea, a[href], summary, [tabindex])")]
        .filter(e => e.tabIndex >= 0 && !e.disabled && e.type !== "file"
            && e.checkVisibility({ visibilityProperty: true }));
    window.parts = found;
    found[0].focus();
    return found.map(e => e.outerHTML.slice(0, 120));
}"""


@pytest.fixture(scope="module", params=["voila", "lab"])
def front_end(request: Any) -> str:
    return str(request.param)


@pytest.fixture
def screen(screens: Screens, front_end: str) -> Iterator[Any]:
    with screens.use(front_end) as page:
        yield page


def scanned(page: Any) -> list[Any]:
    """What axe-core finds that is serious."""
    page.evaluate(axe.AXE_SCRIPT)
    found = page.evaluate(RUN_AXE)
    return [one for one in found if one["impact"] in ("serious", "critical")]


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
def test_axe_finds_nothing_serious(screen: Any, front_end: str, dark: bool) -> None:
    set_theme(screen, front_end, dark)
    until(screen, lambda s: s["dark"] == dark)
    screen.wait_for_function(FADED)
    found = scanned(screen)
    set_theme(screen, front_end, False)
    assert not found, "\n".join(map(str, found))


def test_axe_finds_nothing_serious_where_everything_is_open(screen: Any) -> None:
    """A pinned run, a trail, a sweep, an error, the panel to share, and a guess."""
    screen.click("button:has-text('Pin')")
    screen.click(".fedplay-name:has-text('Local epochs')")
    screen.click(".fedplay-values button:text-is('20')")
    until(screen, lambda s: "local_epochs=20" in s["shown"] and s["settled"])
    screen.click("button:has-text('Share')")
    screen.locator(".fedplay-control:has-text('Partition') select").select_option("natural")
    screen.locator(".fedplay-error >> visible=true").first.wait_for()
    found = scanned(screen)
    screen.click("button:has-text('Guess')")
    screen.locator(".fedplay-headline:has-text('Where will the global model end')").wait_for()
    found += scanned(screen)
    assert not found, "\n".join(map(str, found))


def test_tab_reaches_everything_by_name_and_leads_out_again(screen: Any) -> None:
    until(screen, lambda s: s["settled"] and at_rest(s))  # "Undo" goes with the last run
    reachable = screen.evaluate(REACHABLE)
    assert len(reachable) > 15
    visited = [screen.evaluate(FOCUSED)]
    for _ in range(3 * len(reachable)):
        screen.keyboard.press("Tab")
        at = screen.evaluate(FOCUSED)
        if not at["ours"]:
            break
        visited.append(at)
    assert not at["ours"], "Tab leads back into the screen for ever"
    places = [at["place"] for at in visited]
    assert len(set(places)) == len(places), "Tab goes in circles"
    missed = [html for place, html in enumerate(reachable) if place not in places]
    assert not missed, "Tab never comes to: " + "\n".join(missed)
    nameless = [at for at in visited if not at["name"]]
    assert not nameless, "these have no name: " + "\n".join(map(str, nameless))
    unseen = [at for at in visited if not at["seen"]]
    assert not unseen, "the focus is not to be seen on: " + "\n".join(map(str, unseen))
