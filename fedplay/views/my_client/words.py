"""Texts of "My client", with the run's own numbers."""

from __future__ import annotations

import numpy as np

from fedplay.data.guest import LEAST
from fedplay.drawing.geometry import Array
from fedplay.untrusted import escape
from fedplay.views.my_client.analysis import Judged, Reception
from fedplay.views.my_client.sketch import Mine, features
from fedplay.views.scene import Scene
from fedplay.words import UNSEEN, accuracy, percent

FEW = 5  # held-out examples: of fewer, one more or less is luck
SHARE = "No drawings go along: your own client stays on this screen."


def sentence(scene: Scene, mine: Mine) -> str:
    """The next thing to do, or the result after joining."""
    found, count = mine.reception, len(mine.sketch.y)
    if found is None:
        return "The global model is being asked …"
    if mine.joined:
        return joined(scene, mine, found)
    answer = said(mine, found)
    what = "Draw on the pad" if mine.kind.image else "Click in the plane: a point"
    verb = "choose which class it is, and add it" if mine.kind.image else "of the class chosen"
    need = max(LEAST - count, 0)
    if answer:
        what = answer
        rest = f" Add it as what it <i>is</i>, {escape(_name(mine, found))}." if mine.counts else ""
        tail = f" {_more(need)}" if need else " <b>Join</b> makes these examples a client."
        return what + rest + tail
    if need:
        return f"{what}, {verb}. {_more(need)}"
    return (
        f"You have <b>{count}</b> examples. <b>Join</b>, and they become one client more: the "
        f"{len(scene.panel):,} others are trained again, with you."
    )


def _more(need: int) -> str:
    return f"<b>{need}</b> more example{'s' * (need > 1)} and you can join."


def _name(mine: Mine, found: Reception) -> str:
    return found.federation.classes[mine.sketch.label]


def said(mine: Mine, found: Reception) -> str:
    """What the global model makes of the drawing."""
    if mine.counts is None:
        return ""
    p = chances(mine, found)
    if p is None:
        return "The global model has diverged: it can say nothing of your drawing."
    order = p.argsort()[::-1]
    classes = [escape(found.federation.classes[c]) for c in order[:2].tolist()]
    return (
        f"The global model takes it for <b>{classes[0]}</b> ({percent(p[order[0]])}), then for "
        f"{classes[1]} ({percent(p[order[1]])})."
    )


def chances(mine: Mine, found: Reception) -> Array | None:
    """(C,) of the drawing; None where there is none, or no number."""
    X = features(mine, found.federation)
    p = None if X is None else found.chances(X)
    return None if p is None else p[0]


def signed(number: int) -> str:
    """A difference.

    >>> signed(2), signed(0), signed(-1)
    ('+2', '0', '−1')
    """
    return f"{number:+d}".replace("-", "−") if number else "0"


def _right(model: Judged) -> str:
    """How many examples a model gets right, "–" for one whose numbers overflow."""
    return "–" if model.right is None else f"<b>{model.right}</b>"


def _gain(model: Judged, other: Judged) -> str:
    if model.right is None or other.right is None:
        return "–"
    return f"<b>{signed(model.right - other.right)}</b>"


def joined(scene: Scene, mine: Mine, found: Reception) -> str:
    """The result of joining, for the guest."""
    if not mine.current or found.models is None or found.held is None:
        return "You are one more client: all clients are trained again, with you …"
    here, own, local_only = found.models
    of, number = int(found.held.sum()), found.number
    if number == 0:
        return "Round 0: no client has trained yet. Go to a later round to see what joining brings."
    took = f"You took part in <b>{found.attended}</b> of {number} rounds"
    if not found.attended:
        took = f"In {number} rounds you were never called: all you have is the others' model"
    parts = [f"the global model {_right(here)}", f"your personal model {_right(own)}"]
    tests = [here.tests, own.tests]
    if local_only is not None:
        parts.append(f"a model that never joined {_right(local_only)}")
        tests.append(local_only.tests)
    gains = f"personalizing gains {_gain(own, here)}"
    if local_only is not None:
        gains += f", not staying alone {_gain(own, local_only)}"
    few = " So few to judge by: draw more." if of < FEW else ""
    return (
        f"{took}. Right of your {of} held-out example{'s' * (of > 1)} {UNSEEN}: "
        f"{', '.join(parts)}; {gains}. On the global test set: "
        f"{', '.join(accuracy(share) for share in tests)}.{few}"
    )


def of_example(mine: Mine, k: int) -> tuple[str, ...]:
    """What the pointer is told of an example."""
    found = mine.reception
    if found is None:
        return ()
    classes = found.federation.classes
    lines = [f"example {k + 1}: {classes[mine.sketch.y[k]]}"]
    if mine.current and found.models is not None and found.held is not None:
        lines[0] += ", held out" if found.held[k] else ", to train on"
        for who, model in zip(("global", "personal", "alone"), found.models, strict=True):
            if model is not None and model.said[k] >= 0:
                lines.append(f"{who}: {classes[int(model.said[k])]}")
    return (*lines, "click to take it out")


def tally(mine: Mine) -> str:
    """How many points of each class."""
    found = mine.reception
    classes = found.federation.classes if found is not None else ()
    numbers = np.bincount(np.array(mine.sketch.y), minlength=len(classes)).tolist()
    return ", ".join(f"{n} {name}" for n, name in zip(numbers, classes, strict=False) if n)
