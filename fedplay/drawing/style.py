"""The look: every colour and size, for light and for dark pages.

One accent belongs to the global model alone. The first ten clients have ten colours that people
with any kind of colour vision can tell apart (Petroff 2021, matplotlib's "petroff10"); colours do
not repeat: further clients are grey, and drawn in ink where they are followed or lit. Classes are
steps of one scale (viridis), so that nobody takes the colour of a class for that of a client.

Sizes are css pixels: a figure of 72 dots an inch makes one point one pixel.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

import matplotlib
import numpy as np
from matplotlib.colors import to_hex, to_rgb

PETROFF10 = (
    "#3f90da",
    "#ffa90e",
    "#bd1f01",
    "#94a4a2",
    "#832db6",
    "#a96b59",
    "#e76300",
    "#b9ac70",
    "#717581",
    "#92dadd",
)

SMALL, TEXT, TITLE = 11.5, 12.5, 13.5  # css pixels
READABLE = 4.5  # contrast that words need (WCAG 2.1, AA)
LEFT, RIGHT = 58, 172  # css pixels beside axes: room for ticks, and for names


@dataclass(frozen=True)
class Look:
    """The colours of one theme, as "#rrggbb"."""

    dark: bool
    paper: str  # behind everything
    ink: str  # what is to be read
    muted: str  # what need not be read at once
    faint: str  # grid and frame
    accent: str  # the global model
    mean: str  # the clients' mean
    personal: str  # after fine-tuning
    alone: str  # models that never joined
    stale: str  # what does not belong to the newest run yet
    alarm: str  # divergence
    others: str  # clients beyond those that have colours
    clients: tuple[str, ...]
    methods: tuple[str, ...]  # curves side by side, in the order in which they are offered

    def client(self, k: int, *, lit: bool = False) -> str:
        """The colour of client k; `lit` where it is followed or the pointer is at it."""
        if k < len(self.clients):
            return self.clients[k]
        return self.ink if lit else self.others

    def letters(self, k: int) -> str:
        """The colour of client k for words, as near to its own as can be read."""
        return legible(self.client(k, lit=True), self.ink, self.paper)

    def classes(self, C: int) -> list[str]:
        """C colours from one scale, dark to light on paper and light to dark at night."""
        return list(_viridis(C))

    def key_colours(self) -> list[str]:
        """The colours that a picture with few colours must show exactly, the paper first."""
        own = [self.paper, self.ink, self.accent, self.muted, self.faint, self.mean]
        return [*own, self.personal, self.alone, self.stale, self.alarm, self.others, *self.clients]


@cache
def _viridis(C: int) -> tuple[str, ...]:
    scale = matplotlib.colormaps["viridis"]
    return tuple(to_hex(scale(x)) for x in np.linspace(0.08, 0.97, max(C, 2))[:C])


def mixed(colour: str, other: str, part: float) -> str:
    """`colour` with a part (0 to 1) of another in it."""
    red, green, blue = (
        (1 - part) * a + part * b for a, b in zip(to_rgb(colour), to_rgb(other), strict=True)
    )
    return to_hex((red, green, blue))


def contrast(colour: str, other: str) -> float:
    """How well one can be read on the other, from 1 to 21. Source: WCAG 2.1."""
    low, high = sorted((_luminance(colour), _luminance(other)))
    return (high + 0.05) / (low + 0.05)


def _luminance(colour: str) -> float:
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in to_rgb(colour)]
    return sum(part * c for part, c in zip((0.2126, 0.7152, 0.0722), linear, strict=True))


@cache
def legible(colour: str, ink: str, paper: str) -> str:
    """A colour with as little ink in it as makes words of it readable on paper."""
    parts = (mixed(colour, ink, step / 20) for step in range(20))
    return next((c for c in parts if contrast(c, paper) >= READABLE), ink)


LIGHT = Look(
    dark=False,
    paper="#ffffff",
    ink="#1d2330",
    muted="#646c7a",
    faint="#e3e6eb",
    accent="#d6156c",
    mean="#1d2330",
    personal="#005a3c",
    alone="#8a5a00",
    stale="#b8bec8",
    alarm="#c62828",
    others="#bebebe",
    clients=PETROFF10,
    methods=(  # each of one hue in both themes, the usual four furthest apart to any eye
        "#5ec15e",
        "#592006",
        "#9c27db",
        "#6ea413",
        "#6610f7",
        "#b385bb",
        "#73762e",
        "#9d246c",
        "#cc6c7a",
        "#7e71ce",
        "#5e3793",
        "#2f6c45",
    ),
)

DARK = Look(
    dark=True,
    paper="#111111",  # the paper of JupyterLab's and Voilà's dark themes
    ink="#eceff4",
    muted="#a3abb8",
    faint="#2c313a",
    accent="#ff5fa2",
    mean="#eceff4",
    personal="#3df0b0",
    alone="#e0a84a",
    stale="#565d69",
    alarm="#ff7b72",
    others="#484848",
    clients=tuple(mixed(colour, "#ffffff", 0.12) for colour in PETROFF10),
    methods=(
        "#0c9957",
        "#ad432a",
        "#b8b0f6",
        "#3cd92a",
        "#d060fe",
        "#8a637e",
        "#bafd7c",
        "#ff5bb6",
        "#ea9da1",
        "#2155f6",
        "#715bb3",
        "#81c267",
    ),
)


def look(dark: bool) -> Look:
    """The look of a theme."""
    return DARK if dark else LIGHT
