"""Data of a run beside its experiment: a person's own data, or a guest among the clients."""

from __future__ import annotations

import hashlib
from functools import lru_cache
from weakref import WeakSet

from fedplay.data import Federation
from fedplay.data.guest import joined
from fedplay.engine.loop import federation_of
from fedplay.experiment import Experiment
from fedplay.stages.base import Array

KEPT = 4  # federations with the guest in them


class Party:
    """A guest's examples, and the data of experiments with the guest as one more client.

    federation: the data that the guest joins; None for each experiment's own
    """

    def __init__(self, X: Array, y: Array, name: str, federation: Federation | None) -> None:
        self.X, self.y, self.name, self.federation = X, y, name, federation
        sha = hashlib.sha256(name.encode())
        for array in (X.astype("<f8"), y.astype("<i8")):
            sha.update(repr(array.shape).encode() + array.tobytes())
        self.digest = f"{federation.digest if federation else ''}+{sha.hexdigest()}"
        self._made: dict[Federation, Federation] = {}  # the last few
        self._known: WeakSet[Federation] = WeakSet()  # and all that are still in use

    def of(self, exp: Experiment) -> Federation:
        """The federation of an experiment with the guest in it. ValueError where it cannot be."""
        base = self.federation if self.federation is not None else federation_of(exp)
        if base not in self._made:
            made = joined(base, self.X, self.y, self.name)
            self._known.add(made)
            self._made[base] = made
            while len(self._made) > KEPT:
                del self._made[next(iter(self._made))]
        return self._made[base]

    def made(self, federation: Federation) -> bool:
        """Whether a federation was made by `of`."""
        return federation in self._known


Given = Federation | Party | None


def data_of(given: Given, exp: Experiment) -> Federation | None:
    """The data that a run of an experiment is to be given; None for the experiment's own."""
    return given.of(exp) if isinstance(given, Party) else given


def counted(given: Given, exp: Experiment) -> Experiment:
    """The experiment with the number of clients that its run has."""
    if not isinstance(given, Party):
        return exp
    return _one_more(exp, given.federation.clients if given.federation else exp.clients)


@lru_cache(maxsize=64)
def _one_more(exp: Experiment, clients: int) -> Experiment:
    return exp.replace(data="arrays", clients=clients + 1)
