"""Estimated memory and time of a run, from the experiment alone, before anything is allocated."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from fedplay.data import Federation, pool_size
from fedplay.stages.footprint import Footprint, footprint

if TYPE_CHECKING:
    from fedplay.experiment import Experiment
    from fedplay.models import Network

PANEL = 1000  # clients that are evaluated one by one; a federation of more shows this many of them
CHUNK = 64  # clients that train together: beyond that the buffers fall out of the cache

# Measured on one core of a laptop-class machine: small matrices reach about this many
# multiply-adds a second, and a step of a cohort costs about this much however small it is.
SPEED = 1.5e9
STEP_SECONDS = 60e-6


@dataclass(frozen=True)
class Limit:
    """What a run may take before it is refused; `math.inf` for no limit."""

    bytes: float = 256e6
    seconds: float = 60.0


LIMIT = Limit()


@dataclass(frozen=True)
class Cost:
    """An estimate for one run; personal and local-only models come on top."""

    parameters: int  # P
    bytes: int  # held at once: data, models, buffers, history
    multiply_adds: int  # of all training and evaluation
    steps: int  # local steps that the engine takes one after another
    bytes_up: int  # what all clients send in all rounds
    bytes_down: int  # what the server sends in all rounds

    @property
    def seconds(self) -> float:
        """About how long one core needs."""
        return self.multiply_adds / SPEED + self.steps * STEP_SECONDS

    def check(self, limit: Limit = LIMIT) -> None:
        """ValueError where the run would exceed the limit."""
        over = []
        if self.bytes > limit.bytes:
            over.append(f"{self.bytes / 1e6:,.0f} MB of memory (allowed: {limit.bytes / 1e6:,.0f})")
        if self.seconds > limit.seconds:
            over.append(f"{self.seconds:,.0f} s of one core (allowed: {limit.seconds:,.0f})")
        if over:
            raise ValueError(
                f"This run would take about {' and '.join(over)}. "
                "Choose fewer clients, rounds or local epochs, or a smaller model."
            )


@dataclass(frozen=True)
class Sizes:
    """How many examples there are, and where."""

    d: int
    C: int
    stored: int  # in the pool and the test set
    tests: int
    trained: float  # by all clients in one epoch
    held: float  # out by the clients of the panel
    largest: int  # the most that one client trains on


def estimate(exp: Experiment, federation: Federation | None = None) -> Cost:
    """The cost of a run; with a `federation`, of a run on its data."""
    sizes = _planned(exp) if federation is None else _given(federation)
    network = exp.stage("model").bind(sizes.d, sizes.C)
    P, item = network.P, np.dtype(exp.dtype).itemsize
    cohort = max(1.0, exp.stage("schedule").expected(exp.clients))
    size, epochs = exp.in_force("batch_size"), exp.in_force("local_epochs")
    batch = sizes.largest if size is None else min(size, sizes.largest)
    chunks = math.ceil(cohort / CHUNK)
    steps_a_round = epochs * math.ceil(sizes.largest / batch) * chunks
    a_round = 3 * sizes.trained / exp.clients * cohort * epochs + sizes.tests + sizes.held
    travels = footprint(exp.stage("algorithm"), P, network.spans)
    # Who is drawn is sent the model; whose work is dropped as too late sends nothing that counts.
    called = exp.rounds * exp.stage("schedule").expected(exp.clients)
    answers = 1 - exp.stragglers if exp.partial_work == "dropped" else 1.0
    return Cost(
        parameters=P,
        bytes=int(_bytes(exp, sizes, travels, network, cohort, batch)),
        multiply_adds=int((exp.rounds + 1) * a_round * network.multiply_adds),
        steps=int(exp.rounds * (steps_a_round + 4)),  # 4: sampling, averaging, evaluating
        bytes_up=round(called * answers * travels.wire(exp.layers, item)),
        bytes_down=round(called * travels.down * item),
    )


def _bytes(
    exp: Experiment, sizes: Sizes, travels: Footprint, network: Network, cohort: float, batch: int
) -> float:
    P, inputs = network.P, network.encode(np.zeros((1, sizes.d)), exp.dtype).shape[1]
    item = np.dtype(exp.dtype).itemsize
    together = min(cohort, CHUNK)
    neurons = 2 * sum(getattr(exp.stage("model"), "hidden", ())) + sizes.C
    examples = sizes.stored * (8 * sizes.d + item * inputs)  # as given, as encoded
    judged = (sizes.tests + sizes.held) * (inputs + 2 * neurons) * item
    along = exp.stage("personal").init(np.zeros(P, exp.dtype), 0)
    kept = travels.kept + sum(t.itemsize * int(np.prod(t.shape[1:])) for t in along.values())
    # Where they start, end, in order, as messages, after the channel; and what clients remember.
    models = cohort * item * (3 * P + 2 * travels.message) + exp.clients * kept
    buffers = together * (P + batch * (inputs + neurons)) * item
    batches = together * exp.in_force("local_epochs") * (sizes.largest + batch) * (16 + item)
    history = exp.rounds * (8 * min(exp.clients, PANEL) + 16 * cohort)
    return examples + judged + models + buffers + batches + history + 16 * exp.clients


def _planned(exp: Experiment) -> Sizes:
    """The sizes before the data are loaded: what the source and the partition say of them."""
    source = exp.source
    n, d, C = source.shape()
    tests = n - pool_size(n, source.test_fraction)
    dealt = float(n - tests)
    each = getattr(exp.stage("partition"), "client_examples", None)
    if each is not None:  # clients that draw their examples, so there may be more than the data
        dealt = float(each * exp.clients)
    trained = (1 - source.held_out) * dealt
    # Skew makes sizes unequal, and the largest client decides how many steps a round has.
    largest = math.ceil(trained / exp.clients * (3 if each is None and exp.clients > 1 else 1))
    return Sizes(
        d=d,
        C=C,
        stored=n,
        tests=tests,
        trained=trained,
        held=source.held_out * dealt * min(1.0, PANEL / exp.clients),
        largest=max(1, min(largest, math.ceil(trained))),
    )


def _given(federation: Federation) -> Sizes:
    tests = len(federation.y_test)
    shown = min(1.0, PANEL / federation.clients)
    return Sizes(
        d=federation.d,
        C=federation.C,
        stored=len(federation.y) + tests,
        tests=tests,
        trained=float(federation.train.sizes.sum()),
        held=float(federation.held.sizes.sum()) * shown,
        largest=max(1, int(federation.train.sizes.max(initial=1))),
    )
