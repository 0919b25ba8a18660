"""What one does with whole runs: sweep, pin, go back, guess, share, and come back to them."""

from __future__ import annotations

import asyncio
import json
from dataclasses import dataclass

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import fedplay as fp
from fedplay import registry
from fedplay.labs import step_of
from fedplay.playground.pins_and_history import MOST, RunHistoryList
from fedplay.playground.share import pasted
from fedplay.registry import SLOTS
from fedplay.scales import spread
from fedplay.session.run_history import (
    CHARACTERS,
    LENGTH,
    QUICK,
    RunHistory,
    change_in_words,
    short_change,
)
from fedplay.slots import TABLE
from tests.support.screens import TINY, same, unfolded


@pytest.fixture
def tiny():
    return fp.Experiment(**TINY)


def settled(*arguments, **options):
    found = fp.Playground(*arguments, **options)
    found.settle()
    return found


# --- what a teacher offers ----------------------------------------------------------------------


def test_a_teacher_shows_one_idea(tiny):
    only = settled(tiny, controls=["local_epochs", "alpha"], views=["inside"])
    assert only.screen.panel.shown == {"alpha", "local_epochs"}
    assert list(only.screen.board.views) == ["inside"]
    assert only.screen.view_tabs.tabs.layout.display == "none", "one view needs no tabs"
    assert only.session.drawn == "inside"
    bare = settled(tiny, controls=[], views=["curves"])
    assert bare.screen.panel.shown == frozenset()
    assert list(bare.screen.board.views) == ["curves"]
    assert bare.screen.column.front not in bare.screen.column.widget.children


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"controls": ["alhpa"]}, "'alhpa' is neither a knob nor a slot; did you mean 'alpha'"),
        ({"controls": "alpha"}, "controls='alpha': must be a list"),
        ({"views": ["curve"]}, "views: 'curve' is none of"),
        ({"views": []}, r"views=\[\]: must be a list"),
        ({"views": "curves"}, "views='curves': must be a list"),
        ({"views": ["sweep"]}, "views: 'sweep' is none of"),
    ],
)
def test_what_cannot_be_offered_is_said(tiny, options, words):
    with pytest.raises(ValueError, match=words):
        fp.Playground(tiny, **options)


def test_every_view_opens_where_it_has_something_to_show(tiny):
    screen = settled(tiny)
    assert screen.session.tabs() == [
        "federation", "clients", "client_table", "confusion", "inside", "drift", "boundary",
        "models", "privacy", "mine", "compare",
    ]  # fmt: skip
    for name in screen.session.tabs():
        screen.view(name)
        screen.settle()
        assert list(screen.screen.board.views) == ["curves", name]
        said = screen.screen.view_tabs.caption.value
        assert "<b>" in said, said
    screen.view("boundary")
    with pytest.raises(ValueError, match="view='pictures': must be one of"):
        screen.view("pictures")
    screen.set(data="digits")
    screen.settle()
    assert screen.session.drawn == "federation", "digits have no plane"
    assert "pictures" in screen.session.tabs()


def test_a_followed_client_is_followed_everywhere(tiny):
    screen = settled(tiny)
    screen.follow(2)
    for name in ("federation", "inside", "boundary"):
        screen.view(name)
        screen.settle()
        assert screen.session.scene().client == 2
        assert "client 2" in screen.screen.headline.sentence.value
    assert "client 2" in screen.screen.view_tabs.caption.value, "the close-up is of that client"
    screen.set(clients=2)
    screen.settle()
    assert screen.session.client is None, "there is no such client any more"


# --- sweeps -------------------------------------------------------------------------------------


def test_a_sweep_runs_every_value_and_one_is_taken(tiny):
    screen = settled(tiny)
    screen.sweep("local_epochs")
    screen.settle()
    sweeping = screen.session.states["sweep"].job
    assert sweeping.complete
    assert len(sweeping.values) == 9
    for value, rec in zip(sweeping.values, sweeping.recordings, strict=True):
        assert same(rec.accuracy, fp.run(tiny.replace(local_epochs=value)).accuracy)
    assert screen.screen.rows["sweep"].values.index == 0
    screen.take(4)
    screen.settle()
    assert screen.experiment.local_epochs == sweeping.values[4]
    assert screen.session.states["sweep"].job is sweeping, "everything else is as it was"
    assert screen.screen.rows["sweep"].values.index == 4
    screen.set(alpha=1.0)
    screen.settle()
    assert screen.session.states["sweep"].job is not sweeping
    assert screen.session.states["sweep"].job.name == "local_epochs"
    assert all(rec.exp.alpha == 1.0 for rec in screen.session.states["sweep"].job.recordings)
    screen.sweep(None)
    screen.settle()
    assert screen.session.drawn == "federation"
    with pytest.raises(ValueError, match="index=0"):
        screen.take(0)


