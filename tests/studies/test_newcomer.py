"""A client that joins late: against a plain loop, and what must be true of it."""

from __future__ import annotations

import csv
import io

import numpy as np
import pytest

import fedplay as fp
from fedplay.engine.loop import Run, federation_of
from fedplay.plain import local_sgd, softmax_gradient
from fedplay.streams import Purpose, Streams
from fedplay.studies.newcomer import Without, _accuracy, _joins, without
from tests.support.papers import Given, fedavg
from tests.support.personal_papers import ditto
from tests.support.reference import perceptron_gradient, random_federation

KINDS = {
    "finetune": {},
    "head": dict(finetune_part="head", model="mlp"),
    "ditto": dict(personal="ditto"),
    "apfl": dict(personal="apfl"),
    "interpolation": dict(personal="interpolation"),
    "fedper": dict(algorithm="fedper", model="mlp"),
    "fedrep": dict(algorithm="fedrep", model="mlp"),
    "pfedme": dict(algorithm="pfedme"),
    "perfedavg": dict(algorithm="perfedavg"),
    "ifca": dict(algorithm="ifca"),
    "scaffold": dict(algorithm="scaffold"),
}
SHORT = dict(rounds=4, clients=8, alpha=1.0)


def share(w, X, y):
    """The part of the examples that a softmax regression gets right."""
    outputs = np.column_stack([X, np.ones(len(X))]) @ w.reshape(-1, X.shape[1] + 1).T
    return (outputs.argmax(axis=1) == y).mean()


def world(seed, k):
    """A small federation; the newcomer's examples in the order in which it comes by them."""
    rng = np.random.default_rng(seed)
    fed = random_federation(rng, [14, 9, 25, 17, 12], d=3, C=3, test_fraction=0)
    order = Streams(seed).at(Purpose.NEWCOMER, client=k).permutation(fed.train.of(k))
    return fed, order


def others(exp, fed, k):
    """What the run is given without client k, gathered by hand; softmax regression."""
    clients = [(fed.X[fed.train.of(j)], fed.y[fed.train.of(j)]) for j in range(5) if j != k]
    streams = Streams(exp.seed)
    schedule = exp.stage("schedule")
    rounds = [
        dict.fromkeys(schedule.choose(r, 4, streams).tolist(), exp.local_epochs)
        for r in range(1, exp.rounds + 1)
    ]
    start = np.zeros((fed.d + 1) * fed.C)  # softmax regression begins at zero
    gradient = perceptron_gradient((fed.d, fed.C))
    return Given(clients, start, rounds, streams, exp.batch_size, exp.learning_rate, gradient)


# --- against plain loops --------------------------------------------------------------------------


@pytest.mark.parametrize("seed", range(5))
def test_fine_tuning_equals_a_plain_loop(seed):
    k = seed
    fed, order = world(seed, k)
    exp = fp.Experiment(
        rounds=6, batch_size=4, local_epochs=2, participation=0.5, finetune_epochs=3,
        learning_rate=0.4, seed=seed, dtype="float64",
    )  # fmt: skip
    examples = (0, 1, 3, 7)
    got = fp.newcomer(exp, examples, k, seeds=1, federation=fed)
    w = fedavg(others(exp, fed, k))
    held = fed.X[fed.held.of(k)], fed.y[fed.held.of(k)]
    assert got.global_accuracy == [share(w, *held)]
    for place, n in enumerate(examples):
        X, y = fed.X[order[:n]], fed.y[order[:n]]
        rng = Streams(seed).at(Purpose.FINETUNE, exp.rounds, place)
        orders = [rng.permutation(n) for _ in range(3)]
        tuned = local_sgd(w, X, y, orders, 4, 0.4, softmax_gradient)
        alone = local_sgd(np.zeros_like(w), X, y, orders, 4, 0.4, softmax_gradient)
        assert got.personal_accuracy[0, place] == share(tuned, *held)
        assert got.local_accuracy[0, place] == share(alone, *held)


