"""The points of a view's contract that are about its words and about what is pointed at."""

from __future__ import annotations

import inspect
import re
import textwrap
from collections.abc import Iterator
from dataclasses import replace
from html.parser import HTMLParser
from typing import Any

from fedplay.check.asking import Broken, Skipped
from fedplay.check.view_bench import ODD, Drawn, Seen, ViewBench, grid
from fedplay.check.view_letters import in_letters, words_in
from fedplay.knobs import short
from fedplay.untrusted import escape
from fedplay.views.scene import Hit, Intent, Scene
from fedplay.words import plain

MARGIN = 20  # css pixels around the box that are pointed at too
EMPTY = ("wbr", "br")  # tags without an end
NEVER = re.compile(r"\b(nan|None|inf|NaN)\b")  # what no reader should have to read
NUMBER = re.compile(r"\d[\d.,]*")
BARE = re.compile(r"&(?!\w+;|#\d+;)")  # an ampersand that is not escaped


def documentation(bench: ViewBench) -> str:
    """What its tab and its reader are told."""
    cls = bench.cls
    text = inspect.cleandoc(vars(cls).get("__doc__") or "")
    if not text:
        raise Broken(f"{bench.called} has no docstring: say what is seen in it.")
    for name in ("title", "help"):
        value = getattr(cls, name)
        if not isinstance(value, str) or not value.strip():
            raise Broken(f"{name}={short(value)}: must be a text, for its tab.")
    return f"“{textwrap.shorten(text.splitlines()[0], 70, placeholder=' …')}”"


# --- names ----------------------------------------------------------------------------------------


def names(bench: ViewBench) -> str:
    """Names from data are escaped in sentences, and are plain text anywhere else."""
    named, tips = 0, 0
    for case in bench.cases():
        still = bench.still(case, "odd")
        for client in (None, *range(min(len(still.scene().panel), 3))):
            scene = bench.scene(still, None, client)
            for at in (scene, replace(scene, phase=1.5), replace(scene, phase=2.5)):
                named += _escaped(bench.cls.sentence(at), "sentence")
            spoken = bench.cls.spoken(scene)
            if not isinstance(spoken, str) or "&lt;" in spoken:
                raise Broken("spoken is plain text: nothing in it is to be escaped.")
            if client != 0:  # followed, it is named in most places
                continue
            drawn = Drawn(bench.cls, scene)
            drawn.frame()
            in_letters(drawn, case)
            for hit in _hits(drawn):
                if any("&lt;" in line or "&quot;" in line for line in hit.lines):
                    raise Broken(f"Lines of a hit are plain text, not HTML: {hit.lines}.")
                tips += any("<u>" in line for line in hit.lines)
    if not named and not tips:
        return "It names neither clients nor classes."
    return f"Names are escaped in {named} sentences and as they are in {tips} tips."


