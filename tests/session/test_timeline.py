"""Undo and redo are a plain list of states with an index, and nothing that was chosen is lost."""

from __future__ import annotations

import json
from dataclasses import dataclass

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

import fedplay as fp
from fedplay.experiment import CHOICES
from fedplay.session.brought import Brought, brings
from fedplay.session.kept_timeline import CHARACTERS, MOST, kept_timeline, timeline_of
from fedplay.session.store import Store
from fedplay.session.timeline import LENGTH, QUICK, Timeline
from tests.support.effort import tries

# What a person turns: knobs, with nonsense among their values, and slots of which some bring others
# along, and some exclude others.
TURNED = {
    "alpha": [0.1, 0.3, 1.0, -1],
    "local_epochs": [1, 2, 5, 0],
    "noise_multiplier": [0.0, 1.0],
    "personal_layers": [1, 2],
    "data": ["digits", "moons", "writers", "quadratics", "representation"],
    "partition": ["dirichlet", "iid", "natural"],
    "model": ["softmax", "mlp", "quadratic", "bilinear"],
    "algorithm": ["fedavg", "fedper", "fedrep", "scaffold"],
}
ONE = st.sampled_from(sorted(TURNED)).flatmap(
    lambda name: st.tuples(st.just(name), st.sampled_from(TURNED[name]))
)
any_json = st.recursive(
    st.none() | st.booleans() | st.integers(-2, 9) | st.floats() | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from(["model", "algorithm", "at", "x"]), inner, max_size=3)
    ),
    max_leaves=8,
)
OPENED = [
    fp.Experiment(),
    fp.Experiment(data="quadratics", partition="natural", model="quadratic", clients=3),
    fp.Experiment(algorithm="fedper", model="mlp"),
    fp.Experiment(local_epochs=5),
]


def test_undo_leads_back_through_time_not_through_the_runs_that_were_seen():
    store = Store()
    for choices in ({"data": "moons"}, {"data": "digits"}, {"local_epochs": 5}):
        store.choose(**choices)
    assert store.undo()
    assert store.experiment == fp.Experiment()
    assert store.undo()
    assert store.experiment == fp.Experiment(data="moons")
    assert store.redo()
    assert store.redo()
    assert store.experiment == fp.Experiment(local_epochs=5)
    assert not store.redo()


def test_what_a_method_needs_comes_is_told_and_goes_with_it():
    store = Store(fp.Experiment(local_epochs=2))
    assert store.choose(algorithm="fedper")
    assert store.experiment.model == "mlp"
    assert store.notes == {"model": "mlp, which FedPer needs"}
    assert store.choose(algorithm="fedavg")
    assert store.experiment == fp.Experiment(local_epochs=2)
    assert store.notes == {"model": "softmax again, as before FedPer"}
    store.choose(local_epochs=1)
    assert store.notes == {}


def test_what_its_person_has_chosen_since_stays():
    store = Store()
    store.choose(algorithm="fedper")
    store.choose(model="mlp")
    assert store.notes == {}
    store.choose(algorithm="fedavg")
    assert store.experiment == fp.Experiment(model="mlp")


def test_two_that_need_the_same_are_told_apart():
    """FedPer needs an mlp, then data come whose model it cannot use, and it goes first."""
    store = Store()
    store.choose(algorithm="fedper")
    assert not store.choose(data="quadratics")
    assert "personal_layers" in store.errors["data"], "said of what was asked for"
    store.choose(algorithm="fedavg")
    assert store.experiment.data == "quadratics", "it was tried again"
    assert store.choose(data="digits")
    assert store.experiment == fp.Experiment()


@pytest.mark.parametrize("first", ["data", "algorithm"])
def test_of_two_that_bring_the_same_each_may_go_first(first):
    store, usual = Store(), {"data": "digits", "algorithm": "fedavg"}
    store.choose(algorithm="fedper")
    assert store.choose(data="representation")
    assert store.experiment.model == "bilinear"
    assert store.choose(**{first: usual.pop(first)})
    assert store.experiment.model == ("mlp" if first == "data" else "bilinear")
    assert store.choose(**usual)
    assert store.experiment == fp.Experiment()


