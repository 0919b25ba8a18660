"""`plot`: any view of a run as a plain figure, for a paper, a report or a notebook. No widget."""

from __future__ import annotations

from typing import Any

import numpy as np

from fedplay.arguments import number, whole
from fedplay.data import Federation
from fedplay.drawing.figure import DOTS
from fedplay.drawing.settings import WholeFigure, new_figure, ours
from fedplay.drawing.style import Look
from fedplay.engine import History
from fedplay.engine.loop import federation_of
from fedplay.experiment import Experiment
from fedplay.knobs import short
from fedplay.plots.small_print import LINE, SIZE, small_print
from fedplay.runs.given import Party
from fedplay.scopes import calmed
from fedplay.session.still import Still
from fedplay.views.board import Board
from fedplay.views.registered import MAIN, VIEWS, suitable, why_not
from fedplay.views.scene import Scene

SMALLEST, LARGEST = (5.0, 3.0), 40.0  # inches of a picture
DPI = 2.0 * DOTS  # unless a file is asked for with others; whole dots a css pixel keep lines sharp
LEFT, ABOVE, BELOW = 14, 8, 8  # css pixels around the small print
SAME = 1e-3  # of a loss: how far it may be off on another machine, and nobody sees it


@calmed
def plot(
    history: History,
    view: str = MAIN,
    *,
    at: int | None = None,
    client: int | None = None,
    size: tuple[float, float] = (11.0, 5.5),
    dark: bool = False,
    federation: Federation | None = None,
    **actions: Any,
) -> WholeFigure:
    """Draw a view of a run as the screen draws it, alone, with the experiment in small print below.

    history:    of `fp.run`; the run is computed once more, with all that the view shows of it
    view:       the name of a tab: "curves", "federation", "clients", "inside", "drift", …
    at:         the round to be shown, 0 before training; the last one by default
    client:     the client to be followed, by its place in `history.panel`
    size:       of the view in inches, width and height; the small print comes below it. Letters
                have 11 to 13 points
    dark:       light on dark, for slides
    federation: the data of a history that was loaded from a file and is of data of one's own
    actions:    what is done in the view first, by the name of its action: `sweep="alpha"`,
                `compare=(["FedAvg", "SCAFFOLD"], 3)`. A tuple holds several arguments

    The result is a pyplot figure: a notebook shows it, and `savefig` writes png, svg or pdf. It
    looks the same whatever `rcParams` say. ValueError in one sentence for a view that there is
    not or that has nothing to show of this run, and for a round, client, size or data that do not
    fit. Whatever an algorithm of one's own raises is raised here.

    >>> import fedplay as fp
    >>> figure = plot(fp.run(fp.Experiment(rounds=2)), "drift")
    >>> figure.get_size_inches()[0].item()
    11.0
    """
    if not isinstance(history, History):
        raise ValueError(f"history={short(history)}: must be a History, as fp.run gives")
    wide, tall = _size(size)
    if not isinstance(dark, bool | np.bool_):
        raise ValueError(f"dark={short(dark)}: must be True or False")
    exp, data = _experiment(history), _data(history, federation)
    check_view(view, exp, data if data is not None else federation_of(exp))
    at = None if at is None else whole("at", at, 0, history.rounds)
    client = None if client is None else whole("client", client, 0, len(history.panel) - 1)
    verbs = {name: _arguments(view, name, given) for name, given in actions.items()}
    if VIEWS[view].summoned and not any(one != (None,) for one in verbs.values()):
        first = VIEWS[view].State.verbs[0]
        raise ValueError(f"view={view!r}: must be given what to show, as {first}=…")
    still = Still(exp, data, "" if VIEWS[view].main else view, at=at, client=client, **verbs)
    return _figure(still, history, view, (wide, tall), bool(dark))


def _figure(
    still: Still, history: History, view: str, size: tuple[int, int], dark: bool
) -> WholeFigure:
    """The picture of a still, with the small print below; `size` in css pixels."""
    scene = still.scene()
    words = small_print(
        still.session.experiment,
        length(history, still.session.experiment.rounds, scene.at),
        size[0] - 2 * LEFT,
        *_more(history, still),
    )
    return framed(scene, words, view, size, dark)[0]


