"""The examples made so far in "My client": pictures with their classes, or how many points."""

from __future__ import annotations

import numpy as np

from fedplay.drawing.cached_text import fitting
from fedplay.drawing.colour_scales import of_ink
from fedplay.drawing.geometry import Array, Box
from fedplay.drawing.mosaic import Mosaic
from fedplay.drawing.style import SMALL, TEXT
from fedplay.views.my_client import words
from fedplay.views.my_client.parts import HEAD, HELD, Sheet, label_of, say
from fedplay.views.my_client.sketch import STEPS, Mine


class Examples:
    """A heading, and below it the examples; where there is no room for all, the last ones."""

    def __init__(self, sheet: Sheet, left: float, width: float, high: float) -> None:
        box = sheet.box
        self.look, self.left, self.width = sheet.look, left, width
        self.first = 0  # the first one that is shown
        self.head = sheet.stamp(left, 10, TEXT, "bold")
        self.album = Mosaic(sheet.canvas, Box(box.left + left, box.top + HEAD, width, high))
        self.note = sheet.stamp(left, HEAD + 14)
        sheet.axes.add_artist(self.album)
        sheet.layer([self.album], False)

    def show(self, mine: Mine, high: float, ink: Array | None) -> None:
        """Show the examples, in so many css pixels; once they have joined, with what is right.

        ink: the colours of pictures; None for points, which are only counted
        """
        self._pictures(mine, high, ink)
        self._name(mine)

    def index(self, x: float, y: float) -> int | None:
        """Which example is at a css position."""
        k = self.album.index(x, y)
        return None if k is None else self.first + k

    def _pictures(self, mine: Mine, high: float, ink: Array | None) -> None:
        look, count = self.look, len(mine.sketch.y)
        told = ["none yet: draw one, choose its class, add it", "none yet"]
        if mine.kind.image is None:
            told = ["none yet: click in the plane", "none yet"]
        note = "" if count else fitting(told, self.width, SMALL)
        if mine.kind.image is None and count:
            note = fitting([words.tally(mine)], self.width, SMALL)
        say(self.note, note, look.muted)
        if mine.kind.image is None or not count:
            self.album.clear()
            return
        self.album.part = self.album.part._replace(height=high)
        places = self.album.lay(count, mine.kind.image, caption=36 if mine.current else 24)
        self.first = first = max(count - places, 0)  # where there is no room, the last ones
        pixels = np.array(mine.sketch.X[first:]).reshape(-1, *mine.kind.image) / STEPS
        assert ink is not None
        pictures = of_ink(pixels, ink)[:, None]
        self.album.paint(pictures, [self._caption(mine, k) for k in range(first, count)])

    def _name(self, mine: Mine) -> None:
        """The heading above the examples."""
        count, shown = len(mine.sketch.y), self.album.shown
        told = f"Your examples: {count}" if count else "Your examples"
        wordings = [told]
        if 0 < shown < count:
            wordings = [f"{told}, the last {shown} of them", f"The last {shown} of your {count}"]
        say(self.head, fitting(wordings, self.width, TEXT, "bold"), self.look.ink)

    def _caption(self, mine: Mine, k: int) -> list[tuple[str, str]]:
        found, look = mine.reception, self.look
        classes = found.federation.classes if found is not None else ()
        label = mine.sketch.y[k]
        name = label_of(classes[label]) if label < len(classes) else str(label)
        if not mine.current or found is None or found.models is None or found.held is None:
            return [(name, look.ink)]
        right = found.models[0].said[k] == label
        sign = ("✓", look.personal) if right else ("✗", look.alarm)
        return [*([(HELD, look.muted)] if found.held[k] else []), (name, look.ink), sign]
