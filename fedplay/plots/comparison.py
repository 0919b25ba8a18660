"""A `Comparison` on matplotlib axes of one's own, for a notebook or a paper."""

from __future__ import annotations

from typing import Any

import numpy as np

from fedplay.drawing.settings import on_new_axes, plain_legend
from fedplay.drawing.style import LIGHT
from fedplay.studies.statistics import coinciding
from fedplay.views.compare.curves import dashes
from fedplay.views.compare.shown import colour_of


def plot_comparison(comparison: Any, ax: Any = None) -> Any:
    """Draw each method's mean over seeds, and a band from the lowest to the highest of them.

    Without `ax` a new pyplot figure is made, which is what a notebook shows by itself; it looks the
    same whatever `rcParams` say. Axes that are handed in keep their own style.
    """
    if ax is None:
        return on_new_axes(plot_comparison, comparison)
    look, seeds, target = LIGHT, comparison.seeds, comparison.target
    to, far = comparison.rounds_to(), 1
    means = {name: rows.mean(axis=0) for name, rows in comparison.accuracy.items()}
    over = dashes(coinciding(means), list(means))
    for name, rows in comparison.accuracy.items():
        colour, rounds = colour_of(name, look), np.arange(rows.shape[1])
        label = f"{name}: {to[name].words()}"
        label += "".join(f", {mark} in {n}" for mark, n in comparison.broken(name).items())
        if seeds > 1:
            ax.fill_between(rounds, rows.min(axis=0), rows.max(axis=0), color=colour, alpha=0.18)
        ax.plot(rounds, means[name], color=colour, lw=2, ls=over.get(name, "-"), label=label)
        far = max(far, len(rounds) - 1)
    ax.axhline(target, color=look.ink, lw=1, ls=(0, (5, 3)))
    many = "one seed" if seeds == 1 else f"{seeds} seeds: mean, lowest, highest"
    ax.set(xlabel="round", ylabel=f"accuracy ({many})", xlim=(0, far), ylim=(0, 1.02))
    ax.grid(True, alpha=0.25)
    plain_legend(ax, title=f"median round to {target:.2f}")
    return ax
