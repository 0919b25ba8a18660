"""Personalisation: a model of each client's own beside the shared one."""

from fedplay.registry import register
from fedplay.stages.personal.ditto import Ditto
from fedplay.stages.personal.finetune import Finetune
from fedplay.stages.personal.given import AsGiven
from fedplay.stages.personal.mixtures import APFL, Interpolation

register(Finetune, "finetune")
register(Ditto, "ditto")
register(APFL, "apfl")
register(Interpolation, "interpolation")
register(AsGiven, "none")
