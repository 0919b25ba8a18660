"""Tabs and caption below the picture, for the view beside the curves."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import ipywidgets
from ipywidgets import Layout

from fedplay.views.base import Row
from fedplay.views.registered import VIEWS
from fedplay.widgets.buttons import display, fill
from fedplay.widgets.echo_guard import EchoGuard

NOBODY = "follow a client"


class ViewTabs:
    """Tabs, caption and the views' `rows`; `act(name, *arguments)` runs an action."""

    def __init__(self, act: Callable[..., None], rows: Sequence[Row] = ()) -> None:
        self.act = act
        self.names: list[str] = []
        self._quiet = EchoGuard()
        self.tabs = ipywidgets.ToggleButtons(options=[""], layout=Layout(width="auto"))
        self.tabs.add_class("fedplay-tabs")
        self.tabs.observe(self._chosen, "index")
        self.caption = ipywidgets.HTML()
        self.caption.add_class("fedplay-caption")
        self.who = ipywidgets.Dropdown(
            options=[NOBODY],
            tooltip="Follow one client in every view; a click on it does the same",
            layout=Layout(width="132px", flex="0 0 auto"),
        )
        self.who.observe(self._followed, "index")
        row = ipywidgets.HBox([self.tabs, self.who])
        row.add_class("fedplay-row")
        self.widget = ipywidgets.VBox([row, self.caption, *(made.widget for made in rows)])
        self.widget.add_class("fedplay-view-tabs")

    # --- what its person does -----------------------------------------------------------------

    def _chosen(self, change: Any) -> None:
        if not self._quiet.now and change["new"] is not None:
            self.act("view", self.names[change["new"]])

    def _followed(self, change: Any) -> None:
        if not self._quiet.now and change["new"] is not None:
            self.act("follow", change["new"] - 1 if change["new"] else None)

    # --- what it shows ------------------------------------------------------------------------

    def offer(self, names: Sequence[str], chosen: str) -> None:
        """The tabs, and which of them is open."""
        with self._quiet, self.tabs.hold_sync():
            if list(names) != self.names:
                self.tabs.options = [VIEWS[name].title for name in names] or [""]
                self.tabs.tooltips = [VIEWS[name].help for name in names]
                self.names = list(names)
            display(self.tabs, len(names) > 1)
            if chosen in self.names and self.tabs.index != self.names.index(chosen):
                self.tabs.index = self.names.index(chosen)

    def follow(self, names: Sequence[str], client: int | None) -> None:
        """Offer the clients that can be followed, by place, and mark the followed one."""
        options = [NOBODY, *names]
        with self._quiet, self.who.hold_sync():
            if list(self.who.options) != options:
                self.who.options = options
            index = 0 if client is None or client >= len(names) else client + 1
            if self.who.index != index:
                self.who.index = index

    def say(self, sentence: str) -> None:
        """The caption, as HTML."""
        fill(self.caption, value=sentence)
        display(self.caption, bool(sentence))
