"""The local work of a round, as an algorithm meets it."""

from __future__ import annotations

import numpy as np

from fedplay.data import GivenShares
from fedplay.engine.evaluate import Stretches
from fedplay.engine.training import Trainer, Watch
from fedplay.stages.base import Array, Cohort, Correction, LocalStep
from fedplay.streams import Purpose


class Work:
    """What the clients of a cohort do on their own (`fedplay.stages.base.Local`)."""

    def __init__(
        self,
        trainer: Trainer,
        c: Cohort,
        epochs: Array | int,
        purpose: Purpose = Purpose.SHUFFLE,
        watch: Watch | None = None,
    ) -> None:
        self.trainer, self.c, self.epochs, self.purpose = trainer, c, epochs, purpose
        self.watch = watch  # told of every step of each client by itself

    def __call__(self, w0: Array, correction: Correction | None = None) -> Array:
        return self.trainer(
            w0,
            correction,
            ids=self.c.ids,
            round=self.c.round,
            epochs=self.epochs,
            purpose=self.purpose,
            watch=self.watch,
        )

    def custom(
        self,
        step: LocalStep,
        *states: Array,
        second_batch: bool = False,
        max_steps: int | None = None,
        epochs: int | None = None,
    ) -> tuple[Array, ...]:
        return self.trainer.custom(
            states,
            step,
            ids=self.c.ids,
            round=self.c.round,
            epochs=self.epochs if epochs is None else epochs,
            purpose=self.purpose,
            second_batch=second_batch,
            max_steps=max_steps,
            watch=self.watch,
        )

    def gradient(self, W: Array) -> Array:
        return self.trainer.gradient(W, self.c.ids)

    def losses(self, W: Array) -> Array:
        shares = [self.trainer.shares.of(int(client)) for client in self.c.ids]
        rows = np.concatenate([np.zeros(0, np.int64), *shares]).astype(np.intp)
        X, y, network = self.trainer.X[rows], self.trainer.y[rows], self.trainer.network
        owners = Stretches(np.array([len(share) for share in shares], dtype=np.int64))
        each = [owners.mean(network.loss(network.outputs(w, X), y)) for w in W]
        return np.array(each).T if len(rows) else np.full((self.c.K, len(W)), np.nan)

    def together(self, w: Array) -> Array:
        shares = self.trainer.shares
        parts = [shares.of(int(client)) for client in self.c.ids]
        everything = np.concatenate([np.zeros(0, np.int64), *parts])
        epochs = int(np.max(self.epochs, initial=0))
        if len(everything) == 0 or epochs == 0:
            return w
        heap = GivenShares(np.array([0, len(everything)]), everything)
        trained: Array = self.trainer.on(heap)(
            w[None],
            None,
            ids=np.zeros(1, np.int64),
            round=self.c.round,
            epochs=epochs,
            purpose=self.purpose,
        )
        return trained[0]
