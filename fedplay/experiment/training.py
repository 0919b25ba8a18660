"""`Training`: the knobs that belong to no slot, from the number of clients to the precision."""

from __future__ import annotations

from dataclasses import dataclass

from fedplay import slots
from fedplay.knobs import Checked, knob


@dataclass(frozen=True)
class Training(Checked):
    """The knobs that belong to no slot."""

    clients: int = knob(
        10,
        1,
        10_000_000,
        symbol="N",
        label="Clients",
        scale="log",
        slider=(2, 50),
        topic=slots.DATA,
        level="first",
        also=("N", "number of clients", "devices", "phones", "parties", "silos"),
        help="Number of clients; the more there are, the fewer examples each has.",
    )
    rounds: int = knob(
        50,
        1,
        100_000,
        symbol="R",
        label="Rounds",
        slider=(5, 200),
        topic=slots.TRAINING,
        level="first",
        also=("R", "communication rounds", "iterations"),
        help="Number of times that the model goes to the clients and back.",
    )
    local_epochs: int = knob(
        1,
        1,
        1000,
        symbol="E",
        label="Local epochs",
        slider=(1, 20),
        topic=slots.TRAINING,
        level="first",
        also=("E", "local steps", "local work", "epochs"),
        help="Passes that a client makes over its own examples in a round; more let it drift.",
    )
    batch_size: int | None = knob(
        32,
        1,
        1_000_000,
        none="∞",
        symbol="B",
        label="Batch size",
        unit="examples",
        scale="log",
        slider=(1, 256),
        topic=slots.TRAINING,
        also=("B", "minibatch", "mini-batch"),
        help="Number of examples in a local step; ∞: all that the client has.",
    )
    learning_rate: float = knob(
        0.1,
        0.0,
        1000.0,
        open=True,
        symbol="η",
        label="Learning rate",
        scale="log",
        slider=(0.001, 10.0),
        topic=slots.TRAINING,
        level="first",
        also=("lr", "eta", "step size", "client learning rate"),
        help="Length of a local step, as a multiple of the gradient; too large a rate diverges.",
    )
    weights: str = knob(
        "paper",
        choices=("paper", "examples", "clients"),
        label="Weights",
        topic=slots.METHODS,
        level="expert",
        also=("weighting", "weighted average", "n_k"),
        help="Weight of each client in the server's average. examples: its number of training "
        "examples; clients: the same for all; paper: as the paper of the method has it.",
    )
    stragglers: float = knob(
        0.0,
        0.0,
        1.0,
        label="Stragglers",
        topic=slots.COHORT,
        also=("dropout", "dropouts", "slow clients", "device heterogeneity", "failures"),
        help="Probability that a sampled client finishes only some of its local epochs.",
    )
    partial_work: str = knob(
        "kept",
        choices=("kept", "dropped"),
        label="Partial work",
        topic=slots.COHORT,
        also=("dropped", "incomplete work", "gamma-inexact"),
        help="Whether the server uses the stragglers' partial updates or leaves those clients out.",
    )
    seed: int = knob(
        0,
        0,
        2**32 - 1,
        label="Training seed",
        topic=slots.TRAINING,
        also=("random seed", "randomness", "luck"),
        help="Seed of sampling, shuffling and noise.",
    )
    data_seed: int = knob(
        0,
        0,
        2**32 - 1,
        label="Data seed",
        topic=slots.DATA,
        also=("random split", "luck"),
        help="Seed of the division of the examples among clients.",
    )
    dtype: str = knob(
        "float32",
        choices=("float32", "float64"),
        label="Precision",
        topic=slots.TRAINING,
        level="expert",
        also=("float32", "float64", "numerics"),
        help="Precision of the numbers that the engine computes with.",
    )
