"""Inputs of an algorithm under test that record what the algorithm does with them."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import fields
from numbers import Real
from typing import Any

import numpy as np

from fedplay.check.asking import Broken
from fedplay.engine.local_work import Work
from fedplay.stages.base import Array, Cohort, Correction


def expect(what: str, array: Any, shape: tuple[int | None, ...]) -> Array:
    """The array, if it is one of numbers and of this shape (None: of any length)."""
    wanted = "(" + ", ".join("M" if n is None else str(n) for n in shape)
    wanted += ",)" if len(shape) == 1 else ")"
    if not isinstance(array, np.ndarray):
        raise Broken(f"{what} {type(array).__name__}, not an array of shape {wanted}.")
    right = len(array.shape) == len(shape) and all(
        want in (None, have) for want, have in zip(shape, array.shape, strict=True)
    )
    if not right:
        raise Broken(f"{what} an array of shape {array.shape}, not {wanted}.")
    if array.dtype.kind not in "fiub":
        raise Broken(f"{what} an array of {array.dtype}, not of numbers.")
    return array


class Reading(dict[str, Array]):
    """The server's arrays, as the clients see them: it notes which of them are read."""

    def __init__(self, arrays: dict[str, Array]) -> None:
        super().__init__(arrays)
        self.read: dict[str, None] = {}

    def __getitem__(self, name: str) -> Array:
        array = super().__getitem__(name)
        self.read[name] = None
        return array

    def get(self, name: str, default: Any = None) -> Any:
        if name in self:
            self.read[name] = None
        return super().get(name, default)

    def values(self) -> Any:
        self.read |= dict.fromkeys(self)
        return super().values()

    def items(self) -> Any:
        self.read |= dict.fromkeys(self)
        return super().items()


class Watched:
    """The local work of a cohort (`Local`), which looks at what it is handed."""

    def __init__(self, work: Work, shape: tuple[int, ...], corrects: bool) -> None:
        self.work, self.shape = work, shape
        self.who = "correct returned" if corrects else "local handed to sgd"
        self.trained_together = False

    def __call__(self, w0: Array, correction: Correction | None = None) -> Array:
        expect("local handed to sgd, as models,", w0, self.shape)
        if correction is not None:
            self._look(correction)
        return self.work(w0, correction)

    def gradient(self, W: Array) -> Array:
        expect("local handed to sgd.gradient", W, self.shape)
        return self.work.gradient(W)

    def together(self, w: Array) -> Array:
        expect("local handed to sgd.together", w, self.shape[1:])
        self.trained_together = True
        return self.work.together(w)

    def __getattr__(self, name: str) -> Any:
        return getattr(self.work, name)  # what else `Local` offers, as it is

    def _look(self, correction: Any) -> None:
        if not isinstance(correction, Correction):
            kind = type(correction).__name__
            raise Broken(f"{self.who} {kind}, neither fp.Correction(...) nor None.")
        shift, pull, anchor = correction
        if shift is not None:
            expect(f"{self.who}, as the shift,", shift, self.shape)
        if not isinstance(pull, (Real, np.number)) or not np.isfinite(float(pull)):
            raise Broken(f"{self.who}, as the pull, {pull!r:.40}: it must be one finite number.")
        if pull and anchor is None:
            raise Broken(f"{self.who} a pull without an anchor to pull to.")
        if anchor is not None and np.shape(anchor) != self.shape[1:]:
            expect(f"{self.who}, as the anchor,", anchor, self.shape)


@contextmanager
def names_of_changed(hook: str, inputs: dict[str, Any], changed: list[str]) -> Iterator[None]:
    """Notes in `changed` which of a method's inputs are not what they were."""
    before = {name: array.copy() for name, array in _arrays(inputs)}
    yield
    after = dict(_arrays(inputs))
    for name, array in before.items():
        if name not in after or not np.array_equal(array, after[name], equal_nan=True):
            changed.append(f"{hook} changed {name}")
    changed += [f"{hook} added {name}" for name in after if name not in before]


def _arrays(inputs: dict[str, Any]) -> Iterator[tuple[str, Array]]:
    """Every array among the inputs, and what its author would call it."""
    for name, value in inputs.items():
        if isinstance(value, np.ndarray):
            yield name, value
        elif isinstance(value, dict):
            held = dict.items(value)  # which a `Reading` does not note
            yield from ((f"{name}[{key!r}]", a) for key, a in held if isinstance(a, np.ndarray))
        elif isinstance(value, Cohort):
            parts = ((f.name, getattr(value, f.name)) for f in fields(value))
            yield from ((f"{name}.{key}", a) for key, a in parts if isinstance(a, np.ndarray))
