"""`fp.check_algorithm`: a correct algorithm holds, a broken one is found where it breaks."""

from __future__ import annotations

import re
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

import numpy as np
import pytest

import fedplay as fp
from fedplay.check.points import POINTS
from fedplay.knobs import knobs_of
from fedplay.registry import SLOTS
from fedplay.stages.footprint import footprint


@pytest.fixture
def registry():
    """What is registered in a test is gone after it."""
    kept = dict(SLOTS["algorithm"])
    yield SLOTS["algorithm"]
    SLOTS["algorithm"].clear()
    SLOTS["algorithm"].update(kept)


# --- A correct one: ten lines, a knob of its own -------------------------------------------------


@dataclass(frozen=True)
class Damped(fp.Algorithm):
    """A client sends a part of its update only, the smaller the longer the update."""

    damping: float = fp.knob(0.5, 0.0, 5.0, label="Damping", help="How much long updates shrink.")

    def message(self, w0, wk, own, server, c):
        update = wk - w0
        length = np.linalg.norm(update, axis=1, keepdims=True)
        return update / (1 + self.damping * length), own


@dataclass(frozen=True)
class Remembering(fp.Algorithm):
    """Each client repeats a part of its last update: momentum on the client's side."""

    repeat: float = fp.knob(0.3, 0.0, 0.9, label="Repeat", help="How much of its last update.")

    def init(self, P, N):
        return {"mean": np.zeros(P)}, {"last": np.zeros((N, P)), "rounds": np.zeros(N, np.int64)}

    def message(self, w0, wk, own, server, c):
        sent = wk - w0 + self.repeat * own["last"]
        return sent, {"last": sent, "rounds": own["rounds"] + 1}

    def absorb(self, w, server, m, step, c):
        return step(w, m), {"mean": (server["mean"] + m) / 2}


@pytest.mark.parametrize("cls", [Damped, Remembering])
def test_a_correct_algorithm_holds_every_point(cls):
    report = fp.check_algorithm(cls)
    assert report.ok, report
    assert [point.name for point in report.points] == list(POINTS)
    asked = {point.name for point in report.points if point.held}
    assert asked == set(POINTS) - {"saved"}, "which has to be registered first"
    assert "fp.register(" in report["saved"].found


def test_an_instance_is_checked_at_its_own_values_and_a_name_at_the_defaults(registry):
    fp.register(Damped, "damped")
    assert fp.check_algorithm("damped")["saved"].held
    assert fp.check_algorithm(Damped(damping=0.25))["saved"].held
    calm, wild = (fp.check_algorithm(Wild(speed=s))["finite"].held for s in (1.0, 1e60))
    assert (calm, wild) == (True, False)


def test_a_cell_that_is_run_again_may_change_its_knobs(registry):
    first = type("Mine", (Damped,), {"__doc__": "One."})
    fp.register(dataclass(frozen=True)(first), "mine")

    @dataclass(frozen=True)
    class Mine(fp.Algorithm):
        """Two: the damping has other bounds now."""

        damping: float = fp.knob(0.5, 0.0, 9.0, label="Damping", help="How much.")

        message = Damped.message

    Mine.__qualname__ = first.__qualname__
    assert fp.check_algorithm(Mine)["knobs"].held


# --- Broken ones: each is found by the point that it breaks, and by no other --------------------


class Plain(fp.Algorithm):
    """No dataclass."""


@dataclass
class Soft(fp.Algorithm):
    """Not frozen."""


@dataclass(frozen=True)
class NoAlgorithm:
    """Of no slot."""


@dataclass(frozen=True)
class Silent(fp.Algorithm):
    pass


@dataclass(frozen=True)
class Misspelt(fp.Algorithm):
    """A pull that nobody ever asks for."""

    def corect(self, w0, own, server, c):
        return fp.Correction(pull=1.0, anchor=w0)


@dataclass(frozen=True)
class Fixing(fp.Algorithm):
    """Sets what does not exist."""

    fixes: ClassVar = {"epochs": 3}


@dataclass(frozen=True)
class NoKnob(fp.Algorithm):
    """A field that is no knob."""

    strength: float = 0.1

    def correct(self, w0, own, server, c):
        return fp.Correction(pull=self.strength, anchor=w0)


