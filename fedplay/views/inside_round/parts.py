"""Parts of "Inside a round" beside its plane: the messages, and the accuracy of local models.

Each part draws itself with a pen for a moment of the round, its `phase`: 0 to 1 the global model
goes out, 1 to 2 local steps, 2 to 3 the updates travel, 3 to 4 their average forms.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from fedplay.drawing.geometry import Array, Box
from fedplay.drawing.pen import Pen, faded, ink
from fedplay.drawing.style import Look
from fedplay.views.inside_round.analysis import Trace

SHOWN = 200  # clients that get a dot
CROWD = 60  # clients beyond which a line for each says nothing any more, and rows are a sample


@dataclass(frozen=True, eq=False)
class Cast:
    """The clients of a round as they are drawn: a trace and their colours. K in the cohort."""

    trace: Trace
    look: Look
    places: Array  # (K,) place of each in the panel, -1 where it has none
    colours: Array  # (K, 4)
    strength: Array  # (K,) how strongly each is drawn: all 1 unless one of them is lit
    global_: Array  # (4,) the colour of the global model
    grey: Array  # (4,)
    away: Array  # places in the panel of clients that stay away
    lit: int | None  # the place of the client that stands out
    phase: float

    def part(self, number: int) -> float:
        """How far a step of the round is along, 0 to 1; it starts and ends gently."""
        t = min(max(self.phase - number, 0.0), 1.0)
        return t * t * (3 - 2 * t)

    @property
    def widths(self) -> Array:
        """(K,) of a client's lines: what its update counts for in the average."""
        share = self.trace.share
        largest = np.max(share, initial=0.0)
        if not np.isfinite(largest) or largest <= 0:
            return np.full(len(share), 1.6)
        thick: Array = 0.9 + 2.3 * share / largest
        return thick

    @property
    def walked(self) -> Array:
        """(K,) the part of its local steps that each has taken: all steps take the same time."""
        steps = self.trace.steps
        taken = min(max(self.phase - 1, 0.0), 1.0) * steps.max(initial=0)
        done: Array = np.minimum(taken, steps) / np.maximum(steps, 1)
        return done


class Spots:
    """What can be pointed at in a picture: positions and places in the panel."""

    def __init__(self) -> None:
        self.where: list[Array] = []
        self.who: list[Array] = []

    def add(self, where: Array, who: Array) -> None:
        self.where.append(where)
        self.who.append(who)

    def nearest(self, x: float, y: float, reach: float) -> int | None:
        """The place in the panel of what is nearest to a position, or None."""
        if not self.where:
            return None
        where, who = np.concatenate(self.where), np.concatenate(self.who)
        away = np.where(who >= 0, np.hypot(*(where - (x, y)).T), np.inf)
        away[np.isnan(away)] = np.inf
        if not len(away) or away.min() > reach:
            return None
        return int(who[away.argmin()])


