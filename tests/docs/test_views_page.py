"""What docs/views.md shows: short, run, and held to the contract of views."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pytest

import fedplay as fp
from fedplay import registry
from fedplay.engine import measures
from fedplay.views import registered

PAGE = Path(__file__).parents[2] / "docs" / "views.md"
BLOCKS = re.findall(r"```python\n(.*?)```", PAGE.read_text("utf-8"), re.S)


@pytest.fixture(autouse=True)
def as_it_was():
    tables = registered.VIEWS, measures.OWN, registry.SLOTS["algorithm"]
    before = [dict(table) for table in tables]
    yield
    for table, kept in zip(tables, before, strict=True):
        table.clear()
        table.update(kept)


@pytest.mark.parametrize("block", BLOCKS)
def test_each_is_forty_lines_at_most(block):
    assert len([line for line in block.splitlines() if line.strip()]) <= 40


def test_the_view_keeps_the_contract_and_is_used():
    exec(BLOCKS[0], {})
    report = fp.check_view("line")
    assert report.ok, report
    made = fp.Playground(fp.Experiment(model="mlp", rounds=5))
    made.view("line")
    made.settle()
    assert made.screen.view_tabs.caption.value.startswith("At 1.00 of the way: 0.")
    accuracy = made.shown.accuracy[-1]
    assert f"{accuracy:.3f}" in made.screen.view_tabs.caption.value
    view = made.screen.board.views["line"]
    box = view.plot.get_window_extent()
    y = view.canvas.height - (box.y0 + box.y1) / 2
    for kind, part in (("move", 0.9), ("down", 0.9), ("move", 0.2), ("up", 0.2)):
        made.screen.pointer.pointer(kind, box.x0 + part * box.width, y)
    made.settle()
    assert made.session.states["line"].place == pytest.approx(0.3)
    made.screen.rows["line"].widget.value = 0.0
    made.settle()
    assert made.session.memory()["views"]["line"] == {"place": 0.0}
    made.close()


def test_what_is_told_and_measured_is_in_the_history(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    names = {}
    exec(BLOCKS[1], names)
    history = names["history"]
    steps = history.told["seconds"][1:] / 2.0
    assert (steps == steps.round()).all()
    assert np.array_equal(history.told["worst_client"], history.client_accuracy.min(axis=1))
    head = (tmp_path / "rounds.csv").read_text("utf-8").splitlines()[0]
    assert {"seconds", "worst_client"} <= set(head.split(","))
