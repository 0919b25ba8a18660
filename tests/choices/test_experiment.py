"""Experiments: validated, frozen, and the same after every journey."""

from __future__ import annotations

import copy
import json
import math
import os
import pickle
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest

import fedplay as fp
from fedplay.experiment import CHOICES, Experiment, knobs, why_not
from fedplay.registry import SLOTS, register
from fedplay.slots import TABLE
from tests.support.effort import tries


def test_flat_keywords_and_their_defaults():
    exp = fp.Experiment()
    assert (exp.data, exp.clients, exp.partition, exp.alpha) == ("digits", 10, "dirichlet", 0.3)
    assert (exp.model, exp.algorithm, exp.rounds, exp.local_epochs) == ("softmax", "fedavg", 50, 1)
    assert exp == fp.Experiment(rounds=50)
    assert hash(exp) == hash(fp.Experiment(rounds=50))
    assert exp != exp.replace(alpha=0.1)


def test_repr_shows_what_differs_and_evaluates_back():
    exp = fp.Experiment(hidden=[32, 16], model="mlp", alpha=1, batch_size=None, seed=3)
    assert repr(exp) == (
        "Experiment(model='mlp', batch_size=None, seed=3, alpha=1.0, hidden=(32, 16))"
    )
    assert eval(repr(exp)) == exp
    assert repr(fp.Experiment()) == "Experiment()"
    scope: dict[str, object] = {}
    exec(exp.replace(rounds=1, model="softmax").to_python(), scope)
    assert scope["history"].experiment == exp.replace(rounds=1, model="softmax")


