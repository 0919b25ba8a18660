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
    "Comparison": "fedplay.studies.comparison",
    "Experiment": "fedplay.experiment",
    "History": "fedplay.engine",
    "Round": "fedplay.engine",
    "clients": "fedplay.inspect.client_table",
    "compare": "fedplay.studies.compare",
    "newcomer": "fedplay.studies.newcomer",
    "plot": "fedplay.plots.view",
    "rounds": "fedplay.engine",
    "run": "fedplay.engine",
    "Federation": "fedplay.data",
    "load_csv": "fedplay.data",
    "Limit": "fedplay.cost",
    "Measure": "fedplay.engine.measures",
    "class_accuracy": "fedplay.engine.measures",
    "Outcome": "fedplay.stages",
    "Playground": "fedplay.playground.playground",
    "Hit": "fedplay.views.scene",
    "Intent": "fedplay.views.scene",
    "View": "fedplay.views.base",
    "Algorithm": "fedplay.stages",
    "Correction": "fedplay.stages",
    "METHODS": "fedplay.methods",
    "Method": "fedplay.methods",
    "LABS": "fedplay.labs",
    "Lab": "fedplay.labs",
    "PRESETS": "fedplay.labs",
    "Step": "fedplay.labs",
    "check_algorithm": "fedplay.check",
    "check_view": "fedplay.check.views",
    "code": "fedplay.lessons.source",
    "exercise": "fedplay.lessons.exercises",
    "predict": "fedplay.playground.predict",
    "knob": "fedplay.knobs",
    "register": "fedplay.registry",
}

__all__ = [
    "LABS",
    "METHODS",
    "PRESETS",
    "Algorithm",
    "Comparison",
    "Correction",
    "Experiment",
    "Federation",
    "History",
    "Hit",
    "Intent",
    "Lab",
    "Limit",
    "Measure",
    "Method",
    "Outcome",
    "Playground",
    "Round",
    "Step",
    "View",
    "check_algorithm",
    "check_view",
    "class_accuracy",
    "clients",
    "code",
    "compare",
    "exercise",
    "knob",
    "load_csv",
    "newcomer",
    "plot",
    "predict",
    "register",
    "rounds",
    "run",
]

if TYPE_CHECKING:
    from fedplay.check import check_algorithm
    from fedplay.check.views import check_view
    from fedplay.cost import Limit
    from fedplay.data import Federation, load_csv
    from fedplay.engine import History, Round, rounds, run
    from fedplay.engine.measures import Measure, class_accuracy
    from fedplay.experiment import Experiment
    from fedplay.inspect.client_table import clients
    from fedplay.knobs import knob
    from fedplay.labs import LABS, PRESETS, Lab, Step
    from fedplay.lessons.exercises import exercise
    from fedplay.lessons.source import code
    from fedplay.methods import METHODS, Method
    from fedplay.playground.playground import Playground
    from fedplay.playground.predict import predict
    from fedplay.plots.view import plot
    from fedplay.registry import register
    from fedplay.stages import Algorithm, Correction, Outcome
    from fedplay.studies.compare import compare
    from fedplay.studies.comparison import Comparison
    from fedplay.studies.newcomer import newcomer
    from fedplay.views.base import View
    from fedplay.views.scene import Hit, Intent


def __getattr__(name: str) -> Any:
    if name not in _WHERE:
        raise AttributeError(f"module 'fedplay' has no attribute {name!r}")
    value = getattr(importlib.import_module(_WHERE[name]), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *_WHERE})
