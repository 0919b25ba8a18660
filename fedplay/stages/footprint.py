"""Message size and memory of an algorithm, measured with a made-up client."""

from __future__ import annotations

from collections.abc import Iterable
from functools import lru_cache
from typing import Any, NamedTuple

import numpy as np

from fedplay.stages.base import Algorithm, Array, Cohort, Correction, Layer, LocalStep, Spans
from fedplay.streams import Streams


class Footprint(NamedTuple):
    """Numbers and bytes for each client."""

    message: int  # M, how many numbers its message has
    up: int  # how many of them it sends
    down: int  # how many it is sent
    kept: int  # bytes that its own tables take
    shared: int  # how many of a model's parameters its update has
    reads: bool = True  # whether `update` finds that in a message

    @property
    def noised(self) -> int:
        """How many numbers of a message are its update, or all where that can't be told apart."""
        return self.shared if self.reads else self.message

    def wire(self, layers: Iterable[Layer], item: int) -> float:
        """The bytes that it sends, after the channel's layers, with numbers of `item` bytes."""
        bytes_ = float(self.up * item)
        for layer in layers:
            bytes_ = layer.wire(bytes_, self.message)
        return bytes_


class MadeUp:
    """The local work of K clients that all move by the same `way`, whatever they are asked."""

    def __init__(self, K: int, way: Array | float) -> None:
        self.K, self.way = K, way

    def __call__(self, w0: Array, correction: Correction | None = None) -> Array:
        return w0 + self.way

    def custom(self, step: LocalStep, *states: Array, **how: Any) -> tuple[Array, ...]:
        return tuple(state + self.way for state in states)

    def gradient(self, W: Array) -> Array:
        return W + self.way

    def losses(self, W: Array) -> Array:
        return np.zeros((self.K, len(W)))

    def together(self, w: Array) -> Array:
        return w + self.way


MANY = 200_000  # parameters, from which on nobody's message is made up, to allocate nothing


@lru_cache(maxsize=64)
def footprint(algorithm: Algorithm, P: int, spans: Spans = ()) -> Footprint:
    """The footprint of an algorithm for models of P parameters, with layers at `spans`.

    Raises whatever the algorithm raises: one that fails here fails in its first round.
    """
    K = 1 if P <= MANY else 0
    with np.errstate(all="ignore"):
        own = algorithm.init(P, K)[1]
        kept = sum(table[:0].itemsize * int(np.prod(table.shape[1:])) for table in own.values())
        rows, update = _message(algorithm, P, spans, K, 1.0 + np.arange(P) % 5 if K else 0.0)
        M, shared = int(rows.shape[1]), algorithm.shared(P, spans)
        down = algorithm.broadcast(shared)
        reads = type(algorithm).update is not Algorithm.update
        if not reads and shared <= M:
            still = algorithm.update(_message(algorithm, P, spans, K, 0.0)[0], shared)
            same = np.allclose(algorithm.update(rows, shared), update[:, :shared])
            # What it does to its update before it is sent is its own affair, but what says
            # something where nothing moved is no update; nor is what comes with more and differs.
            reads = not still.any() and (same or shared == M)
    travels = (0, 0) if algorithm.pooled else (algorithm.upload(M), down)
    return Footprint(M, *travels, kept, shared, reads)


def _message(
    algorithm: Algorithm, P: int, spans: Spans, K: int, way: Array | float
) -> tuple[Array, Array]:
    """(rows (K, M), updates (K, P)) of clients that take two steps and go that way (P,)."""
    ids, ones = np.arange(K), np.ones(K, np.int64)
    c = Cohort(
        round=1,
        ids=ids,
        weight=ones,
        epochs=ones,
        steps=2 * ones,
        N=K,
        expected=float(K),
        divisor=float(K),
        lr=1.0,
        streams=Streams(0),
        spans=spans,
        called=K,
    )
    server, own = algorithm.init(P, K)
    w = 1.0 + np.arange(P) % 7 if K else np.zeros(P)
    w0 = algorithm.begin(w, own, server, c)
    wk, own = algorithm.local(MadeUp(K, way), w0, own, server, c)
    return algorithm.message(w0, wk, own, server, c)[0], wk - own.get("start", w0)
