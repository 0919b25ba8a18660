"""The two models a client can have to itself: personalised from the global one, or local only."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np

from fedplay.engine.loop import Round, Run
from fedplay.scopes import calm
from fedplay.stages.base import Array


def personal_accuracy(run: Run, round: Round) -> Array:
    """Each panel client's accuracy on its held-out data, (panel,), with its personal model."""
    if round.personal is not None:
        return round.personal
    return tuned_accuracy(run, round.parameters, round.number)


def tuned_accuracy(run: Run, w: Array, number: int) -> Array:
    """The same of models that are made from the global one w (P,) of round `number` alone."""
    with calm():
        return run.evaluate.each(run.personalise(run.after(w), number))


def local_only(run: Run, cohorts: Sequence[Array]) -> Iterator[Array]:
    """The accuracy of models that never join, on their client's held-out data: (panel,) a round.

    Such a client starts from the same first model and takes the same local steps on the same
    batches in the rounds in which it was sampled, but never hears of the others. Yields the
    accuracies before training first, then one row for each cohort.
    """
    W = np.repeat(run.initial()[None], len(run.panel), axis=0)
    with calm():
        accuracy = run.evaluate.each(W)
    yield accuracy
    for number, cohort in enumerate(cohorts, start=1):
        with calm():
            rows = np.flatnonzero(np.isin(run.panel, cohort, assume_unique=True))
            ids = run.panel[rows]
            epochs, _ = run.epochs(number, ids)
            W[rows] = run.trainer(W[rows], None, ids=ids, round=number, epochs=epochs)
            accuracy = run.evaluate.each(W)
        yield accuracy
