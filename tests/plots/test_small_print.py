"""The small print below a figure: what differs from the default, and both seeds."""

from __future__ import annotations

import pytest

import fedplay as fp
from fedplay.plots.small_print import LINES, changes, small_print


def test_the_small_print_of_the_default_experiment():
    assert changes(fp.Experiment()) == []
    (line,) = small_print(fp.Experiment(), "50 rounds", 900)
    assert line.startswith("the default experiment · 50 rounds · seeds 0 (training) and 0 (data)")


def test_what_an_experiment_does_not_use_is_not_said():
    assert changes(fp.Experiment(mu=0.5)) == []
    assert changes(fp.Experiment(algorithm="fedprox", mu=0.5))[-1].endswith("μ 0.5")


@pytest.mark.parametrize("width", [180, 300, 600, 900])
def test_a_long_experiment_is_cut_short_and_keeps_its_seeds(width):
    exp = fp.Experiment(
        data="circles", clients=7, alpha=0.2, model="mlp", hidden=(8, 8, 8), algorithm="fedprox",
        mu=0.3, local_epochs=4, batch_size=7, learning_rate=0.02, participation=0.5,
        stragglers=0.2, partial_work="dropped", seed=4_000_000_000, data_seed=3_999_999_999,
    )  # fmt: skip
    lines = small_print(exp, "50 rounds", width)
    words = " ".join(lines)
    assert "seeds 4000000000 (training) and 3999999999 (data)" in words.replace(" · and", " and")
    assert "50 rounds" in words
    assert len(lines) <= LINES or words.startswith("…")
    assert ("…" in words) == (width < 600)
