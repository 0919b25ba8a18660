"""What happens to clients' examples after dealing, and what that makes of the global test set."""

from collections import Counter
from dataclasses import dataclass, replace
from math import factorial

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import fedplay as fp
from fedplay.data import (
    IID,
    Blobs,
    Brightness,
    Cancer,
    Classes,
    Digits,
    Dirichlet,
    Grouped,
    Moons,
    Natural,
    Noise,
    Permuted,
    Quantity,
    Regions,
    Resampled,
    Rotation,
    Shards,
    Shift,
    Table,
    Unshifted,
    Writers,
    federate,
    load_csv,
)
from fedplay.data.shifts.base import groups_of_tests
from fedplay.data.shifts.permuted import permutations
from fedplay.data.shifts.rotation import turned_pictures, turned_points
from fedplay.knobs import shared

SHIFTS = [Rotation(), Rotation(rotation=30.0), Brightness(), Noise(), Permuted()]
DEALT = [IID(), Dirichlet(0.1), Shards(2), Classes(2), Quantity(0.5), Regions()]


def examples(fed, k):
    """All that a client has: to train on, then held out."""
    rows = np.concatenate([fed.train.of(k), fed.held.of(k)])
    return fed.X[rows], fed.y[rows]


def both(shift, source=None, partition=None, clients=10, seed=3):
    """The federation without the shift, and with it."""
    given = source or Digits(), partition or Dirichlet(0.3), clients, seed
    return federate(*given), federate(*given, shift)


# --- what every shift promises ------------------------------------------------------------------


@pytest.mark.parametrize("partition", DEALT, ids=repr)
@pytest.mark.parametrize("shift", SHIFTS, ids=repr)
def test_a_shift_goes_with_every_partition(shift, partition):
    plain, made = both(shift, partition=partition)
    for mine, theirs in ((made.train, plain.train), (made.held, plain.held)):
        assert mine.describe() == theirs.describe()
    assert made.digest != plain.digest
    assert made.digest == both(shift, partition=partition)[1].digest
    for k in range(10):
        (X, y), (X0, y0) = examples(made, k), examples(plain, k)
        as_they_were = np.array_equal(X, X0) and np.array_equal(y, y0)
        assert as_they_were == (k % 4 == 0), "the first group and no other is left alone"
    assert (made.classes, made.image, made.features) == (plain.classes, plain.image, plain.features)
    assert np.isfinite(made.X).all()


@pytest.mark.parametrize("shift", [Unshifted(), *(replace(s, groups=1) for s in SHIFTS)], ids=repr)
def test_one_group_is_no_shift(shift):
    plain, made = both(shift)
    assert made.digest == plain.digest
    assert federate(Digits(), Resampled(), 5, 0, shift).clients == 5


@pytest.mark.parametrize("shift", SHIFTS, ids=repr)
def test_there_may_be_fewer_clients_than_groups(shift):
    plain, made = both(replace(shift, groups=9), clients=2)
    assert np.array_equal(examples(made, 0)[0], examples(plain, 0)[0])
    assert made.X_test.shape == plain.X_test.shape


@pytest.mark.parametrize("shift", SHIFTS, ids=repr)
def test_an_added_client_leaves_the_others_alone(shift):
    few, more = (federate(Writers(), Natural(), N, 1, shift) for N in (6, 14))
    for k in range(6):
        for mine, theirs in zip(examples(few, k), examples(more, k), strict=True):
            assert np.array_equal(mine, theirs)


@pytest.mark.parametrize("shift", [Noise(), Permuted()], ids=repr)
def test_what_is_drawn_follows_the_data_seed(shift):
    table = Digits().load(0)
    group = np.arange(len(table.y)) % 4
    first, again, other = (shift.apply(table, group, seed) for seed in (0, 0, 1))
    assert np.array_equal(first.X, again.X)
    assert np.array_equal(first.y, again.y)
    assert not (np.array_equal(first.X, other.X) and np.array_equal(first.y, other.y))


