"""Aggregates: one message out of many."""

from fedplay.registry import register
from fedplay.stages.aggregate.means import Fixed, Mean

register(Mean, "mean")
register(Fixed, "fixed")
