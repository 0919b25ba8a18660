"""`Playground`: drag a slider, and the whole federation is trained again while you drag.

Here its parts are put together, and whatever a person does on the screen is a method. How an event
becomes a picture: `event_loop.py`.
"""

from __future__ import annotations

import base64
import gc
import hashlib
import os
import random
import secrets
from collections.abc import Sequence
from functools import partial, wraps
from typing import TYPE_CHECKING, Any

from fedplay import untrusted
from fedplay.data import Federation
from fedplay.engine import History
from fedplay.experiment import Experiment
from fedplay.files import AnyPath, write_whole
from fedplay.knobs import short
from fedplay.labs import Lab
from fedplay.playground.actions import Actions
from fedplay.playground.event_loop import EventLoop
from fedplay.playground.lab_actions import checked_lab
from fedplay.playground.panel import Panel, check_controls
from fedplay.playground.screen import Screen
from fedplay.scopes import calmed
from fedplay.session.session import Session
from fedplay.views.registered import of_every_knob, verbs
from fedplay.widgets.closing import Place
from fedplay.widgets.page import Page

CLOSED = "This Playground is closed; make a new one with fp.Playground()"
PARTS = ("session", "store", "player", "event_loop", "screen", "_does")
PROCESS = secrets.token_hex(8)  # tells a page whether the kernel is still the one it knew


