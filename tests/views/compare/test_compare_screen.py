"""Compare on the screen: computed when there is nothing else to do, and steered by widgets."""

from __future__ import annotations

import asyncio
import json
from dataclasses import dataclass

import numpy as np
import pytest

import fedplay as fp
from fedplay import registry
from fedplay.session import player as players
from fedplay.studies.entrants import USUAL
from fedplay.views.compare.choice import ComparisonChoice, name_of, offered
from fedplay.views.compare.job import ComparisonJob
from tests.support.screens import TINY, same

FEW = ComparisonChoice(("FedAvg", "FedProx"), 3)


@pytest.fixture
def tiny():
    return fp.Experiment(**TINY)


@pytest.fixture
def screen(tiny):
    """The tab is open, and there are two methods with three seeds."""
    made = fp.Playground(tiny)
    made.session.states["compare"].chosen = FEW
    made.settle()
    made.view("compare")
    made.settle()
    return made


@pytest.fixture
def own():
    """Algorithms that are registered for one test only."""
    before = dict(registry.SLOTS["algorithm"])
    yield fp.register
    registry.SLOTS["algorithm"].clear()
    registry.SLOTS["algorithm"].update(before)


def compared(screen):
    return screen.session.states["compare"].compared


def caption(screen):
    return screen.screen.view_tabs.caption.value


def pointed(screen, kind, x, y):
    screen.screen.stage.on_pointer(kind, x, y)


def row(screen, name):
    """Where a method's row is in the picture."""
    view = screen.screen.board.views["compare"]
    y = next(y for n, y in view.table.rows if n == name)
    return view.table.place.left + 20 + view.box.left, y + view.box.top


# --- what is computed, and when -----------------------------------------------------------------


def test_the_open_tab_shows_what_compare_computes(screen, tiny):
    found = compared(screen).comparison
    wanted = fp.compare(tiny, ["FedAvg", "FedProx"], seeds=3)
    for name in ("FedAvg", "FedProx"):
        assert same(found.accuracy[name], wanted.accuracy[name])
    assert screen.screen.board.views["compare"].shown is compared(screen)
    assert "Each with the same 3 seeds" in caption(screen)
    assert "The methods compared: rounds to" in screen.screen.stage._words.value


def test_a_closed_tab_computes_nothing(tiny, monkeypatch):
    monkeypatch.setattr(ComparisonJob, "advance", None)
    made = fp.Playground(tiny)
    made.settle()
    assert made.session.states["compare"].job is None
    assert made.screen.rows["compare"].widget.layout.display == "none"
    made.view("compare")
    made.view("inside")
    made.settle()
    assert made.session.states["compare"].job is None


def test_nothing_is_compared_before_the_run_is_there_and_the_hand_is_calm(tiny):
    time = [0.0]
    made = fp.Playground(tiny)
    made.settle()
    made.view("compare")
    player = made.player
    player.clock = lambda: time[0]
    player._presented = 0.0
    made.store.set(local_epochs=2)
    made.session.settle_view()
    assert made.session.states["compare"].job.base.local_epochs == 2
    units = 0
    while made.session.states["compare"].job.runs._stream is None:
        wait = player._unit()
        units += 1
        assert units < 100
        if wait:
            assert player.shown.complete, "the run comes first"
            assert player.shown.late_done, "and all that belongs to it"
            assert wait <= players.CALM
            time[0] += wait
    assert time[0] >= players.CALM


def test_a_drag_computes_no_comparison(tiny):
    time = [0.0]
    made = fp.Playground(tiny)
    made.settle()
    made.view("compare")
    made.player.clock = lambda: time[0]
    for rate in np.linspace(0.1, 0.5, 9):
        time[0] += players.CALM / 2
        made.set(learning_rate=float(rate))
        made.event_loop._turn()
        assert made.player.shown.exp == made.experiment, "the whole run is there"
        assert made.session.states["compare"].job.busy
        assert made.session.states["compare"].job.runs._stream is None
    time[0] += players.CALM
    made.player._unit()
    assert made.session.states["compare"].job.runs.done == 1, "the run that is known"