@dataclass(frozen=True)
class Boundless(fp.Algorithm):
    """A knob without a highest value."""

    strength: float = fp.knob(0.1, 0.0, label="Strength", help="Of the pull.")

    def correct(self, w0, own, server, c):
        return fp.Correction(pull=min(self.strength, 1.0), anchor=w0)


@dataclass(frozen=True)
class Taken(fp.Algorithm):
    """A knob whose name somebody else has."""

    alpha: float = fp.knob(0.1, 0.0, 1.0, label="Strength", help="Of the pull.")

    def correct(self, w0, own, server, c):
        return fp.Correction(pull=self.alpha, anchor=w0)


@dataclass(frozen=True)
class Average(fp.Algorithm):
    """Sends the mean of the cohort instead of a row a client."""

    def message(self, w0, wk, own, server, c):
        return (wk - w0).mean(axis=0), own


@dataclass(frozen=True)
class Raising(fp.Algorithm):
    """Divides by nothing."""

    def correct(self, w0, own, server, c):
        return fp.Correction(shift=w0 * (1 / (c.N - 6)))


@dataclass(frozen=True)
class Function(fp.Algorithm):
    """Corrects by a function instead of data."""

    def correct(self, w0, own, server, c):
        return lambda w: w - w0


@dataclass(frozen=True)
class Short(fp.Algorithm):
    """Its message takes too few arguments."""

    def message(self, w0, wk):
        return wk - w0


@dataclass(frozen=True)
class Forgetful(Remembering):
    """Does not return its table."""

    def message(self, w0, wk, own, server, c):
        return wk - w0, {"last": wk - w0}


@dataclass(frozen=True)
class Stubborn(fp.Algorithm):
    """Takes the step itself."""

    def absorb(self, w, server, m, step, c):
        return w + m, server


@dataclass(frozen=True)
class InPlace(fp.Algorithm):
    """Writes into the model that it was handed."""

    def absorb(self, w, server, m, step, c):
        w += m / 2
        return step(w, m / 2), server


@dataclass(frozen=True)
class Wide(fp.Algorithm):
    """Computes in float64 whatever the run does."""

    def message(self, w0, wk, own, server, c):
        return np.float64(0.5) * (wk - w0), own


@dataclass(frozen=True)
class Rolling(fp.Algorithm):
    """Rolls dice of its own."""

    def message(self, w0, wk, own, server, c):
        return wk - w0 + np.random.default_rng().normal(size=1).astype(w0.dtype), own


@dataclass(frozen=True)
class Crowded(fp.Algorithm):
    """Divides by the number of clients who came."""

    def absorb(self, w, server, m, step, c):
        return step(w, m * (c.divisor / c.K)), server


@dataclass(frozen=True)
class Sociable(fp.Algorithm):
    """Compares itself with the others, of whom alone there are none."""

    def absorb(self, w, server, m, step, c):
        if c.K == 1:
            raise RuntimeError("nobody to compare with <b>")
        return step(w, m), server


SEEN = np.zeros(6, np.int64)


@dataclass(frozen=True)
class Counting(fp.Algorithm):
    """Counts rounds for everybody, also for those who are not there."""

    def init(self, P, N):
        return {}, {"seen": SEEN if len(SEEN) == N else np.zeros(N, np.int64)}

    def message(self, w0, wk, own, server, c):
        SEEN[:] += 1
        return wk - w0, own


@dataclass(frozen=True)
class FirstCome(fp.Algorithm):
    """Who stands first counts double."""

    def message(self, w0, wk, own, server, c):
        place = np.arange(c.K)[:, None]
        return ((wk - w0) * np.where(place == 0, 2, 1)).astype(w0.dtype), own


@dataclass(frozen=True)
class Centred(fp.Algorithm):
    """A client knows what the others did."""

    def message(self, w0, wk, own, server, c):
        update = wk - w0
        mean = update.mean(axis=0) if c.K else 0
        return update - mean / 2, own


@dataclass(frozen=True)
class Wild(fp.Algorithm):
    """Blows the model up, round by round."""

    speed: float = fp.knob(1e60, 1.0, 1e70, label="Speed", help="By how much it grows.")

    def absorb(self, w, server, m, step, c):
        return step(w, m + (self.speed - 1) * w), server


