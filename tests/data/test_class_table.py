"""The partition "table": what it promises, for tables of any kind, and what it refuses."""

import json
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

import fedplay as fp
from fedplay.data import Classes, ClassTable, Dirichlet, Table, federate
from fedplay.data.partitions.class_table import divided, shares_of
from fedplay.data.sources.digits import Digits


def pool_of(counts):
    y = np.repeat(np.arange(len(counts)), counts)
    return Table("test", np.arange(len(y), dtype=float)[:, None], y, tuple(map(str, counts * 0)))


@st.composite
def tables(draw):
    N, C = draw(st.integers(1, 7)), draw(st.integers(1, 6))
    share = st.one_of(st.sampled_from([0.0, 1.0, 2.0]), st.floats(0.01, 1000))
    rows = draw(st.lists(st.lists(share, min_size=C, max_size=C), min_size=0, max_size=N + 2))
    counts = draw(st.lists(st.integers(0, 90), min_size=C, max_size=C))
    return rows, N, np.array(counts), draw(st.integers(0, 2**31))


@settings(max_examples=150, deadline=None)
@given(tables())
def test_a_class_that_anybody_takes_is_dealt_out_whole_and_to_those_alone(case):
    rows, N, counts, seed = case
    pool = pool_of(counts)
    try:
        owner = ClassTable(rows).assign(pool, N, seed)
    except ValueError as error:
        refusal = str(error)
    else:
        refusal = ""
    if refusal:
        assert refusal.startswith(("table: leaves client", "data: has", "clients="))
        return
    shares = np.ones((N, len(counts)))
    shares[: min(N, len(rows))] = np.array(rows[:N]).reshape(-1, len(counts))
    for c, total in enumerate(counts):
        has = np.bincount(owner[pool.y == c] + 1, minlength=N + 1)[1:]
        column = shares[:, c]
        if not column.any():
            assert has.sum() == 0
            continue
        assert has.sum() == total
        assert not has[column == 0].any()
        quotas = total * column / column.sum()
        assert (np.abs(has - quotas) < 1 + 1e-6).all()  # largest remainders keep the quota
    assert np.array_equal(owner, ClassTable(rows).assign(pool, N, seed))


