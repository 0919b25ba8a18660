"""Breast tumours, benign or malignant, from measurements of cell nuclei."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from fedplay.data.base import Floats, Ints, Source, Table, standardised
from fedplay.data.sources.packaged import packaged

CLASSES = ("malignant", "benign")
MEASURED = (
    "radius",
    "texture",
    "perimeter",
    "area",
    "smoothness",
    "compactness",
    "concavity",
    "concave points",
    "symmetry",
    "fractal dimension",
)
FEATURES = (  # of the nuclei of a tumour: mean, standard error, mean of the three largest
    *(f"mean {name}" for name in MEASURED),
    *(f"{name} error" for name in MEASURED),
    *(f"worst {name}" for name in MEASURED),
)


@dataclass(frozen=True)
class Cancer(Source):
    """569 tumours, 30 measurements each, without natural clients.

    Every column is standardised over the whole table, test set included: a convenience that no
    real federation has, where the clients would have to agree on means and deviations first.

    Source: Street, Wolberg & Mangasarian 1993, as `sklearn.datasets.load_breast_cancer` has it.
    """

    title = "Breast cancer Wisconsin"
    about = (
        "569 tumours with 30 measurements each, benign or malignant; a table, with nothing "
        "to look at."
    )
    source = "Street et al. 1993, SPIE"

    def load(self, seed: int) -> Table:
        return _cancer()

    def shape(self) -> tuple[int, int, int]:
        return 569, 30, 2


@lru_cache(maxsize=1)
def _cancer() -> Table:
    X, y = _measurements()
    return Table("cancer", standardised(X), y, CLASSES, features=FEATURES)


def _measurements() -> tuple[Floats, Ints]:
    """(569, 30) and (569,): what `load_breast_cancer` returns."""
    path = packaged("sklearn", "datasets", "data", "breast_cancer.csv")
    if path is None:  # a scikit-learn that keeps its tables elsewhere
        from sklearn.datasets import load_breast_cancer

        X, y = load_breast_cancer(return_X_y=True)
        return X, y
    table = np.loadtxt(path, delimiter=",", skiprows=1)
    return table[:, :-1].copy(), table[:, -1].astype(np.int64)
