"""`Session`: what a person does with the runs, and what there is to be seen. No widget here."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Protocol

from fedplay.arguments import number, whole, word
from fedplay.cost import estimate
from fedplay.data import Federation
from fedplay.engine.measures import measure_of
from fedplay.engine.round import told_names
from fedplay.experiment import Experiment
from fedplay.labs import named
from fedplay.runs.faults import built_in
from fedplay.runs.given import Given
from fedplay.runs.job import Runs
from fedplay.runs.recording import Recording, identity
from fedplay.session.guide import Guide
from fedplay.session.memory import memory_of, take_up
from fedplay.session.open_views import OpenViews
from fedplay.session.pins import LETTERS, Pin
from fedplay.session.player import Player
from fedplay.session.run_history import RunHistory
from fedplay.session.seen import Seen
from fedplay.session.store import Store
from fedplay.views.registered import VIEWS
from fedplay.views.round_axis import AXES
from fedplay.views.scene import Scene
from fedplay.views.state import State
from fedplay.words import CURVES


class Controls(Protocol):
    """The controls of knobs and slots, as views ask for them."""

    shown: frozenset[str]

    def control(self, name: str) -> Any: ...


class Session(OpenViews):
    """The store, the player, and everything else that a person has chosen to look at.

    It is the `Desk` of the views' states. `failed(error)` is called where a run cannot begin or
    breaks off; `panel` is set by whoever shows controls.
    """

    def __init__(
        self,
        experiment: Experiment,
        federation: Federation | None,
        views: Sequence[str] | None,
        failed: Callable[[Exception], None],
    ) -> None:
        super().__init__(views)
        self.federation = federation
        self.panel: Controls | None = None
        self.player = Player(federation, failed=failed)
        self.own_changes = 0  # of the player's changes, those of a view's own state alone
        self.states: dict[str, State] = {}  # none yet for the check of the first experiment
        self.store = Store(experiment, self.check)
        self.states = {name: VIEWS[name].State(self) for name in VIEWS}
        for state in self.states.values():
            state.turn(experiment)
        self.guide = Guide(experiment)
        self.run_history = RunHistory(named)
        self.pins: list[Pin] = []
        self.client: int | None = None  # the place of the client that is followed
        self.axis = "rounds"
        self.curves = {*(self.guide.lab.curves if self.whole else CURVES)}
        self.guess: float | None = None
        self.veiled = False
        self._seen = Seen()

    def parts(self) -> list[object]:
        """The objects that actions change, to be put back where an action breaks off."""
        states = [part for s in self.states.values() for part in (s, *s.parts())]
        own = [self, self.store, self.guide, self.run_history, self._seen]
        return [*own, *states, self.player, self.player.stepper]

    # --- what is seen and computed ----------------------------------------------------------------

    def look(self) -> None:
        """Let the player compute what the views need."""
        for name, state in self.states.items():
            state.follow(self.drawn == name and not self.veiled)
        self.player.take_on([s.job for s in self.states.values() if s.job is not None])
        view = VIEWS.get(self.drawn)
        needs = view is not None and view.prepares and not self.veiled
        who = None
        follows = view is not None and view.follows
        if self.client is not None and self.player.shown is not None and follows:
            panel = self.player.facts().panel
            who = int(panel[self.client]) if self.client < len(panel) else None
        self.player.look(view.prepare if view is not None and needs else None, who)

    def settle_view(self) -> bool:
        """Leave a view or a client that the newest run does not have; whether anything changed."""
        changes = self.player.changes
        tabs, newest = self.tabs(), self.player.shown is self.player.recording
        if newest and self.beside not in tabs:
            self.beside = next(iter(tabs), "")
        facts = self.player.facts() if self.player.shown is not None else None
        if facts is not None and newest:
            client = self.client
            for state in self.states.values():
                client = state.settle(facts, client)
            if client != self.client:
                self.client = client
                self.player.touch()
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
        self.client = place
        for state in self.states.values():
            state.followed()
        self.look()
        self.player.touch()

    def axes(self) -> dict[str, str]:
        """What the curves can be drawn against, by name: what is told of the run, too."""
        rec = self.player.shown
        told = told_names(rec.rounds if rec is not None else ())
        return AXES | {name: measure_of(name).called for name in told}

    def show_curve(self, name: str) -> None:
        """Show a curve beside the global model's, or leave it out again."""
        self.curves ^= {word("curve", name, CURVES)}
        self.player.touch()

    def use_axis(self, axis: str) -> None:
        self.axis = word("axis", axis, self.axes())
        self.player.touch()

    # --- what the states of views ask for -------------------------------------------------------

    @property
    def experiment(self) -> Experiment:
        """The experiment in force."""
        return self.store.experiment

    def set(self, **choices: Any) -> bool:
        """Change knobs and slots together; whether they are in force now."""
        return self.store.set(**choices)

    def controls(self) -> list[str]:
        """The names of the knobs and slots that have a control now."""
        return [] if self.panel is None else sorted(self.panel.shown)

    def control(self, name: str) -> Any:
        """The control of a knob or slot; ValueError where it has none."""
        name = word("control", name, self.controls())
        assert self.panel is not None
        return self.panel.control(name)

    def touch(self, *, own: bool = False) -> None:
        """Something that is shown has changed; `own`: only what a view draws of its state."""
        self.own_changes += own
        self.player.touch()

    def party(self, exp: Experiment) -> Given:
        """Data to run an experiment on in place of its own, where a view brings any."""
        found = (state.given(exp) for state in self.states.values())
        return next((data for data in found if data is not None), None)

    def renew(self) -> None:
        """The experiment or its data have changed: run with what there is now."""
        exp = self.store.experiment
        for state in self.states.values():
            state.turn(exp)
        self.player.party = self.party(exp)
        self.player.want(exp)
        self.look()
        self.player.touch()

    # --- pins, the run history, a guess ----------------------------------------------------------

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
        self.pins.append(Pin(letter, rec, self.run_history.name_of(exp)))
        self._pins_changed()

    def unpin(self, letter: str) -> None:
        letter = word("letter", letter, LETTERS)
        self.pins = [pin for pin in self.pins if pin.letter != letter]
        self._pins_changed()

    def pinned(self, letter: str) -> Experiment | None:
        return next((pin.recording.exp for pin in self.pins if pin.letter == letter), None)

    def _pins_changed(self) -> None:
        self.player.pinned = Runs([pin.recording for pin in self.pins])
        self.player.touch()

    def note(self, time: float, *, dragged: bool = True) -> bool:
        """The screen has come to rest: the run in it belongs to the run history."""
        rec = self.player.shown
        at_rest = self.player.mode == "whole" and rec is self.player.recording
        if rec is None or not rec.complete or not at_rest or self.veiled:
            return False
        return self.run_history.note(rec.exp, float(rec.accuracy[rec.R]), time, dragged=dragged)

    def veil(self) -> None:
        """Hide what comes, so that it can be guessed; ValueError where there is no accuracy."""
        if not self.guessable:
            raise ValueError("guess: this model has no accuracy that could be guessed")
        self.veiled, self.guess = True, None
        for state in self.states.values():
            state.veil()
        self.look()
        self.player.touch()

    @property
    def guessable(self) -> bool:
        """Whether the experiment's model has an accuracy."""
        return bool(self.store.experiment.stage("model").score == "accuracy")

    def place_guess(self, accuracy: float) -> None:
        """Guess the accuracy at the end, clipped to 0 and 1; ValueError for what is no number."""
        guess = round(number("guess", accuracy, 0, 1, clip=True), 2)
        if guess != self.guess:
            self.guess = guess
            self.player.touch()

    def reveal(self) -> None:
        self.veiled = False
        self.look()
        self.player.touch()

    def forget_guess(self) -> None:
        """Forget a revealed guess, which was about another experiment."""
        if self.veiled and not self.guessable:
            self.reveal()
        if not self.veiled:
            self.guess = None

    # --- what there is to be seen -------------------------------------------------------------

    def scene(self) -> Scene | None:
        """What the views show now; None before the first round."""
        return self._seen.scene(self)

    # --- to be kept ---------------------------------------------------------------------------

    def memory(self) -> dict[str, Any]:
        """What a page keeps, so that it is there again when the kernel is not."""
        return memory_of(self)

    def remember(self, kept: dict[str, Any]) -> None:
        """Take up what a page has kept; what does not fit is left out. It is not trusted."""
        take_up(self, kept)

    def own(self, exp: Experiment) -> Experiment:
        """An experiment on the data of this screen, where they were given."""
        if self.federation is None:
            return exp
        return exp.replace(data="arrays", clients=self.federation.clients)

    def check(self, exp: Experiment) -> None:
        """Raise ValueError for an experiment that must not run on this screen."""
        try:
            estimate(exp, self.federation).check()
        except ValueError:
            raise
        except Exception:
            if built_in(exp):
                raise  # a fault of ours; of what somebody is just writing, its run says what
        if self.federation is None and self.party(exp) is not None:
            exp.replace(data="arrays", clients=exp.clients + 1)
        if self.federation is not None and exp != self.own(exp):
            clients = self.federation.clients
            raise ValueError(
                f"clients: these data belong to {clients} clients, which cannot change"
            )

    def affordable(self, exp: Experiment) -> bool:
        """Whether an experiment may run on this screen."""
        try:
            self.check(exp)
        except ValueError:
            return False
        return True
