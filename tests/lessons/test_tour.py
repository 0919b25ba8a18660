"""What notebooks/00-tour.ipynb says, where the tests of presets do not test it already."""

from __future__ import annotations

import ast
import json
from pathlib import Path

import numpy as np
import pytest

import fedplay as fp
from fedplay.engine.loop import federation_of

TOUR = json.loads((Path(__file__).parents[2] / "notebooks/00-tour.ipynb").read_text("utf-8"))
CELLS = {cell["id"]: "".join(cell["source"]) for cell in TOUR["cells"]}
SEEDS = range(5)


def shown(cell):
    """The experiment that a cell's Playground begins with."""
    call = ast.parse(CELLS[cell], mode="eval").body
    return eval(ast.unparse(call.args[0]), {"fp": fp})


@pytest.mark.parametrize(
    ("cell", "name"),
    [
        ("tour-guess-screen", "Four of twenty come"),
        ("tour-inside-screen", "One round inside"),
        ("tour-boundary-screen", "Nobody saw the ring"),
    ],
)
def test_its_screens_begin_with_presets_whose_claims_are_tested(cell, name):
    assert shown(cell) == next(p.experiment for p in fp.PRESETS if p.name == name)


def seeded(name, seed):
    """What a cell calls `name`, with other dice."""
    scope = {"fp": fp}
    exec(CELLS["tour-exp"], scope)
    exec(CELLS[f"tour-{name}"], scope)
    return scope[name].replace(seed=seed, data_seed=seed)


def test_it_walks_through_a_preset_in_python_too():
    assert seeded("skewed", 0) == shown("tour-guess-screen")


@pytest.mark.parametrize("seed", SEEDS)
def test_ten_clients_share_the_digits(seed):
    assert "ten clients that share 1,438 handwritten digits" in CELLS["tour-python"]
    fed = federation_of(seeded("exp", seed))
    assert (fed.clients, len(fed.y)) == (10, 1438)


@pytest.mark.parametrize("seed", SEEDS)
def test_few_clients_hurt_where_they_differ(seed):
    skewed = seeded("skewed", seed)
    alike = fp.run(skewed.replace(partition="iid"))
    assert fp.run(skewed).accuracy[-10:].mean() < alike.accuracy[-10:].mean()


@pytest.mark.parametrize("seed", SEEDS)
def test_a_clients_own_model_is_hard_to_beat_and_lost_elsewhere(seed):
    history = fp.run(seeded("skewed", seed))
    fed, held = federation_of(history.experiment), history.client_accuracy[-1].mean()
    assert history.local_accuracy.mean() > held + 0.1
    assert history.personal_accuracy.mean() > held + 0.1
    assert history.local_accuracy.mean() > history.personal_accuracy.mean() - 0.03
    # A model that knows its client's digits and no others gets at most this much of the test set.
    ceiling = np.mean([(fed.label_counts([k])[0] > 0)[fed.y_test].mean() for k in range(20)])
    assert ceiling < 0.3 < history.accuracy[-1] - 0.3


@pytest.mark.parametrize("seed", SEEDS)
def test_privacy_wants_company(seed):
    crowd = seeded("crowd", seed)
    private = crowd.replace(noise_multiplier=1.0)
    open_, many, few = fp.run(crowd), fp.run(private), fp.run(private.replace(clients=10))
    assert abs(open_.accuracy[-1] - many.accuracy[-1]) < 0.03
    assert few.accuracy[-1] < many.accuracy[-1] - 0.2
    assert few.epsilon[-1] == pytest.approx(many.epsilon[-1])
    assert (np.diff(many.epsilon) > 0).all()
    quieter = fp.run(crowd.replace(noise_multiplier=0.5))
    assert quieter.epsilon[-1] > many.epsilon[-1]
