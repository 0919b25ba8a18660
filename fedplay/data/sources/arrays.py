"""Data of one's own that come as a `Federation`, together with the run."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NoReturn

from fedplay.data.base import Source, Table

NO_DATA = 'data="arrays": stands for a Federation of your own, which is given to the run itself'


@dataclass(frozen=True)
class Arrays(Source):
    """A placeholder: the data, and who has which, are in the `Federation` that a run is given."""

    title = "Data of one's own"
    about = (
        "Stands for a Federation that is given to the run itself, so files and links cannot "
        "carry the data."
    )

    def load(self, seed: int) -> Table:
        raise ValueError(NO_DATA)

    def shape(self) -> NoReturn:
        raise ValueError(NO_DATA)
