"""`LateModels`: the personal models of a run, and those that never joined, after the run itself."""

from __future__ import annotations

from collections.abc import Callable

from fedplay.runs.job import Job, Progress
from fedplay.runs.recording import Recording


class LateModels(Job):
    """Fine-tuned clients at each checkpoint, then models that train alone, round by round.

    failed: told why they cannot be; the run itself is there all the same
    """

    def __init__(self, failed: Callable[[Exception], None]) -> None:
        self.wanted: Recording | None = None  # the run that was asked for
        self.shown: Recording | None = None  # whose models are in the picture
        self._failed = failed

    @property
    def progress(self) -> Progress:
        """One picture of them, which is there or not."""
        rec = self.wanted
        if rec is None or not rec.complete or rec.late_failed:
            return Progress(0, 0)
        return Progress(int(self.shown is rec), 1)

    def advance(self) -> bool:
        """Compute a piece, and show them once all are there."""
        rec = self.wanted
        assert rec is not None
        if not rec.late_done:
            try:
                rec.later()
            except Exception as error:  # of an algorithm that somebody is just writing, perhaps
                rec.late_failed = True
                self._failed(error)
                return False
        if rec.late_done:
            self.shown = rec
        return rec.late_done
