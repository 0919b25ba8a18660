"""Numbers for people: the one way in which every view and readout writes them."""

from __future__ import annotations

import html
import math
import re

from fedplay.data.base import half_up


def size(number: float) -> str:
    """Bytes for people.

    >>> [size(n) for n in (0, 999, 12_345, 3.2e9)]
    ['0 B', '999 B', '12.3 kB', '3.2 GB']
    """
    for unit in ("B", "kB", "MB", "GB", "TB"):
        if number < 999.5 or unit == "TB":
            return f"{number:.3g} {unit}"
        number /= 1000
    return ""  # not reached


def accuracy(value: float | None) -> str:
    """An accuracy; "…" where it is not computed yet, "–" where there is none.

    >>> accuracy(0.95), accuracy(None), accuracy(float("nan"))
    ('0.950', '…', '–')
    """
    if value is None:
        return "…"
    return "–" if math.isnan(value) else f"{value:.3f}"


def percent(part: float, digits: int = 0) -> str:
    """A part of a whole, in percent, with so many digits at most.

    >>> percent(0.125), percent(0.9161, 1), percent(1.0, 1)
    ('13 %', '91.6 %', '100 %')
    """
    scale = 10**digits
    return f"{half_up(100 * scale * part) / scale:g} %"


def epsilon(value: float) -> str:
    """A privacy loss.

    >>> epsilon(21.34), epsilon(1234.0), epsilon(float("inf"))
    ('21.3', '1,234', '∞')
    """
    if math.isinf(value):
        return "∞"
    return f"{value:,.0f}" if value >= 100 else f"{value:.3g}"


def plain(sentence: str) -> str:
    """A sentence of HTML without its marks, to be spoken.

    >>> plain("round <b>3</b> &lt; 4")
    'round 3 < 4'
    """
    return html.unescape(re.sub(r"<[^>]*>", "", sentence))


def short(name: str, most: int = 16) -> str:
    """A name from data that fits beside the picture, without control characters."""
    plain = "".join(c if c.isprintable() else " " for c in str(name))
    return plain if len(plain) <= most else plain[: most - 1] + "…"
