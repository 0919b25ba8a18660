"""Lengths of updates and bytes sent in every round, kept so that only new rounds are computed."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from fedplay.engine import Round


class Row(NamedTuple):
    """A round's numbers. Lengths are NaN where no client took part."""

    K: int
    update: float  # mean length of the cohort's updates before the channel
    whole: float  # the same of whole messages: with what rides along
    sent: float  # of the updates after clipping
    clipped: int  # how many messages were longer than S
    ignored: int  # how many were not finite, and counted as zeros
    step: float  # length of what the server followed
    up: float  # bytes so far
    down: float

    @classmethod
    def of(cls, r: Round, clip: float) -> Row:
        """What a round came to under a clipping norm."""
        K, lengths = len(r.cohort), np.asarray(r.update_norm, dtype=float)
        whole = np.asarray(r.message_norm, dtype=float)
        whole = lengths if len(whole) != K else whole
        known = K > 0
        cut = whole > clip
        sent = np.where(cut, lengths * (clip / np.where(cut, whole, 1.0)), lengths)
        if r.ignored:
            sent = np.where(np.isfinite(whole), sent, 0.0)
        return cls(
            K,
            float(lengths.mean()) if known else math.nan,
            float(whole.mean()) if known else math.nan,
            float(sent.mean()) if known else math.nan,
            int(np.count_nonzero(cut & np.isfinite(whole))),
            r.ignored,
            float(r.step_norm) if r.number else math.nan,
            float(r.bytes_up),
            float(r.bytes_down),
        )


class Ledger:
    """The rows of the rounds that were seen last."""

    def __init__(self) -> None:
        self.rounds: list[Round] = []  # that `rows` are of
        self.rows: list[Row] = []

    def enter(self, rounds: Sequence[Round], clip: float) -> list[Row]:
        """The rows of all rounds; those of rounds that were seen before are kept."""
        kept = len(self.rounds)
        same = 0 < kept <= len(rounds) and rounds[kept - 1] is self.rounds[-1]
        if not same or rounds[0] is not self.rounds[0]:
            self.rounds, self.rows, kept = [], [], 0
        fresh = list(rounds[kept:])
        self.rounds += fresh
        self.rows += [Row.of(r, clip) for r in fresh]
        return self.rows
