"""Server optimisers: the step along the aggregated update."""

from fedplay.registry import register
from fedplay.stages.server.adaptive import Adagrad, Adam, Yogi
from fedplay.stages.server.momentum import Momentum
from fedplay.stages.server.sgd import SGD

register(SGD, "sgd")
register(Momentum, "momentum")
register(Adagrad, "adagrad")
register(Adam, "adam")
register(Yogi, "yogi")
