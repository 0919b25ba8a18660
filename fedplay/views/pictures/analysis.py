"""What a model of pictures has learnt and gets wrong, beside one client's personal model.

Everything is copied out of the federation, so that it stays true while the next one is made.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from fedplay.data import Federation
from fedplay.engine.loop import Run
from fedplay.inspect.client_models import personal_models, worst
from fedplay.models import likeliest
from fedplay.scopes import calm
from fedplay.stages.base import Array
from fedplay.stages.lengths import lengths_of

EXAMPLES = 20  # training pictures of a client that are kept to be shown
MOST = 60  # units, or mistakes, that are kept to be shown
SCALED_BY = 1000  # examples from which the range of the grey scale is read


class Answers(NamedTuple):
    """A model's predictions on n examples."""

    said: Array  # (n,) the class that it finds likeliest, -1 where it finds none
    sure: Array  # (n,) with which probability


@dataclass(frozen=True, eq=False)
class Photos:
    """n pictures (n, h, w) from 0 to 1, and the global model's predictions."""

    pixels: Array
    labels: Array  # (n,) true classes
    said: Array  # (n,)
    sure: Array  # (n,)
    cured: Array  # (n,) bool: the client's personal model gets it right


class Tally(NamedTuple):
    """Number of pictures that a model gets wrong, and number of all."""

    missed: int
    of: int


NONE = Tally(0, 0)


@dataclass(frozen=True, eq=False)
class Units:
    """The units that look at the picture itself: the classes, or neurons of the first layer."""

    which: Array  # (U,) their numbers, of neurons those with the largest outgoing weights first
    weights: Array  # (U, h, w) what the global model gives each pixel
    change: Array | None  # (U, h, w) what the client's personal model adds
    speaks: Array  # (U,) the class that each speaks most for; none where further layers follow
    hidden: int  # neurons of the first layer; 0 where the units are the classes


@dataclass(frozen=True, eq=False)
class PictureAnalysis:
    """Weights, predictions and mistakes of one global model and one client's model."""

    classes: tuple[str, ...]
    finite: bool  # whether the model and its outputs are numbers
    client: int | None = None  # its place in the panel
    name: str = ""
    followed: bool = False  # whether somebody chose it
    least: bool = False  # whether it was taken because the model serves it worst
    counts: Array | None = None  # (C,) its training examples
    units: Units | None = None
    own: Photos | None = None  # some of its training pictures, sorted by class
    wrong: Photos | None = None  # of its held-out pictures, or of the test set; surest first
    test: Tally = NONE
    held: Tally = NONE
    after: int | None = None  # of the held-out ones, how many the personal model misses
    often: tuple[int, int, int] | None = None  # (true class, said, times), the commonest mistake


def answers(run: Run, w: Array, X: Array) -> Answers:
    """Predictions of a model w (P,) on X (n, inputs): -1 for none; NaN where it overflows."""
    with calm():
        outputs = run.network.outputs(w, X)
        total = np.exp(outputs - outputs.max(axis=1, keepdims=True)).sum(axis=1)
    return Answers(likeliest(outputs), 1 / total)


def picture_analysis(
    run: Run, number: int, w: Array, client: int | None
) -> Iterator[PictureAnalysis | None]:
    """Analyse the model w (P,) after a round, and a client's: None after each piece, then all.

    Without a client it is the one of the panel that the model serves worst.
    """
    fed = run.federation
    if not np.isfinite(w).all():
        yield PictureAnalysis(fed.classes, finite=False)
        return
    yield None
    test = answers(run, w, run.network.encode(fed.X_test, run.exp.dtype))
    yield None
    place, least = _place(run, w, client)
    yield None
    who, followed = int(run.panel[place]), client is not None
    own = (yield from personal_models(run, w, number, [who]))[0]
    yield None
    mine, held = _some(fed, who), fed.held.of(who)
    X_mine, X_held = (run.network.encode(fed.X[rows], run.exp.dtype) for rows in (mine, held))
    on_mine, on_held = answers(run, w, X_mine), answers(run, w, X_held)
    whole = bool(np.isfinite(own).all())
    after = answers(run, own, X_held) if whole else None
    if after is not None and after.said.min(initial=0) < 0:
        after = None
    if followed:
        wrong = _wrong(fed, fed.X[held], fed.y[held], on_held, after)
    else:
        wrong = _wrong(fed, fed.X_test, fed.y_test, test, None)
    yield PictureAnalysis(
        fed.classes,
        finite=all(np.isfinite(a.sure).all() for a in (test, on_mine, on_held)),
        client=place,
        name=fed.client_name(who),
        followed=followed,
        least=least,
        counts=fed.label_counts([who])[0],
        units=_units(run, w, own if followed and whole else None),
        own=_photos(fed, fed.X[mine], fed.y[mine], on_mine, np.zeros(len(mine), bool)),
        wrong=wrong,
        test=_tally(test, fed.y_test),
        held=_tally(on_held, fed.y[held]),
        after=None if after is None else _tally(after, fed.y[held]).missed,
        often=_often(test, fed.y_test),
    )


