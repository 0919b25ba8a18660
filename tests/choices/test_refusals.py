"""Combinations that make no sense are refused, and each refusal says what would repair it."""

from __future__ import annotations

import pickle
from dataclasses import dataclass
from importlib.util import find_spec

import pytest

import fedplay as fp
from fedplay import registry
from fedplay.experiment import knobs, refusal, why_not
from fedplay.knobs import Refused
from fedplay.slots import TABLE
from fedplay.stages import Layer
from fedplay.stages.step_sizes import at_most

MISSING = () if find_spec("palmerpenguins") else ("penguins",)  # an extra
QUADRATICS = dict(data="quadratics", partition="natural", model="quadratic", clients=4)
REPRESENTATION = dict(data="representation", partition="natural", model="bilinear", clients=4)
BASES = {
    "the default": {},
    "noise": dict(noise_multiplier=1.0, clip=0.5),
    "quadratics": QUADRATICS,
    "representation": REPRESENTATION,
    "a head of one's own": dict(model="mlp", algorithm="fedper"),
    "clusters": dict(algorithm="ifca"),
    "by writers": dict(data="writers", partition="natural", clients=14),
    "turned points": dict(data="moons", shift="rotation"),
    "very many": dict(partition="resampled", clients=100_000),
    "an adaptive server": dict(server="adam", personal="ditto"),
    "few classes": dict(partition="classes", classes_per_client=8),
}


@pytest.mark.parametrize("base", BASES.values(), ids=BASES)
def test_every_repair_that_is_offered_is_one(base):
    exp = fp.Experiment(**base)
    for slot, entries in registry.SLOTS.items():
        for choice in TABLE[slot].choices(entries):
            if choice in MISSING:
                continue
            refused = why_not(exp, slot, choice)
            if refused is None:
                exp.replace(**{slot: choice})
                continue
            with pytest.raises(ValueError) as raised:
                exp.replace(**{slot: choice})
            assert str(raised.value) == str(refused)
            assert isinstance(raised.value, Refused)
            assert refused.repairs, f"{slot}={choice}: nobody knows a way out"
            for way in refused.repairs:
                assert slot not in way, "what was asked for stays"
                assert getattr(exp.replace(**{slot: choice}, **way), slot) == choice


@pytest.mark.parametrize("model", ["softmax", "mlp", "quadratic", "bilinear"])
@pytest.mark.parametrize(
    "data", [n for n in registry.SLOTS["data"] if n not in ("arrays", *MISSING)]
)
def test_a_model_goes_with_what_it_reads(data, model):
    goes = {"quadratics": ["quadratic"], "representation": ["bilinear"]}
    clients = 3 if data == "penguins" else 4
    sites = dict(partition="natural", clients=clients)
    if model in goes.get(data, ["softmax", "mlp"]):
        assert fp.Experiment(data=data, model=model, clients=clients).chosen("model") == model
    else:
        usual = fp.Experiment(**sites, data="writers")
        with pytest.raises(Refused, match=f"^model='{model}': reads .*, and the examples of "):
            usual.replace(data=data, model=model)


def test_what_reads_what_is_said_with_both_ways_out():
    with pytest.raises(Refused) as raised:
        fp.Experiment(model="quadratic")
    assert str(raised.value) == (
        "model='quadratic': reads curvatures and optima, and the examples of data='digits' have "
        "labels; choose model='softmax' or data='quadratics', or data='arrays' for a Federation "
        "of your own"
    )
    assert raised.value.repairs == (
        {"model": "softmax"},
        {"data": "quadratics", "partition": "natural"},
    )


