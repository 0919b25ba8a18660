"""Label skew of any strength: each class is divided among the clients by a Dirichlet draw."""

from __future__ import annotations

import heapq
from dataclasses import dataclass

import numpy as np

from fedplay.data.base import MIN_EXAMPLES, Floats, Ints, Partition, Table, check_enough
from fedplay.knobs import knob
from fedplay.streams import Purpose, Streams

SHARES, ORDER, TOP_UP = range(3)  # the `round` of a stream tells apart what it is drawn for


@dataclass(frozen=True)
class Dirichlet(Partition):
    """For each class, the clients' shares of its examples are drawn from Dir(α, ..., α), N entries.

    A small α gives a class to few clients; for a large α the classes are spread evenly. A client
    that is left with fewer than `MIN_EXAMPLES` is then given examples of the largest clients, so
    every example goes to exactly one client.

    Source: Yurochkin et al. 2019, section 4 (with α = 0.5). Hsu, Qi & Brown 2019 turn it around:
    clients of one size, the class mix of each drawn from Dir(α p), where p is the mix of the whole
    and sums to 1; for C classes of one size, their α is C times ours. Neither tops up.
    """

    title = "Dirichlet label skew"
    about = (
        "Each class is shared out by a random draw; the smaller α, the fewer classes a client has."
    )
    source = "Yurochkin et al. 2019, ICML"

    alpha: float = knob(
        0.3,
        0.01,
        1000.0,
        symbol="α",
        label="Dirichlet concentration",
        scale="log",
        level="first",
        also=(
            "heterogeneity",
            "non-iid",
            "non iid",
            "label skew",
            "skew",
            "concentration",
            "Dirichlet",
        ),
        help="How evenly each class is spread over the clients: small is skewed, large is even.",
    )

    def assign(self, pool: Table, clients: int, seed: int) -> Ints:
        check_enough(len(pool.y), clients)
        streams = Streams(seed)
        shares = class_shares(self.alpha, clients, len(pool.classes), streams)
        owner = np.empty(len(pool.y), dtype=np.int64)
        for c in range(len(pool.classes)):
            rows = np.flatnonzero(pool.y == c)
            rows = streams.at(Purpose.PARTITION, ORDER, c).permutation(rows)
            ends = np.floor(np.cumsum(shares[:, c]) * len(rows) + 0.5).astype(np.int64)
            ends[-1] = len(rows)
            owner[rows] = np.repeat(np.arange(clients), np.diff(ends, prepend=0))
        top_up(owner, clients, streams.at(Purpose.PARTITION, TOP_UP))
        return owner


def class_shares(alpha: float, clients: int, C: int, streams: Streams) -> Floats:
    """(N, C) the share of each class that each client gets; columns are Dir(α, ..., α) draws.

    A Dirichlet draw is independent Gamma(α) draws divided by their sum. Each client draws its own
    C of them from its own stream, so an added client only makes room for itself.
    """
    logs = np.empty((clients, C))
    for k in range(clients):
        logs[k] = log_gamma(np.full(C, alpha), streams.at(Purpose.PARTITION, SHARES, k))
    shares = relative(logs)
    with np.errstate(under="ignore"):
        return np.asarray(shares / shares.sum(axis=0))


def relative(logs: Floats) -> Floats:
    """(N, ...) numbers in proportion to exp(logs), the largest of each column 1.

    Those that are too small for a float become 0, whatever somebody's `np.errstate` says of it.
    """
    with np.errstate(under="ignore"):
        return np.asarray(np.exp(logs - logs.max(axis=0)))


def log_gamma(shape: Floats, rng: np.random.Generator) -> Floats:
    """Logarithms of Gamma(shape) draws, which themselves underflow to 0 at a shape of 0.01.

    If G ~ Gamma(a + 1) and U is uniform, then G U^(1/a) ~ Gamma(a) (Marsaglia & Tsang 2000,
    section 6); -log U is a standard exponential.
    """
    exponential = rng.standard_exponential(len(shape))
    return np.asarray(np.log(rng.standard_gamma(shape + 1.0)) - exponential / shape)


def top_up(owner: Ints, clients: int, rng: np.random.Generator) -> None:
    """Give every client `MIN_EXAMPLES`, in place: one by one, at random from the largest client.

    owner: (n,) the client of each example; n >= MIN_EXAMPLES * clients
    """
    sizes = np.bincount(owner, minlength=clients)
    poor = np.flatnonzero(sizes < MIN_EXAMPLES)
    if not poor.size:
        return
    shuffled = rng.permutation(len(owner))
    by_owner = shuffled[np.argsort(owner[shuffled], kind="stable")]
    rows = [part.tolist() for part in np.split(by_owner, np.cumsum(sizes)[:-1])]
    # The poor stay in the heap with their old sizes: while one of them lacks examples the largest
    # client has more than MIN_EXAMPLES, so they never come to its top.
    heap = [(-int(size), k) for k, size in enumerate(sizes)]
    heapq.heapify(heap)
    for k in poor:
        for _ in range(MIN_EXAMPLES - int(sizes[k])):
            size, donor = heap[0]
            owner[rows[donor].pop()] = k
            heapq.heapreplace(heap, (size + 1, donor))
