"""What a check found: a table that prints itself, as text and in a notebook."""

from __future__ import annotations

import textwrap
from dataclasses import dataclass

from fedplay.knobs import one_of
from fedplay.untrusted import escape

WORDS = {True: "held", False: "BROKEN", None: "not asked"}
MARKS = {True: "✓", False: "✗", None: "–"}
WIDTH = 100  # of the text
LEFT = "text-align: left; vertical-align: top"
NAME = f"{LEFT}; white-space: nowrap"


@dataclass(frozen=True)
class Point:
    """One point: whether it held (None: it could not be asked), and what was seen."""

    name: str
    held: bool | None
    found: str


@dataclass(frozen=True, repr=False)
class Report:
    """Every point of the contract, in the order in which they were asked.

    >>> report = Report("Mine", (Point("inputs", False, "message changed own['g']."),))
    >>> report.ok
    False
    >>> report
    Mine: 1 of 1 points broken
      ✗ BROKEN     inputs         message changed own['g'].
    """

    name: str
    points: tuple[Point, ...]

    @property
    def ok(self) -> bool:
        """Whether nothing is broken."""
        return not self.broken

    @property
    def broken(self) -> tuple[Point, ...]:
        """The points that do not hold."""
        return tuple(point for point in self.points if point.held is False)

    def __getitem__(self, name: str) -> Point:
        """A point by its name."""
        named = {point.name: point for point in self.points}
        if name not in named:
            raise one_of("point", name, named)
        return named[name]

    @property
    def heading(self) -> str:
        """One line that says how it went."""
        asked = [point for point in self.points if point.held is not None]
        if self.broken:
            return f"{self.name}: {len(self.broken)} of {len(asked)} points broken"
        return f"{self.name}: all {len(asked)} points held"

    def __repr__(self) -> str:
        lines = [self.heading]
        for point in self.points:
            start = f"  {MARKS[point.held]} {WORDS[point.held]:<11}{point.name:<15}"
            lines += textwrap.wrap(
                point.found, WIDTH, initial_indent=start, subsequent_indent=" " * len(start)
            )
        return "\n".join(lines)

    def _repr_html_(self) -> str:
        rows = "".join(
            f"<tr><td style='{NAME}'>{MARKS[p.held]} "
            f"{'<b>broken</b>' if p.held is False else WORDS[p.held]}</td>"
            f"<th scope='row' style='{NAME}'>{escape(p.name)}</th>"
            f"<td style='{LEFT}'>{escape(p.found)}</td></tr>"
            for p in self.points
        )
        head = "".join(
            f"<th scope='col' style='{LEFT}'>{word}</th>" for word in ("Held?", "Point", "Found")
        )
        return (
            f"<table><caption style='{LEFT}; font-weight: bold'>{escape(self.heading)}</caption>"
            f"<thead><tr>{head}</tr></thead><tbody>{rows}</tbody></table>"
        )
