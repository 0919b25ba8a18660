"""Shared and own parameters: which are sent, which stay, and how far own models are away.

On the left the layers; of pictures what one client's model responds to beside what the global one
does; on the right every client's distance, or the shared model that each chose.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, ClassVar

import numpy as np

from fedplay.drawing.figure import Canvas
from fedplay.drawing.geometry import Box
from fedplay.drawing.sheet import Sheet
from fedplay.drawing.style import Look
from fedplay.runs.series import Moment
from fedplay.views.base import View
from fedplay.views.models import words
from fedplay.views.models.analysis import ParameterSharing, parameter_sharing
from fedplay.views.models.distances import Dots
from fedplay.views.models.layers import Layers
from fedplay.views.models.responses import Pairs
from fedplay.views.scene import Hit, Scene
from fedplay.words import UNSEEN

EDGE, GAP = 8, 24  # css pixels beside the parts, and between them


class Models(View):
    """Shared and personal parameters of the models."""

    name: ClassVar[str] = "models"
    title: ClassVar[str] = "Models"
    topic: ClassVar[str] = "Models"
    needs: ClassVar[tuple[str, ...]] = ("layers", "classes")
    help: ClassVar[str] = (
        f"Which parameters are shared, and how far each client's own model is from the global one "
        f"{UNSEEN}."
    )
    part: ClassVar[float] = 0.5
    holds: ClassVar[bool] = True

    def __init__(self, canvas: Canvas, box: Box, look: Look) -> None:
        super().__init__(canvas, box, look)
        axes = self.axes(0, 0, box.width, box.height)
        self.sheet = Sheet(canvas, axes, box.width, box.height, look)
        self.layers, self.dots = Layers(self.sheet, look), Dots(self.sheet, look)
        self.pairs = Pairs(self.sheet, canvas, box, look)
        axes.add_artist(self.pairs.bitmap)
        canvas.seldom([self.pairs.bitmap])
        self.scene: Scene | None = None
        self.found: ParameterSharing | None = None
        self._seen: Any = None  # what was drawn last

    @staticmethod
    def prepare(moment: Moment) -> Iterator[Any]:
        yield from parameter_sharing(moment.run, moment.number, moment.w, moment.client)

    @staticmethod
    def sentence(scene: Scene) -> str:
        if scene.veiled:
            return "Shown after your guess."
        found = scene.closeup
        if not isinstance(found, ParameterSharing) or not scene.fresh:
            return "The personal models are being computed …"
        return words.told(scene, found)

    def show(self, scene: Scene) -> None:
        """Draw everything anew where it has changed."""
        self.scene = scene
        found = scene.closeup
        self.found = found if isinstance(found, ParameterSharing) and not scene.veiled else None
        now = (self.found, scene.fresh, scene.exp, scene.veiled)
        if now != self._seen:
            self._seen = now
            self._draw(scene)
        self.light(None)

    def _draw(self, scene: Scene) -> None:
        sheet, found, look = self.sheet, self.found, self.look
        sheet.clear()
        self.pairs.clear()
        self.layers.rows, self.dots.where = [], np.empty((0, 2))
        if found is not None and not found.finite:
            note = "the model has diverged: its parameters are no longer numbers"
            sheet.say(EDGE, 40, note, look.alarm)
        elif found is not None:
            first, second, third = places(self.box, found.responses is not None)
            self.layers.draw(scene, found, first, scene.fresh)
            if second is not None:
                self.pairs.draw(scene, found, second, scene.fresh)
            self.dots.draw(scene, found, third, scene.fresh)
        elif scene.veiled:
            sheet.say(EDGE, 11, "shown after your guess", look.muted)
        sheet.flush()

    # --- the pointer

    def light(self, client: int | None) -> None:
        """Let a client's dot stand out, beside that of the one that is followed."""
        if self.scene is None or self.found is None:
            return
        wanted = [k for k in (self.scene.client, client) if k is not None]
        self.dots.light(list(dict.fromkeys(wanted)))

    def at(self, x: float, y: float) -> Hit | None:
        """A client's dot, a layer, or the pictures of a class."""
        scene, found = self.scene, self.found
        if scene is None or found is None or not self.box.holds(x, y):
            return None
        x, y = x - self.box.left, y - self.box.top
        if (place := self.dots.at(x, y)) is not None:
            return Hit(words.of_client(scene, found, place), client=place)
        if (layer := self.layers.at(x, y)) is not None:
            return Hit(words.of_part(found, layer), "help")
        if (c := self.pairs.at(x, y)) is not None:
            return Hit(words.of_class(scene, found, c), client=found.place)
        return None


def places(box: Box, pictures: bool) -> tuple[Box, Box | None, Box]:
    """Where the parts go, css pixels of the view; without pictures the dots have more room."""
    room = box.width - 2 * EDGE - (2 if pictures else 1) * GAP
    high = box.height - 4
    first = min(max((0.21 if pictures else 0.3) * room, 130), 190 if pictures else 260)
    third = min(max(0.28 * room, 150), 320) if pictures else room - first
    left = Box(EDGE, 2, first, high)
    right = Box(box.width - EDGE - third, 2, third, high)
    if not pictures:
        return left, None, right
    return left, Box(EDGE + first + GAP, 2, room - first - third, high), right
