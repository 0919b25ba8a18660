"""What a round came to, what is recorded of it, and what stages tell of it."""

from __future__ import annotations

import csv
import gc
import io
import math
import weakref
from copy import copy, deepcopy
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import pytest

import fedplay as fp
from fedplay.engine.client_models import NeverJoined, local_only
from fedplay.engine.evaluate import mean_of
from fedplay.engine.loop import Run, stream
from fedplay.engine.measures import BUILT_IN
from fedplay.inspect.client_accuracies import client_accuracies
from fedplay.inspect.client_models import local_only_model
from fedplay.inspect.replay import attended, replay, state_before
from fedplay.memo import Entry, Memo
from fedplay.registry import SLOTS
from fedplay.stages.base import Aggregate, Layer, Schedule
from fedplay.stages.lengths import length_of, lengths_of
from fedplay.stages.schedule.uniform import Uniform

SOME = dict(rounds=3, clients=6, participation=0.5, local_epochs=2, batch_size=16, dtype="float64")
METHODS = [
    dict(),
    dict(algorithm="scaffold"),
    dict(algorithm="fedper", model="mlp", hidden=(5,)),
    dict(algorithm="ifca", shift="permuted", groups=2),
    dict(clip=0.3),
    dict(algorithm="scaffold", clip=0.3, noise_multiplier=0.5),
    dict(personal="ditto", server="momentum"),
]


def drained(generator):
    while True:
        try:
            next(generator)
        except StopIteration as end:
            return end.value


@pytest.fixture
def registry():
    before = {slot: dict(entries) for slot, entries in SLOTS.items()}
    yield SLOTS
    for slot, entries in before.items():
        SLOTS[slot].clear()
        SLOTS[slot].update(entries)


# --- The outcome ----------------------------------------------------------------------------------


@pytest.mark.parametrize("choices", METHODS, ids=str)
def test_an_outcome_is_what_the_stages_make_of_the_round_by_hand(choices):
    run = Run(fp.Experiment(**SOME | choices))
    state = run.start()
    run.advance(state, 1)
    before, P = deepcopy(state), run.network.P
    found = run.advance(state, 2)
    c, a = run.cohort(2), run.algorithm
    assert found.cohort.ids.tolist() == c.ids.tolist()
    np.testing.assert_array_equal(found.before, before.w)
    assert found.after is state.w

    mine = {name: table[c.ids] for name, table in before.own.items()}
    begun = a.begin(before.w, mine, before.server, c)

    def train(W, correction=None):
        return run.trainer(W, correction, ids=c.ids, round=2, epochs=c.epochs)

    if "local" not in vars(type(a)):
        np.testing.assert_array_equal(found.begun, begun)
        ended = train(begun, a.correct(begun, mine, before.server, c))
        np.testing.assert_array_equal(found.ended, ended)
        rows, _ = a.message(begun, ended, mine, before.server, c)
        np.testing.assert_array_equal(found.rows, rows)
    assert found.begun.shape == found.ended.shape == (c.K, P)
    assert found.rows.shape == found.arrived.shape == (c.K, run.travels.message)
    arrived = found.rows
    for layer in run.layers:
        arrived, _ = layer.client(arrived, {}, c)
    np.testing.assert_array_equal(found.arrived, arrived)
    np.testing.assert_array_equal(found.average, run.aggregate.combine(arrived, c))
    step = found.average
    for layer in reversed(run.layers):
        step = layer.server(step, c)
    np.testing.assert_array_equal(found.step, step)
    np.testing.assert_allclose(found.message_norm, np.linalg.norm(found.rows, axis=1), rtol=1e-12)
    if run.travels.reads:
        shared = run.travels.shared
        updates = a.update(found.rows, shared)
        np.testing.assert_allclose(found.update_norm, np.linalg.norm(updates, axis=1), rtol=1e-12)
        assert found.step_norm == length_of(a.update(found.step, shared))
    np.testing.assert_array_equal(found.shortened, found.message_norm > choices.get("clip", np.inf))
    assert not found.ignored.any()
    assert (found.bytes_up, found.bytes_down) == (
        state.bytes_up - before.bytes_up,
        state.bytes_down - before.bytes_down,
    )


