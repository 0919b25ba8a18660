"""The Playground without a page: what it shows is what the engine computes, whatever one does."""

from __future__ import annotations

import asyncio
import base64
import datetime
import math
from dataclasses import dataclass

import numpy as np
import pytest
from ipywidgets.widgets.widget import _instances

import fedplay as fp
from fedplay import registry
from fedplay.experiment import knobs
from fedplay.playground.panel import plan
from fedplay.runs.cache import Cache
from fedplay.runs.recording import Recording
from fedplay.scales import shown, stops
from fedplay.session.player import GROWING, PATIENCE, Player
from fedplay.session.store import Store
from fedplay.stages import Algorithm, Correction, Layer
from fedplay.views.registered import check_views
from fedplay.words import size
from tests.support.screens import TINY, assert_drawn, assert_prefix, same, unfolded


@pytest.fixture
def tiny():
    return fp.Experiment(**TINY)


# --- without a loop -----------------------------------------------------------------------------


@pytest.mark.parametrize("view", [None, *check_views(None)])
def test_a_first_run_makes_no_widget(tiny, view):
    """A page connects meanwhile, and may hear of half of it only."""
    screen = fp.Playground(tiny, views=view and [view])
    made = set(_instances)
    screen.settle()
    assert set(_instances) == made
    screen.close()


def test_a_script_has_no_loop_and_settles_at_once(tiny):
    screen = fp.Playground(tiny)
    assert screen.shown is not None, "the first picture is there when the cell is done"
    screen.set(alpha=5.0)
    screen.settle()
    whole = fp.run(screen.experiment)
    assert_prefix(screen.shown, whole)
    assert_drawn(screen)
    assert same(screen.shown.local_accuracy, whole.local_accuracy)
    screen.curve("personal")
    screen.settle()
    assert screen.screen.board.views["curves"].strokes.personal.get_xdata().tolist() == [0, 1, 2, 3]


def test_the_notebook_keeps_the_picture(tiny):
    screen = fp.Playground(tiny, core=True)
    bundle = screen._repr_mimebundle_()
    assert "application/vnd.jupyter.widget-view+json" in bundle
    assert base64.b64decode(bundle["image/png"]).startswith(b"\x89PNG")
    assert repr(tiny) in bundle["text/plain"]


def test_play_step_reset_and_scrub(tiny):
    screen = fp.Playground(tiny)
    player = screen.player
    screen.speed(math.inf)
    screen.reset()
    screen.settle()
    assert (player.mode, player.revealed, len(screen.shown.accuracy)) == ("stand", 0, 1)
    screen.step()
    screen.settle()
    assert player.revealed == 1
    assert len(screen.screen.board.views["curves"].strokes.glob.get_xdata()) == 2
    screen.play()
    screen.settle()
    assert (player.mode, player.revealed) == ("whole", 3)
    screen.scrub(2)
    screen.settle()
    assert (player.cursor, player.revealed) == (2, 3), "a whole run stays whole"
    assert screen.screen.transport.scrub.value == 2
    assert "Round 2 of 3" in screen.screen.headline.sentence.value
    screen.step()
    assert player.revealed == 3
    screen.step()
    assert player.revealed == 1, "after the end it starts over"
    with pytest.raises(ValueError, match="speed=0"):
        screen.speed(0)


def test_a_bad_value_changes_nothing_in_the_picture(tiny):
    screen = fp.Playground(tiny)
    screen.scrub(2)
    screen.reset()
    screen.step()
    screen.settle()
    picture = screen.screen.board.frame().copy()
    screen.set(alpha=-1)
    screen.settle()
    assert (screen.player.mode, screen.player.revealed) == ("stand", 1)
    assert np.array_equal(screen.screen.board.frame(), picture)


