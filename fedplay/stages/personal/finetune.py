"""Local fine-tuning: every client trains the finished global model a little more, on its own."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from fedplay.knobs import knob
from fedplay.stages.base import Array, Arrays, Cohort, Local, Personal
from fedplay.stages.called import Called, count
from fedplay.stages.step_sizes import held_ratio


@dataclass(frozen=True)
class Finetune(Personal):
    """Local steps from the model that each client is given, with the clients' batches.

    `finetune_steps` counts single steps, and epochs are then the most that there is room for.
    """

    title = "Fine-tuning"
    about = (
        "Each client trains the finished global model on its own data for a while, and uses "
        "that copy."
    )
    source = "Wang et al. 2019, arXiv"

    called: ClassVar[Called] = Called("fine-tuned", ("after fine-tuning",), "fine-tuned model")

    finetune_epochs: int = knob(
        5,
        0,
        100,
        label="Fine-tuning",
        unit="epochs",
        slider=(0, 20),
        also=("fine tuning", "local adaptation", "personalisation", "personalization"),
        help="Local epochs of training the finished global model on each client's own data.",
    )
    finetune_part: str = knob(
        "all",
        choices=("all", "head"),
        label="Tuned part",
        level="expert",
        also=("head", "last layer"),
        help="Tuned parameters. all: every one; head: the last layer, the others stay shared.",
    )
    finetune_rate: float | None = knob(
        None,
        1e-4,
        10.0,
        label="Tuning rate",
        scale="log",
        none="automatic",
        level="expert",
        also=("fine-tuning rate", "lr"),
        help="Learning rate of fine-tuning; automatic: the clients' own.",
    )
    finetune_steps: int | None = knob(
        None,
        0,
        1000,
        kind="int",
        label="Tuning steps",
        slider=(0, 50),
        none="automatic",
        level="expert",
        also=("fine-tuning steps",),
        help="Maximum number of local steps; automatic: as many as the epochs need.",
    )

    def explains(self) -> list[str]:
        steps = self.finetune_steps
        long = count(self.finetune_epochs, "epoch")
        if steps is not None:
            long = f"at most {count(steps, 'step')}"
        return [f"a copy, tuned afterwards: {long}", f"tuned: {long}", long]

    def owns(self, last: bool, given: bool) -> bool:
        if not self.finetune_epochs or self.finetune_steps == 0:
            return given
        return given or last or self.finetune_part == "all"

    def check(self, learning_rate: float) -> None:
        held_ratio("finetune_rate", self.finetune_rate, learning_rate)

    def epochs(self) -> int:
        return self.finetune_epochs

    def personalise(self, W: Array, own: Arrays, sgd: Local, c: Cohort) -> Array:
        head = self.finetune_part == "head" and len(c.spans) > 1
        if not head and self.finetune_rate is None and self.finetune_steps is None:
            return sgd(W)
        ratio = 1.0 if self.finetune_rate is None else self.finetune_rate / c.lr
        tuned = np.full(W.shape[1], ratio, W.dtype)
        if head:
            tuned[: c.spans[-1][0]] = 0

        def step(slope: Callable[[Array], Array], W: Array) -> None:
            W -= tuned * slope(W)

        return sgd.custom(step, W, max_steps=self.finetune_steps)[0]
