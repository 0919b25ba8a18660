"""Server optimisers: the step along the aggregated update."""

from fedplay.registry import register
from fedplay.stages.server.sgd import SGD

register(SGD, "sgd")