@dataclass(frozen=True)
class Idle(fp.Algorithm):
    """A knob that does nothing."""

    idle: float = fp.knob(0.1, 0.0, 1.0, label="Idle", help="Nothing.")


@dataclass(frozen=True)
class Unsent(Remembering):
    """Its clients read an array that nobody sent them."""

    def correct(self, w0, own, server, c):
        return fp.Correction(shift=0.1 * server["mean"] + 0 * w0)


@dataclass(frozen=True)
class Impatient(fp.Algorithm):
    """Divides by nothing where privacy has a cohort of less than one expected."""

    def absorb(self, w, server, m, step, c):
        if 0 < c.expected < 1:
            return step(w, m / np.float64(0)), server
        return step(w, m), server


@dataclass(frozen=True)
class Demanding(fp.Algorithm):
    """Cannot be made without being told something."""

    strength: float


@dataclass(frozen=True)
class OutOfRange(fp.Algorithm):
    """Its default is not allowed."""

    strength: float = fp.knob(5.0, 0.0, 1.0, label="Strength", help="Of the pull.")


@dataclass(frozen=True)
class Accumulating(Remembering):
    """Adds to the server's array where it lies."""

    def absorb(self, w, server, m, step, c):
        server["mean"] += m
        return step(w, m), server


BROKEN = [
    (Plain, "class", "must be decorated with @dataclass(frozen=True)"),
    (Soft, "class", "must be decorated with @dataclass(frozen=True)"),
    (NoAlgorithm, "class", "must inherit from fp.Algorithm"),
    (Demanding, "class", "can't be made with its defaults"),
    (OutOfRange, "class", "strength=5.0: must be a number from 0 to 1"),
    (Silent, "documented", "Silent has no docstring"),
    (Misspelt, "declarations", "corect is never called by the engine: did you mean correct?"),
    (Fixing, "declarations", "'epochs' is no training knob"),
    (NoKnob, "knobs", "strength is no knob"),
    (Boundless, "knobs", "strength has no bounds for a slider"),
    (Taken, "knobs", "Taken.alpha: a knob of this name exists already"),
    (Average, "a round", "message returned an array of shape (24,), not (4, M)."),
    (Raising, "a round", "correct raised ZeroDivisionError: "),
    (Function, "a round", "correct returned function, neither fp.Correction(...) nor None."),
    (Short, "a round", "message raised TypeError: Short.message() takes 3 positional arguments"),
    (Forgetful, "a round", "message returned no new rows of the table 'rounds'."),
    (Stubborn, "server step", "absorb never calls step"),
    (InPlace, "inputs", "absorb changed w"),
    (Accumulating, "inputs", "absorb changed server['mean'], which is not its own"),
    (Wide, "precision", "message returned float64 in a float32 run: .astype(w0.dtype)"),
    (Rolling, "repeats", "Two runs with one seed differ."),
    (Crowded, "no clients", "absorb raised ZeroDivisionError: "),
    (Sociable, "one client", "absorb raised RuntimeError: nobody to compare with <b> (line"),
    (
        Counting,
        "absent clients",
        "The rows of 'seen' of absent clients have changed.",
    ),
    (FirstCome, "order", "message depends on the order"),
    (Centred, "one at a time", "sends something else when others take part"),
    (Wild, "finite", "the model is no longer finite in round"),
    (Idle, "knobs at work", "idle makes no difference"),
    (Unsent, "what it costs", "Clients read server['mean'], so they must be sent 48 numbers"),
    (Impatient, "privacy", "With noise in the channel the model is no longer finite."),
]


@pytest.mark.parametrize(
    ("cls", "point", "sentence"), BROKEN, ids=lambda one: getattr(one, "__name__", None)
)
def test_what_is_broken_is_found_where_it_breaks(cls, point, sentence):
    report = fp.check_algorithm(cls)
    assert not report.ok
    assert report.broken[0].name == point, report
    assert sentence in report[point].found
    assert sentence[:20] in repr(report)
    assert f"{cls.__name__}: " in report.heading


@pytest.mark.parametrize("cls", [Silent, NoKnob, Stubborn, Accumulating, Wide, FirstCome, Idle])
def test_what_is_broken_breaks_nothing_else(cls):
    names = [point.name for point in fp.check_algorithm(cls).broken]
    assert len(names) == (2 if cls is FirstCome else 1), names  # and then who is alone is first


