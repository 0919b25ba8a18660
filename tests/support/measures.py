"""How far each entry of a slot is from what it is held against, as one number.

The rows of `tests/support/oracles.py`. The seeds are fixed; the search over many settings is in the
tests that the rows name.
"""

from __future__ import annotations

import itertools
from fractions import Fraction

import numpy as np

import fedplay as fp
from fedplay.data import (
    IID,
    Blobs,
    Brightness,
    Cancer,
    Circles,
    Classes,
    ClassTable,
    Digits,
    Moons,
    Natural,
    Noise,
    Permuted,
    Quantity,
    Regions,
    Resampled,
    Shards,
    Synthetic,
    Unshifted,
    Writers,
    federate,
)
from fedplay.data.partitions.dirichlet import class_shares
from fedplay.data.shifts.rotation import turned_pictures
from fedplay.engine.loop import Run
from fedplay.plain import local_sgd, softmax_gradient
from fedplay.registry import make
from fedplay.streams import Purpose, Streams
from tests.data import test_partitions as dealt
from tests.data import test_shifts as shifts
from tests.engine import test_closed_forms as closed
from tests.engine import test_methods as methods
from tests.engine import test_personal as personal
from tests.support import papers
from tests.support.reference import order_of, plain_run, random_federation


def furthest(a, b) -> float:
    """The largest difference of two arrays."""
    return float(np.abs(np.asarray(a, float) - np.asarray(b, float)).max(initial=0.0))


# --- Data ----------------------------------------------------------------------------------------


def digits(source) -> float:
    from sklearn.datasets import load_digits

    theirs, ours = load_digits(), source.load(0)
    return furthest(ours.X * 16, theirs.data) + furthest(ours.y, theirs.target)


def moons() -> float:
    made = Moons(spread=0.0).load(0)
    middle = np.where(made.y == 0, [[0.0], [0.0]], [[1.0], [0.5]]).T
    return furthest(np.hypot(*(made.X - middle).T), 1.0)


def circles() -> float:
    made = Circles(spread=0.0).load(0)
    return furthest(np.hypot(*made.X.T), np.where(made.y == 0, 1.0, 0.5))


def blobs() -> float:
    made = Blobs(spread=0.0, centers=6).load(0)
    angle = made.y * np.pi / 3
    return furthest(made.X, np.column_stack([np.cos(angle), np.sin(angle)]))


def cancer() -> float:
    from sklearn.datasets import load_breast_cancer
    from sklearn.preprocessing import StandardScaler

    return furthest(Cancer().load(0).X, StandardScaler().fit_transform(load_breast_cancer().data))


def quadratics() -> float:
    exp = fp.Experiment(data="quadratics", partition="natural", model="quadratic", clients=6)
    fed, (a, x) = Run(exp).federation, exp.source.problems(exp.data_seed)
    rows = [(fed.X[fed.train.of(k)], [a[k], *x[k]]) for k in range(6)]
    return max(furthest(mine, problem) for mine, problem in rows)


def synthetic() -> float:
    """The variance of a device's mean rule, α² + 1/600, relative, with 30 devices of 100 seeds."""
    source = Synthetic(synthetic_alpha=1.0, synthetic_beta=0.5)
    rules = [source.rule(k, Streams(seed)) for seed in range(100) for k in range(30)]
    means = np.array([W.mean() for W, _, _ in rules])
    return abs(means.var() / (1 + 1 / 600) - 1)


def penguins() -> float:
    from palmerpenguins import load_penguins

    from fedplay.data import Penguins
    from fedplay.data.base import standardised

    frame = load_penguins().dropna(subset=["bill_length_mm"])
    columns = ["bill_length_mm", "bill_depth_mm", "flipper_length_mm", "body_mass_g"]
    return furthest(Penguins().load(0).X, standardised(frame[columns].to_numpy(float)))


def arrays() -> float:
    rng = np.random.default_rng(0)
    X, owner = rng.normal(size=(60, 3)), np.repeat(np.arange(6), 10)
    fed = fp.Federation.from_arrays(X, owner % 2, owner, test_fraction=0)
    mine = [np.concatenate([fed.train.of(k), fed.held.of(k)]) for k in range(6)]
    pairs = [(fed.X[rows], X[owner == k]) for k, rows in enumerate(mine)]
    return max(furthest(np.sort(ours, 0), np.sort(given, 0)) for ours, given in pairs)


