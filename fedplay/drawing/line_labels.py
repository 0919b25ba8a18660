"""Names beside the ends of curves, without overlap; the most important ones where room is short."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from matplotlib.axes import Axes

from fedplay.drawing.cached_text import Stamp
from fedplay.drawing.figure import Canvas
from fedplay.drawing.geometry import Array
from fedplay.drawing.lines import last
from fedplay.drawing.style import TEXT

GAP = 16  # css pixels from one name to the next
WIDE = 130  # css pixels: names that begin so far from each other do not touch
LOW = 5  # css pixels above the axis, so that no number below it is covered
AWAY = 11  # css pixels from the end of a curve to its name


class Tag(NamedTuple):
    """What to call a curve that ends at (x, y) of the axes."""

    words: str
    colour: str
    x: float
    y: float
    bold: bool = False


class Named(NamedTuple):
    """A curve that has a name: x and y (n,) after the rounds `numbers` (n,)."""

    words: str
    colour: str
    numbers: Array
    x: Array
    y: Array
    bold: bool = False

    @property
    def tag(self) -> Tag:
        """The name at its end."""
        return Tag(self.words, self.colour, *last(self.x, self.y), self.bold)


class Ends:
    """The names on `axes` whose heights go from 0 up."""

    def __init__(self, canvas: Canvas, axes: Axes, paper: str) -> None:
        self.canvas, self.axes, self.paper = canvas, axes, paper
        self.stamps: list[Stamp] = []

    def show(self, tags: Sequence[Tag]) -> None:
        """Draw these names and no others, the most important first."""
        box, ratio, (low, high) = self.axes.bbox, self.canvas.ratio, self.axes.get_xlim()
        tall, top = box.height / ratio, self.axes.get_ylim()[1]
        there = [tag for tag in tags if np.isfinite(tag.y)]
        placed: list[tuple[Tag, float]] = []
        for group in beside(there, WIDE * (high - low) / (box.width / ratio)):
            kept = group[: int(tall // GAP) + 1]
            heights = apart([tag.y / top for tag in kept], GAP / tall, LOW / tall, 1.0)
            placed += zip(kept, [height * top for height in heights], strict=True)
        while len(self.stamps) < len(placed):
            self._add()
        for stamp in self.stamps[len(placed) :]:
            stamp.set_visible(False)
        for stamp, (tag, y) in zip(self.stamps, placed, strict=False):
            stamp.set_visible(True)
            stamp.words, stamp.colour, stamp.place = tag.words, tag.colour, (tag.x, y)
            stamp.weight = "bold" if tag.bold else "normal"

    def _add(self) -> None:
        stamp = Stamp(self.axes, "", "", TEXT, "normal")
        stamp.right, stamp.zorder, stamp.ground = AWAY, 12, self.paper
        self.axes.add_artist(stamp)  # so that it is in files of the picture too
        self.stamps.append(stamp)
        self.canvas.moving([stamp])

    @property
    def shown(self) -> dict[str, Stamp]:
        """The names that are drawn."""
        return {stamp.words: stamp for stamp in self.stamps if stamp.get_visible()}


def beside(tags: Sequence[Tag], wide: float) -> list[list[Tag]]:
    """The names in groups that could touch: each begins within `wide` of another of its group."""
    groups: list[list[Tag]] = []
    reach = -np.inf
    for tag in sorted(tags, key=lambda tag: tag.x):
        if tag.x - reach > wide or not groups:
            groups.append([])
        groups[-1].append(tag)
        reach = tag.x
    order = {id(tag): place for place, tag in enumerate(tags)}
    return [sorted(group, key=lambda tag: order[id(tag)]) for group in groups]


def apart(wanted: list[float], gap: float, low: float, high: float) -> list[float]:
    """Heights near the wanted ones, at least `gap` apart and as far as possible within bounds.

    >>> apart([0.50, 0.51], 0.1, 0.0, 1.0)
    [0.455, 0.555]
    """
    order = sorted(range(len(wanted)), key=lambda i: wanted[i])
    groups: list[tuple[float, list[int]]] = []  # (centre, members in order)
    for i in order:
        groups.append((min(max(wanted[i], low), high), [i]))
        while len(groups) > 1:
            (a, left), (b, right) = groups[-2:]
            if b - a >= gap * (len(left) + len(right)) / 2 - 1e-12:
                break
            joined = left + right
            centre = (a * len(left) + b * len(right)) / len(joined)
            half = gap * (len(joined) - 1) / 2
            centre = max(min(centre, high - half), low + half)
            groups[-2:] = [(centre, joined)]
    out = [0.0] * len(wanted)
    for centre, members in groups:
        first = centre - gap * (len(members) - 1) / 2
        for place, i in enumerate(members):
            out[i] = round(first + gap * place, 9)
    return out
