"""What is left of a screen that was closed, and of one whose cell was executed again: nothing."""

import asyncio
import gc
import inspect
import weakref

import numpy as np
import pytest
from ipywidgets.widgets.widget import _instances

import fedplay as fp
from fedplay.playground.playground import CLOSED
from fedplay.widgets import closing
from tests.support.screens import TINY


def widgets():
    """The ids of all widgets that ipywidgets keeps."""
    return set(_instances)


def busy(made):
    """Do everything that makes widgets, and takes some off the screen again."""
    for name in made.session.tabs():
        made.view(name)
        made.settle()
    made.set(alpha=-1)
    made.pin()
    made.set(algorithm="scaffold")
    made.settle()
    made.pin()
    made.unpin("A")
    made.sweep("alpha")
    made.settle()
    made.sweep(None)
    made.event_loop.do("share")
    made.event_loop.do("files")
    made.undo()
    made.undo()
    made.screen.resized()
    made.lab("round", 3)
    made.set(rounds=3)
    made.settle()


@pytest.mark.parametrize(
    "choices", [{}, {"core": True}, {"controls": []}, {"views": ["curves"]}], ids=repr
)
def test_close_leaves_no_widget(choices):
    before = widgets()
    made = fp.Playground(fp.Experiment(**TINY), **choices)
    if not choices:
        busy(made)
    assert len(widgets() - before) > 100
    made.close()
    assert widgets() - before == set()


def test_close_lets_go_of_everything():
    """Also where somebody keeps the Playground, as a notebook's `Out` does."""
    before = widgets()
    X = np.random.default_rng(0).normal(size=(60, 2))
    given = fp.Federation.from_arrays(X, np.arange(60) % 2, np.arange(60) % 3)
    made = fp.Playground(fp.Experiment(rounds=3), federation=given)
    made.settle()
    player, screen = made.player, made.screen
    held = [
        made.session,
        made.store,
        player,
        player.shown,
        player.shown.run,
        made.event_loop,
        screen,
    ]
    held += [screen.board, screen.board.canvas.figure, screen.stage, screen.page, given]
    gone = [weakref.ref(one) for one in held]
    del player, screen, held, given
    made.close()
    assert [ref() for ref in gone] == [None] * len(gone)
    assert widgets() - before == set()
    gone = weakref.ref(made)
    del made
    gc.collect()
    assert gone() is None


def test_the_fiftieth_screen_takes_as_much_as_the_first():
    def once():
        made = fp.Playground(fp.Experiment(**TINY))
        made.settle()
        made.close()

    counts = []
    for _ in range(4):
        once()
        gc.collect()
        counts.append(len(gc.get_objects()))
    assert counts[3] - counts[1] < 200, "objects; a screen has tens of thousands"


def test_a_screen_that_cannot_begin_leaves_no_widget(monkeypatch):
    def broken(*_args):
        raise RuntimeError("no first picture")

    before = widgets()
    monkeypatch.setattr("fedplay.playground.event_loop.EventLoop.begin", broken)
    with pytest.raises(RuntimeError, match="first picture"):
        fp.Playground(fp.Experiment(**TINY))
    assert widgets() - before == set()


def test_whatever_is_asked_of_a_closed_screen_says_that_it_is_closed():
    made = fp.Playground(fp.Experiment(**TINY))
    made.close()
    made.close()
    arguments = {
        "open": ["{}"],
        "preset": ["x"],
        "lab": ["x"],
        "curve": ["x"],
        "scrub": [1],
        "speed": [1.0],
        "view": ["curves"],
        "follow": [None],
        "inside": [1.0],
        "sweep": [None],
        "take": [0],
        "mine": ["add"],
        "unpin": ["A"],
        "restore": [0],
        "axis": ["rounds"],
        "save": ["x.png"],
    }
    public = {n for n, f in inspect.getmembers(fp.Playground, callable) if not n.startswith("_")}
    for name in sorted(public - {"close", "idle"}):
        with pytest.raises(ValueError, match="closed; make a new one"):
            getattr(made, name)(*arguments.get(name, []))
    with pytest.raises(ValueError, match="closed"):
        asyncio.run(made.idle())
    assert made.experiment == fp.Experiment(**TINY)
    for name in ("shown", "errors", "widget"):
        with pytest.raises(ValueError, match="closed"):
            getattr(made, name)
    with pytest.raises(AttributeError, match="nonsense"):
        made.nonsense  # noqa: B018
    assert made._repr_mimebundle_() == {"text/plain": CLOSED}
    assert repr(made) == CLOSED


