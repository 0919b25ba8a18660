"""Blame for an error in a run: the user's own algorithm, or fedplay."""

from __future__ import annotations

import logging
from typing import Any

from fedplay.engine.measures import OWN
from fedplay.experiment import Experiment
from fedplay.slots import TABLE

LOG = logging.getLogger("fedplay")


def why(error: Exception, exp: Experiment, *others: Any) -> str:
    """The sentence for an error in a run, or in the functions `others` called for it.

    Where none of its stages, its measures and the others is somebody's own, it is a fault of ours:
    then it goes to the log of the kernel as well, with its traceback.
    """
    words = str(error) or type(error).__name__
    theirs = any(not _ours(part) for part in (*(m.of for m in OWN.values()), *others))
    if not isinstance(error, ValueError) and built_in(exp) and not theirs:
        LOG.error("a fault of fedplay's own, in %r: %s", exp, words, exc_info=error)
    return words


def built_in(exp: Experiment) -> bool:
    """Whether all of an experiment's stages are built in."""
    return all(_ours(type(stage)) for slot in TABLE for stage in exp.stages(slot))


def _ours(part: Any) -> bool:
    return str(getattr(part, "__module__", "")).startswith("fedplay.")
