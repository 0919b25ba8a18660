"""Texts of the drift view: a sentence, and lines below the picture and beside the pointer."""

from __future__ import annotations

import numpy as np

from fedplay import registry
from fedplay.methods import method_of
from fedplay.untrusted import escape
from fedplay.views.drift.analysis import Course, Drift
from fedplay.views.scene import Scene, places_of
from fedplay.words import UNSEEN, number, percent, short

STILL = 1e-4  # of how far things are apart: a move that is less is none to speak of
CLOSE = 0.02  # of the way from the start: an end that is nearer to a point is said to be there


def told(scene: Scene, found: Drift) -> str:
    """How far clients drift in the round, or the one followed, and where the run ends, as HTML."""
    after = _end(scene, found.course)
    if found.course.unmarked:
        formula = f"No formula says where methods end here: {found.course.unmarked}."
        after = f'<span title="{escape(formula)}">{after or "Where it ends is not marked."}</span>'
    if not len(found.ids):
        return f"No client takes part in round {found.number}. {after}".strip()
    said = _client(scene, found) or _cohort(found)
    return f"In round {found.number} {said}. {after}".strip()


def _cohort(found: Drift) -> str:
    """How far the clients end from each other, and how far the global model comes."""
    far = [found.apart, float(found.course.far[0])]
    still = found.moved <= STILL * max((d for d in far if np.isfinite(d)), default=0.0)
    moves = "stays where it is" if still else f"moves <b>{number(found.moved)}</b>"
    if len(found.ids) < 2:
        return f"the global model {moves}"
    return (
        f"clients end <b>{number(found.apart)}</b> from their mean, on average; "
        f"the global model {moves}"
    )


def _client(scene: Scene, found: Drift) -> str:
    """The steps of the client that is followed; empty where none is, or there are none to tell."""
    if scene.client is None:
        return ""
    here = np.flatnonzero(places_of(scene, found.ids) == scene.client)
    name = escape(short(scene.name(scene.client)))
    if not len(here):
        return f"{name} stays away"
    k = int(here[0])
    if k >= len(found.far):
        return ""
    steps = f"{found.steps[k]} step{'s' if found.steps[k] != 1 else ''}"
    first, last = number(found.far[k][0]), number(found.far[k][-1])
    to = "the optimum" if found.course.exact else "the pooled model"
    return f"{name} gets from {first} to <b>{last}</b> away from {to} in {steps}"


def _end(scene: Scene, course: Course) -> str:
    """Where the run ends, if that is known and may be told."""
    R = scene.series.rounds
    if len(scene.rounds) <= R:
        return ""
    if not np.isfinite(course.far[-1]):
        return "It does not end anywhere: the learning rate is too high."
    what, end = method(scene), course.far[-1]
    if not course.exact:
        return (
            f"{what} ends <b>{number(end)}</b> from where pooled training gets; it began "
            f"{number(course.far[0])} from there."
        )
    whole = max(course.far[0], 1e-9)
    if end <= 1e-3 * whole:
        return f"{what} ends at the <b>optimum</b>."
    said = f"{what} ends <b>{number(end, 3)}</b> from the optimum"
    formula = {"FedAvg": "FedAvg", "FedProx": "FedProx", "FedNova": "FedNova"}.get(what)
    for mark in course.marks:
        if mark.name == formula:
            off = float(np.hypot(*(course.server[-1] - mark.where)))
            said += ", where its formula says" if off <= CLOSE * whole else ""
    return said + "."


def method(scene: Scene) -> str:
    """What a paper calls the algorithm and its server, or their names."""
    algorithm, server = scene.exp.chosen("algorithm"), scene.exp.chosen("server")
    title = registry.about("algorithm", scene.exp.algorithm).title
    plain = title if server == "sgd" else f"{title} with {server}"
    return method_of(algorithm, server) or plain


def below(course: Course, handles: bool) -> str:
    """What the picture's directions are, and how much they show."""
    if course.problems is not None and course.P <= 2:
        return f"rings: optima of clients{', drag one' if handles else ''}"
    if course.P <= 2:
        return "left and right: the only parameter" if course.P == 1 else "both parameters"
    server, clients = (percent(p) if np.isfinite(p) else "–" for p in course.held)
    return f"the plane holds {server} of the way, {clients} of the updates"


def differing(found: Drift) -> str:
    """How much the clients' gradients differ where the round begins."""
    B, G = found.differ
    if np.isnan(B):
        return ""
    many = "∞" if np.isinf(B) else number(B)
    return f"gradients {many} × their mean, G {number(G)}"


def titles(found: Drift, times: float, handles: bool) -> dict[str, str]:
    """What stands above the panels and below them; `handles` where optima can be dragged."""
    line = found.course.line
    how = "step by step" if line else "every client's steps"
    near = "" if times <= 1 or line else f", ×{times:g}"
    return {
        "whole": "each loss" if line else "the whole run",
        "round": f"inside round {found.number}{near}: {how} {UNSEEN}",
        "below": below(found.course, handles),
        "differ": differing(found),
    }


def called(scene: Scene, mark: str) -> str:
    """What a mark is called in the picture."""
    if mark == "pooled":
        return "pooled training"
    return f"FedProx, μ {scene.exp.mu:g}" if mark == "FedProx" else mark


def about_step(scene: Scene, found: Drift, k: int, step: int) -> tuple[str, ...]:
    """Beside the pointer on a client's path."""
    name = short(scene.called(int(found.ids[k])))
    to = "the optimum" if found.course.exact else "the pooled model"
    when = f"after step {step} of {len(found.far[k]) - 1}" if step else "before its first step"
    return f"{name} {UNSEEN}", when, f"{number(float(found.far[k][step]))} from {to}"


def about_round(course: Course, i: int) -> tuple[str, ...]:
    """Beside the pointer on the global model's way."""
    to = "the optimum" if course.exact else "the pooled model"
    return f"global model, round {course.kept[i]}", f"{number(float(course.far[i]), 3)} from {to}"


def about_optimum(scene: Scene, place: int, course: Course, *, drag: bool) -> tuple[str, ...]:
    """Beside the pointer on a client's own optimum."""
    assert course.problems is not None
    a, x = course.problems
    where = ", ".join(f"{value:.2f}" for value in x[place])
    said = (
        f"optimum of {short(scene.name(place))} {UNSEEN}",
        f"at {where}, curvature {a[place]:g}",
    )
    return (*said, "drag it") if drag else said
