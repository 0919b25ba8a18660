"""■ at any moment: what was begun goes on, and comes to what it would have come to without.

A KeyboardInterrupt may come between any two lines, so it is made to: a tracer raises it at lines
of fedplay that are executed, each settling of the screen is tried again until it is done, and what
there is then must be, bit for bit, what there is when nobody interrupts.
"""

from __future__ import annotations

import asyncio
import hashlib
import random
import sys
from collections import Counter
from contextlib import contextmanager, suppress
from pathlib import Path

import matplotlib
import numpy as np
import pytest

import fedplay as fp
from fedplay.drawing.settings import _are_ours, ours
from fedplay.playground import screen
from fedplay.playground.event_loop import Event
from fedplay.scopes import STILL, calm
from fedplay.widgets.messages import Acknowledged
from fedplay.widgets.stage import LOST, Stage
from tests.support.effort import THOROUGH, tries
from tests.support.screens import TINY
from tests.support.virtual import VirtualLoop, run, virtual

HOME = str(Path(fp.__file__).parent)


class Interrupter:
    """Raises KeyboardInterrupt at lines of fedplay.

    Each line the first time that it is executed, if the dice choose it; and now and then at a line
    that has been executed often. To look at every line of every call takes most of the time, so
    after the first few calls of a function only a `share` of them is looked at.
    """

    FEW = 8

    def __init__(self, seed, *, each=1.0, often=0.0, share=1.0):
        self.dice, self.each, self.often, self.share = random.Random(seed), each, often, share
        self.known, self.calls, self.at = set(), Counter(), []

    @contextmanager
    def on(self):
        if self.each or self.often:
            sys.settrace(self._called)
        try:
            yield
        finally:
            sys.settrace(None)

    def _called(self, frame, event, arg):
        code = frame.f_code
        if not code.co_filename.startswith(HOME):
            return None
        self.calls[code] += 1
        looked_at = self.calls[code] <= self.FEW or self.dice.random() < self.share
        return self._traced if looked_at else None

    def _traced(self, frame, event, arg):
        if event == "line":
            where = frame.f_code, frame.f_lineno
            new = where not in self.known
            self.known.add(where)
            if self.dice.random() < (self.each if new else self.often):
                self.at.append(f"{Path(where[0].co_filename).name}:{where[1]}")
                raise KeyboardInterrupt(self.at[-1])
        return self._traced


def until_done(interrupter, action):
    """Try it again until nobody interrupts it any more."""
    for _ in range(100_000):
        try:
            with interrupter.on():
                return action()
        except KeyboardInterrupt:
            continue
    raise AssertionError(f"it never came to an end: {interrupter.at[-5:]}")


NOBODY = Interrupter(0, each=0.0)

# What comes from the page, and then the screen comes to rest.
STORY = {
    "a slider": [("alpha", 0.1)],
    "a pin and another slider": ["pin", ("learning_rate", 0.2), ("learning_rate", 0.4)],
    "two at once": [("alpha", 1.0), ("local_epochs", 2)],
    "a view": [("!view", "boundary"), ("!follow", 1)],
    "a round": [("!view", "inside"), ("!scrub", 2)],
    "a sweep": [("!sweep", "local_epochs")],
    "a value of it": [("!take", 1)],
    "no sweep": [("!sweep", None)],
    "drift": [("!view", "drift")],
    "each client": [("!view", "clients")],
    "a guest": [
        ("!view", "mine"),
        *[("!mine", "random")] * 3,
        ("!mine", "label", 1),
        ("!mine", "random"),
        ("!mine", "join"),
    ],
    "a guess": [("!ask", 0.6), ("rounds", 4)],
    "the answer": ["reveal"],
    "a step": ["step", "step"],
    "a play": ["play"],
    "nonsense": [("alpha", -1), ("!take", 99), ("!view", "nowhere")],
    "a preset of the same size": [("!load", '{"data": "circles", "clients": 3, "rounds": 2}')],
    "back": ["undo", ("!mine", "leave")],
    "a comparison": [("!compare", ["FedAvg", "FedProx"], 3), ("!view", "compare")],
    "no pin": [("!unpin", "A"), ("!axis", "bytes"), ("!share",)],
}


