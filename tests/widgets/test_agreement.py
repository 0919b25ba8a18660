"""Page and kernel agree: what is counted, what is answered, and how little a hostile page gets."""

from __future__ import annotations

import asyncio
import json
import threading
import zlib
from typing import Any

import ipywidgets
import pytest

import fedplay as fp
from fedplay.widgets import page as page_module
from fedplay.widgets import stage as stage_module
from fedplay.widgets.agreement import button, sums
from fedplay.widgets.frames_under_way import TRIES
from fedplay.widgets.messages import Click, Ping, Remembered, mark_of, page_message
from fedplay.widgets.page import Page
from fedplay.widgets.receipts import KEPT, Receipts
from fedplay.widgets.stage import Stage
from tests.support.screens import unfolded


def screen() -> Any:
    slider = ipywidgets.SelectionSlider(options=["a", "ß"], index=1)
    return ipywidgets.VBox([ipywidgets.FloatSlider(value=1.0), ipywidgets.HBox([slider])])


def test_a_checksum_is_of_the_values_as_json() -> None:
    root = screen()
    each, names = sums(root)
    slider = root.children[1].children[0]
    assert len(each) == 4
    state = slider.get_state()
    values = [state[name] for name in names["SelectionSlider"]]
    text = json.dumps([*values, None, None], ensure_ascii=False, separators=(",", ":"))
    assert each[slider.model_id] == (zlib.crc32(text.encode()), "SelectionSlider")
    assert {"index", "_options_labels", "disabled"} <= set(names["SelectionSlider"])


@pytest.mark.parametrize(
    "change",
    [
        lambda root: setattr(root.children[0], "value", 0.5),
        lambda root: setattr(root.children[1].children[0], "index", 0),
        lambda root: setattr(root.children[1].layout, "display", "none"),
        lambda root: setattr(root, "children", root.children[:1]),
        lambda root: root.add_class("other"),
    ],
)
def test_whatever_changes_is_counted_and_comes_back(change: Any) -> None:
    root = screen()
    before = sums(root)[0]
    assert sums(root)[0] == before
    change(root)
    assert sums(root)[0] != before


def test_whole_numbers_are_written_as_the_page_writes_them() -> None:
    one, other = (ipywidgets.FloatSlider(value=value, max=2) for value in (1.0, 1))
    assert sums(one)[0][one.model_id] == sums(other)[0][other.model_id]


def test_a_button_is_found_by_its_id_if_it_can_be_pressed() -> None:
    pressed = ipywidgets.Button()
    root = ipywidgets.VBox([ipywidgets.HBox([pressed])])
    assert button(root, pressed.model_id) is pressed
    assert button(root, root.model_id) is None
    assert button(root, ipywidgets.Button().model_id) is None
    pressed.disabled = True
    assert button(root, pressed.model_id) is None


def test_what_a_page_asks_is_read() -> None:
    assert page_message({"kind": "ping", "n": 3}) == Ping(3)
    assert page_message({"kind": "click", "id": "a1"}) == Click("a1")
    kept = {"kind": "remembered", "text": "x", "link": "fp1.a"}
    assert page_message(kept) == Remembered("x", "fp1.a")
    assert page_message(kept | {"link": 7}) == Remembered("x")
    assert mark_of({"mark": 5}) == 5


@pytest.mark.parametrize("n", [0, -1, True, 1.0, "1", None, 2**53, [1]])
def test_odd_numbers_are_ignored(n: object) -> None:
    assert page_message({"kind": "ping", "n": n}) is None
    assert mark_of({"kind": "size", "mark": n}) is None


@pytest.mark.parametrize("id", ["", "x" * 65, 7, None, ["a"], "ä"])
def test_odd_ids_are_ignored(id: object) -> None:
    assert page_message({"kind": "click", "id": id}) is None


def test_a_marked_message_counts_once_and_is_answered_each_time() -> None:
    sent: list[Any] = []
    receipts = Receipts(sent.append, None)
    assert receipts.note(None)
    assert [receipts.note(mark) for mark in (1, 1, 2, 1)] == [True, False, True, False]
    assert sent == [{"kind": "heard", "marks": [mark]} for mark in (1, 1, 2, 1)]


def test_a_flood_gets_one_answer() -> None:
    sent: list[Any] = []

    async def main() -> None:
        receipts = Receipts(sent.append, asyncio.get_running_loop())
        for mark in range(1, 10_000):
            receipts.note(mark)
        while not sent:
            await asyncio.sleep(0.01)

    asyncio.run(main())
    assert len(sent) == 1
    assert len(sent[0]["marks"]) <= KEPT + 1
    assert sent[0]["marks"][-1] == 9999


def tended(monkeypatch: pytest.MonkeyPatch) -> tuple[Page, Any, list[Any]]:
    page, pressed, sent = Page("screen", "1"), ipywidgets.Button(), []
    assert page.widget is not None
    monkeypatch.setattr(page.widget, "send", sent.append)
    page.tend(ipywidgets.VBox([pressed, page.widget]))
    return page, pressed, sent


