"""`Experiment`: the name chosen for each slot and the value of every knob, frozen and validated.

It is the only thing that controls edit, links carry and files hold. Two experiments are equal when
they describe the same run.
"""

from __future__ import annotations

import inspect
import json
from collections.abc import Iterator, Mapping
from typing import Any

from fedplay import registry, untrusted
from fedplay.cost import Cost, estimate
from fedplay.data import Source, TableFile
from fedplay.experiment.choices import CHOICES, checked_choice, knobs, made, unknown
from fedplay.experiment.combinations import check_combination
from fedplay.experiment.training import Training
from fedplay.knobs import Knob, knobs_of, short
from fedplay.slots import TABLE
from fedplay.stages.base import Layer

VERSION = 1  # of the dict, JSON and link forms


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
                values[name], own = checked_choice(name, value)
                values |= own
            elif name in table:
                values[name] = table[name].check(value)
            else:
                raise ValueError(unknown(name, values))
        object.__setattr__(self, "_values", values)
        changed = ((k, v) for k, v in values.items() if v != defaults[k])
        object.__setattr__(self, "_changed", tuple(sorted(changed, key=lambda kv: kv[0])))
        check_combination(self)

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
        lines, made = ["import fedplay as fp", ""], f"exp = fp.{self!r}"
        loaded = self.source.to_python()
        if loaded:
            lines.append(f"data = {loaded}")
            made = made.replace(f"data={self.data!r}", "data=data", 1)
        lines += [made, "history = fp.run(exp)"]
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
        return made(slot, choice, self._values)

    def stages(self, slot: str) -> tuple[Any, ...]:
        """Every stage in a slot: one, or all layers of the channel, idle ones among them."""
        if not TABLE[slot].many:
            return (self.stage(slot),)
        return tuple(made(slot, choice, self._values) for choice in self._values[slot])

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
        return {"version": VERSION} | {name: _listed(getattr(self, name)) for name in used}

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


def _listed(value: Any) -> Any:
    """A value with lists for tuples, also for those in them, as JSON has it."""
    return [_listed(one) for one in value] if isinstance(value, tuple) else value


def _rebuild(changed: dict[str, Any]) -> Experiment:
    return Experiment(**changed)


def _signature() -> inspect.Signature:
    """What help() and the Tab key show: every slot and knob with its default."""

    def parameters() -> Iterator[inspect.Parameter]:
        for name, default in (CHOICES | {n: k.default for n, k in knobs().items()}).items():
            yield inspect.Parameter(name, inspect.Parameter.KEYWORD_ONLY, default=default)

    return inspect.Signature(list(parameters()))


Experiment.__signature__ = _signature()  # type: ignore[attr-defined]
