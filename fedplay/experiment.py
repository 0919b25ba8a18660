"""`Experiment`: the name chosen for each slot and the value of every knob, frozen and validated.

It is the only thing that controls edit, links carry and files hold. Two experiments are equal when
they describe the same run.
"""

from __future__ import annotations

import difflib
import inspect
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

import fedplay.models
import fedplay.stages  # noqa: F401  (its registry lines)
from fedplay import registry, untrusted
from fedplay.cost import Cost, estimate
from fedplay.data import Arrays, Partition, Source, TableFile, check_shift, pool_size
from fedplay.knobs import Checked, Knob, knob, knobs_of, one_of, short
from fedplay.slots import TABLE, Slot
from fedplay.stages.base import Layer

NUMBERS = {dtype: np.finfo(dtype) for dtype in ("float32", "float64")}
LEAST = {dtype: float(numbers.tiny) for dtype, numbers in NUMBERS.items()}
VERSION = 1  # of the dict, JSON and link forms


@dataclass(frozen=True)
class Training(Checked):
    """The knobs that belong to no slot."""

    clients: int = knob(
        10,
        1,
        10_000_000,
        symbol="N",
        label="Clients",
        scale="log",
        slider=(2, 50),
        help="How many clients the examples are spread over.",
    )
    rounds: int = knob(
        50,
        1,
        100_000,
        symbol="R",
        label="Rounds",
        slider=(5, 200),
        help="How often the model travels to the clients and back.",
    )
    local_epochs: int = knob(
        1,
        1,
        1000,
        symbol="E",
        label="Local epochs",
        slider=(1, 20),
        help="How often a client goes through its own examples before it reports.",
    )
    batch_size: int | None = knob(
        32,
        1,
        1_000_000,
        none="∞",
        symbol="B",
        label="Batch size",
        unit="examples",
        scale="log",
        slider=(1, 256),
        help="Examples a local step looks at; ∞ is all that the client has.",
    )
    learning_rate: float = knob(
        0.1,
        0.0,
        1000.0,
        open=True,
        symbol="η",
        label="Learning rate",
        scale="log",
        slider=(0.001, 10.0),
        help="How far a local step goes.",
    )
    weights: str = knob(
        "paper",
        choices=("paper", "examples", "clients"),
        label="Weights",
        help="What each client counts in the server's average. examples: its number of training "
        "examples; clients: the same for all; paper: what the paper of the method says.",
    )
    stragglers: float = knob(
        0.0,
        0.0,
        1.0,
        label="Stragglers",
        help="Probability that a sampled client finishes only some of its local epochs.",
    )
    partial_work: str = knob(
        "kept",
        choices=("kept", "dropped"),
        label="Partial work",
        help="Whether the server uses the stragglers' partial updates or leaves those clients out.",
    )
    seed: int = knob(
        0, 0, 2**32 - 1, label="Training seed", help="The dice of sampling, shuffling and noise."
    )
    data_seed: int = knob(
        0, 0, 2**32 - 1, label="Data seed", help="The dice that spread the examples over clients."
    )
    dtype: str = knob(
        "float32",
        choices=("float32", "float64"),
        label="Precision",
        help="The numbers that the engine computes with.",
    )


def _as_written(slot: Slot) -> tuple[int, bool]:
    """Where a slot stands in a file, a link and a repr: as in a round, but what is automatic stands
    behind the channel, which may require something of it.
    """
    places = {name: place for place, name in enumerate(TABLE)}
    place, channel = places[slot.name], places["channel"]
    return (max(place, channel) if slot.auto else place), place != channel


# The choice that each slot starts with, in the order in which an experiment is written.
CHOICES: dict[str, Any] = {
    slot.name: slot.default for slot in sorted(TABLE.values(), key=_as_written)
}


def knobs() -> dict[str, Knob]:
    """Every knob there is by name: those of `Training`, then those of every registered stage."""
    return knobs_of(Training) | registry.all_knobs()