def test_a_ping_is_answered_with_what_every_widget_holds(monkeypatch: pytest.MonkeyPatch) -> None:
    page, pressed, sent = tended(monkeypatch)
    alive: list[bool] = []
    page.on_alive = lambda: alive.append(True)
    page._hear(None, {"kind": "ping", "n": 1}, [])
    assert alive == [True]
    assert (sent[0]["kind"], sent[0]["n"]) == ("pong", 1)
    assert {pressed.model_id, page.widget.model_id} < set(sent[0]["each"])
    json.dumps(sent)


def test_many_pings_get_few_answers_and_the_newest_is_answered(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    sent: list[Any] = []

    async def main() -> None:
        page, _, found = tended(monkeypatch)
        for n in range(1, 500):
            page._hear(None, {"kind": "ping", "n": n}, [])
        while not any(content["n"] == 499 for content in found):
            await asyncio.sleep(0.01)
        sent.extend(found)
        page.close()

    asyncio.run(main())
    assert len(sent) <= 2


def test_a_click_that_comes_twice_presses_once(monkeypatch: pytest.MonkeyPatch) -> None:
    page, pressed, _ = tended(monkeypatch)
    clicks: list[Any] = []
    pressed.on_click(clicks.append)
    for mark in (1, 1, 2):
        page._hear(None, {"kind": "click", "id": pressed.model_id, "mark": mark}, [])
    assert len(clicks) == 2
    page._hear(None, {"kind": "click", "id": "of another screen", "mark": 3}, [])
    assert len(clicks) == 2


def test_while_the_main_thread_is_busy_the_page_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(page_module, "BUSY", 0.0)
    kinds: list[str] = []

    async def main() -> None:
        page, _, sent = tended(monkeypatch)

        def ask() -> None:  # another thread, as under ipykernel 7
            for n in (1, 2):
                page._hear(None, {"kind": "ping", "n": n}, [])

        speaker = threading.Thread(target=ask)
        speaker.start()
        speaker.join()  # the loop is busy meanwhile
        kinds.extend(content["kind"] for content in sent)
        while not any(content["kind"] == "pong" for content in sent):
            await asyncio.sleep(0.01)
        page.close()

    asyncio.run(main())
    assert kinds == ["busy"]


def test_a_text_that_nobody_copies_is_said_not_to_be_copied(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(page_module, "COPYING", 0.01)
    answers: list[bool] = []

    async def main() -> None:
        page, _, _ = tended(monkeypatch)
        page.on_copied = answers.append
        page.copy("a link")
        while not answers:
            await asyncio.sleep(0.01)
        page.close()

    asyncio.run(main())
    assert answers == [False]


def test_what_is_refused_of_a_memory_gives_way_to_the_link() -> None:
    for accepted, heard in ((None, []), (True, []), (False, ["fp1.a"])):
        page, links = Page("screen", "1"), []
        page.on_remembered = lambda _text, accepted=accepted: accepted
        page.on_linked = links.append
        page._hear(None, {"kind": "remembered", "text": "x", "link": "fp1.a"}, [])
        assert links == heard


def test_the_last_picture_is_sent_until_it_is_acknowledged(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stage_module, "LOST", 0.01)
    frames: list[int] = []

    async def main() -> None:
        stage, sent = Stage(), frames
        monkeypatch.setattr(
            stage._canvas, "send", lambda content, *_: sent.append(content.get("n", 0))
        )
        size = {"kind": "size", "width": 900, "height": 400, "ratio": 1, "host": "x"}
        stage._hear(None, size | {"fresh": True}, [])
        await asyncio.sleep(0)
        picture = stage_module.np.zeros((40, 90, 4), stage_module.np.uint8)
        stage.show(picture)
        while len(sent) < 1 + TRIES:
            await asyncio.sleep(0.01)
        await asyncio.sleep(0.05)
        before = len(sent)
        assert before == 1 + TRIES, "some times, not for ever"
        stage._hear(None, {"kind": "pointer", "type": "move", "x": 1, "y": 1}, [])
        await asyncio.sleep(0.005)
        assert len(sent) == before + 1, "the page is there after all"
        stage._hear(None, {"kind": "ack", "n": sent[-1]}, [])
        await asyncio.sleep(0.05)
        assert len(sent) == before + 1
        stage.close()

    asyncio.run(main())


@pytest.mark.parametrize("when", ["before", "meanwhile"])
def test_a_field_that_is_ahead_is_not_set_back(monkeypatch: pytest.MonkeyPatch, when: str) -> None:
    """Another knob is set first, while its own value waits or just comes in on another thread."""
    screen = fp.Playground(fp.Experiment(clients=3, rounds=2))
    store, control = screen.store, unfolded(screen)["alpha"]
    field, inner = control.field, store.choose
    ahead = field.index + 1

    def meanwhile(**choices: Any) -> Any:
        field.index = ahead
        return inner(**choices)

    async def main() -> None:
        screen.event_loop._loop = asyncio.get_running_loop()
        screen.event_loop.post("local_epochs", 5)
        if when == "before":
            field.index = ahead
        else:
            monkeypatch.setattr(store, "choose", meanwhile)
        await screen.idle()

    asyncio.run(main())
    assert field.index == ahead
    assert screen.experiment.alpha == control.stops[ahead]  # type: ignore[attr-defined]