# --- Who gets what -------------------------------------------------------------------------------


def iid() -> float:
    y = np.repeat([0, 1], [30, 70])
    got = [np.bincount(IID().assign(dealt.table(y), 5, s)[:30], minlength=5) for s in range(2000)]
    return furthest(np.mean(got, axis=0) / 6, 1.0)


def second_moment(draws, alpha, N) -> float:
    """How far E Σ share² is from (α + 1) / (N α + 1), relative."""
    return float(abs(np.mean(draws) * (N * alpha + 1) / (alpha + 1) - 1))


def dirichlet() -> float:
    draws = [(class_shares(0.3, 10, 50, Streams(s)) ** 2).sum(axis=0) for s in range(400)]
    return second_moment(draws, 0.3, 10)


def shards() -> float:
    """Of the examples: how many are not in a whole shard of one class."""
    y = np.repeat(np.arange(10), 30)
    owner = Shards(2).assign(dealt.table(y), 10, seed=4)
    return float(sum(np.bincount(y[owner == k], minlength=10) % 15 for k in range(10)).sum())


def classes() -> float:
    pool = dealt.table(np.repeat(np.arange(6), 400))
    owner = Classes(2).assign(pool, 9, 0)
    return furthest([len(set(pool.y[owner == k])) for k in range(9)], 2)


def class_table() -> float:
    """Against largest remainders in exact fractions, where no two of them are equal."""
    shares, sizes, wrong = [[3, 0], [2, 5], [0, 4], [6, 7]], [101, 90], 0.0
    pool = dealt.table(np.repeat(np.arange(2), sizes))
    owner = ClassTable(shares).assign(pool, 4, seed=2)
    for c, n in enumerate(sizes):
        quotas = [Fraction(n * row[c], sum(row[c] for row in shares)) for row in shares]
        counts = [int(quota) for quota in quotas]
        order = sorted(range(4), key=lambda k: counts[k] - quotas[k])
        for k in order[: n - sum(counts)]:
            counts[k] += 1
        found = np.bincount(owner[pool.y == c], minlength=4)
        wrong += float(np.abs(found - counts).sum())
    return wrong


def quantity() -> float:
    pool = dealt.table(np.zeros(60_000, int))
    sizes = [np.bincount(Quantity(3.0).assign(pool, 6, s), minlength=6) for s in range(600)]
    return second_moment(np.square(np.array(sizes) / 60_000).sum(axis=1), 3.0, 6)


def natural() -> float:
    fed, table = federate(Writers(), Natural(), 14, 0), Writers().load(0)
    writer = {x.tobytes(): int(k) for x, k in zip(table.X, table.client, strict=True)}
    found = [(k, writer[x.tobytes()]) for k in range(14) for x in fed.X[fed.train.of(k)]]
    return float(sum(k != who for k, who in found))


def resampled() -> float:
    C, N = 5, 3000
    pool = dealt.table(np.tile(np.arange(C), 100))
    train, _ = Resampled(alpha=0.3, client_examples=25).split(pool, N, seed=1)
    counts = np.array([np.bincount(pool.y[train.of(k)], minlength=C) for k in range(N)])
    agree = (counts * (counts - 1)).sum(axis=1) / (20 * 19)
    return second_moment(agree, 0.3, C)


def regions() -> float:
    """Of the examples: how many have another place than along the first singular vector."""
    X = np.random.default_rng(1).normal(size=(100, 3)) * [1, 2, 4] + 7
    owner = Regions().assign(fp.data.Table("test", X, np.arange(100) % 2, ("a", "b")), 5, seed=0)
    along = (X - X.mean(axis=0)) @ np.linalg.svd(X - X.mean(axis=0))[2][0]
    places = np.empty(100, int)
    places[np.argsort(along)] = np.repeat(np.arange(5), 20)
    return float(min((owner != places).sum(), (owner != 4 - places).sum()))


def unshifted() -> float:
    plain, made = shifts.both(Unshifted())
    return furthest(made.X, plain.X) + furthest(made.y, plain.y)


