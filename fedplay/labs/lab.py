"""`Lab`: one question, the few knobs and views that answer it, and a walk of some steps.

A lab is data. It says nothing that an experiment, a knob or a view does not say already, so a
teacher writes one in ten lines:

>>> lab = Lab(
...     title="Unequal hospitals",
...     question="Who gains when hospitals of different size join?",
...     knobs=["clients", "quantity_beta"],
...     views=["clients"],
...     steps=[Step("Ten sizes", Experiment(partition="quantity"), see="Sizes differ tenfold.")],
... )
>>> lab.name
'unequal-hospitals'
>>> Lab.from_json(lab.to_json()) == lab
True
"""

from __future__ import annotations

import json
import re
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, fields
from typing import Any

from fedplay import untrusted
from fedplay.arguments import whole
from fedplay.experiment import CHOICES, Experiment, knobs
from fedplay.files import AnyPath, write_whole
from fedplay.knobs import short
from fedplay.words import CURVES

VERSION = 1  # of the dict, JSON and link forms
KNOBS, VIEWS, STEPS = 6, 4, 12  # at most, of one lab
FEW = ("mean", "clients")  # the curves beside the global model's where a lab names none
WORDS = {"name": 40, "title": 60, "question": 160, "story": 400, "guess": 200}  # letters, at most
TOLD = {"name": 40, "see": 240, "do": 140, "why": 400}  # of a step
# What "Do it" may do beside turning knobs, and what its value must be.
GESTURES = {"view": str, "every_value": str, "client": int, "round": int, "play": bool, "pin": bool}


@dataclass(frozen=True)
class Step:
    """One experiment that shows one thing, and what to try on it.

    name:       on the screen, at most 40 letters
    experiment: what is in force when the step is opened
    see:        what one sees; plain text, at most 240 letters
    do:         what to try, at most 140 letters; "" for nothing
    change:     what the button "Do it" does: knobs and slots with their values, or one of "view",
                "every_value", "client", "round", "play" and "pin"
    why:        why it is so, and where that comes from, at most 400 letters
    view:       what to open beside the curves; "" for the lab's first view
    good:       whether it is an example of what goes well, of what goes badly, or neither (None)
    start:      whether it is opened before round 1, so that there is something to play
    """

    name: str
    experiment: Experiment = field(default_factory=Experiment)
    see: str = ""
    do: str = ""
    change: Mapping[str, Any] | tuple[tuple[str, Any], ...] = ()
    why: str = ""
    view: str = ""
    good: bool | None = None
    start: bool = False

    def __post_init__(self) -> None:
        for name, most in TOLD.items():
            _text(f"step.{name}", getattr(self, name), most, needed=name == "name")
        if not isinstance(self.experiment, Experiment):
            raise ValueError(f"step.experiment={short(self.experiment)}: must be an Experiment")
        if self.good is not None and not isinstance(self.good, bool):
            raise ValueError(f"step.good={short(self.good)}: must be True, False or None")
        if not isinstance(self.start, bool):
            raise ValueError(f"step.start={short(self.start)}: must be True or False")
        if not isinstance(self.view, str):
            raise ValueError(f"step.view={short(self.view)}: must be the name of a view")
        given = self.change
        pairs = given.items() if isinstance(given, Mapping) else given
        try:
            object.__setattr__(self, "change", tuple((name, _plain(v)) for name, v in pairs))
        except (TypeError, ValueError):
            raise ValueError(
                f"step.change={short(given)}: must be a dict of knobs and values"
            ) from None
        self._check_change()

    def _check_change(self) -> None:
        for name, value in self.gestures.items():
            if type(value) is not GESTURES[name]:
                kind = GESTURES[name].__name__
                raise ValueError(f"step.change: {name}={short(value)}: must be a {kind}")
        for name in self.knobs:
            if name not in CHOICES and name not in knobs():
                raise ValueError(
                    f"step.change: {short(name)} is neither a knob nor a slot, nor one of "
                    f"{', '.join(GESTURES)}"
                )
        if self.knobs:
            self.experiment.replace(**self.knobs)  # ValueError where it cannot be

    @property
    def knobs(self) -> dict[str, Any]:
        """The knobs and slots that "Do it" turns."""
        return {name: value for name, value in dict(self.change).items() if name not in GESTURES}

    @property
    def gestures(self) -> dict[str, Any]:
        """What else "Do it" does."""
        return {name: value for name, value in dict(self.change).items() if name in GESTURES}

    def to_dict(self) -> dict[str, Any]:
        """As plain values; of the experiment only what differs from the defaults."""
        exp = self.experiment
        usual = CHOICES | {name: knob.default for name, knob in knobs().items()}
        every = [(name, value) for name, value in exp.to_dict().items() if name != "version"]
        own = {name: value for name, value in every if _plain(value) != usual[name]}
        told = {f.name: getattr(self, f.name) for f in fields(self) if f.name != "experiment"}
        kept = {name: value for name, value in told.items() if value not in ("", (), None, False)}
        kept |= {"good": False} if self.good is False else {}
        if self.change:
            given = dict(self.change)
            kept["change"] = {n: list(v) if isinstance(v, tuple) else v for n, v in given.items()}
        return {**kept, "experiment": own}


