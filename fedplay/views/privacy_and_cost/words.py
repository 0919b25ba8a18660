"""Texts of Privacy & cost: a sentence on the round shown, lines on any beside the pointer."""

from __future__ import annotations

import math

from fedplay.stages.called import count
from fedplay.views.privacy_and_cost.analysis import protection_of
from fedplay.views.privacy_and_cost.ledger import Row
from fedplay.views.scene import Scene
from fedplay.words import UNSEEN, epsilon, size

LOST = "not finite and counted as zero"


def told(scene: Scene) -> str:
    """What the round shown has come to; HTML."""
    safe, r = protection_of(scene), scene.at
    row = Row.of(scene.now, safe.clip)
    parts = [f"After round {r}:" if r else "Before training:"]
    if safe.noise:
        spent = epsilon(scene.now.epsilon)
        parts.append(f"ε = <b>{spent}</b> at δ = {safe.slack:.2g}.")
    else:
        parts.append("ε = <b>∞</b>, as there is no noise: no guarantee of privacy.")
    if safe.noise and row.sent > 0:
        ratio = _times(safe.noise / row.sent)
        what = "the average update"
        what += " after clipping" if row.clipped else ""
        parts.append(f"The noise is <b>{ratio}</b> times as long as {what};")
    elif safe.noise and r and not row.K:
        parts.append("No client took part: the server followed noise alone.")
    if math.isfinite(safe.clip) and row.K:
        some = f"{row.clipped} of {row.K} updates {_were(row.clipped)} clipped"
        parts.append(f"{some} to S = {safe.clip:g}.")
    if row.ignored:
        parts.append(f"{row.ignored} of {row.K} {_were(row.ignored)} {LOST}.")
    if scene.exp.stage("algorithm").pooled:
        parts.append("Nothing is sent: all data lie in one place.")
    elif r:
        posts = count(scene.now.messages_up, "message")
        parts.append(f"Clients have sent <b>{size(row.up)}</b> in {posts}.")
    return " ".join(parts)


def lines(scene: Scene, number: int) -> tuple[str, ...]:
    """A round's numbers, said beside the pointer."""
    safe = protection_of(scene)
    row, out = Row.of(scene.rounds[number], safe.clip), [f"round {number}"]
    if safe.noise:
        out.append(f"ε = {epsilon(float(safe.spent[number]))} at δ = {safe.slack:.2g}")
    if number and row.K:
        seen = f" {UNSEEN}" if math.isfinite(safe.clip) else ""
        update, step = (_length(value) for value in (row.update, row.step))
        out.append(f"mean length of an update{seen} {update}, followed {step}")
    elif number:
        out.append("no client took part")
    if number and safe.noise:
        out.append(f"length of the noise {safe.noise:.3g}")
    if row.whole > row.update * (1 + 1e-6):
        out.append(f"with what rides along {row.whole:.3g}")
    if row.ignored:
        out.append(f"{row.ignored} of {row.K} {LOST}")
    if row.K and math.isfinite(safe.clip):
        out.append(f"{row.clipped} of {row.K} clipped to S = {safe.clip:g}")
    r = scene.rounds[number]
    out.append(f"sent so far: ↑ {size(row.up)}, ↓ {size(row.down)}")
    out.append(f"in messages: ↑ {r.messages_up:,}, ↓ {r.messages_down:,}")
    return tuple(out)


def _length(value: float) -> str:
    return f"{value:.3g}" if math.isfinite(value) else "not finite"


def _times(ratio: float) -> str:
    return f"{ratio:,.0f}" if ratio >= 100 else f"{ratio:.2g}"


def _were(number: int) -> str:
    return "was" if number == 1 else "were"
