"""`Closeup`: data that the open view needs beyond the rounds, computed in pieces."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from fedplay.runs.faults import why
from fedplay.runs.job import Job, Progress
from fedplay.runs.recording import Prepare, Recording

PATIENCE = 0.15  # s for which an older close-up passes for the one that is being prepared


class Closeup(Job):
    """The close-up of one round of one run, perhaps of one client in it."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self.clock = clock
        self.prepare: Prepare | None = None
        self.client: int | None = None  # the id of the client that is looked at
        self.trouble: Exception | None = None  # why there is none
        self.wanted: tuple[Recording, int] | None = None  # the run and the round, once it is known
        self._key: Any = None  # of what there is
        self._found: Any = None
        self._pieces: tuple[Any, Iterator[Any]] | None = None  # of what is being prepared
        self._behind: float | None = None  # since when there is not the one that is wanted

    def key(self, rec: Recording, at: int) -> Any:
        """The round, run and client that a close-up is wanted of; None where none is wanted."""
        return None if self.prepare is None else (rec, at, self.client, self.prepare)

    @property
    def of(self) -> Recording | None:
        """The run that what there is belongs to."""
        return None if self._key is None else self._key[0]

    def done(self, rec: Recording, at: int) -> bool:
        """Whether nothing is left to be prepared."""
        wanted = self.key(rec, at)
        return wanted is None or wanted == self._key

    @property
    def progress(self) -> Progress:
        """One picture, which is there or not: how many pieces it takes only the view knows."""
        if self.wanted is None or self.prepare is None:
            return Progress(0, 0)
        return Progress(int(self.done(*self.wanted)), 1)

    def advance(self) -> bool:
        """Prepare a piece of what is wanted; whether something new is to be seen."""
        assert self.prepare is not None
        assert self.wanted is not None
        rec, at = self.wanted
        key = self.key(rec, at)
        (of, pieces), self._pieces = self._pieces or (None, None), None
        if pieces is None or of != key:
            client = self.client if (self.client or 0) < rec.counted.clients else None
            pieces, self.trouble = rec.closeup(self.prepare, at, client), None
        try:
            got = next(pieces, self)
        except Exception as error:  # of an algorithm that somebody is just writing, perhaps
            why(error, rec.exp, self.prepare)
            self._key, self._found, self.trouble = key, None, error
            return True
        if got is None:
            self._pieces = key, pieces  # put back: pieces that were broken off begin anew
            return False
        # The close-up, which is the last piece; a view that yields none has none.
        self._key, self._found, self._behind = key, None if got is self else got, None
        return True

    def seen(self, rec: Recording, at: int) -> tuple[Any, bool]:
        """The close-up, and whether it belongs to the scene shown.

        For a moment an older one passes for it, or the view would flicker while one drags.
        """
        if self.prepare is None or self._key is None or self._key[3] is not self.prepare:
            return None, False
        if self._key == self.key(rec, at):
            return self._found, True
        if self._behind is None:
            self._behind = self.clock()
        return self._found, self.clock() - self._behind < PATIENCE