def test_a_screen_that_only_compares_is_at_rest(tiny, monkeypatch):
    """The run history and the page's memory do not wait for a long comparison."""
    monkeypatch.setattr(players, "CALM", 5.0)
    made = fp.Playground(tiny)
    made.settle()
    made.view("compare")
    made.set(local_epochs=2)
    entries = made.session.run_history.entries
    while entries[-1].exp.local_epochs != 2:
        made.event_loop._turn()
        assert made.session.states["compare"].job.busy
    rested = made.event_loop._rested
    made.event_loop._turn()
    assert made.event_loop._rested == rested == made.player.changes, "once is enough"


def test_a_change_leaves_the_old_curves_in_grey(screen):
    before = compared(screen).comparison
    screen.store.set(learning_rate=0.1)
    screen.session.settle_view()
    now = compared(screen)
    assert all(now.stale(name) for name in now.comparison.curves)
    assert same(now.drawn["FedProx"], before.accuracy["FedProx"])
    assert now.comparison.target == before.target
    screen.settle()
    assert not any(compared(screen).stale(name) for name in now.comparison.curves)


def test_what_was_compared_is_remembered(screen, monkeypatch):
    screen.view("inside")
    screen.settle()
    monkeypatch.setattr(ComparisonJob, "advance", None)
    screen.view("compare")
    screen.settle()
    assert compared(screen).runs == (6, 6)


# --- what a person does -------------------------------------------------------------------------


def test_toggles_seeds_and_target_are_widgets(screen):
    parts = screen.screen.rows["compare"]
    assert parts.widget.layout.display is None
    assert [name for name, toggle in parts.toggles.items() if toggle.value] == [*FEW.methods]
    parts.toggles["SCAFFOLD"].value = True
    screen.settle()
    assert list(compared(screen).comparison.curves) == ["FedAvg", "FedProx", "SCAFFOLD"]
    assert compared(screen).runs == (9, 9)
    parts.toggles["FedProx"].value = False
    parts.seeds.value = 5
    screen.settle()
    assert list(compared(screen).comparison.curves) == ["FedAvg", "SCAFFOLD"]
    assert compared(screen).runs == (10, 10)
    runs = screen.session.states["compare"].job.runs
    parts.target.value = 0.42
    screen.settle()
    assert compared(screen).comparison.target == 0.42
    assert screen.session.states["compare"].job.runs is runs, "nothing is computed again"
    assert screen.screen.board.views["compare"].curves.value.words == "target 0.42"


def test_the_method_in_force_is_always_compared(screen):
    toggle = screen.screen.rows["compare"].toggles["FedAvg"]
    assert toggle.disabled
    assert "Shown above" in toggle.tooltip
    screen.set(algorithm="feddyn")
    screen.settle()
    assert not toggle.disabled
    assert screen.screen.rows["compare"].toggles["FedDyn"].disabled
    assert list(compared(screen).comparison.curves) == ["FedAvg", "FedProx", "FedDyn"]
    screen.set(algorithm="fedprox", server="adam")
    screen.settle()
    assert compared(screen).current == "FedProx + adam" == name_of(screen.experiment)
    assert "FedProx + adam" in compared(screen).comparison.curves


def test_a_click_puts_a_method_in_force(screen):
    for kind in ("move", "down", "up"):
        pointed(screen, kind, *row(screen, "FedProx"))
    screen.settle()
    assert screen.experiment.algorithm == "fedprox"
    assert compared(screen).current == "FedProx"
    assert not any(compared(screen).stale(name) for name in FEW.methods), "all are known"
    assert screen.screen.rows["compare"].above.label == "shown above: FedProx"
    screen.screen.rows["compare"].above.index = 0
    screen.settle()
    assert screen.experiment.algorithm == "fedavg"
    with pytest.raises(ValueError, match="method=9: the comparison has 2 methods"):
        screen.event_loop.do("take_method", 9)


def test_the_pointer_lights_a_method_and_escape_puts_it_out(screen):
    pointed(screen, "move", *row(screen, "FedProx"))
    screen.settle()
    assert compared(screen).lit == "FedProx"
    assert screen.screen.pointer.tip.lines[0] == "FedProx"
    screen.follow(1)
    screen.screen.pointer.key("Escape")
    screen.settle()
    assert compared(screen).lit is None
    assert screen.session.client == 1
    screen.screen.pointer.key("Escape")
    assert screen.session.client is None
    pointed(screen, "move", *row(screen, "FedAvg"))
    pointed(screen, "leave", 0, 0)
    assert compared(screen).lit is None


