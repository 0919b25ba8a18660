"""State of the confusion matrices: the examples on which both models are judged."""

from __future__ import annotations

from typing import Any, ClassVar

from fedplay.arguments import word
from fedplay.views.scene import Intent
from fedplay.views.state import State

JUDGES = {"test": "test set", "own": "held-out examples"}


class JudgeState(State):
    """On which examples the two models are judged."""

    verbs: ClassVar[tuple[str, ...]] = ("judge",)
    keeps: ClassVar[tuple[str, ...]] = ("judged",)
    judged: str = "test"

    def judge(self, on: str) -> None:
        """Judge both models on the "test" set, or on what the client holds out: "own"."""
        self.judged = word("on", on, JUDGES)
        self.desk.touch()

    def on_key(self, key: str, view: Any) -> Intent | None:
        """Enter judges on the other examples."""
        other = "own" if self.judged == "test" else "test"
        return Intent("judge", (other,)) if key == "Enter" else None

    def take_up(self, kept: Any) -> None:
        super().take_up(kept)
        if self.judged not in JUDGES:
            self.judged = "test"
