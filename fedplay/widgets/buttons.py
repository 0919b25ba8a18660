"""Buttons, and what every widget that shows something does with its fields."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import ipywidgets
from ipywidgets import Layout


def button(word: str, icon: str, tooltip: str, press: Callable[[], None], **layout: str) -> Any:
    """A button with a word and an icon."""
    made = ipywidgets.Button(
        description=word, icon=icon, tooltip=tooltip, layout=Layout(width="auto", **layout)
    )
    made.on_click(lambda _button: press())
    return made


def display(widget: Any, shown: bool) -> None:
    """Show a widget, or hide it; told to the page only where it is new."""
    fill(widget.layout, display=None if shown else "none")


def fill(widget: Any, **traits: Any) -> None:
    """Set what differs: each value that is set is a message to the page."""
    for trait, value in traits.items():
        if getattr(widget, trait) != value:
            setattr(widget, trait, value)
