"""Numbers for people: the one way in which every view and readout writes them."""

from __future__ import annotations

import html
import math
import re

import numpy as np


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


def written(value: float, unit: str = "") -> str:
    """A number with its unit, one of those of `Measure`; "–" for none.

    >>> written(0.25, "part"), written(12_345, "bytes"), written(3.0), written(float("nan"))
    ('25 %', '12.3 kB', '3', '–')
    """
    if math.isnan(value):
        return "–"
    if unit == "part":
        return percent(value, 1)
    if unit in ("bytes", "epsilon"):
        return size(value) if unit == "bytes" else epsilon(value)
    number = f"{value:,.0f}" if abs(value) >= 1000 else f"{value:.3g}"
    return f"{number} s" if unit == "seconds" else number


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


def half_up(number: float) -> int:
    """The nearest whole number, of two the upper one, as people round: 2.5 is 3.

    A number of at least 0. What only the arithmetic of floats puts below a half counts as one:

    >>> half_up(2.5), 0.145 * 100, half_up(0.145 * 100), half_up(2.49)
    (3, 14.499999999999998, 15, 2)
    """
    return math.floor(number * (1 + 1e-12) + 0.5)


# Curves beside the global model's, which a screen shows or leaves out.
CURVES = {
    "mean": "mean",
    "clients": "each client",
    "worst": "worst",
    "personal": "own models",
    "alone": "alone",
}
UNSEEN = "◉"  # marks what only a simulation can show


def number(value: float, digits: int = 2) -> str:
    """A number for people, "–" where there is none."""
    if not np.isfinite(value):
        return "–"
    return f"{value:.{digits}f}" if 0.01 <= abs(value) < 1000 or value == 0 else f"{value:.2g}"


def apart(*values: float) -> list[str]:
    """Numbers for people, with a third decimal where two would make them look the same."""
    words = [number(value) for value in values]
    return words if len(set(words)) == len(words) else [number(value, 3) for value in values]
