"""The command line, run as a person would."""

from __future__ import annotations

import hashlib
import io
import os
import re
import signal
import subprocess
import sys
from pathlib import Path

import matplotlib
import numpy as np
import pytest

import fedplay as fp
from fedplay import cli
from fedplay.cli import _summary, main
from fedplay.cost import LIMIT

POSIX = pytest.mark.skipif(os.name == "nt", reason="Windows has other pipes and signals")


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
    common = ["run", str(tmp_path / "exp.json"), "-o", str(tmp_path / "h.npz")]
    assert main(common) == 2  # digits have no natural clients
    assert main([*common, "--data", str(tmp_path / "own.csv")]) == 0  # and this table has
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


# --- what could not be written is refused before anything is computed -----------------------------


@pytest.fixture
def desk(tmp_path, monkeypatch):
    """A folder to work in, with an experiment; nothing may be trained that is to be refused."""
    monkeypatch.chdir(tmp_path)
    Path("exp.json").write_text('{"clients": 4, "rounds": 2}')
    return tmp_path


def refused(capsys, arguments, sentence, monkeypatch):
    def trained(*_):
        raise AssertionError("it is trained first")

    before = sorted(os.listdir())
    with monkeypatch.context() as patch:
        patch.setattr("fedplay.engine.loop.stream", trained)
        assert main(["run", *arguments]) == cli.REFUSED
    error = capsys.readouterr().err
    assert re.fullmatch(f"fedplay: {sentence}\n", error), error
    assert sorted(os.listdir()) == before


@POSIX
@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["-o", "nodir/x.npz"], "nodir/x.npz: cannot be written: there is no folder nodir"),
        (["--table", "nodir/x.csv"], "nodir/x.csv: cannot be written: there is no folder nodir"),
        (["-o", "folder"], "folder: cannot be written: it is a folder"),
        (["-o", ""], "'': cannot be written: no file is named"),
        (["-o", "x" * 256], "x{256}: cannot be written: .+"),
        (["-o", "a", "--table", "a"], "a, a: are the same file, and one would .+"),
        (["-o", "a", "--table", "./a"], r"a, \./a: are the same file, and one would .+"),
        (["-o", "a", "--table", "folder/../a"], r"a, folder/\.\./a: are the same file, .+"),
        (["-o", "a", "--table", "link"], "a, link: are the same file, and one would .+"),
        (["-o", "a", "--table", "A"], "a, A: are the same file, and one would .+"),
        (["--table", "history.npz"], "history.npz, history.npz: are the same file, .+"),
        (["-o", "exp.json"], "exp.json, exp.json: are the same file, .+"),
        (["--table", "EXP.json"], "exp.json, EXP.json: are the same file, .+"),
        (["--data", "own.csv", "--table", "own.csv"], "own.csv, own.csv: are the same file, .+"),
        (["--data", "own.csv", "--data", "own.csv"], "--data: can be given once, not 2 times"),
        (["--data", "none.csv"], "none.csv: cannot be read: .+"),
        (["--data", "folder"], "folder: is a folder, not a file"),
        (["--data", "/dev/zero"], "/dev/zero: is a device or a pipe, not a regular file"),
        (["--data", "exp.json"], "exp.json: CSV: .+"),
    ],
)
def test_outputs_and_inputs_are_checked_first(desk, capsys, monkeypatch, arguments, sentence):
    Path("folder").mkdir()
    Path("link").symlink_to("a")
    Path("own.csv").write_text("label,a\n" + "x,1\ny,2\n" * 30)
    refused(capsys, ["exp.json", *arguments], sentence, monkeypatch)


@POSIX
@pytest.mark.parametrize(
    ("path", "sentence"),
    [
        ("none.json", "none.json: cannot be read: .+"),
        ("folder", "folder: is a folder, not a file"),
        ("/dev/zero", "/dev/zero: is a device or a pipe, not a regular file"),
        ("pipe", "pipe: is a device or a pipe, not a regular file"),
    ],
)
def test_an_experiment_is_read_from_a_file(desk, capsys, monkeypatch, path, sentence):
    Path("folder").mkdir()
    os.mkfifo("pipe")
    refused(capsys, [path], sentence, monkeypatch)


