"""Personalization: the engine against plain loops, limits that are known, and closed forms."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import fedplay as fp
from fedplay.engine.loop import Run
from tests.engine.test_methods import federation, sizes, training
from tests.support import papers
from tests.support import personal_papers as own
from tests.support.reference import hidden, random_federation


def ended(exp, fed):
    """(the server's model, (N, P) the clients' own) after the last round of the engine."""
    run = Run(exp, fed)
    state = run.start()
    for number in range(1, exp.rounds + 1):
        run.advance(state, number)
    return state.w, run.personalise(state, exp.rounds, np.arange(run.federation.clients))


def starts(exp, fed):
    run = Run(exp, fed)
    return [model.copy() for model in run.start().server["models"]]


def body_of(exp, fed):
    return Run(exp, fed).network.spans[-exp.personal_layers][0]


def ifca(g, exp, fed):
    loss = own.cross_entropy((fed.d, *hidden(exp), fed.C))
    return own.ifca(g, starts(exp, fed), loss)


PAPERS = {
    "ditto": (
        dict(personal="ditto", ditto_lambda=0.7),
        lambda g, exp, fed: own.ditto(g, 0.7),
    ),
    "interpolation": (
        dict(personal="interpolation", mixing=0.3),
        lambda g, exp, fed: own.interpolation(g, 0.3),
    ),
    "apfl": (dict(personal="apfl", mixing=0.3), lambda g, exp, fed: own.apfl(g, 0.3)),
    "fedper": (
        dict(algorithm="fedper", model="mlp"),
        lambda g, exp, fed: own.fedper(g, body_of(exp, fed)),
    ),
    "fedrep": (
        dict(algorithm="fedrep", body_epochs=2, model="mlp"),
        lambda g, exp, fed: own.fedrep(g, body_of(exp, fed), 2),
    ),
    "pfedme": (
        dict(algorithm="pfedme", pfedme_lambda=2.0, inner_steps=3),
        lambda g, exp, fed: own.pfedme(g, 2.0, 3),
    ),
    "perfedavg": (
        dict(algorithm="perfedavg", maml_rate=0.05, personal="none"),
        lambda g, exp, fed: own.perfedavg(g, 0.05),
    ),
    **{
        f"ifca {start}": (dict(algorithm="ifca", clusters=3, cluster_start=start), ifca)
        for start in ("random", "apart", "identical")
    },
}


def error(name, choices, fed):
    """How far the engine's models are from the paper's, in their largest coordinate."""
    method, paper = PAPERS[name]
    exp = fp.Experiment(**choices | method)
    exp = Run(exp, fed).exp
    engine, right = ended(exp, fed), paper(papers.given(exp, fed), exp, fed)
    return max(np.abs(a - b).max() for a, b in zip(engine, right, strict=True))


@pytest.mark.parametrize("name", PAPERS)
@settings(max_examples=30)
@given(sizes=sizes, choices=training(), seed=st.integers(0, 10**6))
def test_equals_a_plain_loop_written_from_its_paper(name, sizes, choices, seed):
    assert error(name, choices, federation(sizes, seed)) < 1e-10


@pytest.mark.parametrize("name", PAPERS)
def test_equals_its_paper_with_more_clients_than_train_together(name):
    fed = random_federation(np.random.default_rng(1), [5, 9] * 40, test_fraction=0)
    choices = dict(
        rounds=3, batch_size=3, local_epochs=2, participation=0.9, stragglers=0.4,
        hidden=(4,), dtype="float64",
    )  # fmt: skip
    assert error(name, choices, fed) < 1e-10


# --- limits that are known ------------------------------------------------------------------------


SOME = dict(alpha=0.1, clients=12, participation=0.5, rounds=8, local_epochs=2)


@pytest.mark.parametrize("model", ["softmax", "mlp"])
@pytest.mark.parametrize(
    "alone",
    [
        dict(personal="ditto", ditto_lambda=0.0),
        dict(personal="apfl", mixing=1.0),
        dict(personal="interpolation", mixing=1.0),
    ],
    ids=lambda choices: choices["personal"],
)
def test_what_hears_nothing_of_the_others_is_local_only_bit_for_bit(alone, model):
    history = fp.run(fp.Experiment(**SOME, model=model, **alone))
    np.testing.assert_array_equal(history.personal_accuracy, history.local_accuracy)


@pytest.mark.parametrize("personal", ["apfl", "interpolation"])
def test_mixing_nothing_in_is_the_global_model_bit_for_bit(personal):
    exp = fp.Experiment(**SOME, personal=personal, mixing=0.0, weights="examples")
    w, mine = ended(exp, None)
    np.testing.assert_array_equal(mine, np.repeat(w[None], 12, axis=0))
    np.testing.assert_array_equal(fp.run(exp).parameters, fp.run(fp.Experiment(**SOME)).parameters)


@pytest.mark.parametrize("algorithm", ["fedper"])
@pytest.mark.parametrize("model", ["softmax", "mlp"])
def test_without_personal_layers_it_is_fedavg_bit_for_bit(algorithm, model):
    exp = fp.Experiment(**SOME, model=model, algorithm=algorithm, personal_layers=0)
    plain = fp.Experiment(**SOME, model=model)
    np.testing.assert_array_equal(fp.run(exp).parameters, fp.run(plain).parameters)
    assert fp.run(exp).bytes_up[-1] == fp.run(plain).bytes_up[-1]


@pytest.mark.parametrize("weights", ["examples", "clients"])
def test_one_cluster_is_fedavg(weights):
    plain = fp.Experiment(**SOME, weights=weights)
    exp = plain.replace(algorithm="ifca", clusters=1, cluster_start="identical")
    np.testing.assert_allclose(fp.run(exp).parameters, fp.run(plain).parameters, atol=1e-6)


@pytest.mark.parametrize("weights", ["examples", "clients"])
def test_personal_models_change_nothing_for_the_shared_one(weights):
    exp = fp.Experiment(**SOME, weights=weights)
    plain = fp.run(exp)
    for personal in ("ditto", "apfl", "interpolation", "none"):
        history = fp.run(exp.replace(personal=personal))
        np.testing.assert_array_equal(history.parameters, plain.parameters)
        np.testing.assert_array_equal(history.client_accuracy, plain.client_accuracy)


def test_a_leash_that_grows_while_the_step_shrinks_ends_at_the_global_model():
    """η ~ 1/(a + λ): a step that is small enough for every pull."""
    gaps = []
    for lam in (1.0, 10.0, 100.0):
        exp = quadratics(ditto_lambda=lam, personal="ditto", learning_rate=1 / (4 + lam))
        exp = exp.replace(rounds=int(60 * (4 + lam)))
        w, mine = ended(exp, None)
        gaps.append(np.abs(mine - w).max())
    assert gaps[0] > 3 * gaps[1] > 9 * gaps[2]
    assert gaps[2] < 0.05


@pytest.mark.parametrize(
    "choices",
    [
        dict(personal="ditto", ditto_lambda=10.1),
        dict(algorithm="pfedme", pfedme_lambda=10.1),
        dict(algorithm="fedprox", mu=10.1),
    ],
)
def test_a_pull_beyond_the_step_is_refused_in_a_sentence(choices):
    with pytest.raises(ValueError, match=r"=10.1: must be at most 10 with learning_rate=0.1"):
        fp.Experiment(learning_rate=0.1, **choices)


# --- quadratics -----------------------------------------------------------------------------------


A, X = np.array([1.0, 4.0]), np.array([-1.0, 2.0])


def quadratics(**choices):
    return fp.Experiment(**dict(
        data="quadratics", partition="natural", model="quadratic", dimensions=1, clients=2,
        curvatures=tuple(A), optima=tuple(X), learning_rate=0.05, batch_size=None, rounds=400,
        local_epochs=5, dtype="float64",
    ) | choices)  # fmt: skip


def test_ditto_ends_where_its_formula_says():
    for lam in (0.0, 0.5, 3.0, 20.0):
        exp = quadratics(personal="ditto", ditto_lambda=lam)
        w, mine = ended(exp, None)
        s = 1 - (1 - 0.05 * A) ** 5
        star = s @ X / s.sum()
        np.testing.assert_allclose(w, star, atol=1e-9)
        np.testing.assert_allclose(mine[:, 0], (A * X + lam * star) / (A + lam), atol=1e-6)


@settings(max_examples=40)
@given(
    lam=st.floats(0.05, 19.0),
    K=st.integers(1, 6),
    tau=st.integers(1, 6),
)
def test_pfedme_rests_where_its_formula_says(lam, K, tau):
    eta = 0.05
    exp = quadratics(algorithm="pfedme", pfedme_lambda=lam, inner_steps=K, local_epochs=tau)
    t = A / (A + lam) * (1 - (1 - eta * (A + lam)) ** K)
    s = 1 - (1 - eta * lam * t) ** tau
    star = s @ X / s.sum()
    run = Run(exp)
    state = run.start()
    state.w = np.array([star])
    run.advance(state, 1)
    np.testing.assert_allclose(state.w, star, atol=1e-12)
    u = star + (1 - (1 - eta * lam * t) ** (tau - 1)) * (X - star)
    mine = run.personalise(state, 1, np.arange(2))[:, 0]
    np.testing.assert_allclose(mine, u + t * (X - u), atol=1e-12)


def test_fine_tuning_goes_where_local_steps_go():
    exp = quadratics(finetune_steps=3, finetune_rate=0.02)
    w, mine = ended(exp, None)
    np.testing.assert_allclose(mine[:, 0], X + (1 - 0.02 * A) ** 3 * (w - X), atol=1e-12)


# --- what stays, what is refused ------------------------------------------------------------------


def test_a_client_that_stays_away_keeps_what_it_has():
    exp = fp.Experiment(**SOME | dict(model="mlp"), algorithm="fedper")
    for choices in (
        dict(),
        dict(algorithm="pfedme"),
        dict(algorithm="fedavg", personal="ditto"),
        dict(algorithm="fedavg", personal="apfl"),
    ):
        run = Run(exp.replace(**choices))
        state = run.start()
        for number in (1, 2, 3):
            run.advance(state, number)
        tables = {**state.own, **state.personal}
        before = {name: table.copy() for name, table in tables.items()}
        cohort = run.advance(state, 4).cohort
        away = np.setdiff1d(np.arange(12), cohort.ids)
        assert len(away)
        for name, table in {**state.own, **state.personal}.items():
            np.testing.assert_array_equal(table[away], before[name][away])
            moved = table[cohort.ids] != before[name][cohort.ids]
            assert moved.any() or table.dtype == bool


def test_the_head_alone_is_tuned():
    exp = fp.Experiment(**SOME, model="mlp", finetune_part="head")
    w, mine = ended(exp, None)
    body = Run(exp).network.spans[-1][0]
    np.testing.assert_array_equal(mine[:, :body], np.repeat(w[None, :body], 12, axis=0))
    assert (mine[:, body:] != w[body:]).any(axis=1).all()


def test_nothing_personal_is_the_global_model():
    exp = fp.Experiment(**SOME, personal="none")
    w, mine = ended(exp, None)
    np.testing.assert_array_equal(mine, np.repeat(w[None], 12, axis=0))
    history = fp.run(exp)
    np.testing.assert_array_equal(history.personal_accuracy, history.client_accuracy[-1])
    assert fp.Experiment(model="mlp", algorithm="fedper").chosen("personal") == "none"
    assert fp.Experiment().chosen("personal") == "finetune"


def test_what_does_not_go_together_is_refused_in_words():
    with pytest.raises(ValueError, match="personal_layers=1: leaves nothing to share"):
        fp.Experiment(algorithm="fedper", model="softmax")
    with pytest.raises(ValueError, match="personal='ditto': needs a global model for all"):
        fp.Experiment(algorithm="fedper", model="mlp", personal="ditto")
    with pytest.raises(ValueError, match="server='adam': must be 'sgd'"):
        fp.Experiment(algorithm="ifca", server="adam")
    with pytest.raises(ValueError, match="which cluster a client chooses"):
        fp.Experiment(algorithm="ifca", noise_multiplier=1.0)
    with pytest.raises(ValueError, match="This run would take"):
        fp.run(
            fp.Experiment(
                clients=1_000_000, partition="resampled", participation=1e-5, personal="ditto"
            )
        )


def test_less_is_sent_where_a_head_stays():
    exp = fp.Experiment(**SOME, model="mlp", algorithm="fedper")
    history, run = fp.run(exp), Run(exp)
    calls = sum(map(len, history.cohort))
    body = run.network.spans[-1][0]
    assert history.bytes_up[-1] == history.bytes_down[-1] == calls * body * 4


def test_an_ifca_client_sends_one_model_and_hears_of_all():
    exp = fp.Experiment(**SOME, algorithm="ifca", clusters=3)
    history = fp.run(exp)
    calls, P = sum(map(len, history.cohort)), len(history.parameters)
    assert history.bytes_up[-1] == calls * (P + 1) * 4
    assert history.bytes_down[-1] == calls * 3 * P * 4


def test_a_history_keeps_the_personal_curves(tmp_path):
    history = fp.run(fp.Experiment(**SOME, personal="ditto"))
    assert history.personal.shape == (9, 12)
    history.save(tmp_path / "a.npz")
    again = fp.History.load(tmp_path / "a.npz")
    np.testing.assert_array_equal(again.personal, history.personal)
    np.testing.assert_array_equal(again.personal_accuracy, history.personal[-1])
    assert fp.run(fp.Experiment(**SOME)).personal is None


# --- a representation that is recovered ----------------------------------------------------------


@pytest.mark.parametrize("seed", range(5))
def test_fedrep_recovers_the_subspace_of_its_paper(seed):
    """d = 20, k = 2, 100 clients with 20 examples each, no noise: sine of the principal angle."""
    exp = fp.Experiment(
        data="representation", partition="natural", model="bilinear", clients=100, rounds=25,
        algorithm="fedrep", local_epochs=30, learning_rate=0.3, server_learning_rate=3.0,
        batch_size=None, dtype="float64", seed=seed, data_seed=seed,
    )  # fmt: skip
    run = Run(exp)
    assert run.federation.sizes.mean() == pytest.approx(20, abs=0.6)

    def sine(w):
        truth, _ = exp.source.truth(seed)
        found = np.linalg.qr(run.network.layers(w)[0].T)[0]
        return np.sqrt(1 - np.linalg.svd(found.T @ truth.T)[1].min() ** 2)

    assert sine(run.initial()) > 0.5
    assert sine(fp.run(exp).parameters) < 0.01
    plain = exp.replace(algorithm="fedavg", local_epochs=1)
    assert sine(fp.run(plain).parameters) > 0.1


# --- clusters -------------------------------------------------------------------------------------


TWO = dict(partition="iid", shift="permuted", groups=2, clients=20, rounds=30, algorithm="ifca")


def groups_found(exp):
    """Whether clients of one group choose one model, and those of the other another."""
    run = Run(exp)
    state = run.start()
    for number in range(1, exp.rounds + 1):
        run.advance(state, number)
    chosen = state.own["cluster"]
    return len(set(chosen[::2])) == len(set(chosen[1::2])) == 1 and chosen[0] != chosen[1]


@pytest.mark.parametrize("seed", range(5))
def test_ifca_finds_planted_clusters_from_models_that_are_apart(seed):
    exp = fp.Experiment(**TWO, cluster_start="apart", seed=seed, data_seed=seed)
    assert groups_found(exp)
    assert not groups_found(exp.replace(cluster_start="identical"))


# --- on the screen --------------------------------------------------------------------------------


def test_choosing_a_head_of_ones_own_brings_a_model_that_has_one():
    screen = fp.Playground(fp.Experiment(rounds=2, clients=4))
    screen.event_loop.post("algorithm", "fedper")
    screen.settle()
    assert (screen.experiment.algorithm, screen.experiment.model) == ("fedper", "mlp")
    assert screen.errors == {}
    screen.event_loop.post("personal", "ditto")
    screen.settle()
    assert "needs a global model for all" in screen.errors["personal"]
    assert screen.experiment.personal == "auto"
