"""What notebooks/01 to 04b say: each sentence that could be wrong is run, over five seeds.

The experiments are read out of the notebooks, so that text and test cannot disagree.
"""

from __future__ import annotations

import json
from functools import lru_cache
from pathlib import Path

import numpy as np
import pytest

import fedplay as fp
from fedplay.engine.loop import federation_of
from fedplay.inspect import closed_forms
from fedplay.lessons.answers import clear_winner
from fedplay.lessons.exercises import EXERCISES
from fedplay.lessons.measures import measure
from fedplay.studies.comparison_runs import seeded

FOLDER = Path(__file__).parents[2] / "notebooks"
ALL = [
    cell
    for name in ("01-fedavg", "02-non-iid", "03-drift", "04-personalization", "04b-newcomer")
    for cell in json.loads((FOLDER / f"{name}.ipynb").read_text("utf-8"))["cells"]
]
CELLS = {cell["id"]: "".join(cell["source"]) for cell in ALL}
CODE = {cell["id"] for cell in ALL if cell["cell_type"] == "code"}
SEEDS = 5


@lru_cache(maxsize=256)
def once(exp):
    return fp.run(exp)


def runs(exp):
    return [once(seeded(exp, exp, place)) for place in range(SEEDS)]


def each(exp, name):
    """(seeds,) a measure."""
    return np.array([measure(name).of(history) for history in runs(exp)])


def scope(cell):
    """The names that a cell finds: all experiments of its lesson."""
    names = {"fp": fp}
    lesson = cell.split("-")[0]
    for other, words in CELLS.items():
        if other.startswith(f"{lesson}-") and other.endswith("-exp"):
            exec(words, names)
    return names


def asked(cell):
    """The Prediction that a cell makes."""
    return eval(CELLS[cell], scope(cell))


def outcome(cell):
    """What came out where a number is asked for, (seeds,), or who won of several."""
    question = asked(cell)
    found = {
        label: [question.measure.of(once(seeded(exp, exp, s))) for s in range(question.seeds)]
        for label, exp in question.runs.items()
    }
    return clear_winner(found, question.most) if question.labels else np.array(found[""])


def text(cell, *words):
    """Whether a cell says this, line breaks aside."""
    said = " ".join(CELLS[cell].split())
    return all(" ".join(one.split()) in said for one in words)


# --- 01: the model goes to the data ------------------------------------------------------------


def test_twenty_clients_have_57_digits_each_to_train_on():
    assert text("avg-worth", "share 1,438 digits", "about 57 to train on")
    fed = federation_of(scope("avg")["alike"])
    assert (fed.clients, len(fed.y)) == (20, 1438)
    assert abs(fed.sizes.mean() - 57) < 1


def test_joining_gains_at_least_eight_points():
    assert text("avg-worth-after", "at least eight points")
    assert (outcome("avg-worth-shared") - outcome("avg-worth-alone") > 0.08).all()


def test_alone_suffers_most_where_the_portions_are_small():
    few = scope("avg")["alike"].replace(clients=5)
    many = few.replace(clients=50)
    lost = each(few, "own accuracy") - each(many, "own accuracy")
    assert (lost < 0.08).all()
    assert (each(few, "accuracy alone") - each(many, "accuracy alone") > 0.18).all()


def test_all_data_in_one_place_is_ahead_by_about_four_points():
    assert text("avg-pooled-after", "about four points", "36 steps", "four steps")
    assert outcome("avg-pooled-predict") == "all data in one place"
    ours, theirs = (each(exp, "accuracy") for exp in asked("avg-pooled-predict").runs.values())
    assert 0.03 < (theirs - ours).mean() < 0.05
    fed = federation_of(fp.Experiment(partition="iid"))
    assert np.ceil(fed.sizes / 32).max() == 4
    assert np.ceil(fed.sizes.sum() / 32) == 36


