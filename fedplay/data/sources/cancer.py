"""Breast tumours, benign or malignant, from measurements of cell nuclei."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

from fedplay.data.base import Source, Table, standardised


@dataclass(frozen=True)
class Cancer(Source):
    """569 tumours, 30 measurements each, without natural clients.

    Every column is standardised over the whole table, test set included: a convenience that no
    real federation has, where the clients would have to agree on means and deviations first.

    Source: Street, Wolberg & Mangasarian 1993, as `sklearn.datasets.load_breast_cancer` has it.
    """

    def load(self, seed: int) -> Table:
        return _cancer()

    def shape(self) -> tuple[int, int, int]:
        return 569, 30, 2


@lru_cache(maxsize=1)
def _cancer() -> Table:
    from sklearn.datasets import load_breast_cancer

    bunch = load_breast_cancer()
    classes = tuple(str(name) for name in bunch.target_names)
    features = tuple(str(name) for name in bunch.feature_names)
    return Table("cancer", standardised(bunch.data), bunch.target, classes, features=features)