@dataclass(frozen=True)
class Lab:
    """One question, and what is on the screen to answer it.

    title, question: at most 60 and 160 letters
    steps:    a walk of up to twelve `Step`s; none is a screen without a walk
    knobs:    names of the knobs and slots in front, at most six; all others are behind a search
    views:    names of the views in front, at most four; all others are in the gallery
    curves:   the curves beside the global model's: some of "mean", "clients", "worst", "personal"
              and "alone"; all others can be switched on
    guess:    a question about the global model's end, asked before the step `guess_at` is shown
    guess_at: the number of that step, from 1; by default the last one
    story:    what the lab is about, in two or three sentences
    name:     in `Playground(lab=...)`, links and files; by default made of the title

    ValueError in one sentence for what is too long, unknown or of another kind. Whether there are
    views of these names is checked where the lab is opened.
    """

    title: str
    question: str
    steps: Sequence[Step] = ()
    knobs: Sequence[str] = ()
    views: Sequence[str] = ()
    guess: str = ""
    story: str = ""
    guess_at: int = 0
    curves: Sequence[str] = FEW
    name: str = ""

    def __post_init__(self) -> None:
        for name, most in WORDS.items():
            _text(name, getattr(self, name), most, needed=name in ("title", "question"))
        if not self.name:
            object.__setattr__(self, "name", _slug(self.title))
        if not re.fullmatch(r"[a-z0-9]+(-[a-z0-9]+)*", self.name):
            raise ValueError(f"name={short(self.name)}: must be small letters, digits and hyphens")
        lists = (("steps", STEPS), ("knobs", KNOBS), ("views", VIEWS), ("curves", len(CURVES)))
        for name, most in lists:
            object.__setattr__(self, name, _several(name, getattr(self, name), most))
        self._check()

    def _check(self) -> None:
        for step in self.steps:
            if not isinstance(step, Step):
                raise ValueError(f"steps: {short(step)} must be a Step")
        names = [step.name for step in self.steps]
        for name in names:
            if names.count(name) > 1:
                raise ValueError(f"steps: two are called {name!r}")
        for name in self.knobs:
            if name not in CHOICES and name not in knobs():
                raise ValueError(f"knobs: {short(name)} is neither a knob nor a slot")
        for name in self.views:
            if not isinstance(name, str):
                raise ValueError(f"views: {short(name)} must be the name of a view")
        for name in self.curves:
            if name not in CURVES:
                raise ValueError(f"curves: {short(name)} is none of {', '.join(CURVES)}")
        at = whole("guess_at", self.guess_at, 0, max(len(self.steps), 0))
        object.__setattr__(self, "guess_at", at or (len(self.steps) if self.guess else 0))

    def step(self, which: int | str) -> int:
        """The place of a step, from 0, by its number from 1 or its name."""
        names = [step.name for step in self.steps]
        if isinstance(which, str):
            if which not in names:
                raise ValueError(f"step={short(which)}: must be one of {names}")
            return names.index(which)
        return whole("step", which, 1, len(names)) - 1

    # --- travelling -----------------------------------------------------------------------------

    def registered_as(self, name: str = "") -> None:
        """Become a lab of every menu from now on; `fp.register` calls it."""
        from fedplay.labs import enter  # which knows every lab

        enter(self, name)

    def to_dict(self) -> dict[str, Any]:
        """As plain values; `from_dict` reads it back."""
        kept = {f.name: v for f in fields(self) if (v := getattr(self, f.name)) != f.default}
        kept |= {n: list(kept[n]) for n in ("knobs", "views", "curves") if n in kept}
        if self.steps:
            kept["steps"] = [step.to_dict() for step in self.steps]
        return {"version": VERSION, "lab": kept}

    @classmethod
    def from_dict(cls, given: Mapping[str, Any]) -> Lab:
        """The lab of a dict; ValueError in one sentence for anything else."""
        if not isinstance(given, Mapping) or not isinstance(given.get("lab"), Mapping):
            raise ValueError('lab: must be an object with a key "lab", as to_json() writes it')
        if (odd := given.keys() - {"lab", "version"}) or given.get("version", 1) != VERSION:
            what = short(sorted(odd)) if odd else f"version {short(given.get('version'))}"
            raise ValueError(f"lab: this fedplay does not know {what}")
        values = _known(cls, "lab", given["lab"])
        steps = _several("steps", values.get("steps", ()), STEPS)
        made = [_step(place, step) for place, step in enumerate(steps, 1)]
        return cls(**{**values, "steps": made})

    def to_json(self) -> str:
        return json.dumps(self.to_dict(), indent=1, ensure_ascii=False, allow_nan=False)

    @classmethod
    def from_json(cls, text: str | bytes) -> Lab:
        """The lab in a JSON text from anywhere; one sentence where it is none."""
        return cls.from_dict(untrusted.json_object(text))

    def to_token(self) -> str:
        """A short text for a link; ValueError where the lab is too long for one."""
        return untrusted.encode_token(self.to_dict())

    @classmethod
    def from_token(cls, token: str) -> Lab:
        """The lab of a link; one sentence where it is none."""
        return cls.from_dict(untrusted.decode_token(token))

    def save(self, path: AnyPath) -> None:
        """Write it to a file, to be handed out."""
        write_whole(path, self.to_json().encode())

    @classmethod
    def load(cls, path: AnyPath) -> Lab:
        """The lab of a file."""
        return cls.from_json(untrusted.file_bytes(path, untrusted.JSON_BYTES))