def events(said):
    for what in said:
        name, *rest = (f"!{what}",) if isinstance(what, str) else what
        if name.startswith("!"):
            yield Event(name[1:], tuple(rest), action=True)
        else:
            yield Event(name, rest[0], shown=False)


def state(playground):
    """All that there is to be seen."""
    session, player, made = playground.session, playground.player, playground.screen
    shown, rec = playground.shown, player.shown
    found = [shown.loss, shown.accuracy, shown.client_accuracy, shown.parameters]
    if player.mode == "whole":
        found += [shown.personal_accuracy, shown.local_accuracy, rec.alone, rec.late_done]
    found += [player.mode, player.cursor, player.revealed, session.memory(), playground.errors]
    found += [[entry[:3] for entry in session.run_history.entries], session.run_history.at]
    found += [(pin.letter, pin.recording.broken) for pin in session.pins]
    found += [pin.recording.accuracy for pin in session.pins]
    found += [pin.recording.clients for pin in session.pins]
    sweeping, comparing = (session.states[name].job for name in ("sweep", "compare"))
    if sweeping is not None:
        found += [a for rec in sweeping.recordings for a in (rec.accuracy, rec.clients)]
        found += [sweeping.complete, sweeping.refused]
    if comparing is not None:
        curves = comparing.runs.curves
        found += [curve.accuracy for own in curves.values() for _, curve in sorted(own.items())]
        found += [comparing.refused, list(curves)]
    found += [
        made.headline.sentence.value,
        made.headline.numbers.value,
        made.view_tabs.caption.value,
    ]
    found += [made.story.text.value, made.stage._words.value, made.share.text.value]
    found += [text.value for _, text in made.pins._rows.values()]
    found += [button.description for button in made.run_history.widget.children[1:]]
    for control in made.panel.controls.values():
        found += [getattr(control.field, name, None) for name in ("value", "index")]
        found += [text.value for text in control._parts.values() if getattr(text, "value", "")]
    found += [hashlib.sha256(made.board.frame().tobytes()).hexdigest()]
    return found


def assert_alike(found, expected, where):
    assert len(found) == len(expected), where
    for place, (a, b) in enumerate(zip(found, expected, strict=True)):
        alike = np.array_equal(a, b, equal_nan=True) if isinstance(a, np.ndarray) else a == b
        assert alike, (where, place, a, b)


@contextmanager
def small():
    with pytest.MonkeyPatch.context() as patch:  # a small picture is soon drawn
        patch.setattr(screen, "WIDTH", 320)
        patch.setattr(screen, "HEIGHT", 240)
        yield


def settled(interrupter):
    """What there is after every part of the story, in a script."""
    with virtual(), small():
        playground = fp.Playground(fp.Experiment(**TINY))
        playground.settle()
        for part, said in STORY.items():
            playground.event_loop.inbox.extend(events(said))
            until_done(interrupter, playground.settle)
            yield part, state(playground)
        playground.close()


def at_rest(interrupter):
    """The same on an event loop: the task is interrupted, and goes on at the next event."""
    with virtual(0.0005) as time, small():
        loop = VirtualLoop(time)

        async def opened():
            return fp.Playground(fp.Experiment(**TINY))

        async def idle():
            await playground.idle()

        playground = loop.run_until_complete(opened())
        loop.run_until_complete(idle())
        for part, said in STORY.items():
            time.pass_by(2.0)
            playground.event_loop.inbox.extend(events(said))
            until_done(interrupter, lambda: loop.run_until_complete(idle()))
            yield part, state(playground)
        playground.close()
        loop.close()


@pytest.mark.parametrize("way", [settled, at_rest])
@pytest.mark.parametrize("seed", range(tries(20, 1)))
def test_what_is_interrupted_goes_on(way, seed):
    how = dict(each=1.0, often=0.0005) if THOROUGH else dict(each=0.01, often=0.0002, share=0.05)
    interrupter = Interrupter(seed, **how)
    expected = dict(way(NOBODY))
    settings, before = (np.geterr(), dict(matplotlib.rcParams)), 0
    for part, found in way(interrupter):
        assert_alike(found, expected[part], (part, interrupter.at[before:]))
        before = len(interrupter.at)
    assert len(interrupter.at) > 50
    assert (np.geterr(), dict(matplotlib.rcParams)) == settings


# --- the picture, and what needs no screen -------------------------------------------------------


