"""Plain data of a run for views: its curves, its labels, and the state of one round."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

from fedplay.engine.evaluate import mean_of
from fedplay.engine.loop import Run
from fedplay.engine.run_state import UNJUDGED, RunState
from fedplay.stages.base import Array


class Moment(NamedTuple):
    """Input of a view's `prepare`: a run, a round, its global model, and the followed client."""

    run: Run
    number: int
    w: Array  # (P,)
    client: int | None  # the id of the client that is looked at


class Labels(NamedTuple):
    """Label counts (K, C) of the clients `ids` (K,), of all `clients`."""

    counts: Array
    ids: Array
    classes: Sequence[str]
    clients: int
    names: Sequence[str] = ()  # of the clients, where the data name them

    def name(self, place: int) -> str:
        """What to call the client at a place in the panel. IndexError for no place, -1."""
        if place < 0:
            raise IndexError(f"place={place}: this client has no place in the panel")
        return self.names[place] if place < len(self.names) else f"client {place}"


@dataclass(frozen=True, eq=False)
class Series:
    """The arrays of the learning curves, as long as they are known. N clients (of the panel)."""

    rounds: int  # R, where the run ends
    accuracy: Array  # (n,) of the global model, rounds 0 to n - 1
    clients: Array  # (n, N)
    diverged: int | None = None  # the first round after which it could not be saved
    before: Array | None = None  # (m,) the global model's, in the run that was shown before
    score: str = "accuracy"  # or "loss": what all of these are, of a model that has no accuracy
    state: RunState = UNJUDGED  # what the run came to, once it is whole

    @property
    def mean(self) -> Array:
        """(n,) the clients' mean."""
        return mean_of(self.clients)


@dataclass(frozen=True, eq=False)
class Late:
    """Curves of personal and local-only models, computed last; `fresh` where they are the run's."""

    at: Array  # (c,) rounds after which clients have personal models
    personal: Array  # (c,) their mean accuracy
    alone: Array  # (n,) mean accuracy of models that never joined, of clients ever called
    fresh: bool = True
    name: str = ""  # what the personal models are called; as the run that is shown, by default
    state: RunState = UNJUDGED  # of the personal models beside those, once the run is whole

    def after(self, number: int) -> float | None:
        """The personal models' mean after a round; None where none were made after it."""
        there = self.personal[self.at == number]
        return float(there[0]) if len(there) else None


BARS = 50  # clients that can be told apart in one row