@pytest.mark.parametrize("shift", SHIFTS, ids=repr)
def test_examples_of_nobody_stay_as_they_are(shift):
    table = Digits().load(0)
    made = shift.apply(table, np.full(len(table.y), -1), 0)
    assert np.array_equal(made.X, table.X)
    assert np.array_equal(made.y, table.y)


# --- each of them -------------------------------------------------------------------------------


def test_right_angles_are_exact():
    plain, made = both(Rotation(groups=4, rotation=90.0))
    for k in range(10):
        (X, y), (X0, y0) = examples(made, k), examples(plain, k)
        turned = [np.rot90(x.reshape(8, 8), k % 4).ravel() for x in X0]
        assert np.array_equal(X, turned)
        assert np.array_equal(y, y0)


def by_hand(picture, degrees):
    """A picture turned anticlockwise: each new pixel looks up where it came from, bilinearly."""
    h = len(picture)
    middle, angle = (h - 1) / 2, np.deg2rad(degrees)
    padded = np.pad(picture, 1)
    new = np.zeros_like(picture)
    for i in range(h):
        for j in range(h):
            right, up = j - middle, middle - i
            x = np.cos(angle) * right + np.sin(angle) * up  # turned back
            y = -np.sin(angle) * right + np.cos(angle) * up
            row, column = middle - y, middle + x
            if not (-1e-9 < row < h - 1 + 1e-9 and -1e-9 < column < h - 1 + 1e-9):
                continue
            a, b = int(np.floor(row + 1e-12)), int(np.floor(column + 1e-12))
            s, t = row - a, column - b
            cell = padded[a + 1 : a + 3, b + 1 : b + 3]
            new[i, j] = [1 - s, s] @ cell @ [1 - t, t]
    return new


@pytest.mark.parametrize("degrees", [15.0, 45.0, 90.0, 137.0, 300.0])
def test_other_angles_are_bilinear(degrees):
    pictures = np.random.default_rng(0).random((5, 8, 8))
    made = turned_pictures(pictures, degrees)
    inside = np.hypot(*(np.indices((8, 8)) - 3.5)) < 3.4  # the corners come in from outside
    for picture, turned in zip(pictures, made, strict=True):
        assert turned[inside] == pytest.approx(by_hand(picture, degrees)[inside], abs=1e-9)
        assert turned.min() >= 0
        assert turned.max() <= picture.max()


def test_points_turn_about_the_mean_of_all():
    plain, made = both(Rotation(groups=6, rotation=40.0), Moons(), IID(), clients=6)
    everything = Moons().load(3).X
    middle = complex(*everything.mean(axis=0))
    for k in range(6):
        before, after = (X @ [1, 1j] - middle for X, _ in (examples(plain, k), examples(made, k)))
        assert after == pytest.approx(before * np.exp(1j * np.deg2rad(40 * k)), abs=1e-12)
    X = np.random.default_rng(0).normal(size=(9, 2))
    assert np.array_equal(turned_points(X, 0, X.mean(axis=0)), X)


def test_the_last_group_is_the_dimmest():
    plain, made = both(Brightness(groups=5, dimming=0.6))
    for k in range(10):
        X, X0 = examples(made, k)[0], examples(plain, k)[0]
        assert np.allclose(X, X0 * [1, 0.85, 0.7, 0.55, 0.4][k % 5], atol=1e-15)


@pytest.mark.parametrize("source", [Digits(), Cancer(), Blobs()], ids=repr)
def test_noise_grows_with_the_group(source):
    table = source.load(0)
    group = np.arange(len(table.y)) % 3
    made = Noise(groups=3, feature_noise=2.0).apply(table, group, 5)
    unit = np.sqrt(np.mean([column.var() for column in table.X.T]))
    added = made.X - table.X
    assert (added[group == 0] == 0).all()
    for g in (1, 2):
        mine = added[group == g].ravel()
        close = 5 / np.sqrt(len(mine))
        assert mine.std() == pytest.approx(g * unit, rel=close)
        assert abs(mine.mean()) < close * g * unit
    assert np.array_equal(made.y, table.y)


