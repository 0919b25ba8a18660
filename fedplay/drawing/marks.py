"""Marks of the classes at points of the data, and a line that says what they stand for."""

from __future__ import annotations

from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import RendererAgg
from matplotlib.collections import PathCollection
from matplotlib.markers import MarkerStyle
from matplotlib.text import Text
from matplotlib.transforms import IdentityTransform

from fedplay.drawing.geometry import Array
from fedplay.drawing.style import SMALL, Look
from fedplay.words import short

FOOT = 26  # css pixels, the height of the key
RING = 13.8  # css pixels across, around a point that is not got right
FAINT = 0.3  # the opacity of what does not count now
MARKS = [MarkerStyle(m) for m in "o^sDvPpXh<"]  # of the classes, in turn
SHAPES = [m.get_path().transformed(m.get_transform()) for m in MARKS]
LARGER = np.array(
    [1.0, 1.35, 0.85, 0.8, 1.35, 1.3, 1.3, 1.1, 1.1, 1.35]
)  # for one weight to the eye


class Marks(PathCollection):
    """Marks of one size on the screen, each in the shape of its class."""

    def __init__(self, axes: Axes, zorder: float, **style: Any) -> None:
        super().__init__([], zorder=zorder, **style)
        self.set_offset_transform(axes.transData)
        self.set_transform(IdentityTransform())
        axes.add_collection(self, autolim=False)

    def put(self, X: Array, y: Array, size: float) -> None:
        """Marks of classes y (n,) at X (n, 2), `size` css pixels across."""
        self.set_paths([SHAPES[c % len(SHAPES)] for c in y.tolist()])
        self.set_offsets(X)
        self.set_sizes(size**2 * LARGER[y % len(SHAPES)])


class Points(Marks):
    """Marks that are kept as pixels until they are put anew: a thousand of them in one stroke."""

    def __init__(self, axes: Axes, zorder: float) -> None:
        super().__init__(axes, zorder)
        self.opacity = 1.0
        self._kept: tuple[Any, Array] | None = (
            None  # for which place on which paper, and the pixels
        )

    def put(self, X: Array, y: Array, size: float) -> None:
        super().put(X, y, size)
        self._kept = None

    def draw(self, renderer: Any) -> None:
        if not self.get_visible():
            return
        if not isinstance(renderer, RendererAgg):  # a file of shapes, not of pixels
            self.set_alpha(self.opacity)
            super().draw(renderer)
            self.set_alpha(None)
            return
        left, bottom, right, top = corners(self.axes)
        key = (left, bottom, right, top, renderer.dpi)
        if self._kept is None or self._kept[0] != key:
            make: Any = RendererAgg
            own = make(renderer.width, renderer.height, renderer.dpi)
            super().draw(own)
            self._kept = key, np.asarray(own.buffer_rgba())[::-1][bottom:top, left:right].copy()
        graphics: Any = renderer.new_gc()
        graphics.set_alpha(self.opacity)
        renderer.draw_image(graphics, left, bottom, self._kept[1])
        graphics.restore()


def corners(axes: Any) -> tuple[int, int, int, int]:
    """The left, bottom, right and top of some axes in whole pixels of the picture."""
    left, bottom, right, top = np.rint(axes.get_window_extent().extents).astype(int).tolist()
    return left, bottom, right, top


class Key:
    """What the marks stand for, in a line below the panels."""

    def __init__(self, axes: Axes, look: Look, width: float) -> None:
        self.axes, self.look = axes, look
        self.marks: list[Marks] = []  # those that were made so far, the first `_used` are shown
        self.words: list[Text] = []
        self._used = {"marks": 0, "words": 0}
        axes.set_axis_off()
        axes.set_xlim(0, width)
        axes.set_ylim(-FOOT / 2, FOOT / 2)

    def show(self, classes: tuple[str, ...], left: float, right: float) -> None:
        """Draw it anew between two css positions; the static layer is stale then."""
        for artist in (*self.marks, *self.words):
            artist.set_visible(False)
        self._used = {"marks": 0, "words": 0}
        if not classes:
            return
        end, C, colours = self._held(right), len(classes), self.look.classes(len(classes))
        words = [self._word(0, short(name), "left") for name in classes]
        widths = [b - a for a, b in map(self._extent, words)]
        for named in (range(C), (0, C - 1), ()):
            steps = [widths[c] + 25 if c in named else 16 for c in range(C)]
            starts = np.cumsum([left + 6, *steps])
            if starts[-1] <= end:
                break
        for c, word in enumerate(words):
            self._mark(starts[c], c, 7.2, colours[c], self.look.muted)
            word.set_x(starts[c] + 9)
            word.set_visible(c in named)

    def _held(self, right: float) -> float:
        """The two marks of held-out examples, up to `right`; returns where they begin."""
        for word, wrong in (("and wrong", True), ("held out", False)):
            right = self._extent(self._word(right, word, "right"))[0] - (14 if wrong else 10)
            self._mark(right, 0, 6.8, self.look.stale, self.look.ink)
            if wrong:
                self._mark(right, 0, RING, "none", self.look.ink)
            right -= 24 if wrong else 18
        return right

    def _mark(self, x: float, c: int, size: float, face: str, edge: str) -> None:
        place = self._next("marks")
        if place == len(self.marks):
            self.marks.append(Marks(self.axes, 1, lw=1.2))
        mark = self.marks[place]
        mark.set_visible(True)
        mark.set_facecolor(face)
        mark.set_edgecolor(edge)
        mark.put(np.array([[x, 0]]), np.array([c]), size)

    def _word(self, x: float, word: str, side: Any) -> Text:
        place = self._next("words")
        if place == len(self.words):
            style: dict[str, Any] = {"color": self.look.muted, "fontsize": SMALL, "va": "center"}
            self.words.append(self.axes.text(0, -0.5, "", parse_math=False, **style))
        text = self.words[place]
        text.set_visible(True)
        text.set_text(word)
        text.set_x(x)
        text.set_horizontalalignment(side)
        return text

    def _next(self, kind: str) -> int:
        self._used[kind] += 1
        return self._used[kind] - 1

    def _extent(self, word: Text) -> tuple[float, float]:
        """Where a word begins and ends, css pixels."""
        box: Any = word.get_window_extent()
        left, right = self.axes.transData.inverted().transform([(box.x0, 0), (box.x1, 0)])[:, 0]
        return float(left), float(right)
