"""CSV files of one's own: by what they are known, and how people's files are read or refused."""

from __future__ import annotations

import hashlib
import pickle

import numpy as np
import pytest

import fedplay as fp
from fedplay.data import TableFile, load_csv, source_of
from fedplay.data.sources import table_file


def rows(header, n=60, seed=0):
    rng = np.random.default_rng(seed)
    lines = [f"{'no' if i % 3 else 'yes'},{rng.normal():.4f},{rng.normal():.4f}" for i in range(n)]
    return "\n".join([header, *lines, ""]).encode()


# --- by what a file is known ----------------------------------------------------------------------


def absent(content: bytes) -> str:
    """The key of a file that this process has not read."""
    return f"csv:elsewhere.csv:{hashlib.sha256(content).hexdigest()[:16]}"


@pytest.fixture
def own():
    content = rows("label,a,b")
    yield fp.Experiment(data=load_csv(content, name="mine.csv"), clients=3, rounds=2), content
    load_csv(content, name="mine.csv")


def forget() -> None:
    """As in a new process."""
    table_file._loaded.clear()


def test_a_file_is_found_under_another_name(own):
    exp, content = own
    before = fp.run(exp)
    forget()
    again = fp.Experiment.from_json(exp.to_json())
    renamed = load_csv(content, name="renamed.csv")
    assert renamed != exp.data
    assert np.array_equal(fp.run(again).accuracy, before.accuracy)
    assert again == exp == exp.replace(data=renamed)
    assert hash(again) == hash(exp.replace(data=renamed))
    assert TableFile(renamed) == TableFile(exp.data) == source_of(exp.data)
    assert (TableFile(renamed).name, TableFile(exp.data).name) == ("renamed.csv", "mine.csv")
    assert exp.replace(data=load_csv(rows("label,a,b", seed=1), name="mine.csv")) != exp


def test_a_history_needs_no_data(own, tmp_path):
    exp, _ = own
    history = fp.run(exp)
    history.save(tmp_path / "h.npz")
    forget()
    again = fp.History.load(tmp_path / "h.npz")
    assert again.experiment == exp
    assert np.array_equal(again.accuracy, history.accuracy)
    assert np.array_equal(again.personal_accuracy, history.personal_accuracy)
    assert np.array_equal(again.local_accuracy, history.local_accuracy)
    assert again.to_csv() == history.to_csv()
    again.save(tmp_path / "again.npz")
    assert fp.History.load(tmp_path / "again.npz").experiment == exp


def test_an_experiment_on_an_absent_file_is_described_and_not_run():
    key = absent(rows("label,a", seed=9))
    exp = fp.Experiment(data=key, partition="natural", clients=7)
    assert not exp.source.present
    assert fp.Experiment.from_json(exp.to_json()) == exp == pickle.loads(pickle.dumps(exp))
    assert exp.replace(rounds=3).data == key
    for use in (fp.run, fp.Experiment.cost, fp.Playground, fp.compare, fp.newcomer):
        with pytest.raises(ValueError, match=r"data='csv:elsew.*load it first with fp\.load_csv$"):
            use(exp)


def test_what_does_not_go_together_is_refused_once_the_file_is_there(own):
    exp, content = own
    forget()
    many = exp.replace(clients=1000)
    load_csv(content)
    with pytest.raises(ValueError, match="clients=1000"):
        fp.run(many)
    with pytest.raises(ValueError, match="clients=1000"):
        exp.replace(clients=1000)


@pytest.mark.parametrize(
    "key", ["csv:", "csv:a:b", "csv:none:0", "csv:../x:" + "0" * 16, "csv:a:" + "g" * 16,
            "csv:a:" + "0" * 17, "csv:a:b:" + "0" * 16, "csv::" + "0" * 16]
)  # fmt: skip
def test_what_is_no_key(key):
    with pytest.raises(ValueError, match=r"^data='csv:.*names no file"):
        fp.Experiment(data=key)
