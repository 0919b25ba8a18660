"""The federation at a glance: each client's labels, and which clients take part in a round."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar

import numpy as np
from matplotlib.collections import PathCollection, PolyCollection
from matplotlib.path import Path
from matplotlib.text import Text

from fedplay.drawing.cached_text import Stamp
from fedplay.drawing.figure import Canvas
from fedplay.drawing.geometry import Array, Box
from fedplay.drawing.scale import tidy
from fedplay.drawing.style import LEFT, RIGHT, SMALL, TEXT, Look
from fedplay.runs.series import Labels
from fedplay.views.base import View
from fedplay.views.labels.analysis import fixed, has_classes
from fedplay.views.labels.state import DealState
from fedplay.views.labels.words import beside, heading, last_of, told
from fedplay.views.scene import Hit, Intent, Scene
from fedplay.views.state import State
from fedplay.words import UNSEEN, short

TOP, BOTTOM = 30, 26  # css pixels above and below the axes
NAMED = 10  # classes that are named one by one
LINE = 12.4  # css pixels from one name to the next
WIDE = 0.78  # of a client's place, that its bar takes
EMPTY = 7.0  # css pixels of the place of a class that a client does not have
LETTER = 6.3  # css pixels of a letter of the heading, about
FAINT = 0.8  # opacity of an empty place


def bars(counts: Array, width: float = WIDE) -> Array:
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


def stacked(counts: Array) -> list[Path]:
    """(C) the bars of counts (K, C), for each class those of all clients: faster than K·C paths."""
    K, C = counts.shape
    around = bars(counts)[:, [0, 1, 2, 3, 0]].reshape(K, C, 5, 2)
    codes = [Path.MOVETO, Path.LINETO, Path.LINETO, Path.LINETO, Path.CLOSEPOLY] * K
    return [Path(around[:, c].reshape(-1, 2), codes) for c in range(C)]


class LabelBars(View):
    """A bar for each client, stacked by class, with a dot below: filled where it takes part.

    A click on a class of a bar takes it from the client. What a client does not have stands above
    its bar as an empty place, and a click there gives it a share: of every client where the table
    is edited by hand, else of the one that the pointer is at or that is followed.
    """

    name = "federation"
    title = "Federation"
    topic: ClassVar[str] = "Clients"
    level: ClassVar[str] = "first"
    help = (
        f"Which labels each client has {UNSEEN}, and which clients take part in the round; a click "
        "on a class of a bar takes it from the client."
    )
    secret = False
    State: ClassVar[type[State]] = DealState

    def __init__(self, canvas: Canvas, box: Box, look: Look) -> None:
        super().__init__(canvas, box, look)
        self.wide, self.tall = box.width - LEFT - RIGHT, box.height - TOP - BOTTOM
        self.chart = axes = self.axes(LEFT, TOP, self.wide, self.tall)
        self.scene: Scene | None = None
        self.labels: Labels | None = None  # what the bars were drawn from
        self.hovered: int | None = None
        self.counts: Array = np.zeros((0, 1))  # of the bars
        self.step = 0.0  # examples that an empty place is high, where there are any
        axes.set_facecolor(look.paper)
        axes.set_xticks([])
        axes.set_yticks([])
        axes.set_ylabel("examples", color=look.muted, fontsize=TEXT, labelpad=34)
        for spine in axes.spines.values():
            spine.set_visible(False)
        axes.set_xlim(-0.6, 9.6)
        axes.set_ylim(0, 0.1)  # until there is something to show
        self.bars = PathCollection([], lw=0.6, edgecolor=look.paper, zorder=3)
        self.bars.set_snap(True)  # on whole pixels, however many there are
        self.outline = PolyCollection([], facecolor="none", zorder=5)
        axes.add_collection(self.bars, autolim=False)
        axes.add_collection(self.outline, autolim=False)
        self.outline.set_clip_on(False)
        # The empty places of all clients, and of those that stand out: drawn seldom, and always.
        self.empty, self.near = (
            PolyCollection([], facecolor="none", lw=1.2, zorder=4, alpha=FAINT) for _ in range(2)
        )
        for places in (self.empty, self.near):
            axes.add_collection(places, autolim=False)
        self.names: list[Text] = []
        self.heading = self._text(0, 1 + 8 / self.tall, "", va="bottom", color=look.muted)
        self.heading.set_fontsize(TEXT)
        # Not ticks, which are static: the axis changes often, and all else would be drawn again.
        side = {"ha": "right", "color": look.muted, "fontsize": SMALL}
        self._text(-6 / self.wide, 0, "0", va="center", **side)
        self.top = Stamp(axes, "", look.muted, SMALL, "normal", ends=True)
        self.top.right = -6
        axes.add_artist(self.top)
        self.top.set_visible(True)
        self.dots = axes.scatter([], [], s=46, zorder=4, clip_on=False, lw=1.3)
        self.dots.set_offset_transform(axes.get_xaxis_transform())
        canvas.seldom([self.bars, self.empty, self.top])
        canvas.moving([self.near, self.dots, self.outline])

    def _text(self, x: float, y: float, words: str, **style: Any) -> Text:
        where = self.chart.transAxes
        return self.chart.text(x, y, words, transform=where, parse_math=False, **style)

    def show(self, scene: Scene) -> None:
        """Draw the bars where they have changed, and who takes part."""
        before, self.scene = self.scene, scene
        if scene.labels is not self.labels or before is None or before.exp is not scene.exp:
            self.labels = scene.labels
            self._bars(scene)
        self._head(scene)
        here = np.isin(scene.labels.ids, scene.now.cohort)
        own = [self.look.client(k) for k in range(len(here))]
        faces = [c if there else self.look.paper for c, there in zip(own, here, strict=True)]
        self.dots.set_facecolor(faces)
        self.dots.set_edgecolor(own)
        self._outline()

    def _bars(self, scene: Scene) -> None:
        labels, axes = scene.labels, self.chart
        classed = has_classes(scene.exp)
        self.counts = labels.counts if classed else labels.counts.sum(axis=1, keepdims=True)
        K, C = self.counts.shape
        self.bars.set_paths(stacked(self.counts))
        self.bars.set_facecolor(self.look.classes(C) if classed else [self.look.muted])
        axes.set_xlim(-0.7, max(K, 4) - 0.3)  # a lone client need not fill the page
        totals = self.counts.sum(axis=1)
        top = high = tidy(float(totals.max(initial=1)))
        self.step = 0.0
        if not fixed(scene.exp):  # there is room for the empty places, however high a bar
            lacking = (self.counts == 0).sum(axis=1)
            part = min(EMPTY / self.tall, 0.5 / max(int(lacking.max(initial=1)), 1))
            high = max(top, float((totals / (1 - lacking * part)).max(initial=1)))
            self.step = high * part
        axes.set_ylim(0, high)
        self._places(self.empty, range(K) if scene.exp.partition == "table" else ())
        self.top.words, self.top.place = f"{top:,g}", (axes.get_xlim()[0], top)
        self._key(labels.classes if classed else ())
        self.dots.set_offsets(np.column_stack([np.arange(K), np.full(K, -13 / self.tall)]))
        self.canvas.touch()

    def _head(self, scene: Scene) -> None:
        words = heading(scene)
        if len(words) * LETTER > self.wide:
            words = heading(scene, roomy=False)
        if self.heading.get_text() != words:
            self.heading.set_text(words)
            self.canvas.stale()

    def _key(self, classes: Sequence[str]) -> None:
        """The key of colours beside the bars, the order as in the stack."""
        C = len(classes)
        shown: Sequence[int] = range(C) if C <= NAMED else (0, C - 1)
        columns = 1 if len(shown) * LINE <= self.tall else 2
        words = [short(classes[c], 16 // columns) for c in shown]
        if [text.get_text() for text in self.names if text.get_gid() == "name"] == words:
            return
        for text in self.names:
            text.remove()
        self.names = []
        rows = -(-len(words) // columns)
        step = min(max(LINE, self.tall / max(rows, 5)), 1.4 * LINE) / self.tall
        colours = self.look.classes(C)
        for place, (c, word) in enumerate(zip(shown, words, strict=True)):
            x, y = 8 + 76 * (place // rows), (place % rows + 0.5) * step
            square = self._text(1 + x / self.wide, y, "■", color=colours[c], fontsize=TEXT)
            name = self._text(1 + (x + 16) / self.wide, y, word, color=self.look.muted, gid="name")
            name.set_fontsize(SMALL)
            self.names += [square, name]
        for text in self.names:
            text.set_verticalalignment("center")
        self.canvas.stale()

    # --- what stands out, and what is where ---------------------------------------------------

    def light(self, client: int | None) -> None:
        """Outline a client's bar, beside that of the client that is followed."""
        self.hovered = client
        if self.scene is not None:
            self._outline()

    def _outline(self) -> None:
        scene = self.scene
        assert scene is not None
        K, (low, high) = len(scene.labels.ids), self.chart.get_ylim()
        wanted = ((scene.client, 2.4, self.look.ink), (self.hovered, 1.4, self.look.muted))
        drawn = [(k, lw, c) for k, lw, c in wanted if k is not None and k < K]
        if scene.client == self.hovered:
            drawn = drawn[:1]
        box = [(-0.45, low), (-0.45, high), (0.45, high), (0.45, low)]
        corners = [[(k + x, y) for x, y in box] for k, _, _ in drawn]
        if (cell := self._cell(scene)) is not None:
            corners.append(self._part(*cell))
            drawn.append((cell[0], 2.4, self.look.ink))
        self.outline.set_verts(corners)
        self.outline.set_linewidth([lw for _, lw, _ in drawn])
        self.outline.set_edgecolor([colour for _, _, colour in drawn])
        by_hand = scene.exp.partition == "table"  # then all have them already
        self._places(self.near, () if by_hand else sorted({k for k, _, _ in drawn}))

    def _cell(self, scene: Scene) -> tuple[int, int] | None:
        """The client and the class that the keys are at."""
        if not isinstance(scene.state, tuple) or not self.step:
            return None
        K, C = self.counts.shape
        return min(scene.state[0], K - 1), min(scene.state[1], C - 1)

    def _places(self, artist: PolyCollection, who: Sequence[int]) -> None:
        """Let an artist draw the empty places of some clients."""
        cells = [(k, c) for k in who for c in self._lacking(k)] if self.step else []
        colours = self.look.classes(self.counts.shape[1]) if cells else []
        artist.set_verts([self._part(k, c, 0.08) for k, c in cells])
        artist.set_edgecolor([colours[c] for _, c in cells])

    def _lacking(self, place: int) -> list[int]:
        """The classes that a client does not have, from its bar upwards."""
        return np.flatnonzero(self.counts[place] == 0).tolist()

    def _part(self, place: int, label: int, inset: float = 0.0) -> list[tuple[float, float]]:
        """The corners of a class in a client's bar, or of its empty place above."""
        counts, left = self.counts[place], place - WIDE / 2
        low, high = float(counts[:label].sum()), float(counts[: label + 1].sum())
        if low == high:
            low = float(counts.sum()) + self._lacking(place).index(label) * self.step
            low, high = low + 0.2 * self.step, low + self.step
        left, right = left + inset, left + WIDE - inset
        return [(left, low), (left, high), (right, high), (right, low)]

    def at(self, x: float, y: float) -> Hit | None:
        """The client whose bar or dot is there, and the class of it."""
        if self.scene is None or not self.box.holds(x, y):
            return None
        low, high = self.chart.get_xlim()
        across = low + (x - self.box.left - LEFT) / max(self.wide, 1) * (high - low)
        place = round(across)
        if not 0 <= place < len(self.scene.labels.ids) or y < self.box.top + TOP:
            return None
        label = self._class(place, y) if abs(across - place) <= WIDE / 2 else None
        if label is None:
            return Hit(beside(self.scene, place), client=place)
        deal = Intent("deal", (int(self.scene.labels.ids[place]), label))
        click = None if last_of(self.scene, place) == label else deal
        return Hit(beside(self.scene, place, label), client=place, click=click)

    def _class(self, place: int, y: float) -> int | None:
        """The class at a height of a client's bar, where a click changes it."""
        high = self.chart.get_ylim()[1]
        up = (self.box.top + TOP + self.tall - y) / self.tall * high
        if not self.step or up < 0:
            return None
        ends = np.cumsum(self.counts[place])
        if up < ends[-1]:
            return int(np.searchsorted(ends, up, side="right"))
        lacking, above = self._lacking(place), int((up - ends[-1]) // self.step)
        return lacking[above] if above < len(lacking) else None

    @staticmethod
    def sentence(scene: Scene) -> str:
        """The clients' examples, how much their labels differ, and which clients take part."""
        return told(scene)
