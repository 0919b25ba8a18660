"""Local SGD of a whole cohort at once.

The clients of a cohort are sorted by their number of steps, so that those still at work are a
prefix that shrinks: nobody computes a step that is thrown away. A batch that runs out of examples
is padded, and the padding has scale zero.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from fedplay.cost import CHUNK
from fedplay.data import Shares
from fedplay.data.base import Ints
from fedplay.engine.slopes import Pull, Slope, some_rows
from fedplay.models import Network, Workspace
from fedplay.stages.base import Array, Correction, LocalStep
from fedplay.streams import Purpose, Rebuilt, Streams

# Told of a local step: the clients that took it (k,), and their models (k, P), not to be kept.
Watch = Callable[[Array, Array], None]


@dataclass(frozen=True, eq=False)
class Plan:
    """The shape of the local work of some clients; the order of their examples comes each round."""

    order: Array  # (K,) from most steps to fewest
    back: Array  # (K,) where in that order each of them is
    examples: Array  # (Σ seen,) what each client sees, in that order, one epoch behind another
    shuffles: list[tuple[int, list[slice]]]  # whose of them come in random order: each epoch's
    active: list[int]  # (S,) how many clients are at work in each step
    scales: list[Array | float]  # (S,) η / batch size, (K, B) where a batch is ragged
    drawn: Array  # (Σ active, B) which of the examples, client by client, comes where in batches
    seat: Array  # (Σ active, B) the place of each of these among its step's k · B
    seats: Array  # (Σ active, 1) how many these are
    B: int  # the batch's width


class Rooms(Rebuilt):
    """Buffers for local work, kept from step to step and round to round.

    Each is lent to one call at a time, so that threads, and calls within a call, never share one.
    """

    def __init__(self) -> None:
        self._free: list[Workspace] = []

    def take(self, network: Network, K: int, B: int, inputs: int, dtype: Any) -> Workspace:
        """Buffers for K clients and batches of B; `give` them back."""
        try:
            work = self._free.pop()
        except IndexError:
            return network.workspace(K, B, inputs, dtype)
        fits = work.X.shape[0] >= K and work.X.shape[1] == B
        return work if fits else network.workspace(K, B, inputs, dtype)

    def give(self, work: Workspace) -> None:
        """Take buffers back. Those of a call that failed are not missed."""
        self._free.append(work)


class Trainer:
    """The local work of a run: its data, model and buffers, made once."""

    def __init__(
        self,
        network: Network,
        X: Array,
        y: Ints,
        shares: Shares,
        *,
        batch_size: int | None,
        learning_rate: float,
        streams: Streams,
    ) -> None:
        self.network = network
        self.X = X  # (n, inputs), as the network encodes examples
        self.y = y
        self.shares = shares
        self.batch_size = batch_size
        self.lr = learning_rate
        self.streams = streams
        self._rooms = Rooms()
        self._plans: dict[tuple[bytes, bytes], Plan] = {}

    def on(self, shares: Shares) -> Trainer:
        """The same work on the examples of other clients."""
        return Trainer(
            self.network,
            self.X,
            self.y,
            shares,
            batch_size=self.batch_size,
            learning_rate=self.lr,
            streams=self.streams,
        )

    def steps(self, ids: Array, epochs: Array | int) -> Array:
        """How many local steps each client takes, (K,)."""
        sizes = self.shares.sizes[ids]
        if self.batch_size is None:
            return np.where(sizes > 0, epochs, 0)
        return epochs * -(-sizes // self.batch_size)

    def gradient(self, W: Array, ids: Array) -> Array:
        """Each client's gradient over all its training examples, (K, P), at its row of W (K, P)."""
        total = np.zeros_like(W)
        for a in range(0, len(ids), CHUNK):
            total[a : a + CHUNK] = self._gradient(W[a : a + CHUNK], ids[a : a + CHUNK])
        return total

    def _gradient(self, W: Array, ids: Array) -> Array:
        plan = self._plan(ids, np.ones(len(ids), np.int64))
        rows = plan.examples[plan.drawn]
        work = self._room(len(ids), plan.B)
        targets = work.targets(self.y[rows], plan.seat, plan.seats)
        each = (1 / np.maximum(self.shares.sizes[ids[plan.order]], 1)).astype(self.X.dtype)[:, None]
        W.take(plan.order, axis=0, out=work.W[: len(ids)], mode="clip")
        total = np.zeros_like(W)
        at = 0
        for k, scale in zip(plan.active, plan.scales, strict=True):
            self.X.take(rows[at : at + k], axis=0, out=work.X[:k], mode="clip")
            # Padding has scale 0 in the plan, and counts nothing here either.
            work.gradient(k, targets[at : at + k], np.sign(scale).astype(self.X.dtype) * each[:k])
            total[:k] += work.G[:k]
            at += k
        self._rooms.give(work)
        return total[plan.back]

    def __call__(
        self,
        W0: Array,
        correction: Correction | None,
        *,
        ids: Array,
        round: int,
        epochs: Array | int,
        purpose: Purpose = Purpose.SHUFFLE,
        watch: Watch | None = None,
    ) -> Array:
        """The models (K, P) after each client's local epochs from its row of W0 (K, P).

        epochs: (K,), or one number for all
        watch:  told of every step
        """
        epochs = np.broadcast_to(epochs, ids.shape)
        if len(ids) <= CHUNK:
            return self._train(W0, correction, ids, round, epochs, purpose, watch)
        W = np.empty_like(W0)
        for a in range(0, len(ids), CHUNK):
            part = slice(a, a + CHUNK)
            some = W0[part], some_rows(correction, part), ids[part]
            W[part] = self._train(*some, round, epochs[part], purpose, watch)
        return W

    def _train(
        self,
        W0: Array,
        correction: Correction | None,
        ids: Array,
        round: int,
        epochs: Array,
        purpose: Purpose,
        watch: Watch | None,
    ) -> Array:
        plan = self._plan(ids, epochs)
        rows = self._examples(plan, round, purpose)
        work = self._room(len(ids), plan.B)
        targets = work.targets(self.y[rows], plan.seat, plan.seats)
        added = some_rows(correction, plan.order)
        pull = None if added is None else Pull(added, self.lr, W0)
        gradient, take = work.gradient, self.X.take
        W0.take(plan.order, axis=0, out=work.W[: len(ids)], mode="clip")
        at = 0
        for k, scale in zip(plan.active, plan.scales, strict=True):
            W, G, X = work.W[:k], work.G[:k], work.X[:k]
            take(rows[at : at + k], axis=0, out=X, mode="clip")
            gradient(k, targets[at : at + k], scale)
            if pull is not None:
                pull.add(G, W)
            np.subtract(W, G, out=W)
            at += k
            if watch is not None:
                watch(ids[plan.order[:k]], W)
        out = work.W.take(plan.back, axis=0).astype(W0.dtype, copy=False)
        self._rooms.give(work)
        return out

    def custom(
        self,
        states: tuple[Array, ...],
        step: LocalStep,
        *,
        ids: Array,
        round: int,
        epochs: Array | int,
        purpose: Purpose = Purpose.SHUFFLE,
        second_batch: bool = False,
        max_steps: int | None = None,
        watch: Watch | None = None,
    ) -> tuple[Array, ...]:
        """Several models of each client, after local steps of a rule of one's own.

        states: (K, ·) each, a row for each client; what they become is returned
        step:   what happens in a step; see `fedplay.stages.base.Local.custom`
        second_batch: whether a second batch is drawn for every step, from a shuffle of its own
        max_steps: no more local steps than this
        watch:  told of every step, with the first of the models
        """
        epochs = np.broadcast_to(epochs, ids.shape)
        out = tuple(np.empty_like(state) for state in states)
        for a in range(0, len(ids), CHUNK):
            part = slice(a, a + CHUNK)
            some = tuple(state[part] for state in states)
            seconds = Purpose.AGAIN if second_batch else None
            draws = purpose, seconds
            done = self._custom(some, step, ids[part], round, epochs[part], draws, max_steps, watch)
            for whole, piece in zip(out, done, strict=True):
                whole[part] = piece
        return out

    def _custom(
        self,
        states: tuple[Array, ...],
        step: LocalStep,
        ids: Array,
        round: int,
        epochs: Array,
        purposes: tuple[Purpose, Purpose | None],
        max_steps: int | None,
        watch: Watch | None,
    ) -> tuple[Array, ...]:
        plan = self._plan(ids, epochs)
        rows = [self._examples(plan, round, p) for p in purposes if p is not None]
        work = self._room(len(ids), plan.B)
        targets = [work.targets(self.y[some], plan.seat, plan.seats) for some in rows]
        sorted_ = [state[plan.order] for state in states]
        at = 0
        for k, scale in zip(plan.active[:max_steps], plan.scales[:max_steps], strict=True):
            part = slice(at, at + k)
            batches = [(self.X, r[part], t[part]) for r, t in zip(rows, targets, strict=True)]
            slopes = [Slope(work, batch, scale) for batch in batches]
            step(*slopes, *(state[:k] for state in sorted_))
            at += k
            if watch is not None:
                watch(ids[plan.order[:k]], sorted_[0][:k])
        self._rooms.give(work)
        return tuple(state[plan.back] for state in sorted_)

    def _plan(self, ids: Array, epochs: Array) -> Plan:
        key = (epochs.tobytes(), ids.tobytes())
        plan = self._plans.get(key)
        if plan is None:
            if len(self._plans) >= 16:  # a cohort that is drawn anew each round seldom comes back
                self._plans.clear()
            plan = self._plans[key] = self._make_plan(ids, epochs)
        return plan

    def _make_plan(self, ids: Array, epochs: Array) -> Plan:
        sizes = self.shares.sizes[ids]
        B = max(1, int(sizes.max(initial=0)))
        if self.batch_size is not None:
            B = min(B, self.batch_size)
        an_epoch = self.steps(ids, 1)
        order = np.argsort(-epochs * an_epoch, kind="stable")
        sizes, an_epoch, epochs = sizes[order], an_epoch[order], epochs[order]
        total = epochs * an_epoch
        active = np.searchsorted(-total, -np.arange(total.max(initial=0)))
        # A row for each step of each client at work in it, step by step: Σ active of them.
        at = np.cumsum(active) - active  # where each step's rows begin
        step = np.repeat(np.arange(len(active)), active)
        place = np.arange(len(step)) - at[step]
        epoch, batch = np.divmod(step, an_epoch[place])
        size = sizes[place]
        left = np.minimum(size - batch * B, B)[:, None]
        seen = epochs * sizes
        first = np.cumsum(seen) - seen  # where each client's examples begin
        start = first[place] + epoch * size + batch * B
        drawn = start[:, None] + np.minimum(np.arange(B), left - 1)
        seat = place[:, None] * B + np.arange(B)
        seats = B * active[step][:, None]
        ragged = np.logical_or.reduceat(left[:, 0] < B, at) if len(at) else at
        scale = (np.arange(B) < left) * (self.lr / left).astype(self.X.dtype)
        scales: list[Array | float] = [
            scale[a : a + k] if uneven else self.lr / B
            for a, k, uneven in zip(at, active, ragged, strict=True)
        ]
        laid_out = self._laid_out(ids[order], epochs, an_epoch)
        back = np.argsort(order)
        return Plan(order, back, *laid_out, active.tolist(), scales, drawn, seat, seats, B)

    def _laid_out(
        self, ids: Array, epochs: Array, an_epoch: Array
    ) -> tuple[Array, list[tuple[int, list[slice]]]]:
        """What clients see end to end, and which of it is shuffled: see `Plan`."""
        parts, shuffles, at = [np.zeros(0, np.intp)], [], 0
        for client, E, count in zip(ids.tolist(), epochs.tolist(), an_epoch.tolist(), strict=True):
            share = self.shares.of(client)
            n = len(share)
            parts += [share] * E
            if count > 1:  # or one batch holds everything, and no order matters
                shuffles.append((client, [slice(at + e * n, at + e * n + n) for e in range(E)]))
            at += E * n
        return np.concatenate(parts), shuffles

    def _examples(self, plan: Plan, round: int, purpose: Purpose) -> Array:
        """Which examples each client sees in each step: (Σ active, B) indices into the pool."""
        seen = plan.examples.copy()
        for client, epochs in plan.shuffles:
            shuffle = self.streams.at(purpose, round, client).shuffle
            for epoch in epochs:
                shuffle(seen[epoch])
        return seen[plan.drawn]

    def _room(self, K: int, B: int) -> Workspace:
        """Buffers for K clients and batches of B, to be given back."""
        return self._rooms.take(self.network, K, B, self.X.shape[1], self.X.dtype)
