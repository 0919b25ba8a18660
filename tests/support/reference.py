"""What the engine is held against: plain loops over one client and one batch, in float64."""

from __future__ import annotations

import itertools

import numpy as np

from fedplay.engine.loop import Run
from fedplay.plain import fedavg, softmax_gradient
from fedplay.streams import Purpose


def perceptron_gradient(sizes):
    """A gradient function of the mean cross-entropy for layers of these sizes, example by example.

    Written from the chain rule, with none of the engine's layout but its order of parameters.
    """
    if len(sizes) == 2:
        return softmax_gradient

    def gradient(w, X, y):
        total = np.zeros_like(w)
        for x, label in zip(X, y, strict=True):
            layers, at = [], 0
            for a, b in itertools.pairwise(sizes):
                layers.append(w[at : at + b * (a + 1)].reshape(b, a + 1))
                at += b * (a + 1)
            inputs = [np.append(x, 1.0)]
            for W in layers[:-1]:
                inputs.append(np.append(np.maximum(W @ inputs[-1], 0), 1.0))
            z = layers[-1] @ inputs[-1]
            delta = np.exp(z - z.max()) / np.exp(z - z.max()).sum()
            delta[label] -= 1
            grads = []
            for W, h in zip(reversed(layers), reversed(inputs), strict=True):
                grads.append(np.outer(delta, h).ravel())
                delta = (W.T @ delta * (h > 0))[:-1]
            total += np.concatenate(grads[::-1])
        return total / len(y)

    return gradient


def order_of(run, epochs, purpose=Purpose.SHUFFLE):
    """The order of a client's examples in each epoch of a round, as positions in its own data."""

    def order(round, client):
        rng = run.streams.at(purpose, round, int(client))
        n = int(run.federation.sizes[client])
        return [rng.permutation(n) for _ in range(epochs)]

    return order


def plain_run(exp, federation=None, gradient=None):
    """The final model of `fedplay.plain.fedavg` on the data, cohorts and shuffles of a run."""
    run = Run(exp, federation)
    fed = run.federation
    clients = [(fed.X[i], fed.y[i]) for i in map(fed.train.of, range(fed.clients))]
    if gradient is None:
        gradient = perceptron_gradient((fed.d, *hidden(exp), fed.C))
    return fedavg(
        clients,
        run.initial(),
        cohorts=[run.cohort(r).ids for r in range(1, exp.rounds + 1)],
        order=order_of(run, exp.local_epochs),
        B=exp.batch_size or 10**9,
        lr=exp.learning_rate,
        gradient=gradient,
    )


def hidden(exp):
    return exp.hidden if exp.model == "mlp" else ()


def random_federation(rng, sizes, d=3, C=3, **options):
    """Clients of the given sizes with Gaussian features and labels that hang on them."""
    import fedplay as fp

    n = sum(sizes)
    X = rng.normal(size=(n, d))
    y = (X @ rng.normal(size=(d, C)) + rng.normal(size=(n, C))).argmax(axis=1)
    y[:C] = np.arange(C)  # every class is there
    client = np.repeat(np.arange(len(sizes)), sizes)
    return fp.Federation.from_arrays(X, y, client, **options)
