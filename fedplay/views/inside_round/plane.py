"""The plane of "Inside a round": every client's steps, its update, and the average of them all."""

from __future__ import annotations

import numpy as np

from fedplay.drawing.geometry import Array, Box
from fedplay.drawing.pen import Pen, faded, ink
from fedplay.views.inside_round.analysis import Trace
from fedplay.views.inside_round.parts import CROWD, Cast, Spots

PATHS = 12  # clients whose every step is drawn
DETAIL = 80  # points of one path at most
UPWARDS = np.array([[0, -1], [1, 0]])  # the average points up: what differs has the width


class Plane:
    """The clients' paths, their updates and the average of these, on the plane of a trace."""

    def __init__(self, box: Box) -> None:
        self.box = box
        self.scale, self.origin = 1.0, np.zeros(2)
        self._trace: Trace | None = None
        self._order: Array | None = None  # of the clients, to lay their arrows end to end

    def fit(self, trace: Trace) -> None:
        """Choose the scale: one for both directions, everything that is drawn inside."""
        if trace is self._trace:
            return
        self._trace = trace
        self._order = self._ordered(trace)
        own = np.array([trace.average, trace.step, trace.moved, (0.0, 0.0)])
        laid = self._laid(trace)[1]
        points = np.concatenate([*trace.paths[:PATHS], trace.ends, trace.sent, own, laid])
        points = points[np.isfinite(points).all(axis=1)] @ UPWARDS
        low, high = points.min(axis=0), points.max(axis=0)
        span = np.maximum(high - low, 1e-12)
        room = np.array([self.box.width - 36, self.box.height - 24])
        self.scale = float((room / span).min()) if (high > low).any() else 1.0
        middle = (self.box.left + self.box.width / 2, self.box.top + self.box.height / 2)
        self.origin = np.array(middle) - self.scale * (low + high) / 2

    def place(self, points: Array) -> Array:
        """Positions on the plane as css pixels."""
        placed: Array = self.origin + self.scale * points @ UPWARDS
        return placed

    def bar(self) -> float:
        """A tidy length, about a sixth of the plane's width."""
        wanted = self.box.width / 6 / self.scale
        ten = 10 ** np.floor(np.log10(wanted))
        return float(ten * max(m for m in (1, 2, 5) if m * ten <= wanted * 1.001))

    def _ordered(self, trace: Trace) -> Array | None:
        """The clients by the direction of their updates: laid end to end they make an arc."""
        if not np.isfinite(trace.share).all() or not np.isfinite(trace.sent).all():
            return None
        return np.argsort(np.arctan2(trace.sent[:, 1], trace.sent[:, 0]), kind="stable")

    def _laid(self, trace: Trace) -> tuple[Array, Array]:
        """(K, 2) each arrow times its weight, and where it ends when all are laid end to end."""
        if self._order is None:
            return np.zeros((0, 2)), np.zeros((0, 2))
        small = trace.share[self._order, None] * trace.sent[self._order]
        return small, np.cumsum(small, axis=0)

    def draw(self, pen: Pen, cast: Cast, spots: Spots) -> None:
        self.fit(cast.trace)
        start = self.place(np.zeros((1, 2)))
        if cast.phase > 1:
            self._paths(pen, cast, spots)
        if cast.phase > 2:
            self._updates(pen, cast)
        if cast.phase > 3:
            self._average(pen, cast)
        faint = cast.part(0) if cast.phase < 1 else 1.0
        pen.spot(start, ink(cast.look.paper), 5.5, faded(cast.global_, faint)[None])

    def drawn(self, cast: Cast) -> list[int]:
        """The clients whose every step is drawn: the first, and the one that stands out."""
        most = len(cast.trace.paths)
        first = list(range(min(most, PATHS)))
        return first + [k for k in range(PATHS, most) if cast.places[k] == cast.lit]

    def _paths(self, pen: Pen, cast: Cast, spots: Spots) -> None:
        trace, walked = cast.trace, cast.walked
        done = cast.part(2)
        heads = np.where((walked >= 1)[:, None], trace.ends, np.nan)
        lines, colours, stops, shades = [], [], [], []
        drawn = self.drawn(cast)
        for k in range(len(trace.paths)):
            at = walked[k] * (len(trace.paths[k]) - 1)
            whole = int(at)
            path = trace.paths[k][: whole + 1]
            if at > whole:
                step = trace.paths[k][whole : whole + 2]
                path = np.vstack([path, step[0] + (at - whole) * (step[1] - step[0])])
            heads[k] = path[-1]
            if k in drawn:
                colour = faded(cast.colours[k], cast.strength[k] * (1 - 0.45 * done))
                thin = -(-len(path) // DETAIL)
                lines.append(self.place(np.vstack([path[:-1:thin], path[-1:]])))
                colours.append(colour)
                if len(trace.paths[k]) <= DETAIL:
                    stops.append(self.place(path[1 : whole + 1]))
                    shades.append(np.repeat(colour[None], whole, axis=0))
        if lines:
            pen.draw(lines, np.array(colours), 1.3)
        if stops:
            pen.spot(np.concatenate(stops), np.concatenate(shades), 1.2)
        where = self.place(heads)
        radius = 3.6 if trace.K <= 30 else 2.4
        pen.spot(where, faded(cast.colours, cast.strength), radius)
        spots.add(where, cast.places)

    def _updates(self, pen: Pen, cast: Cast) -> None:
        """The arrows, cut by the channel while they travel, then laid end to end."""
        trace, t, chain = cast.trace, cast.part(2), cast.part(3)
        ends = np.where(np.isfinite(trace.sent), trace.sent, trace.ends)
        tips = trace.ends + t * (ends - trace.ends)
        many = trace.K > 30
        seen = cast.strength * min(1.0, 3 * t) * (1 - (0.55 if not many else 0.7) * chain)
        colours = faded(cast.colours, seen * (0.5 if many else 0.9))
        widths = cast.widths * (0.5 if many else 0.8)
        if trace.K > CROWD:  # the others stay dots
            tips[np.setdiff1d(np.arange(trace.K), self.drawn(cast))] = np.nan
        pen.arrows(self.place(np.zeros_like(tips)), self.place(tips), colours, widths)
        if trace.bound is not None and trace.clipped.any():
            # No projected update is longer than the clipping norm.
            muted = faded(ink(cast.look.muted), t * (1 - chain))
            self._dash(pen, self.ring(np.zeros(2), trace.bound), muted)
        if chain > 0 and self._order is not None and len(self._order):
            self._lay(pen, cast, min(1.0, 2 * (cast.phase - 3)))

    def _lay(self, pen: Pen, cast: Cast, t: float) -> None:
        """Each arrow times its weight, end to end: the last ends at the average."""
        trace, order = cast.trace, self._order
        t = t * t * (3 - 2 * t)
        small, tips = self._laid(trace)
        feet = t * (tips - small)
        reach = feet + (1 - t) * trace.sent[order] + t * small
        if trace.K > CROWD:
            pieces = np.stack([feet, reach, np.full_like(feet, np.nan)], axis=1).reshape(-1, 2)
            pen.draw([self.place(pieces)], faded(ink(cast.look.muted), t), 1.2)
        else:
            colours = faded(cast.colours[order], cast.strength[order] * t)
            pen.draw(list(self.place(np.stack([feet, reach], axis=1))), colours, 2.2)

    def ring(self, centre: Array, radius: float) -> Array:
        """(97, 2) points of a circle of the plane, NaN where it is outside of the picture."""
        angle = np.linspace(0, 2 * np.pi, 97)
        ring = self.place(centre + radius * np.column_stack([np.cos(angle), np.sin(angle)]))
        inside = [self.box.holds(x, y) for x, y in ring]
        ring[~np.array(inside)] = np.nan
        return ring

    def _dash(self, pen: Pen, ring: Array, colour: Array) -> None:
        pieces = np.insert(ring[:-1], range(2, 97, 2), np.nan, axis=0)
        pen.draw([pieces], colour, 1.1)

    def _average(self, pen: Pen, cast: Cast) -> None:
        trace = cast.trace
        grown = min(max((cast.phase - 3.45) / 0.3, 0.0), 1.0)
        noised = min(max((cast.phase - 3.75) / 0.2, 0.0), 1.0)
        exact = trace.average if np.isfinite(trace.average).all() else trace.moved
        if not np.isfinite(exact).all() or not np.isfinite(trace.moved).all():
            return
        zero = self.place(np.zeros((1, 2)))
        tip = self.place(exact[None])
        pen.arrows(zero, zero + grown * (tip - zero), cast.global_, 2.8)
        if noised <= 0:
            return
        if trace.noise_length > 0:  # the plane shows little of it: here is all of its length
            colour = faded(cast.global_, 0.8 * noised)
            self._dash(pen, self.ring(exact, trace.noise_length), colour)
        new = self.place((exact + noised * (trace.moved - exact))[None])
        if np.hypot(*(self.place(trace.moved[None]) - tip)[0]) > 1.0:
            cross = [tip + np.array([(-5, s * 5), (5, -s * 5)]) for s in (1, -1)]
            pen.draw([*cross, np.vstack([tip, new])], ink(cast.look.ink), 1.3)
        pen.spot(new, cast.global_, 6.0 * noised, ink(cast.look.paper))
