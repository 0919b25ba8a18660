"""`fp.compare`: the same dice for every method, and no claim that the dice could have made."""

from __future__ import annotations

import csv
import math
from dataclasses import dataclass, replace

import matplotlib
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import binomtest

import fedplay as fp
from fedplay import registry
from fedplay.cost import Limit
from fedplay.engine.loop import Run
from fedplay.methods import METHODS
from fedplay.studies.comparison import Comparison
from fedplay.studies.comparison_runs import ComparisonRuns, Curve, seeded
from fedplay.studies.entrants import USUAL, choices_of, entrants, usual_name
from fedplay.studies.statistics import RARE, Difference, Reached, difference, reached, sooner
from tests.support.screens import TINY, same

FEW = fp.Experiment(**TINY, participation=0.5)


@pytest.fixture(scope="module")
def found():
    return fp.compare(FEW, ["FedAvg", "FedProx", "SCAFFOLD"], seeds=3)


@pytest.fixture
def own():
    """Algorithms that are registered for one test only."""
    before = dict(registry.SLOTS["algorithm"])
    yield fp.register
    registry.SLOTS["algorithm"].clear()
    registry.SLOTS["algorithm"].update(before)


def made(reference="a", seeds=None, wanted=None, **ends):
    """A comparison of methods by their accuracies, (S, R + 1) each."""
    rows = {name: np.asarray(own, float) for name, own in ends.items()}
    exp = FEW.replace(rounds=next(iter(rows.values())).shape[1] - 1)
    curves = {
        name: {s: Curve(row, 1 - row, row, None) for s, row in enumerate(own)}
        for name, own in rows.items()
    }
    many = seeds if seeds is not None else len(next(iter(rows.values())))
    return Comparison(exp, dict.fromkeys(rows, exp), curves, many, reference, wanted)


# --- the same dice ------------------------------------------------------------------------------


def test_methods_share_data_start_and_cohort_seed_by_seed(found):
    for place in range(3):
        runs = [Run(seeded(exp, FEW, place)) for exp in found.experiments.values()]
        first, *others = runs
        assert (first.exp.seed, first.exp.data_seed) == (FEW.seed + place, FEW.data_seed + place)
        for other in others:
            assert other.federation is first.federation
            assert same(other.initial(), first.initial())
            for number in range(1, FEW.rounds + 1):
                assert same(other.cohort(number).ids, first.cohort(number).ids)
    starts = np.array([found.accuracy[name][:, 0] for name in found.curves])
    assert same(starts, np.repeat(starts[:1], 3, axis=0))


def test_every_curve_is_the_run_of_its_experiment(found):
    for name, exp in found.experiments.items():
        for place in range(3):
            history = fp.run(seeded(exp, FEW, place))
            assert same(found.accuracy[name][place], history.accuracy)
            assert same(found.loss[name][place], history.loss)
            own = np.nanmean(history.client_accuracy, axis=1)
            np.testing.assert_allclose(found.client_accuracy[name][place], own)


def test_the_table_of_runs_names_the_seeds_that_were_run():
    for first in (0, 7, 2**32 - 2):
        found = fp.compare(FEW.replace(seed=first, rounds=1), ["FedAvg"], seeds=3)
        rows = [line.split(",") for line in found.to_csv().splitlines()[1:]]
        for place, seed in enumerate(dict.fromkeys(int(row[1]) for row in rows)):
            own = FEW.replace(seed=seed, data_seed=FEW.data_seed + place, rounds=1)
            accuracy = [float(row[3]) for row in rows if int(row[1]) == seed]
            assert same(accuracy, fp.run(own).accuracy)


def test_seeds_differ_and_wrap_around():
    found = fp.compare(FEW.replace(seed=2**32 - 1), ["FedAvg"], seeds=2)
    assert not same(*found.accuracy["FedAvg"])
    assert same(found.accuracy["FedAvg"][1], fp.run(FEW.replace(seed=0, data_seed=1)).accuracy)


def test_models_that_never_join_are_those_of_the_history(found):
    for place, alone in enumerate(found.alone):
        history = fp.run(seeded(FEW, FEW, place))
        called = np.isin(history.panel, np.concatenate(history.cohort))
        assert alone[-1] == pytest.approx(np.nanmean(history.local_accuracy[called]))


def test_a_federation_of_ones_own_is_what_all_of_them_train_on():
    rng = np.random.default_rng(0)
    labels, owners = ["a", "b"] * 60, [0, 1, 2] * 40
    fed = fp.Federation.from_arrays(rng.normal(size=(120, 2)), labels, owners)
    found = fp.compare(fp.Experiment(rounds=2), ["FedAvg"], seeds=2, federation=fed)
    assert same(found.accuracy["FedAvg"][1], fp.run(fp.Experiment(rounds=2, seed=1), fed).accuracy)
    assert "2 seeds (of training)" in found.note(), "the data are what they are"


