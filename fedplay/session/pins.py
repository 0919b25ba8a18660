"""Runs that are kept to compare others with."""

from __future__ import annotations

from dataclasses import dataclass

from fedplay.runs.given import Party
from fedplay.runs.recording import Recording

LETTERS = "ABCDE"  # of pinned runs


@dataclass
class Pin:
    """A run that is kept to compare others with."""

    letter: str
    recording: Recording
    name: str = ""  # what the run was called when it was pinned

    @property
    def guest(self) -> bool:
        """Whether a client of one's own was in it."""
        return isinstance(self.recording.given, Party)

    @property
    def accuracy(self) -> float | None:
        rec = self.recording
        return float(rec.accuracy[rec.R]) if rec.complete else None
