"""Feature skew: each group's pictures, or points, are rotated by another angle."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from fedplay.data.base import Floats, Ints, Table
from fedplay.data.shifts.base import Grouped
from fedplay.knobs import Refused, knob


@dataclass(frozen=True)
class Rotation(Grouped):
    """Group g's examples are turned anticlockwise by g times the angle.

    Pictures are turned about their middle: exactly by right angles, else with linear interpolation
    between pixels, and what comes in from outside is 0. Points of the plane are turned about the
    mean of all.

    Source: Ghosh et al. 2020, section 6 ("Rotated MNIST"): groups 0, 90, 180 and 270 degrees apart.
    """

    title = "Rotation"
    about = (
        "Each group of clients sees its examples turned by another angle, as through a "
        "tilted camera."
    )
    source = "Ghosh et al. 2020, NeurIPS"

    rotation: float = knob(
        90.0,
        0.0,
        180.0,
        label="Rotation",
        unit="°",
        also=("angle", "rotated"),
        help="Angle between the examples of one group and those of the next, in degrees.",
    )

    def check(self, d: int, image: tuple[int, int] | None) -> None:
        if d != 2 and (image is None or image[0] != image[1]):
            raise Refused(
                'shift="rotation": only square pictures and points of the plane can be turned; '
                'data="digits" and data="moons" have them',
                {"data": "digits"},
            )

    def apply(self, table: Table, group: Ints, seed: int) -> Table:
        X = np.array(table.X)
        for g in range(1, self.groups):
            rows = np.flatnonzero(group == g)
            angle = g * self.rotation % 360
            if table.image is None:
                X[rows] = turned_points(X[rows], angle, table.X.mean(axis=0))
            else:
                pictures = X[rows].reshape(-1, *table.image)
                X[rows] = turned_pictures(pictures, angle).reshape(X[rows].shape)
        return replace(table, X=X)


def turned_points(X: Floats, angle: float, middle: Floats) -> Floats:
    """Points (n, 2) turned anticlockwise about the middle (2,), by degrees."""
    if angle == 0:
        return X
    c, s = np.cos(np.deg2rad(angle)), np.sin(np.deg2rad(angle))
    return np.asarray((X - middle) @ np.array([[c, s], [-s, c]]) + middle)


def turned_pictures(pictures: Floats, angle: float) -> Floats:
    """Square pictures (n, h, h) turned anticlockwise, by degrees."""
    if angle % 90 == 0:
        return np.rot90(pictures, int(angle // 90), axes=(1, 2))
    from scipy.ndimage import rotate  # which comes with scikit-learn

    return np.asarray(rotate(pictures, angle, axes=(2, 1), reshape=False, order=1))
