"""The six slots of a federated method; a folder a slot, one idea a file."""

from fedplay.stages import aggregate, algorithm, channel, personal, schedule, server
from fedplay.stages.base import (
    Aggregate,
    Algorithm,
    Cohort,
    Correction,
    Layer,
    Outcome,
    Personal,
    Schedule,
    ServerOptimizer,
)

__all__ = [
    "Aggregate",
    "Algorithm",
    "Cohort",
    "Correction",
    "Layer",
    "Outcome",
    "Personal",
    "Schedule",
    "ServerOptimizer",
    "aggregate",
    "algorithm",
    "channel",
    "personal",
    "schedule",
    "server",
]
