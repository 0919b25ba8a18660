"""What a person can ask for on the screen, by name: buttons, tabs, keys, the page's memory."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from fedplay.arguments import whole, word
from fedplay.data import Quadratics
from fedplay.experiment import CHOICES, Experiment, knobs
from fedplay.knobs import short
from fedplay.playground.screen import Screen
from fedplay.playground.share import experiment_in
from fedplay.presets import PRESETS
from fedplay.registry import SLOTS
from fedplay.studies.compare import choices_of
from fedplay.views.compare.view import Compare
from fedplay.views.sweep.job import Sweeping
from fedplay.views.sweep.view import Sweep


class Actions:
    """The actions of one screen; each raises ValueError where it cannot be done now."""

    def __init__(self, screen: Screen) -> None:
        self.screen, self.session = screen, screen.session
        self.store, self.player = self.session.store, self.session.player

    def table(self) -> dict[str, Callable[..., Any]]:
        """Every action by its name."""
        session, player = self.session, self.player
        return {
            "set": self.set,
            "choose": lambda choices: self.store.set(**choices),
            "open": self.open,
            "preset": self.preset,
            "load": self.load,
            "link": self.link,
            "remembered": session.remember,
            "play": player.play,
            "pause": player.pause,
            "toggle": lambda: player.pause() if player.mode == "play" else player.play(),
            "step": player.step,
            "reset": player.reset,
            "scrub": player.scrub,
            "pace": player.pace,
            "view": session.open,
            "follow": session.follow,
            "axis": session.use_axis,
            "order": lambda order: session.sort(session.sorting.by(order)),
            "sorting": session.sort,
            "inside": player.go_inside,
            "slow": player.slow,
            "stage": lambda: player.go_inside(math.floor(player.inside.phase % 4 + 1)),
            "sweep": self.sweep,
            "take": self.take,
            "compare": self.compare,
            "method": session.lineup.choose,
            "seeds": session.lineup.count,
            "target": session.lineup.aim,
            "light": session.lineup.light,
            "take_method": self.take_method,
            "draw": self.draw,
            "pin": session.pin,
            "unpin": session.unpin,
            "take_pin": lambda letter: self._again(session.pinned(letter)),
            "undo": lambda: self._again(session.trail.back(self.store.experiment)),
            "restore": self.restore,
            "veil": session.veil,
            "guessing": lambda: session.reveal() if session.veiled else session.veil(),
            "guess": session.place_guess,
            "ask": self.ask,
            "optimum": self.optimum,
            "reveal": session.reveal,
            "form": self.screen.share.write,
            "copy": lambda: self.screen.page.copy(self.screen.share.text.value),
            "share": self.screen.share.fold,
            "files": lambda: self.screen.share.files(self.screen.files()),
        }

    # --- whole experiments --------------------------------------------------------------------

    def set(self, name: str, value: Any) -> None:
        """A control's value; of a file that could not be read, why (under no name)."""
        if name:
            along = self._along(value) if name == "data" else self._needed(name, value)
            self.store.set(**{name: value}, **along)
        else:
            self.screen.panel.controls["data"].error(value)

    def _along(self, data: Any) -> dict[str, Any]:
        """What comes along with data that need it, and goes with those that did."""
        exp = self.store.experiment
        if data == exp.data:
            return {}
        made = SLOTS["data"].get(data) if isinstance(data, str) else type(data)
        gone = {s: CHOICES[s] for s, n in exp.source.brings.items() if getattr(exp, s) == n}
        return gone | getattr(made, "brings", {})

    def _needed(self, name: str, value: Any) -> dict[str, Any]:
        """What an algorithm brings where it can't be run without."""
        brings = getattr(SLOTS[name].get(value), "brings", {}) if name == "algorithm" else {}
        try:
            self.store.experiment.replace(**{name: value} if brings else {})
        except ValueError:
            return dict(brings)
        return {}

    def optimum(self, place: int, point: Sequence[float]) -> None:
        """Put a client's optimum there; two decimals are enough to be dragged."""
        exp = self.store.experiment
        if not isinstance(exp.source, Quadratics):
            raise ValueError(f"data={exp.data!r}: its clients have no optima to be moved")
        x = exp.source.problems(exp.data_seed)[1]
        if not 0 <= place < len(x) or len(point) != x.shape[1] or not np.isfinite(point).all():
            raise ValueError(f"place={place}, point={point}: is no optimum of this experiment")
        low, high = (getattr(knobs()["optima"], end) for end in ("lo", "hi"))
        x[place] = np.clip(point, low, high).round(2)
        self.store.set(optima=tuple(x.ravel().tolist()))

    def open(self, experiment: Experiment | str) -> None:
        """Put a whole experiment in force: an Experiment, a link token, or JSON."""
        if not isinstance(experiment, Experiment | str):
            raise ValueError(
                f"experiment={short(experiment)}: must be an Experiment, a link token, or JSON"
            )
        exp = experiment_in(experiment) if isinstance(experiment, str) else experiment
        self.store.restore(self.session.own(exp))

    def preset(self, name: str) -> None:
        presets = {preset.name: preset for preset in PRESETS}
        preset = presets[word("preset", name, presets)]
        self.open(preset.experiment)
        if preset.view in self.session.tabs():
            self.session.open(preset.view)

    def load(self, text: str) -> None:
        """Open what was pasted, or say beside it why not."""
        try:
            self.open(text)
        except ValueError as error:
            self.screen.share.say(str(error), wrong=True)

    def link(self, token: str) -> None:
        """Open what the page's link carries, or say above everything why not."""
        try:
            self.open(token)
        except ValueError as error:
            self.store.tell(str(error))

    def _again(self, exp: Experiment | None) -> None:
        if exp is not None:
            self.store.restore(exp)

    def restore(self, place: int) -> None:
        entries = self.session.trail.entries
        why = f"the trail has {len(entries)} runs"
        self.store.restore(entries[whole("place", place, 0, len(entries) - 1, why=why)].exp)

    def ask(self, accuracy: float | None) -> None:
        """Hide what comes, and place a guess where there is one."""
        self.session.veil()
        if accuracy is not None:
            self.session.place_guess(accuracy)

    # --- sweeps -------------------------------------------------------------------------------

    def sweep(self, name: str | None, *, turn: bool = True) -> None:
        """Try all values of a knob or slot; None closes the sweep."""
        if name is None:
            return self.session.sweep(None)
        name = word("sweep", name, sorted(self.screen.panel.shown))
        control, exp = self.screen.panel.control(name), self.store.experiment
        values, shown = control.sweep(getattr(exp, name))
        sweeping = Sweeping(
            exp,
            name,
            control.label,
            control.help,
            values,
            shown,
            federation=self.player.data,
            check=self.store.check,
        )
        return self.session.sweep(sweeping, turn=turn)

    def take(self, index: int) -> None:
        """Take one of the values of the sweep."""
        sweeping = self.player.sweeping
        if sweeping is None:
            raise ValueError(f"index={short(index)}: no sweep is open")
        index = whole("index", index, 0, len(sweeping.values) - 1)
        if sweeping.recordings[index].broken:
            raise ValueError(f"index={index}: {sweeping.recordings[index].broken}")
        self.store.set(**{sweeping.name: sweeping.values[index]})

    def compare(self, *chosen: Any) -> None:
        """Turn to the comparison; methods, seeds and target stay as they were where None."""
        self.session.open(Compare.name)
        self.session.lineup.set(*chosen)

    def take_method(self, place: int) -> None:
        """Put one of the methods of the comparison in force."""
        name, rivals = self.session.lineup.name(place), self.session.lineup.rivals
        if rivals is not None and name != rivals.current:
            if rivals.why(name):
                raise ValueError(f"method={place}: {name}: {rivals.why(name)}")
            self.store.set(**choices_of(name))

    def draw(self, action: str, *arguments: Any) -> None:
        """Do something in "My client"."""
        self.session.seating.draw(action, *arguments)
        self.keep_sweeping()

    def keep_sweeping(self) -> None:
        """The experiment or its data have changed: the open sweep follows it, or is closed."""
        sweeping = self.player.sweeping
        same = sweeping is not None and sweeping.federation is self.player.data
        if sweeping is not None and not (same and sweeping.follow(self.store.experiment)):
            shown = sweeping.name in self.screen.panel.shown
            self.sweep(sweeping.name if shown else None, turn=self.session.beside == Sweep.name)
