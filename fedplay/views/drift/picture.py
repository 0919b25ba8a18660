"""What is drawn in the drift view: ways, steps, optima and marks, on two panels."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from fedplay.drawing.cached_text import DOTS, Stamp, rendered
from fedplay.drawing.figure import Canvas
from fedplay.drawing.geometry import Array
from fedplay.drawing.pen import Pen, faded, ink
from fedplay.drawing.style import SMALL, Look
from fedplay.views.drift.analysis import Drift
from fedplay.views.drift.panel import Panel, beside, cross, diamond
from fedplay.views.drift.words import called
from fedplay.views.scene import Scene, places_of

STEPS = 80  # steps of one path, or rounds, beyond which they are not drawn one by one
HEAD = 11  # css pixels from the top of a panel up to the middle of what is written above it
NAMES = 4  # marks that can have a name


@dataclass(frozen=True, eq=False)
class Spot:
    """Something in the picture that the pointer can be on."""

    where: Array  # (n, 2) css pixels of the view
    kind: str  # "step", "round", "optimum", or "handle" of one that can be dragged
    of: int = 0  # the row of the client in the cohort


class Picture:
    """Draws with a pen on two panels, and remembers in `spots` what is where, the topmost last."""

    def __init__(self, canvas: Canvas, pen: Pen, look: Look, whole: Panel, close: Panel) -> None:
        self.pen, self.look, self.whole, self.round = pen, look, whole, close
        self.ratio = canvas.ratio
        self.spots: list[Spot] = []
        self.lit: int | None = None  # the place of the client that stands out
        self.handles = False  # whether optima can be dragged
        self.names = [Stamp(pen.axes, "", look.ink, SMALL, "normal") for _ in range(NAMES)]
        for stamp in self.names:
            stamp.zorder = 9
            pen.axes.add_artist(stamp)  # so that it is in files of the picture too
        canvas.moving(self.names)

    def clear(self) -> None:
        """Begin anew."""
        self.pen.clear()
        self.spots = []
        for stamp in self.names:
            stamp.set_visible(False)

    def frames(self) -> None:
        """The outlines of the panels."""
        outlines = [*self.whole.frame(), *self.round.frame()]
        self.pen.draw(outlines, ink(self.look.faint), 1.0)

    def accent(self, scene: Scene) -> Array:
        """The colour of the global model."""
        return ink(self.look.accent if scene.fresh else self.look.stale)

    def colours(self, scene: Scene, places: Array) -> tuple[Array, Array, Array]:
        """Of clients at these places: colours (n, 4), widths (n,), and who stands out (n,)."""
        look, lit = self.look, places == self.lit
        own = [look.client(p, lit=p == self.lit) if p >= 0 else look.muted for p in places.tolist()]
        inks = [ink(colour if scene.fresh else look.stale) for colour in own]
        found = np.array(inks).reshape(-1, 4)
        if lit.any():
            found = faded(found, np.where(lit, 1.0, 0.5))
        return found, np.where(lit, 2.6, 1.3), lit

    def plane(self, scene: Scene, found: Drift, times: float) -> None:
        """Two parameters, or a plane of more: the run on the left, the round on the right."""
        course, whole, close, pen = found.course, self.whole, self.round, self.pen
        if times > 1:
            pen.draw([whole.outline(close)], ink(self.look.stale), 1.0)
        self.way(scene, found, whole.place(course.server))
        for panel, strength in ((whole, 0.7), (close, 1.0)):
            self.paths(scene, found, panel, [panel.place(p) for p in found.paths], strength)
        many = self.colours(scene, places_of(scene, found.ids))[0]
        pen.spot(close.place(found.ends)[len(found.paths) :], many[len(found.paths) :], 2.0)
        ends = np.array([close.place(found.before), close.place(found.after)])
        pen.arrows(ends[:1], ends[1:], self.accent(scene), 2.8)
        self.journey(scene, ends)
        if course.problems is not None:
            where = course.place(course.problems[1])
            self.optima(scene, close.place(where), handles=False)
            self.optima(scene, whole.place(where), handles=self.handles)
        marks = np.array([mark.where for mark in course.marks])
        self.marks(close.place(marks))
        self.marks(whole.place(marks))

    def journey(self, scene: Scene, ends: Array) -> None:
        """The global model before the round, as a ring, and after it."""
        paper, accent = ink(self.look.paper), self.accent(scene)
        self.pen.spot(ends[:1], paper, 5.0, accent[None])
        self.pen.spot(ends[1:], accent, 5.5, paper)

    def way(self, scene: Scene, found: Drift, way: Array) -> None:
        """The global model's path: strong up to the round shown."""
        course, accent = found.course, self.accent(scene)
        known, done = course.kept <= len(scene.rounds) - 1, course.kept <= scene.at
        self.pen.draw([way[known]], faded(accent, 0.35), 1.6)
        self.pen.draw([way[done]], accent, 2.6)
        if known.sum() <= STEPS:
            self.pen.spot(way[known], faded(accent, 0.6), 1.8)
        self.pen.spot(way[done][-1:], accent, 6.0, ink(self.look.paper))
        self.spots.append(Spot(np.where(known[:, None], way, np.nan), "round"))

    def paths(
        self, scene: Scene, found: Drift, panel: Panel, paths: list[Array], strength: float
    ) -> None:
        """Every client's steps, css pixels; those of clients that stand out are drawn last."""
        colours, widths, lit = self.colours(scene, places_of(scene, found.ids))
        colours, order = faded(colours, strength), np.argsort(lit[: len(paths)], kind="stable")
        self.pen.draw([paths[k] for k in order], colours[order], widths[order] * strength)
        for k in order.tolist():
            path = paths[k]
            if panel is self.round and len(path) <= STEPS:
                self.pen.spot(path[1:-1], colours[k], 2.1 if lit[k] else 1.5)
            self.pen.spot(path[-1:], colours[k], (4.5 if lit[k] else 3.4) * strength)
            self.spots.append(Spot(path, "step", k))

    def optima(self, scene: Scene, where: Array, *, handles: bool) -> None:
        """Each client's own optimum."""
        colours, _, lit = self.colours(scene, np.arange(len(where)))
        if handles:
            self.pen.spot(where, ink(self.look.paper), np.where(lit, 8.5, 7.0), colours)
            self.pen.spot(where, colours, 4.0)
        else:
            self.pen.draw(diamond(where, 5.0), colours, 1.6)
        self.spots.append(Spot(where, "handle" if handles else "optimum"))

    def marks(self, where: Array) -> None:
        """The goal as a cross, where methods end by their formulas as rings."""
        dark = ink(self.look.ink)
        for i, at in enumerate(where):
            if not np.isfinite(at).all():
                continue
            if i == 0:
                self.pen.draw(cross(at, 6.0), dark, 2.2)
            else:
                self.pen.spot(at[None], faded(dark, 0.0), 4.5 + 1.5 * i, dark[None])

    def name(self, scene: Scene, found: Drift, where: Array, left: float) -> None:
        """The marks' names above the left panel, from `left` on, each with a line to its mark."""
        groups: list[tuple[list[str], Array]] = []
        for mark, at in zip(found.course.marks, where, strict=True):
            if not np.isfinite(at).all():
                continue
            name = called(scene, mark.name)
            near = next((one for one in groups if np.hypot(*(one[1] - at)) < 1.5), None)
            if near is None:
                groups.append(([name], at))
            else:
                near[0].append(name)
        groups.sort(key=lambda group: float(group[1][0]))
        said = [" ≈ ".join(names) for names, _ in groups]
        dots, box = DOTS * self.ratio, self.whole.box
        sizes = [
            rendered(one, self.look.ink, SMALL, "normal", dots).shape[1] / self.ratio
            for one in said
        ]
        middles = [float(at[0]) for _, at in groups]
        feet = beside(middles, sizes, left, box.left + box.width)
        for i, (stamp, (_, at)) in enumerate(zip(self.names, groups, strict=False)):
            stamp.words, stamp.place = said[i], (feet[i], box.top - HEAD)
            stamp.set_visible(True)
            head = min(max(at[0], feet[i]), feet[i] + sizes[i])
            lead = np.array([(head, box.top - HEAD + 8), (at[0], at[1] - 8)])
            self.pen.draw([lead], ink(self.look.stale), 1.0)
