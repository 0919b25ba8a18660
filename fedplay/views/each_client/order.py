"""The order of the view Each client, and the data its models are judged on."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from fedplay.arguments import word
from fedplay.drawing.geometry import Array

ORDERS = {
    "client": "client number",
    "examples": "number of examples",
    "global": "accuracy of the global model",
    "personal": "accuracy of the personal model",
    "alone": "accuracy of the model alone",
    "federating": "gain from federating",
    "personalizing": "gain from personalizing",
}
MODELS = ("global", "personal", "alone")  # the rows of what is sorted


class Sorting(NamedTuple):
    """The order of the clients, and the data on which their models are judged."""

    order: str = "client"
    most: bool = False  # whether the most come first
    test: bool = False  # judged on everybody's test set, else on each client's own data

    def by(self, order: str) -> Sorting:
        """Sorted by something else, the least first; by the same once more: turned around.

        ValueError for what is no order.
        """
        order = word("order", order, ORDERS)
        return self._replace(order=order, most=order == self.order and not self.most)

    def kept(self) -> dict[str, Any]:
        """As plain data."""
        return self._asdict()

    def taken_up(self, kept: Any) -> Sorting:
        """With what a page has kept; what does not fit is left out. It is not trusted."""
        if not isinstance(kept, dict):
            return self
        order, most, test = (kept.get(name) for name in self._fields)
        found = self
        if isinstance(order, str) and order in ORDERS:
            found = found._replace(order=order)
        if isinstance(most, bool):
            found = found._replace(most=most)
        return found._replace(test=test) if isinstance(test, bool) else found


BY_NUMBER = Sorting()


def sorting_of(scene: Any) -> Sorting:
    """How the clients of a `Scene` are sorted: by number, where nothing was chosen."""
    return scene.state if isinstance(scene.state, Sorting) else BY_NUMBER


def values(order: str, accuracies: Array, examples: Array) -> Array:
    """(N,) what clients are sorted by: accuracies (3, N) of their models, examples (N,)."""
    whole, personal, alone = accuracies
    if order == "federating":
        return np.asarray(whole - alone)
    if order == "personalizing":
        return np.asarray(personal - whole)
    if order in MODELS:
        return np.asarray(accuracies[MODELS.index(order)])
    if order == "examples":
        return examples.astype(np.float64)
    return np.arange(len(examples), dtype=np.float64)


def ranked(sorting: Sorting, accuracies: Array, examples: Array) -> Array:
    """(N,) the clients in order, by place; of equals the lower number, and what is NaN last."""
    by = values(sorting.order, accuracies, examples).round(9)  # equal shares are equal
    return np.argsort(-by if sorting.most else by, kind="stable")
