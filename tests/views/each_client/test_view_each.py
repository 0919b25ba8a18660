"""The view of each client: what is drawn is what was computed, in the order that was asked for."""

from __future__ import annotations

import re
from dataclasses import replace
from itertools import pairwise

import matplotlib
import numpy as np
import pytest
from matplotlib.colors import to_hex

import fedplay as fp
from fedplay.drawing.style import LIGHT
from fedplay.engine.loop import Run
from fedplay.inspect.client_accuracies import ALONE, GLOBAL, PERSONAL
from fedplay.inspect.personal_name import own_model
from fedplay.untrusted import escape
from fedplay.views.board import Board
from fedplay.views.each_client import words
from fedplay.views.each_client.cells import TALL, WIDE, arrange
from fedplay.views.each_client.order import ORDERS, Sorting, ranked, values
from fedplay.views.each_client.view import EachClient
from fedplay.views.registered import VIEWS, suitable, why_not
from fedplay.views.scene import Intent
from fedplay.words import UNSEEN, plain
from tests.support.reference import random_federation
from tests.support.scenes import scene

matplotlib.use("agg")
SMALL = fp.Experiment(rounds=4, clients=12, alpha=0.1, local_epochs=2)
BOTH = ("curves", "clients")


def board_of(exp=SMALL, size=(892, 456), dark=False, **more):
    shown = scene(exp, EachClient, late=False, **more)
    board = Board(*size, 1.0, views=BOTH, dark=dark)
    board.show(shown)
    return board, board.views["clients"], shown


def middle(view, cell):
    """A css position of the picture inside a cell."""
    x, y = view.cells.corner(cell)
    return view.box.left + x + 4, view.box.top + y + 8


def length(path):
    """The length of a bar."""
    return np.ptp(path.vertices[:, 0])


def bold(view):
    return [s.words for s in view.writing.stamps if s.get_visible() and s.weight == "bold"]


def said(view):
    return [s.words for s in view.writing.stamps if s.get_visible()]


# --- the order ------------------------------------------------------------------------------------


def test_every_order_is_stable_and_ties_go_to_the_lower_number():
    rows = np.array([[0.5, 0.9, 0.5, np.nan], [0.7, 0.7, 0.6, 0.1], [0.5, 0.4, 0.5, np.nan]])
    n = np.array([30, 10, 30, 20])
    assert ranked(Sorting("client"), rows, n).tolist() == [0, 1, 2, 3]
    assert ranked(Sorting("client", most=True), rows, n).tolist() == [3, 2, 1, 0]
    assert ranked(Sorting("examples"), rows, n).tolist() == [1, 3, 0, 2]
    assert ranked(Sorting("examples", most=True), rows, n).tolist() == [0, 2, 3, 1]
    assert ranked(Sorting("global"), rows, n).tolist() == [0, 2, 1, 3]
    assert ranked(Sorting("global", most=True), rows, n).tolist() == [1, 0, 2, 3], "NaN last"
    assert ranked(Sorting("personal"), rows, n).tolist() == [3, 2, 0, 1]
    assert ranked(Sorting("alone"), rows, n).tolist() == [1, 0, 2, 3]
    assert ranked(Sorting("federating"), rows, n).tolist() == [0, 2, 1, 3]
    assert ranked(Sorting("personalizing"), rows, n).tolist() == [1, 2, 0, 3]
    np.testing.assert_allclose(values("personalizing", rows, n), rows[1] - rows[0])


def test_equal_shares_are_ties_however_they_were_rounded():
    rows = np.array([[0.1 + 0.2, 0.3], [0.0, 0.0], [0.0, 0.0]])
    assert ranked(Sorting("global", most=True), rows, np.ones(2)).tolist() == [0, 1]
    assert ranked(Sorting("global"), rows, np.ones(2)).tolist() == [0, 1]


