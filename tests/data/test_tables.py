"""The built-in tables: number for number those of the packages that bring them, not imported."""

import importlib.util
import subprocess
import sys
import types

import numpy as np
import pytest

from fedplay.data import Blobs, Cancer, Circles, Moons
from fedplay.data.base import standardised
from fedplay.data.sources import cancer, digits
from fedplay.data.sources.packaged import packaged
from fedplay.streams import Purpose, Streams

PENGUINS = pytest.mark.skipif(
    importlib.util.find_spec("palmerpenguins") is None,
    reason="palmerpenguins is not installed: pip install 'fedplay[penguins]'",
)


def test_tumours_are_those_of_scikit_learn():
    from sklearn.datasets import load_breast_cancer

    theirs, ours = load_breast_cancer(), Cancer().load(0)
    assert np.array_equal(ours.X, standardised(theirs.data))
    assert np.array_equal(ours.y, theirs.target)
    assert ours.classes == tuple(theirs.target_names)
    assert ours.features == tuple(theirs.feature_names)


@pytest.mark.parametrize("seed", [0, 1, 2**40])
@pytest.mark.parametrize("examples", [100, 101, 603])
@pytest.mark.parametrize("spread", [0.0, 0.15, 1.0])
def test_points_of_the_plane_are_those_of_scikit_learn(seed, examples, spread):
    """Bit for bit: the shuffle and the noise come from one generator, in this order."""
    from sklearn.datasets import make_blobs, make_circles, make_moons

    given = {"random_state": int(Streams(seed).at(Purpose.SOURCE).integers(2**32))}
    angle = 2 * np.pi * np.arange(7) / 7
    centers = np.column_stack([np.cos(angle), np.sin(angle)])
    pairs = (
        (Moons, {}, make_moons(examples, noise=spread, **given)),
        (Circles, {}, make_circles(examples, noise=spread, factor=0.5, **given)),
        (
            Blobs,
            {"centers": 7},
            make_blobs(examples, 2, centers=centers, cluster_std=spread, **given),
        ),
    )
    for make, more, (X, y) in pairs:
        ours = make(examples=examples, spread=spread, **more).load(seed)
        assert np.array_equal(ours.X, X), make
        assert np.array_equal(ours.y, y), make


@pytest.mark.parametrize("read", [digits._pixels, cancer._measurements])
def test_a_scikit_learn_without_the_file_is_asked_for_the_table(read, monkeypatch):
    """Some later one may keep its tables elsewhere, or be a zip archive."""
    X, y = read()
    for module in (digits, cancer):
        monkeypatch.setattr(module, "packaged", lambda *_: None)
    again, labels = read()
    assert np.array_equal(X, again)
    assert np.array_equal(y, labels)


def test_a_packaged_file_is_found_and_its_package_not_imported(tmp_path, monkeypatch):
    (tmp_path / "shop").mkdir()
    (tmp_path / "shop" / "__init__.py").write_text("raise RuntimeError('imported')")
    (tmp_path / "shop" / "a.csv").write_text("1")
    monkeypatch.syspath_prepend(tmp_path)
    assert packaged("shop", "a.csv") == tmp_path / "shop" / "a.csv"
    assert packaged("shop", "b.csv") is None
    assert packaged("nothing_of_that_name", "a.csv") is None
    monkeypatch.setitem(sys.modules, "shop", types.ModuleType("shop"))  # somebody's stand-in
    assert packaged("shop", "a.csv") is None


@pytest.mark.parametrize(
    "source",
    [
        *("Digits()", "Writers()", "Cancer()", "Moons()", "Circles()", "Blobs()", "Synthetic()"),
        pytest.param("Penguins()", marks=PENGUINS),
    ],
)
def test_a_table_is_loaded_without_its_package(source):
    """scikit-learn brings scipy, and pandas where it is: 120 MB and a second."""
    code = (
        f"import sys; from fedplay.data import *; {source}.load(0)\n"
        "heavy = ('sklearn', 'scipy', 'pandas', 'palmerpenguins')\n"
        "print([m for m in heavy if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
