"""What must be true of a Playground's picture, for the tests of the screen."""

from __future__ import annotations

import numpy as np

from fedplay.slots import TOPICS

TINY = {"data": "circles", "examples": 100, "clients": 4, "rounds": 3, "learning_rate": 0.5}


def same(a, b):
    return np.array_equal(a, b, equal_nan=True)


def unfolded(screen):
    """The controls of a Playground by their names, all groups of the column unfolded."""
    column = screen.screen.column
    if not column.unfolded:
        column.unfolded = set(TOPICS)
        screen.screen.follow(screen.event_loop.ours)
    return screen.screen.panel.controls


def assert_prefix(shown, whole):
    """The arrays in the picture are those of a fresh run, up to the round that is shown."""
    n = len(shown.accuracy)
    for name in ("accuracy", "loss", "client_accuracy", "epsilon", "bytes_up", "bytes_down"):
        assert same(getattr(shown, name), getattr(whole, name)[:n]), name
    assert len(shown.cohort) == n
    assert all(same(a, b) for a, b in zip(shown.cohort, whole.cohort, strict=False))


def assert_drawn(screen):
    """The artists hold the arrays that `shown` reports."""
    shown, curves = screen.shown, screen.screen.board.views["curves"]
    if screen.session.veiled:
        assert len(curves.strokes.glob.get_ydata()) == 0, "the answer is hidden"
        return
    if curves.scene.series.score == "loss":
        kept = np.where(shown.loss <= curves.top, shown.loss, np.nan)
        assert same(curves.strokes.glob.get_ydata(), kept)
        return
    assert same(curves.strokes.glob.get_ydata(), shown.accuracy)
    drawn = [segment[:, 1] for segment in curves.strokes.clients.get_segments()]
    if np.isfinite(shown.client_accuracy).all():
        assert same(np.array(drawn).T, shown.client_accuracy)
