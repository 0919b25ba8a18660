"""Schedules: who takes part, and when."""

from fedplay.registry import register
from fedplay.stages.schedule.poisson import Poisson
from fedplay.stages.schedule.uniform import Uniform

register(Uniform, "uniform")
register(Poisson, "poisson")