def test_a_screen_is_closed_while_it_computes_and_somebody_waits():
    async def story():
        made = fp.Playground(fp.Experiment(**TINY))
        made.set(rounds=20)
        live, stage = made.event_loop, made.screen.stage
        waiting = asyncio.ensure_future(made.idle())
        await asyncio.sleep(0)
        made.close()
        live.post("alpha", 0.5)  # what was under way from the page
        stage._hear(None, {"kind": "size", "width": 500, "height": 400, "ratio": 1}, [])
        await waiting
        await asyncio.sleep(0)
        return asyncio.all_tasks()

    left = asyncio.run(story())
    assert len(left) == 1, "the story itself"


# --- cells that are executed again --------------------------------------------------------------


@pytest.fixture
def cell(monkeypatch):
    """`cell(name)` executes it: what follows is made and shown there."""
    executions = iter(range(1000))
    monkeypatch.setattr(closing, "_places", weakref.WeakSet())
    monkeypatch.setattr(closing, "_latest", {})

    def execute(name):
        now = (name, str(next(executions))) if name else ("", "")
        monkeypatch.setattr(closing, "_now", lambda: now)

    return execute


class Shown:
    """Something with a place in the notebook."""

    def __init__(self):
        self.closed = False
        self.place = closing.Place(self)

    def close(self):
        self.closed = True
        self.place.leave()


def test_a_cell_that_is_executed_again_replaces_what_it_had_shown(cell):
    cell("a")
    first, beside = Shown(), Shown()
    assert not first.closed, "two in one execution are both there"
    cell("b")
    other = Shown()
    assert not first.closed
    cell("a")
    Shown()
    assert (first.closed, beside.closed, other.closed) == (True, True, False)


def test_what_another_cell_shows_stays_until_that_is_executed_again(cell):
    cell("a")
    first = Shown()
    cell("b")
    first.place.here()
    cell("a")
    second = Shown()
    assert not first.closed
    cell("b")
    second.place.here()
    assert first.closed
    assert not second.closed


def test_what_is_shown_again_is_not_closed(cell):
    cell("a")
    first = Shown()
    cell("a")
    first.place.here()
    assert not first.closed


def test_where_cells_have_no_names_nothing_is_replaced(cell):
    made = []
    for _ in range(3):
        cell("")
        made.append(Shown())
    assert not any(one.closed for one in made)


def test_a_playground_is_replaced_by_the_next_of_its_cell(cell):
    cell("a")
    first = fp.Playground(fp.Experiment(**TINY))
    first._repr_mimebundle_()
    before = widgets()
    cell("a")
    second = fp.Playground(fp.Experiment(**TINY))
    assert repr(first) == CLOSED
    assert len(widgets()) <= len(before)
    second.close()


def test_the_cell_is_the_one_that_the_kernel_names(monkeypatch):
    class Kernel:
        def get_parent(self):
            return {"header": {"msg_id": "7"}, "metadata": {"cellId": "c-1"}}

    class Shell:
        kernel = Kernel()

    import IPython

    monkeypatch.setattr(IPython, "get_ipython", Shell)
    assert closing._now() == ("c-1", "7")
    Kernel.get_parent = lambda self: {"header": {"msg_id": "8"}, "metadata": {}}
    assert closing._now() == ("", "")
    Kernel.get_parent = lambda self: {}
    assert closing._now() == ("", "")
    monkeypatch.setattr(IPython, "get_ipython", lambda: None)
    assert closing._now() == ("", "")


def test_a_prediction_leaves_no_widget_either():
    before = widgets()
    asked = fp.predict("How good?", fp.Experiment(**TINY), seeds=1)
    asked.say(0.5)
    asked.reveal()
    asked.close()
    asked.close()
    assert widgets() - before == set()
    assert list(asked._repr_mimebundle_()) == ["text/plain"]
