"""What a notebook registers is found everywhere: a view with all it can have, measures, stages."""

from __future__ import annotations

import json
from dataclasses import dataclass

import ipywidgets
import numpy as np
import pytest

import fedplay as fp
from fedplay import registry
from fedplay.engine import measures
from fedplay.runs.job import Job, Progress
from fedplay.stages import Layer
from fedplay.views import registered


class Counting(Job):
    """Counts to ten."""

    def __init__(self):
        self.done = 0

    @property
    def progress(self):
        return Progress(self.done, 10)

    def advance(self):
        self.done += 1
        return self.done == 10


class Models(fp.View):
    """How long the model is, at a place that a person chooses."""

    name, title, help = "long", "How long", "The length of the model, part by part."

    class State(fp.View.State):
        verbs, keeps, part = ("part_at",), ("part",), 0.5

        def part_at(self, part):
            if not isinstance(part, float) or not 0 <= part <= 1:
                raise ValueError(f"part={part!r}: must be a number from 0 to 1")
            self.part = part
            self.desk.touch()

        def follow(self, seen):
            self.job = (self.job or Counting()) if seen else None

        def closeup(self, found):
            return None if found is None else (found, self.job and self.job.done)

    def prepare(moment):
        yield None
        yield np.abs(moment.w)

    def controls(act):
        slider = ipywidgets.FloatSlider(0.5, min=0, max=1)
        slider.observe(lambda change: act("part_at", change["new"]), "value")
        return slider

    def sentence(scene):
        if scene.closeup is None:
            return "It is being measured …"
        lengths, counted = scene.closeup
        part = lengths[: int(scene.state.part * len(lengths))]
        return f"<b>{np.linalg.norm(part):.4f}</b>, counted to {counted}."

    def __init__(self, canvas, box, look):
        super().__init__(canvas, box, look)
        self.plot = self.accuracy_axes(40, 10, box.width - 50, box.height - 40)
        self.plot.set_xlim(0, 1)
        (self.line,) = self.plot.plot([], [])
        canvas.moving([self.line])

    def show(self, scene):
        known = scene.closeup is not None and not scene.veiled
        self.line.set_data([scene.state.part] * 2, [0, 1] if known else [np.nan] * 2)
        self.line.set_color(self.look.accent if scene.fresh else self.look.stale)

    def at(self, x, y):
        return fp.Hit(("drag it",), drag=self.moved) if self.moved(x, y) else None

    def moved(self, x, y):
        where = self.inside(self.plot, x, y)
        return where and fp.Intent("part_at", (float(np.clip(where[0], 0, 1)),))


@dataclass(frozen=True)
class Weighing(Layer):
    """Tells what arrives."""

    scale: float = fp.knob(1.0, 0.5, 2.0, label="Scale", help="Of every message.")

    def client(self, rows, own, c):
        return rows * rows.dtype.type(self.scale), own

    def tell(self, outcome):
        return {"arrived": float(len(outcome.cohort.ids)), "lost": np.nan}


@pytest.fixture(autouse=True)
def outside(monkeypatch):
    """As a notebook would; and as it was before, afterwards."""
    monkeypatch.setattr(registered, "VIEWS", registered.VIEWS)
    views, own, layers = dict(registered.VIEWS), dict(measures.OWN), dict(registry.SLOTS["channel"])
    fp.register(Models)
    fp.register(fp.Measure("worst", lambda r, run: float(np.min(r.client_accuracy)), unit="part"))
    fp.register(Weighing, "weighing")
    yield
    for table, before in (
        (registered.VIEWS, views),
        (measures.OWN, own),
        (registry.SLOTS["channel"], layers),
    ):
        table.clear()
        table.update(before)


EXP = {"rounds": 4, "clients": 4, "channel": ("weighing",)}


@pytest.fixture
def screen(outside):
    made = fp.Playground(fp.Experiment(**EXP))
    made.settle()
    made.view("long")
    made.settle()
    yield made
    made.close()


def test_a_view_is_a_tab_with_a_row_a_sentence_and_a_job(screen):
    assert Models.name in screen.session.tabs()
    caption, row = screen.screen.view_tabs.caption, screen.screen.rows["long"].widget
    half = np.linalg.norm(screen.shown.parameters[:325])
    assert caption.value == f"<b>{half:.4f}</b>, counted to 10."
    assert row.layout.display is None
    row.value = 1.0
    screen.settle()
    assert caption.value.startswith(f"<b>{np.linalg.norm(screen.shown.parameters):.4f}</b>")
    screen.view("federation")
    screen.settle()
    assert row.layout.display == "none"
    assert screen.session.states["long"].job is None, "nothing is computed while nobody looks"


def test_its_gesture_its_verb_and_its_memory(screen):
    view = screen.screen.board.views["long"]
    box = view.plot.get_window_extent()
    y = view.canvas.height - (box.y0 + box.y1) / 2
    hand = screen.screen.pointer
    for kind, part in (("move", 0.1), ("down", 0.1), ("move", 0.75), ("up", 0.75)):
        hand.pointer(kind, box.x0 + part * box.width, y)
    screen.settle()
    assert screen.session.states["long"].part == pytest.approx(0.75)
    screen.part_at(0.25)
    kept = json.loads(json.dumps(screen.session.memory()))
    assert kept["views"]["long"] == {"part": 0.25}
    with pytest.raises(ValueError, match="part=2"):
        screen.part_at(2)
    other = fp.Playground(fp.Experiment(rounds=1))
    other.session.remember(kept)
    other.settle()
    assert other.session.states["long"].part == 0.25
    assert other.session.drawn == "long"
    other.session.remember(kept | {"views": {"long": {"part": "<b>"}}})
    assert other.session.states["long"].part == 0.25
    other.close()