def test_every_control_on_the_screen_can_be_swept():
    exp = fp.Experiment(model="mlp", noise_multiplier=1.0, rounds=2)
    screen = settled(exp)
    for name in sorted(screen.screen.panel.shown):
        control = unfolded(screen)[name]
        values, shown = control.sweep(getattr(exp, name))
        assert len(values) >= 2, name
        assert len(values) <= 9 or name in TABLE, "names are all there, numbers are thinned"
        assert len(set(shown)) == len(values), name
        assert getattr(exp, name) in values, name
        control.button.click()
        assert screen.session.states["sweep"].job.name == name
        assert screen.session.states["sweep"].job.recordings, name


def test_values_that_cannot_be_run_are_told(tiny):
    screen = settled(tiny)
    screen.sweep("partition")
    screen.settle()
    assert "natural" not in screen.session.states["sweep"].job.shown
    assert "natural" in screen.screen.view_tabs.caption.value


def test_a_sweep_of_methods_has_them_all_and_brings_what_one_needs(tiny):
    tiny = tiny.replace(learning_rate=0.1)  # or the pull of pFedMe overshoots
    screen = settled(tiny)
    screen.sweep("algorithm")
    screen.settle()
    job = screen.session.states["sweep"].job
    assert job.shown == [*SLOTS["algorithm"]]
    assert job.refused == []
    needy = {name: along for name, along in zip(job.shown, job.brought, strict=True) if along}
    assert needy == {name: {"model": "mlp"} for name in ("fedper", "fedrep")}
    said = "<b>fedper</b> and <b>fedrep</b> run with model mlp, which they need."
    assert said in screen.screen.view_tabs.caption.value
    place = job.shown.index("fedper")
    alone = fp.run(tiny.replace(algorithm="fedper", model="mlp"))
    assert same(job.recordings[place].accuracy, alone.accuracy)
    screen.take(place)
    screen.settle()
    assert (screen.experiment.algorithm, screen.experiment.model) == ("fedper", "mlp")
    assert screen.session.states["sweep"].job is job, "everything else is as it was"


def test_a_sweep_of_data_leaves_none_out_without_a_word(tiny):
    screen = settled(tiny.replace(clients=3))
    screen.sweep("data")
    screen.settle()
    job = screen.session.states["sweep"].job
    not_run = {word: reason for words, reason in job.refused for word in words}
    assert {*job.shown, *not_run} == {*SLOTS["data"]} - {"arrays"}
    assert "cancer" in job.shown
    assert (
        not_run["quadratics"] == not_run["representation"] == "it has a loss, which is no accuracy"
    )


def test_the_channel_is_swept_pinned_undone_and_linked(tiny):
    clipped = tiny.replace(clip=0.05)
    screen = settled(clipped)
    screen.sweep("channel")
    screen.settle()
    sweeping = screen.session.states["sweep"].job
    assert (sweeping.values, sweeping.shown) == ([("dp",), ()], ["auto", "none"])
    for value, rec in zip(sweeping.values, sweeping.recordings, strict=True):
        assert same(rec.accuracy, fp.run(clipped.replace(channel=value)).accuracy)
    assert not same(*(rec.accuracy for rec in sweeping.recordings))
    screen.pin()
    screen.take(1)
    screen.settle()
    bare = screen.experiment
    assert bare == clipped.replace(channel=())
    ((_, text),) = screen.screen.pins._rows.values()
    assert 'title="with channel auto"' in text.value
    assert screen.session.run_history.entries[-1].changed == "channel auto → none"
    for written in (bare.to_token(), bare.to_json()):
        screen.undo()
        screen.settle()
        assert screen.experiment == clipped
        assert unfolded(screen)["channel"].field.label == "auto"
        screen.open(written)
        screen.settle()
        assert screen.experiment == bare
        assert unfolded(screen)["channel"].field.label == "none"
    screen.event_loop.act("take_pin", "A")
    assert screen.experiment == clipped


