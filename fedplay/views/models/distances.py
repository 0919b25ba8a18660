"""Each client's distance from the global model, or the shared model that each client chose."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from fedplay.drawing.geometry import Array, Box
from fedplay.drawing.scale import ticks, tidy
from fedplay.drawing.sheet import Sheet, dashes, extent
from fedplay.drawing.style import TEXT, Look, mixed
from fedplay.views.models import words
from fedplay.views.models.analysis import ParameterSharing
from fedplay.views.scene import Scene

HEAD, FOOT, LEFT = 44, 22, 30  # css pixels above, below, and for the numbers beside
CROWD = 60  # clients from which dots are smaller and without stems
STEP = 19.0  # css pixels from one dot of a column to the next
REACH = 9  # css pixels that still mean a dot
ROW = 15  # css pixels of a line of words
FLAT = 0.1  # of the axis: what is all below is too flat
MARGIN = 0.4  # of the width, at most, for the names of lines


class Dots:
    """A dot for each client of the panel."""

    def __init__(self, sheet: Sheet, look: Look) -> None:
        self.sheet, self.look = sheet, look
        self.where: Array = np.empty((0, 2))  # (N, 2) css pixels of the sheet
        self.shapes: Array = np.zeros(0, np.int64)
        self.width = 8.0
        self.end = 0.0  # of the axis of distances
        self._of: Any = None  # which data and layers it holds for

    def draw(self, scene: Scene, found: ParameterSharing, box: Box, fresh: bool) -> None:
        """Draw them in a part of the sheet."""
        sheet, look = self.sheet, self.look
        quiet, strong = (look.muted, look.ink) if fresh else (look.stale, look.stale)
        heading = words.away()
        if found.choice is not None:
            heading = words.chosen()
        sheet.say(box.left, box.top + 11, heading, strong, room=box.width, size=TEXT, weight="bold")
        sheet.say(box.left, box.top + 31, words.distances(found), quiet, room=box.width)
        N = len(found.far)
        self.shapes = np.zeros(N, np.int64) if found.groups is None else found.groups
        part = Box(box.left, box.top + HEAD, box.width, box.height - HEAD)
        if found.choice is None:
            of = scene.federation, found.parts
            if self._of is None or self._of[0] is not of[0] or self._of[1] != of[1]:
                self._of, self.end = of, 0.0
            self._far(found, part, fresh)
        else:
            self._columns(found, part, fresh)
        colours = [look.client(k) if fresh else look.stale for k in range(N)]
        sheet.put_dots(self.where, self.shapes, colours, self.width)

    # --- distances

    def _far(self, found: ParameterSharing, box: Box, fresh: bool) -> None:
        look, sheet, far = self.look, self.sheet, found.far
        names, beside = _names(found, MARGIN * box.width)
        N, left, right = len(far), box.left + LEFT, box.left + box.width - beside
        top, floor = box.top + 12, box.top + box.height - FOOT
        known = far[np.isfinite(far)]
        way = found.way if np.isfinite(found.way) else 0.0
        end = self._end(max(float(known.max(initial=0.0)), way))
        high = floor - top

        def height(values: Array | float) -> Array:
            return np.asarray(floor - np.asarray(values) / end * high)

        quiet = look.muted if fresh else look.stale
        marks = ticks(0.0, end, 4)
        levels = [np.array([(left, height(v)), (right, height(v))]) for v in marks if v > 0]
        sheet.stroke(levels, look.faint, 1.0)
        for value in marks:
            sheet.say(left - 6, float(height(value)), f"{value:g}", quiet, side="right")
        x = left + (np.arange(N) + 0.5) / max(N, 1) * (right - left)
        self.where = np.stack([x, height(far)], axis=1)
        self.width = 8.5 if N <= CROWD else 5.5
        if N <= CROWD:
            stems = [np.array([(a, floor), (a, b)]) for a, b in self.where if np.isfinite(b)]
            sheet.stroke(stems, mixed(look.stale, look.paper, 0.4), 1.2)
        self._references(names, (left, right), height, fresh)

    def _end(self, most: float) -> float:
        """Where the axis ends: it holds while one drags or plays, so that the dots move and not it.

        It grows for what is beyond it, and shrinks where all would be too near its foot to be told
        apart.
        """
        flat = 0 < most < FLAT * self.end
        if not self.end or flat or most > self.end:
            self.end = tidy(most)
        return self.end

    def _references(
        self,
        names: list[tuple[float, str]],
        span: tuple[float, float],
        height: Callable[[float], Array],
        fresh: bool,
    ) -> None:
        """The global model, how far it has come, and the mean of the clients' distances."""
        look, sheet, (left, right) = self.look, self.sheet, span
        colours = (look.accent, look.personal) if fresh else (look.stale, look.stale)
        floor = float(height(0.0))
        sheet.stroke([np.array([(left, floor), (right, floor)])], colours[0], 3.0)
        sheet.say(left, floor + 13, ["the global model", "global"], colours[0], room=right - left)
        shown = [(float(height(v)), c, n) for (v, n), c in zip(names, colours, strict=True) if n]
        low = -np.inf
        for level, colour, said in sorted(shown):
            sheet.stroke(dashes(left, right, level), colour, 1.6)
            low = max(level, low + ROW)
            sheet.say(right + 6, low, said, colour)

    # --- choices

    def _columns(self, found: ParameterSharing, box: Box, fresh: bool) -> None:
        choice = found.choice
        assert choice is not None
        G, N = found.copies, len(found.far)
        wide = box.width / G
        floor = box.top + box.height - 2 * ROW - 8
        self.where = np.full((N, 2), np.nan)
        most = int(np.bincount(choice.model, minlength=G).max(initial=1))
        high = floor - box.top - 10
        step = spacing(most, wide - 8, high)
        self.width = min(12.0, 0.68 * step)
        across = max(int((wide - 8) // step), 1)
        for g in range(G):
            middle = box.left + (g + 0.5) * wide
            who = np.flatnonzero(choice.model == g)
            if found.groups is not None:
                who = who[np.argsort(found.groups[who], kind="stable")]
            rows = max(-(-len(who) // across), 1)
            columns = max(-(-len(who) // rows), 1)  # rows of like length
            place = np.arange(len(who))
            x = middle + (place % columns - (columns - 1) / 2) * step
            self.where[who] = np.stack([x, floor - 10 - place // columns * step], axis=1)
            self._foot(found, g, len(who), Box(middle - wide / 2, floor, wide, 0), fresh)

    def _foot(self, found: ParameterSharing, g: int, n: int, box: Box, fresh: bool) -> None:
        """What stands below a column."""
        look, sheet, choice = self.look, self.sheet, found.choice
        assert choice is not None
        colour, middle = look.accent if fresh else look.stale, box.left + box.width / 2
        line = np.array([(box.left + 4, box.top), (box.left + box.width - 4, box.top)])
        sheet.stroke([line], colour, 3.0 if g == choice.shown else 1.5)
        name = [f"model {g + 1}: {n:,} clients", f"model {g + 1}: {n:,}", f"{g + 1}: {n:,}", f"{n}"]
        sheet.say(middle, box.top + 13, name, colour, room=box.width - 2, side="centre")
        away = words.digits(float(choice.away[g]))
        said = [f"{away} from the global one", f"{away} away", away]
        if g == choice.shown:
            said = ["shown as the global one", "the global one", "global"]
        quiet = look.muted if fresh else look.stale
        if extent(said[-1]) <= box.width - 2:
            below = box.top + 13 + ROW
            sheet.say(middle, below, said, quiet, room=box.width - 2, side="centre")

    # --- the pointer

    def light(self, places: list[int]) -> None:
        """Let the dots of some clients stand out."""
        look, lit = self.look, self.sheet.lit
        kept = [k for k in places if k < len(self.where) and np.isfinite(self.where[k]).all()]
        if not kept:
            lit.set_offsets(np.empty((0, 2)))
            return
        lit.put(self.where[kept], self.shapes[kept], self.width + 5)
        lit.set_facecolor([look.client(k, lit=True) for k in kept])
        lit.set_edgecolor(look.ink)
        lit.set_linewidth(1.6)

    def at(self, x: float, y: float) -> int | None:
        """The client whose dot is at css pixels of the sheet."""
        if not len(self.where):
            return None
        away = np.hypot(*(self.where - (x, y)).T)
        away[~np.isfinite(away)] = np.inf
        nearest = int(away.argmin())
        return nearest if away[nearest] <= REACH else None


def _names(found: ParameterSharing, room: float) -> tuple[list[tuple[float, str]], float]:
    """The two lines' distances and names ("" for none), and the css pixels that the names take."""
    made = []
    for value, wordings in ((found.way, words.way(found)), (words.mean(found), [])):
        known = np.isfinite(value) and value > 0
        some = wordings or words.average(value)
        fits = [name for name in some if extent(name) <= room - 10]
        made.append((float(value), (fits[0] if fits else some[-1]) if known else ""))
    return made, max([extent(name) for _, name in made if name], default=0.0) + 10


def spacing(most: int, wide: float, high: float) -> float:
    """The distance of dots, at most STEP, at which so many fit into a column.

    >>> spacing(4, 60, 100)
    19.0
    """
    step = STEP
    while step > 2 and int(wide // step) * int(high // step) < most:
        step *= 0.93
    return step
