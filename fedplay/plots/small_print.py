"""The small print below a plain figure: which experiment it is of, and with which seeds."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from fedplay import __version__
from fedplay.drawing.cached_text import fitting
from fedplay.drawing.figure import DOTS
from fedplay.drawing.glyphs import Face, ink
from fedplay.experiment import Experiment, knobs
from fedplay.scales import SEEDS, listed, shown, words
from fedplay.session.run_history import differences
from fedplay.slots import TABLE
from fedplay.words import short

SIZE = 9.5  # css pixels; a point is one
LINE = 13  # css pixels from one line to the next
LINES = 3  # of what differs from the default, at most
LONGEST = 60  # characters of one choice
MORE = "…"


def changes(exp: Experiment) -> list[str]:
    """The settings in use that differ from the default, except rounds and seeds.

    >>> changes(Experiment(alpha=0.1, local_epochs=5, algorithm="scaffold", seed=3))
    ['Algorithm scaffold', 'Local epochs E 5', 'Label skew α 0.1']
    """
    own = exp.data == "arrays"  # then the data are all that is said of them
    used = {*TABLE, *exp.active_knobs()} - {"rounds", *SEEDS, *(("data", "clients") * own)}
    found = [f"data of your own ({exp.clients:,} clients)"] if own else []
    return found + [_said(exp, name) for name in differences(Experiment(), exp) if name in used]


def _said(exp: Experiment, name: str) -> str:
    """One choice, as "Local epochs E 5"."""
    value: Any = getattr(exp, name)
    if name in TABLE:
        several = value if isinstance(value, tuple) else (value,)
        named = all(isinstance(one, str) for one in several)
        # An instance that has no name carries its knobs in its own description.
        return short(f"{TABLE[name].label} {TABLE[name].shown(value) if named else value}", LONGEST)
    knob = knobs()[name]
    if isinstance(value, tuple):
        return short(f"{words(knob)} {listed(value) or 'none'}", LONGEST)
    return short(
        f"{words(knob)} {value if isinstance(value, str) else shown(knob, value)}", LONGEST
    )


def seeds(exp: Experiment) -> list[str]:
    """Both seeds, in two pieces between which a line may end."""
    return [f"seeds {exp.seed} (training)", f"and {exp.data_seed} (data)"]


def small_print(exp: Experiment, length: str, width: float, *more: str) -> list[str]:
    """Lines of at most `width` css pixels.

    length: how many rounds there are, in words
    more:   what else is to be said of the picture

    Where the changes need more than LINES lines, the last of them give way to "…"; the rounds, the
    seeds and the version never do.
    """
    found = changes(exp) or ["the default experiment"]
    end = ["·", *_joined([length]), *(p for one in more for p in ("·", *_joined([one])))]
    end += ["·", *seeds(exp), "·", f"fedplay {__version__}"]
    for kept in range(len(found), -1, -1):
        some = found[:kept] + [MORE] * (kept < len(found))
        lines = wrapped([*_joined(some), *end], width)
        if len(lines) <= LINES:
            break
    return lines


def _joined(pieces: Sequence[str]) -> list[str]:
    """The same with commas after all but the last."""
    return [*(f"{piece}," for piece in pieces[:-1]), *pieces[-1:]]


def wrapped(pieces: Sequence[str], width: float) -> list[str]:
    """Pieces in lines of at most `width` css pixels; one that is longer than a line is cut.

    A "·" never ends a line or begins one: it stands between two pieces of the same line.
    """
    lines, dot = [""], False
    for piece in pieces:
        if piece == "·":
            dot = True
            continue
        longer = f"{lines[-1]}{' · ' if dot else ' '}{piece}" if lines[-1] else piece
        if not lines[-1] or _wide(longer) > width:
            whole = fitting([piece], width, SIZE)
            lines = [*(line for line in lines if line), whole]
        else:
            lines[-1] = longer
        dot = False
    return lines


def _wide(words: str) -> int:
    """Css pixels."""
    return ink(words, Face(SIZE, "normal", DOTS)).shape[1]