def test_the_channel_tells_what_it_made_shorter_and_what_it_counted_as_nothing():
    layer = fp.Experiment(clip=1.0).layers[0]
    rows = np.array([[3.0, 4.0], [0.3, 0.4], [np.inf, 0.0], [np.nan, 9.0], [1e200, 0.0]])
    assert layer.shortened(rows).tolist() == [True, False, False, False, True]
    assert layer.ignored(rows).tolist() == [False, False, True, True, False]
    sent, _ = layer.client(rows, {}, None)
    shorter = lengths_of(sent) < lengths_of(rows)
    assert (shorter & ~layer.ignored(rows)).tolist() == [True, False, False, False, True]


@pytest.mark.parametrize("choices", METHODS, ids=str)
def test_a_replay_is_the_recorded_round_and_leaves_the_state_as_it_was(choices):
    run = Run(fp.Experiment(**SOME | choices))
    rounds = list(stream(run))
    seen = []
    state = drained(state_before(run, 3))
    kept = deepcopy(state)
    outcome, after = replay(run, state, 3, lambda who, W: seen.append((who.copy(), W.copy())))
    r = rounds[3]
    np.testing.assert_array_equal(outcome.before, rounds[2].parameters)
    np.testing.assert_array_equal(outcome.after, r.parameters)
    np.testing.assert_array_equal(outcome.cohort.ids, r.cohort)
    np.testing.assert_array_equal(outcome.update_norm, r.update_norm)
    np.testing.assert_array_equal(outcome.message_norm, r.message_norm)
    assert outcome.step_norm == r.step_norm
    assert round(outcome.bytes_up) == r.bytes_up - rounds[2].bytes_up
    assert sum(len(who) for who, _ in seen) >= outcome.cohort.steps.sum()
    last = {int(k): W[place] for who, W in seen for place, k in enumerate(who)}
    if type(run.algorithm).__name__ not in ("FedPer", "IFCA"):
        np.testing.assert_array_equal([last[k] for k in r.cohort.tolist()], outcome.ended)
    assert after is not state
    for name in ("own", "server", "memory", "personal"):
        for key, array in getattr(state, name).items():
            np.testing.assert_array_equal(array, getattr(kept, name)[key])


def test_the_large_arrays_of_a_round_are_gone_before_the_next(monkeypatch):
    made = []
    advance = Run.advance

    def noted(run, state, number, **how):
        gc.disable()
        assert not any(ref() is not None for ref in made), "of the rounds before"
        outcome = advance(run, state, number, **how)
        made.extend(weakref.ref(a) for a in (outcome, outcome.ended, outcome.rows))
        return outcome

    monkeypatch.setattr(Run, "advance", noted)
    run = Run(fp.Experiment(**SOME, clip=0.5))
    try:
        rounds = list(stream(run))
    finally:
        gc.enable()
    assert len(made) == 9
    assert all(ref() is None for ref in made)
    K = max(len(r.cohort) for r in rounds)
    for r in rounds:
        others = [a for a in r if isinstance(a, np.ndarray) and a is not r.parameters]
        assert max(a.size for a in others) <= max(K, len(run.panel), run.network.C)


# --- Who took part --------------------------------------------------------------------------------


@dataclass(frozen=True)
class Moody(Uniform):
    """Draws others whenever it is asked: as if who takes part depended on when somebody is done."""

    def choose(self, round, N, streams):
        MOODS.append(round)
        return np.sort(np.random.default_rng(len(MOODS)).choice(N, 3, replace=False))


MOODS: list[int] = []


def test_who_took_part_is_read_from_the_record_and_not_drawn_again():
    run = Run(fp.Experiment(**SOME | dict(rounds=5), schedule=Moody()))
    rounds = list(stream(run))
    asked = len(MOODS)
    cohorts = [r.cohort for r in rounds[1:]]
    for known, cohort in zip(drained(attended(run, 5)), cohorts, strict=True):
        assert known is cohort
    *_, found = client_accuracies(run, 5, rounds[5].parameters)
    assert found.called.tolist() == np.isin(run.panel, np.concatenate(cohorts)).tolist()
    *_, expected = local_only(run, cohorts)
    np.testing.assert_array_equal(found.own[2], expected)
    w = drained(local_only_model(run, 5, int(cohorts[0][0])))
    models = NeverJoined(run, run.panel)
    for cohort in cohorts:
        models.advance(run, cohort)
    np.testing.assert_allclose(w, models.W[cohorts[0][0]], atol=1e-12)
    assert len(MOODS) == asked


