"""A lab is data: checked when it is made, the same after any journey, refused in a sentence."""

from __future__ import annotations

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import fedplay as fp
from fedplay.labs import FREE, LABS, PRESETS, known, lab_of, named, step_of
from fedplay.labs.lab import KNOBS, VIEWS
from fedplay.labs.links import Opened, opened_by, token_of
from fedplay.playground.lab_actions import checked_lab
from tests.support.effort import tries

TEN_LINES = """
lab = fp.Lab(
    title="Unequal hospitals",
    question="Who gains when hospitals of different size join?",
    knobs=["clients", "quantity_beta", "local_epochs"],
    views=["clients", "federation"],
    steps=[
        fp.Step("Ten sizes", fp.Experiment(partition="quantity", rounds=5),
                see="The largest has many times as many patients.", change={"quantity_beta": 5}),
    ],
)
"""


def own():
    found = {}
    exec(TEN_LINES, {"fp": fp}, found)
    return found["lab"]


# --- the labs that come with fedplay ------------------------------------------------------------


@pytest.mark.parametrize("lab", [FREE, *LABS], ids=lambda lab: lab.name)
def test_a_lab_keeps_its_first_screen_small(lab):
    assert 3 <= len(lab.knobs) <= KNOBS
    assert 2 <= len(lab.views) <= VIEWS
    assert 1 + len(lab.curves) <= 4
    assert lab is FREE or 3 <= len(lab.steps) <= 6
    assert lab.question.endswith(("?", "."))
    checked_lab(lab)


@pytest.mark.parametrize("lab", LABS, ids=lambda lab: lab.name)
def test_what_a_step_shows_is_in_front(lab):
    for step in lab.steps:
        assert step.see.endswith(".")
        assert step.do.endswith(".")
        assert step.change, step.name
        assert step.why.endswith(".")
        assert (step.view or lab.views[0]) in (*lab.views, "clients", "boundary"), step.name


def test_labs_are_found_by_their_names():
    assert lab_of("drift").title == "Clients drift"
    assert lab_of("free") is FREE
    lab, at = step_of("A pull is no cure")
    assert (lab.name, lab.steps[at].name) == ("drift", "A pull is no cure")
    assert named(lab.steps[at].experiment) == "A pull is no cure"
    assert named(fp.Experiment(seed=12345)) == ""
    with pytest.raises(ValueError, match=r"lab='x': must be one of \['free', 'two-minutes'"):
        lab_of("x")
    with pytest.raises(ValueError, match="step='x': must be one of"):
        step_of("x")


# --- one of a teacher's own -------------------------------------------------------------------


def test_ten_lines_make_a_lab_that_travels(tmp_path):
    lab = own()
    assert len(TEN_LINES.strip().splitlines()) <= 11
    assert fp.Lab.from_json(lab.to_json()) == lab
    assert fp.Lab.from_token(lab.to_token()) == lab
    lab.save(tmp_path / "lab.json")
    assert fp.Lab.load(tmp_path / "lab.json") == lab
    screen = fp.Playground(lab=lab)
    screen.settle()
    assert screen.experiment == lab.steps[0].experiment
    assert list(screen.screen.column._front(screen.session.guide)) == list(lab.knobs)
    assert screen.session.in_front() == ["clients", "federation"]
    screen.do_it()
    screen.settle()
    assert screen.experiment.quantity_beta == 5
    assert "Ten sizes" in screen.screen.story.text.value, "the story stays while knobs turn"
    assert screen.screen.column.differs.value == "1 knob changed"
    screen.back()
    assert screen.experiment == lab.steps[0].experiment
    same = fp.Playground(lab=lab.to_json())
    same.settle()
    assert same.session.guide.lab == lab


