"""Classes are taken from clients and given back: clicks, keys, words, and the link."""

from __future__ import annotations

import matplotlib
import numpy as np
import pytest

import fedplay as fp
from fedplay.drawing.figure import Canvas
from fedplay.drawing.geometry import Box
from fedplay.drawing.style import LIGHT
from fedplay.views.labels.analysis import all_counts, present
from fedplay.views.labels.view import LabelBars
from fedplay.views.scene import Intent
from fedplay.words import plain
from tests.support.scenes import scene

matplotlib.use("agg")
SHORT = fp.Experiment(rounds=2, alpha=1.0)


@pytest.fixture
def screen():
    made = fp.Playground(SHORT, views=["curves", "federation"])
    made.settle()
    yield made
    made.close()


def counts_of(screen):
    return all_counts(screen.player.facts().federation)


def where(view, place, label):
    """The css position of the middle of a class in a client's bar, or of its empty place."""
    corners = np.array(view._part(place, label))
    x, y = view.chart.transData.transform(corners.mean(axis=0))
    return x, view.canvas.height - y


def click(screen, x, y):
    for kind in ("move", "down", "up"):
        screen.screen.pointer.pointer(kind, x, y)
    screen.settle()


def test_a_click_takes_a_class_away_and_nothing_else_moves(screen):
    before, view = counts_of(screen), screen.screen.board.views["federation"]
    label = int(before[3].argmax())
    click(screen, *where(view, 3, label))
    after = counts_of(screen)
    assert screen.experiment.partition == "table"
    assert after[3, label] == 0
    assert after.sum() == before.sum()
    others = np.arange(10) != label
    assert np.array_equal(after[:, others], before[:, others])
    assert screen.session.client is None, "the click is the class's, it follows nobody"
    screen.undo()  # one step
    screen.settle()
    assert screen.experiment == SHORT
    assert np.array_equal(counts_of(screen), before)


def test_a_click_on_the_empty_place_gives_the_class_back(screen):
    label = int(counts_of(screen)[3].argmax())
    screen.deal(3, label)
    screen.settle()
    view = screen.screen.board.views["federation"]
    click(screen, *where(view, 3, label))
    assert screen.experiment.table[3][label] == 1.0
    counts = counts_of(screen)[:, label]
    shares = np.array(screen.experiment.table)[:, label]
    assert abs(counts[3] - counts.sum() / shares.sum()) < 1


def test_a_click_elsewhere_on_the_row_follows_the_client(screen):
    view = screen.screen.board.views["federation"]
    x, _ = where(view, 3, 1)
    click(screen, x, view.box.top + view.box.height - 12)  # its dot
    assert screen.session.client == 3
    assert screen.experiment == SHORT


def test_keys_do_the_same(screen):
    key = screen.screen.pointer.key
    screen.follow(2)
    screen.settle()

    def press(*keys):
        for one in keys:
            key(one)
            screen.settle()

    press("Enter")
    assert screen.session.states["federation"].cell == (2, 0)
    press("ArrowRight", "ArrowUp", "ArrowUp", "ArrowLeft", "ArrowLeft", "ArrowDown")
    assert screen.session.states["federation"].cell == (1, 1)
    had = counts_of(screen)[1, 1]
    told = plain(LabelBars.sentence(screen.session.scene()))
    assert "Keys: client 1 · class 1 · 1 example · Enter: remove; Escape ends it." in told
    press("Enter")
    assert had > 0
    assert counts_of(screen)[1, 1] == 0
    press(" ")
    assert counts_of(screen)[1, 1] > 0
    press("Escape")
    assert screen.session.states["federation"].cell is None
    assert screen.session.client == 2, "Escape ends the keys only"


def test_the_link_carries_it_and_the_field_edits_it(screen):
    screen.deal(0, "4")
    screen.deal(1, 4, 0)
    screen.settle()
    exp = screen.experiment
    assert fp.Experiment.from_token(exp.to_token()) == exp
    assert counts_of(screen)[:2, 4].tolist() == [0, 0]
    panel = screen.screen.panel
    assert {"partition", "table"} <= panel.shown
    assert panel.value_of("partition") == "table"
    control = panel.control("table")
    control.show(panel.value_of("table"))
    rows = [row.split(",") for row in control.field.value.split(";")]
    assert np.array_equal(np.array(rows, float), np.array(exp.table))
    control.field.value = "1,1,1,1,1,1,1,1,1,0"
    screen.settle()
    assert screen.experiment.table == ((1.0,) * 9 + (0.0,),)


