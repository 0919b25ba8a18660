"""Learning curves: accuracy over rounds, of the global model and of every client.

The axes stay where they are: accuracy from 0 to 1, and rounds up to a tidy number, so that a longer
run grows into the picture. Where a run diverges there is a cross, and where its model is no longer
finite the curves end: nothing is drawn that was not computed.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.collections import LineCollection, PolyCollection
from matplotlib.lines import Line2D
from numpy.typing import NDArray

from fedplay.views.canvas import Canvas
from fedplay.views.stamp import Stamp
from fedplay.views.style import LIGHT, SMALL, TEXT, Look

Array = NDArray[Any]

SINGLE = 60  # clients that get a curve each; more of them are drawn as a band
UNSEEN = "◉"  # marks what only a simulation can show
NAMES = {
    "global": "global model",
    "mean": f"clients' mean {UNSEEN}",
    "personal": f"fine-tuned {UNSEEN}",
    "alone": f"each alone {UNSEEN}",
    "clients": f"each client {UNSEEN}",
    "band": f"nine in ten {UNSEEN}",
    "before": "before",
}


@dataclass(frozen=True, eq=False)
class Series:
    """The arrays that the picture shows, as long as they are known. N clients (of the panel)."""

    rounds: int  # R, where the run ends
    accuracy: Array  # (n,) of the global model, rounds 0 to n - 1
    clients: Array  # (n, N)
    diverged: int | None = None  # the first round after which it could not be saved
    before: Array | None = None  # (m,) the global model's, in the run that was shown before

    @property
    def mean(self) -> Array:
        """(n,) the clients' mean."""
        return mean_of(self.clients)


@dataclass(frozen=True, eq=False)
class Late:
    """What is computed after the main curves; `fresh` where it belongs to them."""

    at: Array  # (c,) rounds after which clients fine-tuned
    personal: Array  # (c,) their mean accuracy
    alone: Array  # (n,) mean accuracy of models that never joined
    fresh: bool = True


def horizon(rounds: int) -> int:
    """The end of the axis of rounds: the next tidy number."""
    scale = 10 ** max(0, len(str(max(rounds, 1))) - 1)
    steps = (1, 1.5, 2, 3, 4, 5, 6, 8, 10)
    return next(int(np.ceil(s * scale)) for s in steps if s * scale >= rounds)


def judged(clients: Array) -> Array:
    """The columns of (n, N) that belong to clients that hold something out."""
    kept: Array = clients[:, ~np.isnan(clients[:1]).ravel()]
    return kept


def mean_of(clients: Array) -> Array:
    """(n,) mean over the clients that hold something out, NaN where the model is not finite."""
    known = judged(clients)
    if known.shape[1] == 0:
        return np.full(len(clients), np.nan)
    mean: Array = known.mean(axis=1)
    return mean


def segments(clients: Array) -> Array:
    """(N, n, 2) the points of every client's curve."""
    n, N = clients.shape
    out = np.empty((N, n, 2))
    out[:, :, 0] = np.arange(n)
    out[:, :, 1] = clients.T
    return out


def band(clients: Array, low: float, high: float) -> Array:
    """(2n, 2) the outline of a quantile band, without the rounds that are not finite."""
    known = judged(clients)
    rows = np.flatnonzero(np.isfinite(known).all(axis=1))
    if not known.shape[1] or not len(rows):
        return np.empty((0, 2))
    lower, upper = np.quantile(known[rows], (low, high), axis=1)
    there = np.column_stack([rows, upper])
    back = np.column_stack([rows, lower])[::-1]
    return np.concatenate([there, back])


def apart(wanted: list[float], gap: float, low: float, high: float) -> list[float]:
    """Heights near the wanted ones, at least `gap` apart and as far as possible within bounds.

    >>> apart([0.50, 0.51], 0.1, 0.0, 1.0)
    [0.455, 0.555]
    """
    order = sorted(range(len(wanted)), key=lambda i: wanted[i])
    groups: list[tuple[float, list[int]]] = []  # (centre, members in order)
    for i in order:
        groups.append((min(max(wanted[i], low), high), [i]))
        while len(groups) > 1:
            (a, left), (b, right) = groups[-2:]
            if b - a >= gap * (len(left) + len(right)) / 2 - 1e-12:
                break
            joined = left + right
            centre = (a * len(left) + b * len(right)) / len(joined)
            half = gap * (len(joined) - 1) / 2
            centre = max(min(centre, high - half), low + half)
            groups[-2:] = [(centre, joined)]
    out = [0.0] * len(wanted)
    for centre, members in groups:
        first = centre - gap * (len(members) - 1) / 2
        for place, i in enumerate(members):
            out[i] = round(first + gap * place, 9)
    return out


