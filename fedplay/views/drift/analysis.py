"""Where a run goes and how clients drift in a round, seen on one plane that the whole run shares.

Two parameters are shown as they are. Of more, the plane is fitted to the run once: along the path
of the global model, and across it where that path and the clients' ways leave it most.
"""

from __future__ import annotations

from collections.abc import Generator, Iterator
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np

from fedplay.data import Dissimilarity
from fedplay.engine.loop import Run
from fedplay.engine.round import State
from fedplay.inspect import closed_forms
from fedplay.inspect.gradients import dissimilarity
from fedplay.inspect.replay import WALKS, replay, state_before
from fedplay.memo import Entry
from fedplay.scopes import calm
from fedplay.stages.base import Array
from fedplay.stages.lengths import length_of, lengths_of
from fedplay.views.drift.goal import pooled, quadratics, resting_points, unmarked

KEPT = 4_000_000  # numbers of global models that are held while the plane is fitted
FITTED = 24  # of the global models, and of the clients' ends, that it is fitted to
LISTENED = 6  # rounds whose clients' ends it is fitted to
CROWD = 200  # clients, above which not everybody's gradient is computed


class Mark(NamedTuple):
    """A point that can be computed without training."""

    name: str  # "optimum", "FedAvg", "FedProx", "FedNova"
    w: Array  # (P,)
    where: Array  # (2,)


@dataclass(frozen=True, eq=False)
class Course:
    """A whole run. P parameters; positions (…, 2) are on the plane.

    The goal is the optimum of everybody's loss where there is a formula for it, and else where
    pooled training comes to in as many rounds: separable data have no finite optimum.
    """

    P: int
    origin: Array  # (P,)
    basis: Array  # (2, P) orthonormal; its second row is zero where there is one parameter
    kept: Array  # (n,) rounds, 0 and the last among them
    server: Array  # (n, 2) the global model after each
    far: Array  # (n,) its distance from the goal, in all P dimensions
    goal: Array  # (P,)
    exact: bool  # whether the goal is an optimum
    marks: tuple[Mark, ...]  # the goal is the first
    unmarked: str  # why no formula says where a method ends, as a clause; "" where one does
    problems: tuple[Array, Array] | None  # (a (N,), x (N, P)) of quadratics
    ends: Array  # (m, 2) where clients were at the end of some rounds
    reach: float  # the farthest on the plane that one of them had gone in its round
    held: tuple[float, float]  # parts of squared lengths in the plane: global models', updates'

    @property
    def line(self) -> bool:
        """Whether every loss is known and of one parameter: there is a curve to draw for each."""
        return self.P == 1 and self.problems is not None

    def place(self, W: Array) -> Array:
        """Models W (…, P) on the plane, (…, 2)."""
        placed: Array = (W - self.origin) @ self.basis.T
        return placed


@dataclass(frozen=True, eq=False)
class Drift:
    """A run's course, and one of its rounds step by step. K clients in the cohort."""

    course: Course
    number: int
    ids: Array  # (K,) who took part
    before: Array  # (2,)
    after: Array  # (2,)
    paths: tuple[Array, ...]  # of the first WALKS clients, (steps + 1, 2) each
    far: tuple[Array, ...]  # (steps + 1,) each, the distance from the goal in all P dimensions
    ends: Array  # (K, 2) where each client ended
    steps: Array  # (K,) local steps of each
    apart: float  # mean distance of the clients' ends from their mean, in all P dimensions
    moved: float  # how far the global model went, likewise
    differ: (
        Dissimilarity  # of all clients' gradients at its beginning; NaN where there are too many
    )


_COURSE = Entry[Course]("the course of the run")


def drift(run: Run, number: int) -> Iterator[Drift | None]:
    """The drift in a round (1 stands for 0): None after each piece of work, then it."""
    course = run.memo.get(_COURSE)
    if course is None:
        course = run.memo.put(_COURSE, (yield from follow(run)))
    state = yield from state_before(run, max(number, 1))
    differ = Dissimilarity(np.nan, np.nan)
    if len(run.panel) <= CROWD:
        differ = dissimilarity(run, state.w)
        yield None
    with calm():
        found = _walk(run, course, state, max(number, 1), differ)
    yield found


# --- the whole run -------------------------------------------------------------------------------