def test_the_target_is_dragged(screen):
    screen.event_loop.do("target", 0.7)
    screen.settle()
    view = screen.screen.board.views["compare"]

    def at(accuracy):
        a, b = view.curves.axes.transData.transform((0, accuracy))
        return a + 1, view.canvas.height - b

    pointed(screen, "down", *at(0.7))
    for accuracy in (0.75, 0.8, 0.85):
        pointed(screen, "move", *at(accuracy))
        assert compared(screen).comparison.target == accuracy
        assert screen.screen.pointer.cursor == "ns-resize"
        screen.event_loop.draw()
    pointed(screen, "up", *at(0.85))
    screen.settle()
    assert screen.screen.rows["compare"].target.value == 0.85
    assert screen.session.states["compare"].chosen.target == 0.85


def test_nothing_is_compared_before_the_guess(screen):
    screen.guess(0.5)
    screen.settle()
    assert screen.session.states["compare"].job is None
    assert screen.session.scene().closeup is None
    assert screen.screen.rows["compare"].widget.layout.display == "none"
    assert "hidden" in caption(screen)
    assert "FedProx" not in screen.screen.stage._words.value
    screen.set(local_epochs=2)
    screen.settle()
    assert screen.session.states["compare"].job is None
    screen.reveal()
    screen.settle()
    assert compared(screen).runs == (6, 6)


# --- what goes wrong ----------------------------------------------------------------------------


def test_a_method_that_costs_too_much_says_why(screen, monkeypatch):
    check = screen.session.check

    def strict(exp):
        if exp.algorithm == "scaffold":
            raise ValueError("SCAFFOLD is too dear")
        check(exp)

    monkeypatch.setattr(screen.session, "check", strict)
    screen.screen.rows["compare"].toggles["SCAFFOLD"].value = True
    screen.settle()
    assert compared(screen).why("SCAFFOLD") == "SCAFFOLD is too dear"
    assert "too dear" in screen.screen.rows["compare"].toggles["SCAFFOLD"].tooltip
    place = compared(screen).names.index("SCAFFOLD")
    with pytest.raises(ValueError, match="SCAFFOLD is too dear"):
        screen.event_loop.do("take_method", place)
    assert screen.experiment.algorithm == "fedavg"


def test_an_algorithm_that_raises_in_the_middle_leaves_the_others(screen, own):
    @dataclass(frozen=True)
    class Breaks(fp.Algorithm):
        """Works for a while."""

        def correct(self, w0, own, server, c):
            if c.round == 2:
                raise RuntimeError("not in round 2")
            return fp.Correction()

    own(Breaks, "breaks")
    assert "breaks" in offered()
    screen.event_loop.do("method", "breaks", True)
    screen.settle()
    assert compared(screen).why("breaks") == "not in round 2"
    assert compared(screen).runs == (6, 6)
    assert "not in round 2" in screen.screen.rows["compare"].toggles["breaks"].tooltip
    assert screen.errors == {}

    @dataclass(frozen=True)
    class Mended(fp.Algorithm):
        """Works."""

    own(Mended, "breaks")
    screen.event_loop.do("follow", None)
    screen.settle()
    assert compared(screen).why("breaks") == ""
    assert compared(screen).runs == (9, 9)


@pytest.mark.parametrize(
    ("action", "arguments", "words"),
    [
        ("method", ("FedAgv", True), "method='FedAgv': must be one of"),
        ("seeds", (4,), r"seeds=4: must be one of \(3, 5, 10\)"),
        ("seeds", (0,), "seeds=0: must be"),
        ("target", (float("nan"),), "target=nan: must be a number"),
        ("target", ("0.9",), "target='0.9': must be a number"),
    ],
)
def test_bad_input_is_named(screen, action, arguments, words):
    with pytest.raises(ValueError, match=words):
        screen.event_loop.do(action, *arguments)
    assert screen.session.states["compare"].chosen == FEW


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"methods": []}, r"methods=\[\]: must be a list that names at least one"),
        ({"methods": "FedAvg"}, "methods='FedAvg': must be a list"),
        ({"methods": ["FedAvg", 7]}, "method=7: must be one of"),
        ({"methods": ["FedYogi"], "seeds": 0}, "seeds=0: must be one of"),
        ({"seeds": True}, "seeds=True: must be one of"),
        ({"methods": ["FedYogi"], "target": 2}, "target=2: must be a number above 0 and up to 1"),
    ],
)
def test_a_script_is_told_what_is_wrong(screen, options, words):
    with pytest.raises(ValueError, match=words):
        screen.compare(**options)
    assert screen.session.states["compare"].chosen == FEW


