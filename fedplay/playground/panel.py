"""The column of controls: which controls an experiment has, and under which headings."""

from __future__ import annotations

import difflib
from collections.abc import Callable, Collection, Iterable, Sequence
from typing import Any, Protocol

import ipywidgets

from fedplay.data import load_csv
from fedplay.experiment import CHOICES, Experiment, knobs
from fedplay.experiment.refusals import refusal, why_not
from fedplay.experiment.topics import topics
from fedplay.knobs import knobs_of, short
from fedplay.registry import SLOTS, about
from fedplay.session.run_history import described
from fedplay.slots import DATA, TABLE, Slot
from fedplay.untrusted import escape
from fedplay.widgets.controls import Choice, Control, Post, choosable, for_knob

Plan = dict[str, list[str]]  # heading -> names of slots and knobs, in order
Owner = tuple[str, str]  # a slot, and a name that is registered in it

HIDDEN = {"dtype"}  # a matter of numerics: for scripts
# A knob that changes nothing while another one is at zero, and what is then said of it.
WAITS = {
    "partial_work": ("stragglers", "Only where some clients are too slow."),
    "delta": ("noise_multiplier", "Only with privacy noise."),
}


def plan(exp: Experiment, *, own_data: bool = False) -> Plan:
    """The controls for an experiment. `own_data`: the data are given, so they can't be chosen."""
    active = exp.active_knobs().keys() & knobs().keys() - HIDDEN
    active -= {name for name, (needed, _) in WAITS.items() if not getattr(exp, needed)}
    active |= {name for name in CHOICES if _is_choice(exp, TABLE[name])}
    found = {topic: [n for n in names if n in active] for topic, names in topics().items()}
    if own_data:
        found[DATA] = []
    return {topic: names for topic, names in found.items() if names}


def _is_choice(exp: Experiment, slot: Slot) -> bool:
    """Whether there is more to choose from than what is chosen automatically."""
    known = SLOTS[slot.name]
    own = getattr(exp, slot.name) not in slot.choices(known)  # somebody's, and nobody registered it
    return own or slot.many or len(known) > (2 if slot.auto else 1)


def check_controls(names: Sequence[str] | None) -> tuple[str, ...] | None:
    """The names of controls that a screen offers, None for all; ValueError for what is none."""
    if names is None:
        return None
    if isinstance(names, str) or not isinstance(names, Iterable):
        raise ValueError(f"controls={short(names)}: must be a list of names of knobs and slots")
    names = tuple(names)
    for name in names:
        if not isinstance(name, str) or (name not in knobs() and name not in CHOICES):
            close = difflib.get_close_matches(str(name), [*CHOICES, *knobs()], 1)
            hint = f"; did you mean {close[0]!r}?" if close else ""
            raise ValueError(f"controls: {name!r} is neither a knob nor a slot{hint}")
    return names


def narrowed(wanted: Plan, only: Sequence[str]) -> Plan:
    """The plan with only the named controls."""
    found = {heading: [n for n in names if n in only] for heading, names in wanted.items()}
    return {heading: names for heading, names in found.items() if names}


def owner_of(name: str) -> Owner | None:
    """The slot and the first registered stage that a knob belongs to; None where it has none."""
    found = (
        (slot, entry)
        for slot, entries in SLOTS.items()
        for entry, stage in entries.items()
        if name in knobs_of(stage)
    )
    return next(found, None)


def _idle(name: str, exp: Experiment, owner: Owner | None) -> str:
    """Why a knob changes nothing of this experiment."""
    if name in WAITS:
        return WAITS[name][1]
    if owner is None:
        return f"Set by {exp.chosen('algorithm')} itself."
    return f"Only with {about(*owner).title}."


class Told(Protocol):
    """What a store says beside controls, by their names."""

    errors: dict[str, str]  # why the last value was refused

    @property
    def notes(self) -> dict[str, str]:
        """What came along with another choice, or has gone with it."""

    @property
    def returned(self) -> frozenset[str]:
        """What has just gone with its cause."""


