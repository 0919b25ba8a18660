"""A fixed number of clients, drawn without replacement (McMahan et al. 2017, Algorithm 1)."""

from __future__ import annotations

from dataclasses import dataclass

from fedplay.data.base import portion
from fedplay.knobs import knob
from fedplay.stages.base import Array, Schedule
from fedplay.streams import Purpose, Streams


@dataclass(frozen=True)
class Uniform(Schedule):
    """max(1, C·N) clients a round, C·N rounded (half up), every set of that size equally likely."""

    title = "Uniform sampling"
    about = (
        "A fixed number of clients a round, each as likely as the others, so costs are the "
        "same every round."
    )
    source = "McMahan et al. 2017, AISTATS"

    participation: float = knob(
        1.0,
        0.0,
        1.0,
        open=True,
        symbol="C",
        label="Participation",
        slider=(0.05, 1.0),
        level="first",
        also=("client fraction", "sampling rate", "cohort", "q", "availability"),
        help="Share of the clients that take part in a round.",
    )

    def expected(self, N: int) -> float:
        return float(max(1, portion(N, self.participation)))

    def choose(self, round: int, N: int, streams: Streams) -> Array:
        return streams.subset(N, int(self.expected(N)), Purpose.COHORT, round)
