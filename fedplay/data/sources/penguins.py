"""Penguins of three species, measured on three islands: sites as they are in nature."""

from __future__ import annotations

import csv
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import numpy as np

from fedplay.data.base import Source, Table, standardised
from fedplay.data.sources.packaged import packaged

SPECIES = ("Adelie", "Chinstrap", "Gentoo")
ISLANDS = ("Biscoe", "Dream", "Torgersen")
MEASURED = ("bill_length_mm", "bill_depth_mm", "flipper_length_mm", "body_mass_g")


@dataclass(frozen=True)
class Penguins(Source):
    """342 penguins, four measurements each; the natural clients are the three islands.

    Only Adélie penguins live on all of them: Torgersen has no other species, and each of the other
    two species is on one island only. The two of 344 penguins that were not measured are left out.
    Every column is standardised over the whole table, test set included: a convenience that no
    real federation has.

    Needs the package palmerpenguins: pip install 'fedplay[penguins]'.

    Source: Gorman, Williams & Fraser 2014; Horst, Hill & Gorman 2020.
    """

    title = "Palmer penguins"
    about = (
        "342 penguins of three species, with the three islands as natural clients; two "
        "islands lack a species."
    )
    source = "Gorman et al. 2014, PLOS ONE"

    def load(self, seed: int) -> Table:
        return _penguins(_file())

    def shape(self) -> tuple[int, int, int]:
        _file()
        return 342, len(MEASURED), len(SPECIES)

    def sites(self) -> int:
        return len(ISLANDS)


def _file() -> Path:
    """Where the table is. The package itself is not imported: it would load pandas."""
    path = packaged("palmerpenguins", "data", "penguins.csv")
    if path is None:
        raise ValueError(
            'data="penguins": needs a package that is not installed here; '
            "pip install 'fedplay[penguins]'"
        )
    return path


@lru_cache(maxsize=1)
def _penguins(path: Path) -> Table:
    with path.open(encoding="utf-8", newline="") as file:
        rows = [row for row in csv.DictReader(file) if "NA" not in (row[name] for name in MEASURED)]
    X = np.array([[float(row[name]) for name in MEASURED] for row in rows])
    y = np.array([SPECIES.index(row["species"]) for row in rows])
    island = np.array([ISLANDS.index(row["island"]) for row in rows])
    names = tuple(name.replace("_", " ") for name in MEASURED)
    return Table("penguins", standardised(X), y, SPECIES, island, ISLANDS, names)
