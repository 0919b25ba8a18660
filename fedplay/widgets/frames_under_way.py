"""Frames under way to a page: which were sent and not acknowledged yet, and if one more may be."""

from __future__ import annotations

from typing import Final

SLOW: Final = 0.060  # s; where the acknowledgement takes longer, more frames may be under way
STALE: Final = 0.8  # s; a page that says something else meanwhile has not got that picture
TRIES: Final = 3  # times that a picture is sent again to a page that says nothing


class FramesUnderWay:
    """Frames by their numbers: one is under way at a time, two or three where answers take long."""

    def __init__(self) -> None:
        self.sent: dict[int, float] = {}  # frame -> when it was sent
        self.newest = self.seen = 0  # the frame that was sent, that was acknowledged last
        self.acknowledgements = 0
        self.seconds = 0.0  # a running mean of the time to an acknowledgement
        self._lost = 0  # how often in a row no acknowledgement came

    @property
    def room(self) -> bool:
        """Whether one more may be sent."""
        return len(self.sent) < 1 + (self.seconds > SLOW) + (self.seconds > 2 * SLOW)

    @property
    def unseen(self) -> bool:
        """Whether the newest one was not acknowledged."""
        return self.seen < self.newest

    def acknowledged(self, n: int, now: float) -> bool:
        """The page has drawn one; False for a second view, a late one, or an invention."""
        if n <= self.newest:
            self.seen, self._lost = max(self.seen, n), 0
        sent = self.sent.pop(n, None)
        if sent is None:
            return False
        self.seconds += (now - sent - self.seconds) * (0.2 if self.acknowledgements else 1)
        self.acknowledgements += 1
        for older in [m for m in self.sent if m < n]:
            del self.sent[older]
        return True

    def forget_stale(self, now: float) -> None:
        """The page says something else: what it should have acknowledged by now is lost."""
        if self.sent and max(self.sent.values()) < now - max(STALE, 4 * self.seconds):
            self.sent.clear()

    def forget_lost(self) -> bool:
        """No acknowledgement came at all; whether the picture is to be sent again."""
        self.sent.clear()
        self._lost += 1
        return self._lost <= TRIES and self.unseen