@settings(max_examples=100, deadline=None)
@given(st.integers(1, 400), st.lists(st.integers(0, 50), min_size=1, max_size=12))
def test_largest_remainders_are_hamiltons_method(n, weights):
    """Against exact fractions: no share rounded down has a larger remainder than one rounded up."""
    assume(any(weights))
    exact = [Fraction(n * w, sum(weights)) for w in weights]
    found = divided(n, np.array(weights, float), np.arange(len(weights), dtype=float)).tolist()
    assert sum(found) == n
    up = [q - (q.numerator // q.denominator) for q, k in zip(exact, found, strict=True) if k > q]
    down = [q - k for q, k in zip(exact, found, strict=True) if k <= q and q != k]
    assert all(
        0 <= k - (q.numerator // q.denominator) <= 1 for q, k in zip(exact, found, strict=True)
    )
    assert not up or not down or min(up) >= max(down)


@settings(max_examples=100, deadline=None)
@given(st.lists(st.lists(st.integers(0, 200), min_size=3, max_size=3), min_size=1, max_size=12))
def test_the_shares_of_counts_give_these_counts_again(rows):
    counts = np.array(rows)
    assume(counts.sum(axis=1).all() and counts.sum() >= 5 * len(counts))
    pool = pool_of(counts.sum(axis=0))
    owner = ClassTable(shares_of(counts)).assign(pool, len(counts), 3)
    again = np.stack([np.bincount(pool.y[owner == k], minlength=3) for k in range(len(counts))])
    assert np.array_equal(again, counts)


def both(federation):
    clients = range(federation.clients)
    y = federation.y
    rows = [np.concatenate([federation.train.of(k), federation.held.of(k)]) for k in clients]
    return np.stack([np.bincount(y[some], minlength=federation.C) for some in rows]), rows


@pytest.mark.parametrize("partition", [Dirichlet(0.3), Classes(3)])
def test_a_partition_turned_into_a_table_is_the_same_in_numbers(partition):
    before, _ = both(federate(Digits(), partition, 10, 0))
    after, _ = both(federate(Digits(), ClassTable(shares_of(before)), 10, 0))
    assert np.array_equal(before, after)


def test_taking_a_class_from_a_client_moves_no_other_class():
    counts, rows = both(federate(Digits(), Dirichlet(1.0), 10, 0))
    table = np.array(shares_of(counts))
    client, label = 3, int(counts[3].argmax())
    table[client, label] = 0
    fed = federate(Digits(), ClassTable(tuple(map(tuple, table.tolist()))), 10, 0)
    after, rows_after = both(fed)
    assert after[client, label] == 0
    assert after[:, label].sum() == counts[:, label].sum()
    others = np.arange(10) != label
    assert np.array_equal(after[:, others], counts[:, others])
    for k in range(10):  # the very examples too: they are drawn class by class as "dirichlet" does
        same = fed.y[np.sort(rows[k])] != label
        kept = np.sort(rows_after[k])
        assert np.array_equal(np.sort(rows[k])[same], kept[fed.y[kept] != label])


def test_the_number_of_clients_may_change_while_the_table_stands():
    table = ((0.0,) + (1.0,) * 9, (1.0,) * 10)
    exp = fp.Experiment(partition="table", table=table, clients=4)
    counts, _ = both(federate(exp.source, exp.stage("partition"), 4, 0))
    assert counts[0, 0] == 0
    assert np.ptp(counts[1:], axis=0).max() <= 1  # missing rows are equal shares
    counts, _ = both(federate(exp.source, exp.replace(clients=1).stage("partition"), 1, 0))
    assert counts[0, 0] == 0  # nobody takes it: left out
    assert fp.Experiment.from_token(exp.to_token()) == exp
    assert fp.Experiment.from_json(exp.to_json()) == exp
    assert json.loads(exp.to_json()) == exp.to_dict()
    assert eval(repr(exp), {"Experiment": fp.Experiment}) == exp


def test_a_large_table_travels_in_a_link():
    counts, _ = both(federate(Digits(), Dirichlet(0.3), 100, 0))
    exp = fp.Experiment(partition="table", table=shares_of(counts), clients=100)
    assert len(exp.to_token()) < 4096
    assert fp.Experiment.from_token(exp.to_token()) == exp


@pytest.mark.parametrize(
    ("choices", "said"),
    [
        (
            dict(table=((1.0, 1.0),)),
            "must be 10 × 10 for these clients and classes, with 10 numbers in a row, not 2",
        ),
        (dict(table=((1.0,) * 10, (0.0,) * 10)), "leaves client 1 without any class"),
        (dict(table=((1.0,) * 10, (1.0,) * 9)), "must be rows of one length"),
        (dict(table=((-1.0,) * 10,)), "each from 0 to 1000"),
        (dict(table=((1.0,) * 10,) * 201), "up to 2,000 numbers in all"),
        (dict(table=((1.0,) * 10,), data="moons"), "must be 10 × 2 for these clients and classes"),
        (dict(clients=300), "clients=300: must be at most 287"),
    ],
)
def test_what_cannot_be_is_refused_in_a_sentence(choices, said):
    with pytest.raises(ValueError) as caught:
        fp.Experiment(partition="table", **choices)
    assert said in str(caught.value)


def test_a_client_whose_shares_come_to_nothing_is_refused():
    table = ((0.01,) * 10, (1000.0,) * 10)
    with pytest.raises(ValueError, match=r"table: leaves client 0 of 2 without an example"):
        fp.run(fp.Experiment(partition="table", table=table, clients=2))
