"""The widgets that a Stage consists of: a canvas, a core image beside it, its words, their box."""

from __future__ import annotations

from typing import Any

import ipywidgets

from fedplay.untrusted import escape


def canvas(height: int, alt: str, help: str) -> Any | None:
    """The canvas that frames are drawn on; None without anywidget."""
    try:
        from fedplay.widgets.canvas import Canvas
    except ImportError:  # no anywidget: the plain picture does without
        return None
    return Canvas(alt=alt, help=help, height=height)


def image(height: int) -> Any:
    """The core `Image`, which shows the picture where there is no canvas."""
    layout = ipywidgets.Layout(
        width="100%",
        height=f"{height}px",
        margin="0",
        object_fit="contain",
        object_position="left top",
    )
    made = ipywidgets.Image(format="png", layout=layout)
    made.add_class("fedplay-picture")
    return made


def words(alt: str) -> Any:
    """The alternative text of the `Image`, which can carry none itself."""
    made = ipywidgets.HTML(hidden(alt), layout=ipywidgets.Layout(height="0", margin="0"))
    made.add_class("fedplay-picture")
    return made


def hidden(text: str) -> str:
    """A text that only a screen reader finds."""
    style = "position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%)"
    return f'<span style="{style}">{escape(text)}</span>'


def box(*children: Any | None) -> Any:
    """All of them, as one widget."""
    layout = ipywidgets.Layout(width="100%", overflow="hidden")
    made = ipywidgets.VBox([child for child in children if child is not None], layout=layout)
    made.add_class("fedplay-stage")
    return made
