"""`check_algorithm`: the contract of an algorithm, point by point, on one that somebody wrote."""

from __future__ import annotations

from typing import Any

from fedplay.check.bench import Bench, Broken, Skipped, blame
from fedplay.check.points import POINTS
from fedplay.check.report import Point, Report
from fedplay.knobs import short
from fedplay.registry import lookup
from fedplay.scopes import calm
from fedplay.stages.base import Algorithm

__all__ = ["Point", "Report", "check_algorithm"]


def check_algorithm(algorithm: Any) -> Report:
    """Whether an algorithm keeps the contract: a report that prints as a table, a row a point.

    algorithm: the class as it was written, an instance with its knobs set, or a registered name.
    It is run on six small clients; whatever it raises is caught and told. ValueError for what is
    none of the three.

    >>> report = check_algorithm("fedprox")
    >>> report.ok
    True
    >>> print(report["knobs"].found)
    1 knob with bounds, label and help: mu.
    """
    if isinstance(algorithm, str):
        algorithm = lookup("algorithm", algorithm)
    if not isinstance(algorithm, (type, Algorithm)):
        raise ValueError(
            f"algorithm={short(algorithm)}: must be a class, an instance of one, "
            "or the name of a registered algorithm"
        )
    bench = Bench(algorithm)
    points: list[Point] = []
    missing = ""  # the point without which the rest cannot be asked
    with calm():
        for name, (ask, needed) in POINTS.items():
            if missing:
                points.append(Point(name, None, f"Cannot be told before “{missing}” holds."))
                continue
            points.append(_asked(name, ask, bench))
            if needed and points[-1].held is False:
                missing = name
    return Report(bench.name, tuple(points))


def _asked(name: str, ask: Any, bench: Bench) -> Point:
    try:
        return Point(name, True, ask(bench))
    except Skipped as reason:
        return Point(name, None, str(reason))
    except Broken as found:
        return Point(name, False, str(found))
    except Exception as error:  # somebody's own code, which may raise anything
        return Point(name, False, blame(error))
