"""Algorithms: what a client computes and sends."""

from fedplay.registry import register
from fedplay.stages.algorithm.centralised import Centralised
from fedplay.stages.algorithm.fedavg import FedAvg
from fedplay.stages.algorithm.feddyn import FedDyn
from fedplay.stages.algorithm.fednova import FedNova
from fedplay.stages.algorithm.fedper import FedPer, FedRep
from fedplay.stages.algorithm.fedprox import FedProx
from fedplay.stages.algorithm.fedsgd import FedSGD
from fedplay.stages.algorithm.ifca import IFCA
from fedplay.stages.algorithm.perfedavg import PerFedAvg
from fedplay.stages.algorithm.pfedme import PFedMe
from fedplay.stages.algorithm.scaffold import Scaffold

register(FedAvg, "fedavg")
register(FedProx, "fedprox")
register(Scaffold, "scaffold")
register(FedDyn, "feddyn")
register(FedNova, "fednova")
register(FedPer, "fedper")
register(FedRep, "fedrep")
register(PFedMe, "pfedme")
register(PerFedAvg, "perfedavg")
register(IFCA, "ifca")
register(FedSGD, "fedsgd")
register(Centralised, "centralised")
