"""What a method of the Playground cannot use it refuses in a sentence, and nothing has changed."""

from __future__ import annotations

import inspect
import math
from decimal import Decimal

import numpy as np
import pytest

import fedplay as fp
from fedplay.playground import screen
from fedplay.views.registered import verbs
from tests.support.screens import TINY, same

BAD = ["90%", "", None, math.nan, [], [1, 2], (), {}, True, 1j, b"x", object(), np.nan, Decimal(1)]
BAD += [np.array([1, 2]), np.array(["alpha"]), np.bool_(True), 10**400, -(10**400), len]
BAD += [fp.Experiment, {"alpha": 1}, np.float32("inf"), float("-inf"), -1, 1e300, 2.5, "alpha\0"]
# Of these, what a method can use.
GOOD = {
    "open": ["{}"],
    "scrub": [10**400, -(10**400), -1],
    "speed": [np.float32("inf"), 2.5, 1e300],
    "follow": [None],
    "aim": [None],
    "scroll_clients": [10**400, -(10**400), -1],
    "inside": [2.5, -1, 1e300, -(10**400), 10**400],
    "sweep": [None],
    "compare": [None],
    "guess": [None, 2.5, 1e300, -1, 10**400, -(10**400)],
}
METHODS = {
    name: found
    for name, found in vars(fp.Playground).items()
    if inspect.isfunction(found) and not name.startswith("_")
} | verbs()
NOTHING = {
    "slow",
    "stage",
    "close",
    "idle",
    "settle",
    "play",
    "pause",
    "step",
    "reset",
    "pin",
    "undo",
    "redo",
    "reveal",
    "back",
    "do_it",
}
TAKE = sorted(METHODS.keys() - NOTHING - {"set", "mine", "method", "optimum", "deal"})


def alike(a, b):
    return a is b or (
        type(a) is type(b) and isinstance(a, int | float | str | np.floating) and a == b
    )


def state(made):
    session, player = made.session, made.player
    memory = session.memory()
    books = [
        (b.sketch, tuple(b.past), b.joined) for b in session.states["mine"].drawing.books.values()
    ]
    who = (
        player.recording,
        player.shown,
        session.states["sweep"].job,
        session.states["compare"].job,
        player.before,
    )
    numbers = player.mode, player.cursor, player.revealed, player.speed, player.stepper.phase
    drawing = (
        session.states["mine"].drawing.fit,
        session.states["mine"].drawing.pen,
        session.states["mine"].drawing.down,
        session.states["mine"].greets,
    )
    texts = made.screen.headline.sentence.value, made.screen.story.text.value, made.screen.stage.png
    entries, chosen = list(session.run_history.entries), session.states["compare"].chosen
    return memory, books, who, numbers, drawing, texts, entries, chosen, made.errors


@pytest.fixture(scope="module")
def made():
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(screen, "WIDTH", 320)
        patch.setattr(screen, "HEIGHT", 240)
        playground = fp.Playground(fp.Experiment(**TINY))
        playground.settle()
        playground.set(alpha=0.1)
        playground.settle()
        yield playground
        playground.close()


def refused(made, action, *arguments, **more):
    """It says so in one sentence, and all is as it was."""
    made.settle()
    before = state(made)
    with pytest.raises(ValueError, match=r"^[^\n]{5,2000}$"):
        action(*arguments, **more)
    assert state(made) == before
    made.settle()
    assert state(made) == before


@pytest.mark.parametrize("name", TAKE)
def test_a_bad_value_is_refused_and_changes_nothing(made, name):
    for value in BAD:
        if not any(alike(value, good) for good in GOOD.get(name, [])):
            refused(made, getattr(made, name), value)


@pytest.mark.parametrize("name", ["seeds", "target"])
def test_so_is_one_of_a_comparison(made, name):
    for value in [v for v in BAD if v is not None]:
        refused(made, made.compare, **{name: value})
    refused(made, made.compare, ["FedAvg", 3])
    refused(made, made.compare, ["FedAvg"], seeds=3, target="high")


def test_a_knob_that_is_refused_says_so_beside_it_and_only_there(made):
    made.settle()
    before = state(made)[:-1]
    for name in ("alpha", "rounds", "clients", "model", "data", "channel", "seed", "hidden"):
        for value in [v for v in BAD if v is not None and not alike(v, 2.5)]:
            if (name, repr(value)) in (("channel", "()"), ("channel", "[]")):
                continue
            made.set(**{name: value})
            if made.errors:
                assert set(made.errors) == {name}
                assert "\n" not in made.errors[name]
                made.set(**{name: getattr(made.experiment, name)})
            assert made.errors == {}
            made.open(before[0] and fp.Experiment.from_dict(before[0]["experiment"]))
    with pytest.raises(ValueError, match="did you mean 'alpha'"):
        made.set(alpa=1)
    made.settle()
    assert state(made)[0]["experiment"] == before[0]["experiment"]


