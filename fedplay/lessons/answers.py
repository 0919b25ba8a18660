"""Comparison of a prediction with the computed results: in sentences, and on a line."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from fedplay.lessons.measures import Measure
from fedplay.studies.statistics import Difference
from fedplay.untrusted import escape

UNCLEAR = "no clear difference"
WIDE, HIGH, EDGE = 420, 46, 14  # css pixels of the line


@dataclass(frozen=True)
class Answer:
    """`right`: whether the prediction holds; `lines`: sentences, the verdict first."""

    right: bool
    lines: tuple[str, ...]
    picture: str = ""  # SVG; the sentences say the same

    def __str__(self) -> str:
        return "\n".join(self.lines)

    def html(self) -> str:
        first, *rest = (escape(line) for line in self.lines)
        below = "".join(f"<div>{line}</div>" for line in rest)
        return f"<div><b>{'✓' if self.right else '✗'} {first}</b></div>{self.picture}{below}"


def judge_number(
    said: float, values: Sequence[float], what: Measure, between: tuple[float, float]
) -> Answer:
    """Judge a predicted number by the computed values, one for each seed.

    Right: not further from the values than half of what they differ by, or the last digit told.
    """
    low, high, mean = min(values), max(values), sum(values) / len(values)
    slack = max(10.0**-what.digits, (high - low) / 2)
    right = low - slack <= said <= high + slack
    came = f"{what.words(mean)} came out"
    if len(values) > 1:
        came += f", {what.words(low)} to {what.words(high)} in {len(values)} runs with other dice"
    if right:
        how = "About right"
    elif math.isfinite(mean):
        how = f"{what.words(abs(said - mean))} too {'high' if said > mean else 'low'}"
    else:
        how = "Not so"
    lines = [f"{how}: you said {what.words(said)}; {came}.", _meaning(what)]
    return Answer(right, tuple(filter(None, lines)), _line(said, values, between))


def judge_choice(
    said: str, values: Mapping[str, Sequence[float]], what: Measure, most: bool
) -> Answer:
    """Judge a chosen option by every option's values, one a seed; `most`: the highest wins."""
    winner = clear_winner(values, most)
    right = said == (winner or UNCLEAR)
    came = "these runs cannot tell them apart"
    if winner is not None:
        came = f"“{winner}” comes out {'highest' if most else 'lowest'}"
    lines = [f"{'Right' if right else 'Not so'}: you said “{said}”; {came}."]
    for name, own in values.items():
        spread = f" ({what.words(min(own))} to {what.words(max(own))})" if len(own) > 1 else ""
        lines.append(f"{name}: {what.words(float(np.median(own)))}{spread}")
    seeds = len(next(iter(values.values())))
    many = f" The median of {seeds} runs with other dice, in brackets all of them." * (seeds > 1)
    lines.append((_meaning(what) + many).strip())
    return Answer(right, tuple(filter(None, lines)))


def _meaning(what: Measure) -> str:
    return f"It is the {what.what}." * bool(what.what)


def clear_winner(values: Mapping[str, Sequence[float]], most: bool) -> str | None:
    """The option that beats every other one in more seeds than chance would often give.

    >>> clear_winner({"a": [3, 4, 5, 4, 3], "b": [1, 2, 2, 3, 1]}, most=True)
    'a'
    >>> clear_winner({"a": [3, 4, 5, 4, 3], "b": [1, 5, 2, 5, 1]}, most=True) is None
    True
    """
    for name, own in values.items():
        if all(_beats(own, theirs, most) for other, theirs in values.items() if other != name):
            return name
    return None


def _beats(own: Sequence[float], theirs: Sequence[float], most: bool) -> bool:
    wins = sum((a > b) if most else (a < b) for a, b in zip(own, theirs, strict=True))
    loses = sum((a < b) if most else (a > b) for a, b in zip(own, theirs, strict=True))
    if len(own) == 1:
        return wins == 1
    return wins > loses and Difference(math.nan, wins, loses, len(own)).clear


def _line(said: float, values: Sequence[float], between: tuple[float, float]) -> str:
    """A line from the lowest to the highest number: dots are the runs, the wedge is what was said.

    In the colour of the text around it, so that it is seen on white and on black.
    """
    lo, hi = between

    def at(value: float) -> float:
        share = min(max((value - lo) / (hi - lo), 0.0), 1.0)
        return EDGE + share * (WIDE - 2 * EDGE)

    dots = "".join(
        f'<circle cx="{at(v):.1f}" cy="22" r="5" fill-opacity=".35"/>'
        for v in values
        if math.isfinite(v)
    )
    x = at(said)
    return (
        f'<svg width="{WIDE}" height="{HIGH}" aria-hidden="true" fill="currentColor" '
        f'font-size="12" style="max-width: 100%; display: block">'
        f'<path d="M{EDGE} 22H{WIDE - EDGE}" stroke="currentColor" stroke-opacity=".4"/>'
        f'{dots}<path d="M{x:.1f} 16l-5 -11h10z"/>'
        f'<text x="{EDGE}" y="42">{lo:g}</text>'
        f'<text x="{WIDE - EDGE}" y="42" text-anchor="end">{hi:g}</text></svg>'
    )