def grid(n: int, box: Box) -> Array:
    """(n, 2) positions in a box, in columns from the top, as far apart as there is room."""
    best, columns = 0.0, 1
    for c in range(1, n + 1):
        apart = min(box.width / c, box.height / -(-n // c))
        if apart > best:
            best, columns = apart, c
    rows = max(1, -(-n // columns))
    tall, wide = min(box.height / rows, 34), min(box.width / columns, 72)
    x = box.left + box.width / 2 + wide * (np.arange(n) // rows - (columns - 1) / 2)
    y = box.top + box.height / 2 + tall * (np.arange(n) % rows - (rows - 1) / 2)
    return np.column_stack([x, y])


class Schematic:
    """The server, the clients and what travels between them."""

    def __init__(self, box: Box) -> None:
        self.server = np.array([box.left + 26, box.top + box.height / 2])
        self.clients = Box(box.left + 78, box.top, box.width - 92, box.height)

    def seats(self, cast: Cast) -> tuple[Array, Array, float]:
        """Where the cohort (≤ SHOWN, 2) and those away (·, 2) stand, and how large a dot may be."""
        K = min(cast.trace.K, SHOWN)
        away = cast.away[: max(SHOWN - K, 0)]
        order = np.argsort(np.concatenate([cast.places[:K], away]), kind="stable")
        where = np.empty((len(order), 2))
        where[order] = grid(len(order), self.clients)
        near = np.hypot(*(where[order[1:2]] - where[order[:1]]).T).min(initial=40.0)
        return where[:K], where[K:], min(7.0, 0.32 * near)

    def draw(self, pen: Pen, cast: Cast, spots: Spots) -> None:
        here, away, radius = self.seats(cast)
        K = len(here)
        colours = faded(cast.colours[:K], cast.strength[:K])
        self._lines(pen, cast, here)
        self._server(pen, cast)
        alone = np.repeat(faded(cast.grey, 0.9)[None], len(away), axis=0)
        paper = ink(cast.look.paper)
        pen.spot(away, paper, 0.8 * radius, alone)
        inside = self._inside(cast)[:K]
        if cast.part(0) < 1:
            inside = np.repeat(paper[None], K, axis=0)
        pen.spot(here, inside, radius, colours)
        self._tokens(pen, cast, here, radius)
        spots.add(here, cast.places[:K])
        spots.add(away, cast.away[: len(away)])

    def _inside(self, cast: Cast) -> Array:
        """(K, 4) a client's model: the global one's colour, and its own as it takes its steps."""
        walked = cast.walked[:, None]
        mixed: Array = (1 - walked) * cast.global_ + walked * cast.colours
        return faded(mixed, cast.strength)

    def _lines(self, pen: Pen, cast: Cast, here: Array) -> None:
        """The ways of the model, and over them those of the updates; a crowd has neither."""
        if len(here) > CROWD:
            return
        out, back = cast.part(0), cast.part(2)
        server = np.broadcast_to(self.server, here.shape)
        if back < 1:  # one line of many pieces, as they are all the same
            reach = server + out * (here - server)
            pieces = np.stack([server, reach, np.full_like(here, np.nan)], axis=1)
            pen.draw([pieces.reshape(-1, 2)], faded(cast.grey, 0.55), 0.9)
        if back > 0:
            came = here + back * (server - here)
            strong = faded(cast.colours, cast.strength * 0.75)
            pen.draw(list(np.stack([here, came], axis=1)), strong, cast.widths)

    def _server(self, pen: Pen, cast: Cast) -> None:
        x, y = self.server
        s = 15.0
        corners = np.array([(x - s, y - s), (x + s, y - s), (x + s, y + s), (x - s, y + s)])
        pen.draw([np.vstack([corners, corners[:1]])], ink(cast.look.muted), 1.4)
        new = cast.part(3)
        old = faded(cast.global_, 1 - 0.7 * cast.part(2) * (1 - new))
        pen.spot(self.server[None], old[None], 8.0)

    def _tokens(self, pen: Pen, cast: Cast, here: Array, radius: float) -> None:
        """The model on its way out, and the updates on their way back."""
        out, back = cast.part(0), cast.part(2)
        size = max(1.6, (0.75 if len(here) <= 24 else 0.45) * radius)
        if 0 < out < 1:
            where = self.server + out * (here - self.server)
            pen.spot(where, faded(cast.global_, cast.strength[: len(here)]), size)
        if 0 < back < 1:
            K = len(here)
            where = here + back * (self.server - here)
            sizes = size * np.sqrt(cast.widths[:K] / 2)
            paper = faded(np.repeat(ink(cast.look.paper)[None], K, axis=0), cast.strength[:K])
            pen.spot(where, faded(cast.colours[:K], cast.strength[:K]), sizes, paper)


class Chart:
    """Accuracy of each local model, on its own client's data and on the global test set."""

    def __init__(self, box: Box) -> None:
        self.box = box

    def x(self, accuracy: ArrayLike) -> Array:
        """Accuracies as css pixels."""
        placed: Array = self.box.left + np.asarray(accuracy, dtype=float) * self.box.width
        return placed

    def rows(self, trace: Trace) -> tuple[Array, Array]:
        """Which clients have a row (≤ CROWD,), the best on the test set first, and its height."""
        order = np.argsort(-np.nan_to_num(trace.tested, nan=-1.0), kind="stable")
        if len(order) > CROWD:
            order = order[np.linspace(0, len(order) - 1, CROWD).round().astype(int)]
        top, tall = self.box.top + 18, self.box.height - 22
        pitch = min(tall / max(len(order), 1), 26.0)
        first = top + (tall - pitch * len(order)) / 2
        return order, first + pitch * (np.arange(len(order)) + 0.5)

    def draw(self, pen: Pen, cast: Cast, spots: Spots) -> None:
        trace = cast.trace
        low, high = self.box.top + 14, self.box.top + self.box.height
        faint = ink(cast.look.faint)
        pen.draw([np.array([(x, low), (x, high)]) for x in self.x([0, 0.5, 1])], faint, 1.0)
        pen.draw([np.array([(self.x(0), high), (self.x(1), high)])], faint, 1.0)
        self._global(pen, cast)
        known = cast.part(2) if cast.phase < 3 else 1.0
        if known <= 0 or not trace.K:
            return
        order, y = self.rows(trace)
        few = len(order) <= 30
        colours = faded(cast.colours[order], cast.strength[order] * min(1.0, 3 * known))
        tested = np.column_stack([self.x(trace.tested[order]), y])
        own = np.column_stack([self.x(trace.own[order]), y])
        pen.draw(list(np.stack([tested, own], axis=1)), faded(colours, 0.5), 1.6 if few else 1)
        pen.spot(own, ink(cast.look.paper), 3.6 if few else 1.6, colours)
        pen.spot(tested, colours, 3.8 if few else 1.8)
        spots.add(tested, cast.places[order])
        spots.add(own, cast.places[order])

    def _global(self, pen: Pen, cast: Cast) -> None:
        """The global model on the test set: before, and once it is there, after."""
        trace = cast.trace
        low, high = self.box.top + 8, self.box.top + self.box.height
        before, after = self.x([trace.accuracy_before, trace.accuracy_after])
        dashes = np.arange(low, high, 7.0)
        if np.isfinite(before):
            lines = [np.array([(before, y), (before, min(y + 3.5, high))]) for y in dashes]
            pen.draw(lines, faded(cast.global_, 0.75), 1.2)
        done = min(max((cast.phase - 3.75) / 0.25, 0.0), 1.0)
        if done > 0 and np.isfinite(after):
            pen.draw([np.array([(after, low), (after, high)])], faded(cast.global_, done), 2.0)
            if np.isfinite(before):
                foot, tip = np.array([[before, low]]), np.array([[after, low]])
                pen.arrows(foot, foot + done * (tip - foot), cast.global_, 1.6)
