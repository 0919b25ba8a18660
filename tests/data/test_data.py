"""Sources, CSV files, federations from arrays, and what identifies a federation."""

import dataclasses
import difflib
import doctest
import hashlib
import importlib
import importlib.util
import subprocess
import sys

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fedplay import knobs, registry
from fedplay.data import (
    IID,
    Arrays,
    Blobs,
    Cancer,
    Circles,
    Digits,
    Dirichlet,
    Federation,
    Moons,
    Natural,
    Penguins,
    Resampled,
    Source,
    Synthetic,
    Table,
    TableFile,
    Writers,
    federate,
    jensen_shannon,
    load_csv,
    source_of,
)
from fedplay.data.base import portion, standardised
from fedplay.data.sources.digits import WRITER_STARTS
from fedplay.data.sources.synthetic import device_sizes
from fedplay.data.sources.table_file import parsed
from fedplay.streams import Streams
from tests.support.effort import tries

PENGUINS = pytest.mark.skipif(
    importlib.util.find_spec("palmerpenguins") is None,
    reason="palmerpenguins is not installed: pip install 'fedplay[penguins]'",
)
SOURCES = [
    Digits(),
    Writers(),
    Moons(),
    Circles(),
    Blobs(),
    Blobs(centers=10, examples=101),
    Cancer(),
    Synthetic(),
    Synthetic(synthetic_devices="iid"),
    pytest.param(Penguins(), marks=PENGUINS),
]


# --- sources ----------------------------------------------------------------------------------


