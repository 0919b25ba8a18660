"""Compare: several methods on the same federation, over several seeds, and a table beside them.

A line is the mean of a method's seeds, its band goes from the lowest to the highest. The rows of
the table are the names of the lines. Whatever belongs to another experiment is grey.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import ClassVar

import numpy as np

from fedplay.data import Federation
from fedplay.drawing.figure import Canvas
from fedplay.drawing.geometry import Box
from fedplay.drawing.style import Look
from fedplay.experiment import Experiment
from fedplay.views.base import Row, View
from fedplay.views.compare.curves import ComparisonCurves
from fedplay.views.compare.shown import ComparisonShown, comparison_of
from fedplay.views.compare.state import NAME, ComparisonState
from fedplay.views.compare.table import ComparisonTable
from fedplay.views.compare.words import lines, spoken, told
from fedplay.views.scene import Hit, Intent, Scene
from fedplay.views.state import State

LEFT, TOP, BOTTOM = 46, 24, 40  # css pixels around the axes
LEADS = 26  # css pixels from the axes to the table


class Compare(View):
    """Several methods with the same seeds."""

    name: ClassVar[str] = NAME
    title: ClassVar[str] = "Compare"
    topic: ClassVar[str] = "Many runs"
    needs: ClassVar[tuple[str, ...]] = ("accuracy", "a test set")
    help: ClassVar[str] = "Several methods on the same federation, over several seeds."
    part: ClassVar[float] = 0.5
    State: ClassVar[type[State]] = ComparisonState

    def __init__(self, canvas: Canvas, box: Box, look: Look) -> None:
        super().__init__(canvas, box, look)
        tall = max(box.height - TOP - BOTTOM, 40)
        table = ComparisonTable.width(box.width)
        wide = max(box.width - LEFT - LEADS - table, 60)
        page = self.axes(0, 0, box.width, box.height)
        chart = self.axes(LEFT, TOP, wide, tall)
        chart.patch.set_visible(False)  # or a file would hide what lies below it on the page
        self.curves = ComparisonCurves(canvas, chart, look)
        place = Box(LEFT + wide + LEADS, TOP, table, box.height - TOP - 4)
        self.table = ComparisonTable(canvas, page, box, place, look)
        self.compared: ComparisonShown | None = None
        self.shown: ComparisonShown | None = None

    @staticmethod
    def example(exp: Experiment, federation: Federation) -> Sequence[Intent]:
        return (Intent("compare", (["FedAvg", "FedProx"], 3)),)

    def show(self, scene: Scene) -> None:
        """Draw every method as far as it is known."""
        self.compared = compared = comparison_of(scene)
        if compared is self.shown and compared is not None:
            return
        self.shown = compared
        if self.curves.settle(compared):
            self.canvas.stale()
        self.curves.show(compared)
        means = self.curves.means
        whole = {n: end for n, end in self.curves.ends.items() if np.isfinite(means[n][-1])}
        ends = {name: self._place(*end) for name, end in whole.items()}
        self.table.show(compared, ends)
        self.canvas.touch()

    def _place(self, number: float, accuracy: float) -> tuple[float, float]:
        """A point of the chart in css pixels of the box."""
        x, y = self.curves.axes.transData.transform((number, accuracy)) / self.canvas.ratio
        return float(x - self.box.left), float(self.canvas.height - y - self.box.top)

    def at(self, x: float, y: float) -> Hit | None:
        """A method by its row or its curve, or the target."""
        compared = self.compared
        if compared is None:
            return None
        name = self.table.at(x - self.box.left, y - self.box.top)
        if name is None:
            inside = self.curves.pixel(x, y)
            if self.curves.on_target(*inside):
                words = f"target {compared.comparison.target:.2f}"
                return Hit((words, "drag it"), "ns-resize", drag=self._aim, held="ns-resize")
            name = self.curves.at(*inside)
        if name is None:
            return None
        cursor = "default" if compared.why(name) else "pointer"
        click = Intent("take_method", (compared.names.index(name),))
        return Hit(lines(compared, name), cursor, mark=name, click=click)

    def _aim(self, x: float, y: float) -> Intent:
        """The target at the accuracy of a css height of the picture, within the axis."""
        return Intent("target", (self.curves.accuracy_at(self.curves.pixel(0, y)[1]),))

    @staticmethod
    def sentence(scene: Scene) -> str:
        """Which differences between the methods the seeds support."""
        return told(comparison_of(scene))

    @staticmethod
    def spoken(scene: Scene) -> str:
        """The table, as far as it is known."""
        compared = comparison_of(scene)
        return "" if compared is None else spoken(compared)

    @staticmethod
    def controls(act: Callable[..., None]) -> Row:
        from fedplay.views.compare.controls import ComparisonRow

        return ComparisonRow(act)

    @staticmethod
    def key_colours(look: Look) -> tuple[str, ...]:
        return look.methods
