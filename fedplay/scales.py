"""The values that a slider stops at: tidy numbers, on a linear or a logarithmic scale."""

from __future__ import annotations

import math
from typing import Any

from fedplay.knobs import MANY, Knob

STEPS = 50  # at most, on a linear scale
MANTISSAS = (1.0, 1.2, 1.5, 2.0, 2.5, 3.0, 4.0, 5.0, 6.0, 8.0)  # ten a decade
DECADES = 4  # shown of a logarithmic scale that has no lower end
TRIED = 9  # values of a sweep, at most
SKEW = "alpha"  # the knob of which less is more skew
SEEDS = ("seed", "data_seed")
WIDTHS = ((8,), (16,), (32,), (64,), (128,), (64, 64))  # layers that a sweep of sizes tries
# What no number at all stands for.
EMPTY = {"sizes": "none", "numbers": "drawn", "table": "equal shares"}


def stops(knob: Knob) -> list[Any]:
    """What a slider for this knob offers, ascending, its default and None among them.

    >>> from fedplay.experiment import knobs
    >>> stops(knobs()["batch_size"])
    [1, 2, 4, 8, 16, 32, 64, 128, 256, None]
    >>> stops(knobs()["rounds"])[:4]
    [5, 10, 15, 20]
    """
    low, high = ends(knob)
    tidy = (_logarithmic if knob.scale == "log" and low > 0 else _linear)(knob, low, high)
    values = {knob.check(v) for v in (*tidy, low, high)}
    if knob.default is not None:
        values.add(knob.default)
    ordered: list[Any] = sorted(values)
    if knob.none:
        ordered.insert(len(ordered) if knob.none == "∞" else 0, None)
    return ordered


def ends(knob: Knob) -> tuple[float, float]:
    """The lowest and the highest number on the slider."""
    low, high = knob.slider or (knob.lo, knob.hi)
    if math.isinf(high):
        high = max(10 * abs(knob.default or 1), low + 10 if math.isfinite(low) else 10)
    if math.isinf(low):
        low = -high
    if knob.open and low <= knob.lo:
        low = high / 10**DECADES if knob.scale == "log" else (high - knob.lo) / STEPS + knob.lo
    if knob.kind == "int":
        return math.ceil(low), math.floor(high)
    return low, high


def _logarithmic(knob: Knob, low: float, high: float) -> list[float]:
    if knob.kind == "int" and _power_of_two(low) and _power_of_two(high):
        return [2**e for e in range(int(low).bit_length() - 1, int(high).bit_length())]
    decades = range(math.floor(math.log10(low)), math.ceil(math.log10(high)) + 1)
    values = [_exact(m, e) for e in decades for m in MANTISSAS]
    return [v for v in values if low <= v <= high and (knob.kind != "int" or v == int(v))]


def _linear(knob: Knob, low: float, high: float) -> list[float]:
    if high <= low:
        return [low]
    step = tidy_step((high - low) / STEPS)
    if knob.kind == "int":
        step = max(1.0, step)
    first = math.ceil(low / step - 1e-9)
    last = math.floor(high / step + 1e-9)
    return [float(f"{i * step:.12g}") for i in range(first, last + 1)]


def tidy_step(least: float) -> float:
    """The smallest of ... 0.1, 0.2, 0.5, 1, 2, 5 ... that is not below `least`."""
    power = math.floor(math.log10(least))
    candidates = (_exact(m, e) for e in (power, power + 1) for m in (1, 2, 5))
    return next(step for step in candidates if step >= least * (1 - 1e-9))


def _exact(mantissa: float, exponent: int) -> float:
    return float(f"{mantissa}e{exponent}")


def _power_of_two(value: float) -> bool:
    return value >= 1 and value == int(value) and int(value).bit_count() == 1


def shown(knob: Knob, value: Any) -> str:
    """A value in few characters.

    >>> from fedplay.experiment import knobs
    >>> [shown(knobs()["batch_size"], value) for value in (8, None)]
    ['8', '∞']
    """
    if value is None:
        word = knob.none.split(":")[0]
        return "auto" if word == "automatic" else word[:8]
    if isinstance(value, int):
        return f"{value:,}" if value < 1e6 else f"{value / 1e6:.3g} M"
    return f"{value:,.0f}" if 1000 <= value < 1e6 else f"{value:.3g}"