class Curves:
    """The artists of the learning curves on `axes`, of a canvas that redraws only what moves."""

    def __init__(self, canvas: Canvas, axes: Axes, look: Look) -> None:
        self.canvas, self.axes, self.look = canvas, axes, look
        self.rounds = -1
        _dress(axes, look)
        axes.set_ylabel("accuracy", color=look.muted, fontsize=TEXT)
        axes.set_xlabel("round", color=look.muted, fontsize=TEXT)
        line = self._line
        self.wide = PolyCollection([], facecolor=look.muted, alpha=0.16, lw=0, zorder=2)
        self.narrow = PolyCollection([], facecolor=look.muted, alpha=0.24, lw=0, zorder=2.1)
        self.clients = LineCollection([], linewidths=1.1, alpha=0.6, zorder=3)
        self.cursor = line(look.muted, 1.0, 3.5)
        self.before = line(look.muted, 1.6, 4, ls=(0, (1, 1.6)))
        self.alone = line(look.alone, 1.8, 5, ls=(0, (1.2, 1.2)))
        self.personal = line(look.personal, 1.8, 6, ls=(0, (4, 1.6)), marker="o", ms=3.5)
        self.mean = line(look.mean, 1.6, 7, ls=(0, (4, 1.6)))
        self.glob = line(look.accent, 3.2, 8, solid_capstyle="round")
        self.chosen = line(look.ink, 2.6, 9)
        self.cross = line(look.alarm, 0, 10, marker="x", ms=13, mew=3)
        self.dot = line(look.accent, 0, 10, marker="o", ms=7)
        colours = {"global": look.accent, "mean": look.mean, "before": look.muted}
        colours |= {"personal": look.personal, "alone": look.alone, "clients": look.muted}
        self.labels = {name: self._stamp(name, colour) for name, colour in colours.items()}
        self.label_colours = colours
        for collection in (self.wide, self.narrow, self.clients):
            axes.add_collection(collection, autolim=False)
        lines = (self.cursor, self.before, self.alone, self.personal, self.mean, self.glob)
        marks = (self.chosen, self.cross, self.dot)
        canvas.moving([self.wide, self.narrow, self.clients, *lines, *marks])
        canvas.moving(self.labels.values())
        self._ends: dict[str, tuple[float, float]] = {}

    def _line(self, colour: str, width: float, zorder: float, **style: Any) -> Line2D:
        line = Line2D([], [], color=colour, lw=width, zorder=zorder, clip_on=False, **style)
        self.axes.add_line(line)
        return line

    def _stamp(self, name: str, colour: str) -> Stamp:
        weight = "bold" if name == "global" else "normal"
        stamp = Stamp(self.axes, NAMES[name], colour, TEXT, weight)
        stamp.right, stamp.zorder = 11, 12
        stamp.set_figure(self.canvas.figure)
        return stamp

    # --- what it shows ------------------------------------------------------------------------

    def show(self, series: Series) -> None:
        """Draw these curves; what is computed late stays as it was."""
        if horizon(series.rounds) != self.rounds:
            self.rounds = horizon(series.rounds)
            self.axes.set_xlim(0, self.rounds)
            self.canvas.stale()
        known, x = series.clients, np.arange(len(series.accuracy))
        single = known.shape[1] <= SINGLE
        self.clients.set_segments(list(segments(known)) if single else [])
        self.clients.set_alpha(0.6 if known.shape[1] <= 12 else 0.4)
        self.clients.set_color([self.look.client(k) for k in range(known.shape[1])])
        self.wide.set_verts([] if single else [band(known, 0.05, 0.95)])
        self.narrow.set_verts([] if single else [band(known, 0.25, 0.75)])
        mean = series.mean
        self.mean.set_data(x, mean)
        self.glob.set_data(x, series.accuracy)
        before = series.before if series.before is not None else np.empty(0)
        self.before.set_data(np.arange(len(before)), before)
        self._ends["global"] = _end(x, series.accuracy)
        self._ends["mean"] = _end(x, mean)
        self._ends["before"] = _end(np.arange(len(before)), before)
        self._mark_end(series)

    def _mark_end(self, series: Series) -> None:
        """A dot at the newest round; a cross where the run diverged, and a sentence."""
        x, y = self._ends["global"]
        self.dot.set_data(*(([], []) if np.isnan(y) else ([x], [y])))
        at, label = series.diverged, self.labels["global"]
        if at is None or at >= len(series.accuracy):
            self.cross.set_data([], [])
            label.words, label.colour = NAMES["global"], self.look.accent
        else:
            place = _end(np.arange(at + 1), series.accuracy[: at + 1])
            self.cross.set_data([place[0]], [place[1]])
            label.words, label.colour = f"diverged in round {at}", self.look.alarm

    def show_late(self, late: Late | None) -> None:
        """Draw the means of personal and of lone models; grey while they belong to an older run."""
        if late is None:
            nothing = np.empty(0)
            late = Late(nothing, nothing, nothing)
        self.personal.set_data(late.at, late.personal)
        self.alone.set_data(np.arange(len(late.alone)), late.alone)
        self._ends["personal"] = _end(late.at, late.personal)
        self._ends["alone"] = _end(np.arange(len(late.alone)), late.alone)
        for name, line in (("personal", self.personal), ("alone", self.alone)):
            colour = self.label_colours[name] if late.fresh else self.look.stale
            line.set_color(colour)
            self.labels[name].colour = colour

    def mark(self, number: int | None) -> None:
        """Stand at a round."""
        self.cursor.set_data(*(([], []) if number is None else ([number, number], [0, 1])))

    def choose(self, series: Series, client: int | None, name: str = "") -> None:
        """Make one client's curve (by its column) stand out, with its name in place of all."""
        label = self.labels["clients"]
        if client is None or client >= series.clients.shape[1]:
            self.chosen.set_data([], [])
            label.words, label.colour = NAMES["clients"], self.look.muted
            if series.clients.shape[1] > SINGLE:
                label.words = NAMES["band"]
            self._ends["clients"] = _lowest(series.clients)
            return
        x, y = np.arange(len(series.clients)), series.clients[:, client]
        self.chosen.set_data(x, y)
        self.chosen.set_color(self.look.client(client))
        label.words, label.colour = f"{name} {UNSEEN}", self.look.client(client)
        self._ends["clients"] = _end(x, y)

    def label(self) -> None:
        """Put the labels beside the ends of their curves, apart from each other."""
        height = self.axes.get_window_extent().height / self.canvas.ratio
        there = [(name, *self._ends[name]) for name in self.labels if name in self._ends]
        shown = [(name, x, y) for name, x, y in there if np.isfinite(y)]
        heights = apart([y for _, _, y in shown], 17 / height, 0.0, 1.0)
        for label in self.labels.values():
            label.set_visible(False)
        for (name, x, _), y in zip(shown, heights, strict=True):
            self.labels[name].set_visible(True)
            self.labels[name].place = (x, y)

    # --- what is where ------------------------------------------------------------------------

    def nearest(self, series: Series, x: float, y: float, reach: float) -> int | None:
        """The client whose curve passes within `reach` (of the axis) of a point, or None."""
        number = round(x)
        if not 0 <= number < len(series.clients) or series.clients.shape[1] > SINGLE:
            return None
        away = np.abs(series.clients[number] - y)
        if not np.isfinite(away).any():
            return None
        best = int(np.nanargmin(away))
        return best if away[best] <= reach else None


