"""Rectangles and positions of a picture, in css pixels."""

from __future__ import annotations

from typing import Any, NamedTuple

from numpy.typing import NDArray

Array = NDArray[Any]


class Box(NamedTuple):
    """A rectangle of the picture, css pixels from its top left."""

    left: float
    top: float
    width: float
    height: float

    def holds(self, x: float, y: float) -> bool:
        """Whether a css position is inside."""
        return self.left <= x <= self.left + self.width and self.top <= y <= self.top + self.height


class Tip(NamedTuple):
    """Lines of plain text beside the pointer, the first one bold; css pixels of the picture."""

    x: float
    y: float
    lines: tuple[str, ...]
