"""My own client on the screen: drawing, joining, leaving, keys, memory."""

from __future__ import annotations

import json

import numpy as np
import pytest

import fedplay as fp
from fedplay.data.guest import MOST
from fedplay.engine.loop import federation_of
from fedplay.views.my_client.drawing_state import DrawingState
from fedplay.views.scene import Intent

EXP = fp.Experiment(rounds=3, clients=4)
SEVEN = [(0.3, 0.15), (0.7, 0.15), (0.5, 0.5), (0.42, 0.88)]


def opened(exp=EXP, **more):
    screen = fp.Playground(exp, **more)
    screen.settle()
    screen.view("mine")
    screen.settle()
    return screen


@pytest.fixture
def screen():
    return opened()


def stroke(screen, points=SEVEN):
    """With the pointer."""
    box, pointed = screen.screen.board.views["mine"].pad.box, screen.screen.stage.on_pointer
    places = [(box.left + x * box.width, box.top + y * box.height) for x, y in points]
    pointed("move", *places[0])
    pointed("down", *places[0])
    for place in places[1:]:
        pointed("move", *place)
    pointed("up", *places[-1])
    screen.settle()


def examples(screen, labels):
    for label in labels:
        screen.mine("label", label)
        screen.mine("random")
        if screen.session.states["mine"].drawing.kind.image is not None:
            screen.mine("add")
    screen.settle()


def caption(screen):
    return screen.screen.view_tabs.caption.value


def guest(screen):
    """The data that the experiment in force has with the guest, made independently."""
    sketch, kind = (
        screen.session.states["mine"].drawing.sketch,
        screen.session.states["mine"].drawing.kind,
    )
    X = np.array(sketch.X, float) / (16 if kind.image else 1)
    return federation_of(screen.experiment).with_client(X, list(sketch.y))


def assert_joined(screen):
    whole = fp.run(screen.experiment, guest(screen))
    assert np.array_equal(screen.shown.client_accuracy, whole.client_accuracy, equal_nan=True)
    assert screen.screen.view_tabs.who.options[-1] == "you"


# --- drawing


def test_what_the_model_makes_of_a_stroke_while_it_is_drawn(screen):
    view = screen.screen.board.views["mine"]
    assert view.examples.head.words == "Your examples"
    assert not any(number.words for number in view.bars.numbers)
    stroke(screen)
    view = screen.screen.board.views["mine"]
    assert view.pad.box.height > 150
    ink = np.array(view.mine.counts).reshape(8, 8)
    assert ink.max() == 16
    assert ink[0].any(), "it fills its frame"
    assert ink[-1].any()
    model = screen.player.shown.rounds[-1].parameters
    run = screen.player.shown.run
    z = run.network.outputs(model, np.append(ink.ravel() / 16, 1).astype(run.exp.dtype)[None])[0]
    p = np.exp(z - z.max())
    p /= p.sum()
    best = int(p.argmax())
    assert view.bars.numbers[best].words == f"{100 * p[best]:.0f} %"
    assert f"takes it for <b>{best}</b> ({100 * p[best]:.0f} %)" in caption(screen)
    screen.mine("fill", False)
    screen.settle()
    plain = np.array(screen.screen.board.views["mine"].mine.counts).reshape(8, 8)
    assert plain.sum() != ink.sum()


def test_strokes_change_only_their_part_of_the_picture(screen):
    stroke(screen)
    whole = screen.screen.board.frame().copy()
    before = screen.screen._else
    screen.mine("ink", "down", 0.2, 0.2)
    screen.mine("ink", "move", 0.8, 0.8)
    screen.mine("ink", "up", 0.8, 0.8)
    screen.event_loop.draw()
    assert screen.screen._else == before, "the curves are not drawn again"
    quick = np.asarray(screen.screen.board.canvas.agg.buffer_rgba()).copy()
    assert not np.array_equal(quick, whole)
    assert np.array_equal(quick, screen.screen.board.frame()), "and yet all of it is right"


def test_a_pointer_that_leaves_the_pad_goes_on_at_its_edge(screen):
    stroke(screen, [(0.5, 0.5), (1.6, 0.5), (1.6, -3)])
    (points,) = screen.session.states["mine"].drawing.sketch.strokes
    assert points[-1] == (1.0, 0.0)
    assert screen.session.client is None, "nothing else was clicked"