def test_ten_local_epochs_close_the_gap():
    assert outcome("avg-pooled-more") is None
    ours, theirs = (each(exp, "accuracy") for exp in asked("avg-pooled-more").runs.values())
    assert (abs(ours - theirs) < 0.01).all()


def test_the_traffic_is_twenty_eight_times_the_data():
    assert text("avg-mistake", "92 kB", "650 numbers")
    assert text("avg-mistake-after", "2.6 MB: twenty-eight times")
    history = once(fp.Experiment(partition="iid"))
    sent = history.bytes_up[-1] + history.bytes_down[-1]
    data = 1438 * 64
    assert (sent, round(data / 1000), round(sent / data)) == (2_600_000, 92, 28)
    assert len(history.parameters) == 650


# --- 02: clients differ ------------------------------------------------------------


def test_label_skew_costs_points_where_few_come():
    alike = scope("iid")["alike"]
    assert (each(alike, "late accuracy") - outcome("iid-labels-predict") > 0.04).all()
    assert text("iid-labels", "nine digits in ten")
    assert each(alike, "late accuracy").mean() == pytest.approx(0.9, abs=0.02)
    counts = federation_of(alike.replace(partition="shards")).label_counts() > 0
    assert counts.sum(axis=1).mean() == pytest.approx(2.3, abs=0.7)


def test_more_alpha_is_less_skew():
    assert text("iid-labels-play", "100 is nearly IID", "most clients have a few digits only")
    exp = scope("iid")["alike"].replace(partition="dirichlet")
    for seed in range(SEEDS):
        even, few = (
            np.sort(federation_of(exp.replace(alpha=a, data_seed=seed)).label_counts(), axis=1)
            for a in (100.0, 0.1)
        )
        assert ((even[:, -4:].sum(axis=1) / even.sum(axis=1)) < 0.7).all()
        assert np.mean(few[:, -4:].sum(axis=1) / few.sum(axis=1) > 0.9) > 0.5


def test_turned_pictures_cost_most_and_amounts_nothing():
    names = scope("iid")
    alike, kinds = names["alike"], names["kinds"]
    assert outcome("iid-kinds-predict") == "feature skew"
    base, late = (
        each(alike, "late accuracy"),
        {k: each(e, "late accuracy") for k, e in kinds.items()},
    )
    assert (late["quantity skew"] > base - 0.01).all()
    assert (base - late["label skew"] > 0.04).all()
    assert (late["label skew"] - late["feature skew"] > 0.15).all()


def test_a_larger_model_reads_turned_digits():
    assert text("iid-kinds-after", "about three quarters of them")
    turned = scope("iid")["kinds"]["feature skew"].replace(participation=1.0)
    pooled = each(turned.replace(algorithm="centralised"), "late accuracy")
    assert pooled.mean() == pytest.approx(0.74, abs=0.03)
    larger = each(turned.replace(model="mlp", local_epochs=5, learning_rate=0.5), "late accuracy")
    assert (larger > 0.87).all()


def test_with_everybody_present_the_loss_is_gone():
    alike = scope("iid")["alike"]
    base, all_ = each(alike, "late accuracy"), outcome("iid-few-predict")
    assert (abs(base - all_) < 0.02).all()
    everyone = each(alike.replace(participation=1.0), "late accuracy")
    assert (abs(base - everyone) < 0.02).all()

    def jumps(exp):
        return np.array([np.abs(np.diff(h.accuracy[20:])).mean() for h in runs(exp)])

    few = alike.replace(partition="shards")
    assert (jumps(few) > 3 * jumps(few.replace(participation=1.0))).all()


def test_alone_is_better_on_ones_own_two_digits_and_no_use_elsewhere():
    alone = outcome("iid-mistake-predict")
    exp = asked("iid-mistake-predict").runs[""]
    assert (alone > 0.95).all()
    assert (alone - each(exp, "own accuracy") > 0.03).all()
    for seed in range(SEEDS):
        fed = federation_of(exp.replace(data_seed=seed))
        known = fed.label_counts() > 0
        assert known[:, fed.y_test].mean() < 0.3


