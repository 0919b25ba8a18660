"""What a file of a `History` holds, and whether it is one: nothing is unpacked that can't be."""

from __future__ import annotations

import math
from collections.abc import Mapping

import numpy as np

from fedplay import untrusted
from fedplay.data import Arrays, TableFile
from fedplay.engine.measures import check_measured
from fedplay.engine.round import MOST_TOLD
from fedplay.experiment import Experiment
from fedplay.stages.base import Array

LATE = ("personal_accuracy", "local_accuracy")  # computed when first asked for
# Which files of earlier versions do not have
NEW = (
    "message_norm",
    "ignored",
    "class_accuracy",
    "class_counts",
    "messages_up",
    "messages_down",
)
ARRAYS = (
    "accuracy",
    "loss",
    "client_accuracy",
    "panel",
    "epsilon",
    "bytes_up",
    "bytes_down",
    "update_norm",
    "step_norm",
    "parameters",
    *LATE,
)
TOLD = "told_"  # before the names of what stages tell
MEMBERS = 2 * len(ARRAYS) + MOST_TOLD  # of a file
WHOLE = (
    "panel",
    "cohort_ids",
    "cohort_sizes",
    "ignored",
    "class_counts",
)  # arrays of whole numbers


def read(path: str) -> tuple[Experiment, dict[str, Array]]:
    """The experiment and the arrays in a file; nothing is unpacked that no history can be."""
    with untrusted.npz(path, max_members=MEMBERS) as file:
        needed = {*ARRAYS, "cohort_ids", "cohort_sizes", "experiment"}
        if missing := needed - set(file.headers):
            raise ValueError(f"not a history, it lacks {', '.join(sorted(missing))}")
        told = {name for name in file.headers if name.startswith(TOLD)}
        for name in sorted(told):
            check_measured(name.removeprefix(TOLD))
        if unknown := set(file.headers) - needed - {*NEW, "personal"} - told:
            raise ValueError(f"not a history, {untrusted.quoted(min(unknown))} is no part of one")
        text = file.headers["experiment"]
        if text.shape != () or text.dtype.kind != "U" or text.size > 4 * untrusted.JSON_BYTES:
            raise ValueError("not a history, its experiment is not a text")
        exp = Experiment.from_json(str(file.read("experiment")))
        _check_shapes(exp, file.headers)
        arrays = {name: file.read(name) for name in file.headers if name != "experiment"}
    _check_clients(exp, arrays)
    return exp, _early(arrays) | arrays


def _early(arrays: Mapping[str, Array]) -> dict[str, Array]:
    """What stands for that which files of earlier versions do not have."""
    rows = len(arrays["accuracy"])
    return {
        "message_norm": arrays["update_norm"],
        "ignored": 0 * arrays["cohort_sizes"],
        "class_accuracy": np.zeros((rows, 0)),
        "class_counts": np.zeros(0, np.int64),
        "messages_up": np.full(rows, np.nan),
        "messages_down": np.full(rows, np.nan),
    }


def _check_shapes(exp: Experiment, headers: Mapping[str, untrusted.Header]) -> None:
    """ValueError where arrays do not belong together, or to a run of this experiment."""
    for name, most in (("accuracy", exp.rounds + 1), ("panel", exp.clients)):
        shape = headers[name].shape
        if len(shape) != 1 or not 1 <= shape[0] <= most:
            raise ValueError(
                f"not a history, its {name} is not a row of numbers, 1 to {most:,} of them"
            )
    rows, N = headers["accuracy"].shape[0], headers["panel"].shape[0]
    taken = min(math.prod(headers["cohort_ids"].shape), rows * exp.clients)
    P = _parameters(exp)
    classes = math.prod(headers["class_counts"].shape) if "class_counts" in headers else 0
    there = [*ARRAYS, *(n for n in headers if n in NEW or n.startswith(TOLD))]
    shapes = dict.fromkeys(there, (rows,)) | {
        "client_accuracy": (rows, N),
        "panel": (N,),
        "personal_accuracy": (N,),
        "local_accuracy": (N,),
        "parameters": headers["parameters"].shape[:1] if P is None else (P,),
        "cohort_sizes": (rows,),
        "cohort_ids": (taken,),
        "class_counts": (classes,),
        "class_accuracy": (rows, classes),
        "personal": (rows, N),
    }
    for name in sorted(headers.keys() - {"experiment"}):
        kinds, words = ("iu", "whole numbers") if name in WHOLE else ("iuf", "numbers")
        if headers[name].shape != shapes[name] or headers[name].dtype.kind not in kinds:
            raise ValueError(f"not a history, {name} should have shape {shapes[name]}, of {words}")


def _parameters(exp: Experiment) -> int | None:
    """How many parameters the model has; None where data of one's own decide it."""
    source = exp.source
    if isinstance(source, Arrays | TableFile):
        return None
    _, d, C = source.shape()
    P: int = exp.stage("model").bind(d, C).P
    return P


def _check_clients(exp: Experiment, arrays: Mapping[str, Array]) -> None:
    """ValueError where cohorts or the panel name clients that the experiment has not."""
    sizes = arrays["cohort_sizes"]
    fits = (sizes >= 0) & (sizes <= exp.clients)
    if not fits.all() or sizes.sum() != len(arrays["cohort_ids"]):
        raise ValueError("not a history, the cohorts do not add up")
    for name in ("panel", "cohort_ids"):
        if ((arrays[name] < 0) | (arrays[name] >= exp.clients)).any():
            raise ValueError(f"not a history, {name} names a client beyond {exp.clients:,}")
