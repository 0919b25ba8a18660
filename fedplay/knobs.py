"""A knob is one number or choice a person may turn, declared beside the code that uses it.

Validation, sliders, command-line flags, links and documentation are all read from this one
declaration, so they cannot disagree. A stage is a frozen dataclass whose fields are knobs:

>>> from dataclasses import dataclass
>>> @dataclass(frozen=True)
... class Proximal(Checked):
...     mu: float = knob(0.1, 0.0, 10.0, symbol="μ", label="Proximal term", help="Pulls back.")
>>> Proximal(mu=1)
Proximal(mu=1.0)
>>> Proximal(mu=-1)
Traceback (most recent call last):
    ...
ValueError: mu=-1: must be a number from 0 to 10
"""

from __future__ import annotations

import dataclasses
import functools
import math
import numbers
from dataclasses import dataclass, field
from typing import Any, ClassVar

Value = (
    float | int | str | None | tuple[int, ...] | tuple[float, ...] | tuple[tuple[float, ...], ...]
)

# How many numbers a knob of several may hold; a table of so many still fits into a link.
MANY = {"sizes": 8, "numbers": 100, "table": 2000}
LEVELS = ("first", "more", "expert")  # of knobs and slots, from what one turns first


@dataclass(frozen=True)
class Knob:
    """What may be chosen, within which bounds, and how it is called.

    kind:  "float", "int", "choice", or a tuple of which each is within the bounds: "sizes" of
           ints, "numbers" of floats, "table" of rows of floats, all of one length.
    none:  what `None` stands for ("∞", "automatic"); empty where `None` is not allowed.
    scale: "linear" or "log", how a slider spaces the values.
    open:  whether the lower bound itself is left out (α must be above 0).
    level: who looks for it: "first", "more" or "expert".
    topic: the heading it stands under; empty for that of its stage's slot.
    also:  other words for it, by which it is found.
    """

    name: str
    default: Any
    lo: float = -math.inf
    hi: float = math.inf
    kind: str = "float"
    symbol: str = ""
    label: str = ""
    unit: str = ""
    help: str = ""
    scale: str = "linear"
    none: str = ""
    open: bool = False
    choices: tuple[str, ...] = ()
    slider: tuple[float, float] | None = None  # the part of the range that a slider covers
    level: str = "more"
    topic: str = ""
    also: tuple[str, ...] = ()

    def check(self, value: Any) -> Any:
        """The value in its plain Python form; `ValueError` naming knob, value and range."""
        if value is None or (self.none == "∞" and _is_real(value) and value == math.inf):
            if self.none:
                return None
        elif self.kind == "choice":
            if isinstance(value, str) and value in self.choices:
                return str(value)
        elif self.kind in MANY:
            if isinstance(value, (list, tuple)) and len(value) <= MANY[self.kind]:
                several = self._rows(value) if self.kind == "table" else self._numbers(value)
                if several is not None:
                    return several
        else:
            number = self._number(value)
            if number is not None:
                return number
        raise ValueError(f"{self.name}={short(value)}: must be {self.allowed()}")

    def _numbers(self, values: Any) -> tuple[Any, ...] | None:
        """The values as plain numbers, or None where one is not in range."""
        several = tuple(self._number(v) for v in values)
        return None if None in several else several

    def _rows(self, value: Any) -> tuple[Any, ...] | None:
        """The value as rows of one length, or None where it is not a table of numbers in range."""
        lengths = {len(row) if isinstance(row, (list, tuple)) else 0 for row in value}
        if 0 in lengths or len(lengths) > 1 or len(value) * max(lengths, default=0) > MANY["table"]:
            return None
        rows = tuple(self._numbers(row) for row in value)
        return None if None in rows else rows

    def _number(self, value: Any) -> float | int | None:
        """The value as a plain int or float, or None where it is not one in range."""
        if not _is_real(value) or not self.lo <= value <= self.hi or abs(value) == math.inf:
            return None
        if self.open and value == self.lo:
            return None
        if self.kind in ("float", "numbers", "table"):
            return float(value)
        return int(value) if value == int(value) else None

    def allowed(self) -> str:
        """The allowed values in words: 'a whole number from 1 to 50'."""
        if self.kind == "choice":
            return "one of " + ", ".join(self.choices)
        noun = {"float": "a number", "int": "a whole number"} | {
            "sizes": f"up to {MANY['sizes']} whole numbers",
            "numbers": f"up to {MANY['numbers']} numbers",
            "table": f"rows of one length with up to {MANY['table']:,} numbers in all",
        }
        if math.isinf(self.hi):
            bound = f"{'above' if self.open else 'of at least'} {_plain(self.lo)}"
        elif self.open:
            bound = f"above {_plain(self.lo)} and at most {_plain(self.hi)}"
        else:
            bound = f"from {_plain(self.lo)} to {_plain(self.hi)}"
        each = ", each" if self.kind in MANY else ""
        other = f", or None ({self.none})" if self.none else ""
        return f"{noun[self.kind]}{each} {bound}{other}"