def test_views_take_a_run_as_it_is():
    """A sweep's value was run with everything else as it was."""
    store = Store()
    store.choose(algorithm="fedper")
    store.set(algorithm="fedavg")
    assert store.experiment == fp.Experiment(model="mlp")
    store.choose(algorithm="scaffold")
    assert store.experiment.model == "mlp", "it was taken with the run"


def test_a_run_that_fails_is_no_state_of_the_timeline():
    store = Store()
    store.choose(alpha=0.1)
    before = store.timeline
    store.choose(algorithm="fedper")
    store.refuse("it broke off")
    assert store.timeline == before
    assert store.experiment == fp.Experiment(alpha=0.1)
    assert store.notes == {}


def test_a_state_that_cannot_run_any_more_is_not_gone_to():
    limit = [10]

    def check(exp):
        if exp.local_epochs > limit[0]:
            raise ValueError("local_epochs: too many for now")

    store = Store(check=check)
    store.choose(local_epochs=8)
    store.choose(local_epochs=2, alpha=1.0)
    limit[0] = 5
    assert not store.undo()
    assert store.experiment == fp.Experiment(local_epochs=2, alpha=1.0)
    assert store.errors == {"": "local_epochs: too many for now"}
    limit[0] = 10
    assert store.undo()
    assert store.errors == {}


def test_the_timeline_is_bounded():
    line = Timeline((0,))
    for state in range(1, 3 * LENGTH):
        line = line.went(state)
    assert line.states == tuple(range(2 * LENGTH, 3 * LENGTH))
    assert line.now == 3 * LENGTH - 1


@pytest.mark.parametrize(
    ("at", "most", "seen"),
    [(9, 4, [6, 7, 8, 9]), (0, 4, [0, 1, 2, 3]), (5, 4, [3, 4, 5, 6]), (5, 99, list(range(10)))],
)
def test_what_is_near_holds_what_is_in_force(at, most, seen):
    near = Timeline(tuple(range(10)), at).near(most)
    assert list(near.states) == seen
    assert near.now == at


