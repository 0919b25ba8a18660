"""One contract for every entry of every slot: a new one adds a row to oracles.py, and no test."""

from __future__ import annotations

import dataclasses
import importlib
import inspect
from importlib.util import find_spec

import numpy as np
import pytest

import fedplay as fp
from fedplay.engine.loop import Run
from fedplay.experiment import why_not
from fedplay.knobs import knobs_of
from fedplay.registry import SLOTS, make, name_of
from fedplay.slots import TABLE
from fedplay.stages.base import Cohort
from fedplay.streams import Streams
from tests.support.oracles import ORACLES
from tests.support.reference import random_federation

ENTRIES = [f"{slot}/{name}" for slot, names in SLOTS.items() for name in names]
STAGES = [e for e in ENTRIES if e.split("/")[0] in ("schedule", "channel", "aggregate")]
RUNNABLE = [e for e in ENTRIES if e != "data/arrays"]
if find_spec("palmerpenguins") is None:  # an extra: test_data says so
    RUNNABLE.remove("data/penguins")


def stage_of(entry):
    return make(*entry.split("/"), {"clip": 0.5, "noise_multiplier": 1.0, "participation": 0.5})


def cohort(K, N=6):
    ids = np.arange(K)
    rng = np.random.default_rng(1)
    weight = rng.integers(1, 9, K).astype(float)
    ones = np.ones(K, np.int64)
    return Cohort(3, ids, weight, ones, ones, N, 3.0, K, 0.1, Streams(5))


def choices_of(entry):
    """An experiment in which the entry does something."""
    slot, name = entry.split("/")
    choice = (name,) if TABLE[slot].many else name
    small = {"rounds": 2, "clients": 3 if entry == "data/penguins" else 5}
    if entry in ("channel/dp", "aggregate/fixed"):
        small["noise_multiplier"] = 0.5
    refused = why_not(fp.Experiment(**small), slot, choice)
    return small | {slot: choice} | (refused.repair if refused else {})


def same(a, b):
    np.testing.assert_array_equal(np.asarray(a), np.asarray(b))


def test_no_oracle_is_of_something_that_is_not_there():
    assert set(ORACLES) == set(ENTRIES)


@pytest.mark.parametrize("entry", ENTRIES)
def test_it_is_documented_validated_and_has_an_oracle(entry):
    slot, name = entry.split("/")
    cls = SLOTS[slot][name]
    assert dataclasses.is_dataclass(cls)
    assert cls.__dataclass_params__.frozen
    assert inspect.getdoc(cls)
    for knob_name, knob in knobs_of(cls).items():
        assert knob.label, f"{knob_name} has no label"
        assert knob.help, f"{knob_name} has no help"
        assert knob.check(knob.default) == knob.default
        with pytest.raises(ValueError, match=f"{knob_name}="):
            cls(**{knob_name: object()})
    assert entry in ORACLES, "it has no row in tests/support/oracles.py"
    for oracle in ORACLES[entry]:
        module, _, test = oracle.test.partition(":")
        assert hasattr(importlib.import_module(f"tests.{module}"), test)


@pytest.mark.parametrize("entry", RUNNABLE)
def test_it_runs_repeats_and_survives_json(entry):
    exp = fp.Experiment(**choices_of(entry))
    again = fp.Experiment.from_json(exp.to_json())
    assert again == exp
    first, second = fp.run(exp), fp.run(again)
    same(first.parameters, second.parameters)
    same(first.client_accuracy, second.client_accuracy)


def act(stage, rows, c):
    """What a stage makes of rows (K, M), whichever slot it is of."""
    slot = stage.slot
    if slot == "schedule":
        return stage.choose(c.round, c.N, c.streams)
    if slot == "channel":
        sent, _ = stage.client(rows, {}, c)
        return np.concatenate([sent.ravel(), stage.server(np.ones(rows.shape[1]), c)])
    return stage.combine(rows, c)


@pytest.mark.parametrize("entry", STAGES)
@pytest.mark.parametrize("K", [0, 1, 4])
def test_it_repeats_and_leaves_its_inputs_alone(entry, K):
    stage, c = stage_of(entry), cohort(K)
    rows = np.random.default_rng(0).normal(size=(K, 5))
    kept = rows.copy()
    first, second = act(stage, rows, c), act(stage, rows, c)
    same(first, second)
    same(rows, kept)
    same(c.ids, np.arange(K))
    assert np.isfinite(first).all()