def test_pause_answers_within_a_round_and_computes_nothing_more(tiny):
    player = Player()
    player.want(tiny)
    player.pace(math.inf)
    player.play()
    while player.cursor < 1:
        player.work(0)
    player.pause()
    known = player.recording.n
    assert player.work(1) is None
    assert (player.recording.n, player.revealed) == (known, 1)
    assert not player.recording.complete


def test_an_obsolete_run_is_given_up_at_the_next_round(tiny):
    player = Player()
    player.want(tiny)
    player.work(0)
    first = player.recording
    player.want(tiny.replace(alpha=1.0))
    player.work(10)
    assert first.n == 1
    assert player.shown.exp.alpha == 1.0


def test_a_shorter_run_that_waits_is_not_stood_beyond_its_end():
    """The one in force is nearly done, so the next one waits; then somebody scrubs."""
    now = [0.0]
    player = Player(clock=lambda: now[0])
    long, short = fp.Experiment(**TINY | {"rounds": 30}), fp.Experiment(**TINY | {"rounds": 4})
    player.want(long)
    while player.recording.n < 12:
        player.work(0.0)
    now[0] += 10.0
    player.recording.seconds = 1e-6  # the rest takes no time
    player.want(short)
    assert player.recording.exp == long, "it is finished first"
    player.scrub(10)
    while player.work(1.0) is not None:
        pass
    assert player.recording.exp == short
    assert player.revealed == player.cursor <= 4


def test_a_run_that_is_computed_on_while_it_is_shown_shows_no_more_than_before(tiny):
    """One stands at a round that is not known yet, pins the run and turns to another experiment."""
    player = Player()
    player.want(tiny)
    player.scrub(2)
    player.work(0)
    rec = player.recording
    player.pinned = [rec]
    player.want(tiny.replace(alpha=1.0))
    assert (player.shown, rec.n, player.cursor) == (rec, 1, 2)
    while rec.n < 3:
        rec.advance()  # as what is pinned is computed for those who compare with it
    assert player.at == player.revealed == 0
    assert len(player.series().accuracy) == 1


def test_a_quick_hand_sees_pictures_meanwhile(tiny):
    """Where events come faster than a run takes, one that is almost done is finished first."""
    now = [0.0]
    player = Player(clock=lambda: now[0])
    player.want(tiny)
    player.work(0)
    now[0] += 1.0
    player.want(tiny.replace(alpha=1.0))
    player.want(tiny.replace(alpha=2.0))
    while player.shown is None:
        player.work(0)
    assert player.shown.exp == tiny
    player.work(10)
    while player.work(10) is not None:
        pass
    assert player.shown.exp.alpha == 2.0, "and the last one wins"


@pytest.mark.parametrize("rounds", [20, 100])
def test_a_long_run_is_shown_while_it_grows_but_not_just_before_its_end(tiny, rounds, monkeypatch):
    now, took = [0.0], 0.008  # s that each round takes
    advance = Recording.advance

    def slow(recording, ahead=False):
        now[0] += took
        advance(recording, ahead)

    monkeypatch.setattr(Recording, "advance", slow)
    player = Player(clock=lambda: now[0])
    player.want(tiny.replace(rounds=rounds))
    seen = set()
    while not (player.shown and player.shown.complete):
        player.work(0)
        assert player.shown in (None, player.recording)
        seen.add(player.revealed if player.shown else None)
    grown = seen - {None, rounds}
    first = math.floor(GROWING / took)  # the first round that is known after so long
    assert grown == set(range(first, rounds - math.floor(PATIENCE / took)))


def test_dragging_back_is_free(tiny, monkeypatch):
    player = Player()
    for alpha in (0.1, 1.0):
        player.want(tiny.replace(alpha=alpha))
        while player.work(10) is not None:
            pass
    old = player.shown
    monkeypatch.setattr("fedplay.runs.recording.stream", None)  # it would have to compute
    player.want(tiny.replace(alpha=0.1))
    assert player.shown.exp.alpha == 0.1
    assert player.work(10) is None
    player.want(old.exp)
    assert player.shown is old
    assert player.late().fresh


