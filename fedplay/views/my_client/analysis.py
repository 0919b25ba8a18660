"""A guest of a federation: its data for every experiment, and the models' predictions on them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from fedplay.data import Federation
from fedplay.engine.loop import Run
from fedplay.inspect.client_models import local_only_model, personal_models
from fedplay.inspect.plane import Limits, Regions, limits_of, regions
from fedplay.inspect.replay import attended
from fedplay.models import Network, likeliest
from fedplay.scopes import calm
from fedplay.stages.base import Array

LONELY = 20_000  # local steps that the model which never joined may cost


class Judged(NamedTuple):
    """One model of the three: what it says of the guest's examples, and how often it is right."""

    said: Array  # (n,) a class for each of the guest's examples, -1 where it says none
    own: int  # right of those that the guest holds out
    tests: float  # accuracy on the global test set

    @property
    def right(self) -> int | None:
        """`own`, or None for a model that says nothing of some of the examples."""
        return self.own if self.said.min(initial=0) >= 0 else None


@dataclass(frozen=True, eq=False)
class Reception:
    """Results for a guest after a round: the global model on its data, and its own models."""

    network: Network
    dtype: str
    w: Array  # (P,) the global model
    federation: Federation
    place: int | None = None  # of the guest in the panel; None before it has joined
    held: Array | None = None  # (n,) which of its examples it holds out
    models: tuple[Judged, Judged, Judged | None] | None = None  # global, personal, alone
    attended: int = 0  # rounds in which it took part, of those up to this one
    number: int = 0
    limits: Limits | None = None  # of the plane, where the data have two features
    plane: Regions | None = None  # what the global model says of it

    def chances(self, X: Array) -> Array | None:
        """(n, C) the global model's class probabilities of X (n, d); None if it has diverged."""
        with calm():
            inputs = self.network.encode(X, self.dtype)
            z = self.network.outputs(self.w, inputs).astype(np.float64)
            e = np.exp(z - z.max(axis=1, keepdims=True))
            p: Array = e / e.sum(axis=1, keepdims=True)
        return p if np.isfinite(p).all() else None


def receive(run: Run, number: int, w: Array) -> Iterator[Reception | None]:
    """Compute a guest's results after a round with the global model w: None a piece, then it."""
    fed = run.federation
    limits = plane = None
    if fed.kind == "points":
        limits = limits_of(fed)
        with calm():
            plane = regions(run, w, limits) if np.isfinite(w).all() else None
        yield None
    if not fed.guests:
        yield Reception(run.network, run.exp.dtype, w, fed, limits=limits, plane=plane)
        return
    who = fed.clients - 1
    rows = np.sort(np.concatenate([fed.train.of(who), fed.held.of(who)]))
    held = np.isin(rows, fed.held.of(who))
    here = _judge(run, w, rows, held)
    yield None
    own = (yield from personal_models(run, w, number, [who]))[0]
    after = _judge(run, own, rows, held)
    yield None
    local_only = None
    if run.trainer.steps(np.array([who]), run.local_epochs)[0] * number <= LONELY:
        local_only = _judge(run, (yield from local_only_model(run, number, who)), rows, held)
        yield None
    cohorts = yield from attended(run, number)
    yield Reception(
        run.network,
        run.exp.dtype,
        w,
        fed,
        place=len(run.panel) - 1,
        held=held,
        models=(here, after, local_only),
        attended=sum(who in ids for ids in cohorts),
        number=number,
        limits=limits,
        plane=plane,
    )


def _judge(run: Run, w: Array, rows: Array, held: Array) -> Judged:
    """What a model says of the guest's examples, the `rows` of the pool."""
    fed = run.federation
    if not np.isfinite(w).all():
        return Judged(np.full(len(rows), -1), 0, np.nan)
    with calm():
        z = run.network.outputs(w, run.network.encode(fed.X[rows], run.exp.dtype))
        scores = run.evaluate(w)
    said = likeliest(z)
    right = (said == fed.y[rows]) & held
    return Judged(said, int(right.sum()), scores.accuracy)
