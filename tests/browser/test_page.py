"""The page's services in a Voilà page: each visit is a kernel of its own."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest

from fedplay.widgets.canvas import module
from fedplay.widgets.messages import Address, Remembered, page_message
from fedplay.widgets.page import ESM
from tests.browser.conftest import Window, expect
from tests.browser.servers import Servers, built

MEMORY = "JSON.parse(sessionStorage.getItem('fedplay:' + location.pathname + ':screen'))"


# Clipboard, which one test takes away, and what is written in its place.
LEFT_BEHIND = """() => {
    delete navigator.clipboard.writeText;
    delete document.execCommand;
    document.activeElement.blur();
}"""


@pytest.fixture(scope="module")
def link(servers: Servers) -> str:
    return servers.app(built("services_page", "build()"))


@pytest.fixture(scope="module")
def same_link(servers: Servers) -> str:
    """Its kernel always claims to be the same process, and remembers something at once."""
    return servers.app(built("services_page", "build('same', 'the newest')"))


@pytest.fixture(scope="module")
def window(browser: Any, link: str) -> Iterator[tuple[Any, Window]]:
    """One page for all tests that need none of their own."""
    window = Window(browser)
    page = window.open(link, permissions=["clipboard-read", "clipboard-write"])
    at_ease(page)
    yield page, window
    window.close()


@pytest.fixture
def page(window: tuple[Any, Window]) -> Iterator[Any]:
    """The page as it was in the beginning; at the end, nothing may have gone wrong in it."""
    page, opened = window
    page.evaluate(LEFT_BEHIND)
    page.click("button:text-is('anew')")
    page.wait_for_function("document.querySelector('#report').innerText === '[[\"anew\"]]'")
    yield page
    opened.console.check()


def heard(page: Any) -> list[list[Any]]:
    page.wait_for_selector("#report", state="attached")
    found: list[list[Any]] = json.loads(page.inner_text("#report"))
    return found


def arrived(page: Any, event: list[Any]) -> None:
    page.wait_for_function(
        "e => document.querySelector('#report')?.innerText.includes(e)", arg=json.dumps(event)
    )


def at_ease(page: Any) -> None:
    """The page has seen to its fields, and what it had to say has been heard."""
    page.wait_for_selector("[role=slider][aria-label=Round]")
    page.click("button:text-is('copy')")
    page.wait_for_function("document.querySelector('#report').innerText.includes('copied')")


def test_every_field_and_button_has_a_name(page: Any) -> None:
    skew = page.get_by_role("slider", name="Label skew", exact=True)
    assert skew.get_attribute("aria-valuetext") == "α 1"
    assert skew.get_attribute("title") == "How unequal"
    skew.focus()
    page.keyboard.press("ArrowRight")
    page.wait_for_function("document.querySelector('[role=slider]').ariaValueText === 'α 0.3'")
    names = [("combobox", "Partition"), ("textbox", "Layers"), ("slider", "Round")]
    names += [
        ("combobox", "Along the axis"),
        ("textbox", "Label skew"),
        ("textbox", "Round"),
    ]  # the readouts
    names += [("button", "Back"), ("button", "Play"), ("button", "Label skew"), ("group", "Below")]
    for role, name in names:
        assert page.get_by_role(role, name=name, exact=True).count() == 1, (role, name)
    assert page.locator("[title=null]:not(label), [aria-label=null]").count() == 0
    assert page.locator(".fedplay-error").get_attribute("aria-live") == "polite"


def test_of_several_buttons_one_is_pressed(page: Any) -> None:
    models = page.get_by_role("button", name="Models", pressed=True)
    privacy = page.get_by_role("button", name="Privacy", pressed=True)
    assert (models.count(), privacy.count()) == (1, 0)
    page.click("button:has-text('Privacy')")
    privacy.wait_for()
    expect(models).to_have_count(0)


def test_a_text_gets_on_the_clipboard(page: Any) -> None:
    page.click("button:text-is('copy')")
    arrived(page, ["copied", True])
    assert page.evaluate("navigator.clipboard.readText()") == "a link & more"


def test_where_there_is_no_clipboard_it_is_done_the_old_way(page: Any) -> None:
    page.evaluate("() => { navigator.clipboard.writeText = () => Promise.reject(Error()); }")
    page.click("button:text-is('copy')")
    arrived(page, ["copied", True])
    assert page.evaluate("navigator.clipboard.readText()") == "a link & more"
    assert page.evaluate("document.activeElement.textContent") == "copy", "the focus is back"
    assert page.locator("textarea").count() == 0
    page.evaluate("() => { document.execCommand = () => false; }")
    page.click("button:text-is('copy')")
    arrived(page, ["copied", False])


def test_what_one_kernel_remembers_the_next_one_is_told(open_page: Any, link: str) -> None:
    page = open_page(link)
    at_ease(page)
    first = heard(page)
    assert [kind for kind, _ in first] == ["process", "copied"], "there was nothing yet"
    process = first[0][1]
    page.click("button:text-is('remember')")
    page.wait_for_function(f"{MEMORY}?.text")
    assert page.evaluate(MEMORY) == {"process": process, "text": f"state of {process}"}

    page.reload()
    arrived(page, ["remembered", f"state of {process}"])
    at_ease(page)
    second = heard(page)
    assert second[0][1] != process
    assert [kind for kind, _ in second].count("remembered") == 1
    page.click("button:text-is('remember')")
    page.wait_for_function(f"{MEMORY}?.process !== '{process}'")

    other = page.context.new_page()  # a window of its own begins anew
    other.goto(link)
    at_ease(other)
    assert [kind for kind, _ in heard(other)] == ["process", "copied"]


def test_the_same_process_is_told_nothing(open_page: Any, same_link: str) -> None:
    page = open_page(same_link)
    page.wait_for_function(f"{MEMORY}?.text === 'the newest'")
    page.evaluate(
        "sessionStorage.setItem(Object.keys(sessionStorage)[0],"
        "JSON.stringify({process: 'same', text: 'old'}))"
    )
    page.reload()
    at_ease(page)
    assert [kind for kind, _ in heard(page)] == ["process", "copied"]
    assert page.evaluate(MEMORY)["text"] == "the newest"


def before(page: Any, script: str) -> None:
    """Run a script in the page before its own, but not in the blank one that follows."""
    page.add_init_script(f"if (location.protocol !== 'about:') {{ {script} }}")


# The page's services once more, beside a kernel that is none: what do they tell it?
TOLD = """async ([source, memories]) => {
    const address = URL.createObjectURL(new Blob([source], { type: "text/javascript" }));
    const { default: services } = await import(address);
    return memories.map((stored) => {
        const place = `fedplay:${location.pathname}:other`;
        sessionStorage.setItem(place, stored);
        const told = [];
        const of = { key: "other", process: "new", memory: "" };
        const model = { get: (name) => of[name], on() {}, off() {}, send: (c) => told.push(c) };
        services.initialize({ model })();
        sessionStorage.removeItem(place);
        return told;
    });
}"""
ODD = ["", "no json", "null", "7", "[]", "{}", '{"process": "x"}', '{"process": "x", "text": 7}']
ODD += ['{"process": "new", "text": "its own"}', "{" * 10_000]


def test_odd_memories_do_no_harm(page: Any) -> None:
    memories = [*ODD, '{"process": "x", "text": "good"}']
    told = page.evaluate(TOLD, [module(*ESM), memories])
    understood = [[page_message(content) for content in contents] for contents in told]
    said = [[m for m in messages if not isinstance(m, Address)] for messages in understood]
    assert said[-1] == [Remembered("good")]
    for stored, messages in zip(ODD, said, strict=False):
        assert not any(messages), stored


def test_a_browser_that_forbids_storage_does_no_harm(open_page: Any, link: str) -> None:
    page = open_page("about:blank")
    before(
        page,
        """Object.defineProperty(window, "sessionStorage",
            { get() { throw new DOMException("forbidden", "SecurityError"); } });""",
    )
    page.goto(link)
    at_ease(page)
    page.click("button:text-is('remember')")
    page.click("button:text-is('copy')")
    page.wait_for_function("document.querySelector('#report').innerText.split('copied').length > 2")
    assert [kind for kind, _ in heard(page)] == ["process", "copied", "copied"]
