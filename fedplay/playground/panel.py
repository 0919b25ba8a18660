"""The column of controls: which there are for an experiment, under which headings."""

from __future__ import annotations

import difflib
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any

import ipywidgets

from fedplay.data import load_csv
from fedplay.experiment import AUTO, CHOICES, Experiment, knobs
from fedplay.knobs import knobs_of, short
from fedplay.registry import SLOTS
from fedplay.widgets.controls import Choice, Control, Post, choosable, for_knob

Plan = dict[str, list[str]]  # heading -> names of slots and knobs, in order

SLOT_WORDS = {
    "data": ("Data", "Where the examples come from."),
    "partition": ("Partition", "How the examples are dealt out to the clients."),
    "shift": ("Shift", "How clients' examples differ beyond their labels."),
    "model": ("Model", "What every client trains."),
    "algorithm": ("Algorithm", "What a client does and sends."),
    "schedule": ("Schedule", "Who takes part in a round; auto: what the privacy needs."),
    "aggregate": ("Aggregate", "How the server combines messages; auto: what the privacy needs."),
    "server": ("Server", "The step that the server takes with the combined update."),
    "personal": ("Personal", "The second model that each client has to itself."),
}
HIDDEN = {"dtype"}  # a matter of numerics: for scripts


def plan(exp: Experiment, *, own_data: bool = False) -> Plan:
    """The controls for an experiment. `own_data`: the data are given, so they can't be chosen."""
    table = knobs()
    active = [name for name in exp.active_knobs() if name in table and name not in HIDDEN]

    def of(slot: str) -> list[str]:
        return [name for name in knobs_of(exp.stage(slot)) if name in active]

    data = [*of("partition"), "clients", "partition", "shift", *of("shift")]
    data += ["data", *of("data"), "data_seed"]
    training = ["rounds", *of("schedule"), "local_epochs", "learning_rate", "batch_size"]
    training += ["model", *of("model")]
    for slot in ("algorithm", "schedule", "aggregate", "server"):
        training += [slot, *of(slot)] if _is_choice(exp, slot) else of(slot)
    training += ["weights", "stragglers"]
    training += (["partial_work"] if exp.stragglers > 0 else []) + ["seed"]
    training = [n for n in training if n in active or n in SLOTS]  # a method may fix some itself
    personal = ["personal"] if _is_choice(exp, "personal") else []
    personal += of("personal")
    channel = [n for n in active if n not in {*data, *training, *personal, "partial_work"}]
    if exp.noise_multiplier == 0:
        channel = [n for n in channel if n != "delta"]
    channel.sort(key=lambda name: name != "noise_multiplier")  # first; the rest stays in order
    headings = {
        "The clients' data": [] if own_data else data,
        "Federated training": training,
        "Privacy": channel,
        "For each client alone": personal,
    }
    return {heading: list(dict.fromkeys(names)) for heading, names in headings.items() if names}


def _is_choice(exp: Experiment, slot: str) -> bool:
    """Whether there is more to choose from than what is chosen automatically."""
    own = not isinstance(getattr(exp, slot), str)  # somebody's, and nobody registered it
    return own or len(SLOTS[slot]) > (2 if slot in AUTO else 1)


def check_controls(names: Sequence[str] | None) -> tuple[str, ...] | None:
    """The names of controls that a screen offers, None for all; ValueError for what is none."""
    if names is None:
        return None
    if isinstance(names, str) or not isinstance(names, Iterable):
        raise ValueError(f"controls={short(names)}: must be a list of names of knobs and slots")
    names = tuple(names)
    for name in names:
        named = isinstance(name, str) and name != "channel"
        if not named or (name not in knobs() and name not in CHOICES):
            close = difflib.get_close_matches(str(name), [*CHOICES, *knobs()], 1)
            hint = f"; did you mean {close[0]!r}?" if close else ""
            raise ValueError(f"controls: {name!r} is neither a knob nor a slot{hint}")
    return names


def narrowed(wanted: Plan, only: Sequence[str]) -> Plan:
    """A plan with some of its controls only."""
    found = {heading: [n for n in names if n in only] for heading, names in wanted.items()}
    return {heading: names for heading, names in found.items() if names}


class Panel:
    """The controls on the page. `value_of(name)` is what each shows; `roll()` rolls the dice."""

    def __init__(
        self,
        post: Post,
        value_of: Callable[[str], Any],
        roll: Callable[[], int],
        sweep: Callable[[str], None],
        *,
        own_data: bool,
        only: Sequence[str] | None = None,
    ) -> None:
        self.post, self.value_of, self.roll, self.sweep = post, value_of, roll, sweep
        self.own_data, self.only = own_data, only
        self.controls: dict[str, Control] = {}
        self.widget = ipywidgets.VBox()
        self.widget.add_class("fedplay-controls")
        self.shown: frozenset[str] = frozenset()  # the names of the visible controls
        self._plan: Plan = {}
        self._groups: dict[str, Any] = {}
        self.upload: Any = None

    @property
    def offers(self) -> bool:
        """Whether there is any control to offer."""
        return self.only is None or bool(self.only)

    def update(self, exp: Experiment, errors: Mapping[str, str], ours: frozenset[str]) -> None:
        """Show what the store holds. `ours` were just set here: their fields are left alone."""
        wanted = plan(exp, own_data=self.own_data)
        if self.only is not None:
            wanted = narrowed(wanted, self.only)
        for name in (name for names in wanted.values() for name in names):
            control = self.control(name)
            if isinstance(control, Choice) and name in SLOTS:
                control.offer(self._options(name))
            if name not in ours:
                control.show(self.value_of(name))
        for name, control in self.controls.items():
            control.error(errors.get(name, ""))
        if wanted != self._plan:
            self.widget.children = list(self._arranged(wanted))
            self.shown = frozenset(name for names in wanted.values() for name in names)
            self._plan = wanted

    def _arranged(self, wanted: Plan) -> Iterator[Any]:
        for heading, names in wanted.items():
            if heading not in self._groups:
                title = ipywidgets.HTML(f"<h4>{heading}</h4>")
                title.add_class("fedplay-heading")
                self._groups[heading] = title
            yield self._groups[heading]
            yield from (self.controls[name].widget for name in names)

    def control(self, name: str) -> Control:
        """The control of a knob or slot, made when it is first needed."""
        if name not in self.controls:
            made = self._made(name)
            made.on_sweep = self.sweep
            self.controls[name] = made
        return self.controls[name]

    def _made(self, name: str) -> Control:
        if name not in CHOICES:
            return for_knob(knobs()[name], self.post, self.roll)
        label, help = SLOT_WORDS[name]
        beside = [self._file_upload()] if name == "data" else []
        return Choice(name, self.post, label, help, self._options(name), *beside)

    def _options(self, slot: str) -> list[Any]:
        """The registered names, and whatever else is or was chosen."""
        names: list[Any] = [n for n in SLOTS[slot] if n != "arrays" or slot != "data"]
        names = [*(["auto"] if slot in AUTO else []), *names]
        known = self.controls[slot].options if slot in self.controls else []  # type: ignore[attr-defined]
        asked = [*known, self.value_of(slot)]
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