def test_a_script_compares(tiny):
    made = fp.Playground(tiny)
    made.settle()
    made.compare(["fedavg", "SCAFFOLD"], seeds=3, target=0.7)
    made.settle()
    assert made.session.drawn == "compare"
    assert compared(made).runs == (6, 6)
    made.compare(["SCAFFOLD"])
    made.settle()
    assert made.session.states["compare"].chosen == ComparisonChoice(("SCAFFOLD",), 3, 0.7)
    bare = fp.Playground(tiny, views=["curves", "federation"])
    with pytest.raises(ValueError, match="view='compare': must be one of"):
        bare.compare()


def test_no_method_at_all_is_the_one_in_force(screen):
    for name in FEW.methods:
        screen.event_loop.do("method", name, False)
    screen.settle()
    assert list(compared(screen).comparison.curves) == ["FedAvg"]
    assert "Each with the same 3 seeds" in caption(screen)
    screen.screen.board.frame()


# --- kept, and without a page's module ----------------------------------------------------------


def test_the_page_gives_the_choice_back(screen, tiny):
    screen.event_loop.do("target", 0.8)
    kept = json.dumps(screen.session.memory())
    again = fp.Playground(tiny)
    again._remembered(kept)
    again.settle()
    assert (
        again.session.states["compare"].chosen
        == screen.session.states["compare"].chosen
        == FEW.aimed(0.8)
    )
    assert again.session.drawn == "compare"
    assert compared(again).runs == (6, 6)


@pytest.mark.parametrize(
    "kept",
    [
        None,
        [],
        "FedAvg",
        {"methods": "FedAvg", "seeds": "5", "target": "0.9"},
        {"methods": [7, None, {}, "<b>"], "seeds": 10_000_000, "target": 2.0},
        {"methods": {"FedAvg": 1}, "seeds": True, "target": float("nan")},
        {"seeds": 5.0, "target": True},
        {"target": -0.5, "more": 1},
    ],
)
def test_a_page_that_lies_changes_nothing(kept):
    assert ComparisonChoice().taken_up(kept) == ComparisonChoice()
    assert ComparisonChoice().methods == USUAL


def test_what_fits_of_a_pages_memory_is_taken_up():
    kept = {"methods": ["FedYogi", "FedAvg", "nonsense", "FedAvg"], "seeds": 10, "target": 0.9}
    assert ComparisonChoice().taken_up(kept) == ComparisonChoice(("FedAvg", "FedYogi"), 10, 0.9)
    assert ComparisonChoice().taken_up(ComparisonChoice((), 3, None).kept()) == ComparisonChoice(
        (), 3, None
    )


def test_the_core_screen_compares_too(tiny):
    made = fp.Playground(tiny, core=True)
    made.settle()
    made.screen.view_tabs._made["compare"].click()
    made.settle()
    made.screen.rows["compare"].seeds.value = 3
    for name in ("SCAFFOLD", "FedAdam"):
        made.screen.rows["compare"].toggles[name].value = False
    made.settle()
    assert compared(made).runs == (6, 6)
    made.screen.rows["compare"].above.index = 1
    made.settle()
    assert made.experiment.algorithm == "fedprox"


def test_with_a_loop_it_comes_to_rest(tiny):
    async def play():
        made = fp.Playground(tiny)
        made.session.states["compare"].chosen = FEW
        made.view("compare")
        await made.idle()
        found = compared(made).runs, made.event_loop.drawn == made.player.changes
        made.close()
        return found

    assert asyncio.run(play()) == ((6, 6), True)


def test_data_without_an_accuracy_have_no_comparison():
    exp = fp.Experiment(data="quadratics", partition="natural", model="quadratic", clients=3)
    made = fp.Playground(exp)
    made.settle()
    assert "compare" not in made.session.tabs()
    assert made.session.states["compare"].job is None
