"""Devices that differ in their labelling rule and in their features, each by a knob of its own."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import ClassVar

import numpy as np

from fedplay.data.base import Floats, Ints, Source, Table
from fedplay.knobs import knob
from fedplay.streams import Purpose, Streams

DEVICES, D, C = 30, 60, 10
LARGEST = 1000  # examples of a device
TYPICAL = 7  # of the seeds from 0, the first whose sizes have about the median and sum of most
SIZES, RULES, FEATURES = range(3)  # the `round` of a stream tells apart what it is drawn for


@dataclass(frozen=True)
class Synthetic(Source):
    """synthetic(α, β): 30 devices with 60 features and 10 classes, the natural clients.

    Device k labels an example x with argmax(W x + b). The entries of its W (10, 60) and b (10,) are
    drawn from N(u, 1), and u from N(0, α²): α is how much the devices' rules differ in their mean.
    Its features are drawn from N(v, Σ), Σ diagonal with Σ_jj = j^-1.2; the entries of v from
    N(B, 1), and B from N(0, β²): β is how much their features differ in their mean. So even
    synthetic(0, 0) is not IID: every device has a rule and a mean of its own. In the IID variant
    all share one W and one b, drawn from N(0, 1), and v = 0.

    Source: Li et al. 2020 (FedProx), section 5.1, as their code has it: α and β are standard
    deviations, a device has min(floor(LogNormal(4, 2)) + 50, 1000) examples, and a tenth of them
    is for testing. What differs: theirs is one draw, here everything follows the data seed but the
    sizes, which must be known before anything is drawn and are the same for every seed; and a
    tenth of what is left is each client's own for evaluation, so it trains on 81 %, not 90 %.
    """

    title = "Synthetic(α, β)"
    about = (
        "Thirty made-up devices of very different sizes; α and β set how much rules and "
        "features differ."
    )
    source = "Li et al. 2020, MLSys"

    test_fraction: ClassVar[float] = 0.1
    held_out: ClassVar[float] = 0.1

    synthetic_alpha: float = knob(
        1.0,
        0.0,
        10.0,
        label="Rules differ",
        slider=(0.0, 2.0),
        also=("concept shift", "model heterogeneity"),
        help="α of synthetic(α, β): how much the devices' rules, from features to label, differ.",
    )
    synthetic_beta: float = knob(
        1.0,
        0.0,
        10.0,
        label="Features differ",
        slider=(0.0, 2.0),
        also=("feature skew", "covariate shift"),
        help="β of synthetic(α, β): how much the devices' features differ.",
    )
    synthetic_devices: str = knob(
        "different",
        choices=("different", "iid"),
        label="Devices",
        level="expert",
        also=("iid",),
        help="iid: all devices share one rule and one mean; α and β are ignored.",
    )

    def load(self, seed: int) -> Table:
        sizes, streams = device_sizes(), Streams(seed)
        alike = self.synthetic_devices == "iid"
        parts = [self._device(0 if alike else k, k, size, streams) for k, size in enumerate(sizes)]
        return Table(
            "synthetic",
            np.concatenate([X for X, _ in parts]),
            np.concatenate([y for _, y in parts]),
            tuple(f"class {c}" for c in range(C)),
            np.repeat(np.arange(DEVICES), sizes),
            tuple(f"device {k + 1}" for k in range(DEVICES)),
            tuple(f"x{j + 1}" for j in range(D)),
        )

    def _device(self, rule: int, k: int, size: int, streams: Streams) -> tuple[Floats, Ints]:
        """The examples of device k, with the rule of one of them."""
        W, b, v = self.rule(rule, streams)
        deviation = np.arange(1.0, D + 1) ** -0.6
        drawn = streams.at(Purpose.SOURCE, FEATURES, k).standard_normal((size, D))
        X = v + deviation * drawn
        return X, (X @ W.T + b).argmax(axis=1)

    def rule(self, k: int, streams: Streams) -> tuple[Floats, Floats, Floats]:
        """W (C, d), b (C,) and v (d,) of a device; the same for all devices in the IID variant."""
        rng = streams.at(Purpose.SOURCE, RULES, k)
        u, B = rng.standard_normal(2) * (self.synthetic_alpha, self.synthetic_beta)
        W, b, v = rng.standard_normal((C, D)), rng.standard_normal(C), rng.standard_normal(D)
        if self.synthetic_devices == "iid":
            return W, b, np.zeros(D)
        return u + W, u + b, B + v

    def shape(self) -> tuple[int, int, int]:
        return sum(device_sizes()), D, C

    def sites(self) -> int:
        return DEVICES


@cache
def device_sizes() -> tuple[int, ...]:
    """How many examples each device has, whatever the seed."""
    drawn = Streams(TYPICAL).at(Purpose.SOURCE, SIZES).lognormal(4.0, 2.0, DEVICES)
    return tuple(np.minimum(np.floor(drawn) + 50, LARGEST).astype(int).tolist())