def test_steps_are_taken_back_one_by_one(screen):
    drawing = screen.session.states["mine"].drawing
    stroke(screen)
    stroke(screen, [(0.2, 0.5), (0.8, 0.5)])
    screen.mine("label", 7)
    screen.mine("add")
    assert drawing.sketch.blank
    assert drawing.sketch.y == (7,)
    screen.mine("back")
    assert len(drawing.sketch.strokes) == 2
    assert not drawing.sketch.y
    screen.mine("back")
    assert len(drawing.sketch.strokes) == 1
    screen.mine("wipe")
    assert drawing.sketch.blank
    screen.mine("back")
    assert not drawing.sketch.blank
    screen.mine("clear")
    for _ in range(9):
        screen.mine("back")
    assert drawing.sketch.blank


@pytest.mark.parametrize(
    ("action", "arguments", "words"),
    [
        ("nonsense", (), "action='nonsense': must be one of"),
        ("label", (10,), "label=10: must be a whole number from 0 to 9"),
        ("label", (True,), "label=True"),
        ("add", (), "add: the pad is empty"),
        ("remove", (0,), "place=0: there are 0 examples"),
        ("join", (), "join: a client needs 3 examples"),
        ("ink", ("down", np.nan, 0.5), "draw: "),
        ("point", (0.5, 0.5), "put: these data are no points"),
    ],
)
def test_what_cannot_be_done_is_said(screen, action, arguments, words):
    with pytest.raises(ValueError, match=f"^{words}"):
        screen.mine(action, *arguments)


def test_there_are_only_so_many_examples():
    drawing = DrawingState(None)
    drawing.turn(fp.Experiment(data="moons"))
    for _ in range(MOST):
        drawing.put(0.0, 0.5)
    with pytest.raises(ValueError, match="at most 200"):
        drawing.put(0.0, 0.5)


# --- joining


def test_one_joins_is_followed_and_leaves(screen):
    before = screen.shown.accuracy
    examples(screen, [7, 1, 4])
    assert np.array_equal(screen.shown.accuracy, before), "nobody has joined yet"
    screen.mine("join")
    screen.settle()
    assert_joined(screen)
    assert screen.session.client == 4
    assert "of what you ◉ hold out" in screen.screen.headline.sentence.value
    found = screen.screen.board.views["mine"].mine.reception
    here, own, lonely = found.models
    told = f"the global model <b>{here.own}</b>, your personal model <b>{own.own}</b>"
    assert told in caption(screen)
    assert f"never joined <b>{lonely.own}</b>; personalizing gains" in caption(screen)
    assert [row[1].words for row in screen.screen.board.views["mine"].table.rows] == [
        f"{model.own} of 1" for model in found.models
    ]
    screen.mine("leave")
    screen.settle()
    assert np.array_equal(screen.shown.accuracy, before)
    assert screen.session.client is None
    assert len(screen.session.states["mine"].drawing.sketch.y) == 3


def test_more_examples_fewer_and_none(screen):
    examples(screen, [7, 1, 4])
    screen.mine("join")
    examples(screen, [0, 2])
    assert_joined(screen)
    screen.mine("remove", 1)
    screen.settle()
    assert_joined(screen)
    assert screen.session.states["mine"].drawing.sketch.y == (7, 4, 0, 2)
    screen.mine("clear")
    screen.settle()
    assert screen.shown.client_accuracy.shape[1] == 4
    screen.mine("back")
    screen.settle()
    assert not screen.session.states["mine"].drawing.joined, "joining is asked for"


def test_the_guest_stays_while_other_knobs_change_and_goes_with_its_data(screen):
    examples(screen, [7, 1, 4])
    screen.mine("join")
    screen.settle()
    for choice in ({"clients": 6}, {"alpha": 5.0}, {"seed": 3}, {"algorithm": "scaffold"}):
        screen.set(**choice)
        screen.settle()
        assert_joined(screen)
        assert screen.session.client == screen.experiment.clients, "it is still followed"
    screen.set(data="moons")
    screen.settle()
    assert screen.shown.client_accuracy.shape[1] == 6
    assert screen.session.client is None
    assert screen.screen.board.views["mine"].plane is not None
    screen.set(data="digits")
    screen.settle()
    assert_joined(screen)
    screen.set(data="writers", partition="natural", clients=5)
    screen.settle()
    assert_joined(screen)


