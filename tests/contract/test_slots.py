"""The table of slots stands once, and what a notebook registers is offered wherever slots are."""

from __future__ import annotations

import ast
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest

import fedplay as fp
from fedplay import registry, slots
from fedplay.data import Partition
from fedplay.experiment import CHOICES
from fedplay.playground.panel import plan
from fedplay.stages import Aggregate, Layer, Personal, ServerOptimizer
from fedplay.stages.channel.dp import DifferentialPrivacy
from tests.support.screens import TINY, assert_prefix, unfolded

ROOT = Path(__file__).parents[2]


@pytest.mark.parametrize("slot", slots.TABLE.values(), ids=lambda slot: slot.name)
def test_a_slot_says_all_that_is_read_of_it(slot):
    entries = registry.SLOTS[slot.name]
    assert all(cls.slot == slot.name for cls in entries.values())
    assert slot.title
    assert slot.heading in slots.TOPICS
    assert slot.help.endswith(".")
    assert slot.default in slot.choices(entries)
    for names in (slot.default, slot.auto):
        stages = [names] if isinstance(names, str) else names
        assert all(name in ("", "auto", *entries) for name in stages)
    assert slot.auto or slot.default != "auto"
    shown = [slot.shown(choice) for choice in slot.choices(entries)]
    assert len(set(shown)) == len(shown)


def test_all_who_speak_of_slots_read_the_table():
    assert list(registry.SLOTS) == list(slots.TABLE)
    assert {name: slot.default for name, slot in slots.TABLE.items()} == CHOICES
    assert len({slot.title for slot in slots.TABLE.values()}) == len(slots.TABLE)


def listed(tree):
    """The texts in each dict, tuple, list and set that is written out in a module."""
    assigned = [node for node in tree.body if isinstance(node, ast.Assign)]
    exported = [node.value for node in assigned if ast.unparse(node.targets[0]) == "__all__"]
    for node in ast.walk(tree):
        elements = getattr(node, "keys", None) or getattr(node, "elts", None) or []
        if node not in exported:  # where the names are those of folders
            yield {e.value for e in elements if isinstance(e, ast.Constant)}


def test_there_is_no_second_table():
    for path in (*(ROOT / "fedplay").rglob("*.py"), *(ROOT / "tools").glob("*.py")):
        for texts in listed(ast.parse(path.read_text(encoding="utf-8"))):
            assert len(texts & slots.TABLE.keys()) < 5, f"{path.name} lists slots: {texts}"


# --- stages of a notebook -------------------------------------------------------------------------


@dataclass(frozen=True)
class Halved(Layer):
    """Every message arrives a half of what it was."""

    halving: float = fp.knob(0.5, 0.1, 1.0, label="Halving", help="The part that arrives.")

    def client(self, rows, own, c):
        return (rows * self.halving).astype(rows.dtype), own


@dataclass(frozen=True)
class Dozens(Partition):
    def assign(self, pool, clients, seed):
        return np.arange(len(pool.y)) // 12 % clients


@dataclass(frozen=True)
class First(Aggregate):
    def combine(self, rows, c):
        return rows[0] if len(rows) else np.zeros(rows.shape[1], rows.dtype)


@dataclass(frozen=True)
class Lazy(ServerOptimizer):
    laziness: float = fp.knob(0.5, 0.1, 1.0, label="Laziness", help="The part of a step taken.")

    def step(self, w, m, memory):
        return w + (m * self.laziness).astype(w.dtype), memory


@dataclass(frozen=True)
class Unchanged(Personal):
    def personalise(self, W, own, sgd, c):
        return W


@pytest.fixture
def bring(monkeypatch):
    """Registers a class until the test is over."""

    def register(cls, name):
        kept = dict(registry.SLOTS[cls.slot])
        monkeypatch.setitem(registry.SLOTS, cls.slot, kept)
        return fp.register(cls, name)

    return register


