"""A `History` on matplotlib axes of one's own, for a notebook or a paper."""

from __future__ import annotations

from typing import Any

import numpy as np
from matplotlib.collections import LineCollection, PolyCollection

from fedplay.drawing.figure import DOTS
from fedplay.drawing.lines import last
from fedplay.drawing.settings import on_new_axes, plain_legend
from fedplay.drawing.style import LIGHT
from fedplay.engine.evaluate import mean_of
from fedplay.plots.small_print import SIZE, small_print
from fedplay.views.client_lines import SINGLE, band, segments


def plot_history(history: Any, ax: Any = None) -> Any:
    """Draw a History's learning curves on matplotlib axes and return them.

    Without `ax` a new pyplot figure is made, which is what a notebook shows by itself, with the
    experiment in small print below; it looks the same whatever `rcParams` say. Axes that are handed
    in keep their own style, and have no small print.
    """
    if ax is None:
        return on_new_axes(_with_small_print, history)
    look, clients = LIGHT, history.client_accuracy
    rounds = np.arange(len(history.accuracy))
    if clients.shape[1] <= SINGLE:
        colours = [look.client(k) for k in range(clients.shape[1])]
        lines = list(segments(rounds, clients))
        drawn = LineCollection(lines, colors=colours, linewidths=1, alpha=0.6)
        drawn.set_label("each client, on its own held-out data")
        ax.add_collection(drawn)
    else:
        words = "nine of ten clients, on their own held-out data"
        verts = [band(rounds, clients, 0.05, 0.95)]
        ax.add_collection(PolyCollection(verts, facecolor=look.stale, alpha=0.4, label=words))
    ax.plot(rounds, mean_of(clients), color="#444444", lw=1.5, ls="--", label="clients' mean")
    label = "global model, on the global test set"
    if history.diverged is not None:
        label += f" (diverged in round {history.diverged})"
        seen = slice(history.diverged + 1)
        x, y = last(rounds[seen], history.accuracy[seen])
        ax.plot([x], [y], color=look.alarm, marker="x", ms=9, mew=2.2, ls="")
    ax.plot(rounds, history.accuracy, color=look.accent, lw=3, label=label)
    ax.set(xlabel="round", ylabel="accuracy", xlim=(0, max(1, len(rounds) - 1)), ylim=(0, 1.02))
    ax.grid(True, alpha=0.25)
    plain_legend(ax)
    return ax


def _with_small_print(history: Any, ax: Any) -> Any:
    """The same on axes that have their figure to themselves, and the experiment below them."""
    figure, exp = ax.figure, history.experiment
    whole = history.rounds == exp.rounds
    length = f"{exp.rounds:,} rounds" if whole else f"{history.rounds:,} of {exp.rounds:,} rounds"
    lines = small_print(exp, length, 0.96 * DOTS * figure.get_size_inches()[0])
    style: dict[str, Any] = {"color": LIGHT.muted, "fontsize": SIZE, "parse_math": False}
    figure.supxlabel("\n".join(lines), x=0.02, ha="left", **style)
    return plot_history(history, ax)