def test_data_without_a_picture_have_no_such_view(screen):
    screen.set(data="cancer")
    screen.settle()
    assert "mine" not in screen.session.tabs()
    assert screen.screen.rows["mine"].widget.layout.display == "none"
    with pytest.raises(ValueError, match="nothing that could be drawn"):
        screen.mine("wipe")


def test_sweeps_pins_and_comparisons_have_the_guest_in_them(screen):
    screen.pin()
    examples(screen, [7, 1, 4])
    screen.mine("join")
    screen.sweep("local_epochs")
    screen.settle()
    sweeping = screen.session.states["sweep"].job
    value = sweeping.values[1]
    whole = fp.run(screen.experiment.replace(local_epochs=value), guest(screen))
    assert np.array_equal(sweeping.recordings[1].accuracy, whole.accuracy)
    screen.pin()
    screen.settle()
    assert [pin.guest for pin in screen.session.pins] == [False, True]
    assert [len(pin.recording.clients[0]) for pin in screen.session.pins] == [4, 5]
    assert [ghost.letter for ghost in screen.session.scene().ghosts] == ["A"]
    screen.sweep(None)
    screen.compare(["FedProx"], seeds=3)
    screen.settle()
    comparison = screen.session.states["compare"].compared.comparison
    assert np.array_equal(
        comparison.curves["FedAvg"][0].accuracy, fp.run(screen.experiment, guest(screen)).accuracy
    )
    screen.view("mine")
    screen.settle()
    assert "You took part" in caption(screen), "whatever else was run with the guest meanwhile"
    screen.compare()
    screen.mine("leave")
    screen.settle()
    comparison = screen.session.states["compare"].compared.comparison
    assert np.array_equal(
        comparison.curves["FedAvg"][0].accuracy, fp.run(screen.experiment).accuracy
    )


def test_points_of_the_plane():
    screen = opened(fp.Experiment(data="moons", rounds=3, clients=4))
    view = screen.screen.board.views["mine"]
    pointed = screen.screen.stage.on_pointer
    screen.mine("label", 1)
    places = [(80, 40), (160, 120), (200, 60)]
    for right, down in places:
        box = view.plane.axes.get_window_extent()
        x, y = box.x0 + right, view.canvas.height - box.y1 + down
        for kind in ("move", "down", "up"):
            pointed(kind, x, y)
        screen.settle()
        point = view.inside(view.plane.axes, x, y)
        assert np.allclose(screen.session.states["mine"].drawing.sketch.X[-1], point, atol=1e-4)
        assert view.at(x, y).click.arguments[0] == "remove"
    assert screen.session.states["mine"].drawing.sketch.y == (1, 1, 1)
    screen.mine("join")
    screen.settle()
    assert_joined(screen)
    for kind in ("move", "down", "up"):  # a click on a point takes it out
        pointed(kind, x, y)
    screen.settle()
    assert len(screen.session.states["mine"].drawing.sketch.y) == 2
    assert screen.shown.client_accuracy.shape[1] == 4, "too few to go on"


# --- without a pointer


def test_keys_draw_as_well(screen):
    key, drawing = screen.screen.stage.on_key, screen.session.states["mine"].drawing
    key("Enter")
    for _ in range(8):
        key("ArrowUp")
    key(" ")
    for _ in range(16):
        key("ArrowDown")
    key(" ")
    key("ArrowLeft")
    screen.settle()
    (points,) = drawing.sketch.strokes
    assert points[0] == (0.5, 0.25)
    assert points[-1] == (0.5, 0.75)
    assert screen.player.at == 3, "the rounds stay where they are"
    key("PageDown")
    key("Enter")
    screen.settle()
    assert drawing.sketch.y == (1,)
    assert drawing.sketch.blank
    key("Escape")
    key("ArrowLeft")
    screen.settle()
    assert drawing.pen is None
    assert screen.player.at == 2


def test_keys_put_points():
    screen = opened(fp.Experiment(data="circles", rounds=2, clients=3))
    key = screen.screen.stage.on_key
    for name in ("Enter", " ", "ArrowRight", "PageDown", " ", "ArrowUp", "Enter"):
        key(name)
    screen.settle()
    assert screen.session.states["mine"].drawing.sketch.y == (0, 1, 1)
    assert len(set(screen.session.states["mine"].drawing.sketch.X)) == 3


