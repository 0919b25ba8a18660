"""`RunsInPicture`: the run that is shown, how much of it, and what belongs beside it."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable
from typing import Any

from fedplay.data import Federation
from fedplay.runs.closeup import Closeup
from fedplay.runs.late_models import LateModels
from fedplay.runs.recording import Facts, Recording, facts
from fedplay.runs.series import Late, Series

KEPT = 8  # federations whose labels were counted


class RunsInPicture:
    """What is in the picture, as plain data; who computes it changes the attributes."""

    def __init__(self, clock: Callable[[], float], failed: Callable[[Exception], None]) -> None:
        self.clock = clock
        self.mode = "whole"
        self.shown: Recording | None = None  # the run in the picture
        self.revealed = self.cursor = 0  # rounds shown, and the one the viewer stands at
        self.before: Recording | None = None  # what was shown before the last change
        self.old: Recording | None = None  # what is being replaced, while the new run grows
        self.near = Closeup(clock)  # what the view beside the curves needs
        self.late_models = LateModels(failed)
        self.changes = 0  # counts everything that makes the picture differ
        self._facts: OrderedDict[tuple[Federation, int], Facts] = OrderedDict()

    def touch(self) -> None:
        """Something that is shown has changed."""
        self.changes += 1

    @property
    def at(self) -> int:
        """The round that the viewer stands at, or the last that is shown of those before it.

        More may be known: a pinned run is computed to its end, whoever looks at it.
        """
        return self.cursor if self.shown is None else min(self.cursor, self.revealed)

    def series(self) -> Series | None:
        rec = self.shown
        if rec is None or rec.n == 0:
            return None
        before = self.before if self.mode == "whole" and self.before is not rec else None
        if before is not None and before.exp.data != rec.exp.data:
            before = None  # another task: there is nothing to compare
        return rec.series(self.revealed, None if before is None else before.accuracy)

    def replaced(self) -> Series | None:
        """The run that is being replaced, while the new one grows over it."""
        old, rec = self.old, self.shown
        if old is None or rec is None or rec.complete or self.mode != "whole":
            return None
        return old.series(old.R)

    def closeup(self) -> tuple[Any, bool]:
        """What the view beside the curves needs, and whether it belongs to what is shown."""
        return (None, False) if self.shown is None else self.near.seen(self.shown, self.at)

    def late(self) -> Late | None:
        """The personal and lone models of the shown run; meanwhile those of an older one."""
        of = self.late_models.shown
        if of is None or self.shown is None:
            return None
        fresh = of is self.shown
        return of.late(self.revealed if fresh else of.R, fresh)

    def facts(self) -> Facts:
        """The labels of the shown run's clients, and how skewed they are."""
        assert self.shown is not None
        if self.shown.facts is None:
            run = self.shown.run
            fed, seed = run.federation, run.exp.seed
            key = (fed, seed if len(run.panel) < fed.clients else 0)  # who is on the panel
            if key not in self._facts:
                self._facts[key] = facts(run)
                while len(self._facts) > KEPT:
                    self._facts.popitem(last=False)
            self.shown.facts = self._facts[key]
        return self.shown.facts
