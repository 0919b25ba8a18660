"""Texts of the view Digits: headings, captions, lines beside the pointer, a sentence."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from fedplay.stages.base import Array
from fedplay.untrusted import escape
from fedplay.views.pictures.analysis import PictureAnalysis, Units
from fedplay.views.scene import Hit
from fedplay.words import UNSEEN, short

if TYPE_CHECKING:
    from fedplay.drawing.mosaic import Words
    from fedplay.drawing.style import Look

TICK, ARROW = "✓", "→"


# --- the weights


def title(found: PictureAnalysis, units: Units, shown: int) -> list[str]:
    """Wordings of the heading above the weights."""
    who = short(found.name)
    if units.hidden:
        what = f"{shown} of {units.hidden} neurons"
        whole = [f"Weights of {what}, strongest first", what]
    elif shown < len(found.classes):
        whole = [f"Weights of {shown} of {len(found.classes)} classes"]
    else:
        whole = ["Weights of the global model", "Global weights"]
    if units.change is None:
        return whole
    return [f"{words}; below: change by {who}" for words in whole] + whole[-1:]


def names(found: PictureAnalysis, units: Units, step: float) -> list[str]:
    """What stands below the weights, `step` css pixels apart: classes, or those spoken for."""
    most = max(int(step / 7.5), 1)
    if not units.hidden:
        return [short(name, most) for name in found.classes]
    if len(units.speaks):
        return [short(f"{ARROW} {found.classes[c]}", most) for c in units.speaks]
    return [str(int(k)) for k in units.which]


def scales(ends: Sequence[float]) -> list[str]:
    """Wordings of the key: how far the colours reach, for weights and for their change."""
    weights, *change = (f"±{end:g}" if end else "0" for end in ends)
    whole = f"for, {weights}" if ends[0] else "for; all are 0"
    if not change:
        return [whole]
    return [f"{whole}; below {change[0]}", f"{weights}; {change[0]}"]


# --- the client


def whose(found: PictureAnalysis) -> list[str]:
    """Wordings of the heading above a client's pictures."""
    name = f"{short(found.name)} {UNSEEN}"
    return [f"{name} is served worst", f"{name}: worst", name] if found.least else [name]


def how_many(found: PictureAnalysis, counts: Array) -> list[str]:
    """Wordings of how many pictures it has, and of what, from its counts (C,)."""
    total, most = int(counts.sum()), _mostly(found, counts)
    return [f"{total:,} pictures{most}", f"{total:,}{most}", f"{total:,} pictures"]


def _mostly(found: PictureAnalysis, counts: Array) -> str:
    """The classes that make up most of a client's pictures, as the end of a sentence."""
    order = np.argsort(-counts, kind="stable")
    part = np.cumsum(counts[order]) / max(int(counts.sum()), 1)
    names = [short(found.classes[c], 8) for c in order]
    different = int((counts > 0).sum())
    if different == 1:
        return f", all {names[0]}"
    if different > 1 and part[0] >= 0.5:
        return f", mostly {names[0]}"
    if different > 2 and part[1] >= 0.5:
        return f", mostly {names[0]} and {names[1]}"
    return f" of {different} classes" if different else ""


# --- the mistakes


def missed(found: PictureAnalysis) -> list[str]:
    """Wordings of how many mistakes there are; none where no picture is kept to judge by."""
    tally = found.held if found.followed else found.test
    if not tally.of:
        return [""]
    count = f"{tally.missed} of {tally.of}"
    if not found.followed:
        words = f"{count} test pictures"
        return [f"{words}, the surest first", words] if tally.missed > 1 else [words]
    words = f"{count} held-out pictures"
    if found.after is None:
        return [words]
    then = f"{found.after} by its personal model"
    if found.wrong is not None and found.wrong.cured.any():
        then += f" ({TICK} cured)"
    return [f"{words}, {then}", f"{count}, {then}", words]


def captions(found: PictureAnalysis, look: Look, fresh: bool) -> list[Words]:
    """What stands below each mistake: the true class, what the model says, and whether cured."""
    wrong = found.wrong
    assert wrong is not None
    out: list[Words] = []
    inks = [look.ink, look.muted, look.accent, look.personal] if fresh else [look.stale] * 4
    for label, said, cured in zip(wrong.labels, wrong.said, wrong.cured, strict=True):
        true, other = (short(found.classes[c], 5) for c in (label, said))
        words = [true, ARROW, other, TICK][: 4 if cured else 3]
        out.append(list(zip(words, inks, strict=False)))
    return out


# --- the pointer


def of_unit(found: PictureAnalysis, k: int) -> Hit:
    """What to say of the k-th picture of weights."""
    units = found.units
    assert units is not None
    number = int(units.which[k])
    if units.hidden:
        lines = [f"weights of neuron {number} of {units.hidden}"]
        if len(units.speaks):
            lines.append(f"it speaks most for {short(found.classes[int(units.speaks[k])])}")
    else:
        lines = [f"weights for {_thing(found)} {short(found.classes[number])}"]
    lines.append("red: ink here speaks for it, blue: against")
    if units.change is not None:
        lines.append(f"below: what is personal about it for {short(found.name)} {UNSEEN}")
    return Hit(tuple(lines))


def of_photo(found: PictureAnalysis, k: int, mistake: bool) -> Hit:
    """What to say of the k-th mistake, or of the k-th of a client's pictures."""
    photos = found.wrong if mistake else found.own
    assert photos is not None
    true, said = (short(found.classes[int(c)]) for c in (photos.labels[k], photos.said[k]))
    says = f"global model says {said} ({photos.sure[k]:.2f})"
    if mistake and not found.followed:
        return Hit((f"a test picture: {true}", says))
    lines = [f"{short(found.name)} {UNSEEN}: {true}", says]
    if mistake and found.after is not None:
        now = "gets it right" if photos.cured[k] else "errs too"
        lines.append(f"its personal model {now}")
    return Hit(tuple(lines), client=found.client or 0)


def _thing(found: PictureAnalysis) -> str:
    """What a class is called."""
    digits = all(len(name) == 1 and name.isdigit() for name in found.classes)
    return "digit" if digits else "class"


# --- the sentence


def told(found: PictureAnalysis) -> str:
    """What is seen, as HTML."""
    if not found.finite:
        return "The model has diverged: its weights are no longer numbers that can be drawn."
    return " ".join(part for part in (_explained(found), _counted(found)) if part)


def _explained(found: PictureAnalysis) -> str:
    if found.units is None:
        return ""
    what = "neuron of the first layer" if found.units.hidden else _thing(found)
    return f"Each picture shows where ink speaks for a {what} (red) or against it (blue)."


def _counted(found: PictureAnalysis) -> str:
    """The mistakes, counted."""
    parts = []
    if found.test.of:
        count = f"<b>{found.test.missed}</b> of {found.test.of} test pictures"
        words = f"The global model misses {count}"
        if found.often is not None:
            true, said = (escape(short(found.classes[c])) for c in found.often[:2])
            words += f", most often {true} taken for {said}"
        parts.append(words)
    if found.client is not None:
        name, (mistakes, of) = escape(short(found.name)), found.held
        if not of:
            parts.append(f"{name} holds nothing out to judge by")
        else:
            begin = "of" if parts else "Of"
            words = f"{begin} {name}'s own held-out pictures it misses {mistakes} of {of}"
            if found.after is not None:
                words += f", its personal model {found.after}"
            parts.append(words)
    return "; ".join(parts) + "." if parts else ""
