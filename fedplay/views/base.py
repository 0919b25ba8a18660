"""What every view is: artists made once in a box of the canvas, and updated in place."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, ClassVar

from matplotlib.axes import Axes

from fedplay.data import Federation
from fedplay.drawing.figure import Canvas
from fedplay.drawing.geometry import Box
from fedplay.drawing.settings import ours
from fedplay.drawing.style import Look
from fedplay.experiment import Experiment
from fedplay.runs.series import Moment
from fedplay.views.scene import Hit, Scene


class View:
    """One idea, drawn. A subclass makes its artists in `__init__` and moves them in `show`.

    What has to be computed for it beyond the rounds themselves is computed by `prepare`, in pieces
    short enough for a screen; the last piece is what `show` finds in `scene.closeup`.
    """

    name: ClassVar[str]  # in Playground(views=[...])
    title: ClassVar[str]  # on its tab
    help: ClassVar[str] = ""  # what its tab says when asked
    part: ClassVar[float] = 0.41  # of the picture's height, below the curves
    follows: ClassVar[bool] = True  # whether what it prepares is about the client followed
    accurate: ClassVar[bool] = False  # whether it is about accuracies, which not all models have
    prepares: ClassVar[bool] = False  # whether it shows something that `prepare` comes to

    def __init_subclass__(cls) -> None:
        """Let whatever makes or moves artists do so with our settings, not with the notebook's."""
        super().__init_subclass__()
        cls.prepares = cls.prepare is not View.prepare
        for name in ("__init__", "show", "light", "draw"):
            if name in vars(cls):
                setattr(cls, name, ours()(vars(cls)[name]))

    def __init__(self, canvas: Canvas, box: Box, look: Look) -> None:
        self.canvas, self.box, self.look = canvas, box, look

    @staticmethod
    def suits(exp: Experiment, federation: Federation) -> bool:
        """Whether there is anything to show of this experiment on these data."""
        return True

    @staticmethod
    def prepare(moment: Moment) -> Iterator[Any]:
        """Compute what the view needs: yields None after every piece, then the close-up."""
        yield None

    @staticmethod
    def sentence(scene: Scene) -> str:
        """What is seen, in one or two sentences with the run's own numbers, as HTML."""
        return ""

    def show(self, scene: Scene) -> None:
        """Update the artists."""
        raise NotImplementedError

    def light(self, client: int | None) -> None:
        """Make the client at a place of the panel stand out; only moving artists may change."""

    def at(self, x: float, y: float) -> Hit | None:
        """What is at a css position of the picture, or None."""
        return None

    # --- for subclasses

    def axes(self, left: float, top: float, width: float, height: float) -> Axes:
        """New axes in a part of the box, css pixels from the box's top left."""
        wide, tall = self.canvas.width, self.canvas.height
        x, bottom = self.box.left + left, self.box.top + top + height
        place = (x / wide, 1 - bottom / tall, max(width, 1) / wide, max(height, 1) / tall)
        return self.canvas.figure.add_axes(place)

    def inside(self, axes: Axes, x: float, y: float) -> tuple[float, float] | None:
        """A css position of the picture in the coordinates of some axes' data; None outside."""
        ratio, tall = self.canvas.ratio, self.canvas.height
        point = (x * ratio, (tall - y) * ratio)
        if not axes.get_window_extent().contains(*point):
            return None
        a, b = axes.transData.inverted().transform(point)
        return float(a), float(b)
