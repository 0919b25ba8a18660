"""Which choices go together in an experiment: each is fine on its own, and some exclude others."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import numpy as np

from fedplay import registry
from fedplay.data import Arrays, Partition, Source, TableFile, check_shift, pool_size
from fedplay.knobs import Refused, short
from fedplay.models.base import Model
from fedplay.slots import TABLE
from fedplay.stages.base import Layer

if TYPE_CHECKING:
    from fedplay.experiment.experiment import Experiment

NUMBERS = {dtype: np.finfo(dtype) for dtype in ("float32", "float64")}
LEAST = {dtype: float(numbers.tiny) for dtype, numbers in NUMBERS.items()}


def check_combination(exp: Experiment) -> None:
    """`Refused` where choices that are fine on their own do not go together."""
    if exp.learning_rate < LEAST[exp.dtype]:
        other = "" if exp.dtype == "float64" else "; choose dtype='float64'"
        wider = exp.dtype != "float64" and exp.learning_rate >= LEAST["float64"]
        raise Refused(
            f"learning_rate={short(exp.learning_rate)}: must be at least "
            f"{LEAST[exp.dtype]:.3g} with dtype={exp.dtype!r}, in which smaller numbers are "
            f"as good as 0{other}",
            *([{"dtype": "float64"}] if wider else []),
        )
    for layer in exp.layers:
        _check_layer(exp, layer)
    fixed = exp.stage("aggregate").weighs
    if fixed and exp.weights not in ("paper", fixed):
        raise Refused(
            f"weights={exp.weights!r}: must be 'paper' or {fixed!r} with "
            f"aggregate={exp.chosen('aggregate')!r}, which noise needs and which counts every "
            "client once",
            {"weights": "paper"},
            {"aggregate": "auto"},
            *(_without(exp, layer) for layer in exp.layers if layer.requires()),
        )
    for slot in ("algorithm", "personal"):
        with _repairs(exp, slot):
            exp.stage(slot).check(exp.learning_rate)
    _check_models_kept(exp)
    source = exp.source
    if isinstance(source, Arrays) or (isinstance(source, TableFile) and not source.present):
        return  # a Federation of one's own comes with the run; a file is asked for by it
    _check_data(exp, source)


def _check_layer(exp: Experiment, layer: Layer) -> None:
    """What a layer of the channel needs of the other slots."""
    without = _without(exp, layer)
    with _repairs(exp, "schedule"):
        expected = exp.stage("schedule").expected(exp.clients)
    layer.check(expected, NUMBERS[exp.dtype])
    for slot, (name, why) in layer.requires().items():
        if getattr(exp, slot) not in ("auto", name):
            raise Refused(
                f"{slot}={exp.chosen(slot)!r}: the channel needs {slot}={name!r} here, "
                f"because {why}",
                {slot: "auto"},
                without,
            )
    if layer.protects and exp.stage("algorithm").without_privacy:
        raise Refused(
            f"algorithm={exp.chosen('algorithm')!r}: does not go with clipping or noise, "
            f"because {exp.stage('algorithm').without_privacy}",
            {"algorithm": TABLE["algorithm"].default},
            without,
        )
    if layer.linear_only and not exp.stage("aggregate").linear:
        raise Refused(
            f"aggregate={exp.chosen('aggregate')!r}: does not add up messages, "
            f"but the channel layer {registry.name_of(layer)!r} needs a sum",
            {"aggregate": "auto"},
            without,
        )


def _check_models_kept(exp: Experiment) -> None:
    """What cannot be done where an algorithm has several models, or clients keep a part of one."""
    algorithm, name = exp.stage("algorithm"), exp.chosen("algorithm")
    if algorithm.plain_server and exp.chosen("server") != "sgd":
        raise Refused(
            f"server={exp.chosen('server')!r}: must be 'sgd' with algorithm={name!r}, which has "
            "several models to step",
            {"server": "sgd"},
            {"algorithm": TABLE["algorithm"].default},
        )
    if exp.stage("personal").needs_global and algorithm.keeps:
        raise Refused(
            f"personal={exp.chosen('personal')!r}: needs a global model for all, but with "
            f"algorithm={name!r} each client has {algorithm.keeps} of its own",
            {"personal": "auto"},
            {"algorithm": TABLE["algorithm"].default},
        )


def _check_data(exp: Experiment, source: Source) -> None:
    """What model, method, partition and shift need of the data."""
    n, d, C = source.shape()
    model: Model = exp.stage("model")
    if model.reads and model.reads != source.rows:
        ways = list(_readable(source, model))
        advice = [
            f"{name}={way[name]!r}" for way in ways for name in ("model", "data") if name in way
        ]
        raise Refused(
            f"model={exp.chosen('model')!r}: reads {model.reads}, and the examples of "
            f"data={exp.chosen('data')!r} have {source.rows}; choose {' or '.join(advice)}, or "
            "data='arrays' for a Federation of your own",
            *ways,
        )
    with _repairs(exp, "model"):
        network = model.bind(d, C)
    with _repairs(exp, "algorithm"):
        exp.stage("algorithm").fits(network.spans)
    partition: Partition = exp.stage("partition")
    with _repairs(exp, "partition"):
        partition.check(pool_size(n, source.test_fraction), C, exp.clients, source.sites())
    with _repairs(exp, "shift"):
        check_shift(exp.stage("shift"), source, partition)


def _readable(source: Source, model: Model) -> Iterator[dict[str, Any]]:
    """What goes with data, or else with a model, that do not go together."""
    models, sources = registry.SLOTS["model"].items(), registry.SLOTS["data"].items()
    fitting = next((name for name, cls in models if getattr(cls, "reads", "") == source.rows), "")
    if fitting:
        yield {**source.brings, "model": fitting}
    for name, cls in sources:
        if getattr(cls, "rows", "") == model.reads:
            along = getattr(cls, "brings", {})
            yield {"data": name, **{slot: one for slot, one in along.items() if slot != "model"}}
            return


def _without(exp: Experiment, layer: Layer) -> dict[str, Any]:
    """The change after which a layer of the channel does nothing."""
    if layer.off:
        return dict(layer.off)
    each = zip(exp.channel, exp.stages("channel"), strict=True)
    return {"channel": tuple(choice for choice, stage in each if stage != layer)}


@contextmanager
def _repairs(exp: Experiment, slot: str) -> Iterator[None]:
    """Refuse what a stage refuses: with its ways out, what it brings, and the slot's default."""
    try:
        yield
    except ValueError as error:
        brings, usual = getattr(exp.stage(slot), "brings", {}), TABLE[slot].default
        ways = list(getattr(error, "repairs", ()))
        if any(getattr(exp, needed) != name for needed, name in brings.items()):
            ways.append(dict(brings))
        if getattr(exp, slot) != usual:
            ways.append({slot: usual})
        raise Refused(str(error), *ways) from (None if isinstance(error, Refused) else error)