class Playground:
    """The interactive screen; the last expression of a notebook cell shows it.

    experiment: what to begin with
    lab:        a lab to open: its name, a `Lab`, or the JSON of one; `fedplay.LABS` has those that
                come with fedplay
    step:       at which of its steps, by its number from 1 or its name
    controls:   names of the knobs and slots to offer, all by default; [] for none
    views:      names of the views to offer: "curves", "federation", "inside", "boundary",
                "pictures", "privacy", "mine", "compare"; all by default, the lab's in front
    federation: data of your own, in place of the experiment's
    core:       use nothing but the widgets every notebook has (no pointer, no theme)

    Whatever a person does on the screen is a method here, those of the views among them:
    `inside(phase)`, `sweep(name)`, `take(index)`, `compare(methods, seeds, target)`,
    `mine(action, ...)` and what a view of one's own brings. `experiment` is what is in force,
    `shown` the History of what is drawn. ValueError for a name that is none of the above.
    """

    @calmed
    def __init__(
        self,
        experiment: Experiment | None = None,
        *,
        lab: Lab | str | None = None,
        step: int | str = 1,
        controls: Sequence[str] | None = None,
        views: Sequence[str] | None = None,
        federation: Federation | None = None,
        core: bool = False,
    ) -> None:
        opened = None if lab is None else checked_lab(lab)
        at = opened.step(step) if opened is not None and opened.steps else 0
        if opened is not None and opened.steps and experiment is None:
            experiment = opened.steps[at].experiment
        exp = _checked(experiment)
        if opened is not None and federation is not None:
            raise ValueError("lab: brings data of its own, so that none can be given beside it")
        if federation is not None and not isinstance(federation, Federation):
            raise ValueError(f"federation={short(federation)}: must be a Federation")
        if federation is not None:
            exp = exp.replace(data="arrays", clients=federation.clients)
        self.session = Session(exp, federation, views, self._failed)
        self.store, self.player = self.session.store, self.session.player
        self.event_loop, only = EventLoop(), check_controls(controls)
        self._last: Experiment | None = None  # what was in force when it was closed
        self._place: Place | None = Place(self)
        plain = (experiment, lab, controls, views, federation) == (None,) * 5
        if opened is not None:
            self.session.guide.turn_to(opened, at, exp)
            self.session.curves = set(opened.curves)
        try:
            self._assemble(_key(exp, controls, views, opened), only, core, welcome=plain)
            if opened is not None and opened.steps:
                self.event_loop.do("begin")
        except BaseException:  # a run that cannot begin: it leaves no widgets either
            self.close()
            raise

    def _assemble(self, key: str, only: Sequence[str] | None, core: bool, *, welcome: bool) -> None:
        """Make the screen, and its first picture."""
        panel = Panel(
            self.event_loop.post,
            self.event_loop.act,
            self.store.value,
            _roll,
            self._of_knob,
            own_data=self.session.federation is not None,
            only=only,
        )
        page = Page(key, PROCESS, core=core, welcome=welcome)
        page.on_new = lambda: self.event_loop.act("welcome")
        page.on_shortcut = lambda key: self.event_loop.act("shortcut", key)
        page.on_remembered = self._remembered
        page.on_copied = self._copied
        page.on_address = lambda text: self.event_loop.act("address", text)
        page.on_linked = lambda token: self.event_loop.act("link", token)
        self.session.panel = panel
        self.screen = Screen(self.session, self.event_loop.act, panel, page, core=core)
        self._does = Actions(self.screen)
        stage = self.screen.stage
        stage.on_resize = lambda _width, _height, _ratio: self.screen.resized()
        stage.on_theme = lambda _dark: self.screen.redraw()
        stage.on_pointer, stage.on_key = self._pointed, self.screen.pointer.key
        stage.on_motion = self._moved
        self.store.observe(self._changed)
        self.screen.follow(frozenset())
        self.player.want(self.store.experiment)
        self.event_loop.begin(self.screen, self._does.table())

    # --- what is in force, and what is seen ---------------------------------------------------

    @property
    def experiment(self) -> Experiment:
        """The experiment in force: the last good one, also after `close`."""
        return self._last if self._last is not None else self.store.experiment

    @property
    def shown(self) -> History | None:
        """The run in the picture, up to the round that is shown."""
        rec = self.player.shown
        return None if rec is None or rec.n == 0 else rec.until(self.player.revealed)

    @property
    def errors(self) -> dict[str, str]:
        """Why the last value of a knob was refused, by its name."""
        return dict(self.store.errors)

    @property
    def widget(self) -> Any:
        """The widget to put into a layout of your own."""
        if self._place is not None:
            self._place.here()
        return self.screen.widget

    # --- what a person does -------------------------------------------------------------------

    @calmed
    def set(self, **choices: Any) -> None:
        """Change knobs and slots together, as the controls do one by one.

        A value that is refused shows its error beside its control and in `errors`.
        """
        self.event_loop.do("choose", choices)

    def open(self, experiment: Experiment | str) -> None:
        """Put a whole experiment in force: an Experiment, a link token, or JSON.

        ValueError for a text that is neither; what is too large is told in `errors`.
        """
        self.event_loop.do("open", experiment)

    def lab(self, lab: Lab | str, step: int | str = 1) -> None:
        """Open a lab at a step, by its number from 1 or its name; "free" for none."""
        self.event_loop.do("lab", lab, step)

    def preset(self, name: str) -> None:
        """Open the step of that name, of whichever lab: one of `fedplay.PRESETS`."""
        self.event_loop.do("preset", name)

    def next(self, steps: int = 1) -> None:
        """Go on to the lab's next step, or back by a negative number."""
        self.event_loop.do("next", steps)

    def do_it(self) -> None:
        """Do what the step of the lab says."""
        self.event_loop.do("do_it")

    def back(self) -> None:
        """Back to the experiment of the lab's step, or to what the Playground began with."""
        self.event_loop.do("back")

    def play(self) -> None:
        """Show round after round."""
        self.event_loop.do("play")

    def pause(self) -> None:
        self.event_loop.do("pause")

    def step(self) -> None:
        """Show one more round."""
        self.event_loop.do("step")

    def reset(self) -> None:
        """Back to the model before any training."""
        self.event_loop.do("reset")

    def scrub(self, number: int) -> None:
        """Stand at a round; at the first or the last one for a number beyond them."""
        self.event_loop.do("scrub", number)

    def speed(self, rounds_a_second: float) -> None:
        """How fast to play, from 0.001; math.inf for as fast as it goes."""
        self.event_loop.do("pace", rounds_a_second)

    def view(self, name: str) -> None:
        """Show a view beside the curves."""
        self.event_loop.do("view", name)

    def follow(self, client: int | None) -> None:
        """Follow a client (by its place in the panel) in every view; None to follow nobody."""
        self.event_loop.do("follow", client)

    def pin(self) -> None:
        """Keep the run in force, to compare others with."""
        self.event_loop.do("pin")

    def unpin(self, letter: str) -> None:
        """Let go of a pinned run."""
        self.event_loop.do("unpin", letter)

    def undo(self) -> None:
        """Back to the experiment that was in force before, as it was."""
        self.event_loop.do("undo")

    def redo(self) -> None:
        """Forward again to the experiment that was undone last."""
        self.event_loop.do("redo")

    def restore(self, place: int) -> None:
        """Back to a run of the run history, 0 the oldest."""
        self.event_loop.do("restore", place)

    def enlarge(self, what: str = "view") -> None:
        """Let the "view" or the "curves" fill the picture, or show both again."""
        self.event_loop.do("enlarge", what)

    def curve(self, name: str) -> None:
        """Show a curve beside the global model's, or leave it out: one of "mean", "clients",
        "worst", "personal" and "alone"."""
        self.event_loop.do("curve", name)

    def axis(self, name: str) -> None:
        """Draw the curves against "rounds", "bytes" or "epsilon"."""
        self.event_loop.do("axis", name)

    def guess(self, accuracy: float | None = None) -> None:
        """Hide what comes until `reveal`; with a number from 0 to 1, place the guess."""
        self.event_loop.do("ask", accuracy)

    def reveal(self) -> None:
        """Show what was hidden."""
        self.event_loop.do("reveal")

    @calmed
    def save(self, path: AnyPath) -> None:
        """Write the picture (.png, .svg), the data (.csv) or all there is (.zip) to a file.

        A view may have files of its own, by their whole names: "clients.csv" of the client table.
        """
        if not isinstance(path, str | bytes | os.PathLike):
            raise ValueError(f"path={short(path)}: must be the name of a file")
        name = os.fsdecode(path)
        ending = os.path.splitext(name)[1].lower().removeprefix(".")
        self.event_loop.draw()
        files = self.screen.files()
        wanted = next((one for one in (os.path.basename(name), ending) if one in files), None)
        if wanted is None:
            endings = [e if "." in e else f".{e}" for e in files]
            raise ValueError(f"path={name!r}: must end in one of {endings}")
        write_whole(path, files[wanted])

    def settle(self) -> None:
        """Compute and draw all that was asked for, now; a play goes to its end."""
        self.event_loop.settle()

    async def idle(self) -> None:
        """Return when the screen has come to rest."""
        await self.event_loop.idle()

    def close(self) -> None:
        """Stop computing, take every widget off the page, and let go of all runs.

        Only its `experiment` can still be read: whatever else is asked of it raises ValueError.
        Where a cell is executed again, the Playground that it had shown is closed by itself.
        """
        if self._place is None:
            return
        self._place.leave()
        self._place, self._last = None, self.store.experiment
        self.event_loop.stop()
        if "screen" in vars(self):
            self.screen.close()
        for part in PARTS:
            vars(self).pop(part, None)
        gc.collect()  # figures and widgets are large circles: without it they would stay for long

    def __repr__(self) -> str:
        return f"Playground({self.experiment!r})" if self._place is not None else CLOSED

    def _repr_mimebundle_(self, **_kwargs: Any) -> dict[str, Any]:
        """The widgets and, for a notebook that is read without a kernel, the picture."""
        if self._place is None:
            return {"text/plain": CLOSED}
        bundle = dict(self.widget._repr_mimebundle_() or {}) | {"text/plain": repr(self)}
        if self.screen.stage.png:
            bundle["image/png"] = base64.b64encode(self.screen.stage.png).decode("ascii")
        return bundle

    if not TYPE_CHECKING:  # for a checker of types these are always there

        def __getattr__(self, name: str) -> Any:
            """What the views offer, by its name; of what `close` has let go, why not."""
            if name in PARTS and self._place is None:
                raise ValueError(CLOSED)
            method = verbs().get(name)
            if method is not None:
                return wraps(method)(partial(self._do, name))
            raise AttributeError(f"'Playground' object has no attribute {name!r}")

    def __dir__(self) -> list[str]:
        return sorted({*super().__dir__(), *verbs()})

    def _do(self, verb: str, *arguments: Any, **named: Any) -> None:
        if self._place is None:
            raise ValueError(CLOSED)
        if verb not in self.event_loop.actions:
            raise ValueError(
                f"{verb}: is of a view that was registered later; make a Playground anew"
            )
        self.event_loop.do(verb, *arguments, **named)

    def _of_knob(self, name: str) -> None:
        """The button beside a knob: what a view offers for every one."""
        self.event_loop.act(of_every_knob(), name)

    # --- what happens by itself ----------------------------------------------------------------

    def _changed(self, names: frozenset[str]) -> None:
        """The store has changed."""
        self.screen.follow(self.event_loop.ours)
        self.session.forget_guess()
        self.session.renew()

    def _failed(self, error: Exception) -> None:
        """A run could not begin, or broke off."""
        if not self.event_loop.began:
            raise error
        words = str(error) if isinstance(error, ValueError) else f"{type(error).__name__}: {error}"
        self.store.refuse(words)

    @calmed
    def _pointed(self, kind: str, x: float, y: float) -> None:
        changes = self.player.changes
        if self.screen.pointer.pointer(kind, x, y) and self.player.changes == changes:
            self.screen.show()

    def _moved(self, reduced: bool) -> None:
        """The person wants no movements, or does."""
        self.player.calmly = reduced

    def _copied(self, ok: bool) -> None:
        words = "Copied." if ok else "Not copied: select the text and copy it."
        self.screen.share.say(words, wrong=not ok)

    def _remembered(self, text: str) -> bool:
        """What the page has kept from a kernel that is no more; False where it is damaged."""
        try:
            kept = untrusted.json_object(text)
            self.event_loop.act("remembered", kept)
            exp = kept.get("experiment")
            return isinstance(exp, dict) and bool(Experiment.from_dict(exp))
        except ValueError:
            return False


def _checked(experiment: Any) -> Experiment:
    """What to begin with; ValueError for what is no experiment, with what it could be meant for."""
    if experiment is None:
        return Experiment()
    if isinstance(experiment, Experiment):
        return experiment
    hint = ""
    if isinstance(experiment, Federation):
        hint = "; data of your own are given as Playground(federation=...)"
    elif isinstance(experiment, dict):
        hint = "; Experiment.from_dict makes one of a dict"
    elif isinstance(experiment, str):
        hint = "; a preset's, a link's or a JSON's is opened with .preset(...) or .open(...)"
    raise ValueError(f"experiment={short(experiment)}: must be an Experiment{hint}")


def _key(
    exp: Experiment,
    controls: Sequence[str] | None,
    views: Sequence[str] | None,
    lab: Lab | None,
) -> str:
    """Under which name a page keeps the state of a Playground that began like this."""
    began = (exp, controls, views, *(() if lab is None else (lab.name,)))
    return hashlib.sha256(repr(began).encode()).hexdigest()[:16]


def _roll() -> int:
    """A seed that is easily told to a neighbour."""
    return random.SystemRandom().randrange(1000)
