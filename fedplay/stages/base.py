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
from typing import Any, ClassVar, NamedTuple, Protocol

import numpy as np

from fedplay.knobs import Entry
from fedplay.stages.called import Called
from fedplay.stages.facts import Array, Arrays, Cohort, Outcome, Spans
from fedplay.streams import Streams

__all__ = [
    "Aggregate",
    "Algorithm",
    "Array",
    "Arrays",
    "Cohort",
    "Correction",
    "Layer",
    "Local",
    "LocalStep",
    "Outcome",
    "Personal",
    "Schedule",
    "ServerOptimizer",
    "Spans",
    "Stage",
    "Step",
]


class Correction(NamedTuple):
    """What is added to each local gradient, as data: shift + pull · (w − anchor).

    shift (K, P) stays constant during the round; anchor is (K, P) or (P,).
    """

    shift: Array | None = None
    pull: float = 0.0
    anchor: Array | None = None


class Local(Protocol):
    """The local work that the engine offers to an algorithm, for the cohort of a round."""

    def __call__(self, w0: Array, correction: Correction | None = None) -> Array:
        """The models (K, P) after each client's local steps from its row of w0 (K, P)."""

    def custom(
        self,
        step: LocalStep,
        *states: Array,
        second_batch: bool = False,
        max_steps: int | None = None,
        epochs: int | None = None,
    ) -> tuple[Array, ...]:
        """Several arrays (K, ·) after local steps by a rule of the method's own.

        In every local step, `step(slope, *rows)` is called with the rows (k, ·) of the clients
        still at work, to be changed in place; `slope(W)` is η times the gradient of each client's
        batch at W (k, P), and valid until it is called again. `second_batch` gives two slopes, on
        two batches drawn independently. `max_steps` is the most steps that anybody takes, and
        `epochs` how many local epochs there are, in place of the round's.
        """

    def gradient(self, W: Array) -> Array:
        """Each client's gradient over all its training examples, (K, P), at its row of W."""

    def losses(self, W: Array) -> Array:
        """The mean loss of each of G models W (G, P) on each client's training data, (K, G)."""

    def together(self, w: Array) -> Array:
        """One model (P,) trained from w (P,) on the cohort's examples thrown together."""


LocalStep = Callable[..., None]  # of a method's own: see `Local.custom`
Step = Callable[[Array, Array], Array]  # the server slot: step(w (P,), direction (P,)) -> (P,)


class Stage(Entry):
    """What the entries of all six slots have in common."""

    def tell(self, outcome: Outcome) -> dict[str, float]:
        """Numbers about a round that is over, by name: `History.told` has them as curves.

        A name is of small letters, digits and underscores, and no other stage's. A number may be
        NaN, for none in this round; an infinite one counts as that.
        """
        return {}


class Schedule(Stage):
    """Who takes part in a round."""

    slot: ClassVar[str] = "schedule"

    def choose(self, round: int, N: int, streams: Streams) -> Array:
        """The indices of the round's clients, ascending, (K,)."""
        raise NotImplementedError

    def expected(self, N: int) -> float:
        """The expected size of a cohort, known before anyone is drawn."""
        raise NotImplementedError


