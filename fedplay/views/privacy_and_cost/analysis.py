"""Clipping, noise, ε and bytes of a run, known before it starts."""

from __future__ import annotations

import numpy as np

from fedplay.inspect.protection import Protection, update_protection
from fedplay.stages.footprint import footprint
from fedplay.views.scene import Scene


def protection_of(scene: Scene) -> Protection:
    """The protection of the updates in a scene."""
    fed = scene.federation
    network = scene.exp.stage("model").bind(fed.d, fed.C)
    return update_protection(scene.exp, network.P, network.spans)


def journey(scene: Scene) -> tuple[float, float]:
    """The bytes that one client sends in a round, and those that it is sent."""
    exp, fed = scene.exp, scene.federation
    network = exp.stage("model").bind(fed.d, fed.C)
    travels = footprint(exp.stage("algorithm"), network.P, network.spans)
    item = np.dtype(exp.dtype).itemsize
    return travels.wire(exp.layers, item), float(travels.down * item)
