"""`Store`: the only holder of the experiment. Controls, presets and links all go through `set`."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from fedplay.experiment import CHOICES, Experiment, knobs

Observer = Callable[[frozenset[str]], None]


class Store:
    """The last good experiment, and beside it what was asked for and refused, with the reason.

    A refused value is not forgotten: it is tried again with every later change. So `partition` may
    be set to "natural" first and `data` to "writers" second, and both are then in force.

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
    ) -> None:
        self.experiment = experiment if experiment is not None else Experiment()
        self.errors: dict[str, str] = {}
        self._refused: dict[str, Any] = {}
        self._broken: set[str] = set()  # of these, the ones whose run broke off: not tried again
        self.check = check if check is not None else _anything
        self.check(self.experiment)
        self._before = self.experiment  # what was in force when `_last` was set
        self._last: dict[str, Any] = {}
        self._observers: list[Observer] = []

    def observe(self, observer: Observer) -> None:
        """Call `observer(names)` after every change, with the names that may show differently."""
        self._observers.append(observer)

    def value(self, name: str) -> Any:
        """What was asked for last: the experiment's value, or the one that was refused."""
        return self._refused[name] if name in self._refused else getattr(self.experiment, name)

    def set(self, **choices: Any) -> bool:
        """Change knobs and slots together; whether they are in force now.

        Where they are refused, the experiment stays as it was and `errors` says why. A name that
        no experiment knows raises ValueError, because there is no place to show its error.
        """
        for name in choices:
            if name not in CHOICES and name not in knobs():
                self.experiment.replace(**{name: choices[name]})  # raises, with a suggestion
        old, old_errors, old_refused = self.experiment, self.errors, self._refused
        self._before, self._last = old, choices
        accepted = self._try(choices)
        changed = {n for n in _names(old, self.experiment) if _differ(old, self.experiment, n)}
        changed |= old_errors.keys() | self.errors.keys() | old_refused.keys()
        if changed or not accepted:
            self._tell(frozenset(changed | choices.keys()))
        return accepted

    def restore(self, experiment: Experiment) -> bool:
        """Put a whole experiment in force, as it is; whether it is.

        What was refused before is forgotten. Where this one is refused, all stays as it was and
        the reason stands under no knob's name: `errors[""]`.
        """
        old, shown = self.experiment, set(self._refused) | set(self.errors)
        try:
            self.check(experiment)
        except ValueError as error:
            self.tell(str(error))
            return False
        self.experiment, self.errors, self._refused = experiment, {}, {}
        self._broken.clear()
        self._before = old
        changed = {n for n in _names(old, experiment) if _differ(old, experiment, n)}
        self._last = {name: getattr(experiment, name) for name in changed}
        self._tell(frozenset(changed | shown))
        return True

    def tell(self, reason: str) -> None:
        """Something that belongs to no control went wrong."""
        self.errors[""] = reason
        self._tell(frozenset([""]))

    def refuse(self, reason: str) -> None:
        """Take back the last change: it was valid, but its run failed before it began."""
        if self.experiment == self._before:  # nothing to go back to
            return self.tell(reason)
        self.experiment = self._before
        names = [name for name in self._last if name not in self._refused]
        for name in names:
            self._refused[name], self.errors[name] = self._last[name], reason
        self._broken.update(names)
        return self._tell(frozenset(names))

    def _try(self, choices: Mapping[str, Any]) -> bool:
        refused = {name: v for name, v in self._refused.items() if name not in choices}
        self._broken &= refused.keys()
        waiting = {name: v for name, v in refused.items() if name not in self._broken}
        self._refused = {name: refused[name] for name in self._broken}
        self.errors = {name: self.errors[name] for name in self._broken}
        if waiting and self._accept({**waiting, **choices}) is None:
            return True
        error = self._accept(choices)
        if error is not None:
            blamed = next((name for name in choices if error.startswith(name)), None)
            for name in choices if blamed is None else [blamed]:
                self._refused[name], self.errors[name] = choices[name], error
        for name, value in waiting.items():
            still = self._accept({name: value})
            if still is not None:
                self._refused[name], self.errors[name] = value, still
        return error is None

    def _accept(self, choices: Mapping[str, Any]) -> str | None:
        """Put choices in force, or say why not."""
        try:
            experiment = self.experiment.replace(**choices)
            self.check(experiment)
        except ValueError as error:
            return str(error)
        self.experiment = experiment
        return None

    def _tell(self, names: frozenset[str]) -> None:
        for observer in list(self._observers):
            observer(names)


def _names(*experiments: Experiment) -> set[str]:
    return {name for exp in experiments for name, _ in exp._changed}


def _differ(a: Experiment, b: Experiment, name: str) -> bool:
    one, other = getattr(a, name), getattr(b, name)
    return bool(one is not other and one != other)


def _anything(experiment: Experiment) -> None:
    pass