@pytest.mark.parametrize("cls", [Halved, Dozens, First, Lazy, Unchanged], ids=lambda c: c.__name__)
def test_what_a_notebook_registers_is_offered_and_runs(bring, cls):
    screen = fp.Playground(fp.Experiment(**TINY))
    bring(cls, "brought")
    slot, choice = cls.slot, ("brought",) if cls.slot == "channel" else "brought"
    screen.set(seed=1)  # whatever is done next, the controls are looked over
    assert slot in screen.screen.panel.shown
    control = unfolded(screen)[slot]
    assert control.field.options[-1] == "brought"
    control.field.index = control.options.index(choice)
    screen.settle()
    assert screen.errors == {}
    assert getattr(screen.experiment, slot) == choice
    assert type(screen.experiment.stages(slot)[0]) is cls
    assert set(registry.knobs_of(cls)) <= screen.screen.panel.shown
    assert_prefix(screen.shown, fp.run(screen.experiment))


# --- a slot more ----------------------------------------------------------------------------------

MORE = """
from fedplay import slots
slots.TABLE["threat"] = slots.Slot("threat", "Threats", slots.DATA, "What is done.", "none")

from dataclasses import dataclass
from typing import ClassVar
import fedplay as fp
from fedplay import registry
from fedplay.knobs import Checked


class Threat(Checked):
    slot: ClassVar[str] = "threat"


@dataclass(frozen=True)
class Nothing(Threat):
    pass


@dataclass(frozen=True)
class Flip(Threat):
    flipped: float = fp.knob(0.3, 0.0, 1.0, label="Flipped", help="The part that is turned.")


fp.register(Nothing, "none")
fp.register(Flip, "flip")

exp = fp.Experiment(data="circles", examples=100, clients=4, rounds=2)
assert exp.threat == "none" and exp.stage("threat") == Nothing()
flip = exp.replace(threat="flip", flipped=0.5)
assert flip.stage("threat") == Flip(0.5) and flip.stages("threat") == (Flip(0.5),)
assert fp.Experiment.from_json(flip.to_json()) == flip == fp.Experiment.from_token(flip.to_token())
assert eval(repr(flip), {"Experiment": fp.Experiment}) == flip
assert "threat" in repr(fp.Experiment.__signature__)
old = {name: value for name, value in exp.to_dict().items() if name != "threat"}
assert fp.Experiment.from_dict(old) == exp, "what was written before it still loads"

from tests.support.screens import unfolded
screen = fp.Playground(exp)
assert "threat" in screen.screen.panel.shown and "flipped" not in screen.screen.panel.shown
control = unfolded(screen)["threat"]
assert (control.label, control.field.options) == ("Threat", ("none", "flip"))
control.field.index = 1
screen.settle()
assert screen.experiment == exp.replace(threat="flip")
assert "flipped" in screen.screen.panel.shown
"""


def test_a_slot_more_is_a_line_and_its_stages():
    done = subprocess.run([sys.executable, "-c", MORE], capture_output=True, text=True, cwd=ROOT)
    assert done.returncode == 0, done.stderr[-800:]


# --- the channel ----------------------------------------------------------------------------------


def test_the_channel_chosen_automatically_is_what_the_knobs_ask_for():
    auto = fp.Experiment(channel="auto")
    assert auto == fp.Experiment()
    assert (auto.channel, repr(auto), auto.layers) == (("dp",), "Experiment()", ())
    assert auto.replace(clip=0.5).layers == (DifferentialPrivacy(clip=0.5),)
    assert fp.Experiment(channel=(), clip=0.5).layers == ()
    assert auto.stages("channel") == (DifferentialPrivacy(),)
    with pytest.raises(ValueError, match="channel='auto': must be one of dp"):
        fp.Experiment(channel=["auto"])


def test_the_channel_stands_with_the_knobs_of_its_layers(bring):
    bring(Halved, "halved")
    exp = fp.Experiment(noise_multiplier=1.0)
    assert plan(exp)[slots.PRIVACY] == ["channel", "noise_multiplier", "clip", "delta"]
    assert plan(exp.replace(channel=()))[slots.PRIVACY] == ["channel"]
    assert plan(exp.replace(channel=["halved"]))[slots.PRIVACY] == ["channel", "halving"]
