"""The whole picture: the learning curves and, below them, one more view; one canvas."""

from __future__ import annotations

from collections.abc import Sequence

from fedplay.data import Federation
from fedplay.drawing.figure import RGBA, Canvas
from fedplay.drawing.geometry import Box
from fedplay.drawing.style import look
from fedplay.experiment import Experiment
from fedplay.knobs import short
from fedplay.views.base import View
from fedplay.views.boundaries.view import Boundaries
from fedplay.views.compare.view import Compare
from fedplay.views.curves.view import Curves
from fedplay.views.drift.view import DriftView
from fedplay.views.each_client.view import EachClient
from fedplay.views.inside_round.view import InsideRound
from fedplay.views.labels.view import LabelBars
from fedplay.views.models.view import Models
from fedplay.views.my_client.sketch import Mine
from fedplay.views.my_client.view import MyClient
from fedplay.views.pictures.view import Pictures
from fedplay.views.privacy_and_cost.view import Spending
from fedplay.views.scene import Hit, Scene
from fedplay.views.sweep.view import Sweep

VIEWS: dict[str, type[View]] = {
    view.name: view
    for view in (
        Curves,
        LabelBars,
        EachClient,
        InsideRound,
        DriftView,
        Boundaries,
        Pictures,
        Models,
        Spending,
        MyClient,
        Compare,
        Sweep,
    )
}
GAP = 12  # css pixels between the two


def check_views(names: Sequence[str] | None) -> tuple[str, ...]:
    """The names of views that a screen offers, all by default; ValueError for what is none."""
    choices = [name for name in VIEWS if name != Sweep.name]
    if names is None:
        return tuple(choices)
    if isinstance(names, str) or not isinstance(names, Sequence) or not names:
        raise ValueError(f"views={short(names)}: must be a list with one or more of {choices}")
    for name in names:
        if name not in choices:
            raise ValueError(f"views: {name!r} is none of {choices}")
    return tuple(dict.fromkeys(names))


def suitable(names: Sequence[str], exp: Experiment, federation: Federation) -> list[str]:
    """Those of the views that have something to show."""
    accurate = exp.stage("model").score == "accuracy"
    fit = [name for name in names if accurate or not VIEWS[name].accurate]
    return [name for name in fit if VIEWS[name].suits(exp, federation)]


def seen_by(view: View | type[View], scene: Scene) -> Scene:
    """What a view is to show of a scene: where that has a close-up of an older run, that run."""
    return scene.earlier if view.prepares and scene.earlier is not None else scene


class Board:
    """One or two views, top to bottom, on a canvas of `width` × `height` css pixels."""

    def __init__(
        self,
        width: int,
        height: int,
        ratio: float = 1.0,
        *,
        views: Sequence[str] = (Curves.name, LabelBars.name),
        dark: bool = False,
    ) -> None:
        self.size, self.look = (width, height, ratio), look(dark)
        self.canvas = Canvas(width, height, ratio, self.look.paper)
        first = height
        if len(views) > 1:
            first = round((1 - VIEWS[views[1]].part) * (height - GAP))
        boxes = [Box(0, 0, width, first), Box(0, first + GAP, width, height - GAP - first)]
        self.views = {
            name: VIEWS[name](self.canvas, box, self.look)
            for name, box in zip(views, boxes, strict=False)
        }
        self.lit: int | None = None
        self.scene: Scene | None = None

    @property
    def curves(self) -> Curves | None:
        """The learning curves, where they are shown."""
        view = self.views.get(Curves.name)
        return view if isinstance(view, Curves) else None

    @property
    def drift(self) -> DriftView | None:
        """The drift microscope, where it is shown."""
        view = self.views.get(DriftView.name)
        return view if isinstance(view, DriftView) else None

    @property
    def compare(self) -> Compare | None:
        """The comparison of methods, where it is shown."""
        view = self.views.get(Compare.name)
        return view if isinstance(view, Compare) else None

    @property
    def mine(self) -> MyClient | None:
        """The client of one's own, where it is shown."""
        view = self.views.get(MyClient.name)
        return view if isinstance(view, MyClient) else None

    def show(self, scene: Scene) -> None:
        """Everything anew."""
        self.scene = scene
        for view in self.views.values():
            view.show(seen_by(view, scene))
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

    def sketch(self, mine: Mine) -> RGBA:
        """The last picture, in which nothing but a drawing has changed."""
        view = self.mine
        assert view is not None
        view.draw(mine)
        return self.canvas.again(view.sheet.moving, view.box)

    def frame(self) -> RGBA:
        """The picture, (height, width, 4) uint8; copy it, the next frame overwrites it."""
        return self.canvas.frame()

    def at(self, x: float, y: float) -> Hit | None:
        """What is at a css position from the top left."""
        for view in self.views.values():
            if view.box.holds(x, y):
                return view.at(x, y) if self._earlier(view) is None else None
        return None
