"""What `benchmarks/screen.py` puts into the kernel and into the page, and the stages of a picture.

Page and kernel write down the time of day in ms, so all stages are on one clock: the machine's.

The floor is asked for by a plain slider below the screen, key by key in turns with the measured
one. Its handler runs the experiment that is on the screen once more, on data that are dealt anew
like those of every measured key, encodes the picture that is there and has the stage send it. So a
floor is `fp.run` + encoding + the way of a key and of a picture through the same kernel and page.
"""

from __future__ import annotations

import statistics
from itertools import pairwise
from typing import Any

CODE = """
import asyncio, json, time, ipywidgets, fedplay as fp
from fedplay.engine.loop import _federate
playground = fp.Playground(fp.Experiment(clients=20, rounds=50), core=CORE)
player, stage, loop = playground.player, playground.screen.stage, asyncio.get_running_loop()
marks, times, now, show, draw = {}, {}, None, stage.show, playground.screen.draw
stored = begun = 0.0

def ms():
    return time.time() * 1000

def set_anew(names):
    global stored
    stored = ms()

def drawing():
    global begun
    begun = ms()
    draw()

def noted(*picture):
    global now
    shown = player.shown
    whole = shown.complete and player.revealed == shown.R and shown.exp == playground.experiment
    now = [shown.exp.alpha, shown.exp.data_seed, bool(whole)]
    show(*picture)

playground.store.observe(set_anew)
stage.show, playground.screen.draw = noted, drawing
if stage._canvas is not None:
    send = stage._canvas.send
    def sent(content, buffers=None):
        send(content, buffers)
        if content["kind"] == "frame":
            marks[content["n"]], times[content["n"]] = now, [stored, begun, ms()]
    stage._canvas.send = sent
else:
    stage._image.observe(lambda c: marks.update({c["new"][-16:-12].hex(): now}), "value")

def floor():
    global now
    now = f"floor {bare.value}"
    _federate.cache_clear()
    fp.run(playground.experiment)
    stage._png, stage._waits = None, True
    stage._pump()
bare = ipywidgets.IntSlider(0, 0, 999, description="Bare")
bare.observe(lambda c: loop.call_soon_threadsafe(floor), "value")

report = ipywidgets.HTML()
times_told = 0
def tell():
    global times_told
    times_told += 1
    exp = playground.experiment
    report.value = "<pre id='report'>" + json.dumps(
        {"marks": marks, "alpha": exp.alpha, "seed": exp.data_seed, "n": times_told,
         "times": times}) + "</pre>"
def long_run():
    playground.set(rounds=300)
    playground.speed(60)
def short_run():
    playground.set(rounds=50)
tasks = {"tell": tell, "long": long_run, "short": short_run,
         "dice": lambda: playground.set(data_seed=playground.experiment.data_seed + 1)}
buttons = [ipywidgets.Button(description=word) for word in tasks]
for button in buttons:
    button.on_click(lambda b: loop.call_soon_threadsafe(tasks[b.description]))
ipywidgets.VBox([playground.widget, ipywidgets.HBox(buttons), bare, report])
"""
PROBE = """
window.probe = { keys: [], moves: [], draws: [], sends: [], came: {}, messages: 0, last: 0,
                 origin: performance.timeOrigin };
addEventListener("keydown", (event) => probe.keys.push(event.timeStamp), true);
addEventListener("pointermove", (event) => probe.moves.push(event.timeStamp), true);
const drawn = (at, mark) => { probe.draws.push([at, mark]); probe.last = at; };
const text = new TextDecoder();
const head = (data) => typeof data === "string" ? data : text.decode(data.slice(0, 4000));
window.WebSocket = class extends WebSocket {
  constructor(...all) {
    super(...all);
    this.addEventListener("message", ({ data }) => {
      const at = performance.now();
      probe.messages += 1;
      const found = /"kind": ?"frame", ?"n": ?([0-9]+)/.exec(head(data));
      if (found) probe.came[found[1]] = at;
    });
  }
  send(data) {
    const at = performance.now(), words = head(data);
    probe.messages += 1;
    const found = /"kind": ?"ack", ?"n": ?([0-9]+)/.exec(words);
    if (found) drawn(at, found[1]);
    if (/"method": ?"update"/.test(words)) probe.sends.push(at);
    super.send(data);
  }
};
document.addEventListener("load", async (event) => {
  if (!event.target.matches?.("img.fedplay-picture")) return;
  const at = performance.now();
  const bytes = await (await fetch(event.target.src)).arrayBuffer();
  const check = new Uint8Array(bytes.slice(-16, -12));
  drawn(at, [...check].map((byte) => byte.toString(16).padStart(2, "0")).join(""));
}, true);
"""
STAGES = (
    "key → socket",
    "→ store, controls",
    "→ run complete",
    "draw, encode, send",
    "→ page",
    "drawn, acknowledged",
)


def centiles(times: list[float]) -> tuple[float, float]:
    """The median and the 95th percentile."""
    if len(times) < 2:
        return float("nan"), float("nan")
    return statistics.median(times), statistics.quantiles(times, n=20)[-1]


def stages(key: float, mark: str, at: float, seen: dict[str, Any], times: Any) -> list[float]:
    """The ms of each of STAGES, of a press at `key` whose picture `mark` was acknowledged `at`."""
    socket = next((sent for sent in seen["sends"] if sent >= key), float("nan"))
    kernel = [when - seen["origin"] for when in times[mark]]
    points = [key, socket, *kernel, seen["came"].get(mark, float("nan")), at]
    return [later - earlier for earlier, later in pairwise(points)]


def print_stages(found: list[list[float]]) -> None:
    for what, taken in zip(STAGES, zip(*found, strict=True), strict=True):
        half, most = centiles(list(taken))
        print(f"    {what:<32}{half:>15.0f} / {most:.0f}", flush=True)
