"""Analysis of one round: each client's local steps and update, and the server's average.

A run keeps no more of a round than its outcome. To look inside, the run is repeated up to that
round, which is then trained with somebody watching. What lives in P dimensions is projected on one
plane while the clients walk, and no path is ever kept in all of them.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np

from fedplay.engine.loop import Run
from fedplay.engine.round import State
from fedplay.inspect.replay import WALKS, replay, state_before
from fedplay.scopes import calm
from fedplay.stages.base import Array, Cohort, Outcome
from fedplay.stages.lengths import length_of, lengths_of

FITTED = 256  # updates that the plane is fitted to, evenly taken from a larger cohort
JUDGED = 16  # local models that are evaluated before the screen may draw again


@dataclass(frozen=True, eq=False)
class Trace:
    """Everything about one round. K clients in the cohort, P parameters.

    Positions (…, 2) are on the plane of `basis`, seen from the global model that the round began
    with, which lies in it. To the right is the direction of the average, so that its arrow has its
    true length; upwards is where the updates differ most beyond that (an SVD of what the average
    leaves of them, not centred, so that arrows keep their foot). `shown` is how much of the
    updates' squared lengths the plane holds: the best plane of all would hold a few hundredths
    more, and foreshorten the average.
    """

    number: int
    ids: Array  # (K,) who took part, ascending
    called: int  # how many were sent the model: these, and any who came too late
    weight: Array  # (K,) of each in the average: its training examples, or 1
    share: Array  # (K,) what the average multiplies each update by; NaN where it is no such sum
    steps: Array  # (K,) local steps of each
    before: Array  # (P,) the global model that was sent out
    after: Array  # (P,) the global model at the end
    basis: Array  # (2, P) orthonormal
    shown: float  # part of the updates' squared lengths that lies in the plane; NaN without any
    paths: tuple[Array, ...]  # of the first WALKS clients, (steps + 1, 2) each
    ends: Array  # (K, 2) where each ended
    sent: Array  # (K, 2) the updates as they reach the server; NaN where they are no updates
    average: Array  # (2,) the update in the aggregate, exact: of a mean, the mean of those
    step: Array  # (2,) the same after the channel, noise and all: what the server followed
    moved: Array  # (2,) where the global model went: the same unless the server adds its own
    lengths: Array  # (K,) of the updates before the channel, in what is shared of a model
    clipped: Array  # (K,) bool, whose message the channel made shorter
    ignored: Array  # (K,) bool, whose message was not finite, and counts as zeros
    bound: float | None  # the length it was cut to
    average_length: float  # in all dimensions that are shared
    noise_length: float  # of what the channel added to the average, likewise
    accuracy_before: float  # of the global model, on the global test set
    accuracy_after: float
    own: Array  # (K,) accuracy of each local model on its client's held-out data; NaN without
    tested: Array  # (K,) accuracy of each local model on the global test set
    bytes_up: float  # sent by the clients in this round
    bytes_down: float  # sent by the server

    @property
    def K(self) -> int:
        return len(self.ids)

    @property
    def P(self) -> int:
        return len(self.before)


class Seen(NamedTuple):
    """A replayed round, and what the pictures need of it."""

    outcome: Outcome
    sent: Array  # (K, P) the updates in the messages that arrived, zero in what is not shared
    average: Array  # (P,) the update in their aggregate, exact
    followed: Array  # (P,) the same after the channel's server half
    bend: Array  # (1, P) what the first client's first step changed; (0, P) where nobody walked
    plain: bool  # whether `sent` are arrows from the global model


def tracing(run: Run, number: int) -> Iterator[Trace | None]:
    """Trace a round of a run; round 1 stands for round 0, in which nothing happens.

    Repeats the rounds before it, bit for bit. Yields None after every piece of work, so that a
    screen stays awake, and the trace last.
    """
    number = max(number, 1)
    state = yield from state_before(run, number)
    with calm():
        seen = _replay(run, state, number)
    yield None
    with calm():
        basis = plane(seen)
    yield None
    with calm():
        paths = _walk(run, state, number, seen, basis)
    yield None
    c, ended = seen.outcome.cohort, seen.outcome.ended
    tested, own = np.full((2, c.K), np.nan)
    for a in range(0, c.K, JUDGED):
        part = slice(a, a + JUDGED)
        with calm():
            tested[part], own[part] = _judge(run, c.ids[part], ended[part])
        yield None
    with calm():
        trace = _assemble(run, seen, basis, paths, tested, own)
    yield trace


def _replay(run: Run, state: State, number: int) -> Seen:
    """The round, from the state before it."""
    first: list[Array] = []

    def first_step(who: Array, W: Array) -> None:
        if not first:
            first.append(W[:1] - state.w)

    outcome, _ = replay(run, state, number, first_step)
    arrived = (outcome.arrived, outcome.average, outcome.step)
    sent, average, followed = (_update(run, message) for message in arrived)
    bend = first[0] if first else np.zeros((0, len(state.w)))
    plain = run.algorithm.arrows and run.travels.reads
    return Seen(outcome, sent, average, followed, bend, plain)


def _update(run: Run, message: Array) -> Array:
    """(…, P) the update in messages or an aggregate (…, M), zero in what is not shared.

    Where it can't be read, as much of the message as there is.
    """
    P, shared = run.network.P, run.travels.shared
    found = run.algorithm.update(message, shared) if run.travels.reads else message[..., :P]
    whole = np.zeros((*found.shape[:-1], P), found.dtype)
    whole[..., : found.shape[-1]] = found
    return whole


def plane(seen: Seen) -> Array:
    """(2, P) the plane of a `Trace`, float64.

    A lone update has a line and no plane: the direction in which its path bends is added to it.
    Where nobody came, the noise gives a direction.
    """
    updates = seen.outcome.ended - seen.outcome.begun
    P = updates.shape[1]
    average = seen.average if seen.plain else updates.mean(axis=0)
    along = _unit(average.astype(np.float64))
    chosen = updates[:: max(1, -(-len(updates) // FITTED))].astype(np.float64)
    across = _principal(chosen - np.outer(chosen @ along, along))
    followed = seen.followed[None] if seen.plain else np.zeros((0, P))
    basis = np.zeros((2, P))
    found = 0
    for row in (along, *across, *seen.bend, *followed, *np.eye(3, P)):
        rest = _unit(row.astype(np.float64))
        for _ in range(2):  # Gram-Schmidt: twice is enough (Kahan)
            rest = rest - basis.T @ (basis @ rest)
        if found < 2 and length_of(rest) > 1e-6:
            basis[found] = _unit(rest)
            found += 1
    first = next((row for row in (*updates, *seen.bend) if np.isfinite(row).all()), basis[1])
    if basis[1] @ _unit(first.astype(np.float64)) < 0:  # so that its sign is no coin toss
        basis[1] *= -1
    return basis


def _principal(rows: Array) -> Array:
    """(≤ 2, P) the directions of the two largest singular values of rows (K, P)."""
    rows = rows[np.isfinite(rows).all(axis=1)]
    largest = np.abs(rows).max(initial=0.0)
    if largest == 0:
        return np.zeros((0, rows.shape[1]))
    rows = rows / largest
    values, vectors = np.linalg.eigh(rows @ rows.T)
    keep = np.flatnonzero(values > 1e-10 * values[-1])[::-1][:2]
    found: Array = vectors[:, keep].T @ rows
    return found


def _unit(row: Array) -> Array:
    """The direction of a row; zeros where it has none (scaled first: squares overflow)."""
    largest = np.abs(row).max(initial=0.0)
    if not np.isfinite(largest) or largest == 0:
        return np.zeros_like(row)
    row = row / largest
    unit: Array = row / np.linalg.norm(row)
    return unit


def _walk(run: Run, state: State, number: int, seen: Seen, basis: Array) -> tuple[Array, ...]:
    """The paths of the first clients on the plane, (steps + 1, 2) each."""
    before = state.w
    place = {int(i): k for k, i in enumerate(seen.outcome.cohort.ids[:WALKS])}
    points: list[list[Array]] = [[basis @ (w - before)] for w in seen.outcome.begun[:WALKS]]

    def watch(who: Array, W: Array) -> None:
        rows = [(r, place[i]) for r, i in enumerate(who.tolist()) if i in place]
        flat = (W[[r for r, _ in rows]] - before) @ basis.T
        for (_, k), point in zip(rows, flat, strict=True):
            points[k].append(point)

    replay(run, state, number, watch)
    return tuple(np.array(p) for p in points)


def _judge(run: Run, ids: Array, W: Array) -> tuple[Array, Array]:
    """Accuracies of local models W (K, P): on the global test set, and on their own data."""
    judge, network = run.evaluate, run.network
    X, y = judge.X[: judge.tests], judge.y[: judge.tests]
    tested, own = np.full((2, len(ids)), np.nan)
    for k, w in enumerate(W):
        if not np.isfinite(w).all():
            continue
        held = run.federation.held.of(int(ids[k]))
        if judge.tests:
            tested[k] = network.right(network.outputs(w, X), y).mean()
        if len(held):
            outputs = network.outputs(w, run.trainer.X[held])
            own[k] = network.right(outputs, run.federation.y[held]).mean()
    return tested, own


def _assemble(run: Run, seen: Seen, basis: Array, paths: Any, tested: Array, own: Array) -> Trace:
    outcome, plain = seen.outcome, seen.plain
    before, after, c = outcome.before, outcome.after, outcome.cohort
    updates = outcome.ended - outcome.begun
    ends = (outcome.ended - before) @ basis.T
    nowhere = np.full(2, np.nan)
    noise = seen.followed - seen.average
    whole, shown = length_of(updates.ravel()), length_of((updates @ basis.T).ravel())
    sent = seen.sent @ basis.T if plain else np.full((c.K, 2), np.nan)
    average = basis @ seen.average if plain else nowhere
    bounds = [b for layer in run.layers if (b := getattr(layer, "bound", lambda: None)())]
    return Trace(
        number=c.round,
        ids=c.ids,
        called=c.called,
        weight=c.weight,
        share=_shares(run, c, sent, average),
        steps=c.steps,
        before=before,
        after=after,
        basis=basis,
        shown=float((shown / whole) ** 2) if whole else np.nan,
        paths=paths,
        ends=ends,
        sent=sent,
        average=average,
        step=basis @ seen.followed if plain else nowhere,
        moved=basis @ (after - before),
        lengths=outcome.update_norm,
        clipped=outcome.shortened,
        ignored=outcome.ignored,
        bound=min(bounds, default=None),
        average_length=length_of(seen.average),
        noise_length=length_of(noise),
        accuracy_before=run.evaluate(before).accuracy,
        accuracy_after=run.evaluate(after).accuracy,
        own=own,
        tested=tested,
        bytes_up=outcome.bytes_up,
        bytes_down=outcome.bytes_down,
    )


def _shares(run: Run, c: Cohort, sent: Array, average: Array) -> Array:
    """(K,) what a linear aggregate multiplies each message by: what it makes of unit messages.

    NaN where the updates (K, 2) in the messages do not add up to that in the aggregate, (2,).
    """
    if not run.aggregate.linear:
        return np.full(c.K, np.nan)
    blocks = [np.zeros(0)]
    for a in range(0, c.K, WALKS):
        width = min(WALKS, c.K - a)
        blocks.append(run.aggregate.combine(np.eye(c.K, width, -a), c))
    share = np.concatenate(blocks)
    off = length_of(share @ sent - average)
    return np.full(c.K, np.nan) if off > 1e-3 * lengths_of(share[:, None] * sent).sum() else share