def test_importing_the_data_loads_no_scikit_learn():
    code = (
        "import sys, fedplay.data, fedplay.untrusted\n"
        "print([m for m in ('sklearn', 'scipy', 'matplotlib', 'pandas') if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


@pytest.mark.parametrize("source", SOURCES, ids=repr)
def test_a_source_loads_what_it_announces(source):
    loaded = source.load(3)
    n, d, C = source.shape()
    assert loaded.X.shape == (n, d)
    assert loaded.X.dtype == np.float64
    assert loaded.y.dtype == np.int64
    assert len(loaded.classes) == C
    assert set(loaded.y) == set(range(C))
    assert np.isfinite(loaded.X).all()
    assert len(loaded.features) == d
    assert len(loaded.client_names) == source.sites()
    assert not loaded.X.flags.writeable
    assert not loaded.y.flags.writeable
    again = source.load(3)
    assert np.array_equal(loaded.X, again.X)
    assert np.array_equal(loaded.y, again.y)


@pytest.mark.parametrize("source", [Moons(), Circles(), Blobs(), Synthetic()], ids=repr)
def test_synthetic_data_follow_the_seed(source):
    assert not np.array_equal(source.load(0).X, source.load(1).X)


def test_planar_shapes_without_spread():
    circles = Circles(spread=0.0).load(0)
    radius = np.hypot(*circles.X.T)
    assert np.allclose(radius, np.where(circles.y == 0, 1.0, 0.5))
    blobs = Blobs(spread=0.0, centers=6).load(0)
    assert np.allclose(np.hypot(*blobs.X.T), 1.0)
    angle = np.arctan2(blobs.X[:, 1], blobs.X[:, 0]) % (2 * np.pi)
    assert np.allclose(angle, blobs.y * np.pi / 3)
    moons = Moons(spread=0.0).load(0)
    assert np.allclose(np.hypot(*moons.X[moons.y == 0].T), 1.0)
    assert (moons.X[moons.y == 0, 1] >= -1e-9).all()


@pytest.mark.parametrize("make", [Moons, Circles, Blobs])
def test_spread_is_the_standard_deviation(make):
    plain, noisy = make(examples=20_000, spread=0.0), make(examples=20_000, spread=0.3)
    if make is Blobs:
        offsets = noisy.load(0).X - np.array([[1, 0], [0, 1], [-1, 0], [0, -1]])[noisy.load(0).y]
    else:  # the same shuffle, then the noise
        offsets = noisy.load(0).X - plain.load(0).X
    assert offsets.std() == pytest.approx(0.3, rel=0.02)


def test_digits_are_those_of_scikit_learn():
    from sklearn.datasets import load_digits

    theirs = load_digits()
    ours = Digits().load(0)
    assert np.array_equal(ours.X, theirs.data / 16.0)
    assert np.array_equal(ours.y, theirs.target)
    assert ours.image == (8, 8)
    assert (ours.X.min(), ours.X.max()) == (0.0, 1.0)


def test_a_writer_is_one_filled_in_form():
    """All writers wrote the same 130 digits, so the labels of a block say where it begins."""
    table = Writers().load(0)
    form = table.y[:130].tolist()
    assert len(table.client_names) == 14
    for k in range(14):
        mine = table.y[table.client == k].tolist()
        matcher = difflib.SequenceMatcher(None, form, mine, autojunk=False)
        assert sum(block.size for block in matcher.get_matching_blocks()) >= len(mine) - 4
        assert 120 <= len(mine) <= 130
        if k != 7:  # the eighth form lacks its first digit
            assert mine[:5] == form[:5]
    assert np.array_equal(np.flatnonzero(np.diff(table.client)) + 1, WRITER_STARTS[1:])


def test_cancer_is_standardised():
    X = Cancer().load(0).X
    assert np.abs(X.mean(axis=0)).max() < 1e-12
    assert X.std(axis=0) == pytest.approx(np.ones(30))


# --- synthetic(α, β) ----------------------------------------------------------------------------


def test_device_sizes_are_known_beforehand():
    sizes = np.array(device_sizes())
    assert len(sizes) == 30
    assert sizes.min() >= 50
    assert sizes.max() == 1000, "here and there the cap is reached"
    for seed in (0, 1):
        assert np.bincount(Synthetic().load(seed).client).tolist() == sizes.tolist()
    drawn = np.floor(np.random.default_rng(0).lognormal(4.0, 2.0, (2000, 30))) + 50
    typical = np.minimum(drawn, 1000)
    assert np.median(sizes) == pytest.approx(np.median(typical), rel=0.05)
    assert sizes.sum() == pytest.approx(typical.sum(axis=1).mean(), rel=0.05)


@pytest.mark.parametrize(("alpha", "beta"), [(0.0, 0.0), (1.0, 0.5), (0.5, 2.0)])
def test_the_rules_of_devices_have_the_moments_of_the_definition(alpha, beta):
    """u ~ N(0, α²), W and b ~ N(u, 1), B ~ N(0, β²), v ~ N(B, 1), each with its own spread."""
    source = Synthetic(synthetic_alpha=alpha, synthetic_beta=beta)
    rules = [source.rule(k, Streams(seed)) for seed in range(100) for k in range(30)]
    W, b, v = (np.array(part) for part in zip(*rules, strict=True))
    assert (W.shape, b.shape, v.shape) == ((3000, 10, 60), (3000, 10), (3000, 60))
    flat = W.reshape(3000, -1)
    close = 5 * np.sqrt(2 / 3000)  # of a variance, relative
    assert flat.mean(axis=1).var() == pytest.approx(alpha**2 + 1 / 600, rel=close)
    assert b.mean(axis=1).var() == pytest.approx(alpha**2 + 1 / 10, rel=close)
    assert v.mean(axis=1).var() == pytest.approx(beta**2 + 1 / 60, rel=close)
    for entries in (flat, b, v):
        assert entries.var(axis=1, ddof=1).mean() == pytest.approx(1.0, rel=0.02)
    together = np.mean(flat.mean(axis=1) * b.mean(axis=1))  # W and b have one u
    assert together == pytest.approx(alpha**2, abs=5 * (alpha**2 + 0.06) / np.sqrt(3000))
    apart = np.mean(flat.mean(axis=1) * v.mean(axis=1))
    assert abs(apart) < 5 * np.sqrt((alpha**2 + 1 / 600) * (beta**2 + 1 / 60) / 3000)


@pytest.mark.parametrize("devices", ["different", "iid"])
def test_examples_of_a_device_follow_its_rule(devices):
    source, streams = Synthetic(synthetic_devices=devices), Streams(4)
    loaded, deviations = source.load(4), []
    for k in range(30):
        W, b, v = source.rule(0 if devices == "iid" else k, streams)
        mine = loaded.client == k
        X = loaded.X[mine]
        assert loaded.y[mine].tolist() == [int(np.argmax(W @ x + b)) for x in X]
        deviations.append((X - v) * np.arange(1, 61) ** 0.6)
    Z = np.concatenate(deviations)  # standard normal, all of it
    n = len(Z)
    assert np.abs(Z.mean(axis=0)).max() < 5 / np.sqrt(n)
    assert np.abs(Z.T @ Z / n - np.eye(60)).max() < 6 * np.sqrt(2 / n)


def plain_synthetic(alpha, beta, rng, iid=False):
    """Labels (n,) and devices of synthetic(α, β), one draw after the other."""
    labels, devices = [], []
    shared = rng.normal(0, 1, (60, 10)), rng.normal(0, 1, 10)
    for k, size in enumerate(device_sizes()):
        u, B = rng.normal(0, alpha), rng.normal(0, beta)
        W, b = (rng.normal(u, 1, (60, 10)), rng.normal(u, 1, 10)) if not iid else shared
        v = rng.normal(B, 1, 60) if not iid else np.zeros(60)
        covariance = np.diag([(j + 1) ** -1.2 for j in range(60)])
        x = rng.multivariate_normal(v, covariance, size)
        labels += np.argmax(x @ W + b, axis=1).tolist()
        devices += [k] * size
    return np.array(labels), np.array(devices)


def skew_of(y, client):
    return jensen_shannon([np.bincount(y[client == k], minlength=10) for k in range(30)])


DRAWN = tries(30, 15)  # federations each


@pytest.mark.parametrize(("alpha", "beta"), [(0.0, 0.0), (1.0, 1.0), ("iid", 0.0)])
def test_label_skew_is_that_of_a_plain_loop(alpha, beta):
    iid = alpha == "iid"
    made = {"synthetic_devices": "iid"} if iid else {"synthetic_alpha": alpha}
    source = Synthetic(synthetic_beta=beta, **made)
    ours = [skew_of(t.y, t.client) for t in (source.load(seed) for seed in range(DRAWN))]
    rng = np.random.default_rng(0)
    numbers = (0.0, 0.0) if iid else (alpha, beta)
    theirs = [skew_of(*plain_synthetic(*numbers, rng, iid)) for _ in range(DRAWN)]
    error = np.sqrt((np.var(ours) + np.var(theirs)) / DRAWN)
    assert abs(np.mean(ours) - np.mean(theirs)) < 4 * error
    if iid:
        assert np.mean(ours) < 0.25
    else:
        assert np.mean(ours) > 0.4, "not even synthetic(0, 0) is IID"


def test_a_tenth_is_for_testing():
    fed = federate(Synthetic(), Natural(), 30, 0)
    n = sum(device_sizes())
    assert len(fed.y_test) == portion(n, 0.1)
    total = fed.train.sizes + fed.held.sizes
    assert total.sum() == n - len(fed.y_test)
    assert np.array_equal(fed.held.sizes, np.floor(total * 0.1 + 0.5))
    assert fed.client_names[0] == "device 1"


# --- penguins -----------------------------------------------------------------------------------


@PENGUINS
def test_penguins_are_those_of_the_package():
    from palmerpenguins import load_penguins

    frame = load_penguins().dropna(subset=["bill_length_mm"])
    ours = Penguins().load(0)
    columns = ["bill_length_mm", "bill_depth_mm", "flipper_length_mm", "body_mass_g"]
    raw = frame[columns].to_numpy(float)
    assert np.allclose(ours.X, (raw - raw.mean(axis=0)) / raw.std(axis=0))
    assert [ours.classes[c] for c in ours.y] == frame["species"].tolist()
    assert [ours.client_names[k] for k in ours.client] == frame["island"].tolist()


@PENGUINS
def test_an_island_is_a_client():
    fed = federate(Penguins(), Natural(), 3, 0)
    assert fed.client_names == ("Biscoe", "Dream", "Torgersen")
    there = fed.label_counts() > 0
    assert there.tolist() == [[True, False, True], [True, True, False], [True, False, False]]


def test_penguins_that_are_not_installed(monkeypatch):
    monkeypatch.setattr("fedplay.data.sources.penguins.packaged", lambda *_: None)
    with pytest.raises(ValueError, match=r"pip install 'fedplay\[penguins\]'"):
        federate(Penguins(), Natural(), 3, 0)


def test_registered_names_and_knobs():
    names = {"digits", "writers", "moons", "circles", "blobs", "cancer", "synthetic", "penguins"}
    assert names <= set(registry.SLOTS["data"])
    expected = {"iid", "dirichlet", "shards", "natural", "regions", "resampled"}
    expected |= {"classes", "quantity"}
    assert expected <= set(registry.SLOTS["partition"])
    made = registry.make("data", "blobs", {"centers": 3, "spread": 0.5, "alpha": 1.0})
    assert made == Blobs(centers=3, spread=0.5)
    assert knobs.knobs_of(Resampled)["alpha"] == knobs.knobs_of(Dirichlet)["alpha"]
    with pytest.raises(ValueError, match=r"^examples=99: must be a whole number from 100 to 20000"):
        Moons(examples=99)


def test_a_source_that_announces_another_shape_is_refused():
    class Liar(Source):
        def load(self, seed):
            return Digits().load(0)

        def shape(self):
            return 1797, 64, 11

    with pytest.raises(ValueError, match=r"^Liar: shape"):
        federate(Liar(), IID(), 5, 0)


def test_the_placeholder_has_no_data():
    with pytest.raises(ValueError, match="given to the run itself"):
        Arrays().load(0)


@pytest.mark.parametrize(
    ("X", "y", "client", "sentence"),
    [
        (np.zeros(3), [0, 0, 0], None, "^X, y: "),
        (np.zeros((3, 1)), [0, 0], None, "^X, y: "),
        (np.zeros((3, 1)), [0, 0, 2], None, "^y: must be from 0 to 1"),
        (np.zeros((3, 1)), [0, 0, -1], None, "^y: must be"),
        (np.zeros((3, 1)), [0, 0, 1], [0, 1], "^client: "),
        (np.zeros((3, 1)), [0, 0, 1], [0, 1, -1], "^client: "),
    ],
)
def test_a_table_that_does_not_fit_together(X, y, client, sentence):
    with pytest.raises(ValueError, match=sentence):
        Table("bad", X, y, ("a", "b"), client)


# --- a federation -----------------------------------------------------------------------------


def test_label_counts():
    fed = federate(Digits(), Dirichlet(0.3), 10, 0)
    counts = fed.label_counts()
    assert counts.shape == (10, 10)
    for k in range(10):
        for c in range(10):
            assert counts[k, c] == sum(fed.y[i] == c for i in fed.train.of(k))
    assert np.array_equal(fed.label_counts([7, 2]), counts[[7, 2]])
    assert fed.label_counts([]).shape == (0, 10)
    assert np.array_equal(fed.sizes, counts.sum(axis=1))
    assert (fed.clients, fed.d, fed.C) == (10, 64, 10)


def test_label_counts_of_too_many_clients_at_once():
    fed = federate(Digits(), Resampled(), 1_000_000, 0)
    assert fed.label_counts([5, 999_999]).shape == (2, 10)
    with pytest.raises(ValueError, match="at most 100,000 at once"):
        fed.label_counts()


def test_the_digest_tells_federations_apart():
    def digest(source=None, partition=None, clients=10, seed=0):
        return federate(source or Digits(), partition or IID(), clients, seed).digest

    others = [
        digest(),
        digest(source=Moons()),
        digest(partition=Dirichlet()),
        digest(partition=Dirichlet(0.4)),
        digest(partition=Resampled()),
        digest(partition=Resampled(alpha=0.31)),
        digest(partition=Resampled(client_examples=26)),
        digest(partition=Resampled(), clients=11),
        digest(clients=11),
        digest(seed=1),
    ]
    assert len(set(others)) == len(others)
    assert digest() == others[0]
    assert len(others[0]) == 64


def test_the_digest_sees_every_array():
    X, y, client = np.arange(24.0).reshape(12, 2), [0, 1] * 6, [0, 0, 0, 1, 1, 1] * 2

    def digest(**changes):
        given = {"X": X, "y": y, "client": client, "X_test": X[:2], "y_test": [0, 1]} | changes
        return Federation.from_arrays(**given).digest

    changed = X.copy()
    changed[3, 1] += 1e-12
    variants = [
        digest(),
        digest(X=changed),
        digest(y=[1, 0] * 6),
        digest(client=[0] * 6 + [1] * 6),
        digest(X_test=X[1:3]),
        digest(y_test=[1, 1]),
        digest(y=["0", "2"] * 6, y_test=["0", "2"]),
        digest(held_out=0),
    ]
    assert len(set(variants)) == len(variants)
    fed = Federation.from_arrays(X, y, client)
    other = Federation.from_arrays(X, y, client, held_out=0.5)
    assert dataclasses.replace(fed, held=other.held).digest != fed.digest
    assert dataclasses.replace(fed, train=other.train).digest != fed.digest


# --- from arrays ------------------------------------------------------------------------------


def test_from_data_frames():
    rng = np.random.default_rng(0)
    frame = pd.DataFrame(rng.normal(size=(60, 2)), columns=["height", "weight"])
    label = pd.Series(rng.choice(["ill", "fit"], 60))
    clinic = pd.Series(rng.choice([30, 4, 100], 60))
    fed = Federation.from_arrays(frame, label, clinic, name="clinics", seed=3)
    assert fed.features == ("height", "weight")
    assert fed.classes == ("fit", "ill")
    assert fed.client_names == ("4", "30", "100")
    assert fed.name == "clinics"
    assert len(fed.y_test) == 12
    assert (fed.train.sizes + fed.held.sizes).sum() == len(fed.y) == 48
    same = Federation.from_arrays(frame.to_numpy(), label.to_numpy(), clinic.to_numpy(), seed=3)
    assert np.array_equal(same.y, fed.y)
    as_category = Federation.from_arrays(frame, label.astype("category"), clinic, seed=3)
    assert np.array_equal(as_category.y, fed.y)


def test_examples_stay_with_their_client():
    X = np.arange(40.0)[:, None]
    client = np.arange(40) % 4
    fed = Federation.from_arrays(X, np.arange(40) % 3, client)
    for k in range(4):
        mine = fed.X[np.concatenate([fed.train.of(k), fed.held.of(k)]), 0]
        assert set(mine % 4) == {k}


def test_a_test_set_of_ones_own_and_fractions_of_nothing():
    X, y, client = np.zeros((10, 1)), [0, 1] * 5, [0] * 5 + [1] * 5
    fed = Federation.from_arrays(X, y, client, X_test=np.ones((3, 1)), y_test=[1, 1, 2])
    assert fed.X_test.tolist() == [[1.0]] * 3
    assert fed.y_test.tolist() == [1, 1, 2]
    assert fed.classes == ("0", "1", "2")
    assert len(fed.y) == 10
    none = Federation.from_arrays(X, y, client, test_fraction=0, held_out=0)
    assert none.X_test.shape == (0, 1)
    assert none.y_test.shape == (0,)
    assert none.held.sizes.tolist() == [0, 0]
    assert none.held.of(1).shape == (0,)
    assert none.train.sizes.tolist() == [5, 5]
    assert none.digest


def test_the_arrays_of_a_federation_are_its_own():
    X, X_test = np.zeros((10, 1)), np.zeros((2, 1))
    fed = Federation.from_arrays(X, [0, 1] * 5, [0] * 10, X_test=X_test, y_test=[0, 1])
    X[:], X_test[:] = 7.0, 7.0
    assert fed.X.max() == fed.X_test.max() == 0.0
    with pytest.raises(ValueError, match="read-only"):
        fed.X[0] = 1.0


def test_labels_and_clients_of_any_kind():
    X = np.zeros((4, 1))
    mixed = np.array([1, "one", 1, "one"], dtype=object)
    fed = Federation.from_arrays(X, mixed, [True, False, True, False], test_fraction=0)
    assert fed.classes == ("1", "one")
    assert fed.client_names == ("False", "True")
    assert Federation.from_arrays(X, [5] * 4, [0] * 4).classes == ("5",)


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"X": [[0.0], [np.nan], [0.0]]}, "^X: row 1, column 0 is nan, not finite"),
        ({"X": [[0.0], [np.inf], [0.0]]}, "^X: row 1, column 0 is inf"),
        ({"X": [["a"], ["b"], ["c"]]}, "^X: must be numbers"),
        ({"X": [[1.0], [1.0, 2.0], [3.0]]}, "^X: must be numbers"),
        ({"X": [1.0, 2.0, 3.0]}, r"^X: must have the shape \(n, d\)"),
        ({"X": np.zeros((3, 0))}, r"^X: must have the shape"),
        ({"X": np.zeros((0, 2)), "y": [], "client": []}, "^X: has no examples"),
        ({"y": [0, 1]}, r"^y: must have 3 entries, one an example, not \(2,\)"),
        ({"y": [0, None, 1]}, "^y: row 1 is missing"),
        ({"y": [0, np.nan, 1]}, "^y: row 1 is missing"),
        ({"y": pd.Series(["a", pd.NA, "b"])}, "^y: row 1 is missing"),
        ({"client": [0, 1]}, "^client: must have 3 entries"),
        ({"client": [0, 1, np.nan]}, "^client: row 2 is missing"),
        (
            {"client": pd.Series(pd.to_datetime(["2020-01-01", None, None]))},
            "^client: row 1 is mis",
        ),
        ({"X_test": [[1.0]]}, "^X_test, y_test: one of the two is missing"),
        ({"X_test": [[1.0, 2.0]], "y_test": [0]}, "^X_test: must have 1 columns"),
        ({"X_test": [[np.nan]], "y_test": [0]}, "^X_test: row 0"),
        ({"X_test": [[1.0]], "y_test": [0, 1]}, "^y_test: must have 1 entries"),
        ({"test_fraction": 1.0}, "^test_fraction=1.0: must be from 0 to below 1"),
        ({"held_out": -0.1}, "^held_out=-0.1"),
        ({"held_out": float("nan")}, "^held_out=nan"),
        ({"seed": -1}, "^seed=-1"),
    ],
)
def test_arrays_that_are_refused(changes, sentence):
    given = {"X": [[0.0], [1.0], [2.0]], "y": [0, 1, 0], "client": [0, 1, 1]} | changes
    with pytest.raises(ValueError, match=sentence):
        Federation.from_arrays(**given)


