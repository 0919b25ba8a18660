"""Tabs above the view that they change, its sentence, and the views that have no tab."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import ipywidgets
from ipywidgets import Layout

from fedplay.untrusted import escape
from fedplay.views.base import Row
from fedplay.views.registered import VIEWS
from fedplay.widgets.buttons import button, display, fill
from fedplay.widgets.echo_guard import EchoGuard

NOBODY = "follow a client"


class ViewTabs:
    """Tabs, caption and the views' `rows`; `act(name, *arguments)` runs an action."""

    def __init__(self, act: Callable[..., None], rows: Sequence[Row] = ()) -> None:
        self.act = act
        self._quiet = EchoGuard()
        self.tabs = ipywidgets.HBox()
        self.tabs.add_class("fedplay-tabs")
        self._made: dict[str, Any] = {}  # a tab by the name of its view
        self._listed: dict[str, Any] = {}  # a row of the gallery, likewise
        self.choosing = False  # the views without a tab are shown
        self.more = button("More", "", "All other views, by what they show", self._more)
        self.who = ipywidgets.Dropdown(
            options=[NOBODY],
            tooltip="Follow one client in every view; a click on it does the same",
            layout=Layout(width="124px", flex="0 0 auto"),
        )
        self.who.observe(self._followed, "index")
        self.large = button(
            "⤢", "", "The view alone, or beside the curves (E)", lambda: act("enlarge", "view")
        )
        self.caption = ipywidgets.HTML()
        self.caption.add_class("fedplay-caption")
        self.gallery = ipywidgets.VBox()
        self.gallery.add_class("fedplay-gallery")
        self.gallery.add_class("fedplay-over")
        space = ipywidgets.HBox(layout=Layout(flex="1 1 0"))
        row = ipywidgets.HBox([self.tabs, self.more, space, self.who, self.large])
        row.add_class("fedplay-row")
        below = (made.widget for made in rows)
        self.widget = ipywidgets.VBox([row, self.gallery, self.caption, *below])
        self.widget.add_class("fedplay-view-tabs")

    # --- what its person does -----------------------------------------------------------------

    def _more(self) -> None:
        self.act("views")

    def _opener(self, name: str) -> Callable[[Any], None]:
        return lambda _button: self.act("view", name)

    def _followed(self, change: Any) -> None:
        if not self._quiet.now and change["new"] is not None:
            self.act("follow", change["new"] - 1 if change["new"] else None)

    # --- what it shows ------------------------------------------------------------------------

    def offer(self, names: Sequence[str], chosen: str, away: Mapping[str, str]) -> None:
        """The tabs, and which of them is open.

        away: the views that the run has nothing for, each with the reason
        """
        tabs = [self._tab(name) for name in names]
        for name, tab in zip(names, tabs, strict=True):
            reason = away.get(name, "")
            fill(tab, button_style="primary" if name == chosen else "")
            fill(tab, tooltip=reason or VIEWS[name].help, disabled=bool(reason))
        if tuple(self.tabs.children) != tuple(tabs):
            self.tabs.children = tabs
        display(self.tabs, len(names) > 1)

    def _tab(self, name: str) -> Any:
        if name not in self._made:
            made = ipywidgets.Button(
                description=VIEWS[name].title, layout=Layout(width="auto", flex="0 0 auto")
            )
            made.add_class("fedplay-tab")
            made.on_click(self._opener(name))
            self._made[name] = made
        return self._made[name]

    def list_others(self, names: Sequence[str], away: Mapping[str, str]) -> None:
        """The views without a tab, each with what it shows or why it can't be opened."""
        fill(self.more, description=f"More {'▴' if self.choosing else '▾'}")
        display(self.more, bool(names))
        rows = [self._row(name, away.get(name, "")) for name in names] if self.choosing else []
        if list(self.gallery.children) != rows:
            self.gallery.children = rows
        display(self.gallery, bool(rows))

    def _row(self, name: str, reason: str) -> Any:
        view = VIEWS[name]
        if name not in self._listed:
            made = ipywidgets.Button(
                description=view.title, layout=Layout(width="150px", flex="0 0 auto")
            )
            made.on_click(self._opener(name))
            self._listed[name] = ipywidgets.HBox([made, ipywidgets.HTML()])
            self._listed[name].add_class("fedplay-choice")
        opener, words = self._listed[name].children
        fill(opener, disabled=bool(reason))
        fill(words, value=escape(reason or view.help))
        return self._listed[name]

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
