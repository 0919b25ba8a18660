"""Test bench for views: a few small experiments, shown with a view beside the curves."""

from __future__ import annotations

import inspect
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from types import FrameType
from typing import Any, NamedTuple

import numpy as np

from fedplay.check.asking import Skipped, raised
from fedplay.data import Federation
from fedplay.drawing.figure import RGBA, Canvas
from fedplay.drawing.geometry import Box
from fedplay.drawing.style import look
from fedplay.engine.loop import federation_of
from fedplay.experiment import Experiment
from fedplay.session.still import Still
from fedplay.views.base import View
from fedplay.views.board import seen_by
from fedplay.views.registered import VIEWS, enter, suitable
from fedplay.views.scene import Scene
from fedplay.views.state import State

SIZE = (640, 240)  # css pixels of a picture
TINGE = 28  # of 255: by so much our papers, inks and greys are coloured
ODD = '<u>&"$\\frac$ {}'  # a name that is neither HTML nor mathematics, and looks like both

# Each view has something to show of one of these at least. They are small: a second in all.
CASES: dict[str, dict[str, Any]] = {
    "digits": dict(clients=6, rounds=3, participation=0.5),
    "a plane": dict(
        data="moons", examples=200, clients=5, rounds=3, model="mlp", participation=0.6,
        clip=0.5, noise_multiplier=1.0,
    ),
    "own parts": dict(clients=4, rounds=2, algorithm="fedper", model="mlp"),
    "quadratics": dict(
        data="quadratics", partition="natural", model="quadratic", dimensions=2, clients=4, rounds=3
    ),
}  # fmt: skip
# What diverges: at once, and by and by until no number is finite.
WILD: dict[str, dict[str, Any]] = {
    "digits": dict(
        clients=4, rounds=3, model="mlp", hidden=(16, 16, 16), local_epochs=5, learning_rate=1000.0
    ),
    "a plane": dict(
        data="moons", examples=200, clients=4, rounds=6, model="mlp", learning_rate=1000.0,
        server="momentum", server_learning_rate=10.0, server_momentum=0.99,
    ),
    "quadratics": dict(
        data="quadratics", partition="natural", model="quadratic", dimensions=2, clients=4,
        rounds=4, learning_rate=1000.0, local_epochs=20,
    ),
}  # fmt: skip

# What is seldom, and may be what a view has not been thought through for.
ODDITIES: dict[str, dict[str, Any]] = {
    "one client": dict(clients=1, rounds=2),
    "one client on a plane": dict(data="moons", partition="iid", clients=1, rounds=2),
    "one parameter": dict(
        data="quadratics", partition="natural", model="quadratic", dimensions=1, clients=3, rounds=2
    ),
    "rounds without a client": dict(
        clients=5, rounds=2, schedule="poisson", participation=1e-9, noise_multiplier=1.0
    ),
    "300 clients": dict(
        clients=300, rounds=1, partition="resampled", client_examples=8, participation=0.1
    ),
    "all examples thrown together": dict(clients=4, rounds=2, algorithm="centralised"),
}


class Refused(Exception):
    """Why a class cannot be registered."""


class Drawn:
    """A view alone on a canvas, drawn as a board draws it, `margin` css pixels from the edges."""

    def __init__(
        self,
        view: type[View],
        scene: Scene,
        size: tuple[int, int] = SIZE,
        ratio: float = 1.0,
        *,
        dark: bool = False,
        margin: int = 0,
    ) -> None:
        (wide, tall), self.look = size, look(dark)
        self.cls, self.scene = view, scene
        self.canvas = Canvas(wide + 2 * margin, tall + 2 * margin, ratio, self.look.paper)
        self.box = Box(margin, margin, wide, tall)
        self.view = view(self.canvas, self.box, self.look)
        self.show(scene)

    def show(self, scene: Scene) -> None:
        self.scene = scene
        self.view.show(seen_by(self.cls, scene))
        self.view.light(None)

    def frame(self) -> RGBA:
        return self.canvas.frame().copy()

    def colour(self) -> float:
        """How colourful the picture is: by how much its pixels are further from grey than ours."""
        pixels = self.frame()[..., :3].astype(int)
        return float((np.ptp(pixels, axis=2) - TINGE).clip(min=0).mean())