def test_late_results_are_grey_until_they_are_new(tiny):
    player = Player()
    player.want(tiny)
    while player.work(10) is not None:
        pass
    player.want(tiny.replace(alpha=1.0))
    while not player.recording.complete:
        player.work(0)
    assert player.shown is player.recording
    assert not player.late().fresh
    while player.work(10) is not None:
        pass
    assert player.late().fresh


def test_the_cache_is_bounded_in_bytes():
    class Value:
        nbytes = 10

    cache: Cache = Cache(35)
    values = [Value() for _ in range(5)]
    for i, value in enumerate(values):
        cache.put(i, value)
        cache.get(0)
    assert [cache.get(i) for i in range(5)] == [values[0], None, None, values[3], values[4]]
    assert cache.nbytes <= 35


def test_a_recording_that_rests_holds_no_buffers(tiny):
    player = Player()
    player.want(tiny)
    while player.work(10) is not None:
        pass
    recording = player.shown
    recording.rest()
    assert recording.history._run is None
    assert recording._run is None
    assert recording.nbytes < 30_000
    assert same(recording.until(3).local_accuracy, fp.run(tiny).local_accuracy)


# --- what goes wrong ----------------------------------------------------------------------------


def test_a_refused_value_is_tried_again_with_the_next():
    store = Store()
    heard = []
    store.observe(heard.append)
    assert not store.set(partition="natural")
    assert "clients of their own" in store.errors["partition"]
    assert store.experiment == fp.Experiment()
    assert store.value("partition") == "natural"
    assert store.set(data="writers")
    assert store.errors == {}
    assert store.experiment == fp.Experiment(data="writers", partition="natural")
    assert heard[-1] >= {"data", "partition"}


def test_one_bad_value_does_not_block_the_others():
    store = Store()
    store.set(alpha=-1)
    assert store.set(clients=20)
    assert store.experiment == fp.Experiment(clients=20)
    assert set(store.errors) == {"alpha"}
    assert not store.set(clients=10**6, rounds=7), "together or not at all"
    assert store.experiment == fp.Experiment(clients=20)
    assert set(store.errors) == {"alpha", "clients"}
    assert store.set(alpha=0.1, clients=5)
    assert store.errors == {}


def test_a_name_that_no_experiment_knows_raises():
    with pytest.raises(ValueError, match="did you mean 'alpha'"):
        Store().set(alpa=1.0)


def test_what_costs_too_much_is_refused_before_it_begins():
    screen = fp.Playground(fp.Experiment(**TINY))
    screen.set(rounds=100_000, local_epochs=1000)
    assert "would take about" in screen.errors["rounds"]
    assert screen.experiment.rounds == 3


@dataclass(frozen=True)
class Pulled(Algorithm):
    strength: float = fp.knob(
        0.5, 0.0, 4.0, symbol="s", label="<b>Pull", slider=(0, 2), help="How hard it pulls."
    )

    def correct(self, w0, own, server, c):
        if self.strength > 1.5:
            raise RuntimeError("pulled <too> hard")
        return Correction(pull=self.strength, anchor=w0)


@pytest.fixture
def pulled(monkeypatch):
    monkeypatch.setitem(registry.SLOTS, "algorithm", dict(registry.SLOTS["algorithm"]))
    return fp.register(Pulled, "pulled")


def test_the_knob_of_a_users_algorithm_is_a_slider(tiny, pulled):
    screen = fp.Playground(tiny)
    assert "strength" not in screen.screen.panel.shown
    screen.set(algorithm="pulled")
    assert {"algorithm", "strength"} <= screen.screen.panel.shown
    control = unfolded(screen)["strength"]
    assert control.button.description == "<b>Pull s", "a button shows text, never HTML"
    assert control.field.tooltip == "How hard it pulls."
    control.field.index = control.stops.index(1.0)
    screen.settle()
    assert screen.experiment.strength == 1.0
    assert_prefix(screen.shown, fp.run(screen.experiment))


