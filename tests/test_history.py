"""Histories as tables, files and pictures."""

from __future__ import annotations

import csv
import io

import numpy as np
import pytest
from reference import random_federation

import fedplay as fp


@pytest.fixture(scope="module")
def history():
    return fp.run(fp.Experiment(rounds=4, participation=0.5, noise_multiplier=1.0, clients=6))


def test_saved_and_loaded_it_is_the_same(history, tmp_path):
    history.save(tmp_path / "h.npz")
    again = fp.History.load(tmp_path / "h.npz")
    assert again.experiment == history.experiment
    for name in ("accuracy", "loss", "client_accuracy", "panel", "epsilon", "bytes_up",
                 "bytes_down", "parameters", "personal_accuracy", "local_accuracy"):  # fmt: skip
        np.testing.assert_array_equal(getattr(again, name), getattr(history, name))
        assert getattr(again, name).dtype == getattr(history, name).dtype
    assert all(map(np.array_equal, again.cohort, history.cohort))
    assert len(again.cohort) == 5
    assert sorted(p.name for p in tmp_path.iterdir()) == ["h.npz"]  # no temporary file is left


def test_the_history_of_own_arrays_can_be_saved_and_read(tmp_path):
    fed = random_federation(np.random.default_rng(0), [12, 20, 9])
    history = fp.run(fp.Experiment(rounds=2), fed)
    assert history.experiment.data == "arrays"
    assert history.experiment.clients == 3
    history.save(tmp_path / "own.npz")
    again = fp.History.load(tmp_path / "own.npz")
    np.testing.assert_array_equal(again.local_accuracy, history.local_accuracy)
    with pytest.raises(ValueError, match="arrays"):
        fp.run(again.experiment)


def test_as_table_frame_and_csv(history, tmp_path):
    frame = history.to_frame()
    assert list(frame.index) == [0, 1, 2, 3, 4]
    np.testing.assert_array_equal(frame["accuracy"], history.accuracy)
    np.testing.assert_array_equal(frame["client_3"], history.client_accuracy[:, 3])
    text = history.to_csv(tmp_path / "h.csv")
    assert (tmp_path / "h.csv").read_text() == text
    rows = list(csv.DictReader(io.StringIO(text)))
    assert [float(row["epsilon"]) for row in rows] == history.epsilon.tolist()


def test_repr_is_short(history):
    assert repr(history).startswith("<History of Experiment(")
    assert "4 rounds, accuracy 0." in repr(history)


def spoiled(tmp_path, history, **changes):
    history.save(tmp_path / "good.npz")
    with np.load(tmp_path / "good.npz") as file:
        arrays = dict(file)
    for name, value in changes.items():
        if value is None:
            del arrays[name]
        else:
            arrays[name] = value
    np.savez(tmp_path / "bad.npz", **arrays)
    return tmp_path / "bad.npz"


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"loss": None}, "lacks loss"),
        ({"accuracy": np.zeros(3)}, "should have shape"),
        ({"accuracy": np.zeros((5, 2))}, "not a row of numbers"),
        ({"accuracy": np.zeros(0)}, "not a row of numbers"),
        ({"client_accuracy": np.zeros((5, 7))}, "client_accuracy should have shape"),
        ({"cohort_sizes": np.array([0, 1, 1, 1, 9])}, "do not add up"),
        ({"cohort_sizes": np.array([-1, 1, 1, 1, 1])}, "do not add up"),
        ({"experiment": np.array(3)}, "is not a text"),
        ({"experiment": np.array('{"alhpa": 1}')}, "alhpa"),
        ({"parameters": np.array(["a"])}, "parameters"),
    ],
)
def test_a_file_that_does_not_hold_together_is_refused(history, tmp_path, changes, message):
    with pytest.raises(ValueError, match=message) as caught:
        fp.History.load(spoiled(tmp_path, history, **changes))
    assert "\n" not in str(caught.value)


def test_a_file_that_is_no_history_is_refused(tmp_path):
    for name, content in {"a": b"", "b": b"hello", "c": b"PK\x03\x04" + bytes(100)}.items():
        path = tmp_path / f"{name}.npz"
        path.write_bytes(content)
        with pytest.raises(ValueError):
            fp.History.load(path)
    np.savez(tmp_path / "object.npz", accuracy=np.array([{}], dtype=object))
    with pytest.raises(ValueError):
        fp.History.load(tmp_path / "object.npz")