def knob(
    default: Any, lo: float = -math.inf, hi: float = math.inf, *, kind: str = "", **about: Any
) -> Any:
    """Declare a knob as a dataclass field; its name is the field's.

    The kind follows from the default: an int makes a whole-number knob, a tuple one of sizes,
    a string with `choices=` a choice, all else a number. The other keywords are `Knob`'s.
    """
    if not kind:
        by_type = {bool: "int", int: "int", tuple: "sizes", str: "choice"}
        kind = by_type.get(type(default), "float")
    made = Knob("", default, lo, hi, kind=kind, **about)
    if made.level not in LEVELS:
        raise one_of("level", made.level, LEVELS)
    return field(default=default, metadata={"knob": made})


def shared(owner: type, name: str) -> Any:
    """The same knob in a second dataclass: one name, one meaning (α of two partitions)."""
    made = knobs_of(owner)[name]
    return field(default=made.default, metadata={"knob": made})


def knobs_of(stage: Any) -> dict[str, Knob]:
    """The knobs of a dataclass (or an instance), by name, in the order of declaration."""
    return dict(_declared(stage if isinstance(stage, type) else type(stage)))


@functools.lru_cache(maxsize=256)  # every experiment that is made asks for the same few
def _declared(owner: type) -> dict[str, Knob]:
    return {
        f.name: dataclasses.replace(f.metadata["knob"], name=f.name)
        for f in dataclasses.fields(owner)
        if "knob" in f.metadata
    }


class Checked:
    """Base of the dataclasses that knobs belong to: an instance holds only allowed values."""

    def __post_init__(self) -> None:
        for name, one in knobs_of(self).items():
            object.__setattr__(self, name, one.check(getattr(self, name)))


class Entry(Checked):
    """What can be chosen in a slot, and what a person reads about it before choosing.

    Each is a class's own and not inherited: what is derived from FedProx is not FedProx.
    `registry.about` has what stands in their place where there is none.
    """

    title: ClassVar[str] = ""  # its proper name, as papers print it
    about: ClassVar[str] = ""  # one sentence for a newcomer: what it does, and one consequence
    source: ClassVar[str] = ""  # "Authors Year, venue", or where it comes from


class Refused(ValueError):
    """Choices that are fine on their own and do not go together, and what would repair it.

    repairs: ways out, the first the nearest; each is a change to make along with what was refused

    >>> Refused("model='softmax': has one layer", {"model": "mlp"}).repair
    {'model': 'mlp'}
    """

    def __init__(self, reason: str, *repairs: dict[str, Any]) -> None:
        super().__init__(reason)
        self.repairs = repairs

    @property
    def repair(self) -> dict[str, Any]:
        """The first way out; empty where none is known."""
        return dict(self.repairs[0]) if self.repairs else {}


def one_of(name: str, value: Any, allowed: Any) -> ValueError:
    """The error for a name that is not among the allowed ones."""
    return ValueError(f"{name}={short(value)}: must be one of {', '.join(allowed)}")


def _is_real(value: Any) -> bool:
    return isinstance(value, numbers.Real) and not isinstance(value, bool)


def short(value: Any) -> str:
    """At most 60 characters of a value, as Python writes it, on one line."""
    text = " ".join(line.strip() for line in repr(value).splitlines())
    return text if len(text) <= 60 else text[:57] + "..."


def _plain(number: float) -> str:
    return f"{number:g}" if abs(number) < 1e6 else f"{number:,.0f}"
