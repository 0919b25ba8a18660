"""Where everything that can be chosen stands, by topic, and how it is found by a word for it."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterator

from fedplay import registry
from fedplay.experiment.choices import knobs
from fedplay.experiment.training import Training
from fedplay.knobs import Knob, knobs_of
from fedplay.slots import TABLE, TOPICS, Slot

# How much a kind of mention counts: all of a name, its beginning, a word of it, a part of a word.
NAME, LABEL, SYMBOL, SYNONYM, CHOICE, HELP = 100, 90, 85, 80, 80, 20
EXACT, WHOLE, BEGINS, WORD, PART = 1.0, 0.99, 0.7, 0.6, 0.4
ALIKE = 0.75  # of two words, so that one may be the other with a slip of the finger


def topics() -> dict[str, list[str]]:
    """Every slot and every knob, once each, by topic: in the order in which a column has them.

    First the knobs without a slot that everybody turns, then each slot and the knobs of its stages,
    then what is left. A topic without any is there, and empty.
    """
    loose, table = knobs_of(Training), knobs()
    owner = {name: slot for slot in reversed(TABLE) for name in _knobs_of_slot(slot)}
    found: dict[str, list[str]] = {topic: [] for topic in TOPICS}
    for name, knob in loose.items():
        if knob.level == "first":
            _group(found, knob.topic).append(name)
    for slot in TABLE.values():
        own = [name for name in _knobs_of_slot(slot.name) if owner[name] == slot.name]
        _group(found, slot.heading).append(slot.name)
        for name in own:
            _group(found, table[name].topic or slot.heading).append(name)
    for name, knob in loose.items():
        if knob.level != "first":
            _group(found, knob.topic).append(name)
    return found


def _group(found: dict[str, list[str]], topic: str) -> list[str]:
    return found.setdefault(topic, [])


def _knobs_of_slot(slot: str) -> list[str]:
    stages = registry.SLOTS[slot].values()
    return list(dict.fromkeys(name for stage in stages for name in knobs_of(stage)))


def find(text: str) -> list[str]:
    """The knobs and slots that a text speaks of, the likeliest first; none for an empty text.

    Searched are names, labels, letters, other words for them, what can be chosen, and help texts.

    >>> find("lr")[0], find("non-iid")[0], find("scaffold")[0]
    ('learning_rate', 'alpha', 'algorithm')
    """
    wanted = _plain(text)
    if not wanted:
        return []
    table = knobs()
    order = [name for names in topics().values() for name in names]
    known = {name: list(_mentions(TABLE.get(name) or table[name])) for name in order}
    scores = {name: _score(wanted, text.strip(), said) for name, said in known.items()}
    if not any(scores.values()):  # perhaps a slip of the finger
        words = {word for said in known.values() for _, name in said for word in name.split()}
        meant = " ".join(_closest(word, words) for word in wanted.split())
        scores = {name: _score(meant, meant, said) for name, said in known.items()}
    return sorted((name for name in order if scores[name]), key=lambda name: -scores[name])


def _mentions(of: Slot | Knob) -> Iterator[tuple[float, str]]:
    """What a knob or a slot is called, and how much each counts."""
    first = {"first": 0.5, "more": 0.0, "expert": -0.5}[of.level]  # between equals
    yield NAME + first, _plain(of.name)
    yield LABEL + first, _plain(of.label)
    for word in of.also:
        yield SYNONYM + first, _plain(word)
    if isinstance(of, Knob):
        yield SYMBOL + first, of.symbol
        for choice in of.choices:
            yield CHOICE + first, _plain(choice)
    else:
        yield LABEL + first, _plain(of.title)
        for choice in registry.SLOTS[of.name]:
            yield CHOICE + first, _plain(choice)
            yield CHOICE + first, _plain(registry.about(of.name, choice).title)
    yield HELP + first, _plain(of.help)


def _score(wanted: str, letter: str, mentions: list[tuple[float, str]]) -> float:
    """How well the mentions meet what is wanted: the best for the whole, or for all its words."""
    best = max(_met(wanted, letter, weight, said) for weight, said in mentions)
    words = wanted.split()
    if best or len(words) < 2:
        return best
    each = [max(_met(word, word, weight, said) for weight, said in mentions) for word in words]
    return min(each) / 2


def _closest(word: str, words: set[str]) -> str:
    return next(iter(difflib.get_close_matches(word, sorted(words), 1, cutoff=ALIKE)), word)


def _met(wanted: str, letter: str, weight: float, said: str) -> float:
    if said == letter:  # K and k are two
        return weight * EXACT
    if said.casefold() == wanted:
        return weight * WHOLE
    if said.startswith(f"{wanted} "):
        return weight * BEGINS
    if wanted in said.split() or f" {wanted} " in f" {said} ":
        return weight * WORD
    return weight * PART if len(wanted) > 2 and wanted in said else 0.0


def _plain(text: str) -> str:
    """A text in small letters, its words apart by one blank each."""
    return " ".join(re.findall(r"\w+", text.casefold().replace("_", " ")))
