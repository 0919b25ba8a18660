"""Problems that can be solved on paper: client i has f_i(x) = a_i ‖x − x_i‖² / 2."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from fedplay.data.base import Floats, Source, Table
from fedplay.knobs import knob
from fedplay.streams import Purpose, Streams

COPIES = 10  # of a client's problem: two are the test set's, two are held out, six to train on
MOST = 50  # problems: their optima in two dimensions still fit into a link
STEEP = (0.5, 4.0)  # curvatures are drawn evenly on a logarithmic scale
WIDE = 1.5  # standard deviation of an optimum's coordinates


@dataclass(frozen=True)
class Quadratics(Source):
    """One quadratic a client, told by its curvature a_i and its optimum x_i: model="quadratic".

    An example is a row (a_i, x_i), and its label is i. With partition="natural" every client has
    copies of its own problem, so that the global loss is the plain mean of all f_i; any other
    partition mixes the problems. The known case of two clients whose optimum is 1.4:

    >>> from fedplay.experiment import Experiment
    >>> exp = Experiment(data="quadratics", partition="natural", model="quadratic", clients=2,
    ...                  dimensions=1, curvatures=(1, 4), optima=(-1, 2), learning_rate=0.05)
    >>> curvature, optimum = exp.source.problems(exp.data_seed)
    >>> curvature, optimum.ravel()
    (array([1., 4.]), array([-1.,  2.]))
    """

    title = "Quadratics"
    about = (
        "One parabola for each client, solved on paper; what drift does can be checked "
        "against a formula."
    )

    rows: ClassVar[str] = "curvatures and optima"
    brings: ClassVar[dict[str, str]] = {"partition": "natural", "model": "quadratic"}

    dimensions: int = knob(
        2,
        1,
        2,
        label="Dimensions",
        also=("d", "plane", "line"),
        help="Number of parameters of the model: 1 is a line, 2 a plane.",
    )
    optima: tuple[float, ...] = knob(
        (),
        -10.0,
        10.0,
        kind="numbers",
        symbol="xᵢ",
        label="Optima",
        also=("minima", "targets"),
        help="Optimum of each client's own loss, client by client (in two dimensions two "
        "numbers each). Those that are not given are drawn from the data seed.",
    )
    curvatures: tuple[float, ...] = knob(
        (),
        0.01,
        100.0,
        kind="numbers",
        symbol="aᵢ",
        label="Curvatures",
        also=("steepness", "conditioning"),
        help="Curvature of each client's loss, client by client; larger is steeper. Those that "
        "are not given are drawn from the data seed.",
    )
    clients: int = 10  # of the experiment: there are as many problems

    def problems(self, seed: int) -> tuple[Floats, Floats]:
        """(a (N,), x (N, P)) of all clients; a drawn number has two decimals, as a dragged one."""
        N, P = self.sites(), self.dimensions
        a, x = np.empty(N), np.empty((N, P))
        streams = Streams(seed)
        for i in range(N):
            rng = streams.at(Purpose.SOURCE, client=i)
            a[i] = np.exp(rng.uniform(*np.log(STEEP)))
            x[i] = np.clip(WIDE * rng.normal(size=2), -10, 10)[:P]
        a, x = a.round(2), x.round(2)
        a[: len(self.curvatures)] = self.curvatures[:N]
        x.reshape(-1)[: len(self.optima)] = self.optima[: N * P]
        return a, x

    def load(self, seed: int) -> Table:
        a, x = self.problems(seed)
        who = np.repeat(np.arange(len(a)), COPIES)
        names = tuple(f"problem {i}" for i in range(len(a)))
        features = ("a", "x₁", "x₂")[: 1 + self.dimensions]
        return Table("quadratics", np.column_stack([a, x])[who], who, names, who, (), features)

    def sites(self) -> int:
        return min(self.clients, MOST)

    def shape(self) -> tuple[int, int, int]:
        return self.sites() * COPIES, self.dimensions + 1, self.sites()
