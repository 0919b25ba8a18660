"""`Store`: the only holder of the experiment. Controls, presets and links all go through `set`."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

from fedplay.clock import now
from fedplay.experiment import CHOICES, Experiment, knobs
from fedplay.session.brought import (
    Along,
    brought_with,
    left_alone,
    together,
    told,
    told_back,
)
from fedplay.session.timeline import Timeline

Observer = Callable[[frozenset[str]], None]


class InForce(NamedTuple):
    """An experiment, and what of it came along with other choices."""

    experiment: Experiment
    brought: Along


class Store:
    """The last good experiment, and beside it what was asked for and refused, with the reason.

    A refused value is not forgotten: it is tried again with every later change. So `partition` may
    be set to "natural" first and `data` to "writers" second, and both are then in force.

    `notes` has a sentence for everything that nobody asked for: see `brought.py`. Everything that
    was in force is in `timeline`: `undo` and `redo` go through it.

    check: raises ValueError where a valid experiment is not to be run here (it costs too much).

    >>> store = Store()
    >>> store.set(alpha=-1)
    False
    >>> store.errors
    {'alpha': 'alpha=-1: must be a number from 0.01 to 1000'}
    >>> store.experiment
    Experiment()
    """

    def __init__(
        self,
        experiment: Experiment | None = None,
        check: Callable[[Experiment], None] | None = None,
        clock: Callable[[], float] = now,
    ) -> None:
        self.experiment = experiment if experiment is not None else Experiment()
        self.clock = clock
        self.errors: dict[str, str] = {}
        self._refused: dict[str, Any] = {}
        self._broken: set[str] = set()  # of these, the ones whose run broke off: not tried again
        self.check = check if check is not None else _anything
        self.check(self.experiment)
        self.brought: Along = brought_with(self.experiment)
        self.timeline = Timeline((self._in_force,))
        self._back: dict[str, str] = {}  # what the last change has taken back, in words
        self._before = self._in_force, self.timeline  # when `_last` was set
        self._last: dict[str, Any] = {}
        self._observers: list[Observer] = []

    @property
    def _in_force(self) -> InForce:
        return InForce(self.experiment, self.brought)

    @property
    def notes(self) -> dict[str, str]:
        """A sentence for every choice that came along with another, or has gone with it just now,
        by its name."""
        return told(self.experiment, self.brought) | self._back

    @property
    def returned(self) -> frozenset[str]:
        """What has just gone back to what it was, as its cause went."""
        return frozenset(self._back)

    def observe(self, observer: Observer) -> None:
        """Call `observer(names)` after every change, with the names that may show differently."""
        self._observers.append(observer)

    def value(self, name: str) -> Any:
        """What was asked for last: the experiment's value, or the one that was refused."""
        return self._refused[name] if name in self._refused else getattr(self.experiment, name)

    def choose(self, **choices: Any) -> bool:
        """Like `set`, with what comes along: what a choice needs comes, and goes when it goes."""
        return self._change(choices, along=True)

    def set(self, **choices: Any) -> bool:
        """Change knobs and slots together, and nothing else; whether they are in force now.

        Where they are refused, the experiment stays as it was and `errors` says why. A name that
        no experiment knows raises ValueError, because there is no place to show its error.
        """
        return self._change(choices, along=False)

    def _change(self, choices: dict[str, Any], *, along: bool) -> bool:
        for name in choices:
            if name not in CHOICES and name not in knobs():
                self.experiment.replace(**{name: choices[name]})  # raises, with a suggestion
        old, old_errors, old_refused = self._in_force, self.errors, self._refused
        told_before = self.notes.keys()
        self._before, self._last = (old, self.timeline), choices
        accepted = self._try(choices, along)
        self._back = told_back(*old, self.experiment, self.brought)
        if self.experiment == old.experiment:
            self.timeline = self.timeline.amended(self._in_force)
        else:
            slid = () if choices.keys() & CHOICES.keys() else choices  # a menu is not dragged
            self.timeline = self.timeline.went(self._in_force, slid, self.clock())
        changed = _differences(old.experiment, self.experiment)
        changed |= told_before | self.notes.keys()
        changed |= old_errors.keys() | self.errors.keys() | old_refused.keys()
        if changed or not accepted:
            self._tell(frozenset(changed | choices.keys()))
        return accepted

    def restore(self, experiment: Experiment) -> bool:
        """Put a whole experiment in force, as it is; whether it is.

        What was refused before is forgotten. Where this one is refused, all stays as it was and
        the reason stands under no knob's name: `errors[""]`.
        """
        states = (self._in_force, *self.timeline.states)
        known = (old.brought for old in states if old.experiment == experiment)
        state = InForce(experiment, next(known, brought_with(experiment)))
        return self._enter(self.timeline.went(state).rested())

    def take_up(self, timeline: Timeline[InForce]) -> None:
        """Go on in another timeline, whose state in force has this experiment."""
        self.timeline, self.brought = timeline, timeline.now.brought

    def rest(self) -> None:
        """Whatever is changed next is no part of the drag before."""
        self.timeline = self.timeline.rested()

    def undo(self) -> bool:
        """Back to what was in force before, as it was; whether there is something and it can be."""
        return self.timeline.can_undo and self._enter(self.timeline.back())

    def redo(self) -> bool:
        """Forward again to what was undone; whether there is something and it can be."""
        return self.timeline.can_redo and self._enter(self.timeline.forward())

    def _enter(self, timeline: Timeline[InForce]) -> bool:
        """Put the state of a timeline in force."""
        old, shown = self._in_force, set(self._refused) | set(self.errors)
        shown |= self.notes.keys()
        try:
            self.check(timeline.now.experiment)
        except ValueError as error:
            self.tell(str(error))
            return False
        self._before = old, self.timeline
        self.timeline, self.errors, self._refused, self._back = timeline, {}, {}, {}
        self.experiment, self.brought = timeline.now
        self._broken.clear()
        changed = _differences(old.experiment, self.experiment)
        self._last = {name: getattr(self.experiment, name) for name in changed}
        self._tell(frozenset(changed | shown | self.notes.keys()))
        return True

    def tell(self, reason: str) -> None:
        """Something that belongs to no control went wrong."""
        self.errors[""] = reason
        self._tell(frozenset([""]))

    def refuse(self, reason: str) -> None:
        """Take back the last change: it was valid, but its run failed before it began."""
        before, timeline = self._before
        if self.experiment == before.experiment:  # nothing to go back to
            return self.tell(reason)
        (self.experiment, self.brought), self.timeline, self._back = before, timeline, {}
        names = [name for name in self._last if name not in self._refused]
        for name in names:
            self._refused[name], self.errors[name] = self._last[name], reason
        self._broken.update(names)
        return self._tell(frozenset(names))

    def _try(self, choices: Mapping[str, Any], along: bool) -> bool:
        refused = {name: v for name, v in self._refused.items() if name not in choices}
        self._broken &= refused.keys()
        waiting = {name: v for name, v in refused.items() if name not in self._broken}
        self._refused = {name: refused[name] for name in self._broken}
        self.errors = {name: self.errors[name] for name in self._broken}
        if waiting and self._accept({**waiting, **choices}, along) is None:
            return True
        error = self._accept(choices, along)
        if error is not None:
            blamed = next((name for name in choices if error.startswith(name)), None)
            for name in choices if blamed is None else [blamed]:
                self._refused[name], self.errors[name] = choices[name], error
        for name, value in waiting.items():
            still = self._accept({name: value}, along)
            if still is not None:
                self._refused[name], self.errors[name] = value, still
        return error is None

    def _accept(self, choices: Mapping[str, Any], along: bool) -> str | None:
        """Put choices in force, with what comes along or alone, or say why not."""
        exp, brought, reason = self.experiment, self.brought, ""
        alone = (choices, left_alone(exp, brought, choices))
        for every, then in together(exp, brought, choices) if along else [alone]:
            try:
                experiment = exp.replace(**every)
                self.check(experiment)
            except ValueError as error:
                reason = reason or str(error)  # of what was asked for, not of what would help it
            else:
                self.experiment, self.brought = experiment, then
                return None
        return reason

    def _tell(self, names: frozenset[str]) -> None:
        for observer in list(self._observers):
            observer(names)


def _differences(a: Experiment, b: Experiment) -> set[str]:
    names = {name for exp in (a, b) for name, _ in exp._changed}
    return {name for name in names if _differ(a, b, name)}


def _differ(a: Experiment, b: Experiment, name: str) -> bool:
    one, other = getattr(a, name), getattr(b, name)
    return bool(one is not other and one != other)


def _anything(experiment: Experiment) -> None:
    pass