class _Tags(HTMLParser):
    """The tags of a sentence."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.wrong = ""

    def handle_starttag(self, tag: str, attrs: Any) -> None:
        if tag not in EMPTY:
            self.open.append(tag)
        if tag == "u" or any(name.startswith("on") for name, _ in attrs):
            self.wrong = tag

    def handle_endtag(self, tag: str) -> None:
        if not self.open or self.open.pop() != tag:
            self.wrong = tag


def _escaped(sentence: Any, what: str) -> bool:
    """Whether a name is in a sentence of HTML; Broken where it is not escaped, or is so twice."""
    if not isinstance(sentence, str):
        raise Broken(f"{what} returned {type(sentence).__name__}, not a text.")
    tags = _Tags()
    tags.feed(sentence)
    tags.close()
    if "<u" in sentence or BARE.search(sentence) or tags.wrong or tags.open:
        raise Broken(
            f"{what}: a name is not escaped, or a tag not closed, in “{sentence[:160]}”: "
            "html.escape(name) for whatever comes from data."
        )
    if "&amp;lt;" in sentence or "&amp;quot;" in sentence:
        raise Broken(f"{what}: a name is escaped twice in “{sentence[:160]}”.")
    return escape(ODD[:4]) in sentence


# --- sentences ------------------------------------------------------------------------------------


def numbers(bench: ViewBench) -> str:
    """Its sentence has numbers of the run: those of another run are others."""
    pairs = [
        [plain(bench.cls.sentence(bench.first(case, kind))) for kind in ("first", "other")]
        for case in bench.cases()
    ]
    if not bench.cls.numbered:
        for sentence in (words for pair in pairs for words in pair):
            if NUMBER.search(sentence):
                raise Broken(f"numbered = False, but there is a number in “{sentence[:120]}”.")
        raise Skipped("It says that its sentence has no numbers (numbered = False).")
    changed = [pair for pair in pairs if NUMBER.findall(pair[0]) != NUMBER.findall(pair[1])]
    if not changed:
        raise Broken(
            "Two runs on other data have the same numbers in their sentences: "
            f"“{pairs[0][0][:120]}”. Say what came out, or numbered = False."
        )
    return f"Of {len(pairs)} pairs of runs {len(changed)} have other numbers in their sentences."


def diverged(bench: ViewBench) -> str:
    """A run that diverges is drawn, and told in words."""
    cases = bench.cases("wild")
    for case in cases:
        seen = bench.seen(case, "wild")
        drawn = Drawn(bench.cls, seen[0].scene)
        for scene, words in (seen[2], seen[0], seen[3]):  # after one round, and in the end
            _fair(drawn, scene, words)
    if not cases:
        raise Skipped("No run that diverges suits it.")
    return f"Runs that diverge are drawn and told in words: {', '.join(cases)}."


def odd_runs(bench: ViewBench) -> str:
    """What is seldom is drawn and told in words, in the middle of a round too."""
    told = {case: bench.seen(case, "odd run") for case in bench.cases("odd run")}
    for case in [case for case in bench.cases("bare") if case in ("digits", "a plane")]:
        told[f"{case} without a test set"] = bench.seen(case, "bare")
    for seen in told.values():
        drawn = Drawn(bench.cls, seen[0].scene)
        middle = replace(seen[3].scene, phase=1.5)
        for scene, words in (seen[1], seen[2], seen[3], Seen(middle, f"{seen[3].words}, 1.5")):
            if not drawn.view.fits(scene):
                drawn = Drawn(bench.cls, scene)
            _fair(drawn, scene, words)
            drawn.view.light(len(scene.panel) - 1)
            drawn.frame()
    if not told:
        raise Skipped("None of the odd runs suits it.")
    return f"Odd runs are drawn and told in words: {', '.join(told)}."


def nothing(bench: ViewBench) -> str:
    """What is not computed yet is told in words too."""
    for case in bench.cases():
        scene = replace(bench.first(case), closeup=None, fresh=False)
        _fair(Drawn(bench.cls, scene), scene, f"{case}, nothing computed")
    return "Where nothing is computed yet it is drawn, and says so."


def _fair(drawn: Drawn, scene: Scene, words: str) -> None:
    """Drawn and pointed at without an error; a sentence, and no number that is none."""
    view = drawn.cls
    drawn.show(scene)
    drawn.frame()
    said = plain(view.sentence(scene))
    if not said.strip():
        raise Broken(f"The sentence is empty: {words}.")
    lines = [line for hit in _hits(drawn) for line in hit.lines]
    for text in (said, view.spoken(scene), *lines, *words_in(drawn.canvas.figure)):
        if found := NEVER.search(text):
            raise Broken(f"“{found[0]}” is said ({words}): “{text[:120]}”.")


# --- what is pointed at ---------------------------------------------------------------------------


def pointer(bench: ViewBench) -> str:
    """What is at a position is nothing, or a hit that says what can be done with it."""
    count = 0
    for case in bench.cases():
        drawn = bench.drawn(case)
        count += sum(1 for _ in _hits(drawn))
        _moved(drawn, Drawn(bench.cls, drawn.scene, margin=MARGIN))
    return f"{count} hits, each with lines of text; outside its box there is nothing."


def _moved(drawn: Drawn, other: Drawn) -> None:
    """Positions are those of the whole picture: what a view has moves along with its box."""
    for x, y in grid(drawn.box):
        # Where it comes to a part of a pixel it may be either: beside it there is no doubt.
        found = [_found(drawn, other, x + a, y + b) for a, b in ((0.0, 0.0), (0.3, 0.4))]
        if all(here != there for here, there in found):
            here, there = found[0]
            raise Broken(
                f"At ({x:.0f}, {y:.0f}) of its box it finds {here}, and {there} where the box is "
                "elsewhere: positions are css pixels of the whole picture."
            )


def _found(drawn: Drawn, other: Drawn, x: float, y: float) -> tuple[Any, Any]:
    """What two pictures have at one position of their boxes."""
    hits = drawn.view.at(x, y), other.view.at(x + other.box.left, y + other.box.top)
    here, there = (None if h is None else (h.lines, h.client, h.cursor) for h in hits)
    return here, there


def _hits(drawn: Drawn) -> Iterator[Hit]:
    """All that is at a grid of positions; Broken where it is no hit, or none of this scene."""
    places = len(drawn.scene.panel)
    for x, y in grid(drawn.box, beyond=MARGIN):
        hit: Any = drawn.view.at(x, y)
        if hit is None:
            continue
        if not isinstance(hit, Hit):
            raise Broken(f"at returned {type(hit).__name__}: it must be None or a fp.Hit.")
        if not drawn.box.holds(x, y):
            raise Broken(f"at finds {hit.lines or 'something'} outside its box.")
        if not isinstance(hit.lines, tuple) or not all(isinstance(v, str) for v in hit.lines):
            raise Broken(f"lines={short(hit.lines)}: must be a tuple of texts.")
        if hit.client is not None and not 0 <= hit.client < places:
            raise Broken(f"client={short(hit.client)}: the panel has {places} places.")
        _asks(hit, x, y)
        yield hit


def _asks(hit: Hit, x: float, y: float) -> None:
    """Whatever gestures ask for is an intent."""
    asked = {"click": hit.click, "press": hit.press}
    asked |= {n: g(x, y) for n, g in (("drag", hit.drag), ("drop", hit.drop)) if g is not None}
    for name, intent in asked.items():
        if intent is not None and not isinstance(intent, Intent):
            raise Broken(f"{name}={short(intent)}: must be None or a fp.Intent.")
