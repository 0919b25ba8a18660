"""Notebooks run from top to bottom, are kept without outputs, and what they claim holds."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

import fedplay as fp

nbformat = pytest.importorskip("nbformat")
ROOT = Path(__file__).parents[1]
NOTEBOOKS = [*sorted((ROOT / "notebooks").glob("*.ipynb")), ROOT / "fedplay/app/playground.ipynb"]
SEEDS = range(5)


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.name)
def test_it_runs_and_is_kept_without_outputs(path):
    from nbclient import NotebookClient

    notebook = nbformat.read(path, as_version=4)
    nbformat.validate(notebook)
    code = [cell for cell in notebook.cells if cell.cell_type == "code"]
    assert not any(cell.outputs or cell.execution_count for cell in code)
    resources = {"metadata": {"path": str(ROOT)}}
    NotebookClient(notebook, timeout=120, kernel_name="python3", resources=resources).execute()
    streams = [o.text for cell in code for o in cell.outputs if o.output_type == "stream"]
    assert not streams, "a warning or print that nobody asked for"


# --- What 00-tour says ------------------------------------------------------------------------


def seeded(seed, **choices):
    return fp.Experiment(seed=seed, data_seed=seed, **choices)


@pytest.mark.parametrize("seed", SEEDS)
def test_tour_skew_and_few_clients_a_round_hurt(seed):
    skewed = seeded(seed, rounds=20, partition="shards", clients=20, participation=0.2)
    history = fp.run(skewed)
    assert history.accuracy[-1] < fp.run(skewed.replace(partition="iid")).accuracy[-1] - 0.1
    held = history.client_accuracy[-1]
    assert np.nanmean(history.local_accuracy) > np.nanmean(held) + 0.15
    assert np.nanmean(history.personal_accuracy) > np.nanmean(held) + 0.15


@pytest.mark.parametrize("seed", SEEDS)
def test_tour_privacy_wants_company(seed):
    crowd = seeded(
        seed, clients=200, partition="iid", participation=0.3, learning_rate=0.5, delta=0.0005
    )
    private = crowd.replace(noise_multiplier=1.0)
    open_, many, few = fp.run(crowd), fp.run(private), fp.run(private.replace(clients=10))
    assert abs(open_.accuracy[-1] - many.accuracy[-1]) < 0.05
    assert few.accuracy[-1] < many.accuracy[-1] - 0.1
    assert few.epsilon[-1] == pytest.approx(many.epsilon[-1])