class Algorithm(Stage):
    """What a client does and sends, and what the server makes of it. The defaults are FedAvg."""

    slot: ClassVar[str] = "algorithm"
    # How its paper weighs clients: "examples", by the number n_k of theirs; "clients", all alike.
    weighs: ClassVar[str] = "examples"
    fixes: ClassVar[dict[str, Any]] = {}  # training knobs that the method sets itself
    # What a message is, as the screen says it.
    sends: ClassVar[str] = "its arrow, from where it began to where it ended"
    without_privacy: ClassVar[str] = ""  # why it can't go with clipping or noise, as a clause
    keeps: ClassVar[str] = ""  # what of a model each client has for itself, as a noun; "" for none
    called: ClassVar[Called | None] = None  # what the models are called that it gives to clients
    pooled: ClassVar[bool] = False  # whether all data lie in one place, so that nothing travels
    copies: ClassVar[str] = ""  # the server's array of shared models, where there are several
    arrows: ClassVar[bool] = True  # whether updates are ways from the global model: not of several
    plain_server: ClassVar[bool] = False  # whether only the server's plain step goes with it
    # What to choose with it where it can't be run as things are: a screen does it by itself.
    brings: ClassVar[dict[str, str]] = {}

    def kept(self) -> str:
        """What of a model each client has for itself with these knobs, as a noun; "" for none."""
        return self.keeps

    def explains(self) -> list[str]:
        """Wordings of how the models that it gives to clients come about, from the longest."""
        return [f"own: {self.keeps}"] if self.keeps else ["nothing is personal"]

    def owns(self, above: bool, cut: bool) -> bool:
        """Whether each client has a layer of its own, which may lie `above` what is shared.

        cut: whether a part of the model is not shared at all
        """
        return above if cut else bool(self.keeps)

    def check(self, learning_rate: float) -> None:
        """Raise ValueError where the knobs do not go together."""

    def fits(self, spans: Spans) -> None:
        """Raise ValueError where it can do nothing with a model whose layers are at `spans`."""

    def init(self, P: int, N: int) -> tuple[Arrays, Arrays]:
        """The server's arrays, and tables with a row for each client, (N, ·)."""
        return {}, {}

    def prepare(self, w: Array, server: Arrays, sgd: Local, c: Cohort) -> Arrays:
        """The server's arrays before the first round; the clients of c are all that are shown."""
        return server

    def shared(self, P: int, spans: Spans) -> int:
        """How many of a model's parameters are shared at all."""
        return P

    def broadcast(self, P: int) -> int:
        """How many numbers the server sends to each client of the cohort, of P that are shared."""
        return P

    def upload(self, M: int) -> int:
        """How many numbers of a message really travel: zeros in known places need not."""
        return M

    def begin(self, w: Array, own: Arrays, server: Arrays, c: Cohort) -> Array:
        """The models that the cohort starts from, (K, P)."""
        return np.repeat(w[None], c.K, axis=0)

    def correct(self, w0: Array, own: Arrays, server: Arrays, c: Cohort) -> Correction | None:
        """What is added to each local gradient."""
        return None

    def local(
        self, sgd: Local, w0: Array, own: Arrays, server: Arrays, c: Cohort
    ) -> tuple[Array, Arrays]:
        """Each client's model after its local work, (K, P), and what `message` needs beside it.

        Where the work does not begin at w0, that says so as "start", (K, P).
        """
        return sgd(w0, self.correct(w0, own, server, c)), own

    def message(
        self, w0: Array, wk: Array, own: Arrays, server: Arrays, c: Cohort
    ) -> tuple[Array, Arrays]:
        """What each client sends, (K, M), and the new rows of its own tables."""
        return wk - w0, own

    def update(self, message: Array, shared: int) -> Array:
        """The update of shared parameters, (…, shared), in messages (K, M) or an aggregate (M,).

        To be stated where a message carries more and the update is not what it begins with: the
        lengths that are shown and drawn are of this, and not of what rides along.
        """
        return message[..., :shared]

    def absorb(
        self, w: Array, server: Arrays, m: Array, step: Step, c: Cohort
    ) -> tuple[Array, Arrays]:
        """The new global model and the server's new arrays, from the aggregate m (M,)."""
        return step(w, m), server

    def models(self, w: Array, own: Arrays, server: Arrays, sgd: Local, c: Cohort) -> Array:
        """What each client of a cohort would use as it is, (K, P), once the round is over."""
        return np.repeat(w[None], c.K, axis=0)


