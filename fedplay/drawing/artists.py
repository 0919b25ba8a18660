"""Artists as the views make them: on their axes from the start, so that files have them too."""

from __future__ import annotations

from typing import Any

from matplotlib.axes import Axes
from matplotlib.lines import Line2D
from matplotlib.text import Text
from matplotlib.ticker import MaxNLocator

from fedplay.drawing.cached_text import Stamp
from fedplay.drawing.style import SMALL, TEXT, Look


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


def put(line: Line2D, x: Any, y: Any) -> None:
    """Draw a line through these points, or none."""
    line.set_visible(len(x) > 0)
    line.set_data(x, y)


def dress(axes: Axes, look: Look) -> None:
    """Everything on the axes that stays."""
    axes.set_facecolor(look.paper)
    axes.set_ylim(0, 1)
    axes.set_yticks([0, 0.2, 0.4, 0.6, 0.8, 1])
    axes.grid(True, color=look.faint, lw=1)
    axes.set_axisbelow(True)
    axes.tick_params(colors=look.muted, labelsize=SMALL, length=0, pad=6)
    for spine in axes.spines.values():
        spine.set_visible(False)
    axes.spines["bottom"].set(visible=True, color=look.stale)
    axes.set_ylabel("accuracy", color=look.muted, fontsize=TEXT)
    axes.set_xlabel("", color=look.muted, fontsize=TEXT)
    axes.xaxis.set_major_locator(MaxNLocator(8, steps=[1, 2, 5, 10]))