def test_an_experiment_may_come_from_standard_input(desk, capsys, monkeypatch):
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(b'{"clients": 3, "rounds": 1}')))
    assert main(["run", "-"]) == cli.DONE
    assert fp.History.load("history.npz").experiment == fp.Experiment(clients=3, rounds=1)
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(b" " * 70_000)))
    refused(capsys, ["-"], "-: JSON: is larger than 65,536 bytes", monkeypatch)
    monkeypatch.setattr("sys.stdin", None)
    refused(capsys, ["-"], "-: standard input is closed", monkeypatch)


@pytest.mark.parametrize("limit", ["--max-memory", "--max-seconds"])
@pytest.mark.parametrize("amount", ["nan", "0", "-1", "much"])
def test_a_limit_is_a_number_above_zero(desk, capsys, limit, amount):
    with pytest.raises(SystemExit) as ended:
        main(["run", "exp.json", limit, amount])
    assert ended.value.code == cli.REFUSED
    assert "invalid number above 0 value" in capsys.readouterr().err


def test_the_help_names_the_limits(capsys):
    with pytest.raises(SystemExit):
        main(["run", "--help"])
    said = " ".join(capsys.readouterr().out.split())
    assert f"memory (default: {LIMIT.bytes / 1e6:g})" in said
    assert f"longer (default: about {LIMIT.seconds:g})" in said


# --- a table of one's own -------------------------------------------------------------------------

ROWS = b"label,client,a\n" + b"".join(
    f"{'xy'[i % 2]},site {i % 4},{i % 2 + i / 100}\n".encode() for i in range(80)
)


@pytest.fixture
def nothing_loaded(monkeypatch):
    monkeypatch.setattr("fedplay.data.sources.table_file._loaded", {})


def test_a_renamed_table_is_found_by_its_hash(desk, capsys, monkeypatch, nothing_loaded):
    key = f"csv:mine.csv:{hashlib.sha256(ROWS).hexdigest()[:16]}"
    Path("exp.json").write_text(
        f'{{"data": "{key}", "partition": "natural", "clients": 4, "rounds": 1}}'
    )
    Path("renamed.csv").write_bytes(ROWS)
    Path("other.csv").write_bytes(ROWS + b"x,site 0,1\n")
    sentence = "exp.json: runs on mine.csv, a CSV file: give it with --data"
    refused(capsys, ["exp.json"], sentence, monkeypatch)
    sentence = f"other.csv: is not the file that the experiment runs on, mine.csv .+{key[-16:]}"
    refused(capsys, ["exp.json", "--data", "other.csv"], sentence, monkeypatch)
    assert main(["run", "exp.json", "--data", "renamed.csv"]) == cli.DONE
    monkeypatch.setattr("fedplay.data.sources.table_file._loaded", {})
    assert fp.History.load("history.npz").experiment == fp.Experiment(
        data=key, partition="natural", clients=4, rounds=1
    )


def test_a_key_that_names_no_file(desk, capsys, monkeypatch):
    Path("exp.json").write_text('{"data": "csv:mine.csv:zz"}')
    Path("own.csv").write_bytes(ROWS)
    for given in ([], ["--data", "own.csv"]):
        refused(capsys, ["exp.json", *given], "exp.json: data='csv:mine.csv:zz': .+", monkeypatch)


# --- the sentence at the end ----------------------------------------------------------------------


def test_means_are_of_the_clients_that_hold_something_out(desk, capsys):
    alone = b"".join(f"x,alone {k},0.5\n".encode() for k in range(3))
    Path("own.csv").write_bytes(ROWS + alone)
    Path("exp.json").write_text('{"partition": "natural", "clients": 7, "rounds": 2}')
    assert main(["run", "exp.json", "--data", "own.csv"]) == cli.DONE
    said = capsys.readouterr().out
    history = fp.History.load("history.npz")
    assert np.isnan(history.client_accuracy[-1]).sum() == 3
    assert "nan" not in said
    assert "means of 4 of 7 clients" in said
    for values in (history.client_accuracy[-1], history.personal_accuracy, history.local_accuracy):
        assert f"{np.nanmean(values):.3f}" in said


