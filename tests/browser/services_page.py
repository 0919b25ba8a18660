"""What `test_page.py` shows in its pages: rows of controls as the screen has them, and a Page."""

from __future__ import annotations

import json
from typing import Any
from uuid import uuid4

import ipywidgets

from fedplay.widgets.page import Page


def row(name: str, field: Any, *more: Any) -> Any:
    """A control: a button with its name, the field, what else there is."""
    button = ipywidgets.Button(description=name, tooltip=f"About {name}")
    button.add_class("fedplay-name")
    box = ipywidgets.HBox([button, field, *more])
    box.add_class("fedplay-control")
    return box


def build(process: str = "", memory: str = "") -> Any:
    """A screen of one kernel process, which remembers `memory` at once."""
    process = process or uuid4().hex
    page = Page("screen", process)
    report, heard = ipywidgets.HTML(), []

    def hear(*event: Any) -> None:
        heard.append(event)
        report.value = f"<pre id='report'>{json.dumps(heard)}</pre>"

    def begin_anew(_button: Any) -> None:
        heard.clear()
        slider.index = tabs.index = 0
        hear("anew")

    page.on_copied = lambda ok: hear("copied", ok)
    page.on_remembered = lambda text: hear("remembered", text)
    hear("process", process)
    if memory:
        page.remember(memory)
    slider = ipywidgets.SelectionSlider(options=["α 1", "α 0.3"], tooltip="How unequal")
    choice = ipywidgets.Dropdown(options=["iid", "dirichlet"], tooltip="How they are dealt")
    text = ipywidgets.Text(tooltip="Numbers with commas")
    tabs = ipywidgets.ToggleButtons(options=["Models", "Privacy"], tooltip="Below")
    tabs.add_class("fedplay-tabs")
    copy = ipywidgets.Button(description="copy")
    copy.on_click(lambda _button: page.copy("a link & more"))
    error = ipywidgets.HTML("an error")
    error.add_class("fedplay-error")
    remember = ipywidgets.Button(description="remember")
    remember.on_click(lambda _button: page.remember(f"state of {process}"))
    anew = ipywidgets.Button(description="anew")
    anew.on_click(begin_anew)
    parts = [row("Label skew", slider), row("Partition", choice), row("Layers", text), tabs]
    parts += [ipywidgets.Dropdown(options=["round", "bytes"], tooltip="Along the axis")]
    parts += [ipywidgets.IntSlider(description="Round", tooltip="Stand at a round")]
    parts += [ipywidgets.Button(icon="undo", tooltip="Back"), copy, remember, anew, error]
    parts += [ipywidgets.Button(description="▶", tooltip="Play"), report]
    box = ipywidgets.VBox([*parts, page.widget])
    box.add_class("fedplay")
    page.tend(box)
    box.kept = page
    return box
