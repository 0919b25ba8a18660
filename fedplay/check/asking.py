"""Running a contract's points one by one, and reporting each error with its line."""

from __future__ import annotations

import linecache
import traceback
from collections.abc import Callable, Mapping
from types import FrameType
from typing import TypeVar

from fedplay.check.report import Point

T = TypeVar("T")
# By name and in order: what is asked, and whether the rest makes no sense without it.
Points = Mapping[str, tuple[Callable[[T], str], bool]]


class Broken(Exception):
    """Raised by a point of a contract that is broken, with a sentence that says how."""


class Skipped(Exception):
    """Raised by a point of a contract that does not apply, with the reason."""


def asked(points: Points[T], bench: T, blame: Callable[[Exception], str]) -> tuple[Point, ...]:
    """Every point with what was found; `blame` describes an error in the checked code."""
    found: list[Point] = []
    missing = ""  # the point without which the rest cannot be asked
    for name, (ask, needed) in points.items():
        if missing:
            found.append(Point(name, None, f"Cannot be told before “{missing}” holds."))
            continue
        found.append(_asked(name, ask, bench, blame))
        if needed and found[-1].held is False:
            missing = name
    return tuple(found)


def _asked(
    name: str, ask: Callable[[T], str], bench: T, blame: Callable[[Exception], str]
) -> Point:
    try:
        return Point(name, True, ask(bench))
    except Skipped as reason:
        return Point(name, None, str(reason))
    except Broken as found:
        return Point(name, False, str(found))
    except Exception as error:  # somebody's own code, which may raise anything
        return Point(name, False, blame(error))


def raised(error: Exception, called: str, own: Callable[[FrameType], bool]) -> str:
    """Which function raised what, and in which line of its author's file.

    called: what to call it where none of the frames is one of its author's own
    """
    frames = list(traceback.walk_tb(error.__traceback__))
    theirs = [frame for frame, _ in frames if own(frame)]
    name = theirs[-1].f_code.co_name if theirs else called
    said = " ".join(str(error).split())[:200]
    sentence = f"{name or 'A run'} raised {type(error).__name__}" + (f": {said}" if said else "")
    if theirs:
        file = theirs[-1].f_code.co_filename
        line = [line for frame, line in frames if frame.f_code.co_filename == file][-1]
        text = linecache.getline(file, line).strip()
        sentence += f" (line {line}" + (f": {text[:80]})" if text else ")")
    return sentence if sentence.endswith((".", ")")) else sentence + "."