def _step(place: int, given: Any) -> Step:
    values = _known(Step, f"step {place}", given)
    experiment = values.pop("experiment", {})
    if not isinstance(experiment, Mapping):
        raise ValueError(f"step {place}: experiment must be an object of knobs and values")
    change = values.get("change", {})
    if not isinstance(change, Mapping):
        raise ValueError(f"step {place}: change must be an object of knobs and values")
    if "name" not in values:
        raise ValueError(f"step {place}: must have a name")
    try:
        return Step(experiment=Experiment.from_dict(experiment), **values)
    except ValueError as error:
        raise ValueError(f"step {place}: {error}") from None


def _known(cls: type, what: str, given: Any) -> dict[str, Any]:
    """The fields of a dataclass that are given; ValueError for a key that is none of them."""
    if not isinstance(given, Mapping):
        raise ValueError(f"{what}: must be an object, in braces")
    names = [f.name for f in fields(cls)]
    for name in given:
        if name not in names:
            raise ValueError(f"{what}: {short(name)} is none of {names}")
    if cls is Lab and (missing := {"title", "question"} - given.keys()):
        raise ValueError(f"{what}: must have a {sorted(missing)[0]}")
    return dict(given)


def _text(name: str, value: Any, most: int, *, needed: bool) -> None:
    if not isinstance(value, str) or len(value) > most or (needed and not value.strip()):
        least = "a text" if needed else "nothing or a text"
        raise ValueError(f"{name}={short(value)}: must be {least} of at most {most} letters")
    if any(unicodedata.category(letter) in ("Cc", "Cs", "Cn", "Co") for letter in value):
        raise ValueError(f"{name}={short(value)}: has letters that cannot be shown")


def _several(name: str, value: Any, most: int) -> tuple[Any, ...]:
    if isinstance(value, str) or not isinstance(value, Sequence) or len(value) > most:
        raise ValueError(f"{name}={short(value)}: must be a list of at most {most}")
    return tuple(value)


def _plain(value: Any) -> Any:
    """A value as an experiment holds it: a list becomes a tuple."""
    return tuple(value) if isinstance(value, list) else value


def _slug(title: str) -> str:
    """A title as a name: "Clients drift" is "clients-drift"; of other alphabets, "lab"."""
    plain = unicodedata.normalize("NFKD", title).encode("ascii", "ignore").decode().lower()
    return re.sub(r"[^a-z0-9]+", "-", plain).strip("-")[:40].strip("-") or "lab"
