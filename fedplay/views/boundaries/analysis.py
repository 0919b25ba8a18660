"""Decision boundaries of models on two features: predictions on the plane, and on points.

For one client: the global model, the one it gets by fine-tuning, and the one it would have alone.
"""

from __future__ import annotations

from collections.abc import Generator, Iterator
from dataclasses import dataclass, field
from functools import partial
from typing import NamedTuple

import numpy as np

from fedplay.engine.loop import Run
from fedplay.inspect.client_models import local_only_model, personal_models, worst
from fedplay.inspect.plane import Limits, Regions, Say, limits_of, logits, regions, said
from fedplay.memo import Entry
from fedplay.scopes import calm
from fedplay.stages.base import Array

MOST = 1500  # points that are shown at once
ALONE = 20_000  # local steps that the model which never joined may cost
GATHERED = 32  # clients whose points are gathered before the screen may draw again


class Cloud(NamedTuple):
    """Points: X (n, 2), their labels y (n,), whose they are (n,) by place, and held out or not."""

    X: Array
    y: Array
    owner: Array
    held: Array
    total: int  # how many there are, of which these are a fixed part


@dataclass(frozen=True, eq=False)
class Stance:
    """A model's predictions on the plane and on points; both None where they are not finite."""

    points: Say | None  # of the cloud it is shown with
    plane: Regions | None
    accuracy: float  # on the test set for the global model, else on what the client holds out
    right: int = 0  # of `of` held-out examples
    of: int = 0
    client: bool = True  # whether the accuracy is a client's


@dataclass(frozen=True, eq=False)
class DecisionBoundaries:
    """Decision regions of the global model on all points, and of three models on one client's."""

    limits: Limits
    place: int  # of the client in the panel
    picked: bool  # as the one served worst, because none was asked for
    epochs: int  # of fine-tuning
    classes: tuple[str, ...]
    everyone: Cloud
    own: Cloud
    everywhere: Stance  # the global model, with all points
    here: Stance  # the global model, with the client's
    tuned: Stance
    alone: Stance | None  # None where it would take too long


@dataclass(frozen=True, eq=False)
class Setting:
    """What stays from round to round: the part of the plane, and the points on it."""

    panel: Array
    limits: Limits
    everyone: Cloud
    own: dict[int, Cloud] = field(default_factory=dict)  # by place, of clients looked at so far


# Kept with the federation and not with the run: dragging a training knob leaves it as it is.
_SETTING = Entry[Setting]("the part of the plane that is shown, and the points on it")


def setting(run: Run) -> Generator[None, None, Setting]:
    """The plane and points of a run's federation, which the next run will likely share."""
    found = run.federation.memo.get(_SETTING)
    if found is None or not np.array_equal(found.panel, run.panel):
        everyone = yield from cloud(run, np.arange(len(run.panel)))
        found = Setting(run.panel, limits_of(run.federation), everyone)
        run.federation.memo.put(_SETTING, found)
    return found


def cloud(run: Run, places: Array) -> Generator[None, None, Cloud]:
    """The examples of some clients of the panel, at most MOST, evenly from all of them."""
    fed, ids, parts = run.federation, run.panel[places].tolist(), []
    for i, k in enumerate(ids, start=1):
        parts += [fed.train.of(k), fed.held.of(k)]
        if i % GATHERED == 0:
            yield
    sizes = np.array([len(part) for part in parts])
    index = np.concatenate(parts)
    owner = np.repeat(np.repeat(places, 2), sizes)
    held = np.repeat(np.tile([False, True], len(ids)), sizes)
    total = len(index)
    if total > MOST:
        kept = np.linspace(0, total - 1, MOST).astype(np.intp)
        index, owner, held = index[kept], owner[kept], held[kept]
    return Cloud(fed.X[index], fed.y[index], owner, held, total)


def decision_boundaries(
    run: Run, number: int, w: Array, client: int | None
) -> Iterator[DecisionBoundaries | None]:
    """Read the decision boundaries of a client's models after a round with the global model w (P,).

    Yields None after each piece, then the boundaries.
    """
    fed = run.federation
    ground = yield from setting(run)
    limits, every = ground.limits, ground.everyone
    with calm():
        scores = run.evaluate(w)
    known = scores.client_accuracy[np.isfinite(scores.client_accuracy)]
    picked = client is None and len(set(known.tolist())) > 1
    if client is None:
        place = worst(scores.client_accuracy, run.evaluate.sizes)
    else:
        place = int(np.searchsorted(run.panel, client))
    me = int(run.panel[place])
    if place not in ground.own:
        ground.own[place] = yield from cloud(run, np.array([place]))
    own, held = ground.own[place], fed.held.of(me)
    yield None

    seen = partial(_stance, run, limits, own.X, held)
    everywhere = Stance(None, None, scores.accuracy, client=False)
    if np.isfinite(w).all():
        with calm():
            points, plane = said(logits(run, w, every.X)), regions(run, w, limits)
        if plane is not None and points.whole:
            everywhere = Stance(points, plane, scores.accuracy, client=False)
    yield None
    here = seen(w, everywhere.plane)
    personal = (yield from personal_models(run, w, number, [me]))[0]
    yield None
    after = seen(personal)
    yield None
    local_only = None
    if run.trainer.steps(np.array([me]), run.local_epochs)[0] * number <= ALONE:
        model = yield from local_only_model(run, number, me)
        local_only = seen(model)
    yield DecisionBoundaries(
        limits=limits,
        place=place,
        picked=picked,
        epochs=run.personal.epochs(),
        classes=fed.classes,
        everyone=every,
        own=own,
        everywhere=everywhere,
        here=here,
        tuned=after,
        alone=local_only,
    )


def _stance(
    run: Run, limits: Limits, shown: Array, held: Array, model: Array, plane: Regions | None = None
) -> Stance:
    """A client's view of a model: at the points that are `shown` of it, and on what it holds out.

    plane: the model's regions, where they are known already
    """
    nothing, fed = Stance(None, None, np.nan, 0, len(held)), run.federation
    if not np.isfinite(model).all():
        return nothing
    with calm():
        plane = regions(run, model, limits) if plane is None else plane
        kept, points = (said(logits(run, model, X)) for X in (fed.X[held], shown))
    if plane is None or not (kept.whole and points.whole):
        return nothing
    right = int((kept.label == fed.y[held]).sum())
    share = right / len(held) if len(held) else np.nan
    return Stance(points, plane, share, right, len(held))
