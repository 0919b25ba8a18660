"""Small pictures side by side, enlarged, with words below them: one image for all of them."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from typing import Any, NamedTuple

import numpy as np
from matplotlib.artist import Artist
from matplotlib.backends.backend_agg import RendererAgg
from matplotlib.transforms import Affine2D
from numpy.typing import NDArray

from fedplay.drawing.figure import DOTS, Canvas
from fedplay.drawing.geometry import Array, Box
from fedplay.drawing.glyphs import Face, ink, rgb
from fedplay.drawing.style import SMALL

Pixels = NDArray[np.uint32]  # red, green, blue and opacity of each, a byte each
Words = Sequence[tuple[str, str]]  # words side by side, each with its colour

CAPTION = 16  # css pixels below a picture
APART = 8  # css pixels between pictures
SLIM = 2  # css pixels between pictures of one place
LEAST = 20  # css pixels: smaller pictures cannot be read
FINE = 3.0  # pixels to a css pixel in files made of lines


class Grid(NamedTuple):
    """Where pictures stand: `places` of them, `columns` in a row."""

    columns: int
    places: int
    zoom: int  # picture pixels for one pixel of an example; below zero: only each -zoom-th is shown
    wide: float  # css pixels of a picture
    tall: float
    step: float  # css pixels from one column to the next
    down: float  # and from one row to the next


@lru_cache(maxsize=64)
def arrange(
    count: int,
    width: float,
    height: float,
    image: tuple[int, int],
    ratio: float,
    deep: int = 1,
    caption: float = 0.0,
) -> Grid:
    """The largest whole enlargement at which `count` pictures fit, else as many as fit legibly.

    Each place holds `deep` pictures, one below the other, and where `caption` is its width above
    zero, a line of words. Full rows are preferred, and columns are spread a little.
    """
    h, w = image
    best = (0.0, Grid(1, 0, 1, w, h, w, h))
    for zoom in [*range(-16, -1), *range(1, 33)]:
        wide, tall = _size(w, zoom) / ratio, _size(h, zoom) / ratio
        step = max(wide, caption) + APART
        down = deep * (tall + SLIM) - SLIM + (CAPTION if caption else 0) + APART
        fits = int((width + APART) // step), int((height + APART) // down)
        room = fits[0] * fits[1]
        if not room:
            continue
        shown = min(count, room)
        columns = min(fits[0], -(-shown // min(fits[1], -(-shown // fits[0]))))
        even = 1.0 if shown % columns == 0 else 0.8
        # Too small to read counts as nothing, and a picture left out costs more than size.
        value = (1.0 if max(wide, tall) >= LEAST else 0.01) * (shown / max(count, 1)) ** 2
        value *= even * min(wide, 72)
        if value > best[0]:
            spread = (width - wide) / max(columns - 1, 1)
            step = min(max(spread, step), step + 12)
            best = (value, Grid(columns, shown, zoom, wide, tall, step, down))
    return best[1]


def _size(pixels: int, zoom: int) -> int:
    """How many picture pixels so many pixels of an example become."""
    return pixels * zoom if zoom > 0 else -(-pixels // -zoom)


def solid(colours: Array) -> Pixels:
    """(...) pixels of the colours (..., 3) uint8, nothing of what is below showing through."""
    out = np.full((*colours.shape[:-1], 4), 255, np.uint8)
    out[..., :3] = colours
    return out.view(np.uint32)[..., 0]


def enlarged(pixels: Pixels, tall: int, wide: int) -> Pixels:
    """(tall, wide) of (h, w), none of them mixed."""
    h, w = pixels.shape
    return pixels[np.arange(tall) * h // tall][:, np.arange(wide) * w // wide]


class Caption(NamedTuple):
    """Words below a point, centred; css pixels of the canvas."""

    centre: float
    top: float
    words: Words


class Bitmap(Artist):
    """Pictures in a part of the canvas, each enlarged to a box of it, and captions."""

    def __init__(self, canvas: Canvas, part: Box) -> None:
        super().__init__()
        self.canvas, self.part = canvas, part
        self.put([])

    def put(self, tiles: Sequence[tuple[Pixels, Box]], captions: Sequence[Caption] = ()) -> None:
        """Show pictures (h, w), each with its box in css pixels of the canvas."""
        self._tiles, self._captions = tiles, captions
        self._kept: Array | None = None  # the image as the canvas shows it

    def draw(self, renderer: Any) -> None:
        if not self.get_visible() or not self._tiles:
            return
        pixels = isinstance(renderer, RendererAgg)
        ratio = renderer.dpi / DOTS if pixels else FINE
        if ratio != self.canvas.ratio:  # a file of another size than the screen
            image = self._composed(ratio)
        else:
            if self._kept is None:
                self._kept = self._composed(ratio)
            image = self._kept
        left, bottom = round(self.part.left * ratio), round(self.canvas.height * ratio)
        bottom -= round(self.part.top * ratio) + len(image)
        graphics = renderer.new_gc()
        if pixels:
            renderer.draw_image(graphics, left, bottom, image)
        else:
            size = Affine2D().scale(image.shape[1] / ratio, image.shape[0] / ratio)
            renderer.draw_image(graphics, left / ratio, bottom / ratio, image, size)
        graphics.restore()

    def _composed(self, ratio: float) -> Array:
        """(height, width, 4) uint8, as far down as there is something, the lowest row first."""
        x, y = (round(edge * ratio) for edge in self.part[:2])
        ends = [box.top + box.height for _, box in self._tiles]
        ends += [caption.top + CAPTION + SLIM for caption in self._captions]
        size = round(max(ends) * ratio) - y, round(self.part.width * ratio)
        out = np.zeros(size, np.uint32)
        for pixels, box in self._tiles:
            left, top, wide, tall = (round(edge * ratio) for edge in box)
            here = out[top - y : top - y + tall, left - x : left - x + wide]
            here[:] = enlarged(pixels, tall, wide)[: here.shape[0], : here.shape[1]]
        image = out.view(np.uint8).reshape(*size, 4)
        for centre, below, words in self._captions:
            _write(image, centre * ratio - x, round(below * ratio) - y, words, ratio)
        return np.ascontiguousarray(image[::-1])


def _write(out: Array, centre: float, top: int, words: Words, ratio: float) -> None:
    """Words side by side, centred, on an image with the top row first."""
    inks = [ink(word, Face(SMALL, "normal", DOTS * ratio)) for word, _ in words]
    gap = round(3 * ratio)
    left = max(round(centre - (sum(i.shape[1] + gap for i in inks) - gap) / 2), 0)
    for cover, (_, colour) in zip(inks, words, strict=True):
        here = out[top : top + len(cover), left : left + cover.shape[1]]
        here[..., :3] = rgb(colour)
        here[..., 3] = cover[: here.shape[0], : here.shape[1]]
        left += cover.shape[1] + gap


class Mosaic(Bitmap):
    """Pictures in rows, as many as there is room for."""

    def __init__(self, canvas: Canvas, part: Box) -> None:
        super().__init__(canvas, part)
        self.grid = Grid(1, 0, 1, 0, 0, 0, 0)
        self.deep = 1
        self.shown = 0

    def lay(self, count: int, image: tuple[int, int], deep: int = 1, caption: float = 0.0) -> int:
        """Make room for `count` places of `deep` pictures each; returns how many there are."""
        size = self.part.width, self.part.height
        self.grid = arrange(count, *size, image, self.canvas.ratio, deep, caption)
        self.deep = deep
        return self.grid.places

    def clear(self) -> None:
        """Show nothing."""
        self.shown = 0
        self.put([])

    def paint(self, pictures: Array, captions: Sequence[Words] = ()) -> None:
        """Show pictures (n, deep, h, w, 3) uint8, as many as `lay` made room for."""
        self.shown = min(len(pictures), self.grid.places)
        g, tiles, below = self.grid, [], []
        pixels = solid(pictures[: self.shown])
        for k in range(self.shown):
            x, y = self.corner(k)
            for picture in pixels[k]:
                tiles.append((picture, Box(x, y, g.wide, g.tall)))
                y += g.tall + SLIM
            if captions:
                below.append(Caption(x + g.wide / 2, y, captions[k]))
        self.put(tiles, below)

    def corner(self, k: int) -> tuple[float, float]:
        """The left and top of a place, css pixels of the canvas."""
        row, column = divmod(k, self.grid.columns)
        return self.part.left + column * self.grid.step, self.part.top + row * self.grid.down

    def index(self, x: float, y: float) -> int | None:
        """Which place is at a css position of the canvas."""
        high = self.deep * (self.grid.tall + SLIM) + CAPTION
        for k in range(self.shown):
            if Box(*self.corner(k), self.grid.wide, high).holds(x, y):
                return k
        return None
