"""Whatever a person does on the screen, in any order: what it shows is what the engine computes.

Time is virtual, so that every failure replays: when a task runs depends on the seed alone.
"""

from __future__ import annotations

import asyncio
import hashlib
import json
import math
import random
import threading
from contextlib import ExitStack, suppress

import numpy as np
import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

import fedplay as fp
from fedplay.engine import loop as engine_loop
from fedplay.engine.loop import federation_of
from fedplay.labs import LABS
from fedplay.playground import event_loop as live
from fedplay.playground import screen
from fedplay.session import pointer as hand
from fedplay.session.pins import LETTERS
from fedplay.session.run_history import LENGTH
from fedplay.widgets.stage import Stage
from tests.support.effort import THOROUGH, tries
from tests.support.screens import TINY, assert_drawn, assert_prefix, same, unfolded
from tests.support.virtual import VirtualLoop, virtual

KEYS = ["ArrowLeft", "ArrowRight", "ArrowUp", "ArrowDown", "Home", "End", "PageUp", "PageDown"]
KEYS += ["Enter", " ", "Escape"]
# The steps of labs that are opened with their whole run.
WHOLE = [
    step
    for lab in LABS
    for number, step in enumerate(lab.steps, 1)
    if not step.start and number != lab.guess_at
]


def forget():
    """What earlier runs have left is known no more, or a replay would compute less than the first.

    Everything that is kept hangs on a run or on a federation.
    """
    engine_loop._federate.cache_clear()


def again(rec):
    """The run of a recording, made anew; with the client in it that somebody has drawn."""
    guest = rec.given
    fed = None if guest is None else federation_of(rec.exp).with_client(guest.X, guest.y)
    return fp.run(rec.exp, fed)


def scores(rec):
    """What the curves of a run are: a model without an accuracy has its loss."""
    whole = again(rec)
    return whole.accuracy if rec.exp.stage("model").score == "accuracy" else whole.loss


