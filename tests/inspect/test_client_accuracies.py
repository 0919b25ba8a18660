"""Three models for every client: the numbers are those of History, and of loops written plainly."""

from __future__ import annotations

import numpy as np
import pytest

import fedplay as fp
from fedplay.engine.client_models import local_only, personal_accuracy
from fedplay.engine.loop import Run, stream
from fedplay.engine.training import Trainer
from fedplay.inspect import client_accuracies as module
from fedplay.inspect.client_accuracies import ALONE, GLOBAL, PERSONAL, client_accuracies
from fedplay.inspect.client_models import personal_models
from tests.support.reference import random_federation

BASE = fp.Experiment(rounds=6, clients=7, local_epochs=2, alpha=0.2)
DEEP = BASE.replace(model="mlp", hidden=(8,), participation=0.5)
METHODS = [
    BASE,
    BASE.replace(personal="none"),
    BASE.replace(batch_size=None, stragglers=0.5),
    BASE.replace(stragglers=0.5, partial_work="dropped"),
    DEEP,
    DEEP.replace(personal="ditto"),
    DEEP.replace(personal="apfl"),
    DEEP.replace(personal="interpolation"),
    DEEP.replace(algorithm="fedper"),
    DEEP.replace(algorithm="fedrep"),
    DEEP.replace(algorithm="ifca"),
    DEEP.replace(algorithm="pfedme"),
    DEEP.replace(algorithm="perfedavg"),
    DEEP.replace(algorithm="scaffold"),
]


def taken(run, number, w=None):
    w = list(stream(run))[number].parameters if w is None else w
    *pieces, last = client_accuracies(run, number, w)
    assert all(piece is None for piece in pieces)
    return last


def right(run, w, X, y):
    """The share of examples that one model gets right."""
    ones = np.column_stack([X, np.ones(len(X))]).astype(run.exp.dtype)
    return np.mean(run.network.outputs(w, ones).argmax(axis=-1) == y)


@pytest.mark.parametrize("exp", METHODS, ids=repr)
def test_on_own_data_they_are_those_of_history(exp):
    history, run = fp.run(exp), Run(exp)
    last = taken(run, exp.rounds)
    np.testing.assert_array_equal(last.own[GLOBAL], history.client_accuracy[-1])
    np.testing.assert_array_equal(last.own[PERSONAL], history.personal_accuracy)
    np.testing.assert_array_equal(last.own[ALONE], history.local_accuracy)
    np.testing.assert_array_equal(last.test[GLOBAL], np.full(7, history.accuracy[-1]))


@pytest.mark.parametrize("exp", [BASE, DEEP.replace(personal="ditto")], ids=repr)
@pytest.mark.parametrize("number", [0, 2, 5])
def test_any_round_by_itself_and_one_model_after_another(exp, number):
    run, rounds = Run(exp), list(stream(Run(exp)))
    got, fed = taken(run, number, rounds[number].parameters), run.federation
    *_, alone = local_only(run, [r.cohort for r in rounds[1 : number + 1]])
    np.testing.assert_array_equal(got.own[ALONE], alone)
    np.testing.assert_array_equal(got.own[PERSONAL], personal_accuracy(run, rounds[number]))
    pieces = personal_models(run, rounds[number].parameters, number, run.panel)
    while True:
        try:
            next(pieces)
        except StopIteration as end:
            W = end.value
            break
    for k in range(7):
        assert got.test[PERSONAL, k] == right(run, W[k], fed.X_test, fed.y_test)
        held = fed.held.of(k)
        assert got.own[PERSONAL, k] == right(run, W[k], fed.X[held], fed.y[held])


def test_lone_models_are_judged_on_everybodys_test_set():
    exp = BASE.replace(dtype="float64")
    run, fed = Run(exp), Run(exp).federation
    got = taken(run, 3)
    for k in range(7):
        W, ids = run.initial()[None], np.array([k])
        for number in range(1, 4):
            W = run.trainer(W, None, ids=ids, round=number, epochs=2)
        assert got.test[ALONE, k] == right(run, W[0], fed.X_test, fed.y_test)


