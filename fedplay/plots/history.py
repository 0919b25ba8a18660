"""A `History` as the learning curves of the screen, for a notebook or a paper.

Which curves there are, how they look and what they are called is the view's, in a figure of its own
and on axes of somebody else's. `plot(history)` is the same picture of a run that is computed once
more; here nothing is computed but what the history has, which may be of a file that is not there
any more. So what clients would get with personal models, or alone, is in `plot(history)` only. On
axes that are handed in there is no room for names beside the ends of the curves: there is a legend.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from matplotlib.collections import LineCollection, PolyCollection
from matplotlib.lines import Line2D

from fedplay.drawing.settings import plain_legend
from fedplay.plots.small_print import small_print
from fedplay.plots.view import LEFT, framed, length
from fedplay.runs.series import Labels, Series
from fedplay.views.board import Board
from fedplay.views.curves.view import Curves
from fedplay.views.registered import MAIN
from fedplay.views.scene import Scene
from fedplay.words import UNSEEN

SIZE = (792, 396)  # css pixels: 11 by 5.5 inches, as `plot`


def plot_history(history: Any, ax: Any = None) -> Any:
    """Draw a History's learning curves as the screen does, on matplotlib axes; returns them.

    Without `ax` a new pyplot figure is made, which is what a notebook shows by itself, with the
    experiment in small print below; it looks the same whatever `rcParams` say. Axes that are handed
    in keep their own style, have a legend and no small print. The lines are labelled in both.
    """
    scene = _scene(history)
    if ax is None:
        words = length(history, history.rounds, scene.at)
        lines = small_print(history.experiment, words, SIZE[0] - 2 * LEFT)
        _, board = framed(scene, lines, MAIN, SIZE)
        return _labelled(board).chart
    board = Board(*SIZE)
    board.show(scene)
    _copy(_labelled(board), ax)
    plain_legend(ax)
    return ax


def _scene(history: Any) -> Scene:
    """What there is to show of a history: its curves, at the end."""
    exp, clients = history.experiment, history.client_accuracy
    score = exp.stage("model").score
    whole = history.accuracy
    if score == "loss":  # which of the clients no history has
        whole, clients = history.loss, clients[:, :0]
    known, state = (whole, clients, history.diverged), history.state
    series = Series(max(history.rounds, 1), *known, score=score, state=state)
    unknown: Any = None  # a view of curves asks for no example
    nobody = Labels(np.zeros((0, 0), int), np.zeros(0, int), (), clients.shape[1])
    return Scene(exp, unknown, history.panel, (), history.rounds, series, nobody)


def _labelled(board: Board) -> Curves:
    """The view of a board that was drawn; its artists have the names of what they show."""
    view = board.views[MAIN]
    assert isinstance(view, Curves)
    for key, curve in view.named.items():
        getattr(view.strokes, key).set_label(curve.words)
    for many, words in ((view.strokes.clients, "each client"), (view.strokes.wide, "nine in ten")):
        if many.get_paths():
            many.set_label(f"{words} {UNSEEN}")
    return view


def _copy(view: Curves, ax: Any) -> None:
    """The same curves and marks on axes of somebody else's."""
    chart, strokes = view.chart, view.strokes
    if many := strokes.clients.get_segments():
        ax.add_collection(_like(LineCollection(many), strokes.clients, ax), autolim=False)
    for band in (strokes.wide, strokes.narrow):
        if outlines := [path.vertices for path in band.get_paths()]:
            ax.add_collection(_like(PolyCollection(outlines), band, ax), autolim=False)
    for key in (*view.named, "cross"):
        stroke = getattr(strokes, key)
        ax.add_line(_like(Line2D(*stroke.get_data()), stroke, ax))
    xlabel, ylabel = chart.get_xlabel(), chart.get_ylabel()
    ax.set(xlabel=xlabel, ylabel=ylabel, xlim=chart.get_xlim(), ylim=chart.get_ylim())
    ax.grid(True, alpha=0.25)


def _like(made: Any, other: Any, ax: Any) -> Any:
    """An artist that looks as another one does, in the coordinates of other axes."""
    made.update_from(other)
    made.set_clip_path(None)
    made.set_clip_on(True)
    made.set_transform(ax.transData)
    return made
