"""How clients count in the average: by examples, alike, or as each method's paper has it."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import fedplay as fp
from fedplay.data import GivenShares
from fedplay.engine.loop import Run
from fedplay.playground.panel import plan
from fedplay.registry import SLOTS
from fedplay.studies.entrants import entrants
from fedplay.views.sweep.job import MIXED, SweepJob
from tests.engine import test_closed_forms as closed

ALGORITHMS = {
    "fedavg": "examples",  # McMahan et al. 2017, Algorithm 1: Σ n_k/n w_k
    "fedsgd": "examples",
    "fedprox": "examples",  # Li et al. 2020, eq. 1: p_k = n_k/n, by which they sample
    "fednova": "examples",  # Wang et al. 2020: p_i = n_i/n
    "fedper": "examples",  # Arivazhagan et al. 2019, Algorithm 1: γ_j = n_j/Σ n_j
    "centralised": "examples",  # one heap
    "scaffold": "clients",  # Karimireddy et al. 2020, lines 16 and 17: 1/|S| Σ
    "feddyn": "clients",  # Acar et al. 2021, Algorithm 1: 1/|P| Σ
    "fedrep": "clients",  # Collins et al. 2021, Algorithm 1: 1/(rn) Σ
    "pfedme": "clients",  # Dinh et al. 2020, Algorithm 1: Σ w_i / S
    "perfedavg": "clients",  # Fallah et al. 2020, Algorithm 1: 1/(rn) Σ
    "ifca": "clients",  # Ghosh et al. 2020, Algorithm 1, line 15: Σ s_ij θ_i / Σ s_ij
}
MODEL = {"fedper": "mlp", "fedrep": "mlp"}
N = np.array([9, 1])
A, X = np.array([1.0, 4.0]), np.array([-1.0, 2.0])


def experiment(algorithm, **choices):
    return fp.Experiment(algorithm=algorithm, model=MODEL.get(algorithm, "softmax"), **choices)


def quadratics(n=N, **choices):
    """Two clients, whose f is a (w − x)²/2, and what is to be run on them."""
    rows = [(A[k], X[k]) for k in range(2) for _ in range(n[k])]
    own = np.repeat([0, 1], n)
    fed = fp.Federation.from_arrays(rows, np.zeros(len(rows)), own, test_fraction=0, held_out=0)
    usual = dict(
        data="arrays", model="quadratic", batch_size=None, local_epochs=5, learning_rate=0.1
    )
    return fp.Experiment(**usual | dict(rounds=600, dtype="float64") | choices), fed


# --- which ----------------------------------------------------------------------------------------


def test_every_algorithm_has_its_papers_weighting():
    assert set(ALGORITHMS) == set(SLOTS["algorithm"])
    for name, paper in ALGORITHMS.items():
        assert experiment(name).weights == "paper"
        assert experiment(name).weighting == paper, name


@pytest.mark.parametrize("weights", ["examples", "clients"])
def test_the_choice_holds_for_every_algorithm_and_personal_model(weights):
    for name in set(ALGORITHMS) - {"centralised"}:
        assert experiment(name, weights=weights).weighting == weights
    for name in SLOTS["personal"]:
        assert fp.Experiment(personal=name, weights=weights).weighting == weights


def test_a_personal_method_brings_its_papers_weighting_along():
    by = {name: fp.Experiment(personal=name).weighting for name in SLOTS["personal"]}
    assert by == dict.fromkeys(by, "examples") | {"apfl": "clients"}
    assert fp.Experiment(personal="ditto", algorithm="scaffold").weighting == "clients"


def test_one_of_ones_own_says_how_it_weighs():
    @dataclass(frozen=True)
    class Alike(fp.Algorithm):
        weighs = "clients"

    assert fp.Experiment(algorithm=Alike()).weighting == "clients"
    assert fp.Experiment(algorithm=Alike(), weights="examples").weighting == "examples"


# --- where methods then end -----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("choices", "rest"),
    [
        (dict(), 1.124),
        (dict(weights="clients"), 1.124),
        (dict(weights="examples"), -0.363),
    ],
)
def test_pfedme_rests_where_its_weights_say(choices, rest):
    exp, fed = quadratics(algorithm="pfedme", pfedme_lambda=2, inner_steps=3, **choices)
    assert fp.run(exp, fed).parameters[0] == pytest.approx(rest, abs=5e-4)


PULLS = (
    st.integers(1, 10),
    st.floats(0.01, 0.2),
    st.lists(st.integers(1, 9), min_size=2, max_size=2),
)
WAY = {  # s: which part of the way to its own optimum a client goes in τ steps
    "fedavg": lambda tau, eta: closed.moved(A, tau, eta),
    "fedprox": lambda tau, eta: closed.moved(A, tau, eta, 0.7),
    "fednova": lambda tau, eta: closed.moved(A, tau, eta),
    "fedsgd": lambda tau, eta: A,
    # w ← w − η a (1 − η a) (w − x) in each step
    "perfedavg": lambda tau, eta: 1 - (1 - eta * A * (1 - eta * A)) ** tau,
    "pfedme": lambda tau, eta: (
        1 - (1 - eta * 2 * (A / (A + 2) * (1 - (1 - eta * (A + 2)) ** 3))) ** tau
    ),
}
KNOBS = dict(mu=0.7, pfedme_lambda=2.0, inner_steps=3)


@pytest.mark.parametrize("weights", ["examples", "clients"])
@pytest.mark.parametrize("name", WAY)
@settings(max_examples=20)
@given(tau=PULLS[0], eta=PULLS[1], n=PULLS[2])
def test_a_round_at_the_weighted_mean_changes_nothing(name, weights, tau, eta, n):
    exp, fed = quadratics(
        n, algorithm=name, local_epochs=tau, learning_rate=eta, weights=weights, rounds=1, **KNOBS
    )
    p = np.array(n) if weights == "examples" else np.ones(2)
    pull = p * WAY[name](tau, eta)
    star = np.array([pull @ X / pull.sum()])
    np.testing.assert_allclose(closed.after_a_round(exp, fed, w=star.copy()).w, star, atol=1e-12)


@pytest.mark.parametrize("participation", [1.0, 0.5])
@pytest.mark.parametrize("name", ["scaffold", "feddyn"])
@pytest.mark.parametrize("weights", ["examples", "clients"])
def test_scaffold_and_feddyn_end_at_the_optimum_of_either_mean(name, weights, participation):
    """Also where half of the clients come, with other shares of all examples in every round."""
    rng = np.random.default_rng(0)
    a, x, n = rng.uniform(0.5, 3, 6), rng.uniform(-2, 2, 6), rng.integers(1, 8, 6)
    clients = list(zip(a.tolist(), x.tolist(), n.tolist(), strict=True))
    rounds = 3000 if name == "feddyn" and participation < 1 else 900
    exp, fed = closed.experiment(
        clients,
        5,
        0.05,
        algorithm=name,
        rounds=rounds,
        weights=weights,
        participation=participation,
    )
    p = n if weights == "examples" else np.ones(6)
    end = fp.run(exp, fed).parameters[0]
    assert end == pytest.approx((p * a) @ x / (p @ a), abs=1e-9)


def test_apfls_shared_model_is_the_plain_mean():
    exp, fed = quadratics(personal="apfl", mixing=0.5)
    s = closed.moved(A, 5, 0.1)
    assert fp.run(exp, fed).parameters[0] == pytest.approx(s @ X / s.sum(), abs=1e-9)
    by = fp.run(exp.replace(weights="examples"), fed).parameters[0]
    assert by == pytest.approx((N * s) @ X / (N @ s), abs=1e-9)


def test_with_equal_sizes_it_makes_no_difference():
    fed = quadratics([3, 3])[1]
    for name in ("fedavg", "scaffold", "feddyn", "fednova"):
        ends = [
            fp.run(quadratics([3, 3], algorithm=name, weights=w, rounds=50)[0], fed).parameters
            for w in ("examples", "clients")
        ]
        np.testing.assert_allclose(*ends, atol=1e-12)


def test_a_client_without_examples_counts_nothing():
    run = Run(fp.Experiment(weights="clients"))
    assert set(run.weight(np.arange(10)).tolist()) == {1}
    fed = fp.Federation.from_arrays(X[:, None], [0, 1], [0, 1], test_fraction=0, held_out=0)
    fed = replace(fed, train=GivenShares(np.array([0, 0, 2]), np.array([0, 1])))
    for weights in ("examples", "clients"):
        weight = Run(fp.Experiment(weights=weights), fed).weight(np.arange(2))
        assert weight.tolist() == [0, 2 if weights == "examples" else 1]


# --- with noise -----------------------------------------------------------------------------------


def test_noise_counts_clients_alike_and_refuses_to_do_otherwise():
    exp = fp.Experiment(noise_multiplier=1.0)
    assert exp.weighting == exp.replace(weights="clients").weighting == "clients"
    for choices in (dict(noise_multiplier=1.0), dict(aggregate="fixed")):
        with pytest.raises(ValueError, match=r"weights='examples': must be 'paper' or 'clients'"):
            fp.Experiment(weights="examples", **choices)
    assert fp.Experiment(weights="examples", clip=1.0).weighting == "examples"


# --- travelling -----------------------------------------------------------------------------------


def test_it_travels_in_links_and_files_and_is_a_control():
    exp = fp.Experiment(weights="clients")
    assert fp.Experiment.from_token(exp.to_token()) == exp
    assert fp.Experiment.from_json(exp.to_json()) == exp
    assert any("weights" in names for names in plan(exp).values())
    for fixed in (dict(algorithm="centralised"), dict(noise_multiplier=1.0)):
        assert not any("weights" in names for names in plan(exp.replace(**fixed)).values())


@pytest.mark.parametrize(
    ("old", "now"),
    [
        ({}, {}),
        ({"algorithm": "scaffold"}, {}),
        ({"algorithm": "pfedme"}, {"weights": "examples"}),
        ({"algorithm": "perfedavg"}, {"weights": "examples"}),
        ({"algorithm": "ifca"}, {"weights": "examples"}),
        ({"algorithm": "fedrep", "model": "mlp"}, {"weights": "examples"}),
        ({"algorithm": "fedper", "model": "mlp"}, {}),
        ({"personal": "apfl"}, {"weights": "examples"}),
        ({"personal": "apfl", "algorithm": "scaffold"}, {}),
        ({"algorithm": "pfedme", "noise_multiplier": 1.0}, {}),
    ],
)
def test_a_file_from_before_the_choice_means_what_it_meant(old, now):
    assert fp.Experiment.from_dict({"version": 1} | old) == fp.Experiment(**old | now)
    assert fp.Experiment.from_dict(old) == fp.Experiment(**old)  # written by hand, today
    kept = fp.Experiment(**old)
    assert fp.Experiment.from_dict(kept.to_dict()) == kept


# --- in comparisons -------------------------------------------------------------------------------

FEW = fp.Experiment(rounds=2, clients=4, alpha=0.1)


def weightings(comparison):
    return {name: exp.weighting for name, exp in comparison.experiments.items()}


def test_a_comparison_has_one_objective_and_says_whose_paper_has_another():
    found = fp.compare(FEW, ["FedAvg", "SCAFFOLD", "FedDyn"], seeds=1)
    assert set(weightings(found).values()) == {"examples"}
    assert "so SCAFFOLD and FedDyn too, whose papers do not." in found.note()
    found = fp.compare(FEW.replace(algorithm="scaffold"), ["FedAvg", "SCAFFOLD"], seeds=1)
    assert set(weightings(found).values()) == {"clients"}
    assert "All count clients alike here, so FedAvg too" in found.table()


@pytest.mark.parametrize("weights", ["examples", "clients"])
def test_a_comparison_with_given_weights_is_the_methods_runs_with_them(weights):
    found = fp.compare(FEW, ["FedAvg", "SCAFFOLD"], seeds=1, weights=weights)
    for name, algorithm in (("FedAvg", "fedavg"), ("SCAFFOLD", "scaffold")):
        run = fp.run(FEW.replace(algorithm=algorithm, weights=weights))
        np.testing.assert_array_equal(found.accuracy[name][0], run.accuracy)


def test_two_objectives_are_never_compared_in_silence():
    found = fp.compare(FEW, ["FedAvg", "SCAFFOLD"], seeds=1, weights="paper")
    assert weightings(found) == {"FedAvg": "examples", "SCAFFOLD": "clients"}
    assert 'two objectives, which weights="examples" or "clients" makes one' in found.note()
    both = {"by examples": dict(weights="examples"), "alike": dict(weights="clients")}
    found = fp.compare(FEW, both, seeds=1)
    assert weightings(found) == {"by examples": "examples", "alike": "clients"}
    assert "two objectives" in found._repr_html_()


def test_where_no_method_departs_from_its_paper_nothing_is_said():
    assert fp.compare(FEW, ["FedAvg", "FedProx"], seeds=1).weights_note() == ""
    noisy = fp.compare(FEW.replace(noise_multiplier=1.0), ["FedAvg", "SCAFFOLD"], seeds=1)
    assert noisy.weights_note() == ""


def test_unknown_weights_are_refused_before_anything_is_run():
    with pytest.raises(ValueError, match="weights='equal': must be one of paper, examples, client"):
        entrants(FEW, ["FedAvg"], "equal")


def test_a_sweep_says_where_its_values_have_two_objectives():
    def swept(exp, name, values):
        words = [str(value) for value in values]
        made = SweepJob(exp, name, name, "Help.", values, words, check=lambda exp: None)
        return made.fan(exp).help

    assert swept(FEW, "algorithm", ["fedavg", "fedprox"]) == "Help."
    assert swept(FEW, "algorithm", ["fedavg", "scaffold"]) == f"Help. {MIXED}"
    assert swept(FEW, "noise_multiplier", [0.0, 1.0]) == f"Help. {MIXED}"
    alike = FEW.replace(weights="clients")
    assert swept(alike, "algorithm", ["fedavg", "scaffold"]) == "Help."
    assert swept(alike, "noise_multiplier", [0.0, 1.0]) == "Help."
    assert swept(FEW, "weights", ["examples", "clients"]) == "Help."