def test_the_words_have_the_numbers():
    table = ((1.0,) * 10,) * 3 + ((1.0,) * 7 + (0.0, 1.0, 0.0),)
    seen = scene(SHORT.replace(partition="table", table=table), late=False)
    assert "Client 3 holds no 7 and no 9." in plain(LabelBars.sentence(seen))
    nobody = SHORT.replace(partition="table", table=((1.0,) * 9 + (0.0,),) * 10)
    fed = scene(nobody, late=False).federation
    left, tests = (fed.y == 9).sum(), (fed.y_test == 9).sum()
    said = plain(LabelBars.sentence(scene(nobody, late=False)))
    assert (
        f"No client trains on 9: {left} examples are left out, while the test set has {tests}."
    ) in said
    assert "Client 0 holds no 9; 9 others lack a class." in said


def test_what_a_click_does_stands_beside_the_pointer():
    seen = scene(SHORT, late=False)
    canvas = Canvas(900, 300, 1.0, LIGHT.paper)
    view = LabelBars(canvas, Box(0, 0, 900, 300), LIGHT)
    view.show(seen)
    canvas.frame()
    hit = view.at(*where(view, 3, 8))
    count = seen.labels.counts[3, 8]
    assert hit.lines[0] == "client 3 ◉"
    assert hit.lines[3] == f"class 8 · {count} examples · click: remove"
    assert hit.click == Intent("deal", (3, 8))
    alone = scene(SHORT.replace(partition="table", clients=2, table=((1.0,) + (0.0,) * 9,)))
    view.show(alone)
    hit = view.at(*where(view, 0, 0))
    assert hit.click is None
    assert hit.lines[3].endswith("its last class, so it stays")
    hit = view.at(*where(view, 0, 9))
    assert hit.lines[3] == "class 9 · none · click: give an equal share"
    assert hit.click == Intent("deal", (0, 9))


def test_natural_clients_that_the_partition_ignores_are_said():
    told = plain(LabelBars.sentence(scene(SHORT.replace(data="writers"), late=False)))
    assert "The data come from 14 natural clients, which this partition ignores" in told
    natural = SHORT.replace(data="writers", partition="natural")
    for exp in (natural, SHORT):
        assert "natural" not in plain(LabelBars.sentence(scene(exp, late=False)))


@pytest.mark.parametrize(
    ("data", "model"), [("quadratics", "quadratic"), ("representation", "bilinear")]
)
def test_where_there_are_no_classes_none_are_spoken_of(data, model):
    exp = fp.Experiment(rounds=2, data=data, partition="natural", model=model)
    seen = scene(exp, late=False)
    canvas = Canvas(900, 300, 1.0, LIGHT.paper)
    view = LabelBars(canvas, Box(0, 0, 900, 300), LIGHT)
    view.show(seen)
    canvas.frame()
    texts = [LabelBars.sentence(seen), view.heading.get_text(), *view.at(*where(view, 0, 0)).lines]
    for text in texts:
        assert not {"skew", "class", "classes", "label", "labels", "problem"} & set(
            plain(text).lower().replace(":", " ").split()
        )
    assert view.names == []
    assert view.at(*where(view, 0, 0)).click is None


@pytest.mark.parametrize(
    ("choices", "arguments", "said"),
    [
        ({}, (10, 3), "client=10: must be a whole number from 0 to 9"),
        ({}, (0, "eleven"), "label='eleven': must be one of"),
        ({}, (0, 10), "label=10: must be a whole number from 0 to 9"),
        ({}, (True, 1), "client=True: must be a whole number"),
        ({}, (0, None), "label=None: must be a whole number"),
        ({}, (0, 1, "much"), "share='much': must be a number"),
        ({}, (0, 1, -1), "share=-1: must be a number from 0 to 1000"),
        ({"table": ((1.0,) + (0.0,) * 9,), "partition": "table"}, (0, 0), "without any class"),
        ({"shift": "permuted"}, (0, 0), "exchanges the labels"),
        ({"clients": 500, "partition": "resampled"}, (0, 0), "at most 200"),
    ],
)
def test_a_refusal_is_a_sentence_and_changes_nothing(choices, arguments, said):
    made = fp.Playground(SHORT.replace(**choices), views=["federation"])
    before = made.experiment
    with pytest.raises(ValueError, match=r".") as caught:
        made.deal(*arguments)
    assert said in str(caught.value)
    assert made.experiment == before
    made.close()


def test_data_of_ones_own_are_not_dealt_out():
    fed = fp.Federation.from_arrays([[0.0], [1.0], [2.0], [3.0]] * 4, [0, 1] * 8, [0, 1, 2, 3] * 4)
    made = fp.Playground(fp.Experiment(rounds=1), federation=fed, views=["federation"])
    with pytest.raises(ValueError, match="belong to their clients"):
        made.deal(0, 0)
    made.close()


def test_the_table_of_a_partition_is_its_counts():
    found = present(SHORT)
    again = present(SHORT.replace(partition="table", table=found.with_one(0, 0, 1.0)))
    assert again.shares[0, 0] == 1.0
    assert np.array_equal(again.shares.ravel()[1:], found.shares.ravel()[1:])
