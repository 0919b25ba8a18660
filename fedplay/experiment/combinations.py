"""Which choices go together in an experiment: each is fine on its own, and some exclude others."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from fedplay import registry
from fedplay.data import Arrays, Partition, TableFile, check_shift, pool_size
from fedplay.knobs import short

if TYPE_CHECKING:
    from fedplay.experiment.experiment import Experiment

NUMBERS = {dtype: np.finfo(dtype) for dtype in ("float32", "float64")}
LEAST = {dtype: float(numbers.tiny) for dtype, numbers in NUMBERS.items()}


def check_combination(exp: Experiment) -> None:
    """ValueError where choices that are fine on their own do not go together."""
    numbers = NUMBERS[exp.dtype]
    if exp.learning_rate < LEAST[exp.dtype]:
        other = "" if exp.dtype == "float64" else "; choose dtype='float64'"
        raise ValueError(
            f"learning_rate={short(exp.learning_rate)}: must be at least "
            f"{LEAST[exp.dtype]:.3g} with dtype={exp.dtype!r}, in which smaller numbers are "
            f"as good as 0{other}"
        )
    for layer in exp.layers:
        layer.check(exp.stage("schedule").expected(exp.clients), numbers)
        for slot, (name, why) in layer.requires().items():
            if getattr(exp, slot) not in ("auto", name):
                raise ValueError(
                    f"{slot}={exp.chosen(slot)!r}: the channel needs {slot}={name!r} here, "
                    f"because {why}"
                )
        if layer.protects and exp.stage("algorithm").without_privacy:
            raise ValueError(
                f"algorithm={exp.chosen('algorithm')!r}: does not go with clipping or noise, "
                f"because {exp.stage('algorithm').without_privacy}"
            )
        if layer.linear_only and not exp.stage("aggregate").linear:
            raise ValueError(
                f"aggregate={exp.chosen('aggregate')!r}: does not add up messages, "
                f"but the channel layer {registry.name_of(layer)!r} needs a sum"
            )
    fixed = exp.stage("aggregate").weighs
    if fixed and exp.weights not in ("paper", fixed):
        raise ValueError(
            f"weights={exp.weights!r}: must be 'paper' or {fixed!r} with "
            f"aggregate={exp.chosen('aggregate')!r}, which noise needs and which counts every "
            "client once"
        )
    exp.stage("algorithm").check(exp.learning_rate)
    exp.stage("personal").check(exp.learning_rate)
    if exp.stage("algorithm").plain_server and exp.chosen("server") != "sgd":
        raise ValueError(
            f"server={exp.chosen('server')!r}: must be 'sgd' with "
            f"algorithm={exp.chosen('algorithm')!r}, which has several models to step"
        )
    if exp.stage("personal").needs_global and exp.stage("algorithm").keeps:
        raise ValueError(
            f"personal={exp.chosen('personal')!r}: needs a global model for all, but with "
            f"algorithm={exp.chosen('algorithm')!r} each client has "
            f"{exp.stage('algorithm').keeps} of its own"
        )
    source = exp.source
    if isinstance(source, Arrays) or (isinstance(source, TableFile) and not source.present):
        return  # a Federation of one's own comes with the run; a file is asked for by it
    n, d, C = source.shape()
    exp.stage("algorithm").fits(exp.stage("model").bind(d, C).spans)
    partition: Partition = exp.stage("partition")
    partition.check(pool_size(n, source.test_fraction), C, exp.clients, source.sites())
    check_shift(exp.stage("shift"), source, partition)
