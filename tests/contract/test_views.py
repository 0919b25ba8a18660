"""`fp.check_view`: every registered view keeps the contract, a broken one is found at its point."""

from __future__ import annotations

import re

import matplotlib
import numpy as np
import pytest
from matplotlib.collections import LineCollection

import fedplay as fp
from fedplay.check.asking import asked
from fedplay.check.view_bench import ViewBench, registered
from fedplay.check.views import POINTS
from fedplay.drawing.cached_text import Stamp
from fedplay.engine.measures import OWN
from fedplay.untrusted import escape
from fedplay.views.registered import VIEWS

matplotlib.use("agg")
# What cannot be asked of which: curves, bars and ledgers prepare nothing that could be of another
# run; a comparison and a sweep are jobs of their own, which go on with what is theirs.
UNASKED = {
    "not fresh": {"curves", "federation", "privacy", "measures", "compare", "sweep"},
}


NAMELESS = {"privacy", "compare", "sweep", "measures"}  # of clients and classes of the data
TIPS = {"clients"}  # where a name is beside the pointer only
# Colours of the data, of clients and of classes, which stay where it is not fresh, in %.
KEPT = {"boundary": 28, "mine": 30, "models": 4}
# Where edges of panels and of marks are rounded otherwise in a file, and in how many pixels, in %.
ROUNDED = {"boundary": 1.5, "mine": 0.5, "inside": 0.05, "compare": 0.01}


@pytest.fixture(scope="module", params=VIEWS)
def report(request):
    with pytest.MonkeyPatch.context() as patch:  # or there would be nothing measured
        patch.setitem(OWN, "least", fp.Measure("least", lambda r, run: float(r.loss), unit="nats"))
        yield request.param, fp.check_view(request.param)


@pytest.mark.parametrize("point", ["class", *POINTS])
def test_every_view_keeps_the_contract(report, point):
    name, found = report
    assert found[point].held is not False, found[point].found
    assert (found[point].held is None) == (name in UNASKED.get(point, ())), found[point].found


def test_what_a_point_has_found_is_as_much_as_it_can_be(report):
    """So that a point does not hold because there was nothing to look at."""
    name, found = report
    apart = re.search(r"([0-9.e-]+) % of its pixels", found["file"].found)
    assert (float(apart[1]) if apart else 0.0) <= ROUNDED.get(name, 0.0)
    kept = re.search(r"at most (\d+) %", found["not fresh"].found)
    assert (int(kept[1]) if kept else 0) <= KEPT.get(name, 0)
    assert ("names neither" in found["names"].found) == (name in NAMELESS)
    assert (" 0 sentences" in found["names"].found) == (name in TIPS)
    words = found["diverged"].found
    assert "digits" in words or "a plane" in words


# --- A correct one: it prepares something, names clients, and can be pointed at ------------------


class Shares(fp.View):
    """A bar for each client, as high as the global model's accuracy on what it holds out."""

    title = "Shares"
    help = "How each client fares."

    @staticmethod
    def suits(exp, federation):
        return federation.d == 2 and exp.stage("model").score == "accuracy"

    @staticmethod
    def prepare(moment):
        yield np.nan_to_num(moment.run.evaluate(moment.w).client_accuracy)

    @staticmethod
    def sentence(scene):
        if scene.veiled:
            return "Shown after your guess."
        if scene.closeup is None:
            return "The shares are being counted …"
        whose = "everybody" if scene.client is None else escape(scene.name(scene.client))
        return f"On average <b>{scene.closeup.mean():.4f}</b> are right; shown to {whose}."

    def __init__(self, canvas, box, look):
        super().__init__(canvas, box, look)
        self.chart = self.axes(10, 10, box.width - 20, box.height - 20)
        self.chart.set_axis_off()
        self.chart.set_xlim(-1, 12)
        self.chart.set_ylim(0, 1)
        self.bars = LineCollection([], zorder=3, linewidths=6)
        self.chart.add_collection(self.bars, autolim=False)
        canvas.moving([self.bars])
        self.scene = None
        self.heights = []

    def show(self, scene):
        self.scene = scene
        there = scene.closeup is not None and not scene.veiled
        self.heights = scene.closeup.tolist() if there else []
        self.bars.set_segments([[(k, 0), (k, 0.1 + 0.8 * y)] for k, y in enumerate(self.heights)])
        self.paint(None)

    def paint(self, client):
        colours = [self.look.client(k) for k in range(len(self.heights))]
        if not self.scene.fresh:
            colours = [self.look.stale] * len(colours)
        if client is not None and client < len(colours):
            colours[client] = self.look.ink
        self.bars.set_color(colours or "none")

    def light(self, client):
        if self.scene is not None:
            self.paint(client)

    def at(self, x, y):
        where = self.inside(self.chart, x, y)
        if where is None or not 0 <= round(where[0]) < len(self.heights):
            return None
        k = round(where[0])
        return fp.Hit((self.scene.name(k), f"{self.heights[k]:.2f}"), client=k)


