"""The views on arrays alone: what is drawn is what was given, and nothing else."""

from __future__ import annotations

import doctest
from itertools import pairwise

import matplotlib
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import fedplay as fp
from fedplay.views import curves, stamp, style
from fedplay.views.board import Board, Labels
from fedplay.views.curves import Late, Series, apart, band, horizon, mean_of, plot_history
from fedplay.views.federation import bars, short, tidy_top

matplotlib.use("agg")
R, N, C = 6, 4, 3


def series(rounds=R, n=None, **other):
    rng = np.random.default_rng(1)
    n = rounds + 1 if n is None else n
    return Series(rounds, rng.random(n), rng.random((n, N)), **other)


def labels(K=N, clients=None, classes=("a", "b", "c"), names=()):
    counts = np.arange(K * len(classes)).reshape(K, -1) % 7
    return Labels(counts, np.arange(K), classes, clients or K, names)


@pytest.fixture
def board():
    made = Board(640, 480)
    made.show(series(), None, labels())
    made.mark(R, [0, 2])
    return made


def differ(a, b):
    """The rows and columns in which two pictures differ."""
    return np.argwhere((a != b).any(axis=-1))


def test_doctests():
    for module in (curves, stamp, style):
        assert doctest.testmod(module).failed == 0


# --- geometry -----------------------------------------------------------------------------------


@given(
    st.lists(st.floats(-0.5, 1.5), min_size=1, max_size=6),
    st.sampled_from([0.02, 0.05, 0.1]),
)
def test_labels_stay_apart_in_order_and_within_bounds(wanted, gap):
    got = apart(wanted, gap, 0.0, 1.0)
    order = sorted(range(len(wanted)), key=lambda i: (wanted[i], i))
    heights = [got[i] for i in order]
    assert all(b - a >= gap - 1e-6 for a, b in pairwise(heights))
    assert min(got) >= -1e-6
    assert max(got) <= 1 + 1e-6


@given(st.integers(1, 100_000))
def test_the_axis_of_rounds_ends_at_a_tidy_number_not_far_away(rounds):
    end = horizon(rounds)
    assert rounds <= end <= max(2 * rounds, rounds + 1)
    assert horizon(end) == end


@given(st.integers(1, 10**6))
def test_the_axis_of_examples_ends_soon_after_the_largest_bar(largest):
    assert largest <= tidy_top(largest) <= 2 * largest


def test_bars_are_stacked_and_as_high_as_the_counts():
    counts = np.array([[1, 2], [0, 5]])
    corners = bars(counts, width=1).reshape(2, 2, 4, 2)
    heights = corners[..., 1, 1] - corners[..., 0, 1]
    assert np.array_equal(heights, counts)
    assert np.array_equal(corners[:, 0, 1, 1], corners[:, 1, 0, 1]), "one on top of the other"
    assert np.array_equal(corners[:, 0, 0, 0], [-0.5, 0.5])


def test_the_mean_is_over_clients_that_hold_something_out():
    clients = np.array([[0.2, np.nan, 0.4], [0.5, np.nan, 0.7], [np.nan, np.nan, np.nan]])
    assert np.allclose(mean_of(clients), [0.3, 0.6, np.nan], equal_nan=True)
    assert np.isnan(mean_of(np.full((2, 2), np.nan))).all()


def test_a_band_is_the_quantiles_of_the_clients():
    clients = np.sort(np.random.default_rng(0).random((5, 101)), axis=1)
    outline = band(clients, 0.05, 0.95)
    assert np.allclose(outline[:5, 1], clients[:, 95])
    assert np.allclose(outline[5:, 1], clients[::-1, 5])
    clients[3:] = np.nan
    clients[0, 0] = np.nan  # a client that holds nothing out
    assert set(band(clients[:, 1:], 0.05, 0.95)[:, 0]) == {0, 1, 2}


# --- the picture --------------------------------------------------------------------------------


