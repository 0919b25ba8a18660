"""`history.plot()`: the learning curves of the screen, from a history alone."""

from __future__ import annotations

import matplotlib.pyplot as plt
import numpy as np
import pytest

import fedplay as fp
from fedplay.drawing.settings import WholeFigure
from fedplay.drawing.style import LIGHT
from fedplay.views.board import Board
from fedplay.views.registered import MAIN
from fedplay.words import UNSEEN

SMALL = fp.Experiment(data="moons", examples=100, clients=3, rounds=4)


@pytest.fixture(autouse=True)
def no_figure_is_left():
    yield
    plt.close("all")


@pytest.fixture(scope="module")
def small():
    return fp.run(SMALL)


def drawn(axes):
    """What is drawn, by its name: the points of lines, and how many lines or bands there are."""
    lines = {line.get_label(): line.get_xydata() for line in axes.lines if line.get_visible()}
    many = {one.get_label(): len(one.get_paths()) for one in axes.collections}
    named = {name: found for name, found in (lines | many).items() if not name.startswith("_")}
    return {name: found for name, found in named.items() if np.size(found) and np.any(found)}


def test_it_is_the_screens_curves_of_what_the_history_has(small, monkeypatch):
    views = []
    made = Board.__init__

    def kept(board, *args, **more):
        made(board, *args, **more)
        views.append(board.views[MAIN])

    monkeypatch.setattr(Board, "__init__", kept)
    axes, figure = small.plot(), fp.plot(small)
    ours, theirs = views
    assert isinstance(axes.figure, WholeFigure)
    assert axes is ours.chart
    assert axes.figure.get_size_inches().tolist() == figure.get_size_inches().tolist()
    assert [text.get_text() for text in axes.figure.texts] == [t.get_text() for t in figure.texts]
    for key, curve in ours.named.items():
        np.testing.assert_array_equal(curve.y, theirs.named[key].y)
        assert (curve.words, curve.colour) == theirs.named[key][:2] or not len(curve.y)
    late = {"personal", "alone"}  # which have to be computed
    assert {key for key in theirs.named if key not in ours.named} == late
    np.testing.assert_array_equal(
        ours.strokes.clients.get_segments(), theirs.strokes.clients.get_segments()
    )


def test_on_axes_of_ones_own_there_are_the_same_lines_and_a_legend(small):
    figure, (left, right) = plt.subplots(1, 2)
    assert small.plot(right) is right
    assert not left.lines
    found, alone = drawn(right), drawn(small.plot())
    assert found.keys() == alone.keys()
    for name, points in alone.items():
        np.testing.assert_array_equal(found[name], points)
    np.testing.assert_array_equal(found["global model"][:, 1], small.accuracy)
    texts = right.get_legend().get_texts()
    assert {text.get_text() for text in texts} == {*found}
    assert f"each client {UNSEEN}" in found
    line = next(line for line in right.lines if line.get_label() == "global model")
    assert line.get_color() == LIGHT.accent
    figure.canvas.draw()


def test_a_large_federation_is_a_band():
    many = fp.Experiment(partition="resampled", clients=70, participation=0.1, rounds=2)
    assert f"nine in ten {UNSEEN}" in drawn(fp.run(many).plot(plt.figure().add_subplot()))


def test_a_run_that_diverged_says_so_and_one_without_a_round_is_drawn():
    wild = fp.Experiment(data="circles", model="mlp", learning_rate=1000.0, rounds=12)
    history = fp.run(wild)
    for axes in (history.plot(), history.plot(plt.figure().add_subplot())):
        assert f"diverged in round {history.diverged}" in drawn(axes)
        axes.figure.canvas.draw()
    run = fp.engine.loop.Run(SMALL)
    begun = fp.History.of(run, [next(iter(fp.rounds(SMALL)))])
    assert "global model" in drawn(begun.plot())


def test_a_model_without_an_accuracy_has_its_loss_drawn():
    history = fp.run(fp.Experiment(data="quadratics", model="quadratic", clients=3, rounds=3))
    axes = history.plot()
    assert axes.get_ylabel() == "loss"
    np.testing.assert_array_equal(drawn(axes)["global model"][:, 1], history.loss)
