"""The page's services without a browser: what is sent, what is believed, and in which thread."""

from __future__ import annotations

import asyncio
import sys
import threading
from typing import Any

import pytest

from fedplay.widgets.messages import MAX_TEXT
from fedplay.widgets.page import Page
from tests.support.virtual import Time, run


@pytest.fixture
def page() -> Page:
    return Page("screen", "process 1")


def says(page: Page, **content: object) -> None:
    page._hear(None, content, [])


def test_the_widget_knows_whose_memory_it_keeps(page: Page) -> None:
    assert (page.widget.key, page.widget.process) == ("screen", "process 1")
    assert page.widget.memory == ""
    assert page.widget.layout.display == "none"


def test_copying_is_asked_of_the_page_and_answered(
    page: Page, monkeypatch: pytest.MonkeyPatch
) -> None:
    sent: list[dict[str, Any]] = []
    answers: list[bool] = []
    monkeypatch.setattr(page.widget, "send", sent.append)
    says(page, kind="copied", ok=True)  # nobody asks
    page.on_copied = answers.append
    page.copy("a link")
    assert sent == [{"kind": "copy", "text": "a link"}]
    for ok in (True, "yes", 1, None, False):
        says(page, kind="copied", ok=ok)
    assert answers == [True, False]


@pytest.mark.parametrize(
    ("text", "kept"),
    [
        ("state", "state"),
        ("a" * MAX_TEXT, "a" * MAX_TEXT),
        ("a" * (MAX_TEXT + 1), ""),
        ("α" * (MAX_TEXT // 2 + 1), ""),
        ("half of a pair \ud800", ""),
    ],
    ids=["short", "longest", "too long", "too many bytes", "no text"],
)
def test_what_is_too_long_is_not_remembered_and_nothing_old_instead(
    page: Page, text: str, kept: str
) -> None:
    page.remember("old")
    page.remember(text)
    assert page.widget.memory == kept


def test_what_was_remembered_comes_once(page: Page) -> None:
    found: list[str] = []
    page.on_remembered = found.append
    for text in (None, 7, "", "x" * (MAX_TEXT + 1), "\ud800", "state", "another"):
        says(page, kind="remembered", text=text)
    assert found == ["state"]


def test_where_the_page_is_is_told_each_time(page: Page) -> None:
    found: list[str] = []
    says(page, kind="address", text="http://a.example/")  # nobody asks
    page.on_address = found.append
    for text in ("http://a.example/b", "http://a.example/?token=x", 7, "https://a.example/c"):
        says(page, kind="address", text=text)
    assert found == ["http://a.example/b", "https://a.example/c"]
    page.close()
    says(page, kind="address", text="http://a.example/")
    assert len(found) == 2


@pytest.mark.parametrize("content", [None, 7, "copied", [], {}, {"kind": "ack", "n": 1}])
def test_anything_else_is_ignored(page: Page, content: object) -> None:
    page.on_copied = page.on_remembered = lambda _: pytest.fail("it was believed")
    page._hear(None, content, [])


def test_callbacks_come_on_the_loop() -> None:
    heard: list[tuple[object, int]] = []

    async def main(_time: Time) -> None:
        page = Page("screen", "1")
        page.on_remembered = lambda text: heard.append((text, threading.get_ident()))
        page.on_copied = lambda ok: heard.append((ok, threading.get_ident()))

        def speak() -> None:  # another thread, as under ipykernel 7
            says(page, kind="remembered", text="state")
            says(page, kind="copied", ok=True)

        speaker = threading.Thread(target=speak)
        speaker.start()
        speaker.join()
        assert heard == [], "callbacks run on the loop, not on the page's thread"
        await asyncio.sleep(0.01)
        page.close()

    run(main)
    here = threading.get_ident()
    assert heard == [("state", here), (True, here)]


def test_a_message_after_the_end_is_dropped() -> None:
    async def main() -> Page:
        return Page("screen", "1")

    page = asyncio.run(main())
    page.on_copied = lambda _: pytest.fail("the loop is closed")
    says(page, kind="copied", ok=True)


@pytest.mark.parametrize("core", [False, True])
def test_without_anywidget_there_are_no_services(
    monkeypatch: pytest.MonkeyPatch, core: bool
) -> None:
    if not core:
        monkeypatch.setitem(sys.modules, "anywidget", None)
    page = Page("screen", "1", core=core)
    assert page.widget is None
    page.copy("a link")
    page.remember("state")
    page.close()
