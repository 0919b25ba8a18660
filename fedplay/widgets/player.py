"""`Player`: which run is computed, how much of it is shown, and at which round the viewer stands.

It knows neither widgets nor clocks of its own: `work(seconds)` computes for about so long, and
everything that a person does is one short call in between.

Three modes. "whole": compute all rounds and show them (what a slider does). "play": show one round
after the other. "stand": show the rounds up to the cursor and compute nothing beyond it.
"""

from __future__ import annotations

import math
import time
from collections import OrderedDict
from collections.abc import Callable

from fedplay.data import Federation
from fedplay.experiment import Experiment
from fedplay.views.curves import Late, Series
from fedplay.widgets.cache import Cache
from fedplay.widgets.recording import Facts, Recording, facts

CACHE_BYTES = 32_000_000
PATIENCE = 0.06  # s without a new picture, after which a run that is almost done is not given up
GROWING = 0.15  # s after which a long run is shown while it grows
SETTLED = 0.7  # s that a run must have been looked at to be compared with the next one


class Player:
    """The runs of one screen. `failed(reason)` is called where a run cannot begin or breaks off."""

    def __init__(
        self,
        federation: Federation | None = None,
        *,
        failed: Callable[[Exception], None] | None = None,
        clock: Callable[[], float] = time.perf_counter,
        cache_bytes: int = CACHE_BYTES,
    ) -> None:
        self.federation, self.clock = federation, clock
        self._failed = failed if failed is not None else _raise
        self.mode = "whole"
        self.speed = 5.0  # rounds a second while playing; inf for as fast as it goes
        self.cache: Cache[Recording] = Cache(cache_bytes)
        self.recording: Recording | None = None  # the run that was asked for last
        self.shown: Recording | None = None  # the run in the picture
        self.revealed = self.cursor = 0  # rounds shown, and the one the viewer stands at
        self.before: Recording | None = None  # what was shown before the last change
        self.late_of: Recording | None = None  # whose personal and lone models are in the picture
        self.changes = 0  # counts everything that makes the picture differ
        self._queued: Experiment | None = None  # asked for while a run is almost done
        self._tick = 0.0  # when the next round is to be shown
        self._hungry: float | None = None  # since when a new picture has been waited for
        self._presented = -math.inf
        self._facts: OrderedDict[tuple[Federation, int], Facts] = OrderedDict()

    # --- what a person does -------------------------------------------------------------------

    def want(self, exp: Experiment) -> None:
        """Show this experiment's whole run; an older one that is not finished is given up."""
        if self.recording is not None and self.recording.exp == exp:
            self._queued = None
            return
        if self._hungry is None:
            self._hungry = self.clock()
        if self._nearly_done() and self._waited() > PATIENCE:
            self._queued = exp  # first finish this one, or a quick hand would never see a picture
        else:
            self._begin(exp)

    def _nearly_done(self) -> bool:
        rec = self.recording
        return (
            rec is not None
            and self.mode == "whole"
            and not rec.complete
            and rec.remaining < PATIENCE
        )

    def _begin(self, exp: Experiment) -> None:
        self._queued, rec = None, self.recording
        self.mode = "whole"
        looked_at = self.clock() - self._presented > SETTLED
        if looked_at and self.shown is not None and self.shown.complete:
            self.before = self.shown
        if rec is not None:
            rec.rest()
        self.recording = self.cache.get(self._key(exp)) or Recording(exp, self.federation)
        self._present_if_complete()

    def play(self) -> None:
        """Show round after round, from the cursor on; from the beginning if it is at the end."""
        if self.mode != "play" and self._stand():
            self.mode = "play"
            self._tick = self.clock() + 1 / self.speed

    def pause(self) -> None:
        if self.mode == "play":
            self.mode = "stand"
            self._touch()

    def step(self) -> None:
        """Show one round more; after the last one, start over."""
        if self._stand():
            self._go(self.cursor + 1)

    def reset(self) -> None:
        """Back to the model before any training."""
        if self._stand():
            self._go(0)

    def scrub(self, number: int) -> None:
        """Stand at a round. A run that is shown as a whole stays so."""
        rec = self.recording
        if rec is None:
            return
        number = min(max(int(number), 0), rec.R)
        if self.mode == "whole" and self.shown is rec and rec.complete:
            self.cursor = number
            self._touch()
        elif self._stand(again=False):
            self._go(number)

    def pace(self, rounds_a_second: float) -> None:
        """How fast to play; inf for as fast as it goes."""
        if not rounds_a_second > 0:
            raise ValueError(f"speed={rounds_a_second}: must be above 0")
        self.speed = float(rounds_a_second)
        self._tick = self.clock() + 1 / self.speed

    def _stand(self, again: bool = True) -> bool:
        """Leave the whole run (or the play) and stand at the cursor, at 0 if that is at the end."""
        if self._queued is not None:
            self._begin(self._queued)
        rec = self.recording
        if rec is None:
            return False
        new = self.shown is not rec  # not in the picture yet
        if new or (again and self.cursor >= rec.R):
            self.cursor = 0
        self.mode, self.before, self._hungry = "stand", None, None
        self._go(self.cursor)
        return True

    def _go(self, number: int) -> None:
        """Stand at a round, and show as much up to it as is known."""
        rec = self.recording
        assert rec is not None
        self.cursor = number
        if rec.n:
            self.shown, self.revealed = rec, min(number, rec.n - 1)
        self._touch()

    # --- what the computer does ---------------------------------------------------------------

    def work(self, seconds: float) -> float | None:
        """Compute for about so long. Returns when to go on, in seconds; None if all is done."""
        end = self.clock() + seconds
        while True:
            wait = self._unit()
            if wait != 0 or self.clock() >= end:
                return wait

    def _unit(self) -> float | None:
        """One round, or one piece of the late results: 0 when done, else as `work`."""
        rec = self.recording
        if rec is None:
            return None
        try:
            return self._piece_of(rec)
        except Exception as error:  # of an algorithm that somebody is just writing, perhaps
            self._give_up(error)
            return 0.0

    def _piece_of(self, rec: Recording) -> float | None:
        if self.mode == "play":
            wait = self._tick - self.clock()
            if wait <= 0:
                self._play_on(rec)
                return 0.0
        elif rec.n <= (rec.R if self.mode == "whole" else self.cursor):
            self._advance(rec)
            self._present_if_complete()
            return 0.0
        else:
            wait = math.inf
        if rec.complete and not rec.late_done and not rec.late_failed:
            rec.late_failed = True  # until it has not
            rec.later()
            rec.late_failed = False
            if rec.late_done:
                self.late_of = rec
                self._touch()
            return 0.0
        return wait if self.mode == "play" else None

    def _play_on(self, rec: Recording) -> None:
        if rec.n <= self.cursor + 1:
            self._advance(rec)
        if rec.n <= self.cursor + 1:  # that was round 0
            return
        self._go(self.cursor + 1)
        self._tick = max(self._tick + 1 / self.speed, self.clock())
        if self.cursor == rec.R:
            self.mode = "whole"
            self._present_if_complete()

    def _advance(self, rec: Recording) -> None:
        rec.advance()
        if rec.complete:
            self.cache.put(self._key(rec.exp), rec)
        if self.mode != "whole":
            self._go(self.cursor)
        elif not rec.complete and self._waited() > GROWING:
            self._go(rec.n - 1)

    def _present_if_complete(self) -> None:
        rec = self.recording
        if rec is None or not rec.complete or self.mode != "whole":
            return
        self.shown, self.cursor, self.revealed = rec, rec.R, rec.R
        if rec.late_done:
            self.late_of = rec
        self._hungry, self._presented = None, self.clock()
        self._touch()
        if self._queued is not None:
            self._hungry = self.clock()
            self._begin(self._queued)

    def _give_up(self, error: Exception) -> None:
        """Forget a run that cannot be; the picture stays."""
        self.recording = self.shown if self.shown is not None and self.shown.complete else None
        self._queued = self._hungry = None
        self._failed(error)

    def _waited(self) -> float:
        """For how long a new picture has been waited for."""
        return 0.0 if self._hungry is None else self.clock() - self._hungry

    def _touch(self) -> None:
        self.changes += 1

    def _key(self, exp: Experiment) -> tuple[Experiment, str]:
        return exp, self.federation.digest if self.federation is not None else ""

    # --- what is in the picture ---------------------------------------------------------------

    @property
    def busy(self) -> bool:
        """Whether the run that was asked for is still to be computed and shown."""
        return self.recording is not None and self.mode == "whole" and self._hungry is not None

    @property
    def at(self) -> int:
        """The round that the viewer stands at, or the last that is known of those before it."""
        return self.cursor if self.shown is None else min(self.cursor, self.shown.n - 1)

    def series(self) -> Series | None:
        rec = self.shown
        if rec is None or rec.n == 0:
            return None
        before = self.before if self.mode == "whole" and self.before is not rec else None
        return rec.series(self.revealed, None if before is None else before.accuracy)

    def late(self) -> Late | None:
        """The personal and lone models of the shown run; meanwhile those of an older one."""
        if self.late_of is None or self.shown is None:
            return None
        fresh = self.late_of is self.shown
        return self.late_of.late(self.revealed if fresh else self.late_of.R, fresh)

    def facts(self) -> Facts:
        """The labels of the shown run's clients, and how skewed they are."""
        assert self.shown is not None
        if self.shown.facts is None:
            run = self.shown.run
            fed, seed = run.federation, run.exp.seed
            key = (fed, seed if len(run.panel) < fed.clients else 0)  # who is on the panel
            if key not in self._facts:
                self._facts[key] = facts(run)
                while len(self._facts) > 8:
                    self._facts.popitem(last=False)
            self.shown.facts = self._facts[key]
        return self.shown.facts


def _raise(error: Exception) -> None:
    raise error