def test_the_python_of_a_file_loads_it_first(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    Path("mine.csv").write_text("label,a\n" + "x,1\ny,2\n" * 50)
    exp = fp.Experiment(data=fp.load_csv("mine.csv"), clients=4, rounds=1)
    done = subprocess.run(
        [sys.executable, "-c", exp.to_python() + "print(history.experiment == exp)"],
        env=os.environ | {"PYTHONPATH": str(Path(fp.__file__).parents[1])},
        capture_output=True,
        text=True,
    )
    assert (done.stdout, done.stderr) == ("True\n", "")


def test_it_is_frozen_and_travels():
    exp = fp.Experiment(clients=20, alpha=0.1, noise_multiplier=1.0)
    with pytest.raises(AttributeError, match=r"use exp.replace\(alpha"):
        exp.alpha = 2
    with pytest.raises(AttributeError, match="no knob 'beta'"):
        _ = exp.beta
    assert pickle.loads(pickle.dumps(exp)) == copy.deepcopy(exp) == exp
    assert Experiment.from_dict(exp.to_dict()) == exp
    assert Experiment.from_json(exp.to_json()) == exp
    assert Experiment.from_token(exp.to_token()) == exp
    assert len(exp.to_token()) < 4096
    assert exp.to_dict()["version"] == 1


def test_a_pickle_from_when_it_was_one_file_still_loads():
    kept = b"cfedplay.experiment\n_rebuild\n((dValpha\nF0.1\nsVclients\nI20\nstR."
    assert pickle.loads(kept) == fp.Experiment(clients=20, alpha=0.1)


def test_a_newer_version_is_refused_and_an_unknown_key_named():
    with pytest.raises(ValueError, match="version=99: this fedplay reads"):
        Experiment.from_dict({"version": 99})
    with pytest.raises(
        ValueError, match="'alhpa': an experiment has no such knob; did you mean 'alpha'"
    ):
        Experiment.from_dict({"alhpa": 1})
    with pytest.raises(ValueError, match="did you mean 'clients'"):
        fp.Experiment(client=3)
    with pytest.raises(ValueError):
        Experiment.from_json('{"alpha": 0.1')


def test_the_signature_lists_every_knob():
    import inspect

    names = list(inspect.signature(fp.Experiment).parameters)
    assert {*CHOICES, *knobs()} == set(names)
    assert "alpha" in dir(fp.Experiment())


BAD = [
    ("alpha", 0, "above 0|from 0.01"),
    ("alpha", -1, "alpha=-1"),
    ("alpha", "much", "alpha='much'"),
    ("alpha", math.nan, "alpha=nan"),
    ("alpha", 10**400, "alpha=1000"),
    ("clients", 0, "clients=0: must be a whole number from 1"),
    ("clients", 2.5, "clients=2.5"),
    ("clients", True, "clients=True"),
    ("participation", 0, "participation=0: must be a number above 0 and at most 1"),
    ("participation", 1.1, "participation=1.1"),
    ("rounds", 0, "rounds=0"),
    ("learning_rate", -0.1, "learning_rate=-0.1"),
    ("learning_rate", math.inf, "learning_rate=inf"),
    ("batch_size", 0, r"batch_size=0: must be .* or None \(∞\)"),
    ("noise_multiplier", -1, "noise_multiplier=-1"),
    ("clip", 0, "clip=0"),
    ("delta", 1, "delta=1"),
    ("seed", -1, "seed=-1"),
    ("dtype", "float16", "dtype='float16': must be one of float32, float64"),
    ("hidden", (0,), r"hidden=\(0,\)"),
    ("hidden", 64, "hidden=64"),
    ("data", "mnist", "data='mnist': must be one of digits"),
    ("data", "csv:none:0", "csv:none:0"),
    ("algorithm", "fedsdg", "algorithm='fedsdg': must be one of fedavg"),
    ("channel", "dp", "channel='dp': must be a list"),
    ("channel", ["dp", "dp"], "'dp' is there twice"),
    ("model", 3, "model=3"),
    ("schedule", "all", "schedule='all': must be one of auto, uniform, poisson"),
]


@pytest.mark.parametrize(("name", "value", "message"), BAD)
def test_bad_values_name_the_knob_the_value_and_the_range(name, value, message):
    with pytest.raises(ValueError, match=message):
        fp.Experiment(**{name: value})


def test_what_does_not_go_together_is_said():
    with pytest.raises(
        ValueError, match="schedule='uniform': the channel needs schedule='poisson'"
    ):
        fp.Experiment(noise_multiplier=1.0, schedule="uniform")
    with pytest.raises(ValueError, match="aggregate='mean': the channel needs aggregate='fixed'"):
        fp.Experiment(noise_multiplier=1.0, aggregate="mean")
    with pytest.raises(ValueError, match="clients=2000: must be at most"):
        fp.Experiment(clients=2000)
    with pytest.raises(ValueError, match="shards"):
        fp.Experiment(partition="shards", clients=200, shards=20)
    with pytest.raises(ValueError, match="natural"):
        fp.Experiment(data="moons", partition="natural")
    with pytest.raises(ValueError, match="clients=15"):
        fp.Experiment(data="writers", partition="natural", clients=15)


def test_privacy_chooses_its_sampling_and_its_divisor():
    quiet, private = fp.Experiment(), fp.Experiment(noise_multiplier=1.0)
    assert (quiet.chosen("schedule"), quiet.chosen("aggregate")) == ("uniform", "mean")
    assert (private.chosen("schedule"), private.chosen("aggregate")) == ("poisson", "fixed")
    assert private.layers[0].bound() == 1.0
    assert quiet.layers == ()
    assert fp.Experiment(clip=0.5).layers[0].bound() == 0.5
    assert fp.Experiment(clip=0.5).chosen("schedule") == "uniform"


def test_every_choice_of_every_slot_can_be_named():
    for slot, names in SLOTS.items():
        for name in set(names) - {"arrays", "penguins"}:  # no data, and an extra
            choices = {slot: [name] if TABLE[slot].many else name}
            refused = why_not(fp.Experiment(), slot, choices[slot])
            exp = fp.Experiment(**choices, **(refused.repair if refused else {}))
            assert Experiment.from_json(exp.to_json()) == exp


# --- An algorithm of one's own ----------------------------------------------------------------


@dataclass(frozen=True)
class Proximal(fp.Algorithm):
    """FedProx (Li et al. 2020): a pull towards where the round began."""

    test_mu: float = fp.knob(0.1, 0.0, 10.0, symbol="μ", label="Proximal term", help="Pull.")

    def correct(self, w0, own, server, c):
        return fp.Correction(pull=self.test_mu, anchor=w0)


@pytest.fixture
def proximal():
    register(Proximal, "test-prox")
    yield Proximal
    del SLOTS["algorithm"]["test-prox"]


def test_a_registered_algorithm_brings_its_knob(proximal):
    exp = fp.Experiment(algorithm="test-prox", test_mu=2.0, rounds=2)
    assert exp.stage("algorithm") == Proximal(2.0)
    assert fp.Experiment(algorithm=Proximal(2.0), rounds=2) == exp
    assert "test_mu" in exp.active_knobs()
    assert Experiment.from_json(exp.to_json()) == exp
    with pytest.raises(ValueError, match="test_mu=-1: must be a number from 0 to 10"):
        exp.replace(test_mu=-1)
    base = fp.run(fp.Experiment(rounds=2))
    assert not np.array_equal(fp.run(exp).parameters, base.parameters)
    np.testing.assert_array_equal(fp.run(exp.replace(test_mu=0)).parameters, base.parameters)


def test_an_unregistered_one_runs_but_has_no_name_to_be_written_down():
    exp = fp.Experiment(algorithm=Proximal(1.0), rounds=1)
    assert fp.run(exp).rounds == 1
    assert exp == fp.Experiment(algorithm=Proximal(1.0), rounds=1)
    with pytest.raises(ValueError, match=r"fp\.register"):
        exp.to_json()


def test_a_knob_has_one_owner(proximal):
    @dataclass(frozen=True)
    class Other(fp.Algorithm):
        test_mu: float = fp.knob(5.0, 0.0, 10.0)

    with pytest.raises(ValueError, match=r"Other\.test_mu: a knob of this name exists already"):
        register(Other, "test-other")
    with pytest.raises(ValueError, match="must be decorated with @dataclass"):
        register(type("Loose", (fp.Algorithm,), {}), "test-loose")


# --- Thousands of random experiments ----------------------------------------------------------


def random_choices(rng):
    """Valid choices for a tiny run, every knob drawn."""
    data = rng.choice(["moons", "circles", "blobs", "cancer", "digits", "writers"])
    partition = str(rng.choice(["iid", "dirichlet", "shards", "resampled"]))
    if data == "writers" and rng.random() < 0.5:
        partition = "natural"
    return dict(
        data=str(data),
        partition=partition,
        examples=int(rng.integers(100, 160)),
        clients=int(rng.integers(1, 13)),
        alpha=float(10 ** rng.uniform(-2, 3)),
        shards=int(rng.integers(1, 4)),
        client_examples=int(rng.integers(5, 40)),
        model=str(rng.choice(["softmax", "mlp"])),
        hidden=tuple(rng.integers(1, 6, rng.integers(0, 3)).tolist()),
        rounds=int(rng.integers(1, 3)),
        local_epochs=int(rng.integers(1, 3)),
        batch_size=[None, 5, 32, 64][rng.integers(4)],
        learning_rate=float(10 ** rng.uniform(-3, 2.9)),
        participation=float(rng.uniform(0.01, 1)),
        noise_multiplier=float(rng.choice([0.0, rng.uniform(0, 5)])),
        clip=[None, float(10 ** rng.uniform(-3, 3))][rng.integers(2)],
        delta=[None, float(10 ** rng.uniform(-9, -0.4))][rng.integers(2)],
        server_learning_rate=float(10 ** rng.uniform(-2, 1)),
        finetune_epochs=int(rng.integers(0, 3)),
        seed=int(rng.integers(2**32)),
        data_seed=int(rng.integers(20)),
        dtype=str(rng.choice(["float32", "float64"])),
    )


def spoil(rng, name, knob):
    """A value that the knob does not allow."""
    options = ["", "x", [], {}, math.nan, -math.inf, object(), b"1", True, 1j]
    if knob.kind in ("float", "int"):
        options += [knob.lo - 1, knob.hi * 2 + 1]
        options += [knob.lo] if knob.open else []
        options += [] if knob.none else [None]
        options += [knob.lo + 0.5] if knob.kind == "int" else []
    elif knob.kind == "sizes":
        options = [3, None, "64", (0,), (5000,), (1.5,), tuple(range(1, 12))]
    elif knob.kind == "numbers":
        options = [3, None, "1, 2", (math.nan,), (knob.hi + 1,), ("1",), (1.0,) * 101, {}]
    elif knob.kind == "table":
        options = [3, None, "1; 2", (1.0,), ((),), ((1.0,), (1.0, 2.0)), ((-1.0,),), (("1",),)]
        options += [((knob.hi + 1,),), ((math.nan,),), ((1.0,) * 2001,), ((1.0,),) * 2001, {}]
    return options[rng.integers(len(options))]


def test_random_experiments_run():
    rng = np.random.default_rng(0)
    for _ in range(tries(2000, 600)):
        choices = random_choices(rng)
        history = fp.run(fp.Experiment(**choices))
        assert len(history.accuracy) == choices["rounds"] + 1, choices
        finite = history.accuracy[np.isfinite(history.accuracy)]
        assert ((finite >= 0) & (finite <= 1)).all(), choices


def test_random_mistakes_are_named():
    rng = np.random.default_rng(1)
    table = knobs()
    for _ in range(tries(2000, 600)):
        name = list(table)[rng.integers(len(table))]
        value = spoil(rng, name, table[name])
        with pytest.raises(ValueError, match="must be") as caught:
            fp.Experiment(**(random_choices(rng) | {name: value}))
        message = str(caught.value)
        assert message.startswith(f"{name}="), (name, value, message)
        assert table[name].allowed() in message
        assert len(message) < 300


# --- Files ------------------------------------------------------------------------------------


def test_a_damaged_json_is_refused(tmp_path):
    text = fp.Experiment(clients=12).to_json()
    for damaged in (text[:-3], text.replace('"clients"', '"klients"'), "[]", "", "\x00", "1e999"):
        with pytest.raises(ValueError) as caught:
            Experiment.from_json(damaged)
        assert len(str(caught.value)) < 300
    with pytest.raises(ValueError):
        Experiment.from_json(json.dumps({"clients": 12, "x" * 10**6: 1}))
