"""Who gets which example: what every partition promises, and the distributions behind them."""

import tracemalloc
from dataclasses import dataclass

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import beta, kstest

from fedplay.data import (
    IID,
    MIN_EXAMPLES,
    Arrays,
    Blobs,
    Cancer,
    Classes,
    Digits,
    Dirichlet,
    Natural,
    Partition,
    Quantity,
    Resampled,
    Shards,
    Table,
    Writers,
    federate,
)
from fedplay.data.base import apportion, hold_out, pool_size, stratified
from fedplay.data.partitions.dirichlet import class_shares, log_gamma, top_up
from fedplay.streams import Purpose, Streams
from tests.support.counting import lines

DEALT = [IID(), Dirichlet(0.01), Dirichlet(0.3), Dirichlet(1000.0), Shards(1), Shards(2), Shards(5)]
DEALT += [Quantity(0.01), Quantity(0.5), Quantity(1000.0)]


def table(y, C=None, client=None):
    y = np.asarray(y)
    classes = tuple(map(str, range(C or int(y.max()) + 1)))
    return Table("test", np.arange(len(y), dtype=float)[:, None], y, classes, client)


def random_table(rng, n, C):
    return table(rng.choice(C, n, p=rng.dirichlet(np.full(C, 0.5))), C)


def everything(shares):
    return [shares.of(k) for k in range(len(shares.sizes))]


