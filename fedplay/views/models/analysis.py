"""Which parameters of a federation's models are shared, and which each client has of its own.

Which layers travel, how far every personal model lies from the global one (in all its parameters),
which of several shared models each client chose, and, of pictures, what one client's model and the
global one respond to.
"""

from __future__ import annotations

from collections.abc import Iterator
from copy import copy
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from fedplay.engine.loop import Run
from fedplay.engine.round import State
from fedplay.inspect.replay import state_after
from fedplay.scopes import calm
from fedplay.stages.base import Array
from fedplay.stages.lengths import length_of, lengths_of
from fedplay.stages.personal.given import AsGiven

SEVERAL = 16  # clients that are personalised, at most, before the screen may draw again
WORK = 150_000  # parameters times local steps of them, beyond which it is one client at a time


class Part(NamedTuple):
    """One layer of the model, the one that sees the example first."""

    into: int  # inputs, without the one of the bias
    out: int
    size: int  # parameters
    sent: bool  # whether it is shared: sent down, trained, sent up, averaged
    own: bool  # whether each client has one of its own


class Load(NamedTuple):
    """What travels between the server and one client in one round, one way."""

    numbers: int
    bytes: float


@dataclass(frozen=True, eq=False)
class Choice:
    """Which of G shared models each of N clients uses."""

    model: Array  # (N,)
    away: Array  # (G,) distance of each shared model from the one that is shown as global
    shown: int  # which one that is


@dataclass(frozen=True, eq=False)
class Responses:
    """What each class's score responds to, pixel by pixel: (C, h, w) of two models.

    The gradient of the logits by the picture: the weights themselves without a hidden layer, else
    taken at the mean of the client's training pictures.
    """

    shared: Array  # of the global model
    own: Array  # of the client's personal model
    counts: Array  # (C,) training examples of each class that the client has
    exact: bool  # whether it is the same at every picture, for want of a hidden layer


@dataclass(frozen=True, eq=False)
class ParameterSharing:
    """Shared and own parameters of the models after a round. N clients of the panel, L layers."""

    parts: tuple[Part, ...]
    copies: int  # how many shared models there are
    up: Load
    down: Load
    way: float  # how far the global model has come from its start; NaN where there are several
    layers: Array  # (N, L) distance of each personal model from the global one, within each layer
    choice: Choice | None  # where there are several shared models
    groups: Array | None  # (N,) the group of the data that each client is of, where there are some
    place: int  # of the client whose model is looked at
    farthest: bool  # whether it was taken because its model lies farthest
    responses: Responses | None  # where the data are pictures and both models are finite
    finite: bool  # whether the global model is made of numbers

    @property
    def far(self) -> Array:
        """(N,) distance of each personal model from the global one; NaN where one diverged."""
        distance = lengths_of(self.layers)
        return np.where(np.isfinite(distance), distance, np.nan)

    @property
    def P(self) -> int:
        """Parameters of one model."""
        return sum(part.size for part in self.parts)

    @property
    def sent(self) -> int:
        """Parameters of one model that are shared."""
        return sum(part.size for part in self.parts if part.sent)

    @property
    def own(self) -> int:
        """Parameters that each client has of its own."""
        return sum(part.size for part in self.parts if part.own)


def parameter_sharing(
    run: Run, number: int, w: Array, client: int | None
) -> Iterator[ParameterSharing | None]:
    """Find which parameters are shared, and how far own models are from the global one.

    Yields None after each piece, then the result. w (P,) is the global model; without a client,
    the one whose model lies farthest is looked at.
    """
    state = yield from state_after(run, number, w)
    finite = bool(np.isfinite(w).all())
    rows: list[Array] = []
    chosen: list[Array] = []
    step = _several(run)
    for a in range(0, len(run.panel), step):
        ids = run.panel[a : a + step]
        with calm():
            W = run.personalise(state, number, ids)
            rows.append(_by_layer(run, W - w))
            if run.algorithm.copies:
                chosen.append(_chosen(run, state, number, ids, W))
        yield None
    layers = np.concatenate(rows)
    far = lengths_of(layers)
    farthest = client is None
    place = int(np.nan_to_num(far).argmax()) if client is None else _place(run, client)
    with calm():
        responses = _responses(run, state, number, w, int(run.panel[place])) if finite else None
        choice = _choice(run, state, w, np.concatenate(chosen)) if chosen else None
    yield ParameterSharing(
        parts=parts(run),
        copies=len(choice.away) if choice else 1,
        up=_up(run),
        down=_down(run),
        way=np.nan if choice else length_of(w - run.initial()),
        layers=layers,
        choice=choice,
        groups=groups(run),
        place=place,
        farthest=farthest,
        responses=responses,
        finite=finite,
    )


