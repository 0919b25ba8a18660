"""`Session`: what a person does with the runs, and what there is to be seen. No widget here."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any, NamedTuple

import numpy as np

from fedplay.arguments import number, whole, word
from fedplay.cost import estimate
from fedplay.data import Federation
from fedplay.experiment import Experiment
from fedplay.runs.given import Party
from fedplay.runs.recording import Recording, identity
from fedplay.session.player import Player
from fedplay.session.run_history import Trail
from fedplay.session.store import Store
from fedplay.views.board import VIEWS, check_views, suitable
from fedplay.views.compare.state import Lineup
from fedplay.views.compare.view import Compare
from fedplay.views.curves.view import Curves
from fedplay.views.each_client.order import Sorting
from fedplay.views.my_client.drawing_state import Easel
from fedplay.views.my_client.joining import Seating
from fedplay.views.my_client.view import MyClient
from fedplay.views.scene import Ghost, Scene
from fedplay.views.sweep.job import Sweeping
from fedplay.views.sweep.view import Sweep

LETTERS = "ABCDE"  # of pinned runs
AXES = {"rounds": "rounds", "bytes": "bytes", "epsilon": "ε"}


@dataclass
class Pin:
    """A run that is kept to compare others with."""

    letter: str
    recording: Recording

    @property
    def guest(self) -> bool:
        """Whether a client of one's own was in it."""
        return isinstance(self.recording.given, Party)

    @property
    def accuracy(self) -> float | None:
        rec = self.recording
        return float(rec.accuracy[rec.R]) if rec.complete else None


class Beside(NamedTuple):
    """What was shown last with a close-up of its own run."""

    view: str
    of: Recording
    scene: Scene


