"""Many clients at once: bands, the middle, and whose lines stay."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from fedplay.views.client_lines import NARROW, WIDE, spread, standing_out

CURVES = arrays(
    float,
    st.tuples(st.integers(1, 6), st.integers(1, 40)),
    elements=st.one_of(st.floats(0, 1), st.just(np.nan)),
)


def test_bands_are_the_quantiles():
    """21 clients at 0, .05, ..., 1 have every quantile where it says, and so in every round."""
    clients = np.tile(np.linspace(0, 1, 21), (3, 1)) * np.array([[1.0], [0.5], [0.1]])
    found = spread(np.array([0.0, 1.0, 2.0]), clients[:, ::-1])
    for outline, (low, high) in ((found.wide, WIDE), (found.narrow, NARROW)):
        assert outline[:, 0].tolist() == [0, 1, 2, 2, 1, 0]
        np.testing.assert_allclose(outline[:3, 1], high * np.array([1, 0.5, 0.1]))
        np.testing.assert_allclose(outline[:2:-1, 1], low * np.array([1, 0.5, 0.1]))
    np.testing.assert_allclose(found.median, [0.5, 0.25, 0.05])


@given(CURVES)
@settings(max_examples=300, deadline=None)
def test_the_bands_hold_each_other_and_the_middle(clients):
    x = np.arange(len(clients), dtype=float)
    found = spread(x, clients)
    n = len(found.wide) // 2
    assert found.wide.shape == found.narrow.shape == (2 * n, 2)
    rows = found.wide[:n, 0].astype(int)
    top, bottom = found.wide[:n, 1], found.wide[n:, 1][::-1]
    upper, lower = found.narrow[:n, 1], found.narrow[n:, 1][::-1]
    middle = found.median[rows]
    for low, high in ((bottom, lower), (lower, middle), (middle, upper), (upper, top)):
        assert (low <= high + 1e-12).all()
    assert np.isnan(np.delete(found.median, rows)).all()


@given(CURVES, st.none() | st.integers(-1, 45), st.booleans())
@settings(max_examples=300, deadline=None)
def test_whose_lines_stay(clients, followed, lowest):
    """Against every client's last number, looked at one by one."""
    found = standing_out(clients, followed, lowest=lowest)
    assert len(set(found.values())) == len(found)
    there = followed is not None and 0 <= followed < clients.shape[1]
    assert found.get("followed") == (followed if there else None)
    own = [k for k in range(clients.shape[1]) if np.isfinite(clients[0, k])]  # hold something out
    whole = [row for row in clients if own and all(np.isfinite(row[k]) for k in own)]
    if not whole:
        assert found.keys() <= {"followed"}
        return
    ends = {k: whole[-1][k] if lowest else -whole[-1][k] for k in own}
    least, most = min(ends.values()), max(ends.values())
    for name, end in (("worst", least), ("best", most)):
        if name in found:
            assert ends[found[name]] == end
        else:  # it has another name already
            assert any(ends.get(k) == end for k in found.values())


@pytest.mark.parametrize(("lowest", "worst", "best"), [(True, 1, 2), (False, 2, 1)])
def test_of_a_loss_the_highest_is_the_worst(lowest, worst, best):
    clients = np.array([[0.5, 0.5, 0.5], [0.5, 0.1, 0.9]])
    assert standing_out(clients, lowest=lowest) == {"worst": worst, "best": best}
    assert standing_out(clients, 1, lowest=True) == {"followed": 1, "best": 2}