def _place(run: Run, w: Array, client: int | None) -> tuple[int, bool]:
    """The place in the panel of the client to look at, and whether as the one served worst."""
    if client is not None:
        return int(np.searchsorted(run.panel, client)), False
    with calm():
        scores = run.evaluate(w).client_accuracy
    known = scores[np.isfinite(scores)]
    return worst(scores, run.evaluate.sizes), len(set(known.tolist())) > 1


def _some(fed: Federation, client: int) -> Array:
    """Some of a client's training examples: the same share of every class, sorted by class."""
    rows = fed.train.of(client)
    rows = rows[np.argsort(fed.y[rows], kind="stable")]
    if len(rows) <= EXAMPLES:
        return rows
    return rows[np.linspace(0, len(rows) - 1, EXAMPLES).round().astype(np.intp)]


def _photos(fed: Federation, X: Array, y: Array, told: Answers, cured: Array) -> Photos:
    assert fed.image is not None
    some = fed.X[:SCALED_BY]
    low, high = float(some.min(initial=np.inf)), float(some.max(initial=-np.inf))
    pixels = np.clip((X - low) / (high - low if high > low else 1.0), 0, 1)
    return Photos(pixels.reshape(-1, *fed.image), y.copy(), told.said, told.sure, cured)


def _wrong(fed: Federation, X: Array, y: Array, told: Answers, after: Answers | None) -> Photos:
    """The pictures that are missed, those first of which the model is surest."""
    missed = np.flatnonzero(told.said != y)
    missed = missed[np.argsort(-told.sure[missed], kind="stable")][:MOST]
    cured = np.zeros(len(missed), bool) if after is None else after.said[missed] == y[missed]
    picked = Answers(told.said[missed], told.sure[missed])
    return _photos(fed, X[missed], y[missed], picked, cured)


def _tally(told: Answers, y: Array) -> Tally:
    return Tally(int((told.said != y).sum()), len(y))


def _often(told: Answers, y: Array) -> tuple[int, int, int] | None:
    """The commonest mistake, where one was made at least twice."""
    missed = told.said != y
    if not missed.any():
        return None
    pairs, times = np.unique(np.stack([y[missed], told.said[missed]]), axis=1, return_counts=True)
    best = int(times.argmax())
    if times[best] < 2:
        return None
    return int(pairs[0, best]), int(pairs[1, best]), int(times[best])


def _units(run: Run, w: Array, own: Array | None) -> Units | None:
    """The units of the first layer; None for a model without layers."""
    layers = run.network.layers(w)
    image = run.federation.image
    if not layers or image is None:
        return None
    first = layers[0]
    which, speaks = np.arange(len(first)), np.zeros(0, np.intp)
    if len(layers) > 1:
        going = layers[1][:, :-1]  # (out, units)
        which = np.argsort(-lengths_of(going.T), kind="stable")
        if len(layers) == 2:
            speaks = going.argmax(axis=0)[which][:MOST]
    which = which[:MOST]
    weights = first[which, :-1].reshape(-1, *image).astype(np.float64)
    change = None
    if own is not None:
        change = run.network.layers(own)[0][which, :-1].reshape(-1, *image) - weights
    return Units(which, weights, change, speaks, len(first) if len(layers) > 1 else 0)