class Session:
    """The store, the player, and everything else that a person has chosen to look at.

    `failed(error)` is called where a run cannot begin or breaks off.
    """

    def __init__(
        self,
        experiment: Experiment,
        federation: Federation | None,
        views: Sequence[str] | None,
        failed: Callable[[Exception], None],
    ) -> None:
        self.offered = check_views(views)
        self.federation = federation
        self.easel = Easel(federation)
        self.easel.turn(experiment)
        self.store = Store(experiment, self._check)
        self.player = Player(federation, failed=failed)
        self.lineup = Lineup(self.player, federation, self._check)
        self.trail = Trail()
        self.seating = Seating(self)
        self.pins: list[Pin] = []
        self.beside = next((name for name in self.offered if name != Curves.name), "")
        self.client: int | None = None  # the place of the client that is followed
        self.axis = "rounds"
        self.sorting = Sorting()  # of the clients, in the view of each
        self.guess: float | None = None
        self.veiled = False
        self._beside: Beside | None = None

    def parts(self) -> list[object]:
        """All that a person's actions change, to be put back where one of them breaks off."""
        books = self.easel.books.values()
        own = [self, self.store, self.trail, self.seating, self.lineup, self.easel, *books]
        return [*own, self.player, self.player.inside]

    # --- which views --------------------------------------------------------------------------

    def tabs(self, rec: Recording | None = None) -> list[str]:
        """The views that can stand beside the curves, for a run (the one that is asked for)."""
        rec = rec or self.player.recording or self.player.shown
        names = [name for name in self.offered if name != Curves.name]
        if rec is not None:
            fed = rec.run.federation if rec.facts is None else rec.facts.federation
            names = suitable(names, rec.exp, fed)
        return [*names, *([Sweep.name] if self.player.sweeping is not None else [])]

    @property
    def drawn(self) -> str:
        """The view beside the curves in the picture; "" for none.

        It is the one that was chosen, unless the run that is still shown has nothing for it.
        """
        tabs = self.tabs(self.player.shown)
        return self.beside if self.beside in tabs else next(iter(tabs), "")

    def board_views(self) -> tuple[str, ...]:
        """The views in the picture, top to bottom."""
        first = (Curves.name,) if Curves.name in self.offered else ()
        return (*first, *([self.drawn] if self.drawn else [])) or (Curves.name,)

    def open(self, name: str) -> None:
        """Show a view beside the curves."""
        self.beside = word("view", name, self.tabs())
        self.look()
        self.player.touch()

    def look(self) -> None:
        """Let the player prepare what the view beside the curves needs."""
        view = VIEWS.get(self.drawn)
        needs = view is not None and view.prepares and not self.veiled
        who = None
        follows = view is not None and view.follows
        if self.client is not None and self.player.shown is not None and follows:
            panel = self.player.facts().panel
            who = int(panel[self.client]) if self.client < len(panel) else None
        self.player.look(view.prepare if view is not None and needs else None, who)
        compares = view is Compare and self.guessable and not self.veiled
        self.lineup.follow(self.store.experiment if compares else None)

    def settle_view(self) -> bool:
        """Leave a view or a client that the newest run does not have; whether anything changed."""
        changes = self.player.changes
        tabs, newest = self.tabs(), self.player.shown is self.player.recording
        if newest and self.beside not in tabs:
            self.beside = next(iter(tabs), "")
        facts = self.player.facts() if self.player.shown is not None else None
        if facts is not None and newest:
            self.seating.settle(facts)
        if self.client is not None and facts is not None and self.client >= len(facts.panel):
            self.client = None
        self.look()
        return self.player.changes != changes

    def follow(self, place: int | None) -> None:
        """Follow the client at a place of the panel in every view; None to follow nobody.

        ValueError for a place that the panel does not have.
        """
        shown = self.player.shown
        most = len(self.player.facts().panel) if shown is not None else 0
        place = None if place is None else whole("client", place, 0, most - 1)
        self.client, self.seating.greets = place, False
        self.look()
        self.player.touch()

    def use_axis(self, axis: str) -> None:
        self.axis = word("axis", axis, AXES)
        self.player.touch()

    def sort(self, sorting: Sorting) -> None:
        """Sort the clients, and judge their models, in another way."""
        self.sorting = sorting
        self.player.touch()

    # --- sweeps -------------------------------------------------------------------------------

    def sweep(self, sweeping: Sweeping | None, *, turn: bool = True) -> None:
        """Open the sweep of a knob (and turn to it), or close it."""
        self.player.sweep(sweeping)
        if sweeping is not None and turn:
            self.beside = Sweep.name
        elif sweeping is None and self.beside == Sweep.name:
            self.beside = next(iter(self.tabs()), "")
        self.look()

    def light_value(self, index: int | None) -> None:
        sweeping = self.player.sweeping
        if sweeping is not None and sweeping.lit != index:
            sweeping.lit = index
            self.player.touch()

    # --- pins, the trail, a guess -------------------------------------------------------------

    def pin(self, experiment: Experiment | None = None) -> None:
        """Keep a run (the one in force) to compare others with; of the sixth, the first goes."""
        exp = self.store.experiment if experiment is None else experiment
        data = self.player.data if experiment is None else self.federation
        key = identity(exp, data)
        if any(pin.recording.key == key for pin in self.pins):
            return
        if len(self.pins) == len(LETTERS):
            self.pins.pop(0)
        letter = next(c for c in LETTERS if c not in {pin.letter for pin in self.pins})
        rec = self.player.recording
        if rec is None or rec.key != key:
            rec = Recording(exp, data)
        self.pins.append(Pin(letter, rec))
        self._pins_changed()

    def unpin(self, letter: str) -> None:
        letter = word("letter", letter, LETTERS)
        self.pins = [pin for pin in self.pins if pin.letter != letter]
        self._pins_changed()

    def pinned(self, letter: str) -> Experiment | None:
        return next((pin.recording.exp for pin in self.pins if pin.letter == letter), None)

    def _pins_changed(self) -> None:
        self.player.pinned = [pin.recording for pin in self.pins]
        self.player.touch()

    def note(self, time: float, *, dragged: bool = True) -> bool:
        """The screen has come to rest: the run in it belongs to the trail."""
        rec = self.player.shown
        at_rest = self.player.mode == "whole" and rec is self.player.recording
        if rec is None or not rec.complete or not at_rest or self.veiled:
            return False
        return self.trail.note(rec.exp, float(rec.accuracy[rec.R]), time, dragged=dragged)

    def veil(self) -> None:
        """Hide what comes, so that it can be guessed; ValueError where there is no accuracy."""
        if not self.guessable:
            raise ValueError("guess: this model has no accuracy that could be guessed")
        self.veiled, self.guess = True, None
        if self.player.sweeping is not None:
            self.sweep(None)
        self.look()
        self.player.touch()

    @property
    def guessable(self) -> bool:
        """Whether the experiment's model has an accuracy."""
        return bool(self.store.experiment.stage("model").score == "accuracy")

    def place_guess(self, accuracy: float) -> None:
        """What is beyond 0 to 1 is 0, or 1; ValueError for what is no number."""
        guess = round(number("guess", accuracy, 0, 1, clip=True), 2)
        if guess != self.guess:
            self.guess = guess
            self.player.touch()

    def reveal(self) -> None:
        self.veiled = False
        self.look()
        self.player.touch()

    def forget_guess(self) -> None:
        """The experiment has changed: a guess that was revealed was about another one."""
        if self.veiled and not self.guessable:
            self.reveal()
        if not self.veiled:
            self.guess = None

    # --- what there is to be seen -------------------------------------------------------------

    def scene(self) -> Scene | None:
        """What the views show now; None before the first round."""
        player, rec, series = self.player, self.player.shown, self.player.series()
        if rec is None or series is None:
            return None
        facts = player.facts()
        rounds, at, late = rec.rounds[: player.revealed + 1], player.at, player.late()
        closeup: Any
        if self.drawn == Sweep.name and player.sweeping is not None:
            closeup, fresh = player.sweeping.fan(self.store.experiment), True
        elif self.drawn == Compare.name:
            closeup, fresh = self.lineup.rivals, True
        else:
            closeup, fresh = player.closeup()
        if self.drawn == MyClient.name:
            closeup = self.seating.mine(closeup)
        old = player.replaced()
        if self.veiled:
            rounds, at, late, old, closeup = rounds[:1], 0, None, None, None
            series = rec.series(0)
        scene = Scene(
            exp=rec.counted,
            federation=facts.federation,
            panel=facts.panel,
            rounds=rounds,
            at=at,
            series=series,
            labels=facts.labels,
            late=late,
            skew=facts.skew,
            closeup=closeup,
            fresh=fresh,
            ghosts=tuple(self._ghosts(rec)),
            old=old,
            axis=self.axis,
            guess=self.guess,
            veiled=self.veiled,
            phase=player.inside.phase,
            client=self.client,
            sorting=self.sorting,
        )
        return self._with_earlier(scene, rec)

    def _with_earlier(self, scene: Scene, rec: Recording) -> Scene:
        """Where the close-up is of an older run, it is shown with what that run had: its clients
        and classes may be others than those of the run that is shown now."""
        view, of, last = VIEWS.get(self.drawn), self.player.near.of, self._beside
        if last is not None and last.view != self.drawn:
            self._beside = last = None
        prepared = view is not None and view.prepares and view is not MyClient
        if not prepared or scene.closeup is None:
            return scene
        if of is rec:
            self._beside = Beside(self.drawn, rec, scene)
            return scene
        earlier = None
        if last is not None and last.of is of:
            earlier = replace(
                last.scene,
                closeup=scene.closeup,
                fresh=scene.fresh,
                phase=scene.phase,
                sorting=scene.sorting,
            )
        return replace(scene, closeup=None, fresh=False, earlier=earlier)

    def _ghosts(self, shown: Recording) -> list[Ghost]:
        ghosts, now = [], self.store.experiment
        for pin in self.pins:
            rec = pin.recording
            if rec.score != shown.score:
                continue  # an accuracy and a loss have no axis in common
            if rec.complete and rec.key != shown.key and not (self.veiled and rec.exp == now):
                sent = np.array([r.bytes_up + r.bytes_down for r in rec.rounds], float)
                spent = np.array([r.epsilon for r in rec.rounds])
                ghosts.append(Ghost(pin.letter, rec.accuracy, sent, spent))
        return ghosts

    # --- to be kept ---------------------------------------------------------------------------

    def memory(self) -> dict[str, Any]:
        """What a page keeps, so that it is there again when the kernel is not."""
        return {
            "experiment": self.store.experiment.to_dict(),
            "pins": [pin.recording.exp.to_dict() for pin in self.pins if not pin.guest],
            "mine": self.easel.kept(),
            "view": self.beside if self.beside != Sweep.name else "",
            "axis": self.axis,
            "compare": self.lineup.chosen.kept(),
            "sorting": self.sorting.kept(),
            "client": self.client,
            "guess": self.guess,
            "veiled": self.veiled,
        }

    def remember(self, kept: dict[str, Any]) -> None:
        """Take up what a page has kept; what does not fit is left out. It is not trusted."""
        exp = _experiment(kept.get("experiment"))
        fits = exp is not None and self._affordable(self.own(exp))
        if exp is not None and fits and self.store.restore(self.own(exp)):
            self.easel.take_up(kept.get("mine"))
            self.seating.seat()
            client = kept.get("client")
            if type(client) is int and 0 <= client < exp.clients + self.easel.joined:
                self.client = client
        if kept.get("veiled") is True and self.guessable:
            self.veil()
        pins = kept.get("pins")
        for given in pins[: len(LETTERS)] if isinstance(pins, list) else []:
            exp = _experiment(given)
            if exp is not None and self._affordable(self.own(exp)):
                self.pin(self.own(exp))
        view, axis = kept.get("view"), kept.get("axis")
        if isinstance(view, str) and view in self.offered and view != Curves.name:
            self.beside = view
        if isinstance(axis, str) and axis in AXES:
            self.axis = axis
        self.lineup.take_up(kept.get("compare"))
        self.sorting = self.sorting.taken_up(kept.get("sorting"))
        guess = kept.get("guess")
        if isinstance(guess, int | float) and not isinstance(guess, bool):
            self.place_guess(guess)
        self.player.touch()

    def own(self, exp: Experiment) -> Experiment:
        """An experiment on the data of this screen, where they were given."""
        if self.federation is None:
            return exp
        return exp.replace(data="arrays", clients=self.federation.clients)

    def _check(self, exp: Experiment) -> None:
        """ValueError for what must not run here."""
        try:
            estimate(exp, self.federation).check()
        except ValueError:
            raise
        except Exception:
            if type(exp.stage("algorithm")).__module__.startswith("fedplay."):
                raise  # a fault of ours; of what somebody is just writing, its run says what
        if self.federation is None and self.easel.party(exp) is not None:
            exp.replace(data="arrays", clients=exp.clients + 1)
        if self.federation is not None and exp != self.own(exp):
            clients = self.federation.clients
            raise ValueError(
                f"clients: these data belong to {clients} clients, which cannot change"
            )

    def _affordable(self, exp: Experiment) -> bool:
        try:
            self._check(exp)
        except ValueError:
            return False
        return True


def _experiment(given: Any) -> Experiment | None:
    """An experiment from outside, or None for what is none."""
    try:
        return Experiment.from_dict(given) if isinstance(given, dict) else None
    except ValueError:
        return None
