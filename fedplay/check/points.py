"""The points of the contract. Each returns what it saw, or raises `Broken` with what is wrong."""

from __future__ import annotations

from collections.abc import Callable
from numbers import Integral
from typing import Any

import numpy as np

from fedplay.check.bench import (
    OTHERS,
    SIZES,
    SOME,
    Bench,
    Broken,
    Seen,
    Skipped,
    alike,
    blame,
    federation,
    instance,
    start,
    take,
    walk,
)
from fedplay.check.written import a_class, declarations, documentation, ends, knobs
from fedplay.engine import run as run_all
from fedplay.experiment import Experiment
from fedplay.knobs import MANY, Knob, knobs_of, short
from fedplay.registry import name_of
from fedplay.stages.footprint import footprint

NOBODY = np.zeros(0, np.int64)
TOGETHER = "It trains on the cohort's examples thrown together, so its clients are not apart."


# --- One round -----------------------------------------------------------------------------------


def a_round(bench: Bench) -> str:
    run = bench.run()
    seen = walk(run, bench.warm(run), SOME)
    M, P = seen.rows.shape[1], len(seen.w)
    return f"Every method returns what the engine expects; a message has M = {M}, P = {P}."


def server_step(bench: Bench) -> str:
    run = bench.run()
    if not walk(run, bench.warm(run), SOME).stepped:
        raise Broken("absorb never calls step(w, direction): server optimisers would do nothing.")
    return "absorb takes the server slot's step."


def inputs(bench: Bench) -> str:
    run = bench.run()
    state = bench.warm(run)
    changed = walk(run, state, SOME).changed
    if changed:
        raise Broken(f"{changed[0]}, which is not its own: return new arrays.")
    return "No method changes what it is handed."


def precision(bench: Bench) -> str:
    for dtype in ("float32", "float64"):
        run = bench.run(dtype=dtype)
        state = start(run)
        for number, ids in enumerate((SOME, OTHERS), start=1):
            seen = walk(run, state, ids, number)
            for what, array in seen.arrays.items():
                whole = array.dtype.kind != "f" and what.endswith(",")  # a counter of the server's
                if array.dtype != dtype and not whole:
                    raise Broken(
                        f"{what} {array.dtype} in a {dtype} run: .astype(w0.dtype) where other "
                        "numbers come in."
                    )
            take(state, ids, seen)
    return "float32 stays float32, and float64 stays float64."


def nobody(bench: Bench) -> str:
    run = bench.run()
    state = bench.warm(run)
    seen, usual = walk(run, state, NOBODY), walk(run, state, SOME)
    if seen.rows.shape[1] != usual.rows.shape[1]:
        had, has = usual.rows.shape[1], seen.rows.shape[1]
        raise Broken(f"message has M = {has} without clients, and M = {had} otherwise.")
    _finite(seen, "in a round without clients")
    return "A round without clients goes by, and the model stays finite."


def single(bench: Bench) -> str:
    run = bench.run()
    state = bench.warm(run)
    for k in range(len(SIZES)):
        _finite(walk(run, state, np.array([k])), f"when client {k} came alone")
    return "A round of one client goes by, whichever it is."


def _finite(seen: Seen, when: str) -> None:
    for what, array in seen.arrays.items():
        if not np.isfinite(array).all():
            raise Broken(f"{what} numbers that are not finite, {when}.")


def absent(bench: Bench) -> str:
    run = bench.run()
    state = bench.warm(run)
    if not state.own:
        return "It remembers nothing of a client."
    before = {name: table.copy() for name, table in state.own.items()}
    take(state, OTHERS, walk(run, state, OTHERS))
    away = np.setdiff1d(np.arange(len(SIZES)), OTHERS)
    for name, table in state.own.items():
        if not np.array_equal(before[name][away], table[away], equal_nan=True):
            raise Broken(f"The rows of {name!r} of absent clients have changed.")
    return f"An absent client keeps what it has: {', '.join(map(repr, state.own))}."


def order(bench: Bench) -> str:
    run = bench.run()
    state = bench.warm(run)
    turned = np.array([2, 0, 3, 1])
    plain, other = walk(run, state, SOME), walk(run, state, SOME[turned])
    if plain.together:
        raise Skipped(TOGETHER)
    if not alike(other.rows, plain.rows[turned]):
        raise Broken("message depends on the order in which the clients stand.")
    for what, array in plain.arrays.items():
        if what.startswith("absorb") and not alike(other.arrays[what], array):
            raise Broken(f"{what} something else when the clients stand in another order.")
    return "In whichever order the clients stand, the same comes out."


def one_at_a_time(bench: Bench) -> str:
    run = bench.run()
    state = bench.warm(run)
    cohort = walk(run, state, SOME)
    if cohort.together:
        raise Skipped(TOGETHER)
    for place, k in enumerate(SOME.tolist()):
        alone = walk(run, state, np.array([k]))
        if not alike(alone.rows[0], cohort.rows[place]):
            raise Broken(f"Client {k} sends something else when others take part: see message.")
        for name in state.own:
            if not alike(alone.own[name][0], cohort.own[name][place]):
                raise Broken(f"Client {k} keeps another {name!r} when others take part.")
    return "A client does and sends the same with any other clients."


# --- Whole runs ----------------------------------------------------------------------------------


def repeats(bench: Bench) -> str:
    exp = bench.experiment(participation=0.5)
    first = run_all(exp, federation()).parameters
    again = run_all(exp.replace(algorithm=instance(bench.algorithm)), federation()).parameters
    if not np.array_equal(first, again, equal_nan=True):
        raise Broken(
            "Two runs with one seed differ. Draw from c.rng(purpose), and keep what must be "
            "remembered in the arrays of init."
        )
    return "The same seed gives the same run, bit for bit."


