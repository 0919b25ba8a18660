"""IFCA: several shared models, and every client chooses (Ghosh, Chung, Yin & Ramchandran 2020)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from fedplay.knobs import knob
from fedplay.stages.base import Algorithm, Array, Arrays, Cohort, Local, Step
from fedplay.stages.called import Called
from fedplay.stages.lengths import lengths_of
from fedplay.streams import Purpose

SPREAD = 0.1  # standard deviation of the random starts around the first global model


@dataclass(frozen=True)
class IFCA(Algorithm):
    """Algorithm 1, option II (model averaging), with G models that every client is sent.

    A client takes the one whose loss on its training examples is lowest, trains it, and sends it
    back with its choice; each model becomes the plain mean of those who chose it (line 15: clients
    count alike). All depends on where the models begin: they must be closer to a cluster each than
    to the others (theorem 1).

        random      the first global model and noise, for each cluster another
        apart       models that clients would make alone in a round: the first, then again and
                    again the one that is farthest from those taken
        identical   all the same: everybody chooses the first, and with everybody present nothing
                    ever tells them apart

    As the global model it shows the one that most of the cohort's weight chose. What a client would
    use is whichever of the G fits its training examples best, whether it has ever taken part.
    """

    title = "IFCA"
    about = (
        "Several shared models; each client trains the one that fits it best, so groups can "
        "find each other."
    )
    source = "Ghosh et al. 2020, NeurIPS"

    weighs: ClassVar[str] = "clients"
    keeps: ClassVar[str] = "a cluster's model"
    copies: ClassVar[str] = "models"
    called: ClassVar[Called] = Called(
        "cluster's model", ("the cluster's model it chose", "the model it chose"), "cluster's model"
    )
    sends: ClassVar[str] = "its arrow, and which model it belongs to"
    arrows: ClassVar[bool] = False
    plain_server: ClassVar[bool] = True
    without_privacy: ClassVar[str] = "which cluster a client chooses is sent as it is"

    clusters: int = knob(
        2,
        1,
        10,
        symbol="G",
        label="Clusters",
        also=("clustered", "groups"),
        help="Number of shared models; every client chooses one of them.",
    )
    cluster_start: str = knob(
        "random",
        choices=("random", "apart", "identical"),
        label="Initial models",
        level="expert",
        also=("initialisation", "initialization"),
        help="Shared models before round 1. random: noise; apart: models of clients that are far "
        "from one another; identical: all equal, so no clusters are found when all take part.",
    )

    def explains(self) -> list[str]:
        return [f"each takes the one of {self.clusters} that fits its data", "fits its data"]

    def owns(self, above: bool, cut: bool) -> bool:
        return False

    def init(self, P: int, N: int) -> tuple[Arrays, Arrays]:
        return {"models": np.zeros((self.clusters, P))}, {"cluster": np.full(N, -1)}

    def prepare(self, w: Array, server: Arrays, sgd: Local, c: Cohort) -> Arrays:
        models = np.repeat(w[None], self.clusters, axis=0)
        if self.cluster_start == "random":
            for g in range(self.clusters):
                drawn = c.rng(Purpose.ALGORITHM, g).standard_normal(len(w))
                models[g] += (SPREAD * drawn).astype(w.dtype)
        elif self.cluster_start == "apart":
            models = _apart(sgd(np.repeat(w[None], c.K, axis=0)), self.clusters)
        return {"models": models}

    def broadcast(self, P: int) -> int:
        return self.clusters * P

    def upload(self, M: int) -> int:
        return M // self.clusters  # one model, and which

    def local(
        self, sgd: Local, w0: Array, own: Arrays, server: Arrays, c: Cohort
    ) -> tuple[Array, Arrays]:
        choice = _best(sgd.losses(server["models"]))
        start = server["models"][choice]
        return sgd(start), {"cluster": choice, "start": start}

    def message(
        self, w0: Array, wk: Array, own: Arrays, server: Arrays, c: Cohort
    ) -> tuple[Array, Arrays]:
        G, (K, P) = self.clusters, w0.shape
        rows = np.zeros((K, G, P + 1), w0.dtype)
        rows[np.arange(K), own["cluster"], :P] = wk - own["start"]
        rows[np.arange(K), own["cluster"], P] = 1
        return rows.reshape(K, G * (P + 1)), {"cluster": own["cluster"]}

    def update(self, message: Array, shared: int) -> Array:
        """Of the model that a client chose; in an aggregate, of the one that most weight chose."""
        blocks = message.reshape(*message.shape[:-1], self.clusters, shared + 1)
        most = blocks[..., -1].argmax(axis=-1)[..., None, None]
        block = np.take_along_axis(blocks, most, axis=-2)[..., 0, :]
        part = block[..., -1:]
        found: Array = block[..., :-1] / np.where(part > 0, part, 1)
        return found

    def absorb(
        self, w: Array, server: Arrays, m: Array, step: Step, c: Cohort
    ) -> tuple[Array, Arrays]:
        blocks, models = m.reshape(self.clusters, -1), server["models"].copy()
        part = blocks[:, -1]
        if not part.any():  # nobody came
            return w, server
        for g in np.flatnonzero(part):
            models[g] = step(models[g], blocks[g, :-1] / part[g])
        most = part >= (1 - 1e-5) * part.max()  # the first of several, whatever the rounding
        return models[most.argmax()], {"models": models}

    def models(self, w: Array, own: Arrays, server: Arrays, sgd: Local, c: Cohort) -> Array:
        chosen: Array = server["models"][_best(sgd.losses(server["models"]))]
        return chosen


def _best(losses: Array) -> Array:
    """(K,) which of the models fits each client best, (K, G); the first where none can be told."""
    return np.argmin(np.where(np.isfinite(losses), losses, np.inf), axis=1)


def _apart(W: Array, G: int) -> Array:
    """(G, P) of the models W (K, P): the first, then the one farthest from those taken."""
    taken = [0]
    away = np.full(len(W), np.inf)
    while len(taken) < G:
        away = np.minimum(away, lengths_of(W - W[taken[-1]]))
        taken.append(int(away.argmax()))
    return W[taken]