def test_a_run_that_breaks_off_says_why_and_the_picture_stays(tiny, pulled):
    screen = fp.Playground(tiny.replace(algorithm="pulled"))
    screen.settle()
    good = screen.experiment
    screen.set(strength=2.0)
    screen.settle()
    assert screen.errors == {"strength": "RuntimeError: pulled <too> hard"}
    assert "pulled &lt;too&gt; hard" in unfolded(screen)["strength"]._parts["error"].value
    assert screen.experiment == good
    assert_drawn(screen)
    screen.set(alpha=1.0)
    screen.settle()
    assert set(screen.errors) == {"strength"}, "it is not tried again with every other change"
    assert screen.shown.experiment == good.replace(alpha=1.0)
    screen.set(strength=1.0)
    screen.settle()
    assert screen.errors == {}
    assert screen.shown.experiment.strength == 1.0


def test_an_experiment_that_cannot_begin_raises_at_once(tiny, pulled):
    with pytest.raises(RuntimeError, match="too"):
        fp.Playground(tiny.replace(algorithm="pulled", strength=2.0))
    with pytest.raises(ValueError, match="Federation"):
        fp.Playground(fp.Experiment(data="arrays"))


def test_divergence_is_shown_as_divergence():
    exp = fp.Experiment(**TINY | {"rounds": 12, "model": "mlp", "learning_rate": 1000.0})
    screen = fp.Playground(exp)
    screen.settle()
    history = fp.run(exp)
    assert screen.shown.diverged == history.diverged is not None
    curves = screen.screen.board.views["curves"]
    assert curves.named["glob"].words == f"diverged in round {history.diverged}"
    assert len(curves.strokes.cross.get_xdata()) == 1
    assert f"Diverged in round {history.diverged}" in screen.screen.headline.sentence.value
    assert "it diverged" in screen.screen.stage._words.value


# --- data of one's own --------------------------------------------------------------------------


def uploaded(name, content):
    return [
        {
            "name": name,
            "content": memoryview(content),
            "type": "text/csv",
            "size": len(content),
            "last_modified": datetime.datetime(2024, 1, 1),
        }
    ]


def uploads(screen):
    """The button that takes a file of one's own."""
    unfolded(screen)
    return screen.screen.panel.upload


def test_a_csv_file_is_uploaded(tiny):
    screen = fp.Playground(tiny)
    rows = "".join(f"{'<b>' if i % 2 else '$x$'},{i % 7},{i}\n" for i in range(60))
    uploads(screen).value = uploaded("my <file>.csv", f"label,a,b\n{rows}".encode())
    screen.settle()
    assert screen.experiment.data.startswith("csv:my_file_.csv:")
    assert unfolded(screen)["data"].field.label == "my_file_.csv"
    words = [text.get_text() for text in screen.screen.board.views["federation"].names]
    assert {"$x$", "<b>"} <= set(words)
    assert not any(text.get_parse_math() for text in screen.screen.board.views["federation"].names)
    uploads(screen).value = uploaded("bad.csv", b"a,b\n1,2\n")
    screen.settle()
    assert "needs a column named label" in unfolded(screen)["data"]._parts["error"].value
    assert screen.experiment.data.startswith("csv:my_file_.csv:"), "the last good one stays"
    screen.set(data="circles")
    assert unfolded(screen)["data"]._parts["error"].value == ""


def test_a_federation_of_ones_own():
    rng = np.random.default_rng(0)
    X, y = rng.normal(size=(90, 3)), rng.integers(0, 3, 90)
    fed = fp.Federation.from_arrays(X, y, np.arange(90) % 3)
    screen = fp.Playground(fp.Experiment(rounds=3), federation=fed)
    assert not {"alpha", "clients", "data", "partition", "data_seed"} & screen.screen.panel.shown
    screen.set(learning_rate=0.3)
    screen.settle()
    assert_prefix(screen.shown, fp.run(screen.experiment, fed))
    assert screen.experiment.clients == 3


