"""The command line, run as a person would."""

from __future__ import annotations

import subprocess
import sys

import numpy as np
import pytest

import fedplay as fp
from fedplay.cli import _summary, main


def test_run_writes_the_history_that_python_would(tmp_path, capsys):
    exp = fp.Experiment(rounds=3, clients=5)
    (tmp_path / "exp.json").write_text(exp.to_json())
    out, table = tmp_path / "h.npz", tmp_path / "h.csv"
    assert main(["run", str(tmp_path / "exp.json"), "-o", str(out), "--table", str(table)]) == 0
    history = fp.History.load(out)
    assert history.experiment == exp
    np.testing.assert_array_equal(history.accuracy, fp.run(exp).accuracy)
    assert table.read_text() == history.to_csv()
    said = capsys.readouterr().out
    assert "3 rounds: accuracy 0." in said
    assert "no privacy" in said


def test_run_with_a_table_of_ones_own(tmp_path, capsys):
    rng = np.random.default_rng(0)
    lines = ["label,client,a,b"] + [
        f"{'ab'[i % 2]},site {i % 4},{rng.normal() + i % 2:.3f},{rng.normal():.3f}"
        for i in range(120)
    ]
    (tmp_path / "own.csv").write_text("\n".join(lines))
    (tmp_path / "exp.json").write_text('{"partition": "natural", "clients": 4, "rounds": 2}')
    done = main(
        ["run", str(tmp_path / "exp.json"), "--data", str(tmp_path / "own.csv"),
         "-o", str(tmp_path / "h.npz")]
    )  # fmt: skip
    assert done == 2  # the experiment is read first, and digits have no natural clients
    (tmp_path / "exp.json").write_text('{"clients": 4, "rounds": 2}')
    assert main(
        ["run", str(tmp_path / "exp.json"), "--data", str(tmp_path / "own.csv"),
         "-o", str(tmp_path / "h.npz")]
    ) == 0  # fmt: skip
    assert fp.History.load(tmp_path / "h.npz").experiment.data.startswith("csv:own.csv:")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ('{"alhpa": 1}', "alhpa"),
        ('{"alpha": 0}', "alpha=0"),
        ('{"rounds": 5', "JSON"),
        ('{"alpha": NaN}', "NaN"),
        ('{"rounds": 100000, "model": "mlp"}', "--max-seconds|a smaller model"),
        (" " * 70_000, "64|kB|bytes"),
    ],
)
def test_a_bad_file_is_one_sentence(tmp_path, capsys, text, said):
    (tmp_path / "exp.json").write_text(text)
    assert main(["run", str(tmp_path / "exp.json"), "-o", str(tmp_path / "h.npz")]) == 2
    error = capsys.readouterr().err
    assert error.startswith("fedplay: ")
    assert error.count("\n") == 1
    import re

    assert re.search(said, error)
    assert not (tmp_path / "h.npz").exists()


def test_a_missing_file_is_one_sentence(tmp_path, capsys):
    assert main(["run", str(tmp_path / "none.json")]) == 2
    assert "none.json" in capsys.readouterr().err


def test_the_limit_is_raised_by_a_flag(tmp_path):
    exp = fp.Experiment(rounds=2, clients=5)
    (tmp_path / "exp.json").write_text(exp.to_json())
    common = ["run", str(tmp_path / "exp.json"), "-o", str(tmp_path / "h.npz")]
    assert main([*common, "--max-memory", "0.1"]) == 2
    assert main([*common, "--max-memory", "10"]) == 0


def test_doctor_tells_versions_and_tries_the_engine(capsys):
    assert main(["doctor"]) == 0
    said = capsys.readouterr().out
    assert f"fedplay {fp.__version__}" in said
    assert np.__version__ in said
    assert "engine          works" in said


def test_it_is_a_command_and_a_module():
    for command in (["-m", "fedplay"],):
        done = subprocess.run(
            [sys.executable, *command, "--version"], capture_output=True, text=True, check=True
        )
        assert done.stdout.strip() == f"fedplay {fp.__version__}"


def own_data(held_out):
    """Two clients of twenty examples, and two of a single one, which hold nothing out."""
    rng = np.random.default_rng(0)
    X = rng.normal(size=(42, 2))
    owner = np.repeat(np.arange(4), [20, 20, 1, 1])
    return fp.Federation.from_arrays(
        X, (X[:, 0] > 0).astype(int), owner, X_test=X[:9], y_test=X[:9, 0] > 0, held_out=held_out
    )


def test_the_summary_is_of_the_clients_that_hold_something_out():
    history = fp.run(fp.Experiment(rounds=3), own_data(0.2))
    assert history.judged.tolist() == [True, True, False, False]
    for accuracy in (history.client_accuracy[-1], history.personal_accuracy):
        assert history.own_mean(accuracy) == accuracy[:2].mean()
    said = _summary(history)
    assert "nan" not in said
    assert f"{history.client_accuracy[-1][:2].mean():.3f} on what 2 of 4 clients hold out" in said
    assert f"({history.personal_accuracy[:2].mean():.3f} personalised, " in said


def test_the_summary_says_so_where_nobody_holds_anything_out_or_there_is_no_accuracy():
    history = fp.run(fp.Experiment(rounds=3), own_data(0.0))
    assert np.isnan(history.own_mean(history.personal_accuracy))
    assert "no client holds anything out to be judged by, " in _summary(history)
    bowls = fp.Experiment(data="quadratics", partition="natural", model="quadratic", rounds=3)
    assert "3 rounds: loss " in _summary(fp.run(bowls))
    assert "nan" not in _summary(fp.run(bowls))
