"""Scenes for the tests of views: a whole run, and what a view prepares for it."""

from __future__ import annotations

from typing import Any

import numpy as np

from fedplay.engine.client_models import local_only, personal_accuracy
from fedplay.engine.loop import Run, stream
from fedplay.engine.run_state import has_diverged, state_of_rounds
from fedplay.experiment import Experiment
from fedplay.runs.recording import facts
from fedplay.runs.series import Late, Moment, Series
from fedplay.views.base import View
from fedplay.views.scene import Scene


def scene(
    exp: Experiment | None = None,
    view: type[View] | None = None,
    *,
    at: int | None = None,
    client: int | None = None,
    federation: Any = None,
    late: bool = True,
    **more: Any,
) -> Scene:
    """The finished run of an experiment, seen by a viewer at round `at` (default: the last)."""
    run = Run(exp if exp is not None else Experiment(rounds=10), federation)
    rounds = list(stream(run))
    at = len(rounds) - 1 if at is None else at
    known, panel = facts(run), run.panel
    bad = np.flatnonzero(has_diverged(np.array([r.loss for r in rounds]), rounds[0].loss))
    series = Series(
        run.exp.rounds,
        np.array([r.accuracy for r in rounds]),
        np.array([r.client_accuracy for r in rounds]),
        int(bad[0]) if len(bad) else None,
        state=state_of_rounds(run.exp, rounds, run.evaluate.counts),
    )
    lately = None
    if late:
        personal = np.nanmean(personal_accuracy(run, rounds[-1]))
        alone = np.array([np.nanmean(a) for a in local_only(run, [r.cohort for r in rounds[1:]])])
        lately = Late(np.array([run.exp.rounds]), np.array([personal]), alone)
    closeup = None
    if view is not None:
        who = None if client is None else int(panel[client])
        *_, closeup = view.prepare(Moment(run, at, rounds[at].parameters, who))
    return Scene(
        run.exp,
        known.federation,
        panel,
        rounds,
        at,
        series,
        known.labels,
        lately,
        known.skew,
        closeup,
        client=client,
        **more,
    )