class Seen(NamedTuple):
    """A scene, and the steps that led to it, in words."""

    scene: Scene
    words: str


class ViewBench:
    """A view under test, and what can be shown in it."""

    def __init__(self, view: type[View], name: str) -> None:
        self.cls, self.called, self.name = view, view.__name__, name
        self._stills: dict[Any, Still] = {}
        self._seen: dict[Any, list[Seen]] = {}
        self._frames: dict[str, RGBA] = {}
        self._drawn: dict[Any, Drawn] = {}

    # --- what there is to be seen -----------------------------------------------------------------

    def cases(self, kind: str = "first") -> list[str]:
        """The experiments of which the view has something to show; `kind` is one of `VARIED`."""
        found = []
        for case, chosen in OTHER_CASES.get(kind, CASES).items():
            exp, given = VARIED[kind](Experiment(**chosen))
            if suitable([self.name], exp, given if given is not None else federation_of(exp)):
                found.append(case)
        return found

    def still(self, case: str, kind: str = "first") -> Still:
        """An experiment at rest with the view open; `kind` is one of `VARIED`."""
        if (case, kind) not in self._stills:
            exp = Experiment(**OTHER_CASES.get(kind, CASES)[case])
            self._stills[case, kind] = self._open(*VARIED[kind](exp))
        return self._stills[case, kind]

    def _open(self, exp: Experiment, federation: Federation | None) -> Still:
        data = federation if federation is not None else federation_of(exp)
        first = self.cls.example(exp, data)
        return Still(exp, federation, "" if self.cls.main else self.name, first=first)

    def scene(self, still: Still, at: int | None = None, client: int | None = None) -> Scene:
        """What there is to be seen of a round and a client; Broken where `prepare` broke off."""
        player = still.session.player
        assert player.recording is not None
        player.scrub(player.recording.R if at is None else at)
        still.session.follow(client)
        still.settle()
        if player.near.trouble is not None and not self.cls.main:
            raise player.near.trouble
        return still.scene()

    def seen(self, case: str, kind: str = "first") -> list[Seen]:
        """Some rounds and clients of one run: the last, the first, one in between."""
        if (case, kind) not in self._seen:
            still = self.still(case, kind)
            rounds = still.scene().series.rounds
            last = len(still.scene().panel) - 1
            places = [(rounds, None), (0, None), (1, last), (rounds, 0)]
            called = f"{case} without a test set" if kind == "bare" else case
            self._seen[case, kind] = [
                Seen(self.scene(still, at, k), f"{called}, round {at}" + _followed(k))
                for at, k in places
            ]
        return self._seen[case, kind]

    def first(self, case: str, kind: str = "first") -> Scene:
        """The scene at the end of a run, without a followed client."""
        return self.seen(case, kind)[0].scene

    def veiled(self, case: str, kind: str = "first") -> Scene:
        """What a screen has to show before a guess."""
        still = self.still(case, kind)
        self.scene(still)
        session = still.session
        session.veiled = True
        session.look()
        try:
            return still.scene()
        finally:
            session.reveal()
            still.settle()

    def prepared(self) -> None:
        """Skipped for a view that has nothing computed for it."""
        if not self.cls.prepares:
            raise Skipped("It prepares nothing, so nothing of it is ever of another run.")

    def drawn(self, case: str) -> Drawn:
        """The end of a run, drawn; most points need no view of their own for that."""
        if case not in self._drawn:
            self._drawn[case] = Drawn(self.cls, self.first(case))
            self._frames[case] = self._drawn[case].frame()
        drawn = self._drawn[case]
        if drawn.scene is not self.first(case):
            drawn.show(self.first(case))
        return drawn

    def frame(self, case: str) -> RGBA:
        """What `drawn` looked like when it was new."""
        self.drawn(case)
        return self._frames[case]

    # --- whose fault it is ------------------------------------------------------------------------

    def blame(self, error: Exception) -> str:
        """Which method raised what, and in which line of its author's file."""
        files = _files(self.cls) | _files(self.cls.State)

        def own(frame: FrameType) -> bool:
            return frame.f_code.co_filename in files

        return raised(error, self.called, own)


