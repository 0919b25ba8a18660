"""What a run spends: privacy round by round, noise against the updates, bytes sent.

What depends on no data (ε, the noise) is known for every round beforehand and drawn thin ahead of
the viewer. Where the lengths of updates sink into the grey of the noise, the signal is drowned.
"""

from __future__ import annotations

import math
from typing import Any, ClassVar

import numpy as np
from matplotlib.axes import Axes
from matplotlib.patches import Rectangle

from fedplay.drawing.artists import Caption, dress, line, put, stamp
from fedplay.drawing.cached_text import Stamp
from fedplay.drawing.figure import Canvas
from fedplay.drawing.geometry import Array, Box
from fedplay.drawing.line_labels import apart
from fedplay.drawing.lines import last
from fedplay.drawing.scale import tick, tidy
from fedplay.drawing.style import SMALL, TEXT, Look
from fedplay.inspect.protection import Protection
from fedplay.views.base import View
from fedplay.views.privacy_and_cost.analysis import journey, protection_of
from fedplay.views.privacy_and_cost.ledger import Ledger, Row
from fedplay.views.privacy_and_cost.words import lines, told
from fedplay.views.scene import Hit, Scene, allowed, to_round
from fedplay.words import UNSEEN, size

TOP, BOTTOM, LEFT, NAMES, RIGHT = 48, 42, 52, 76, 30  # css pixels around the axes
PARTS = (0.3, 0.4, 0.3)  # of what is left, for the three charts
LINE = 14  # css pixels from one name to the next
SPIKE = 20  # times the median: what is longer leaves the picture at the top


