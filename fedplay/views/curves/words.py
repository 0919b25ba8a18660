"""Texts of the learning curves: one line above them, and a few beside the pointer."""

from __future__ import annotations

import numpy as np

from fedplay.engine.run_state import diverged_words
from fedplay.inspect.personal_name import uses
from fedplay.stages.base import Array
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
    return f"{_now(scene, when)}{_came_to(scene)}"


def _now(scene: Scene, when: str) -> str:
    """What the models get right in the round shown."""
    now = scene.now
    if scene.series.score == "loss":
        return _loss(scene, when)
    if now.personal is not None and (its := uses(scene.exp)):
        return _used(scene, when, now.personal, its)
    # One line has room for one remark: on the run, or on its clients.
    own = "" if _came_to(scene) and scene.client is None else _clients(scene)
    if not np.isfinite(now.accuracy):
        return f"{when} nothing is known of the global model{own and '; ' + own}."
    whole = f"{when} the global model gets <b>{percent(now.accuracy, 1)}</b> of the test set right"
    return f"{whole}{own and '; ' + own}."


def _used(scene: Scene, when: str, own: Array, its: str) -> str:
    """The line of a method whose clients do not use the global model as it is."""
    known = own[np.isfinite(own)]
    if not len(known):
        return f"{when} nothing is known of the clients' models."
    mean = percent(float(known.mean()), 1)
    said = f"{when} clients get <b>{mean}</b> of their own {UNSEEN}, each with its {escape(its)}"
    place = scene.client
    if place is not None and place < len(own) and np.isfinite(own[place]):
        name, theirs = escape(short(scene.name(place))), percent(float(own[place]), 1)
        said += f", and {name} {UNSEEN} <b>{theirs}</b>"
    if not np.isfinite(scene.now.accuracy):
        return f"{said}."
    whole = percent(scene.now.accuracy, 1)
    return f"{said}; the global model by itself gets {whole} of the test set right."


def _came_to(scene: Scene) -> str:
    """What the run came to, where that has to be said: after its last round."""
    late, said = scene.late, ""
    if scene.at < scene.series.rounds:
        return said
    for state in (scene.series.state, late.state if late is not None and late.fresh else None):
        if state is not None and state.sentence:
            said += f" {_bold(state.sentence)}"
    return said


def _bold(sentence: str) -> str:
    """The sentence of a state, with what that is called in bold."""
    head, colon, rest = sentence.partition(":")
    return f"<b>{head}</b>{colon}{rest}"


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
    loss = scene.rounds[gone].loss if gone < len(scene.rounds) else np.nan
    return _bold(diverged_words(loss, gone))


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
