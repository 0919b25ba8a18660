"""Schedules: which clients take part in each round."""

from fedplay.registry import register
from fedplay.stages.schedule.poisson import Poisson
from fedplay.stages.schedule.uniform import Uniform

register(Uniform, "uniform")
register(Poisson, "poisson")
