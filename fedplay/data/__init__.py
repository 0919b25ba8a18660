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
from fedplay.data.guest import with_client
from fedplay.data.partitions.class_table import ClassTable
from fedplay.data.partitions.classes import Classes
from fedplay.data.partitions.dirichlet import Dirichlet
from fedplay.data.partitions.iid import IID
from fedplay.data.partitions.natural import Natural
from fedplay.data.partitions.quantity import Quantity
from fedplay.data.partitions.regions import Regions
from fedplay.data.partitions.resampled import Resampled
from fedplay.data.partitions.shards import Shards
from fedplay.data.shifts.base import Grouped, Shift, Unshifted, check_shift
from fedplay.data.shifts.brightness import Brightness
from fedplay.data.shifts.noise import Noise
from fedplay.data.shifts.permuted import Permuted
from fedplay.data.shifts.rotation import Rotation
from fedplay.data.skew import (
    Dissimilarity,
    Skew,
    dissimilarity,
    earth_movers,
    effective_classes,
    hellinger,
    jensen_shannon,
    measure,
)
from fedplay.data.sources.arrays import Arrays
from fedplay.data.sources.cancer import Cancer
from fedplay.data.sources.digits import Digits, Writers
from fedplay.data.sources.penguins import Penguins
from fedplay.data.sources.planar import Blobs, Circles, Moons
from fedplay.data.sources.quadratics import Quadratics
from fedplay.data.sources.representation import Representation
from fedplay.data.sources.synthetic import Synthetic
from fedplay.data.sources.table_file import TableFile, load_csv, source_of
from fedplay.registry import register

__all__ = [
    "IID",
    "MIN_EXAMPLES",
    "Arrays",
    "Blobs",
    "Brightness",
    "Cancer",
    "Circles",
    "ClassTable",
    "Classes",
    "Digits",
    "Dirichlet",
    "Dissimilarity",
    "Federation",
    "GivenShares",
    "Grouped",
    "Moons",
    "Natural",
    "Noise",
    "Partition",
    "Penguins",
    "Permuted",
    "Quadratics",
    "Quantity",
    "Regions",
    "Representation",
    "Resampled",
    "Rotation",
    "Shards",
    "Shares",
    "Shift",
    "Skew",
    "Source",
    "Synthetic",
    "Table",
    "TableFile",
    "Unshifted",
    "Writers",
    "check_shift",
    "dissimilarity",
    "earth_movers",
    "effective_classes",
    "federate",
    "hellinger",
    "jensen_shannon",
    "load_csv",
    "measure",
    "pool_size",
    "source_of",
    "with_client",
]

register(Digits, "digits")
register(Writers, "writers")
register(Moons, "moons")
register(Circles, "circles")
register(Blobs, "blobs")
register(Cancer, "cancer")
register(Quadratics, "quadratics")
register(Representation, "representation")
register(Synthetic, "synthetic")
register(Penguins, "penguins")
register(Arrays, "arrays")

register(IID, "iid")
register(Dirichlet, "dirichlet")
register(Shards, "shards")
register(Classes, "classes")
register(ClassTable, "table")
register(Quantity, "quantity")
register(Natural, "natural")
register(Resampled, "resampled")
register(Regions, "regions")

register(Unshifted, "none")
register(Rotation, "rotation")
register(Brightness, "brightness")
register(Noise, "noise")
register(Permuted, "permuted")
