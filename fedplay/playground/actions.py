"""The actions of the screen, by name: buttons, tabs, keys, what the page remembers."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from fedplay.arguments import whole
from fedplay.experiment import Experiment
from fedplay.knobs import short
from fedplay.playground.lab_actions import LabActions
from fedplay.playground.screen import Screen
from fedplay.playground.share import pasted
from fedplay.views.registered import MAIN


class Actions:
    """The actions of one screen; each raises ValueError where it cannot be done now."""

    def __init__(self, screen: Screen) -> None:
        self.screen, self.session = screen, screen.session
        self.store, self.player = self.session.store, self.session.player
        self._table: dict[str, Callable[..., Any]] = {}

    def table(self) -> dict[str, Callable[..., Any]]:
        """Every action by its name."""
        session, player = self.session, self.player
        views = session.verbs()
        own: dict[str, Callable[..., Any]] = {
            "set": self.set,
            "choose": self.choose,
            "open": self.open,
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
            "view": self.view,
            "views": self.views,
            "open_with": self.open_with,
            "enlarge": session.enlarge,
            "present": session.present,
            "numbers": self.numbers,
            "find": lambda text: self._in_column(self.screen.column.find, text),
            "fold": lambda heading: self._in_column(self.screen.column.fold, heading),
            "follow": session.follow,
            "axis": session.use_axis,
            "curve": session.show_curve,
            "pin": session.pin,
            "unpin": session.unpin,
            "take_pin": lambda letter: self._again(session.pinned(letter)),
            "undo": self.store.undo,
            "redo": self.store.redo,
            "restore": self.restore,
            "veil": session.veil,
            "guessing": lambda: session.reveal() if session.veiled else session.veil(),
            "guess": session.place_guess,
            "ask": self.ask,
            "reveal": session.reveal,
            "shortcut": self.shortcut,
            "form": self.screen.share.write,
            "copy": lambda: self.screen.page.copy(self.screen.share.text.value),
            "share": self.screen.share.fold,
            "address": self.screen.share.at,
            "code": self.screen.share.toggle_code,
            "files": lambda: self.screen.share.files(self.screen.files()),
        }
        own |= LabActions(session, lambda: self.screen.follow(frozenset())).table()
        for verb in sorted(views.keys() & own.keys()):
            raise ValueError(f"State.verbs: {verb!r} is an action of the screen itself")
        self._table = views | own
        return self._table

    # --- what is folded out -----------------------------------------------------------------------

    def view(self, name: str) -> None:
        """Show a view beside the curves; the list that it was chosen from is folded away."""
        self.session.open(name)
        self.screen.view_tabs.choosing = False

    def open_with(self, name: str, choices: dict[str, Any]) -> None:
        """Change what a view needs, and show it."""
        self.choose(choices)
        self.session.renew()
        self.view(name)

    def views(self) -> None:
        """Show the views without a tab, or fold them away."""
        tabs = self.screen.view_tabs
        tabs.choosing = not tabs.choosing
        self.player.touch()

    def shortcut(self, key: str) -> None:
        """What a key of the page asks for, wherever the focus is."""
        front = [name for name in self.session.in_front() if name in self.session.tabs()]
        if key.isdigit():
            if int(key) <= len(front):
                self.view(front[int(key) - 1])
            return
        does: dict[str, tuple[str, tuple[Any, ...]]] = {
            " ": ("toggle", ()),
            "n": ("next", (1,)),
            "p": ("next", (-1,)),
            "e": ("enlarge", ("view",)),
            "c": ("enlarge", (MAIN,)),
            "u": ("undo", ()),
            "r": ("redo", ()),
            "g": ("guessing", ()),
            "f": ("present", (True,)),
            "F": ("present", (False,)),
        }
        action, arguments = does[key]
        if action in self._table:
            self._table[action](*arguments)

    def numbers(self) -> None:
        """Show all numbers of the round, or three of them."""
        self.screen.headline.all = not self.screen.headline.all
        self.player.touch()

    def _in_column(self, do: Callable[[str], None], what: str) -> None:
        do(what)
        self.screen.follow(frozenset())
        self.player.touch()  # what is written below knobs is written below new ones too

    # --- whole experiments --------------------------------------------------------------------

    def set(self, name: str, value: Any) -> None:
        """Set a control's value; without a name, show why a file could not be read."""
        if name:
            self.store.choose(**{name: value})
        else:
            self.screen.panel.controls["data"].error(value)

    def choose(self, choices: dict[str, Any]) -> None:
        """Change knobs and slots together, which is no part of a drag."""
        self.store.rest()
        self.store.choose(**choices)

    def open(self, experiment: Experiment | str) -> None:
        """Put a whole experiment in force, or open a lab: an Experiment, a link token, or JSON."""
        if not isinstance(experiment, Experiment | str):
            raise ValueError(
                f"experiment={short(experiment)}: must be an Experiment, a link token, or JSON"
            )
        found = pasted(experiment) if isinstance(experiment, str) else experiment
        if isinstance(found, Experiment):
            self.store.restore(self.session.own(found))
        else:
            self._table["enter"](found)

    def load(self, text: str) -> None:
        """Open a pasted experiment, or say beside it why it cannot be opened."""
        try:
            self.open(text)
        except ValueError as error:
            self.screen.share.say(str(error), wrong=True)

    def link(self, token: str) -> None:
        """Open the experiment in the page's link, or say at the top why it cannot be opened."""
        try:
            self.open(token)
        except ValueError as error:
            self.store.tell(str(error))

    def _again(self, exp: Experiment | None) -> None:
        if exp is not None:
            self.store.restore(exp)

    def restore(self, place: int) -> None:
        entries = self.session.run_history.entries
        why = f"the run history has {len(entries)} runs"
        self.store.restore(entries[whole("place", place, 0, len(entries) - 1, why=why)].exp)

    def ask(self, accuracy: float | None) -> None:
        """Hide the results, and place a guess where one is given."""
        self.session.veil()
        if accuracy is not None:
            self.session.place_guess(accuracy)
