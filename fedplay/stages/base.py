"""What a federated method is made of: one choice in each of six slots.

A round, in the order in which the slots act (K clients in the cohort, P parameters, M numbers in a
message):

    schedule   who takes part                             -> Cohort
    algorithm  begin -> local steps -> message            -> rows (K, M)
    channel    each layer's client half, in order         -> rows (K, M)
    aggregate  combine                                    -> one (M,)
    channel    each layer's server half, in reverse       -> one (M,)
    algorithm  absorb, with the server slot's step        -> the new global model (P,)

The defaults of `Algorithm` are FedAvg, so a method states only its difference. Stages are frozen:
what must be remembered is handed in and returned (rows of the clients, arrays of the server), and
only the engine scatters rows into tables of all N clients.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, ClassVar, NamedTuple

import numpy as np
from numpy.typing import NDArray

from fedplay.knobs import Checked
from fedplay.streams import Purpose, Streams

Array = NDArray[Any]
Arrays = dict[str, Array]


@dataclass(frozen=True, eq=False)
class Cohort:
    """The facts of one round, before anything is trained."""

    round: int  # 1 is the first
    ids: Array  # (K,) which clients, ascending
    weight: Array  # (K,) training examples of each, n_k
    steps: Array  # (K,) local steps that each will take
    stale: Array  # (K,) by how many rounds the model it starts from is old; 0 when synchronous
    N: int  # clients in all
    expected: float  # the cohort's expected size, q·N: a constant, unlike K
    lr: float  # the clients' learning rate
    streams: Streams

    @property
    def K(self) -> int:
        return len(self.ids)

    def rng(self, purpose: Purpose, client: int = 0) -> np.random.Generator:
        """The stream of this round for a purpose (and a client)."""
        return self.streams.at(purpose, self.round, client)


class Correction(NamedTuple):
    """What is added to each local gradient, as data: shift + pull · (w − anchor).

    shift (K, P) stays constant during the round; anchor is (K, P) or (P,).
    """

    shift: Array | None = None
    pull: float = 0.0
    anchor: Array | None = None


Local = Callable[..., Array]  # sgd(w0 (K, P), correction=None) -> (K, P) after the local steps
Step = Callable[[Array, Array], Array]  # the server slot: step(w (P,), direction (P,)) -> (P,)


class Schedule(Checked):
    """Who takes part in a round."""

    slot: ClassVar[str] = "schedule"

    def choose(self, round: int, N: int, streams: Streams) -> Array:
        """The indices of the round's clients, ascending, (K,)."""
        raise NotImplementedError

    def expected(self, N: int) -> float:
        """The expected size of a cohort, known before anyone is drawn."""
        raise NotImplementedError


class Algorithm(Checked):
    """What a client does and sends, and what the server makes of it. The defaults are FedAvg."""

    slot: ClassVar[str] = "algorithm"

    def init(self, P: int, N: int) -> tuple[Arrays, Arrays]:
        """The server's arrays, and tables with a row for each client, (N, ·)."""
        return {}, {}

    def broadcast(self, P: int) -> int:
        """How many numbers the server sends to each client of the cohort."""
        return P

    def begin(self, w: Array, own: Arrays, server: Arrays, c: Cohort) -> Array:
        """The models that the cohort starts from, (K, P)."""
        return np.repeat(w[None], c.K, axis=0)

    def correct(self, w0: Array, own: Arrays, server: Arrays, c: Cohort) -> Correction | None:
        """What is added to each local gradient."""
        return None

    def local(self, sgd: Local, w0: Array, own: Arrays, server: Arrays, c: Cohort) -> Array:
        """Each client's model after its local work, (K, P)."""
        return sgd(w0, self.correct(w0, own, server, c))

    def message(
        self, w0: Array, wk: Array, own: Arrays, server: Arrays, c: Cohort
    ) -> tuple[Array, Arrays]:
        """What each client sends, (K, M), and the new rows of its own tables."""
        return wk - w0, own

    def absorb(
        self, w: Array, server: Arrays, m: Array, step: Step, c: Cohort
    ) -> tuple[Array, Arrays]:
        """The new global model and the server's new arrays, from the aggregate m (M,)."""
        return step(w, m), server


class Layer(Checked):
    """One layer of the channel: what happens to a message on its way, in two halves."""

    slot: ClassVar[str] = "channel"
    linear_only: ClassVar[bool] = False  # whether the server half needs a linear aggregate

    def active(self) -> bool:
        """Whether it does anything at these knob values."""
        return True

    def requires(self) -> dict[str, tuple[str, str]]:
        """What other slots must be chosen: {slot: (name, why, as a clause)}."""
        return {}

    def init(self, M: int, N: int) -> Arrays:
        """Tables with a row for each client, (N, ·)."""
        return {}

    def client(self, rows: Array, own: Arrays, c: Cohort) -> tuple[Array, Arrays]:
        """The client half: rows (K, M) as they leave, and the new rows of its own tables."""
        return rows, own

    def server(self, m: Array, c: Cohort) -> Array:
        """The server half, on the aggregate (M,)."""
        return m

    def wire(self, bytes_: float, M: int) -> float:
        """The bytes of one client's message after this layer; `bytes_` before it."""
        return bytes_

    def epsilon(self, rounds: Array, N: int, q: float) -> Array | None:
        """ε after so many rounds (·,), or None where the layer promises no privacy."""
        return None


class Aggregate(Checked):
    """Makes one message of the cohort's."""

    slot: ClassVar[str] = "aggregate"
    linear: ClassVar[bool] = True

    def combine(self, rows: Array, c: Cohort) -> Array:
        """(K, M) -> (M,); zeros where nobody came."""
        raise NotImplementedError


class ServerOptimizer(Checked):
    """The step that the server takes along the aggregated update."""

    slot: ClassVar[str] = "server"

    def init(self, P: int) -> Arrays:
        """What it remembers between rounds."""
        return {}

    def step(self, w: Array, m: Array, memory: Arrays) -> tuple[Array, Arrays]:
        """The new model and memory; m (P,) points where the clients went."""
        raise NotImplementedError


class Personal(Checked):
    """A second model beside the shared one, for each client."""

    slot: ClassVar[str] = "personal"

    def epochs(self) -> int:
        """How many local epochs of personalisation."""
        raise NotImplementedError

    def personalise(self, w: Array, sgd: Local, c: Cohort) -> Array:
        """The personal models (K, P) of a cohort, from the global model w (P,)."""
        raise NotImplementedError
