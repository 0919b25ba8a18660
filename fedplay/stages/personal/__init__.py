"""Personalisation: a model of one's own beside the shared one."""

from fedplay.registry import register
from fedplay.stages.personal.finetune import Finetune

register(Finetune, "finetune")