# --- 03: drift ------------------------------------------------------------


def end(exp):
    return float(once(exp).parameters[0])


def test_the_two_clients_end_where_the_formulas_say():
    two = scope("drift")["two"]
    a, x, even, eta = (1, 4), [[-1], [2]], (1, 1), two.learning_rate
    best = closed_forms.optimum(a, x, even).item()
    assert best == pytest.approx(1.4)
    assert end(two) == pytest.approx(best, abs=1e-4)
    for K in (5, 20, 100):
        more = two.replace(local_epochs=K)
        assert end(more) == pytest.approx(closed_forms.fedavg(a, x, even, eta, K).item(), abs=1e-4)
        assert end(more.replace(algorithm="scaffold")) == pytest.approx(best, abs=1e-4)
    assert outcome("drift-line-predict")[0] == pytest.approx(0.5, abs=0.01)
    assert outcome("drift-prox-predict")[0] == pytest.approx(0.85, abs=0.005)
    assert outcome("drift-scaffold-predict")[0] == pytest.approx(1.4, abs=0.005)
    five = two.replace(local_epochs=5)
    assert text("drift-prox-after", "At 0.85", "1.246 in place of 1.245")
    assert round(end(five), 3) == 1.245
    assert round(end(five.replace(algorithm="fedprox", mu=1.0)), 3) == 1.246


def test_scaffold_sends_two_vectors():
    hard = scope("drift")["hard"].replace(rounds=1)
    ours, theirs = once(hard), once(hard.replace(algorithm="scaffold"))
    assert theirs.bytes_up[-1] == 2 * ours.bytes_up[-1]


def test_local_epochs_save_rounds_and_then_hardly_any():
    skewed = scope("drift")["skewed"]
    one, five, twenty = (each(skewed.replace(local_epochs=E), "rounds to 0.9") for E in (1, 5, 20))
    assert (one.min(), one.max()) == (18, 47)
    assert text("drift-epochs-predict", "With one it takes 18 to 47")
    assert np.median(five) < 0.8 * np.median(one)
    assert outcome("drift-epochs-more") is None
    assert np.median(five) - np.median(twenty) <= 3
    alike = skewed.replace(partition="iid", local_epochs=20)
    assert text("drift-epochs-after", "within three rounds")
    assert each(alike, "rounds to 0.9").max() <= 3
    ends = [each(skewed.replace(local_epochs=E), "late accuracy") for E in (1, 5, 20)]
    assert ends[0].mean() < ends[1].mean() < ends[2].mean()


def test_fedprox_shortens_the_way_and_costs_accuracy():
    assert outcome("drift-remedies-drift") == "FedAvg"
    hard = scope("drift")["hard"]
    lost = each(hard, "late accuracy") - each(hard.replace(algorithm="fedprox"), "late accuracy")
    assert (lost > 0).all()
    assert 0.005 < lost.mean() < 0.025


def test_scaffold_and_server_momentum_help_where_few_come():
    assert outcome("drift-remedies-accuracy") == "SCAFFOLD"
    hard = scope("drift")["hard"]
    base = each(hard, "late accuracy")
    scaffold = hard.replace(algorithm="scaffold")
    assert (each(scaffold, "late accuracy") - base).mean() == pytest.approx(0.05, abs=0.015)
    assert (each(scaffold, "rounds to 0.8") < each(hard, "rounds to 0.8")).all()
    momentum = hard.replace(**fp.METHODS["FedAvgM"].choices)
    assert (each(momentum, "late accuracy") > base + 0.02).all()
    assert runs(momentum)[0].bytes_up[-1] == runs(hard)[0].bytes_up[-1]


