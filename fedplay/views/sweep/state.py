"""State of a sweep: which knob is swept, and taking one of its values."""

from __future__ import annotations

from typing import Any, ClassVar

from fedplay.arguments import whole, word
from fedplay.knobs import short
from fedplay.views.scene import Intent
from fedplay.views.state import Desk, State
from fedplay.views.sweep.job import SweepJob
from fedplay.views.sweep.shown import Fan

NAME = "sweep"  # of the view


class SweepState(State):
    """The sweep that is open, if any. It stays while another tab is looked at."""

    verbs: ClassVar[tuple[str, ...]] = ("sweep", "take")
    job: SweepJob | None

    def __init__(self, desk: Desk) -> None:
        super().__init__(desk)
        self.job = None
        self._of: Any = None  # which experiment and data it was last held against

    @property
    def there(self) -> bool:  # type: ignore[override]
        return self.job is not None

    def sweep(self, name: str | None) -> None:
        """Try all values of a knob or slot, everything else as it is; None closes the sweep."""
        self._sweep(None if name is None else word("sweep", name, self.desk.controls()))
        if name is None:
            self.desk.look()
        else:
            self.desk.open(NAME)

    def take(self, index: int) -> None:
        """Take one of the values of the sweep."""
        sweeping = self.job
        if sweeping is None:
            raise ValueError(f"index={short(index)}: no sweep is open")
        index = whole("index", index, 0, len(sweeping.values) - 1)
        if sweeping.recordings[index].broken:
            raise ValueError(f"index={index}: {sweeping.recordings[index].broken}")
        self.desk.set(**{sweeping.name: sweeping.values[index]}, **sweeping.brought[index])

    def follow(self, seen: bool) -> None:
        """The open sweep follows the experiment and its data, or is closed."""
        exp, data, now = self.desk.experiment, self.desk.player.data, self.job
        if now is None or self._of == (exp, data):
            return
        self._of = exp, data
        if now.federation is not data or not now.follow(exp):
            self._sweep(now.name if now.name in self.desk.controls() else None)

    def on_key(self, key: str, view: Any) -> Intent | None:
        return Intent("sweep", (None,)) if key == "Escape" else None

    def veil(self) -> None:
        self._sweep(None)

    def _sweep(self, name: str | None) -> None:
        desk = self.desk
        if name is None:
            self.job = None
            desk.leave(NAME)
            return
        control, exp = desk.control(name), desk.experiment
        values, shown = control.sweep(getattr(exp, name))
        self.job = SweepJob(
            exp,
            name,
            control.label,
            control.help,
            values,
            shown,
            federation=desk.player.data,
            check=desk.check,
            cache=desk.player.cache,
        )

    def closeup(self, found: Any) -> Fan | None:
        mark = self.desk.mark
        lit = mark if isinstance(mark, int) else None
        return None if self.job is None else self.job.fan(self.desk.experiment, lit)