def test_the_same_heading_turns_the_order_around():
    once = Sorting().by("federating")
    assert (once.order, once.most) == ("federating", False)
    assert once.by("federating").most
    assert not once.by("federating").by("federating").most
    assert once.by("federating").by("alone") == Sorting("alone")
    with pytest.raises(ValueError, match=r"order='luck': must be one of \['client'"):
        Sorting().by("luck")


@pytest.mark.parametrize(
    "kept",
    [
        None,
        3,
        [],
        {"order": 7},
        {"order": "luck"},
        {"order": ["client"]},
        {"most": 1},
        {"test": "x"},
    ],
)
def test_what_a_page_has_kept_is_not_trusted(kept):
    now = Sorting("alone", True, True)
    assert now.taken_up(kept) == now
    assert Sorting().taken_up(now.kept()) == now


# --- the cells ------------------------------------------------------------------------------------


@pytest.mark.parametrize("size", [(320, 110), (560, 180), (690, 170), (890, 210), (1400, 420)])
def test_cells_have_room_and_do_not_overlap(size):
    for count in (1, 2, 3, 5, 7, 10, 13, 20, 33, 49, 50):
        grid = arrange(count, *size)
        assert grid.shown == count or grid.shown >= (size[0] // WIDE) * (size[1] // TALL) - 1
        assert grid.wide >= WIDE
        assert grid.tall >= TALL
        assert grid.columns * grid.wide <= size[0] + 1e-6
        assert grid.rows * grid.tall <= size[1] + 1e-6
        assert (grid.rows - 1) * grid.columns < grid.shown <= grid.rows * grid.columns
        for k in range(grid.shown):
            x, y = grid.corner(k)
            assert grid.cell(x + 1, y + 1) == k
        assert grid.cell(-1, 1) is None
        assert grid.cell(1, -1) is None
        assert grid.cell(1, size[1] + 100) is None


@pytest.mark.parametrize("test", [False, True])
def test_bars_and_lines_are_the_three_accuracies(test):
    _, view, shown = board_of(state=Sorting("federating", test=test))
    rows, cells = shown.closeup.judged(test), view.cells
    assert sorted(view.order) == list(range(12))
    gains = (rows[GLOBAL] - rows[ALONE])[view.order]
    assert (np.diff(gains) >= -1e-9).all()
    bars = [length(path) for path in cells.bars.get_paths()]
    np.testing.assert_allclose(bars, cells.long * rows[:2, view.order].T.ravel(), atol=1e-6)
    lines = np.array([s[0, 0] for s in cells.lines.get_segments()])
    left = np.array([cells.corner(k)[0] for k in range(12)])
    np.testing.assert_allclose(lines - left, cells.long * rows[ALONE, view.order])
    colours = [to_hex(c) for c in cells.bars.get_facecolor()]
    assert colours == [LIGHT.accent, LIGHT.personal] * 12
    dots = [to_hex(c) for c in cells.dots.get_facecolor()]
    assert dots == [LIGHT.client(k) for k in view.order]
    for k in view.order:
        assert any(w.startswith(f"client {k}") for w in said(view))


def test_who_is_hurt_is_tinted_and_every_bar_that_falls_short_has_a_gap():
    _, view, shown = board_of()
    rows = shown.closeup.judged(False)
    short = rows[:2] < rows[ALONE] - 1e-9
    assert short.any()
    assert len(view.cells.gaps.get_segments()) == short.sum()
    frames = [view.cells.frame(k) for k in np.flatnonzero(short.any(axis=0))]
    tinted = [path.vertices[:4].tolist() for path in view.cells.ground.get_paths()]
    np.testing.assert_allclose(tinted, frames)


def test_a_global_model_without_a_head_of_its_own_hurts_nobody():
    exp = SMALL.replace(algorithm="fedper", model="mlp")
    _, view, shown = board_of(exp)
    rows = shown.closeup.judged(False)
    short = rows[PERSONAL] < rows[ALONE] - 1e-9
    assert len(view.cells.ground.get_paths()) == short.sum()
    text = view.sentence(shown)
    assert f"<b>{short.sum()}</b> of 12 clients do worse with their own head than alone." in text
    assert "own head is never trained" in text
    assert "global" not in plain(text), "it is not told of a model that nobody uses"


def test_headings_name_what_one_can_sort_by_and_the_means():
    _, view, shown = board_of(state=Sorting("personal", True))
    rows = shown.closeup.judged(False)
    assert bold(view) == [f"▬ fine-tuned {np.nanmean(rows[PERSONAL]):.2f} ▾"]
    assert [order for order, _, _ in view.heads] == list(ORDERS)
    text = " ".join(said(view))
    assert f"┃ alone {np.nanmean(rows[ALONE]):.2f}" in text
    assert f"on own data {UNSEEN}" in text
    for index, (order, left, right) in enumerate(view.heads):
        hit = view.at(view.box.left + (left + right) / 2, view.box.top + 10)
        assert hit.click == Intent("order", (list(ORDERS)[index],))
        assert hit.lines == (
            "turn the order around" if order == "personal" else f"sort by {ORDERS[order]}",
        )
    ends = [(left, right) for _, left, right in view.heads]
    assert all(a[1] < b[0] for a, b in pairwise(ends))


def test_of_a_crowd_the_first_fifty_by_the_order_are_shown():
    exp = fp.Experiment(
        partition="resampled", clients=3000, client_examples=10, rounds=1, participation=0.3
    )
    _, view, shown = board_of(exp, state=Sorting("alone", True))
    order = ranked(shown.state, shown.closeup.judged(False), shown.closeup.examples)
    assert view.order == order[:50].tolist()
    assert f"50 of 1,000 · on own data {UNSEEN}" in said(view)
    assert "called so far" in view.sentence(shown)


def test_where_names_are_too_long_all_are_numbers():
    _, view, _ = board_of(fp.Experiment(clients=50, rounds=1), (680, 420))
    assert {str(k) for k in range(50)} <= set(said(view))
    assert not any("…" in w or (w.startswith("client ") and w[-1].isdigit()) for w in said(view))


# --- the words ------------------------------------------------------------------------------------


def test_the_sentence_counts_who_is_hurt():
    _, view, shown = board_of()
    for test in (False, True):
        shown = replace(shown, state=Sorting(test=test))
        rows = shown.closeup.judged(test)
        whole, own, alone = rows
        text = view.sentence(shown)
        hurt = [int((a < b - 1e-9).sum()) for a, b in ((whole, alone), (own, alone), (own, whole))]
        aloud, tip = plain(text), text.split('"')[1]
        where = "On the global test set" if test else "On their own data"
        assert aloud.startswith(
            f"{where} {hurt[0]} of 12 clients {'does' if hurt[0] == 1 else 'do'} worse with the "
            f"global model than alone, and {hurt[1]} with their fine-tuned model. The worst decile "
        )
        assert len(aloud) <= 200
        low = [f"{np.quantile(row, 0.1):.2f}" for row in rows]
        assert f"gets {low[0]} with the global model and {low[1]} with its own." in aloud
        assert f"{hurt[2]} of 12 do" in tip
        assert f"Worst decile: global {low[0]}, fine-tuned {low[1]}, alone {low[2]}." in tip
        wide = [f"{row.std():.2f}" for row in rows]
        assert f"clients: global {wide[0]}, fine-tuned {wide[1]}, alone {wide[2]}." in tip
        other = [f"{row.mean():.2f}" for row in shown.closeup.judged(not test)]
        assert f"same models get {', '.join(other)}." in tip
        assert f"{shown.skew.effective_classes:.1f} of 10 classes" in tip


def test_before_anybody_is_called_there_is_no_model_alone():
    _, view, shown = board_of(at=0)
    assert "no client has been called yet" in view.sentence(shown)
    assert not len(view.cells.lines.get_segments())
    assert "never called so far" in " ".join(words.about(shown, shown.closeup, 0))


@pytest.mark.parametrize(
    ("choice", "name"),
    [
        ({}, "fine-tuned"),
        ({"personal": "ditto"}, "Ditto"),
        ({"personal": "apfl"}, "APFL"),
        ({"personal": "interpolation"}, "mixture"),
        ({"personal": "none"}, "as given"),
        ({"algorithm": "fedper", "model": "mlp"}, "own head"),
        ({"algorithm": "fedper", "model": "mlp", "personal_layers": 0}, "as given"),
        ({"algorithm": "fedrep", "model": "mlp"}, "own head"),
        ({"algorithm": "fedper", "model": "mlp", "personal": "finetune"}, "fine-tuned"),
        ({"algorithm": "pfedme"}, "own model"),
        ({"algorithm": "ifca"}, "cluster's model"),
        ({"algorithm": "perfedavg"}, "fine-tuned"),
    ],
)
def test_a_personal_model_is_called_by_its_method(choice, name):
    exp = SMALL.replace(**choice, rounds=1)
    assert own_model(exp) == name
    shown = scene(exp, EachClient)
    board = Board(892, 456, 1.0, views=BOTH)
    board.show(shown)
    view = board.views["clients"]
    assert any(name in w for w in said(view))
    assert board.views["curves"].named["personal"].words == f"{name} {UNSEEN}"
    text = view.sentence(shown)
    assert escape(name) in text
    headless = choice.get("algorithm") in ("fedper", "fedrep")
    assert ("with the global model and" in text) == (name != "as given" and not headless)


def test_a_client_is_told_with_its_counts():
    _, view, shown = board_of(client=3)
    found, k = shown.closeup, 3
    hit = view.at(*middle(view, view.order.index(k)))
    assert hit.client == k
    held, whole = int(found.held[k]), found.own[GLOBAL, k]
    text = "\n".join(hit.lines)
    assert hit.lines[0] == f"client 3 {UNSEEN} · {found.examples[k]} training examples"
    assert f"global model {whole:.2f} ({round(whole * held)} of {held})" in text
    assert f"federating {words.signed(whole - found.own[ALONE, k])}" in text
    assert "judged on what it holds out" in text
    text = "\n".join(words.about(replace(shown, state=Sorting(test=True)), found, k))
    assert f"global model {found.test[GLOBAL, k]:.2f}\n" in text
    assert "the 360 global test examples" in text or "the 359 global test examples" in text


# --- light, strange runs --------------------------------------------------------------------------


def test_a_client_that_is_pointed_at_lights_up_beside_the_followed_one():
    board, view, _ = board_of(client=3)
    assert len(view.cells.outline.get_paths()) == 1
    board.light(5)
    frames = [p.vertices[:4].tolist() for p in view.cells.outline.get_paths()]
    np.testing.assert_allclose(frames, [view.cells.frame(view.order.index(k)) for k in (3, 5)])
    board.light(3)
    assert len(view.cells.outline.get_paths()) == 1
    board.light(None)
    assert len(view.cells.outline.get_paths()) == 1


def test_the_same_picture_is_not_drawn_again():
    board, view, shown = board_of()
    view.writing.begin = None  # would raise
    board.show(replace(shown, client=4))
    assert len(view.cells.outline.get_paths()) == 1


def test_a_model_that_is_not_finite_is_said_to_be_so():
    board, view, shown = board_of()
    own, test = shown.closeup.own.copy(), shown.closeup.test.copy()
    own[:2], test[:2] = np.nan, np.nan
    gone = replace(shown, closeup=replace(shown.closeup, own=own, test=test))
    board.show(gone)
    board.frame()
    assert not view.cells.bars.get_paths()
    assert said(view).count("not finite") == 12
    assert view.sentence(gone) == "The global model is not finite."
    assert "not finite" in view.at(*middle(view, 0)).lines


def test_without_a_test_set_own_data_is_what_there_is():
    rng = np.random.default_rng(0)
    fed = random_federation(rng, (40, 30, 12), d=3, C=2, test_fraction=0.0)
    _, view, shown = board_of(SMALL, federation=fed, state=Sorting(test=True))
    assert "On their <b>own data" in view.sentence(shown)
    assert "test set" not in view.sentence(shown)
    bare = random_federation(rng, (40, 30, 12), d=3, C=2, test_fraction=0.0, held_out=0.0)
    assert why_not(EachClient.name, SMALL, bare)
    assert not why_not(EachClient.name, SMALL, fed)


def test_it_is_not_offered_where_there_is_no_accuracy():
    exp = fp.Experiment(data="quadratics", partition="natural", model="quadratic", clients=4)
    assert "clients" not in suitable(list(VIEWS), exp, Run(exp).federation)
    assert "clients" in suitable(list(VIEWS), SMALL, Run(SMALL).federation)


# --- on the screen --------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def screen():
    made = fp.Playground(SMALL)
    made.settle()
    made.view("clients")
    made.settle()
    return made


def shown_by(screen):
    return screen.screen.board.views["clients"]


def test_the_menu_the_switch_and_the_headings_say_the_same(screen):
    row = screen.screen.rows["clients"]
    assert row.widget.layout.display is None
    row.order.index = list(ORDERS).index("federating")
    row.judge.value = True
    screen.settle()
    assert screen.session.states["clients"].now == Sorting("federating", False, True)
    assert "the global test set" in screen.screen.view_tabs.caption.value
    view = shown_by(screen)
    _, left, right = view.heads[list(ORDERS).index("federating")]
    for kind in ("move", "down", "up"):
        screen.screen.pointer.pointer(kind, view.box.left + (left + right) / 2, view.box.top + 10)
    screen.settle()
    assert screen.session.states["clients"].now == Sorting("federating", True, True)
    assert row.most.value
    row.most.value, row.judge.value, row.order.index = False, False, 0
    screen.settle()
    assert screen.session.states["clients"].now == Sorting()
    assert shown_by(screen).order == list(range(12))


def test_a_click_on_a_cell_follows_its_client_everywhere(screen):
    view = shown_by(screen)
    for kind in ("move", "down", "up"):
        screen.screen.pointer.pointer(kind, *middle(view, 7))
    screen.settle()
    assert screen.session.client == view.order[7]
    assert shown_by(screen).found is not None
    screen.session.follow(None)
    screen.settle()


def test_the_row_is_there_only_beside_its_view(screen):
    screen.view("federation")
    screen.settle()
    assert screen.screen.rows["clients"].widget.layout.display == "none"
    screen.view("clients")
    screen.settle()
    assert screen.screen.rows["clients"].widget.layout.display is None


def test_scrubbing_shows_the_models_of_that_round(screen):
    for number in (1, 3, 4):
        screen.player.scrub(number)
        screen.settle()
        history = screen.player.shown.until(number)
        found = shown_by(screen).found
        assert found.number == number
        np.testing.assert_array_equal(found.own[GLOBAL], history.client_accuracy[number])


def test_order_and_switch_are_kept_on_reload(screen):
    screen.session.states["clients"].sorting(Sorting("alone", True, True))
    kept = screen.session.memory()
    assert kept["views"]["clients"] == {"order": "alone", "most": True, "test": True}
    other = fp.Playground(SMALL)
    other.session.remember(kept)
    other.settle()
    assert other.session.states["clients"].now == Sorting("alone", True, True)
    other.session.remember(kept | {"views": {"clients": {"order": "<script>", "test": 1}}})
    assert other.session.states["clients"].now == Sorting("alone", True, True)
    screen.session.states["clients"].sorting(Sorting())
    screen.settle()


def test_a_guess_hides_the_clients(screen):
    screen.session.veil()
    screen.settle()
    assert screen.screen.rows["clients"].widget.layout.display == "none"
    assert not re.search(r"\d", screen.screen.view_tabs.caption.value)
    assert "clients" not in screen.screen.board.views, "the curves fill the picture"
    screen.session.reveal()
    screen.settle()
    assert said(shown_by(screen))