@given(st.lists(st.integers(), unique=True, min_size=1, max_size=60), st.data(), st.integers(3, 9))
@settings(max_examples=100, deadline=None)
def test_a_spread_keeps_the_ends_and_the_value_in_force(values, data, most):
    kept = data.draw(st.sampled_from(values))
    found = spread(values, kept, most)
    assert len(found) == len(set(found)) == min(most, len(values))
    assert {values[0], values[-1], kept} <= set(found)
    assert found == [v for v in values if v in found]


# --- pins, the run history, a guess ----------------------------------------------------------


def test_pinned_runs_are_ghosts_and_are_compared(tiny):
    screen = settled(tiny)
    screen.pin()
    screen.pin()
    assert len(screen.session.pins) == 1, "once is enough"
    screen.set(local_epochs=5)
    screen.settle()
    whole = fp.run(tiny)
    (ghost,) = screen.session.scene().ghosts
    assert same(ghost.accuracy, whole.accuracy)
    assert same(ghost.bytes_sent, whole.bytes_up + whole.bytes_down)
    ((_, text),) = screen.screen.pins._rows.values()
    now = screen.shown.accuracy[-1]
    assert 'title="with Local epochs 1"' in text.value
    assert f": <b>{whole.accuracy[-1]:.3f}</b>".replace("0.", ".") in text.value
    assert f"(now {now - whole.accuracy[-1]:+.3f})" in text.value
    screen.event_loop.act("take_pin", "A")
    assert screen.experiment == tiny
    for seed in range(1, 8):
        screen.set(seed=seed)
        screen.pin()
    assert [pin.letter for pin in screen.session.pins] == list("DEABC")
    screen.unpin("A")
    screen.settle()
    assert len(screen.screen.pins.widget.children) == 4


@pytest.mark.parametrize("seen", [True, False])
def test_undo_leads_back_whether_or_not_each_run_was_seen(tiny, seen):
    """A quick hand goes as far as a slow one."""
    screen = settled(tiny)
    asked = [tiny]
    for epochs in (2, 3, 4):
        screen.set(local_epochs=epochs)
        screen.settle()
        asked.append(screen.experiment)
    for exp in (*asked[2::-1], tiny):
        screen.undo()
        assert screen.experiment == exp
        if seen:
            screen.settle()
    screen.set(local_epochs=3)
    screen.undo()
    assert screen.experiment == tiny, "what was in force before, not the run before in a list"
    screen.redo()
    assert screen.experiment == asked[2]
    screen.redo()
    assert screen.experiment == asked[2], "the change has dropped what was undone"


def test_the_trail_leads_back(tiny):
    screen = settled(tiny)
    seen = [tiny]
    for choices in ({"local_epochs": 5}, {"alpha": 0.1}, {"partition": "iid"}):
        screen.set(**choices)
        screen.settle()
        seen.append(screen.experiment)
    assert [entry.exp for entry in screen.session.run_history.entries] == seen
    assert screen.session.run_history.entries[1].changed == "Local epochs 1 → 5"
    for exp in seen[-2::-1]:
        screen.undo()
        screen.settle()
        assert screen.experiment == exp
    assert screen.screen.bar.undo.disabled
    screen.undo()
    assert screen.experiment == tiny
    screen.restore(3)
    assert screen.experiment == seen[3]
    with pytest.raises(ValueError, match="place=9: the run history has 4 runs"):
        screen.restore(9)


def test_the_trail_keeps_twenty_and_only_the_end_of_a_drag():
    trail, row = RunHistory(), RunHistoryList(print)
    exp = fp.Experiment()
    for place in range(30):
        trail.note(exp.replace(seed=place), 0.5, place * 10.0)
    assert len(trail.entries) == LENGTH
    for alpha in (0.1, 0.2, 0.25):
        trail.note(exp.replace(seed=29, alpha=alpha), 0.5, 400 + alpha * QUICK)
    assert [entry.exp.alpha for entry in trail.entries[-2:]] == [0.3, 0.25]
    assert trail.entries[-1].changed == "α 0.3 → 0.25"
    assert trail.entries[-1].label == "α .3→.25: .500"
    row.show(trail)
    _title, *buttons = row.widget.children
    assert len(buttons) == MOST
    assert [made.button_style for made in buttons] == ["primary", *[""] * (MOST - 1)]
    assert buttons[0].description == "α .3→.25: .500"
    assert buttons[0].tooltip == "α .3→.25: .500. Run 20, on the screen: α 0.3 → 0.25"
    assert trail.note(trail.entries[2].exp, 0.5, 500.0)
    row.show(trail)
    assert [made.button_style for made in row.widget.children[1:]] == [
        *[""] * (MOST - 1),
        "primary",
    ]
    assert row.widget.children[-1].tooltip.startswith(trail.entries[2].label)