def framed(
    scene: Scene, words: list[str], view: str, size: tuple[int, int], dark: bool = False
) -> tuple[WholeFigure, Board]:
    """A scene as a view draws it, `size` css pixels large, with lines of small print below."""
    import matplotlib.pyplot as plt

    below = ABOVE + LINE * len(words) + BELOW
    figure = new_figure((size[0] / DOTS, (size[1] + below) / DOTS), DPI)
    try:
        board = Board(*size, DPI / DOTS, views=(view,), dark=dark, below=below, figure=figure)
        board.show(scene)
        board.canvas.settle()
        write_below(figure, words, board.look, below)
    except BaseException:
        plt.close(figure)  # or a notebook would show half a picture
        raise
    return figure, board


@ours()
def write_below(figure: Any, words: list[str], look: Look, below: float) -> None:
    """Write lines at the foot of a figure, `below` css pixels high; never mathematics."""
    wide, tall = (DOTS * inches for inches in figure.get_size_inches())
    for number_, line in enumerate(words):
        place = LEFT / wide, (below - ABOVE - LINE * number_) / tall
        style: dict[str, Any] = {"va": "top", "parse_math": False, "usetex": False}
        figure.text(*place, line, color=look.muted, fontsize=SIZE, **style)


def _more(history: History, still: Still) -> list[str]:
    """What else there is to be said of a picture."""
    more = ["with a client of your own"] if isinstance(still.session.player.data, Party) else []
    rec = still.session.player.shown
    if rec is None or rec.exp != _experiment(history) or more:
        return more
    loss = np.array([one.loss for one in rec.rounds])
    if not np.allclose(loss, history.loss, rtol=SAME, equal_nan=True):
        here, there = (f"{float(curve[-1]):.4g}" for curve in (loss, history.loss))
        more.append(f"computed anew: loss {here} at the end, {there} in the history")
    return more


def length(history: History, rounds: int, at: int) -> str:
    """How many rounds were run, and at which of them one looks."""
    asked, same = history.experiment.rounds, rounds == history.rounds
    words = f"{rounds} of {asked} rounds" if same and rounds < asked else f"{rounds:,} rounds"
    words = words.removesuffix("s") if rounds == 1 and words.startswith("1 r") else words
    return words if at == rounds else f"round {at:,} of {rounds:,}"


# --- what was asked for ---------------------------------------------------------------------------


def check_view(view: Any, exp: Experiment, federation: Federation) -> None:
    """ValueError where there is no such view, or where it has nothing to show of a run."""
    known = list(VIEWS)
    if not isinstance(view, str) or view not in VIEWS:
        raise ValueError(f"view={short(view)}: must be one of {known}")
    fit = suitable(known, exp, federation)
    if view in fit:
        return
    raise ValueError(f"view={view!r}: {why_not(view, exp, federation)}; this run has {fit}")


def _arguments(view: str, name: str, given: Any) -> tuple[Any, ...]:
    """The arguments of one of a view's actions."""
    verbs = VIEWS[view].State.verbs
    if name not in verbs:
        has = f"whose actions are {sorted(verbs)}" if verbs else "which has none"
        raise ValueError(f"{name}={short(given)}: is no action of view={view!r}, {has}")
    return given if isinstance(given, tuple) else (given,)


def _size(size: Any) -> tuple[int, int]:
    """Width and height in css pixels."""
    try:
        width, height = size
    except (TypeError, ValueError):
        raise ValueError(
            f"size={short(size)}: must be a width and a height in inches, as (11, 5.5)"
        ) from None
    inches = (
        number("size: width", width, SMALLEST[0], LARGEST),
        number("size: height", height, SMALLEST[1], LARGEST),
    )
    return round(inches[0] * DOTS), round(inches[1] * DOTS)


def _experiment(history: History) -> Experiment:
    """The experiment as far as it was run."""
    exp = history.experiment
    if history.rounds == exp.rounds:
        return exp
    if not history.rounds:
        raise ValueError("history: has no round yet; at least one is needed for a picture")
    return exp.replace(rounds=history.rounds)


def _data(history: History, federation: Any) -> Federation | None:
    """The data of one's own that a run was given; None where the experiment makes its own."""
    if federation is not None and not isinstance(federation, Federation):
        raise ValueError(f"federation={short(federation)}: must be a Federation, or None")
    N = history.experiment.clients
    if history.experiment.data != "arrays":
        if federation is not None:
            raise ValueError(
                f"federation: this run is of data={history.experiment.data!r}, not of your own"
            )
        return None
    data = federation
    if data is None and history._run is not None:
        data = history._run.federation
    if data is None:
        raise ValueError(
            "history: its run was on data of your own, which are not kept in a file; "
            "give them as plot(history, …, federation=…)"
        )
    if data.clients != N:
        raise ValueError(
            f"federation: has {data.clients:,} clients, and the run of this history had {N:,}"
        )
    return data