def test_a_view_of_a_notebook_keeps_the_contract_and_is_not_registered():
    before = dict(VIEWS)
    report = fp.check_view(Shares)
    assert report.ok, report
    assert [point.name for point in report.points] == ["class", *POINTS]
    assert all(point.held for point in report.points)
    assert before == VIEWS
    assert "name" not in vars(Shares)
    assert "Shares: all 18 points held" in repr(report)


def found(view, point):
    with registered(view) as name:
        bench = ViewBench(view, name)
        (answer,) = asked({point: POINTS[point]}, bench, bench.blame)
    return answer


# --- Broken ones, one a point ---------------------------------------------------------------------


class Silent(Shares):
    """Has nothing to say on its tab."""

    help = ""


class Blank(Shares):
    """Draws nothing."""

    def show(self, scene):
        self.scene = scene


class Unsuited(Shares):
    """Has nothing to show of anything."""

    @staticmethod
    def suits(exp, federation):
        return False


class Wide(Shares):
    """Draws beside its box."""

    def show(self, scene):
        super().show(scene)
        self.bars.set_clip_on(False)
        self.bars.set_segments([[(0, -0.4), (0, 1)]])


class Coarse(Shares):
    """Is another picture where there are more pixels."""

    def show(self, scene):
        super().show(scene)
        self.bars.set_linewidth(60 if self.canvas.ratio > 1.5 else 6)


class Random(Shares):
    """Draws lots for its colours."""

    def paint(self, client):
        self.bars.set_color(np.random.default_rng().random((len(self.heights) or 1, 3)))


class Noticing(Shares):
    """Takes a width from the notebook's settings."""

    def __new__(cls, *args):
        made = super().__new__(cls)
        made.width = matplotlib.rcParams["lines.linewidth"]
        return made

    def show(self, scene):
        super().show(scene)
        self.bars.set_linewidth(3 * self.width)


class Unfiled(Shares):
    """Its bars are on the screen, and in no file."""

    def __init__(self, canvas, box, look):
        super().__init__(canvas, box, look)
        self.bars.remove()
        self.bars.set_transform(self.chart.transData)
        self.bars.set_figure(canvas.figure)


class Unwritten(Shares):
    """Has words that are pixels only."""

    class Pixels(Stamp):
        def _write(self, renderer):
            pass

    def __init__(self, canvas, box, look):
        super().__init__(canvas, box, look)
        self.words = self.Pixels(self.chart, "shares", look.ink, 12, "normal")
        self.chart.add_artist(self.words)
        self.words.place = (1, 0.5)
        self.words.set_visible(True)


class Trusting(Shares):
    """Takes names for HTML."""

    @staticmethod
    def sentence(scene):
        return f"{scene.name(0)} has {scene.closeup.mean():.4f}."


class Escaping(Shares):
    """Takes the lines of a hit for HTML."""

    def at(self, x, y):
        hit = super().at(x, y)
        return hit and hit._replace(lines=tuple(map(escape, hit.lines)))


class Mathematical(Shares):
    """Takes names for mathematics."""

    def show(self, scene):
        super().show(scene)
        self.chart.set_title(scene.name(0))


class Wordy(Shares):
    """Says no number."""

    @staticmethod
    def sentence(scene):
        return "Clients fare in different ways."


class Constant(Shares):
    """Says the same number of every run."""

    @staticmethod
    def sentence(scene):
        return "There are 3 rounds."