class Layer(Stage):
    """One layer of the channel: what happens to a message on its way, in two halves."""

    slot: ClassVar[str] = "channel"
    linear_only: ClassVar[bool] = False  # whether the server half needs a linear aggregate
    protects: ClassVar[bool] = False  # whether it bounds what one client's data can change
    off: ClassVar[dict[str, Any]] = {}  # values of its knobs at which it does nothing

    def active(self) -> bool:
        """Whether it does anything at these knob values."""
        return True

    def requires(self) -> dict[str, tuple[str, str]]:
        """What other slots must be chosen: {slot: (name, why, as a clause)}."""
        return {}

    def check(self, expected: float, numbers: np.finfo[Any]) -> None:
        """Raise ValueError where such numbers can't hold it; `expected` is as in `Cohort`."""

    def init(self, M: int, N: int) -> Arrays:
        """Tables with a row for each client, (N, ·)."""
        return {}

    def client(self, rows: Array, own: Arrays, c: Cohort) -> tuple[Array, Arrays]:
        """The client half: rows (K, M) as they leave, and the new rows of its own tables."""
        return rows, own

    def ignored(self, rows: Array) -> Array:
        """(K,) bool, which messages (K, M) the client half will count as zeros."""
        return np.zeros(len(rows), bool)

    def shortened(self, rows: Array) -> Array:
        """(K,) bool, which messages (K, M) the client half will make shorter, but not zeros."""
        return np.zeros(len(rows), bool)

    def server(self, m: Array, c: Cohort) -> Array:
        """The server half, on the aggregate (M,)."""
        return m

    def wire(self, bytes_: float, M: int) -> float:
        """The bytes of one client's message after this layer; `bytes_` before it."""
        return bytes_

    def epsilon(self, rounds: Array, N: int, q: float) -> Array | None:
        """ε after so many rounds (·,), or None where the layer promises no privacy."""
        return None


class Aggregate(Stage):
    """Makes one message of the cohort's."""

    slot: ClassVar[str] = "aggregate"
    linear: ClassVar[bool] = True
    weighs: ClassVar[str] = ""  # "clients" where it counts them alike, whatever was chosen

    def divisor(self, weight: Array, expected: float) -> float:
        """By how many clients of equal weight it divides; weight (K,), the cohort expected."""
        return float(np.count_nonzero(weight))

    def combine(self, rows: Array, c: Cohort) -> Array:
        """(K, M) -> (M,); zeros where nobody came."""
        raise NotImplementedError


class ServerOptimizer(Stage):
    """The step that the server takes along the aggregated update."""

    slot: ClassVar[str] = "server"

    def init(self, P: int) -> Arrays:
        """What it remembers between rounds."""
        return {}

    def step(self, w: Array, m: Array, memory: Arrays) -> tuple[Array, Arrays]:
        """The new model and memory; m (P,) points where the clients went."""
        raise NotImplementedError


class Personal(Stage):
    """A second model for each client, beside what the algorithm gives it.

    Some are made when they are asked for (fine-tuning); others are learnt along, round by round,
    and live in tables with a row for each client, which a round without it leaves alone.
    """

    slot: ClassVar[str] = "personal"
    needs_global: ClassVar[bool] = False  # whether it needs a global model that is whole
    weighs: ClassVar[str] = ""  # how its paper weighs clients in the global model, where it says
    called: ClassVar[Called | None] = None  # what its models are called; else by its own name

    def check(self, learning_rate: float) -> None:
        """Raise ValueError where the knobs do not go together."""

    def init(self, w: Array, N: int) -> Arrays:
        """Tables (N, ·) of what is learnt along, from the first global model w (P,)."""
        return {}

    def explains(self) -> list[str]:
        """Wordings of how a client's model comes about, from the longest; [""] for none."""
        return [""]

    def owns(self, last: bool, given: bool) -> bool:
        """Whether clients have a layer of their own: the `last` one, or one they have anyhow."""
        return True

    def learn(self, w: Array, own: Arrays, sgd: Local, c: Cohort) -> Arrays:
        """The cohort's new rows of the tables, in the round that sends out w (P,)."""
        return own

    def epochs(self) -> int:
        """How many local epochs `sgd` has in `personalise`."""
        return 0

    def personalise(self, W: Array, own: Arrays, sgd: Local, c: Cohort) -> Array:
        """The personal models (K, P) after a round, from what the algorithm gives, W (K, P)."""
        raise NotImplementedError
