"""How much an algorithm sends and remembers, learnt from a federation without clients."""

from __future__ import annotations

from functools import lru_cache
from typing import Any, NamedTuple

import numpy as np

from fedplay.stages.base import Algorithm, Array, Cohort, Correction, LocalStep, Spans
from fedplay.streams import Streams


class Footprint(NamedTuple):
    """Numbers and bytes for each client."""

    message: int  # M, how many numbers its message has
    up: int  # how many of them it sends
    down: int  # how many it is sent
    kept: int  # bytes that its own tables take


class Idle:
    """The local work of nobody."""

    def __call__(self, w0: Array, correction: Correction | None = None) -> Array:
        return w0

    def by(self, step: LocalStep, *states: Array, **how: Any) -> tuple[Array, ...]:
        return states

    def gradient(self, W: Array) -> Array:
        return W

    def losses(self, W: Array) -> Array:
        return np.zeros((0, len(W)))

    def together(self, w: Array) -> Array:
        return w


@lru_cache(maxsize=64)
def footprint(algorithm: Algorithm, P: int, spans: Spans = ()) -> Footprint:
    """What it takes for models of P parameters, whose layers are at `spans`."""
    nobody = np.zeros(0, np.int64)
    c = Cohort(
        round=0,
        ids=nobody,
        weight=nobody,
        epochs=nobody,
        steps=nobody,
        stale=nobody,
        N=0,
        expected=0.0,
        divisor=0.0,
        lr=1.0,
        streams=Streams(0),
        spans=spans,
    )
    try:
        server, own = algorithm.init(P, 0)
        kept = sum(table[:0].itemsize * int(np.prod(table.shape[1:])) for table in own.values())
        w0 = algorithm.begin(np.zeros(P), own, server, c)
        wk, own = algorithm.local(Idle(), w0, own, server, c)
        rows, _ = algorithm.message(w0, wk, own, server, c)
        M, shared = int(rows.shape[1]), algorithm.shared(P, spans)
        return Footprint(M, algorithm.upload(M), algorithm.broadcast(shared), kept)
    except Exception:  # somebody's own algorithm, which fails: the run will say how
        return Footprint(P, P, P, 0)
