"""One round in its four steps, played slowly: the view for a first look."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any, ClassVar

import numpy as np
from matplotlib.text import Text

from fedplay.drawing.cached_text import DOTS, Stamp, rendered
from fedplay.drawing.figure import Canvas
from fedplay.drawing.geometry import Box
from fedplay.drawing.pen import Pen, ink
from fedplay.drawing.style import SMALL, TEXT, Look
from fedplay.runs.series import Moment
from fedplay.views.base import Row, View
from fedplay.views.inside_round.analysis import Trace, tracing
from fedplay.views.inside_round.parts import CROWD, SHOWN, Cast, Chart, Schematic, Spots
from fedplay.views.inside_round.plane import Plane
from fedplay.views.inside_round.state import InsideState
from fedplay.views.inside_round.words import SAYINGS, about
from fedplay.views.scene import Hit, Scene, places_of
from fedplay.views.state import State
from fedplay.words import UNSEEN, apart, number, percent, short

STEPS = ("1 Broadcast", "2 Local steps", "3 Updates", "4 Average")
TOP, BOTTOM, EDGE = 34, 22, 12  # css pixels: the steps' names, the captions, the margins
NUMBERED = 24  # clients that there is room to number
REACH = 9  # css pixels from a dot that still mean it


class InsideRound(View):
    """The server and its clients, the plane of their updates, and each local model's accuracy."""

    name: ClassVar[str] = "inside"
    title: ClassVar[str] = "Inside a round"
    topic: ClassVar[str] = "Rounds"
    level: ClassVar[str] = "first"
    needs: ClassVar[tuple[str, ...]] = ("accuracy",)
    help: ClassVar[str] = "One round in slow motion: broadcast, local steps, updates, average."
    State: ClassVar[type[State]] = InsideState

    def __init__(self, canvas: Canvas, box: Box, look: Look) -> None:
        super().__init__(canvas, box, look)
        wide, tall = box.width, box.height
        self.sheet = self.axes(0, 0, wide, tall)
        self.pen = Pen(canvas, self.sheet, wide, tall)
        high = max(tall - TOP - BOTTOM, 40)
        a, b = round(0.29 * wide), round(0.70 * wide)
        self.schematic = Schematic(Box(EDGE, TOP, a - EDGE - 8, high))
        self.plane = Plane(Box(a + 8, TOP + 14, b - a - 16, high - 14))
        self.chart = Chart(Box(b + 26, TOP + 12, wide - b - 26 - 2 * EDGE, high - 26))
        self.scene: Scene | None = None
        self.lit: int | None = None
        self.spots = Spots()
        self._captioned: Any = None
        self.captions = self._words(a, b)
        self.names = [self._text(0, 0, "") for _ in range(NUMBERED)]
        canvas.seldom(self.names)
        wide = (box.width - 2 * EDGE) / 4
        self.steps = [self._stamp(EDGE + i * wide, 11.0, words) for i, words in enumerate(STEPS)]
        self.key = self._stamp(a + 8, TOP + 4, "")
        self.score = self._stamp(0, self.chart.box.top + 8, "")
        self.score.colour, self.score.size = look.accent, SMALL

    @staticmethod
    def prepare(moment: Moment) -> Iterator[Any]:
        """The trace of the round."""
        return tracing(moment.run, moment.number)

    @staticmethod
    def sentence(scene: Scene) -> str:
        """What happens in the step of the round that is shown."""
        if scene.veiled:
            return "The round is shown after your guess."
        if scene.closeup is None or not scene.fresh:
            return "The round is being computed step by step …"
        step = min(max(int(scene.phase), 0), 3)
        title = f"<b>{STEPS[step]}</b> (round {scene.closeup.number}). "
        return title + SAYINGS[step](scene, scene.closeup)

    @staticmethod
    def controls(act: Callable[..., None]) -> Row:
        from fedplay.views.inside_round.controls import StepsRow

        return StepsRow(act)

    def show(self, scene: Scene) -> None:
        """Draw the round at the scene's phase; while veiled, nothing but the steps' names."""
        self.scene = scene = replace(scene, closeup=None) if scene.veiled else scene
        self.lit = scene.client
        self._caption(scene)
        self._draw()

    def light(self, client: int | None) -> None:
        """Make a client's path, update and dots stand out."""
        self.lit = client
        self._draw()

    def at(self, x: float, y: float) -> Hit | None:
        """The client whose dot is at a position."""
        scene = self.scene
        if scene is None or scene.closeup is None or not scene.fresh or not self.box.holds(x, y):
            return None
        place = self.spots.nearest(x - self.box.left, y - self.box.top, REACH)
        if place is None:
            return None
        return Hit((scene.name(place), *about(scene, place)), client=place)

    # --- drawing

    def _draw(self) -> None:
        scene, pen = self.scene, self.pen
        pen.clear()
        self.spots = Spots()
        phase = scene.phase if scene is not None else 0.0
        self._progress(phase)
        self.score.set_visible(False)
        if scene is not None and scene.closeup is not None:
            cast = self._cast(scene, scene.closeup)
            self.schematic.draw(pen, cast, self.spots)
            self.plane.draw(pen, cast, self.spots)
            self.chart.draw(pen, cast, self.spots)
            self._bar()
            self._score(scene)
        self.key.words = self._said(scene) if scene is not None else ""
        pen.flush()

    def _cast(self, scene: Scene, trace: Trace) -> Cast:
        look = self.look
        places = places_of(scene, trace.ids)
        grey, stale = ink(look.muted), ink(look.stale)
        lit = self.lit
        own = [ink(look.client(p, lit=p == lit)) if p >= 0 else grey for p in places]
        colours = np.array(own).reshape(-1, 4)
        there = lit is not None and bool((places == lit).any())
        strength = np.where(places == lit, 1.0, 0.25) if there else np.ones(trace.K)
        if not scene.fresh:
            colours[:] = stale
        away = np.flatnonzero(~np.isin(scene.panel[: SHOWN + trace.K], trace.ids))
        return Cast(
            trace=trace,
            look=look,
            places=places,
            colours=colours,
            strength=strength,
            global_=ink(look.accent) if scene.fresh else stale,
            grey=stale,
            away=away,
            lit=lit,
            phase=scene.phase,
        )

    def _progress(self, phase: float) -> None:
        """The names of the four steps, the current one in ink, and how far each is."""
        wide = (self.box.width - 2 * EDGE) / 4
        current = min(max(int(phase), 0), 3)
        for i, stamp in enumerate(self.steps):
            now = i == current
            stamp.colour = self.look.ink if now else self.look.muted
            stamp.weight = "bold" if now else "normal"
            left, right = EDGE + i * wide, EDGE + (i + 1) * wide - 10
            done = left + (right - left) * min(max(phase - i, 0.0), 1.0)
            lines = [np.array([(left, 23.0), (right, 23.0)])]
            self.pen.draw(lines, ink(self.look.faint), 2.0)
            if done > left:
                self.pen.draw([np.array([(left, 23.0), (done, 23.0)])], ink(self.look.muted), 2.0)

    def _bar(self) -> None:
        """The plane's scale, where there is anything to measure."""
        if not self.captions["bar"].get_text():
            return
        box, length = self.plane.box, self.plane.bar() * self.plane.scale
        right, y = box.left + box.width - 4, box.top + box.height - 3
        line = [np.array([(right - length, y), (right, y)])]
        self.pen.draw(line, ink(self.look.muted), 1.6)

    def _score(self, scene: Scene) -> None:
        """The global model's accuracy, beside its line in the chart."""
        stamp, chart, trace = self.score, self.chart, scene.closeup
        known = [trace.accuracy_before, trace.accuracy_after][: 2 if scene.phase > 3.75 else 1]
        stamp.set_visible(bool(np.isfinite(known).all()))
        stamp.words = " → ".join(apart(*known))
        if chart.box.width >= 200:
            stamp.words = f"global {stamp.words}"
        stamp.colour = self.look.accent if scene.fresh else self.look.stale
        if not stamp.get_visible():
            return
        left, right = float(chart.x(min(known))), float(chart.x(max(known)))
        ratio = self.canvas.ratio
        wide = rendered(stamp.words, stamp.colour, SMALL, "normal", DOTS * ratio).shape[1] / ratio
        room = chart.box.left + chart.box.width - right
        stamp.place = (right + 5 if room > wide + 5 else left - wide - 5, stamp.place[1])

    def _said(self, scene: Scene) -> str:
        """What is drawn on the plane in this step."""
        trace = scene.closeup
        if trace is None:
            return ""
        if not trace.K:
            return "no client takes part" + self._noise(trace) * (scene.phase >= 3)
        if scene.phase < 1:
            return "○ the global model"
        if scene.phase < 2:
            return f"○ – ● each client's steps away from it {UNSEEN}"
        if scene.phase < 3:
            return "→ each client's update" + self._cut(trace)
        return "→ their average, ● new global model" + self._noise(trace)

    def _cut(self, trace: Trace) -> str:
        if trace.bound is None or not trace.clipped.any():
            return ""
        if np.isfinite(self.plane.ring(np.zeros(2), trace.bound)).any():
            return ", cut to the ring"
        return f", cut to {number(trace.bound)}"

    def _noise(self, trace: Trace) -> str:
        if not trace.noise_length > 0:
            return ""
        if np.isfinite(self.plane.ring(trace.average, trace.noise_length)).any():
            return ", ring: noise"
        return f", noise {number(trace.noise_length)}"

    # --- words, which change with the round and not with the phase

    def _stamp(self, x: float, y: float, words: str) -> Stamp:
        """Words that change with the phase."""
        stamp = Stamp(self.sheet, words, self.look.muted, TEXT, "normal")
        stamp.place = (x, y)
        stamp.set_visible(True)
        self.sheet.add_artist(stamp)  # so that it is in files of the picture too
        self.canvas.moving([stamp])
        return stamp

    def _text(self, x: float, y: float, words: str, **style: Any) -> Text:
        look: dict[str, Any] = {"color": self.look.muted, "fontsize": SMALL, "parse_math": False}
        return self.sheet.text(x, y, words, va="center", **(look | style))

    def _words(self, a: float, b: float) -> dict[str, Text]:
        """Every text, those that never change already written."""
        low = self.box.height - 8
        server, chart = self.schematic.server, self.chart.box
        for value, words in ((0, "0"), (0.5, "0.5"), (1, "1")):
            x = float(self.chart.x(np.array(value)))
            self._text(x, chart.top + chart.height + 9, words, ha="center")
        key = f"● test set  ○ own data {UNSEEN}"
        self._text(chart.left - 4, low, key if chart.width < 200 else f"accuracy: {key}")
        self._text(server[0], server[1] + 24, "server", ha="center")
        texts = {
            "cohort": self._text(EDGE, low, ""),
            "plane": self._text(a + 8, low, ""),
            "chart": self._text(chart.left - 4, TOP + 4, "", fontsize=TEXT),
            "bar": self._text(b - 12, self.box.height - BOTTOM - 11, "", ha="right"),
        }
        self.canvas.seldom(texts.values())
        return texts

    def _caption(self, scene: Scene) -> None:
        trace = scene.closeup
        if trace is self._captioned:
            return
        self._captioned = trace
        words = dict.fromkeys(self.captions, "")
        if trace is not None:
            self.plane.fit(trace)
            words["cohort"] = f"{trace.K:,} of {scene.federation.clients:,} clients take part"
            words["chart"] = "each client's local model"
            if trace.K > CROWD:
                words["chart"] = f"{CROWD} of {trace.K:,} local models"
            words["plane"] = self._honest(trace)
            if trace.K or trace.noise_length > 0:
                words["bar"] = f"{self.plane.bar():g}"
        for name, text in self.captions.items():
            text.set_text(words[name])
        self._number(scene)
        self.canvas.touch()

    def _number(self, scene: Scene) -> None:
        """Who is who, where there is room to say it."""
        for text in self.names:
            text.set_text("")
        if scene.closeup is None:
            return
        cast = self._cast(scene, scene.closeup)
        here, away, radius = self.schematic.seats(cast)
        where = np.concatenate([here, away])
        names, columns = scene.labels.names, np.unique(where[:, 0].round())
        letters = 6 if names else 2
        if len(where) > NUMBERED or np.diff(columns).min(initial=99) < 14 + radius + 7 * letters:
            return
        clients = [*scene.closeup.ids[: len(here)], *scene.panel[cast.away[: len(away)]]]
        for text, (x, y), client in zip(self.names, where, clients, strict=False):
            text.set_position((x + radius + 3, y))
            name = scene.called(int(client)).removeprefix("client ")
            text.set_text(short(name, letters))

    def _honest(self, trace: Trace) -> str:
        """What the plane is, and how much of the updates is in it."""
        if not np.isfinite(trace.shown):
            return "no update to draw"
        part = percent(trace.shown)
        if self.plane.box.width < 330:
            return f"a plane: {part} of squared lengths"
        return f"a plane: it holds {part} of the updates' squared lengths"