def test_a_run_that_was_not_played_is_played_to_learn_who_took_part():
    exp = fp.Experiment(**SOME)
    run, rounds = Run(exp), list(fp.rounds(exp))
    for known, r in zip(drained(attended(run, 2)), rounds[1:], strict=False):
        np.testing.assert_array_equal(known, r.cohort)
    assert sorted(run.attended) == [1, 2]
    other = copy(run)
    assert other.attended == {}
    assert other.memo is not run.memo


def test_a_comparison_reads_who_took_part_off_its_runs():
    exp = fp.Experiment(**SOME)
    found = fp.compare(exp, ["FedProx", "FedAvg"], seeds=2)
    for place in range(2):
        own = exp.replace(seed=exp.seed + place, data_seed=exp.data_seed + place)
        history = fp.run(own.replace(**fp.METHODS["FedAvg"].choices))
        expected = np.array(list(local_only(Run(history.experiment), history.cohort[1:])))
        called = np.isin(history.panel, np.concatenate(history.cohort[1:]))
        np.testing.assert_array_equal(found.alone[place], mean_of(expected[:, called]))


def test_models_that_never_joined_are_the_same_in_parts_and_at_once():
    run = Run(fp.Experiment(**SOME))
    cohorts = [r.cohort for r in list(stream(run))[1:]]
    whole, parts = NeverJoined(run, run.panel), NeverJoined(run, run.panel, most=1, kept=10**9)
    for number, cohort in enumerate(cohorts, start=1):
        whole.advance(run, cohort)
        assert whole.number == number
        while parts.number < number:
            parts.advance(run, cohort)
        np.testing.assert_allclose(parts.W, whole.W, atol=1e-12)
        np.testing.assert_array_equal(parts.called, whole.called)
    back = parts.turned(2)
    assert (back.number, whole.turned(2).number) == (2, 0)
    assert parts.number == 3


def test_a_memo_forgets_in_a_copy():
    entry = Entry[list[int]]("numbers")
    memo = Memo()
    assert memo.start(entry, []) is memo.get(entry)
    memo.put(entry, [3])
    assert memo.get(entry) == [3]
    for other in (copy(memo), deepcopy(memo)):
        assert other.get(entry) is None


# --- What stages tell -----------------------------------------------------------------------------


@dataclass(frozen=True)
class Telling(fp.Algorithm):
    """FedAvg that tells how far apart its clients end, and which step was the longest."""

    def tell(self, outcome):
        middle = outcome.ended.mean(axis=0)
        spread = float(np.linalg.norm(outcome.ended - middle, axis=1).mean())
        told = {"spread": spread, "longest": outcome.update_norm.max()}
        return told | ({"late": 1} if outcome.cohort.round == 2 else {})


@dataclass(frozen=True)
class Counting(Aggregate):
    """An average that tells of how many."""

    def combine(self, rows, c):
        return rows.mean(axis=0)

    def tell(self, outcome):
        return {"counted": len(outcome.arrived), "endless": math.inf}


EXP = dict(rounds=3, clients=4, dtype="float64")


def test_what_is_told_reaches_rounds_histories_tables_csv_and_files(registry, tmp_path):
    fp.register(Telling, "telling")
    fp.register(Counting, "counting")
    exp = fp.Experiment(**EXP, algorithm="telling", aggregate="counting")
    history = fp.run(exp)
    assert list(history.told) == ["spread", "longest", "counted", "endless", "late"]
    assert all(values.shape == (4,) for values in history.told.values())
    assert np.isnan([values[0] for values in history.told.values()]).all()
    assert history.told["counted"][1:].tolist() == [4, 4, 4]
    np.testing.assert_array_equal(history.told["late"], [np.nan, np.nan, 1, np.nan])
    assert np.isnan(history.told["endless"]).all()

    run = Run(exp)
    for (_, r), number in zip(pairwise(fp.rounds(exp)), (1, 2, 3), strict=True):
        outcome, _ = replay(run, drained(state_before(run, number)), number)
        middle = outcome.ended.mean(axis=0)
        spread = np.linalg.norm(outcome.ended - middle, axis=1).mean()
        assert (
            history.told["spread"][number] == r.told["spread"] == outcome.told["spread"] == spread
        )
        assert history.told["longest"][number] == r.update_norm.max()

    table = history.table()
    assert list(table)[-5:] == list(history.told), "after all that a history has anyway"
    assert list(table)[:-5] == list(
        fp.run(exp.replace(algorithm="fedavg", aggregate="mean")).table()
    )
    rows = list(csv.DictReader(io.StringIO(history.to_csv())))
    assert [float(row["counted"]) for row in rows[1:]] == [4, 4, 4]
    assert math.isnan(float(rows[0]["spread"]))

    history.save(tmp_path / "h.npz")
    again = fp.History.load(tmp_path / "h.npz")
    assert again.told.keys() == history.told.keys()
    for name, values in history.told.items():
        np.testing.assert_array_equal(again.told[name], values)
    assert again.to_csv() == history.to_csv()


