"""Texts of the confusion matrices: headings, what is beside the pointer, and the sentence."""

from __future__ import annotations

from typing import Any

import numpy as np

from fedplay.untrusted import escape
from fedplay.views.confusion.analysis import Confusion, Counts, Mistake, mistakes, right
from fedplay.words import UNSEEN, percent, short

DIGITS = {
    "0": "zeros",
    "1": "ones",
    "2": "twos",
    "3": "threes",
    "4": "fours",
    "5": "fives",
    "6": "sixes",
    "7": "sevens",
    "8": "eights",
    "9": "nines",
}
NEVER = 3  # classes that are named which a model never says
SPOKEN_LIKE_EIGHT = ("8", "11", "18")


def judged_on_test(state: Any) -> bool:
    """Whether a person wants both models judged on the test set, as they are at first."""
    return getattr(state, "judged", "test") == "test"


def whose(found: Confusion, model: int, wide: bool = True) -> str:
    """The heading of one of the two matrices."""
    if not model:
        return "global model"
    why = "" if found.chosen or not wide else ", which the global model serves worst"
    return f"{short(found.name)} {UNSEEN}: {found.called}{why}"


def basis(found: Confusion, test: bool) -> str:
    """The examples on which both are judged, for a heading."""
    if found.on_test(test):
        return f"{found.tests:,} examples of the test set"
    return f"{found.held:,} examples that {short(found.name)} holds out"


def scored(found: Confusion, model: int, test: bool) -> list[str]:
    """Wordings of how good a model is, from the longest."""
    if not found.finite[model]:
        return ["it has diverged: it says no class"]
    counts, count = _counts(found, model, test)
    score = percent(right(counts, count), 1) if count else "nothing to judge by"
    return [f"{score} of {basis(found, test)}", score]


def legend(end: float) -> list[str]:
    """Wordings of the line below the matrices."""
    rows = "row: the true class; column: what the model says"
    return [
        f"{rows}; blue: right, up to the whole row; red: wrong, up to {percent(end)} of it",
        f"{rows}; red: wrong",
        "row: true; column: said",
    ]


def of_cell(found: Confusion, model: int, test: bool, true: int, said: int) -> tuple[str, ...]:
    """Beside the pointer on a cell."""
    counts, _ = _counts(found, model, test)
    of, count = int(counts[true].sum()), int(counts[true, said])
    head = whose(found, model, wide=False)
    where = "on the test set" if found.on_test(test) else "on held-out examples"
    one = Mistake(true, said, count, of)
    line = read(found, one, html=False) if of else f"no example of {_name(found, true)} is there"
    return f"{head}, {where}", line


def read(found: Confusion, one: Mistake, *, html: bool = True) -> str:
    """How often a class is read as another, in words: with its part of the class."""
    true, said = (_name(found, c) for c in one[:2])
    if html:
        true, said = escape(true), escape(said)
    what = _what(found, true, one.times)
    verb = "is" if one.times == 1 else "are"
    number = f"<b>{one.times:,}</b>" if html else f"{one.times:,}"
    as_ = f"{_a(said)} {said}" if _digits(found) else said
    whole = f"the {DIGITS[true]}" if _digits(found) else f"all of {true}"
    return f"{number} {what} {verb} read as {as_} ({percent(one.part)} of {whole})"


def listed(found: Confusion, one: Mistake) -> list[str]:
    """Wordings of a mistake in the list beside a matrix."""
    true, said = (short(found.classes[c], 10) for c in one[:2])
    return [f"{true} read as {said}: {one.times:,}", f"{true} → {said}: {one.times:,}"]


def told(found: Confusion, test: bool) -> str:
    """What the global model confuses most, and what the client's does, as HTML."""
    where = "the test set" if found.on_test(test) else "what the client holds out"
    name = escape(short(found.name))
    first = _of_model(found, 0, test, f"On {where} the global model")
    who = f"{name[0].upper()}{name[1:]}"
    why = "" if found.chosen else ", which the global model serves worst,"
    second = _of_model(found, 1, test, f"{who}{why} with its own model ({escape(found.called)})")
    return f"{first} {second}{_never(found, test)}"


def _of_model(found: Confusion, model: int, test: bool, who: str) -> str:
    if not found.finite[model]:
        return f"{who} says no class: it has diverged."
    counts, count = _counts(found, model, test)
    if not count:
        return f"{who} has no examples to be judged by."
    gets = f"{who} gets <b>{percent(right(counts, count), 1)}</b> right"
    wrong = mistakes(counts)
    return f"{gets}: {read(found, wrong[0])}." if wrong else f"{gets}, and confuses nothing."


def _never(found: Confusion, test: bool) -> str:
    """Which classes the client's model never says though they are there, and whether it has any."""
    counts, count = _counts(found, 1, test)
    never = np.flatnonzero((counts.sum(axis=0) == 0) & (counts.sum(axis=1) > 0))
    if not count or not found.finite[1] or not len(never) or len(never) == len(counts):
        return ""
    names = [escape(_name(found, int(c))) for c in never[:NEVER]]
    more = len(never) - NEVER
    names += [f"{more} other{'s' if more > 1 else ''}"] if more > 0 else []
    said = names[0] if len(names) == 1 else f"{', '.join(names[:-1])} or {names[-1]}"
    lacks = "" if found.trained[never].any() else ", of which it has no example to train on"
    return f" It never says {said}{lacks}."


def _counts(found: Confusion, model: int, test: bool) -> tuple[Counts, int]:
    """The matrix of a model, and how many examples it is about."""
    on_test = found.on_test(test)
    both = found.own if model else found.whole
    return both[0 if on_test else 1], found.tests if on_test else found.held


def _digits(found: Confusion) -> bool:
    return found.classes == tuple(DIGITS)


def _name(found: Confusion, label: int) -> str:
    return short(found.classes[label])


def _what(found: Confusion, name: str, count: int) -> str:
    """What is counted: pictures of a digit, or examples of a class."""
    plural = "" if count == 1 else "s"
    if _digits(found):
        return f"picture{plural} of {_a(name)} {name}"
    return f"example{plural} of {name}"


def _a(name: str) -> str:
    return "an" if name in SPOKEN_LIKE_EIGHT else "a"