# --- CSV --------------------------------------------------------------------------------------

GOOD = b"label,a,b,client\nyes,1,5,x\nno,2,5,x\nno,3,5,y\nyes,4,5,y\n"


def csv(lines):
    return "\n".join(lines).encode()


def test_a_csv_becomes_a_table():
    key = load_csv(GOOD, name="../../Some Folder\\my file.csv")
    assert key == f"csv:my_file.csv:{hashlib.sha256(GOOD).hexdigest()[:16]}"
    source = source_of(key)
    assert source == TableFile(key)
    assert source.shape() == (4, 2, 2)
    assert source.sites() == 2
    loaded = source.load(0)
    assert loaded.classes == ("no", "yes")
    assert loaded.y.tolist() == [1, 0, 0, 1]
    assert loaded.client_names == ("x", "y")
    assert loaded.features == ("a", "b")
    assert loaded.X[:, 0] == pytest.approx((np.array([1, 2, 3, 4]) - 2.5) / np.std([1, 2, 3, 4]))
    assert loaded.X[:, 1].tolist() == [0.0] * 4  # constant


def test_a_csv_from_a_path_and_through_the_widget(tmp_path):
    path = tmp_path / "grüße (1).csv"
    path.write_bytes(b"\xef\xbb\xbf" + GOOD)  # as spreadsheets write UTF-8
    key = load_csv(path)
    assert key.startswith("csv:gr_e_1_.csv:")
    assert load_csv(str(path)) == key
    assert load_csv(memoryview(GOOD)).startswith("csv:table.csv:")
    with pytest.raises(FileNotFoundError):
        load_csv(tmp_path / "missing.csv")


