"""Data sets, how their examples are dealt out to clients, and how much the clients then differ."""

from fedplay.data.base import (
    MIN_EXAMPLES,
    GivenShares,
    Partition,
    Shares,
    Source,
    Table,
    pool_size,
)
from fedplay.data.federation import Federation, federate
from fedplay.data.partitions.dirichlet import Dirichlet
from fedplay.data.partitions.iid import IID
from fedplay.data.partitions.natural import Natural
from fedplay.data.partitions.resampled import Resampled
from fedplay.data.partitions.shards import Shards
from fedplay.data.skew import Skew, effective_classes, jensen_shannon, measure
from fedplay.data.sources.arrays import Arrays
from fedplay.data.sources.cancer import Cancer
from fedplay.data.sources.digits import Digits, Writers
from fedplay.data.sources.planar import Blobs, Circles, Moons
from fedplay.data.sources.table_file import TableFile, load_csv, source_of
from fedplay.registry import register

__all__ = [
    "IID",
    "MIN_EXAMPLES",
    "Arrays",
    "Blobs",
    "Cancer",
    "Circles",
    "Digits",
    "Dirichlet",
    "Federation",
    "GivenShares",
    "Moons",
    "Natural",
    "Partition",
    "Resampled",
    "Shards",
    "Shares",
    "Skew",
    "Source",
    "Table",
    "TableFile",
    "Writers",
    "effective_classes",
    "federate",
    "jensen_shannon",
    "load_csv",
    "measure",
    "pool_size",
    "source_of",
]

register(Digits, "digits")
register(Writers, "writers")
register(Moons, "moons")
register(Circles, "circles")
register(Blobs, "blobs")
register(Cancer, "cancer")
register(Arrays, "arrays")

register(IID, "iid")
register(Dirichlet, "dirichlet")
register(Shards, "shards")
register(Natural, "natural")
register(Resampled, "resampled")
