"""What a page's websocket may say: every count and offset is the sender's, and none is believed."""

from __future__ import annotations

import json
import random
import struct
import tracemalloc
from typing import Any

import pytest
from jupyter_server.services.kernels.connection.base import (
    deserialize_binary_message,
    deserialize_msg_from_ws_v1,
    serialize_binary_message,
    serialize_msg_to_ws_v1,
)

from fedplay.app.messages import LARGEST, LONGEST_HEADER, LONGEST_TEXT, PROTOCOL, check

HEADER = {"msg_type": "comm_msg", "msg_id": "1"}
WHOLE: dict[str, Any] = {"header": HEADER, "parent_header": {}, "metadata": {}, "content": {"a": 1}}


def newer(
    header: object = HEADER, channel: str = "shell", buffers: tuple[bytes, ...] = ()
) -> bytes:
    parts = [json.dumps(part).encode() for part in (header, {}, {}, {"a": 1})]
    return serialize_msg_to_ws_v1([*parts, *buffers], channel)


def older(**changes: Any) -> str:
    return json.dumps(WHOLE | {"channel": "shell"} | changes)


def older_binary(*buffers: bytes, **changes: Any) -> bytes:
    return serialize_binary_message(WHOLE | {"channel": "shell", "buffers": buffers} | changes)


def counted(count: int, *offsets: int, rest: bytes = b"") -> bytes:
    return struct.pack(f"<{1 + len(offsets)}Q", count, *offsets) + rest


def counted_older(count: int, *offsets: int, rest: bytes = b"") -> bytes:
    return struct.pack(f">{1 + len(offsets)}I", count, *offsets) + rest


@pytest.mark.parametrize("channel", ["shell", "control", "stdin"])
@pytest.mark.parametrize("buffers", [(), (b"",), (b"png", b"", b"x" * 99)])
def test_what_a_page_sends_passes(channel: str, buffers: tuple[bytes, ...]) -> None:
    check(newer(channel=channel, buffers=buffers), PROTOCOL)
    check(older(channel=channel), None)
    check(older_binary(*buffers, channel=channel), None)


def test_a_file_of_five_megabytes_passes() -> None:
    file = bytes(5 * 10**6)
    for message, protocol in ((newer(buffers=(file,)), PROTOCOL), (older_binary(file), None)):
        check(message, protocol)
        assert len(message) < LARGEST


COUNTS = [0, 1, 5, 6, 7, 1024, 1025, 40_000_000, 2**31 - 1, 2**31, 2**32 - 1, 2**63, 2**64 - 1]


@pytest.mark.parametrize("length", [0, 1, 3, 4, 7, 8, 9, 55, 56, 57])
def test_a_count_alone_is_refused_and_allocates_nothing(length: int) -> None:
    for count in COUNTS:
        for message, protocol in (
            ((counted(count) + bytes(60))[:length], PROTOCOL),
            ((counted_older(count % 2**32) + bytes(60))[:length], None),
        ):
            tracemalloc.start()
            with pytest.raises(ValueError, match=r"."):
                check(message, protocol)
            _, most = tracemalloc.get_traced_memory()
            tracemalloc.stop()
            assert most < 100_000


@pytest.mark.parametrize(
    "offsets",
    [
        (56, 61, 60, 70, 80, 90),  # falls
        (0, 61, 62, 70, 80, 90),  # into the offsets
        (56, 61, 62, 70, 80, 2**40),  # out of the message
        (2**64 - 1,) * 6,
        (0,) * 6,
    ],
)
def test_offsets_rise_inside_the_message(offsets: tuple[int, ...]) -> None:
    with pytest.raises(ValueError, match="offsets"):
        check(counted(6, *offsets, rest=bytes(60)), PROTOCOL)
    with pytest.raises(ValueError, match="offsets"):
        check(counted_older(6, *(o % 2**32 for o in offsets), rest=bytes(60)), None)


@pytest.mark.parametrize(
    "header", [[], None, 1, "comm_msg", {}, {"msg_type": 1}, {"msg_type": None}, {"msg_type": []}]
)
def test_a_header_names_its_type(header: object) -> None:
    with pytest.raises(ValueError, match="header"):
        check(newer(header), PROTOCOL)
    with pytest.raises(ValueError, match="header"):
        check(older(header=header), None)


@pytest.mark.parametrize("channel", ["iopub", "", "SHELL", "x" * 9999, "\0"])
def test_a_channel_is_one_to_a_kernel(channel: str) -> None:
    with pytest.raises(ValueError, match="channel"):
        check(newer(channel=channel), PROTOCOL)
    with pytest.raises(ValueError, match="channel"):
        check(older(channel=channel), None)


@pytest.mark.parametrize(
    "text",
    ["", "x", "{", "null", "[]", '"x"', "1" * 5000, "[" * 100_000, '{"a":' * 100_000, "\ud800"]
    + [older(**{part: None}) for part in WHOLE]
    + [older(channel=[]), older(channel={}), older(channel=1), older(buffers=["x"])]
    + [older(content={"a": "x" * LONGEST_TEXT})],
)
def test_a_text_is_a_whole_message(text: str) -> None:
    with pytest.raises(ValueError, match=r"."):
        check(text, None)
    with pytest.raises(ValueError, match=r"."):
        check(text, PROTOCOL)
    with pytest.raises(ValueError, match=r"."):
        check(text.encode(errors="surrogatepass"), None)


def test_a_header_is_short() -> None:
    with pytest.raises(ValueError, match="JSON"):
        check(newer(HEADER | {"x": "x" * LONGEST_HEADER}), PROTOCOL)


def test_what_passes_is_what_jupyter_can_read() -> None:
    """Messages with some bytes changed: either they are refused, or nothing goes wrong later."""
    draw = random.Random(0)
    wholes = [(newer(buffers=(b"abc",)), PROTOCOL), (older_binary(b"abc", b""), None)]
    passed = 0
    for _ in range(4000):
        whole, protocol = draw.choice(wholes)
        message = bytearray(whole)
        for _ in range(draw.randrange(4)):
            message[draw.randrange(draw.choice([8, 64, len(message)]))] = draw.randrange(256)
        if draw.random() < 0.2:
            del message[draw.randrange(len(message)) :]
        try:
            check(bytes(message), protocol)
        except ValueError:
            continue
        passed += 1
        if protocol == PROTOCOL:
            channel, parts = deserialize_msg_from_ws_v1(bytes(message))
            assert channel in ("shell", "control", "stdin")
            assert len(parts) >= 4
            assert isinstance(json.loads(parts[0])["msg_type"], str)
        else:
            deserialize_binary_message(bytes(message))
    assert passed > 500
