"""Algorithms: what a client does and sends."""

from fedplay.registry import register
from fedplay.stages.algorithm.fedavg import FedAvg

register(FedAvg, "fedavg")