class Unnumbered(Shares):
    """Says that it says no number, and does."""

    numbered = False


class Raw(Shares):
    """Says what is no number."""

    @staticmethod
    def sentence(scene):
        return f"The loss is {scene.now.loss if np.isfinite(scene.now.loss) else np.nan:.3f}."


class Fragile(Shares):
    """Breaks where numbers are too large."""

    def show(self, scene):
        super().show(scene)
        if not np.isfinite(scene.now.loss) or scene.now.loss > 100:
            raise OverflowError("too much")


class Lonely(Shares):
    """Compares each client with the others."""

    def show(self, scene):
        super().show(scene)
        self.others = 1 / (len(scene.panel) - 1)


class Expecting(Shares):
    """Takes it for granted that each client holds something out."""

    @staticmethod
    def sentence(scene):
        return f"The first gets {scene.now.client_accuracy[0]:.2f}."


class Hasty(Shares):
    """Expects its close-up to be there."""

    def show(self, scene):
        self.scene = scene
        self.heights = scene.closeup.tolist()


class Speechless(Shares):
    """Says nothing before it has something."""

    @staticmethod
    def sentence(scene):
        return "" if scene.closeup is None else f"{scene.closeup.mean():.4f} are right."


class Revealing(Shares):
    """Shows the answer before a guess."""

    def show(self, scene):
        super().show(scene)
        self.heights = [] if scene.closeup is None else scene.closeup.tolist()
        self.bars.set_segments([[(k, 0), (k, 0.1 + 0.8 * y)] for k, y in enumerate(self.heights)])
        self.paint(None)


class Telling(Shares):
    """Tells the answer before a guess."""

    @staticmethod
    def sentence(scene):
        return "Nothing yet." if scene.closeup is None else f"{scene.closeup.mean():.4f} are right."


class Whispering(Shares):
    """Tells the pointer the answer before a guess."""

    def at(self, x, y):
        return fp.Hit((f"loss {self.scene.rounds[-1].loss:.4f}",)) if self.box.holds(x, y) else None


class Lighting(Revealing):
    """Shows the answer before a guess where one points at a client."""

    def paint(self, client):
        super().paint(client)
        if self.scene.veiled and client is None:
            self.bars.set_color("none")


class Between(Revealing):
    """Shows the answer before a guess in the middle of a round."""

    def show(self, scene):
        super().show(scene)
        if scene.veiled and scene.phase != 1.5:
            self.heights = []
            self.paint(None)


class Recalling(Shares):
    """Shows what was there before, before a guess."""

    def show(self, scene):
        super().show(scene)
        if scene.old is not None:
            self.bars.set_segments([[(0, 0), (0, float(scene.old.accuracy[-1]))]])
            self.heights = [0.5]


class Coloured(Shares):
    """Looks new where it is not."""

    def paint(self, client):
        self.bars.set_color([self.look.client(k) for k in range(len(self.heights))] or "none")


class Remembering(Shares):
    """Keeps something of what it showed before."""

    seen = 0

    def show(self, scene):
        super().show(scene)
        self.seen = max(self.seen, scene.at)
        self.bars.set_linewidth(6 + self.seen)


class Making(Shares):
    """Makes an artist in `show`."""

    def show(self, scene):
        super().show(scene)
        self.chart.text(0.5, 0.5, "")


class Pointing(Shares):
    """Finds what is no hit."""

    def at(self, x, y):
        return super().at(x, y) and "something"


class Beyond(Shares):
    """Finds something outside its box."""

    def at(self, x, y):
        return fp.Hit(("here",))


class Unmoved(Shares):
    """Finds things where they would be if its box were in the corner."""

    def at(self, x, y):
        k = round((x - 10) / (self.box.width - 20) * 13 - 1)
        if not self.box.holds(x, y) or not 0 <= k < len(self.heights):
            return None
        return fp.Hit((self.scene.name(k),), client=k)


class Stranger(Shares):
    """Finds a client that is none of the panel."""

    def at(self, x, y):
        hit = super().at(x, y)
        return hit and hit._replace(client=99)


class Acting(Shares):
    """A click that asks for no intent."""

    def at(self, x, y):
        hit = super().at(x, y)
        return hit and hit._replace(click="scrub")