def test_where_nobody_holds_anything_out_it_says_so(desk, capsys):
    Path("own.csv").write_bytes(b"label,client,a\n" + b"".join(
        f"{'xy'[i % 2]},c{i},{i % 2}\n".encode() for i in range(40)
    ))  # fmt: skip
    Path("exp.json").write_text('{"partition": "natural", "clients": 40, "rounds": 1}')
    assert main(["run", "exp.json", "--data", "own.csv"]) == cli.DONE
    assert "no client holds data out" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("choices", "said"),
    [
        ('"learning_rate": 1000, "rounds": 5', r"Diverged in round \d of 5\."),
        ('"data": "quadratics", "model": "quadratic", "rounds": 2', r"2 rounds: loss \d\.\d+, 0"),
        ('"noise_multiplier": 1, "delta": 0.01, "rounds": 1', r"ε \d\.\d\d\."),
    ],
)
def test_what_came_of_it(desk, capsys, choices, said):
    Path("exp.json").write_text(f'{{"clients": 4, {choices}}}')
    assert main(["run", "exp.json"]) == cli.DONE
    out = capsys.readouterr().out
    assert re.search(said, out)
    assert "nan" not in out


# --- terminals, pipes, Ctrl-C ---------------------------------------------------------------------


def fedplay(*arguments, **options):
    """The command in a process of its own; what it says."""
    options = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE} | options
    return subprocess.run([sys.executable, "-m", "fedplay", *arguments], text=True, **options)


@pytest.mark.parametrize("encoding", ["ascii", "latin-1"])
def test_letters_that_a_terminal_does_not_have(desk, encoding):
    Path("exp.json").write_text('{"clients": 4, "rounds": 1, "noise_multiplier": 1, "delta": 0.01}')
    done = fedplay("run", "exp.json", env=os.environ | {"PYTHONIOENCODING": encoding})
    assert (done.returncode, done.stderr) == (cli.DONE, "")
    assert "Written: history.npz" in done.stdout


@POSIX
def test_whoever_has_read_enough_may_leave(desk):
    read, write = os.pipe()
    os.close(read)
    done = fedplay("run", "exp.json", stdout=write)
    os.close(write)
    assert (done.returncode, done.stderr) == (cli.FAILED, "")
    assert fp.History.load("history.npz").rounds == 2


@POSIX
@pytest.mark.parametrize("closed", [0, 1, 2])
def test_closed_streams_are_no_trouble(desk, closed):
    done = fedplay("run", "exp.json", preexec_fn=lambda: os.close(closed))
    assert (done.returncode, done.stderr) == (cli.DONE, "")
    assert fp.History.load("history.npz").rounds == 2


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="asks for /dev")
def test_a_full_disk_is_one_sentence_and_the_other_file_is_written(desk):
    done = fedplay("run", "exp.json", "-o", "/dev/full", "--table", "h.csv")
    assert done.returncode == cli.FAILED
    assert re.fullmatch("fedplay: /dev/full: cannot be written: [A-Za-z ]+\n", done.stderr)
    assert "Written: h.csv\n" in done.stdout
    with open("/dev/full", "wb") as full:
        done = fedplay("run", "exp.json", stdout=full)
    assert done.returncode == cli.FAILED
    assert re.fullmatch("fedplay: [A-Za-z ]+\n", done.stderr)


@pytest.mark.skipif(not os.path.exists("/dev/stdout"), reason="asks for /dev")
@pytest.mark.parametrize("where", ["pipe", "file"])
def test_a_result_on_standard_output_is_not_mixed_with_words(desk, where):
    with Path("out").open("w+") as out:
        to = subprocess.PIPE if where == "pipe" else out
        done = fedplay("run", "exp.json", "--table", "/dev/stdout", stdout=to)
        out.seek(0)
        got = done.stdout if where == "pipe" else out.read()
    assert done.returncode == cli.DONE
    assert got == fp.History.load("history.npz").to_csv()
    assert "Written: history.npz, /dev/stdout" in done.stderr


