"""Poisson sampling: each client joins independently, as the privacy accounting assumes."""

from __future__ import annotations

from dataclasses import dataclass

from fedplay.knobs import shared
from fedplay.stages.base import Array, Schedule
from fedplay.stages.schedule.uniform import Uniform
from fedplay.streams import Purpose, Streams


@dataclass(frozen=True)
class Poisson(Schedule):
    """Each client takes part with probability q = participation (McMahan et al. 2018, line 5).

    The cohort's size varies, and it may be empty. Drawing the size first (binomial) and then the
    members is the same distribution as N coins, and affordable for a million clients. The members
    come from the very stream of `Uniform`, so the two differ in little more than the size.
    """

    title = "Poisson sampling"
    about = (
        "Every client tosses its own coin each round; privacy accounting rests on this, and "
        "cohorts vary."
    )
    source = "McMahan et al. 2018, ICLR"

    participation: float = shared(Uniform, "participation")

    def expected(self, N: int) -> float:
        return self.participation * N

    def choose(self, round: int, N: int, streams: Streams) -> Array:
        K = int(streams.at(Purpose.COHORT, round, client=1).binomial(N, self.participation))
        return streams.subset(N, K, Purpose.COHORT, round)