def test_nobody_tells_anything_by_default(tmp_path):
    history = fp.run(fp.Experiment(rounds=1, clients=3))
    assert history.told == {}
    classes, clients = (f"class_{c}" for c in range(10)), (f"client_{k}" for k in range(3))
    assert list(history.table()) == ["round", *BUILT_IN, *classes, *clients]
    history.save(tmp_path / "h.npz")
    with np.load(tmp_path / "h.npz") as file:
        assert not [name for name in file.files if name.startswith("told")]


def test_every_slot_may_tell():
    @dataclass(frozen=True)
    class Drawing(Uniform):
        def tell(self, outcome):
            return {"first": outcome.cohort.ids[0]}

    @dataclass(frozen=True)
    class Passing(Layer):
        def tell(self, outcome):
            return {"shortened": int(outcome.shortened.sum())}

        def shortened(self, rows):
            return rows[:, 0] > -np.inf

    history = fp.run(fp.Experiment(**EXP, schedule=Drawing(), channel=(Passing(),)))
    assert history.told["first"][1:].tolist() == [0, 0, 0]
    assert history.told["shortened"][1:].tolist() == [4, 4, 4]


@pytest.mark.parametrize(
    ("told", "words"),
    [
        ({"Spread": 1.0}, "'Spread' is no name"),
        ({"": 1.0}, "is no name"),
        ({"a" * 41: 1.0}, "is no name"),
        ({"ä": 1.0}, "is no name"),
        ({3: 1.0}, "'3' is no name"),
        ({"accuracy": 1.0}, "'accuracy' is a column that every history has"),
        ({"client_3": 1.0}, "'client_3' is a column"),
        ({"spread": "far"}, "spread='far': must be a number"),
        ({"spread": 1j}, "must be a number"),
        ({"spread": None}, "must be a number"),
        ([1.0], r"must return a dict of numbers by name, not \[1.0\]"),
        ({"twice": 1.0}, "'twice' is told by another stage too"),
    ],
    ids=str,
)
def test_what_cannot_be_told_is_refused_with_the_stage_that_tells_it(told, words):
    @dataclass(frozen=True)
    class Odd(fp.Algorithm):
        def tell(self, outcome):
            return told

    @dataclass(frozen=True)
    class First(Uniform):
        def tell(self, outcome):
            return {"twice": 0.0}

    with pytest.raises(ValueError, match=r"Odd\.tell: .*" + words):
        fp.run(fp.Experiment(**EXP, algorithm=Odd(), schedule=First()))
    assert issubclass(First, Schedule)


def test_a_file_that_tells_what_cannot_be_told_is_refused(tmp_path):
    history = fp.run(fp.Experiment(rounds=2, clients=3))
    history.save(tmp_path / "h.npz")
    with np.load(tmp_path / "h.npz") as file:
        arrays = dict(file)
    for name, array, words in (
        ("told_accuracy", np.zeros(3), "is a column that every history has"),
        ("told_Spread", np.zeros(3), "is no name"),
        ("told_spread", np.zeros(4), "told_spread should have shape"),
        ("told_spread", np.array(["a", "b", "c"]), "of numbers"),
        ("tell_spread", np.zeros(3), "is no part of one"),
    ):
        np.savez(tmp_path / "bad.npz", **arrays | {name: array})
        with pytest.raises(ValueError, match=words):
            fp.History.load(tmp_path / "bad.npz")
    np.savez(tmp_path / "good.npz", **arrays | {"told_spread": np.arange(3.0)})
    assert fp.History.load(tmp_path / "good.npz").told["spread"].tolist() == [0, 1, 2]
