"""The facts of a round that stages are handed: `Cohort` before it, `Outcome` after it."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from fedplay.streams import Purpose, Streams

if TYPE_CHECKING:
    from fedplay.stages.base import Layer

Array = NDArray[Any]
Arrays = dict[str, Array]
Spans = tuple[tuple[int, int], ...]  # from (inclusive) and to (exclusive) of each layer


@dataclass(frozen=True, eq=False)
class Cohort:
    """The facts of one round, before anything is trained."""

    round: int  # 1 is the first
    ids: Array  # (K,) which clients, ascending
    weight: Array  # (K,) of each in the average: its training examples n_k, or 1
    epochs: Array  # (K,) local epochs that each will take
    steps: Array  # (K,) local steps that each will take
    N: int  # clients in all
    expected: float  # the cohort's expected size, q·N: a constant, unlike K
    divisor: float  # by how many clients the aggregate divides: divisor · m is their sum
    lr: float  # the clients' learning rate
    streams: Streams
    spans: Spans = ()  # where each layer's parameters are in a model; () for one without layers
    called: int = 0  # clients that were sent the model: these K, and any whose work was dropped
    total: float = 0.0  # of all N clients' weights, where they count by examples; 0 where alike

    @property
    def K(self) -> int:
        return len(self.ids)

    @property
    def part(self) -> float:
        """The part of all clients' weight that came: part · m is the mean over all N of what was
        sent, where those who did not come count as zeros.
        """
        return float(self.weight.sum()) / self.total if self.total else self.divisor / self.N

    def rng(self, purpose: Purpose, client: int = 0) -> np.random.Generator:
        """The stream of this round for a purpose (and a client)."""
        return self.streams.at(purpose, self.round, client)


@dataclass(frozen=True, eq=False)
class Outcome:
    """What one round came to. K clients took part; P parameters; M numbers in a message.

    Its arrays are the round's own and not copies: read them, change none, and keep none of the
    large ones. The engine lets go of them before the next round.
    """

    cohort: Cohort
    before: Array  # (P,) the global model that the round began with
    after: Array  # (P,) and that it ended with
    begun: Array  # (K, P) the models that the clients' local work began from
    ended: Array  # (K, P) and those that it came to
    layers: tuple[Layer, ...]  # of the channel, the clients' first
    passing: tuple[Array, ...]  # (K, M) each: messages in front of every layer, and behind the last
    average: Array  # (M,) what the aggregate made of the messages that arrived
    step: Array  # (M,) the same behind the layers' server halves, noise and all
    update_norm: Array  # (K,) lengths of the updates in front of the channel
    message_norm: Array  # (K,) and of the whole messages
    step_norm: float  # length of the update that the server followed
    bytes_up: float  # sent by the clients in this round
    bytes_down: float  # sent by the server in this round
    told: dict[str, float] = field(default_factory=dict)  # what stages tell of the round

    @property
    def rows(self) -> Array:
        """(K, M) the messages as the clients made them."""
        return self.passing[0]

    @property
    def arrived(self) -> Array:
        """(K, M) the messages as they reached the aggregate."""
        return self.passing[-1]

    @cached_property
    def ignored(self) -> Array:
        """(K,) bool, whose message the channel counted as zeros."""
        lost = np.zeros(self.cohort.K, bool)
        for layer, rows in zip(self.layers, self.passing, strict=False):
            lost |= layer.ignored(rows)
        return lost

    @cached_property
    def shortened(self) -> Array:
        """(K,) bool, whose message the channel made shorter, as clipping does; not to zeros."""
        cut = np.zeros(self.cohort.K, bool)
        for layer, rows in zip(self.layers, self.passing, strict=False):
            cut |= layer.shortened(rows)
        return cut & ~self.ignored
