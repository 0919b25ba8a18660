"""Problems that can be solved on paper: their source, their formulas, and the screen for them."""

from __future__ import annotations

import dataclasses
import json

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import fedplay as fp
from fedplay.data import Quadratics
from fedplay.engine.loop import Run
from fedplay.inspect import closed_forms
from fedplay.runs.series import Series
from fedplay.views.curves.view import height
from fedplay.views.drift.goal import quadratics
from fedplay.widgets.controls import for_knob

KNOWN = fp.Experiment(
    data="quadratics", partition="natural", model="quadratic", clients=2, dimensions=1,
    curvatures=(1, 4), optima=(-1, 2), learning_rate=0.05, rounds=400, dtype="float64",
)  # fmt: skip
SEVERAL = KNOWN.replace(clients=6, dimensions=2, curvatures=(), optima=(), rounds=1)


# --- the source ---------------------------------------------------------------------------------


def test_every_client_has_copies_of_its_own_problem():
    fed = Run(SEVERAL).federation
    a, x = SEVERAL.source.problems(SEVERAL.data_seed)
    assert (fed.clients, fed.d) == (6, 3)
    assert set(fed.sizes.tolist()) == {6}
    for k in range(6):
        for shares in (fed.train, fed.held):
            rows = fed.X[shares.of(k)]
            np.testing.assert_array_equal(rows, np.tile([a[k], *x[k]], (len(rows), 1)))
    assert sorted(np.bincount(fed.y_test)) == [2] * 6  # so the global loss is the plain mean


def test_problems_are_drawn_client_by_client():
    few, many = (SEVERAL.replace(clients=n).source.problems(3) for n in (4, 9))
    np.testing.assert_array_equal(few[0], many[0][:4])
    np.testing.assert_array_equal(few[1], many[1][:4])
    line = SEVERAL.replace(dimensions=1, clients=4).source.problems(3)
    np.testing.assert_array_equal(line[1], few[1][:, :1])
    other = SEVERAL.replace(clients=4).source.problems(4)
    assert (other[1] != few[1]).any()


def test_what_is_given_is_taken_and_the_rest_is_drawn():
    source = SEVERAL.replace(optima=(1.25, -2.0, 3.0), curvatures=(2.0,)).source
    drawn, (a, x) = SEVERAL.source.problems(0), source.problems(0)
    np.testing.assert_array_equal(x.ravel()[:3], [1.25, -2.0, 3.0])
    np.testing.assert_array_equal(x.ravel()[3:], drawn[1].ravel()[3:])
    assert a[0] == 2.0
    np.testing.assert_array_equal(a[1:], drawn[0][1:])


def test_more_numbers_than_clients_need_are_kept_for_later():
    exp = KNOWN.replace(optima=(-1, 2, 5), curvatures=(1, 4, 9))
    np.testing.assert_array_equal(exp.source.problems(0)[1].ravel(), [-1, 2])
    assert exp.replace(clients=3).source.problems(0)[1][2, 0] == 5


def test_too_many_clients_are_refused_in_words():
    with pytest.raises(ValueError, match="clients=51: must be at most 50"):
        SEVERAL.replace(clients=51)


def test_the_numbers_travel():
    dragged = SEVERAL.replace(clients=50, optima=tuple(np.linspace(-9.99, 9.99, 100).round(2)))
    for exp in (KNOWN, dragged):
        assert fp.Experiment.from_token(exp.to_token()) == exp
        assert fp.Experiment.from_json(exp.to_json()) == exp
        assert eval(repr(exp), {"Experiment": fp.Experiment}) == exp
    assert json.loads(KNOWN.to_json())["optima"] == [-1.0, 2.0]
    own = Quadratics(optima=(1, 2))
    assert fp.Experiment(data=own, model="quadratic").optima == (1.0, 2.0)


@pytest.mark.parametrize("wrong", [(11,), (float("nan"),), (1.0,) * 101, "1, 2", None, 3, ("1",)])
def test_other_numbers_are_refused_in_words(wrong):
    with pytest.raises(ValueError, match="up to 100 numbers, each from -10 to 10"):
        KNOWN.replace(optima=wrong)


# --- closed forms -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("K", "ends"), [(5, (1.2447, 1.2462)), (20, (0.8193, 0.9345)), (100, (0.5045, 0.8462))]
)
def test_the_known_case(K, ends):
    a, x = KNOWN.source.problems(0)
    assert closed_forms.optimum(a, x, (1, 1)) == pytest.approx(1.4)
    for algorithm, mu, end in (("fedavg", 0.0, ends[0]), ("fedprox", 1.0, ends[1])):
        found = closed_forms.fedavg(a, x, (1, 1), 0.05, K, mu)
        assert found == pytest.approx(end, abs=5e-5)
        run = fp.run(KNOWN.replace(local_epochs=K, algorithm=algorithm, mu=max(mu, 0.1)))
        assert run.parameters == pytest.approx(found, abs=1e-9)


def test_equal_numbers_of_steps_make_fednova_fedavg():
    a, x = SEVERAL.source.problems(0)
    both = [f(a, x, np.ones(6), 0.05, 7) for f in (closed_forms.fednova, closed_forms.fedavg)]
    np.testing.assert_allclose(*both)