def test_runs_have_names_that_fit():
    lab = fp.Experiment(clients=50)
    trail = RunHistory({lab: "A lab whose name is far too long for it"}.get)
    for place, exp in enumerate(
        (lab, fp.Experiment(), fp.Experiment(algorithm="fedper", model="mlp"))
    ):
        trail.note(exp, 0.25, 10.0 * place)
    assert [entry.label for entry in trail.entries] == [
        "A lab whose name is far too…: .250",
        "N 50→10: .250",
        "softmax→mlp, fedavg→fedper: .250",
    ]
    assert trail.name_of(lab) == "A lab whose name is far too…"
    assert trail.name_of(fp.Experiment()) == "N 50→10"
    assert trail.name_of(fp.Experiment(rounds=9)) == "R 50→9"
    assert RunHistory().name_of(fp.Experiment()) == "the defaults"


@given(st.dictionaries(st.sampled_from(["clients", "rounds", "seed", "alpha", "mu"]), st.just(2)))
def test_a_short_change_names_every_choice_or_counts_it(choices):
    words = short_change(fp.Experiment(), fp.Experiment(**choices))
    more = int(words.rpartition("+")[2]) if "+" in words else 0
    assert words.count("→") + more == len(choices)
    assert len(words) <= CHARACTERS


def test_what_changed_is_said_in_words():
    a = fp.Experiment()
    b = a.replace(batch_size=None, partition="iid", clients=200, channel=[])
    words = change_in_words(a, b)
    assert "channel auto → none" in words
    assert "Clients 10 → 200" in words
    assert "partition dirichlet → iid" in words
    assert "Batch size 32 → ∞" in words


def test_nothing_is_revealed_before_the_guess(tiny):
    screen = settled(tiny)
    end = fp.run(tiny.replace(local_epochs=5)).accuracy[-1]
    screen.guess(0.7)
    screen.set(local_epochs=5)
    for name in screen.session.tabs():
        screen.view(name)
        screen.settle()
        texts = [
            w.value
            for w in (
                screen.screen.headline.sentence,
                screen.screen.headline.numbers,
                screen.screen.headline.cards,
                screen.screen.view_tabs.caption,
            )
        ]
        texts.append(screen.screen.stage._words.value)
        for text in texts:
            assert f"{end:.3f}" not in text
            assert f"{100 * end:.1f}" not in text
        scene = screen.session.scene()
        assert len(scene.rounds) == len(scene.series.accuracy) == 1
        assert scene.late is None
        assert scene.closeup is None
    assert len(screen.session.run_history.entries) == 1
    assert "csv" not in screen.screen.files()
    screen.reveal()
    screen.settle()
    assert "70 %" in screen.screen.headline.sentence.value
    assert len(screen.session.run_history.entries) == 2
    assert screen.session.scene().guess == 0.7


# --- taking it along ----------------------------------------------------------------------------


def test_what_is_shared_opens_again(tiny):
    screen = settled(tiny)
    share = screen.screen.share
    share.fold()
    for form in ("Link", "JSON"):
        share.form.value = form
        assert pasted(share.text.value) == tiny
        assert pasted(f" \ufeff{share.text.value}\n") == tiny
    share.form.value = "Python"
    space: dict = {}
    exec(share.text.value.replace("fp.run", "(lambda e: e)"), space)
    assert space["exp"] == tiny
    token = tiny.replace(seed=5).to_token()
    for text in (token, f" {token}\n", f"https://x.example/?a=1&fp={token}", f"http://x/#{token}"):
        screen.open(tiny)
        share.text.value = text
        share.open.click()
        assert screen.experiment.seed == 5, text
    share.text.value = "<img src=x onerror=alert(1)>"
    share.open.click()
    assert screen.experiment.seed == 5
    assert "<img" not in share.note.value
    assert "token" in share.note.value


