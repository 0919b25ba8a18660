"""The runs that a person has seen, in order, to go back to."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable
from typing import Any, NamedTuple

from fedplay.experiment import Experiment, knobs
from fedplay.knobs import Knob, short
from fedplay.slots import TABLE

LENGTH = 20
CHARACTERS = 28  # of a run's name, which stands with its accuracy in a column 260 px wide
Names = Callable[[Experiment], str | None]  # what a lab calls an experiment, if anything
QUICK = 0.7  # s; of values that one knob had for less than this only the last one is kept


class Entry(NamedTuple):
    """A run that was shown, and what had changed."""

    exp: Experiment
    accuracy: float  # of the global model in the end
    changed: str  # in words, against the run before it
    knobs: frozenset[str]  # those that changed
    time: float  # s, when it was noted
    name: str  # short: a lab's name for it, or what had changed

    @property
    def label(self) -> str:
        """Name and accuracy, as "E 1→5: .942"."""
        return f"{self.name}: {brief(f'{self.accuracy:.3f}')}"


class RunHistory:
    """The last runs, and at which of them the screen stands.

    names: what an experiment is called, where it has a name of its own
    """

    def __init__(self, names: Names | None = None) -> None:
        self.names: Names = _nameless if names is None else names
        self.entries: list[Entry] = []
        self.at = -1

    def note(self, exp: Experiment, accuracy: float, time: float, *, dragged: bool = True) -> bool:
        """Note a run that has come to rest on the screen; whether the history has changed.

        dragged: it may have been passed on the way to another one.
        """
        last = self.entries[self.at] if self.entries else None
        if last is not None and last.exp == exp:
            return False
        for place, entry in enumerate(self.entries):  # gone back to: nothing new was tried
            if entry.exp == exp:
                self.at = place
                return True
        newest = self.at == len(self.entries) - 1
        names = frozenset(differences(last.exp, exp)) if last is not None else frozenset[str]()
        passed = dragged and newest and last is not None and time - last.time < QUICK
        if last is not None and passed and names <= last.knobs:
            self.entries.pop()
            last = self.entries[-1] if self.entries else None
            names = frozenset(differences(last.exp, exp)) if last is not None else names
        words = "the first" if last is None else change_in_words(last.exp, exp)
        name = self.names(exp) or ("the first" if last is None else short_change(last.exp, exp))
        self.entries.append(Entry(exp, accuracy, words, names, time, cut(name)))
        del self.entries[:-LENGTH]
        self.at = len(self.entries) - 1
        return True

    def name_of(self, exp: Experiment) -> str:
        """The name of a run: its own, that of its entry, or how it differs from the defaults."""
        known = (entry.name for entry in self.entries if entry.exp == exp)
        found = self.names(exp) or next(known, None) or short_change(Experiment(), exp)
        return cut(found or "the defaults")


def differences(a: Experiment, b: Experiment) -> list[str]:
    """The names of the choices in which experiments differ, in the order of the controls."""
    names = {name for exp in (a, b) for name, _ in exp._changed}
    found = [name for name in names if _value(a, name) != _value(b, name)]
    order = _order(knobs())
    return sorted(found, key=lambda name: order.get(name, len(order)))


def change_in_words(a: Experiment, b: Experiment) -> str:
    """What differs between two experiments, as "Local epochs 1 → 5".

    >>> change_in_words(Experiment(), Experiment(local_epochs=5, alpha=0.1))
    'Local epochs 1 → 5, α 0.3 → 0.1'
    """
    return ", ".join(f"{_word(n)} {_said(a, n)} → {_said(b, n)}" for n in differences(a, b))


def short_change(a: Experiment, b: Experiment) -> str:
    """What differs between two experiments in few characters, with the field's letters.

    >>> short_change(Experiment(), Experiment(local_epochs=5, alpha=0.1, model="mlp"))
    'softmax→mlp, E 1→5, α .3→.1'
    >>> short_change(Experiment(), Experiment(model="mlp", clients=9, rounds=9, local_epochs=5))
    'softmax→mlp, N 10→9 +2'
    """
    parts = [_short(a, b, name) for name in differences(a, b)]
    for kept in range(len(parts), 0, -1):
        more = f" +{len(parts) - kept}" if kept < len(parts) else ""
        if len(text := ", ".join(parts[:kept]) + more) <= CHARACTERS or kept == 1:
            return text
    return ""


def cut(name: str) -> str:
    """A name that fits in the column."""
    return name if len(name) <= CHARACTERS else name[: CHARACTERS - 1].rstrip() + "…"


def brief(number: str) -> str:
    """A number without the zero in front of its point."""
    return number.removeprefix("0") if number.startswith("0.") else number


def _short(a: Experiment, b: Experiment, name: str) -> str:
    """The change of one choice: "E 1→5", "softmax→mlp", "channel auto→none"."""
    before, after = brief(_said(a, name)), brief(_said(b, name))
    plain = name in TABLE and not {before, after} & {"auto", "none"}
    return f"{before}→{after}" if plain else f"{_letter(name)} {before}→{after}"


def _letter(name: str) -> str:
    """The symbol of a knob where no other knob has the same, or its label."""
    letters = Counter(knob.symbol for knob in knobs().values())
    knob = knobs().get(name)
    return knob.symbol if knob is not None and letters[knob.symbol] == 1 else _word(name)


def _nameless(exp: Experiment) -> str | None:
    return None


def described(exp: Experiment, names: Iterable[str]) -> str:
    """Some of an experiment's choices, as "Local epochs 5, α 0.1"."""
    return ", ".join(f"{_word(name)} {_said(exp, name)}" for name in names)


def _order(table: dict[str, Knob]) -> dict[str, int]:
    from fedplay.experiment import CHOICES

    return {name: place for place, name in enumerate((*CHOICES, *table))}


def _value(exp: Experiment, name: str) -> Any:
    return getattr(exp, name, None)


def _word(name: str) -> str:
    if name == "alpha":
        return "α"
    knob = knobs().get(name)
    return knob.label if knob is not None and knob.label else name


def _said(exp: Experiment, name: str) -> str:
    from fedplay.scales import shown

    value, knob = getattr(exp, name, None), knobs().get(name)
    if knob is not None and (value is None or isinstance(value, int | float)):
        return shown(knob, value)
    if knob is not None and knob.kind == "table":
        return f"{len(value)} rows" if value else "equal shares"
    if name in TABLE and isinstance(value, tuple):
        return TABLE[name].shown(value)
    if isinstance(value, tuple):
        return "+".join(map(str, value))
    return value if isinstance(value, str) else short(value)
