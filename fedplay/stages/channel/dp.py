"""Differential privacy of whole clients: DP-FedAvg (McMahan, Ramage, Talwar & Zhang 2018).

The paper's Algorithm 1 with equal client weights, its fixed-denominator estimator f̃_f and flat
clipping: each update is scaled to length S at most, the sum is divided by the *expected* cohort
q·N, and the average receives Gaussian noise of standard deviation z·S / (q·N) per coordinate.

What is clipped and noised is the whole message. Where something rides along with the update
(SCAFFOLD's change of a control variate), both vectors together are scaled to length S, and every
coordinate of both is noised: one client then changes all that the server ever learns of it by
S / (q·N) at most, and one ε covers both. What the screen calls the noise's length is that of the
part which falls on the update.

A message that is not finite (NaN or ∞ in any coordinate) has no length to be scaled, and would make
the average NaN whatever the noise: anybody could then see that its sender took part. It counts as
zeros, with noise and with clipping alone, which is a bound on anyone's influence too. How many did
is told of every round (`Round.ignored`).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from fedplay.knobs import knob
from fedplay.privacy import epsilon
from fedplay.stages.base import Array, Arrays, Cohort, Layer
from fedplay.stages.lengths import cut, lengths_of
from fedplay.streams import Purpose


@dataclass(frozen=True)
class DifferentialPrivacy(Layer):
    """Clip on the client, noise on the server. Without noise, `clip` alone just bounds updates."""

    title = "DP-FedAvg"
    about = (
        "Updates are cut to a length and noise is added to their sum, so no client shows; "
        "accuracy pays."
    )
    source = "McMahan et al. 2018, ICLR"

    clip: float | None = knob(
        None,
        0.0,
        1e6,
        kind="float",
        open=True,
        none="automatic: 1 with noise, none without",
        symbol="S",
        label="Clipping norm",
        scale="log",
        slider=(0.01, 10.0),
        also=("clipping", "norm bound", "sensitivity"),
        help="Largest length of an update; longer ones are scaled down to it.",
    )
    noise_multiplier: float = knob(
        0.0,
        0.0,
        1e4,
        symbol="z",
        label="Privacy noise",
        slider=(0.0, 4.0),
        level="first",
        also=("epsilon", "privacy", "differential privacy", "DP", "sigma", "noise"),
        help="Noise on the average, in units of one client's largest influence; 0: no privacy.",
    )
    delta: float | None = knob(
        None,
        0.0,
        0.5,
        kind="float",
        open=True,
        none="automatic: a tenth of 1/N",
        symbol="δ",
        label="Privacy slack",
        scale="log",
        level="expert",
        also=("privacy", "failure probability"),
        help="Probability that the bound ε does not hold; it should be well below 1/N.",
    )

    linear_only = True
    protects = True
    off: ClassVar[dict[str, Any]] = {"noise_multiplier": 0.0, "clip": None}

    def bound(self) -> float | None:
        """The clipping norm S in force, or None."""
        if self.clip is None and self.noise_multiplier > 0:
            return 1.0
        return self.clip

    def slack(self, N: int) -> float:
        """The δ in force."""
        return 0.1 / N if self.delta is None else self.delta

    def active(self) -> bool:
        return self.bound() is not None

    def check(self, expected: float, numbers: np.finfo[Any]) -> None:
        sigma, least, most = self.deviation(expected), float(numbers.tiny), float(numbers.max) / 100
        if self.noise_multiplier > 0 and not least <= sigma <= most:
            raise ValueError(
                f"clip={self.bound():g}, noise_multiplier={self.noise_multiplier:g}: noise of "
                f"standard deviation {sigma:g} must be from {least:.3g} to {most:.3g}, "
                f"or dtype={str(numbers.dtype)!r} cannot hold it"
            )

    def requires(self) -> dict[str, tuple[str, str]]:
        if self.noise_multiplier == 0:
            return {}
        return {
            "schedule": ("poisson", "ε is computed for clients that are sampled independently"),
            "aggregate": (
                "fixed",
                "with weights or a varying divisor, one client's influence is no longer S / (q·N)",
            ),
        }

    def client(self, rows: Array, own: Arrays, c: Cohort) -> tuple[Array, Arrays]:
        S = self.bound()
        if S is None:
            return rows, own
        return cut(rows, S), own

    def ignored(self, rows: Array) -> Array:
        return np.asarray(~np.isfinite(rows).all(axis=1))

    def shortened(self, rows: Array) -> Array:
        S = self.bound()
        if S is None:
            return super().shortened(rows)
        return np.asarray(~self.ignored(rows) & (lengths_of(rows) > S))

    def server(self, m: Array, c: Cohort) -> Array:
        if self.noise_multiplier == 0:
            return m
        # Added to an empty cohort's zeros too: leaving it out would reveal that nobody came.
        noise = c.rng(Purpose.NOISE).normal(0.0, self.deviation(c.expected), len(m))
        return m + noise.astype(m.dtype)

    def deviation(self, expected: float) -> float:
        """The noise's standard deviation on each coordinate of the average, z·S / (q·N)."""
        return self.noise_multiplier * (self.bound() or 0.0) / expected

    def epsilon(self, rounds: Array, N: int, q: float) -> Array | None:
        if self.noise_multiplier == 0:
            return None
        return np.asarray(epsilon(q, self.noise_multiplier, rounds, self.slack(N)))
