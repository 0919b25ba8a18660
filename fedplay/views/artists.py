"""Artists as the views make them: on their axes from the start, so that files have them too."""

from __future__ import annotations

from typing import Any

from matplotlib.axes import Axes
from matplotlib.lines import Line2D
from matplotlib.text import Text

from fedplay.views.stamp import Stamp
from fedplay.views.style import SMALL


def line(axes: Axes, colour: str, width: float, zorder: float, **style: Any) -> Line2D:
    """A line, or its marks alone (width 0), that has no points yet."""
    made = Line2D([], [], color=colour, lw=width, zorder=zorder, **style)
    axes.add_line(made)
    return made


def stamp(axes: Axes, colour: str, right: float = 0) -> Stamp:
    """A small word to be set `right` css pixels from a point; it is not visible yet."""
    made = Stamp(axes, "", colour, SMALL, "normal")
    made.right, made.zorder = right, 8
    axes.add_artist(made)
    return made


class Caption(Text):
    """Words at a place of the axes, (0, 0) to (1, 1), that may come from data: no mathematics."""

    def __init__(
        self,
        axes: Axes,
        place: tuple[float, float],
        words: str,
        colour: str,
        size: float,
        **style: Any,
    ) -> None:
        style |= {"fontsize": size, "parse_math": False, "clip_on": False}
        super().__init__(*place, words, color=colour, transform=axes.transAxes, **style)
        axes.add_artist(self)