def test_a_registered_lab_is_in_every_menu(monkeypatch):
    from fedplay import labs

    monkeypatch.setattr(labs, "_OWN", {})
    fp.register(own())
    assert known()[-1] == own()
    screen = fp.Playground(lab="unequal-hospitals")
    screen.settle()
    assert screen.screen.bar.lab.options[-1].endswith("Unequal hospitals")
    for name in ("drift", "free"):
        with pytest.raises(ValueError, match="is that of a lab that comes with fedplay"):
            fp.register(fp.Lab(title="t", question="q?", name=name))
    with pytest.raises(ValueError, match="registered under its own"):
        fp.register(own(), "another")


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"title": ""}, "title='': must be a text of at most 60 letters"),
        ({"title": "x" * 61}, "must be a text of at most 60"),
        ({"question": 3}, "question=3: must be a text"),
        ({"story": "x" * 401}, "story='xx.*at most 400"),
        ({"title": "a\x07b"}, "letters that cannot be shown"),
        ({"name": "A b"}, "name='A b': must be small letters"),
        ({"knobs": "alpha"}, "knobs='alpha': must be a list of at most 6"),
        ({"knobs": ["alhpa"]}, "knobs: 'alhpa' is neither a knob nor a slot"),
        ({"knobs": ["clients"] * 7}, "a list of at most 6"),
        ({"views": [3]}, "views: 3 must be the name of a view"),
        ({"curves": ["best"]}, "curves: 'best' is none of mean, clients"),
        ({"steps": [3]}, "steps: 3 must be a Step"),
        ({"steps": [fp.Step("a"), fp.Step("a")]}, "steps: two are called 'a'"),
        ({"guess_at": 2}, "guess_at=2: must be a whole number from 0 to 0"),
    ],
)
def test_what_is_no_lab_is_said(given, words):
    with pytest.raises(ValueError, match=words):
        fp.Lab(**{"title": "t", "question": "q?"} | given)


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"name": ""}, "step.name='': must be a text"),
        ({"experiment": {}}, r"step.experiment=\{\}: must be an Experiment"),
        ({"good": 1}, "step.good=1: must be True, False or None"),
        ({"start": 1}, "step.start=1: must be True or False"),
        ({"view": None}, "step.view=None: must be the name of a view"),
        ({"change": 3}, "step.change=3: must be a dict"),
        ({"change": {"alhpa": 1}}, "'alhpa' is neither a knob nor a slot"),
        ({"change": {"alpha": -1}}, "alpha=-1: must be a number"),
        ({"change": {"play": 1}}, "play=1: must be a bool"),
        ({"change": {"client": "a"}}, "client='a': must be a int"),
        ({"change": {"algorithm": "fedper"}}, "personal_layers=1: leaves nothing to share"),
    ],
)
def test_what_is_no_step_is_said(given, words):
    with pytest.raises(ValueError, match=words):
        fp.Step(**{"name": "s"} | given)


def test_a_view_that_there_is_not_is_said_where_it_is_opened():
    for lab in (
        fp.Lab(title="t", question="q?", views=["nonsense"]),
        fp.Lab(title="t", question="q?", steps=[fp.Step("s", view="nonsense")]),
    ):
        with pytest.raises(ValueError, match="views: 'nonsense' is none of"):
            fp.Playground(lab=lab)
    with pytest.raises(ValueError, match="lab=3: must be the name of a lab"):
        fp.Playground(lab=3)


# --- links ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("lab", LABS, ids=lambda lab: lab.name)
def test_a_link_carries_the_lab_its_step_and_what_is_in_force(lab):
    at = len(lab.steps) - 1
    exp = lab.steps[at].experiment
    assert opened_by(token_of(Opened(lab, at, exp))) == Opened(lab, at)
    changed = exp.replace(seed=5)
    opened = Opened(lab, at, changed)
    assert opened_by(token_of(opened)) == opened
    assert opened_by(changed.to_token()) is None
    assert opened_by(changed.to_json()) is None


def test_a_lab_opens_from_a_link_and_from_json():
    screen = fp.Playground(fp.Experiment(rounds=2))
    changed = LABS[3].steps[1].experiment.replace(rounds=3)
    screen.open(token_of(Opened(LABS[3], 1, changed)))
    screen.settle()
    assert (screen.session.guide.lab, screen.session.guide.at) == (LABS[3], 1)
    assert screen.experiment == changed
    assert screen.session.guide.base == LABS[3].steps[1].experiment
    screen.open(own().to_json())
    screen.settle()
    assert screen.session.guide.lab == own()
    share = screen.screen.share
    share.fold()
    assert opened_by(share.text.value) == Opened(own(), 0)
    share.form.value = "Lab"
    assert fp.Lab.from_json(share.text.value) == own()


def test_a_page_keeps_the_lab_that_was_open():
    screen = fp.Playground(lab="drift", step="A pull is no cure")
    screen.reveal()
    screen.settle()
    screen.set(mu=0.5)
    screen.settle()
    kept = json.loads(json.dumps(screen.session.memory()))
    again = fp.Playground()
    again.session.remember(kept)
    again.settle()
    assert (again.session.guide.lab.name, again.session.guide.at) == ("drift", 2)
    assert again.experiment == screen.experiment
    assert again.session.guide.changed(again.experiment) == ["mu"]


PLAIN = st.recursive(
    st.none() | st.booleans() | st.integers(-5, 10**6) | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=12,
)
NAMES = [*own().to_dict()["lab"], *own().to_dict()["lab"]["steps"][0], "curves", "guess", "evil"]


