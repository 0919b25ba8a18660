"""Texts of a sweep: a sentence on all its values, and lines on one beside the pointer."""

from __future__ import annotations

import numpy as np

from fedplay.untrusted import escape
from fedplay.views.sweep.shown import Fan
from fedplay.words import UNSEEN, accuracy

LUCK = 0.01  # a difference that another seed could make as well


def told(fan: Fan) -> str:
    """What the knob is, and what its values come to; HTML."""
    if not fan.values and not fan.refused:
        return "Click the name of a knob to see what each of its values would do."
    done = [i for i in range(len(fan.values)) if fan.done(i)]
    found, known = _found(fan, done), f"{len(done)} of {len(fan.values)} computed"
    parts = [_stopped(escape(fan.help))] if fan.help.strip() else []
    text = f"{_range(fan)}, all else as it is"
    text += f": {found}" if found else ""
    parts.append(f"{text} … {known}." if len(done) < len(fan.values) else f"{text}.")
    lost = [f"<b>{escape(fan.values[i])}</b>" for i in done if not np.isfinite(fan.accuracy[i][-1])]
    if lost:
        parts.append(f"At {_listed(lost)} training diverges.")
    for words, reason in fan.refused:
        names = _listed([f"<b>{escape(word)}</b>" for word in words])
        parts.append(f"{names} cannot be run: {_stopped(escape(reason))}")
    for along in dict.fromkeys(filter(None, fan.brought)):
        those = zip(fan.values, fan.brought, strict=True)
        needy = [f"<b>{escape(value)}</b>" for value, one in those if one == along]
        needs = ("runs", "it needs") if len(needy) == 1 else ("run", "they need")
        parts.append(f"{_listed(needy)} {needs[0]} with {escape(along)}, which {needs[1]}.")
    if fan.values:
        parts.append("Click a value to take it.")
    return " ".join(parts)


def lines(fan: Fan, i: int) -> tuple[str, ...]:
    """Lines about a value, beside the pointer."""
    out = [f"{fan.label} = {fan.values[i]}"]
    end, spread, known = fan.end(i), fan.spread(i), len(fan.accuracy[i])
    if end is None and known:
        out.append(f"round {known - 1} of {fan.rounds[i]} computed")
    elif end is None:
        out.append("not computed yet")
    else:
        out.append(f"global model {accuracy(end)}" if np.isfinite(end) else "training diverges")
    if spread is not None:
        lowest, mean, highest = spread
        worst = highest if fan.score == "loss" else lowest
        out.append(f"clients' mean {UNSEEN} {accuracy(mean)}, worst {accuracy(worst)}")
    if fan.brought and fan.brought[i]:
        out.append(f"with {fan.brought[i]}")
    if i == fan.current:
        out.append("in force")
    return tuple(out)


def _range(fan: Fan) -> str:
    """Which values: "Local epochs E from 1 to 20"."""
    label, values = escape(fan.label), fan.values
    if len(values) < 2:
        return f"{label} {escape(values[0])}" if values else label
    if _number(values[0]) and _number(values[-1]):
        return f"{label} from {escape(values[0])} to {escape(values[-1])}"
    return f"{label} in {len(values)} ways"


def _number(text: str) -> bool:
    try:
        float(text.replace(",", "").replace("∞", "inf"))
    except ValueError:
        return False
    return True


def _found(fan: Fan, done: list[int]) -> str:
    """What has come out so far, as a clause; empty where fewer than two runs ended."""
    ends = {i: e for i in done if (e := fan.end(i)) is not None and np.isfinite(e)}
    if len(ends) < 2:
        return ""
    best, worst = max(ends, key=ends.__getitem__), min(ends, key=ends.__getitem__)
    if ends[best] - ends[worst] < LUCK:
        return f"the values hardly differ ({accuracy(ends[worst])} to {accuracy(ends[best])})"
    if fan.score == "loss":  # of which less is better
        best, worst = worst, best
    first, second = (f"<b>{escape(fan.values[i])}</b> ({accuracy(ends[i])})" for i in (best, worst))
    return f"the global model ends best at {first}, worst at {second}"


def _stopped(sentence: str) -> str:
    """A sentence with something at its end."""
    sentence = sentence.strip()
    return sentence if sentence.endswith((".", "!", "?", "…")) else f"{sentence}."


def _listed(words: list[str]) -> str:
    return words[0] if len(words) == 1 else ", ".join(words[:-1]) + " and " + words[-1]
