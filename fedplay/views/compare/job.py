"""`ComparisonJob`: the runs of a comparison on the screen, computed when nothing else is due."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from fedplay import registry
from fedplay.experiment import Experiment
from fedplay.runs.cache import Cache
from fedplay.runs.faults import why
from fedplay.runs.given import Given
from fedplay.runs.job import Job, Progress
from fedplay.runs.recording import Recording, identity
from fedplay.studies.comparison import Comparison
from fedplay.studies.comparison_runs import ComparisonRuns, Curve
from fedplay.studies.entrants import choices_of, weighed_like
from fedplay.views.compare.choice import ComparisonChoice, name_of, offered
from fedplay.views.compare.shown import ComparisonShown

CURVES = 2_000_000  # bytes of curves that are kept


class KnownCurves:
    """The curves of runs by their experiments, those of whole recordings among them."""

    def __init__(self, recordings: Cache[Recording], federation: Given) -> None:
        self.recordings, self.federation = recordings, federation
        self.curves: Cache[Curve] = Cache(CURVES)

    def get(self, exp: Experiment) -> Curve | None:
        key = identity(exp, self.federation)
        curve = self.curves.get(key)
        if curve is None:
            recording = self.recordings.get(key)
            if recording is not None and recording.complete:
                curve = Curve.of(exp, recording.rounds, recording.tests)
                self.curves.put(key, curve)
        return curve

    def put(self, exp: Experiment, curve: Curve) -> None:
        self.curves.put(identity(exp, self.federation), curve)


class ComparisonJob(Job):
    """The methods that were chosen, and the one in force, in one experiment.

    `check` raises ValueError for an experiment that must not run; `before` is the comparison that
    this one takes the place of.
    """

    spare = True

    def __init__(
        self,
        base: Experiment,
        chosen: ComparisonChoice,
        trials: KnownCurves,
        check: Callable[[Experiment], None],
        before: ComparisonJob | None = None,
    ) -> None:
        self.base, self.chosen, self.code = base, chosen, _code()
        self.current = name_of(base)
        self.refused: dict[str, str] = {}
        found = self._found(check)
        self.runs = ComparisonRuns(
            base, found, chosen.seeds, federation=trials.federation, kept=trials
        )
        self.old = None if before is None else before.older(base)
        self._compared: ComparisonShown | None = None
        self._known: Any = None  # of how much that was made

    def _found(self, check: Callable[[Experiment], None]) -> dict[str, Experiment]:
        """The methods that can be run, in the order in which they are offered."""
        base, current, known = self.base, self.current, offered()
        found: dict[str, Experiment] = {} if current in known else {current: base}
        for name in known:
            if name != current and name not in self.chosen.methods:
                continue
            try:
                exp = base if name == current else base.replace(**choices_of(name))
                exp = weighed_like(base, exp)
                check(exp)
            except ValueError as error:
                self.refused[name] = str(error)
            else:
                found[name] = exp
        return found

    def older(self, base: Experiment) -> Comparison | None:
        """What may be shown, grey, until a comparison in another experiment has something."""
        if base == self.base or not self.runs.done:
            return self.old
        return self._comparison()

    def follows(self, base: Experiment, chosen: ComparisonChoice) -> bool:
        """Whether these are still the runs that are to be compared."""
        same = base is self.base or base == self.base
        runs = (chosen.methods, chosen.seeds) == (self.chosen.methods, self.chosen.seeds)
        return same and runs and self.code == _code()

    def advance(self) -> bool:
        """Compute a piece; whether there is something new to be seen."""
        runs, done = self.runs, self.runs.done
        name = runs.todo[0][0]
        try:
            runs.advance()
        except Exception as error:  # of an algorithm that somebody is just writing, perhaps
            self.refused[name] = why(error, runs.run_of(name, runs.todo[0][1]))
            runs.drop(name)
            return True
        return runs.done != done

    @property
    def progress(self) -> Progress:
        """Rounds that are computed, of all."""
        return Progress(self.runs.done, self.runs.done + len(self.runs.todo))

    @property
    def busy(self) -> bool:
        """Whether there is something left to be computed."""
        return bool(self.runs.todo)

    def aim(self, target: float | None) -> None:
        """Count the rounds to another accuracy."""
        if target != self.chosen.target:
            self.chosen, self._compared = self.chosen._replace(target=target), None

    def compared(self, lit: Any = None) -> ComparisonShown:
        """What there is to be seen of it; `lit` is the method that stands out, if any."""
        known = self.runs.done, len(self.refused), lit
        if self._compared is None or known != self._known:
            found, old = self._comparison(), self.old if self.busy else None
            if old is not None and found.wanted is None and not found.curves.get(found.reference):
                found = replace(found, wanted=old.target)  # until there is one of its own
            old = None if old is None else replace(old, wanted=found.target)
            refused = tuple(self.refused.items())
            self._compared = ComparisonShown(found, self.current, old, refused, lit)
            self._known = known
        return self._compared

    def _comparison(self) -> Comparison:
        names = [name for name in ("FedAvg", self.current) if name in self.runs.curves]
        reference = next(iter([*names, *self.runs.curves]), "")
        return Comparison.of(self.runs, reference, self.chosen.target)


def _code() -> tuple[Any, ...]:
    """The classes that a notebook may register anew under the same name."""
    return tuple(registry.SLOTS["algorithm"].items())