class Panel:
    """The controls, made when they are first seen. `value_of(name)` is what each shows.

    `act(name, *arguments)` runs an action of the screen; `roll()` rolls the dice.
    """

    def __init__(
        self,
        post: Post,
        act: Callable[..., None],
        value_of: Callable[[str], Any],
        roll: Callable[[], int],
        sweep: Callable[[str], None],
        *,
        own_data: bool,
        only: Sequence[str] | None = None,
    ) -> None:
        self.post, self.act, self.value_of = post, act, value_of
        self.roll, self.sweep = roll, sweep
        self.own_data, self.only = own_data, only
        self.controls: dict[str, Control] = {}
        self.shown: frozenset[str] = frozenset()  # the knobs and slots that can be turned now
        self.plan: Plan = {}
        self._exp = Experiment()
        self.upload: Any = None

    @property
    def offers(self) -> bool:
        """Whether there is any control to offer."""
        return self.only is None or bool(self.only)

    def turn(self, exp: Experiment) -> None:
        """Another experiment is in force: which knobs it reads, and under which headings."""
        self._exp = exp
        wanted = plan(exp, own_data=self.own_data)
        self.plan = wanted if self.only is None else narrowed(wanted, self.only)
        self.shown = frozenset(name for names in self.plan.values() for name in names)

    def refresh(
        self,
        names: Iterable[str],
        exp: Experiment,
        told: Told,
        ours: frozenset[str],
        changed: Collection[str],
    ) -> None:
        """Let controls show what the store holds.

        ours:    were just set on the page, whose fields are left alone
        changed: differ from what the lab's step began with
        """
        for name in names:
            control = self.control(name)
            if isinstance(control, Choice) and name in SLOTS:
                control.offer(self._options(name))
            if name not in ours:
                control.show(self.value_of(name))
            control.changed(name in changed)
            owner = None if name in self.shown or name in WAITS else owner_of(name)
            control.off("" if name in self.shown else _idle(name, exp, owner))
            wrong = name in told.errors
            control.repair(*(self._way_out(exp, name) if wrong else self._put_right(owner)))
        for name, control in self.controls.items():  # what cannot be seen now, too
            control.error(told.errors.get(name, ""))
            tells = name in changed or name in told.returned
            control.along(told.notes.get(name, "") if tells else "")

    def _way_out(self, exp: Experiment, name: str) -> tuple[str, Callable[[], None] | None]:
        """The button of a choice that was refused: it makes what is missing along with it."""
        value = self.value_of(name)
        refused = refusal(exp, {name: value})
        if refused is None or not refused.repair:
            return "", None
        way = refused.repair
        words = described(exp.replace(**{name: value, **way}), way)
        return f"With {words}", lambda: self.act("choose", {name: value, **way})

    def _put_right(self, owner: Owner | None) -> tuple[str, Callable[[], None] | None]:
        """The button of a knob that changes nothing now: it chooses the stage that has it."""
        if owner is None:
            return "", None
        return f"Use {owner[1]}", lambda: self.act("set", *owner)

    def control(self, name: str) -> Control:
        """The control of a knob or slot, made when it is first needed."""
        if name not in self.controls:
            made = self._made(name)
            made.on_sweep = self.sweep
            made.on_reset = lambda name: self.act("as_it_was", name)
            made.show(self.value_of(name))
            self.controls[name] = made
        return self.controls[name]

    def _made(self, name: str) -> Control:
        if name not in CHOICES:
            return for_knob(knobs()[name], self.post, self.roll)
        slot, offered = TABLE[name], self._options(name)
        beside = [self._file_upload()] if name == "data" else []
        made = Choice(name, self.post, slot.label, slot.help, offered, *beside, called=slot.shown)
        made.explain = lambda: self._explained(name, self._exp)
        return made

    def _explained(self, slot: str, exp: Experiment) -> str:
        """Every choice of a slot: its name, one sentence, and where it is from."""
        now = self.value_of(slot)
        rows = []
        for choice in self.controls[slot].options:  # type: ignore[attr-defined]
            title, sentence, source = map(escape, about(slot, choice))
            called = escape(TABLE[slot].shown(choice))
            mark = ' class="now"' if choice == now else ""
            origin = f" <cite>{source}</cite>" if source else ""
            name = called if called.lower() == title.lower() else f"{called}: {title}"
            refused = None if choice == now else why_not(exp, slot, choice)
            but = f"<i>Not now: {escape(str(refused))}.</i>" if refused is not None else ""
            rows.append(f"<dt{mark}>{name}</dt><dd>{sentence}{origin} {but}</dd>")
        return f'<dl class="fedplay-choices">{"".join(rows)}</dl>'

    def _options(self, slot: str) -> list[Any]:
        """What is registered, and whatever else is or was chosen."""
        known = (n for n in SLOTS[slot] if n != "arrays" or slot != "data")
        names = TABLE[slot].choices(known)
        before = self.controls[slot].options if slot in self.controls else []  # type: ignore[attr-defined]
        asked = [*before, self.value_of(slot)]
        extra = [value for value in asked if choosable(value) and value not in names]
        return [*names, *dict.fromkeys(extra)]

    def _file_upload(self) -> Any:
        """A button that takes a CSV file from the person's own disk."""
        self.upload = ipywidgets.FileUpload(
            accept=".csv",
            multiple=False,
            description="CSV",
            icon="",
            tooltip="A table of your own: a column named label, numbers, and perhaps a column "
            "named client. It stays on the computer that runs this notebook.",
            layout=ipywidgets.Layout(width="62px"),
        )
        self.upload.add_class("fedplay-dice")
        self.upload.add_class("fedplay-upload")
        self.upload.observe(self._uploaded, "value")
        return self.upload

    def _uploaded(self, change: Any) -> None:
        for file in change["new"]:
            try:
                key = load_csv(bytes(file["content"]), name=str(file["name"]))
            except ValueError as error:
                self.post("", str(error))
            else:
                self.post("data", key, shown=False)