def follow(run: Run) -> Generator[None, None, Course]:
    """The course of a run, from its beginning to its last round."""
    R, P = run.exp.rounds, run.network.P
    every = max(1, -(-R * P // KEPT))
    kept = np.unique([*range(0, R + 1, every), R])
    heard = set(np.unique(np.linspace(1, R, LISTENED).round().astype(int)).tolist())
    W, ends, ways = np.empty((len(kept), P)), [np.zeros((0, P))], [np.zeros((0, P))]
    state = run.start()
    W[0], at = state.w, 1
    for number in range(1, R + 1):
        with calm():
            done = run.advance(state, number, personal=False)
        if number in heard and done.cohort.K:
            ends.append(done.ended[:WALKS].astype(np.float64))
            ways.append(ends[-1] - done.begun[:WALKS])
        if at < len(kept) and number == kept[at]:
            W[at], at = state.w, at + 1
        yield
    problems = quadratics(run)
    if problems is None:
        goal = yield from pooled(run)
    else:
        goal = closed_forms.optimum(*problems, run.weight(np.arange(len(problems[0]))))
    with calm():
        course = _course(run, kept, W, goal, problems, np.concatenate(ends), np.concatenate(ways))
    yield
    return course


def _course(
    run: Run, kept: Array, W: Array, goal: Array, problems: Any, ends: Array, ways: Array
) -> Course:
    P = W.shape[1]
    origin, basis = (np.zeros(P), np.eye(2, P)) if P <= 2 else fitted(W, goal, ways)
    why = "" if problems is None else unmarked(run, problems)
    points = [("optimum" if problems is not None else "pooled", goal)]
    if problems is not None and not why:
        points += resting_points(run, problems)
    marks = [Mark(name, w, (w - origin) @ basis.T) for name, w in points]
    flat, apart = (W - origin) @ basis.T, W - W[:1]
    gone = ways @ basis.T
    gone = gone[np.isfinite(gone).all(axis=1)]
    return Course(
        P=P,
        origin=origin,
        basis=basis,
        kept=kept,
        server=flat,
        far=lengths_of(W - goal),
        goal=goal,
        exact=problems is not None,
        marks=tuple(marks),
        unmarked=why,
        problems=problems,
        ends=(ends - origin) @ basis.T,
        reach=float(lengths_of(gone).max(initial=0.0)),
        held=(_share(apart, basis), _share(ways, basis)),
    )


def fitted(W: Array, goal: Array, ways: Array) -> tuple[Array, Array]:
    """(origin (P,), basis (2, P)) of the plane that shows most of models W and updates `ways`.

    To the right is where the global models differ most, goal included, from the first to the goal.
    """
    models = np.concatenate([_thin(W), goal[None]])
    models = models[np.isfinite(models).all(axis=1)]
    least = min(1e-12 * float(np.abs(models).max(initial=0.0)), 0.1)  # what is shorter is rounding
    ways = _thin(ways[np.isfinite(ways).all(axis=1)])
    origin = models.mean(axis=0) if len(models) else np.zeros(W.shape[1])
    models = models - origin
    basis = np.zeros((2, W.shape[1]))
    for row, candidates in enumerate(((models,), (ways, models))):
        for rest in (*candidates, np.eye(3, W.shape[1])):
            axis = _steepest(rest - (rest @ basis.T) @ basis, least)
            if axis is not None:
                basis[row] = axis
                break
    for row, way in enumerate((goal - W[0], (models[-1:] - models[:1]).sum(axis=0))):
        if basis[row] @ way < 0:  # so that its sign is no coin toss
            basis[row] *= -1
    return origin, basis


def _steepest(rows: Array, least: float) -> Array | None:
    """(P,) the unit direction in which rows (n, P), seen from 0, are longest; None for zeros."""
    largest = np.abs(rows).max(initial=0.0)
    if not least < largest < np.inf:
        return None
    rows = rows / largest
    _, vectors = np.linalg.eigh(rows @ rows.T)
    way: Array = vectors[:, -1] @ rows
    return way / length_of(way)


def _thin(rows: Array) -> Array:
    """At most FITTED of the rows, the first and the last among them."""
    if len(rows) <= FITTED:
        return rows
    return rows[np.linspace(0, len(rows) - 1, FITTED).round().astype(int)]


def _share(rows: Array, basis: Array) -> float:
    """The part of the squared lengths of rows (n, P) that the plane holds; NaN for none."""
    rows = rows[np.isfinite(rows).all(axis=1)]
    whole = length_of(rows.ravel())
    held = length_of((rows @ basis.T).ravel())
    return (held / whole) ** 2 if 0 < whole < np.inf else np.nan


# --- one round -----------------------------------------------------------------------------------


def _walk(run: Run, course: Course, state: State, number: int, differ: Dissimilarity) -> Drift:
    """One round, watched step by step."""
    points: dict[int, list[Array]] = {}
    far: dict[int, list[float]] = {}

    def watch(who: Array, W: Array) -> None:
        some = [row for row, client in enumerate(who.tolist()) if client in chosen]
        models = W[some].astype(np.float64)
        for row, where, away in zip(
            some, course.place(models), lengths_of(models - course.goal), strict=True
        ):
            points.setdefault(int(who[row]), []).append(where)
            far.setdefault(int(who[row]), []).append(float(away))

    # The whole run was played, or there would be no course: so who took part is recorded.
    chosen = set(run.attended[number][:WALKS].tolist())
    outcome, _ = replay(run, state, number, watch)
    cohort, before, after = outcome.cohort, outcome.before, outcome.after.astype(np.float64)
    begun, ended = (W.astype(np.float64) for W in (outcome.begun, outcome.ended))
    first, away = course.place(begun), lengths_of(begun - course.goal)
    who = cohort.ids[:WALKS].tolist()
    middle = ended.mean(axis=0) if cohort.K else np.zeros(course.P)
    return Drift(
        course=course,
        number=number,
        ids=cohort.ids,
        before=course.place(before.astype(np.float64)),
        after=course.place(after),
        paths=tuple(np.array([first[k], *points.get(i, [])]) for k, i in enumerate(who)),
        far=tuple(np.array([away[k], *far.get(i, [])]) for k, i in enumerate(who)),
        ends=course.place(ended),
        steps=cohort.steps,
        apart=float(lengths_of(ended - middle).mean()) if cohort.K else np.nan,
        moved=length_of(after - before),
        differ=differ,
    )