@settings(max_examples=40, deadline=None)
@given(seed=st.integers(0, 99), K=st.integers(1, 30), mu=st.floats(0, 3), nova=st.booleans())
def test_a_round_at_the_fixed_point_changes_nothing(seed, K, mu, nova):
    exp = SEVERAL.replace(data_seed=seed, local_epochs=K, algorithm="fedprox", mu=mu)
    if nova:
        exp = exp.replace(algorithm="fednova", stragglers=0.7)
    run = Run(exp)
    problem, weight, state = quadratics(run), run.federation.sizes, run.start()
    assert problem is not None
    if nova:
        steps = run.cohort(1).steps
        fixed = closed_forms.fednova(*problem, weight, 0.05, steps)
    else:
        fixed = closed_forms.fedavg(*problem, weight, 0.05, K, mu)
    state.w = fixed
    run.advance(state, 1)
    np.testing.assert_allclose(state.w, fixed, atol=1e-12)


# --- the screen: it tells a loss ------------------------------------------------------------------


def screen(exp=None, **more):
    made = fp.Playground(exp or SEVERAL.replace(rounds=5, clients=3), **more)
    made.settle()
    return made


def test_the_curves_show_losses():
    made = screen()
    run, exp = made.shown, made.experiment
    a, x = exp.source.problems(exp.data_seed)
    f = [a * ((w - x) ** 2).sum(axis=1) / 2 for w in _models(exp)]
    curves = made.screen.board.views["curves"]
    np.testing.assert_allclose(curves.strokes.glob.get_ydata(), np.mean(f, axis=1), rtol=1e-6)
    np.testing.assert_allclose(curves.strokes.glob.get_ydata(), run.loss)
    drawn = np.array([line[:, 1] for line in curves.strokes.clients.get_segments()]).T
    known = np.array(f)
    np.testing.assert_allclose(drawn, np.where(known <= curves.top, known, np.nan), rtol=1e-6)
    assert curves.chart.get_ylabel() == "loss"
    assert curves.chart.get_ylim() == (0, curves.top)
    assert curves.top >= run.loss.max()
    assert f"<b>{run.loss[-1]:.3f}</b>" in made.screen.headline.sentence.value
    made.event_loop.do("numbers")
    made.settle()
    said = made.screen.headline
    assert f"{run.loss[-1]:.3f}" in said.cards.value
    assert "nan" not in (said.sentence.value + said.numbers.value + said.cards.value).lower()


def _models(exp):
    run = Run(exp)
    state = run.start()
    yield state.w.copy()
    for number in range(1, exp.rounds + 1):
        run.advance(state, number)
        yield state.w.copy()


def test_the_pointer_finds_a_loss_where_it_is_drawn():
    made = screen()
    curves, loss = made.screen.board.views["curves"], made.shown.loss
    x, y = curves.chart.transData.transform((2, loss[2]))
    hit = made.screen.board.at(x, made.screen.board.size[1] - y)
    assert hit.lines == ("global model", f"round 2: {loss[2]:.3f}")


def test_the_axis_is_that_of_the_score_again():
    made = screen()
    made.open(fp.Experiment(rounds=2, clients=4))
    made.settle()
    curves = made.screen.board.views["curves"]
    assert (curves.chart.get_ylabel(), curves.chart.get_ylim()) == ("accuracy", (0, 1))


def test_the_axis_holds_while_the_curves_fill_it_and_one_that_leaves_is_cut():
    def of(*losses):
        return Series(2, np.array(losses), np.empty((len(losses), 0)), score="loss")

    assert height(of(3.0, 2.0, 1.0)) == 3.0
    assert height(of(3.0, 100.0, np.inf)) == 6.0
    made = screen(SEVERAL.replace(learning_rate=1.0, rounds=20, curvatures=(4,) * 6))
    assert made.shown.diverged is not None
    drawn = made.screen.board.views["curves"].strokes.glob.get_ydata()
    assert np.nanmax(drawn) <= made.screen.board.views["curves"].top
    assert "Diverged" in made.screen.headline.sentence.value


def test_no_accuracy_is_guessed_and_no_view_of_accuracies_is_offered():
    made = screen()
    assert not {"inside", "compare", "pictures", "boundary"} & set(made.session.tabs())
    assert "drift" in made.session.tabs()
    assert made.screen.bar.guess.disabled
    with pytest.raises(ValueError, match="no accuracy"):
        made.guess(0.5)


def test_a_pinned_accuracy_is_not_drawn_among_losses():
    made = screen(fp.Experiment(rounds=2, clients=4))
    made.pin()
    made.open(SEVERAL)
    made.settle()
    assert made.session.scene().ghosts == ()


def test_choosing_the_data_brings_partition_and_model_along():
    made = screen(fp.Experiment(rounds=3, clients=4, model="mlp"))
    made.event_loop.post("data", "quadratics")
    made.settle()
    exp = made.experiment
    assert (exp.data, exp.partition, exp.model) == ("quadratics", "natural", "quadratic")
    assert made.errors == {}
    assert np.isfinite(made.shown.loss).all()
    made.event_loop.post("data", "moons")
    made.settle()
    exp = made.experiment
    assert (exp.data, exp.partition, exp.model) == ("moons", "dirichlet", "mlp"), "as before"
    assert made.errors == {}


def test_the_numbers_have_a_text_field():
    knob = dataclasses.replace(fp.experiment.knobs()["optima"])
    said = []
    control = for_knob(knob, lambda name, value: said.append((name, value)), lambda: 0)
    control.show((1.0, -2.5))
    assert (control.field.value, said) == ("1, -2.5", [])
    control.field.value = "3; 4.5"
    control.field.value = "3, x"
    control.field.value = ""
    assert said == [("optima", (3.0, 4.5)), ("optima", "3, x"), ("optima", ())]
    values, words = control.sweep((1.0,))
    assert (values, words) == ([(), (1.0,)], ["drawn", "1"])