def parts(run: Run) -> tuple[Part, ...]:
    """The layers of a run's model, and which of them are shared or kept."""
    spans = run.network.spans
    shared = run.algorithm.shared(run.network.P, spans)
    shapes = [layer.shape for layer in run.network.layers(np.zeros(run.network.P))]
    last = len(spans) - 1
    made = []
    for k, ((a, b), (out, into)) in enumerate(zip(spans, shapes, strict=True)):
        made.append(Part(into - 1, out, b - a, b <= shared, _kept(run, k == last, a >= shared)))
    return tuple(made)


def _kept(run: Run, last: bool, above: bool) -> bool:
    """Whether each client has a layer of its own: it is the last, or above what is shared."""
    cut = run.algorithm.shared(run.network.P, run.network.spans) < run.network.P
    if run.exp.chosen("personal") == "none":
        return run.algorithm.owns(above, cut)
    owns: bool = run.personal.owns(last, above)
    return owns


def groups(run: Run) -> Array | None:
    """(N,) the group that each client of the panel is of, where a shift makes several."""
    many = run.exp.stage("shift").groups
    return run.panel % many if many > 1 else None


def recovered(choice: Choice, groups: Array) -> int:
    """How many clients are of the commonest group among those who chose the same model.

    >>> recovered(Choice(np.array([0, 0, 1]), np.zeros(2), 0), np.array([4, 4, 5]))
    3
    """
    return sum(
        int(np.unique(groups[choice.model == g], return_counts=True)[1].max(initial=0))
        for g in range(len(choice.away))
    )


def _several(run: Run) -> int:
    """How many clients may be personalised at once."""
    steps = run.trainer.steps(run.panel, run.personal.epochs()) if run.personal.epochs() else None
    most = 1 if steps is None else int(np.max(steps, initial=1))
    return max(1, min(SEVERAL, WORK // max(most * run.network.P, 1), len(run.panel)))


def _place(run: Run, client: int) -> int:
    return int(np.searchsorted(run.panel, client))


def _by_layer(run: Run, difference: Array) -> Array:
    """(k, L) lengths of differences (k, P) within each layer."""
    return np.stack([lengths_of(difference[:, a:b]) for a, b in run.network.spans], axis=1)


# --- several shared models


def _chosen(run: Run, state: State, number: int, ids: Array, W: Array) -> Array:
    """(k,) which of the shared models clients are given: the first, where several are the same."""
    if not isinstance(run.personal, AsGiven):  # W was trained further
        other = copy(run)
        other.personal = AsGiven()
        W = other.personalise(state, number, ids)
    models = state.server[run.algorithm.copies]
    return np.array([int((row == models).all(axis=1).argmax()) for row in W])


def _choice(run: Run, state: State, w: Array, chosen: Array) -> Choice:
    away = lengths_of(state.server[run.algorithm.copies] - w)
    return Choice(chosen, away, int(np.where(np.isfinite(away), away, np.inf).argmin()))


# --- what travels


def _up(run: Run) -> Load:
    """What one client sends, after the channel's layers."""
    return Load(run.travels.up, run.bytes_each[0])


def _down(run: Run) -> Load:
    return Load(run.travels.down, float(run.bytes_each[1]))


# --- pictures


def _responses(run: Run, state: State, number: int, w: Array, client: int) -> Responses | None:
    fed = run.federation
    rows = fed.train.of(client)
    if fed.kind != "pixels" or fed.image is None or not len(rows):
        return None
    own = run.personalise(state, number, [client])[0]
    if not np.isfinite(own).all():
        return None
    mean = run.network.encode(fed.X[rows].mean(axis=0)[None], "float64")[0]
    shared, mine = (slopes(run.network.layers(v.astype(np.float64)), mean) for v in (w, own))
    return Responses(
        shared=shared.reshape(-1, *fed.image),
        own=mine.reshape(-1, *fed.image),
        counts=fed.label_counts([client])[0],
        exact=len(run.network.spans) == 1,
    )


def slopes(layers: list[Array], x: Array) -> Array:
    """(C, d) the gradient of each class's logit by the example x (d + 1,), its last entry one."""
    gradient, h = np.eye(len(x) - 1), x
    for k, weights in enumerate(layers):
        z = weights @ h
        gradient = weights[:, :-1] @ gradient
        if k + 1 < len(layers):
            gradient = gradient * (z > 0)[:, None]
            h = np.append(np.maximum(z, 0), 1.0)
    return gradient
