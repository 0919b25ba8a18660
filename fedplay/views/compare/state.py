"""`ComparisonState`: the methods that are compared, and the job that runs while they are shown."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar

from fedplay.arguments import whole
from fedplay.experiment import Experiment
from fedplay.studies.entrants import choices_of
from fedplay.views.compare.choice import ComparisonChoice
from fedplay.views.compare.job import ComparisonJob, KnownCurves
from fedplay.views.compare.shown import ComparisonShown
from fedplay.views.state import Desk, State

NAME = "compare"  # of the view


class ComparisonState(State):
    """The methods that are chosen, and a `ComparisonJob` of the experiment in force, or none."""

    verbs: ClassVar[tuple[str, ...]] = ("compare", "method", "seeds", "target", "take_method")
    job: ComparisonJob | None

    def __init__(self, desk: Desk) -> None:
        super().__init__(desk)
        self.chosen, self.job = ComparisonChoice(), None
        self.trials = KnownCurves(desk.player.cache, desk.federation)

    @property
    def compared(self) -> ComparisonShown | None:
        """What there is to be seen; None while the view is closed."""
        lit = self.desk.mark if isinstance(self.desk.mark, str) else None
        return None if self.job is None else self.job.compared(lit)

    def follow(self, seen: bool) -> None:
        """Compare in the current experiment; nothing is computed while the view is closed."""
        data, exp = self.desk.player.data, self.desk.experiment
        if self.trials.federation is not data:  # a guest has come, or gone
            self.trials, self.job = KnownCurves(self.desk.player.cache, data), None
        if not seen or exp.stage("model").score != "accuracy":
            self.job = None
        else:
            self._compare(exp)

    def _compare(self, exp: Experiment) -> None:
        now = self.job
        if now is None or not now.follows(exp, self.chosen):
            self.job = ComparisonJob(exp, self.chosen, self.trials, self.desk.check, now)
        elif now.chosen != self.chosen:
            now.aim(self.chosen.target)
            self.desk.touch()

    # --- what a person does -------------------------------------------------------------------

    def compare(
        self,
        methods: Sequence[str] | None = None,
        seeds: int | None = None,
        target: float | None = None,
    ) -> None:
        """Compare methods, with 3, 5 or 10 seeds; what is not given stays as it was chosen.

        All that is given is chosen, or nothing where any of it is refused.
        """
        self.desk.open(NAME)
        chosen = self.chosen if methods is None else self.chosen.named(methods)
        chosen = chosen if seeds is None else chosen.counted(seeds)
        self._take(chosen if target is None else chosen.aimed(target))

    def method(self, name: str, on: bool) -> None:
        """Add a method to the comparison, or remove it."""
        self._take(self.chosen.toggled(name, on))

    def seeds(self, seeds: int) -> None:
        """Set the number of seeds."""
        self._take(self.chosen.counted(seeds))

    def target(self, accuracy: float) -> None:
        """Set the target accuracy up to which rounds are counted."""
        self._take(self.chosen.aimed(accuracy))

    def take_method(self, place: int) -> None:
        """Put a method in force, by its place in `compared.names`."""
        compared = self.compared
        names = [] if compared is None else compared.names
        why = f"the comparison has {len(names)} methods"
        name = names[whole("method", place, 0, len(names) - 1, why=why)]
        if compared is not None and name != compared.current:
            if compared.why(name):
                raise ValueError(f"method={place}: {name}: {compared.why(name)}")
            self.desk.set(**choices_of(name))

    def _take(self, chosen: ComparisonChoice) -> None:
        self.chosen = chosen
        self.desk.look()

    # --- to be seen and kept ------------------------------------------------------------------

    @property
    def shown(self) -> ComparisonChoice:
        return self.chosen

    def closeup(self, found: Any) -> ComparisonShown | None:
        return self.compared

    def kept(self) -> Any:
        return self.chosen.kept()

    def take_up(self, kept: Any) -> None:
        self._take(self.chosen.taken_up(kept))
