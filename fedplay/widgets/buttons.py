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
