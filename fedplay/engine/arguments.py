"""What public functions are given, checked: whoever mixes it up is told what goes where."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import Any

from fedplay.cost import Limit
from fedplay.data import Federation
from fedplay.experiment import Experiment
from fedplay.knobs import short


def check_given(function: str, exp: Any, federation: Any = None, limit: Any = None) -> None:
    """ValueError unless these are an Experiment, a Federation (or None) and a Limit (or None)."""
    if not isinstance(exp, Experiment):
        raise ValueError(
            f"{function}: wants an Experiment first, not {_named(exp)}{_hint(function, exp)}"
        )
    if federation is not None and not isinstance(federation, Federation):
        raise ValueError(
            f"{function}: federation must be a Federation, not {_named(federation)}; "
            "fp.Federation.from_arrays makes one of your own data"
        )
    if limit is not None and not isinstance(limit, Limit):
        raise ValueError(f"{function}: limit must be a Limit, not {_named(limit)}")


def _named(thing: Any) -> str:
    """What something is, in a few words."""
    if thing is None or isinstance(thing, (str, bytes, int, float, os.PathLike)):
        return short(thing)
    if isinstance(thing, type):
        return f"the class {thing.__name__} itself"
    name = type(thing).__name__
    return f"{'an' if name[0] in 'AEIOUaeiou' else 'a'} {name}"


def _hint(function: str, thing: Any) -> str:
    """How to come by an Experiment from what was given instead, as a clause; else nothing."""
    if isinstance(thing, Federation):
        return f"; a Federation goes beside it: fp.{function}(exp, federation=federation)"
    if isinstance(thing, Mapping):
        return "; fp.Experiment.from_dict(...) makes one of a dict"
    if isinstance(thing, (str, bytes)):
        return "; fp.Experiment.from_json(...) makes one of a JSON text, from_token(...) of a link"
    if isinstance(thing, os.PathLike):
        return "; fp.Experiment.from_json(path.read_text()) makes one of a file"
    if isinstance(getattr(thing, "experiment", None), Experiment):
        return "; its .experiment is one"
    return "; fp.Experiment() makes one"
