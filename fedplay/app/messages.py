"""A page's messages, looked at before Jupyter reads them: it allocates by numbers that it is sent.

Sources: `deserialize_msg_from_ws_v1` and `deserialize_binary_message` of jupyter_server
(`services/kernels/connection/base.py`), whose counts and offsets are the sender's.
"""

from __future__ import annotations

import json
import struct
from itertools import pairwise
from typing import Any

PROTOCOL = "v1.kernel.websocket.jupyter.org"
CHANNELS = ("shell", "control", "stdin")
PARTS = ("header", "parent_header", "metadata", "content")
LARGEST = 8 * 1024**2  # bytes of a message: a CSV file of 5 MB and what is around it
MOST_PARTS = 1024
LONGEST_HEADER = 64 * 1024  # bytes
LONGEST_TEXT = 1024**2  # bytes of a message of the older protocol without its buffers


def check(message: str | bytes, protocol: str | None) -> None:
    """Raise ValueError unless this is a message that a page could have sent.

    protocol: what the websocket agreed on; None is the older one
    """
    if protocol == PROTOCOL:
        _check_newer(message)
    else:
        _check_older(message)


def _check_newer(message: str | bytes) -> None:
    """The number of offsets and the offsets, of 8 bytes each; channel, four parts and buffers."""
    if isinstance(message, str):
        raise ValueError("a text, where the protocol has bytes only")
    channel, header, *_ = _parts(message, "<Q", least=6)[:-1]
    if channel.decode() not in CHANNELS:
        raise ValueError(f"channel: one of {', '.join(CHANNELS)}, not {channel[:20]!r}")
    _check_header(_json(header, LONGEST_HEADER))


def _check_older(message: str | bytes) -> None:
    """JSON, or the number of parts and their offsets, of 4 bytes each; JSON and buffers."""
    text = _parts(message, ">I", least=1)[0] if isinstance(message, bytes) else message
    content = _json(text, LONGEST_TEXT)
    if not isinstance(content, dict) or content.get("buffers"):
        raise ValueError("not a message: an object without buffers in its text")
    if not all(isinstance(content.get(part), dict) for part in PARTS):
        raise ValueError(f"not a message: each of {', '.join(PARTS)} is an object")
    if content.get("channel", "shell") not in (*CHANNELS, None):
        raise ValueError(f"channel: one of {', '.join(CHANNELS)}")
    _check_header(content["header"])


def _parts(message: bytes, number: str, least: int) -> list[bytes]:
    """What lies between the offsets, and after the last; they are within the message, and rise."""
    size = struct.calcsize(number)
    if len(message) < size:
        raise ValueError("too short for a count")
    (count,) = struct.unpack_from(number, message)
    if not least <= count <= MOST_PARTS or size * (count + 1) > len(message):
        raise ValueError(f"{count} offsets in {len(message)} bytes")
    offsets = [
        size * (count + 1),
        *struct.unpack_from(f"{number[0]}{count}{number[1]}", message, size),
        len(message),
    ]
    if offsets != sorted(offsets):
        raise ValueError("offsets that do not rise, or lead out of the message")
    return [message[a:b] for a, b in pairwise(offsets[1:])]


def _json(text: str | bytes, longest: int) -> Any:
    if len(text) > longest:
        raise ValueError(f"{len(text)} bytes of JSON, at most {longest} are read")
    try:
        return json.loads(text if isinstance(text, str) else text.decode())
    except RecursionError:
        raise ValueError("JSON that is nested too deeply") from None


def _check_header(header: Any) -> None:
    if not isinstance(header, dict) or not isinstance(header.get("msg_type"), str):
        raise ValueError("header: an object with a msg_type")
