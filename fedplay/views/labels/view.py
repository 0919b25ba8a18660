"""The federation at a glance: each client's labels, and which clients take part in a round."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

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
from fedplay.views.labels.words import beside, heading, told
from fedplay.views.scene import Hit, Scene
from fedplay.words import UNSEEN, short

TOP, BOTTOM = 30, 26  # css pixels above and below the axes
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


def stacked(counts: Array) -> list[Path]:
    """(C) the bars of counts (K, C), for each class those of all clients: faster than K·C paths."""
    K, C = counts.shape
    around = bars(counts)[:, [0, 1, 2, 3, 0]].reshape(K, C, 5, 2)
    codes = [Path.MOVETO, Path.LINETO, Path.LINETO, Path.LINETO, Path.CLOSEPOLY] * K
    return [Path(around[:, c].reshape(-1, 2), codes) for c in range(C)]


class LabelBars(View):
    """A bar for each client, stacked by class, with a dot below: filled where it takes part."""

    name = "federation"
    title = "Federation"
    help = f"Which labels each client has {UNSEEN}, and which clients take part in the round."
    secret = False

    def __init__(self, canvas: Canvas, box: Box, look: Look) -> None:
        super().__init__(canvas, box, look)
        self.wide, self.tall = box.width - LEFT - RIGHT, box.height - TOP - BOTTOM
        self.chart = axes = self.axes(LEFT, TOP, self.wide, self.tall)
        self.scene: Scene | None = None
        self.labels: Labels | None = None  # what the bars were drawn from
        self.hovered: int | None = None
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
        canvas.seldom([self.bars, self.top])
        canvas.moving([self.dots, self.outline])

    def _text(self, x: float, y: float, words: str, **style: Any) -> Text:
        where = self.chart.transAxes
        return self.chart.text(x, y, words, transform=where, parse_math=False, **style)

    def show(self, scene: Scene) -> None:
        """Draw the bars where they have changed, and who takes part."""
        self.scene = scene
        if scene.labels is not self.labels:
            self.labels = scene.labels
            self._bars(scene.labels)
        self._head(scene)
        here = np.isin(scene.labels.ids, scene.now.cohort)
        own = [self.look.client(k) for k in range(len(here))]
        faces = [c if there else self.look.paper for c, there in zip(own, here, strict=True)]
        self.dots.set_facecolor(faces)
        self.dots.set_edgecolor(own)
        self._outline()

    def _bars(self, labels: Labels) -> None:
        K, C = labels.counts.shape
        axes = self.chart
        self.bars.set_paths(stacked(labels.counts))
        self.bars.set_facecolor(self.look.classes(C))
        axes.set_xlim(-0.7, max(K, 4) - 0.3)  # a lone client need not fill the page
        top = tidy(float(labels.counts.sum(axis=1).max(initial=1)))
        axes.set_ylim(0, top)
        self.top.words, self.top.place = f"{top:,g}", (axes.get_xlim()[0], top)
        self._key(labels.classes)
        self.dots.set_offsets(np.column_stack([np.arange(K), np.full(K, -13 / self.tall)]))
        self.canvas.touch()

    def _head(self, scene: Scene) -> None:
        words = heading(scene)
        if self.heading.get_text() != words:
            self.heading.set_text(words)
            self.canvas.stale()

    def _key(self, classes: Sequence[str]) -> None:
        """The key of colours beside the bars, the order as in the stack."""
        C = len(classes)
        shown = range(C) if C <= NAMED else (0, C - 1)
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
        self.outline.set_verts([[(k + x, y) for x, y in box] for k, _, _ in drawn])
        self.outline.set_linewidth([lw for _, lw, _ in drawn])
        self.outline.set_edgecolor([colour for _, _, colour in drawn])

    def at(self, x: float, y: float) -> Hit | None:
        """The client whose bar or dot is there."""
        if self.scene is None or not self.box.holds(x, y):
            return None
        low, high = self.chart.get_xlim()
        place = round(low + (x - self.box.left - LEFT) / max(self.wide, 1) * (high - low))
        if not 0 <= place < len(self.scene.labels.ids) or y < self.box.top + TOP:
            return None
        return Hit(beside(self.scene, place), client=place)

    @staticmethod
    def sentence(scene: Scene) -> str:
        """The clients' examples, how much their labels differ, and which clients take part."""
        return told(scene)