def _dress(axes: Axes, look: Look) -> None:
    axes.set_facecolor(look.paper)
    axes.set_ylim(0, 1)
    axes.set_yticks([0, 0.2, 0.4, 0.6, 0.8, 1])
    axes.grid(True, color=look.faint, lw=1)
    axes.set_axisbelow(True)
    axes.tick_params(colors=look.muted, labelsize=SMALL, length=0, pad=6)
    for spine in axes.spines.values():
        spine.set_visible(False)
    axes.spines["bottom"].set(visible=True, color=look.stale)


def _end(x: Array, y: Array) -> tuple[float, float]:
    """The last point of a curve; NaN where there is none."""
    good = np.flatnonzero(np.isfinite(y))
    return (float(x[good[-1]]), float(y[good[-1]])) if len(good) else (0.0, float("nan"))


def _lowest(clients: Array) -> tuple[float, float]:
    """The end of the lowest curve."""
    rows = np.flatnonzero(np.isfinite(clients).any(axis=1))
    if not len(rows):
        return 0.0, float("nan")
    return float(rows[-1]), float(np.nanmin(clients[rows[-1]]))


def plot_history(history: Any, ax: Any = None) -> Any:
    """Draw a History's learning curves on matplotlib axes and return them.

    Without `ax` a new pyplot figure is made, which is what a notebook shows by itself.
    """
    if ax is None:
        import matplotlib.pyplot as plt  # only here: a figure that nobody else would show

        ax = plt.figure(layout="constrained").add_subplot()
    look, clients = LIGHT, history.client_accuracy
    rounds = np.arange(len(history.accuracy))
    if clients.shape[1] <= SINGLE:
        colours = [look.client(k) for k in range(clients.shape[1])]
        lines = LineCollection(list(segments(clients)), colors=colours, linewidths=1, alpha=0.6)
        lines.set_label("each client, on its own held-out data")
        ax.add_collection(lines)
    else:
        words = "nine of ten clients, on their own held-out data"
        verts = [band(clients, 0.05, 0.95)]
        ax.add_collection(PolyCollection(verts, facecolor=look.stale, alpha=0.4, label=words))
    ax.plot(rounds, mean_of(clients), color="#444444", lw=1.5, ls="--", label="clients' mean")
    label = "global model, on the global test set"
    if history.diverged is not None:
        label += f" (diverged in round {history.diverged})"
        x, y = _end(rounds, history.accuracy[: history.diverged + 1])
        ax.plot([x], [y], color=look.alarm, marker="x", ms=9, mew=2.2, ls="")
    ax.plot(rounds, history.accuracy, color=look.accent, lw=3, label=label)
    ax.set(xlabel="round", ylabel="accuracy", xlim=(0, max(1, len(rounds) - 1)), ylim=(0, 1.02))
    ax.grid(True, alpha=0.25)
    ax.legend(frameon=False, loc="best")
    return ax