def finite(bench: Bench) -> str:
    history = run_all(bench.experiment(rounds=20, participation=0.5), federation())
    lost = np.flatnonzero(~np.isfinite(history.loss))
    if len(lost) or not np.isfinite(history.parameters).all():
        when = f"in round {lost[0]}" if len(lost) else "at the end"
        raise Broken(f"With its default knobs the model is no longer finite {when}.")
    return f"20 rounds at the defaults: the loss goes from {history.loss[0]:.2f} to " + (
        f"{history.loss[-1]:.2f}."
    )


def knobs_at_work(bench: Bench) -> str:
    found = knobs_of(bench.cls)
    if not found:
        return "It has none."
    usual = run_all(bench.experiment(), federation()).parameters
    for name, knob in found.items():
        values = knob.choices if knob.kind == "choice" else ends(knob)
        models = [_end_of_run(bench, name, _within(knob, value)) for value in values]
        ran = [model for model in models if model is not None]
        if ran and all(np.array_equal(model, usual, equal_nan=True) for model in ran):
            raise Broken(f"{name} makes no difference, from one end of its slider to the other.")
    return f"Turned from end to end, each makes a difference: {', '.join(found)}."


def _within(knob: Knob, value: Any) -> Any:
    """An end of a slider as a value: the bound itself may be left out."""
    if knob.kind == "choice":
        return value
    lo, hi = ends(knob)
    if knob.open and value == knob.lo:
        value = lo + (hi - lo) / 1000
    if knob.kind == "int":
        return int(value)
    if knob.kind == "table":
        return ((float(value),),)
    return (value,) if knob.kind in MANY else float(value)


def _end_of_run(bench: Bench, name: str, value: Any) -> Any:
    """The last model with a knob at a value, or None where the value is refused in words."""
    try:
        algorithm = instance(bench.algorithm, **{name: value})
        return run_all(bench.experiment(algorithm), federation()).parameters
    except ValueError as error:
        if name in str(error):
            return None
        raise Broken(f"With {name}={short(value)}: {blame(error)}") from error
    except Exception as error:
        raise Broken(f"With {name}={short(value)}: {blame(error)}") from error


def what_it_costs(bench: Bench) -> str:
    run = bench.run()
    state = bench.warm(run)
    algorithm, P, spans = run.algorithm, len(state.w), run.network.spans
    seen, told = walk(run, state, SOME), footprint(algorithm, P, spans)
    M, shared = seen.rows.shape[1], algorithm.shared(P, spans)
    down = algorithm.broadcast(shared)
    if told.message != M:
        raise Broken(f"A message has {M} numbers, and {told.message} when one client comes.")
    if not 0 <= told.up <= M:
        raise Broken(f"upload returned {told.up}: of a message at most {M} numbers can travel.")
    if not isinstance(down, Integral) or down < shared:
        raise Broken(f"broadcast returned {short(down)}: {shared} numbers of a model must be sent.")
    # The model is sent by itself, unless it is one of those that the clients choose from.
    needed = sum(state.server[name].size for name in seen.read)
    needed += shared if algorithm.arrows else 0
    if down < needed:
        names = ", ".join(f"server[{name!r}]" for name in seen.read)
        raise Broken(
            f"Clients read {names}, so they must be sent {needed} numbers, "
            f"but broadcast(P) says {down}."
        )
    kept = sum(table.itemsize * table[0].size for table in algorithm.init(P, 2)[1].values())
    if told.kept != kept:
        raise Broken(f"init makes tables of {kept} bytes a client, but of {told.kept} for one.")
    sent = f"sends {told.up} numbers, is sent {told.down}"
    return f"With P = {P} a client {sent} and keeps {kept} bytes."


def saved(bench: Bench) -> str:
    name = name_of(bench.algorithm)
    if name is None:
        raise Skipped(
            f"It is not registered: after fp.register({bench.name}, 'a-name') files and links "
            "can hold it."
        )
    exp = Experiment(algorithm=bench.algorithm, rounds=2, model="mlp")
    if Experiment.from_json(exp.to_json()) != exp:
        raise Broken("An experiment with it is another one after a journey through JSON.")
    return f"Registered as {name!r}; it survives the journey through JSON."


def privacy(bench: Bench) -> str:
    if bench.cls.without_privacy:
        raise Skipped(f"It says that it can't: {bench.cls.without_privacy}.")
    layers: tuple[dict[str, Any], ...] = (dict(clip=0.5), dict(clip=0.5, noise_multiplier=0.5))
    for choices in layers:
        exp = bench.experiment(participation=0.15, rounds=12, **choices)
        history = run_all(exp, federation())
        if not np.isfinite(history.parameters).all():
            which = "noise" if "noise_multiplier" in choices else "clipping"
            raise Broken(f"With {which} in the channel the model is no longer finite.")
    empty = sum(len(ids) == 0 for ids in history.cohort[1:])
    return f"It runs with clipping and with noise; of the 12 noisy rounds {empty} had no clients."


# In the order in which they are asked; True where the rest makes no sense without it.
POINTS: dict[str, tuple[Callable[[Bench], str], bool]] = {
    "class": (a_class, True),
    "documented": (documentation, False),
    "declarations": (declarations, False),
    "knobs": (knobs, False),
    "a round": (a_round, True),
    "server step": (server_step, False),
    "inputs": (inputs, False),
    "precision": (precision, False),
    "repeats": (repeats, False),
    "no clients": (nobody, False),
    "one client": (single, False),
    "absent clients": (absent, False),
    "order": (order, False),
    "one at a time": (one_at_a_time, False),
    "finite": (finite, False),
    "knobs at work": (knobs_at_work, False),
    "what it costs": (what_it_costs, False),
    "saved": (saved, False),
    "privacy": (privacy, False),
}