@pytest.mark.parametrize("clients", [61, 1200])
def test_large_federations_are_a_band_and_fifty_bars(clients):
    exp = fp.Experiment(
        partition="resampled", clients=clients, participation=0.02, rounds=3, local_epochs=1
    )
    screen = fp.Playground(exp)
    screen.settle()
    board = screen.screen.board
    assert len(board.views["curves"].strokes.clients.get_segments()) == 0
    assert len(board.views["curves"].strokes.wide.get_paths()) == 1
    stacks = board.views["federation"].bars.get_paths()  # a class each, five points a bar
    assert [len(path.vertices) for path in stacks] == [50 * 5] * 10
    assert f"50 of the {clients:,} clients" in board.views["federation"].heading.get_text()


# --- the controls -------------------------------------------------------------------------------


def test_every_default_knob_has_a_place_and_its_help(tiny):
    screen = fp.Playground(fp.Experiment(model="mlp", noise_multiplier=1.0, stragglers=0.5))
    active = set(screen.experiment.active_knobs()) - {"dtype"}
    assert active <= screen.screen.panel.shown
    for name in active:
        control = unfolded(screen)[name]
        assert knobs()[name].help in control.field.tooltip
        assert control.button.description


def test_inactive_controls_are_hidden():
    names = lambda exp: {n for group in plan(exp).values() for n in group}  # noqa: E731
    assert "alpha" in names(fp.Experiment())
    assert "alpha" not in names(fp.Experiment(partition="iid"))
    assert "shards" in names(fp.Experiment(partition="shards"))
    assert "hidden" not in names(fp.Experiment())
    assert "delta" not in names(fp.Experiment())


def test_up_on_the_skew_slider_is_more_skew(tiny):
    screen = fp.Playground(tiny)
    control = unfolded(screen)["alpha"]
    assert control.stops == sorted(control.stops, reverse=True)
    assert control.field.label == "α 0.3"
    control.field.index += 1
    assert screen.experiment.alpha < 0.3
    assert "measured skew <b>" in control._parts["note"].value


def test_a_value_between_the_stops_is_shown_too(tiny):
    screen = fp.Playground(tiny)
    control = unfolded(screen)["learning_rate"]
    screen.set(learning_rate=-1)
    assert control.field.label == "0.5"
    assert -1 not in control.stops
    screen.set(learning_rate=0.1234567)
    assert control.field.label == "0.123"
    screen.set(learning_rate=0.1234568)
    assert control.stops[control.field.index] == 0.1234568
    assert len(set(control.field.options)) == len(control.field.options)
    screen.set(batch_size=None)
    assert unfolded(screen)["batch_size"].field.label == "∞"


def test_hidden_sizes_are_typed_and_nonsense_is_explained(tiny):
    screen = fp.Playground(tiny.replace(model="mlp"))
    field = unfolded(screen)["hidden"].field
    assert field.value == "64"
    field.value = "8, 4"
    assert screen.experiment.hidden == (8, 4)
    field.value = "eight"
    assert "up to 8 whole numbers" in screen.errors["hidden"]
    assert field.value == "eight", "what was typed is not lost"
    assert screen.experiment.hidden == (8, 4)


def test_the_channel_is_chosen_like_any_slot(tiny):
    screen = fp.Playground(tiny.replace(clip=0.05))
    control = unfolded(screen)["channel"]
    assert control.button.description == "Channel"
    assert "auto: clipping and noise" in control.field.tooltip
    assert control.field.options == ("auto", "none")
    assert control.field.label == "auto"
    control.field.index = 1
    screen.settle()
    assert screen.experiment == tiny.replace(clip=0.05, channel=())
    assert_prefix(screen.shown, fp.run(tiny))
    assert "clip" not in screen.screen.panel.shown, "nothing reads it now"
    control.field.index = 0
    screen.settle()
    assert screen.experiment == tiny.replace(clip=0.05), "and it was kept"
    assert_prefix(screen.shown, fp.run(screen.experiment))


