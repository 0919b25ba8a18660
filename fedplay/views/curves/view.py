"""Learning curves: accuracy over rounds, of the global model and of every client.

The axes stay where they are: accuracy from 0 to 1, and rounds up to a tidy number, so that a longer
run grows into the picture. A model that has no accuracy is drawn by its loss, from 0 to a tidy
number that holds as long as the curves fill the picture. Where a run diverges there is a cross, and
where its model is no longer finite the curves end: nothing is drawn that was not computed.
"""

from __future__ import annotations

from dataclasses import replace
from typing import ClassVar

import numpy as np
from matplotlib.ticker import FuncFormatter

from fedplay.drawing.artists import dress, put
from fedplay.drawing.figure import Canvas
from fedplay.drawing.geometry import Box
from fedplay.drawing.line_labels import Ends, Named, Tag
from fedplay.drawing.lines import distances, last, lowest
from fedplay.drawing.scale import tick, tidy
from fedplay.drawing.style import LEFT, RIGHT, Look
from fedplay.inspect.personal_name import own_model
from fedplay.runs.series import Series
from fedplay.views.base import View
from fedplay.views.client_lines import NARROW, SINGLE, WIDE, band, segments, worst
from fedplay.views.curves.lines import Strokes
from fedplay.views.curves.words import at_client, at_curve, at_round, headline
from fedplay.views.round_axis import Along
from fedplay.views.scene import Hit, Intent, Scene, to_round
from fedplay.words import CURVES, UNSEEN, short

TOP, BOTTOM = 14, 42  # css pixels above and below the axes
REACH = 8  # css pixels from a curve that still mean it
NOTHING = np.empty(0)


