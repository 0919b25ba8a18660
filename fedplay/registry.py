"""What can be chosen: a dict a slot, from a name to the frozen dataclass that carries it out.

The slots themselves are those of `fedplay.slots`. Built-in entries are registered by the `__init__`
of their folder, one line each; `register` takes a user's own just the same.
"""

from __future__ import annotations

import dataclasses
from typing import Any, NamedTuple, TypeVar

from fedplay.knobs import Knob, knobs_of, one_of, short
from fedplay.slots import NOTHING, TABLE, bare

SLOTS: dict[str, dict[str, type]] = {slot: {} for slot in TABLE}

ABOUT = ("title", "about", "source")  # what a class says of itself

T = TypeVar("T")


class About(NamedTuple):
    """What a person reads about a choice: its proper name, one sentence, and where it is from."""

    title: str
    sentence: str
    source: str = ""


def register(what: T, name: str = "") -> T:
    """Make a stage, a view or a measure of one's own known under a name.

    what: a stage (a frozen dataclass whose base class names its slot) is then selectable as `name`;
          a subclass of `fedplay.View` becomes a tab, a `fedplay.Measure` a curve, each by default
          under the name that it has itself

    What has the name already is replaced, where it is not built in: a notebook cell may be run
    again. ValueError with one sentence for what cannot be registered.
    """
    enter = getattr(what, "registered_as", None)
    if enter is not None:
        enter(name)
    else:
        SLOTS[check_entry(what, name)][name] = what  # type: ignore[arg-type, assignment]
    return what


def check_name(name: object) -> str:
    """A name as a person may type it; ValueError for any other."""
    if not isinstance(name, str):
        raise ValueError(f"name={short(name)}: must be a text")
    if not (name.replace("-", "").replace("_", "").isalnum() and len(name) <= 40):
        raise ValueError(f"name={name!r}: must be up to 40 letters, digits, hyphens, underscores")
    return name


def check_entry(cls: type, name: str) -> str:
    """The slot that `cls` could be registered in as `name`, or a ValueError that says why not."""
    if not isinstance(cls, type):
        raise ValueError(f"register: wants a class first, not {short(cls)}")
    if not isinstance(name, str):
        raise ValueError(f"name={short(name)}: must be a text")
    slot = getattr(cls, "slot", None)
    if slot not in SLOTS:
        raise ValueError(f"{cls.__name__}: must inherit from the base class of a slot")
    params = getattr(cls, "__dataclass_params__", None)
    if params is None or not params.frozen:
        raise ValueError(f"{cls.__name__}: must be decorated with @dataclass(frozen=True)")
    check_name(name)
    for attribute in ABOUT:
        if not isinstance(said := vars(cls).get(attribute, ""), str):
            raise ValueError(f"{cls.__name__}.{attribute}={short(said)}: must be a text")
    known = all_knobs()
    for knob_name, knob in knobs_of(cls).items():
        if knob_name in SLOTS:
            raise ValueError(f"{cls.__name__}.{knob_name}: is the name of a slot")
        if knob_name in known and known[knob_name] != knob:
            replaced = SLOTS[slot].get(name)  # a notebook cell that is run again
            if replaced is None or knob_name not in knobs_of(replaced):
                raise ValueError(
                    f"{cls.__name__}.{knob_name}: a knob of this name exists already; "
                    "use shared(Owner, name) for the same knob, or another name"
                )
    return slot


def all_knobs() -> dict[str, Knob]:
    """Every knob of every registered stage, by name."""
    return {
        name: knob
        for entries in SLOTS.values()
        for cls in entries.values()
        for name, knob in knobs_of(cls).items()
    }


def lookup(slot: str, name: Any) -> type:
    """The class registered as `name`, or a ValueError that lists what there is."""
    if not isinstance(name, str) or name not in SLOTS[slot]:
        raise one_of(slot, name, SLOTS[slot])
    return SLOTS[slot][name]


def name_of(stage: Any) -> str | None:
    """The registered name of an instance's class, or None for a class nobody registered."""
    entries = SLOTS[type(stage).slot]
    return next((name for name, cls in entries.items() if cls is type(stage)), None)


def values_of(stage: Any) -> dict[str, Any]:
    """The knob values of an instance."""
    return {name: getattr(stage, name) for name in knobs_of(stage)}


def make(slot: str, name: str, values: dict[str, Any]) -> Any:
    """An instance of the named stage, its knobs taken from `values` where they are there."""
    cls: Any = lookup(slot, name)
    return cls(**{f.name: values[f.name] for f in dataclasses.fields(cls) if f.name in values})


def about(slot: str, choice: Any) -> About:
    """What there is to read about a choice in a slot: a name, a tuple of layers, an instance.

    A class that says nothing of itself has its name, and the first line of its docstring.

    >>> about("channel", ()).sentence
    'Every message reaches the server as it was sent.'
    """
    known = TABLE[slot]
    choice = (
        getattr(choice, "key", choice) if slot == "data" else choice
    )  # of a file, as one names it
    if known.auto and (choice == "auto" or (known.many and choice == known.auto)):
        return About("Automatic", known.automatic)
    if isinstance(choice, tuple):
        if not choice:
            return About("None", NOTHING)
        each = [about(slot, one) for one in choice]
        sources = dict.fromkeys(one.source for one in each if one.source)
        return About(
            " + ".join(one.title for one in each),
            " ".join(one.sentence for one in each),
            "; ".join(sources),
        )
    if isinstance(choice, str) and choice.startswith("csv:"):
        return About(bare(choice), "A table of your own, which stays on this computer.")
    cls = lookup(slot, choice) if isinstance(choice, str) else type(choice)
    title, sentence, source = (vars(cls).get(name, "") for name in ABOUT)
    named = choice if isinstance(choice, str) else name_of(choice) or cls.__name__
    return About(title or named, sentence or _first_line(cls), source)


def _first_line(cls: type) -> str:
    """The first line of a class's own docstring; empty without one."""
    text = (vars(cls).get("__doc__") or "").strip()
    by_itself = text.startswith(f"{cls.__name__}(")  # which a dataclass writes
    return "" if by_itself or not text else str(text.splitlines()[0])