def test_scaffold_is_no_better_with_one_epoch_and_tiny_clients():
    assert text("drift-mistake-after", "by about two points on average")
    exp = fp.Experiment(alpha=0.1)
    assert CELLS["drift-mistake-table"] == (
        'fp.compare(fp.Experiment(alpha=0.1), ["FedAvg", "SCAFFOLD"])'
    )
    lost = each(exp, "accuracy") - each(exp.replace(algorithm="scaffold"), "accuracy")
    assert (lost > 0).sum() >= 4
    assert 0.01 < lost.mean() < 0.03
    assert any(federation_of(seeded(exp, exp, s)).sizes.min() <= 32 for s in range(SEEDS))
    more = exp.replace(local_epochs=5)
    gain = each(more.replace(algorithm="scaffold"), "accuracy") - each(more, "accuracy")
    assert (gain > 0).sum() >= 4


# --- 04: personalization ------------------------------------------------------------


def personal(exp):
    """(seeds,) the personal models' accuracy on the clients' own data, their mean."""
    return np.array([history.personal_accuracy.mean() for history in runs(exp)])


def hurt(exp):
    """(seeds,) the share of clients that a model which never joined would suit better."""
    return np.array([(h.local_accuracy > h.client_accuracy[-1]).mean() for h in runs(exp)])


def lone(history):
    """Everybody's model that never joined, (N, P)."""
    run = history._run
    W = np.repeat(run.initial()[None], len(history.panel), axis=0)
    for number, ids in enumerate(history.cohort[1:], start=1):
        W[ids] = run.trainer(W[ids], None, ids=ids, round=number, epochs=run.exp.local_epochs)
    return W


def tuned(history):
    """Everybody's fine-tuned model, (N, P)."""
    return history._run.personalise(history._run.after(history.parameters), history.rounds)


def on_test(exp, models):
    """The clients' models on the global test set: the mean over clients and seeds."""
    found = []
    for history in runs(exp):
        run, fed = history._run, history._run.federation
        X = np.column_stack([fed.X_test, np.ones(len(fed.X_test))]).astype(np.float32)
        for w in models(history):
            found.append(run.network.right(run.network.outputs(w, X), fed.y_test).mean())
    return np.mean(found)


def test_one_model_for_two_languages_is_right_half_the_time():
    shared = outcome("own-languages-predict")
    assert ((shared > 0.4) & (shared < 0.6)).all()
    assert text("own-languages-after", "More than eight in ten clients")
    assert (hurt(scope("own")["languages"]) > 0.8).all()
    more = each(scope("own")["languages"].replace(rounds=120), "own accuracy")
    assert (more < 0.65).all()


def test_who_is_hurt_by_federating():
    names = scope("own")
    assert (outcome("own-hurt-alike") <= 0.05).all()
    assert text("own-hurt-after", "about two thirds of the clients")
    assert outcome("own-hurt-shards").mean() == pytest.approx(0.66, abs=0.07)
    assert (outcome("own-hurt-shards") >= 0.5).all()
    order = [hurt(exp).mean() for exp in names["skews"].values()]
    assert np.corrcoef(order, range(6))[0, 1] > 0.9
    fed = federation_of(names["alike"])
    assert abs(fed.sizes.mean() - 57) < 1
    assert abs(fed.held.sizes.mean() - 14) < 1
    shared = [each(names[of], "own accuracy") for of in ("alike", "shards")]
    assert (shared[1] - shared[0]).mean() < 0.02


def test_fine_tuning_harms_where_all_are_alike():
    alike = scope("own")["alike"]
    assert outcome("own-tune-alike") == "the shared model as it is"
    change = np.array([h.personal_accuracy - h.client_accuracy[-1] for h in runs(alike)])
    assert text("own-tune-after", "four in ten clients lose by it, and one or two in ten gain")
    assert (change < 0).mean() == pytest.approx(0.4, abs=0.05)
    assert (change > 0).mean() == pytest.approx(0.15, abs=0.05)


