"""Texts of the label bars: each client's labels, and which clients take part."""

from __future__ import annotations

import numpy as np

from fedplay.untrusted import escape
from fedplay.views.scene import Scene
from fedplay.words import UNSEEN, percent

MOST = 3  # classes that are named of one client
NAMED = 8  # clients of a cohort that are listed


def heading(scene: Scene) -> str:
    """Above the bars."""
    K, N = len(scene.labels.ids), scene.labels.clients
    whose = f"{K} of the {N:,} clients" if N > K else "each client"
    return f"labels of {whose} {UNSEEN}; a filled dot takes part in this round"


def beside(scene: Scene, place: int) -> tuple[str, ...]:
    """Beside the pointer on a client's bar."""
    labels, counts = scene.labels, scene.labels.counts[place]
    order = [int(c) for c in np.argsort(-counts, kind="stable") if counts[c] > 0]
    bare = all(len(name) <= 2 for name in labels.classes)  # "4" is a class only where one says so
    parts = [f"{counts[c]:,} of {labels.classes[c]}" for c in order[:MOST]]
    if parts and bare:
        parts[0] = f"{counts[order[0]]:,} of class {labels.classes[order[0]]}"
    if len(order) > MOST:
        parts.append("…")
    total = int(counts.sum())
    amount = f"{total:,} example{'s' if total != 1 else ''}"
    here = labels.ids[place] in scene.now.cohort
    part = "takes part in" if here else "sits out"
    when = f"{part} round {scene.at}" if scene.at else "before training"
    said = f"{amount}: {', '.join(parts)}" if parts else amount
    return f"{labels.name(place)} {UNSEEN}", said, when


def told(scene: Scene) -> str:
    """Two or three short sentences of HTML."""
    sizes = scene.federation.sizes
    N, least, most = len(sizes), int(sizes.min()), int(sizes.max())
    if N == 1:
        said = [f"One client has all <b>{most:,}</b> training examples."]
    elif least == most:
        said = [f"{N:,} clients have <b>{most:,}</b> training examples each."]
    else:
        part = percent(most / int(sizes.sum()))
        have = f"{N:,} clients have from <b>{least:,}</b> to <b>{most:,}</b> training examples"
        said = [f"{have}; the largest has {part} of all."]
    if (skew := scene.skew) is not None:
        much = f"Skew <b>{skew.jensen_shannon:.2f}</b> (0: alike, towards 1: nothing shared)"
        C = len(scene.labels.classes)
        said.append(f"{much}: each has <b>{skew.effective_classes:.1f}</b> of {C} classes.")
    if scene.at:
        said.append(f"In round {scene.at} {_cohort(scene)} took part.")
    return " ".join(said)


def _cohort(scene: Scene) -> str:
    cohort = [int(k) for k in scene.now.cohort]
    if not cohort:
        return "no client"
    if len(cohort) > NAMED:
        return f"<b>{len(cohort):,}</b> clients"
    names = [scene.federation.client_name(k) for k in cohort]
    if all(name == f"client {k}" for name, k in zip(names, cohort, strict=True)):
        listed = ", ".join(map(str, cohort))
        return f"client {listed}" if len(cohort) == 1 else f"clients {listed}"
    return escape(", ".join(names))
