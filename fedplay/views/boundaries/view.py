"""Two features, so a model can be seen whole: what it says everywhere in the found.

The global model before everybody's points and before one client's; then the same client with its
personal model, and with the one that it would have made alone.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, ClassVar

import numpy as np

from fedplay.drawing.figure import Canvas
from fedplay.drawing.geometry import Box
from fedplay.drawing.marks import FAINT, FOOT, Key, Marks
from fedplay.drawing.style import Look
from fedplay.inspect.personal_name import personal
from fedplay.inspect.plane import ASPECT
from fedplay.runs.series import Moment
from fedplay.views.base import View
from fedplay.views.boundaries import words
from fedplay.views.boundaries.analysis import DecisionBoundaries, decision_boundaries
from fedplay.views.boundaries.tile import HEAD, Tile, by_class, by_owner
from fedplay.views.scene import Hit, Scene
from fedplay.words import short

GAP = 16  # css pixels between panels
NARROW = 170  # css pixels: a fourth panel is left out rather than have them narrower
NEAR = 10  # css pixels from the pointer to a point


class Boundaries(View):
    """Predictions of the models on the plane of two features."""

    name: ClassVar[str] = "boundary"
    title: ClassVar[str] = "Boundaries"
    topic: ClassVar[str] = "Models"
    needs: ClassVar[tuple[str, ...]] = ("points", "classes")
    help: ClassVar[str] = "Where each model draws the line between the classes."

    def __init__(self, canvas: Canvas, box: Box, look: Look) -> None:
        super().__init__(canvas, box, look)
        colours = (look.accent, look.accent, look.personal, look.alone)
        self.tiles = [Tile(canvas, self.axes(0, 0, 10, 10), look, colour) for colour in colours]
        self.key = Key(self.axes(0, box.height - FOOT, box.width, FOOT), look, box.width)
        self.lit = Marks(self.tiles[0].axes, 5, edgecolor=look.ink, lw=0.8)
        canvas.moving([self.lit])
        self.scene: Scene | None = None
        self.found: DecisionBoundaries | None = None
        self._arranged: Any = None  # what the places of the panels depend on
        self._shown: Any = None  # what they were last drawn from

    @staticmethod
    def prepare(moment: Moment) -> Iterator[DecisionBoundaries | None]:
        yield from decision_boundaries(moment.run, moment.number, moment.w, moment.client)

    @staticmethod
    def sentence(scene: Scene) -> str:
        found = seen(scene)
        if found is None:
            return "" if scene.veiled else "What the models say of the plane is being computed …"
        return words.sentence(scene, found)

    def show(self, scene: Scene) -> None:
        self.scene, self.found = scene, seen(scene)
        now = self.found, scene.fresh
        if now != self._shown:
            self._shown = now
            self._arrange()
            if self.found is not None:
                self._draw(self.found, scene)
            self.canvas.touch()
        self.light(scene.client)

    def _draw(self, found: DecisionBoundaries, scene: Scene) -> None:
        """Draw every panel anew."""
        C, name = len(found.classes), short(scene.name(found.place), 12)
        titles = (
            words.EVERYONE,
            words.whose(name, found.picked),
            personal(scene.exp).titles,
            words.ALONE,
        )
        stances = (found.everywhere, found.here, found.tuned, found.alone)
        for tile, stance, title in zip(self.tiles, stances, titles, strict=True):
            if stance is None or not tile.axes.get_visible():
                continue
            every = tile is self.tiles[0]
            cloud = found.everyone if every else found.own
            if cloud is not tile.cloud:
                tile.scatter(
                    cloud, by_owner(cloud, self.look) if every else by_class(cloud, self.look, C)
                )
            tile.show(stance, C, scene.fresh)
            tile.name(title, words.score(stance), scene.fresh)

    def _arrange(self) -> None:
        """Place the panels, where the data or their number have changed."""
        found = self.found
        key = found and (found.limits, found.alone is None, found.classes)
        if key == self._arranged:
            return
        self._arranged = key
        for tile in self.tiles:
            tile.hide()
        if found is None:
            self.key.show((), 0, 0)
        else:
            places = layout(self.box, 3 if found.alone is None else 4)
            for tile, place in zip(self.tiles, places, strict=False):
                tile.place(place, found.limits)
            left, right = (places[0].left, places[-1].left + places[-1].width)
            self.key.show(found.classes, left - self.box.left, right - self.box.left)
        self.canvas.stale()

    def light(self, client: int | None) -> None:
        found, points = self.found, self.tiles[0].points
        fresh = self.scene is not None and self.scene.fresh
        if found is None or client is None or not (mine := found.everyone.owner == client).any():
            self.lit.set_offsets(np.empty((0, 2)))
            points.opacity = 1.0 if fresh else FAINT
            return
        points.opacity = FAINT
        self.lit.put(found.everyone.X[mine], found.everyone.y[mine], 7.0)
        self.lit.set_facecolor(self.look.client(client, lit=True))

    def _models(self) -> tuple[str, str, str, str]:
        """What the model of each panel is called."""
        own = personal(self.scene.exp).noun if self.scene is not None else "personal model"
        return "global model", "global model", own, "model that never joined"

    def at(self, x: float, y: float) -> Hit | None:
        scene, found = self.scene, self.found
        for tile, who in zip(self.tiles, self._models(), strict=True):
            cloud, stance = tile.cloud, tile.stance
            if cloud is None or stance is None or self.inside(tile.axes, x, y) is None:
                continue
            where = tile.axes.transData.transform(cloud.X) / self.canvas.ratio
            far = np.hypot(where[:, 0] - x, where[:, 1] - (self.canvas.height - y))
            if scene is None or found is None or not len(far) or far.min() > NEAR:
                return None
            i = int(far.argmin())
            place = int(cloud.owner[i])
            name = short(scene.name(place), 24)
            lines = words.point(cloud, i, stance.points, who, name, found.classes)
            return Hit(lines, client=place)
        return None


def seen(scene: Scene) -> DecisionBoundaries | None:
    """The boundaries of a scene that may be shown now, if any."""
    found = scene.closeup
    return found if isinstance(found, DecisionBoundaries) and not scene.veiled else None


def layout(box: Box, panels: int) -> list[Box]:
    """Where the panels go: all in a row or in two, or only three if a fourth made them small."""
    best: dict[int, tuple[float, int, int]] = {}  # by number of panels: height, rows, columns
    for rows, columns in ((1, 3), (1, 4), (2, 2)):
        wide = (box.width - (columns + 1) * GAP) / columns
        tall = (box.height - FOOT) / rows - HEAD
        height = max(min(tall, wide / ASPECT), 20)
        n = rows * columns
        best[n] = max(best.get(n, (0.0, 0, 0)), (height, rows, columns))
    n = 4 if panels == 4 and best[4][0] >= max(0.7 * best[3][0], NARROW / ASPECT) else 3
    height, rows, columns = best[n]
    width = height * ASPECT
    left = box.left + (box.width - columns * width - (columns - 1) * GAP) / 2
    top = box.top + (box.height - FOOT - rows * (height + HEAD)) / 2 + HEAD
    return [
        Box(left + k % columns * (width + GAP), top + k // columns * (height + HEAD), width, height)
        for k in range(n)
    ]