def test_fine_tuning_gains_under_skew():
    names = scope("own")
    assert outcome("own-tune-skew") == "fine-tuned"
    assert text("own-tune-after", "about five points, with two shards eight")
    for of, points in (("skewed", 0.05), ("shards", 0.08)):
        gain = personal(names[of]) - each(names[of], "own accuracy")
        assert (gain > 0).all()
        assert gain.mean() == pytest.approx(points, abs=0.01)
    change = np.array([h.personal_accuracy - h.client_accuracy[-1] for h in runs(names["shards"])])
    assert (change < 0).mean() < 0.05


def test_ditto_is_best_between_its_ends():
    assert outcome("own-ditto-predict") == "λ = 3"
    ditto = scope("own")["ditto"]
    for history in runs(ditto.replace(ditto_lambda=0.0)):
        assert (history.personal_accuracy == history.local_accuracy).all()
    away = []
    for strength in (0.0, 0.1, 1.0, 10.0):
        run = once(ditto.replace(ditto_lambda=strength))._run
        state = run.start()
        for number in range(1, run.exp.rounds + 1):
            run.advance(state, number)
        away.append(np.linalg.norm(run.personalise(state, number) - state.w, axis=1).mean())
    assert away == sorted(away, reverse=True)
    alike = ditto.replace(partition="iid")
    by = [personal(alike.replace(ditto_lambda=s)).mean() for s in (0.0, 0.1, 1.0, 10.0)]
    assert by == sorted(by)
    with pytest.raises(ValueError, match="must be at most 10 with"):
        ditto.replace(ditto_lambda=10.1)


def test_a_head_of_ones_own_pays_under_skew_only():
    assert outcome("own-head-skew") == "FedPer, a head each"
    assert outcome("own-head-alike") == "FedAvg, one model for all"
    fedper = scope("own")["mlp"].replace(algorithm="fedper")
    assert (each(fedper, "accuracy") < 0.7).all()
    tuned_too = scope("own")["mlp"].replace(personal="finetune")
    assert personal(tuned_too).mean() > personal(fedper).mean()


def test_ifca_finds_the_languages_from_models_that_begin_apart():
    ifca = scope("own")["ifca"]
    apart = outcome("own-clusters-apart")
    assert (apart > 0.84).all()
    one = each(scope("own")["alike"], "own accuracy")
    assert (one - apart).mean() < 0.03
    same = ifca.replace(cluster_start="identical")
    plain = scope("own")["languages"].replace(weights="clients")  # as IFCA's paper has it
    assert (outcome("own-clusters-identical") < 0.6).all()
    for got, fedavg in zip(runs(same), runs(plain), strict=True):
        np.testing.assert_allclose(got.parameters, fedavg.parameters, atol=1e-4)
        assert (got.personal_accuracy == got.client_accuracy[-1]).all()


def test_own_data_make_skew_look_good():
    names = scope("own")
    assert outcome("own-mistake-tuned") == "two shards"
    assert outcome("own-mistake-alone") == "two shards"
    assert outcome("own-mistake-shared") is None
    assert text("own-mistake", "0.98 with two shards and 0.87")
    assert personal(names["shards"]).mean() == pytest.approx(0.98, abs=0.005)
    assert personal(names["alike"]).mean() == pytest.approx(0.87, abs=0.005)
    assert text("own-mistake-after", "reads 0.20 of it, and a local-only one 0.19", "0.83 and 0.70")
    for of, models, said in (
        ("shards", tuned, 0.20),
        ("shards", lone, 0.19),
        ("alike", tuned, 0.83),
        ("alike", lone, 0.70),
    ):
        assert on_test(names[of], models) == pytest.approx(said, abs=0.0051)
    assert each(names["alike"], "accuracy").mean() == pytest.approx(0.89, abs=0.01)


# --- 04b: the newcomer ------------------------------------------------------------


@lru_cache(maxsize=8)
def joined(cell):
    """What the table of a cell holds."""
    words = CELLS[cell].split("\n")[0].removeprefix("late = ")
    return eval(words, scope(cell))