class Spending(View):
    """Three charts over the rounds: ε, lengths, bytes."""

    name: ClassVar[str] = "privacy"
    title: ClassVar[str] = "Privacy & cost"
    topic: ClassVar[str] = "Price"
    help: ClassVar[str] = "What privacy costs, how large its noise is, and how much is sent."

    def __init__(self, canvas: Canvas, box: Box, look: Look) -> None:
        super().__init__(canvas, box, look)
        self.tall = max(box.height - TOP - BOTTOM, 40)
        room = max(box.width - 3 * LEFT - NAMES - RIGHT - 24, 150)
        left, self.charts = LEFT, []
        for part, beside in zip(PARTS, (12, NAMES, RIGHT), strict=True):
            axes = self.axes(left, TOP, part * room, self.tall)
            dress(axes, look)
            axes.set_ylabel("")
            axes.set_xlabel("round", labelpad=3)
            self.charts.append(axes)
            left += round(part * room) + beside + LEFT
        self.wide = 0.3 * room
        titles = ("privacy spent", "noise against updates", "bytes sent")
        for axes, words in zip(self.charts, titles, strict=True):
            self._above(axes, 27, words, look.ink, TEXT)
        self.details = [self._above(axes, 9, "", look.muted, SMALL) for axes in self.charts]
        self.empty = [
            Caption(self.charts[0], (0.5, y), "", colour, big, ha="center", va="center")
            for y, colour, big in ((0.66, look.ink, 20), (0.36, look.muted, SMALL))
        ]
        self.shown: Any = None  # what the static layer shows
        self.ledger = Ledger()
        self.rows: list[Row] = []
        self.scene: Scene | None = None
        self._make()

    def _above(self, axes: Axes, pixels: float, words: str, colour: str, big: float) -> Caption:
        left = -(LEFT - 16) * self.canvas.ratio / axes.get_window_extent().width
        return Caption(axes, (left, 1 + pixels / self.tall), words, colour, big, va="bottom")

    def _make(self) -> None:
        """The artists that move."""
        look, (privacy, lengths, traffic) = self.look, self.charts
        # Above the axes' own lines (2.5), which the screen draws first and a file in their order.
        self.cursors = [line(axes, look.muted, 1.0, 2.8) for axes in self.charts]
        self.ahead = line(privacy, look.muted, 1.2, 3)
        self.spent = line(privacy, look.ink, 2.4, 4)
        self.fog = Rectangle((0, 0), 1, 0, facecolor=look.muted, alpha=0.28, lw=0, zorder=2.7)
        self.fog.set_transform(lengths.get_yaxis_transform())
        lengths.add_patch(self.fog)
        self.clip = line(lengths, look.muted, 1.4, 3, ls=(0, (4, 2.5)))
        self.step = line(lengths, look.accent, 1.8, 4)
        self.update = line(lengths, look.ink, 2.2, 5)
        self.down = line(traffic, look.muted, 3.6, 3)
        self.up = line(traffic, look.ink, 1.8, 4)
        dot: dict[str, Any] = {"marker": "o", "ms": 7, "clip_on": False}
        self.dots = [line(axes, look.ink, 0, 6, **dot) for axes in self.charts]
        self.stamps = [stamp(lengths, look.muted, 8) for _ in range(4)]
        self.arrows = [stamp(traffic, look.muted, 8) for _ in range(2)]
        curves = [self.ahead, self.spent, self.clip, self.step, self.update, self.down, self.up]
        self.canvas.moving([self.fog, *self.cursors, *curves, *self.dots])
        self.canvas.moving([*self.stamps, *self.arrows])

    # --- what it shows ------------------------------------------------------------------------

    def show(self, scene: Scene) -> None:
        """Draw the rounds so far, and of what is known beforehand all rounds."""
        self.scene = scene = allowed(scene)
        safe = protection_of(scene)
        self.rows = self.ledger.enter(scene.rounds, safe.clip)
        self._set_axes(scene, safe)
        for cursor in self.cursors:
            put(cursor, [scene.at] * 2, cursor.axes.get_ylim() if cursor.axes else ())
        self._show_privacy(scene, safe)
        self._show_lengths(scene, safe)
        self._show_bytes(scene)

    def _set_axes(self, scene: Scene, safe: Protection) -> None:
        """Limits, ticks and headings, which are drawn anew only when they change."""
        R, rows = scene.series.rounds, self.rows
        noisy = safe.noise > 0
        tops = (tidy(_last(safe.spent)) if noisy else 1.0, _reach(rows, safe), _total(rows, R))
        came = sum(row.K for row in rows)
        each = [size(bytes_) if came else "" for bytes_ in journey(scene)]
        shown = (R, tops, noisy, safe.slack, tuple(each))
        if shown == self.shown:
            return
        self.shown = shown
        for axes, top in zip(self.charts, tops, strict=True):
            axes.set_xlim(0, tidy(R))
            axes.set_xticks(_ticks(tidy(R), whole=True))
            axes.set_ylim(0, top)
            axes.set_yticks(_ticks(top))
        self.charts[0].set_yticks(_ticks(tops[0]) if noisy else [])
        marks = _ticks(tops[2])
        self.charts[2].set_yticks(marks, [tick("bytes", mark) for mark in marks])
        self.charts[0].grid(noisy)
        sent = f"↑ {each[0]}  ↓ {each[1]}" if came else ""
        prefix = "per client and round " if self.wide > 180 else "per client "
        words = (
            f"ε, at δ = {safe.slack:.2g}" if noisy else "differential privacy",
            "lengths, over the rounds",
            prefix + sent if sent else "nothing yet",
        )
        for text, word in zip(self.details, words, strict=True):
            text.set_text(word)
        self.empty[0].set_text("" if noisy else "ε = ∞")
        hint = "no noise, no guarantee.\nMove “Privacy noise z” up"
        self.empty[1].set_text("" if noisy else hint)
        self.canvas.stale()

    def _show_privacy(self, scene: Scene, safe: Protection) -> None:
        noisy, n = safe.noise > 0, scene.at + 1
        spent = safe.spent if noisy else np.empty(0)
        put(self.ahead, np.arange(len(spent)), spent)
        put(self.spent, np.arange(len(spent[:n])), spent[:n])
        put(self.dots[0], [scene.at] if noisy else [], spent[scene.at : scene.at + 1])
        self.cursors[0].set_visible(noisy)

    def _show_lengths(self, scene: Scene, safe: Protection) -> None:
        rows, x = self.rows, np.arange(len(self.rows))
        width, top = tidy(scene.series.rounds), self.charts[1].get_ylim()[1]
        update, step = np.array([(row.update, row.step) for row in rows]).T
        put(self.update, x, update)
        put(self.step, x, step)
        self.fog.set_height(safe.noise)
        clipped = math.isfinite(safe.clip)
        put(self.clip, [0, width] if clipped else [], [safe.clip] * 2 if clipped else [])
        here = update[scene.at]
        put(self.dots[1], *(([scene.at], [here]) if 0 <= here <= top else ([], [])))
        named = [
            (f"update {UNSEEN}" if clipped else "update", self.look.ink, _last(update)),
            ("followed", self.look.accent, _last(step)),
            ("noise", self.look.muted, safe.noise if safe.noise else math.nan),
            (f"S = {safe.clip:g}", self.look.muted, safe.clip),
        ]
        self._name(self.stamps, named, width, top)

    def _show_bytes(self, scene: Scene) -> None:
        x = np.arange(len(self.rows))
        up, down = np.array([(row.up, row.down) for row in self.rows]).T
        put(self.up, x, up)
        put(self.down, x, down)
        put(self.dots[2], [scene.at], [up[scene.at]])
        top, look = self.charts[2].get_ylim()[1], self.look
        if up[-1] == down[-1]:
            named = [("↑ ↓", look.ink, float(up[-1]))]
        else:
            named = [("↑", look.ink, float(up[-1])), ("↓", look.muted, float(down[-1]))]
        self._name(self.arrows, named if len(x) > 1 else [], float(x[-1]), top)

    def _name(
        self, stamps: list[Stamp], named: list[tuple[str, str, float]], x: float, top: float
    ) -> None:
        """Names at the right, beside what they name and apart from each other."""
        there = [(word, colour, y / top) for word, colour, y in named if math.isfinite(y)]
        heights = apart([y for *_, y in there], LINE / self.tall, 0.0, 1.0)
        for name in stamps:
            name.set_visible(False)
        for name, (word, colour, _), y in zip(stamps, there, heights, strict=False):
            name.set_visible(True)
            name.words, name.colour, name.place = word, colour, (x, y * top)

    # --- what is where ------------------------------------------------------------------------

    def at(self, x: float, y: float) -> Hit | None:
        """The round at a position of any of the charts."""
        if self.scene is None or not self.rows:
            return None
        for axes in self.charts:
            if (place := self.inside(axes, x, y)) is not None:
                number = round(place[0])
                if number >= len(self.rows):
                    return None
                said = lines(self.scene, number)
                return Hit(said, "ew-resize", click=to_round(number), drag=self.drag_along)
        return None

    @staticmethod
    def sentence(scene: Scene) -> str:
        """What the round shown has come to."""
        return told(allowed(scene))