@pytest.mark.parametrize(("old", "new"), [("digits", "moons"), ("moons", "digits")])
def test_no_example_comes_from_the_data_before_these(old, new):
    """The run on the screen may still be the one before; found by `test_person.py`."""
    screen = opened(fp.Experiment(data=old, rounds=2, clients=3))
    screen.set(data=new)
    screen.mine("label", 1)
    with pytest.raises(ValueError, match="there are no data yet"):
        screen.mine("random")
    screen.settle()
    screen.mine("random")
    assert screen.session.states["mine"].drawing.sketch.blank == (new == "moons")


def test_the_core_screen_joins_with_buttons_alone():
    screen = opened(core=True)
    row = screen.screen.rows["mine"]
    assert row.widget.layout.display is None
    assert (row.add.disabled, row.join.disabled, row.join.description) == (
        True, True, "Join (3 more)",
    )  # fmt: skip
    for label in (2, 5, 5):
        row.labels.index = label
        row.random.click()
        screen.settle()
        row.add.click()
        screen.settle()
    assert screen.session.states["mine"].drawing.sketch.y == (2, 5, 5)
    row.join.click()
    screen.settle()
    assert_joined(screen)
    assert row.join.description == "Leave"
    row.join.click()
    screen.settle()
    assert not screen.session.states["mine"].drawing.joined


# --- what is hidden, and kept


def test_nothing_is_said_before_a_guess_is_revealed(screen):
    stroke(screen)
    screen.guess(0.5)
    screen.settle()
    assert "takes it for" not in caption(screen)
    assert screen.screen.rows["mine"].widget.layout.display == "none"
    screen.reveal()
    screen.settle()
    assert "takes it for" in caption(screen)
    assert any(number.words for number in screen.screen.board.views["mine"].bars.numbers)


@pytest.mark.parametrize("data", ["digits", "moons"])
def test_a_page_that_is_loaded_again_has_the_examples(data):
    exp = fp.Experiment(data=data, rounds=2, clients=3)
    screen = opened(exp)
    examples(screen, [1, 0, 1, 1])
    screen.mine("join")
    screen.settle()
    kept = json.loads(json.dumps(screen.session.memory()))
    again = opened(exp)
    again.session.remember(kept)
    again.settle()
    assert (
        again.session.states["mine"].drawing.sketch.X
        == screen.session.states["mine"].drawing.sketch.X
    )
    assert_joined(again)
    assert again.session.client == 3


@pytest.mark.parametrize(
    "change",
    [
        {"X": None},
        {"X": ["a" * 63] * 4},
        {"X": ["z" * 64] * 4},
        {"X": [["a"] * 64] * 4},
        {"y": [0, 1, 2]},
        {"y": [0, 1, 2, 10]},
        {"y": [0, 1, 2, True]},
        {"y": [0, 1, 2, "3"]},
        {"X": ["a" * 64] * 201, "y": [0] * 201},
        {"data": "moons"},
    ],
)
def test_what_a_page_has_kept_is_not_trusted(change):
    drawing = DrawingState(None)
    drawing.turn(EXP)
    good = {"data": repr(drawing.kind), "X": ["a" * 64] * 4, "y": [0, 1, 2, 3], "joined": True}
    drawing.take_up(good | change)
    assert not drawing.joined
    assert not drawing.sketch.y
    drawing.take_up(good)
    assert drawing.joined
    assert len(drawing.sketch.y) == 4


def test_a_link_carries_no_drawing(screen):
    screen.screen.share.fold()
    assert "drawings" not in screen.screen.share.note.value
    examples(screen, [7, 1, 4])
    screen.screen.share.write()
    assert "No drawings go along" in screen.screen.share.note.value
    assert screen.experiment.to_token() == EXP.to_token()


def test_of_many_examples_the_last_ones_are_shown(screen):
    examples(screen, [k % 10 for k in range(60)])
    screen.mine("join")
    screen.settle()
    view = screen.screen.board.views["mine"]
    shown = view.examples.album.shown
    assert 0 < shown < 60
    assert view.examples.head.words in (
        f"Your examples: 60, the last {shown} of them", f"The last {shown} of your 60",
    )  # fmt: skip
    x, y = view.examples.album.corner(shown - 1)
    hit = view.at(x + 3, y + 3)
    assert hit.click == Intent("mine", ("remove", 59))
    assert hit.lines[0].startswith("example 60: 9")
