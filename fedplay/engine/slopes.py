"""What a local step goes by: the slope of each client's loss, and what a correction adds to it."""

from __future__ import annotations

from typing import Any

import numpy as np

from fedplay.models import Workspace
from fedplay.stages.base import Array, Correction


class Slope:
    """η times the gradient on one batch of each client at work: `slope(W)`, (k, P) -> (k, P).

    What it returns is overwritten by the next call.
    """

    def __init__(self, work: Workspace, batch: tuple[Array, Array, Array], scale: Any) -> None:
        self.work, self.batch, self.scale = work, batch, scale

    def __call__(self, W: Array) -> Array:
        (X, rows, targets), work, k = self.batch, self.work, len(W)
        if work.holds is not rows:
            X.take(rows, axis=0, out=work.X[:k], mode="clip")
            work.holds = rows
        np.copyto(work.W[:k], W)
        work.gradient(k, targets, self.scale)
        return work.G[:k]


class Pull:
    """G += η (shift + pull · (w − anchor)), in place, at every step; G already carries η.

    What stays the same in every step is computed once.
    """

    def __init__(self, correction: Correction, lr: float, W0: Array) -> None:
        shift, pull, anchor = correction
        self.constant = None if shift is None else lr * shift
        self.strength = lr * pull
        if pull:
            assert anchor is not None, "a pull needs an anchor"
            self.anchor = np.broadcast_to(anchor, W0.shape)
            self.apart = np.empty_like(W0)

    def add(self, G: Array, W: Array) -> None:
        k = len(G)
        if self.constant is not None:
            np.add(G, self.constant[:k], out=G)
        if self.strength:
            apart = np.subtract(W, self.anchor[:k], out=self.apart[:k])
            np.multiply(apart, self.strength, out=apart)
            np.add(G, apart, out=G)


def some_rows(correction: Correction | None, rows: Array | slice) -> Correction | None:
    """The correction of some of the clients, or of all in another order."""
    if correction is None:
        return None
    shift, pull, anchor = correction
    return Correction(
        None if shift is None else shift[rows],
        pull,
        anchor if anchor is None or anchor.ndim == 1 else anchor[rows],
    )