def _last(values: Array) -> float:
    """The last finite number, NaN without any."""
    return last(np.arange(len(values)), values)[1]


def _reach(rows: list[Row], safe: Protection) -> float:
    """The end of the axis of lengths; a run that diverges leaves it at the top."""
    lengths = np.array([(row.update, row.step) for row in rows]).ravel()
    good = lengths[np.isfinite(lengths)]
    longest = min(good.max(), SPIKE * float(np.median(good))) if len(good) else 0.0
    clip = safe.clip if math.isfinite(safe.clip) else 0.0
    return tidy(1.04 * max(longest, safe.noise, clip))


def _total(rows: list[Row], R: int) -> float:
    """The end of the axis of bytes: where the run will end if it goes on as it did."""
    sent = max(rows[-1].up, rows[-1].down)
    return tidy(sent * R / max(len(rows) - 1, 1))


def _ticks(top: float, whole: bool = False) -> list[float]:
    """Three or four tidy numbers from 0 to the end of an axis."""
    lead = round(top / 10 ** math.floor(math.log10(top)), 6)
    parts = {1.0: 2, 1.5: 3, 2.0: 2, 3.0: 3, 4.0: 2, 5.0: 2, 6.0: 3, 8.0: 2, 10.0: 2}.get(lead, 2)
    if whole and top % parts:
        parts = 1
    return [round(top * k / parts, 12) for k in range(parts + 1)]