def test_ditto_equals_a_plain_loop():
    """As many rounds as the run had, on a leash to the model that the run ended with."""
    k, lam, n = 2, 0.7, 9
    fed, order = world(3, k)
    exp = fp.Experiment(
        rounds=5, batch_size=4, personal="ditto", ditto_lambda=lam, learning_rate=0.4,
        seed=3, dtype="float64",
    )  # fmt: skip
    g = others(exp, fed, k)
    w, _ = ditto(g, lam)
    X, y = fed.X[order[:n]], fed.y[order[:n]]
    v = g.start
    for r in range(1, exp.rounds + 1):
        shuffled = Streams(3).at(Purpose.SHUFFLE, r, 0).permutation(n)
        for at in range(0, n, 4):
            batch = shuffled[at : at + 4]
            v = v - 0.4 * (softmax_gradient(v, X[batch], y[batch]) + lam * (v - w))
    held = fed.X[fed.held.of(k)], fed.y[fed.held.of(k)]
    got = fp.newcomer(exp, n, k, seeds=1, federation=fed)
    assert got.personal_accuracy == [[share(v, *held)]]


# --- what must be true ----------------------------------------------------------------------------


@pytest.mark.parametrize("kind", KINDS)
def test_with_no_examples_it_has_the_global_model_and_alone_the_first(kind):
    exp = fp.Experiment(**SHORT | KINDS[kind])
    got = fp.newcomer(exp, (0, 4), seeds=1)
    assert (got.personal_accuracy[:, 0] == got.global_accuracy).all()
    assert np.isfinite(got.personal_accuracy).all()
    fed = federation_of(exp)
    for row, k in enumerate(got.client):
        run = Run(exp, without(fed, int(k)))
        X, y = run.trainer.X[fed.held.of(k)], fed.y[fed.held.of(k)]
        first = run.network.right(run.network.outputs(run.initial(), X), y).mean()
        assert got.local_accuracy[row, 0] == first


def test_the_global_model_is_that_of_a_run_without_the_newcomer():
    exp = fp.Experiment(**SHORT)
    fed, k = federation_of(exp), 3
    keep = np.concatenate([fed.train.of(j) for j in range(8) if j != k])
    owner = np.concatenate([np.full(fed.sizes[j], j) for j in range(8) if j != k])
    rest = fp.Federation.from_arrays(
        fed.X[keep], fed.y[keep], owner, X_test=fed.X_test, y_test=fed.y_test, held_out=0
    )
    w = fp.run(exp, rest).parameters
    run = Run(exp, without(fed, k))
    held = fed.held.of(k)
    outputs = run.network.outputs(w, run.trainer.X[held])
    got = fp.newcomer(exp, 0, k, seeds=1)
    assert got.global_accuracy == [run.network.right(outputs, fed.y[held]).mean()]


def test_nobody_else_has_its_examples():
    fed = federation_of(fp.Experiment(**SHORT))
    for k in (0, 3, 7):
        rest = without(fed, k)
        used = [rest.train.of(j) for j in range(7)] + [rest.held.of(j) for j in range(7)]
        own = np.concatenate([fed.train.of(k), fed.held.of(k)])
        assert not np.isin(own, np.concatenate(used)).any()
        assert len(np.concatenate(used)) + len(own) == len(fed.y)
        assert rest.sizes.tolist() == [len(rest.train.of(j)) for j in range(7)]
        assert rest.train.describe() != fed.train.describe()
    for wrong in (-1, 7):
        with pytest.raises(IndexError):
            without(fed, 2).train.of(wrong)


def test_client_names_move_up():
    exp = fp.Experiment(data="writers", partition="natural", clients=5)
    names = federation_of(exp).client_names
    assert without(federation_of(exp), 1).client_names == (names[0], *names[2:5])


def test_more_examples_help_on_average():
    got = fp.newcomer(fp.Experiment(alpha=0.1, finetune_epochs=20), (1, 5, 20))
    for accuracy in (got.personal_accuracy, got.local_accuracy):
        means = accuracy.mean(axis=0)
        assert means[0] < means[1] < means[2]


