"""The whole picture: the learning curves and, below them, one more view; one canvas."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from matplotlib.figure import Figure
from matplotlib.text import Text

from fedplay.drawing.figure import RGBA, Canvas
from fedplay.drawing.geometry import Box
from fedplay.drawing.settings import ours
from fedplay.drawing.style import TEXT, look
from fedplay.views.base import View
from fedplay.views.registered import MAIN, VIEWS
from fedplay.views.scene import Hit, Scene

GAP = 12  # css pixels between the two


def waiting(view: View | type[View], scene: Scene) -> bool:
    """Whether a view has nothing to show yet, as what it needs is being computed."""
    return view.prepares and scene.closeup is None and not scene.veiled


def _boxes(width: int, height: int, views: Sequence[str], between: int) -> list[Box]:
    """Where each of one or two views stands."""
    if len(views) > 1:
        between = between or GAP
        first = round((1 - VIEWS[views[1]].part) * (height - between))
        second = Box(0, first + between, width, height - between - first)
        return [Box(0, 0, width, first), second]
    return [Box(0, 0 if views[0] == MAIN else between, width, height - between)]


def seen_by(view: View | type[View], scene: Scene) -> Scene:
    """The scene for one view: where its close-up is of an older run, that run's scene."""
    return scene.earlier if view.prepares and scene.earlier is not None else scene


class Board:
    """One or two views, top to bottom, on `width` × `height` css pixels.

    below:   css pixels of the canvas below them that stay empty
    between: css pixels between the two, below the curves alone, or above another view alone
    figure:  one of somebody else's to be drawn in, see `Canvas`
    """

    def __init__(
        self,
        width: int,
        height: int,
        ratio: float = 1.0,
        *,
        views: Sequence[str] = (MAIN,),
        dark: bool = False,
        below: int = 0,
        figure: Figure | None = None,
        between: int = 0,
    ) -> None:
        self.size, self.look = (width, height, ratio), look(dark)
        self.canvas = Canvas(width, height + below, ratio, self.look.paper, figure)
        boxes = _boxes(width, height, views, between)
        alone = views[0] == MAIN and len(views) == 1  # what is between is then below it
        gap = height - between if alone else boxes[-1].top - between
        self.gap = gap if between else 0  # css pixels above what is between
        self.views = {
            name: VIEWS[name](self.canvas, box, self.look)
            for name, box in zip(views, boxes, strict=False)
        }
        last = boxes[-1]
        self._wait = self._waiting(last.left + last.width / 2, last.top + last.height / 2)
        self.lit: int | None = None
        self.scene: Scene | None = None

    @ours()
    def _waiting(self, x: float, y: float) -> Text:
        """A word in the middle of a view that has nothing to show yet: it is never just empty."""
        where = x / self.canvas.width, 1 - y / self.canvas.height
        style: dict[str, Any] = {
            "ha": "center",
            "va": "center",
            "fontsize": TEXT,
            "parse_math": False,
        }
        made = self.canvas.figure.text(*where, "being computed …", color=self.look.muted, **style)
        made.set_visible(False)
        self.canvas.moving([made])
        return made

    def show(self, scene: Scene) -> None:
        """Everything anew."""
        self.scene, waits = scene, False
        for view in self.views.values():
            seen = seen_by(view, scene)
            view.show(seen)
            waits = waits or waiting(view, seen)
        self._wait.set_visible(waits)
        self.light(self.lit)

    def light(self, client: int | None) -> None:
        """Make a client (by its place in the panel) stand out in every view."""
        self.lit = client
        for view in self.views.values():
            earlier = self._earlier(view)
            view.light(client if earlier is None else earlier.client)

    def _earlier(self, view: View) -> Scene | None:
        """What a view shows in place of the scene, whose clients may be others."""
        shown = None if self.scene is None else seen_by(view, self.scene)
        return shown if shown is not self.scene else None

    def again(self, scene: Scene) -> RGBA | None:
        """The last picture, in which nothing but what a view has of its own has changed.

        None where it has to be drawn as a whole.
        """
        view = list(self.views.values())[-1]
        artists = view.again(seen_by(view, scene))
        return None if artists is None else self.canvas.again(artists, view.box)

    def frame(self) -> RGBA:
        """The picture, (height, width, 4) uint8; copy it, the next frame overwrites it."""
        return self.canvas.frame()

    def at(self, x: float, y: float) -> Hit | None:
        """What is at a css position from the top left."""
        for view in self.views.values():
            if view.box.holds(x, y):
                return view.at(x, y) if self._earlier(view) is None else None
        return None