def spread(values: list[Any], kept: Any, most: int) -> list[Any]:
    """At most so many of the values, evenly spread, in order; the ends and `kept` are among them.

    >>> spread(list(range(10)), 4, 4)
    [0, 4, 6, 9]
    """
    if len(values) <= most:
        return list(values)
    places = [round(i * (len(values) - 1) / (most - 1)) for i in range(most)]
    if kept in values:
        at = values.index(kept)
        inner = range(1, most - 1) if at not in (0, len(values) - 1) else range(most)
        places[min(inner, key=lambda i: abs(places[i] - at))] = at
    return [values[i] for i in places]


def all_of(choices: list[Any], value: Any) -> list[Any]:
    """All that can be chosen, by name, and what is chosen: names are never thinned out."""
    return [*choices, *([] if value in choices else [value])]


def tried(knob: Knob, value: Any) -> tuple[list[Any], list[str]]:
    """The values that a sweep of a knob tries, `value` among them, and how each is shown.

    >>> from fedplay.experiment import knobs
    >>> tried(knobs()["partial_work"], "kept")
    (['kept', 'dropped'], ['kept', 'dropped'])
    >>> tried(knobs()["seed"], 7)[0]
    [7, 8, 9, 10, 11, 12, 13, 14, 15]
    """
    if knob.name in SEEDS:  # how much is luck?
        values: list[Any] = list(range(value, value + TRIED))
        return values, [str(seed) for seed in values]
    if knob.kind == "choice":
        return list(knob.choices), list(knob.choices)
    if knob.kind in MANY:
        several = {*WIDTHS, value} if knob.kind == "sizes" else {(), value}
        values = sorted(one for one in several if isinstance(one, tuple))
        named = (lambda table: table and "as it is") if knob.kind == "table" else listed
        return values, [named(one) or EMPTY[knob.kind] for one in values]
    values = spread(placed(knob, stops(knob), value), value, TRIED)
    if knob.name == SKEW:  # from little to much of what its name says
        return values[::-1], [f"{knob.symbol} {shown(knob, one)}" for one in values[::-1]]
    return values, [shown(knob, one) for one in values]


def placed(knob: Knob, values: list[Any], value: Any) -> list[Any]:
    """Some of a knob's values, ascending as `stops` are, with one more among them."""
    numbers = sorted({v for v in (*values, value) if v is not None})
    none = [None] if None in values else []
    return [*numbers, *none] if knob.none == "∞" else [*none, *numbers]


def listed(value: tuple[Any, ...]) -> str:
    """Several numbers with commas between them, and rows of them with semicolons.

    >>> listed((8, 16)), listed(((1.0, 0.0), (0.5, 1.0)))
    ('8, 16', '1, 0; 0.5, 1')
    """
    if value and isinstance(value[0], tuple):
        return "; ".join(map(listed, value))
    return ", ".join(f"{number:.12g}" for number in value)


def read(kind: str, text: str) -> Any:
    """The numbers that a text lists, for a knob of several; the text itself where it has others.

    >>> read("sizes", "8, 16"), read("table", "1, 0; 0.5, 1"), read("sizes", "8, many")
    ((8, 16), ((1.0, 0.0), (0.5, 1.0)), '8, many')
    """
    number = int if kind == "sizes" else float
    rows = text.split(";") if kind == "table" else [text.replace(";", ",")]
    try:
        found = [tuple(number(part) for part in row.split(",") if part.strip()) for row in rows]
    except ValueError:
        return text
    return tuple(row for row in found if row) if kind == "table" else found[0]


def words(knob: Knob) -> str:
    """A knob's name for people, with its letter.

    >>> from fedplay.experiment import knobs
    >>> words(knobs()["local_epochs"])
    'Local epochs E'
    """
    label = knob.label or knob.name.replace("_", " ").capitalize()
    label = "Label skew" if knob.name == SKEW else label
    return f"{label} {knob.symbol}" if knob.symbol else label
