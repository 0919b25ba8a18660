"""Texts of the boundaries view: titles and numbers of panels, of a point, and a sentence."""

from __future__ import annotations

import numpy as np

from fedplay.experiment import Experiment
from fedplay.inspect.personal_name import personal
from fedplay.inspect.plane import Say
from fedplay.stages.personal.finetune import Finetune
from fedplay.untrusted import escape
from fedplay.views.boundaries.analysis import Cloud, DecisionBoundaries, Stance
from fedplay.views.scene import Scene
from fedplay.words import UNSEEN, short

FEW = 30  # held-out examples up to which they are counted out
# Titles from the longest; what a name is put into is `{}`.
EVERYONE = tuple(
    f"{words} {UNSEEN}" for words in ("global model, all clients", "global, all clients", "all")
)
ONE = ("global on {}", "{}")
WORST = ("global on worst: {}", "worst: {}", "{}")
ALONE = ("had it never joined", "never joined", "alone")


def whose(name: str, picked: bool) -> list[str]:
    """Titles of the global model with one client, from the longest."""
    return [title.format(name) for title in (WORST if picked else ONE)]


def score(stance: Stance) -> str:
    """The number in a title: a share, or a count where that is small."""
    if not stance.client:
        return "" if np.isnan(stance.accuracy) else f"{stance.accuracy:.2f}"
    if stance.of == 0:
        return "–"
    if stance.plane is None:
        return ""
    return f"{stance.right} of {stance.of}" if stance.of <= FEW else f"{stance.accuracy:.2f}"


def point(
    cloud: Cloud, i: int, said: Say | None, who: str, name: str, classes: tuple[str, ...]
) -> tuple[str, ...]:
    """Text beside the pointer on a point: its client, its position, and a model's prediction."""
    x1, x2 = (f"{v:.2f}".replace("-", "−") for v in cloud.X[i])
    kept = "held out" if cloud.held[i] else "trained on"
    says = "is not finite"
    if said is not None:
        says = f"says: {short(classes[said.label[i]])} ({said.sure[i]:.2f})"
    label = short(classes[cloud.y[i]])
    return f"{name} {UNSEEN}: {label}", f"x₁ {x1}, x₂ {x2}; {kept}", f"{who} {says}"


def sentence(scene: Scene, found: DecisionBoundaries) -> str:
    """What is seen, as HTML."""
    if found.everywhere.plane is None:
        return "The global model is <b>not finite</b>: it has diverged and draws no line."
    said = []
    if not np.isnan(found.everywhere.accuracy):
        right = f"<b>{found.everywhere.accuracy:.2f}</b>"
        said.append(f"The global model is right on {right} of the test set.")
    said.append(_of_one(scene.exp, found, escape(scene.name(found.place))))
    if (total := found.everyone.total) > len(found.everyone.y):
        said.append(f"{len(found.everyone.y):,} of the {total:,} points are drawn.")
    return " ".join(said)


def _of_one(exp: Experiment, found: DecisionBoundaries, name: str) -> str:
    """What the three models make of one client's held-out data."""
    here, tuned, alone = found.here, found.tuned, found.alone
    if here.of == 0:
        return f"{name} holds nothing out, so nothing of its own can be counted."
    lead = f"It serves {name} worst: of" if found.picked else "Of"
    what = "what that client holds out" if found.picked else f"{name}'s held-out data"
    own = personal(exp)
    after = f"its {own.noun} is not finite"
    if tuned.plane is not None:
        after = f"its {own.noun} <b>{tuned.right}</b>"
        if own.noun == Finetune.called.noun:
            epochs = f"{found.epochs} epoch{'' if found.epochs == 1 else 's'}"
            after = f"after {epochs} of fine-tuning <b>{tuned.right}</b>"
    said = f"{lead} {what} it gets <b>{here.right}</b> of {here.of} right, {after}"
    if alone is not None and alone.plane is not None:
        said += f"; had it never joined, <b>{alone.right}</b>"
    return f"{said}."
