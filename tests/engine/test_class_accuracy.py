"""Accuracy by class, every round: scikit-learn's recall; and messages, counted beside bytes."""

from __future__ import annotations

import copy
import pickle

import numpy as np
import pytest
from sklearn.metrics import recall_score

import fedplay as fp
from fedplay.cost import estimate
from fedplay.engine import loop, measures
from fedplay.engine.history import History
from fedplay.engine.loop import Run, stream
from fedplay.models import likeliest
from fedplay.scopes import calm


def recalls(run, w):
    fed = run.federation
    said = likeliest(run.network.outputs(w, run.network.encode(fed.X_test, w.dtype)))
    return recall_score(fed.y_test, said, labels=np.arange(fed.C), average=None, zero_division=0)


@pytest.mark.parametrize("knobs", [{}, {"model": "mlp"}, {"data": "moons"}, {"dtype": "float64"}])
def test_it_is_the_recall_of_each_class(knobs):
    run = Run(fp.Experiment(rounds=5, partition="classes", clients=5, **knobs))
    rounds = list(stream(run))
    history = History.of(run, rounds)
    wanted = [recalls(run, r.parameters) for r in rounds]
    np.testing.assert_allclose(history.class_accuracy, wanted, rtol=0, atol=1e-15)
    share = history.class_counts / history.class_counts.sum()
    np.testing.assert_allclose(history.class_accuracy @ share, history.accuracy, atol=1e-12)
    together = fp.run(run.exp).class_accuracy  # several models judged at once
    np.testing.assert_array_equal(together, history.class_accuracy)


def test_a_class_without_test_examples_has_none():
    rng = np.random.default_rng(0)
    y = np.arange(60) % 3
    fed = fp.Federation.from_arrays(
        rng.normal(size=(60, 2)),
        y,
        np.arange(60) % 4,
        X_test=rng.normal(size=(10, 2)),
        y_test=np.arange(10) % 2,
    )
    history = fp.run(fp.Experiment(rounds=2), fed)
    assert history.class_counts.tolist() == [5, 5, 0]
    assert np.isnan(history.class_accuracy[:, 2]).all()
    assert np.isfinite(history.class_accuracy[:, :2]).all()


def test_a_model_that_is_not_finite_has_none():
    run = Run(fp.Experiment(rounds=1))
    w = run.initial()
    w[3] = np.inf
    with calm():
        alone, (first, second) = run.evaluate(w), run.evaluate.several(np.array([w, run.initial()]))
    assert np.isnan(alone.class_accuracy).all()
    assert np.isnan(first.class_accuracy).all()
    assert np.isfinite(second.class_accuracy).all()


def test_a_model_without_accuracy_has_no_classes():
    history = fp.run(fp.Experiment(data="quadratics", model="quadratic", rounds=2))
    assert history.class_accuracy.shape == (3, 0)
    assert history.class_counts.tolist() == []


def test_it_is_kept_in_files_copies_and_tables(tmp_path):
    history = fp.run(fp.Experiment(rounds=2, clients=3))
    history.save(path := tmp_path / "run.npz")
    for other in (History.load(path), copy.deepcopy(history), pickle.loads(pickle.dumps(history))):
        for name in ("class_accuracy", "class_counts", "messages_up", "messages_down"):
            np.testing.assert_array_equal(getattr(other, name), getattr(history, name))
        assert other.state == history.state
    table = history.table()
    np.testing.assert_array_equal(table["class_7"], history.class_accuracy[:, 7])
    assert table["messages_up"].tolist() == [0, 3, 6]
    assert "class_9" in history.to_csv().splitlines()[0].split(",")


NEW = ("class_accuracy", "class_counts", "messages_up", "messages_down")


def rewritten(path, **changed):
    with np.load(path) as file:
        arrays = {name: file[name] for name in file.files} | changed
    np.savez(path, **{name: array for name, array in arrays.items() if array is not None})


