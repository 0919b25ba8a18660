"""The drift microscope: where the run goes, and how the clients leave it inside one round.

On the left the whole run, on one plane that stays; on the right the round at which the viewer
stands, magnified, every local step. One parameter is a line: there the left shows the losses.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from typing import Any, ClassVar

import numpy as np
from matplotlib.text import Text

from fedplay.drawing.figure import Canvas
from fedplay.drawing.geometry import Array, Box
from fedplay.drawing.pen import Pen
from fedplay.drawing.scale import ticks
from fedplay.drawing.style import LEFT, SMALL, Look
from fedplay.runs.series import Moment
from fedplay.views.base import View
from fedplay.views.drift import line, words
from fedplay.views.drift.analysis import Drift, drift
from fedplay.views.drift.panel import Panel, near
from fedplay.views.drift.picture import HEAD, Picture, Spot
from fedplay.views.drift.state import DriftState
from fedplay.views.scene import Hit, Intent, Scene, places_of, to_round
from fedplay.views.state import State

TOP, BOTTOM, EDGE, GAP = 22, 40, 12, 18  # css pixels; the left is where the curves' is
PART = 0.56  # of the width, for the whole run
REACH = 9  # css pixels from a mark that still mean it
INSIDE = 8  # css pixels from the panel's edge, where an optimum is still drawn whole
TICKS = 9
LETTER = 6.6  # css pixels that a letter of a caption takes


class DriftView(View):
    """The run on the left, the round on the right."""

    name: ClassVar[str] = "drift"
    title: ClassVar[str] = "Drift"
    topic: ClassVar[str] = "Rounds"
    help: ClassVar[str] = "How far clients drift apart in a round, and where the run goes."
    part: ClassVar[float] = 0.5
    State: ClassVar[type[State]] = DriftState

    def __init__(self, canvas: Canvas, box: Box, look: Look) -> None:
        super().__init__(canvas, box, look)
        wide, tall = box.width, box.height
        sheet = self.axes(0, 0, wide, tall)
        high = max(tall - TOP - BOTTOM, 40)
        half = round(PART * (wide - LEFT - EDGE - GAP))
        self.whole = Panel(Box(LEFT, TOP, half, high))
        right = LEFT + half + GAP
        self.round = Panel(Box(right, TOP, wide - right - EDGE, high))
        pen = Pen(canvas, sheet, wide, tall)
        self.picture = Picture(canvas, pen, look, self.whole, self.round)
        self.scene: Scene | None = None
        self.found: Drift | None = None
        self.times = 1.0  # how much more the right panel magnifies
        self._family: Any = None  # whose limits the left panel has
        self._captioned: Any = None
        style: dict[str, Any] = {"color": look.muted, "fontsize": SMALL, "parse_math": False}
        style["va"] = "center"
        self.captions: dict[str, Text] = {
            "whole": sheet.text(LEFT, TOP - HEAD, "", **style),
            "round": sheet.text(right, TOP - HEAD, "", **style),
            "below": sheet.text(LEFT, tall - 10, "", **style),
            "differ": sheet.text(right, tall - 10, "", **style),
        }
        self.across = [sheet.text(0, 0, "", ha="center", **style) for _ in range(TICKS)]
        self.up = [sheet.text(0, 0, "", ha="right", **style) for _ in range(TICKS)]
        canvas.seldom([*self.captions.values(), *self.across, *self.up])

    @staticmethod
    def prepare(moment: Moment) -> Iterator[Any]:
        """The run's course, and the steps inside the round."""
        return drift(moment.run, moment.number)

    @staticmethod
    def sentence(scene: Scene) -> str:
        """How far clients drift, and where the run ends."""
        if scene.veiled:
            return "The way is shown after your guess."
        if not isinstance(scene.closeup, Drift) or not scene.fresh:
            return "The way is being computed step by step …"
        return words.told(scene, scene.closeup)

    def show(self, scene: Scene) -> None:
        """Draw the run and the round; nothing of them before a guess."""
        found = scene.closeup
        self.scene, self.picture.lit = scene, scene.client
        self.found = found if isinstance(found, Drift) and not scene.veiled else None
        if self.found is not None:
            self._fit(scene, self.found)
        self._caption(scene)
        self._draw()

    def light(self, client: int | None) -> None:
        """Make a client's path and optimum stand out, else those of the one that is followed."""
        if client is None and self.scene is not None:
            client = self.scene.client
        if client != self.picture.lit:
            self.picture.lit = client
            self._draw()

    def _draw(self) -> None:
        scene, found, picture = self.scene, self.found, self.picture
        picture.clear()
        if scene is not None and found is not None:
            picture.handles = self.handles
            picture.frames()
            if found.course.line:
                where = line.draw(picture, scene, found)
            else:
                picture.plane(scene, found, self.times)
                where = self.whole.place(np.array([m.where for m in found.course.marks]))
            title = self.captions["whole"].get_text()
            picture.name(scene, found, where, LEFT + LETTER * len(title) + 8)
        picture.pen.flush()

    # --- what is where ------------------------------------------------------------------------

    @property
    def handles(self) -> bool:
        """Whether the optima can be dragged: they are knobs of the experiment."""
        scene, found = self.scene, self.found
        if scene is None or found is None or found.course.problems is None:
            return False
        return bool(scene.exp.data == "quadratics" and scene.exp.partition == "natural")

    def point(self, x: float, y: float) -> tuple[float, ...]:
        """The parameters at a css position of the picture; what leaves the panel is at its edge."""
        left, top, wide, tall = self.whole.box
        a = min(max(x - self.box.left, left + INSIDE), left + wide - INSIDE)
        b = min(max(y - self.box.top, top + INSIDE), top + tall - INSIDE)
        dimensions = 1 if self.found is None else min(self.found.course.P, 2)
        return tuple(self.whole.point(a, b)[:dimensions].tolist())

    def _optimum(self, place: int, x: float, y: float) -> Intent | None:
        """Put a client's optimum at a css position of the box."""
        return Intent("optimum", (place, self.point(x, y))) if self.box.holds(x, y) else None

    def at(self, x: float, y: float) -> Hit | None:
        """A client's optimum, a local step, or a round of the run."""
        scene, found = self.scene, self.found
        if scene is None or found is None or not self.box.holds(x, y):
            return None
        here = np.array([x - self.box.left, y - self.box.top])
        nearest, hit = float(REACH), None
        for spot in self.picture.spots:  # of what is as near, the last is drawn above
            away = np.hypot(*(spot.where - here).T)
            away[~np.isfinite(away)] = np.inf
            if len(away) and away.min() <= (REACH if spot.kind == "handle" else nearest):
                nearest, hit = float(away.min()), self._hit(scene, found, spot, int(away.argmin()))
        return hit

    def _hit(self, scene: Scene, found: Drift, spot: Spot, i: int) -> Hit | None:
        if spot.kind in ("optimum", "handle"):
            drag = spot.kind == "handle"
            lines = words.about_optimum(scene, i, found.course, drag=drag)
            if not drag:
                return Hit(lines, client=i)
            move = partial(self._optimum, i)
            return Hit(lines, "grab", client=i, drag=move, held="grabbing")
        if spot.kind == "round":
            return Hit(
                words.about_round(found.course, i),
                click=to_round(int(found.course.kept[i])),
                drag=self.drag_along,
            )
        place = int(places_of(scene, found.ids)[spot.of])
        lines = words.about_step(scene, found, spot.of, i)
        return Hit(lines, client=place) if place >= 0 else None

    # --- limits and words ---------------------------------------------------------------------

    def _fit(self, scene: Scene, found: Drift) -> None:
        """Limits that hold for the run; while optima are dragged they only grow."""
        course, whole = found.course, self.whole
        family = scene.exp.replace(optima=()) if course.P <= 2 else course
        grow, self._family = family == self._family, family
        core = np.concatenate([[mark.where for mark in course.marks], course.server[:1]])
        if course.problems is not None:
            core = np.concatenate([core, course.place(course.problems[1])])
        points = near(np.concatenate([core, course.server, course.ends]), core)
        whole.equal = self.round.equal = not course.line
        if course.line:
            line.fit(scene, found, whole, self.round, points, grow)
            return
        whole.fit(points, grow=grow)
        own = np.concatenate([*found.paths, found.ends, [found.before, found.after]])
        own = near(own, np.vstack([core, found.before]))
        self.times = self.round.look(own, float(whole.scale[0]))

    def _caption(self, scene: Scene) -> None:
        found, panel = self.found, self.whole
        key = found and (found, tuple(panel.scale), tuple(panel.middle))
        if key == self._captioned:
            return
        self._captioned = key
        said = dict.fromkeys(self.captions, "")
        for text in (*self.across, *self.up):
            text.set_text("")
        if found is not None:
            said = words.titles(found, self.times, self.handles)
            if found.course.P <= 2:
                self._tick()
        for name, text in self.captions.items():
            text.set_text(said[name])
        self.canvas.touch()

    def _tick(self) -> None:
        """Numbers beside the axes: the parameters are what they are."""
        panel, box = self.whole, self.whole.box
        half = np.array([box.width, box.height]) / 2 / panel.scale
        low, high = panel.middle - half, panel.middle + half
        wide = ticks(low[0], high[0], TICKS)
        for text, x in zip(self.across, self._css(wide, 0), strict=False):
            text.set_position((x, box.top + box.height + 10))
        tall = ticks(low[1], high[1], max(int(box.height // 36), 1))
        for text, y in zip(self.up, self._css(tall, 1), strict=False):
            text.set_position((box.left - 6, y))
        for texts, values in ((self.across, wide), (self.up, tall)):
            for text, value in zip(texts, values, strict=False):
                text.set_text(f"{value:g}".replace("-", "−"))

    def _css(self, values: list[float], axis: int) -> Array:
        """Values of one axis as css pixels."""
        panel, sign = self.whole, (1, -1)[axis]
        placed: Array = panel.centre[axis] + sign * panel.scale[axis] * (
            np.array(values) - panel.middle[axis]
        )
        return placed