def test_a_link_names_built_in_data_only(tiny):
    table = fp.load_csv(b"label,a\n" + b"x,1\ny,2\n" * 30, name="mine.csv")
    exp = fp.Experiment(data=table, clients=2, partition="iid")
    with pytest.raises(ValueError, match="a link carries the names of built-in data only"):
        exp.to_token()
    assert fp.Experiment.from_json(exp.to_json()) == exp
    screen = settled(exp)
    screen.screen.share.fold()
    assert screen.screen.share.text.value == ""
    assert "built-in data only" in screen.screen.share.note.value


def test_picture_and_data_are_saved(tiny, tmp_path):
    screen = settled(tiny)
    starts = {"png": b"\x89PNG", "svg": b"<?xml", "csv": b"round,accuracy"}
    for ending, start in starts.items():
        screen.save(tmp_path / f"x.{ending}")
        assert (tmp_path / f"x.{ending}").read_bytes().startswith(start)
    svg = (tmp_path / "x.svg").read_text(encoding="utf-8")
    assert svg.count("<path") > 20, "the curves are in it, not only the axes"
    with pytest.raises(ValueError, match="must end in one of"):
        screen.save(tmp_path / "x.pdf")
    screen.screen.share.save.click()
    assert screen.screen.share.note.value.count("<a download=") == 4
    picture = screen.screen.board.frame().copy()
    screen.settle()
    assert np.array_equal(picture, screen.screen.board.frame())


def test_the_page_gives_back_what_it_kept(tiny):
    screen = settled(tiny)
    screen.pin()
    screen.set(local_epochs=5, alpha=0.05)
    screen.view("inside")
    screen.axis("bytes")
    screen.follow(1)
    screen.settle()
    kept = json.dumps(screen.session.memory())
    again = settled(tiny)
    again._remembered(kept)
    again.settle()
    assert again.experiment == screen.experiment
    assert again.session.memory() == screen.session.memory()
    assert again.session.pins[0].accuracy == fp.run(tiny).accuracy[-1]
    assert again.session.drawn == "inside"


@pytest.mark.parametrize(
    "kept",
    [
        "",
        "[]",
        "{",
        '{"experiment": 7, "pins": "all", "view": [], "axis": {}, "client": "x"}',
        '{"experiment": {"alpha": -1}, "pins": [{"alpha": -1}, 3, null], "client": -5}',
        '{"experiment": {"data": "csv:x:0000000000000000"}, "view": "curves", "client": true}',
        '{"pins": [{"clients": 10000000, "partition": "resampled", "participation": 1.0}]}',
    ],
)
def test_a_page_that_lies_changes_nothing(tiny, kept):
    screen = settled(tiny)
    before = screen.session.memory()
    screen._remembered(kept)
    screen.settle()
    assert screen.session.memory() == before
    assert screen.errors == {}


def test_data_of_ones_own_have_no_labs():
    rng = np.random.default_rng(0)
    fed = fp.Federation.from_arrays(rng.normal(size=(60, 2)), ["a", "b"] * 30, [0, 1, 2] * 20)
    screen = settled(federation=fed)
    assert screen.screen.bar.lab not in screen.screen.bar.widget.children
    with pytest.raises(ValueError, match="the data of this screen are given"):
        screen.lab("drift")
    screen.sweep("local_epochs")
    screen.settle()
    assert screen.session.states["sweep"].job.complete
    screen.open(fp.Experiment(local_epochs=3))
    assert screen.experiment.local_epochs == 3
    assert screen.experiment.data == "arrays"


# --- without a page's module --------------------------------------------------------------------


