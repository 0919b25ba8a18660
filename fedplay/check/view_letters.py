"""Whether all that is to be read in a view is in its file of lines and letters too."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from html import unescape

from matplotlib.artist import Artist
from matplotlib.axis import Axis
from matplotlib.text import Text

from fedplay.check.asking import Broken
from fedplay.check.view_bench import Drawn
from fedplay.drawing.cached_text import Stamp


def in_letters(drawn: Drawn, case: str) -> None:
    """Broken where a line of text of the picture is not in its SVG, as often as it is seen."""
    svg = drawn.canvas.file("svg").decode()
    if "<svg" not in svg:
        raise Broken("It cannot be saved as SVG.")
    written = re.findall(r"<!-- (.*?) -->", svg, re.DOTALL)  # beside the shapes of its letters
    there = Counter(_bare(unescape(words)) for words in written)
    for words in words_in(drawn.canvas.figure):
        if not (bare := _bare(words)):
            continue
        if not there[bare]:
            raise Broken(f"“{words[:80]}” is in the picture, and in no file of lines ({case}).")
        there[bare] -= 1


def _bare(words: str) -> str:
    """As matplotlib may have written it: a comment has no two hyphens side by side."""
    return re.sub(r"[\s-]", "", words)


def words_in(artist: Artist) -> Iterator[str]:
    """Lines of text of what is visible."""
    if not artist.get_visible():
        return
    if isinstance(artist, Axis):
        yield from _ticks(artist)
        return
    if isinstance(artist, Stamp):
        yield artist.words
    if isinstance(artist, Text):
        yield from artist.get_text().splitlines()
    for child in artist.get_children():
        yield from words_in(child)


def _ticks(axis: Axis) -> Iterator[str]:
    """The names of an axis and of those of its ticks that are in sight."""
    if not axis.axes.axison:
        return
    yield from axis.label.get_text().splitlines()
    low, high = sorted(axis.get_view_interval())
    near = 1e-9 * (high - low)
    for place, label in zip(axis.get_majorticklocs(), axis.get_ticklabels(), strict=True):
        if label.get_visible() and low - near <= place <= high + near:
            yield from label.get_text().splitlines()