class AnyPerson(RuleBasedStateMachine):
    """Drags, plays, pauses, scrubs and types nonsense, in any order and at any speed."""

    @initialize(
        rounds=st.integers(1, 4),
        seed=st.integers(0, 2**32 - 1),
        tick=st.sampled_from([0.00001, 0.0005, 0.01]),
    )
    def open(self, rounds, seed, tick):
        """`tick` s is what a round or another piece of work takes on this machine."""
        forget()
        self.closing = ExitStack()
        self.loop = VirtualLoop(self.closing.enter_context(virtual(tick, seed)))
        self.wrong: set[str] = set()
        self.playground = self.within(self.opened, rounds)

    def opened(self, rounds, **more):
        with pytest.MonkeyPatch.context() as patch:  # a small picture is soon drawn
            patch.setattr(screen, "WIDTH", 320)
            patch.setattr(screen, "HEIGHT", 240)
            patch.setattr(live, "WORDS", 0.01)
            return fp.Playground(fp.Experiment(**TINY | {"rounds": rounds}))

    def within(self, action, *arguments, wait=0.0):
        """Do something inside of the event loop, and let it go on for a while."""

        async def inside():
            result = action(*arguments)
            await asyncio.sleep(wait)
            return result

        return self.loop.run_until_complete(inside())

    def set(self, wait, **choices):
        self.within(lambda: self.playground.set(**choices), wait=wait)

    @rule(value=st.sampled_from([0.01, 0.1, 1.0, 100.0]), wait=st.sampled_from([0, 0.002]))
    def drag_skew(self, value, wait):
        self.set(wait, alpha=value)
        self.wrong.discard("alpha")

    @rule(
        name=st.sampled_from(["clients", "learning_rate", "rounds", "local_epochs"]),
        place=st.floats(0, 1),
        from_page=st.booleans(),
    )
    def drag(self, name, place, from_page):
        control = unfolded(self.playground)[name]
        few = [value for value in control.stops if value <= 4]
        value = few[min(int(place * len(few)), len(few) - 1)] if few else 2
        if from_page:
            if control.stops[control.field.index] == value:
                return  # nothing moves, so nothing is said
            self.within(self.drag_on_page, control, value)
        else:
            self.set(0, **{name: value})
        self.wrong.discard(name)

    def drag_on_page(self, control, *values):
        """Messages of the page arrive in a thread of their own."""

        def messages():
            for value in values:
                control.field.index = control.stops.index(value)

        thread = threading.Thread(target=messages)
        thread.start()
        thread.join()

    @rule(burst=st.lists(st.sampled_from([0.05, 0.3, 2.0, 20.0]), min_size=2, max_size=5))
    def drag_quickly(self, burst):
        control = unfolded(self.playground)["alpha"]
        if control.stops[control.field.index] in burst:
            burst = [1.0, *burst, 0.5]
        self.within(self.drag_on_page, control, *burst)
        self.wrong.discard("alpha")

    @rule(seed=st.integers(0, 5), which=st.sampled_from(["seed", "data_seed"]))
    def roll(self, seed, which):
        self.set(0, **{which: seed})

    @rule(noise=st.sampled_from([0.0, 1.0]))
    def add_noise(self, noise):
        self.set(0, noise_multiplier=noise)

    @rule(
        bad=st.sampled_from([("alpha", -1), ("alpha", math.nan), ("rounds", 10**9), ("clients", 0)])
    )
    def type_nonsense(self, bad):
        self.within(self.playground.event_loop.drain)
        before = self.playground.experiment
        self.set(0, **dict([bad]))
        self.wrong.add(bad[0])
        assert self.playground.experiment == before

    @rule(wait=st.sampled_from([0, 0.002]), speed=st.sampled_from([50.0, 1000.0, math.inf]))
    def play(self, wait, speed):
        self.within(self.playground.speed, speed)
        self.within(self.playground.play, wait=wait)

    @rule()
    def pause(self):
        self.within(self.playground.pause)

    @rule()
    def step(self):
        self.within(self.playground.step)

    @rule()
    def reset(self):
        self.within(self.playground.reset)

    @rule(number=st.integers(-1, 6))
    def scrub(self, number):
        self.within(self.playground.scrub, number)

    # --- in the picture

    @rule(
        events=st.lists(
            st.tuples(
                st.sampled_from(["move", "down", "up", "leave"]),
                st.floats(0, 320),
                st.floats(0, 240),
            ),
            max_size=6,
        )
    )
    def point(self, events):
        stage = self.playground.screen.stage
        for kind, x, y in events:
            self.within(stage.on_pointer, kind, x, y)

    @rule(place=st.integers(0, 3), view=st.sampled_from(["curves", "federation"]))
    def hover(self, place, view):
        """A client's bar lights it up in every view."""
        board = self.playground.screen.board
        if view in board.views and place < len(self.playground.player.facts().panel):
            self.within(board.light, place)
            assert board.lit == place

    @rule(key=st.sampled_from(KEYS))
    def press(self, key):
        self.within(self.playground.screen.stage.on_key, key)

    @rule(client=st.one_of(st.none(), st.integers(0, 3)))
    def follow(self, client):
        def follow():
            self.playground.event_loop.drain()
            if client is None or client < len(self.playground.player.facts().panel):
                self.playground.follow(client)
            else:
                with pytest.raises(ValueError, match=f"client={client}"):
                    self.playground.follow(client)

        self.within(follow)

    @rule(place=st.integers(0, 4))
    def look(self, place):
        tabs = self.playground.session.tabs()
        self.within(self.playground.view, tabs[place % len(tabs)])

    @rule(
        actions=st.lists(
            st.sampled_from(["random", "random", "add", "join", "leave", "back", "wipe", "clear"]),
            max_size=6,
        ),
        label=st.integers(0, 1),
    )
    def draw(self, actions, label):
        """A client of one's own comes and goes; what cannot be done just now changes nothing."""
        for action in actions:
            with suppress(ValueError):
                self.within(self.playground.mine, "label", label)
                self.within(self.playground.mine, action)

    @rule(phase=st.floats(-1, 5))
    def inside(self, phase):
        self.within(self.playground.inside, phase)

    @rule()
    def play_inside(self):
        self.playground.player.stepper.pace = 200.0
        self.within(self.playground.event_loop.act, "slow")

    @rule(axis=st.sampled_from(["rounds", "bytes", "messages", "epsilon"]))
    def against(self, axis):
        self.within(self.playground.axis, axis)

    # --- with whole runs

    @rule(name=st.sampled_from(["alpha", "local_epochs", "partition", "seed", None]))
    def sweep(self, name):
        if name is None or name in self.playground.screen.panel.shown:
            self.within(self.playground.sweep, name)

    @rule(index=st.integers(0, 8))
    def take(self, index):
        sweeping = self.playground.session.states["sweep"].job
        if sweeping is None or index >= len(sweeping.values):
            with pytest.raises(ValueError, match="index"):
                self.within(self.playground.take, index)
        else:
            self.within(self.playground.take, index)
            self.wrong.discard(sweeping.name)
            value = getattr(self.playground.experiment, sweeping.name)
            assert value == sweeping.values[index]

    @rule()
    def pin(self):
        self.within(self.playground.pin)
        pinned = [pin.recording.exp for pin in self.playground.session.pins]
        assert self.playground.experiment in pinned
        assert len(pinned) <= len(LETTERS)

    @rule(letter=st.sampled_from(LETTERS), take=st.booleans())
    def unpin(self, letter, take):
        exp = self.playground.session.pinned(letter)
        if take and exp is not None:
            self.within(self.playground.event_loop.act, "take_pin", letter)
            self.whole(exp)
        else:
            self.within(self.playground.unpin, letter)
            assert self.playground.session.pinned(letter) is None

    @rule()
    def undo(self):
        """What was in force before is so again, as it was, and what was undone comes back."""
        self.within(self.playground.event_loop.drain)
        line = self.playground.store.timeline
        self.within(self.playground.undo)
        if line.can_undo:
            self.whole(line.states[line.at - 1].experiment)
            self.within(self.playground.redo)
            self.whole(line.now.experiment)
            assert self.playground.store.timeline == line.rested()
            self.within(self.playground.undo)

    @rule()
    def redo(self):
        self.within(self.playground.event_loop.drain)
        line = self.playground.store.timeline
        self.within(self.playground.redo)
        if line.can_redo:
            self.whole(line.states[line.at + 1].experiment)

    @rule(place=st.integers(0, 30))
    def restore(self, place):
        entries = self.playground.session.run_history.entries
        if place >= len(entries):
            with pytest.raises(ValueError, match="place"):
                self.within(self.playground.restore, place)
        else:
            self.within(self.playground.restore, place)
            self.whole(entries[place].exp)

    @rule(accuracy=st.floats(-1, 2))
    def guess(self, accuracy):
        """Where the experiment in force has an accuracy: `undo` may lead to quadratics."""
        self.within(self.playground.event_loop.drain)
        session = self.playground.session
        if self.playground.experiment.stage("model").score == "accuracy":
            self.within(self.playground.guess, accuracy)
            assert session.veiled
            assert 0 <= session.guess <= 1
        else:
            before = session.memory()
            with pytest.raises(ValueError, match="no accuracy that could be guessed"):
                self.within(self.playground.guess, accuracy)
            assert session.memory() == before

    @rule()
    def reveal(self):
        self.within(self.playground.reveal)

    @rule(place=st.integers(0, len(WHOLE) - 1))
    def preset(self, place):
        """A step of a lab; then back to the tiny experiment, or this would take long."""
        before = self.playground.experiment
        self.within(self.playground.preset, WHOLE[place].name)
        self.whole(WHOLE[place].experiment)
        self.within(self.playground.open, before)
        self.whole(before)

    @rule(place=st.integers(0, 2), to=st.tuples(st.floats(0, 320), st.floats(0, 240)))
    def drag_an_optimum(self, place, to):
        """On a screen of quadratics; then back to the tiny experiment."""
        before, board = self.playground.experiment, self.playground.screen
        exp = fp.Experiment(
            data="quadratics", partition="natural", model="quadratic", clients=3, rounds=2
        )
        self.within(self.playground.reveal)
        self.within(self.playground.open, exp)
        self.within(self.playground.view, "drift")
        self.loop.run_until_complete(self.playground.idle())
        view = board.board.views["drift"]
        if view is not None and view.found is not None and view.handles:
            x, y = view.whole.place(exp.source.problems(0)[1])[place]
            x, y = x + view.box.left, y + view.box.top
            hit = view.at(x, y)
            assert hit is not None
            wanted = view.point(*to)
            for kind, a, b in (("down", x, y), ("move", *to), ("up", *to)):
                self.within(board.stage.on_pointer, kind, a, b)
            self.within(self.playground.event_loop.drain)
            optima = self.playground.experiment.optima
            far = abs(x - to[0]) + abs(y - to[1]) > hand.MOVED
            if far and view.box.holds(*to) and hit.held:
                moved = np.reshape(optima, (-1, 2))[hit.client]
                np.testing.assert_allclose(moved, wanted, atol=0.006)
            else:
                assert optima == ()
        self.within(self.playground.open, before)
        self.whole(before)

    @rule(form=st.sampled_from(["link", "json"]), seed=st.integers(0, 3))
    def link(self, form, seed):
        exp = self.playground.experiment.replace(seed=seed)
        text = exp.to_token() if form == "link" else exp.to_json()
        self.within(self.playground.event_loop.act, "load", text)
        self.whole(exp)

    @rule(text=st.sampled_from(["", "fp1.AAAA", "{}", '{"alpha": -1}', "nonsense", "{" * 99]))
    def bad_link(self, text):
        self.within(self.playground.event_loop.drain)
        before, wrong = self.playground.experiment, dict(self.playground.errors)
        self.within(self.playground.event_loop.act, "load", text)
        if text != "{}":
            assert self.playground.experiment == before
            assert self.playground.errors == wrong
        else:
            self.within(self.playground.open, before)
            self.wrong.clear()

    @rule()
    def share(self):
        self.within(self.playground.screen.share.fold)
        if self.playground.screen.share.visible:
            text = self.playground.screen.share.text.value
            assert fp.Experiment.from_token(text) == self.playground.experiment

    # --- a page that is reloaded, a kernel that is not there any more

    @rule(dark=st.booleans(), ratio=st.sampled_from([0.5, 1.0]))
    def reload_page(self, dark, ratio):
        """A new view of the same widgets reports its size and its theme."""
        stage = self.playground.screen.stage

        def messages():
            size = {"kind": "size", "width": 320, "height": 240, "ratio": ratio, "host": "x"}
            stage._hear(None, size | {"fresh": True}, [])
            stage._hear(None, {"kind": "theme", "dark": dark}, [])

        self.within(messages, wait=0.002)

    @rule()
    def restart_kernel(self):
        """The page gives back what it has kept; runs are computed anew, and are the same."""
        self.loop.run_until_complete(self.playground.idle())
        old, kept = self.playground, self.playground.session.memory()
        rounds = old.experiment.rounds
        self.within(old.close)
        self.playground = self.within(self.opened, rounds)
        self.within(self.playground.event_loop.act, "remembered", kept)
        self.within(self.playground.event_loop.drain)
        assert self.playground.experiment == old.experiment
        again = self.playground.session.memory()
        assert (again["pins"], again["timeline"]) == (kept["pins"], kept["timeline"])
        self.wrong.clear()

    def whole(self, exp):
        """A whole experiment is in force, and nothing of what was refused before is left."""
        self.within(self.playground.event_loop.drain)
        assert self.playground.experiment == exp
        self.wrong.clear()

    @rule()
    def rest(self):
        self.loop.run_until_complete(self.playground.idle())
        screen, player = self.playground, self.playground.player
        whole = again(player.recording)
        assert player.recording.exp == screen.experiment
        assert (player.recording.given is not None) == screen.session.states["mine"].drawing.joined
        assert_prefix(screen.shown, whole)
        assert_drawn(screen)
        assert player.shown is player.recording
        assert player.mode in ("whole", "stand")
        scene = screen.session.scene()
        assert player.near.trouble is None
        assert (len(scene.rounds) == 1) == (screen.session.veiled or player.revealed == 0)
        for pin in screen.session.pins:
            assert pin.accuracy == scores(pin.recording)[-1]
        assert len(screen.session.run_history.entries) <= LENGTH
        sweeping = screen.session.states["sweep"].job
        if sweeping is not None:
            assert sweeping.complete
            for rec in sweeping.recordings:
                assert same(rec.accuracy, scores(rec))
        if player.mode == "whole":
            assert screen.shown.rounds == screen.experiment.rounds
            assert same(screen.shown.parameters, whole.parameters)
            assert same(screen.shown.personal_accuracy, whole.personal_accuracy)
            assert same(screen.shown.local_accuracy, whole.local_accuracy)
        else:
            assert player.revealed == player.cursor
        for name in {"alpha", "clients", "rounds"} & screen.screen.panel.shown:
            control, value = unfolded(screen)[name], screen.store.value(name)
            assert name in self.wrong or control.stops[control.field.index] == value

    @invariant()
    def one_task_at_most(self):
        names = [task.get_name() for task in asyncio.all_tasks(self.loop)]
        assert names.count("fedplay playground") <= 1

    @invariant()
    def errors_where_the_last_value_was_bad(self):
        self.within(self.playground.event_loop.drain)
        assert set(self.playground.errors) == self.wrong, self.playground.errors
        for name, control in unfolded(self.playground).items():
            text = control._parts.get("error")
            visible = text is not None and bool(text.value)
            assert visible == (name in self.wrong), name

    @invariant()
    def the_picture_is_a_run(self):
        """At any moment: what is drawn is the beginning of some experiment's run."""
        shown = self.playground.shown
        assert_prefix(shown, again(self.playground.player.shown))

    def teardown(self):
        self.rest()
        self.playground.close()
        self.loop.run_until_complete(asyncio.sleep(0))
        self.loop.close()
        self.closing.close()