def test_a_csv_federation():
    rng = np.random.default_rng(0)
    rows = [f"{rng.integers(3)},{rng.normal()},{k}" for k in range(12) for _ in range(20)]
    source = source_of(load_csv(csv(["label,x,client", *rows])))
    fed = federate(source, Natural(), 12, 0)
    assert fed.client_names == tuple(str(k) for k in range(12))  # 10 after 9, not after 1
    assert federate(source, Dirichlet(), 5, 0).client_names == ()
    without = source_of(load_csv(csv(["label,x", *(row.rsplit(",", 1)[0] for row in rows)])))
    assert without.sites() == 0
    with pytest.raises(ValueError, match="without clients of their own"):
        federate(without, Natural(), 2, 0)


def test_an_unknown_key():
    for key in ("csv:other.csv:0123456789abcdef", "csv:", "digits"):
        with pytest.raises(ValueError, match=r"load it first with fp\.load_csv"):
            source_of(key)


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (b"", "^CSV: has no header"),
        (b"\n\n\n", "^CSV: has no header"),
        (b"a,b\n1,2\n", "^CSV: needs a column named label$"),
        (b"a;label\n1;2\n", "separated by commas"),
        (b"label,a\n", "^CSV: has no rows"),
        (b"label\nx\ny\n", "^CSV: needs at least one numeric column"),
        (b"label,client\nx,1\ny,2\n", "^CSV: needs at least one numeric column"),
        (b"label,a\nx,1\nx,2\n", "^CSV: has one label only, 'x'"),
        (b"label,a\nx,1\n,2\n", "^CSV: row 3, column label is empty"),
        (b"label,a,client\nx,1,1\ny,2,\n", "^CSV: row 3, column client is empty"),
        (b"label,a\nx,1\ny,\n", "^CSV: row 3, column 'a' is empty"),
        (b"label,a\nx,1\ny,tall\n", "^CSV: row 3, column 'a' is 'tall', not a number"),
        (b"label,a\nx,nan\ny,1\n", "^CSV: row 2, column 'a' is 'nan', not a number"),
        (b"label,a\nx,1\ny,-inf\n", "^CSV: row 3, column 'a' is '-inf', not a number"),
        (b"label,a\nx,1\ny,1e999\n", "^CSV: row 3, column 'a' is '1e999', not a number"),
        (b"label,a\nx,1_0\ny,2\n", "^CSV: row 2, column 'a' is '1_0', not a number"),
        (b"label,a\nx,1\ny,2,3\n", "^CSV: row 3 has 3 cells, and the header has 2"),
        (b"label,a\nx,1\n\ny,2\n", "^CSV: row 3 has 0 cells"),
        (b"label,a,a\nx,1,2\n", "^CSV: two columns have the name 'a'"),
        (b"label,a,\nx,1,2\n", "^CSV: column 3 has no name"),
        (b"label,a\nx,\xff\n", "^CSV: is not text in UTF-8"),
        (b"label,a\nx,\x00\n", "^CSV: is not a text file"),
        (b'label,a\nx,"1\n', "^CSV: row 2: "),
        (csv(["label,a", *(f"{i},{i}" for i in range(101))]), "label has more than 100 different"),
        (
            csv(["label,a,client", *(f"{i % 2},{i},{i}" for i in range(1001))]),
            "client has more than 1,000 different",
        ),
        (b"label,a\nx,1\ny," + b"9" * 201, "^CSV: row 3 has a cell of more than 200 characters"),
    ],
)
def test_a_csv_that_is_refused(content, sentence):
    with pytest.raises(ValueError, match=sentence) as refusal:
        load_csv(content)
    assert len(str(refusal.value)) < 200