def at(late, n, accuracy):
    """(seeds,) of newcomers with n examples."""
    column = accuracy[:, late.examples.index(n)]
    return np.array([column[late.seed == seed].mean() for seed in range(SEEDS)])


def test_a_newcomer_to_alike_clients_needs_the_shared_model():
    late = joined("late-alike-table")
    assert text("late-alike", "about nine in ten")
    assert late.global_accuracy.mean() == pytest.approx(0.9, abs=0.02)
    alone = [at(late, n, late.local_accuracy) for n in (10, 40)]
    assert text("late-alike-after", "about three in ten with ten", "not six in ten with forty")
    assert alone[0].mean() == pytest.approx(0.3, abs=0.03)
    assert alone[1].mean() < 0.6
    one = at(late, 1, late.personal_accuracy)
    assert text("late-alike-after", "reads one in five", "not yet back at nine in ten")
    assert one.mean() == pytest.approx(0.2, abs=0.03)
    assert (outcome("late-alike-predict") < 0.3).all()
    assert (at(late, 40, late.personal_accuracy) < 0.9).all()


def test_a_leash_holds_a_newcomer_back():
    late, leash = joined("late-alike-table"), joined("late-alike-leash")
    assert text("late-alike-after", "less than half as much, and ten cost little")
    shared = at(late, 0, late.personal_accuracy)
    lost, less = (shared - at(one, 1, one.personal_accuracy) for one in (late, leash))
    assert (less < lost).all()
    assert less.mean() < lost.mean() / 2
    assert (shared - at(leash, 10, leash.personal_accuracy)).mean() < 0.1


def test_a_newcomer_with_two_digits_does_well_alone():
    late = joined("late-shards-table")
    assert text("late-shards-after", "about two in three")
    assert late.global_accuracy.mean() == pytest.approx(0.67, abs=0.05)
    shared = at(late, 0, late.personal_accuracy)
    assert (at(late, 10, late.personal_accuracy) > shared + 0.1).all()
    behind = [(at(late, n, late.personal_accuracy) - at(late, n, late.local_accuracy)).mean()
              for n in (10, 20)]  # fmt: skip
    assert 0.02 < behind[0] < 0.08
    assert behind[1] < 0.02


def test_a_newcomer_finds_its_language():
    late = joined("late-languages-table")
    assert (at(late, 5, late.personal_accuracy) > 0.85).all()
    assert at(late, 5, late.local_accuracy).mean() == pytest.approx(1 / 3, abs=0.03)
    assert (at(late, 0, late.personal_accuracy) < 0.3).all()


def test_the_newcomers_mistake():
    late = joined("late-alike-table")
    assert text("late-mistake", "with ten examples is far better", "far *worse*")
    mine = at(late, 10, late.personal_accuracy)
    assert (mine > at(late, 10, late.local_accuracy) + 0.1).all()
    assert (mine < at(late, 0, late.personal_accuracy) - 0.1).all()


# --- what every lesson holds ------------------------------------------------------------


@pytest.mark.parametrize("lesson", ["avg", "iid", "drift", "own", "late"])
def test_each_lesson_has_all_its_parts(lesson):
    cells = {name: words for name, words in CELLS.items() if name.startswith(f"{lesson}-")}
    code = "\n".join(words for name, words in cells.items() if name in CODE)
    for call in ("fp.predict(", "fp.Playground(", "fp.code(", "fp.exercise(", ".check("):
        assert call in code
    assert f"{lesson}-mistake" in cells
    assert f"{lesson}-read" in cells
    assert "def " not in code
    assert "class " not in code


@pytest.mark.parametrize("cell", [c for c in CELLS if c.endswith("-try")])
def test_what_stands_in_an_exercise_is_not_its_answer(cell):
    names = {"fp": fp}
    exec(CELLS[cell.removesuffix("-try")], names)
    assert not eval(CELLS[cell], names)
    assert len(EXERCISES) == 9