class Experiment:
    """A federated experiment, described completely.

    Keyword arguments are slots (`fedplay.slots.TABLE` lists them; a registered name, or an instance
    of one's own; the channel takes a list of these) and knobs (`fedplay.experiment.knobs()` lists
    them). ValueError names what is wrong, its value and what is allowed.

    >>> exp = Experiment(clients=20, alpha=0.1)
    >>> exp
    Experiment(clients=20, alpha=0.1)
    >>> exp.replace(alpha=0.3).alpha
    0.3
    >>> eval(repr(exp)) == exp
    True
    """

    __slots__ = ("_changed", "_values")
    _changed: tuple[tuple[str, Any], ...]
    _values: dict[str, Any]

    def __init__(self, **choices: Any) -> None:
        table = knobs()
        defaults = CHOICES | {name: one.default for name, one in table.items()}
        values = dict(defaults)
        for name, value in choices.items():
            if name in CHOICES:
                values[name], own = _choice(name, value)
                values |= own
            elif name in table:
                values[name] = table[name].check(value)
            else:
                raise ValueError(_unknown(name, values))
        object.__setattr__(self, "_values", values)
        changed = ((k, v) for k, v in values.items() if v != defaults[k])
        object.__setattr__(self, "_changed", tuple(sorted(changed, key=lambda kv: kv[0])))
        self._refuse()

    # --- reading it ---------------------------------------------------------------------------

    def __getattr__(self, name: str) -> Any:
        if not name.startswith("_"):
            if name in self._values:
                return self._values[name]
            if name in knobs():  # a stage that was registered after this experiment was made
                return knobs()[name].default
        raise AttributeError(f"Experiment has no knob {name!r}")

    def __dir__(self) -> list[str]:
        return sorted({*super().__dir__(), *self._values})

    def __setattr__(self, name: str, value: Any) -> None:
        raise AttributeError(f"Experiment is frozen: use exp.replace({name}=...)")

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Experiment) and self._identity() == other._identity()

    def __hash__(self) -> int:
        return hash(self._identity())

    def _identity(self) -> tuple[Any, ...]:
        """What differs from the defaults, with a file of one's own by its hash, not its name."""
        data = self._values["data"]
        if not (isinstance(data, str) and data.startswith("csv:")):
            return self._changed
        return TableFile(data), *(pair for pair in self._changed if pair[0] != "data")

    def __reduce__(self) -> Any:
        return _rebuild, (dict(self._changed),)

    def __repr__(self) -> str:
        order = {name: i for i, name in enumerate((*CHOICES, *knobs()))}
        shown = sorted(self._changed, key=lambda kv: order.get(kv[0], len(order)))
        return f"Experiment({', '.join(f'{k}={v!r}' for k, v in shown)})"

    def to_python(self) -> str:
        """The lines that run this experiment anywhere."""
        lines = ["import fedplay as fp", "", *filter(None, [self.source.to_python()])]
        lines += [f"exp = fp.{self!r}", "history = fp.run(exp)"]
        return "\n".join(lines) + "\n"

    # --- its stages ---------------------------------------------------------------------------

    def chosen(self, slot: str) -> str:
        """The name in a slot, "auto" resolved (a class name for an unregistered instance)."""
        stage = self.stage(slot)
        return registry.name_of(stage) or type(stage).__name__

    def stage(self, slot: str) -> Any:
        """The stage in a slot, with its knobs set. Not for the channel: see `layers`."""
        choice = self._values[slot]
        if choice == "auto":
            needed = (layer.requires().get(slot) for layer in self.layers)
            usual = TABLE[slot].auto
            if slot == "personal" and self.stage("algorithm").keeps:
                usual = "none"  # what the algorithm gives is personal already
            choice = next((name for name, _ in filter(None, needed)), usual)
        return _made(slot, choice, self._values)

    def stages(self, slot: str) -> tuple[Any, ...]:
        """Every stage in a slot: one, or all layers of the channel, idle ones among them."""
        if not TABLE[slot].many:
            return (self.stage(slot),)
        return tuple(_made(slot, choice, self._values) for choice in self._values[slot])

    @property
    def source(self) -> Source:
        source: Source = self.stage("data")
        return source

    @property
    def layers(self) -> tuple[Layer, ...]:
        """The channel's layers that do something, in the order a message meets them."""
        return tuple(layer for layer in self.stages("channel") if layer.active())

    def active_knobs(self) -> dict[str, Knob]:
        """The knobs that this experiment reads: those of its stages and of `Training`."""
        found = knobs_of(Training)
        for slot in sorted(CHOICES, key=lambda slot: TABLE[slot].many):
            for stage in self.stages(slot):
                found |= knobs_of(stage)
        fixed = {*self.stage("algorithm").fixes}
        if self.stage("aggregate").weighs:
            fixed.add("weights")
        return {name: knob for name, knob in found.items() if name not in fixed}

    def in_force(self, name: str) -> Any:
        """The value of a training knob, or what the algorithm sets it to itself."""
        return self.stage("algorithm").fixes.get(name, getattr(self, name))

    @property
    def weighting(self) -> str:
        """How clients count in the average: by their "examples", or all "clients" alike.

        What the aggregate fixes comes first, then what the knob `weights` says.
        """
        fixed: str = self.stage("aggregate").weighs
        chosen: str = self.in_force("weights")
        return fixed or (self.paper_weighting if chosen == "paper" else chosen)

    @property
    def paper_weighting(self) -> str:
        """The same as the paper has it: the personal method's where it says, or the algorithm's."""
        return str(self.stage("personal").weighs or self.stage("algorithm").weighs)

    # --- deriving others, and travelling ------------------------------------------------------

    def replace(self, **choices: Any) -> Experiment:
        """The same experiment with some choices changed."""
        table = knobs()  # of a stage that was registered anew, some may be gone
        kept = {name: v for name, v in self._changed if name in CHOICES or name in table}
        return Experiment(**(kept | choices))

    def to_dict(self) -> dict[str, Any]:
        """Every choice and every knob in use, as plain values; `from_dict` reads it back.

        Raises ValueError where a slot holds an instance whose class has no registered name.
        """
        for slot in CHOICES:
            for choice in self._values[slot] if TABLE[slot].many else (self._values[slot],):
                if not isinstance(choice, str):
                    raise ValueError(
                        f"{slot}={choice!r}: has no name to be written down; "
                        "call fp.register(its class, 'a-name') first"
                    )
        table = knobs()
        used = [*CHOICES, *self.active_knobs(), *(n for n, _ in self._changed if n in table)]
        return {"version": VERSION} | {
            name: list(v) if isinstance(v := getattr(self, name), tuple) else v for name in used
        }

    @classmethod
    def from_dict(cls, given: Mapping[str, Any]) -> Experiment:
        """The experiment of a dict; ValueError for an unknown key, version or value."""
        if not isinstance(given, Mapping):
            raise ValueError(f"experiment={short(given)}: must be a dict, as to_dict() writes it")
        values = dict(given)
        version = values.pop("version", VERSION)
        if isinstance(version, bool) or not isinstance(version, int) or version > VERSION:
            raise ValueError(
                f"version={short(version)}: this fedplay reads experiments up to {VERSION}"
            )
        exp = cls(**values)
        return _weighed_as_before(exp) if "version" in given and "weights" not in given else exp

    def to_json(self) -> str:
        return json.dumps(self.to_dict(), indent=1, ensure_ascii=False, allow_nan=False)

    @classmethod
    def from_json(cls, text: str | bytes) -> Experiment:
        """The experiment in a JSON text from anywhere; one sentence where it is not one."""
        return cls.from_dict(untrusted.json_object(text))

    def to_token(self) -> str:
        """A short text for a link, at most 4 kB; ValueError for data that are not built in."""
        _built_in(self._values["data"])
        return untrusted.encode_token(self.to_dict())

    @classmethod
    def from_token(cls, token: str) -> Experiment:
        """The experiment of a link; one sentence where it is not one."""
        values = untrusted.decode_token(token)
        _built_in(values.get("data"))
        return cls.from_dict(values)

    def cost(self) -> Cost:
        """What a run would take, known before anything is allocated."""
        return estimate(self)

    # --- what does not go together ------------------------------------------------------------

    def _refuse(self) -> None:
        """ValueError where choices that are fine on their own do not go together."""
        numbers = NUMBERS[self.dtype]
        if self.learning_rate < LEAST[self.dtype]:
            other = "" if self.dtype == "float64" else "; choose dtype='float64'"
            raise ValueError(
                f"learning_rate={short(self.learning_rate)}: must be at least "
                f"{LEAST[self.dtype]:.3g} with dtype={self.dtype!r}, in which smaller numbers are "
                f"as good as 0{other}"
            )
        for layer in self.layers:
            layer.check(self.stage("schedule").expected(self.clients), numbers)
            for slot, (name, why) in layer.requires().items():
                if self._values[slot] not in ("auto", name):
                    raise ValueError(
                        f"{slot}={self.chosen(slot)!r}: the channel needs {slot}={name!r} here, "
                        f"because {why}"
                    )
            if layer.protects and self.stage("algorithm").without_privacy:
                raise ValueError(
                    f"algorithm={self.chosen('algorithm')!r}: does not go with clipping or noise, "
                    f"because {self.stage('algorithm').without_privacy}"
                )
            if layer.linear_only and not self.stage("aggregate").linear:
                raise ValueError(
                    f"aggregate={self.chosen('aggregate')!r}: does not add up messages, "
                    f"but the channel layer {registry.name_of(layer)!r} needs a sum"
                )
        fixed = self.stage("aggregate").weighs
        if fixed and self.weights not in ("paper", fixed):
            raise ValueError(
                f"weights={self.weights!r}: must be 'paper' or {fixed!r} with "
                f"aggregate={self.chosen('aggregate')!r}, which noise needs and which counts every "
                "client once"
            )
        self.stage("algorithm").check(self.learning_rate)
        self.stage("personal").check(self.learning_rate)
        if self.stage("algorithm").plain_server and self.chosen("server") != "sgd":
            raise ValueError(
                f"server={self.chosen('server')!r}: must be 'sgd' with "
                f"algorithm={self.chosen('algorithm')!r}, which has several models to step"
            )
        if self.stage("personal").needs_global and self.stage("algorithm").keeps:
            raise ValueError(
                f"personal={self.chosen('personal')!r}: needs a global model for all, but with "
                f"algorithm={self.chosen('algorithm')!r} each client has "
                f"{self.stage('algorithm').keeps} of its own"
            )
        source = self.source
        if isinstance(source, Arrays) or (isinstance(source, TableFile) and not source.present):
            return  # a Federation of one's own comes with the run; a file is asked for by it
        n, d, C = source.shape()
        self.stage("algorithm").fits(self.stage("model").bind(d, C).spans)
        partition: Partition = self.stage("partition")
        partition.check(pool_size(n, source.test_fraction), C, self.clients, source.sites())
        check_shift(self.stage("shift"), source, partition)


