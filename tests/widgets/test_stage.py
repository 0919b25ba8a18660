"""The Stage without a browser: pictures of 256 colours, what a page may say, and the traffic."""

from __future__ import annotations

import asyncio
import io
import math
import sys
import threading
from typing import Any

import numpy as np
import pytest
from PIL import Image

from fedplay.drawing.geometry import Tip
from fedplay.widgets.messages import (
    KEYS,
    MAX_TEXT,
    Acknowledged,
    Address,
    Copied,
    Key,
    Motion,
    Pointer,
    Remembered,
    Size,
    Theme,
    page_message,
)
from fedplay.widgets.palette import Palette, encode
from fedplay.widgets.stage import HELP, IMAGE_PAUSE, LOST, PADDED, REST, Stage
from tests.support.virtual import Time, run

COLOURS = [(255, 255, 255), (0, 0, 0), (214, 39, 40), (63, 144, 218), (255, 169, 14)]


def chart(height: int = 120, width: int = 300) -> np.ndarray:
    """A picture as matplotlib makes them: flat colours with soft edges on white."""
    picture = np.full((height, width, 4), 255, np.uint8)
    for row, key in enumerate(COLOURS[1:]):
        colour = np.array(key, float)
        for step, part in enumerate((0.25, 0.5, 1.0, 1.0, 0.5, 0.25)):
            picture[10 + 20 * row + step, 5:-5, :3] = np.rint(255 + part * (colour - 255))
    return picture


def decoded(png: bytes) -> np.ndarray:
    return np.asarray(Image.open(io.BytesIO(png)).convert("RGB")).astype(int)


# -- pictures ---------------------------------------------------------------------------------


def test_key_colours_survive_exactly() -> None:
    noisy = np.random.default_rng(0).integers(0, 256, (200, 300, 4), np.uint8)
    palette = Palette.learn(noisy, COLOURS)  # learnt from anything but these
    for key in COLOURS:
        flat = np.full((4, 5, 4), (*key, 255), np.uint8)
        assert (decoded(encode(flat, palette)) == key).all()


def test_a_chart_keeps_its_colours_and_shape() -> None:
    picture = chart()
    seen = decoded(encode(picture, Palette.learn(picture, COLOURS)))
    assert seen.shape == (120, 300, 3)
    assert np.abs(seen - picture[..., :3]).max() <= 12
    assert (seen[picture[..., 0] == 255].max(axis=-1) >= 250).all()


def test_any_picture_is_shown_in_the_nearest_of_256_colours() -> None:
    rng = np.random.default_rng(1)
    picture = rng.integers(0, 256, (64, 64, 4), np.uint8)
    palette = Palette.learn(picture, COLOURS)
    away = np.linalg.norm(
        picture[..., None, :3].astype(float) - palette.colours.astype(float), axis=-1
    )
    shown = np.linalg.norm(decoded(encode(picture, palette)) - picture[..., :3], axis=-1)
    # A cell of the table is 4 wide: from its middle to a corner is 2√3, there and back.
    near_key = np.isin(palette.indices(picture), range(len(COLOURS)))
    assert (shown <= away.min(axis=-1) + 4 * math.sqrt(3))[~near_key].all()


def test_the_picture_may_be_a_view_and_alpha_is_ignored() -> None:
    picture = chart()
    palette = Palette.learn(picture, COLOURS)
    half = picture[::2, ::2]
    clear = picture.copy()
    clear[..., 3] = 7
    assert encode(half, palette) == encode(half.copy(), palette)
    assert (decoded(encode(clear, palette)) == decoded(encode(picture, palette))).all()


def test_a_palette_knows_what_it_does_not_suit() -> None:
    palette = Palette.learn(chart(), COLOURS)
    rainbow = np.zeros((60, 60, 4), np.uint8)
    rainbow[..., 0], rainbow[..., 1] = np.meshgrid(np.arange(60) * 4, np.arange(60) * 4)
    assert palette.suits(chart())
    assert not palette.suits(rainbow)
    assert Palette.learn(rainbow, COLOURS).suits(rainbow)