def test_it_does_not_matter_how_small_the_pieces_are(monkeypatch):
    whole = taken(Run(DEEP), 6)
    monkeypatch.setattr(module, "PIECE", 1)
    parts = taken(Run(DEEP), 6)
    np.testing.assert_array_equal(parts.own, whole.own)
    np.testing.assert_array_equal(parts.test, whole.test)


@pytest.mark.parametrize("saved", [0, 10**9])
def test_forwards_it_goes_on_and_backwards_it_begins_where_it_can(saved, monkeypatch):
    monkeypatch.setattr(module, "SAVED", max(saved, 1))
    run = Run(BASE)
    rounds = list(stream(run))  # who took part is recorded
    trained, train = [], Trainer._train

    def counted(self, W, correction, ids, round, *rest):
        trained.append(round)
        return train(self, W, correction, ids, round, *rest)

    fresh = {n: taken(Run(BASE), n, rounds[n].parameters) for n in (1, 3, 4)}
    run.personal = BASE.replace(personal="none").stage("personal")
    monkeypatch.setattr(Trainer, "_train", counted)
    for number in (3, 4, 1, 4):
        got = taken(run, number, rounds[number].parameters)
        np.testing.assert_array_equal(got.own[ALONE], fresh[number].own[ALONE])
        np.testing.assert_array_equal(got.called, fresh[number].called)
    assert sorted(set(trained)) == [1, 2, 3, 4]
    assert len(trained) == (4 if saved else 5), "a known round costs nothing"


def test_given_up_half_way_it_comes_out_the_same(monkeypatch):
    monkeypatch.setattr(module, "PIECE", 1)
    run, rounds = Run(BASE), list(stream(Run(BASE)))
    whole = taken(Run(BASE), 6, rounds[6].parameters)
    total = len(list(client_accuracies(Run(BASE), 6, rounds[6].parameters)))
    for stop in range(1, total, 7):
        for _, _ in zip(range(stop), client_accuracies(run, 6, rounds[6].parameters), strict=False):
            pass
    got = taken(run, 6, rounds[6].parameters)
    np.testing.assert_array_equal(got.own, whole.own)
    np.testing.assert_array_equal(got.test, whole.test)


def test_who_was_never_called_has_no_model_alone():
    exp = BASE.replace(clients=20, participation=0.1, rounds=2)
    run, rounds = Run(exp), list(stream(Run(exp)))
    got = taken(run, 2, rounds[2].parameters)
    called = np.isin(np.arange(20), np.concatenate([r.cohort for r in rounds]))
    np.testing.assert_array_equal(got.called, called)
    assert not called.all()
    for test in (False, True):
        np.testing.assert_array_equal(np.isfinite(got.judged(test)[ALONE]), called)
    assert np.isfinite(got.own[ALONE]).all(), "as in History, it is the first model"


def test_data_without_a_test_set_or_without_held_out_examples():
    rng = np.random.default_rng(0)
    fed = random_federation(rng, (4, 30, 12), d=3, C=2, test_fraction=0.0)
    got = taken(Run(fp.Experiment(rounds=2, model="softmax"), fed), 2)
    assert np.isnan(got.test).all()
    assert got.tests == 0
    federation = random_federation(rng, (4, 30, 12), d=3, C=2, held_out=0.0)
    got = taken(Run(fp.Experiment(rounds=2, model="softmax"), federation), 2)
    assert np.isnan(got.own).all()
    assert np.isfinite(got.test).all()


def test_models_that_are_not_finite_are_not_judged():
    run = Run(BASE)
    got = taken(run, 2, np.full(run.network.P, np.nan, np.float32))
    assert np.isnan(got.own[:2]).all()
    assert np.isnan(got.test[:2]).all()
    assert np.isfinite(got.own[ALONE]).all()


def test_a_crowd_is_its_panel_in_short_pieces():
    exp = fp.Experiment(
        partition="resampled", clients=3000, client_examples=10, rounds=2, participation=0.01
    )
    run = Run(exp)
    got = taken(run, 2)
    assert got.own.shape == (3, len(run.panel)) == (3, 1000)
    np.testing.assert_array_equal(got.examples, run.federation.sizes[run.panel])
