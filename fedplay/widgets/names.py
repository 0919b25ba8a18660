"""An invisible widget that gives the sliders of its page names, and their keys back."""

from __future__ import annotations

from pathlib import Path
from typing import Any

ESM = Path(__file__).with_name("names.js")


def names() -> Any | None:
    """The widget, to be put anywhere among the controls; None where anywidget is missing."""
    try:
        import anywidget
    except ImportError:
        return None

    class Names(anywidget.AnyWidget):
        _esm = ESM.read_text(encoding="utf-8")

    return Names()
