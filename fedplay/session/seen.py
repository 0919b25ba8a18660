"""`Seen`: what there is to be seen of a session, as one frozen scene."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from fedplay.engine.round import told_columns
from fedplay.runs.recording import Recording
from fedplay.views.registered import VIEWS
from fedplay.views.scene import Ghost, Scene

if TYPE_CHECKING:
    from fedplay.session.session import Session


class Beside(NamedTuple):
    """The last picture whose close-up belonged to its own run."""

    view: str
    of: Recording
    scene: Scene


class Seen:
    """The scene of a session, which remembers the last one with a close-up of its own run."""

    def __init__(self) -> None:
        self._last: Beside | None = None

    def scene(self, session: Session) -> Scene | None:
        """What the views show now; None before the first round."""
        player, rec, series = session.player, session.player.shown, session.player.series()
        if rec is None or series is None:
            return None
        facts = player.facts()
        rounds, at, late = rec.rounds[: player.revealed + 1], player.at, player.late()
        view, state = VIEWS.get(session.drawn), session.states.get(session.drawn)
        prepares = view is not None and view.prepares
        closeup, fresh = player.closeup() if prepares else (None, True)
        closeup = state.closeup(closeup) if state is not None else closeup
        old = player.replaced()
        if session.veiled:
            rounds, at, late, old, closeup = rounds[:1], 0, None, None, None
            series = rec.series(0)
        scene = Scene(
            exp=rec.counted,
            federation=facts.federation,
            panel=facts.panel,
            rounds=rounds,
            at=at,
            series=series,
            labels=facts.labels,
            late=late,
            skew=facts.skew,
            closeup=closeup,
            fresh=fresh,
            ghosts=tuple(_ghosts(session, rec)),
            old=old,
            curves=frozenset(session.curves),
            axis=session.axis,
            guess=session.guess,
            veiled=session.veiled,
            phase=player.stepper.phase,
            client=session.client,
            state=None if state is None else state.shown,
            mark=session.mark,
        )
        return self._with_earlier(session, scene, rec)

    def _with_earlier(self, session: Session, scene: Scene, rec: Recording) -> Scene:
        """Where the close-up is of an older run, it is shown with what that run had: its clients
        and classes may be others than those of the run that is shown now."""
        view, of, last = VIEWS.get(session.drawn), session.player.near.of, self._last
        if last is not None and last.view != session.drawn:
            self._last = last = None
        prepared = view is not None and view.prepares and view.dated
        if not prepared or scene.closeup is None:
            return scene
        if of is rec:
            self._last = Beside(session.drawn, rec, scene)
            return scene
        earlier = None
        if last is not None and last.of is of:
            earlier = replace(
                last.scene,
                closeup=scene.closeup,
                fresh=scene.fresh,
                phase=scene.phase,
                state=scene.state,
                mark=scene.mark,
            )
        return replace(scene, closeup=None, fresh=False, earlier=earlier)


def _ghosts(session: Session, shown: Recording) -> list[Ghost]:
    """Pinned runs beside the one that is shown."""
    ghosts, now = [], session.store.experiment
    for pin in session.pins:
        rec = pin.recording
        if rec.score != shown.score:
            continue  # an accuracy and a loss have no axis in common
        if rec.complete and rec.key != shown.key and not (session.veiled and rec.exp == now):
            sent = np.array([r.bytes_up + r.bytes_down for r in rec.rounds], float)
            spent = np.array([r.epsilon for r in rec.rounds])
            told = told_columns(rec.rounds)
            posts = np.array([r.messages_up + r.messages_down for r in rec.rounds], float)
            ghosts.append(Ghost(pin.letter, rec.accuracy, sent, spent, False, told, posts))
    return ghosts
