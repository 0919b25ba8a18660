"""What is shared and what is own: every number against a plain computation from its definition."""

from __future__ import annotations

import numpy as np
import pytest

import fedplay as fp
from fedplay.engine.loop import Run, stream
from fedplay.inspect.replay import state_before
from fedplay.views.models import analysis as parts_of
from fedplay.views.models.analysis import parameter_sharing, recovered, slopes

EXP = fp.Experiment(rounds=3, clients=5, alpha=0.3, dtype="float64")
DEEP = EXP.replace(model="mlp", hidden=(12,))
PERMUTED = EXP.replace(shift="permuted", groups=2, clients=8, algorithm="ifca", partition="iid")
METHODS = {
    "finetune": EXP,
    "head": DEEP.replace(finetune_part="head"),
    "none": EXP.replace(personal="none"),
    "ditto": EXP.replace(personal="ditto"),
    "apfl": EXP.replace(personal="apfl"),
    "interpolation": EXP.replace(personal="interpolation"),
    "fedper": DEEP.replace(algorithm="fedper"),
    "fedrep": DEEP.replace(algorithm="fedrep"),
    "pfedme": EXP.replace(algorithm="pfedme"),
    "perfedavg": EXP.replace(algorithm="perfedavg"),
    "ifca": PERMUTED,
    "scaffold": EXP.replace(algorithm="scaffold"),
}


def taken(exp, number=None, client=None, w=None):
    """What parameters are shared after a round, the run, and its rounds."""
    run = Run(exp)
    rounds = list(stream(run))
    number = exp.rounds if number is None else number
    w = rounds[number].parameters if w is None else w
    *pieces, found = parameter_sharing(run, number, w, client)
    assert all(piece is None for piece in pieces)
    return found, run, rounds


def last(generator):
    while True:
        try:
            next(generator)
        except StopIteration as done:
            return done.value


def models(run, rounds, number):
    """(N, P) all personal models at once, after the run was repeated."""
    state = last(state_before(run, number + 1)) if run.lasting else run.after(
        rounds[number].parameters
    )  # fmt: skip
    return run.personalise(state, number), state


# --- distances ------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", METHODS)
def test_distances_are_those_of_the_personal_models_in_all_parameters(name):
    found, run, rounds = taken(METHODS[name])
    V, _ = models(run, rounds, 3)
    w = rounds[3].parameters
    np.testing.assert_allclose(found.far, np.linalg.norm(V - w, axis=1), rtol=1e-9, atol=1e-12)
    for k, (a, b) in enumerate(run.network.spans):
        expected = np.linalg.norm((V - w)[:, a:b], axis=1)
        np.testing.assert_allclose(found.layers[:, k], expected, rtol=1e-9, atol=1e-12)
    if name != "ifca":
        assert found.way == pytest.approx(np.linalg.norm(w - rounds[0].parameters))
    assert found.place == found.far.argmax()
    assert found.farthest


@pytest.mark.parametrize(
    ("tight", "loose"),
    [
        (EXP.replace(personal="ditto", ditto_lambda=9.0), EXP.replace(personal="ditto")),
        (EXP.replace(personal="apfl", mixing=0.1), EXP.replace(personal="apfl", mixing=0.9)),
        (
            EXP.replace(algorithm="pfedme", rounds=10, inner_steps=10, pfedme_lambda=9.0),
            EXP.replace(algorithm="pfedme", rounds=10, inner_steps=10, pfedme_lambda=1.0),
        ),
    ],
    ids=["ditto", "apfl", "pfedme"],
)
def test_a_tighter_leash_draws_every_model_nearer(tight, loose):
    near, far = taken(tight)[0].far, taken(loose)[0].far
    assert (near < far).all()


def test_what_is_no_mixture_is_the_global_model():
    assert not taken(EXP.replace(personal="interpolation", mixing=0.0))[0].far.any()
    assert not taken(EXP.replace(personal="none"))[0].far.any()


def test_before_any_training_everything_begins_together():
    found, *_ = taken(EXP.replace(personal="ditto"), number=0)
    assert found.way == 0
    assert not found.far.any()


def test_a_followed_client_is_the_one_looked_at():
    found, *_ = taken(EXP, client=3)
    assert (found.place, found.farthest) == (3, False)


def test_many_clients_are_taken_a_few_at_a_time(monkeypatch):
    few = EXP.replace(clients=40, rounds=1)
    monkeypatch.setattr(parts_of, "SEVERAL", 40)
    monkeypatch.setattr(parts_of, "WORK", 10**9)
    whole = taken(few)[0]
    monkeypatch.setattr(parts_of, "SEVERAL", 3)
    run = Run(few)
    w = list(stream(run))[-1].parameters
    *pieces, found = parameter_sharing(run, 1, w, None)
    assert len(pieces) == 14
    np.testing.assert_allclose(found.far, whole.far, rtol=1e-12)


def test_a_model_that_is_not_finite_is_said_to_be_so():
    run = Run(EXP)
    *_, found = parameter_sharing(run, 1, np.full(run.network.P, np.nan), None)
    assert not found.finite
    assert found.responses is None
    assert np.isnan(found.far).all()