def test_every_group_has_names_of_its_own():
    plain, made = both(Permuted(groups=5), partition=IID())
    calls = []
    for k in range(10):
        (X, y), (X0, y0) = examples(made, k), examples(plain, k)
        assert np.array_equal(X, X0)
        pairs = dict(zip(y0.tolist(), y.tolist(), strict=True))
        assert [pairs[label] for label in y0] == y.tolist(), "one name for each label"
        assert sorted(pairs.values()) == list(range(10))
        calls.append(tuple(pairs[c] for c in range(10)))
    assert calls[0] == tuple(range(10))
    assert calls[:5] == calls[5:], "client k is of group k mod 5"
    assert len(set(calls[:5])) == 5


@settings(deadline=None, max_examples=200)
@given(groups=st.integers(1, 50), C=st.integers(1, 12), seed=st.integers(0, 2**32 - 1))
def test_permutations_differ_as_long_as_they_can(groups, C, seed):
    tables = permutations(groups, C, seed)
    assert tables[0].tolist() == list(range(C))
    assert all(sorted(row) == list(range(C)) for row in tables.tolist())
    assert len({*map(tuple, tables.tolist())}) == min(groups, factorial(C))


def test_permutations_are_drawn_evenly():
    """Of three classes the second group has one of the five that are not the identity."""
    found = Counter(tuple(permutations(2, 3, seed)[1].tolist()) for seed in range(2000))
    assert len(found) == 5
    assert max(abs(count - 400) for count in found.values()) < 5 * np.sqrt(2000 * 0.2 * 0.8)


# --- the global test set ------------------------------------------------------------------------


@settings(deadline=None, max_examples=200)
@given(
    groups=st.integers(1, 6),
    C=st.integers(1, 4),
    counts=st.integers(1, 80),
    tests=st.integers(1, 60),
    seed=st.integers(0, 999),
)
def test_a_test_example_gets_a_group_in_proportion(groups, C, counts, tests, seed):
    rng = np.random.default_rng(seed)
    n = counts + tests
    y = rng.integers(0, C, n)
    group = np.where(np.arange(n) < counts, rng.integers(-1, groups, n), -1)
    group[0] = 0  # somebody has something
    table = Table("t", np.zeros((n, 1)), y, tuple(map(str, range(C))))
    mine = groups_of_tests(table, group, np.arange(counts, n), groups, seed)
    assert ((mine >= 0) & (mine < groups)).all()
    for c in range(C):
        there = mine[y[counts:] == c]
        pool = (group >= 0) & (y == c)
        pool = pool if pool.any() else group >= 0
        share = np.bincount(group[pool], minlength=groups) / pool.sum()
        got = np.bincount(there, minlength=groups)
        assert (np.abs(got - len(there) * share) < 1 + 1e-9).all()
        assert (got[share == 0] == 0).all()


def test_the_test_set_is_a_sample_of_the_federation():
    """Every test picture is turned as some group's; each group's by what it has of that class."""
    plain, made = both(Rotation(groups=2, rotation=90.0), partition=Shards(2))
    turned = np.rot90(plain.X_test.reshape(-1, 8, 8), axes=(1, 2)).reshape(-1, 64)
    second = (made.X_test == turned).all(axis=1)
    assert ((made.X_test == plain.X_test).all(axis=1) | second).all()
    counts = np.zeros((2, 10))
    for k in range(10):
        counts[k % 2] += np.bincount(examples(made, k)[1], minlength=10)
    share = counts[1] / counts.sum(axis=0)
    assert share.std() > 0.1, "the groups have different classes here"
    got = np.bincount(plain.y_test[second], minlength=10)
    assert np.abs(got - np.bincount(plain.y_test) * share).max() < 1 + 1e-9


def test_which_test_examples_are_of_a_group_is_random():
    table = Table("t", np.zeros((100, 1)), np.zeros(100, int), ("a",))
    group = np.where(np.arange(100) < 60, np.arange(100) % 3, -1)
    draws = [groups_of_tests(table, group, np.arange(60, 100), 3, seed) for seed in range(1000)]
    chance = (np.array(draws) == 1).mean(axis=0)
    assert np.abs(chance - 1 / 3).max() < 5 * np.sqrt(2 / 9 / 1000)