def test_every_point_can_break():
    """But `saved`, which no algorithm can break alone: knobs are checked before."""
    assert {point for _, point, _ in BROKEN} == set(POINTS) - {"saved"}


def test_what_hangs_on_a_broken_point_is_not_asked():
    report = fp.check_algorithm(Average)
    after = report.points[list(POINTS).index("a round") + 1 :]
    assert {point.held for point in after} == {None}
    assert after[0].found == "Cannot be told before “a round” holds."


def test_the_line_of_an_error_is_that_of_the_author():
    found = fp.check_algorithm(Raising)["a round"].found
    assert found.endswith(": return fp.Correction(shift=w0 * (1 / (c.N - 6))))")


def test_the_table_is_escaped_in_a_notebook():
    page = fp.check_algorithm(Sociable)._repr_html_()
    assert "nobody to compare with &lt;b&gt;" in page
    assert page.count("<tr>") == len(POINTS) + 1
    assert "<th scope='row'" in page
    assert "<caption" in page


def test_the_text_is_a_table_of_a_hundred_columns():
    lines = repr(fp.check_algorithm(Sociable)).splitlines()
    assert max(map(len, lines)) <= 100
    assert sum("✗ BROKEN" in line for line in lines) >= 1


@pytest.mark.parametrize("wrong", [3, None, "fedprx", ["fedavg"]])
def test_what_is_no_algorithm_at_all_is_refused(wrong):
    with pytest.raises(ValueError, match="algorithm="):
        fp.check_algorithm(wrong)


def test_the_other_algorithms_are_left_alone(registry):
    before = dict(registry)
    fp.check_algorithm(Idle)
    assert registry == before


def test_a_class_typed_into_a_session_is_told_by_line():
    code = (
        "from dataclasses import dataclass\nimport fedplay as fp\n\n@dataclass(frozen=True)\n"
        'class Mine(fp.Algorithm):\n    """Mine."""\n\n    def begin(self, w, own, server, c):\n'
        "        return w / missing\n\nprint(fp.check_algorithm(Mine)['a round'].found)\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.startswith("begin raised NameError: name 'missing' is not defined (line 9")


# --- docs/algorithms.md --------------------------------------------------------------------------

DOC = Path(__file__).parents[2] / "docs" / "algorithms.md"


def test_the_report_in_the_document_is_what_is_printed():
    """Line by line, but for the digits of a loss."""
    text = DOC.read_text(encoding="utf-8")
    (block,) = re.findall(r"```text\n(.*?)```", text, re.S)
    code = re.findall(r"```python\n(.*?)```", text, re.S)[0]
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    losses = re.compile(r"goes from .*\.$", re.M)
    assert losses.sub("", block) == losses.sub("", done.stdout)
    assert block.startswith("Damped: all ")


@pytest.mark.parametrize("slot", ["algorithm", "server"])
def test_the_table_of_methods_is_complete(slot):
    """Every method has a row, which names its file and all its knobs with their defaults."""
    text = DOC.read_text(encoding="utf-8")
    rows = dict(re.findall(rf'^\| (\[`{slot}="\w+"`\].*?\)) \|(.*)\|$', text, re.M))
    found = {re.search(r'"(\w+)"', link)[1]: (link, rest) for link, rest in rows.items()}
    built_in = {n: cls for n, cls in SLOTS[slot].items() if cls.__module__.startswith("fedplay.")}
    assert set(found) == set(built_in)
    for name, cls in built_in.items():
        link, rest = found[name]
        assert f"../{cls.__module__.replace('.', '/')}.py" in link
        listed = rest.split("|")[-1].strip()
        knobs = [f"`{knob.name}` {knob.default}" for knob in knobs_of(cls).values()]
        assert listed == ", ".join(knobs) or (not knobs and listed.startswith("none"))
        if slot == "algorithm":
            words = re.search(r"2P|P \+ 1|P", rest.split("|")[2])[0]
            sent = {"P": 12, "2P": 24, "P + 1": 13}[words]
            assert footprint(cls(), 12).up == (0 if cls.pooled else sent)
