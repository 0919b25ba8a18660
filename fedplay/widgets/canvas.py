"""The widget behind the Stage's canvas; what it does is in `stage.js`. Needs anywidget."""

from __future__ import annotations

from pathlib import Path

import anywidget
import traitlets


def module(*names: str) -> str:
    """The text of a module for the page: a widget's has no other files to import from."""
    here = Path(__file__).parent
    return "".join((here / name).read_text(encoding="utf-8") for name in ("tell.js", *names))


class Canvas(anywidget.AnyWidget):
    """What reaches the page beside the frames; nothing that the page sets is read back.

    `alt` says what the picture shows, `help` what its keys do, `said` what has just happened;
    `height` is in css px.
    """

    _esm = module("stage.js")
    _css = """
    .fedplay-frame { position: relative; width: 100%; overflow: hidden; }
    .fedplay-canvas { display: block; max-width: 100%; touch-action: pan-y; }
    .fedplay-canvas:focus-visible {
        outline: 3px solid var(--jp-brand-color1, #1976d2); outline-offset: -3px;
    }
    .fedplay-tip {
        position: absolute; z-index: 1; box-sizing: border-box;
        width: max-content; max-width: min(340px, 100%);
        padding: 4px 9px 5px; border: 1px solid var(--jp-border-color1, #888); border-radius: 4px;
        background: var(--jp-layout-color1, Canvas); color: var(--jp-ui-font-color1, CanvasText);
        box-shadow: 0 1px 5px rgb(0 0 0 / 20%); font: 12.5px/17px system-ui, sans-serif;
        overflow-wrap: anywhere; pointer-events: none;
    }
    .fedplay-tip[hidden] { display: none; }
    .fedplay-tip > b { display: block; font-weight: 600; }
    .fedplay-unseen {
        position: absolute; top: 0; left: 0; width: 1px; height: 1px; overflow: hidden;
        clip-path: inset(50%);
    }
    """
    alt = traitlets.Unicode("").tag(sync=True)
    help = traitlets.Unicode("").tag(sync=True)
    said = traitlets.Unicode("").tag(sync=True)
    height = traitlets.Int(420).tag(sync=True)
