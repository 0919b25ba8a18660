"""A sweep: every value of one knob is run, and all global models are fanned out in one chart.

Left the global models as they learn, right where each ended, with the best and the worst client.
A value takes its place on the right when its run is complete: half a run has no end.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, ClassVar

import numpy as np

from fedplay.data import Federation
from fedplay.drawing.artists import dress
from fedplay.drawing.figure import Canvas
from fedplay.drawing.geometry import Box
from fedplay.drawing.style import Look
from fedplay.experiment import Experiment
from fedplay.views.base import Row, View
from fedplay.views.scene import Hit, Intent, Scene
from fedplay.views.state import State
from fedplay.views.sweep.curves import NAMES, FanCurves
from fedplay.views.sweep.ends import FanEnds, floor_of
from fedplay.views.sweep.shown import NOTHING, Fan, fan_of, on_axis
from fedplay.views.sweep.state import NAME, SweepState
from fedplay.views.sweep.words import lines, told

LEFT, TOP, BOTTOM, RIGHT = 46, 28, 54, 12  # css pixels around the axes
GAP = 44  # css pixels between the names of the one chart and the other chart
PART = 0.6  # of the width, for the curves and their names


class Sweep(View):
    """All values of one knob, fanned out."""

    name: ClassVar[str] = NAME
    title: ClassVar[str] = "Sweep"
    topic: ClassVar[str] = "Many runs"
    help: ClassVar[str] = "One run for every value of a knob, with everything else unchanged."
    summoned: ClassVar[bool] = True
    knob: ClassVar[str] = "sweep"
    State: ClassVar[type[State]] = SweepState

    def __init__(self, canvas: Canvas, box: Box, look: Look) -> None:
        super().__init__(canvas, box, look)
        wide, tall = round(PART * box.width), max(box.height - TOP - BOTTOM, 40)
        left = self.axes(LEFT, TOP, wide - LEFT - NAMES, tall)
        right = self.axes(wide + GAP, TOP, max(box.width - wide - GAP - RIGHT, 60), tall)
        for axes in (left, right):
            dress(axes, look)
            axes.set_ylabel("")
        self.curves = FanCurves(canvas, left, look)
        self.ends = FanEnds(canvas, right, look)
        self.fan: Fan = NOTHING
        self.shown: Any = None  # what the static layer shows

    @staticmethod
    def example(exp: Experiment, federation: Federation) -> Sequence[Intent]:
        return (Intent("sweep", ("local_epochs",)),)

    def show(self, scene: Scene) -> None:
        """Draw every value as far as it is known; grey where it belongs to another experiment."""
        self.fan = fan_of(scene)
        fan = on_axis(self.fan)
        floor, n = floor_of(fan), len(fan.values)
        shown = (fan.values, fan.label, fan.current, fan.longest, floor, fan.top)
        if shown != self.shown:
            self.shown = shown
            self.curves.settle(fan)
            self.ends.settle(fan, floor)
            self.canvas.stale()
        scale = _scale(self.look, n) if scene.fresh else [self.look.stale] * n
        colours = [self.look.accent if i == fan.current else c for i, c in enumerate(scale)]
        self.curves.show(fan, colours)
        self.ends.show(fan, colours)

    def at(self, x: float, y: float) -> Hit | None:
        """The value whose column, curve or name is there."""
        i = self.ends.at(x, y)
        if i is None:
            i = self.curves.at(x, y)
        if i is None:
            return None
        return Hit(lines(self.fan, i), mark=i, click=Intent("take", (i,)))

    @staticmethod
    def sentence(scene: Scene) -> str:
        """What the knob is, and what its values come to."""
        return told(fan_of(scene))

    @staticmethod
    def controls(act: Callable[..., None]) -> Row:
        from fedplay.views.sweep.controls import SweepRow

        return SweepRow(act)


def _scale(look: Look, n: int) -> list[str]:
    """n colours along one scale, without the end that is too near to the paper."""
    scale = look.classes(100)
    low, high = (30, 99) if look.dark else (0, 78)
    return [scale[round(k)] for k in np.linspace(low, high, max(n, 2))[:n]]
