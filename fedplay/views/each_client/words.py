"""Texts of the view Each client: headings, a client's numbers, and the sentence below."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np

from fedplay.drawing.geometry import Array
from fedplay.experiment import Experiment
from fedplay.inspect.client_accuracies import ALONE, GLOBAL, PERSONAL, ClientAccuracies
from fedplay.inspect.personal_name import AS_GIVEN, headless, own_model, personal
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
    """How many clients do worse than alone, and how the worst off fare; the rest on hovering."""
    test = on_test(scene, found)
    rows = found.judged(test)
    if not np.isfinite(rows[GLOBAL]).any():
        held = found.tests if test else found.held.any()
        return "The global model is not finite." if held else "No client has held-out examples."
    said = f"{_hurt(scene.exp, rows, test)} {_tails(scene.exp, rows)}"
    return f'<span title="{figures(scene, found)}">{said}</span>'


def _hurt(exp: Experiment, rows: Array, test: bool) -> str:
    """How many clients would do better alone."""
    whole, given, alone = rows
    where = "On <b>the global test set</b>" if test else "On their <b>own data</b>"
    (first, N), (second, _) = _count(whole, alone), _count(given, alone)
    if not N:
        return f"{where} models trained alone cannot be judged: {NOBODY}."
    clients = f"{N:,} client{_s(N)}"
    if np.isfinite(whole).sum() > N:
        clients += " called so far"
    with_own = f"with {'its' if N == 1 else 'their'} {_mine(exp)}"
    if headless(exp):
        return f"{where} <b>{second:,}</b> of {clients} {_do(second)} worse {with_own} than alone."
    said = (
        f"{where} <b>{first:,}</b> of {clients} {_do(first)} worse with the global model than alone"
    )
    return (
        f"{said}." if own_model(exp) == AS_GIVEN else f"{said}, and <b>{second:,}</b> {with_own}."
    )


def _mine(exp: Experiment) -> str:
    """What a client has of its own, after "their": a head that it keeps, or else a model; HTML."""
    kept, own = exp.stage("algorithm").called, personal(exp)
    return escape(own.short if headless(exp) and kept and kept.short == own.short else own.noun)


def _do(number: int) -> str:
    return "does" if number == 1 else "do"


def _count(row: Array, other: Array) -> tuple[int, int]:
    """For how many clients one model is below the other, and of how many both are known."""
    both = np.isfinite(row) & np.isfinite(other)
    return int((row[both] < other[both] - 1e-9).sum()), int(both.sum())


def _tails(exp: Experiment, rows: Array) -> str:
    """How the worst off fare with the global model, and with their own."""
    got = [("the global model", rows[GLOBAL]), ("its own", rows[PERSONAL])]
    if own_model(exp) == AS_GIVEN:
        got = got[:1]
    if headless(exp):
        got = [(f"its {_mine(exp)}", rows[PERSONAL])]
    told = [
        f"<b>{float(worst(row[None])[1][0]):.2f}</b> with {name}"
        for name, row in got
        if np.isfinite(row).any()
    ]
    return f"The {worst(rows[:1])[0]} gets {' and '.join(told)}." if told else ""


def figures(scene: Scene, found: ClientAccuracies) -> str:
    """All that can be counted of the three models, as HTML without a tag."""
    test = on_test(scene, found)
    rows, own = found.judged(test), escape(own_model(scene.exp))
    names = ("global", own, "alone")
    known = [(name, row) for name, row in zip(names, rows, strict=True) if np.isfinite(row).any()]
    low = ", ".join(f"{name} {float(worst(row[None])[1][0]):.2f}" for name, row in known)
    wide = ", ".join(f"{name} {np.nanstd(row):.2f}" for name, row in known)
    said = [
        f"{worst(rows[:1])[0].capitalize()}: {low}.",
        f"Standard deviation over clients: {wide}.",
    ]
    if own != AS_GIVEN:
        less, judged = _count(rows[PERSONAL], rows[GLOBAL])
        both = f"their {_mine(scene.exp)} than with the global model"
        said.insert(0, f"{less:,} of {judged:,} {_do(less)} worse with {both}.")
    if headless(scene.exp):
        said.append("The global model's own head is never trained.")
    return " ".join([*said, *_other(scene, found, test)])


def _other(scene: Scene, found: ClientAccuracies, test: bool) -> Iterator[str]:
    """How many classes a client has, and what the same models come to on the other data."""
    if scene.skew:
        classes = len(scene.labels.classes)
        yield f"A client has {scene.skew.effective_classes:.1f} of {classes} classes."
    there = [mean(row) for row in found.judged(not test)]
    if found.tests and np.isfinite(there[GLOBAL]):
        got = ", ".join(f"{value:.2f}" for value in there if np.isfinite(value))
        where = "their own data" if test else "the global test set"
        yield f"On {where} the same models get {got}."
