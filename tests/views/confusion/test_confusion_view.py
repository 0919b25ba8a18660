"""The confusion matrices: their counts, what is drawn of them, and what is said."""

from __future__ import annotations

from dataclasses import replace
from types import SimpleNamespace

import matplotlib
import numpy as np
import pytest
from sklearn.metrics import confusion_matrix

import fedplay as fp
from fedplay.check.view_bench import Drawn
from fedplay.drawing.colour_scales import colours_of_weights
from fedplay.drawing.style import LIGHT
from fedplay.engine.loop import Run
from fedplay.inspect.client_models import personal_models
from fedplay.models import likeliest
from fedplay.views.confusion import words
from fedplay.views.confusion.analysis import ALONE, Mistake, confusions, mistakes
from fedplay.views.confusion.view import ConfusionView
from fedplay.words import plain
from tests.support.scenes import scene

matplotlib.use("agg")
EXP = fp.Experiment(rounds=4, alpha=0.1)


@pytest.fixture(scope="module")
def seen():
    return scene(EXP, ConfusionView, late=False, client=3)


def drained(steps):
    try:
        while True:
            next(steps)
    except StopIteration as end:
        return end.value


def said(run, w, X):
    return likeliest(run.network.outputs(w, run.network.encode(X, w.dtype)))


@pytest.mark.parametrize(
    "choices", [{}, {"model": "mlp"}, {"data": "penguins"}, {"algorithm": "fedper", "model": "mlp"}]
)
def test_every_count_is_scikit_learns(choices):
    exp = EXP.replace(**choices)
    run, history = Run(exp), fp.run(exp)
    w, fed = history.parameters, run.federation
    *_, found = confusions(run, exp.rounds, w, 2)
    own = drained(personal_models(Run(exp), w, exp.rounds, [2]))[0]
    held, labels = fed.held.of(2), np.arange(fed.C)
    for model, counts in ((w, found.whole), (own, found.own)):
        sets = (fed.X_test, fed.y_test), (fed.X[held], fed.y[held])
        for (X, y), matrix in zip(sets, counts, strict=True):
            assert np.array_equal(matrix, confusion_matrix(y, said(run, model, X), labels=labels))
    assert (found.tests, found.held) == (len(fed.y_test), len(held))


def test_the_order_of_mistakes():
    counts = np.array([[5, 2, 0], [7, 1, 2], [0, 0, 9]])
    assert mistakes(counts) == [Mistake(1, 0, 7, 10), Mistake(0, 1, 2, 7), Mistake(1, 2, 2, 10)]
    assert mistakes(counts)[0].part == 0.7


def test_without_a_client_it_is_the_one_that_the_global_model_serves_worst():
    found = scene(EXP, ConfusionView, late=False)
    last = found.rounds[-1].client_accuracy
    assert last[found.closeup.client] == np.nanmin(last)
    assert "which the global model serves worst" in ConfusionView.sentence(found)


def test_without_a_personal_model_it_is_the_one_trained_alone():
    found = scene(EXP.replace(personal="none"), ConfusionView, late=False, client=1)
    assert found.closeup.called == ALONE
    assert "(trained alone)" in ConfusionView.sentence(found)