def test_what_was_computed_before_is_not_computed_again():
    kept = {}

    class Kept:
        def get(self, exp):
            return kept.get(exp)

        def put(self, exp, curve):
            kept[exp] = curve

    who = entrants(FEW, ["FedAvg", "FedProx"])
    first = ComparisonRuns(FEW, who, 2, kept=Kept())
    while first.advance():
        pass
    assert (len(kept), first.done) == (4, 4)
    again = ComparisonRuns(FEW, who, 3, kept=Kept())
    assert again.done == 4
    assert list(again.todo) == [("FedAvg", 2), ("FedProx", 2)]
    kept[again.run_of("FedAvg", 2)] = again.curves["FedAvg"][0]  # known by now
    assert again.advance()
    assert again.done == 5


# --- who takes part -----------------------------------------------------------------------------


def test_every_method_has_its_names_and_its_choices():
    assert set(USUAL) <= set(METHODS)
    for name, method in METHODS.items():
        assert usual_name(name.lower()) == name
        exp = FEW.replace(**choices_of(name.upper()))
        assert (exp.algorithm, exp.server) == tuple(method.choices.values())
        assert method.what.endswith(".")


def test_a_dict_gives_labels_experiments_and_choices():
    pull = {"algorithm": "fedprox", "mu": 1.0}
    methods = {"plain": "fedavg", "more": FEW.replace(local_epochs=3), "pull": pull}
    found = fp.compare(FEW, methods, seeds=1)
    assert list(found.curves) == ["plain", "more", "pull"]
    assert found.reference == "plain"
    assert found.experiments["more"].local_epochs == 3
    assert found.experiments["pull"].mu == 1.0


def test_an_algorithm_of_a_notebook_takes_part_by_its_name(own):
    @dataclass(frozen=True)
    class Twice(fp.Algorithm):
        """Nothing of its own."""

    own(Twice, "twice")
    found = fp.compare(FEW, ["FedAvg", "twice"], seeds=2)
    assert same(found.accuracy["twice"], found.accuracy["FedAvg"])
    assert found.statement("twice") == "twice and FedAvg end the same in every seed."
    assert found.difference("twice").words() == "the same"


@pytest.mark.parametrize(
    ("methods", "more", "words"),
    [
        ([], {}, r"methods=\[\]: must name at least one"),
        ({}, {}, r"methods=\[\]: must name at least one"),
        ("FedAvg", {}, "methods='FedAvg': must be a list of names"),
        (7, {}, "methods=7: must be a list of names"),
        (["FedAgv"], {}, r"methods: 'FedAgv' is none of \['FedSGD', 'FedAvg'"),
        ([3], {}, "methods: 3: must be a name"),
        ({"x": 3}, {}, "methods: x=3: must be a name or an Experiment"),
        ({"x": {"mu": -1}}, {}, "x: mu=-1: must be a number from"),
        (["FedAvg"], {"seeds": 0}, "seeds=0: must be a whole number from 1 to 100"),
        (["FedAvg"], {"seeds": 101}, "seeds=101: must be"),
        (["FedAvg"], {"seeds": True}, "seeds=True: must be"),
        (["FedAvg"], {"seeds": 2.5}, "seeds=2.5: must be"),
        (["FedAvg"], {"target": 2}, "target=2: must be a number above 0 and up to 1"),
        (["FedAvg"], {"target": 0}, "target=0: must be"),
        (["FedAvg"], {"target": math.nan}, "target=nan: must be"),
        (["FedAvg"], {"target": "0.9"}, "target='0.9': must be"),
        (["FedAvg"], {"reference": "FedProx"}, r"reference='FedProx': must be one of \['FedAvg'\]"),
        (["FedAvg"], {"limit": Limit(seconds=0)}, "FedAvg: This run would take about .* s of one"),
    ],
)
def test_bad_input_is_named(methods, more, words):
    with pytest.raises(ValueError, match=words):
        fp.compare(FEW, methods, **more)


def test_a_loss_is_no_accuracy():
    exp = fp.Experiment(data="quadratics", partition="natural", model="quadratic", clients=3)
    with pytest.raises(ValueError, match="FedAvg: model='quadratic': has no accuracy"):
        fp.compare(exp, ["FedAvg"])


