"""What views need: each is missing somewhere, and what is offered for it brings it."""

from __future__ import annotations

import numpy as np
import pytest

import fedplay as fp
from fedplay.engine.loop import Run
from fedplay.views.needs import NEEDS, missing

QUADRATICS = dict(data="quadratics", partition="natural", model="quadratic", clients=4)
WITHOUT = {  # an experiment that does not have it
    "pictures": dict(data="moons"),
    "points": {},
    "pictures or points": dict(data="cancer"),
    "classes": QUADRATICS,
    "accuracy": QUADRATICS,
    "layers": QUADRATICS,
    "two layers": {},
    "quadratics": {},
    "noise": {},
    "sampling": {},
    "personal models": dict(personal="none"),
    "several clients": dict(clients=1),
}
BARE = fp.Federation.from_arrays(np.eye(4), [0, 1, 0, 1], [0, 0, 1, 1], test_fraction=0, held_out=0)
OF_DATA = {"a test set", "examples to judge by"}  # which nobody can choose


def on_its_data(exp):
    return exp, Run(exp).federation


@pytest.mark.parametrize("name", WITHOUT)
def test_a_need_is_told_and_its_repair_brings_it(name):
    exp, federation = on_its_data(fp.Experiment(**WITHOUT[name]))
    refused = missing((name,), exp, federation)
    assert str(refused) == f"needs {NEEDS[name].what}"
    assert missing((name,), *on_its_data(exp.replace(**refused.repair))) is None


def test_every_need_is_tried_here():
    assert {*WITHOUT} | OF_DATA == {*NEEDS}
    for need in NEEDS.values():
        assert need.what[0].islower()
        assert not need.what.endswith(".")


@pytest.mark.parametrize("name", sorted(OF_DATA))
def test_what_data_lack_cannot_be_chosen(name):
    exp = fp.Experiment(data="arrays", clients=2)
    assert missing((name,), exp, BARE).repair == {}
    assert missing((name,), *on_its_data(fp.Experiment())) is None


def test_a_repair_brings_what_it_needs_in_turn():
    exp, federation = on_its_data(fp.Experiment(**QUADRATICS))
    assert missing(("classes",), exp, federation).repair == {
        "model": "softmax",
        "data": "digits",
        "partition": "dirichlet",
    }
    exp, federation = on_its_data(fp.Experiment(algorithm="fednova"))
    assert missing(("noise",), exp, federation).repair == {
        "noise_multiplier": 1.0,
        "algorithm": "fedavg",
    }


def test_ones_own_data_are_not_replaced():
    own = fp.Experiment(data="arrays", clients=2)
    assert missing(("pictures",), own, BARE).repair == {}
    assert missing(("two layers",), own, BARE).repair == {"model": "mlp"}


def test_the_first_that_is_missing_is_told():
    exp, federation = on_its_data(fp.Experiment())
    assert missing((), exp, federation) is None
    assert missing(("pictures", "classes"), exp, federation) is None
    assert "privacy noise" in str(missing(("pictures", "noise", "points"), exp, federation))
    with pytest.raises(ValueError, match="needs='pixels': must be one of"):
        missing(("pixels",), exp, federation)