class Curves(View):
    """Accuracy over rounds, over what was sent, or over the privacy spent."""

    name = "curves"
    main = True
    title = "Learning curves"
    topic: ClassVar[str] = "Rounds"
    level: ClassVar[str] = "first"
    help = f"Accuracy after every round. {UNSEEN} marks what a real server never sees."

    def __init__(self, canvas: Canvas, box: Box, look: Look) -> None:
        super().__init__(canvas, box, look)
        self.wide, self.tall = box.width - LEFT - RIGHT, box.height - TOP - BOTTOM
        self.chart = self.axes(LEFT, TOP, self.wide, self.tall)
        dress(self.chart, look)
        self.strokes = Strokes(canvas, self.chart, look)
        self.ends = Ends(canvas, self.chart, look.paper)
        self.scene: Scene | None = None
        self.hovered: int | None = None
        self.along = Along("", NOTHING, "")
        self.far = 1.0  # where the horizontal axis ends
        self.top = 1.0  # where the vertical axis ends
        self.named: dict[str, Named] = {}  # what is drawn, the most important first

    @staticmethod
    def sentence(scene: Scene) -> str:
        """What the curves say at the round shown."""
        return headline(scene)

    # --- what it shows ------------------------------------------------------------------------

    def show(self, scene: Scene) -> None:
        """Draw the curves as far as they are known, or nothing of them before a guess."""
        self.scene, self.along, self.named = scene, Along.of(scene), {}
        self._stretch(scene)
        self._raise(scene)
        series = self._within(scene.series)
        if scene.veiled:
            series = Series(
                series.rounds, series.accuracy[:1], series.clients[:1], score=series.score
            )
        self._clients(series)
        self._main(series)
        self._ghosts(scene, lit=True)
        self._means(scene, series)
        self._ghosts(scene, lit=False)
        self._others(scene, series)
        self._marks(scene, series)
        self._emphasise(scene)

    def _stretch(self, scene: Scene) -> None:
        """Let the horizontal axis reach over everything; it only grows while a run is computed."""
        far, kind = self.along.end(scene), self.along.kind
        if other := self.chart.get_xlabel() != self.along.label:
            self.chart.set_xlabel(self.along.label)
            self.chart.xaxis.set_major_formatter(FuncFormatter(lambda x, _: tick(kind, x)))
        elif kind != "rounds" and len(scene.rounds) <= scene.series.rounds:
            far = max(far, self.far)
        if other or far != self.far:
            self.far = far
            self.chart.set_xlim(0, far)
            self.canvas.stale()

    def _raise(self, scene: Scene) -> None:
        """Let the vertical axis hold the curves: fixed for an accuracy, tidy for a loss."""
        series, top = scene.series, 1.0
        if series.score == "loss":
            top = height(series)
            if self.chart.get_ylabel() == series.score and 0.4 * self.top <= top <= self.top:
                top = self.top
        if series.score != self.chart.get_ylabel() or top != self.top:
            self.top = top
            self.chart.set_ylabel(series.score)
            self.chart.set_ylim(0, top)
            self.chart.set_yticks(np.linspace(0, top, 6))
            self.canvas.stale()

    def _within(self, series: Series) -> Series:
        """The curves as far as they are on the picture: a loss may leave it at the top."""
        if series.score == "accuracy":
            return series
        glob, clients, before = (
            None if curve is None else np.where(curve <= self.top, curve, np.nan)
            for curve in (series.accuracy, series.clients, series.before)
        )
        assert glob is not None
        assert clients is not None
        return replace(series, accuracy=glob, clients=clients, before=before)

    def _clients(self, series: Series) -> None:
        known, strokes = series.clients, self.strokes
        N, x = known.shape[1], self.along.x[: len(known)]
        few, wanted = N <= SINGLE, self.scene is not None and "clients" in self.scene.curves
        strokes.clients.set_segments(list(segments(x, known)) if few and wanted else [])
        strokes.clients.set_color([self.look.client(k) for k in range(N)])
        strokes.wide.set_verts([] if few or not wanted else [band(x, known, *WIDE)])
        strokes.narrow.set_verts([] if few or not wanted else [band(x, known, *NARROW)])

    def _wanted(self, key: str) -> bool:
        """Whether a curve is to be seen: none before a guess, and of some only where asked for."""
        scene = self.scene
        if scene is None:
            return True
        return not scene.veiled and (key in scene.curves or key not in CURVES)

    def _name(self, key: str, curve: Named) -> None:
        """Draw a curve up to where the axis ends; one point alone is a mark, and not named."""
        keep = curve.x <= self.far
        curve = curve._replace(numbers=curve.numbers[keep], x=curve.x[keep], y=curve.y[keep])
        if len(curve.x) and self._wanted(key):
            self.named[key] = curve
            put(getattr(self.strokes, key), curve.x, curve.y)
        else:
            put(getattr(self.strokes, key), [], [])

    def _main(self, series: Series) -> None:
        """The global model, and a cross where it diverged."""
        n, gone, colour = len(series.accuracy), series.diverged, self.look.accent
        x, words = self.along.x[:n], "global model"
        put(self.strokes.cross, [], [])
        if gone is not None and gone < n:
            words, colour = f"diverged in round {gone}", self.look.alarm
            end = last(x[: gone + 1], series.accuracy[: gone + 1])
            put(self.strokes.cross, [end[0]], [end[1]])
        elif series.state.broken:
            words, colour = f"global · {series.state.name}", self.look.alarm
        self._name("glob", Named(words, colour, np.arange(n), x, series.accuracy, bold=True))

    def _means(self, scene: Scene, series: Series) -> None:
        """What is told of the clients in one number a round."""
        look, n, rounds = self.look, len(series.clients), self.along.kind == "rounds"
        numbers, x = np.arange(n), self.along.x[:n]
        mean = series.mean if series.score == "accuracy" else NOTHING  # of losses: the global one
        seen = slice(len(mean))
        words = f"clients' mean {UNSEEN}"
        self._name("mean", Named(words, look.mean, numbers[seen], x[seen], mean))
        late = scene.late
        at, personal, alone = np.empty(0, int), NOTHING, NOTHING
        # A run that came before had other bytes and another ε, and lone models send nothing.
        if late is not None and (rounds or late.fresh):
            at, personal = late.at, late.personal
            alone = late.alone if rounds else NOTHING
        fresh = late is None or late.fresh
        tuned, never = (c if fresh else look.stale for c in (look.personal, look.alone))
        self.strokes.personal.set_color(tuned)
        self.strokes.alone.set_color(never)
        where = at.astype(float) if rounds else self.along.x[at]
        called = (late.name if late is not None else "") or own_model(scene.exp)
        mark = late.state.mark if late is not None and late.fresh else ""
        words = f"{called} · {mark} {UNSEEN}" if mark else f"{called} {UNSEEN}"
        self._name("personal", Named(words, tuned, at, where, personal))
        count = np.arange(len(alone))
        self._name("alone", Named(f"each alone {UNSEEN}", never, count, count * 1.0, alone))
        words, least = worst(series.clients, lowest=series.score == "accuracy")
        self._name("worst", Named(f"{words} {UNSEEN}", look.mean, numbers, x, least))

    def _ghosts(self, scene: Scene, lit: bool) -> None:
        """Pinned runs; those that are lit are named first."""
        for ghost in scene.ghosts:
            if ghost.lit == lit:
                x = self.along.ghost(ghost)
                on = np.flatnonzero(np.isfinite(x))
                colour = self.look.ink if lit else self.look.muted
                curve = Named(ghost.letter, colour, on, x[on], ghost.accuracy[on], bold=lit)
                self.named[f"ghost {ghost.letter}"] = curve

    def _others(self, scene: Scene, series: Series) -> None:
        """Runs that are not this one: pinned, shown before, or about to be replaced."""
        pinned = [self.named[f"ghost {ghost.letter}"] for ghost in scene.ghosts]
        lines = [np.column_stack([curve.x, curve.y]) for curve in pinned]
        self.strokes.pin(lines, [ghost.lit for ghost in scene.ghosts])
        rounds, old = self.along.kind == "rounds", scene.old
        before = NOTHING if series.before is None or not rounds else series.before
        count = np.arange(len(before))
        self._name("before", Named("before", self.look.muted, count, count * 1.0, before))
        if old is None or scene.veiled or not rounds or old.score != series.score:
            self.strokes.old.set_segments([])
            return
        old = self._within(old)
        few = old.clients.shape[1] <= SINGLE and "clients" in scene.curves
        clients = old.clients if few else old.clients[:, :0]
        curves = np.column_stack([clients, old.mean, old.accuracy])[: int(self.far) + 1]
        self.strokes.old.set_segments(list(segments(np.arange(len(curves)), curves)))
        self.strokes.old.set_linewidth([0.8] * clients.shape[1] + [1.6, 3.2])

    def _marks(self, scene: Scene, series: Series) -> None:
        """Where the viewer stands, as a line with a handle; where all start; the guess."""
        strokes, at = self.strokes, 0 if scene.veiled else scene.at
        x = float(self.along.x[at])
        y = float(scene.series.accuracy[at]) if at < len(series.accuracy) else np.nan
        put(strokes.cursor, *(([], []) if scene.veiled else ([x, x], [0, self.top])))
        put(strokes.handle, [x], [min(y, self.top) if np.isfinite(y) else 0.0])
        starts = series.clients[0] if scene.veiled else NOTHING
        put(strokes.starts, np.full(len(starts), x), starts)
        guess = scene.guess
        put(strokes.guess, *(([], []) if guess is None else ([0, self.far], [guess, guess])))
        put(strokes.arrow, *(([], []) if guess is None else ([self.far], [guess])))

    # --- what stands out ----------------------------------------------------------------------

    def light(self, client: int | None) -> None:
        """Make a client's curve stand out, beside that of the client that is followed."""
        if client != self.hovered:
            self.hovered = client
            if self.scene is not None:
                self._emphasise(self.scene)

    def _emphasise(self, scene: Scene) -> None:
        known, chosen = self._within(scene.series).clients, []
        N, followed = known.shape[1], scene.client
        hovered = self.hovered if self.hovered != followed else None
        for line, k in ((self.strokes.followed, followed), (self.strokes.lit, hovered)):
            put(line, [], [])
            if k is not None and k < N and not scene.veiled:
                x, y, colour = (
                    self.along.x[: len(known)],
                    known[:, k],
                    self.look.client(k, lit=True),
                )
                put(line, x, y)
                line.set_color(colour)
                words = f"{short(scene.name(k))} {UNSEEN}"
                chosen.append(Tag(words, self.look.letters(k), *last(x, y), k == followed))
        self.strokes.clients.set_alpha(0.3 if chosen else 0.6 if N <= 12 else 0.4)
        self._label(scene, chosen)

    def _label(self, scene: Scene, chosen: list[Tag]) -> None:
        """Names beside the ends, the most important first."""
        tags = [curve.tag for key, curve in self.named.items() if key != "glob"]
        first = [self.named["glob"].tag] if "glob" in self.named else []
        if scene.guess is not None:
            words = f"your guess {scene.guess:.2f}"
            first = [Tag(words, self.look.ink, self.far, scene.guess), *first]
        N = scene.series.clients.shape[1]
        if N and not chosen and self._wanted("clients"):
            words = "each client" if N <= SINGLE else "nine in ten"
            end = lowest(self.along.x, self._within(scene.series).clients)
            tags.append(Tag(f"{words} {UNSEEN}", self.look.muted, *end))
        self.ends.show([*first, *chosen, *tags])

    # --- what is where ------------------------------------------------------------------------

    def round_at(self, x: float) -> int:
        """The known round nearest to a css position, also beyond the ends of the axes."""
        along = (x - self.box.left - LEFT) / max(self.wide, 1) * self.far
        return int(np.argmin(np.abs(self.along.x - along))) if len(self.along.x) else 0

    def _scrub(self, x: float, y: float) -> Intent:
        return to_round(self.round_at(x))

    def _guess(self, x: float, y: float) -> Intent:
        """The accuracy at a css height; what is beyond the axis is at its end."""
        b = self.box.top + TOP + self.tall - y
        return Intent("guess", (min(max(b / self.tall, 0.0), 1.0),))

    def at(self, x: float, y: float) -> Hit | None:
        """A client by its curve, a round anywhere else, or the accuracy that is guessed."""
        scene, a, b = self.scene, x - self.box.left - LEFT, self.box.top + TOP + self.tall - y
        if scene is None or not -REACH <= a <= self.wide + REACH or not self.box.holds(x, y):
            return None
        if scene.veiled:
            guess = min(max(b / self.tall, 0.0), 1.0)
            lines = (f"your guess {guess:.2f}",)
            return Hit(lines, "ns-resize", press=self._guess(x, y), drag=self._guess)
        if not -REACH <= b <= self.tall + REACH:
            return None
        found, number = self._nearest(scene, a, b), self.round_at(x)
        if isinstance(found, int):
            return Hit(at_client(scene, found, number), client=found, drag=self._scrub)
        if found is None:
            return Hit(
                at_round(scene, number), "ew-resize", click=to_round(number), drag=self._scrub
            )
        curve = self.named[found]
        place = int(np.argmin(np.abs(curve.x - a / self.wide * self.far)))
        nearest, words = int(curve.numbers[place]), curve.words
        if found == "glob":
            words = "global model"
        elif found.startswith("ghost"):
            words = f"pinned run {words}"
        value = number if found.startswith("ghost") else nearest
        said = at_curve(words, nearest, float(curve.y[place]))
        return Hit(said, click=to_round(value), drag=self._scrub)

    def _nearest(self, scene: Scene, a: float, b: float) -> int | str | None:
        """The named curve, or the client's, that passes within reach, or None.

        a, b are css pixels from the lower left of the axes.
        """
        scale, clients = self.wide / self.far, scene.series.clients
        tall = self.tall / self.top
        away: dict[int | str, float] = {}
        for key, curve in self.named.items():
            if len(curve.x):
                ys = curve.y[None] * tall
                away[key] = float(distances((a, b), curve.x * scale, ys, REACH)[0])
        if clients.shape[1] <= SINGLE and len(clients) and self._wanted("clients"):
            x = self.along.x[: len(clients)] * scale
            away |= enumerate(distances((a, b), x, clients.T * tall, REACH).tolist())
        best = min(away, key=lambda key: away[key], default=None)
        return best if best is not None and away[best] <= REACH else None


def height(series: Series) -> float:
    """A tidy number above the losses; one that grows beyond what it was at first leaves the axes.

    A run that diverges, or a client far from the others, must not press all else to the ground.
    """
    known = np.column_stack([series.accuracy, series.clients])
    known = known[:, ~np.isnan(known[:1]).ravel()]
    first = float(known[:1].max(initial=0.0))
    return tidy(float(np.clip(known[np.isfinite(known)].max(initial=0.0), 0.0, 2 * first)))