AnyPerson.TestCase.settings = settings(
    max_examples=tries(500, 8), stateful_step_count=tries(60, 30)
)
TestAnyPerson = AnyPerson.TestCase
TestAnyPerson.pytestmark = [pytest.mark.timeout(7200 if THOROUGH else 1800)]


# --- the same again ------------------------------------------------------------------------------

# What a person does, and what with; `dice` is a random.Random.
DOES = {
    "drag_skew": lambda dice: (dice.choice([0.01, 0.1, 1.0]), dice.choice([0, 0.002])),
    "drag": lambda dice: (
        dice.choice(["clients", "learning_rate", "local_epochs"]),
        dice.random(),
        dice.random() < 0.5,
    ),
    "drag_quickly": lambda dice: (dice.sample([0.05, 0.3, 2.0, 20.0], 3),),
    "play": lambda dice: (dice.choice([0, 0.002]), dice.choice([50.0, 1000.0, math.inf])),
    "pause": lambda dice: (),
    "step": lambda dice: (),
    "scrub": lambda dice: (dice.randint(-1, 6),),
    "point": lambda dice: ([("move", 320 * dice.random(), 240 * dice.random())],),
    "follow": lambda dice: (dice.choice([None, 0, 3]),),
    "look": lambda dice: (dice.randint(0, 9),),
    "draw": lambda dice: (["random", "random", "random", "join", "leave"][: dice.randint(1, 5)], 1),
    "play_inside": lambda dice: (),
    "sweep": lambda dice: (dice.choice(["alpha", "seed", None]),),
    "pin": lambda dice: (),
    "undo": lambda dice: (),
    "redo": lambda dice: (),
    "guess": lambda dice: (dice.random(),),
    "reveal": lambda dice: (),
    "drag_an_optimum": lambda dice: (dice.randint(0, 2), (320 * dice.random(), 240.0)),
    "rest": lambda dice: (),
    "restart_kernel": lambda dice: (),
}


def story(seed):
    """A session by the dice: after every rule the whole state, and all pictures meanwhile."""
    dice, told = random.Random(seed), []

    def seen(stage, rgba, *rest):
        told.append(hashlib.sha256(rgba.tobytes()).hexdigest())
        return show(stage, rgba, *rest)

    show, person = Stage.show, AnyPerson()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Stage, "show", seen)
        person.open(dice.randint(1, 4), seed, 0.0005)
        for name in dice.choices(list(DOES), k=20):
            getattr(person, name)(*DOES[name](dice))
            player, shown = person.playground.player, person.playground.shown
            state = player.mode, player.cursor, player.revealed, player.changes, person.loop.time()
            told += [name, state, json.dumps(person.playground.session.memory())]
            told += [shown.loss.tobytes(), shown.client_accuracy.tobytes(), shown.parameters]
        person.teardown()
    return told


@pytest.mark.parametrize("seed", range(3))
def test_a_session_replays_state_by_state_and_picture_by_picture(seed):
    first, second = story(seed), story(seed)
    assert len(first) == len(second) > 100
    for a, b in zip(first, second, strict=True):
        assert same(a, b) if isinstance(a, np.ndarray) else a == b
