"""What a round yields, what a federation remembers after it, and what stages tell of it."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from numbers import Real
from typing import Any, NamedTuple

import numpy as np

from fedplay.knobs import short
from fedplay.stages.base import Array, Arrays, Cohort, Outcome, Stage

MOST_TOLD = 50  # names in a run, which a file of it has an array for each


class Round(NamedTuple):
    """What one round produced. Round 0 is the model before any training."""

    number: int
    parameters: Array  # (P,) the global model after the round
    accuracy: float  # of it, on the global test set
    loss: float  # of it, on the global test set, nats
    client_accuracy: Array  # (panel,) of it, on each client's held-out data
    cohort: Array  # (K,) who took part
    epsilon: float  # of differential privacy, spent so far; inf without noise
    bytes_up: int  # sent by all clients so far
    bytes_down: int  # sent by the server so far
    update_norm: Array  # (K,) length of each client's update, before the channel
    step_norm: float  # length of the update that the server followed: their average, noise and all
    # (panel,) of personal models that are learnt along, on each client's held-out data; else None
    personal: Array | None = None
    # (K,) length of each whole message before the channel: of the update and of what rides along
    # with it, such as SCAFFOLD's change of a control variate. It is this that is clipped.
    message_norm: Array = np.zeros(0)
    ignored: int = 0  # messages that were not finite, and counted as zeros under clipping or noise
    told: Mapping[str, float] = {}  # what stages tell of it, by name
    # (C,) accuracy of it on each class of the test set; none of a model that has no accuracy
    class_accuracy: Array = np.zeros(0)
    messages_up: int = 0  # sent by all clients so far
    messages_down: int = 0  # sent to clients so far


@dataclass
class State:
    """What a federation remembers between rounds."""

    w: Array  # (P,)
    server: Arrays  # the algorithm's arrays on the server
    own: Arrays  # the algorithm's tables of the clients, (N, ·)
    layers: list[Arrays]  # each channel layer's tables of the clients, (N, ·)
    memory: Arrays  # the server optimiser's arrays
    personal: Arrays  # the personal slot's tables of the clients, (N, ·)
    bytes_up: float = 0.0
    bytes_down: float = 0.0
    messages_up: int = 0
    messages_down: int = 0

    def count(self, c: Cohort, each: tuple[float, int]) -> tuple[float, int]:
        """What a cohort sends and is sent in a round, with so many bytes `each`.

        A client that is called is sent a message; only one that answers sends one. What has no
        bytes is no message.
        """
        up, down = c.K * each[0], c.called * each[1]
        self.bytes_up += up
        self.bytes_down += down
        self.messages_up += c.K if each[0] else 0
        self.messages_down += c.called if each[1] else 0
        return up, down


def facts_of(number: int, state: State, outcome: Outcome | None) -> dict[str, Any]:
    """What is kept of a round without judging a model; before the first there is no outcome."""
    nobody = np.zeros(0)
    return dict(
        number=number,
        parameters=state.w.copy(),  # theirs to keep, or to write to: the next round begins with w
        cohort=outcome.cohort.ids if outcome else np.zeros(0, np.int64),
        bytes_up=round(state.bytes_up),
        bytes_down=round(state.bytes_down),
        messages_up=state.messages_up,
        messages_down=state.messages_down,
        update_norm=outcome.update_norm if outcome else nobody,
        step_norm=outcome.step_norm if outcome else 0.0,
        message_norm=outcome.message_norm if outcome else nobody,
        ignored=_ignored(outcome) if outcome else 0,
        told=outcome.told if outcome else {},
    )


def _ignored(outcome: Outcome) -> int:
    """How many messages counted as zeros, as they were not finite; the channel is asked then."""
    if not outcome.layers or np.isfinite(outcome.message_norm).all():
        return 0
    return int(outcome.ignored.sum())


class Sent(NamedTuple):
    """What a cohort made of the global model it was sent. K clients."""

    begun: Array  # (K, P) the models that their local work began from
    ended: Array  # (K, P) and those that it came to
    rows: Array  # (K, M) their messages
    own: Arrays  # the new rows of the algorithm's tables, (K, ·)


def scatter(tables: Arrays, ids: Array, rows: Arrays) -> None:
    """Write a cohort's new rows into the tables of all clients."""
    for name, table in tables.items():
        table[ids] = rows[name]


def tells(stage: Stage) -> bool:
    """Whether a stage tells anything of a round."""
    return type(stage).tell is not Stage.tell


def told_by(
    stages: Iterable[Stage], outcome: Outcome, check: Callable[[object], None]
) -> dict[str, float]:
    """What stages tell of a round. ValueError, naming the stage, for what is no name or number.

    check: raises ValueError for what can be no name
    """
    told: dict[str, float] = {}
    for stage in stages:
        said, who = stage.tell(outcome), f"{type(stage).__name__}.tell"
        if not isinstance(said, Mapping):
            raise ValueError(f"{who}: must return a dict of numbers by name, not {short(said)}")
        for name, value in said.items():
            try:
                check(name)
            except ValueError as error:
                raise ValueError(f"{who}: {error}") from None
            if name in told:
                raise ValueError(f"{who}: {name!r} is told by another stage too")
            if not isinstance(value, (Real, np.number)) or isinstance(value, complex):
                raise ValueError(f"{who}: {name}={short(value)}: must be a number")
            number = float(value)
            told[name] = number if math.isfinite(number) else math.nan
    return told


def told_names(rounds: Iterable[Round]) -> list[str]:
    """The names of what is told of rounds, in the order in which they first came up."""
    return list(dict.fromkeys(name for one in rounds for name in one.told))


def told_columns(rounds: Sequence[Round]) -> dict[str, Array]:
    """By name, (n,) of what is told of n rounds; NaN where it is not told of one."""
    return {n: np.array([r.told.get(n, np.nan) for r in rounds]) for n in told_names(rounds)}