def _choice(slot: str, value: Any) -> tuple[Any, dict[str, Any]]:
    """A slot's checked choice, and the knob values that an instance brings along."""
    known = TABLE[slot]
    if known.auto and isinstance(value, str) and value == "auto":
        return (known.auto if known.many else "auto"), {}
    if not known.many:
        return _one_choice(slot, value)
    if not isinstance(value, (list, tuple)) or len(value) > 20:
        raise ValueError(f"{slot}={short(value)}: must be a list of up to 20 layers")
    names: list[Any] = []
    knob_values: dict[str, Any] = {}
    for item in value:
        name, own = _one_choice(slot, item)
        if name in names:
            raise ValueError(f"{slot}: {name!r} is there twice")
        names.append(name)
        knob_values |= own
    return tuple(names), knob_values


def _one_choice(slot: str, value: Any) -> tuple[Any, dict[str, Any]]:
    if isinstance(value, str):
        if slot == "data" and value.startswith("csv:"):
            TableFile(value)
        elif value not in registry.SLOTS[slot]:
            auto = ["auto"] if TABLE[slot].auto and not TABLE[slot].many else []
            raise one_of(slot, value, [*auto, *registry.SLOTS[slot]])
        return value, {}
    if getattr(type(value), "slot", None) != slot:
        raise one_of(slot, value, registry.SLOTS[slot])
    if isinstance(value, TableFile):
        return value.key, {}
    name = registry.name_of(value)
    return (value, {}) if name is None else (name, registry.values_of(value))


