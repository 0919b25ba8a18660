"""Handwritten digits of 8 × 8 pixels, which come with scikit-learn."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import lru_cache
from typing import ClassVar

import numpy as np

from fedplay.data.base import Floats, Ints, Source, Table
from fedplay.data.sources.packaged import packaged

SHAPE = (1797, 64, 10)

# Everybody filled in the same form of 130 digits, which begins 0123456789 three times, and the file
# has one form after the other, here and there with a digit missing. These are the first examples
# of the forms (the one that starts at 906 lacks its first digit, 0).
WRITER_STARTS = (0, 130, 256, 386, 516, 646, 776, 906, 1029, 1157, 1287, 1415, 1545, 1667)


@dataclass(frozen=True)
class Digits(Source):
    """1,797 handwritten digits, 8 × 8 pixels from 0 to 1, without natural clients.

    Source: the test part of Alpaydin & Kaynak 1998, "Optical Recognition of Handwritten Digits",
    as `sklearn.datasets.load_digits` has it.
    """

    title = "Handwritten digits"
    about = "1,797 pictures of 8 × 8 pixels, ten classes; small enough that a run takes a second."
    source = "Alpaydin & Kaynak 1998, UCI"

    image: ClassVar[tuple[int, int] | None] = (8, 8)

    def load(self, seed: int) -> Table:
        return _digits()

    def shape(self) -> tuple[int, int, int]:
        return SHAPE


@dataclass(frozen=True)
class Writers(Source):
    """The same digits with their writers as natural clients, 14 blocks of about 128 examples.

    The file does not name its writers: the blocks are the forms that they filled in, one after the
    other. Its documentation speaks of 13 writers, so somebody may have filled in two.
    """

    title = "Digits by writer"
    about = (
        "The same digits with their 14 writers as natural clients, so each client has a hand "
        "of its own."
    )
    source = "Alpaydin & Kaynak 1998, UCI"

    image: ClassVar[tuple[int, int] | None] = (8, 8)

    def load(self, seed: int) -> Table:
        return _writers()

    def shape(self) -> tuple[int, int, int]:
        return SHAPE

    def sites(self) -> int:
        return len(WRITER_STARTS)


@lru_cache(maxsize=1)
def _digits() -> Table:
    X, y = _pixels()
    classes = tuple(str(digit) for digit in range(10))
    features = tuple(f"pixel {row},{column}" for row in range(8) for column in range(8))
    return Table("digits", X / 16.0, y, classes, features=features, image=(8, 8))


def _pixels() -> tuple[Floats, Ints]:
    """(n, 64) how much ink there is, 0 to 16, and (n,) the digits: what `load_digits` returns."""
    path = packaged("sklearn", "datasets", "data", "digits.csv.gz")
    if path is None:  # a scikit-learn that keeps its tables elsewhere
        from sklearn.datasets import load_digits

        X, y = load_digits(return_X_y=True)
        return X, y
    table = np.loadtxt(path, delimiter=",")
    return table[:, :-1], table[:, -1].astype(np.int64)


@lru_cache(maxsize=1)
def _writers() -> Table:
    table = _digits()
    writers = len(WRITER_STARTS)
    sizes = np.diff(WRITER_STARTS, append=len(table.y))
    names = tuple(f"writer {k + 1}" for k in range(writers))
    client = np.repeat(np.arange(writers), sizes)
    return replace(table, name="writers", client=client, client_names=names)
