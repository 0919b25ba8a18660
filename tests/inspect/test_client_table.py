"""The table of clients: its numbers are those of History, of the data and of who was called."""

from __future__ import annotations

import csv
import io

import numpy as np
import pytest

import fedplay as fp
from fedplay.inspect.client_table import times_called
from tests.support.reference import random_federation

EXP = fp.Experiment(rounds=6, clients=8, participation=0.4, alpha=0.2)


@pytest.fixture(scope="module")
def history():
    return fp.run(EXP)


@pytest.mark.parametrize(
    "exp", [EXP, EXP.replace(model="mlp", personal="ditto"), EXP.replace(algorithm="scaffold")]
)
def test_accuracies_are_those_of_history(exp):
    history = fp.run(exp)
    found = fp.clients(history).columns()
    called = np.isin(np.arange(8), np.concatenate(history.cohort))
    np.testing.assert_array_equal(found["global_accuracy"], history.client_accuracy[-1])
    np.testing.assert_allclose(found["personal_accuracy"], history.personal_accuracy, atol=1e-12)
    np.testing.assert_allclose(
        found["alone_accuracy"], np.where(called, history.local_accuracy, np.nan), atol=1e-12
    )


def test_counts_are_those_of_the_data_and_of_the_cohorts(history):
    found, fed = fp.clients(history).columns(), history._run.federation
    for k in range(8):
        y = fed.y[fed.train.of(k)]
        assert found["examples"][k] == len(y)
        assert found["classes"][k] == len(set(y.tolist()))
        assert found["largest_class"][k] == np.bincount(y).max() / len(y)
        times = sum(k in ids for ids in history.cohort)
        assert found["called"][k] == times
        assert found["participation"][k] == times / 6


def test_a_history_from_a_file_has_the_same_table(history, tmp_path):
    history.save(tmp_path / "h.npz")
    again = fp.clients(fp.History.load(tmp_path / "h.npz"))
    for name, column in fp.clients(history).columns().items():
        assert again.columns()[name].tolist() == pytest.approx(column.tolist(), nan_ok=True), name


def test_the_csv_is_the_columns(history, tmp_path):
    table = fp.clients(history)
    text = table.to_csv(tmp_path / "clients.csv")
    assert (tmp_path / "clients.csv").read_text() == text
    head, *rows = csv.reader(io.StringIO(text))
    assert head == list(table.columns())
    assert len(rows) == 8
    for name, column in zip(head, zip(*rows, strict=True), strict=True):
        if name == "name":
            assert list(column) == [f"client {k}" for k in range(8)]
        else:
            np.testing.assert_array_equal(np.array(column, float), table.columns()[name])


def test_what_is_printed_is_short():
    exp = fp.Experiment(rounds=1, clients=30, partition="resampled", client_examples=8)
    table = fp.clients(fp.run(exp))
    assert "30 clients after 1 rounds; the first 12 are printed." in repr(table)
    assert len(table.rows()) == 13
    assert "<table>" in table._repr_html_()


def test_a_federation_of_ones_own():
    fed = random_federation(np.random.default_rng(0), [9, 14, 6])
    exp = fp.Experiment(data="arrays", clients=fed.clients, rounds=2)
    history = fp.run(exp, federation=fed)
    assert fp.clients(history).columns()["examples"].tolist() == fed.sizes.tolist()


def test_of_very_many_it_is_the_panel():
    exp = fp.Experiment(
        rounds=2, clients=100_000, partition="resampled", participation=1e-3, client_examples=8
    )
    history = fp.run(exp)
    table = fp.clients(history)
    assert (len(table.client), table.clients) == (len(history.panel), 100_000)
    took = np.concatenate(history.cohort)
    assert table.called.sum() == np.isin(took, history.panel).sum()
    assert f"{len(history.panel):,} of 100,000 clients" in table.note()


def test_times_called():
    cohorts = [np.array([1, 3]), np.array([], int), np.array([3])]
    assert times_called(cohorts, np.array([0, 1, 3, 9])).tolist() == [0, 1, 2, 0]
    assert times_called([], np.arange(2)).tolist() == [0, 0]


def test_what_is_no_history_is_refused(history):
    with pytest.raises(ValueError, match=r"must be a History, as fp\.run gives"):
        fp.clients(EXP)
    with pytest.raises(ValueError, match="this run is of data='digits', not of your own"):
        fp.clients(history, federation=history._run.federation)
    fed = random_federation(np.random.default_rng(0), [9, 14])
    own = fp.run(fp.Experiment(data="arrays", clients=2, rounds=1), federation=fed)
    with pytest.raises(ValueError, match="federation must be a Federation"):
        fp.clients(own, federation=3)
    assert fp.clients(own, federation=fed).to_csv() == fp.clients(own).to_csv()
