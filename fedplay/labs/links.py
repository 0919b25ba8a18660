"""A lab in a link, with the step that is open and the experiment in force."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

from fedplay import untrusted
from fedplay.experiment import Experiment
from fedplay.knobs import short
from fedplay.labs import LABS, Lab, lab_of

VERSION = 1


class Opened(NamedTuple):
    """A lab, the place of its step, and the experiment in force; None for the step's own."""

    lab: Lab
    at: int = 0
    experiment: Experiment | None = None


def token_of(opened: Opened) -> str:
    """A short text for a link; ValueError where the lab is too long for one.

    A lab that comes with fedplay travels by its name, any other one as a whole.
    """
    lab, at, exp = opened
    own = lab.to_dict()["lab"] if lab not in LABS else lab.name
    said: dict[str, Any] = {"version": VERSION, "lab": own, "step": at + 1}
    if exp is not None and not (lab.steps and lab.steps[at].experiment == exp):
        Experiment.from_token(exp.to_token())  # ValueError for data that are not built in
        said["experiment"] = exp.to_dict()
    return untrusted.encode_token(said)


def opened_by(text: str) -> Opened | None:
    """What a token or a JSON text opens, from anywhere; None where it is about no lab.

    ValueError in one sentence for what is damaged, or for a lab that cannot be.
    """
    said = untrusted.json_object(text) if text.startswith("{") else untrusted.decode_token(text)
    return _opened(said) if "lab" in said else None


def _opened(said: Mapping[str, Any]) -> Opened:
    known = {"version", "lab", "step", "experiment"}
    if odd := said.keys() - known:
        raise ValueError(f"lab: this fedplay does not know {short(sorted(odd))}")
    given, version = said["lab"], said.get("version", VERSION)
    if isinstance(given, str):
        lab = lab_of(given)
    else:
        lab = Lab.from_dict({"lab": given, "version": version})
    step = said.get("step", 1)
    at = lab.step(step) if lab.steps else 0
    exp = said.get("experiment")
    if exp is not None and not isinstance(exp, Mapping):
        raise ValueError(f"experiment={short(exp)}: must be an object of knobs and values")
    return Opened(lab, at, None if exp is None else Experiment.from_dict(exp))
