"""What a page keeps of a session, and takes up again when the kernel is another one."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from fedplay.engine.measures import check_measured
from fedplay.experiment import Experiment
from fedplay.labs import FREE, Lab, known
from fedplay.runs.given import counted
from fedplay.session.kept_timeline import kept_timeline, timeline_of
from fedplay.session.pins import LETTERS
from fedplay.views.registered import VIEWS, check_views
from fedplay.views.round_axis import AXES
from fedplay.words import CURVES

if TYPE_CHECKING:
    from fedplay.session.session import Session


def memory_of(session: Session) -> dict[str, Any]:
    """What a page keeps, so that it is there again when the kernel is not."""
    guide = session.guide
    return {
        "experiment": session.store.experiment.to_dict(),
        "timeline": kept_timeline(session.store.timeline),
        "pins": [pin.recording.exp.to_dict() for pin in session.pins if not pin.guest],
        "views": {n: kept for n, s in session.states.items() if (kept := s.kept()) is not None},
        "view": session.beside
        if session.beside in VIEWS and not VIEWS[session.beside].summoned
        else "",
        "axis": session.axis,
        "drawn": sorted(session.curves),
        "client": session.client,
        "guess": session.guess,
        "veiled": session.veiled,
        "lab": None if guide.lab is FREE else guide.lab.to_dict(),
        "step": guide.at,
    }


def take_up(session: Session, kept: dict[str, Any]) -> None:
    """Take up what a page has kept; what does not fit is left out. It is not trusted."""
    exp = _experiment(kept.get("experiment"))
    fits = exp is not None and session.affordable(session.own(exp))
    there = exp is not None and fits and session.store.restore(session.own(exp))
    line = timeline_of(kept.get("timeline"), session.experiment, session.own) if there else None
    if line is not None:
        session.store.take_up(line)
    _turn_to_lab(session, kept.get("lab"), kept.get("step"))
    views = kept.get("views")
    for name, state in session.states.items():
        state.take_up(views.get(name) if isinstance(views, dict) else None)
    session.renew()
    if there:
        client, N = kept.get("client"), counted(session.player.data, session.experiment).clients
        if type(client) is int and 0 <= client < N:
            session.client = client
    if kept.get("veiled") is True and session.guessable:
        session.veil()
    pins = kept.get("pins")
    for given in pins[: len(LETTERS)] if isinstance(pins, list) else []:
        exp = _experiment(given)
        if exp is not None and session.affordable(session.own(exp)):
            session.pin(session.own(exp))
    view, axis = kept.get("view"), kept.get("axis")
    if isinstance(view, str) and view in session.offered and not VIEWS[view].main:
        session.beside = view
    if isinstance(axis, str) and (axis in AXES or _told(axis)):
        session.axis = axis  # of what the run turns out not to tell, its rounds
    curves = kept.get("drawn")
    if isinstance(curves, list):
        session.curves = {name for name in CURVES if name in curves}
    guess = kept.get("guess")
    if isinstance(guess, int | float) and not isinstance(guess, bool):
        session.place_guess(guess)
    session.player.touch()


def _turn_to_lab(session: Session, given: Any, at: Any) -> None:
    """The lab that was open, where it can still be read; the experiment stays as it is."""
    guide = session.guide
    guide.door = False  # whoever comes back was here before
    if session.federation is not None or not isinstance(given, dict):
        return
    try:
        lab = Lab.from_dict(given)
        check_views([*lab.views, *(step.view for step in lab.steps if step.view)] or None)
    except ValueError:
        return
    at = at if type(at) is int and 0 <= at < len(lab.steps) else 0
    base = lab.steps[at].experiment if lab.steps else session.experiment
    guide.turn_to(next((one for one in known() if one == lab), lab), at, session.own(base))


def _told(name: str) -> bool:
    """Whether this could be the name of something that is told of a run."""
    try:
        check_measured(name)
    except ValueError:
        return False
    return True


def _experiment(given: Any) -> Experiment | None:
    """An experiment from outside, or None for what is none."""
    try:
        return Experiment.from_dict(given) if isinstance(given, dict) else None
    except ValueError:
        return None
