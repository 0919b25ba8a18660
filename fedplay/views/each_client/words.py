"""Texts of the view Each client: headings, a client's numbers, and the sentence below."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from fedplay.drawing.geometry import Array
from fedplay.inspect.client_accuracies import ALONE, GLOBAL, PERSONAL, ClientAccuracies
from fedplay.inspect.personal_name import AS_GIVEN, headless, own_model
from fedplay.untrusted import escape
from fedplay.views.client_lines import worst
from fedplay.views.each_client.order import MODELS, ORDERS, sorting_of, values
from fedplay.views.scene import Scene
from fedplay.words import UNSEEN, short

NOBODY = "no client has been called yet"


def on_test(scene: Scene, found: ClientAccuracies) -> bool:
    """Whether the models are judged on the global test set, where there is one."""
    return sorting_of(scene).test and found.tests > 0


def mean(row: Array) -> float:
    """Mean over the clients that are judged; NaN without any."""
    known = row[np.isfinite(row)]
    return float(known.mean()) if len(known) else np.nan


def signed(value: float) -> str:
    """A gain.

    >>> signed(0.0312), signed(-0.2)
    ('+0.03', '−0.20')
    """
    return f"{value:+.2f}".replace("-", "−")


# --- on the picture


def headings(scene: Scene, found: ClientAccuracies | None) -> list[tuple[str, Sequence[str]]]:
    """What one can sort by, each in wordings from long to short, with the clients' means."""
    own = own_model(scene.exp)
    long = ("client", "examples", "▬ global model", f"▬ {own}", "┃ each alone")
    brief = ("client", "examples", "▬ global", f"▬ {own}", "┃ alone")
    gains = "gain from federating", "gain from personalizing"
    less = "federating", "personalizing"
    said: list[tuple[str, Sequence[str]]] = []
    for order, full, few in zip(ORDERS, (*long, *gains), (*brief, *less), strict=True):
        number = ""
        if found is not None and order not in ("client", "examples"):
            by = mean(values(order, found.judged(on_test(scene, found)), found.examples))
            show = f"{by:.2f}" if order in MODELS else signed(by)
            number = f" {show}" if np.isfinite(by) else ""
        said.append((order, (f"{full}{number}", f"{few}{number}", few)))
    return said


def why(scene: Scene, found: ClientAccuracies, place: int) -> str:
    """Why neither the global nor the personal model of a client can be judged."""
    held = on_test(scene, found) or found.held[place]
    return "not finite" if held else "holds nothing out"


def about(scene: Scene, found: ClientAccuracies, place: int) -> tuple[str, ...]:
    """Beside the pointer on a client's cell."""
    test = on_test(scene, found)
    row, held = found.judged(test)[:, place], int(found.held[place])
    n = int(found.examples[place])
    lines = [f"{short(scene.name(place))} {UNSEEN} · {n:,} training example{_s(n)}"]
    if not np.isfinite(row[:2]).any():
        lines.append(why(scene, found, place))
    names = ("global model", own_model(scene.exp), "alone")
    for name, value in zip(names, row, strict=True):
        if np.isfinite(value):
            count = "" if test else f" ({round(value * held)} of {held})"
            lines.append(f"{name} {value:.2f}{count}")
    gains = [
        ("federating", row[GLOBAL] - row[ALONE]),
        ("personalizing", row[PERSONAL] - row[GLOBAL]),
    ]
    told = [f"{name} {signed(gain)}" for name, gain in gains if np.isfinite(gain)]
    lines.append(" · ".join(told))
    if not found.called[place]:
        lines.append("never called so far: alone it has not trained")
    whose = f"the {found.tests:,} global test examples" if test else "what it holds out"
    return (*(line for line in lines if line), f"judged on {whose}")


def _s(n: int) -> str:
    return "" if n == 1 else "s"


def how_many(scene: Scene, found: ClientAccuracies, shown: int) -> str:
    """What the models are judged on, and how many clients are shown where not all are."""
    where = "on the global test set" if on_test(scene, found) else f"on own data {UNSEEN}"
    all_ = len(found.examples)
    return where if shown >= all_ else f"{shown} of {all_:,} · {where}"


# --- below the picture


def told(scene: Scene, found: ClientAccuracies) -> str:
    """How many clients are hurt, the worst decile, the spread, and the other data's result."""
    test = on_test(scene, found)
    rows = found.judged(test)
    if not np.isfinite(rows[GLOBAL]).any():
        held = found.tests if test else found.held.any()
        return "The global model is not finite." if held else "No client has held-out examples."
    own, skew = escape(own_model(scene.exp)), scene.skew
    where = "<b>the global test set</b>" if test else f"<b>own data</b> {UNSEEN}"
    said = [f"On {where}, {_hurt(rows, own, headless(scene.exp))}.", _tails(rows, own)]
    variety = f"{skew.effective_classes:.1f} of {len(scene.labels.classes)} classes" if skew else ""
    return " ".join([*said, _other(found, test, variety)])


def _hurt(rows: Array, own: str, headless: bool) -> str:
    """How many clients would do better without federating, and without personalizing."""
    whole, given, alone = rows
    (first, N), (second, _) = _count(whole, alone), _count(given, alone)
    if headless and N:
        return (
            f"federating hurts <b>{second:,}</b> of {N:,} client{_s(N)} ({own} below alone); the "
            "global model's own head is never trained"
        )
    less, judged = _count(given, whole)
    all_ = "" if judged == N else f" of {judged:,}"
    personalizing = f"personalizing hurts <b>{less:,}</b>{all_} ({own} below global)"
    below = f"; with {own}: <b>{second:,}</b>"
    if own == AS_GIVEN:
        personalizing, below = "nothing is personalized", ""
    if not N:
        return f"{personalizing}; {NOBODY}, so there are no models trained alone"
    clients = f"{N:,} client{_s(N)}" + ("" if judged == N else " called so far")
    return (
        f"federating hurts <b>{first:,}</b> of {clients} (global below alone{below}), "
        f"{personalizing}"
    )


def _count(row: Array, other: Array) -> tuple[int, int]:
    """For how many clients one model is below the other, and of how many both are known."""
    both = np.isfinite(row) & np.isfinite(other)
    return int((row[both] < other[both] - 1e-9).sum()), int(both.sum())


def _tails(rows: Array, own: str) -> str:
    """The worst off, and the standard deviation over clients."""
    names, low, wide = ("global", own, "alone"), [], []
    for name, row in zip(names, rows, strict=True):
        if np.isfinite(row).any():
            low.append(f"{name} <b>{float(worst(row[None])[1][0]):.2f}</b>")
            wide.append(f"{np.nanstd(row):.2f}")
    what, spread = worst(rows[:1])[0].capitalize(), ", ".join(wide)
    title = "The standard deviation over clients of each of the three"
    return f'{what}: {", ".join(low)}; <span title="{title}">spread</span> {spread}.'


def _other(found: ClientAccuracies, test: bool, variety: str) -> str:
    """What the same models come to on the other data, and how many classes there are."""
    there = [mean(row) for row in found.judged(not test)]
    if not found.tests or not np.isfinite(there[GLOBAL]):
        return ""
    got = [f"<b>{value:.2f}</b>" for value in there if np.isfinite(value)]
    if test:
        where = f"On own data {UNSEEN}" + (f", {variety} each," if variety else "")
    else:
        where = f"Each has {variety}; on" if variety else "On"
        where += " the global test set"
    return f"{where} the same models get {', '.join(got)}."
