"""Controls of the client table: what it is sorted by, and its pages."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import ipywidgets
from ipywidgets import Layout

from fedplay.views.client_table.order import COLUMNS, Sorting, sorting_of
from fedplay.views.scene import Scene
from fedplay.widgets.buttons import display, fill
from fedplay.widgets.echo_guard import EchoGuard


class TableRow:
    """The row of controls; `act(name, *arguments)` runs an action."""

    def __init__(self, act: Callable[..., None]) -> None:
        self.act, self._quiet, self._now = act, EchoGuard(), Sorting()
        self.by = ipywidgets.Dropdown(
            options=[(f"sorted by {column.called}", key) for key, column in COLUMNS.items()],
            tooltip="Order of the clients; a click on a heading does the same",
            layout=Layout(width="auto", flex="0 1 320px", min_width="150px"),
        )
        self.most = ipywidgets.ToggleButton(
            description="highest first",
            tooltip="Reverse the order",
            layout=Layout(width="auto", flex="0 0 auto"),
        )
        for field in (self.by, self.most):
            field.observe(self._sorted, "value")
        self.widget = ipywidgets.HBox([self.by, self.most])
        self.widget.add_class("fedplay-transport")
        self.widget.add_class("fedplay-sorting")
        self.widget.layout.display = "none"

    def _sorted(self, _change: Any) -> None:
        if not self._quiet.now:
            self.act("sort_clients", self.by.value, self.most.value)

    def show(self, scene: Scene | None) -> None:
        """What the table is sorted by; nothing where it is not shown."""
        if scene is not None:
            self._now = sorting_of(scene.state)
            with self._quiet:
                fill(self.by, value=self._now.by)
                fill(self.most, value=self._now.most)
        display(self.widget, scene is not None and not scene.veiled)
