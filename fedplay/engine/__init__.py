"""The engine: the loop over rounds, batched over clients, and what it leaves behind."""

from fedplay.engine.history import History, run
from fedplay.engine.loop import rounds
from fedplay.engine.round import Round

__all__ = ["History", "Round", "rounds", "run"]
