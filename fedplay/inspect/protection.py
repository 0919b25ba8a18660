"""Clipping and noise of a run's updates, and the ε that they give; known before the run."""

from __future__ import annotations

import math
from functools import lru_cache
from typing import NamedTuple

from fedplay.engine.loop import epsilon_of
from fedplay.experiment import Experiment
from fedplay.stages.base import Array, Spans
from fedplay.stages.channel.dp import DifferentialPrivacy
from fedplay.stages.footprint import footprint


class Protection(NamedTuple):
    """Clipping norm, noise and privacy of a run's updates."""

    clip: float  # S; infinite where nothing is clipped
    noise: float  # expected length of the noise on the average update; 0 without
    slack: float | None  # δ; None without noise
    spent: Array  # (R + 1,) ε after every round, infinite without noise


@lru_cache(maxsize=8)
def update_protection(exp: Experiment, P: int, spans: Spans = ()) -> Protection:
    """The protection of an experiment's updates, for P parameters with layers at `spans`."""
    spent, dp = epsilon_of(exp), _private(exp)
    if dp is None:
        return Protection(math.inf, 0.0, None, spent)
    numbers = footprint(exp.stage("algorithm"), P, spans).noised
    noise = dp.deviation(exp.stage("schedule").expected(exp.clients)) * gaussian_length(numbers)
    return Protection(dp.bound() or math.inf, noise, slack(exp), spent)


def slack(exp: Experiment) -> float | None:
    """The δ in force, or None where there is no privacy to speak of."""
    dp = _private(exp)
    return dp.slack(exp.clients) if dp is not None and dp.noise_multiplier > 0 else None


def _private(exp: Experiment) -> DifferentialPrivacy | None:
    """The layer that clips and adds noise, where there is one."""
    return next((layer for layer in exp.layers if isinstance(layer, DifferentialPrivacy)), None)


def gaussian_length(M: int) -> float:
    """The expected length of M independent standard normal numbers, nearly √M."""
    return math.sqrt(2) * math.exp(math.lgamma((M + 1) / 2) - math.lgamma(M / 2))
