"""Names and order of labels and client ids that are read from columns.

A label is its name: the number 1, the float 1.0, the text "1" and the bytes b"1" are one label, in
whatever container they come, so there are never two classes of one name. Spaces around a name are
no part of it, nor is the way in which Unicode writes its accents; upper and lower case is, because
"a" and "A" are two letters to a handwriting data set.

>>> encoded(label_names("y", [2, 10.0, "1", b"2"], 4))
(('1', '2', '10'), array([1, 2, 0, 1]))
"""

from __future__ import annotations

import datetime
import math
import numbers
import re
import unicodedata
from collections.abc import Iterable, Sequence
from decimal import Decimal
from typing import Any

import numpy as np

from fedplay.data.base import Ints
from fedplay.knobs import short

BEYOND = 10**200  # such a number is no name
# How people write down that a value is missing; a text that says so is no name.
MISSING = frozenset(
    (
        *("", "NA", "na", "N/A", "n/a", "N.A.", "n.a.", "<NA>", "#NA", "#N/A", "#N/A N/A", "NaT"),
        *("NaN", "nan", "NAN", "-NaN", "-nan", "NULL", "Null", "null", "None", "-", "--", "?", "."),
    )
)

_WHOLE = re.compile(r"-?(?:0|[1-9][0-9]*)(?:\.0*)?", flags=re.ASCII)
_NUMBER = re.compile(r"-?[0-9]+(?:\.[0-9]+)?(?:e[+-]?[0-9]{1,3})?", flags=re.ASCII)
_NO_NAMES = (
    *(list, tuple, dict, set, frozenset, np.ndarray, np.void),
    *(numbers.Complex, np.timedelta64, datetime.timedelta),
)
_UNITS = {"Y": "D", "M": "D", "W": "D", "h": "s", "m": "s"}  # numpy's, as Python writes a date


def label_names(name: str, values: Any, n: int, among: Iterable[str] = ()) -> list[str]:
    """The n names in a column of labels or ids: a list, an array, a Series, ...

    among: other names that are known beside these. Raises ValueError, naming the row, for another
    number of them, for missing ones (None, NaN, NA, NaT, a mask, or a text that says so), and for
    what has no name of its own.
    """
    known: dict[Any, str] = {}
    names = []
    for row, value in enumerate(cells(name, values, n)):
        key = (type(value), value)
        try:
            found = known.get(key)
        except TypeError:  # it cannot be looked up: seldom a name, and never one that comes often
            names.append(_named(f"{name}: row {row}", value))
            continue
        if found is None:
            found = known[key] = _named(f"{name}: row {row}", value)
        names.append(found)
    gone = missing_among({*names, *among})
    if not gone.isdisjoint(names):
        row = next(row for row, text in enumerate(names) if text in gone)
        raise ValueError(f"{name}: row {row} is missing{says_so(names[row])}")
    return names


def missing_among(names: set[str]) -> set[str]:
    """Those of the names that say that there is none; "-" is one where "+" is."""
    return {text for text in names & MISSING if text != "-" or "+" not in names}


def check_kinds(name: str, names: Iterable[str]) -> None:
    """ValueError for infinity, and for truth values beside the numbers 0 and 1."""
    found = set(names)
    truth, number = {"True", "False"} & found, {"1", "0"} & found
    for infinite in {"inf", "-inf"} & found:
        raise ValueError(f"{name}: has {infinite}, which names nothing")
    if truth and number:
        raise ValueError(
            f"{name}: has {max(truth)} beside {max(number)}, which may be meant to be the same; "
            "use truth values or numbers for all"
        )


def says_so(text: str) -> str:
    """The end of an error message, where a text reads as a missing value."""
    return f": {text!r} stands for no value, so call it otherwise if it is a name" if text else ""


def clean(text: str) -> str:
    """A name as it is kept: without spaces around it, whole numbers without a fraction of zero."""
    text = text.strip()
    if _WHOLE.fullmatch(text):
        text = text.split(".")[0]
        return "0" if text == "-0" else text
    return text if text.isascii() else unicodedata.normalize("NFC", text)


