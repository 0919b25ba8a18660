"""A `Newcomer` on matplotlib axes of one's own, for a notebook or a paper."""

from __future__ import annotations

from typing import Any

import numpy as np

from fedplay.drawing.settings import on_new_axes, plain_legend
from fedplay.drawing.style import LIGHT


def plot_newcomer(joined: Any, ax: Any = None) -> Any:
    """Draw accuracy against the number of examples, and bands from the lowest to the highest seed.

    Without `ax` a new pyplot figure is made, which is what a notebook shows by itself; it looks the
    same whatever `rcParams` say. Axes that are handed in keep their own style.
    """
    if ax is None:
        return on_new_axes(plot_newcomer, joined)
    many = len(joined.examples)
    shared = np.repeat(joined.global_accuracy[:, None], many, axis=1)
    lines = (
        ("global model", shared, LIGHT.accent, "-"),
        ("personal model", joined.personal_accuracy, LIGHT.personal, "-"),
        ("alone", joined.local_accuracy, LIGHT.alone, "--"),
    )
    places = np.arange(many)  # the numbers of examples are not evenly apart, the places are
    for name, accuracy, colour, style in lines:
        ends = joined.ends(accuracy)
        means, low, high = np.array([end[:3] for end in ends]).T
        if joined.seeds > 1:
            ax.fill_between(places, low, high, color=colour, alpha=0.15, lw=0)
        ax.plot(places, means, style, color=colour, lw=2, marker="o", ms=4, label=name)
    ax.set(xlabel="examples the newcomer has", ylabel="accuracy on its own data", ylim=(0, 1.02))
    ax.set_xticks(places, [str(n) for n in joined.examples])
    ax.grid(True, alpha=0.25)
    plain_legend(ax)
    return ax