def test_ditto_without_a_leash_is_alone_and_mixtures_have_their_ends():
    alone = [dict(personal="ditto", ditto_lambda=0.0), dict(personal="interpolation", mixing=1.0)]
    for choice in (*alone, dict(personal="apfl", mixing=1.0)):
        got = fp.newcomer(fp.Experiment(**SHORT | choice), (1, 4, 10), seeds=2)
        assert (got.personal_accuracy == got.local_accuracy).all()
    for name in ("interpolation", "apfl"):
        exp = fp.Experiment(**SHORT, personal=name, mixing=0.0)
        got = fp.newcomer(exp, (1, 10), seeds=2)
        assert (got.personal_accuracy == got.global_accuracy[:, None]).all()


def test_without_steps_nothing_changes():
    for choice in (dict(finetune_epochs=0), dict(finetune_steps=0)):
        got = fp.newcomer(fp.Experiment(**SHORT | choice), (1, 10), seeds=1)
        assert (got.personal_accuracy == got.global_accuracy[:, None]).all()
        assert (got.local_accuracy == got.local_accuracy[:, :1]).all()


def test_one_example_tells_a_newcomer_its_cluster():
    exp = fp.Experiment(
        partition="iid", shift="permuted", groups=2, rounds=20, algorithm="ifca",
        cluster_start="apart",
    )  # fmt: skip
    got = fp.newcomer(exp, (0, 5), client=[0, 1, 2, 3])
    assert got.personal_accuracy[:, 1].mean() > 0.8
    assert got.global_accuracy.mean() < 0.5


def test_a_straggler_is_nobody_here():
    """The newcomer's own work is whole, however late the others are."""
    exp = fp.Experiment(**SHORT, personal="ditto", ditto_lambda=0.0, local_epochs=3)
    one, other = (fp.newcomer(exp.replace(stragglers=s), 8, seeds=1) for s in (0.0, 1.0))
    assert (one.local_accuracy == other.local_accuracy).all()


def test_the_same_call_gives_the_same_and_sets_are_nested():
    exp = fp.Experiment(**SHORT)
    one, two = fp.newcomer(exp, (0, 3, 6)), fp.newcomer(exp, (6, 3, 0, 3))
    assert one.examples == two.examples == (0, 3, 6)
    assert (one.personal_accuracy == two.personal_accuracy).all()
    assert one.to_csv() == two.to_csv()


def test_who_is_left_out():
    exp = fp.Experiment(**SHORT)
    assert fp.newcomer(exp, 0, seeds=2).client.tolist() == [0, 1, 3, 5, 7] * 2
    got = fp.newcomer(exp, 0, client=(6, 2), seeds=2)
    assert (got.client.tolist(), got.seed.tolist()) == ([6, 2, 6, 2], [0, 0, 1, 1])
    fed = federation_of(exp)
    most = int(fed.sizes.max())
    assert fp.newcomer(exp, most, seeds=1).client.tolist() == [int(fed.sizes.argmax())]


def test_a_model_that_is_no_longer_finite_scores_nothing():
    exp = fp.Experiment(**SHORT)
    run = Run(exp)
    X, y, w = run.trainer.X, run.federation.y, run.initial()
    assert 0 <= _accuracy(run, w, X, y) <= 1
    w[3] = np.inf
    assert np.isnan(_accuracy(run, w, X, y))


# --- what it shows --------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def few():
    return fp.newcomer(fp.Experiment(**SHORT), (0, 5), client=(1, 4), seeds=2)


def test_the_table(few):
    lines = repr(few).splitlines()
    assert lines[0].split("  ")[0] == "examples"
    assert len(lines) == 4
    assert "4 newcomers in 2 seeds" in lines[-1]
    each = [few.personal_accuracy[few.seed == s, 1].mean() for s in (0, 1)]
    assert f"{np.mean(each):.3f} ({min(each):.3f}–{max(each):.3f})" in lines[2]
    page = few._repr_html_()
    assert page.count("<tr>") == 3
    assert f"{np.mean(each):.3f}" in page
    one = fp.newcomer(fp.Experiment(**SHORT), 0, client=1, seeds=1)
    assert "1 newcomer, with one seed" in one.note()


