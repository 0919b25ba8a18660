"""State of the view Each client: how the clients are sorted."""

from __future__ import annotations

from typing import Any, ClassVar

from fedplay.knobs import short
from fedplay.views.each_client.order import Sorting
from fedplay.views.state import Desk, State


class OrderState(State):
    """How the clients are sorted, and what their models are judged on."""

    verbs: ClassVar[tuple[str, ...]] = ("order", "sorting")

    def __init__(self, desk: Desk) -> None:
        super().__init__(desk)
        self.now = Sorting()

    def order(self, by: str) -> None:
        """Sort by something else, or by the same the other way round."""
        self.sorting(self.now.by(by))

    def sorting(self, sorting: Sorting) -> None:
        """Sort the clients, and judge their models, in another way."""
        if not isinstance(sorting, Sorting):
            raise ValueError(f"sorting={short(sorting)}: must be a Sorting")
        self.now = sorting
        self.desk.touch()

    @property
    def shown(self) -> Sorting:
        return self.now

    def kept(self) -> Any:
        return self.now.kept()

    def take_up(self, kept: Any) -> None:
        self.now = self.now.taken_up(kept)
