"""Test bench for algorithms: a small federation, and a round on it whose every step is recorded."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from functools import lru_cache
from types import FrameType
from typing import Any, cast

import numpy as np

from fedplay.check.asking import Broken, Skipped, raised
from fedplay.check.watched import Reading, Watched, expect, names_of_changed
from fedplay.data import Federation
from fedplay.engine.local_work import Work
from fedplay.engine.loop import Run
from fedplay.engine.round import State, scatter
from fedplay.experiment import Experiment
from fedplay.stages.base import Algorithm, Array, Arrays

__all__ = ["HOOKS", "Bench", "Broken", "Seen", "Skipped", "blame"]

# What the engine calls, in the order of a round.
HOOKS = tuple(n for n, f in vars(Algorithm).items() if inspect.isfunction(f) and n[0] != "_")
SIZES = (5, 9, 12, 3, 7, 8)  # the clients' examples: ragged batches, unequal numbers of steps
SOME = np.array([0, 1, 3, 4])
OTHERS = np.array([1, 2, 5])


@lru_cache(maxsize=1)
def federation() -> Federation:
    """Six clients with three features, three classes, and a test set."""
    rng = np.random.default_rng(0)
    n = sum(SIZES)
    X, rule = rng.normal(size=(n, 3)), rng.normal(size=(3, 3))
    y = (X @ rule + rng.normal(size=(n, 3))).argmax(axis=1)
    owner = np.repeat(np.arange(len(SIZES)), SIZES)
    return Federation.from_arrays(X, y, owner, X_test=X[::4], y_test=y[::4], held_out=0.2)


@dataclass
class Seen:
    """One round on the bench: what every method of the algorithm returned."""

    number: int
    w0: Array
    rows: Array
    own: Arrays
    w: Array
    server: Arrays
    together: bool = False  # whether the cohort's examples were thrown together
    stepped: bool = False  # whether the server slot's step was taken
    read: tuple[str, ...] = ()  # arrays of the server that clients read
    arrays: dict[str, Array] = field(default_factory=dict)  # by what they are called
    changed: tuple[str, ...] = ()  # inputs that were changed


class Bench:
    """An algorithm under test, and what can be tried with it."""

    def __init__(self, given: type | Algorithm) -> None:
        self.cls: Any = given if isinstance(given, type) else type(given)
        self.name: str = self.cls.__name__
        self._given = given

    @property
    def algorithm(self) -> Algorithm:
        """An instance: the one that was given, or one at its defaults."""
        if isinstance(self._given, Algorithm):
            return self._given
        made: Algorithm = self.cls()
        return made

    def experiment(self, algorithm: Algorithm | None = None, **choices: Any) -> Experiment:
        usual: dict[str, Any] = dict(rounds=4, batch_size=4, local_epochs=2, dtype="float64")
        usual |= dict(model="mlp", hidden=(3,))  # two layers, for who keeps one to itself
        algorithm = self.algorithm if algorithm is None else algorithm
        return Experiment(algorithm=algorithm, **usual | choices)

    def run(self, **choices: Any) -> Run:
        return Run(self.experiment(**choices), federation(), limit=None)

    def warm(self, run: Run) -> State:
        """The state after a round of some clients and one of others: no array is all zeros then."""
        state = start(run)
        for number, ids in enumerate((SOME, OTHERS), start=1):
            take(state, ids, walk(run, state, ids, number))
        return state


def start(run: Run) -> State:
    """The state before the first round, if `init` returns what it should."""
    P, N = len(run.initial()), run.federation.clients
    made = _call(run.algorithm, "init", (P, N), [])
    for arrays, what in zip(_pair("init", made), ("the server's arrays", "tables"), strict=True):
        if not isinstance(arrays, dict):
            raise Broken(f"init returned {type(arrays).__name__} for {what}, not a dict.")
        for name, array in arrays.items():
            if not isinstance(array, np.ndarray):
                raise Broken(f"init returned {type(array).__name__} for {name!r}, not an array.")
    for name, table in made[1].items():
        if table.ndim == 0 or len(table) != N:
            raise Broken(
                f"init returned a table {name!r} of shape {table.shape}: it must have a row for "
                f"each of N = {N} clients."
            )
    return run.start()


def take(state: State, ids: Array, seen: Seen) -> None:
    """The state after a round, as the engine writes it."""
    scatter(state.own, ids, seen.own)
    state.w, state.server = seen.w, seen.server


def walk(run: Run, state: State, ids: Array, number: int = 3) -> Seen:
    """One round of these clients from a state that stays as it is."""
    algorithm, K, P = run.algorithm, len(ids), len(state.w)
    c = run.cohort(number, ids)
    mine = {name: table[ids] for name, table in state.own.items()}
    server = Reading(_copies(state.server))
    changed: list[str] = []

    def hook(name: str, *inputs: Any) -> Any:
        return _call(algorithm, name, inputs, changed)

    w0 = expect("begin returned", hook("begin", state.w.copy(), mine, server, c), (K, P))
    sgd = Watched(Work(run.trainer, c, c.epochs), w0.shape, "correct" in overridden(algorithm))
    wk, kept = _pair("local", hook("local", sgd, w0, mine, server, c))
    expect("local returned", wk, (K, P))
    rows, new = _pair("message", hook("message", w0, wk, kept, server, c))
    expect("message returned", rows, (K, None))
    for name, table in mine.items():
        if not isinstance(new, dict) or name not in new:
            raise Broken(f"message returned no new rows of the table {name!r}.")
        expect(f"message returned, for the table {name!r},", new[name], table.shape)

    stepped = []

    def step(w: Array, direction: Array) -> Array:
        expect("absorb handed to step, as the direction,", direction, (P,))
        stepped.append(direction)
        moved: Array = run.optimizer.step(w, direction, {})[0]
        return moved

    m = run.aggregate.combine(rows, c)
    w, after = _pair("absorb", hook("absorb", state.w.copy(), _copies(state.server), m, step, c))
    expect("absorb returned", w, (P,))
    for name, array in state.server.items():
        if not isinstance(after, dict) or name not in after:
            raise Broken(f"absorb returned no new {name!r} of the server's arrays.")
        expect(f"absorb returned, for the server's {name!r},", after[name], array.shape)
    arrays = {"begin returned": w0, "local returned": wk, "message returned": rows}
    arrays |= {"absorb returned": w}
    arrays |= {f"absorb returned, for the server's {name!r},": a for name, a in after.items()}
    return Seen(
        number, w0, rows, new, w, after,
        together=sgd.trained_together, stepped=bool(stepped), read=tuple(server.read),
        arrays=arrays, changed=tuple(changed),
    )  # fmt: skip


def _copies(arrays: Arrays) -> Arrays:
    return {name: array.copy() for name, array in arrays.items()}


def overridden(algorithm: Algorithm) -> list[str]:
    """The methods that are not those of the base class."""
    return [
        name for name in HOOKS if getattr(type(algorithm), name) is not getattr(Algorithm, name)
    ]


def _call(algorithm: Algorithm, name: str, inputs: tuple[Any, ...], changed: list[str]) -> Any:
    """What a method returns; whatever it raises is told, whatever it changes is noted."""
    method: Callable[..., Any] = getattr(algorithm, name)
    words = list(inspect.signature(getattr(Algorithm, name)).parameters)[1:]
    with names_of_changed(name, dict(zip(words, inputs, strict=True)), changed):
        try:
            return method(*inputs)
        except Broken:
            raise
        except Exception as error:
            raise Broken(blame(error, name)) from error


def _pair(name: str, returned: Any) -> tuple[Any, Any]:
    if not isinstance(returned, tuple) or len(returned) != 2:
        what = f"{len(returned)} things" if isinstance(returned, tuple) else type(returned).__name__
        raise Broken(f"{name} returned {what}: it must return two things.")
    return returned


def blame(error: Exception, called: str = "") -> str:
    """Which method raised what, and in which line of its author's file."""

    def own(frame: FrameType) -> bool:
        hooked = frame.f_code.co_name in (*HOOKS, "tell")
        return hooked and isinstance(frame.f_locals.get("self"), Algorithm)

    return raised(error, called, own)


def alike(a: Array, b: Array) -> bool:
    """Whether two arrays are equal up to rounding in the order of sums."""
    return a.shape == b.shape and bool(
        np.allclose(a, b, rtol=0, atol=1e-9 * max(1.0, float(np.abs(b).max(initial=0))))
    )


def instance(algorithm: Algorithm, **values: Any) -> Algorithm:
    """Another instance with the same knobs, but for some."""
    made: Algorithm = replace(cast(Any, algorithm), **values)
    return made