@dataclass(frozen=True)
class Loud(Layer):
    """Changes nothing, but there it is."""


def test_several_layers_and_one_that_nobody_registered_are_shown_and_not_lost(tiny):
    screen = fp.Playground(tiny.replace(channel=("dp", Loud())))
    control = unfolded(screen)["channel"]
    assert control.field.label == "dp + Loud"
    control.field.index = 1
    assert screen.experiment.channel == ()
    assert control.field.options == ("auto", "none", "dp + Loud")
    control.field.index = 2
    assert screen.experiment.channel == ("dp", Loud())
    screen.set(channel=["dp"])
    assert control.field.label == "auto"


def test_a_channel_that_cannot_be_is_refused_beside_its_control(tiny):
    """Without noise the schedule could be any."""
    screen = fp.Playground(tiny.replace(channel=(), noise_multiplier=1.0, schedule="uniform"))
    control = unfolded(screen)["channel"]
    control.field.index = 0
    assert "needs schedule='poisson' here" in screen.errors["channel"]
    assert "needs schedule" in control._parts["error"].value
    assert screen.experiment.channel == ()
    screen.set(schedule="auto")
    assert screen.errors == {}, "it was tried again"
    assert screen.experiment.channel == ("dp",)
    for wrong, words in (
        (("dp", "nothing"), "channel='nothing': must be one of dp"),
        (["dp"] * 2, "channel: 'dp' is there twice"),
        (("dp",) * 21, "must be a list of up to 20"),
        ((["dp"],), "must be one of dp"),
        (7, "channel=7: must be a list of up to 20"),
    ):
        screen.set(channel=wrong)
        assert words in screen.errors["channel"]
        assert control._parts["error"].value
        assert screen.experiment.channel == ("dp",)
    screen.set(channel="auto")
    assert screen.errors == {}


def test_each_seed_has_its_dice(tiny):
    screen = fp.Playground(tiny)
    for name in ("seed", "data_seed"):
        before = getattr(screen.experiment, name)
        rolled = set()
        for _ in range(3):
            unfolded(screen)[name].dice.click()
            rolled.add(getattr(screen.experiment, name))
        assert rolled != {before}
        assert unfolded(screen)[name].field.value == getattr(screen.experiment, name)


def test_the_page_is_left_alone_while_it_drags(tiny):
    """What a slider has just said is not said back: it may have moved on."""

    async def drag():
        screen = fp.Playground(tiny)
        control = unfolded(screen)["alpha"]
        said = []
        control.show = said.append
        screen.event_loop.post("alpha", 1.0)
        await screen.idle()
        assert screen.experiment.alpha == 1.0
        assert said == []
        screen.set(alpha=2.0)
        assert said == [2.0]
        await screen.idle()

    asyncio.run(drag())


@pytest.mark.parametrize("knob", knobs().values(), ids=lambda knob: knob.name)
def test_every_slider_stops_at_tidy_numbers_of_its_range(knob):
    if knob.kind not in ("int", "float") or "seed" in knob.name:
        return
    values = stops(knob)
    numbers = [v for v in values if v is not None]
    assert numbers == sorted(set(numbers))
    assert knob.default in values
    assert 2 <= len(values) <= 80
    assert all(knob.check(v) == v for v in values)
    labels = [shown(knob, v) for v in values]
    assert len(set(labels)) == len(labels)
    assert all(len(label) <= 8 for label in labels)


def test_numbers_for_people():
    assert [size(n) for n in (0, 999, 1000, 999_950, 5e12)] == [
        "0 B", "999 B", "1 kB", "1 MB", "5 TB",
    ]  # fmt: skip