# -- messages ---------------------------------------------------------------------------------


def size(**changes: object) -> dict[str, object]:
    honest = {"kind": "size", "width": 900, "height": 400, "ratio": 1.5, "host": "localhost"}
    return honest | {"fresh": True} | changes


def test_honest_messages_are_read() -> None:
    assert page_message({"kind": "ack", "n": 3}) == Acknowledged(3)
    assert page_message({"kind": "theme", "dark": True}) == Theme(True)
    assert page_message(size()) == Size(900, 400, 1.5, True, True)
    move = {"kind": "pointer", "type": "move", "x": -2.5, "y": 7}
    assert page_message(move) == Pointer("move", -2.5, 7.0)
    assert page_message({"kind": "motion", "reduced": False}) == Motion(False)
    assert page_message({"kind": "copied", "ok": False}) == Copied(False)
    for key in KEYS:
        assert page_message({"kind": "key", "key": key}) == Key(key)
    longest = "α" * (MAX_TEXT // 2)
    assert page_message({"kind": "remembered", "text": longest}) == Remembered(longest)


@pytest.mark.parametrize(
    "text",
    [
        "http://127.0.0.1:8866/",
        "https://hub.example/user/ada@example.org/voila/render/my%20notebook.ipynb",
        "http://[::1]:80/a;b=c/d,e(1)~$&'*+!",
    ],
)
def test_a_page_says_where_it_is(text: str) -> None:
    assert page_message({"kind": "address", "text": text}) == Address(text)


@pytest.mark.parametrize("host", ["localhost", "127.0.0.1", "[::1]", "a.localhost"])
def test_this_machine_is_recognised(host: str) -> None:
    assert page_message(size(host=host)).local  # type: ignore[union-attr]


@pytest.mark.parametrize("host", ["hub.example", "localhost.example", "127.0.0.1.example", ""])
def test_other_machines_are_not(host: str) -> None:
    assert not page_message(size(host=host)).local  # type: ignore[union-attr]


NO_ADDRESSES = [
    *["", None, 7, ["http://a/"], b"http://a/", "http://a", "http:///x", "ftp://a/", "file:///a"],
    *["javascript:alert(1)", "data:text/html,x", "vscode-webview://a/", "http://ada:pw@a.example/"],
    *["http://a/?token=secret", "http://a/#secret", "http://a/ b", "http://a/\n", "http://a/<b>"],
    *['http://a/"', "http://a/\\", "http://a/\u202e", "http://\u0430/", "http://a/" + "b" * 2048],
]


@pytest.mark.parametrize(
    "content",
    [
        *[None, 7, "ack", [], {}, {"kind": None}, {"kind": ["ack"], "n": 1}],
        *[{"kind": "ack", "n": n} for n in (0, -1, True, 1.0, "1", None, 2**53, [1])],
        *[{"kind": "theme", "dark": dark} for dark in (1, "true", None)],
        *[{"kind": "motion", "reduced": reduced} for reduced in (1, "true", None)],
        *[{"kind": "copied", "ok": ok} for ok in (0, "false", None, [])],
        *[{"kind": "key", "key": key} for key in ("x", "enter", "", None, 13, ["Enter"])],
        *[{"kind": "remembered", "text": text} for text in ("", None, 7, ["a"], b"a", "\ud800")],
        *[{"kind": "remembered", "text": text} for text in ("a" * 48_001, "α" * 24_001)],
        *[{"kind": "address", "text": text} for text in NO_ADDRESSES],
        *[size(width=w) for w in (0, -1, 8193, math.nan, math.inf, 10**400, "9", None, True, [9])],
        *[size(ratio=r) for r in (0, 0.01, 17, math.nan, "1", None, False)],
        *[size(host=h) for h in (None, 7, "x" * 256)],
        *[{"kind": "pointer", "type": "move", "x": x, "y": 1} for x in (math.nan, 1e9, "1", None)],
        *[{"kind": "pointer", "type": t, "x": 1, "y": 1} for t in ("click", None, ["move"], 3)],
    ],
    ids=lambda content: repr(content)[:60],
)
def test_anything_else_is_ignored(content: object) -> None:
    assert page_message(content) is None


def test_a_page_cannot_ask_for_a_huge_picture() -> None:
    asked = page_message(size(width=8192, height=8192, ratio=16))
    assert isinstance(asked, Size)
    assert asked.width * asked.height * asked.ratio**2 <= 8_000_001
    assert page_message(size(width=900, ratio=3)).ratio == 2  # type: ignore[union-attr]


# -- traffic ----------------------------------------------------------------------------------


class Wire:
    """A Stage whose canvas writes down what it is sent."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, **options: Any) -> None:
        self.stage = Stage(**options)
        self.frames: list[tuple[dict[str, Any], list[bytes]]] = []
        monkeypatch.setattr(
            self.stage._canvas,
            "send",
            lambda content, buffers: self.frames.append((content, buffers)),
        )
        self.picture = chart()

    def says(self, **content: object) -> None:
        self.stage._hear(None, content, [])

    def opens(self, **changes: object) -> None:
        self.says(**size(width=1000, height=420, ratio=1, **changes))

    def show(self, mark: int = 0) -> None:
        self.picture[0, 0, :3] = mark
        self.stage.show(self.picture)


@pytest.fixture
def wire(monkeypatch: pytest.MonkeyPatch) -> Wire:
    return Wire(monkeypatch)


def test_before_a_canvas_reports_the_image_shows_the_picture(wire: Wire) -> None:
    wire.show()
    assert wire.frames == []
    assert wire.stage._image.value == wire.stage.png
    assert (decoded(wire.stage.png)[100, 50] == 255).all()


def test_one_frame_is_under_way_and_the_newest_waits(wire: Wire) -> None:
    wire.opens(host="hub.example")
    for mark in (10, 20, 255):
        wire.show(mark)
    assert [content["n"] for content, _ in wire.frames] == [1]
    wire.says(kind="ack", n=1)
    assert [content["n"] for content, _ in wire.frames] == [1, 2], "one was replaced"
    assert (decoded(wire.frames[1][1][0])[0, 0] == 255).all(), "the newest is sent"
    wire.says(kind="ack", n=2)
    wire.says(kind="ack", n=2)
    wire.says(kind="ack", n=99)
    assert (wire.stage.frames_sent, wire.stage.under_way.acknowledgements) == (2, 2)


@pytest.mark.parametrize(("seconds", "window"), [(0.05, 1), (0.1, 2), (0.5, 3)])
def test_more_frames_are_under_way_where_answers_take_long(
    wire: Wire, seconds: float, window: int
) -> None:
    wire.opens()
    wire.stage.under_way.seconds = seconds
    for mark in range(6):
        wire.show(mark)
    assert len(wire.frames) == window


def test_an_acknowledgement_counts_for_the_frames_before_it(wire: Wire) -> None:
    wire.opens()
    wire.stage.under_way.seconds = 1.0
    for mark in range(4):
        wire.show(mark)
    wire.says(kind="ack", n=3)  # the first two were lost, or overtaken while they were decoded
    assert wire.stage.under_way.sent.keys() == {4}


def test_the_caller_may_draw_on_while_a_picture_waits(wire: Wire) -> None:
    wire.opens()
    wire.show(0)
    wire.show(255)
    wire.picture[:] = 0
    wire.says(kind="ack", n=1)
    assert (decoded(wire.frames[1][1][0])[0, 0] == 255).all()


def test_a_view_opened_later_gets_the_picture(wire: Wire) -> None:
    wire.opens()
    wire.show()
    wire.opens()  # the page was reloaded; what was under way will never be acknowledged
    assert len(wire.frames) == 2
    assert wire.stage.under_way.sent.keys() == {2}


@pytest.mark.parametrize(
    ("host", "nodelay", "padded"),
    [("localhost", "", True), ("hub.example", "", False), ("localhost", "1", False)],
)
def test_small_messages_are_padded_where_they_would_be_held_up(
    wire: Wire, monkeypatch: pytest.MonkeyPatch, host: str, nodelay: str, padded: bool
) -> None:
    monkeypatch.setenv("FEDPLAY_NODELAY", nodelay)
    wire.opens(host=host)
    wire.show()
    _, buffers = wire.frames[0]
    assert (sum(map(len, buffers)) >= PADDED) is padded
    assert buffers[0] == wire.stage.png


def test_a_new_size_is_told_once(wire: Wire) -> None:
    sizes: list[tuple[int, int, float]] = []
    wire.stage.on_resize = lambda *new: sizes.append(new)
    wire.opens()
    wire.says(**size(width=800, ratio=2))
    wire.says(**size(width=800, ratio=2, fresh=False))
    assert sizes == [(800, 400, 2.0)]
    assert wire.stage.ratio == 2


def test_the_theme_is_told_when_it_changes(wire: Wire) -> None:
    themes: list[bool] = []
    wire.stage.on_theme = themes.append
    for dark in (False, True, True, False):
        wire.says(kind="theme", dark=dark)
    assert themes == [True, False]


def test_motion_is_told_when_it_changes(wire: Wire) -> None:
    wire.says(kind="motion", reduced=True)  # nobody asks: it is remembered all the same
    assert wire.stage.reduced
    told: list[bool] = []
    wire.stage.on_motion = told.append
    for reduced in (True, False, False, True):
        wire.says(kind="motion", reduced=reduced)
    assert told == [False, True]


def test_every_key_is_told_in_order(wire: Wire) -> None:
    wire.says(kind="key", key="Home")  # nobody listens yet
    keys: list[str] = []
    wire.stage.on_key = keys.append
    for key in ("ArrowRight", "ArrowRight", " ", "Escape"):
        wire.says(kind="key", key=key)
    assert keys == ["ArrowRight", "ArrowRight", " ", "Escape"]


def test_tip_and_cursor_travel_with_the_frame_and_the_newest_count(wire: Wire) -> None:
    wire.opens()
    wire.show()
    assert wire.frames[0][0]["tip"] is None
    assert wire.frames[0][0]["cursor"] == "default"
    for i in (1, 2):  # both wait, one replaces the other
        wire.stage.show(wire.picture, Tip(10.0 * i, 5, (f"client {i}", "<b>")), "pointer")
    wire.says(kind="ack", n=1)
    wire.says(kind="ack", n=2)
    assert len(wire.frames) == 2
    content, _ = wire.frames[1]
    assert content["tip"] == (20.0, 5, ("client 2", "<b>"))
    assert content["cursor"] == "pointer"
    wire.opens()  # a second view shows the same
    assert wire.frames[2][0] == content | {"n": 3}
    wire.says(kind="ack", n=3)
    wire.show()
    assert (wire.frames[3][0]["tip"], wire.frames[3][0]["cursor"]) == (None, "default")


def test_what_happened_and_what_keys_do_are_told_in_words(wire: Wire) -> None:
    canvas: Any = wire.stage._canvas
    assert (canvas.help, canvas.said) == (HELP, "")
    wire.stage.say("round 3 <of> 30")
    assert canvas.said == "round 3 <of> 30"
    assert Stage(help="Arrows move")._canvas.help == "Arrows move"  # type: ignore[union-attr]
    Stage(core=True).say("nobody hears it")


def test_on_the_loop_moves_in_a_row_count_as_one(monkeypatch: pytest.MonkeyPatch) -> None:
    heard: list[tuple[str, float, float]] = []

    async def main(_time: Time) -> None:
        wire = Wire(monkeypatch)
        wire.stage.on_pointer = lambda *event: heard.append(event)

        def page() -> None:  # another thread, as under ipykernel 7
            for x in range(5):
                wire.says(kind="pointer", type="move", x=x, y=0)
            wire.says(kind="pointer", type="down", x=4, y=0)
            wire.says(kind="pointer", type="move", x=9, y=0)

        speaker = threading.Thread(target=page)
        speaker.start()
        speaker.join()  # the loop is busy while the page speaks
        assert heard == [], "callbacks run on the loop, not on the page's thread"
        await asyncio.sleep(0.05)
        wire.stage.close()

    run(main)
    assert heard == [("move", 4.0, 0.0), ("down", 4.0, 0.0), ("move", 9.0, 0.0)]


def test_a_lost_acknowledgement_does_not_stop_the_screen(monkeypatch: pytest.MonkeyPatch) -> None:
    async def main(_time: Time) -> tuple[int, int]:
        wire = Wire(monkeypatch)
        wire.opens()
        await asyncio.sleep(0.01)
        wire.show(1)
        wire.show(2)
        await asyncio.sleep(0.9 * LOST)
        before = len(wire.frames)
        await asyncio.sleep(0.2 * LOST)
        wire.stage.close()
        return before, len(wire.frames)

    assert run(main) == (1, 2)


def test_at_rest_the_picture_is_kept_in_colours_that_suit_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async def main(_time: Time) -> None:
        wire = Wire(monkeypatch)
        wire.opens()
        await asyncio.sleep(0.01)
        wire.show()
        wire.says(kind="ack", n=1)
        rainbow = wire.picture
        rainbow[..., 0] = np.arange(rainbow.shape[1]) % 256
        rainbow[..., 1] = np.arange(rainbow.shape[0])[:, None]
        wire.show()
        wire.says(kind="ack", n=2)
        await asyncio.sleep(0.9 * REST)
        assert len(wire.frames) == 2
        await asyncio.sleep(0.2 * REST)
        last = wire.frames[-1][1][0]
        assert len(wire.frames) == 3, "sent again, in colours learnt from it"
        assert np.abs(decoded(last) - rainbow[..., :3]).mean() < 6
        assert wire.stage._image.value == last
        wire.stage.close()

    run(main)


def test_the_core_image_gets_at_most_18_pictures_a_second_and_the_last() -> None:
    async def main(_time: Time) -> tuple[int, bytes, bytes]:
        stage = Stage(core=True)
        picture = chart()
        for mark in range(100):
            picture[0, 0, :3] = mark
            stage.show(picture)
            await asyncio.sleep(0.002)
        await asyncio.sleep(2 * IMAGE_PAUSE)
        stage.close()
        return stage.frames_sent, stage._image.value, stage.png

    sent, seen, last = run(main)
    assert sent == 5, "0.2 seconds of pictures"
    assert seen == last


def test_without_anywidget_the_image_does_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "anywidget", None)
    monkeypatch.delitem(sys.modules, "fedplay.widgets.canvas", raising=False)
    stage = Stage(alt="curves")
    stage.show(chart())
    assert stage._canvas is None
    assert stage._image.value == stage.png != b""


def test_the_description_is_text_not_html(wire: Wire) -> None:
    wire.stage.describe("a < b & <script>")
    assert wire.stage._canvas.alt == "a < b & <script>"  # type: ignore[union-attr]
    assert "<script>" not in wire.stage._words.value


@pytest.mark.parametrize("shape", [(3, 3), (3, 3, 3)])
def test_what_is_no_picture_is_refused(wire: Wire, shape: tuple[int, ...]) -> None:
    with pytest.raises(ValueError, match=r"\(h, w, 4\) uint8"):
        wire.stage.show(np.zeros(shape, np.uint8))