def _followed(client: int | None) -> str:
    return "" if client is None else f", following client {client}"


def _other(exp: Experiment) -> tuple[Experiment, None]:
    """Other data and other draws, as many of them."""
    return exp.replace(seed=exp.seed + 1, data_seed=exp.data_seed + 1), None


def _slower(exp: Experiment) -> tuple[Experiment, None]:
    """The same data, the same first model and the same cohorts: nothing but other results."""
    return exp.replace(learning_rate=exp.learning_rate / 4), None


def _odd(exp: Experiment) -> tuple[Experiment, Federation]:
    """The same data, with names that a picture or a page could take for something else."""
    data = federation_of(exp)
    clients = tuple(ODD.format(k) for k in range(data.clients))
    classes = tuple(ODD.format(f"class {c}") for c in range(data.C))
    exp = exp.replace(data="arrays", partition="natural", clients=data.clients)
    return exp, replace(data, client_names=clients, classes=classes)


def _bare(exp: Experiment) -> tuple[Experiment, Federation]:
    """Data of somebody's own: no test set, and a client that is too small to hold anything out."""
    data = federation_of(exp)
    client = np.minimum(np.arange(len(data.X)), 2)  # one example, one more, and all others
    given = Federation.from_arrays(data.X, data.y, client, test_fraction=0)
    exp = exp.replace(data="arrays", partition="natural", clients=given.clients)
    return exp, replace(given, image=data.image)


VARIED: dict[str, Any] = {
    "first": lambda exp: (exp, None),
    "wild": lambda exp: (exp, None),
    "odd run": lambda exp: (exp, None),
    "bare": _bare,
    "other": _other,
    "slower": _slower,
    "odd": _odd,
}
OTHER_CASES = {"wild": WILD, "odd run": ODDITIES}


def _files(cls: type) -> set[str]:
    """The files, or cells, that the methods of a class and of its parents were written in."""
    found = set()
    for parent in cls.__mro__:
        if parent in (View, State, object):
            continue
        for value in vars(parent).values():
            function = inspect.unwrap(getattr(value, "__func__", value))
            if code := getattr(function, "__code__", None):
                found.add(code.co_filename)
        if module := sys.modules.get(parent.__module__):
            found.add(getattr(module, "__file__", None) or "")
    return found


@contextmanager
def registered(view: type[View]) -> Iterator[str]:
    """The name of a view, which is registered for the time of the check if it is not yet."""
    name = next((name for name, known in VIEWS.items() if known is view), None)
    if name is not None:
        yield name
        return
    kept, own = dict(VIEWS), vars(view).get("name")
    try:
        name = getattr(view, "name", None) or "checked-view"
        try:
            enter(view, name)
        except ValueError as error:
            raise Refused(f"It cannot be registered. {error}.") from error
        yield name
    finally:
        VIEWS.clear()
        VIEWS.update(kept)
        if own is not None:
            view.name = own
        elif "name" in vars(view):
            del view.name


def pixels_apart(a: RGBA, b: RGBA) -> np.ndarray[Any, Any]:
    """(height, width) by how much two pictures of one size differ, of 255."""
    far: np.ndarray[Any, Any] = np.abs(a.astype(int) - b.astype(int)).max(axis=2)
    return far


def grid(box: Box, apart: int = 26, beyond: int = 0) -> Iterator[tuple[float, float]]:
    """Positions all over a box, and `beyond` css pixels around it."""
    for y in np.arange(box.top - beyond + 4, box.top + box.height + beyond, apart):
        for x in np.arange(box.left - beyond + 4, box.left + box.width + beyond, apart):
            yield float(x), float(y)