def test_files_of_earlier_versions_load(tmp_path):
    history = fp.run(fp.Experiment(rounds=2, clients=3))
    history.save(path := tmp_path / "run.npz")
    rewritten(path, **dict.fromkeys(NEW))
    old = History.load(path)
    assert old.class_accuracy.shape == (3, 0)
    assert np.isnan(old.messages_up).all()
    assert old.state.name in ("fine", "not judged")
    assert "class_0" not in old.table()


def test_a_file_whose_classes_do_not_fit_is_none(tmp_path):
    history = fp.run(fp.Experiment(rounds=2, clients=3))
    history.save(path := tmp_path / "run.npz")
    rewritten(path, class_accuracy=np.zeros((3, 7)))
    with pytest.raises(ValueError, match=r"class_accuracy should have shape \(3, 10\)"):
        History.load(path)
    rewritten(path, class_accuracy=None)
    rewritten(path, class_counts=np.zeros((2, 5), int))
    with pytest.raises(ValueError, match="class_counts should have shape"):
        History.load(path)


def test_nobody_else_may_tell_what_is_called_like_a_class():
    with pytest.raises(ValueError, match="class_3"):
        fp.register(fp.Measure("class_3", lambda r, run: 0.0))


# --- of some classes together, as a measure ------------------------------------------------------


@pytest.fixture
def registered(monkeypatch):
    monkeypatch.setattr(measures, "OWN", own := {})
    monkeypatch.setattr(loop, "OWN", own)
    return fp.register


def test_the_accuracy_on_some_classes_is_a_curve(registered):
    registered(fp.class_accuracy("7", 9))
    run = Run(fp.Experiment(rounds=3, clients=5))
    rounds = list(stream(run))
    fed = run.federation
    some = np.isin(fed.y_test, [7, 9])
    for r in rounds:
        X = run.network.encode(fed.X_test[some], r.parameters.dtype)
        said = likeliest(run.network.outputs(r.parameters, X))
        assert r.told["accuracy_on_7_9"] == pytest.approx((said == fed.y_test[some]).mean())
    assert "accuracy_on_7_9" in History.of(run, rounds).table()


def test_classes_that_there_are_not_are_named(registered):
    registered(fp.class_accuracy("7", "ten"))
    with pytest.raises(ValueError, match="class 'ten': must be one of"):
        fp.run(fp.Experiment(rounds=1, clients=3))
    other = fp.run(fp.Experiment(data="penguins", rounds=1, clients=3))
    assert np.isnan(other.told["accuracy_on_7_ten"]).all(), "other data have other classes"
    quadratic = fp.run(fp.Experiment(data="quadratics", model="quadratic", rounds=1))
    assert np.isnan(quadratic.told["accuracy_on_7_ten"]).all()
    with pytest.raises(ValueError, match="at least one class"):
        fp.class_accuracy()


# --- messages -------------------------------------------------------------------------------------


def test_one_message_goes_each_way_for_each_client_of_a_round():
    history = fp.run(fp.Experiment(rounds=4, clients=10, participation=0.3))
    there = np.cumsum([len(ids) for ids in history.cohort])
    assert history.messages_up.tolist() == there.tolist()
    assert history.messages_down.tolist() == there.tolist()
    assert history.messages_up.dtype.kind == "i"
    each = history.bytes_up[1:] / history.messages_up[1:]
    assert len(set(each)) == 1, "so many bytes are one message"


def test_a_straggler_that_is_dropped_was_called_but_does_not_answer():
    history = fp.run(
        fp.Experiment(rounds=4, clients=10, stragglers=0.5, local_epochs=5, partial_work="dropped")
    )
    came = np.cumsum([len(ids) for ids in history.cohort])
    assert history.messages_up.tolist() == came.tolist()
    assert history.messages_down.tolist() == [0, 10, 20, 30, 40]
    assert came[-1] < 40


def test_where_all_data_lie_together_nothing_travels():
    history = fp.run(fp.Experiment(rounds=3, algorithm="centralised"))
    for sent in (history.bytes_up, history.bytes_down, history.messages_up, history.messages_down):
        assert not sent.any()
    assert estimate(history.experiment).bytes_up == 0