def test_the_csv(few, tmp_path):
    path = tmp_path / "late.csv"
    rows = list(csv.DictReader(io.StringIO(few.to_csv(path))))
    assert path.read_text("utf-8") == few.to_csv()
    assert [row["examples"] for row in rows] == ["0", "5"] * 4
    assert float(rows[3]["personal"]) == few.personal_accuracy[1, 1]
    assert float(rows[3]["alone"]) == few.local_accuracy[1, 1]
    assert float(rows[3]["global"]) == few.global_accuracy[1]
    assert (rows[3]["client"], rows[4]["seed"]) == ("4", "1")


def test_the_picture(few):
    from matplotlib.figure import Figure

    ax = Figure().add_subplot()
    assert few.plot(ax) is ax
    lines = {line.get_label(): line.get_ydata() for line in ax.lines}
    assert set(lines) == {"global model", "personal model", "alone"}
    means = [end.mean for end in few.ends(few.personal_accuracy)]
    assert lines["personal model"].tolist() == means
    assert [tick.get_text() for tick in ax.get_xticklabels()] == ["0", "5"]


def test_gain(few):
    assert (few.gain() == few.personal_accuracy - few.local_accuracy).all()


# --- what is refused ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("choices", "asked", "words"),
    [
        ({}, dict(examples=-1), "examples: -1: must be a whole number from 0"),
        ({}, dict(examples=(1, 2.5)), "examples: 2.5: must be a whole number"),
        ({}, dict(examples=True), "examples: True"),
        ({}, dict(examples=()), "examples: must be one number or more"),
        ({}, dict(examples="many"), "examples='many': must be whole numbers"),
        ({}, dict(examples=None), "examples=None: must be whole numbers"),
        ({}, dict(examples=10**6), "examples: 1000000: no client has so many"),
        ({}, dict(examples=10**6, client=2), "which client 2 has"),
        ({}, dict(client=8), "client=8: must be a whole number from 0 to 7"),
        ({}, dict(client=-1), "client=-1"),
        ({}, dict(client="first"), "client='f'"),
        ({}, dict(client=()), r"client=\(\): must be a client's number"),
        ({}, dict(client=1.0), "client=1.0"),
        ({}, dict(seeds=0), "seeds=0: must be a whole number from 1 to 100"),
        ({}, dict(seeds=True), "seeds=True"),
        (dict(clients=1), {}, "clients=1: must be at least 2"),
        (dict(personal="none"), {}, "personal='none': gives a newcomer no model"),
        (
            dict(data="quadratics", partition="natural", model="quadratic", clients=3),
            {},
            "model='quadratic': has no accuracy",
        ),
    ],
)
def test_bad_input_is_named(choices, asked, words):
    exp = fp.Experiment(**SHORT | choices)
    with pytest.raises(ValueError, match=words):
        fp.newcomer(exp, **dict(examples=(0, 5)) | asked)


def test_a_client_that_holds_nothing_out_cannot_be_judged():
    rng = np.random.default_rng(0)
    fed = random_federation(rng, [6, 1, 8], test_fraction=0)
    exp = fp.Experiment(rounds=2)
    with pytest.raises(ValueError, match="client=1: holds nothing out"):
        fp.newcomer(exp, 0, client=1, federation=fed)
    assert 1 not in fp.newcomer(exp, 0, federation=fed, seeds=1).client


def test_what_a_run_may_cost_is_checked():
    with pytest.raises(ValueError, match="allowed"):
        fp.newcomer(fp.Experiment(**SHORT), 0, seeds=1, limit=fp.Limit(1e-9, 1))


def test_a_million_clients_are_no_table():
    exp = fp.Experiment(
        partition="resampled", clients=100_000, participation=1e-4, rounds=3, learning_rate=0.3
    )
    shares = Without(federation_of(exp).train, 17)
    assert (shares.of(17) == federation_of(exp).train.of(18)).all()
    got = _joins(exp, federation_of(exp), 17, (0, 5), fp.Limit(np.inf, np.inf))
    assert np.isfinite(got[0])