def test_the_core_screen_can_do_everything_without_a_pointer(tiny):
    """Buttons, menus and sliders of ipywidgets alone: what a page without anywidget has."""
    screen = settled(tiny, core=True)
    parts = screen.screen
    assert (parts.stage._canvas, parts.page.widget) == (None, None)
    parts.view_tabs.who.index = 3
    screen.settle()
    assert screen.session.client == 2
    assert "client 2" in parts.headline.sentence.value
    parts.view_tabs._made["inside"].click()
    parts.rows["inside"].next.click()
    screen.settle()
    assert (screen.session.drawn, screen.player.stepper.phase) == ("inside", 1.0)
    parts.rows["inside"].phase.value = 50
    screen.settle()
    assert screen.player.stepper.phase == 2.5
    assert "Updates" in parts.view_tabs.caption.value
    parts.panel.controls["local_epochs"].button.click()
    screen.settle()
    parts.rows["sweep"].values.index = 2
    assert screen.experiment.local_epochs == screen.session.states["sweep"].job.values[2]
    parts.rows["sweep"].close.click()
    parts.bar.undo.click()
    screen.settle()
    assert screen.experiment == tiny
    parts.headline.axis.value = "bytes"
    assert screen.session.axis == "bytes"
    parts.bar.guess.click()
    parts.headline.guess.value = 0.9
    assert (screen.session.veiled, screen.session.guess) == (True, 0.9)
    parts.bar.guess.click()
    parts.bar.pin.click()
    parts.bar.share.click()
    screen.settle()
    assert parts.share.visible
    assert parts.share.text.value == tiny.to_token()
    parts.bar.lab.index = 1
    parts.story.after.click()
    assert screen.experiment == fp.LABS[0].steps[1].experiment
    parts.transport.play.click()
    screen.speed(float("inf"))
    screen.settle()
    assert screen.player.cursor == screen.experiment.rounds
    assert parts.stage.png.startswith(b"\x89PNG")


# --- what goes wrong ----------------------------------------------------------------------------


@dataclass(frozen=True)
class Breaks(fp.Algorithm):
    """Works until somebody is sampled in a late round."""

    late: int = fp.knob(2, 1, 100, label="Late", help="When it breaks.")

    def message(self, w0, wk, own, server, c):
        if c.round >= self.late:
            raise RuntimeError("boom")
        return wk - w0, own


def test_a_run_that_breaks_off_is_not_tried_for_ever(tiny):
    screen = settled(tiny)
    screen.set(algorithm=Breaks())
    screen.settle()
    assert "boom" in str(screen.errors)
    assert screen.experiment == tiny
    screen.player.want(tiny.replace(algorithm=Breaks()))
    assert screen.player.work(5) is None


def test_a_pin_that_breaks_off_leaves_the_rest_alone(tiny):
    screen = settled(tiny)
    screen.set(alpha=1.0)
    screen.session.pin(tiny.replace(algorithm=Breaks()))
    screen.settle()
    assert screen.experiment.alpha == 1.0
    assert screen.errors == {}
    ((_, text),) = screen.screen.pins._rows.values()
    assert text.value == "cannot be run: boom"


def test_no_name_means_no_link_and_says_so(tiny):
    screen = settled(tiny.replace(algorithm=Breaks(late=90)))
    screen.screen.share.fold()
    for form in ("Link", "Python", "JSON"):
        screen.screen.share.form.value = form
        assert screen.screen.share.text.value == ""
        assert "has no name to be written down" in screen.screen.share.note.value
    screen.set(algorithm=Breaks(late=80))
    screen.settle()
    assert "late=90" in screen.session.run_history.entries[-1].changed


@pytest.mark.parametrize("client", [-1, 4, 999, 1.5, True, "x"])
def test_only_a_client_that_is_there_is_followed(tiny, client):
    screen = settled(tiny)
    with pytest.raises(ValueError, match=r"client=.*must be a whole number from 0 to 3"):
        screen.follow(client)
    screen.follow(np.int64(2))
    screen.settle()
    assert screen.session.client == 2
    for wrong in (lambda: screen.guess(float("nan")), lambda: screen.inside(float("nan"))):
        with pytest.raises(ValueError, match="must be a number"):
            wrong()
    screen.settle()


def test_clients_of_a_sample_keep_their_names():
    exp = fp.Experiment(partition="resampled", clients=5000, participation=0.001, rounds=1)
    screen = settled(exp)
    scene = screen.session.scene()
    assert scene.panel[7] != 7
    assert scene.name(7) == f"client {scene.panel[7]}"
    screen.follow(7)
    screen.settle()
    assert f"client {scene.panel[7]}" in screen.screen.headline.sentence.value
    screen.view("pictures")
    screen.settle()
    assert f"client {scene.panel[7]}'s own" in screen.screen.view_tabs.caption.value


