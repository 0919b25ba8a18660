"""The federation at a glance: what labels each client has, and who takes part in a round."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.collections import PolyCollection
from matplotlib.text import Text
from numpy.typing import NDArray

from fedplay.views.canvas import Canvas
from fedplay.views.style import SMALL, TEXT, Look

Array = NDArray[Any]

BARS = 50  # clients that can be told apart in one row
NAMED = 10  # classes that are named one by one
LINE = 12.4  # css pixels from one name to the next


def bars(counts: Array, width: float = 0.78) -> Array:
    """(K·C, 4, 2) the corners of the stacked bars of counts (K, C), client by client."""
    K, C = counts.shape
    top = np.cumsum(counts, axis=1)
    bottom = top - counts
    x = np.arange(K)[:, None]
    left, right = x - width / 2, x + width / 2
    corners = np.empty((K, C, 4, 2))
    corners[..., 0, 0], corners[..., 1, 0] = left, left
    corners[..., 2, 0], corners[..., 3, 0] = right, right
    corners[..., 0, 1], corners[..., 3, 1] = bottom, bottom
    corners[..., 1, 1], corners[..., 2, 1] = top, top
    return corners.reshape(K * C, 4, 2)


def tidy_top(largest: float) -> float:
    """The end of the axis of examples: it moves seldom, so that bars can be compared."""
    steps = [m * 10**e for e in range(7) for m in (1, 1.5, 2, 3, 4, 6, 8)]
    return float(next((s for s in steps if s >= largest), largest))


class LabelBars:
    """A bar for each client, stacked by class, with a dot below: filled where it takes part."""

    def __init__(self, canvas: Canvas, axes: Axes, look: Look) -> None:
        self.canvas, self.axes, self.look = canvas, axes, look
        self.ids: Array = np.empty(0, np.int64)
        axes.set_facecolor(look.paper)
        axes.tick_params(colors=look.muted, labelsize=SMALL, length=0, pad=6)
        axes.set_xticks([])
        axes.set_ylabel("examples", color=look.muted, fontsize=TEXT)
        for spine in axes.spines.values():
            spine.set_visible(False)
        axes.set_xlim(-0.6, 9.6)
        axes.set_ylim(0, 0.1)  # until there is something to show
        self.bars = PolyCollection([], lw=0.6, edgecolor=look.paper, zorder=3)
        self.outline = PolyCollection([], lw=2, edgecolor=look.ink, facecolor="none", zorder=5)
        axes.add_collection(self.bars, autolim=False)
        axes.add_collection(self.outline, autolim=False)
        self.names: list[Text] = []
        high = 1 + 6 / self._size()[1]
        self.title = self._text(0, high, "", va="bottom", color=look.muted, fontsize=TEXT)
        self.dots = axes.scatter([], [], s=46, zorder=4, clip_on=False, lw=1.3)
        self.dots.set_offset_transform(axes.get_xaxis_transform())
        canvas.seldom([self.bars])
        canvas.moving([self.dots, self.outline])

    def _size(self) -> tuple[float, float]:
        """Width and height of the axes, css pixels."""
        box = self.axes.get_window_extent()
        return box.width / self.canvas.ratio, box.height / self.canvas.ratio

    def _text(self, x: float, y: float, words: str, **style: Any) -> Text:
        where = self.axes.transAxes
        return self.axes.text(x, y, words, transform=where, parse_math=False, **style)

    def show(self, counts: Array, ids: Array, classes: Sequence[str], clients: int) -> None:
        """Draw the labels of some clients: counts (K, C) of the clients `ids`, of `clients`."""
        self.ids = ids
        K, C = counts.shape
        self.bars.set_verts(list(bars(counts)))
        self.bars.set_facecolor(self.look.classes(C) * K)
        room = max(K, 4)  # a lone client need not fill the page
        self.axes.set_xlim(-0.7, room - 0.3)
        top = tidy_top(float(counts.sum(axis=1).max(initial=1)))
        if self.axes.get_ylim()[1] != top:
            self.axes.set_ylim(0, top)
            self.axes.set_yticks([0, top], ["0", f"{top:,g}"])
            self.canvas.stale()
        if self.title.get_text() != _title(K, clients):
            self.title.set_text(_title(K, clients))
            self.canvas.stale()
        self._name(classes)
        self.dots.set_offsets(np.column_stack([np.arange(K), np.full(K, -13 / self._size()[1])]))
        self.canvas.touch()

    def _name(self, classes: Sequence[str]) -> None:
        """The key of colours beside the bars, the order as in the stack."""
        C = len(classes)
        shown = range(C) if C <= NAMED else (0, C - 1)
        wide, tall = self._size()
        columns = 1 if len(shown) * LINE <= tall else 2
        words = [short(classes[c], 16 // columns) for c in shown]
        if [text.get_text() for text in self.names if text.get_gid() == "name"] == words:
            return
        for text in self.names:
            text.remove()
        self.names = []
        rows = -(-len(words) // columns)
        step = min(max(LINE, tall / max(rows, 5)), 1.4 * LINE) / tall
        colours = self.look.classes(C)
        for place, (c, word) in enumerate(zip(shown, words, strict=True)):
            x, y = 8 + 76 * (place // rows), (place % rows + 0.5) * step
            square = self._text(1 + x / wide, y, "■", color=colours[c], fontsize=TEXT)
            name = self._text(1 + (x + 16) / wide, y, word, color=self.look.muted, gid="name")
            name.set_fontsize(SMALL)
            self.names += [square, name]
        for text in self.names:
            text.set_verticalalignment("center")
        self.canvas.stale()

    def mark(self, cohort: Collection[int] | Array) -> None:
        """Fill the dots of the clients that take part in the round shown."""
        here = np.isin(self.ids, np.asarray(cohort, dtype=np.int64))
        own = [self.look.client(k) for k in range(len(self.ids))]
        faces = [c if there else self.look.paper for c, there in zip(own, here, strict=True)]
        self.dots.set_facecolor(faces)
        self.dots.set_edgecolor(own)

    def choose(self, place: int | None) -> None:
        """Outline one client's bar."""
        if place is None or place >= len(self.ids):
            self.outline.set_verts([])
            return
        low, high = self.axes.get_ylim()
        corners = [(place - 0.45, low), (place - 0.45, high), (place + 0.45, high)]
        self.outline.set_verts([[*corners, (place + 0.45, low)]])


def _title(K: int, clients: int) -> str:
    if clients > K:
        return f"labels of {K} of the {clients:,} clients; a filled dot takes part in this round"
    return "labels of each client; a filled dot takes part in this round"


def short(name: str, most: int = 16) -> str:
    """A name from data that fits beside the picture, without control characters."""
    plain = "".join(c if c.isprintable() else " " for c in str(name))
    return plain if len(plain) <= most else plain[: most - 1] + "…"
