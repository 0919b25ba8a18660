"""`Lineup`: which methods a person compares, and their comparison while its view is open."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

from fedplay.data import Federation
from fedplay.experiment import Experiment
from fedplay.views.compare.choice import Chosen
from fedplay.views.compare.job import Comparing, Trials
from fedplay.views.compare.shown import Rivals

if TYPE_CHECKING:
    from fedplay.session.player import Player


class Lineup:
    """Hands the player a `Comparing` of the experiment in force, or none.

    `check` raises ValueError for an experiment that must not run.
    """

    def __init__(
        self, player: Player, federation: Federation | None, check: Callable[[Experiment], None]
    ) -> None:
        self.player, self.check = player, check
        self.chosen = Chosen()
        self.trials = Trials(player.cache, federation)

    @property
    def rivals(self) -> Rivals | None:
        """What there is to be seen; None while the view is closed."""
        comparing = self.player.comparing
        return None if comparing is None else comparing.rivals()

    def follow(self, exp: Experiment | None) -> None:
        """Compare in this experiment; None while nobody looks, and nothing is computed then."""
        now = self.player.comparing
        if self.trials.federation is not self.player.data:  # a guest has come, or gone
            self.trials, now = Trials(self.player.cache, self.player.data), None
        if exp is None:
            if now is not None:
                self.player.compare(None)
        elif now is None or not now.follows(exp, self.chosen):
            self.player.compare(Comparing(exp, self.chosen, self.trials, self.check, now))
        elif now.chosen != self.chosen:
            now.aim(self.chosen.target)
            self.player.touch()

    def set(
        self,
        methods: Sequence[str] | None = None,
        seeds: int | None = None,
        target: float | None = None,
    ) -> None:
        """Choose all that is given at once, or nothing where any of it is refused."""
        chosen = self.chosen if methods is None else self.chosen.named(methods)
        chosen = chosen if seeds is None else chosen.counted(seeds)
        self._take(chosen if target is None else chosen.aimed(target))

    def choose(self, name: str, on: bool) -> None:
        """Compare a method, or do so no more."""
        self._take(self.chosen.toggled(name, on))

    def count(self, seeds: int) -> None:
        """With how many seeds."""
        self._take(self.chosen.counted(seeds))

    def aim(self, target: float) -> None:
        """To which accuracy the rounds are counted."""
        self._take(self.chosen.aimed(target))

    def take_up(self, kept: Any) -> None:
        """What a page has kept. It is not trusted."""
        self._take(self.chosen.taken_up(kept))

    def _take(self, chosen: Chosen) -> None:
        self.chosen, now = chosen, self.player.comparing
        if now is not None:
            self.follow(now.base)

    def light(self, place: int | None) -> None:
        """Make a method stand out, by its place in `rivals.names`."""
        comparing = self.player.comparing
        if comparing is not None:
            names = comparing.rivals().names
            if comparing.light(None if place is None else names[place]):
                self.player.touch()

    def name(self, place: int) -> str:
        """The method at a place; ValueError where there is none."""
        rivals = self.rivals
        names = [] if rivals is None else rivals.names
        if not 0 <= place < len(names):
            raise ValueError(f"method={place}: the comparison has {len(names)} methods")
        return names[place]
