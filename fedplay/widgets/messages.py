"""Decoding a page's messages to the kernel. A page is not trusted: anything odd is ignored."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from typing import Final, TypeGuard

MAX_SIDE: Final = 8192  # css px
MAX_PIXELS: Final = 8_000_000  # of a picture: what the kernel allocates is not a page's choice
POINTER_KINDS: Final = ("move", "down", "up", "leave")
KEYS: Final = frozenset(
    ("ArrowLeft", "ArrowRight", "ArrowUp", "ArrowDown", "Home", "End", "PageUp", "PageDown")
) | {"Enter", " ", "Escape"}
SHORTCUTS: Final = frozenset("123456789 npecurgfF")  # those that the kernel hears of
MAX_TEXT: Final = 48_000  # bytes; of what a page remembers
MAX_ID: Final = 64  # letters of a widget's id
# Where a page is. What stands behind "?" or "#" may be a secret, and before "@" a password.
ADDRESS: Final = re.compile(r"https?://[A-Za-z0-9.:\[\]-]+/[!$-;=A-Z_a-z~@]*")
MAX_ADDRESS: Final = 2048


@dataclass(frozen=True)
class Acknowledged:
    n: int


@dataclass(frozen=True)
class Size:
    width: int
    height: int
    ratio: float
    local: bool  # the page comes from this machine
    fresh: bool  # the first report of a new view
    window: int = 0  # css px, how high the page's window is; 0 where it does not say
    between: int = 0  # css px, how high is what lies over the picture; 0 for nothing


@dataclass(frozen=True)
class Pointer:
    kind: str
    x: float
    y: float


@dataclass(frozen=True)
class Theme:
    dark: bool


@dataclass(frozen=True)
class Key:
    key: str


@dataclass(frozen=True)
class Motion:
    reduced: bool


@dataclass(frozen=True)
class Copied:
    ok: bool


@dataclass(frozen=True)
class Remembered:
    text: str
    link: str = ""  # for where the text turns out to be damaged


@dataclass(frozen=True)
class Linked:
    text: str


@dataclass(frozen=True)
class Address:
    text: str  # of the page, without query and fragment


@dataclass(frozen=True)
class Ping:
    n: int


@dataclass(frozen=True)
class Click:
    id: str  # of a button's model


@dataclass(frozen=True)
class New:
    """The page's browser has never shown a screen."""


@dataclass(frozen=True)
class Shortcut:
    key: str


Message = (
    Acknowledged
    | Size
    | Pointer
    | Theme
    | Key
    | Motion
    | Copied
    | Remembered
    | Linked
    | Address
    | Ping
    | Click
    | New
    | Shortcut
)


def page_message(content: object) -> Message | None:
    """Decode one message of a page, or None for anything that is not exactly as it should be.

    >>> page_message({"kind": "pointer", "type": "move", "x": 10, "y": 4.5})
    Pointer(kind='move', x=10.0, y=4.5)
    >>> page_message({"kind": "pointer", "type": "move", "x": float("nan"), "y": 4.5})
    """
    if not isinstance(content, dict):
        return None
    match content:
        case {"kind": "ack", "n": n} if _counts(n):
            return Acknowledged(n)
        case {"kind": "ping", "n": n} if _counts(n):
            return Ping(n)
        case {"kind": "click", "id": str(id)} if 0 < len(id) <= MAX_ID and id.isascii():
            return Click(id)
        case {"kind": "theme", "dark": bool(dark)}:
            return Theme(dark)
        case {"kind": "motion", "reduced": bool(reduced)}:
            return Motion(reduced)
        case {"kind": "key", "key": str(key)} if key in KEYS:
            return Key(key)
        case {"kind": "shortcut", "key": str(key)} if key in SHORTCUTS:
            return Shortcut(key)
        case {"kind": "new"}:
            return New()
        case {"kind": "copied", "ok": bool(ok)}:
            return Copied(ok)
        case {"kind": "remembered", "text": str(text)} if text and fits(text):
            link = content.get("link")
            return Remembered(text, link if isinstance(link, str) and fits(link) else "")
        case {"kind": "linked", "text": str(text)} if text and fits(text):
            return Linked(text)
        case {"kind": "address", "text": str(text)} if len(
            text
        ) <= MAX_ADDRESS and ADDRESS.fullmatch(text):
            return Address(text)
        case {"kind": "pointer", "type": str(kind), "x": x, "y": y} if kind in POINTER_KINDS:
            x, y = _number(x, -MAX_SIDE, MAX_SIDE), _number(y, -MAX_SIDE, MAX_SIDE)
            return None if x is None or y is None else Pointer(kind, x, y)
        case {"kind": "size", "width": width, "height": height, "ratio": ratio, "host": str(host)}:
            width, height = _number(width, 1, MAX_SIDE), _number(height, 1, MAX_SIDE)
            ratio = _number(ratio, 0.1, 16)
            if width is None or height is None or ratio is None or len(host) > 255:
                return None
            ratio = _affordable(width, height, ratio)
            window = int(_number(content.get("window"), 1, MAX_SIDE) or 0)
            between = int(_number(content.get("between"), 1, MAX_SIDE) or 0)
            fresh = content.get("fresh") is True
            return Size(int(width), int(height), ratio, _local(host), fresh, window, between)
    return None


def mark_of(content: object) -> int | None:
    """The mark of a message that is said until it is heard, or None for one without."""
    mark = content.get("mark") if isinstance(content, dict) else None
    return mark if _counts(mark) else None


def fits(text: str) -> bool:
    """Whether a page may remember a text: valid Unicode, and not too long."""
    try:
        return len(text) <= MAX_TEXT and len(text.encode()) <= MAX_TEXT
    except UnicodeEncodeError:  # half of a surrogate pair
        return False


def _counts(value: object) -> TypeGuard[int]:
    return isinstance(value, int) and not isinstance(value, bool) and 0 < value < 2**53


def _number(value: object, lo: float, hi: float) -> float | None:
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    return float(value) if lo <= value <= hi else None  # NaN is not


def _affordable(width: float, height: float, ratio: float) -> float:
    """Between ½ and 2 picture pixels a css pixel (more is not seen), and never too many in all."""
    return min(max(ratio, 0.5), 2.0, math.sqrt(MAX_PIXELS / (width * height)))


def _local(host: str) -> bool:
    name = host.strip("[]")
    return name in ("localhost", "127.0.0.1", "::1") or name.endswith(".localhost")
