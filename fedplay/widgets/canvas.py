"""The widget behind the Stage's canvas; what it does is in `stage.js`. Needs anywidget."""

from __future__ import annotations

from pathlib import Path

import anywidget
import traitlets


class Canvas(anywidget.AnyWidget):
    """`alt` and `height` (css px) reach the page; nothing that the page sets is read back."""

    _esm = Path(__file__).with_name("stage.js").read_text(encoding="utf-8")
    _css = """
    .fedplay-frame { width: 100%; overflow: hidden; }
    .fedplay-canvas { display: block; max-width: 100%; touch-action: pan-y; }
    .fedplay-canvas:focus-visible {
        outline: 3px solid var(--jp-brand-color1, #1976d2); outline-offset: -3px;
    }
    """
    alt = traitlets.Unicode("").tag(sync=True)
    height = traitlets.Int(420).tag(sync=True)
