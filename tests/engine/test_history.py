"""Histories as tables, files and pictures."""

from __future__ import annotations

import csv
import io
import itertools
import os
import tracemalloc
import zipfile

import numpy as np
import pytest

import fedplay as fp
from fedplay.engine.loop import Run, stream
from fedplay.registry import SLOTS
from tests.support.reference import random_federation


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
        ({"parameters": np.zeros(649)}, r"parameters should have shape \(650,\)"),
        ({"parameters": np.zeros((65, 10))}, r"parameters should have shape \(650,\)"),
        ({"accuracy": np.zeros(6)}, "its accuracy is not a row of numbers, 1 to 5 of them"),
        ({"panel": np.arange(7)}, "its panel is not a row of numbers, 1 to 6 of them"),
        ({"panel": np.arange(0)}, "its panel is not a row of numbers, 1 to 6 of them"),
        ({"panel": np.array([0, 1, 2, 3, 4, 6])}, "panel names a client beyond 6"),
        ({"panel": np.array([0, 1, 2, 3, 4, -1])}, "panel names a client beyond 6"),
        ({"panel": np.arange(6.0)}, "of whole numbers"),
        ({"cohort_ids": np.arange(31)}, "cohort_ids should have shape"),
        ({"cohort_ids": np.zeros((2, 2), int)}, "cohort_ids should have shape"),
        ({"cohort_sizes": np.array([2**63, 2**63, 0, 0, 0], "u8")}, "do not add up"),
        ({"personal": np.zeros((5, 5))}, "personal should have shape"),
        ({"surplus": np.zeros(3)}, "'surplus' is no part of one"),
        ({"experiment": np.array("[]")}, "an object"),
        ({"experiment": np.array("x" * 65_537)}, "is not a text"),
        ({"experiment": np.array(["{}", "{}"])}, "is not a text"),
    ],
)
def test_a_file_that_does_not_hold_together_is_refused(history, tmp_path, changes, message):
    with pytest.raises(ValueError, match=message) as caught:
        fp.History.load(spoiled(tmp_path, history, **changes))
    assert str(caught.value).startswith(f"{tmp_path / 'bad.npz'}: ")
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


# --- what cannot be a history is not unpacked, or not even read -----------------------------------

NAMES = ("accuracy", "loss", "client_accuracy", "panel", "epsilon", "bytes_up", "bytes_down",
         "update_norm", "step_norm", "parameters", "personal_accuracy", "local_accuracy",
         "cohort_ids", "cohort_sizes", "personal", "surplus")  # fmt: skip


def bomb(path, good, name, shape, dtype="<f8"):
    """The file of a history in which one array is zeros of another shape; it stays small."""
    with zipfile.ZipFile(good) as source, zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as file:
        for member in source.infolist():
            if member.filename != f"{name}.npy":
                file.writestr(member.filename, source.read(member))
        header = f"{{'descr': '{dtype}', 'fortran_order': False, 'shape': {shape}, }}"
        with file.open(f"{name}.npy", "w") as out:
            out.write(b"\x93NUMPY\1\0" + (128 - 10).to_bytes(2, "little"))
            out.write(header.ljust(117).encode() + b"\n")
            left = int(np.prod(shape)) * np.dtype(dtype).itemsize
            for start in range(0, left, 2**20):
                out.write(bytes(min(2**20, left - start)))
    return path


def peak_of_a_refusal(path):
    """(the sentence, the most bytes that Python held) of a file that is refused."""
    tracemalloc.start()
    with pytest.raises(ValueError) as caught:
        fp.History.load(path)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    return str(caught.value), peak


@pytest.mark.parametrize("name", NAMES)
def test_a_bomb_in_any_array_is_refused_before_it_is_unpacked(history, tmp_path, name):
    history.save(tmp_path / "good.npz")
    shape = (5, 800_000) if name in ("client_accuracy", "personal") else (4_000_000,)
    sentence, peak = peak_of_a_refusal(bomb(tmp_path / "b.npz", tmp_path / "good.npz", name, shape))
    assert name in sentence or "add up" in sentence or "row of numbers" in sentence
    assert peak < 3_000_000


