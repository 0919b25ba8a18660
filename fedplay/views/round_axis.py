"""Where a round lies on the horizontal axis: its number, what was sent by then, or ε spent."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from fedplay.drawing.geometry import Array
from fedplay.drawing.scale import tidy
from fedplay.engine.measures import measure_of
from fedplay.engine.round import told_columns
from fedplay.views.scene import Ghost, Scene

# Of every run, as a menu has them
AXES = {"rounds": "rounds", "bytes": "bytes", "messages": "messages", "epsilon": "ε"}


class Along(NamedTuple):
    """The horizontal axis as it is, which may not be the one that was asked for."""

    kind: str  # "rounds", "bytes", "messages", "epsilon", or the name of what is told of rounds
    x: Array  # (n,) where each known round lies
    label: str

    @classmethod
    def of(cls, scene: Scene) -> Along:
        """The axis that a scene asks for; its rounds where the run spends no finite ε."""
        n = max(len(scene.rounds), len(scene.series.accuracy))
        rounds = np.arange(n, dtype=float)
        if scene.axis in ("bytes", "messages") and scene.exp.stage("algorithm").pooled:
            return cls("rounds", rounds, "round (nothing is sent: all data lie in one place)")
        if scene.axis == "bytes":
            sent = np.array([float(r.bytes_up + r.bytes_down) for r in scene.rounds])
            return cls("bytes", sent, "sent so far, by the clients and the server")
        if scene.axis == "messages":
            sent = np.array([float(r.messages_up + r.messages_down) for r in scene.rounds])
            return cls("messages", sent, "messages so far, of clients and to clients")
        if scene.axis == "epsilon":
            spent = np.array([r.epsilon for r in scene.rounds])
            if np.isfinite(spent).all():
                return cls("epsilon", spent, "ε of differential privacy, spent so far")
            return cls("rounds", rounds, "round (ε is infinite: there is no noise)")
        if scene.axis != "rounds":
            told = told_columns(scene.rounds).get(scene.axis, np.empty(0))
            return cls._told(scene.axis, told, rounds)
        return cls("rounds", rounds, "round")

    @classmethod
    def _told(cls, name: str, told: Array, rounds: Array) -> Along:
        """Along what is told of every round, added up unless it is a sum already."""
        measure, x = measure_of(name), grown(name, told)
        if x is None or len(x) != len(rounds):
            return cls("rounds", rounds, f"round ({measure.called} is no axis here)")
        return cls(name, x, measure.called if measure.cumulative else f"{measure.called}, so far")

    def ghost(self, ghost: Ghost) -> Array:
        """(n,) where a pinned run's rounds lie; not finite where that is nowhere on this axis."""
        if self.kind == "rounds":
            return np.arange(len(ghost.accuracy), dtype=float)
        own = {"bytes": ghost.bytes_sent, "messages": ghost.messages, "epsilon": ghost.epsilon}
        if self.kind in own:
            sent = np.asarray(own[self.kind], dtype=float)
            return sent if sent.any() else np.full(len(ghost.accuracy), np.nan)  # pooled training
        x = grown(self.kind, np.asarray(ghost.told.get(self.kind, ())))
        return np.full(len(ghost.accuracy), np.nan) if x is None else x

    def end(self, scene: Scene) -> float:
        """How far the axis reaches, tidy: all of the run, even what is to come, and the ghosts."""
        R, known = scene.series.rounds, max(len(self.x) - 1, 1)
        # Bytes grow by as much in every round; what ε will grow to is known when it has.
        whole = {"rounds": R, "epsilon": self.x[-1]}.get(self.kind, self.x[-1] * R / known)
        far = [x[np.isfinite(x)].max(initial=0) for x in map(self.ghost, scene.ghosts)]
        return tidy(max(float(whole), *map(float, far), 0.0))


def grown(name: str, told: Array) -> Array | None:
    """(n,) what is told of rounds, as it grows; None where it does not, or nothing is told.

    Before the first round that it is told of, it is nothing yet.
    """
    known = np.isfinite(told)
    if not known.any():
        return None
    x = np.where(known, told, 0.0)
    if not measure_of(name).cumulative:
        x = np.cumsum(x)
    return None if (np.diff(x) < 0).any() or x[0] < 0 or x[-1] <= 0 else x
