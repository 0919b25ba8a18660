"""The points of the contract that can be read from the class, before anything is run."""

from __future__ import annotations

import dataclasses
import difflib
import math
import textwrap
from typing import Any

from fedplay.check.bench import HOOKS, Bench, Broken, overridden
from fedplay.experiment import Training
from fedplay.knobs import MANY, Knob, knobs_of, short
from fedplay.registry import SLOTS, check_entry, name_of
from fedplay.stages.base import Algorithm


def a_class(bench: Bench) -> str:
    cls: Any = bench.cls
    if not (isinstance(cls, type) and issubclass(cls, Algorithm)):
        raise Broken(f"{bench.name} must inherit from fp.Algorithm.")
    params = vars(cls).get("__dataclass_params__")
    if params is None or not params.frozen:
        raise Broken(f"{bench.name} must be decorated with @dataclass(frozen=True).")
    try:
        hash(bench.algorithm)
    except Exception as error:
        raise Broken(f"{bench.name} can't be made with its defaults: {error}.") from error
    changes = [name for name in overridden(bench.algorithm) if name != "check"]
    if not changes:
        return "A frozen dataclass; each of its methods is FedAvg's."
    return f"A frozen dataclass; all but {', '.join(changes)} is FedAvg."


def documentation(bench: Bench) -> str:
    text = (vars(bench.cls).get("__doc__") or "").strip()
    if not text or text.startswith(f"{bench.name}("):  # which a dataclass writes by itself
        raise Broken(f"{bench.name} has no docstring: say what it does and where it is from.")
    return f"“{textwrap.shorten(text.splitlines()[0], 70, placeholder=' …')}”"


def declarations(bench: Bench) -> str:
    cls, known = bench.cls, set(dir(Algorithm))
    for name, value in vars(cls).items():
        if callable(value) and not name.startswith("_") and name not in known:
            close = difflib.get_close_matches(name, HOOKS, 1, cutoff=0.75)
            if close:
                raise Broken(f"{name} is never called by the engine: did you mean {close[0]}?")
    if cls.weighs not in ("examples", "clients"):
        raise Broken(f"weighs={short(cls.weighs)}: must be 'examples' or 'clients'.")
    training = knobs_of(Training)
    for name, value in cls.fixes.items():
        if name not in training:
            raise Broken(f"fixes: {short(name)} is no training knob, of {', '.join(training)}.")
        _valid(training[name], value, "fixes")
    for name in ("sends", "without_privacy"):
        if not isinstance(getattr(cls, name), str):
            raise Broken(f"{name}={short(getattr(cls, name))}: must be a text.")
    own = [n for n in ("weighs", "fixes", "sends", "without_privacy") if n in vars(cls)]
    return f"It states its own {', '.join(own)}." if own else "It states nothing of its own."


def knobs(bench: Bench) -> str:
    for field in dataclasses.fields(bench.cls):
        if "knob" not in field.metadata:
            raise Broken(f"{field.name} is no knob: write {field.name}: ... = fp.knob(...).")
    found = knobs_of(bench.cls)
    for name, knob in found.items():
        if name in knobs_of(Training):
            raise Broken(f"{name} is the name of a training knob: take another.")
        _turnable(name, knob)
    entries = SLOTS["algorithm"]
    same = (n for n, cls in entries.items() if cls.__qualname__ == bench.cls.__qualname__)
    try:
        check_entry(bench.cls, name_of(bench.algorithm) or next(same, bench.name))
    except ValueError as error:
        raise Broken(f"{error}.") from error
    count = f"{len(found)} knob{'s' if len(found) > 1 else ''}"
    return f"{count} with bounds, label and help: {', '.join(found)}." if found else "It has none."


def _turnable(name: str, knob: Knob) -> None:
    for word in ("label", "help"):
        if not getattr(knob, word):
            raise Broken(f"{name} has no {word}: the screen would not know what to write.")
    _valid(knob, knob.default, "default")
    if knob.kind == "choice" or knob.kind in MANY:  # a menu, or a text field
        return
    lo, hi = ends(knob)
    if not (math.isfinite(lo) and math.isfinite(hi) and lo < hi):
        raise Broken(f"{name} has no bounds for a slider: give fp.knob a lowest and a highest.")
    if not (knob.lo <= lo and hi <= knob.hi):
        raise Broken(f"{name}: its slider, {lo:g} to {hi:g}, leaves the bounds of the knob.")
    if knob.scale == "log" and knob.slider is not None and lo <= 0:
        raise Broken(f"{name}: a logarithmic slider must begin above 0, not at {lo:g}.")


def ends(knob: Knob) -> tuple[float, float]:
    return knob.slider or (knob.lo, knob.hi)


def _valid(knob: Knob, value: Any, what: str) -> None:
    try:
        knob.check(value)
    except ValueError as error:
        raise Broken(f"{what}: {error}.") from error
