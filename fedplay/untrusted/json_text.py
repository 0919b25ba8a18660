"""JSON from outside: one object of plain values, of limited size and depth."""

from __future__ import annotations

import json
import math
import re
from itertools import accumulate
from typing import Any, NoReturn

from fedplay.untrusted.text import quoted

JSON_BYTES = 64 * 1024
JSON_DEPTH = 20


def json_object(text: str | bytes, limit: int = JSON_BYTES) -> dict[str, Any]:
    """The object in a JSON text of at most `limit` bytes of UTF-8; a byte order mark is skipped.

    Refuses anything but an object; duplicate keys; NaN and numbers beyond a float; whole numbers of
    more than 20 digits; nesting deeper than 20; text that is not valid Unicode.
    """
    text = _decoded(text, limit)
    if _depth(text) > JSON_DEPTH:
        raise ValueError(f"JSON: is nested deeper than {JSON_DEPTH}")
    try:
        value = json.loads(
            text,
            object_pairs_hook=_no_duplicates,
            parse_constant=_no_constant,
            parse_float=_finite,
            parse_int=_short_integer,
        )
    except json.JSONDecodeError as error:
        place = f"line {error.lineno}, column {error.colno}"
        raise ValueError(f"JSON: {place} is not valid") from None
    except RecursionError:
        raise ValueError(f"JSON: is nested deeper than {JSON_DEPTH}") from None
    if not isinstance(value, dict):
        raise ValueError("JSON: must be an object, in braces")
    if re.search(r"\\u[dD][89a-fA-F]", text):  # half a character: no text that could be written
        try:
            json.dumps(value, ensure_ascii=False).encode()
        except UnicodeEncodeError:
            raise ValueError("JSON: has text that is not valid Unicode") from None
    return value


def _decoded(text: str | bytes, limit: int) -> str:
    if not isinstance(text, (str, bytes)):
        raise ValueError("JSON: must be text")
    if len(text) > limit:
        raise ValueError(f"JSON: is larger than {limit:,} bytes")
    try:
        if isinstance(text, bytes):
            text = text.decode()
        elif len(text.encode()) > limit:
            raise ValueError(f"JSON: is larger than {limit:,} bytes")
    except UnicodeError:
        raise ValueError("JSON: is not valid UTF-8") from None
    return text.removeprefix("\ufeff")


def _depth(text: str) -> int:
    """The deepest nesting of brackets outside of strings."""
    # Possessive, and without anything that may fail at the end: linear whatever the text is.
    bare = re.sub(r'"(?:[^"\\]|\\.?)*+"?', "", text, flags=re.DOTALL)
    steps = (1 if char in "[{" else -1 for char in re.findall(r"[\[\]{}]", bare))
    return max(accumulate(steps), default=0)


def _no_duplicates(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for key, value in pairs:
        if key in found:
            raise ValueError(f"JSON: the key {quoted(key)} is there twice")
        found[key] = value
    return found


def _no_constant(name: str) -> NoReturn:
    raise ValueError(f"JSON: {name} is not a number that can be used")


def _finite(digits: str) -> float:
    number = float(digits)
    if not math.isfinite(number):
        raise ValueError(f"JSON: the number {quoted(digits)} is too large")
    return number


def _short_integer(digits: str) -> int:
    if len(digits.lstrip("-")) > 20:
        raise ValueError(f"JSON: the number {quoted(digits)} has more than 20 digits")
    return int(digits)