@pytest.mark.parametrize("name", SLOTS["algorithm"])
def test_an_algorithm_holds_every_point_that_a_users_own_must(name):
    report = fp.check_algorithm(name)
    assert report.ok, report


@pytest.mark.parametrize("entry", [e for e in STAGES if e.startswith("aggregate")])
def test_an_aggregate_does_not_ask_in_which_order_clients_come(entry):
    stage, c = stage_of(entry), cohort(4)
    rows = np.random.default_rng(0).normal(size=(4, 5))
    order = np.array([2, 0, 3, 1])
    shuffled = dataclasses.replace(c, ids=c.ids[order], weight=c.weight[order])
    np.testing.assert_allclose(
        stage.combine(rows, c), stage.combine(rows[order], shuffled), atol=1e-14
    )
    if stage.linear:
        other = np.random.default_rng(1).normal(size=(4, 5))
        np.testing.assert_allclose(
            stage.combine(rows + 2 * other, c),
            stage.combine(rows, c) + 2 * stage.combine(other, c),
            atol=1e-13,
        )
    same(stage.combine(np.zeros((0, 5)), cohort(0)), np.zeros(5))


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("entry", RUNNABLE)
def test_it_keeps_the_precision_of_the_run(entry, dtype):
    exp = fp.Experiment(**choices_of(entry) | {"rounds": 1, "dtype": dtype})
    assert fp.run(exp).parameters.dtype == dtype


def test_the_server_step_is_its_formula():
    w, m = np.array([1.0, 2.0]), np.array([0.5, -1.0])
    step, memory = make("server", "sgd", {"server_learning_rate": 0.5}).step(w, m, {})
    same(step, [1.25, 1.5])
    assert memory == {}


# --- Methods with state of their own fit the same slots ----------------------------------------


@dataclasses.dataclass(frozen=True)
class ControlVariates(fp.Algorithm):
    """SCAFFOLD, option II (Karimireddy et al. 2020), as a user would write it."""

    def init(self, P, N):
        return {"c": np.zeros(P)}, {"ck": np.zeros((N, P))}

    def broadcast(self, P):
        return 2 * P

    def correct(self, w0, own, server, c):
        return fp.Correction(shift=server["c"] - own["ck"])

    def message(self, w0, wk, own, server, c):
        way = (c.steps * c.lr).astype(w0.dtype)[:, None]
        fresh = own["ck"] - server["c"] + (w0 - wk) / way
        return np.hstack([wk - w0, fresh - own["ck"]]), {"ck": fresh}

    def absorb(self, w, server, m, step, c):
        P = len(w)
        return step(w, m[:P]), {"c": server["c"] + c.K / c.N * m[P:]}


def test_a_method_with_state_holds_the_contract_too():
    report = fp.check_algorithm(ControlVariates)
    assert report.ok, report


def test_control_variates_reach_the_optimum_that_fedavg_misses():
    fed = fp.Federation.from_arrays(
        [[1.0, -1.0], [4.0, 2.0]], [0, 0], [0, 1], test_fraction=0, held_out=0
    )
    exp = fp.Experiment(
        algorithm=ControlVariates(), data="arrays", model="quadratic", batch_size=None,
        local_epochs=5, learning_rate=0.05, rounds=300, dtype="float64",
    )  # fmt: skip
    history = fp.run(exp, fed)
    assert history.parameters[0] == pytest.approx(1.4, abs=1e-9)
    assert fp.run(exp.replace(algorithm="fedavg"), fed).parameters[0] == pytest.approx(
        1.2447, abs=1e-4
    )
    assert history.bytes_up[1] == history.bytes_down[1] == 2 * 2 * 8  # two vectors of one float64


def test_state_of_absent_clients_is_kept():
    fed = random_federation(np.random.default_rng(0), [10] * 6, test_fraction=0)
    exp = fp.Experiment(algorithm=ControlVariates(), participation=0.34, rounds=5, dtype="float64")
    run = Run(exp, fed)
    state = run.start()
    for r in range(1, 6):
        before = state.own["ck"].copy()
        c = run.advance(state, r).cohort
        away = np.setdiff1d(np.arange(6), c.ids)
        same(state.own["ck"][away], before[away])
        assert (state.own["ck"][c.ids] != before[c.ids]).any(axis=1).all()


def test_unregistered_names_are_none():
    assert name_of(ControlVariates()) is None
