"""Texts about the numbers that stages and measures tell."""

from __future__ import annotations

import math

from fedplay.engine.measures import measure_of
from fedplay.untrusted import escape
from fedplay.views.scene import Scene
from fedplay.words import written


def said(scene: Scene, names: list[str]) -> str:
    """The numbers of the round shown; HTML."""
    if not names:
        return "Nothing is told of these rounds yet."
    parts = [f"{escape(measure_of(n).called)} <b>{_value(scene, n, scene.at)}</b>" for n in names]
    when = f"After round {scene.at}" if scene.at else "Before training"
    return f"{when}: {', '.join(parts)}."


def lines(scene: Scene, name: str, number: int) -> tuple[str, ...]:
    """Beside the pointer."""
    return measure_of(name).called, f"round {number}: {_value(scene, name, number)}"


def _value(scene: Scene, name: str, number: int) -> str:
    return written(scene.rounds[number].told.get(name, math.nan), measure_of(name).unit)
