"""Plain data of "My client": a person's drawings, and what the view shows."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property, lru_cache
from typing import Any, NamedTuple

import numpy as np

from fedplay.data import Federation
from fedplay.drawing.geometry import Array
from fedplay.views.my_client.analysis import Reception
from fedplay.views.my_client.ink import BLOCK, Stroke, bitmap, counted, fitted

STEPS = BLOCK**2  # of ink: a pixel is a number from 0 to 16
LARGEST = 32  # pixels of a picture a side: larger ones are not drawn
CLASSES = 20  # more of them have no place in a row


class Kind(NamedTuple):
    """The kind of data drawn: pictures of a size, or points of the plane."""

    key: Any  # data of one key can have the same drawings
    C: int
    image: tuple[int, int] | None  # None for points
    unit: bool = True  # whether pixels are from 0 to 1, as those of built-in data


class Sketch(NamedTuple):
    """The drawing on the pad, the class it is given, and the examples so far.

    X: of pictures the h·w counts of ink, of points two coordinates
    """

    strokes: tuple[Stroke, ...] = ()
    base: tuple[int, ...] | None = None  # ink that lies below the strokes, h·w counts
    label: int = 0
    X: tuple[tuple[float, ...], ...] = ()
    y: tuple[int, ...] = ()

    @property
    def blank(self) -> bool:
        return not self.strokes and self.base is None


@lru_cache(maxsize=64)
def _done(strokes: tuple[Stroke, ...], image: tuple[int, int]) -> Array:
    return bitmap(strokes, image)


def bits(strokes: tuple[Stroke, ...], image: tuple[int, int]) -> Array:
    """(4h, 4w) where there is ink on the pad. The strokes before the last one are known."""
    return _done(strokes[:-1], image) | bitmap(strokes[-1:], image)


def counts(
    strokes: tuple[Stroke, ...], base: tuple[int, ...] | None, image: tuple[int, int], fit: bool
) -> tuple[int, ...] | None:
    """The h·w counts of ink that the drawing becomes; None for a blank pad."""
    if not strokes and base is None:
        return None
    whole = bitmap(fitted(strokes, image), image) if fit and base is None else bits(strokes, image)
    ink = np.rint(STEPS * counted(whole)).astype(int).ravel()
    if base is not None:
        ink = np.minimum(ink + np.array(base), STEPS)
    return tuple(ink.tolist())


def range_of(federation: Federation) -> tuple[float, float]:
    """What an empty pixel is in these data, and one that is full of ink."""
    low, high = float(federation.X.min()), float(federation.X.max())
    return low, high if high > low else low + 1.0


@dataclass(frozen=True, eq=False)
class Mine:
    """What there is to show."""

    kind: Kind
    sketch: Sketch
    joined: bool
    fit: bool  # whether a drawing is scaled to fill its frame
    pen: tuple[float, float] | None = None  # where the keys' pen is, 0 to 1 right and down
    down: bool = False  # whether it draws
    reception: Reception | None = None  # what the global model after the round shown makes of it
    current: bool = False  # whether the run shown has these examples in it
    steps: int = 0  # that can be taken back

    @cached_property
    def counts(self) -> tuple[int, ...] | None:
        """The drawing as the model gets it, in steps of ink."""
        image, sketch = self.kind.image, self.sketch
        return None if image is None else counts(sketch.strokes, sketch.base, image, self.fit)


def features(mine: Mine, federation: Federation) -> Array | None:
    """(1, d) the drawing as the model gets it; None for a blank pad."""
    ink = mine.counts
    if ink is None:
        return None
    low, high = (0.0, 1.0) if mine.kind.unit else range_of(federation)
    return low + (high - low) * np.array([ink], float) / STEPS