def test_what_is_told_is_a_curve_a_card_an_axis_and_a_column(screen, tmp_path):
    history = fp.run(fp.Experiment(**EXP))
    assert history.told["arrived"].tolist()[1:] == [4.0] * 4
    assert np.array_equal(history.told["worst"], history.client_accuracy.min(axis=1))
    screen.save(tmp_path / "run.csv")
    head, *rows = (tmp_path / "run.csv").read_text().splitlines()
    assert {"arrived", "lost", "worst"} <= set(head.split(","))
    assert rows[-1].split(",")[head.split(",").index("arrived")] == "4.0"
    history.save(tmp_path / "run.npz")
    again = fp.History.load(tmp_path / "run.npz")
    assert np.array_equal(again.told["worst"], history.told["worst"])
    screen.event_loop.do("numbers")
    screen.settle()
    assert "worst</div>" in screen.screen.headline.cards.value
    assert "by arrived" in [words for words, _ in screen.screen.headline.axis.options]
    screen.axis("arrived")
    screen.settle()
    chart = screen.screen.board.views["curves"].chart
    assert chart.get_xlabel() == "arrived, so far"
    screen.view("measures")
    screen.settle()
    assert "arrived <b>4</b>" in screen.screen.view_tabs.caption.value
    assert "lost <b>–</b>" in screen.screen.view_tabs.caption.value
    curve = screen.screen.board.views["measures"].curves[0]
    assert len(curve.get_xdata()) == 5
    screen.axis("lost")
    screen.settle()
    chart = screen.screen.board.views["curves"].chart
    assert "is no axis here" in chart.get_xlabel(), "of nothing there is no sum"


def test_its_knob_is_on_the_screen_and_in_a_sweep(screen):
    assert "scale" in screen.screen.panel.shown
    screen.sweep("scale")
    screen.settle()
    values = screen.session.states["sweep"].job.values
    assert len(values) > 3
    screen.take(0)
    screen.settle()
    assert screen.experiment.scale == values[0]
    screen.sweep("channel")
    screen.settle()
    assert ("weighing",) in screen.session.states["sweep"].job.values


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"name": "curves"}, "name='curves': is that of a view that is built in"),
        ({"name": "a b"}, "name='a b': must be up to 40 letters"),
        ({"title": ""}, r"Broken\.title: must be a text, for its tab"),
        ({"State": int}, r"Broken\.State: must be a subclass of View\.State"),
    ],
)
def test_what_is_no_view_is_refused(change, words):
    broken = type("Broken", (Models,), change)
    with pytest.raises(ValueError, match=words):
        fp.register(broken)
    with pytest.raises(ValueError, match="must have a method show"):
        fp.register(type("Empty", (fp.View,), {"name": "empty", "title": "Empty"}))
    assert list(registered.VIEWS)[-1] == "long"


def test_verbs_are_of_one_view_and_of_no_button():
    def state(verb, **more):
        return type("State", (fp.View.State,), {"verbs": (verb,)} | more)

    def broken(verb, **more):
        return type("Broken", (Models,), {"name": "other", "State": state(verb, **more)})

    with pytest.raises(ValueError, match="it has no method 'go'"):
        fp.register(broken("go"))
    with pytest.raises(ValueError, match="an action of this name exists already"):
        fp.register(broken("part_at", part_at=print))
    fp.register(broken("undo", undo=print))
    with pytest.raises(ValueError, match="'undo' is an action of the screen itself"):
        fp.Playground(fp.Experiment(rounds=1))


@pytest.mark.parametrize(
    ("measure", "words"),
    [
        (fp.Measure("accuracy", float), "'accuracy' is a column that every history has"),
        (fp.Measure("A b", float), "'A b'"),
        (fp.Measure("mine", 3), "of=3: must be a function of a Round and its Run"),
        (fp.Measure("mine", float, unit="miles"), "unit='miles': must be one of"),
        (fp.Measure("mine", float, label=3), "label=3: must be a text"),
    ],
)
def test_what_is_no_measure_is_refused(measure, words):
    with pytest.raises(ValueError, match=words):
        fp.register(measure)
    assert set(measures.OWN) == {"worst"}


def test_a_measure_that_raises_or_tells_no_number_says_so_by_its_name():
    fp.register(fp.Measure("odd", lambda r, run: 1 / (r.number - 1)))
    with pytest.raises(ValueError, match="measure odd: ZeroDivisionError"):
        fp.run(fp.Experiment(rounds=2, clients=3))
    fp.register(fp.Measure("odd", lambda r, run: "high"))
    with pytest.raises(ValueError, match="measure odd: 'high': must be a number"):
        fp.run(fp.Experiment(rounds=1, clients=3))
    fp.register(fp.Measure("odd", lambda r, run: np.inf))
    assert np.isnan(fp.run(fp.Experiment(rounds=1, clients=3)).told["odd"]).all()


def test_a_playground_that_was_there_before_says_that_a_view_is_newer(screen):
    class State(fp.View.State):
        verbs = ("later",)

        def later(self):
            """Does nothing."""

    fp.register(type("Newer", (Models,), {"name": "newer", "title": "Newer", "State": State}))
    assert "later" in dir(screen)
    with pytest.raises(ValueError, match="later: is of a view that was registered later"):
        screen.later()


def test_runs_before_and_after_a_measure_are_not_taken_for_each_other(screen):
    before = screen.shown.told["worst"]
    fp.register(fp.Measure("worst", lambda r, run: 0.125))
    screen.set(rounds=5)
    screen.settle()
    screen.set(rounds=4)
    screen.settle()
    assert screen.shown.told["worst"].tolist() == [0.125] * 5
    assert before.tolist() != [0.125] * 5
