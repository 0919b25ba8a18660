"""Texts of the label bars: each client's labels, and which clients take part."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from fedplay.untrusted import escape
from fedplay.views.labels.analysis import fixed, has_classes
from fedplay.views.scene import Scene
from fedplay.words import UNSEEN, percent, short

MOST = 3  # classes that are named of one client
LACKING = 4  # classes that are named which a client does not hold
NAMED = 8  # clients of a cohort that are listed


def heading(scene: Scene, *, roomy: bool = True) -> str:
    """Above the bars; in fewer words where there is no room."""
    K, N = len(scene.labels.ids), scene.labels.clients
    whose = f"{K} of the {N:,} clients" if N > K else "each client"
    what = "labels" if has_classes(scene.exp) else "examples"
    said = f"{what} of {whose} {UNSEEN}; a filled dot takes part in this round"
    return said if fixed(scene.exp) or not roomy else f"{said}; click on a class to take it away"


def beside(scene: Scene, place: int, label: int | None = None) -> tuple[str, ...]:
    """Beside the pointer on a client's bar, and on a class of it where one is meant."""
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
    said = f"{amount}: {', '.join(parts)}" if parts and has_classes(scene.exp) else amount
    lines = (f"{labels.name(place)} {UNSEEN}", said, when)
    return lines if label is None else (*lines, of_class(scene, place, label))


def of_class(scene: Scene, place: int, label: int, act: str = "click") -> str:
    """What a client has of a class, and what a click changes."""
    count, taken = int(scene.labels.counts[place, label]), takes(scene, place, label)
    has = f"{count:,} example{'s' if count != 1 else ''}" if taken else "none"
    does = f"{act}: {'remove' if taken else 'give an equal share'}"
    if last_of(scene, place) == label:
        does = "its last class, so it stays"
    return f"class {short(scene.labels.classes[label])} · {has} · {does}"


def last_of(scene: Scene, place: int) -> int | None:
    """The only class that a client has, which can't be taken from it."""
    has = np.flatnonzero(scene.labels.counts[place])
    return int(has[0]) if len(has) == 1 else None


def takes(scene: Scene, place: int, label: int) -> bool:
    """Whether a client takes a share of a class: as the table says, or by its examples."""
    exp, client = scene.exp, int(scene.labels.ids[place])
    if exp.partition != "table":
        return bool(scene.labels.counts[place, label] > 0)
    return client >= len(exp.table) or exp.table[client][label] > 0


def told(scene: Scene) -> str:
    """A few short sentences of HTML."""
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
    classed = has_classes(scene.exp)
    if (skew := scene.skew) is not None and classed:
        much = f"Skew <b>{skew.jensen_shannon:.2f}</b> (0: alike, towards 1: nothing shared)"
        C = len(scene.labels.classes)
        said.append(f"{much}: each has <b>{skew.effective_classes:.1f}</b> of {C} classes.")
    if classed:
        said += _lacking(scene)
    said += _ignored(scene)
    if isinstance(scene.state, tuple) and not fixed(scene.exp):
        said.append(_at_the_keys(scene, *scene.state))
    if scene.at:
        said.append(f"In round {scene.at} {_cohort(scene)} took part.")
    return " ".join(said)


def _lacking(scene: Scene) -> Iterator[str]:
    """Which classes a client does not hold, and which nobody does."""
    counts, classes = scene.labels.counts, scene.labels.classes
    lacks = [
        place for place in range(len(counts)) if counts[place].any() and _without(scene, place)
    ]
    by_hand = scene.exp.partition == "table"
    who = scene.client if scene.client in lacks else next(iter(lacks), None) if by_hand else None
    if who is not None:
        name, without = escape(short(scene.name(who))), _without(scene, who)
        listed = [f"no {escape(short(classes[c]))}" for c in without[:LACKING]]
        if (more := len(without) - LACKING) > 0:
            listed.append(f"none of {more} other{'s' if more > 1 else ''}")
        last = f" and {listed[-1]}" if len(listed) > 1 else listed[-1]
        others = len(lacks) - 1 if by_hand else 0
        also = f"; {others} other{'s lack' if others > 1 else ' lacks'} a class" if others else ""
        yield f"{name[0].upper()}{name[1:]} holds {', '.join(listed[:-1])}{last}{also}."
    if scene.labels.clients > len(counts):
        return
    fed = scene.federation
    pool = np.bincount(fed.y, minlength=len(classes))
    tests = np.bincount(fed.y_test, minlength=len(classes))
    for c in np.flatnonzero((counts.sum(axis=0) == 0) & (pool > 0))[:1]:
        asked = f", while the test set has {tests[c]:,}" if tests[c] else ""
        yield (
            f"No client trains on {escape(short(classes[c]))}: "
            f"<b>{pool[c]:,}</b> examples are left out{asked}."
        )


def _without(scene: Scene, place: int) -> list[int]:
    """The classes of which a client has nothing."""
    return np.flatnonzero(scene.labels.counts[place] == 0).tolist()


def _ignored(scene: Scene) -> Iterator[str]:
    """That the data come from clients of their own, where the partition pays no heed to it."""
    if scene.exp.data == "arrays" or scene.exp.stage("partition").natural:
        return
    sites = scene.exp.source.sites()
    if sites > 1 and has_classes(scene.exp):
        yield (
            f"The data come from <b>{sites:,}</b> natural clients, which this partition ignores; "
            "with “natural” each keeps its own examples."
        )


def _at_the_keys(scene: Scene, place: int, label: int) -> str:
    """What the keys are at."""
    K, C = scene.labels.counts.shape
    place, label = min(place, K - 1), min(label, C - 1)
    said = of_class(scene, place, label, "Enter")
    return escape(f"Keys: {short(scene.name(place))} · {said}; Escape ends it.")


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
