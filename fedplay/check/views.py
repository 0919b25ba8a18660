"""`check_view`: the contract of a view, point by point, on a view of your own."""

from __future__ import annotations

from typing import Any

from fedplay.check import view_pictures as pictures
from fedplay.check import view_words as words
from fedplay.check.asking import Points, asked
from fedplay.check.report import Point, Report
from fedplay.check.view_bench import Refused, ViewBench, registered
from fedplay.knobs import one_of, short
from fedplay.scopes import calm
from fedplay.views.base import View
from fedplay.views.registered import VIEWS

# In the order in which they are asked; True where the rest makes no sense without it.
POINTS: Points[ViewBench] = {
    "documented": (words.documentation, False),
    "drawn": (pictures.something, True),
    "sizes": (pictures.sizes, False),
    "repeats": (pictures.repeats, False),
    "settings": (pictures.settings, False),
    "file": (pictures.file, False),
    "names": (words.names, False),
    "numbers": (words.numbers, False),
    "diverged": (words.diverged, False),
    "odd runs": (words.odd_runs, False),
    "nothing yet": (words.nothing, False),
    "veiled": (pictures.veiled, False),
    "not fresh": (pictures.stale, False),
    "scrubbing": (pictures.scrub, False),
    "artists": (pictures.artists, False),
    "pointer": (words.pointer, False),
    "light": (pictures.light, False),
}


def check_view(view: Any) -> Report:
    """Whether a view keeps the contract: a report that prints as a table, a row a point.

    view: a subclass of `fp.View`, or the name of a registered one. A class that is not registered
    is so during the check only. It is shown small experiments on digits, on a plane, with parts of
    a model that stay with the clients, with noise and on quadratics, those that it `suits`; what a
    person does first is what its `example` says. Whatever it raises is caught and told.
    ValueError for what is no view.

    >>> report = check_view("federation")
    >>> report.ok
    True
    >>> report["file"].found
    'A file is what the screen shows, bit for bit.'
    """
    if isinstance(view, str):
        if view not in VIEWS:
            raise one_of("view", view, VIEWS)
        view = VIEWS[view]
    if not (isinstance(view, type) and issubclass(view, View)) or view is View:
        raise ValueError(
            f"view={short(view)}: must be a subclass of fp.View, or the name of a registered view"
        )
    with calm():
        try:
            with registered(view) as name:
                bench = ViewBench(view, name)
                entered = Point("class", True, f"A view that can be registered as {name!r}.")
                return Report(bench.called, (entered, *asked(POINTS, bench, bench.blame)))
        except Refused as error:
            return Report(view.__name__, _unasked(str(error)))


def _unasked(why: str) -> tuple[Point, ...]:
    """The points of a view that cannot be registered."""
    rest = (Point(name, None, "Cannot be told before “class” holds.") for name in POINTS)
    return (Point("class", False, why), *rest)