def rotation() -> float:
    pictures = np.random.default_rng(0).random((5, 8, 8))
    inside = np.hypot(*(np.indices((8, 8)) - 3.5)) < 3.4
    errors = []
    for degrees in (15.0, 45.0, 137.0, 300.0):
        by_hand = np.array([shifts.by_hand(picture, degrees) for picture in pictures])
        errors.append(furthest(turned_pictures(pictures, degrees)[:, inside], by_hand[:, inside]))
    return max(errors)


def brightness() -> float:
    plain, made = shifts.both(Brightness(groups=5, dimming=0.6))
    pairs = [(shifts.examples(made, k)[0], shifts.examples(plain, k)[0]) for k in range(10)]
    factors = [1, 0.85, 0.7, 0.55, 0.4]
    return max(furthest(X, X0 * factors[k % 5]) for k, (X, X0) in enumerate(pairs))


def noise() -> float:
    table = Digits().load(0)
    group = np.arange(len(table.y)) % 3
    added = Noise(groups=3, feature_noise=2.0).apply(table, group, 5).X - table.X
    unit = np.sqrt(np.mean(table.X.var(axis=0)))
    return max(abs(added[group == g].std() / (g * unit) - 1) for g in (1, 2))


def permuted() -> float:
    """Of the examples: how many are not named by the one permutation of their group."""
    plain, made = shifts.both(Permuted(groups=5), partition=IID())
    wrong, names = 0, {}
    for k in range(10):
        for new, old in zip(shifts.examples(made, k)[1], shifts.examples(plain, k)[1], strict=True):
            wrong += names.setdefault((k % 5, int(old)), int(new)) != new
    return float(wrong)


# --- Methods -------------------------------------------------------------------------------------

USUAL = dict(rounds=4, local_epochs=3, batch_size=4, learning_rate=0.2, dtype="float64")


WEIGHTS = ("paper", "examples", "clients")


def worst(compare, **choices) -> float:
    """The largest error over five federations of ragged clients, of which some come.

    Each with the method's own weights, by examples and by clients.
    """
    errors = []
    for seed in range(5):
        fed = methods.federation([5, 9, 14, 3, 8], seed)
        given = USUAL | dict(seed=seed, participation=0.6, stragglers=0.3) | choices
        errors += [compare(given | dict(weights=weights), fed) for weights in WEIGHTS]
    return max(errors)


def paper(name) -> float:
    return worst(lambda choices, fed: methods.error(name, choices, fed))


def own_models(name) -> float:
    """Of the server's model and every client's own."""
    return worst(lambda choices, fed: personal.error(name, choices | {"hidden": (4,)}, fed))


def as_given() -> float:
    w, mine = personal.ended(fp.Experiment(rounds=3, personal="none"), None)
    return furthest(mine, w)


def representation() -> float:
    """How far targets are from h · B x, and the rows of B from orthonormal."""
    source = make("data", "representation", {})
    (basis, heads), made = source.truth(0), source.load(0)
    x, t = made.X[:, :-1], made.X[:, -1]
    wrong = furthest(t, [head @ (basis @ row) for row, head in zip(x, heads[made.y], strict=True)])
    return max(wrong, furthest(basis @ basis.T, np.eye(2)))


def bilinear() -> float:
    """Its gradient, against the product rule, example by example."""
    errors = []
    for seed in range(5):
        rng = _rng(seed)
        network = make("model", "bilinear", {"representation": 3}).bind(6, 0)
        work = network.workspace(2, 4, 7, np.float64)
        work.W[:], work.X[:] = rng.normal(size=(2, network.P)), rng.normal(size=(2, 4, 7))
        scale = rng.random((2, 4))
        work.gradient(2, np.zeros((2, 4), int), scale)
        for w, X, g, weights in zip(work.W, work.X, work.G, scale, strict=True):
            B, h, total = w[:15].reshape(3, 5), w[15:], np.zeros(network.P)
            for row, weight in zip(X, weights, strict=True):
                x, wrong = row[:5], h @ (B @ row[:5]) - row[5]
                total += weight * wrong * np.append(np.outer(h, x).ravel(), B @ x)
            errors.append(furthest(g, total))
    return max(errors)


def network(model) -> float:
    def compare(choices, fed):
        exp = fp.Experiment(**choices | dict(weights="examples"))  # as fedplay/plain.py has it
        return furthest(fp.run(exp, fed).parameters, plain_run(exp, fed))

    return worst(compare, model=model, hidden=(5, 3), stragglers=0.0)


