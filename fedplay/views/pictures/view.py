"""The view Digits: the model's weights, a client's pictures, and the model's mistakes.

Each group is one image, put together from enlarged pixels and kept letters: scrubbing over rounds
costs no layout of text and no resampling.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, ClassVar

import numpy as np

from fedplay.drawing.cached_text import Stamp, fitting
from fedplay.drawing.colour_scales import (
    RGB,
    colours_of_ink,
    colours_of_weights,
    faded,
    of_ink,
    of_weights,
    reach,
)
from fedplay.drawing.figure import Canvas
from fedplay.drawing.geometry import Box
from fedplay.drawing.mosaic import APART, CAPTION, Bitmap, Mosaic, Words, solid
from fedplay.drawing.style import SMALL, TEXT, Look
from fedplay.runs.series import Moment
from fedplay.views.base import View
from fedplay.views.pictures import words
from fedplay.views.pictures.analysis import EXAMPLES, Photos, PictureAnalysis, picture_analysis
from fedplay.views.scene import Hit, Scene

HEAD = 44  # css pixels of the two lines above a group
BETWEEN = 26  # css pixels between groups
KEY = (50, 26, 44, 11)  # the key of colours: left, top, width and height in the group of weights
NAME, MISTAKE = 20, 52  # css pixels of the words below weights, and below a mistake
TALL = 48  # css pixels of a mistake that is large enough
DOT = 17  # css pixels that a client's dot takes
WIDE = (
    0.45  # a box that is higher than this part of its width has the weights in a row of their own
)


class Pictures(View):
    """Three groups: the model's weights, a client's pictures, and mistakes."""

    name = "pictures"
    title = "Digits"
    topic: ClassVar[str] = "Models"
    needs: ClassVar[tuple[str, ...]] = ("pictures", "classes")
    help = "What the model has learnt, pixel by pixel, and which pictures it gets wrong."

    @staticmethod
    def prepare(moment: Moment) -> Iterator[Any]:
        yield from picture_analysis(moment.run, moment.number, moment.w, moment.client)

    @staticmethod
    def sentence(scene: Scene) -> str:
        if scene.veiled:
            return ""
        if not scene.fresh or not isinstance(scene.closeup, PictureAnalysis):
            return "Being computed …"
        return words.told(scene.closeup)

    def __init__(self, canvas: Canvas, box: Box, look: Look) -> None:
        super().__init__(canvas, box, look)
        self._axes = axes = self.axes(0, 0, box.width, box.height)
        axes.set_xlim(0, box.width)
        axes.set_ylim(box.height, 0)
        axes.axis("off")
        self.parts = parts = _parts(box)
        weights, pictures, _ = parts
        self.mosaics = [
            Mosaic(canvas, Box(p.left, p.top + HEAD, p.width, p.height - HEAD)) for p in parts
        ]
        left, top, *size = KEY
        self.key = Bitmap(canvas, Box(weights.left + left, weights.top + top, *size))
        self.stamps: list[Stamp] = []
        self.heads = [[self._stamp(p, 11, TEXT, "bold"), self._stamp(p, 31, SMALL)] for p in parts]
        self.against = self._stamp(weights, 31, SMALL)
        self.dot = self._stamp(pictures, 11, TEXT)
        self.notes = [self._stamp(p, HEAD + 12, SMALL) for p in parts]
        self.heads[0][1].right = KEY[0] + KEY[2] + 7
        self.heads[1][0].right = DOT
        self._tables = colours_of_ink(look), colours_of_weights(look)
        self._seen: Any = None
        self.found: PictureAnalysis | None = None
        self._fresh = True
        moving = [*self.mosaics, self.key, *self.stamps]
        for artist in moving:
            axes.add_artist(artist)  # so that it is in files of the picture too
        canvas.moving(moving)

    def _stamp(self, part: Box, down: float, size: float, weight: str = "normal") -> Stamp:
        """Words that stand in a group, so far below its top."""
        stamp = Stamp(self._axes, "", self.look.ink, size, weight)
        stamp.place = (part.left - self.box.left, part.top - self.box.top + down)
        self.stamps.append(stamp)
        return stamp

    def _say(self, stamp: Stamp, text: str, colour: str) -> None:
        stamp.words = text
        stamp.colour = colour if self._fresh else self.look.stale
        stamp.set_visible(bool(text))

    def _head(self, group: int, heading: Sequence[str], line: Sequence[str]) -> None:
        """The two lines above a group, in the first of their wordings that fit."""
        room, (above, below) = self.parts[group].width, self.heads[group]
        fits = fitting(heading, room - above.right, TEXT, "bold")
        self._say(above, fits, self.look.ink)
        self._say(below, fitting(line, room - below.right, SMALL), self.look.muted)

    def show(self, scene: Scene) -> None:
        now = (scene.closeup, scene.fresh, scene.veiled)
        if now == self._seen:
            return
        self._seen = now
        self.found = found = scene.closeup if isinstance(scene.closeup, PictureAnalysis) else None
        self._fresh = scene.fresh
        ink, weights = self._tables
        if not scene.fresh:
            ink, weights = faded(ink, self.look), faded(weights, self.look)
        self._clear()
        if scene.veiled:
            self.found = None
            self._say(self.notes[0], "shown after your guess", self.look.muted)
            return
        if found is None:
            return
        if not found.finite:
            note = "the model has diverged: its weights are no longer numbers to draw"
            self._say(self.notes[0], note, self.look.alarm)
            return
        self._show_client(found, ink)
        self._show_units(found, weights)
        self._show_wrong(found, ink)

    def _clear(self) -> None:
        for mosaic in self.mosaics:
            mosaic.clear()
        self.key.put([])
        for stamp in self.stamps:
            stamp.set_visible(False)

    # --- the three groups

    def _show_units(self, found: PictureAnalysis, table: RGB) -> None:
        units, mosaic, look = found.units, self.mosaics[0], self.look
        if units is None:
            self._head(0, ["Weights"], [""])
            self._say(self.notes[0], "this model has none that can be drawn", look.muted)
            return
        layers = [units.weights] if units.change is None else [units.weights, units.change]
        _, h, w = units.weights.shape
        shown = mosaic.lay(len(units.weights), (h, w), len(layers), NAME)
        ends = [reach(layer[:shown]) for layer in layers]
        coloured = [of_weights(v, end, table) for v, end in zip(layers, ends, strict=True)]
        ink = look.ink if self._fresh else look.stale
        names = words.names(found, units, mosaic.grid.step)
        mosaic.paint(np.stack(coloured, axis=1), [[(name, ink)] for name in names])
        self.key.put([(solid(table[None]), self.key.part)])
        self._say(self.against, "against", look.muted)
        self._head(0, words.title(found, units, shown), words.scales(ends))

    def _show_client(self, found: PictureAnalysis, table: RGB) -> None:
        if found.own is None or found.counts is None or found.client is None:
            return
        self._say(self.dot, "●", self.look.client(found.client, lit=True))
        self._head(1, words.whose(found), words.how_many(found, found.counts))
        self._show_photos(1, found.own, EXAMPLES, table)

    def _show_wrong(self, found: PictureAnalysis, table: RGB) -> None:
        self._head(2, ["What the global model misses", "What it misses"], words.missed(found))
        wrong, (_, _, width, height) = found.wrong, self.mosaics[2].part
        if wrong is None or not len(wrong.labels):
            some = (found.held if found.followed else found.test).of
            note = "nothing wrong here" if some else "no pictures are kept to judge by"
            self._say(self.notes[2], note, self.look.muted)
            return
        across = (width + APART) // (MISTAKE + APART)
        down = (height + APART) // (TALL + CAPTION + APART)
        count = min(max(int(across * down), 1), 30)
        self._show_photos(2, wrong, count, table, words.captions(found, self.look, self._fresh))

    def _show_photos(
        self, group: int, photos: Photos, count: int, table: RGB, captions: Sequence[Words] = ()
    ) -> None:
        _, h, w = photos.pixels.shape
        self.mosaics[group].lay(count, (h, w), caption=MISTAKE if captions else 0)
        self.mosaics[group].paint(of_ink(photos.pixels, table)[:, None], captions)

    # --- the pointer

    def light(self, client: int | None) -> None:
        lit = client is not None and self.found is not None and client == self.found.client
        plain = self.look.ink if self._fresh else self.look.stale
        self.heads[1][0].colour = self.look.client(client or 0, lit=True) if lit else plain

    def at(self, x: float, y: float) -> Hit | None:
        found = self.found
        if found is None or not found.finite or not self.box.holds(x, y):
            return None
        for group, mosaic in enumerate(self.mosaics):
            k = mosaic.index(x, y)
            if k is not None:
                return words.of_photo(found, k, group == 2) if group else words.of_unit(found, k)
        return None


def _parts(box: Box) -> tuple[Box, Box, Box]:
    """The parts of the three groups: side by side, or the weights above the others."""
    left, top = box.left + 8, box.top + 2
    width, height = box.width - 16, box.height - 4
    if box.height > WIDE * box.width:
        high = HEAD + min(0.36 * height, 172)
        half = (width - BETWEEN) / 2
        low = height - high - 10
        return (
            Box(left, top, width, high),
            Box(left, top + high + 10, half, low),
            Box(left + half + BETWEEN, top + high + 10, half, low),
        )
    room = width - 2 * BETWEEN
    first, second, third = 0.4 * room, 0.27 * room, 0.33 * room
    return (
        Box(left, top, first, height),
        Box(left + first + BETWEEN, top, second, height),
        Box(left + first + second + 2 * BETWEEN, top, third, height),
    )