class Glowing(Shares):
    """What it lights stays lit."""

    def light(self, client):
        if client is not None:
            super().light(client)


BROKEN = [
    (Silent, "documented", "help"),
    (Blank, "drawn", "drawn nothing"),
    (Unsuited, "drawn", "suits is False"),
    (Wide, "sizes", "outside its box"),
    (Coarse, "sizes", "another picture"),
    (Random, "repeats", "differ"),
    (Noticing, "settings", "rcParams"),
    (Unfiled, "file", "differs from the screen"),
    (Unwritten, "file", "in no file of lines"),
    (Trusting, "names", "not escaped"),
    (Escaping, "names", "plain text"),
    (Mathematical, "names", "raised ValueError"),
    (Wordy, "numbers", "same numbers"),
    (Constant, "numbers", "same numbers"),
    (Unnumbered, "numbers", "numbered = False"),
    (Raw, "diverged", "“nan” is said"),
    (Fragile, "diverged", "show raised OverflowError: too much (line"),
    (Lonely, "odd runs", "show raised ZeroDivisionError"),
    (Expecting, "odd runs", "“nan” is said (a plane without a test set"),
    (Hasty, "nothing yet", "show raised AttributeError"),
    (Speechless, "nothing yet", "empty"),
    (Revealing, "veiled", "its picture depends"),
    (Lighting, "veiled", "its picture depends"),
    (Between, "veiled", "its picture depends"),
    (Recalling, "veiled", "its picture depends"),
    (Telling, "veiled", "sentence depends"),
    (Whispering, "veiled", "the pointer is told"),
    (Coloured, "not fresh", "of its colour"),
    (Remembering, "scrubbing", "another way"),
    (Making, "artists", "1 more (Text"),
    (Pointing, "pointer", "at returned str"),
    (Beyond, "pointer", "outside its box"),
    (Unmoved, "pointer", "where the box is elsewhere"),
    (Stranger, "pointer", "client=99"),
    (Acting, "pointer", "click='scrub'"),
    (Glowing, "light", "light(None)"),
]


@pytest.mark.parametrize(
    ("view", "point", "words"), BROKEN, ids=lambda x: getattr(x, "__name__", "")
)
def test_what_is_broken_is_found_at_its_point(view, point, words):
    answer = found(view, point)
    assert answer.held is False
    assert words in answer.found


def test_every_point_has_a_broken_view():
    assert {point for _, point, _ in BROKEN} == set(POINTS)


def test_a_view_without_numbers_says_so():
    quiet = type("Quiet", (Wordy,), {"numbered": False, "__doc__": "Says no number."})
    answer = found(quiet, "numbers")
    assert answer.held is None
    assert "numbered = False" in answer.found


def test_prepare_that_breaks_off_is_blamed_with_its_line():
    class Unready(Shares):
        """Breaks off while it computes."""

        @staticmethod
        def prepare(moment):
            yield None
            raise KeyError("shares")

    answer = found(Unready, "drawn")
    assert answer.held is False
    assert "prepare raised KeyError: 'shares' (line" in answer.found
    report = fp.check_view(Unready)
    assert {point.name for point in report.points if point.held is None} > {"sizes", "light"}


def test_what_cannot_be_registered_is_no_view_of_a_screen():
    class Untitled(Shares):
        """No title."""

        title = ""

    class Taken(Shares):
        """Has the name of one that is built in."""

        name = "curves"

    for view, words in ((Untitled, "title"), (Taken, "built in")):
        report = fp.check_view(view)
        assert words in report["class"].found
        assert [point.held for point in report.points] == [False, *[None] * len(POINTS)]
    assert vars(Taken)["name"] == "curves"


def test_an_example_that_is_no_action_is_told():
    class Doing(Shares):
        """Asks for what no view can do."""

        @staticmethod
        def example(exp, federation):
            return [fp.Intent("dance")]

    assert "'dance'" in found(Doing, "drawn").found


@pytest.mark.parametrize("view", [None, 3, "nothing", fp.View, fp.Experiment, Shares.__init__])
def test_what_is_no_view_is_refused(view):
    with pytest.raises(ValueError, match="view="):
        fp.check_view(view)