def test_an_interrupted_picture_comes_after_all():
    """Sending it, hearing that it is there, or reading what the page says: at every line once."""

    async def main(_time):
        stage, interrupter, sent, keys = Stage(), Interrupter(0), [], []
        stage._canvas.send = lambda content, buffers: sent.append(content["n"])
        stage.on_key = keys.append
        picture = np.full((60, 100, 4), 255, np.uint8)
        stage._hear(
            None, dict(kind="size", width=100, height=60, ratio=1, host="x", fresh=True), []
        )
        for n in range(12):
            with interrupter.on(), suppress(KeyboardInterrupt):
                stage.show(picture)
            if n in (5, 6, 7):
                for key in ("Home", "End", "Escape"):
                    stage._hear(None, {"kind": "key", "key": key}, [])
            with interrupter.on(), suppress(KeyboardInterrupt):
                for number in list(stage.under_way.sent):
                    stage._file(Acknowledged(number), None)
                stage._read()
            await asyncio.sleep(0.01)
        stage.show(picture)
        await asyncio.sleep(2 * LOST)
        for number in list(stage.under_way.sent):
            stage._file(Acknowledged(number), None)
        before = len(sent)
        stage.show(picture)
        await asyncio.sleep(0)
        assert len(sent) == before + 1, "there is room on the way"
        assert keys[-2:] == ["End", "Escape"]
        assert len(interrupter.at) > 10
        stage.close()

    run(main)


@pytest.mark.parametrize("scope", [calm, ours])
def test_a_scope_that_was_broken_off_anywhere_is_left_all_the_same(scope):
    """When the next one is, at the latest; until then it holds for nobody who comes later."""

    def found():
        return np.geterr(), dict(matplotlib.rcParams)

    def broken_off():
        with interrupter.on(), scope(), scope():
            pass

    before = found()
    for seed in range(60):
        interrupter = Interrupter(seed, each=0.15)
        with suppress(KeyboardInterrupt):
            broken_off()
        with scope():
            assert (np.geterr() == STILL) if scope is calm else _are_ours(matplotlib.rcParams)
        assert found() == before, interrupter.at


LATE = ["personal_accuracy", "local_accuracy"]


@pytest.mark.parametrize(
    ("late", "personal"), [*((late, "finetune") for late in LATE), ("local_accuracy", "ditto")]
)
def test_an_interrupted_history_is_asked_again(late, personal):
    exp = fp.Experiment(**TINY, personal=personal)
    expected = getattr(fp.run(exp), late)
    history, interrupter = fp.run(exp), Interrupter(0, each=0.5, often=0.001)
    found = until_done(interrupter, lambda: getattr(history, late))
    assert interrupter.at
    assert np.array_equal(found, expected, equal_nan=True)
    for other in LATE:  # the run has gone through all of it
        assert np.array_equal(getattr(history, other), getattr(fp.run(exp), other), equal_nan=True)


@pytest.mark.parametrize("algorithm", ["fedavg", "scaffold", "ifca"])
def test_what_was_interrupted_leaves_nothing_behind_in_the_process(algorithm):
    """Runs, a comparison and rounds that nobody takes to their end, then all of it undisturbed."""
    exp = fp.Experiment(**TINY, algorithm=algorithm)
    expected, settings = fp.run(exp), np.geterr()
    compared = fp.compare(exp.replace(algorithm="fedavg"), ["FedAvg", "FedProx"], seeds=2)
    interrupter = Interrupter(1, each=0.3, often=0.0005)
    for _ in range(30):
        with interrupter.on(), suppress(KeyboardInterrupt):
            fp.run(exp)
        with interrupter.on(), suppress(KeyboardInterrupt):
            fp.compare(exp.replace(algorithm="fedavg"), ["FedAvg", "FedProx"], seeds=2)
        rounds = fp.rounds(exp)
        next(rounds), next(rounds)
        rounds.close()
    assert len(interrupter.at) > 20
    again = fp.run(exp)
    assert np.array_equal(again.parameters, expected.parameters)
    assert np.array_equal(again.client_accuracy, expected.client_accuracy, equal_nan=True)
    once_more = fp.compare(exp.replace(algorithm="fedavg"), ["FedAvg", "FedProx"], seeds=2)
    assert once_more.to_csv() == compared.to_csv()
    assert np.geterr() == settings