def _built_in(data: Any) -> None:
    """ValueError for data that only the machine they are on can have."""
    if isinstance(data, str) and (data.startswith("csv:") or data == "arrays"):
        raise ValueError(
            f"data={short(data)}: a link carries the names of built-in data only; "
            "share the file and the JSON instead"
        )


def _weighed_as_before(exp: Experiment) -> Experiment:
    """What a file or link means that was written before there was a choice of weights.

    Some methods then counted clients by examples though their papers do not, and what was run with
    them shall come out again.
    """
    algorithm = exp.stage("algorithm")
    once = exp.chosen("algorithm") in ("fedrep", "ifca", "perfedavg", "pfedme")
    before = "examples" if once else algorithm.weighs
    if exp.weighting == before or exp.stage("aggregate").weighs:
        return exp
    return exp.replace(weights=before)


def _made(slot: str, choice: Any, values: dict[str, Any]) -> Any:
    if not isinstance(choice, str):
        return choice
    if slot == "data" and choice.startswith("csv:"):
        return TableFile(choice)
    return registry.make(slot, choice, values)


def _rebuild(changed: dict[str, Any]) -> Experiment:
    return Experiment(**changed)


def _unknown(name: str, known: Mapping[str, Any]) -> str:
    close = difflib.get_close_matches(str(name), list(known), 1)
    hint = f"; did you mean {close[0]!r}?" if close else ""
    return f"{short(str(name))}: an experiment has no such knob{hint}"


def _signature() -> inspect.Signature:
    """What help() and the Tab key show: every slot and knob with its default."""

    def parameters() -> Iterator[inspect.Parameter]:
        for name, default in (CHOICES | {n: k.default for n, k in knobs().items()}).items():
            yield inspect.Parameter(name, inspect.Parameter.KEYWORD_ONLY, default=default)

    return inspect.Signature(list(parameters()))


Experiment.__signature__ = _signature()  # type: ignore[attr-defined]
