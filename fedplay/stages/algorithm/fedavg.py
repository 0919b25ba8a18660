"""Federated averaging (McMahan et al. 2017, Algorithm 1)."""

from __future__ import annotations

from dataclasses import dataclass

from fedplay.stages.base import Algorithm


@dataclass(frozen=True)
class FedAvg(Algorithm):
    """Start from the global model, take local SGD steps, send the update w_k − w.

    Averaging updates and adding the mean to w is the paper's average of models w_k, with weights
    n_k. With one local epoch and the whole data as the batch it is FedSGD.
    """

    title = "FedAvg"
    about = (
        "Clients train for some epochs and the server averages their models; much local work "
        "lets them drift."
    )
    source = "McMahan et al. 2017, AISTATS"
