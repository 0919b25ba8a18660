"""Strokes of a pen as pixels, made the way the UCI digits were.

Their makers had a bitmap of 32 × 32 for each digit, scaled to fill it, and counted the ink in
blocks of 4 × 4: so a pixel is a number from 0 to 16 (Alpaydin & Kaynak 1998). Here it is divided
by 16. A picture of another size, h × w, is drawn on 4h × 4w in the same way.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from fedplay.drawing.geometry import Array

Point = tuple[float, float]  # to the right and down, each 0 to 1 of the pad
Stroke = tuple[Point, ...]

BLOCK = 4  # pixels of the bitmap a side that are counted together
PEN = 2.5  # of those pixels: half the width of a stroke; as much ink then as the UCI digits have
TIGHT = 1e-9
SMALL = 0.22  # of the pad: what is smaller is not scaled up, or a dot would become a blot


def bitmap(strokes: Sequence[Stroke], image: tuple[int, int]) -> Array:
    """(4h, 4w) bool: where there is ink, of a picture of `image` (h, w)."""
    tall, wide = BLOCK * image[0], BLOCK * image[1]
    out = np.zeros((tall, wide), bool)
    for stroke in strokes:
        points = np.array(stroke, np.float32).reshape(-1, 2) * (wide, tall)
        ends = points[1:] if len(points) > 1 else points
        _draw(out, points[: len(ends)], ends)
    return out


def _draw(out: Array, starts: Array, ends: Array) -> None:
    """Ink every pixel whose middle is within PEN of a segment; S segments (S, 2)."""
    low = np.floor(np.minimum(starts.min(axis=0), ends.min(axis=0)) - PEN).astype(int)
    high = np.ceil(np.maximum(starts.max(axis=0), ends.max(axis=0)) + PEN).astype(int)
    left, top = np.maximum(low, 0)
    right, bottom = np.minimum(high, out.shape[::-1])
    if left >= right or top >= bottom:
        return
    x = np.arange(left, right, dtype=np.float32)[None, None] + 0.5
    y = np.arange(top, bottom, dtype=np.float32)[None, :, None] + 0.5
    a, b = starts[:, 0, None, None], starts[:, 1, None, None]
    dx, dy = ends[:, 0, None, None] - a, ends[:, 1, None, None] - b
    along = np.clip(((x - a) * dx + (y - b) * dy) / np.maximum(dx * dx + dy * dy, TIGHT), 0, 1)
    near = (x - a - along * dx) ** 2 + (y - b - along * dy) ** 2 <= PEN * PEN
    out[top:bottom, left:right] |= near.any(axis=0)


def counted(bits: Array) -> Array:
    """(h, w) from 0 to 1: the part of each block that is ink."""
    tall, wide = bits.shape
    blocks = bits.reshape(tall // BLOCK, BLOCK, wide // BLOCK, BLOCK)
    return blocks.sum(axis=(1, 3)) / BLOCK**2


def fitted(strokes: Sequence[Stroke], image: tuple[int, int]) -> tuple[Stroke, ...]:
    """The strokes scaled and moved so that their ink fills the bitmap, as the makers' did.

    Both directions are scaled alike. A small mark stays as large as it is.
    """
    if not strokes:
        return ()
    points = np.concatenate([np.array(stroke).reshape(-1, 2) for stroke in strokes])
    size = np.array([image[1], image[0]], float) * BLOCK
    low, high = points.min(axis=0), points.max(axis=0)
    room, extent = 1 - 2 * PEN / size, np.maximum(high - low, TIGHT)
    scale = float((room / extent).min()) if extent.max() > SMALL else 1.0
    middle = (low + high) / 2
    half = np.maximum(room - scale * extent, 0) / 2  # how far the middle may be from the pad's
    centre = np.full(2, 0.5) if extent.max() > SMALL else np.clip(middle, 0.5 - half, 0.5 + half)
    moved = [(np.array(stroke).reshape(-1, 2) - middle) * scale + centre for stroke in strokes]
    return tuple(tuple((float(x), float(y)) for x, y in stroke) for stroke in moved)
