"""The numbers beside the picture, in words, as HTML. Everything from data is escaped."""

from __future__ import annotations

import math

from fedplay.experiment import Experiment
from fedplay.untrusted import escape
from fedplay.views.curves import UNSEEN
from fedplay.widgets.player import Player
from fedplay.widgets.recording import Facts

NAMED = 12  # clients of a cohort that are listed


def size(number: float) -> str:
    """Bytes for people.

    >>> [size(n) for n in (0, 999, 12_345, 3.2e9)]
    ['0 B', '999 B', '12.3 kB', '3.2 GB']
    """
    for unit in ("B", "kB", "MB", "GB", "TB"):
        if number < 999.5 or unit == "TB":
            return f"{number:.3g} {unit}"
        number /= 1000
    return ""  # not reached


def accuracy(value: float | None) -> str:
    if value is None:
        return "…"
    return "–" if math.isnan(value) else f"{value:.3f}"


def epsilon(value: float) -> str:
    return "∞" if math.isinf(value) else f"{value:.3g}"


def people(cohort: list[int]) -> str:
    """Who takes part: client 0 is the first."""
    if not cohort:
        return "nobody"
    if len(cohort) > NAMED:
        return f"{len(cohort):,} clients"
    listed = ", ".join(map(str, cohort))
    return f"client {listed}" if len(cohort) == 1 else f"clients {listed}"


def slack(exp: Experiment) -> float | None:
    """The δ in force, or None where there is no privacy to speak of."""
    for layer in exp.layers:
        if hasattr(layer, "slack") and exp.noise_multiplier > 0:
            return float(layer.slack(exp.clients))
    return None


def skew_note(facts: Facts) -> str:
    """What the skew of the labels came out as."""
    if facts.skew is None:
        return ""
    C = len(facts.labels.classes)
    return (
        f"<span title=\"Jensen-Shannon distance of a client's labels from those of all, mean over "
        f'clients: 0 is no skew, 1 the most">measured skew <b>{facts.skew.jensen_shannon:.2f}</b>'
        f"</span> · <b>{facts.skew.effective_classes:.1f}</b> of {C} classes each"
    )


def privacy_note(player: Player) -> str:
    """ε and δ after the last round."""
    rec = player.shown
    if rec is None or not rec.rounds:
        return ""
    delta, spent = slack(rec.exp), rec.rounds[player.revealed].epsilon
    if delta is None:
        return "ε = ∞: no noise, no privacy"
    return f"ε = <b>{epsilon(spent)}</b> at δ = {delta:.2g} after round {player.revealed}"


def numbers(player: Player) -> str:
    """The cards below the picture, for the round that the viewer stands at."""
    rec = player.shown
    if rec is None or not rec.rounds:
        return ""
    r = player.at
    now, late, delta = rec.rounds[r], player.late(), slack(rec.exp)
    fresh = late is not None and late.fresh
    tuned = alone = None
    if late is not None and fresh and r < len(late.alone):
        alone = float(late.alone[r])
        at = [i for i, c in enumerate(late.at.tolist()) if c <= r]
        tuned = float(late.personal[at[-1]]) if at else None
    mean = float(rec.series(r).mean[-1])
    cards = [
        _card("global model", accuracy(now.accuracy), "on the global test set", "global"),
        _card(f"clients' mean {UNSEEN}", accuracy(mean), "on their held-out data", "mean"),
        _card(f"fine-tuned {UNSEEN}", accuracy(tuned), "each client for itself", "personal"),
        _card(f"each alone {UNSEEN}", accuracy(alone), "never joined", "alone"),
        _card("privacy", f"ε {epsilon(now.epsilon)}", f"δ {delta:.2g}" if delta else "no noise"),
        _card("sent by clients", f"↑ {size(now.bytes_up)}", f"↓ {size(now.bytes_down)} to clients"),
    ]
    where = f'<div class="fedplay-where">{round_line(player)}</div>'
    return f'{where}<div class="fedplay-cards">{"".join(cards)}</div>'


def round_line(player: Player) -> str:
    """Where the viewer stands, and who took part."""
    rec = player.shown
    if rec is None or not rec.rounds:
        return ""
    r = player.at
    who = people(rec.rounds[r].cohort.tolist())
    told = "before training" if r == 0 else f"{who} took part"
    text = f"round <b>{r}</b> of {rec.R}: {escape(told)}"
    if rec.diverged is not None and rec.diverged <= player.revealed:
        text += f' <span class="fedplay-alarm">diverged in round {rec.diverged}</span>'
    return text


def alternative(player: Player) -> str:
    """The picture in words, for who cannot see it."""
    rec = player.shown
    if rec is None or not rec.rounds:
        return "Learning curves; nothing is computed yet."
    r = player.revealed
    text = (
        f"Learning curves of {rec.exp.clients:,} clients over {r} of {rec.R} rounds. The global "
        f"model's accuracy goes from {accuracy(rec.accuracy[0])} to {accuracy(rec.accuracy[r])}"
    )
    if rec.diverged is not None and rec.diverged <= r:
        return f"{text}: it diverged in round {rec.diverged}."
    return f"{text}, the clients' mean to {accuracy(float(rec.series(r).mean[-1]))}."


def _card(name: str, value: str, below: str, kind: str = "") -> str:
    name, value, below = escape(name), escape(value), escape(below)
    return (
        f'<div class="fedplay-card {kind}" title="{name}: {value}, {below}">'
        f"<div>{name}</div><b>{value}</b><div>{below}</div></div>"
    )