@st.composite
def damaged(draw):
    """A lab's dict in which something was replaced, removed or put in."""
    whole = draw(st.sampled_from([own(), *LABS])).to_dict()
    places = [whole, whole["lab"], *whole["lab"]["steps"]]
    for _ in range(draw(st.integers(1, 3))):
        where = draw(st.sampled_from(places))
        name = draw(st.sampled_from([*where, *NAMES]) | st.text(max_size=8))
        if draw(st.booleans()):
            where[name] = draw(PLAIN)
        else:
            where.pop(name, None)
    return whole


@settings(max_examples=tries(2000, 200), deadline=None)
@given(damaged() | st.dictionaries(st.sampled_from(["lab", "version", "x"]), PLAIN))
def test_whatever_comes_as_a_lab_is_one_or_is_refused_in_a_sentence(given):
    try:
        text = json.dumps(given)
    except ValueError:
        return
    said = ""
    try:
        lab = checked_lab(fp.Lab.from_json(text))
    except ValueError as error:
        said = str(error)
    else:
        assert fp.Lab.from_json(lab.to_json()) == lab
        return
    assert 0 < len(said) < 1000
    assert "\n" not in said


def test_hostile_text_is_only_text():
    evil = "<img src=x onerror=alert(1)>"
    lab = fp.Lab(
        title=evil,
        question=evil,
        story=evil,
        guess=evil,
        guess_at=1,
        steps=[fp.Step(evil, fp.Experiment(rounds=2), see=evil, do=evil, why=evil)] * 1,
    )
    screen = fp.Playground(lab=lab)
    screen.settle()
    story = screen.screen.story
    for act in (lambda: None, screen.reveal, lambda: screen.event_loop.do("why")):
        act()
        screen.settle()
        assert "<img" not in story.text.value
    screen.event_loop.do("labs")
    screen.settle()
    assert all("<img" not in row.children[1].value for row in story.gallery.children)


# --- going through one ------------------------------------------------------------------------


@pytest.mark.parametrize("step", PRESETS, ids=lambda step: step.name)
def test_every_step_opens_with_its_view_and_does_what_it_says(step):
    lab, at = step_of(step.name)
    screen = fp.Playground()
    screen.preset(step.name)
    screen.reveal()
    screen.settle()
    assert (screen.session.guide.lab, screen.session.guide.at) == (lab, at)
    assert screen.experiment == step.experiment
    assert screen.session.drawn == (step.view or lab.views[0])
    assert screen.player.cursor == (
        0 if step.start and not screen.session.guide.asking else screen.experiment.rounds
    )
    assert screen.session.away().keys().isdisjoint([screen.session.drawn])
    screen.do_it()
    screen.settle()
    for name, value in step.knobs.items():
        assert getattr(screen.experiment, name) == value, name
    screen.close()


def test_next_and_back_stop_at_the_ends():
    screen = fp.Playground(lab="round")
    screen.settle()
    assert screen.player.cursor == 0, "Play has something to do"
    with pytest.raises(ValueError, match="step=0: must be a whole number from 1 to 4"):
        screen.next(-1)
    screen.next(2)
    screen.settle()
    assert screen.session.veiled, "the lab's guess"
    assert screen.session.guide.lab.guess in screen.screen.story.text.value
    screen.next()
    screen.settle()
    assert not screen.session.veiled, "it was about the step before"
    screen.next(-1)
    screen.settle()
    assert not screen.session.veiled, "it is asked once"
    with pytest.raises(ValueError, match="step=5"):
        screen.next(2)


def test_data_of_ones_own_take_no_lab():
    fed = fp.Federation.from_arrays([[0.0], [1.0]] * 6, [0, 1] * 6, [0, 0, 1, 1] * 3)
    with pytest.raises(ValueError, match="lab: brings data of its own"):
        fp.Playground(lab="drift", federation=fed)


def test_the_door_is_for_a_page_that_was_never_here():
    screen = fp.Playground()
    screen.settle()
    assert not screen.session.guide.door
    screen.event_loop.do("welcome")
    screen.settle()
    assert "That is federated learning." in screen.screen.story.text.value
    assert screen.session.drawn == "inside"
    assert screen.player.cursor == 1
    screen.event_loop.do("tour")
    screen.settle()
    assert not screen.session.guide.door
    assert screen.session.guide.lab.name == "two-minutes"
    other = fp.Playground(lab="drift")
    other.event_loop.do("welcome")
    assert not other.session.guide.door
