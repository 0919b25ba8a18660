"""`Scene`, the input of a view, and `Hit`, its answer to the pointer: plain data."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, NamedTuple

import numpy as np

from fedplay.data import Federation, Skew
from fedplay.drawing.geometry import Array
from fedplay.engine import Round
from fedplay.experiment import Experiment
from fedplay.runs.series import Labels, Late, Series
from fedplay.words import CURVES


class Intent(NamedTuple):
    """An action that a gesture requests: its name on the screen, and its arguments."""

    action: str
    arguments: tuple[Any, ...] = ()


NOTHING = Intent("")  # a key that was a view's own, and asks for nothing
Gesture = Callable[[float, float], Intent | None]  # what a css position asks for


class Hit(NamedTuple):
    """What is at a position of the picture, and what can be done with it.

    lines:  what to say beside the pointer, plain text
    cursor: the shape of the pointer, a name of CSS
    client: the place of a client: it stands out in every view, and a click follows it
    mark:   what else stands out below the pointer; the view finds it again in `Scene.mark`
    click:  what a press asks for that was let go where it was
    press:  what a press asks for at once; its drag then begins with the first movement
    drag:   what a position asks for to which the pressed pointer is moved
    drop:   what the position asks for at which it is let go
    held:   the shape of the pointer meanwhile, for what goes along with it
    """

    lines: tuple[str, ...] = ()
    cursor: str = "pointer"
    client: int | None = None
    mark: Any = None
    click: Intent | None = None
    press: Intent | None = None
    drag: Gesture | None = None
    drop: Gesture | None = None
    held: str = ""


def to_round(number: int) -> Intent:
    """To stand at a round."""
    return Intent("scrub", (number,))


class Ghost(NamedTuple):
    """A pinned run's global curve."""

    letter: str
    accuracy: Array  # (n,)
    bytes_sent: Array  # (n,) by clients and server
    epsilon: Array  # (n,)
    lit: bool = False
    told: Mapping[str, Array] = {}  # by name, (n,) of what is told of its rounds
    messages: Array = np.zeros(0)  # (n,) of clients and to clients


@dataclass(frozen=True, eq=False)
class Scene:
    """All data that a view shows, for the round at which the viewer stands.

    Clients are named by their place in the panel: the column of `series.clients`.
    """

    exp: Experiment
    federation: Federation
    panel: Array  # (N,) which clients the columns are
    rounds: Sequence[Round]  # what is known of the run, round 0 first
    at: int  # where the viewer stands, at most len(rounds) - 1
    series: Series
    labels: Labels
    late: Late | None = None
    skew: Skew | None = None
    closeup: Any = None  # what the view's own `prepare` came to
    fresh: bool = True  # whether the close-up belongs to this run, round and client
    earlier: Scene | None = None  # of an older run, whose close-up is shown for a moment
    ghosts: tuple[Ghost, ...] = ()
    old: Series | None = None  # the run that is being replaced, while the new one is computed
    curves: frozenset[str] = frozenset(CURVES)  # which are drawn beside the global model's
    axis: str = "rounds"  # of the curves: "rounds", "bytes", "messages" or "epsilon"
    guess: float | None = None  # where the viewer thinks that the global model will end
    veiled: bool = False  # nothing is to be revealed before the guess
    phase: float = 4.0  # inside a round: 0 to 1 broadcast, 2 local steps, 3 updates, 4 average
    client: int | None = None  # the place of the client that is followed
    state: Any = None  # what a person has chosen in the view, as its `State.shown` says
    mark: Any = None  # what of the view the pointer is at: the mark of its hit

    @property
    def now(self) -> Round:
        """The round at which the viewer stands."""
        return self.rounds[self.at]

    def name(self, place: int) -> str:
        """What to call a client."""
        return self.labels.name(place)

    def called(self, client: int) -> str:
        """What to call a client by its number, whether it has a place in the panel or not."""
        return self.federation.client_name(client)


def allowed(scene: Scene) -> Scene:
    """The part of a scene that may be shown: before a guess, its first round."""
    if not scene.veiled:
        return scene
    return replace(scene, rounds=scene.rounds[:1], at=0, late=None, closeup=None)


def places_of(scene: Scene, ids: Array) -> Array:
    """(K,) the place in the panel of each of some clients, -1 where it has none."""
    order = np.argsort(scene.panel)
    if not len(order):
        return np.full(len(ids), -1)
    at = order[np.searchsorted(scene.panel, ids, sorter=order).clip(max=len(order) - 1)]
    return np.where(scene.panel[at] == ids, at, -1)
