"""Controls of a comparison: a toggle for each method, the target, the number of seeds."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import ipywidgets
from ipywidgets import Layout

from fedplay.drawing.style import DARK, LIGHT
from fedplay.methods import METHODS
from fedplay.views.compare.choice import SEEDS, ComparisonChoice, offered
from fedplay.views.compare.shown import ComparisonShown, comparison_of
from fedplay.views.scene import Scene
from fedplay.widgets.buttons import display, fill
from fedplay.widgets.echo_guard import EchoGuard

OWN = "An algorithm that was registered here."


class ComparisonRow:
    """The row of controls of a comparison; `act(name, *arguments)` runs an action."""

    def __init__(self, act: Callable[..., None]) -> None:
        self.act, self._quiet = act, EchoGuard()
        self.toggles: dict[str, Any] = {}
        self.methods = ipywidgets.HBox()
        self.methods.add_class("fedplay-methods")
        self.target = ipywidgets.FloatSlider(
            min=0.01,
            max=1,
            step=0.01,
            value=0.5,
            description="Target accuracy",
            readout_format=".2f",
            layout=Layout(flex="1 1 auto", width="auto"),
        )
        self.target.observe(self._tell("target"), "value")
        self.seeds = ipywidgets.ToggleButtons(
            options=[(f"{n} seeds", n) for n in SEEDS],
            value=5,
            tooltips=[f"Run every method with {n} seeds" for n in SEEDS],
            layout=Layout(width="auto", flex="0 0 auto"),
        )
        self.seeds.add_class("fedplay-values")
        self.seeds.observe(self._tell("seeds"), "value")
        self.above = ipywidgets.Dropdown(
            options=[""],
            tooltip="The method that is shown above; a click on its row does the same",
            layout=Layout(width="184px", flex="0 0 auto"),
        )
        self.above.observe(self._tell("take_method"), "index")
        below = ipywidgets.HBox([self.above, self.seeds, self.target])
        below.add_class("fedplay-transport")
        colours = ipywidgets.HTML(f"<style>{_colours()}</style>")
        colours.layout.display = "none"
        self.widget = ipywidgets.VBox([colours, self.methods, below])
        self.widget.add_class("fedplay-comparison")
        self.widget.layout.display = "none"

    # --- what its person does -----------------------------------------------------------------

    def _tell(self, action: str) -> Callable[[Any], None]:
        def changed(change: Any) -> None:
            if not self._quiet.now and change["new"] is not None:
                self.act(action, change["new"])

        return changed

    def _toggled(self, name: str) -> Callable[[Any], None]:
        def toggled(change: Any) -> None:
            if not self._quiet.now:
                self.act("method", name, change["new"])

        return toggled

    # --- what it shows ------------------------------------------------------------------------

    def show(self, scene: Scene | None) -> None:
        """What is chosen, and what came of it; nothing where there is no comparison."""
        compared = None if scene is None else comparison_of(scene)
        if scene is not None and compared is not None:
            self._fill(scene.state, compared)
        display(self.widget, compared is not None)

    def _fill(self, chosen: ComparisonChoice, compared: ComparisonShown) -> None:
        with self._quiet, self.above.hold_sync():
            names = offered()
            for name in names:
                self._settle(name, name in chosen.methods, compared)
            wanted = tuple(self.toggles[name] for name in names)
            if tuple(self.methods.children) != wanted:
                self.methods.children = wanted
            fill(self.seeds, value=chosen.seeds)
            target = compared.comparison.target
            if compared.drawn and abs(self.target.value - target) > 1e-9:
                self.target.value = target
            self._name(compared)

    def _settle(self, name: str, on: bool, compared: ComparisonShown) -> None:
        """A method's toggle. The one in force is always compared, so it cannot be put out."""
        if name not in self.toggles:
            self.toggles[name] = _toggle(name, self._toggled(name))
        toggle, force, why = self.toggles[name], name == compared.current, compared.why(name)
        tip = f"Cannot be run here: {why}" if why else _tip(name)
        tip += " Shown above, so always compared." if force else ""
        fill(toggle, value=on or force, disabled=force, tooltip=tip)

    def _name(self, compared: ComparisonShown) -> None:
        """The methods that can be shown above."""
        options = [f"shown above: {name}" for name in compared.names if not compared.why(name)]
        if list(self.above.options) != options:
            self.above.options = options
        names = compared.names
        index = names.index(compared.current) if compared.current in names else None
        if self.above.index != index:
            self.above.index = index


def _toggle(name: str, toggled: Callable[[Any], None]) -> Any:
    made = ipywidgets.ToggleButton(description=name, layout=Layout(width="auto"))
    made.add_class("fedplay-method")
    if name in METHODS:
        made.add_class(f"fedplay-method-{list(METHODS).index(name)}")
    made.observe(toggled, "value")
    return made


def _tip(name: str) -> str:
    return f"{METHODS[name].what} {METHODS[name].source}." if name in METHODS else OWN


def _colours() -> str:
    """The mark on each toggle, in the colour of its curve."""
    rules = []
    for look, theme in ((LIGHT, ""), (DARK, '[data-jp-theme-light="false"] ')):
        for place, colour in enumerate(look.methods):
            rules.append(f"{theme}.fedplay .fedplay-method-{place}::before{{background:{colour}}}")
    return "".join(rules)