def test_the_limits_are_still_allowed():
    rows = [f"{i % 100},{i},{i % 1000}" for i in range(1000)]
    assert source_of(load_csv(csv(["label,a,client", *rows]))).shape() == (1000, 1, 100)
    wide = csv([",".join(["label", *(f"c{i}" for i in range(999))]), *[",".join("1" * 1000)] * 2])
    with pytest.raises(ValueError, match="one label only"):
        load_csv(wide)


@settings(deadline=None, max_examples=300)
@given(
    st.binary(max_size=300) | st.text("label,client\n\"'\r\t;01-.eé", max_size=120).map(str.encode)
)
def test_any_bytes_are_a_table_or_one_sentence(content):
    sentence = ""
    try:
        made = parsed(content, "fuzz")
    except ValueError as refusal:
        sentence = str(refusal)
    if sentence:
        assert sentence.startswith("CSV: ")
        assert "\n" not in sentence
        assert len(sentence) < 250
    else:
        assert np.isfinite(made.X).all()
        assert len(made.classes) >= 2


@settings(deadline=None, max_examples=300)
@given(
    st.lists(
        st.lists(st.floats(allow_nan=False, allow_infinity=False), min_size=3, max_size=3),
        min_size=1,
        max_size=8,
    )
)
def test_standardised_columns_are_finite_whatever_the_numbers(rows):
    with np.errstate(all="raise", under="ignore"):
        X = standardised(np.array(rows))
    assert np.isfinite(X).all()
    spread = X.std(axis=0)
    assert ((np.abs(spread - 1) < 1e-6) | (spread == 0)).all()
    assert np.abs(X.mean(axis=0)).max() < 1e-6


@pytest.mark.parametrize(
    "name",
    [
        "fedplay.data.base",
        "fedplay.data.federation",
        "fedplay.data.guest",
        "fedplay.data.labels",
        "fedplay.data.skew",
        "fedplay.data.sources.table_file",
        "fedplay.untrusted.link_tokens",
        "fedplay.untrusted.text",
    ],
)
def test_doctests(name):
    failed, tried = doctest.testmod(importlib.import_module(name))
    assert tried > 0
    assert failed == 0