def fixed_point(K, eta, star, **choices) -> float:
    """How far a round moves from where it should rest, over problems of two to six clients.

    By examples, and with clients alike, which is the same formula for clients that weigh 1.
    """
    rng, errors = np.random.default_rng(0), []
    for N, weights in itertools.product(range(2, 7), ("examples", "clients")):
        columns = rng.uniform(0.05, 4, N), rng.uniform(-3, 3, N), rng.integers(1, 7, N)
        clients = list(zip(*(column.tolist() for column in columns), strict=True))
        exp, fed = closed.experiment(clients, K, eta, **choices | dict(weights=weights))
        rest = star(clients, weights)
        end = closed.after_a_round(exp, fed, **{name: _copied(v) for name, v in rest.items()})
        errors.append(furthest(end.w, rest["w"]))
    return max(errors)


def _copied(value):
    return {k: v.copy() for k, v in value.items()} if isinstance(value, dict) else value.copy()


def rests_at(mu):
    return lambda clients, weights: {"w": closed.fixed_point(clients, 7, 0.2, mu, weights)}


def nova_rests(clients, weights):
    return {"w": closed.fednova_point(clients, 2, 0.2, weights=weights)}


def uniform() -> float:
    run = Run(fp.Experiment(participation=0.25, clients=20))
    ids = np.concatenate([run.cohort(r).ids for r in range(1, 2001)])
    return furthest(np.bincount(ids, minlength=20) / 2000, 0.25)


def poisson() -> float:
    run = Run(fp.Experiment(noise_multiplier=1.0, participation=0.3, clients=20, rounds=2000))
    ids = np.concatenate([run.cohort(r).ids for r in range(1, 2001)])
    return furthest(np.bincount(ids, minlength=20) / 2000, 0.3)


def dp() -> float:
    def compare(choices, fed):
        exp = fp.Experiment(**choices, clip=0.5, noise_multiplier=0.7)
        loop = papers.dp_fedavg(papers.given(exp, fed), 0.6, 0.5, 0.7)
        return furthest(fp.run(exp, fed).parameters, loop)

    sizes = [5, 9, 14, 3, 8]
    return max(
        compare(USUAL | dict(seed=s, participation=0.6), random_federation(_rng(s), sizes))
        for s in range(5)
    )


def _rng(seed):
    return np.random.default_rng(seed)


def combined(name) -> float:
    exp, errors = fp.Experiment(clients=8, participation=0.5, aggregate=name), []
    for weights in WEIGHTS if name == "mean" else ("paper",):
        run = Run(exp.replace(weights=weights))
        c, rows = run.cohort(1), _rng(0).normal(size=(4, 7))
        n = run.federation.sizes[c.ids]
        by = np.average(rows, axis=0, weights=np.ones(4) if weights == "clients" else n)
        right = by if name == "mean" else rows.sum(axis=0) / (0.5 * 8)
        errors.append(furthest(run.aggregate.combine(rows, c), right))
    return max(errors)


def server_sgd() -> float:
    w, m = _rng(0).normal(size=(2, 9))
    optimiser = make("server", "sgd", {"server_learning_rate": 0.3})
    return furthest(optimiser.step(w, m, {})[0], w + 0.3 * m)


def finetune(epochs=3) -> float:
    """Accuracies of the tuned models, each on its client's 40 or more held-out examples."""
    errors = []
    for seed in range(5):
        fed = random_federation(_rng(seed), [90, 120, 100], held_out=0.5)
        exp = fp.Experiment(**USUAL | dict(seed=seed), finetune_epochs=3)
        history, run = fp.run(exp, fed), Run(exp, fed)
        order, expected = order_of(run, epochs, Purpose.FINETUNE), []
        for k in range(3):
            rows, held = fed.train.of(k), fed.held.of(k)
            w, given = history.parameters, (fed.X[rows], fed.y[rows], order(exp.rounds, k))
            tuned = local_sgd(w, *given, 4, 0.2, softmax_gradient).reshape(fed.C, -1)
            logits = np.column_stack([fed.X[held], np.ones(len(held))]) @ tuned.T
            expected.append((logits.argmax(axis=1) == fed.y[held]).mean())
        errors.append(furthest(history.personal_accuracy, expected))
    return max(errors)
