"""Pictures of 256 colours: a third of the bytes and a fifth of the time of a full PNG.

The colours are learnt once from a picture; some (the background, black, the accent, the clients')
are set by hand and shown exactly, because a learnt white is 254 and a projector shows it.
"""

from __future__ import annotations

import io
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PIL import Image

Colour = tuple[int, int, int]
WHITE: Colour = (255, 255, 255)
BLACK: Colour = (0, 0, 0)
SHADES = 7  # between a key colour and the background: the edges of lines and letters


@dataclass(frozen=True, eq=False)
class Palette:
    """256 colours, and for every cell of 4 × 4 × 4 colours the one to show.

    `colours` (256, 3) uint8; `table` (262144,) uint8, indexed r₆ + 64 g₆ + 4096 b₆ with the upper
    six bits of each channel.
    """

    colours: NDArray[np.uint8]
    table: NDArray[np.uint8]

    @classmethod
    def learn(cls, rgba: NDArray[np.uint8], keys: Sequence[Colour] = ()) -> Palette:
        """Choose 256 colours for pictures like `rgba` (h, w, 4); `keys`, background first, exactly.

        White and black are always among the keys. At most 64 keys.
        """
        exact = list(dict.fromkeys([*keys, WHITE, BLACK]))[:64]
        colours = exact + _shades(exact)
        free = 256 - len(colours)
        picture = Image.fromarray(np.ascontiguousarray(rgba[..., :3]))
        learnt = picture.quantize(free, Image.Quantize.MEDIANCUT, dither=Image.Dither.NONE)
        found = np.reshape(learnt.getpalette() or [], (-1, 3))[:free]
        colours += [(int(r), int(g), int(b)) for r, g, b in found]
        colours += [colours[0]] * (256 - len(colours))
        array = np.array(colours, np.uint8)
        return cls(array, _table(array, len(exact)))

    def indices(self, rgba: NDArray[np.uint8]) -> NDArray[np.uint8]:
        """The place in `colours` of every pixel of (h, w, 4), as (h, w) uint8."""
        pixels = np.ascontiguousarray(rgba).view("<u4").ravel()
        # Charts are runs of one colour: look up one pixel a run.
        starts = np.flatnonzero(pixels[1:] != pixels[:-1])
        starts = np.concatenate(([0], starts + 1))
        first = pixels[starts]
        cell = (first >> 2) & 0x3F | (first >> 4) & 0xFC0 | (first >> 6) & 0x3F000
        lengths = np.diff(starts, append=pixels.size)
        return np.repeat(self.table[cell], lengths).reshape(rgba.shape[:2])

    def suits(self, rgba: NDArray[np.uint8]) -> bool:
        """Whether at most one pixel in 500 would be shown in a visibly different colour."""
        part = rgba[::3, ::3]
        shown = self.colours[self.indices(part)].astype(np.int16)
        off = np.abs(shown - part[..., :3]).max(axis=-1) > 24
        return bool(off.mean() <= 0.002)


def _shades(exact: list[Colour]) -> list[Colour]:
    """The mixtures of every key colour with the background, as many as leave room to learn."""
    background = np.array(exact[0], float)
    count = min(SHADES, 160 // max(len(exact) - 1, 1))
    parts = np.arange(1, count + 1) / (count + 1)
    mixed = [background + p * (np.array(key) - background) for key in exact[1:] for p in parts]
    return [(int(r), int(g), int(b)) for r, g, b in np.rint(mixed).astype(int)]


def _table(colours: NDArray[np.uint8], exact: int) -> NDArray[np.uint8]:
    six = np.arange(64, dtype=np.uint8) * 4 + 2  # the middle of each cell
    blue, green, red = np.meshgrid(six, six, six, indexing="ij")
    cells = Image.fromarray(np.stack([red, green, blue], axis=-1).reshape(512, 512, 3))
    reference = Image.new("P", (1, 1))
    reference.putpalette(colours.tobytes())
    nearest = cells.quantize(palette=reference, dither=Image.Dither.NONE)
    table = np.array(nearest, np.uint8).ravel()
    keys = colours[:exact].astype(np.intp) >> 2
    order = slice(None, None, -1)  # of two keys in one cell the first wins
    table[(keys[:, 0] + 64 * keys[:, 1] + 4096 * keys[:, 2])[order]] = np.arange(exact)[order]
    return table


def encode(rgba: NDArray[np.uint8], palette: Palette) -> bytes:
    """A picture (h, w, 4) uint8 as a PNG in the colours of `palette`; alpha is ignored."""
    indices = palette.indices(rgba)
    height, width = indices.shape
    picture = Image.frombuffer("P", (width, height), indices, "raw", "P", 0, 1)
    picture.putpalette(palette.colours.tobytes())
    file = io.BytesIO()
    picture.save(file, "PNG", compress_level=1)
    return file.getvalue()