def test_the_test_pictures_of_a_writer_are_shifted_as_the_writers_own():
    table = Writers().load(0)
    plain, made = both(Rotation(groups=4), Writers(), Natural(), clients=14)
    writer = {x.tobytes(): k for x, k in zip(table.X, table.client, strict=True)}
    for before, after in zip(plain.X_test, made.X_test, strict=True):
        turns = writer[before.tobytes()] % 4
        assert np.array_equal(after, np.rot90(before.reshape(8, 8), turns).ravel())


# --- what is refused, and what is not -----------------------------------------------------------


CSV = b"label,a,b,c\n" + b"\n".join(b"%d,%d,1,2" % (i % 2, i) for i in range(40))


@pytest.mark.parametrize(
    ("choices", "sentence"),
    [
        ({"shift": "rotation", "data": "cancer"}, '^shift="rotation": only square pictures'),
        ({"shift": "rotation", "data": "csv"}, '^shift="rotation": only square pictures'),
        ({"shift": "brightness", "data": "moons"}, '^shift="brightness": only pictures'),
        ({"shift": "noise", "partition": "resampled"}, '^shift="noise": needs examples that are'),
        ({"shift": "permuted", "groups": 51}, "^groups=51: must be a whole number from 1 to 50"),
        ({"shift": "mirror"}, "^shift='mirror': must be one of none, rotation, brightness, "),
        ({"rotation": 181}, "^rotation=181: must be a number from 0 to 180"),
        ({"dimming": 1.0}, "^dimming=1.0: must be"),
        ({"feature_noise": -0.1}, "^feature_noise=-0.1: must be"),
    ],
)
def test_what_cannot_be_is_refused_at_once(choices, sentence):
    if choices.get("data") == "csv":
        choices = choices | {"data": load_csv(CSV, name="c.csv"), "clients": 4}
    with pytest.raises(ValueError, match=sentence):
        fp.Experiment(**choices)


def test_federate_refuses_by_itself():
    with pytest.raises(ValueError, match="one client's alone"):
        federate(Digits(), Resampled(), 5, 0, Noise())
    with pytest.raises(ValueError, match="only square pictures"):
        federate(Cancer(), IID(), 5, 0, Rotation())


def test_the_groups_of_two_knobs_are_one():
    exp = fp.Experiment(shift="rotation", groups=3, rotation=60)
    assert exp.replace(shift="permuted").stage("shift") == Permuted(groups=3)
    assert {"groups", "rotation"} <= set(exp.active_knobs())
    assert not {"groups", "rotation", "dimming"} & set(fp.Experiment().active_knobs())
    assert fp.Experiment(shift=Rotation(groups=3, rotation=60.0)) == exp


def test_an_older_experiment_loads_and_is_unshifted():
    values = fp.Experiment(alpha=0.1).to_dict()
    assert values.pop("shift") == "none"
    assert fp.Experiment.from_dict(values) == fp.Experiment(alpha=0.1)
    shifted = fp.Experiment(shift="rotation", rotation=45)
    assert fp.Experiment.from_json(shifted.to_json()) == shifted
    assert fp.Experiment.from_token(shifted.to_token()) == shifted


def test_a_shift_of_ones_own():
    @dataclass(frozen=True)
    class Mirrored(Shift):
        groups: int = shared(Grouped, "groups")

        def apply(self, table, group, seed):
            return replace(table, X=np.where(group[:, None] % 2 == 1, table.X[:, ::-1], table.X))

    history = fp.run(fp.Experiment(shift=Mirrored(groups=2), rounds=1))
    assert history.accuracy.shape == (2,)
    plain, made = both(Mirrored(groups=2))
    assert np.array_equal(examples(made, 1)[0], examples(plain, 1)[0][:, ::-1])

    class Shrunk(Mirrored):
        def apply(self, table, group, seed):
            return replace(table, X=table.X[:, :3])

    with pytest.raises(ValueError, match=r"^Shrunk: must not change shapes"):
        both(Shrunk())