def fewest(partition, n, clients):
    """The smallest client that a partition may make."""
    if isinstance(partition, Shards):
        return partition.shards * (n // (partition.shards * clients))
    return MIN_EXAMPLES


def check_dealt(pool, clients, partition, train, held):
    """Every example goes to exactly one client; each has some to train on and some held out."""
    dealt = np.concatenate(everything(train) + everything(held))
    assert np.array_equal(np.sort(dealt), np.arange(len(pool.y)))
    total = train.sizes + held.sizes
    assert len(total) == clients
    assert total.min() >= fewest(partition, len(pool.y), clients)
    assert np.array_equal(held.sizes, np.floor(total * 0.2 + 0.5))
    for k in range(clients):
        assert len(train.of(k)) == train.sizes[k] >= 1
        assert len(held.of(k)) == held.sizes[k] >= 1


@settings(deadline=None, max_examples=300)
@given(
    n=st.integers(5, 300),
    C=st.integers(1, 12),
    crowd=st.floats(0, 1),
    partition=st.one_of(
        st.just(IID()),
        st.floats(-2, 3).map(lambda e: Dirichlet(float(np.clip(10.0**e, 0.01, 1000)))),
        st.floats(-2, 3).map(lambda e: Quantity(float(np.clip(10.0**e, 0.01, 1000)))),
        st.integers(1, 5).map(Shards),
    ),
    seed=st.integers(0, 2**32 - 1),
)
def test_every_example_goes_to_exactly_one_client(n, C, crowd, partition, seed):
    pool = random_table(np.random.default_rng(seed), n, C)
    clients = 1 + int(crowd * (n // MIN_EXAMPLES - 1))
    train, held = partition.split(pool, clients, seed)
    check_dealt(pool, clients, partition, train, held)
    again, held_again = partition.split(pool, clients, seed)
    assert again.describe() == train.describe()
    assert held_again.describe() == held.describe()


def test_two_thousand_settings():
    rng = np.random.default_rng(0)
    for i in range(2000):
        n = int(rng.integers(5, 120))
        pool = random_table(rng, n, int(rng.integers(1, 11)))
        clients = int(rng.integers(1, n // MIN_EXAMPLES + 1))
        partition = DEALT[i % len(DEALT)]
        check_dealt(pool, clients, partition, *partition.split(pool, clients, i))


@pytest.mark.parametrize("partition", [*DEALT, Resampled(), Classes()], ids=repr)
def test_the_data_seed_decides_and_nothing_else(partition):
    pool = random_table(np.random.default_rng(1), 200, 5)
    np.random.seed(0)  # noqa: NPY002  # the global generator must not matter
    one = [shares.describe() for shares in partition.split(pool, 7, 3)]
    np.random.seed(1)  # noqa: NPY002
    before = np.random.get_state()[1].copy()  # noqa: NPY002
    assert [shares.describe() for shares in partition.split(pool, 7, 3)] == one
    assert np.array_equal(np.random.get_state()[1], before)  # noqa: NPY002
    other = [shares.describe() for shares in partition.split(pool, 7, 4)]
    assert other[0] != one[0]
    assert other[1] != one[1]


# --- the test set and what is held out --------------------------------------------------------


def test_the_global_test_set_is_the_same_whatever_the_partition():
    first = federate(Writers(), IID(), 10, 5)
    assert len(first.y_test) == 359
    for partition, clients in [(Dirichlet(0.1), 40), (Natural(), 3), (Resampled(), 1000)]:
        other = federate(Writers(), partition, clients, 5)
        assert np.array_equal(first.X_test, other.X_test)
    assert not np.array_equal(first.y_test, federate(Writers(), IID(), 10, 6).y_test)


def test_the_test_set_has_every_class_in_proportion():
    fed = federate(Digits(), IID(), 10, 0)
    of_all = np.bincount(np.concatenate([fed.y, fed.y_test]))
    assert np.abs(np.bincount(fed.y_test) - 0.2 * of_all).max() < 1


@settings(deadline=None, max_examples=300)
@given(st.lists(st.integers(0, 40), min_size=1, max_size=12), st.floats(0, 1), st.integers(0, 99))
def test_apportion(counts, fraction, seed):
    counts = np.array(counts)
    size = int(fraction * counts.sum())
    take = apportion(counts, size, np.random.default_rng(seed))
    assert take.sum() == size
    assert (take >= 0).all()
    assert (take <= counts).all()
    if size <= np.maximum(counts - 1, 0).sum():
        assert (take[counts > 0] < counts[counts > 0]).all()  # one of each class is left
        ideal = counts * size / max(counts.sum(), 1)
        if (np.ceil(ideal) <= np.maximum(counts - 1, 0)).all():  # nothing in the way: quota rule
            assert (np.abs(take - ideal) < 1).all()


def test_stratified_chooses_within_a_class_at_random():
    y = np.repeat([0, 1], [10, 30])
    hits = sum(stratified(y, 8, np.random.default_rng(s)).astype(int) for s in range(4000))
    assert np.abs(hits / 4000 - 0.2).max() < 5 * np.sqrt(0.16 / 4000)


def test_a_client_keeps_one_of_each_class_for_training_where_it_can():
    y = np.array([0] * 12 + [1, 2, 3])
    train, held = hold_out(np.zeros(15, dtype=int), y, 1, seed=0)
    assert len(held.of(0)) == 3
    assert set(y[train.of(0)]) == {0, 1, 2, 3}


@pytest.mark.parametrize(
    ("n", "expected"), [(0, 0), (1, 0), (2, 1), (3, 1), (7, 1), (8, 2), (13, 3)]
)
def test_how_many_are_held_out(n, expected):
    train, held = hold_out(np.zeros(n, dtype=int), np.zeros(n, dtype=int), 1, seed=0)
    assert held.sizes.tolist() == [expected]
    assert train.sizes.tolist() == [n - expected]


def test_an_added_client_leaves_the_held_out_choice_of_the_others_alone():
    few, all_of_them = (federate(Writers(), Natural(), clients, 2) for clients in (5, 14))
    for k in range(5):
        for mine, theirs in [(few.held, all_of_them.held), (few.train, all_of_them.train)]:
            assert np.array_equal(few.X[mine.of(k)], all_of_them.X[theirs.of(k)])


# --- iid and shards ---------------------------------------------------------------------------


@pytest.mark.parametrize("clients", [1, 2, 7, 19])
def test_iid_sizes_differ_by_at_most_one(clients):
    owner = IID().assign(random_table(np.random.default_rng(0), 99, 3), clients, 0)
    sizes = np.bincount(owner, minlength=clients)
    assert sizes.max() - sizes.min() <= 1


def test_iid_is_independent_of_the_label():
    """Over many seeds every client gets its share of a class: hypergeometric mean and variance."""
    y = np.repeat([0, 1], [30, 70])
    got = [np.bincount(IID().assign(table(y), 5, s)[:30], minlength=5) for s in range(2000)]
    assert np.mean(got, axis=0) == pytest.approx(np.full(5, 6.0), abs=0.2)
    assert np.var(got, axis=0) == pytest.approx(np.full(5, 20 * 0.3 * 0.7 * 80 / 99), rel=0.2)


def test_shards_are_runs_of_the_sorted_labels():
    y = np.repeat(np.arange(10), 30)
    owner = Shards(2).assign(table(y), 10, seed=4)  # 20 shards of 15: each within one class
    counts = np.array([np.bincount(y[owner == k], minlength=10) for k in range(10)])
    assert (counts % 15 == 0).all()
    assert (counts.sum(axis=1) == 30).all()


def test_more_shards_are_less_skew():
    mean = {}
    for shards in (1, 2, 5, 20):
        fed = federate(Digits(), Shards(shards), 20, 0)
        mean[shards] = (fed.label_counts() > 0).sum(axis=1).mean()
    assert mean[1] < mean[2] < mean[5] < mean[20]


# --- dirichlet --------------------------------------------------------------------------------


@pytest.mark.parametrize("alpha", [0.01, 0.1, 0.3, 1.0, 10.0, 1000.0])
def test_dirichlet_second_moment(alpha):
    """For shares of Dir(α, ..., α) over N clients, E sum share² = (α + 1) / (N α + 1)."""
    N, C = 10, 50
    draws = np.concatenate(
        [(class_shares(alpha, N, C, Streams(seed)) ** 2).sum(axis=0) for seed in range(400)]
    )
    exact = (alpha + 1) / (N * alpha + 1)
    assert abs(draws.mean() - exact) < 4 * draws.std() / np.sqrt(len(draws))


@pytest.mark.parametrize("alpha", [0.05, 0.3, 1.0, 10.0])
def test_the_second_moment_of_whole_splits(alpha, monkeypatch):
    """The same of the examples that clients get, before anybody is topped up."""
    monkeypatch.setattr("fedplay.data.partitions.dirichlet.top_up", lambda *_: None)
    N, C, each = 10, 20, 500
    pool, draws = table(np.repeat(np.arange(C), each)), []
    for seed in range(100):
        owner = Dirichlet(alpha).assign(pool, N, seed)
        counts = np.array([np.bincount(owner[pool.y == c], minlength=N) for c in range(C)])
        draws += np.square(counts / each).sum(axis=1).tolist()
    exact = (alpha + 1) / (N * alpha + 1)
    assert abs(np.mean(draws) - exact) < 4 * np.std(draws) / np.sqrt(len(draws))


@pytest.mark.parametrize("alpha", [0.3, 1.0, 5.0])
def test_a_share_is_beta_distributed(alpha):
    N = 8
    first = np.concatenate([class_shares(alpha, N, 40, Streams(s))[0] for s in range(100)])
    assert kstest(first, beta(alpha, (N - 1) * alpha).cdf).pvalue > 0.001


@pytest.mark.parametrize("clients", [1, 2, 3, 1000])
def test_shares_are_numbers_at_the_smallest_alpha(clients):
    # With one client, 1 of 1700 draws of Gamma(0.01) is 0 in floating point.
    for seed in range(100):
        shares = class_shares(0.01, clients, 20_000 // clients, Streams(seed))
        assert np.isfinite(shares).all()
        assert np.allclose(shares.sum(axis=0), 1.0)


@pytest.mark.parametrize("partition", [Dirichlet(0.01), Resampled(0.01), Quantity(0.01)], ids=repr)
def test_shares_that_are_too_small_for_a_float_raise_nothing(partition):
    """Somebody's notebook may have told numpy to raise what it usually keeps to itself."""
    plain = federate(Digits(), partition, 50, 0)
    with np.errstate(all="raise"):
        strict = federate(Digits(), partition, 50, 0)
        assert strict.digest == plain.digest
        assert np.array_equal(strict.label_counts(), plain.label_counts())


def test_log_gamma_is_the_logarithm_of_a_gamma_draw():
    draws = np.exp(log_gamma(np.full(20000, 0.5), np.random.default_rng(0)))
    assert kstest(draws, "gamma", args=(0.5,)).pvalue > 0.001


def test_an_added_client_makes_room_for_itself_only():
    few, more = class_shares(0.3, 5, 10, Streams(1)), class_shares(0.3, 6, 10, Streams(1))
    assert np.allclose(more[:5] / more[:5].sum(axis=0), few)


def test_the_split_follows_the_shares():
    """Without any need to top up, the counts are the shares of each class, rounded."""
    pool = table(np.repeat(np.arange(3), 1000))
    owner = Dirichlet(5.0).assign(pool, 6, seed=8)
    counts = np.array([np.bincount(owner[pool.y == c], minlength=6) for c in range(3)]).T
    assert np.abs(counts - 1000 * class_shares(5.0, 6, 3, Streams(8))).max() <= 1


@settings(deadline=None, max_examples=300)
@given(st.lists(st.integers(0, 30), min_size=1, max_size=12), st.integers(0, 99))
def test_top_up_takes_from_the_largest(sizes, seed):
    sizes = np.array(sizes)
    if sizes.sum() < MIN_EXAMPLES * len(sizes):
        sizes[0] += MIN_EXAMPLES * len(sizes)
    owner = np.random.default_rng(seed).permutation(np.repeat(np.arange(len(sizes)), sizes))
    before = owner.copy()
    top_up(owner, len(sizes), np.random.default_rng(seed))
    expected = sizes.copy()
    while expected.min() < MIN_EXAMPLES:  # the same, one by one
        expected[np.argmax(expected)] -= 1
        expected[np.argmin(expected)] += 1
    after = np.bincount(owner, minlength=len(sizes))
    assert sorted(after) == sorted(expected)
    assert (sizes[owner[owner != before]] < MIN_EXAMPLES).all()  # only the poor receive
    assert (owner != before).sum() == np.maximum(MIN_EXAMPLES - sizes, 0).sum()


def chances(assign, n, clients, draws=2000):
    """(n, N) how often each example goes to each client, over many seeds."""
    owners = np.array([assign(seed) for seed in range(draws)])
    return np.array([(owners == k).mean(axis=0) for k in range(clients)]).T


def test_which_examples_of_a_class_a_client_gets_is_random():
    pool = table(np.repeat([0, 1], 20))
    even = chances(lambda seed: Dirichlet(1000.0).assign(pool, 2, seed), 40, 2)
    assert np.abs(even - 0.5).max() < 5 * np.sqrt(0.25 / 2000)
    shards = chances(lambda seed: Shards(2).assign(pool, 2, seed), 40, 2)  # 4 shards of 10
    assert np.abs(shards - 0.5).max() < 5 * np.sqrt(0.25 / 2000)
    counts = {int((Shards(2).assign(pool, 2, seed)[:20] == 0).sum()) for seed in range(50)}
    assert counts == {0, 10, 20}  # of the first class a client has no shard, one or both
    together = [Shards(1).assign(pool, 4, seed)[:2] for seed in range(500)]  # 10 each, of one class
    assert abs(np.mean([a == b for a, b in together]) - 9 / 19) < 5 * np.sqrt(0.25 / 500)


def test_which_examples_a_large_client_gives_away_is_random():
    def after(seed):
        owner = np.zeros(20, dtype=int)
        top_up(owner, 2, np.random.default_rng(seed))
        return owner

    given_away = chances(after, 20, 2)[:, 1]
    assert np.abs(given_away - 0.25).max() < 5 * np.sqrt(0.1875 / 2000)


def test_label_skew_falls_with_alpha():
    from fedplay.data import jensen_shannon

    skew = [
        np.mean(
            [
                jensen_shannon(federate(Digits(), Dirichlet(a), 10, s).label_counts())
                for s in range(5)
            ]
        )
        for a in (0.05, 0.3, 1.0, 10.0, 1000.0)
    ]
    assert (np.diff(skew) < 0).all()


# --- quantity ---------------------------------------------------------------------------------


@pytest.mark.parametrize("beta", [0.1, 0.5, 3.0])
def test_sizes_follow_a_dirichlet_draw(beta, monkeypatch):
    """E sum share² = (β + 1) / (N β + 1) of the clients' sizes, before anybody is topped up."""
    monkeypatch.setattr("fedplay.data.partitions.quantity.top_up", lambda *_: None)
    N, pool = 6, table(np.zeros(6000, int))
    sizes = [np.bincount(Quantity(beta).assign(pool, N, s), minlength=N) for s in range(600)]
    draws = np.square(np.array(sizes) / 6000).sum(axis=1)
    exact = (beta + 1) / (N * beta + 1)
    assert abs(draws.mean() - exact) < 4 * draws.std() / np.sqrt(len(draws))


def test_only_the_poorest_are_topped_up():
    pool, beta = table(np.zeros(400, int)), 0.3
    owner = Quantity(beta).assign(pool, 20, seed=1)
    sizes = np.bincount(owner, minlength=20)
    promised = 400 * class_shares(beta, 20, 1, Streams(1))[:, 0]
    assert sizes.min() == MIN_EXAMPLES
    poor = promised < MIN_EXAMPLES - 1
    assert poor.any()
    assert (sizes[poor] == MIN_EXAMPLES).all()
    assert (sizes[~poor] <= np.maximum(promised[~poor] + 1, MIN_EXAMPLES)).all()


def test_labels_are_the_same_for_large_and_small():
    """Given its size, what a client has of a class is hypergeometric: its mean and variance."""
    y, scores = np.repeat([0, 1], [120, 280]), []
    for seed in range(1500):
        owner = Quantity(0.5).assign(table(y), 5, seed)
        n = np.bincount(owner, minlength=5)
        got = np.bincount(owner[:120], minlength=5)
        variance = n * 0.3 * 0.7 * (400 - n) / 399
        scores.append((got - 0.3 * n) / np.sqrt(variance))
    assert np.abs(np.mean(scores, axis=0)).max() < 5 / np.sqrt(1500)
    assert np.var(scores, axis=0) == pytest.approx(np.ones(5), rel=0.25)


# --- classes ----------------------------------------------------------------------------------


@settings(deadline=None, max_examples=300)
@given(
    C=st.integers(1, 12),
    clients=st.integers(1, 30),
    k=st.integers(1, 12),
    seed=st.integers(0, 2**32 - 1),
)
def test_everybody_has_so_many_classes(C, clients, k, seed):
    k = min(k, C)
    sizes = np.random.default_rng(seed).integers(300, 600, C)
    pool = table(np.repeat(np.arange(C), sizes))
    owner = Classes(k).assign(pool, clients, seed)
    counts = np.array([np.bincount(pool.y[owner == i], minlength=C) for i in range(clients)])
    assert ((counts > 0).sum(axis=1) == k).all()
    holders = (counts > 0).sum(axis=0)
    assert holders.max() - holders.min() <= 1
    assert (holders > 0).all() or clients * k < C
    for c in range(C):
        have = counts[:, c][counts[:, c] > 0]
        assert have.sum() == (sizes[c] if len(have) else 0)
        assert not len(have) or have.max() - have.min() <= 1


def test_which_classes_a_client_has_is_random():
    pool = table(np.repeat(np.arange(5), 40))
    owners = [Classes(2).assign(pool, 4, seed) for seed in range(1000)]
    has = np.array([[set(pool.y[owner == i]) for i in range(4)] for owner in owners])
    for c in range(5):
        chance = np.mean([[c in mine for mine in row] for row in has], axis=0)
        assert np.abs(chance - 2 / 5).max() < 5 * np.sqrt(0.24 / 1000)


def test_which_examples_of_its_classes_a_client_has_is_random():
    pool = table(np.repeat([0, 1], 20))
    share = chances(lambda seed: Classes(2).assign(pool, 2, seed), 40, 2)
    assert np.abs(share - 0.5).max() < 5 * np.sqrt(0.25 / 2000)


def test_an_added_client_leaves_the_classes_of_the_others_alone():
    pool = table(np.repeat(np.arange(10), 60))
    few, more = (Classes(3).assign(pool, N, 7) for N in (6, 7))
    for i in range(6):
        assert set(pool.y[few == i]) == set(pool.y[more == i])


def test_what_no_client_holds_stays_out():
    fed = federate(Digits(), Classes(1), 3, 0)
    assert (fed.label_counts().sum(axis=0) > 0).sum() == 3
    assert set(fed.y_test) == set(range(10))


@pytest.mark.parametrize(
    ("partition", "source", "clients", "sentence"),
    [
        (Classes(3), Cancer(), 5, "^classes_per_client=3: must be at most 2, because these data"),
        (Classes(), Digits(), 288, "^clients=288: must be at most 287"),
        (Classes(1), Digits(), 287, r"^classes_per_client=1: leaves client \d+ of 287 with 4 ex"),
        (Quantity(), Blobs(examples=100), 17, "^clients=17: must be at most 16"),
    ],
)
def test_refusals_of_quantity_and_classes(partition, source, clients, sentence):
    with pytest.raises(ValueError, match=sentence):
        federate(source, partition, clients, 0)


# --- natural ----------------------------------------------------------------------------------


def test_natural_keeps_the_writers_apart():
    writers = Writers().load(0)
    fed = federate(Writers(), Natural(), 14, 0)
    assert fed.client_names == writers.client_names
    assert len(fed.y) == pool_size(1797)
    where = {row.tobytes(): k for row, k in zip(writers.X, writers.client, strict=True)}
    for k in range(14):
        rows = np.concatenate([fed.train.of(k), fed.held.of(k)])
        assert {where[row.tobytes()] for row in fed.X[rows]} == {k}


def test_fewer_clients_than_writers_leave_the_others_out():
    fed = federate(Writers(), Natural(), 3, 0)
    assert fed.clients == 3
    assert fed.client_names == ("writer 1", "writer 2", "writer 3")
    assert len(fed.y) == fed.train.sizes.sum() + fed.held.sizes.sum() < 400
    assert len(fed.y_test) == 359


def test_no_natural_client_loses_everything_to_the_test_set():
    y = np.tile([0, 1], 60)
    client = np.arange(120) // 2
    from fedplay.data.federation import cut_test

    for seed in range(50):
        pool, test = cut_test(table(y, client=client), seed)
        assert set(pool.client) == set(range(60))
        assert len(pool.y) + len(test.y) == 120


# --- resampled --------------------------------------------------------------------------------


def test_nobody_is_evaluated_on_what_anybody_trains_on():
    fed = federate(Digits(), Resampled(), 500, 0)
    trained = set(np.concatenate(everything(fed.train)).tolist())
    judged = set(np.concatenate(everything(fed.held)).tolist())
    assert not trained & judged
    assert len(trained) > 0.95 * 0.8 * len(fed.y)
    assert len(judged) > 0.95 * 0.2 * len(fed.y)


def test_a_resampled_client_has_what_it_asked_for():
    fed = federate(Digits(), Resampled(client_examples=50), 20, 0)
    assert set(fed.train.sizes) == {40}
    assert set(fed.held.sizes) == {10}
    assert all(len(fed.train.of(k)) == 40 for k in range(20))
    assert all(len(fed.held.of(k)) == 10 for k in range(20))


@pytest.mark.parametrize("alpha", [0.05, 0.3, 1.0, 100.0])
def test_resampled_class_mix_is_dirichlet(alpha):
    """Two draws of a client agree with probability E sum q² = (α + 1) / (C α + 1), C equal classes.

    And over clients the mix is that of the pool.
    """
    C, N = 5, 3000
    pool = table(np.tile(np.arange(C), 100))
    train, _ = Resampled(alpha=alpha, client_examples=25).split(pool, N, seed=1)
    counts = np.array([np.bincount(pool.y[train.of(k)], minlength=C) for k in range(N)])
    agree = (counts * (counts - 1)).sum(axis=1) / (20 * 19)
    assert abs(agree.mean() - (alpha + 1) / (C * alpha + 1)) < 4 * agree.std() / np.sqrt(N)
    mix = counts / 20
    assert (np.abs(mix.mean(axis=0) - 1 / C) < 4 * mix.std(axis=0) / np.sqrt(N)).all()


def test_resampled_keeps_the_mix_of_unequal_classes():
    pool = table(np.repeat([0, 1, 2], [700, 250, 50]))
    train, _ = Resampled(alpha=0.5).split(pool, 4000, seed=2)
    drawn = np.array([np.bincount(pool.y[train.of(k)], minlength=3) for k in range(4000)]) / 20
    error = 4 * drawn.std(axis=0) / np.sqrt(4000)
    assert (np.abs(drawn.mean(axis=0) - [0.7, 0.25, 0.05]) < error).all()


def test_a_client_is_evaluated_on_its_own_mix():
    fed = federate(Digits(), Resampled(alpha=0.01, client_examples=100), 200, 0)
    same = [
        np.bincount(fed.y[fed.train.of(k)]).argmax() == np.bincount(fed.y[fed.held.of(k)]).argmax()
        for k in range(200)
    ]
    assert np.mean(same) > 0.9


def test_examples_of_a_class_are_drawn_evenly():
    pool = table(np.zeros(50, dtype=int), C=1)
    train, _ = Resampled(client_examples=1000).split(pool, 100, seed=0)
    hits = np.bincount(np.concatenate(everything(train)), minlength=50)
    there = hits[hits > 0]
    assert len(there) == 40
    assert np.abs(there - 2000).max() < 5 * np.sqrt(2000)


def test_a_client_has_the_same_examples_in_a_federation_of_any_size():
    small, large = (federate(Digits(), Resampled(), N, 0) for N in (10, 10_000_000))
    for k in range(10):
        assert np.array_equal(small.train.of(k), large.train.of(k))
        assert np.array_equal(large.train.of(k), large.train.of(k))
    assert not np.array_equal(large.train.of(9_999_999), large.train.of(9_999_998))
    for k in (-1, 10_000_000):
        with pytest.raises(IndexError):
            large.train.of(k)


def test_ten_million_clients_cost_next_to_nothing():
    Digits().load(0)
    tracemalloc.start()
    fed = federate(Digits(), Resampled(), 10_000_000, 0)
    assert len(fed.sizes) == 10_000_000
    fed.train.of(1234567)
    assert fed.digest
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 8 * 10_000_000 / 4  # a quarter of what is allowed


@pytest.mark.parametrize("clients", [1000, 1_000_000])
def test_a_cohort_costs_what_its_clients_do_however_many_there_are(clients):
    """How long it takes: `make bench`, the million clients."""
    train = federate(Digits(), Resampled(), clients, 0).train
    train.of(0)
    tracemalloc.start()
    work = lines(lambda: [train.of(k) for k in range(clients - 100, clients)])
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert work < 100 * 200
    assert peak < 1_000_000


# --- what is refused --------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("partition", "source", "clients", "sentence"),
    [
        (IID(), Digits(), 288, r"^clients=288: must be at most 287, .*partition=\"resampled\""),
        (Dirichlet(), Blobs(examples=100), 17, r"^clients=17: must be at most 16, because 80 "),
        (
            Shards(20),
            Blobs(examples=100),
            5,
            r"^shards=20: must be at most 16 with clients=5, .*80",
        ),
        (Shards(2), Blobs(examples=100), 17, r"^clients=17: must be at most 16"),
        (Natural(), Digits(), 5, r"^partition=\"natural\": .*clients of their own"),
        (Natural(), Writers(), 15, r"^clients=15: must be at most 14"),
        (Resampled(), Digits(), 10_000_001, r"^clients=10000001: must be at most 10,000,000"),
        (IID(), Digits(), 0, r"^clients=0: must be a whole number of at least 1"),
        (IID(), Digits(), 2.5, r"^clients=2.5: must be a whole number"),
        (Resampled(), Digits(), -1, r"^clients=-1: must be"),
        (IID(), Arrays(), 5, r"^data=\"arrays\": stands for a Federation"),
    ],
)
def test_what_cannot_be_served_is_refused(partition, source, clients, sentence):
    with pytest.raises(ValueError, match=sentence):
        federate(source, partition, clients, 0)


def test_the_largest_number_that_is_named_works():
    assert federate(Digits(), Dirichlet(0.01), 287, 0).clients == 287
    assert federate(Blobs(examples=100), Shards(16), 5, 0).clients == 5


@pytest.mark.parametrize("partition", [IID(), Dirichlet(), Shards(), Resampled()], ids=repr)
def test_too_few_examples_for_anybody(partition):
    with pytest.raises(ValueError, match=r"^data: has 4 examples"):
        partition.check(4, 2, 1, 0)


@pytest.mark.parametrize("seed", [-1, 2**63, 1.5, True])
def test_bad_seeds(seed):
    with pytest.raises(ValueError, match=r"^data_seed="):
        federate(Digits(), IID(), 5, seed)


@pytest.mark.parametrize(
    ("make", "sentence"),
    [
        (lambda: Dirichlet(0.0), "^alpha=0.0: must be a number from 0.01 to 1000"),
        (lambda: Resampled(alpha=float("nan")), "^alpha=nan"),
        (lambda: Resampled(client_examples=4), "^client_examples=4: must be a whole number from 5"),
        (lambda: Shards(21), "^shards=21: must be a whole number from 1 to 20"),
    ],
)
def test_knobs_are_checked(make, sentence):
    with pytest.raises(ValueError, match=sentence):
        make()


def test_a_partition_of_ones_own():
    @dataclass(frozen=True)
    class OddAndEven(Partition):
        def assign(self, pool, clients, seed):
            return pool.y % 2

    fed = federate(Digits(), OddAndEven(), 2, 0)
    assert (fed.y[fed.train.of(0)] % 2 == 0).all()
    assert (fed.y[fed.train.of(1)] % 2 == 1).all()


def test_streams_are_those_of_the_purpose():
    """The test set is drawn from Purpose.TEST of the data seed and nothing else."""
    digits = Digits().load(0)
    chosen = stratified(digits.y, 359, Streams(11).at(Purpose.TEST))
    assert np.array_equal(federate(Digits(), IID(), 5, 11).X_test, digits.X[chosen])
