"""Aggregates: rules that combine the clients' messages into one."""

from fedplay.registry import register
from fedplay.stages.aggregate.means import Fixed, Mean

register(Mean, "mean")
register(Fixed, "fixed")