def test_what_is_done_in_my_client_takes_no_nonsense(made):
    made.view("mine")
    made.mine("random")
    for action in (v for v in BAD if v is not None):
        refused(made, made.mine, action)
    for value in BAD:
        for action in ("label", "remove", "fill", "keys"):
            if action in ("fill", "keys") and isinstance(value, bool | np.bool_):
                continue
            refused(made, made.mine, action, value)
        if not alike(value, -1) and not alike(value, 2.5):
            refused(made, made.mine, "point", value, 0.0)
            refused(made, made.mine, "point", 0.0, value)
            refused(made, made.mine, "move", 0, value)
        refused(made, made.mine, "ink", "down", value, 0.5)  # of a plane nothing is drawn
    for wrong in ((), ("label",), ("join", 1), ("random", 1), ("point", 1.0), ("label", 1, 2)):
        before = state(made)
        with pytest.raises(TypeError):
            made.mine(*wrong)
        assert state(made) == before


def test_a_pad_takes_no_nonsense_either():
    playground = fp.Playground(fp.Experiment(rounds=2))
    playground.view("mine")
    for value in BAD:
        refused(playground, playground.mine, "ink", value, 0.5, 0.5)
        if not isinstance(value, int | float) or isinstance(value, bool) or value != value:
            refused(playground, playground.mine, "ink", "down", value, 0.5)
            refused(playground, playground.mine, "ink", "down", 0.5, value)
    playground.mine("ink", "down", np.float32(0.5), np.int64(1))
    assert playground.session.states["mine"].drawing.sketch.strokes == (((0.5, 1.0),),)


def test_numbers_may_be_numpys(made):
    made.guess(np.float32(0.25))
    assert (made.session.guess, made.session.veiled) == (0.25, True)
    made.reveal()
    made.scrub(np.int64(2))
    made.follow(np.int8(1))
    made.inside(np.float16(2))
    made.speed(np.float64(3))
    made.sweep(np.str_("local_epochs"))
    made.take(np.uint8(1))
    made.restore(np.int64(0))
    made.compare(["FedAvg"], seeds=np.int64(3), target=np.float32(0.5))
    assert (
        made.session.states["compare"].chosen.seeds,
        made.session.states["compare"].chosen.target,
    ) == (3, 0.5)
    made.view("mine")
    made.mine("label", np.int64(1))
    made.mine("point", np.float32(0.5), np.int32(1))
    assert made.session.states["mine"].drawing.sketch.y[-1:] == (1,)
    made.mine("clear")
    made.sweep(None)
    made.follow(None)
    made.settle()


class Federated:
    """Not a Federation."""


@pytest.mark.parametrize(
    ("given", "words"),
    [
        (dict(experiment={"alpha": 1}), r"^experiment=\{'alpha': 1\}: must be an Experiment"),
        (dict(experiment="Everyone alike"), "^experiment='Everyone alike': must be an Experiment"),
        (dict(experiment=fp.Experiment), "^experiment=<class .*>: must be an Experiment"),
        (dict(experiment=5), "^experiment=5: must be an Experiment"),
        (dict(experiment=()), r"^experiment=\(\): must be an Experiment"),
        (dict(federation=fp.Experiment()), r"^federation=Experiment\(\): must be a Federation"),
        (dict(federation=np.zeros((4, 2))), "^federation=array.*: must be a Federation"),
        (dict(federation=5), "^federation=5: must be a Federation"),
        (dict(controls=5), "^controls=5: must be a list"),
        (dict(controls="alpha"), "^controls='alpha': must be a list"),
        (dict(controls=[None]), "^controls: None is neither"),
        (dict(controls=[["alpha"]]), r"^controls: \['alpha'\] is neither"),
        (dict(views=5), "^views=5: must be a list"),
        (dict(views=[5]), "^views: 5 is none of"),
        (dict(views=np.array(["curves", "federation"])), "^views=array.*: must be a list"),
    ],
    ids=str,
)
def test_what_a_playground_cannot_begin_with_is_named(given, words):
    with pytest.raises(ValueError, match=words):
        fp.Playground(**given)


def test_data_of_ones_own_in_the_place_of_an_experiment_are_named():
    X = np.arange(40.0)[:, None]
    federation = fp.Federation.from_arrays(X, np.arange(40) % 2, np.arange(40) % 4)
    with pytest.raises(ValueError, match=r"^experiment=.*Playground\(federation=") as refusal:
        fp.Playground(federation)
    assert "\n" not in str(refusal.value)
    assert same(fp.Playground(None, views=["curves"], controls=[]).shown.cohort[0], [])