def test_a_hidden_answer_is_in_no_corner_of_the_screen(tiny):
    screen = settled(tiny)
    screen.guess(0.3)
    screen.set(local_epochs=5)
    screen.pin()
    screen.settle()
    end = f"{fp.run(tiny.replace(local_epochs=5)).accuracy[-1]:.3f}"
    ((_, text),) = screen.screen.pins._rows.values()
    assert end not in text.value
    assert screen.session.scene().ghosts == ()
    assert screen.screen.run_history.widget.layout.display == "none"
    screen.preset("Everyone alike")
    assert step_of("Everyone alike")[0].steps[1].see not in screen.screen.story.text.value
    kept = json.dumps(screen.session.memory())
    again = fp.Playground(tiny)
    again._remembered(kept)
    again.settle()
    assert (again.session.veiled, again.session.guess) == (True, 0.3)
    again.reveal()
    again.settle()
    assert "You guessed <b>30 %</b>" in again.screen.headline.sentence.value
    again.set(seed=9)
    again.settle()
    assert "You guessed" not in again.screen.headline.sentence.value


def test_a_resting_pointer_reads_what_is_there_now(tiny):
    screen = settled(tiny)
    screen.screen.stage.on_pointer("move", 400, 60)
    for choices in ({"alpha": 0.05}, {"rounds": 2}, {"clients": 2}):
        screen.set(**choices)
        screen.settle()
        hit = screen.screen.board.at(400, 60)
        assert screen.screen.pointer.tip.lines == hit.lines


def test_an_open_sweep_follows_but_does_not_take_the_tab_back(tiny):
    screen = settled(tiny)
    screen.sweep("local_epochs")
    screen.view("federation")
    screen.set(alpha=1.0)
    screen.settle()
    assert screen.session.drawn == "federation"
    assert screen.session.states["sweep"].job.base.alpha == 1.0


def test_the_code_of_an_algorithm_may_change_under_its_name(tiny, monkeypatch):
    monkeypatch.setitem(registry.SLOTS, "algorithm", dict(registry.SLOTS["algorithm"]))

    @dataclass(frozen=True)
    class Mine(fp.Algorithm):
        pass

    fp.register(Mine, "mine")
    screen = settled(tiny.replace(algorithm="mine"))
    first = screen.shown.accuracy[-1]
    screen.set(rounds=2)
    screen.settle()

    @dataclass(frozen=True)
    class Mine2(fp.Algorithm):
        def message(self, w0, wk, own, server, c):
            return np.zeros_like(wk), own

    fp.register(Mine2, "mine")
    screen.set(rounds=3)
    screen.settle()
    assert screen.shown.accuracy[-1] == fp.run(screen.experiment).accuracy[-1] != first


def test_data_of_ones_own_stay(tiny):
    rng = np.random.default_rng(0)
    fed = fp.Federation.from_arrays(rng.normal(size=(60, 2)), ["a", "b"] * 30, [0, 1, 2] * 20)
    screen = settled(federation=fed)
    screen.set(clients=2)
    assert "belong to 3 clients" in screen.errors["clients"]
    screen._remembered(json.dumps({"experiment": fp.Experiment(rounds=7).to_dict()}))
    screen.settle()
    assert (screen.experiment.data, screen.experiment.clients) == ("arrays", 3)
    assert screen.shown.rounds == 7


def test_a_view_that_is_opened_at_rest_fills_in_by_itself(tiny):
    async def open_inside():
        screen = fp.Playground(tiny)
        await screen.idle()
        screen.view("inside")
        await screen.idle()
        return screen

    screen = asyncio.run(open_inside())
    assert screen.session.scene().closeup is not None
    assert "<b>4 Average</b>" in screen.screen.view_tabs.caption.value


def test_a_run_that_fails_where_one_stands_leaves_the_old_one_whole(tiny):
    """Its rounds may be fewer than where the viewer stood in the one that failed."""
    screen = settled(tiny.replace(rounds=1))
    screen.store.set(algorithm=Breaks(late=1), rounds=3)
    screen.scrub(3)
    screen.settle()
    assert "boom" in str(screen.errors)
    assert (screen.experiment.rounds, screen.shown.rounds) == (1, 1)
    screen.play()
    screen.settle()
    assert screen.player.cursor == 1