def test_what_is_asked_for_is_never_taken_back():
    digits = fp.Experiment()
    assert why_not(digits, "model", "quadratic").repair == {
        "data": "quadratics",
        "partition": "natural",
    }
    assert why_not(digits, "data", "quadratics").repair == {
        "partition": "natural",
        "model": "quadratic",
    }
    two = fp.Experiment(**QUADRATICS)
    assert why_not(two, "model", "mlp").repair == {"data": "digits", "partition": "dirichlet"}
    assert why_not(two, "data", "moons").repair == {"model": "softmax", "partition": "dirichlet"}


def test_a_head_of_ones_own_brings_a_model_that_has_one():
    refused = why_not(fp.Experiment(), "algorithm", "fedper")
    assert refused.repair == {"model": "mlp"}
    assert 'choose model="mlp"' in str(refused)
    own = fp.Experiment(model="mlp", algorithm="fedper")
    assert why_not(own, "model", "softmax").repair == {"algorithm": "fedavg"}
    assert refusal(own, {"personal_layers": 5}).repair == {"algorithm": "fedavg"}
    with pytest.raises(Refused) as raised:
        own.replace(personal_layers=5)
    assert raised.value.repair == {"personal_layers": 1}


@pytest.mark.parametrize(
    ("base", "changes", "repair"),
    [
        ({}, dict(clients=1000), {"clients": 287}),
        (dict(algorithm="fednova"), dict(noise_multiplier=1.0), {"algorithm": "fedavg"}),
        (dict(noise_multiplier=1.0), dict(weights="examples"), None),
        (dict(algorithm="fedprox"), dict(mu=100.0), {"mu": 10.0}),
        (dict(algorithm="fedprox", mu=10.0), dict(learning_rate=0.3), {"mu": 3.3}),
        (dict(partition="classes"), dict(classes_per_client=50), {"classes_per_client": 10}),
        (dict(partition="shards"), dict(shards=20, clients=200), {"shards": 7}),
        ({}, dict(learning_rate=1e-40), {"dtype": "float64"}),
        (dict(algorithm="perfedavg", learning_rate=1e-31), dict(maml_rate=1.0), None),
    ],
)
def test_knobs_that_do_not_go_together_say_how_far_one_may_turn(base, changes, repair):
    exp = fp.Experiment(**base)
    with pytest.raises(Refused) as raised:
        exp.replace(**changes)
    if repair is not None:
        assert repair in raised.value.repairs
    for way in raised.value.repairs[:1]:
        exp.replace(**changes | way)


def test_a_layer_that_knows_no_values_at_which_it_is_idle_is_left_out(monkeypatch):
    @dataclass(frozen=True)
    class Picky(Layer):
        """Goes with Poisson sampling alone."""

        def requires(self):
            return {"schedule": ("poisson", "it says so")}

    exp = fp.Experiment(channel=[Picky(), "dp"])
    refused = why_not(exp, "schedule", "uniform")
    assert refused.repairs == ({"channel": ("dp",)},)


def test_what_is_no_value_at_all_has_no_repair():
    refused = why_not(fp.Experiment(), "algorithm", "fedfoo")
    assert str(refused).startswith("algorithm='fedfoo': must be one of ")
    assert refused.repair == {}
    assert refusal(fp.Experiment(), {}) is None
    assert refusal(fp.Experiment(), {"alpha": -1}).repairs == ()


def test_a_refusal_survives_a_journey():
    refused = pickle.loads(pickle.dumps(Refused("a: b", {"c": 1}, {"d": 2})))
    assert (str(refused), refused.repairs) == ("a: b", ({"c": 1}, {"d": 2}))


@pytest.mark.parametrize("number", [0.0999, 1 / 3, 20.0, 1e-12, 9.99, 100.0, 12345.0])
def test_the_largest_tidy_number_below_another(number):
    assert 0.9 * number <= at_most(number) <= number
    assert len(f"{at_most(number):e}".split("e")[0].rstrip("0").replace(".", "")) <= 2


def test_nothing_is_refused_that_a_knob_offers_by_default():
    assert all(refusal(fp.Experiment(), {name: k.default}) is None for name, k in knobs().items())