@pytest.mark.parametrize("data", ["digits", "arrays"])
def test_two_hundred_megabytes_in_two_hundred_kilobytes(history, tmp_path, data):
    """Where data of one's own decide how many parameters there are, such a file is still none."""
    if data == "arrays":
        fed = random_federation(np.random.default_rng(0), [12, 20, 9])
        history = fp.run(fp.Experiment(rounds=2), fed)
    history.save(tmp_path / "good.npz")
    path = bomb(tmp_path / "b.npz", tmp_path / "good.npz", "parameters", (25_000_000,))
    assert path.stat().st_size < 250_000
    sentence, peak = peak_of_a_refusal(path)
    assert "500 times its size" in sentence
    assert peak < 3_000_000


def test_a_long_text_is_not_unpacked_either(history, tmp_path):
    history.save(tmp_path / "good.npz")
    path = bomb(tmp_path / "b.npz", tmp_path / "good.npz", "experiment", (), "<U999999")
    sentence, peak = peak_of_a_refusal(path)
    assert "experiment is not a text" in sentence
    assert peak < 2_000_000


@pytest.mark.skipif(not os.path.exists("/dev/zero"), reason="asks for /dev")
@pytest.mark.parametrize("path", ["/dev/zero", "/dev/null", "pipe", "."])
def test_only_a_regular_file_is_read(path, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    os.mkfifo("pipe")
    for read in (fp.History.load, fp.load_csv):
        with pytest.raises(ValueError, match=r"not a regular file|is a folder, not a file"):
            read(path)


@pytest.mark.skipif(not os.path.exists("/proc/self/maps"), reason="asks for /proc")
def test_a_file_that_the_system_makes_up_is_not_read():
    for read in (fp.History.load, fp.load_csv):
        with pytest.raises(ValueError, match=r"/proc/self/maps: (is damaged|has more in it)"):
            read("/proc/self/maps")


def test_a_file_of_more_than_64_megabytes_is_not_read(tmp_path):
    with (tmp_path / "large.npz").open("wb") as file:
        file.truncate(64 * 2**20 + 1)
    sentence, peak = peak_of_a_refusal(tmp_path / "large.npz")
    assert sentence == f"{tmp_path / 'large.npz'}: is larger than 67,108,864 bytes"
    assert peak < 100_000


def test_a_file_that_is_not_there(tmp_path):
    for path in (tmp_path / "none.npz", os.fsencode(tmp_path / "none.npz")):
        with pytest.raises(FileNotFoundError, match=r"none\.npz"):
            fp.History.load(path)


# --- saved and loaded -----------------------------------------------------------------------------


def check_round_trip(history, folder):
    history.save(folder / "one.npz")
    again = fp.History.load(os.fsencode(folder / "one.npz"))
    assert again.experiment == history.experiment
    for name in NAMES[:-4]:
        np.testing.assert_array_equal(getattr(again, name), getattr(history, name))
        assert getattr(again, name).dtype == getattr(history, name).dtype
    assert (again.personal is None) == (history.personal is None)
    if again.personal is not None:
        np.testing.assert_array_equal(again.personal, history.personal)
    assert len(again.cohort) == len(history.cohort)
    assert all(map(np.array_equal, again.cohort, history.cohort))
    assert again.to_csv() == history.to_csv()
    again.save(folder / "two.npz")
    assert (folder / "two.npz").read_bytes() == (folder / "one.npz").read_bytes()


@pytest.mark.parametrize("algorithm", SLOTS["algorithm"])
def test_runs_of_every_method_and_personal_model(algorithm, tmp_path):
    for personal in SLOTS["personal"]:
        common = dict(algorithm=algorithm, personal=personal, rounds=2, clients=3)
        for model in (dict(), dict(model="mlp", hidden=(4,))):
            try:
                exp = fp.Experiment(**common, **model)
            except ValueError:  # what does not go together
                continue
            check_round_trip(fp.run(exp), tmp_path)


@pytest.mark.parametrize(
    "choices",
    [
        dict(clients=1),
        dict(clients=5, learning_rate=1000.0),  # diverges
        dict(clients=5, learning_rate=1000.0, model="mlp", dtype="float64", rounds=6),
        dict(clients=5, stragglers=1.0, partial_work="dropped"),  # nobody is left in a round
        dict(partition="resampled", clients=3000, participation=0.01),  # more than are shown
        dict(data="quadratics", model="quadratic", clients=3),  # which has no accuracy
        dict(clients=6, noise_multiplier=1.0, delta=0.01),
    ],
)
def test_runs_of_every_kind(choices, tmp_path):
    check_round_trip(fp.run(fp.Experiment(**{"rounds": 2} | choices)), tmp_path)


@pytest.mark.parametrize("rounds", [0, 2])
def test_a_run_that_was_stopped(rounds, tmp_path):
    run = Run(fp.Experiment(rounds=5, clients=3))
    check_round_trip(fp.History.of(run, itertools.islice(stream(run), rounds + 1)), tmp_path)


@pytest.mark.parametrize("kept", [dict(), dict(held_out=0), dict(test_fraction=0)])
def test_runs_on_arrays_without_some_of_the_data(kept, tmp_path):
    rng = np.random.default_rng(0)
    X, client = rng.normal(size=(40, 2)), np.arange(40) % 4
    y = (X[:, 0] > 0).astype(int)
    fed = fp.Federation.from_arrays(X, y, client, **kept)
    check_round_trip(fp.run(fp.Experiment(rounds=2), fed), tmp_path)
    check_round_trip(fp.run(fp.Experiment(rounds=2), fed.with_client(X[:9], y[:9])), tmp_path)


def test_the_history_of_a_file_that_is_not_here(tmp_path, monkeypatch):
    table = b"label,a\n" + b"x,1\ny,2\n" * 30
    history = fp.run(fp.Experiment(data=fp.load_csv(table), clients=2, rounds=2))
    history.save(tmp_path / "h.npz")
    monkeypatch.setattr("fedplay.data.sources.table_file._loaded", {})  # as in another process
    check_round_trip(again := fp.History.load(tmp_path / "h.npz"), tmp_path)
    assert again.plot().lines
    again.to_frame()
    del again.__dict__["personal_accuracy"]  # as of one that was not computed
    with pytest.raises(ValueError, match=r"load it first with fp\.load_csv"):
        _ = again.personal_accuracy
    fp.load_csv(table, name="renamed.csv")
    np.testing.assert_array_equal(again.personal_accuracy, history.personal_accuracy)


def test_a_history_of_version_1(tmp_path):
    """As fedplay 0.1.0 wrote it, on a file that nobody has any more."""
    text = """{"version": 1, "data": "csv:mine.csv:a34365c589ae3d33", "partition": "dirichlet",
    "shift": "none", "model": "softmax", "algorithm": "fedavg", "channel": ["dp"],
    "schedule": "auto", "aggregate": "auto", "server": "sgd", "personal": "ditto", "clients": 2,
    "rounds": 2, "local_epochs": 1, "batch_size": 32, "learning_rate": 0.1, "stragglers": 0.0,
    "partial_work": "kept", "seed": 0, "data_seed": 0, "dtype": "float32", "alpha": 0.3,
    "participation": 1.0, "server_learning_rate": 1.0, "ditto_lambda": 1.0, "clip": null,
    "noise_multiplier": 0.0, "delta": null}"""
    own = np.array([[4 / 9, 1.0], [1.0, 1.0], [1.0, 1.0]])
    arrays = {
        "accuracy": np.array([0.5, 1.0, 1.0]),
        "loss": np.array([0.693147, 0.604918, 0.532146]),
        "client_accuracy": own,
        "panel": np.array([0, 1]),
        "epsilon": np.full(3, np.inf),
        "bytes_up": np.array([0, 32, 64]),
        "bytes_down": np.array([0, 32, 64]),
        "update_norm": np.array([0.0, 0.108505, 0.098517]),
        "step_norm": np.array([0.0, 0.130817, 0.118787]),
        "parameters": np.array([-0.1764969, -4.7515e-05, 0.1764969, 4.751337e-05], np.float32),
        "personal_accuracy": np.array([1.0, 1.0]),
        "local_accuracy": np.array([1.0, 0.75]),
        "cohort_ids": np.array([0, 1, 0, 1]),
        "cohort_sizes": np.array([0, 2, 2]),
        "experiment": np.array(text),
        "personal": own,
    }
    np.savez_compressed(tmp_path / "old.npz", **arrays)
    history = fp.History.load(tmp_path / "old.npz")
    assert history.experiment.data == "csv:mine.csv:a34365c589ae3d33"
    assert history.rounds == 2
    assert [ids.tolist() for ids in history.cohort] == [[], [0, 1], [0, 1]]
    for name in NAMES[:-4]:
        np.testing.assert_array_equal(getattr(history, name), arrays[name])
    check_round_trip(history, tmp_path)


@pytest.mark.skipif(os.name == "nt", reason="Windows has no such modes and links")
def test_everything_that_is_saved_goes_through_links_and_keeps_modes(history, tmp_path):
    comparison = fp.compare(fp.Experiment(rounds=1, clients=2), ["FedAvg"], seeds=1)
    newcomer = fp.newcomer(fp.Experiment(rounds=1, clients=3), [2], client=0, seeds=1)
    for write in (history.save, history.to_csv, comparison.to_csv, newcomer.to_csv):
        real, link = tmp_path / "real", tmp_path / "link"
        real.write_bytes(b"old")
        real.chmod(0o640)
        link.symlink_to("real")
        write(os.fsencode(link))
        assert link.is_symlink()
        assert real.read_bytes() != b"old"
        assert real.stat().st_mode & 0o777 == 0o640
        link.unlink()
        with pytest.raises(FileNotFoundError, match="x: cannot be written: there is no folder"):
            write(tmp_path / "nodir" / "x")


def test_what_load_would_refuse_is_not_saved(history, tmp_path, monkeypatch):
    monkeypatch.setattr("fedplay.untrusted.npz_file.NPZ_PACKED", 1000)
    with pytest.raises(ValueError, match=r"could not be read again: is larger than 1,000 bytes"):
        history.save(tmp_path / "h.npz")
    assert not (tmp_path / "h.npz").exists()


# --- as CSV ---------------------------------------------------------------------------------------


def test_csv_gives_back_every_number(tmp_path):
    history = fp.run(fp.Experiment(rounds=4, clients=4, learning_rate=1000.0, model="mlp"))
    assert history.diverged
    rows = list(csv.DictReader(io.StringIO(history.to_csv())))
    for name, column in history.table().items():
        np.testing.assert_array_equal([float(row[name]) for row in rows], column)
    history.to_csv(tmp_path / "h.csv")
    content = (tmp_path / "h.csv").read_bytes()
    assert content.decode() == history.to_csv()
    assert b"\r" not in content
    assert b"inf" in content  # ε of a run without noise


def test_words_that_a_spreadsheet_would_compute_are_words():
    exp = fp.Experiment(rounds=1, clients=2)
    names = ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "fine", "a=1"]
    found = fp.compare(exp, dict.fromkeys(names, "FedAvg"), seeds=1, reference="fine")
    cells = {row[0] for row in csv.reader(io.StringIO(found.to_csv()))} - {"method"}
    assert cells == {"'=1+1", "'+1", "'-1", "'@SUM(A1)", "'\t=1", "fine", "a=1"}
