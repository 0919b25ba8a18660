"""Texts of "Inside a round": on each of its four steps, and on a client."""

from __future__ import annotations

import numpy as np

from fedplay.stages.lengths import length_of
from fedplay.untrusted import escape
from fedplay.views.inside_round.analysis import Trace
from fedplay.views.scene import Scene
from fedplay.words import UNSEEN, apart, number, percent, size


def about(scene: Scene, place: int) -> tuple[str, ...]:
    """What there is to say of a client in this round."""
    trace: Trace = scene.closeup
    found = np.flatnonzero(trace.ids == scene.panel[place])
    if not len(found):
        return ("stays away in this round",)
    k = int(found[0])
    steps = f"{trace.steps[k]} step{'s' if trace.steps[k] != 1 else ''}"
    cut = f", cut to {number(trace.bound)}" if trace.clipped[k] and trace.bound else ""
    lines = [f"update's length {number(trace.lengths[k])}{cut}, {steps}"]
    if np.isfinite(trace.share[k]):
        lines.append(f"counts {trace.share[k]:.2f} in the average")
    if np.isfinite(trace.tested[k]):
        kept = np.isfinite(trace.own[k])
        own = f"{trace.own[k]:.2f} on its own data {UNSEEN}, " if kept else ""
        lines.append(f"its model: {own}{trace.tested[k]:.2f} on the test set")
    return tuple(lines)


def called(scene: Scene, trace: Trace, k: int) -> str:
    """The name of a client of the cohort, as HTML."""
    return escape(scene.called(int(trace.ids[k])))


def _broadcast(scene: Scene, trace: Trace) -> str:
    N = scene.federation.clients
    if not trace.called:
        return f"None of {N:,} clients takes part in this round."
    bytes_ = size(trace.bytes_down / trace.called)
    late = f", of whom {trace.called - trace.K:,} come too late" * (trace.called > trace.K)
    return (
        f"The server sends the model, <b>{trace.P:,}</b> numbers ({bytes_}), "
        f"to <b>{trace.called:,}</b> of {N:,} clients{late}."
    )


def _local(scene: Scene, trace: Trace) -> str:
    if not trace.K:
        return "No client takes local steps in this round."
    low, high = int(trace.steps.min()), int(trace.steps.max())
    some = f"{low} to {high} steps" if low < high else f"{low} step{'s' if low != 1 else ''}"
    lengths = np.where(np.isfinite(trace.lengths), trace.lengths, np.inf)
    far = int(lengths.argmax())
    if not np.isfinite(lengths[far]):
        return f"Each client takes {some}. The learning rate is too high: numbers overflow."
    walks = f"{called(scene, trace, far)} gets farthest, <b>{number(lengths[far])}</b>"
    if trace.K == 1:
        walks = f"it gets <b>{number(lengths[far])}</b> far"
    return f"Each client takes {some} on its own examples, from the same model: {walks}."


def _updates(scene: Scene, trace: Trace) -> str:
    if not trace.K:
        return "Nothing is sent."
    said = f"Each client sends only {scene.exp.stage('algorithm').sends} "
    said += f"({size(trace.bytes_up / trace.K)}): its examples stay at home."
    cut = int(trace.clipped.sum())
    if trace.bound is not None:
        said += f" <b>{cut}</b> of {trace.K} were cut to length {number(trace.bound)}."
    if lost := int(trace.ignored.sum()):
        said += f" <b>{lost}</b> not finite, and counted as zero."
    shares = trace.share
    if trace.K > 1 and np.isfinite(shares).all() and np.ptp(shares) > 1e-9:
        heavy = int(shares.argmax())
        name, part = called(scene, trace, heavy), percent(shares[heavy])
        said += f" {name[:1].upper()}{name[1:]} has the most examples and counts <b>{part}</b>."
    return said


def _average(scene: Scene, trace: Trace) -> str:
    said = ""
    if trace.K == 1:
        said = "One client took part, so its update is the average. "
    elif trace.K and np.isfinite(trace.share).all():
        said = "The arrows, each times its weight, laid end to end, lead to the average. "
    elif trace.K:
        said = "The server makes one arrow of them. "
    if trace.noise_length > 0:
        said += (
            f"Noise of length <b>{number(trace.noise_length)}</b> is added to an average of length "
            f"{number(trace.average_length)}. "
        )
    beyond = length_of(trace.moved - trace.step) > 0.01 * length_of(trace.moved)
    if trace.K and beyond:
        said += "From there the server goes on by a rule of its own. "
    before, after = apart(trace.accuracy_before, trace.accuracy_after)
    said += f"The global model goes from {before} to <b>{after}</b> on the test set"
    known = trace.tested[np.isfinite(trace.tested)]
    if len(known) > 1:
        said += f"; the clients' own models reach {number(float(known.mean()))} on average"
    return said + "."


SAYINGS = (_broadcast, _local, _updates, _average)