def encoded(names: Sequence[str]) -> tuple[tuple[str, ...], Ints]:
    """(the different names in their order, the number of each one's (n,)).

    Numbers come first, by their value; then words, by their characters ("client 10" is before
    "client 2").
    """
    different = sorted(set(names), key=_place)
    number = {name: code for code, name in enumerate(different)}
    return tuple(different), np.array([number[name] for name in names], dtype=np.int64)


def _place(name: str) -> tuple[bool, Decimal, str]:
    return (False, Decimal(name), name) if _NUMBER.fullmatch(name) else (True, Decimal(0), name)


def cells(name: str, values: Any, n: int) -> list[Any]:
    """n values, as the container holds them: nothing is converted to what another one is."""
    if isinstance(values, np.ma.MaskedArray) and np.ma.getmaskarray(values).any():
        row = int(np.argwhere(np.ma.getmaskarray(values))[0][0])
        raise ValueError(f"{name}: row {row} is missing: it is masked")
    if isinstance(values, list | tuple):
        cells, shape = list(values), (len(values),)
    else:
        kept = isinstance(values, np.ndarray) and values.dtype.kind != "O"
        array = np.asarray(values, dtype=None if kept else object)
        cells, shape = list(array) if array.ndim else [], array.shape
    if shape != (n,):
        raise ValueError(f"{name}: must have {n} entries, one an example, not {shape}")
    return cells


def _named(place: str, value: Any) -> str:
    """The name of one value; it may be one of `MISSING`."""
    if _is_missing(value):
        raise ValueError(f"{place} is missing")
    if hasattr(value, "__array__") and not isinstance(value, np.generic):
        value = one[()] if (one := np.asarray(value)).ndim == 0 else one
    if isinstance(value, str):
        return clean(str(value))
    if isinstance(value, bytes | bytearray):
        try:
            return clean(value.decode())
        except UnicodeDecodeError:
            raise ValueError(f"{place} is {short(value)}, which is no text in UTF-8") from None
    if isinstance(value, bool | np.bool_):
        return str(bool(value))
    if isinstance(value, numbers.Real | Decimal) and not isinstance(value, np.timedelta64):
        return _of_number(place, value)
    if isinstance(value, np.datetime64 | datetime.date):
        return _of_date(value)
    kind: Any = type(value)
    nameless = kind.__str__ is object.__str__ and kind.__repr__ is object.__repr__
    if nameless or isinstance(value, _NO_NAMES):
        raise ValueError(f"{place} is {short(value)}: must be a word, a number or a date")
    return clean(str(value))


def _of_number(place: str, value: Any) -> str:
    whole = isinstance(value, numbers.Integral)
    if not whole and not math.isfinite(value):
        return str(float(value))  # which `check_kinds` refuses
    large = isinstance(value, Decimal) and value.adjusted() > 200
    if large or abs(int(value)) >= BEYOND:
        raise ValueError(f"{place} is a number of more than 200 digits, which is no name")
    if whole or value == int(value):
        return str(int(value))
    # A float of numpy in its own precision, so that 0.1 is 0.1 in each.
    return str(value if isinstance(value, np.floating) else float(value))


def _of_date(value: Any) -> str:
    """A date as 2020-02-29, with a time of day only where it has one."""
    if isinstance(value, np.datetime64):
        unit = np.datetime_data(value.dtype)[0]
        text = str(value.astype(f"M8[{_UNITS.get(unit, unit)}]"))
    else:
        text = value.isoformat()
    if "." in text:
        text = text.rstrip("0").rstrip(".")
    return text.removesuffix("T00:00:00").replace("T", " ")


def _is_missing(value: Any) -> bool:
    """Whether it is None, NaN, masked, or one of pandas' NA and NaT (which compare to no bool)."""
    if value is None or isinstance(value, np.ma.core.MaskedConstant):
        return True
    if type(value).__name__ in ("NAType", "NaTType"):
        return True
    if isinstance(value, np.datetime64 | np.timedelta64):
        return bool(np.isnat(value))
    if isinstance(value, Decimal):
        return value.is_nan()
    return isinstance(value, numbers.Number) and bool(value != value)
