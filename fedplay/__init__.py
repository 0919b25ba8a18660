"""fedplay: play with a real federation.

    import fedplay as fp
    history = fp.run(fp.Experiment(clients=20, alpha=0.1))
    history.plot()

Names are loaded when they are first used, so importing fedplay costs little more than numpy, and
neither matplotlib nor the widgets are touched by a script that only computes.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

__version__ = "0.1.0"

_WHERE = {
    "Experiment": "fedplay.experiment",
    "History": "fedplay.engine",
    "Round": "fedplay.engine",
    "rounds": "fedplay.engine",
    "run": "fedplay.engine",
    "Federation": "fedplay.data",
    "load_csv": "fedplay.data",
    "Limit": "fedplay.cost",
    "Playground": "fedplay.widgets",
    "Algorithm": "fedplay.stages",
    "Correction": "fedplay.stages",
    "knob": "fedplay.knobs",
    "register": "fedplay.registry",
}

__all__ = [
    "Algorithm",
    "Correction",
    "Experiment",
    "Federation",
    "History",
    "Limit",
    "Playground",
    "Round",
    "knob",
    "load_csv",
    "register",
    "rounds",
    "run",
]

if TYPE_CHECKING:
    from fedplay.cost import Limit
    from fedplay.data import Federation, load_csv
    from fedplay.engine import History, Round, rounds, run
    from fedplay.experiment import Experiment
    from fedplay.knobs import knob
    from fedplay.registry import register
    from fedplay.stages import Algorithm, Correction
    from fedplay.widgets import Playground


def __getattr__(name: str) -> Any:
    if name not in _WHERE:
        raise AttributeError(f"module 'fedplay' has no attribute {name!r}")
    value = getattr(importlib.import_module(_WHERE[name]), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *_WHERE})
