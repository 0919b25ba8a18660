"""`Player`: which run is computed, how much of it is shown, and at which round the viewer stands.

It knows neither widgets nor time of its own: `work(seconds)` computes for about so long, and
everything that a person does is one short call in between. What is computed is kept round by round;
what is shown follows from it, so that work may break off anywhere (■) and be gone on with.

Three modes. "whole": compute all rounds and show them (what a slider does). "play": show one round
after the other. "stand": show the rounds up to the cursor and compute nothing beyond it.

When the run is there, it goes on with what need not be waited for, in this order: what the view
beside the curves needs (a close-up), the jobs of views, pinned runs, personal and lone models, and
at last, once nobody has changed anything for a while, the jobs that can wait.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

from fedplay.arguments import number, whole
from fedplay.clock import now
from fedplay.data import Federation
from fedplay.experiment import Experiment
from fedplay.runs.cache import Cache
from fedplay.runs.faults import why
from fedplay.runs.given import Given
from fedplay.runs.job import Job, Runs
from fedplay.runs.recording import Prepare, Recording, identity
from fedplay.session.pace import Pace
from fedplay.session.runs_in_picture import RunsInPicture
from fedplay.session.stepper import Stepper

CACHE_BYTES = 4_000_000  # some 30 runs of 50 rounds; each takes twice what it counts
PATIENCE = 0.1  # s without a new picture, after which a run that is almost done is not given up
GROWING = 0.15  # s after which a long run is shown while it grows, except just before its end
SETTLED = 0.7  # s that a run must have been looked at to be compared with the next one
CALM = 0.25  # s after a run, before which somebody may still be dragging
SLOWEST = 0.001  # rounds a second


class Player(RunsInPicture):
    """Computes the runs of one screen, and decides what of them is shown.

    failed: called with the reason where a run cannot begin or breaks off
    """

    def __init__(
        self,
        federation: Federation | None = None,
        *,
        failed: Callable[[Exception], None] | None = None,
        clock: Callable[[], float] = now,
        cache_bytes: int = CACHE_BYTES,
    ) -> None:
        super().__init__(clock, self._give_up)
        self.federation = federation
        self.party: Given = None  # data in their place, with a client of somebody's own
        self._failed = failed if failed is not None else _raise
        self.speed = 5.0  # rounds a second while playing; inf for as fast as it goes
        self.cache: Cache[Recording] = Cache(cache_bytes)
        self.recording: Recording | None = None  # the run that was asked for last
        self.stepper, self.calmly = Stepper(), False  # calmly: without movements
        self.jobs: list[Job] = []  # of views
        self.pinned = Runs()
        self.spare = False  # only what can wait is left to be computed
        self._failed_key: Any = None  # the run that could not be
        self._queued: Experiment | None = None  # asked for while a run is almost done
        self._tick = 0.0  # when the next round is to be shown
        self._waiting_since: float | None = None  # since when a new picture has been waited for
        self._presented = -math.inf
        self._pace = Pace(clock)

    # --- what a person does -------------------------------------------------------------------

    def want(self, exp: Experiment) -> None:
        """Show this experiment's whole run; an older one that is not finished is given up."""
        key = identity(exp, self.data)
        if key in (self._failed_key, None if self.recording is None else self.recording.key):
            self._queued = None
            return
        if self._waiting_since is None:
            self._waiting_since = self.clock()
        if self._nearly_done() and self._waited() > PATIENCE:
            self._queued = exp  # first finish this one, or a quick drag would never show a picture
        else:
            self._begin(exp)

    @property
    def data(self) -> Given:
        """What a run is given: data of somebody's own, a guest, or nothing."""
        return self.federation if self.party is None else self.party

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
        if self.shown is not None and self.shown.complete:
            self.old = self.shown
            if looked_at:
                self.before = self.shown
        if rec is not None:
            rec.rest()
        self._failed_key = None
        new = Recording(exp, self.data)
        self.recording = self.cache.get(new.key) or new
        self.stepper.leave()
        self._present_if_complete()

    def play(self) -> None:
        """Show round after round, from the cursor on; from the beginning if it is at the end."""
        if self.mode != "play" and self._stand():
            self.mode = "play"
            self._tick = self.clock() + 1 / self.speed

    def pause(self) -> None:
        if self.mode == "play":
            self.mode = "stand"
            self.touch()

    def step(self) -> None:
        """Show one round more; after the last one, start over."""
        if self._stand():
            self._go(self.cursor + 1)

    def reset(self) -> None:
        """Back to the model before any training."""
        if self._stand():
            self._go(0)

    def scrub(self, number: int) -> None:
        """Stand at a round, at the first or the last one for what is beyond them.

        A run that is shown as a whole stays so. ValueError for what is no whole number.
        """
        rec = self.recording
        if rec is None:
            return
        number = whole("round", number, 0, rec.R, clip=True)
        if self.mode == "whole" and self.shown is rec and rec.complete:
            self.cursor = number
            self.stepper.leave()
            self.touch()
        elif self._stand(again=False):
            assert self.recording is not None
            self._go(min(number, self.recording.R))  # which may have been waiting, and be shorter

    def pace(self, rounds_a_second: float) -> None:
        """Set the speed of playing, in rounds a second; inf for as fast as it goes."""
        self.speed = number("speed", rounds_a_second, SLOWEST, math.inf)
        self._tick = self.clock() + 1 / self.speed

    def look(self, prepare: Prepare | None, client: int | None) -> None:
        """Keep ready what a view needs to show the round at the cursor, and a client in it."""
        if (prepare, client) != (self.near.prepare, self.near.client):
            if prepare is not self.near.prepare:
                self.stepper.leave()
            self.near.prepare, self.near.client = prepare, client
            self.touch()

    def take_on(self, jobs: list[Job]) -> None:
        """Compute these jobs in place of those before."""
        if jobs != self.jobs:
            self.jobs = jobs
            self.touch()

    def go_inside(self, phase: float) -> None:
        """Stand inside the round, at a phase from 0 to 4."""
        self.stepper.stand(phase)
        self.touch()

    def slow(self) -> None:
        """Play the inside of the round slowly, or stop doing so."""
        if self.near.prepare is None or self.near.trouble is not None:
            return
        self.pause()
        if self.cursor == 0:
            self.scrub(1)
        self.stepper.toggle(self.clock())
        self.touch()

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
        self.mode, self.before, self.old, self._waiting_since = "stand", None, None, None
        self._go(self.cursor)
        return True

    def _go(self, number: int) -> None:
        """Stand at a round, and show as much up to it as is known."""
        rec = self.recording
        assert rec is not None
        self.cursor = number
        self.stepper.leave()
        if rec.n:
            self._show(rec)
            self.revealed = min(number, rec.n - 1)
        self.touch()

    # --- what the computer does ---------------------------------------------------------------

    def work(self, seconds: float, brief: float = 0.0) -> float | None:
        """Compute for about so long. Returns when to go on, in seconds; None if all is done.

        brief: for so long where the run is complete by then, judged by its rounds so far; what
               comes after a run then waits until that has been shown
        """
        self._catch_up()
        began, presented, through = self.clock(), self._presented, self._complete_in(brief)
        while True:
            wait = self._unit(ahead=through)
            spent = self.clock() - began
            through = self._complete_in(brief - spent)
            if wait != 0 or (brief and self._presented != presented):
                return wait
            if spent >= seconds and not through:
                return wait

    def _complete_in(self, seconds: float) -> bool:
        """Whether the run that is wanted will be complete after so many seconds more."""
        rec = self.recording
        return self.busy and rec is not None and self._pace.remaining(rec) < seconds

    def _catch_up(self) -> None:
        """Show rounds that were computed and not shown, because work broke off in between."""
        rec = self.recording
        if rec is None or rec.n == 0:
            return
        if self.mode != "whole":
            if self.shown is not rec or self.revealed < min(self.cursor, rec.n - 1):
                self._go(self.cursor)
        elif rec.complete and (self.shown is not rec or self.revealed < rec.R):
            self._present_if_complete()

    def _unit(self, *, ahead: bool = False) -> float | None:
        """One round, or one piece of the late results: 0 when done, else as `work`.

        ahead: the whole run will be there before anything is shown
        """
        rec, wait, self.spare = self.recording, math.inf, False
        if rec is None:
            return None
        if self.mode == "play":
            wait = self._tick - self.clock()
            if wait <= 0:
                self._play_on(rec)
                return 0.0
        elif rec.n <= (rec.R if self.mode == "whole" else min(self.cursor, rec.R)):
            self._advance(rec, ahead)
            return 0.0
        if self._another(rec):
            return 0.0
        if self.stepper.playing:
            before = self.stepper.phase
            there = self.near.done(self.shown, self.at) if self.shown is not None else False
            wait = min(wait, self.stepper.move(self.clock(), there, calmly=self.calmly))
            if self.stepper.phase != before:
                self.touch()
        wait = min(wait, self._spare())
        return wait if wait < math.inf else None

    def _spare(self) -> float:
        """Compute a piece of a job that can wait; when to go on with it, inf for never."""
        job = next((job for job in self.jobs if job.spare and job.busy), None)
        if job is None:
            return math.inf
        self.spare, rest = self.mode != "play", self._presented + CALM - self.clock()
        if rest <= 0 and job.advance():
            self.touch()
        return max(rest, 0.0)

    def _another(self, rec: Recording) -> bool:
        """Compute a piece of the first job that has something left; whether there was one."""
        known = rec is self.shown and rec.n > 0 and (self.mode != "whole" or rec.complete)
        self.near.wanted = (rec, self.at) if known else None
        self.late_models.wanted = rec
        for job in (self.near, *self.jobs, self.pinned, self.late_models):
            if job.busy and not job.spare:
                if job.advance():
                    self.touch()
                return True
        return False

    def _play_on(self, rec: Recording) -> None:
        if self.cursor < rec.R:
            if rec.n <= self.cursor + 1:
                self._advance(rec)
            if rec.n <= self.cursor + 1:  # that was round 0
                return
            self._go(self.cursor + 1)
            self._tick = max(self._tick + 1 / self.speed, self.clock())
        if self.cursor >= rec.R:
            self.mode = "whole"
            self._present_if_complete()

    def _advance(self, rec: Recording, ahead: bool = False) -> None:
        """Compute the next round, and show it where one looks at rounds."""
        try:
            self._pace.advance(rec, self.federation, ahead)
        except Exception as error:  # of an algorithm that somebody is just writing, perhaps
            self._give_up(error)
            return
        if rec.complete:
            self.cache.put(rec.key, rec)
        if self.mode != "whole":
            self._go(self.cursor)
        elif rec.complete:
            self._present_if_complete()
        elif self._pace.heavy(rec) or (self._waited() > GROWING and not self._nearly_done()):
            self._go(rec.n - 1)

    def _show(self, rec: Recording) -> None:
        """Put a run in the picture; the one before lets go of its data, which are large."""
        if self.shown is not None and self.shown is not rec:
            self.shown.facts = None
        self.shown = rec

    def _present_if_complete(self) -> None:
        rec = self.recording
        if rec is None or not rec.complete or self.mode != "whole":
            return
        self._show(rec)
        self.cursor = self.revealed = rec.R
        if rec.late_done:
            self.late_models.shown = rec
        self._waiting_since, self._presented, self.old = None, self.clock(), None
        self.touch()
        if self._queued is not None:
            self._waiting_since = self.clock()
            self._begin(self._queued)

    def _give_up(self, error: Exception) -> None:
        """Forget a run that cannot be, and do not try it again; the picture stays."""
        if self.recording is not None:
            why(error, self.recording.exp)
        self._failed_key = None if self.recording is None else self.recording.key
        self.recording = self.shown if self.shown is not None and self.shown.complete else None
        if self.recording is not None:
            self.cursor = min(self.cursor, self.recording.R)
        self._queued = self._waiting_since = None
        self._failed(error)

    def _waited(self) -> float:
        """For how long a new picture has been waited for."""
        return 0.0 if self._waiting_since is None else self.clock() - self._waiting_since

    @property
    def busy(self) -> bool:
        """Whether the run that was asked for is still to be computed and shown."""
        return (
            self.recording is not None and self.mode == "whole" and self._waiting_since is not None
        )

    @property
    def patience(self) -> float:
        """For how many seconds the picture of an older run need not be drawn again, as that of
        the run which is wanted may be there by then."""
        if not self.busy or self.shown is self.recording:
            return 0.0
        return max(PATIENCE - self._waited(), 0.0)


def _raise(error: Exception) -> None:
    raise error
