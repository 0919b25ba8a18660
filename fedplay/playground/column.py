"""The column beside the picture: the lab's knobs, a search through all others, and the runs."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import ipywidgets
from ipywidgets import Layout

from fedplay.experiment import Experiment
from fedplay.experiment.topics import find
from fedplay.playground.panel import HIDDEN, Panel, Told, owner_of
from fedplay.session.guide import Guide
from fedplay.widgets.buttons import button, display, fill
from fedplay.widgets.echo_guard import EchoGuard
from fedplay.words import UNSEEN

FOUND = 6  # knobs that a search shows at most
LEGEND = f"{UNSEEN} only in a simulation: a real server never sees what belongs to a client"


class Group:
    """The knobs of one topic, folded away below their heading."""

    def __init__(self, heading: str, toggle: Callable[[str], None]) -> None:
        self.heading, self.unfolded = heading, False
        self.button = ipywidgets.Button(layout=Layout(width="100%"))
        self.button.add_class("fedplay-group")
        self.button.on_click(lambda _button: toggle(heading))
        self.body = ipywidgets.VBox()
        self.widget = ipywidgets.VBox([self.button, self.body])

    def show(self, controls: tuple[Any, ...], changed: int) -> None:
        """Its heading, with how many of its knobs were changed, and its controls if unfolded."""
        sign = "▾" if self.unfolded else "▸"
        more = f" · {changed} changed" if changed else ""
        fill(self.button, description=f"{sign} {self.heading}{more}")
        children = controls if self.unfolded else ()
        if tuple(self.body.children) != children:
            self.body.children = children


class Column:
    """Everything beside the picture. `runs` are the rows of pinned and earlier runs."""

    def __init__(self, panel: Panel, act: Callable[..., None], *runs: Any) -> None:
        self.panel = panel
        self.unfolded: set[str] = set()
        self.looked_for = ""
        self._groups: dict[str, Group] = {}
        self._act = act
        self._quiet = EchoGuard()
        self.title = _heading("")
        self.front = ipywidgets.VBox()
        self.front.add_class("fedplay-front")
        self.differs = ipywidgets.HTML()
        self.back = button("As it was", "", "Back to the example", lambda: act("back"))
        self.back.add_class("fedplay-quiet")
        self.changes = ipywidgets.HBox([self.differs, self.back])
        self.changes.add_class("fedplay-changes")
        self.search = ipywidgets.Text(
            placeholder="Find a knob …",
            tooltip="Find a knob by its name, its letter or what it is about",
            continuous_update=True,
            layout=Layout(width="100%"),
        )
        self.search.add_class("fedplay-search")
        self.search.observe(self._typed, "value")
        self.found = ipywidgets.VBox()
        self.groups = ipywidgets.VBox()
        self.others = ipywidgets.VBox([_heading("All knobs"), self.search, self.found, self.groups])
        legend = ipywidgets.HTML(LEGEND)
        legend.add_class("fedplay-legend")
        whole = panel.only is None
        knobs = [self.title, self.front, self.changes, *([self.others] if whole else [])]
        parts = [*(knobs if panel.offers else []), *runs, legend]
        self.widget = ipywidgets.VBox(parts)
        self.widget.add_class("fedplay-left" if panel.offers else "fedplay-foot")
        self.widget.add_class("fedplay-controls")

    def _typed(self, change: Any) -> None:
        if not self._quiet.now:
            self._act("find", change["new"])

    def find(self, text: str) -> None:
        """Show the knobs that a text means, in place of the groups."""
        self.looked_for = text
        with self._quiet:
            fill(self.search, value=text)

    def fold(self, heading: str) -> None:
        """Unfold a group, or fold it away."""
        self.unfolded ^= {heading}

    # --- what it shows ------------------------------------------------------------------------

    def show(self, exp: Experiment, told: Told, ours: frozenset[str], guide: Guide) -> None:
        """Follow the store: the controls that can be seen, and what differs from the example."""
        panel = self.panel
        panel.turn(exp)
        changed = guide.changed(exp)
        front = self._front(guide)
        found = self._found()
        rest = {
            heading: [name for name in names if name not in front]
            for heading, names in panel.plan.items()
        }
        unfolded = [n for heading in rest if heading in self.unfolded for n in rest[heading]]
        seen = ("", *front, *found, *unfolded)
        new = told.notes.keys() & {*changed, *told.returned}  # came along, or went again
        more = told.errors.keys() | new if panel.only is None else ()
        wrong = sorted(name for name in more if name not in seen and name not in HIDDEN)
        names = dict.fromkeys([*front, *wrong, *found, *([] if found else unfolded)])
        panel.refresh(names, exp, told, ours, changed)
        self._arrange([*front, *wrong], found, rest, changed)
        count = len(changed)
        self._tell(guide, count)

    def _front(self, guide: Guide) -> list[str]:
        """The knobs in front: those that were asked for, or the lab's."""
        panel = self.panel
        if panel.only is not None:
            return [name for names in panel.plan.values() for name in names]
        data = panel.own_data
        return [n for n in guide.lab.knobs if not data or n in panel.shown or _elsewhere(n)]

    def _found(self) -> list[str]:
        """The likeliest knobs for what is looked for, those that change nothing now among them."""
        names = [name for name in find(self.looked_for) if name not in HIDDEN]
        if self.panel.own_data:
            names = [name for name in names if name in self.panel.shown or _elsewhere(name)]
        return names[:FOUND]

    def _arrange(
        self, front: list[str], found: list[str], rest: dict[str, list[str]], changed: list[str]
    ) -> None:
        control = self.panel.control
        _put(self.front, [control(name).widget for name in front if name not in found])
        _put(self.found, [control(name).widget for name in found])
        if self.panel.only is not None:
            return
        for heading in rest:
            if heading not in self._groups:
                self._groups[heading] = Group(heading, lambda name: self._act("fold", name))
            group = self._groups[heading]
            group.unfolded = heading in self.unfolded and not self.looked_for
            inside = [control(n).widget for n in rest[heading]] if group.unfolded else []
            group.show(tuple(inside), sum(name in changed for name in rest[heading]))
        _put(self.groups, [self._groups[heading].widget for heading in rest if rest[heading]])
        display(self.groups, not self.looked_for)

    def _tell(self, guide: Guide, changed: int) -> None:
        title = "Knobs" if guide.step is None else "Knobs of this lab"
        fill(self.title, value=f"<h4>{title}</h4>")
        many = f"{changed} knob{'s' if changed != 1 else ''} changed"
        fill(self.differs, value=many if changed else "")
        display(self.changes, changed > 0)


def _elsewhere(name: str) -> bool:
    """Whether a knob has nothing to do with the data, which may be given."""
    owner = owner_of(name)
    return owner is not None and owner[0] not in ("data", "partition", "shift")


def _heading(word: str) -> Any:
    made = ipywidgets.HTML(f"<h4>{word}</h4>")
    made.add_class("fedplay-heading")
    return made


def _put(box: Any, children: list[Any]) -> None:
    if list(box.children) != children:
        box.children = children
