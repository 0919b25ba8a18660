"""`ComparisonChoice`: what a person has chosen to compare, and as a page keeps it."""

from __future__ import annotations

from collections.abc import Sequence
from numbers import Integral, Real
from typing import Any, NamedTuple

from fedplay import registry
from fedplay.experiment import Experiment
from fedplay.knobs import short
from fedplay.methods import METHODS, title
from fedplay.studies.entrants import USUAL, usual_name

SEEDS = (3, 5, 10)  # how many there can be


class ComparisonChoice(NamedTuple):
    """Which methods, with how many seeds, and the accuracy whose rounds are counted."""

    methods: tuple[str, ...] = USUAL
    seeds: int = 5
    target: float | None = None  # None: a tidy one that the reference gets

    def toggled(self, name: str, on: bool) -> ComparisonChoice:
        """With a method, or without it; ValueError for what is none."""
        known = offered()
        if name not in known:
            raise ValueError(f"method={short(name)}: must be one of {known}")
        wanted = {*self.methods, name} if on else {*self.methods} - {name}
        return self._replace(methods=tuple(method for method in known if method in wanted))

    def named(self, methods: Sequence[str]) -> ComparisonChoice:
        """With these methods and no others; ValueError for none, and for what is none."""
        if isinstance(methods, str) or not isinstance(methods, Sequence) or not methods:
            raise ValueError(f"methods={short(methods)}: must be a list that names at least one")
        found = self._replace(methods=())
        for name in methods:
            found = found.toggled(usual_name(name) if isinstance(name, str) else name, True)
        return found

    def counted(self, seeds: int) -> ComparisonChoice:
        """With another number of seeds; ValueError for one that is not offered."""
        if not isinstance(seeds, Integral) or seeds not in SEEDS:
            raise ValueError(f"seeds={short(seeds)}: must be one of {SEEDS}")
        return self._replace(seeds=int(seeds))

    def aimed(self, target: float) -> ComparisonChoice:
        """With another target, to the nearest hundredth; ValueError for what is no accuracy."""
        number = isinstance(target, Real) and not isinstance(target, bool)
        if not number or not 0 < target <= 1:
            raise ValueError(f"target={short(target)}: must be a number above 0 and up to 1")
        return self._replace(target=max(round(float(target), 2), 0.01))

    # --- to be kept ---------------------------------------------------------------------------

    def kept(self) -> dict[str, Any]:
        """As plain data."""
        return {"methods": list(self.methods), "seeds": self.seeds, "target": self.target}

    def taken_up(self, kept: Any) -> ComparisonChoice:
        """With what a page has kept; what does not fit is left out. It is not trusted."""
        found = self
        if not isinstance(kept, dict):
            return found
        methods, seeds, target = (kept.get(name) for name in self._fields)
        if isinstance(methods, list):
            names = [name for name in offered() if name in methods]
            if names or not methods:
                found = found._replace(methods=tuple(names))
        if type(seeds) is int and seeds in SEEDS:
            found = found.counted(seeds)
        if type(target) is float and 0 < target <= 1:
            found = found.aimed(target)
        return found


def offered() -> list[str]:
    """The methods by their usual names, then the user's own algorithms.

    Those that leave a part of the model with each client have no global one to be compared.
    """
    known = {method.choices["algorithm"] for method in METHODS.values()}
    others = [n for n, c in registry.SLOTS["algorithm"].items() if not getattr(c, "keeps", "")]
    return [*METHODS, *(name for name in others if name not in known)]


def name_of(exp: Experiment) -> str:
    """The method that an experiment is, or a name for its algorithm with its server."""
    return title(exp.chosen("algorithm"), exp.chosen("server"))
