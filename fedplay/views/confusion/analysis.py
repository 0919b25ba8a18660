"""Confusion matrices of the global model and of one client's, on two sets of examples."""

from __future__ import annotations

from collections.abc import Generator, Iterator
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from fedplay.engine.loop import Run
from fedplay.inspect.client_models import local_only_model, personal_models, worst
from fedplay.inspect.confusion import confusion
from fedplay.inspect.personal_name import AS_GIVEN, own_model
from fedplay.scopes import calm
from fedplay.stages.base import Array

Counts = NDArray[np.int64]
ALONE = "trained alone"  # what the second model is, where clients have no personal one


@dataclass(frozen=True, eq=False)
class Confusion:
    """Counts (C, C) of two models on the same examples: rows the true class, columns the said one.

    whole, own: of the global model and of the client's, each on the test set and on what the client
    holds out; counts are all 0 where a model is not finite.
    """

    classes: tuple[str, ...]
    client: int  # its place in the panel
    name: str
    chosen: bool  # whether it is followed, or was taken because the global model serves it worst
    called: str  # what its model is
    trained: Array  # (C,) its training examples
    whole: tuple[Counts, Counts]
    own: tuple[Counts, Counts]
    tests: int  # examples of the test set
    held: int  # and of what the client holds out
    finite: tuple[bool, bool]  # whether the parameters of the two models are numbers

    def on_test(self, test: bool) -> bool:
        """Whether they are judged on the test set, given what was chosen and what there is."""
        return bool(self.tests) and (test or not self.held)


class Mistake(NamedTuple):
    """A pair of classes of which one is taken for the other."""

    true: int
    said: int
    times: int
    of: int  # examples of the true class

    @property
    def part(self) -> float:
        """Which part of the true class it is."""
        return self.times / self.of


def confusions(run: Run, number: int, w: Array, client: int | None) -> Iterator[Confusion | None]:
    """Both models after round `number`, whose global model is w (P,): None by piece, then all.

    Without a client it is the one of the panel that the global model serves worst. Its model is its
    personal one; where the experiment makes none, the one that it would have alone.
    """
    fed = run.federation
    yield None
    if client is None:
        with calm():
            place = worst(run.evaluate(w).client_accuracy, run.evaluate.sizes)
    else:
        place = int(np.flatnonzero(run.panel == client)[0])
    who = int(run.panel[place])
    yield None
    called = own_model(run.exp)
    if called == AS_GIVEN:
        called, own = ALONE, (yield from local_only_model(run, number, who))
    else:
        own = (yield from personal_models(run, w, number, [who]))[0]
    yield None
    yield Confusion(
        fed.classes,
        place,
        fed.client_name(who),
        client is not None,
        called,
        fed.label_counts([who])[0],
        (yield from _both(run, w, who)),
        (yield from _both(run, own, who)),
        len(fed.y_test),
        len(fed.held.of(who)),
        (bool(np.isfinite(w).all()), bool(np.isfinite(own).all())),
    )


def _both(run: Run, weights: Array, client: int) -> Generator[None, None, tuple[Counts, Counts]]:
    """The counts of a model on the test set, and on what a client holds out."""
    test = confusion(run, weights)
    yield
    own = confusion(run, weights, client)
    yield
    return test, own


def mistakes(counts: Counts) -> list[Mistake]:
    """The pairs of classes that are confused, most often first; of equals, the lower classes."""
    of = counts.sum(axis=1)
    wrong = counts - np.diag(np.diag(counts))
    order = np.argsort(-wrong, axis=None, kind="stable")
    pairs = [(int(i) // len(counts), int(i) % len(counts)) for i in order]
    return [Mistake(t, s, int(wrong[t, s]), int(of[t])) for t, s in pairs if wrong[t, s]]


def shares(counts: Counts) -> NDArray[np.float64]:
    """(C, C) of each true class, which part is taken for which; 0 where there is no example."""
    return counts / np.maximum(counts.sum(axis=1, keepdims=True), 1)


def right(counts: Counts, examples: int) -> float:
    """The accuracy: the part of the examples that is on the diagonal; NaN where there are none."""
    return float(np.trace(counts)) / examples if examples else np.nan
