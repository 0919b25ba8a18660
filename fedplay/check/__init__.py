"""`check_algorithm`: the contract of an algorithm, point by point, on an algorithm of your own."""

from __future__ import annotations

from typing import Any

from fedplay.check.asking import asked
from fedplay.check.bench import Bench, blame
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
    with calm():
        return Report(bench.name, asked(POINTS, bench, blame))
