"""Texts of the learning curves: one line above them, and a few beside the pointer."""

from __future__ import annotations

import numpy as np

from fedplay.engine.run_state import DIVERGED
from fedplay.untrusted import escape
from fedplay.views.scene import Scene
from fedplay.words import UNSEEN, percent, short


def headline(scene: Scene) -> str:
    """One line of HTML for the round shown."""
    if scene.veiled:
        return _question(scene)
    R, at, now, gone = scene.series.rounds, scene.at, scene.now, scene.series.diverged
    if gone is not None and gone <= at:
        return _diverged(scene, gone)
    if scene.guess is not None and at == R and np.isfinite(now.accuracy):
        return (
            f"You guessed <b>{percent(scene.guess, 1)}</b>; after round {R} the global model gets "
            f"<b>{percent(now.accuracy, 1)}</b> of the test set right."
        )
    when = f"Round {at} of {R}:" if at else "Before training"
    if scene.series.score == "loss":
        return _loss(scene, when)
    own = _clients(scene)
    if not np.isfinite(now.accuracy):
        return f"{when} nothing is known of the global model{own and '; ' + own}."
    whole = f"{when} the global model gets <b>{percent(now.accuracy, 1)}</b> of the test set right"
    return f"{whole}{own and '; ' + own}."


def _loss(scene: Scene, when: str) -> str:
    """The line of a model that has no accuracy."""
    if not np.isfinite(scene.now.loss):
        return f"{when} nothing is known of the global model."
    said = f"{when} the loss of the global model is <b>{scene.now.loss:.3f}</b>"
    own, place = scene.series.clients[scene.at], scene.client
    if place is not None and place < len(own) and np.isfinite(own[place]):
        return f"{said}; for {escape(short(scene.name(place)))} {UNSEEN} <b>{own[place]:.3f}</b>."
    known = own[np.isfinite(own)]
    if not len(known):
        return f"{said}."
    low, high = f"{known.min():.2f}", f"{known.max():.2f}"
    return f"{said}; for its clients {UNSEEN} <b>{low}</b> to <b>{high}</b>."


def _question(scene: Scene) -> str:
    if scene.guess is None:
        return "Where will the global model end? Click in the picture, or drag the slider below it."
    return (
        f"You guess that the global model ends at <b>{percent(scene.guess, 1)}</b> of the test set."
    )


def _diverged(scene: Scene, gone: int) -> str:
    if gone < len(scene.rounds) and np.isfinite(scene.rounds[gone].loss):
        why = f"the loss passed {DIVERGED:g} times what it was before training"
    else:
        why = "the loss is no longer a finite number"
    return f"<b>Diverged in round {gone}</b>: {why}."


def _clients(scene: Scene) -> str:
    """How the followed client fares, or all of them; "" where nobody holds anything out."""
    own, place = scene.now.client_accuracy, scene.client
    if place is not None and place < len(own):
        name = escape(short(scene.name(place)))
        if not np.isfinite(own[place]):
            return f"{name} {UNSEEN} holds nothing out to judge it on"
        verb = "hold" if name == "you" else "holds"
        return f"<b>{percent(float(own[place]), 1)}</b> of what {name} {UNSEEN} {verb} out"
    known = own[np.isfinite(own)]
    if not len(known):
        return ""
    low, high = percent(known.min()), percent(known.max())
    if low == high:
        return f"clients get <b>{low}</b> of their own {UNSEEN}"
    return f"clients get <b>{low}</b> to <b>{high}</b> of their own {UNSEEN}"


def at_client(scene: Scene, place: int, number: int) -> tuple[str, ...]:
    """Beside the pointer on a client's curve."""
    known = scene.series.clients
    number = min(number, len(known) - 1)
    if scene.series.score == "loss":
        return f"{short(scene.name(place))} {UNSEEN}", f"round {number}: {known[number, place]:.3f}"
    held = int(scene.federation.held.sizes[scene.panel[place]])
    return (
        f"{short(scene.name(place))} {UNSEEN}",
        f"round {number}: {known[number, place]:.2f}",
        f"on its own {held:,} held-out example{'s' if held != 1 else ''}",
    )


def at_curve(name: str, number: int, accuracy: float) -> tuple[str, ...]:
    """Beside the pointer on a curve that has a name."""
    return name, f"round {number}: {accuracy:.3f}"


def at_round(scene: Scene, number: int) -> tuple[str, ...]:
    """Beside the pointer where there is no curve."""
    series, said = scene.series, []
    if number < len(series.accuracy) and np.isfinite(series.accuracy[number]):
        said.append(f"global {series.accuracy[number]:.3f}")
    if number < len(series.clients) and np.isfinite(mean := series.mean[number]):
        said.append(f"clients' mean {mean:.2f} {UNSEEN}")
    return f"round {number}", *([" · ".join(said)] if said else [])
