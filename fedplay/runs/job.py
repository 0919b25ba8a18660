"""`Job`: work computed in pieces once the requested run is done."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from fedplay.runs.cache import Cache
from fedplay.runs.faults import why
from fedplay.runs.recording import Recording


class Progress(NamedTuple):
    """How far a job is, in whatever it counts."""

    done: int
    of: int


class Job:
    """Work for when nothing more urgent is left; a piece takes a few milliseconds.

    What cannot be computed is no hole in the picture: the job keeps the reason, to be told.
    """

    spare: bool = False  # whether it waits until nobody has changed anything for a while

    @property
    def progress(self) -> Progress:
        """Work done, and work in all."""
        raise NotImplementedError

    @property
    def busy(self) -> bool:
        """Whether there is something left to be computed."""
        done, of = self.progress
        return done < of

    def advance(self) -> bool:
        """Compute a piece; whether there is something new to be seen."""
        raise NotImplementedError


class Runs(Job):
    """Several runs, one after the other.

    cache: where runs that are known are taken from, and others put; None to keep them here only
    """

    def __init__(
        self, recordings: Sequence[Recording] = (), cache: Cache[Recording] | None = None
    ) -> None:
        self.recordings, self.cache = list(recordings), cache

    @property
    def progress(self) -> Progress:
        """Rounds that are computed, of all."""
        over = [rec.R + 1 if rec.broken else rec.n for rec in self.recordings]
        return Progress(sum(over), sum(rec.R + 1 for rec in self.recordings))

    def advance(self) -> bool:
        """Compute one round more, of the first run that is not whole."""
        for place, rec in enumerate(self.recordings):
            if rec.complete or rec.broken:
                continue
            known = self.cache.get(rec.key) if self.cache is not None and rec.n == 0 else None
            if known is not None:
                self.recordings[place] = known
                return True
            try:
                rec.advance()
            except Exception as error:  # an algorithm that somebody is just writing, perhaps
                rec.broken = why(error, rec.exp)
            if rec.complete or rec.broken:
                rec.rest()
            if rec.complete and self.cache is not None:
                self.cache.put(rec.key, rec)
            return True
        return False
