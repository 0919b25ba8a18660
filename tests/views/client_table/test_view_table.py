"""The client table: what is in its rows, how it is sorted, scrolled, followed and saved."""

from __future__ import annotations

from dataclasses import replace

import matplotlib
import numpy as np
import pytest

import fedplay as fp
from fedplay.check.view_bench import Drawn
from fedplay.inspect.client_table import ClientTable
from fedplay.views.client_table import words
from fedplay.views.client_table.order import COLUMNS, Sorting, in_sight, ranked
from fedplay.views.client_table.view import HEAD, LINE, ClientRows
from fedplay.views.scene import Intent
from fedplay.words import plain
from tests.support.scenes import scene

matplotlib.use("agg")
EXP = fp.Experiment(rounds=3, clients=30, participation=0.5)


@pytest.fixture(scope="module")
def seen():
    return scene(EXP, ClientRows, late=False)


def drawn(seen, size=(892, 250), **more):
    return Drawn(ClientRows, replace(seen, **more), size)


def lines(made):
    """The words of the picture, row by row."""
    rows: dict[float, list[tuple[float, str]]] = {}
    for centre, top, ((text, _),) in made.view.text._captions:
        rows.setdefault(top, []).append((centre, text))
    return [[text for _, text in sorted(row)] for _, row in sorted(rows.items())]


def test_the_rows_are_the_table(seen):
    made, table = drawn(seen), seen.closeup
    head, *rows = lines(made)
    assert len(head) == len(COLUMNS)
    assert len(rows) == made.view.rows + 1  # and the line below
    columns = table.columns()
    for place, row in enumerate(rows[:-1]):
        values = [words.cell(key, columns[key][place]) for key in COLUMNS if key != "client"]
        assert row == [f"client {place}", *values]


@pytest.mark.parametrize("key", COLUMNS)
@pytest.mark.parametrize("most", [False, True])
def test_any_column_sorts(seen, key, most):
    values = np.asarray(seen.closeup.columns()[key], float)
    order = ranked(seen.closeup, Sorting(key, most))
    assert sorted(order.tolist()) == list(range(30))
    found = values[order]
    known = found[np.isfinite(found)]
    assert (np.diff(known) <= 0).all() if most else (np.diff(known) >= 0).all()
    assert not np.isfinite(found[len(known) :]).any(), "what is not known comes last"
    made = drawn(seen, state=Sorting(key, most))
    assert made.view.places == order[: made.view.rows].tolist()
    told = plain(ClientRows.sentence(made.scene))
    assert told.startswith("30 clients in order of ")
    if len(known) and key != "client":
        assert COLUMNS[key].called in told


def test_the_client_followed_is_always_in_sight(seen):
    order = np.arange(30)
    assert in_sight(order, 0, 10, 4) == (pytest.approx(np.arange(10)), None)
    shown, apart = in_sight(order, 5, 10, 29)
    assert (shown.tolist(), apart) == (list(range(5, 14)), 29)
    shown, apart = in_sight(order, 99, 10, None)
    assert (shown.tolist(), apart) == (list(range(20, 30)), None)
    made = drawn(seen, client=29)
    assert made.view.places[-1] == 29
    assert lines(made)[made.view.rows][0] == "client 29"


def test_headings_rows_and_the_bar_can_be_pointed_at(seen):
    made = drawn(seen)
    for key, left, right in made.view.heads:
        hit = made.view.at((left + right) / 2, HEAD / 2)
        assert hit.click == Intent("sort_clients", (key,))
    hit = made.view.at(100, HEAD + 2.5 * LINE)
    assert (hit.client, hit.lines[0]) == (2, "client 2 ◉")
    assert hit.drag(100, HEAD + 0.5 * LINE) == Intent("scroll_clients", (2,))
    bar = made.view.at(892 - 18, HEAD + 5)
    assert bar.press.action == "scroll_clients"
    assert "drag" in bar.lines[0]


def test_on_the_screen_it_sorts_scrolls_and_follows():
    screen = fp.Playground(EXP, views=["curves", "client_table"])
    screen.settle()
    view, key = screen.screen.board.views["client_table"], screen.screen.pointer.key

    def press(name):
        key(name)
        screen.settle()

    screen.sort_clients("examples")
    screen.sort_clients("examples")
    screen.settle()
    sizes = screen.player.facts().federation.sizes
    assert view.places[0] == int(np.argmax(sizes))
    row = screen.screen.rows["client_table"]
    assert (row.by.value, row.most.value) == ("examples", True)
    press("PageDown")
    assert view.first == view.rows - 1
    press("PageUp")
    assert view.first == 0
    press("ArrowDown")
    assert screen.session.client == view.order[0]
    press("ArrowDown")
    assert screen.session.client == view.order[1]
    press("Enter")
    assert screen.session.states["client_table"].now.by == "classes"
    row.by.value = "called"
    screen.settle()
    assert screen.session.states["client_table"].now.by == "called"
    kept = screen.session.states["client_table"].kept()
    state = screen.session.states["client_table"]
    state.take_up({"by": "nothing", "most": 1, "top": -3})
    assert state.kept() == kept
    state.take_up({"by": "client", "most": True, "top": 4})
    assert state.now == Sorting("client", True, 4)
    with pytest.raises(ValueError, match="by='size': must be one of"):
        screen.sort_clients("size")
    with pytest.raises(ValueError, match="most='yes': must be True or False"):
        screen.sort_clients("client", "yes")
    screen.close()


def test_the_file_is_the_whole_table(seen):
    found = ClientRows.files(seen)
    assert found == {"clients.csv": seen.closeup.to_csv().encode()}
    for hidden in (replace(seen, veiled=True), replace(seen, fresh=False)):
        assert ClientRows.files(hidden) == {}


def test_a_screen_reader_is_told_the_row_of_the_client_followed(seen):
    spoken = ClientRows.spoken(replace(seen, client=4))
    assert spoken.startswith(f"client 4: examples {seen.closeup.counts[4].sum()}, classes held ")
    assert ClientRows.spoken(seen) == ""


def test_a_thousand_of_many_clients():
    exp = fp.Experiment(
        rounds=1, clients=50_000, partition="resampled", participation=1e-3, client_examples=8
    )
    found = scene(exp, ClientRows, late=False)
    assert isinstance(found.closeup, ClientTable)
    made = Drawn(ClientRows, found, (892, 250))
    made.frame()
    assert lines(made)[-1][0].startswith("rows 1 to 12 of 1,000; 1,000 of the 50,000 clients")