def test_a_method_that_fails_says_in_which_run(own):
    @dataclass(frozen=True)
    class Breaks(fp.Algorithm):
        def correct(self, w0, own, server, c):
            if c.round == 2:
                raise RuntimeError("not in round 2")
            return fp.Correction()

    own(Breaks, "breaks")
    with pytest.raises(RuntimeError, match="not in round 2") as caught:
        fp.compare(FEW.replace(seed=7), ["FedAvg", "breaks"], seeds=2)
    assert caught.value.__notes__ == ["in the run of breaks, seed 7"]


# --- rounds to target ---------------------------------------------------------------------------


def test_rounds_to_the_target_are_medians_over_seeds():
    a = [[0.1, 0.5, 0.9], [0.1, 0.9, 0.9], [0.1, 0.2, 0.9], [0.1, 0.2, 0.3]]
    found = made(a=a, b=np.full((4, 3), 0.2), wanted=0.9)
    assert found.rounds_to() == {"a": Reached(2.0, 3, 4), "b": Reached(math.inf, 0, 4)}
    assert found.rounds_to()["a"].words() == "2 (3 of 4)"
    assert found.rounds_to()["b"].words() == "– (0 of 4)"
    assert found.rounds_to(0.5)["a"] == Reached(1.5, 3, 4)
    assert found.rounds_to(0.1)["a"] == Reached(0.0, 4, 4)
    with pytest.raises(ValueError, match=r"target=1\.5: must be"):
        found.rounds_to(1.5)


