"""Local SGD of a whole cohort at once.

The clients of a cohort are sorted by their number of steps, so that those still at work are a
prefix that shrinks: nobody computes a step that is thrown away. A batch that runs out of examples
is padded, and the padding has scale zero.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from fedplay.cost import CHUNK
from fedplay.data import Federation, Shares
from fedplay.models import Network, Workspace
from fedplay.stages.base import Array, Correction
from fedplay.streams import Purpose, Streams


@dataclass(frozen=True, eq=False)
class Plan:
    """The shape of the local work of some clients; the order of their examples comes each round."""

    order: Array  # (K,) from most steps to fewest
    shares: list[Array]  # each client's examples, in that order
    steps_an_epoch: Array  # (K,)
    active: list[int]  # (S,) how many clients are at work in each step
    scales: list[Array | float]  # (S,) η / batch size, (K, B) where a batch is ragged
    seat: Array  # (Σ active, B) which of the examples, client by client, sits where in the batches
    place: Array  # (Σ active,) the position of each of these rows' client in the order
    B: int  # the batch's width


class Trainer:
    """The local work of a run: its data, model and buffers, made once."""

    def __init__(
        self,
        network: Network,
        X: Array,
        federation: Federation,
        *,
        batch_size: int | None,
        learning_rate: float,
        streams: Streams,
    ) -> None:
        self.network = network
        self.X = X  # (n, d + 1), the last column of ones
        self.y = federation.y
        self.shares: Shares = federation.train
        self.batch_size = batch_size
        self.lr = learning_rate
        self.streams = streams
        self._work: Workspace | None = None
        self._plans: dict[tuple[int, bytes], Plan] = {}

    def steps(self, ids: Array, epochs: int) -> Array:
        """How many local steps each client takes, (K,)."""
        sizes = self.shares.sizes[ids]
        if self.batch_size is None:
            return np.where(sizes > 0, epochs, 0)
        return epochs * -(-sizes // self.batch_size)

    def __call__(
        self,
        W0: Array,
        correction: Correction | None,
        *,
        ids: Array,
        round: int,
        epochs: int,
        purpose: Purpose = Purpose.SHUFFLE,
    ) -> Array:
        """The models (K, P) after each client's local epochs from its row of W0 (K, P)."""
        if len(ids) <= CHUNK:
            return self._train(W0, correction, ids, round, epochs, purpose)
        W = np.empty_like(W0)
        for a in range(0, len(ids), CHUNK):
            part = slice(a, a + CHUNK)
            W[part] = self._train(
                W0[part], _rows(correction, part), ids[part], round, epochs, purpose
            )
        return W

    def _train(
        self,
        W0: Array,
        correction: Correction | None,
        ids: Array,
        round: int,
        epochs: int,
        purpose: Purpose,
    ) -> Array:
        plan = self._plan(ids, epochs)
        rows = self._examples(plan, ids, round, epochs, purpose)
        work = self._room(len(ids), plan.B)
        targets = work.targets(self.y[rows], plan.place)
        correction = _rows(correction, plan.order)
        gradient, take = work.gradient, self.X.take
        np.take(W0, plan.order, axis=0, out=work.W[: len(ids)])
        at = 0
        for k, scale in zip(plan.active, plan.scales, strict=True):
            W, G, X = work.W[:k], work.G[:k], work.X[:k]
            take(rows[at : at + k], axis=0, out=X, mode="clip")
            gradient(k, targets[at : at + k], scale)
            if correction is not None:
                _correct(G, W, correction, self.lr)
            np.subtract(W, G, out=W)
            at += k
        out = np.empty_like(W0)
        out[plan.order] = work.W[: len(ids)]
        return out

    def _plan(self, ids: Array, epochs: int) -> Plan:
        key = (epochs, ids.tobytes())
        if key not in self._plans:
            if len(self._plans) >= 16:  # a cohort that is drawn anew each round seldom comes back
                self._plans.clear()
            self._plans[key] = self._make_plan(ids, epochs)
        return self._plans[key]

    def _make_plan(self, ids: Array, epochs: int) -> Plan:
        sizes = self.shares.sizes[ids]
        B = max(1, int(sizes.max(initial=0)))
        if self.batch_size is not None:
            B = min(B, self.batch_size)
        an_epoch = self.steps(ids, 1)
        order = np.argsort(-an_epoch, kind="stable")
        sizes, an_epoch = sizes[order], an_epoch[order]
        total = epochs * an_epoch
        active = [int(np.searchsorted(-total, -s)) for s in range(int(total.max(initial=0)))]
        first = epochs * (np.cumsum(sizes) - sizes)  # where each client's examples begin
        scales: list[Array | float] = []
        seats = [np.zeros((0, B), np.intp)]
        for s, k in enumerate(active):
            epoch, batch = np.divmod(s, an_epoch[:k])
            left = np.minimum(sizes[:k] - batch * B, B)
            start = first[:k] + epoch * sizes[:k] + batch * B
            seats.append(start[:, None] + np.minimum(np.arange(B), left[:, None] - 1))
            if (left == B).all():
                scales.append(self.lr / B)
            else:
                scale = (np.arange(B) < left[:, None]) * (self.lr / left[:, None])
                scales.append(scale.astype(self.X.dtype))
        shares = [self.shares.of(int(i)) for i in ids[order]]
        place = np.concatenate([np.arange(k) for k in [0, *active]])
        return Plan(order, shares, an_epoch, active, scales, np.concatenate(seats), place, B)

    def _examples(self, plan: Plan, ids: Array, round: int, epochs: int, purpose: Purpose) -> Array:
        """Which examples each client sees in each step: (Σ active, B) indices into the pool."""
        seen: list[Array] = []
        at, shares, batches = self.streams.at, plan.shares, plan.steps_an_epoch.tolist()
        for client, share, count in zip(ids[plan.order].tolist(), shares, batches, strict=True):
            if count == 1:  # one batch holds everything: its order does not matter
                seen += [share] * epochs
            else:
                shuffle = at(purpose, round, client).permutation
                seen += [shuffle(share) for _ in range(epochs)]
        return np.concatenate(seen)[plan.seat] if plan.active else np.zeros((0, plan.B), np.intp)

    def _room(self, K: int, B: int) -> Workspace:
        """Buffers for K clients and batches of B, kept from step to step and round to round."""
        if self._work is None or self._work.X.shape[0] < K or self._work.X.shape[1] != B:
            d = self.X.shape[1] - 1
            self._work = self.network.workspace(K, B, d, self.X.dtype)
        return self._work


def _correct(G: Array, W: Array, correction: Correction, lr: float) -> None:
    """G += η (shift + pull · (w − anchor)), in place; G already carries η."""
    k = len(G)
    if correction.shift is not None:
        G += lr * correction.shift[:k]
    if correction.pull:
        anchor = correction.anchor
        assert anchor is not None, "a pull needs an anchor"
        G += lr * correction.pull * (W - (anchor if anchor.ndim == 1 else anchor[:k]))


def _rows(correction: Correction | None, rows: Array | slice) -> Correction | None:
    """The correction of some of the clients, or of all in another order."""
    if correction is None:
        return None
    shift, pull, anchor = correction
    return Correction(
        None if shift is None else shift[rows],
        pull,
        anchor if anchor is None or anchor.ndim == 1 else anchor[rows],
    )
