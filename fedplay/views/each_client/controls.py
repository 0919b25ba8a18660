"""Controls of the view Each client: its order, and the data its models are judged on."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import ipywidgets
from ipywidgets import Layout

from fedplay.inspect.personal_name import own_model
from fedplay.views.each_client.order import ORDERS, Sorting, sorting_of
from fedplay.views.scene import Scene
from fedplay.widgets.buttons import display, fill
from fedplay.widgets.echo_guard import EchoGuard

JUDGES = (("own data", False), ("global test set", True))
TIPS = (
    "Judge the models of each client on its own held-out examples",
    "Judge the models of each client on the test set of the server",
)


class OrderRow:
    """The row of controls for order and test data; `act(name, *arguments)` runs an action."""

    def __init__(self, act: Callable[..., None]) -> None:
        self.act, self._quiet, self._now = act, EchoGuard(), Sorting()
        self.order = ipywidgets.Dropdown(
            options=[""],
            tooltip="Order of the clients; a click on a heading does the same",
            layout=Layout(width="auto", flex="0 1 292px", min_width="150px"),
        )
        self.order.observe(self._ordered, "index")
        self.most = ipywidgets.ToggleButton(
            description="highest first",
            tooltip="Reverse the order",
            layout=Layout(width="auto", flex="0 0 auto"),
        )
        self.most.observe(self._tell("most"), "value")
        self.says = ipywidgets.HTML("judged on")
        self.says.add_class("fedplay-says")
        self.judge = ipywidgets.ToggleButtons(
            options=JUDGES, value=False, tooltips=TIPS, layout=Layout(width="auto", flex="0 0 auto")
        )
        self.judge.add_class("fedplay-values")
        self.judge.observe(self._tell("test"), "value")
        self.widget = ipywidgets.HBox([self.says, self.judge, self.order, self.most])
        self.widget.add_class("fedplay-transport")
        self.widget.add_class("fedplay-sorting")
        self.widget.layout.display = "none"

    # --- what its person does -----------------------------------------------------------------

    def _tell(self, field: str) -> Callable[[Any], None]:
        def changed(change: Any) -> None:
            if not self._quiet.now and change["new"] is not None:
                self._now = self._now._replace(**{field: change["new"]})
                self.act("sorting", self._now)

        return changed

    def _ordered(self, change: Any) -> None:
        if not self._quiet.now and change["new"] is not None:
            self._now = self._now._replace(order=list(ORDERS)[change["new"]])
            self.act("sorting", self._now)

    # --- what it shows ------------------------------------------------------------------------

    def show(self, scene: Scene | None) -> None:
        """How the clients are sorted; nothing where they are not shown."""
        if scene is not None:
            self._fill(sorting_of(scene), scene)
        display(self.widget, scene is not None and not scene.veiled)

    def _fill(self, sorting: Sorting, scene: Scene) -> None:
        self._now = sorting
        with self._quiet, self.order.hold_sync():
            own = own_model(scene.exp)
            named = ORDERS | {"personal": f"accuracy of the personal model ({own})"}
            options = [f"sorted by {words}" for words in named.values()]
            if list(self.order.options) != options:
                self.order.options = options
            index = list(ORDERS).index(sorting.order)
            if self.order.index != index:
                self.order.index = index
            fill(self.most, value=sorting.most)
            there = len(scene.federation.y_test) > 0
            fill(self.judge, disabled=not there, value=sorting.test and there)