class PlainList(RuleBasedStateMachine):
    """Whatever is changed, opened, undone, redone and refused, in any order and at any speed.

    line:   the states in a plain list, each with what its person wished for in every slot
    at:     the index in it
    drag:   (the knob that was changed last, when), or None
    """

    @initialize(begin=st.sampled_from(OPENED))
    def begin(self, begin):
        self.time = 0.0
        self.store = Store(begin, clock=lambda: self.time)
        self.line, self.at, self.drag = [(begin, self.wishes(begin))], 0, None
        self.failed = None

    def wishes(self, exp):
        """Of a whole experiment: what stands in it, but for what its data bring."""
        own = {name: getattr(exp, name) for name in CHOICES}
        own |= {name: CHOICES[name] for name in brings("data", exp.data)}
        return own | {
            n: own[n] for n in self.store.brought if self.store.brought[n].cause == "data"
        }

    @rule(
        one=ONE,
        more=st.none() | ONE,
        wait=st.sampled_from([0.0, 0.1, QUICK / 2, QUICK, 5.0]),
        exactly=st.booleans(),
    )
    def change(self, one, more, wait, exactly):
        choices = dict([one] if more is None else [one, more])
        self.time += wait
        store, old, refused = self.store, self.store.experiment, dict(self.store._refused)
        before, wish = dict(store.brought), dict(self.line[self.at][1])
        self.failed = self.line[:], self.at, self.drag
        accepted = (store.set if exactly else store.choose)(**choices)
        waited = {k: v for k, v in refused.items() if k not in choices and k not in store.errors}
        asked = (choices if accepted else {}) | waited
        asked = {name: value for name, value in asked.items() if name in CHOICES}
        for name in CHOICES:
            was, now = getattr(old, name), getattr(store.experiment, name)
            if was != now and name not in asked:
                assert name in store.notes, (name, was, now)
        gone = {
            k
            for k, b in before.items()
            if getattr(old, b.cause) != getattr(store.experiment, b.cause)
        }
        for name in gone - store.brought.keys() - asked.keys():
            if not exactly:
                assert getattr(store.experiment, name) == before[name].before
        if exactly:  # what was there is wished for from now on, where what had brought it has gone
            asked = {name: getattr(store.experiment, name) for name in gone} | asked
        for name, value in asked.items():
            wish[name] = value
        for name, one in store.brought.items():
            if before.get(name) != one and one.cause != "data":
                with pytest.raises(ValueError):
                    store.experiment.replace(**{name: one.before})
        self.went(wish, choices)

    def went(self, wish, choices):
        state, knobs = (self.store.experiment, wish), frozenset(choices)
        if state[0] == self.line[self.at][0]:
            self.line[self.at] = state
            return
        del self.line[self.at + 1 :]
        if self.drag is not None and self.drag[0] == knobs and self.time - self.drag[1] < QUICK:
            self.line.pop()
        self.line.append(state)
        self.drag = None if knobs & CHOICES.keys() else (knobs, self.time)
        if len(self.line) > 1 and self.line[-2] == state:
            self.line.pop()
            self.drag = None
        self.line = self.line[-LENGTH:]
        self.at = len(self.line) - 1

    @rule(name=st.sampled_from(["alpha", "local_epochs"]), steps=st.integers(2, 6))
    def drag_a_slider(self, name, steps):
        for step in range(steps):
            self.change((name, TURNED[name][step % 3]), None, 0.1, False)

    @rule(exp=st.sampled_from(OPENED))
    def open(self, exp):
        known = [state for state in (self.line[self.at], *self.line) if state[0] == exp]
        self.failed = self.line[:], self.at, self.drag
        assert self.store.restore(exp)
        if self.line[self.at][0] != exp:
            del self.line[self.at + 1 :]
            self.line.append(known[0] if known else (exp, self.wishes(exp)))
            self.line = self.line[-LENGTH:]
            self.at = len(self.line) - 1
        self.drag = None

    @rule()
    def undo(self):
        assert self.store.undo() == (self.at > 0)
        if self.at > 0:
            self.failed = self.line[:], self.at, self.drag
            self.at, self.drag = self.at - 1, None

    @rule()
    def redo(self):
        more = self.at < len(self.line) - 1
        assert self.store.redo() == more
        if more:
            self.failed = self.line[:], self.at, self.drag
            self.at, self.drag = self.at + 1, None

    @rule()
    def let_go(self):
        self.store.rest()
        self.drag = None

    @precondition(lambda self: self.failed is not None)
    @rule()
    def the_run_fails(self):
        """The last thing that was done is taken back."""
        line, at, drag = self.failed
        if line[at][0] != self.store.experiment:
            self.line, self.at, self.drag = line, at, drag
        self.store.refuse("it broke off")
        self.store._refused.clear()
        self.store._broken.clear()
        self.store.errors.clear()
        self.failed = None

    @invariant()
    def it_is_the_list(self):
        timeline = self.store.timeline
        assert [state.experiment for state in timeline.states] == [exp for exp, _ in self.line]
        assert timeline.at == self.at
        assert timeline.can_undo == (self.at > 0)
        assert timeline.can_redo == (self.at < len(self.line) - 1)
        assert timeline.now == (self.store.experiment, self.store.brought)

    @invariant()
    def what_was_wished_for_is_there_or_comes_back(self):
        exp, wish = self.line[self.at]
        for name, value in wish.items():
            there, one = getattr(exp, name), self.store.brought.get(name)
            if one is None:
                assert there == value, name
            else:
                assert name in self.store.notes
                assert one.before == value, name
                assert brings(one.cause, getattr(exp, one.cause))[name] == there