@given(st.lists(st.lists(st.floats(0, 1), min_size=4, max_size=4), min_size=1, max_size=7))
def test_a_median_is_finite_where_more_than_half_get_there(rows):
    got = reached(np.array(rows), 0.5)
    assert got.times == sum(max(row) >= 0.5 for row in rows)
    firsts = sorted(next((i for i, a in enumerate(r) if a >= 0.5), math.inf) for r in rows)
    middle = firsts[(len(rows) - 1) // 2], firsts[len(rows) // 2]
    assert got.median == sum(middle) / 2


def test_the_target_is_tidy_and_one_that_the_reference_gets():
    for ends, target in (([0.93, 0.91], 0.9), ([0.95, 0.95], 0.95), ([0.01, 0.3], 0.05)):
        rows = [[0.0, end] for end in ends]
        found = made(a=rows, b=[[0.0, 1.0]] * 2)
        assert found.target == target
    assert made(a=[[0.0, math.nan]] * 2).target == 0.5
    assert made(a=rows, wanted=0.77).target == 0.77


# --- what may be said ---------------------------------------------------------------------------


@given(st.integers(0, 40), st.integers(0, 40))
def test_the_chance_is_that_of_the_sign_test(above, below):
    found = Difference(0.1, above, below, above + below)
    wanted = binomtest(above, above + below).pvalue if above + below else 1.0
    assert found.chance == pytest.approx(wanted)
    assert found.clear == (found.chance <= RARE)


def test_five_of_five_are_clear_and_four_are_not():
    assert Difference(0.1, 5, 0, 5).chance == 2 / 2**5 == RARE
    assert not Difference(0.1, 4, 0, 4).clear
    assert not Difference(0.1, 4, 1, 5).clear
    assert not Difference(0.1, 8, 2, 10).clear
    assert Difference(0.1, 9, 1, 10).chance == pytest.approx(22 / 2**10)
    assert Difference(0.1, 9, 1, 10).clear
    assert not Difference(0.1, 4, 0, 5).clear, "a tie is no win"


@pytest.mark.parametrize(
    ("seen", "sentence"),
    [
        ((0.0331, 5, 0, 5), "B ends 0.033 above A (above in 5 of 5 seeds)."),
        ((-0.02, 1, 9, 10), "B ends 0.020 below A (below in 9 of 10 seeds)."),
        ((0.02, 1, 9, 10), "B ends below A (below in 9 of 10 seeds)."),
        ((math.nan, 0, 5, 5), "B ends below A (below in 5 of 5 seeds)."),
        ((0.0, 0, 0, 5), "B and A end the same in every seed."),
        ((0.0, 0, 0, 0), "B and A have no seed in common yet."),
        ((0.03, 4, 1, 5), "B and A: no difference beyond the seeds (+0.030, above in 4 of 5)."),
        ((-0.01, 2, 2, 5), "B and A: no difference beyond the seeds (−0.010, below in 2 of 5)."),
        (
            (0.5, 3, 0, 3),
            "B and A: no difference beyond the seeds "
            "(+0.500, above in 3 of 3; so few seeds cannot tell).",
        ),
    ],
)
def test_the_sentence_claims_no_more_than_the_seeds_do(seen, sentence):
    assert Difference(*seen).sentence("B", "A") == sentence


def test_differences_are_taken_seed_by_seed():
    a, b = np.array([0.9, 0.5, 0.7]), np.array([0.8, 0.4, 0.7])
    found = difference(a, b)
    assert found[1:] == (2, 0, 3)
    assert found.mean == pytest.approx(0.2 / 3)
    lost = difference(np.array([0.9, math.nan, math.nan]), np.array([0.8, 0.5, math.nan]))
    assert lost[1:] == (1, 1, 3), "what is lost lies below, and two that are lost are alike"
    assert lost.mean == pytest.approx(0.1)
    assert sooner(np.array([3, math.inf, 5.0]), np.array([5, 4, math.inf])) == (2.0, 2, 1, 3)


def test_only_seeds_that_both_have_are_compared():
    found = made(a=[[0, 0.5], [0, 0.6], [0, 0.7]], b=[[0, 0.6], [0, 0.5], [0, 0.9]], seeds=5)
    del found.curves["b"][1]
    assert found.difference("b")[1:] == (2, 0, 2)
    assert found.sooner("b").seeds == 2
    assert found.end("a").words() == "0.600 (0.500–0.700)"
    with pytest.raises(ValueError, match="method='c': must be one of"):
        found.difference("c")


def test_an_effect_is_found_and_an_alias_is_none():
    exp = fp.Experiment(rounds=10, clients=5)
    far = exp.replace(learning_rate=0.001)
    found = fp.compare(exp, {"usual": exp, "slow": far, "again": exp}, seeds=5)
    assert found.statement("slow").startswith("slow ends 0.")
    assert "below usual (below in 5 of 5 seeds)" in found.statement("slow")
    assert found.statement("again") == "again and usual end the same in every seed."


def test_a_method_that_diverges_is_said_to():
    exp = FEW.replace(learning_rate=1000, model="mlp", rounds=4)
    found = fp.compare(FEW, {"usual": FEW, "wild": exp}, seeds=2)
    assert (found.diverged("usual"), found.diverged("wild")) == (0, 2)
    assert "diverged in 2" in found.table()
    curve = found.curves["wild"][0]
    assert curve.diverged == fp.run(seeded(exp, FEW, 0)).diverged


# --- as a table, a file, a picture --------------------------------------------------------------


def test_the_table_has_a_row_for_each_method(found):
    lines = found.table().splitlines()
    head = f"rounds to {found.target:.2f} at the end against FedAvg clients' own"
    assert lines[0].split() == head.split()
    assert [line.split()[0] for line in lines[1:5]] == ["FedAvg", "FedProx", "SCAFFOLD", "each"]
    assert found.rounds_to()["SCAFFOLD"].words() in lines[3]
    assert found.end("FedProx").words() in lines[2]
    assert "Mean of 3 seeds (of training and data)" in lines[-1]
    assert repr(found) == found.table()


def test_html_is_escaped():
    name = '<img src=x onerror="1">'
    found = made(reference=name, **{name: [[0.1, 0.2]] * 2, "b&": [[0.1, 0.3]] * 2})
    html = found._repr_html_()
    assert "<img" not in html
    assert "&lt;img src=x" in html
    assert "<td>b&amp;</td>" in html


def test_csv_has_every_round_of_every_run(found, tmp_path):
    text = found.to_csv(tmp_path / "x.csv")
    assert (tmp_path / "x.csv").read_text() == text
    rows = list(csv.DictReader(text.splitlines()))
    assert len(rows) == 3 * 3 * (FEW.rounds + 1)
    row = next(r for r in rows if (r["method"], r["seed"], r["round"]) == ("FedProx", "2", "3"))
    assert float(row["accuracy"]) == found.accuracy["FedProx"][2, 3]
    assert float(row["loss"]) == found.loss["FedProx"][2, 3]
    run = fp.run(seeded(found.experiments["FedProx"], FEW, 2))
    assert row["state"] == run.state.name


def test_the_plot_draws_means_and_bands(found):
    matplotlib.use("Agg")
    ax = found.plot()
    lines = {line.get_label().split(":")[0]: line for line in ax.get_lines()}
    for name, rows in found.accuracy.items():
        np.testing.assert_allclose(lines[name].get_ydata(), rows.mean(axis=0))
    assert len(ax.collections) == 3
    assert f"{found.target:.2f}" in ax.get_legend().get_title().get_text()
    odd = replace(found, curves={"$x^": found.curves["FedAvg"]}, reference="$x^")
    odd = replace(odd, experiments={"$x^": FEW})
    odd.plot(ax).figure.canvas.draw()
    ax.figure.clear()