def test_cells_are_coloured_by_their_part_of_the_row(seen):
    drawn = Drawn(ConfusionView, seen, (892, 300))
    frame, found = drawn.frame(), seen.closeup
    table = colours_of_weights(LIGHT)
    for model, counts in ((0, found.whole[0]), (1, found.own[0])):
        matrix = drawn.view.matrices[model]
        side = matrix.side
        for row in range(10):
            for column in range(10):
                x = matrix.left + column * side
                y = matrix.top + row * side
                pixel = frame[int(y) + 1, int(x + side) - 1, :3]
                part = counts[row, column] / counts[row].sum()
                if counts[row, column] == 0:
                    assert np.array_equal(pixel, table[len(table) // 2])
                elif row == column:
                    assert np.array_equal(pixel, table[round((1 - part) * 16)])


def test_the_tip_counts_and_names(seen):
    drawn, found = Drawn(ConfusionView, seen, (892, 300)), seen.closeup
    counts = found.whole[0]
    matrix = drawn.view.matrices[0]
    for true, other in ((4, 9), (8, 8), (0, 0)):
        x, y = (matrix.left + (other + 0.5) * matrix.side, matrix.top + (true + 0.5) * matrix.side)
        head, line = drawn.view.at(x, y).lines
        count, part = counts[true, other], counts[true, other] / counts[true].sum()
        assert head == "global model, on the test set"
        what = "picture of" if count == 1 else "pictures of"
        assert line.startswith(f"{count} {what} {'an' if true == 8 else 'a'} {true} ")
        assert f"({100 * part:.0f} % of the {words.DIGITS[str(true)]})" in line
    assert drawn.view.at(5, 5) is None


def test_the_sentence_says_the_largest_confusion_of_both(seen):
    found, told = seen.closeup, plain(ConfusionView.sentence(seen))
    for counts in (found.whole[0], found.own[0]):
        wrong = counts - np.diag(np.diag(counts))
        true = int(wrong.max(axis=1).argmax())
        most, part = wrong.max(), wrong.max() / counts[true].sum()
        assert f"{most} pictures of " in told
        assert f"({100 * part:.0f} % of the " in told
    right = np.trace(found.whole[0]) / found.tests
    assert f"the global model gets {100 * right:.1f} % right" in told


def test_both_can_be_judged_on_what_the_client_holds_out(seen):
    own = replace(seen, state=SimpleNamespace(judged="own"))
    told = plain(ConfusionView.sentence(own))
    assert told.startswith("On what the client holds out the global model gets ")
    right = np.trace(seen.closeup.own[1]) / seen.closeup.held
    assert f"{100 * right:.3g} % right" in told
    drawn = Drawn(ConfusionView, own, (892, 300))
    drawn.frame()
    spoken = [stamp.words for stamp in drawn.view.sheet.stamps if stamp.get_visible()]
    assert any(f"{seen.closeup.held} examples that client 3 holds out" in words for words in spoken)


def test_what_a_client_does_not_have_its_model_never_says():
    table = ((0.0, 1.0, 0.0) + (1.0,) * 7,)
    exp = fp.Experiment(rounds=2, partition="table", table=table, finetune_epochs=20)
    told = plain(ConfusionView.sentence(scene(exp, ConfusionView, late=False, client=0)))
    assert "It never says 0 or 2, of which it has no example to train on." in told


def test_many_classes_with_long_names_and_no_test_set():
    rng = np.random.default_rng(0)
    names = [f"<a class with a rather long name, number {k:02d}>" for k in range(30)]
    y = [names[k] for k in rng.integers(0, 30, 400)]
    X = rng.normal(size=(400, 5))
    fed = fp.Federation.from_arrays(X, y, rng.integers(0, 3, 400), test_fraction=0)
    exp = fp.Experiment(data="arrays", clients=3, rounds=2)
    found = scene(exp, ConfusionView, late=False, federation=fed)
    for size in ((640, 240), (1200, 500), (320, 110)):
        Drawn(ConfusionView, found, size).frame()
    told = ConfusionView.sentence(found)
    assert "holds out" in told
    assert "<a class" not in told


def test_the_screen_turns_from_one_to_the_other():
    screen = fp.Playground(EXP, views=["curves", "confusion"])
    screen.settle()
    row = screen.screen.rows["confusion"]
    screen.judge("own")
    screen.settle()
    assert screen.session.states["confusion"].kept() == {"judged": "own"}
    screen.screen.pointer.key("Enter")
    screen.settle()
    assert screen.session.states["confusion"].judged == "test"
    assert row.judge.value == "test"
    with pytest.raises(ValueError, match=r"on='mine': must be one of \['test', 'own'\]"):
        screen.judge("mine")
    state = screen.session.states["confusion"]
    state.take_up({"judged": "nonsense"})
    assert state.judged == "test"
    screen.close()
