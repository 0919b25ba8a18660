"""Link tokens: a JSON object, packed into a short text that a link carries."""

from __future__ import annotations

import base64
import binascii
import json
import re
import zlib
from typing import Any

from fedplay.untrusted.json_text import JSON_BYTES, json_object
from fedplay.untrusted.text import quoted

TOKEN_PREFIX = "fp1."
TOKEN_CHARS = 4096


def encode_token(value: dict[str, Any]) -> str:
    """A JSON object as a short text for a link; ValueError above 4,096 characters.

    >>> decode_token(encode_token({"clients": 20}))
    {'clients': 20}
    """
    try:
        text = json.dumps(value, separators=(",", ":"), ensure_ascii=False, allow_nan=False)
    except (TypeError, ValueError, RecursionError):
        raise ValueError("token: only plain, finite values can travel in a link") from None
    json_object(text)
    packed = base64.urlsafe_b64encode(zlib.compress(text.encode(), 9)).decode().rstrip("=")
    token = TOKEN_PREFIX + packed
    if len(token) > TOKEN_CHARS:
        raise ValueError(f"token: would be longer than {TOKEN_CHARS:,} characters")
    return token


def decode_token(token: str) -> dict[str, Any]:
    """The JSON object in a token; ValueError for everything else."""
    if not isinstance(token, str) or len(token) > TOKEN_CHARS:
        raise ValueError(f"token: must be text of at most {TOKEN_CHARS:,} characters")
    if not token.startswith(TOKEN_PREFIX):
        raise ValueError(f"token: must begin with {TOKEN_PREFIX}, not {quoted(token[:8])}")
    packed = token.removeprefix(TOKEN_PREFIX)
    if not re.fullmatch(r"[A-Za-z0-9_-]+", packed, flags=re.ASCII):
        raise ValueError("token: has characters that no token has")
    return json_object(_inflated(_unpacked(packed)))


def token_in(text: str) -> str:
    """The token in a link (behind "fp=" or "#"), or the text itself where it is none."""
    found = re.search(r"(?:[?&]fp=|#)(fp1\.[A-Za-z0-9_-]*)", text[: 2 * TOKEN_CHARS])
    return found[1] if found else text


def _unpacked(packed: str) -> bytes:
    try:
        raw = base64.urlsafe_b64decode(packed + "=" * (-len(packed) % 4))
    except (binascii.Error, ValueError):
        raise ValueError("token: is cut off") from None
    if base64.urlsafe_b64encode(raw).decode().rstrip("=") != packed:
        raise ValueError("token: ends in bits that stand for nothing")
    return raw


def _inflated(raw: bytes) -> bytes:
    inflate = zlib.decompressobj()
    try:
        text = inflate.decompress(raw, JSON_BYTES + 1)  # a bomb is stopped here, not unpacked
    except zlib.error:
        raise ValueError("token: is damaged") from None
    if len(text) > JSON_BYTES:
        raise ValueError(f"token: unpacks to more than {JSON_BYTES:,} bytes")
    if not inflate.eof:
        raise ValueError("token: is cut off")
    if inflate.unused_data or inflate.unconsumed_tail:
        raise ValueError("token: has something behind its end")
    return text
