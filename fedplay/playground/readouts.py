"""The numbers beside the picture, in words, as HTML. Everything from data is escaped."""

from __future__ import annotations

import math

from fedplay.engine import Round
from fedplay.engine.measures import measure_of
from fedplay.inspect.personal_name import own_model
from fedplay.inspect.protection import slack
from fedplay.runs.recording import Facts
from fedplay.session.player import Player
from fedplay.untrusted import escape
from fedplay.words import UNSEEN, accuracy, epsilon, size, written


def skew_note(facts: Facts) -> str:
    """The measured label skew, in words."""
    if facts.skew is None:
        return ""
    C, skew = len(facts.labels.classes), facts.skew
    return (
        f"<span title=\"Jensen-Shannon distance of a client's labels from those of all, mean over "
        f"clients: 0 is no skew, 1 the most. By other measures: Hellinger {skew.hellinger:.2f} of "
        f"1, earth mover's {skew.earth_movers:.2f} of 2\">"
        f"measured skew <b>{skew.jensen_shannon:.2f}</b>"
        f"</span> · <b>{skew.effective_classes:.1f}</b> of {C} classes each"
    )


def privacy_note(player: Player) -> str:
    """ε and δ after the last round."""
    rec = player.shown
    if rec is None or not rec.rounds:
        return ""
    delta, spent = slack(rec.counted), rec.rounds[player.revealed].epsilon
    if delta is None:
        return "ε = ∞: no noise, no privacy"
    return f"ε = <b>{epsilon(spent)}</b> at δ = {delta:.2g} after round {player.revealed}"


def numbers(player: Player) -> str:
    """The cards below the picture, for the round that the viewer stands at."""
    rec = player.shown
    if rec is None or not rec.rounds:
        return ""
    r = player.at
    now, late, delta = rec.rounds[r], player.late(), slack(rec.counted)
    fresh = late is not None and late.fresh
    tuned = alone = None
    if late is not None and fresh and r < len(late.alone):
        alone, tuned = float(late.alone[r]), late.after(r)
    mean = float(rec.series(r).mean[-1])
    told = "never called" if alone is not None and math.isnan(alone) else "never joined"
    own = "each its own copy" if tuned is not None else "not made in this round"
    if rec.score == "loss":
        cards = [
            _card("global model", accuracy(now.loss), "its loss, lower is better", "global"),
            _card("sent by clients", f"↑ {size(now.bytes_up)}", _down(now.bytes_down)),
        ]
        return _cards(cards + _told(now))
    cards = [
        _card("global model", accuracy(now.accuracy), "on the test set", "global"),
        _card(f"clients' mean {UNSEEN}", accuracy(mean), "on their own data", "mean"),
        _card(f"{own_model(rec.exp)} {UNSEEN}", accuracy(tuned), own, "personal"),
        _card(f"each alone {UNSEEN}", accuracy(alone), told, "alone"),
        _card("ε spent", f"ε {epsilon(now.epsilon)}", f"δ {delta:.2g}" if delta else "no noise"),
        _card("sent by clients", f"↑ {size(now.bytes_up)}", _down(now.bytes_down)),
    ]
    return _cards(cards + _told(now))


def three(player: Player) -> str:
    """The two numbers beside the headline's, for the round that the viewer stands at."""
    rec = player.shown
    if rec is None or not rec.rounds:
        return ""
    now = rec.rounds[player.at]
    spent = slack(rec.counted) is not None
    last = f"ε <b>{epsilon(now.epsilon)}</b>" if spent else f"sent <b>{size(now.bytes_up)}</b>"
    if rec.score == "loss":
        return last
    mean = float(rec.series(player.at).mean[-1])
    whose = f"clients' mean {UNSEEN} <b>{accuracy(mean)}</b>"
    return f"{whose} · {last}"


def _told(now: Round) -> list[str]:
    """A card for all that stages and measures tell of a round."""
    found = {measure_of(name): value for name, value in now.told.items()}
    return [_card(m.called, written(value, m.unit), "in this round") for m, value in found.items()]


def _cards(cards: list[str]) -> str:
    return f'<div class="fedplay-cards">{"".join(cards)}</div>'


def _down(sent: float) -> str:
    return f"↓ {size(sent)} to clients"


def alternative(player: Player) -> str:
    """The picture in words, for screen readers."""
    rec = player.shown
    if rec is None or not rec.rounds:
        return "Learning curves; nothing is computed yet."
    r = player.revealed
    text = (
        f"Learning curves of {rec.counted.clients:,} clients over {r} of {rec.R} rounds. "
        f"The global model's {rec.score} goes from {accuracy(rec.accuracy[0])} "
        f"to {accuracy(rec.accuracy[r])}"
    )
    if rec.diverged is not None and rec.diverged <= r:
        return f"{text}: it diverged in round {rec.diverged}."
    if rec.score == "loss":
        return f"{text}."
    return f"{text}, the clients' mean to {accuracy(float(rec.series(r).mean[-1]))}."


def _card(name: str, value: str, below: str, kind: str = "") -> str:
    name, value, below = escape(name), escape(value), escape(below)
    return (
        f'<div class="fedplay-card {kind}" title="{name}: {value}, {below}">'
        f"<div>{name}</div><b>{value}</b><div>{below}</div></div>"
    )
