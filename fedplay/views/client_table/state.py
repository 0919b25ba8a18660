"""State of the client table: what it is sorted by, and how far it is scrolled."""

from __future__ import annotations

from typing import Any, ClassVar

from fedplay.arguments import whole, word
from fedplay.views.client_table.order import COLUMNS, Sorting
from fedplay.views.scene import Intent
from fedplay.views.state import Desk, State

STEPS = {"PageDown": 1, "PageUp": -1}


class TableState(State):
    """What the rows are sorted by, and which are in sight."""

    verbs: ClassVar[tuple[str, ...]] = ("sort_clients", "scroll_clients")

    def __init__(self, desk: Desk) -> None:
        super().__init__(desk)
        self.now = Sorting()

    def sort_clients(self, by: str, most: bool | None = None) -> None:
        """Sort the table by a column, the least first; by the same once more: the most first.

        by: "client", "examples", "classes", "global_accuracy", "personal_accuracy",
            "alone_accuracy", "called", "participation" or "largest_class"
        """
        by = word("by", by, COLUMNS)
        if most is None:
            most = by == self.now.by and not self.now.most
        elif not isinstance(most, bool):
            raise ValueError(f"most={most!r:.40}: must be True or False")
        self.now = Sorting(by, most)
        self.desk.touch()

    def scroll_clients(self, top: int) -> None:
        """Have so many rows above the first in sight; a number beyond them is the last one."""
        shown = self.desk.player.shown
        most = len(self.desk.player.facts().panel) - 1 if shown is not None else 0
        top = whole("top", top, 0, most, clip=True)
        if top != self.now.top:
            self.now = self.now._replace(top=top)
            self.desk.touch()

    def on_key(self, key: str, view: Any) -> Intent | None:
        """Up and down follow the next row, Page Up and Down turn pages, Enter sorts by the next."""
        if not view.rows or not len(view.order):
            return None
        if key in STEPS:
            first = max(min(self.now.top, len(view.order) - view.rows), 0)
            return Intent("scroll_clients", (first + STEPS[key] * max(view.rows - 1, 1),))
        if key in ("ArrowUp", "ArrowDown"):
            return Intent("follow", (view.neighbour(1 if key == "ArrowDown" else -1),))
        if key == "Enter":
            keys = list(COLUMNS)
            return Intent("sort_clients", (keys[(keys.index(self.now.by) + 1) % len(keys)],))
        return None

    @property
    def shown(self) -> Sorting:
        return self.now

    def kept(self) -> Any:
        return self.now._asdict()

    def take_up(self, kept: Any) -> None:
        """What a page has kept; what does not fit is left out. It is not trusted."""
        if not isinstance(kept, dict):
            return
        by, most, top = (kept.get(name) for name in Sorting._fields)
        if isinstance(by, str) and by in COLUMNS and isinstance(most, bool):
            self.now = Sorting(by, most)
        if type(top) is int and 0 <= top < 2**31:
            self.now = self.now._replace(top=top)