PlainList.TestCase.settings = settings(
    max_examples=tries(500, 60),
    stateful_step_count=tries(60, 40),
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow],
)
TestPlainList = PlainList.TestCase


# --- what a page keeps ----------------------------------------------------------------------------


def same(exp):
    return exp


def passed(timeline):
    """A timeline that went through a page."""
    return json.loads(json.dumps(kept_timeline(timeline)))


def test_a_page_keeps_what_is_near_and_undo_goes_on():
    store = Store()
    for seed in range(1, 40):
        store.choose(seed=seed)
        store.rest()
    store.choose(algorithm="fedper")
    store.undo()
    found = timeline_of(passed(store.timeline), store.experiment, same)
    assert found == store.timeline.near(MOST)
    assert found.can_redo
    later = Store(store.experiment)
    later.take_up(found)
    assert later.redo()
    assert later.notes == {"model": "mlp, which FedPer needs"}
    assert later.choose(algorithm="fedavg")
    assert later.experiment == store.experiment


def test_what_a_page_keeps_is_bounded_and_skips_what_has_no_name():
    @dataclass(frozen=True)
    class Mine(fp.Algorithm):
        pass

    store = Store(fp.Experiment(data="quadratics", partition="natural", model="quadratic"))
    for place in range(30):
        store.choose(optima=tuple(place / 70 + k / 7 for k in range(60)))
        store.rest()
    kept = kept_timeline(store.timeline)
    assert len(json.dumps(kept)) <= CHARACTERS
    assert len(kept["states"]) == MOST // 2, "half of them are too long already"
    store = Store()
    for algorithm in (Mine(), "fedprox", "scaffold"):
        store.choose(algorithm=algorithm)
    found = timeline_of(passed(store.timeline), store.experiment, same)
    assert [s.experiment.algorithm for s in found.states] == ["fedavg", "fedprox", "scaffold"]
    assert found.now.experiment == store.experiment


@pytest.mark.parametrize(
    "lie",
    [
        None,
        {},
        {"at": 0, "states": []},
        {"at": True, "states": [[{"version": 1}, {}]]},
        {"at": 0, "states": [[{"version": 1, "alpha": 9.0}, {}]]},
        {"at": 0, "states": [["no dict", {}]]},
        {"at": 1, "states": [[{"version": 1}, {}]]},
        {"at": -1, "states": [[{"version": 1}, {}]]},
    ],
)
def test_a_page_that_lies_about_the_timeline_is_not_believed(lie):
    assert timeline_of(lie, fp.Experiment(), same) is None


@pytest.mark.parametrize(
    "lie",
    [
        {"model": ["softmax", "data"]},
        {"model": ["nonsense", "algorithm"]},
        {"model": ["softmax", "alpha"]},
        {"model": ["softmax"]},
        {"model": [7, "algorithm"]},
        {"alpha": [0.1, "algorithm"]},
        {"no such slot": ["softmax", "algorithm"]},
    ],
)
def test_nothing_was_brought_that_nothing_there_brings(lie):
    exp = fp.Experiment(algorithm="fedper", model="mlp")
    (name,) = lie
    kept = {
        "at": 0,
        "states": [[exp.to_dict(), {"model": ["softmax", "algorithm"], name: lie[name]}]],
    }
    brought = timeline_of(kept, exp, same).now.brought
    assert brought.keys() <= {"model"}
    assert brought.get("model", Brought("softmax", "algorithm")) == Brought("softmax", "algorithm")


@given(any_json)
@settings(max_examples=tries(20_000, 300), deadline=None)
def test_anything_may_stand_where_a_timeline_was(kept):
    for text in (kept, {"at": 0, "states": kept}, {"at": 0, "states": [[{"version": 1}, kept]]}):
        found = timeline_of(text, fp.Experiment(), same)
        assert found is None or found.now.experiment == fp.Experiment()