# --- what is shared -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "sent", "own"),
    [
        ("finetune", "1", "1"),
        ("head", "11", "01"),
        ("none", "1", "0"),
        ("ditto", "1", "1"),
        ("apfl", "1", "1"),
        ("interpolation", "1", "1"),
        ("fedper", "10", "01"),
        ("fedrep", "10", "01"),
        ("pfedme", "1", "1"),
        ("perfedavg", "1", "1"),
        ("ifca", "1", "0"),
    ],
)
def test_which_layers_are_shared_and_which_are_own(name, sent, own):
    found, run, _ = taken(METHODS[name])
    assert "".join(str(int(part.sent)) for part in found.parts) == sent
    assert "".join(str(int(part.own)) for part in found.parts) == own
    assert found.P == run.network.P
    for k, part in enumerate(found.parts):  # what is said to be nobody's own is the global one's
        if not part.own and name != "ifca":
            assert not found.layers[:, k].any()
        elif name != "ifca":
            assert found.layers[:, k].any()


@pytest.mark.parametrize(
    ("exp", "own"),
    [
        (DEEP.replace(algorithm="fedper", personal_layers=0), "00"),
        (DEEP.replace(algorithm="fedper", personal="finetune"), "11"),
        (DEEP.replace(algorithm="fedper", personal="finetune", finetune_epochs=0), "01"),
        (DEEP.replace(finetune_epochs=0), "00"),
        (DEEP.replace(finetune_steps=0), "00"),
        (DEEP.replace(hidden=(8, 6), algorithm="fedper", personal_layers=2), "011"),
        (EXP.replace(finetune_part="head"), "1"),
    ],
)
def test_hard_cases_of_what_is_own(exp, own):
    found, *_ = taken(exp.replace(rounds=1))
    assert "".join(str(int(part.own)) for part in found.parts) == own
    for k, part in enumerate(found.parts):
        assert bool(found.layers[:, k].any()) == part.own


@pytest.mark.parametrize("name", METHODS)
def test_what_travels_is_what_the_run_counts(name):
    found, _, rounds = taken(METHODS[name])
    K = len(rounds[1].cohort)
    assert found.up.bytes == pytest.approx(rounds[1].bytes_up / K)
    assert found.down.bytes == pytest.approx(rounds[1].bytes_down / K)
    assert found.down.numbers * 8 == found.down.bytes


# --- several shared models ------------------------------------------------------------------------


def test_clients_are_where_their_loss_is_lowest():
    found, run, rounds = taken(PERMUTED.replace(personal="finetune"))
    state = last(state_before(run, 4))
    G, fed = state.server["models"], run.federation
    for place, client in enumerate(run.panel.tolist()):
        rows = fed.train.of(client)
        X = np.column_stack([fed.X[rows], np.ones(len(rows))])
        losses = [run.network.loss(run.network.outputs(g, X), fed.y[rows]).mean() for g in G]
        assert found.choice.model[place] == int(np.argmin(losses))
    w = rounds[3].parameters
    np.testing.assert_allclose(found.choice.away, np.linalg.norm(G - w, axis=1))
    np.testing.assert_array_equal(G[found.choice.shown], w)
    assert np.isnan(found.way)


def test_planted_groups_are_found_and_identical_starts_find_none():
    apart, *_ = taken(PERMUTED.replace(cluster_start="apart", rounds=10))
    assert apart.groups.tolist() == [k % 2 for k in range(8)]
    assert recovered(apart.choice, apart.groups) == 8
    same, *_ = taken(PERMUTED.replace(cluster_start="identical"))
    assert set(same.choice.model.tolist()) == {0}
    assert recovered(same.choice, same.groups) == 4


def test_without_a_shift_there_are_no_groups():
    assert taken(EXP)[0].groups is None


# --- pictures -------------------------------------------------------------------------------------


def test_without_a_hidden_layer_the_slopes_are_the_weights():
    found, run, rounds = taken(EXP, client=2)
    V, _ = models(run, rounds, 3)
    pictures = found.responses
    assert pictures.exact
    shared, own = (v.reshape(10, 65)[:, :64] for v in (rounds[3].parameters, V[2]))
    np.testing.assert_allclose(pictures.shared.reshape(10, 64), shared)
    np.testing.assert_allclose(pictures.own.reshape(10, 64), own, rtol=1e-9)
    np.testing.assert_array_equal(pictures.counts, run.federation.label_counts([2])[0])


@pytest.mark.parametrize("hidden", [(7,), (9, 5)])
def test_with_hidden_layers_they_are_the_gradient_at_the_mean_picture(hidden):
    exp = DEEP.replace(hidden=hidden, algorithm="fedper")
    found, run, rounds = taken(exp, client=1)
    V, _ = models(run, rounds, 3)
    fed, pictures = run.federation, found.responses
    assert not pictures.exact
    x = np.append(fed.X[fed.train.of(1)].mean(axis=0), 1.0)
    tiny = 1e-6
    for v, shown in ((rounds[3].parameters, pictures.shared), (V[1], pictures.own)):
        for pixel in (10, 27, 44):
            step = np.zeros(65)
            step[pixel] = tiny
            up, down = (run.network.outputs(v, (x + s)[None])[0] for s in (step, -step))
            np.testing.assert_allclose(
                shown.reshape(10, 64)[:, pixel], (up - down) / (2 * tiny), atol=1e-7
            )


def test_slopes_of_a_layer_that_is_silent_are_zero():
    silent = np.array([[1.0, -5.0]])  # one neuron, off at x = 1
    assert slopes([silent, np.array([[2.0, 0.0], [3.0, 0.0]])], np.array([1.0, 1.0])).tolist() == [
        [0.0],
        [0.0],
    ]


def test_other_data_have_no_pictures():
    assert taken(fp.Experiment(data="moons", rounds=1, clients=4))[0].responses is None