def test_the_curves_are_the_arrays(board):
    shown = board.series
    assert np.array_equal(board.curves.glob.get_ydata(), shown.accuracy)
    assert np.array_equal(board.curves.mean.get_ydata(), shown.clients.mean(axis=1))
    drawn = np.array(board.curves.clients.get_segments())
    assert np.array_equal(drawn[:, :, 1].T, shown.clients)
    assert np.array_equal(drawn[0, :, 0], np.arange(R + 1))


def test_a_frame_shows_what_moved_and_only_that(board):
    before = board.frame().copy()
    assert np.array_equal(board.frame(), before), "nothing moved"
    moved = Series(R, board.series.accuracy, board.series.clients)
    moved.accuracy[3] = 1 - moved.accuracy[3]
    board.show(moved, None, board._labels)
    after = board.frame().copy()
    changed = differ(before, after)
    box = board.curves.axes.get_window_extent()
    low = 480 - box.y0 + 10
    assert len(changed)
    assert changed[:, 0].max() <= low, "the label bars stay as they were"
    columns = box.x0 + box.width * np.array([1, 5]) / R  # lines are simplified a little
    assert columns[0] - 8 <= changed[:, 1].min()
    assert changed[:, 1].max() <= columns[1] + 8


def test_axes_do_not_jump(board):
    ticks = board.frame()[:, :55].copy()
    for rounds in (5, 6):
        board.show(series(rounds), None, board._labels)
        assert board.curves.axes.get_xlim() == (0, horizon(rounds))
        assert board.curves.axes.get_ylim() == (0, 1)
        assert np.array_equal(board.frame()[:250, :55], ticks[:250])
    assert horizon(41) == horizon(50) == 50


def test_a_frame_equals_the_same_picture_drawn_anew(board):
    for k in range(4):
        board.show(series(before=np.linspace(0, 1, k + 2)), None, labels())
        board.mark(k, [k])
        board.frame()
    fresh = Board(640, 480)
    fresh.show(series(before=np.linspace(0, 1, 5)), None, labels())
    fresh.mark(3, [3])
    assert not len(differ(board.frame(), fresh.frame()))


@pytest.mark.parametrize("dark", [False, True])
def test_the_accent_belongs_to_the_global_model_alone(dark):
    board = Board(640, 480, dark=dark)
    board.show(series(), None, labels())
    accent = np.array([int(board.look.accent[i : i + 2], 16) for i in (1, 3, 5)])

    def count():
        return int((board.frame()[..., :3] == accent).all(axis=-1).sum())

    assert count() > 100
    empty = Series(R, np.full(R + 1, np.nan), board.series.clients)
    board.show(empty, None, labels())
    assert count() == 0
    paper = [int(board.look.paper[i : i + 2], 16) for i in (1, 3, 5)]
    assert board.frame()[0, 0, :3].tolist() == paper


def test_late_curves_are_grey_until_they_are_fresh(board):
    late = Late(np.array([0, 3, 6]), np.array([0.5, 0.7, 0.9]), np.linspace(0, 0.6, 7), fresh=False)
    board.show(series(), late, labels())
    assert board.curves.personal.get_color() == board.look.stale
    board.show(series(), Late(late.at, late.personal, late.alone), labels())
    assert board.curves.personal.get_color() == board.look.personal
    assert board.curves.alone.get_color() == board.look.alone
    assert np.array_equal(board.curves.personal.get_xydata()[:, 1], late.personal)


def test_a_run_that_diverges_ends_in_a_cross_and_a_sentence(board):
    given_ = series(diverged=4)
    given_.accuracy[5:] = np.nan
    given_.clients[5:] = np.nan
    board.show(given_, None, labels())
    board.frame()
    assert board.curves.cross.get_xydata().tolist() == [[4, given_.accuracy[4]]]
    assert board.curves.labels["global"].words == "diverged in round 4"
    assert board.curves.labels["global"].place[0] == 4
    board.show(Series(R, given_.accuracy[:3], given_.clients[:3], 4), None, labels())
    assert len(board.curves.cross.get_xydata()) == 0, "not yet, while it is played"
    assert board.curves.labels["global"].words == "global model"


