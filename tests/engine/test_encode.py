"""A network says how examples become its inputs; what an example is, the data say."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import pytest

import fedplay as fp
from fedplay.cost import estimate
from fedplay.data.base import Table
from fedplay.engine.loop import Run, federation_of
from fedplay.inspect.plane import limits_of, logits, regions
from fedplay.models import Model
from fedplay.models.mlp import Perceptron
from fedplay.registry import SLOTS
from fedplay.views.my_client.analysis import receive


class SquaresNetwork(Perceptron):
    def __init__(self, d, C):
        super().__init__((2 * d, C))

    def encode(self, X, dtype):
        return super().encode(np.hstack([X, X**2]), dtype)


@dataclass(frozen=True)
class Squares(Model):
    """Softmax regression that is given every feature's square beside it."""

    def bind(self, d, C):
        return SquaresNetwork(d, C)


PLANE = fp.Experiment(data="circles", clients=4, rounds=6, learning_rate=0.5, dtype="float64")


@pytest.fixture
def squares():
    before = dict(SLOTS["model"])
    fp.register(Squares, "squares")
    yield PLANE.replace(model="squares")
    SLOTS["model"].clear()
    SLOTS["model"].update(before)


def test_encoded_examples_have_ones_last_and_the_precision_of_the_run():
    network = fp.Experiment().stage("model").bind(2, 3)
    X = np.array([[0.5, 1e300], [2.0, -1e-300]])
    for dtype, large in (("float32", np.inf), ("float64", 1e300)):
        inputs = network.encode(X, dtype)
        assert inputs.dtype == dtype
        assert inputs.flags.c_contiguous
        np.testing.assert_array_equal(inputs[:, [0, 2]], [[0.5, 1], [2, 1]])
        assert inputs[0, 1] == large


def test_a_network_of_its_own_inputs_trains_as_on_data_that_have_them(squares):
    """Squares of features that a network makes, or that stand in the data: the same run."""
    fed = Run(PLANE).federation
    with_squares = replace(
        fed,
        X=np.hstack([fed.X, fed.X**2]),
        X_test=np.hstack([fed.X_test, fed.X_test**2]),
        features=(),
    )
    made, given = fp.run(squares), fp.run(PLANE.replace(model="softmax"), with_squares)
    for name in ("accuracy", "loss", "client_accuracy", "parameters", "personal_accuracy"):
        np.testing.assert_array_equal(getattr(made, name), getattr(given, name))
    assert made.accuracy[-1] > fp.run(PLANE.replace(model="softmax")).accuracy[-1] + 0.2
    assert squares.cost().parameters == len(made.parameters)


def test_what_looks_into_a_run_encodes_as_the_network_does(squares):
    run, history = Run(squares), fp.run(squares)
    fed, w = run.federation, history.parameters
    z = logits(run, w, fed.X_test)
    assert (z.argmax(axis=1) == fed.y_test).mean() == history.accuracy[-1]
    assert regions(run, w, limits_of(fed)) is not None
    *_, reception = receive(run, 6, w)
    p = reception.chances(fed.X_test)
    np.testing.assert_allclose(p.sum(axis=1), 1)
    np.testing.assert_array_equal(p.argmax(axis=1), z.argmax(axis=1))


@pytest.mark.parametrize(
    ("data", "kind"),
    [("digits", "pixels"), ("writers", "pixels"), ("moons", "points"), ("cancer", "table")],
)
def test_data_say_what_an_example_is(data, kind):
    exp = fp.Experiment(data=data, rounds=1, clients=3)
    assert exp.source.kind == kind, "before anything is loaded"
    assert Run(exp).federation.kind == kind
    assert exp.source.load(0).kind == kind


def test_what_is_no_picture_of_its_size_is_a_table():
    X, y = np.zeros((4, 6)), np.array([0, 1, 0, 1])
    for image, kind in ((None, "table"), ((2, 3), "pixels"), ((2, 2), "table")):
        assert Table("own", X, y, ("a", "b"), image=image).kind == kind
    assert Table("own", X[:, :2], y, ("a", "b")).kind == "points"
    rng = np.random.default_rng(0)
    fed = fp.Federation.from_arrays(rng.normal(size=(40, 2)), np.arange(40) % 2, np.arange(40) % 4)
    assert fed.kind == "points"
    assert fed.with_client([[0.0, 1.0]], ["1"]).kind == "points"


def test_the_cost_counts_the_inputs_that_a_network_makes(squares, monkeypatch):
    whole = estimate(squares).bytes
    monkeypatch.setattr(SquaresNetwork, "encode", Perceptron.encode)  # half as many
    assert whole - estimate(squares).bytes > len(federation_of(squares).X) * 2 * 8
