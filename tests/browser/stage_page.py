"""What `test_stage.py` shows in its pages: a Stage whose pictures say which frame they are."""

from __future__ import annotations

import asyncio
import itertools
import json
from typing import Any

import anywidget
import ipywidgets
import numpy as np
import traitlets

from fedplay.drawing.geometry import Tip
from fedplay.widgets.stage import Stage

ACCENT = (214, 39, 40)
HOSTILE = "<img src=x onerror='window.hacked = true'>"


class Bar:
    """A red bar on white, `length` pixels long; its Stage's state as JSON, ten times a second."""

    def __init__(self, core: bool) -> None:
        self.stage = Stage(alt="a <bar>", core=core, width=800, height=100)
        self.stage.palette([(255, 255, 255), (0, 0, 0), ACCENT])
        self.shown = self.most_under_way = self.times_anew = 0
        self.heard: list[tuple[Any, ...]] = []
        self.stage.on_resize = lambda *size: (self.note("size", *size), self.draw())
        self.stage.on_pointer = self.pointed
        self.stage.on_key = self.pressed
        self.stage.on_theme = lambda dark: self.note("theme", dark)
        self.stage.on_motion = lambda reduced: self.note("motion", reduced)
        self.report = ipywidgets.HTML()
        self.length = 0
        self.tip: Tip | None = None
        self.cursor = "default"
        self.draw()

    def begin_anew(self) -> None:
        """Nothing has been heard yet, and the picture is as it was."""
        self.times_anew += 1
        self.heard.clear()
        self.length = self.most_under_way = 0
        self.tip, self.cursor = None, "default"
        self.stage.say("")
        self.draw()

    def note(self, *event: Any) -> None:
        self.heard.append(event)

    def pointed(self, kind: str, x: float, y: float) -> None:
        """Beside the pointer stands what a client of an evil name would be called."""
        self.note("pointer", kind, x, y)
        here = kind != "leave"
        self.tip = Tip(x, y, (f"at {x:.0f}", HOSTILE)) if here else None
        self.cursor = "ew-resize" if here else "url(x)"
        self.draw()

    def pressed(self, key: str) -> None:
        self.note("key", key)
        self.stage.say(f"{len(self.heard)}: {key} <b>")

    def draw(self) -> None:
        width, height = (
            round(side * self.stage.ratio) for side in (self.stage.width, self.stage.height)
        )
        picture = np.full((height, width, 4), 255, np.uint8)
        picture[height // 4 : height // 2, : self.length, :3] = ACCENT
        self.stage.show(picture, self.tip, self.cursor)
        self.shown += 1
        self.most_under_way = max(self.most_under_way, len(self.stage.under_way.sent))

    async def play(self) -> None:
        """Ten pictures at a time, so that not each of them can be sent."""
        for self.length in range(1, 301):
            self.draw()
            if self.length % 10 == 0:
                await asyncio.sleep(0.001)

    async def keep_reporting(self) -> None:
        """Once a second also what is as before: while a page is being built, it may miss some."""
        for time in itertools.count():
            stage = self.stage
            state = {
                "sent": stage.frames_sent,
                "acked": stage.under_way.acknowledgements,
                "under_way": len(stage.under_way.sent),
                "shown": self.shown,
                "most_under_way": self.most_under_way,
                "ack_seconds": stage.under_way.seconds,
                "ratio": stage.ratio,
                "length": self.length,
                "heard": self.heard,
                "times_anew": self.times_anew,
            }
            self.report.value = f"<pre id='report'>{json.dumps(state)}</pre>"
            if time % 10 == 0:
                self.report.send_state("value")
            await asyncio.sleep(0.1)


class Rogue(anywidget.AnyWidget):
    """Sends to the Stage's canvas, from the page, what no honest page would."""

    _esm = """
    export default { async render({ model, el }) {
      const target = await model.widget_manager.get_model(model.get("target").slice(10));
      const button = document.createElement("button");
      button.textContent = "attack";
      button.onclick = () => {
        for (const content of [
          null, 7, "size", [], {}, { kind: "ack" }, { kind: "ack", n: "1" }, { kind: "ack", n: -1 },
          { kind: "ack", n: 1e300 }, { kind: "ack", n: true }, { kind: "theme", dark: "yes" },
          { kind: "size", width: 1e9, height: 1e9, ratio: 1, host: "localhost" },
          { kind: "size", width: -5, height: 10, ratio: 1, host: "localhost" },
          { kind: "size", width: 900, height: 100, ratio: null, host: "localhost" },
          { kind: "size", width: 900, height: 100, ratio: 1, host: "x".repeat(1e5) },
          { kind: "pointer", type: "click", x: 1, y: 1 },
          { kind: "pointer", type: "move", x: "1", y: {} },
          { kind: "pointer", type: "move", x: 1e308, y: 1 },
          { kind: "__class__" }, { kind: { kind: "ack" }, n: 1 },
          { kind: "key", key: "x" }, { kind: "key", key: ["Enter"] },
          { kind: "motion", reduced: 1 }, { kind: "copied", ok: true },
          { kind: "remembered", text: "not here" },
          { kind: "pointer", type: "move", x: 1, y: 2 }, // the last, and the only honest one
        ]) target.send(content);
        button.textContent = "attacked";
      };
      el.append(button);
    } };
    """


def build(core: bool = False) -> Any:
    bar = Bar(core)
    play = ipywidgets.Button(description="play")
    loop = asyncio.get_running_loop()
    tasks = [loop.create_task(bar.keep_reporting())]
    play.on_click(lambda _: tasks.append(loop.create_task(bar.play())))
    anew = ipywidgets.Button(description="anew")
    anew.on_click(lambda _: loop.call_soon_threadsafe(bar.begin_anew))
    parts = [bar.stage.widget, play, anew, bar.report]
    if not core:
        rogue = Rogue()
        rogue.add_traits(target=traitlets.Unicode().tag(sync=True))
        rogue.target = f"IPY_MODEL_{bar.stage._canvas.model_id}"
        parts.append(rogue)
    box = ipywidgets.VBox(parts)
    box.kept = (bar, tasks)
    return box
