"""Tabs above the view that they change, its sentence, and the views that have no tab."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import ipywidgets
from ipywidgets import Layout

from fedplay.experiment import Experiment
from fedplay.knobs import LEVELS, Refused
from fedplay.session.run_history import described
from fedplay.untrusted import escape
from fedplay.views.base import Row
from fedplay.views.registered import VIEWS
from fedplay.widgets.buttons import button, display, fill
from fedplay.widgets.echo_guard import EchoGuard

NOBODY = "follow a client"


def _sentence(name: str, refused: Refused) -> str:
    """Why a view cannot be opened, as "Boundaries needs examples that are points"."""
    return f"{VIEWS[name].title} {refused}."


class Listed:
    """A view without a tab: a button that opens it and what it shows, or why not, and a way out."""

    def __init__(self, name: str, act: Callable[..., None]) -> None:
        self.name = name
        self._way: dict[str, Any] = {}
        self.opener = ipywidgets.Button(
            description=VIEWS[name].title, layout=Layout(width="150px", flex="0 0 auto")
        )
        self.opener.on_click(lambda _button: act("view", name))
        self.words = ipywidgets.HTML()
        self.repair = ipywidgets.Button(layout=Layout(width="auto", flex="0 0 auto"))
        self.repair.add_class("fedplay-repair")
        self.repair.on_click(lambda _button: act("open_with", name, self._way))
        self.widget = ipywidgets.HBox([self.opener, self.words, self.repair])
        self.widget.add_class("fedplay-choice")

    def show(self, refused: Refused | None, exp: Experiment) -> None:
        """Follow the run: what it needs, or nothing."""
        fill(self.opener, disabled=refused is not None)
        help = VIEWS[self.name].help
        fill(self.words, value=escape(help if refused is None else _sentence(self.name, refused)))
        self._way = {} if refused is None else refused.repair
        if self._way:
            words = described(exp.replace(**self._way), self._way)
            fill(self.repair, description=f"With {words}")
        display(self.repair, bool(self._way))


class ViewTabs:
    """Tabs, caption and the views' `rows`; `act(name, *arguments)` runs an action."""

    def __init__(self, act: Callable[..., None], rows: Sequence[Row] = ()) -> None:
        self.act = act
        self._quiet = EchoGuard()
        self.tabs = ipywidgets.HBox()
        self.tabs.add_class("fedplay-tabs")
        self._made: dict[str, Any] = {}  # a tab by the name of its view
        self._listed: dict[str, Listed] = {}  # a row of the gallery, likewise
        self._headings: dict[str, Any] = {}  # above these rows, by topic
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

    def offer(self, names: Sequence[str], chosen: str, away: Mapping[str, Refused]) -> None:
        """The tabs, and which of them is open.

        away: the views that have nothing to show of the run, each with the reason
        """
        tabs = [self._tab(name) for name in names]
        for name, tab in zip(names, tabs, strict=True):
            refused = away.get(name)
            fill(tab, button_style="primary" if name == chosen else "")
            fill(tab, tooltip=VIEWS[name].help if refused is None else _sentence(name, refused))
            fill(tab, disabled=refused is not None)
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

    def list_others(
        self, names: Sequence[str], away: Mapping[str, Refused], exp: Experiment
    ) -> None:
        """The views without a tab, each with what it shows or why it can't be opened."""
        fill(self.more, description=f"More {'▴' if self.choosing else '▾'}")
        display(self.more, bool(names))
        rows: list[Any] = []
        topics = dict.fromkeys(VIEWS[name].topic for name in names) if self.choosing else ()
        for topic in topics:
            inside = [name for name in names if VIEWS[name].topic == topic]
            inside.sort(key=lambda name: LEVELS.index(VIEWS[name].level))
            rows.append(self._heading(topic))
            rows += [self._row(name, away.get(name), exp) for name in inside]
        if list(self.gallery.children) != rows:
            self.gallery.children = rows
        display(self.gallery, bool(rows))

    def _heading(self, topic: str) -> Any:
        if topic not in self._headings:
            self._headings[topic] = ipywidgets.HTML(f"<h4>{escape(topic)}</h4>")
            self._headings[topic].add_class("fedplay-heading")
        return self._headings[topic]

    def _row(self, name: str, refused: Refused | None, exp: Experiment) -> Any:
        if name not in self._listed:
            self._listed[name] = Listed(name, self.act)
        self._listed[name].show(refused, exp)
        return self._listed[name].widget

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
