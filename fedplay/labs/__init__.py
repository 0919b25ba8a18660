"""Labs: what is on the screen, and when. A new one is a file and a line here."""

from __future__ import annotations

from collections.abc import Iterator

from fedplay.arguments import word
from fedplay.experiment import Experiment
from fedplay.knobs import short
from fedplay.labs import (
    bench,
    clients_differ,
    drift,
    one_round,
    own_model,
    privacy,
    several_models,
    two_minutes,
    who_takes_part,
    your_data,
)
from fedplay.labs.free import FREE
from fedplay.labs.lab import Lab, Step

__all__ = ["FREE", "LABS", "PRESETS", "Lab", "Step", "enter", "known", "lab_of", "named", "step_of"]

# In the order in which a teacher would go.
LABS: tuple[Lab, ...] = (
    two_minutes.LAB,
    one_round.LAB,
    clients_differ.LAB,
    drift.LAB,
    who_takes_part.LAB,
    own_model.LAB,
    several_models.LAB,
    privacy.LAB,
    your_data.LAB,
    bench.LAB,
)
PRESETS: tuple[Step, ...] = tuple(step for lab in LABS for step in lab.steps)
_OWN: dict[str, Lab] = {}  # registered by somebody, by their names


def known() -> tuple[Lab, ...]:
    """Every lab that a menu offers: those that come with fedplay, then those registered."""
    return (*LABS, *_OWN.values())


def enter(lab: Lab, name: str = "") -> None:
    """Register a lab; ValueError for the name of one that comes with fedplay."""
    if name and name != lab.name:
        raise ValueError(f"name={short(name)}: a lab is registered under its own, {lab.name!r}")
    if lab.name in {one.name for one in (FREE, *LABS)}:
        raise ValueError(f"name={lab.name!r}: is that of a lab that comes with fedplay")
    _OWN[lab.name] = lab


def lab_of(name: str) -> Lab:
    """The lab of that name; ValueError lists what there is."""
    labs = {lab.name: lab for lab in (FREE, *known())}
    return labs[word("lab", name, labs)]


def step_of(name: str) -> tuple[Lab, int]:
    """The lab that has a step of that name, and the step's place in it."""
    found = {step.name: (lab, at) for lab, at, step in _steps()}
    return found[word("step", name, found)]


def named(exp: Experiment) -> str:
    """What the first step with this experiment is called; "" where there is none."""
    return next((step.name for step in PRESETS if step.experiment == exp), "")


def _steps() -> Iterator[tuple[Lab, int, Step]]:
    for lab in reversed(known()):  # of two steps of one name that of the first lab counts
        for at, step in enumerate(lab.steps):
            yield lab, at, step