@POSIX
def test_ctrl_c_leaves_nothing_and_says_so(desk):
    """Interrupted by itself, while it trains."""
    code = (
        "import os, signal, sys\n"
        "from fedplay import cli\n"
        "from fedplay.engine.loop import Run\n"
        "signal.signal(signal.SIGINT, signal.default_int_handler)\n"  # also in the background
        "Run.advance = lambda *_: os.kill(os.getpid(), signal.SIGINT)\n"
        "sys.exit(cli.main(['run', 'exp.json']))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert (done.returncode, done.stderr) == (cli.INTERRUPTED, "fedplay: interrupted\n")
    assert done.returncode == 128 + signal.SIGINT
    assert os.listdir() == ["exp.json"]


# --- doctor ---------------------------------------------------------------------------------------

WITHOUT_NUMPY = """import sys
sys.modules["numpy"] = None
from fedplay.cli import main
sys.exit(main())"""


def test_the_doctor_names_what_is_broken_or_missing(tmp_path):
    (tmp_path / "ipywidgets.py").write_text("raise RuntimeError('of two\\nlines')")
    (tmp_path / "dp_accounting.py").write_text("import nothing_of_this_name")
    done = subprocess.run(
        [sys.executable, "-c", WITHOUT_NUMPY, "doctor"], capture_output=True, text=True,
        env=os.environ | {"PYTHONPATH": os.pathsep.join([str(tmp_path), *sys.path])},
    )  # fmt: skip
    assert (done.returncode, done.stderr) == (cli.FAILED, "")
    assert re.search(
        "ipywidgets .*, but cannot be loaded: RuntimeError: of two lines\n", done.stdout
    )
    assert re.search("dp-accounting .*, but cannot be loaded: ModuleNotFound.*\n", done.stdout)
    assert re.search("numpy .*, but cannot be loaded", done.stdout)
    assert "engine          fails: ModuleNotFoundError: import of numpy halted" in done.stdout


def test_a_run_without_numpy_is_one_sentence(desk):
    done = subprocess.run(
        [sys.executable, "-c", WITHOUT_NUMPY, "run", "exp.json"], capture_output=True, text=True
    )
    assert done.returncode == cli.FAILED
    assert re.fullmatch("fedplay: .*numpy.*`fedplay doctor`.*\n", done.stderr)


def test_the_doctor_needs_no_home(tmp_path):
    bare = {name: value for name, value in os.environ.items() if name not in ("HOME", "PATH")}
    bare |= {"MPLCONFIGDIR": matplotlib.get_cachedir()}  # else all fonts are looked for again
    done = fedplay("doctor", env=bare | {"TERM": "weird", "COLUMNS": "1", "PATH": ""})
    assert (done.returncode, done.stderr) == (cli.DONE, "")
    assert "engine          works" in done.stdout


def own_data(held_out):
    """Two clients of twenty examples, and two of a single one, which hold nothing out."""
    rng = np.random.default_rng(0)
    X = rng.normal(size=(42, 2))
    owner = np.repeat(np.arange(4), [20, 20, 1, 1])
    return fp.Federation.from_arrays(
        X,
        (X[:, 0] > 0).astype(int),
        owner,
        X_test=X[:9],
        y_test=(X[:9, 0] > 0).astype(int),
        held_out=held_out,
    )


def test_the_summary_is_of_the_clients_that_hold_something_out():
    history = fp.run(fp.Experiment(rounds=3), own_data(0.2))
    assert history.judged.tolist() == [True, True, False, False]
    for accuracy in (history.client_accuracy[-1], history.personal_accuracy):
        assert history.own_mean(accuracy) == accuracy[:2].mean()
    said = _summary(history)
    assert "nan" not in said
    assert "; means of 2 of 4 clients)" in said
    assert f"({history.personal_accuracy[:2].mean():.3f} personalised, " in said


def test_the_summary_says_so_where_nobody_holds_anything_out_or_there_is_no_accuracy():
    history = fp.run(fp.Experiment(rounds=3), own_data(0.0))
    assert np.isnan(history.own_mean(history.personal_accuracy))
    assert "no client holds data out" in _summary(history)
    bowls = fp.Experiment(data="quadratics", partition="natural", model="quadratic", rounds=3)
    assert "3 rounds: loss " in _summary(fp.run(bowls))
    assert "nan" not in _summary(fp.run(bowls))