def test_no_global_test_set_and_nothing_held_out_is_no_error(board):
    nothing = Series(R, np.full(R + 1, np.nan), np.full((R + 1, N), np.nan))
    board.show(nothing, None, labels())
    assert board.frame().shape == (480, 640, 4)


def test_a_client_is_found_by_its_curve_and_by_its_bar_and_stands_out(board):
    board.frame()
    axes, shown = board.curves.axes, board.series
    x, y = axes.transData.transform((2, shown.clients[2, 1]))
    assert board.client_at(x, 480 - y) == 1
    assert board.round_at(x, 480 - y) == 2
    x, y = board.bars.axes.transData.transform((3, 1))
    assert board.client_at(x, 480 - y) == 3
    assert board.round_at(x, 480 - y) is None
    assert board.client_at(1, 1) is None
    board.choose(3)
    assert np.array_equal(board.curves.chosen.get_ydata(), shown.clients[:, 3])
    assert board.curves.labels["clients"].words == f"client 3 {curves.UNSEEN}"
    board.choose(None)
    assert len(board.curves.chosen.get_ydata()) == 0


def test_filled_dots_are_the_cohort(board):
    board.mark(2, [1, 3])
    paper = matplotlib.colors.to_rgba(board.look.paper)
    faces = [tuple(face) for face in board.bars.dots.get_facecolor()]
    assert [face != paper for face in faces] == [False, True, False, True]


def test_words_from_data_are_never_mathematics():
    names = [r"$\frac{1}{0}$", "$", "\x00new\nline", "x" * 99, "<b>"]
    board = Board(640, 480)
    board.show(series(), None, labels(classes=names, names=names))
    board.choose(0)
    board.frame()  # as mathematics, "$\frac{1}{0}$" would be drawn and "$" would not
    words = [text.get_text() for text in board.bars.names if text.get_gid() == "name"]
    assert words == [short(name) for name in names]
    assert short("x" * 99) == "x" * 15 + "…"
    assert short("\x00new\nline") == " new line"
    assert board.curves.labels["clients"].words.startswith(r"$\frac")


def test_two_picture_pixels_a_point_make_the_same_picture_finer():
    one, two = (Board(320, 240, ratio) for ratio in (1.0, 2.0))
    for board in (one, two):
        board.show(series(), None, labels())
    small, large = one.frame().astype(float), two.frame().astype(float)
    assert large.shape == (480, 640, 4)
    coarse = large.reshape(240, 2, 320, 2, 4).mean(axis=(1, 3))
    assert np.abs(coarse - small).mean() < 8


# --- plot_history -------------------------------------------------------------------------------


def test_plot_history_draws_on_axes_of_ones_own():
    import matplotlib.pyplot as plt

    history = fp.run(fp.Experiment(data="circles", examples=100, clients=3, rounds=4))
    figure, (left, right) = plt.subplots(1, 2)
    assert plot_history(history, right) is right
    assert not left.lines
    assert any(np.array_equal(line.get_ydata(), history.accuracy) for line in right.lines)
    assert right.get_legend() is not None
    figure.canvas.draw()
    axes = history.plot()
    assert axes.figure is not figure
    axes.figure.canvas.draw()
    plt.close("all")


def test_plot_history_of_a_large_federation_and_of_a_diverged_run():
    import matplotlib.pyplot as plt

    many = fp.Experiment(partition="resampled", clients=70, participation=0.1, rounds=2)
    axes = fp.run(many).plot()
    assert "nine of ten" in axes.get_legend().get_texts()[0].get_text()
    wild = fp.Experiment(data="circles", model="mlp", learning_rate=1000.0, rounds=12)
    history = fp.run(wild)
    axes = history.plot()
    words = " ".join(text.get_text() for text in axes.get_legend().get_texts())
    assert f"diverged in round {history.diverged}" in words
    axes.figure.canvas.draw()
    plt.close("all")
