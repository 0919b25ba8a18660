"""Base class of views: artists made once in a box of the canvas, and updated in place.

And what it has beside them: what a person has chosen in it, a row of controls, and a job.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any, ClassVar, Protocol

from matplotlib.artist import Artist
from matplotlib.axes import Axes

from fedplay.data import Federation
from fedplay.drawing.artists import dress
from fedplay.drawing.figure import Canvas
from fedplay.drawing.geometry import Box
from fedplay.drawing.settings import ours
from fedplay.drawing.style import Look
from fedplay.experiment import Experiment
from fedplay.runs.series import Moment
from fedplay.views.scene import Hit, Intent, Scene
from fedplay.views.state import State


class Row(Protocol):
    """The controls below a view."""

    widget: Any

    def show(self, scene: Scene | None) -> None:
        """Bring the fields up to date, then show them; None where the view is closed: hide them."""


class View:
    """A picture of one idea. A subclass makes its artists in `__init__` and moves them in `show`.

    What has to be computed for it beyond the rounds themselves is computed by `prepare`, in pieces
    short enough for a screen; the last piece is what `show` finds in `scene.closeup`. What a person
    chooses in it is in its `State`; what is computed over many runs is that state's job.
    """

    name: ClassVar[str]  # in Playground(views=[...])
    title: ClassVar[str]  # on its tab
    help: ClassVar[str] = ""  # what its tab says when asked
    part: ClassVar[float] = 0.41  # of the picture's height, below the curves
    follows: ClassVar[bool] = True  # whether what it prepares is about the client followed
    topic: ClassVar[str] = "Your own"  # under which it stands among the views
    level: ClassVar[str] = "more"  # "first", "more" or "expert": when one needs it
    needs: ClassVar[tuple[str, ...]] = ()  # what a run must have for it: names of `needs.py`
    prepares: ClassVar[bool] = False  # whether it shows something that `prepare` comes to
    dated: ClassVar[bool] = True  # whether an older close-up is shown with its own run's scene
    main: ClassVar[bool] = False  # whether it stands above, beside whatever else is open
    summoned: ClassVar[bool] = False  # whether its tab is there only while its state says so
    secret: ClassVar[bool] = True  # whether its sentence is hidden before a guess
    holds: ClassVar[bool] = False  # whether an axis of it stays as it is from round to round
    numbered: ClassVar[bool] = True  # whether its sentence has the run's own numbers
    knob: ClassVar[str] = ""  # the action that a button beside every knob asks for, with its name
    State: ClassVar[type[State]] = State

    def __init_subclass__(cls) -> None:
        """Let whatever makes or moves artists do so with our settings, not with the notebook's."""
        super().__init_subclass__()
        cls.prepares = cls.prepare is not View.prepare
        for name in ("__init__", "show", "light", "draw"):
            if name in vars(cls):
                setattr(cls, name, ours()(vars(cls)[name]))

    def __init__(self, canvas: Canvas, box: Box, look: Look) -> None:
        self.canvas, self.box, self.look = canvas, box, look

    @classmethod
    def registered_as(cls, name: str = "") -> None:
        """Become a tab of every Playground that is made from now on; `register` calls it."""
        from fedplay.views.registered import enter  # which knows every view

        enter(cls, name)

    @staticmethod
    def suits(exp: Experiment, federation: Federation) -> bool:
        """Whether there is anything to show of this experiment on these data, beyond `needs`."""
        return True

    @staticmethod
    def example(exp: Experiment, federation: Federation) -> Sequence[Intent]:
        """What a person might do in it first, where else it has little to show; for its check."""
        return ()

    @staticmethod
    def prepare(moment: Moment) -> Iterator[Any]:
        """Compute what the view needs: yields None after every piece, then the close-up."""
        yield None

    @staticmethod
    def sentence(scene: Scene) -> str:
        """What is seen, in one or two sentences with the run's own numbers, as HTML."""
        return ""

    @staticmethod
    def spoken(scene: Scene) -> str:
        """What a screen reader is told of the picture, beyond what it is told of every run."""
        return ""

    @staticmethod
    def files(scene: Scene) -> dict[str, bytes]:
        """What of it can be saved beside the picture, by the name of the file."""
        return {}

    @staticmethod
    def controls(act: Callable[..., None]) -> Row | None:
        """The row of controls, if any; `act(name, *arguments)` runs an action of the screen."""
        return None

    @staticmethod
    def key_colours(look: Look) -> tuple[str, ...]:
        """Colours that must not be lost where a picture has few of them, beyond the usual ones."""
        return ()

    def show(self, scene: Scene) -> None:
        """Update the artists."""
        raise NotImplementedError

    def light(self, client: int | None) -> None:
        """Make the client at a place of the panel stand out; only moving artists may change."""

    def at(self, x: float, y: float) -> Hit | None:
        """What is at a css position of the picture, or None."""
        return None

    def fits(self, scene: Scene) -> bool:
        """Whether its parts can show a scene; else all is made anew."""
        return True

    def again(self, scene: Scene) -> Iterable[Artist] | None:
        """Where nothing but the view's own state has changed: show it, and return what has moved.

        None where more than that has to be drawn anew.
        """
        return None

    # --- for subclasses

    def drag_along(self, x: float, y: float) -> Intent | None:
        """A drag from one round to the next: what a click would ask for where the pointer is."""
        hit = self.at(x, y)
        return hit.click if hit is not None else None

    def place(
        self, left: float, top: float, width: float, height: float
    ) -> tuple[float, float, float, float]:
        """A part of the box, css pixels from its top left, as matplotlib places axes."""
        wide, tall = self.canvas.width, self.canvas.height
        x, bottom = self.box.left + left, self.box.top + top + height
        return x / wide, 1 - bottom / tall, max(width, 1) / wide, max(height, 1) / tall

    def axes(self, left: float, top: float, width: float, height: float) -> Axes:
        """New axes in a part of the box, css pixels from the box's top left."""
        return self.canvas.figure.add_axes(self.place(left, top, width, height))

    def accuracy_axes(self, left: float, top: float, width: float, height: float) -> Axes:
        """New axes dressed as a chart of accuracies: from 0 to 1 upwards, in the look's colours."""
        made = self.axes(left, top, width, height)
        dress(made, self.look)
        return made

    def inside(self, axes: Axes, x: float, y: float) -> tuple[float, float] | None:
        """A css position of the picture in the coordinates of some axes' data; None outside."""
        ratio, tall = self.canvas.ratio, self.canvas.height
        point = (x * ratio, (tall - y) * ratio)
        if not axes.get_window_extent().contains(*point):
            return None
        a, b = axes.transData.inverted().transform(point)
        return float(a), float(b)
