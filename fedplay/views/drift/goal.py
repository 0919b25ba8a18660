"""Where a run should go: the optimum, where methods end by their formulas, and pooled training."""

from __future__ import annotations

from collections.abc import Generator, Iterator

import numpy as np

from fedplay.cost import Limit
from fedplay.engine.loop import Run
from fedplay.experiment import Experiment
from fedplay.inspect import closed_forms
from fedplay.memo import Entry
from fedplay.models.quadratic import QuadraticNetwork, merged
from fedplay.scopes import calm
from fedplay.stages.aggregate.means import Mean
from fedplay.stages.base import Array
from fedplay.stages.schedule.poisson import Poisson
from fedplay.stages.schedule.uniform import Uniform
from fedplay.stages.server.sgd import SGD

FEW = 1000  # problems that closed forms are computed for

# Kept with the federation and not with the run: another algorithm has the same goal.
_POOLED = Entry[dict[Experiment, Array]]("where pooled training leads")


def quadratics(run: Run) -> tuple[Array, Array] | None:
    """(a (N,), x (N, P)) of the clients' own losses, where these are quadratics."""
    fed = run.federation
    if not isinstance(run.network, QuadraticNetwork) or fed.clients > FEW:
        return None
    if not (fed.sizes > 0).all():
        return None
    examples = [run.trainer.X[fed.train.of(k)] for k in range(fed.clients)]
    if not all(rows[:, 0].mean(dtype=np.float64) > 0 for rows in examples):
        return None  # a loss without a lowest point
    own = [merged(rows) for rows in examples]
    return np.array([a for a, _ in own]), np.array([x for _, x in own])


def unmarked(run: Run, problems: tuple[Array, Array]) -> str:
    """Why the formulas of where methods end do not hold in a run, as a clause; "" where they do.

    They are of everybody's average, round after round, of the same steps along the whole loss, and
    of a server that steps along it.
    """
    exp, N = run.exp, run.federation.clients
    if not (type(run.schedule) in (Uniform, Poisson) and run.schedule.expected(N) == N):
        return "only a part of the clients takes part in a round"
    if exp.stragglers > 0 and (run.local_epochs > 1 or exp.partial_work == "dropped"):
        return "stragglers work less than the others"
    if run.layers:
        return "updates are changed on their way"
    if not isinstance(run.aggregate, Mean):
        return "the server does not take a weighted mean"
    if not isinstance(run.optimizer, SGD):
        return "the server goes on by a rule of its own"
    if not _whole(run):
        return "a local step sees a part of a client's examples"
    if run.exp.learning_rate * problems[0].max() >= 2:
        return "the learning rate is too high"
    return ""


def resting_points(run: Run, problems: tuple[Array, Array]) -> Iterator[tuple[str, Array]]:
    """Where methods end by their formulas; those that do not come to rest are left out."""
    (a, x), everyone, eta = problems, np.arange(len(problems[0])), run.exp.learning_rate
    weight, rate = run.weight(everyone), run.optimizer.server_learning_rate
    share, steps = weight / weight.sum(), run.trainer.steps(everyone, run.local_epochs)
    mu = getattr(run.exp, "mu", 0.0)
    # In a round, 1 − η_s Σ p_k s_k of the distance to the resting point is left.
    if 0 < rate * (share @ closed_forms.moved(a, eta, steps)) < 2:
        yield "FedAvg", closed_forms.fedavg(a, x, weight, eta, steps)
    pulled = eta * (a.max() + mu) < 2 and eta * mu <= 1
    if pulled and 0 < rate * (share @ closed_forms.moved(a, eta, steps, mu)) < 2:
        yield "FedProx", closed_forms.fedavg(a, x, weight, eta, steps, mu)
    nova = (share @ steps) * (share @ (closed_forms.moved(a, eta, steps) / steps))
    if run.exp.chosen("algorithm") == "fednova" and 0 < rate * nova < 2:
        yield "FedNova", closed_forms.fednova(a, x, weight, eta, steps)


def _whole(run: Run) -> bool:
    """Whether each local step follows a client's whole loss: its batches are all alike."""
    size, fed = run.trainer.batch_size, run.federation
    cut = [] if size is None else np.flatnonzero(fed.sizes > size).tolist()
    shares = (run.trainer.X[fed.train.of(k)] for k in cut)
    return all((rows == rows[:1]).all() for rows in shares)


def pooled(run: Run) -> Generator[None, None, Array]:
    """(P,) where the same examples thrown together lead in the same rounds; one is a piece."""
    plain = run.exp.replace(
        algorithm="centralised",
        server="sgd",
        server_learning_rate=1.0,
        channel=(),
        schedule="auto",
        aggregate="auto",
        stragglers=0.0,
    )
    known = run.federation.memo.start(_POOLED, {})
    if plain not in known:
        heap = Run(plain, run.federation, Limit(np.inf, np.inf))
        state = heap.start()
        for number in range(1, plain.rounds + 1):
            with calm():
                heap.advance(state, number)
            yield
        if len(known) >= 8:
            known.clear()
        known[plain] = state.w.astype(np.float64)
    return known[plain]
