"""The colours of weights and of pictures: few, so that a picture of 256 colours holds them."""

from __future__ import annotations

import matplotlib
import numpy as np
from matplotlib.colors import Colormap, LinearSegmentedColormap, to_rgb
from numpy.typing import NDArray

from fedplay.drawing.geometry import Array
from fedplay.drawing.scale import tidy
from fedplay.drawing.style import Look, mixed

RGB = NDArray[np.uint8]  # (n, 3)

STEPS, GREYS = 33, 17  # colours of weights and of pictures


def colours_of_weights(look: Look) -> RGB:
    """STEPS colours of weights, from negative to positive; the middle is zero."""
    page = _page(look)
    scale: Colormap = matplotlib.colormaps["RdBu_r"]
    if look.dark:  # light must mean much here: the middle sinks into the page
        ends = ["#a8d4ff", "#2f7fd0", page, "#cf5230", "#ffc0a0"]
        scale = LinearSegmentedColormap.from_list("night", ends)
    table = np.rint(255 * scale(np.linspace(0, 1, STEPS))[:, :3])
    table[STEPS // 2] = np.rint(255 * np.array(to_rgb(page)))
    return table.astype(np.uint8)


def colours_of_ink(look: Look) -> RGB:
    """GREYS colours, from an empty page to ink."""
    steps = [to_rgb(mixed(_page(look), look.ink, part)) for part in np.linspace(0, 1, GREYS)]
    return np.rint(255 * np.array(steps)).astype(np.uint8)


def _page(look: Look) -> str:
    """What a picture is drawn on: it stands out from the paper by a little."""
    return mixed(look.paper, look.faint, 0.6)


def faded(table: RGB, look: Look) -> RGB:
    """The same colours, grey and half gone: what does not belong to the newest run."""
    grey = table @ np.array([0.3, 0.59, 0.11])
    paper = 255 * np.array(to_rgb(look.paper))
    return np.rint(0.4 * grey[:, None] + 0.6 * paper).astype(np.uint8)


def reach(values: Array) -> float:
    """The largest value on a colour scale of weights; it rarely changes, so rounds compare."""
    largest = float(np.abs(values).max(initial=0))
    return tidy(largest) if largest else 0.0


def of_weights(values: Array, scale: float, table: RGB) -> RGB:
    """(..., 3) the colours of weights from -scale to scale."""
    half = STEPS // 2
    part = values / scale if scale else np.zeros_like(values)
    return table[np.rint((part + 1) * half).clip(0, STEPS - 1).astype(np.intp)]


def of_ink(pixels: Array, table: RGB) -> RGB:
    """(..., 3) the colours of pixels from 0 to 1."""
    return table[np.rint(pixels * (GREYS - 1)).astype(np.intp)]
