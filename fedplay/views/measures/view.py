"""A small chart for each number that stages and a user's own measures report of every round."""

from __future__ import annotations

from typing import Any, ClassVar

import numpy as np
from matplotlib.axes import Axes

from fedplay.data import Federation
from fedplay.drawing.artists import Caption, dress, line, put
from fedplay.drawing.figure import Canvas
from fedplay.drawing.geometry import Array, Box
from fedplay.drawing.scale import tick, ticks
from fedplay.drawing.style import TEXT, Look
from fedplay.engine.measures import OWN, measure_of
from fedplay.engine.round import tells, told_columns, told_names
from fedplay.experiment import Experiment
from fedplay.slots import TABLE
from fedplay.views.base import View
from fedplay.views.measures.words import lines, said
from fedplay.views.scene import Hit, Scene, to_round
from fedplay.words import short

MOST = 4  # charts beside each other; what is told beyond them is in the cards and the CSV
LEFT, TOP, BOTTOM, RIGHT = 58, 34, 42, 14  # css pixels around each chart


class Measures(View):
    """A chart for each number that is told."""

    name: ClassVar[str] = "measures"
    title: ClassVar[str] = "Measures"
    topic: ClassVar[str] = "Price"
    level: ClassVar[str] = "expert"
    help: ClassVar[str] = "Numbers that stages and your own measures report for every round."

    def __init__(self, canvas: Canvas, box: Box, look: Look) -> None:
        super().__init__(canvas, box, look)
        self.scene: Scene | None = None
        self.names: list[str] = []  # of what is shown, a chart each
        self.charts: list[Axes] = []
        self._shown: Any = None  # what the static layer shows
        made = [self._made(place) for place in range(MOST)]
        self.curves = [line(axes, look.ink, 2.2, 4) for axes in self.charts]
        self.cursors = [line(axes, look.muted, 1.0, 2.8) for axes in self.charts]
        dot: dict[str, Any] = {"marker": "o", "ms": 7, "clip_on": False}
        self.dots = [line(axes, look.ink, 0, 6, **dot) for axes in self.charts]
        self.titles = made
        canvas.moving([*self.cursors, *self.curves, *self.dots])

    def _made(self, place: int) -> Caption:
        axes = self.axes(LEFT, TOP, 60, 40)
        dress(axes, self.look)
        axes.set_ylabel("")
        axes.set_xlabel("round", labelpad=3)
        self.charts.append(axes)
        return Caption(axes, (0, 1), "", self.look.ink, TEXT, va="bottom")

    @staticmethod
    def suits(exp: Experiment, federation: Federation) -> bool:
        """Where a stage tells something, or there is a user's own measure."""
        return bool(OWN) or any(
            tells(stage) for slot in TABLE for stage in exp.stages(slot) if hasattr(stage, "tell")
        )

    @staticmethod
    def sentence(scene: Scene) -> str:
        if scene.veiled:
            return "What is told of the rounds is shown after your guess."
        return said(scene, told_names(scene.rounds))

    def show(self, scene: Scene) -> None:
        told = {} if scene.veiled else told_columns(scene.rounds)
        self.scene, self.names = scene, list(told)[:MOST]
        series = [told[name] for name in self.names]
        ends = [_ends(values) for values in series]
        shown = (tuple(self.names), scene.series.rounds, tuple(ends))
        if shown != self._shown:
            self._shown = shown
            self._settle(scene.series.rounds, ends)
        colour = self.look.ink if scene.fresh else self.look.stale
        for place, chart in enumerate(self.charts):
            there = place < len(self.names)
            values = series[place] if there else np.empty(0)
            put(self.curves[place], np.arange(len(values)), values)
            here = values[scene.at : scene.at + 1]
            put(self.dots[place], [scene.at] if there else [], here)
            put(
                self.cursors[place],
                [scene.at] * 2 if there else [],
                chart.get_ylim() if there else [],
            )
            for artist in (self.curves[place], self.dots[place]):
                artist.set_color(colour)

    def _settle(self, rounds: int, ends: list[tuple[float, float]]) -> None:
        """Places, limits and ticks, which are drawn anew only when they change."""
        count = max(len(self.names), 1)
        wide = self.box.width / count
        for place, (axes, title) in enumerate(zip(self.charts, self.titles, strict=True)):
            axes.set_visible(place < len(self.names))
            if place >= len(self.names):
                continue
            measure, (low, high) = measure_of(self.names[place]), ends[place]
            tall = max(self.box.height - TOP - BOTTOM, 40)
            room = max(wide - LEFT - RIGHT, 40)
            axes.set_position(self.place(place * wide + LEFT, TOP, room, tall))
            axes.set_xlim(0, max(rounds, 1))
            axes.set_ylim(low, high)
            marks = ticks(low, high, 5)
            kind = "bytes" if measure.unit == "bytes" else ""
            axes.set_yticks(marks, [tick(kind, mark) for mark in marks])
            title.set_text(short(measure.called, max(int((wide - LEFT) / 7), 6)))
        self.canvas.stale()

    def at(self, x: float, y: float) -> Hit | None:
        """A round in one of the charts."""
        scene = self.scene
        for name, axes in zip(self.names, self.charts, strict=False):
            place = self.inside(axes, x, y)
            if place is not None and scene is not None:
                number = min(max(round(place[0]), 0), len(scene.rounds) - 1)
                click = to_round(number)
                return Hit(
                    lines(scene, name, number), "ew-resize", click=click, drag=self.drag_along
                )
        return None


def _ends(values: Array) -> tuple[float, float]:
    """From where to where an axis goes that shows all of these, and zero."""
    known = values[np.isfinite(values)]
    low, high = float(known.min(initial=0.0)), float(known.max(initial=0.0))
    room = 0.05 * (high - low) or 1.0
    return (low - room if low < 0 else 0.0), high + room
